// Package dns answers for the zone where our numbers are looked up (ENUM, RFC
// 6116): how each is called by SIP, and what its holder publishes beside. It is
// authoritative for that zone, knows nothing else, and asks nobody (RFC 1034
// §4.3).
package dns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/netutil"

	"github.com/callisto-tel/callisto/business/routing"
)

// Numbers are the numbers that others may look up.
type Numbers interface {
	// Published finds by + form without the plus.
	Published(e164 string) (routing.Holder, bool)
	// Under reports whether there are numbers that begin so.
	Under(prefix string) bool
}

// Publisher is what holders publish of their numbers.
type Publisher interface {
	// Published is the address of a number's pages and that of its letters; ""
	// where there is none.
	Published(e164 string) (web, email string)
}

// Config is what the listener is given.
type Config struct {
	Listen    string // HOST:PORT
	Zone      string // e164.tel.example
	Numbers   Numbers
	Publisher Publisher // nil: nobody publishes anything
	// Domain is the host part of the SIP address of a country's numbers.
	Domain func(country string) string
	Log    *slog.Logger
	Now    func() time.Time
}

// Server is the listener.
type Server struct {
	cfg     Config
	zone    string // with the dot at its end
	addr    netip.AddrPort
	udp     *limit // of answers to one network
	tcp     *limit // its own: forged questions over UDP shut nobody out here
	servers []*dns.Server
}

// How long answers are kept by others: a number that is sold or published is
// found soon.
const (
	keep  = 300
	never = 60 // what is not there
)

