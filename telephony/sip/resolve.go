package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Candidate is a server of a domain to try, in the order returned.
type Candidate struct {
	Transport Transport
	Addr      netip.AddrPort
	Name      string // the host name a TLS certificate has to carry
}

// Limits of resolving: a hostile zone must not keep us busy.
const (
	maxRecords    = 16
	maxCandidates = 32
	maxQueries    = 48
	queryTimeout  = 2 * time.Second
)

// Resolver finds the servers of a SIP URI (RFC 3263 §4).
type Resolver struct {
	// Servers are the DNS servers to ask, HOST:PORT.
	Servers []string
	// Support tells which transports we can use; nil means UDP and TCP.
	Support func(Transport) bool
}

// SystemResolver asks the servers of /etc/resolv.conf.
func SystemResolver() (*Resolver, error) {
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("no DNS servers are known: %w", err)
	}
	r := &Resolver{}
	for _, s := range conf.Servers {
		r.Servers = append(r.Servers, net.JoinHostPort(s, conf.Port))
	}
	return r, nil
}

// ErrNoServer says that a domain has no SIP server we can reach.
var ErrNoServer = errors.New("the domain has no SIP server that can be reached") //nolint:gochecknoglobals // sentinel

// search is one resolving: a hostile zone gets so many questions and no more.
type search struct {
	*Resolver
	left int
}

func (r *Resolver) can(t Transport) bool {
	if r.Support == nil {
		return t != TLS
	}
	return r.Support(t)
}

// service is a transport of RFC 3263 with its names in NAPTR and SRV.
type service struct {
	transport Transport
	naptr     string
	srv       string
}

// services in the order tried without NAPTR records (RFC 3263 §4.1): secure
// ones first.
func services(sips bool) []service {
	s := []service{{TLS, "SIPS+D2T", "_sips._tcp."}, {TCP, "SIP+D2T", "_sip._tcp."}, {UDP, "SIP+D2U", "_sip._udp."}}
	if sips {
		return s[:1]
	}
	return s
}

// Resolve finds the servers of a URI, best first.
func (r *Resolver) Resolve(ctx context.Context, uri []byte) ([]Candidate, error) {
	u, ok := ParseURI(uri)
	if !ok || u.Scheme != SchemeSIP && u.Scheme != SchemeSIPS {
		return nil, fmt.Errorf("%q is no SIP address", clipText(uri))
	}
	sips := u.Scheme == SchemeSIPS
	host := string(u.Host)
	if m, ok := u.Param("maddr"); ok {
		host = string(m)
	}
	chosen, explicit, err := transportParam(&u, sips)
	if err != nil {
		return nil, err
	}
	var list []Candidate
	ask := &search{r, maxQueries}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		list = []Candidate{{chosen, netip.AddrPortFrom(a.Unmap(), port(u.Port, chosen)), host}}
	} else if u.Port != 0 { // §4.2: a port says that there is no SRV to ask
		list, err = ask.hosts(ctx, host, u.Port, chosen)
		if err != nil {
			return nil, err
		}
	} else if list, err = ask.services(ctx, host, sips, chosen, explicit); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c Candidate) bool { return !r.can(c.Transport) })
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %w", host, ErrNoServer)
	}
	return list[:min(len(list), maxCandidates)], nil
}

func clipText(b []byte) string { return string(b[:min(len(b), 80)]) }

func port(p uint16, t Transport) uint16 {
	switch {
	case p != 0:
		return p
	case t == TLS:
		return 5061
	}
	return 5060
}

// transportParam is the transport the URI demands, or the default.
func transportParam(u *URI, sips bool) (t Transport, explicit bool, err error) {
	v, ok := u.Param("transport")
	switch {
	case sips && (!ok || equalFold(v, "tcp") || equalFold(v, "tls")):
		return TLS, ok, nil
	case !ok:
		return UDP, false, nil
	case equalFold(v, "udp") && !sips:
		return UDP, true, nil
	case equalFold(v, "tcp"):
		return TCP, true, nil
	case equalFold(v, "tls"):
		return TLS, true, nil
	}
	return 0, false, fmt.Errorf("the transport %q cannot be used", clipText(v))
}

