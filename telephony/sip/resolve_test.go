package sip

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// zone is what the test's DNS server knows.
const zone = `
full.example.	60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.full.example.
full.example.	60 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.full.example.
full.example.	60 IN NAPTR 15 10 "s" "SIP+D2T" "" _sip._tcp.full.example.
full.example.	60 IN NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:x@evil.example!" .
_sips._tcp.full.example. 60 IN SRV 0 0 5071 a.full.example.
_sip._tcp.full.example.	60 IN SRV 10 0 5072 b.full.example.
_sip._tcp.full.example.	60 IN SRV 0 0 5073 a.full.example.
_sip._udp.full.example.	60 IN SRV 0 0 5074 a.full.example.
a.full.example.	60 IN A 192.0.2.1
b.full.example.	60 IN A 192.0.2.2
b.full.example.	60 IN AAAA 2001:db8::2
_sip._udp.srv.example.	60 IN SRV 0 0 5080 a.full.example.
plain.example.	60 IN A 192.0.2.9
gone.example.	60 IN SRV 0 0 0 .
_sip._udp.gone.example.	60 IN SRV 0 0 0 .
_sip._udp.heavy.example.	60 IN SRV 0 90 1 a.full.example.
_sip._udp.heavy.example.	60 IN SRV 0 10 2 a.full.example.
`

func testDNS(t *testing.T) *Resolver {
	t.Helper()
	records := map[string][]dns.RR{}
	p := dns.NewZoneParser(strings.NewReader(zone), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		key := fmt.Sprint(rr.Header().Name, rr.Header().Rrtype)
		records[key] = append(records[key], rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.Answer = records[fmt.Sprint(strings.ToLower(q.Question[0].Name), q.Question[0].Qtype)]
		_ = w.WriteMsg(m)
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return &Resolver{Servers: []string{pc.LocalAddr().String()}, Support: func(Transport) bool { return true }}
}

func TestRFC3263(t *testing.T) {
	r := testDNS(t)
	noTLS := &Resolver{Servers: r.Servers}
	for _, c := range []struct {
		uri  string
		tls  bool
		want string // transport/address, in order
	}{
		{"sip:x@192.0.2.7", true, "UDP/192.0.2.7:5060"},
		{"sips:x@192.0.2.7", true, "TLS/192.0.2.7:5061"},
		{"sip:x@[2001:db8::7]:5070;transport=tcp", true, "TCP/[2001:db8::7]:5070"},
		{"sip:x@plain.example", true, "UDP/192.0.2.9:5060"},
		{"sip:x@plain.example:5099", true, "UDP/192.0.2.9:5099"},
		{"sip:x@srv.example", true, "UDP/192.0.2.1:5080"},
		{"sip:x@srv.example;transport=udp", true, "UDP/192.0.2.1:5080"},
		{"sip:x@full.example", true, "TLS/192.0.2.1:5071 TCP/192.0.2.1:5073 TCP/[2001:db8::2]:5072 TCP/192.0.2.2:5072 UDP/192.0.2.1:5074"},
		{"sip:x@full.example", false, "TCP/192.0.2.1:5073 TCP/[2001:db8::2]:5072 TCP/192.0.2.2:5072 UDP/192.0.2.1:5074"},
		{"sips:x@full.example", true, "TLS/192.0.2.1:5071"},
		{"sips:x@full.example", false, ""},
		{"sip:x@full.example;transport=udp", true, "UDP/192.0.2.1:5074"},
		{"sip:x@full.example;maddr=192.0.2.44", true, "UDP/192.0.2.44:5060"},
		{"sip:x@gone.example", true, ""},
		{"sip:x@nowhere.example", true, ""},
		{"sip:x@plain.example;transport=sctp", true, ""},
		{"tel:+123", true, ""},
	} {
		who := r
		if !c.tls {
			who = noTLS
		}
		list, err := who.Resolve(t.Context(), []byte(c.uri))
		var got []string
		for _, x := range list {
			got = append(got, x.Transport.String()+"/"+x.Addr.String())
		}
		if s := strings.Join(got, " "); s != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s (TLS %v): got %q, %v; want %q", c.uri, c.tls, s, err, c.want)
		}
	}
}

func TestSRVWeights(t *testing.T) {
	r := testDNS(t)
	first := map[uint16]int{}
	for range 300 {
		list, err := r.Resolve(t.Context(), []byte("sip:x@heavy.example"))
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		first[list[0].Addr.Port()]++
	}
	if first[1] < 230 || first[2] < 5 {
		t.Errorf("90:10 came out as %v", first)
	}
}

func TestDNSServerThatDoesNotAnswer(t *testing.T) {
	r := testDNS(t)
	pc, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	dead := pc.LocalAddr().String()
	_ = pc.Close() // refused at once
	r.Servers = append([]string{dead}, r.Servers...)
	if list, err := r.Resolve(t.Context(), []byte("sip:x@plain.example")); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	r.Servers = r.Servers[:1]
	if _, err := r.Resolve(t.Context(), []byte("sip:x@plain.example")); err == nil || errors.Is(err, ErrNoServer) {
		t.Errorf("want the reason of the failure, got %v", err)
	}
}