// Open takes the address, over UDP and TCP, and answers.
func Open(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, zone: dns.CanonicalName(cfg.Zone), udp: newLimit(cfg.Now), tcp: newLimit(cfg.Now)}
	var err error
	for range 20 { // the port the system gives for UDP may be somebody's for TCP
		if err = s.listen(ctx); err == nil || !strings.HasSuffix(cfg.Listen, ":0") {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	for _, x := range s.servers {
		go func() {
			if err := x.ActivateAndServe(); err != nil {
				s.cfg.Log.Error("the DNS listener stopped", "error", err)
			}
		}()
	}
	return s, nil
}

func (s *Server) listen(ctx context.Context) error {
	var lc net.ListenConfig
	u, err := lc.ListenPacket(ctx, "udp", s.cfg.Listen)
	if err != nil {
		return err
	}
	s.addr = u.LocalAddr().(*net.UDPAddr).AddrPort()
	s.addr = netip.AddrPortFrom(s.addr.Addr().Unmap(), s.addr.Port())
	l, err := lc.Listen(ctx, "tcp", u.LocalAddr().String())
	if err != nil {
		return errors.Join(err, u.Close())
	}
	handler := dns.HandlerFunc(s.serve)
	s.servers = []*dns.Server{
		{PacketConn: u, Handler: handler, UDPSize: 1232},
		{Listener: netutil.LimitListener(l, mostConnections), Handler: handler, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxTCPQueries: 100, IdleTimeout: func() time.Duration { return 10 * time.Second }},
	}
	return nil
}

// Addr is where it listens.
func (s *Server) Addr() netip.AddrPort { return s.addr }

// Zone is what it answers for, without the dot at its end.
func (s *Server) Zone() string { return strings.TrimSuffix(s.zone, ".") }

// Close stops it.
func (s *Server) Close() error {
	var err error
	for _, x := range s.servers {
		err = errors.Join(err, x.Shutdown())
	}
	return err
}

// serve answers one question.
func (s *Server) serve(w dns.ResponseWriter, q *dns.Msg) {
	udp := w.RemoteAddr().Network() == "udp"
	m := new(dns.Msg)
	m.SetReply(q)
	if !udp && s.tcp.take(w.RemoteAddr()) != pass {
		_ = w.Close() // whoever asks so much may connect again, and waits for it
		return
	}
	if udp {
		switch s.udp.take(w.RemoteAddr()) {
		case drop:
			return
		case slip: // whoever is real comes back over TCP, a forged address does not
			m.Truncated = true
			_ = w.WriteMsg(m)
			return
		case pass:
		}
	}
	size := dns.MinMsgSize
	if opt := q.IsEdns0(); opt != nil { // RFC 6891
		size = max(size, min(int(opt.UDPSize()), 1232))
		m.SetEdns0(1232, false)
		if opt.Version() != 0 {
			m.IsEdns0().SetVersion(0)
			m.Rcode = dns.RcodeBadVers
			_ = w.WriteMsg(m)
			return
		}
	}
	s.answer(m, q)
	if udp {
		m.Truncate(size)
	}
	if err := w.WriteMsg(m); err != nil {
		s.cfg.Log.Debug("a DNS answer could not be sent", "error", err)
	}
}

// answer fills in what is known.
func (s *Server) answer(m, q *dns.Msg) {
	switch {
	case q.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeNotImplemented
		return
	case len(q.Question) != 1:
		m.Rcode = dns.RcodeFormatError
		return
	}
	x := q.Question[0]
	name := dns.CanonicalName(x.Name)
	if x.Qclass != dns.ClassINET || !dns.IsSubDomain(s.zone, name) || x.Qtype == dns.TypeANY || x.Qtype == dns.TypeAXFR || x.Qtype == dns.TypeIXFR {
		m.Rcode = dns.RcodeRefused // nobody gets everything (RFC 8482 §4)
		return
	}
	m.Authoritative = true
	there := true
	switch digits, number := s.digits(name); {
	case name == s.zone:
		switch x.Qtype {
		case dns.TypeSOA:
			m.Answer = append(m.Answer, s.soa(keep))
		case dns.TypeNS:
			m.Answer = append(m.Answer, &dns.NS{Hdr: header(s.zone, dns.TypeNS, keep), Ns: "ns." + s.zone})
		}
	case name == "ns."+s.zone:
		m.Answer = s.own(name, x.Qtype)
	case !number:
		there = false
	default:
		h, found := s.cfg.Numbers.Published(digits)
		if found && x.Qtype == dns.TypeNAPTR {
			m.Answer = s.number(x.Name, digits, h)
		}
		// A name with names below it exists, though it has no records (RFC 8020).
		there = found || s.cfg.Numbers.Under(digits)
	}
	if !there {
		m.Rcode = dns.RcodeNameError
	}
	if len(m.Answer) == 0 {
		m.Ns = append(m.Ns, s.soa(never))
	}
}

// digits reads a name as the number it stands for: 4.3.2.1.5.5.5.2.2.8 is
// 8225551234 (RFC 6116 §3.2).
func (s *Server) digits(name string) (string, bool) {
	rest, ok := strings.CutSuffix(name, "."+s.zone)
	if !ok || len(rest) > 2*15-1 {
		return "", false
	}
	out := make([]byte, 0, 15)
	for i := len(rest) - 1; i >= 0; i-- {
		switch c := rest[i]; {
		case (len(rest)-1-i)%2 == 1:
			if c != '.' {
				return "", false
			}
		case c < '0' || c > '9':
			return "", false
		default:
			out = append(out, c)
		}
	}
	return string(out), len(out) > 0
}

func header(name string, kind uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

func (s *Server) soa(ttl uint32) dns.RR {
	return &dns.SOA{
		Hdr: header(s.zone, dns.TypeSOA, ttl), Ns: "ns." + s.zone, Mbox: "hostmaster." + s.zone, Serial: uint32(s.cfg.Now().Unix() / 60),
		Refresh: 3600, Retry: 600, Expire: 86400, Minttl: never,
	}
}

// own is the address of this listener, where it is one.
func (s *Server) own(name string, kind uint16) []dns.RR {
	a := s.addr.Addr()
	switch {
	case a.IsUnspecified():
	case kind == dns.TypeA && a.Is4():
		return []dns.RR{&dns.A{Hdr: header(name, kind, keep), A: a.AsSlice()}}
	case kind == dns.TypeAAAA && a.Is6():
		return []dns.RR{&dns.AAAA{Hdr: header(name, kind, keep), AAAA: a.AsSlice()}}
	}
	return nil
}

// number is the records of a number of ours, in the order callers want them.
func (s *Server) number(name, e164 string, h routing.Holder) (list []dns.RR) {
	add := func(service, uri string) {
		to := "!^.*$!" + uri + "!"
		if strings.ContainsAny(uri, "!\\\"\r\n ") || len(to) > mostText {
			return // it would break the expression it stands in, or the whole answer
		}
		list = append(list, &dns.NAPTR{
			Hdr: header(name, dns.TypeNAPTR, keep), Order: 100, Preference: uint16(10 * (len(list) + 1)), Flags: "u", Service: service,
			Regexp: to, Replacement: ".",
		})
	}
	add("E2U+sip", "sip:+"+e164+"@"+s.cfg.Domain(h.Country)) // RFC 3764
	if s.cfg.Publisher == nil {
		return list
	}
	web, email := s.cfg.Publisher.Published(e164)
	if scheme, _, ok := strings.Cut(web, ":"); ok && (scheme == "https" || scheme == "http") {
		add("E2U+web:"+scheme, web) // RFC 4002
	}
	if email != "" {
		add("E2U+email:mailto", "mailto:"+email) // RFC 4355
	}
	return list
}

// mostText is what a string of a record holds (RFC 1035 §3.3).
const mostText = 255

// mostConnections bounds those over TCP: idle ones must not use up what all
// else needs.
const mostConnections = 256
