package lab

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	enum "github.com/callisto-tel/callisto/faces/dns"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// shows is what everybody publishes.
type shows struct{ web, email string }

func (s shows) Published(string) (string, string) { return s.web, s.email }

const enumZone = "e164.tel.example"

// listener answers for numbers of a network.
func listener(t *testing.T, n *Network, p enum.Publisher) netip.AddrPort {
	t.Helper()
	s, err := enum.Open(t.Context(), enum.Config{
		Listen: "127.0.0.1:0", Zone: enumZone, Numbers: routing.NewDirectory(n.Tables, n.Sold, maps.Keys(brought(n)), time.Now), Publisher: p,
		Domain: func(string) string { return "tel.example" }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Addr()
}

// brought is the telephone numbers that carriers bring to a network.
func brought(n *Network) did {
	d, _ := n.Tables.Lines.(did)
	return d
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

// TestANumberThatIsKeptOutIsNotThere: dig is told the same as of one that nobody
// bought, also of what it begins with.
func TestANumberThatIsKeptOutIsNotThere(t *testing.T) {
	n := New(t, Options{})
	n.own(t, "25551234")
	h, _ := n.Sold.Twin("8225551234")
	h.Unlisted = true
	n.Sold.Set(h)
	n.Tables.Lines = did{"8225550111": h.Number}
	at := listener(t, n, shows{"https://minji.example", "minji@example.com"})
	for _, name := range []string{"4.3.2.1.5.5.5.2.2.8.", "1.1.1.0.5.5.5.2.2.8.", "5.5.5.2.2.8.", "9.9.9.9.5.5.5.2.2.8."} {
		if got := dig(t, at, name+enumZone, "NAPTR"); !strings.Contains(got, "status: NXDOMAIN") || !strings.Contains(got, "ANSWER: 0") {
			t.Errorf("%s\n%s", name, got)
		}
	}
}

// TestNumbersAreFoundByENUM, as dig sees it.
func TestNumbersAreFoundByENUM(t *testing.T) {
	n := New(t, Options{})
	n.own(t, "25551234")
	n.Change(func(x *routing.Tables) {
		x.Lines = did{"12125550100": numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "25551234"}}
	})
	n.Member("Jun", "KR", "82", "7000001") // an identification number: its + form is for members
	at := listener(t, n, shows{"https://minji.example/?a=1", "minji@example.com"})
	const name = "4.3.2.1.5.5.5.2.2.8." + enumZone
	for args, want := range map[string][]string{
		name + " NAPTR": {"status: NOERROR", "flags: qr aa rd;", `"u" "E2U+sip" "!^.*$!sip:+8225551234@tel.example!" .`, `"u" "E2U+web:https" "!^.*$!https://minji.example/?a=1!" .`, `"E2U+email:mailto" "!^.*$!mailto:minji@example.com!" .`, "EDNS: version: 0"},
		"0.0.1.0.5.5.5.2.1.2.1." + enumZone + " NAPTR": {"E2U+sip", "sip:+12125550100@tel.example"},
		"2.1." + enumZone + " NAPTR":                   {"status: NOERROR", "ANSWER: 0"},
		name + " NAPTR +tcp":                           {"status: NOERROR", "E2U+sip"},
		name + " NAPTR +noedns +bufsize=0":             {"status: NOERROR", "E2U+sip"},
		name + " A":                                    {"status: NOERROR", "ANSWER: 0", "SOA"},
		strings.ToUpper(name) + " NAPTR":               {"E2U+sip"},
		"2.8." + enumZone + " NAPTR":                   {"status: NOERROR", "ANSWER: 0", "SOA"}, // there are names below
		"1.0.0.0.0.0.7.2.8." + enumZone + " NAPTR":     {"status: NXDOMAIN", "SOA"},
		"9.9.9.9.5.5.5.2.2.8." + enumZone + " NAPTR":   {"status: NXDOMAIN", "SOA"},
		"9." + name + " NAPTR":                         {"status: NXDOMAIN"},
		"x." + enumZone + " NAPTR":                     {"status: NXDOMAIN"},
		"12.8." + enumZone + " NAPTR":                  {"status: NXDOMAIN"},
		enumZone + " SOA":                              {"status: NOERROR", "hostmaster." + enumZone},
		enumZone + " NS":                               {"ns." + enumZone},
		enumZone + " NAPTR":                            {"status: NOERROR", "ANSWER: 0"},
		"ns." + enumZone + " A":                        {"127.0.0.1"},
		name + " ANY +notcp":                           {"status: REFUSED"},
		enumZone + " AXFR":                             {"Transfer failed"},
		"elsewhere.example A":                          {"status: REFUSED"},
		name + " NAPTR -c CH":                          {"status: REFUSED"},
		name + " NAPTR +edns=7 +noednsneg":             {"status: BADVERS"},
		name + " NAPTR +opcode=notify":                 {"status: NOTIMP"},
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

// TestAPartnersZoneMovesACall to the partner's trunk, never to the host that the
// record names, though another carrier is there too; a number that is not in the
// zone, one whose record is evil, and one for which the zone is not believed,
// though it has every number, go to the carrier.
func TestAPartnersZoneMovesACall(t *testing.T) {
	const wildcard = `* IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@127.0.0.1:9!" .`
	for name, x := range map[string]struct{ record, carrier, ranges string }{
		"in the zone":               {`1.2.3.4.5.5.5.2.2.8 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@127.0.0.1:9!" .`, "partner", "822555"},
		"by a record that leads on": {"1.2.3.4.5.5.5.2.2.8 IN NAPTR 100 10 \"\" \"\" \"\" there\n" + `there IN NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\1@x.example!" .`, "partner", "*"},
		"not there":                 {`9.2.3.4.5.5.5.2.2.8 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@127.0.0.1!" .`, "seoul", "8225554"},
		"a circle":                  {`1.2.3.4.5.5.5.2.2.8 IN NAPTR 100 10 "" "" "" 1.2.3.4.5.5.5.2.2.8`, "seoul", "*"},
		"evil":                      {`1.2.3.4.5.5.5.2.2.8 IN NAPTR 100 10 "u" "E2U+sip" "!^((a+)+)+$!sip:x@127.0.0.1!" .`, "seoul", "*"},
		"everything is in it":       {wildcard, "seoul", "827012"},
		"everything is, within":     {wildcard, "partner", "82255"},
		"everything is, believed":   {wildcard, "partner", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			server := Bind{Zones: map[string]string{"partner.example": x.record + "\n"}}.Serve(t)
			n := New(t, Options{Internet: exchange.Internet{DNS: []string{server.String()}}})
			partner := carrierAt("partner", "KR", serveGateway(t, n, "gateway-plain.xml", 1))
			partner.Kind, partner.ENUM, partner.ENUMAll = carrier.Partner, "partner.example", x.ranges == "*"
			if !partner.ENUMAll {
				partner.Ranges = []string{x.ranges}
			}
			n.Carriers(partner, carrierAt("seoul", "KR", serveGateway(t, n, "gateway-plain.xml", 1)))
			if has, err := n.HasNumber(t.Context(), "partner.example", "999123412341234"); err != nil || has != (x.record == wildcard) {
				t.Errorf("asked for nobody's number: %t %v", has, err)
			}
			n.call(t, n.Member("Minji", "KR", "82", "25551234"), "025554321")
			if r := n.Records.Wait(t, 1)[0]; !r.Answered() || r.Carrier != x.carrier {
				t.Errorf("%+v", r)
			}
			n.settled(t)
		})
	}
}

// TestASilentZoneHoldsNoCallUp for longer than anybody notices.
func TestASilentZoneHoldsNoCallUp(t *testing.T) {
	n := New(t, Options{Internet: exchange.Internet{DNS: []string{mute(t).String()}}})
	partner := carrierAt("partner", "KR", FreePort(t, loopback()))
	partner.Kind, partner.ENUM, partner.ENUMAll = carrier.Partner, "partner.example", true
	n.Carriers(partner, carrierAt("seoul", "KR", serveGateway(t, n, "gateway-plain.xml", 1)))
	n.call(t, n.Member("Minji", "KR", "82", "25551234"), "025554321")
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() || r.Carrier != "seoul" || r.Answer.Sub(r.Start) > time.Second {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestAnybodyCallsANumberThatIsPublished, and no other; and only where that is
// open.
func TestAnybodyCallsANumberThatIsPublished(t *testing.T) {
	for name, open := range map[string]bool{"open": true, "closed": false} {
		t.Run(name, func(t *testing.T) {
			n := New(t, Options{Internet: exchange.Internet{Domain: "tel.example", Open: open, Near: near()}})
			n.own(t, "25551234")
			m := Member{User: "2555123482-1", Password: "pw2555123482"}
			n.Member("Jun", "KR", "82", "7000001")
			at := FreePort(t, loopback())
			n.register(t, []Member{m}, n.Addr("KR"), at, 10)
			SIPp{Scenario: "called.xml", Users: []Member{m}, Local: at, Remote: n.Addr("KR"), Calls: 1, Rate: 1}.Serve(t)
			from := FreePort(t, loopback())
			call := func(scenario, number string) {
				SIPp{Scenario: scenario, Users: make([]Member, 1), Local: from, Remote: n.Addr("KR"), Calls: 1, Rate: 1,
					Extra: func(int) string { return number }}.Run(t)
			}
			if !open {
				call("stranger-challenged.xml", "+8225551234;bob")
				return
			}
			call("stranger.xml", "+8225551234")
			r := n.Records.Wait(t, 1)[0]
			if r.Side != cdr.Entry || !r.Answered() || r.Carrier != "" || r.From.Text != "bob@other.example" || r.To.Number.Canonical() != "2555123482" {
				t.Errorf("%+v", r)
			}
			for _, number := range []string{"+827000001", "2555123482", "+8225554321", "+821012345678"} {
				call("stranger-refused.xml", number)
			}
			// A telephone of ours under a name of its own network proves itself, and
			// nobody in need is told that his number is not published.
			call("stranger-challenged.xml", "+8225551234;2555123482-1")
			call("stranger-challenged.xml", "112;bob")
			n.settled(t)
			if got := n.Records.Wait(t, 1); len(got) != 1 {
				t.Errorf("%d records", len(got))
			}
		})
	}
}