// services asks NAPTR, then SRV, then addresses.
func (r *search) services(ctx context.Context, host string, sips bool, chosen Transport, explicit bool) ([]Candidate, error) {
	var list []Candidate
	if !explicit {
		found, err := r.naptr(ctx, host, sips)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	for _, s := range services(sips) {
		if explicit && s.transport != chosen || !r.can(s.transport) {
			continue
		}
		found, err := r.srv(ctx, s.srv+host, s.transport)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	if len(list) > 0 {
		return list, nil
	}
	return r.hosts(ctx, host, port(0, chosen), chosen)
}

// naptr follows NAPTR records with SIP services (RFC 3263 §4.1, RFC 3403).
func (r *search) naptr(ctx context.Context, host string, sips bool) ([]Candidate, error) {
	answer, err := r.query(ctx, host, dns.TypeNAPTR)
	if err != nil {
		return nil, err
	}
	var records []*dns.NAPTR
	for _, n := range inOrder(answer) {
		if strings.EqualFold(n.Flags, "s") && n.Regexp == "" {
			records = append(records, n)
		}
	}
	var list []Candidate
	for _, n := range records {
		for _, s := range services(sips) {
			if !strings.EqualFold(n.Service, s.naptr) || !r.can(s.transport) {
				continue
			}
			found, err := r.srv(ctx, n.Replacement, s.transport)
			if err != nil {
				return nil, err
			}
			list = append(list, found...)
		}
	}
	return list, nil
}

// inOrder picks the NAPTR records, the first to be used first (RFC 3403 §4.1).
func inOrder(answer []dns.RR) (records []*dns.NAPTR) {
	for _, rr := range answer {
		if n, ok := rr.(*dns.NAPTR); ok {
			records = append(records, n)
		}
	}
	slices.SortStableFunc(records, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	return records
}

// NAPTR returns the NAPTR records of a name, the first to be used first.
func (r *Resolver) NAPTR(ctx context.Context, name string) ([]*dns.NAPTR, error) {
	answer, err := (&search{r, 1}).query(ctx, name, dns.TypeNAPTR)
	return inOrder(answer), err
}

// srv orders SRV records by priority and weight (RFC 2782).
func (r *search) srv(ctx context.Context, name string, t Transport) ([]Candidate, error) {
	answer, err := r.query(ctx, name, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	var records []*dns.SRV
	for _, rr := range answer {
		if s, ok := rr.(*dns.SRV); ok && s.Target != "." {
			records = append(records, s)
		}
	}
	var list []Candidate
	var failed error
	for _, s := range byWeight(records) {
		found, err := r.hosts(ctx, strings.TrimSuffix(s.Target, "."), s.Port, t)
		if err != nil { // another server of theirs may still be found
			failed = err
		}
		list = append(list, found...)
	}
	if len(list) > 0 {
		failed = nil
	}
	return list, failed
}

// byWeight draws the records of each priority in an order that follows their
// weights (RFC 2782, the algorithm for Weight).
func byWeight(records []*dns.SRV) []*dns.SRV {
	slices.SortStableFunc(records, func(a, b *dns.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)))
	})
	for start := 0; start < len(records); start++ {
		total, end := 0, start
		for end < len(records) && records[end].Priority == records[start].Priority {
			total += int(records[end].Weight)
			end++
		}
		pick := rand.IntN(total + 1) //nolint:gosec // load sharing, no secret
		for i := start; i < end; i++ {
			if pick -= int(records[i].Weight); pick <= 0 {
				chosen := records[i]
				copy(records[start+1:i+1], records[start:i])
				records[start] = chosen
				break
			}
		}
	}
	return records
}

// hosts asks for addresses, IPv6 and IPv4.
func (r *search) hosts(ctx context.Context, host string, port uint16, t Transport) ([]Candidate, error) {
	var list []Candidate
	for _, kind := range [...]uint16{dns.TypeAAAA, dns.TypeA} {
		answer, err := r.query(ctx, host, kind)
		if err != nil {
			return nil, err
		}
		for _, rr := range answer {
			var ip net.IP
			switch x := rr.(type) {
			case *dns.A:
				ip = x.A
			case *dns.AAAA:
				ip = x.AAAA
			}
			if a, ok := netip.AddrFromSlice(ip); ok {
				list = append(list, Candidate{t, netip.AddrPortFrom(a.Unmap(), port), host})
			}
		}
	}
	return list, nil
}

// query asks the servers in turn. A name that does not exist has no records; a
// server that fails is passed over.
func (r *search) query(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	if _, ok := dns.IsDomainName(name); !ok {
		return nil, fmt.Errorf("%q is no domain name", clipText([]byte(name)))
	}
	if r.left--; r.left < 0 {
		return nil, nil // what was found until here has to do
	}
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	last := error(ErrNoServer)
	for _, server := range r.Servers {
		for _, network := range [...]string{"udp", "tcp"} {
			c := dns.Client{Net: network, Timeout: queryTimeout}
			in, _, err := c.ExchangeContext(ctx, q, server)
			if err != nil {
				last = err
				break
			}
			if in.Truncated && network == "udp" {
				continue
			}
			if in.Rcode == dns.RcodeSuccess || in.Rcode == dns.RcodeNameError {
				return in.Answer[:min(len(in.Answer), maxRecords)], nil
			}
			last = fmt.Errorf("the DNS server %s answers %s", server, dns.RcodeToString[in.Rcode])
			break
		}
	}
	return nil, fmt.Errorf("%s cannot be looked up: %w", name, last)
}
