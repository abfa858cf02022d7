// Package internet finds the SIP services of other people's domains (RFC 3263)
// and the ways to them. What a domain's records say is a stranger's word: the
// [Guard] looks at each address they lead to, and again at the one a connection
// is made to.
package internet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// Config is what an Internet is given.
type Config struct {
	Core func() *sip.Core
	// Roots are whom a domain's certificate is believed by; nil is the system's.
	Roots *x509.CertPool
	// Servers are the DNS servers to ask, HOST:PORT; none: those of the system.
	Servers []string
	// Near are networks of loopback that calls may go to: none, but in trials.
	Near []netip.Prefix
	Log  *slog.Logger
}

// Internet is the ways to everybody else.
type Internet struct {
	cfg   Config
	guard Guard
	busy  chan struct{}

	mu   sync.Mutex
	ways map[way]connection
}

// connection is one, and when a call last went there.
type connection struct {
	sip.Flow

	used time.Time
}

// way is a connection that can be used again.
type way struct {
	from   center.ID
	server Server
}

// Server is one place where a domain takes calls.
type Server struct {
	Transport sip.Transport
	Addr      netip.AddrPort
	Domain    string // whose certificate it has to show
}

// Service is how an address is called: its URI as it goes on the wire, and its
// servers, best first.
type Service struct {
	URI     string
	Servers []Server
}

// Limits of a search.
const (
	searchTime = 6 * time.Second
	mostAtOnce = 64
	mostWays   = 512
	mostTries  = 4 // servers of one domain that a call tries
	restWay    = 5 * time.Minute
)

// Why a domain is not called.
var (
	ErrBusy   = errors.New("too many domains are being looked up")                                     //nolint:gochecknoglobals // sentinel
	ErrClosed = errors.New("the domain's records lead to an address or a port that no call may go to") //nolint:gochecknoglobals // sentinel
	ErrName   = errors.New("this is no SIP address")                                                   //nolint:gochecknoglobals // sentinel
)

// New returns an Internet.
func New(cfg Config) *Internet {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	n := &Internet{cfg: cfg, busy: make(chan struct{}, mostAtOnce), ways: map[way]connection{}}
	n.guard = Guard{Near: cfg.Near, Own: func() (own []netip.AddrPort) {
		for _, l := range cfg.Core().Listeners() {
			own = append(own, l.Addr)
		}
		return own
	}}
	return n
}

// May reports whether sound may be sent to an address that a stranger names.
func (n *Internet) May(a netip.Addr) bool { return n.guard.MayAddr(a) }

// Find looks the servers of an address up, for a call from a center. It may take
// seconds.
func (n *Internet) Find(ctx context.Context, from center.ID, address string) (Service, error) {
	select {
	case n.busy <- struct{}{}:
		defer func() { <-n.busy }()
	default:
		return Service{}, ErrBusy
	}
	uri, domain, err := wire(address)
	if err != nil {
		return Service{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	r := &sip.Resolver{Servers: n.cfg.Servers}
	if len(r.Servers) == 0 {
		if r, err = sip.SystemResolver(); err != nil {
			return Service{}, err
		}
	}
	r.Support = func(sip.Transport) bool { return true }
	found, err := r.Resolve(ctx, []byte(uri))
	if err != nil {
		return Service{}, err
	}
	s := Service{URI: uri}
	refused := false
	for _, c := range found {
		if !n.guard.May(c.Addr) {
			refused = true
			continue
		}
		if n.cfg.Core().Listener(string(from), c.Transport, c.Addr.Addr()) == nil {
			continue // no socket of that family here
		}
		if s.Servers = append(s.Servers, Server{c.Transport, c.Addr, domain}); len(s.Servers) == mostTries {
			break
		}
	}
	switch {
	case len(s.Servers) > 0:
		return s, nil
	case refused:
		return s, fmt.Errorf("%s: %w", domain, ErrClosed)
	}
	return s, fmt.Errorf("%s: %w", domain, sip.ErrNoServer)
}

// wire is an address as it goes on the wire: the user part escaped, the domain
// in A-labels (RFC 5890 §2.3.2.1), and nothing else of it.
func wire(address string) (uri, domain string, err error) {
	scheme, rest, ok := strings.Cut(address, ":")
	if !ok || scheme != "sip" && scheme != "sips" {
		return "", "", ErrName
	}
	user, host, has := strings.Cut(rest, "@")
	if !has {
		user, host = "", rest
	}
	if host == "" || len(rest) > 512 {
		return "", "", ErrName
	}
	b := append([]byte(scheme), ':')
	if has && user != "" {
		b = append(sip.AppendUser(b, string(sip.Unescape(nil, []byte(user)))), '@')
	}
	domain = host
	port := ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		domain, port = host[:i], host[i:]
	}
	if _, err := netip.ParseAddr(strings.Trim(domain, "[]")); err != nil {
		if domain, err = idna.Lookup.ToASCII(strings.TrimSuffix(domain, ".")); err != nil {
			return "", "", fmt.Errorf("%w: %w", ErrName, err)
		}
	}
	uri = string(b) + domain + port
	if u, ok := sip.ParseURI([]byte(uri)); !ok || len(u.Host) == 0 {
		return "", "", ErrName
	}
	return uri, strings.Trim(domain, "[]"), nil
}

// Flow is the way to a server. It does not block: a connection that is being
// made keeps what is sent until it stands.
func (n *Internet) Flow(from center.ID, s Server) (sip.Flow, error) {
	if !n.guard.May(s.Addr) { // this machine's addresses may have changed meanwhile
		return sip.Flow{}, ErrClosed
	}
	l := n.cfg.Core().Listener(string(from), s.Transport, s.Addr.Addr())
	if l == nil {
		return sip.Flow{}, fmt.Errorf("center %s has no %s address of that IP version", from, s.Transport)
	}
	if s.Transport == sip.UDP {
		return sip.Flow{Listener: l, Remote: s.Addr}, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := way{from, s}
	now := time.Now()
	if f, ok := n.ways[key]; ok && f.Conn.Alive() {
		n.ways[key] = connection{f.Flow, now}
		return f.Flow, nil
	}
	if !n.room(now) {
		return sip.Flow{}, ErrBusy
	}
	var config *tls.Config
	if s.Transport == sip.TLS {
		// The certificate is the domain's that was called, and not that of
		// whoever its records name (RFC 5922 §4).
		config = &tls.Config{RootCAs: n.cfg.Roots, ServerName: s.Domain, MinVersion: tls.VersionTLS12}
	}
	f, err := n.cfg.Core().Connect(l, s.Addr, config, "")
	if err != nil {
		return sip.Flow{}, err
	}
	n.ways[key] = connection{f, now}
	return f, nil
}

// room sees to it that there may be one more connection: the one that was not
// used for longest goes, if that is long enough for most calls to be over.
func (n *Internet) room(now time.Time) bool {
	var oldest way
	at := now
	for k, f := range n.ways {
		if !f.Conn.Alive() {
			delete(n.ways, k)
		} else if f.used.Before(at) {
			oldest, at = k, f.used
		}
	}
	if len(n.ways) < mostWays {
		return true
	}
	if now.Sub(at) < restWay {
		return false
	}
	n.ways[oldest].Conn.Close()
	delete(n.ways, oldest)
	return true
}
