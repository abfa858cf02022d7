package lab

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/routing"
	enum "github.com/callisto-tel/callisto/faces/dns"
)

// shows is what everybody publishes.
type shows struct{ web, email string }

func (s shows) Published(string) (string, string) { return s.web, s.email }

const enumZone = "e164.tel.example"

// listener answers for numbers of a network.
func listener(t *testing.T, n *Network, p enum.Publisher) netip.AddrPort {
	t.Helper()
	s, err := enum.Open(t.Context(), enum.Config{
		Listen: "127.0.0.1:0", Zone: enumZone, Numbers: routing.NewDirectory(n.Tables, n.Sold, time.Now), Publisher: p,
		Domain: func(string) string { return "tel.example" }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Addr()
}

// dig asks with ISC's dig.
func dig(t *testing.T, at netip.AddrPort, args ...string) string {
	t.Helper()
	full := append([]string{"@" + at.Addr().String(), "-p", fmt.Sprint(at.Port()), "+tries=1", "+timeout=3"}, args...)
	out, err := exec.CommandContext(t.Context(), tool(t, "dig", "bind9-dnsutils"), full...).CombinedOutput()
	if err != nil {
		t.Errorf("dig %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// own sells an own telephone number.
func (n *Network) own(t *testing.T, national string) {
	t.Helper()
	h, _ := n.Sold.Typed(n.Member("Minji", "KR", "82", national).Number.Canonical())
	h.OwnPhone = true
	n.Sold.Set(h)
}

// TestNumbersAreFoundByENUM, as dig sees it.
func TestNumbersAreFoundByENUM(t *testing.T) {
	n := New(t, Options{})
	n.own(t, "25551234")
	n.Member("Jun", "KR", "82", "7000001") // an identification number: its + form is for members
	at := listener(t, n, shows{"https://minji.example/?a=1", "minji@example.com"})
	const name = "4.3.2.1.5.5.5.2.2.8." + enumZone
	for args, want := range map[string][]string{
		name + " NAPTR":                              {"status: NOERROR", "flags: qr aa rd;", `"u" "E2U+sip" "!^.*$!sip:+8225551234@tel.example!" .`, `"u" "E2U+web:https" "!^.*$!https://minji.example/?a=1!" .`, `"E2U+email:mailto" "!^.*$!mailto:minji@example.com!" .`, "EDNS: version: 0"},
		name + " NAPTR +tcp":                         {"status: NOERROR", "E2U+sip"},
		name + " NAPTR +noedns +bufsize=0":           {"status: NOERROR", "E2U+sip"},
		name + " A":                                  {"status: NOERROR", "ANSWER: 0", "SOA"},
		strings.ToUpper(name) + " NAPTR":             {"E2U+sip"},
		"2.8." + enumZone + " NAPTR":                 {"status: NOERROR", "ANSWER: 0", "SOA"}, // there are names below
		"1.0.0.0.0.0.7.2.8." + enumZone + " NAPTR":   {"status: NXDOMAIN", "SOA"},
		"9.9.9.9.5.5.5.2.2.8." + enumZone + " NAPTR": {"status: NXDOMAIN", "SOA"},
		"9." + name + " NAPTR":                       {"status: NXDOMAIN"},
		"x." + enumZone + " NAPTR":                   {"status: NXDOMAIN"},
		"12.8." + enumZone + " NAPTR":                {"status: NXDOMAIN"},
		enumZone + " SOA":                            {"status: NOERROR", "hostmaster." + enumZone},
		enumZone + " NS":                             {"ns." + enumZone},
		enumZone + " NAPTR":                          {"status: NOERROR", "ANSWER: 0"},
		"ns." + enumZone + " A":                      {"127.0.0.1"},
		name + " ANY +notcp":                         {"status: REFUSED"},
		enumZone + " AXFR":                           {"Transfer failed"},
		"elsewhere.example A":                        {"status: REFUSED"},
		name + " NAPTR -c CH":                        {"status: REFUSED"},
		name + " NAPTR +edns=7 +noednsneg":           {"status: BADVERS"},
		name + " NAPTR +opcode=notify":               {"status: NOTIMP"},
	} {
		got := dig(t, at, strings.Fields(args)...)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("dig %s: no %q in\n%s", args, w, got)
			}
		}
	}
}

// TestALongAnswerComesOverTCP, and what would break an expression is left out.
func TestALongAnswerComesOverTCP(t *testing.T) {
	n := New(t, Options{})
	n.own(t, "25551234")
	const name = "4.3.2.1.5.5.5.2.2.8." + enumZone
	at := listener(t, n, shows{"https://minji.example/" + strings.Repeat("x", 200), strings.Repeat("y", 200) + "@example.com"})
	if got := dig(t, at, name, "NAPTR", "+noedns", "+ignore"); !strings.Contains(got, "flags: qr aa tc") {
		t.Errorf("it is not cut off:\n%s", got)
	}
	if got := dig(t, at, name, "NAPTR", "+noedns"); !strings.Contains(got, "ANSWER: 3") {
		t.Errorf("over TCP:\n%s", got)
	}
	at = listener(t, n, shows{"https://minji.example/!.*!sip:evil", "a\\1@example.com"})
	if got := dig(t, at, name, "NAPTR"); !strings.Contains(got, "ANSWER: 1,") {
		t.Errorf("%s", got)
	}
}

// TestAResolverFindsNumbers: BIND asks us for others.
func TestAResolverFindsNumbers(t *testing.T) {
	n := New(t, Options{})
	n.own(t, "25551234")
	resolver := Bind{Forward: listener(t, n, nil)}.Serve(t)
	if got := dig(t, resolver, "4.3.2.1.5.5.5.2.2.8."+enumZone, "NAPTR"); !strings.Contains(got, "sip:+8225551234@tel.example") {
		t.Errorf("%s", got)
	}
	for range 2 { // the second time from what it keeps
		if got := dig(t, resolver, "9.9.9.9.5.5.5.2.2.8."+enumZone, "NAPTR"); !strings.Contains(got, "NXDOMAIN") {
			t.Errorf("%s", got)
		}
	}
}

// TestAFloodIsNotAnswered: most of it is dropped, some of it is told to come
// over TCP, where it is answered.
func TestAFloodIsNotAnswered(t *testing.T) {
	n := New(t, Options{})
	n.own(t, "25551234")
	at := listener(t, n, nil)
	const name = "4.3.2.1.5.5.5.2.2.8." + enumZone
	answers, cut := flood(t, at, name, 1000)
	if answers < 50 || answers > 400 || cut == 0 || cut > 400 {
		t.Errorf("%d of 1000 questions were answered, %d told to come over TCP", answers, cut)
	}
	if got := dig(t, at, name, "NAPTR", "+tcp"); !strings.Contains(got, "E2U+sip") {
		t.Errorf("%s", got)
	}
}

// flood asks many times at once.
func flood(t *testing.T, at netip.AddrPort, name string, times int) (answers, cut int) {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	q, err := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeNAPTR).Pack()
	if err != nil {
		t.Fatal(err)
	}
	for range times {
		if _, err := c.Write(q); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 1500)
	for {
		_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		size, err := c.Read(buf)
		if err != nil {
			return answers, cut
		}
		var m dns.Msg
		if err := m.Unpack(buf[:size]); err != nil {
			t.Fatal(err)
		}
		if m.Truncated {
			cut++
		} else if len(m.Answer) > 0 {
			answers++
		}
	}
}
