package lab

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/platform/lookup"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// near allows this machine to be somebody else's.
func near() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// otherDomain is a network with a name server that knows other.example by these records.
func otherDomain(t *testing.T, records string) *Network {
	t.Helper()
	return New(t, Options{Internet: exchange.Internet{
		Domain: "tel.example", Near: near(), DNS: []string{Bind{Zones: map[string]string{"other.example": records}}.Serve(t).String()},
	}})
}

// callAddress has a member call an address, sip:… or sips:….
func (n *Network) callAddress(t *testing.T, from Member, address string) {
	t.Helper()
	SIPp{Scenario: "address-caller.xml", Users: []Member{from}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return address }}.Run(t)
}

// refusedAddress has a member call an address that is refused.
func (n *Network) refusedAddress(t *testing.T, from Member, address string) {
	t.Helper()
	SIPp{Scenario: "address-refused.xml", Users: []Member{from}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return address }}.Run(t)
}

// gatewayAt runs SIPp as a server of the other domain.
func gatewayAt(t *testing.T, at netip.AddrPort, scenario string, args ...string) {
	t.Helper()
	SIPp{Scenario: scenario, Users: make([]Member, 1), Local: at, Remote: at, Calls: 1, Rate: 10, Args: args}.Serve(t)
	if slices.Contains(args, "-t") {
		awaitTCP(t, at)
	} else {
		awaitBound(t, at)
	}
}

// awaitTCP returns once somebody listens.
func awaitTCP(t *testing.T, at netip.AddrPort) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
		if err != nil {
			return
		}
		_ = l.Close()
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("nobody listens at %s", at)
		}
	}
}

// TestSomebodyElsesDomain: its service is found by NAPTR, SRV and A records; the
// first server is full, the second is not there, the third says nothing, the
// last answers, and learns the number that calls and nothing else.
func TestSomebodyElsesDomain(t *testing.T) {
	full, gone, good := FreePort(t, loopback()), FreePort(t, loopback()), FreePort(t, loopback())
	silent := mute(t)
	n := otherDomain(t, fmt.Sprintf(`
@ IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.other.example.
_sip._udp IN SRV 1 0 %d a
_sip._udp IN SRV 2 0 %d a
_sip._udp IN SRV 3 0 %d a
_sip._udp IN SRV 4 0 %d a
a IN A 127.0.0.1
`, full.Port(), gone.Port(), silent.Port(), good.Port()))
	gatewayAt(t, full, "gateway-full.xml")
	gatewayAt(t, good, "gateway-sees.xml",
		"-key", "see", "INVITE sip:bob@other[.]example SIP.*From: <sip:25551234"+"82@tel[.]example>",
		"-key", "unseen", "Asserted|Minji|lab[.]callisto|X-Callisto")
	m := n.Member("Minji", "KR", "82", "25551234")
	n.callAddress(t, m, "sip:bob@other.example")
	r := n.Records.Wait(t, 1)[0]
	if !r.Answered() || r.Side != cdr.Origin || r.To.Text != "sip:bob@other.example" {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestADomainOverTCP and its number.
func TestADomainOverTCP(t *testing.T) {
	at := FreePort(t, loopback())
	n := otherDomain(t, fmt.Sprintf("_sip._tcp IN SRV 1 0 %d a\na IN A 127.0.0.1\n", at.Port()))
	gatewayAt(t, at, "gateway-plain.xml", "-t", "t1")
	n.callAddress(t, n.Member("Minji", "KR", "82", "25551234"), "sip:bob@other.example")
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// secures answers TLS as host for a server that takes TCP: SIPp has no TLS.
func (n *Network) secures(t *testing.T, plain net.Listener, host string, to netip.AddrPort) {
	t.Helper()
	cert, err := n.CA.Certificate("callisto://test", host)
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = c.Close() }()
				s, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(to))
				if err != nil {
					return
				}
				all.Go(func() {
					_, _ = io.Copy(c, s)
					_ = c.Close()
				})
				_, _ = io.Copy(s, c)
				_ = s.Close()
			})
		}
	})
}

// TestASecureAddress goes over TLS and to nobody who does not prove to be the
// domain: the certificate of the server its records name is none.
func TestASecureAddress(t *testing.T) {
	for name, x := range map[string]struct {
		of       string
		answered bool
	}{"the domain's": {"other.example", true}, "another's": {"a.other.example", false}} {
		t.Run(name, func(t *testing.T) {
			at := FreePort(t, loopback())
			l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(loopback(), 0)))
			if err != nil {
				t.Fatal(err)
			}
			front := l.Addr().(*net.TCPAddr).AddrPort()
			n := otherDomain(t, fmt.Sprintf("_sips._tcp IN SRV 1 0 %d a\n_sip._udp IN SRV 1 0 %d a\na IN A 127.0.0.1\n", front.Port(), at.Port()))
			gatewayAt(t, at, "gateway-plain.xml", "-t", "t1")
			n.secures(t, l, x.of, at)
			m := n.Member("Minji", "KR", "82", "25551234")
			if x.answered {
				n.callAddress(t, m, "sips:bob@other.example")
			} else {
				n.refusedAddress(t, m, "sips:bob@other.example")
			}
			if r := n.Records.Wait(t, 1)[0]; r.Answered() != x.answered {
				t.Errorf("%+v", r)
			}
			n.settled(t)
		})
	}
}

