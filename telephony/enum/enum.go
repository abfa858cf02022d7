// Package enum asks the zones of partners whether a number is theirs (RFC 6116).
// What a zone says is a hint and no more: it may move a call to the trunk of the
// partner whose zone it is, and never to a host that the record names.
package enum

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// Config is what a Client is given.
type Config struct {
	// Zones are the partners whose zones are asked for a number.
	Zones func(e164 string) []carrier.Carrier
	// NAPTR asks for the records of a name.
	NAPTR func(ctx context.Context, name string) ([]*dns.NAPTR, error)
	Now   func() time.Time
}

// Client looks numbers up.
type Client struct {
	cfg  Config
	busy chan struct{}

	mu    sync.Mutex
	known map[string]answer
}

type answer struct {
	partners []string
	until    time.Time
}

// Limits: a call waits for a look-up no longer than anybody notices, and a zone
// gets no more work out of us than a number is worth.
const (
	Patience = 300 * time.Millisecond
	// patienceOfProbes is for questions that no call waits for.
	patienceOfProbes = 3 * time.Second

	mostAtOnce = 128
	mostKnown  = 20_000
	mostZones  = 8
	mostSteps  = 5 // records that lead to other records
	mostTried  = 16
	kept       = 5 * time.Minute
	keptFailed = 10 * time.Second
	longest    = 512 // of what an expression may make
)

// New returns a client that knows nothing yet.
func New(cfg Config) *Client {
	return &Client{cfg: cfg, busy: make(chan struct{}, mostAtOnce), known: map[string]answer{}}
}

// Asks reports whether there is any zone to ask for a number.
func (c *Client) Asks(e164 string) bool { return len(c.cfg.Zones(e164)) > 0 }

// Known returns the partners whose number it is, if that was asked lately.
func (c *Client) Known(e164 string) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.known[e164]
	return a.partners, ok && c.cfg.Now().Before(a.until)
}

// Ask returns the partners whose number it is. It takes at most Patience.
func (c *Client) Ask(ctx context.Context, e164 string) []string {
	select {
	case c.busy <- struct{}{}:
		defer func() { <-c.busy }()
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	zones := c.cfg.Zones(e164)
	zones = zones[:min(len(zones), mostZones)]
	theirs, failed := make([]bool, len(zones)), make([]bool, len(zones))
	var all sync.WaitGroup
	for i := range zones {
		all.Go(func() {
			ok, err := c.has(ctx, zones[i].ENUM, e164)
			theirs[i], failed[i] = ok, err != nil
		})
	}
	all.Wait()
	a := answer{until: c.cfg.Now().Add(kept)}
	for i := range zones {
		if theirs[i] {
			a.partners = append(a.partners, zones[i].ID)
		}
		if failed[i] {
			a.until = c.cfg.Now().Add(keptFailed)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= mostKnown {
		clear(c.known)
	}
	c.known[e164] = a
	return a.partners
}

// Name is where a number is looked up in a zone (RFC 6116 §3.2).
func Name(e164, zone string) string {
	b := make([]byte, 0, 2*len(e164)+len(zone)+1)
	for i := len(e164) - 1; i >= 0; i-- {
		b = append(b, e164[i], '.')
	}
	return string(append(append(b, zone...), '.'))
}

// HasNumber reports whether a zone has a number, whatever was known of it. It
// takes a while if the zone is silent.
func (c *Client) HasNumber(ctx context.Context, zone, e164 string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patienceOfProbes)
	defer cancel()
	return c.has(ctx, zone, e164)
}

// has reports whether a zone has a SIP address for a number: the first of its
// records that can be used decides (RFC 6116 §3.3, RFC 3403 §4.1).
func (c *Client) has(ctx context.Context, zone, e164 string) (bool, error) {
	name := Name(e164, zone)
	for range mostSteps {
		records, err := c.cfg.NAPTR(ctx, name)
		if err != nil {
			return false, err
		}
		next := ""
		for _, r := range records[:min(len(records), mostTried)] {
			if r.Flags == "" && r.Regexp == "" && r.Replacement != "." {
				next = r.Replacement // a record that leads on
				break
			}
			if !strings.EqualFold(r.Flags, "u") || !forSIP(r.Service) || r.Replacement != "." {
				continue
			}
			if uri, ok := apply(plain(r.Regexp), "+"+e164); ok && isSIP(uri) {
				return true, nil
			}
		}
		if next == "" || next == name {
			return false, nil
		}
		name = next
	}
	return false, nil
}

// plain undoes the escapes in which miekg/dns gives what was on the wire: a
// backslash before a backslash or a quote, or before three digits (RFC 1035 §5.1).
func plain(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		if n, err := strconv.ParseUint(s[i+1:min(i+4, len(s))], 10, 8); err == nil && i+4 <= len(s) {
			b = append(b, byte(n))
			i += 3
			continue
		}
		i++
		b = append(b, s[i])
	}
	return string(b)
}

// forSIP reports whether a service field offers SIP: "E2U+sip", also among
// others.
func forSIP(service string) bool {
	parts := strings.Split(strings.ToLower(service), "+")
	if parts[0] != "e2u" {
		return false
	}
	for _, p := range parts[1:] {
		if kind, _, _ := strings.Cut(p, ":"); kind == "sip" {
			return true
		}
	}
	return false
}

func isSIP(uri string) bool {
	u, ok := sip.ParseURI([]byte(uri))
	return ok && (u.Scheme == sip.SchemeSIP || u.Scheme == sip.SchemeSIPS) && len(u.Host) > 0
}

// apply runs the expression of a record over a number (RFC 3402 §3.2). Go's
// expressions take time in proportion to their input, whatever they say.
func apply(field, number string) (string, bool) {
	if len(field) < 4 || len(field) > 255 {
		return "", false
	}
	delimiter := field[0]
	if delimiter == '\\' || delimiter == 'i' || delimiter >= '0' && delimiter <= '9' {
		return "", false
	}
	parts := split(field[1:], delimiter)
	if len(parts) != 3 || parts[2] != "" && parts[2] != "i" {
		return "", false
	}
	pattern := parts[0]
	if parts[2] == "i" {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", false
	}
	m := re.FindStringSubmatch(number)
	if m == nil {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(parts[1]); i++ {
		x := parts[1][i]
		if x == '\\' && i+1 < len(parts[1]) {
			i++
			x = parts[1][i]
			if x >= '1' && x <= '9' {
				if n := int(x - '0'); n < len(m) {
					b.WriteString(m[n])
				} else {
					return "", false
				}
				continue
			}
		}
		b.WriteByte(x)
		if b.Len() > longest {
			return "", false
		}
	}
	return b.String(), b.Len() <= longest
}

// split cuts at a delimiter that no backslash stands before.
func split(s string, delimiter byte) (parts []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case delimiter:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[min(from, len(s)):])
}