// TestARedirectionIsNotFollowed: it could lead anywhere.
func TestARedirectionIsNotFollowed(t *testing.T) {
	at, trap := FreePort(t, loopback()), mute(t)
	n := otherDomain(t, fmt.Sprintf("_sip._udp IN SRV 1 0 %d a\na IN A 127.0.0.1\n", at.Port()))
	gatewayAt(t, at, "gateway-elsewhere.xml", "-key", "elsewhere", trap.String())
	n.refusedAddress(t, n.Member("Minji", "KR", "82", "25551234"), "sip:bob@other.example")
	if r := n.Records.Wait(t, 1)[0]; r.Answered() {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestOurOwnSocketIsNobodyElses: records that lead back to us.
func TestOurOwnSocketIsNobodyElses(t *testing.T) {
	at := FreePort(t, loopback())
	n := otherDomain(t, fmt.Sprintf("_sip._udp IN SRV 1 0 %d a\na IN A 127.0.0.1\n", at.Port()))
	if _, err := n.Core().ListenBoth("US", at, ""); err != nil {
		t.Fatal(err)
	}
	n.refusedAddress(t, n.Member("Minji", "KR", "82", "25551234"), "sip:bob@other.example")
	if r := n.Records.Wait(t, 1)[0]; r.Answered() || r.Cause != cdr.Forbidden {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestWhereNoCallGoes: the records of a domain lead to where nothing of a
// stranger's can be; the call ends with words, and nobody is written to.
func TestWhereNoCallGoes(t *testing.T) {
	many := strings.Builder{}
	for i := range 500 {
		fmt.Fprintf(&many, "many IN A 10.1.%d.%d\n", i/250, i%250+1)
	}
	own := "\nown IN A 127.0.0.1\n"
	records := "loop IN A 127.0.0.2\nten IN A 10.0.0.1\nmapped IN AAAA ::ffff:127.0.0.1\ncgnat IN A 100.64.0.1\nlink IN A 169.254.169.254\nmulti IN A 224.0.0.1\nzero IN A 0.0.0.0\n" +
		"doc IN A 192.0.2.1\nulan IN AAAA fd00::1\nsix IN AAAA ::1\nnat64 IN AAAA 64:ff9b::7f00:1\n" +
		"c1 IN CNAME c2\nc2 IN CNAME c1\n" + many.String() + own +
		"_sip._udp.low IN SRV 0 0 53 own\n"
	dns := Bind{Options: "max-records-per-type 1000;", Zones: map[string]string{"other.example": records}}.Serve(t)
	guarded := New(t, Options{Internet: exchange.Internet{DNS: []string{dns.String()}}})
	open := New(t, Options{Internet: exchange.Internet{DNS: []string{dns.String()}, Near: near()}})
	members := map[*Network]Member{guarded: guarded.Member("Minji", "KR", "82", "25551234"), open: open.Member("Minji", "KR", "82", "25551234")}
	for name, x := range map[string]struct {
		n    *Network
		host string
		want cdr.Cause
	}{
		"loopback": {guarded, "loop", cdr.Forbidden}, "private": {guarded, "ten", cdr.Forbidden}, "mapped": {guarded, "mapped", cdr.Forbidden}, "carriers' NAT": {guarded, "cgnat", cdr.Forbidden},
		"link": {guarded, "link", cdr.Forbidden}, "multicast": {guarded, "multi", cdr.Forbidden}, "zero": {guarded, "zero", cdr.Forbidden}, "documentation": {guarded, "doc", cdr.Forbidden},
		"local IPv6": {guarded, "ulan", cdr.Forbidden}, "IPv6 loopback": {guarded, "six", cdr.Forbidden}, "NAT64": {guarded, "nat64", cdr.Forbidden},
		"a loop of names": {guarded, "c1", cdr.Failed}, "500 records": {guarded, "many", cdr.Forbidden}, "no such name": {guarded, "nobody", cdr.NotFound},
		"a low port": {open, "low", cdr.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(x.n.Records.Wait(t, 0))
			x.n.refusedAddress(t, members[x.n], "sip:bob@"+x.host+".other.example")
			if r := x.n.Records.Wait(t, before+1)[before]; r.Answered() || r.Cause != x.want {
				t.Errorf("%+v", r)
			}
			x.n.settled(t)
		})
	}
}

// TestTXTRecords: those of a name, put together of their parts; none where there
// are none; an error where nobody can say.
func TestTXTRecords(t *testing.T) {
	at := Bind{Zones: map[string]string{"other.example": "_callisto IN TXT \"callisto-\" \"proof=abc\"\n_callisto IN TXT \"v=spf1\"\nlong IN TXT " +
		strings.Repeat("\""+strings.Repeat("x", 250)+"\" ", 12) + "\n"}}.Serve(t)
	c := lookup.Client{Servers: []string{at.String()}}
	if got, err := c.TXT(t.Context(), "_callisto.other.example"); err != nil || !slices.Contains(got, "callisto-proof=abc") || len(got) != 2 {
		t.Errorf("%q %v", got, err)
	}
	if got, err := c.TXT(t.Context(), "long.other.example"); err != nil || len(got) != 1 || len(got[0]) != 3000 { // over TCP
		t.Errorf("%d %v", len(got), err)
	}
	if got, err := c.TXT(t.Context(), "nobody.other.example"); err != nil || len(got) != 0 {
		t.Errorf("%q %v", got, err)
	}
	if got, err := c.TXT(t.Context(), "_callisto.elsewhere.example"); err == nil {
		t.Errorf("of a zone it does not have: %q", got)
	}
}
