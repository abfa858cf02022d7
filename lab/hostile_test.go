package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/ladder"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// The gateways of these tests do what no honest one does. They are parties of a
// ladder, which shares no code with the core it is held against.

// newMarket is a stage with two carriers of Korea: their gateways are gw1, which
// calls are cheapest by, and gw2. change changes the first.
func newMarket(t *testing.T, change func(*carrier.Carrier)) *stage {
	t.Helper()
	s := newStage(t, "KR")
	list := []carrier.Carrier{}
	for i, name := range []string{"gw1", "gw2"} {
		at := addrPort(fmt.Sprintf("203.0.113.%d:5060", 101+i))
		c := carrierAt(name, "KR", at)
		c.Trunks[0].From = []string{at.String()}
		if change != nil && i == 0 {
			change(&c)
		}
		list = append(list, c)
		s.Add(&ladder.Party{Name: name, Addr: at, Server: addrPort("192.0.2.1:5060"), Number: name})
	}
	h, _ := s.n.lab.Sold.Typed("750000082")
	h.OwnPhone = true // bob is called as +827500000
	s.n.lab.Sold.Set(h)
	s.n.tables.Ways = routing.NewWays()
	s.n.tables.Ways.SetFree()
	s.n.tables.Ways.SetCarriers(list)
	s.n.trunks.SetCarriers(list)
	return s
}

// records are what was recorded, for one call.
func (s *stage) records(t *testing.T, n int) []cdr.Record {
	t.Helper()
	return s.n.lab.Records.Wait(t, n)
}

// over plays to the end and looks that nothing is left, on the trunks neither.
func (s *stage) over(t *testing.T) {
	t.Helper()
	s.leavesNothing(t)
	for _, id := range []string{"gw1-203.0.113.101:5060", "gw2-203.0.113.102:5060"} {
		if k := s.n.trunks.Calls(id); k != 0 {
			t.Errorf("%d calls are still counted on %s", k, id)
		}
	}
}

const outside = "alice -> INVITE uri=sip:025554321@192.0.2.1 sdp\n"

// talking is a call that gw1 has answered.
const talking = outside + `
	alice <- 100 INVITE
	gw1   <- INVITE sdp
	gw1   -> 200 INVITE sdp
	gw1   <- ACK
	alice <- 200 INVITE sdp
	alice -> ACK
	`

// TestATrunkThatAnswersNonsense: what is no answer is none; when its time is
// over the next carrier is asked.
func TestATrunkThatAnswersNonsense(t *testing.T) {
	s := newMarket(t, nil)
	s.Play(outside + "alice <- 100 INVITE\ngw1 <- INVITE sdp")
	invite := s.Last("gw1", "INVITE")
	line := func(name string) string { return name + ": " + headerOf(invite, name) + "\r\n" }
	head := line("Via") + line("From") + "To: " + headerOf(invite, "To") + ";tag=x\r\n" + line("Call-ID")
	for _, b := range []string{
		"", "\x00\x01\x02\xff", "SIP/2.0 200\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("A", 60000),
		"SIP/2.0 999 What\r\n" + head + line("CSeq") + "\r\n",
		"SIP/2.0 200 OK\r\n" + head + "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\n" + head + "CSeq: -1 INVITE\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\n" + head + line("CSeq") + "Content-Length: -5\r\n\r\n",
		"SIP/2.0 200 OK\r\n" + head + line("CSeq") + "Content-Length: 5000\r\n\r\nv=0",
		"SIP/2.0 200 OK\r\n" + strings.Repeat("X: y\r\n", 500) + head + line("CSeq") + "\r\n",
		"SIP/2.0 200 OK\r\n" + strings.Replace(head, "z9hG4bK", "z9hG4bKx", 1) + line("CSeq") + "Content-Length: 0\r\n\r\n",
	} {
		s.n.sim.Send(addrPort("203.0.113.101:5060"), addrPort("192.0.2.1:5060"), []byte(b))
	}
	s.n.run(sip.Second / 5)
	s.Play("gw1 forgets")
	for range 4 {
		s.n.run(sip.Second)
	}
	s.Play(`
		gw1 forgets
		gw2 <- INVITE sdp
		gw2 -> 200 INVITE sdp
		gw2 <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		alice -> BYE
		alice <- 200 BYE
		gw2 <- BYE
		gw2 -> 200 BYE
		wait 60s
		gw1 forgets
		`)
	if r := s.records(t, 1)[0]; !r.Answered() || r.Carrier != "gw2" {
		t.Errorf("%+v", r)
	}
	s.over(t)
}

func headerOf(msg, name string) string {
	_, rest, _ := strings.Cut(msg, "\r\n"+name+": ")
	v, _, _ := strings.Cut(rest, "\r\n")
	return v
}

// TestATrunkThatSendsUsElsewhere: a number that costs is never called for it; the
// next carrier is asked for what was dialled.
func TestATrunkThatSendsUsElsewhere(t *testing.T) {
	s := newMarket(t, nil)
	s.Play(outside + `
		alice <- 100 INVITE
		gw1 <- INVITE sdp
		gw1 -> 302 INVITE "Contact: <sip:+19005551234@203.0.113.103>"
		gw1 <- ACK
		gw2 <- INVITE sdp "First line: INVITE sip:+8225554321@"
		gw2 -> 305 INVITE "Contact: <sip:203.0.113.103;lr>"
		gw2 <- ACK
		alice <- 480 INVITE
		alice -> ACK
		silence 10s
		`)
	s.over(t)
}

// TestATrunkThatAsksForOtherCredentials: it gets those of its own realm, and for
// another realm nothing, for a BYE neither.
func TestATrunkThatAsksForOtherCredentials(t *testing.T) {
	s := newMarket(t, func(c *carrier.Carrier) {
		c.Trunks[0].User, c.Trunks[0].Password = "callisto", "secret"
	})
	s.Play(outside + `
		alice <- 100 INVITE
		gw1 <- INVITE sdp "-Authorization" "-Proxy-Authorization"
		gw1 -> 407 INVITE "Proxy-Authenticate: Digest realm='gw1', nonce='n', qop='auth'"
		gw1 <- ACK
		gw1 <- INVITE sdp "Proxy-Authorization: realm='gw1'"
		gw1 -> 200 INVITE sdp
		gw1 <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		alice -> BYE
		alice <- 200 BYE
		gw1 <- BYE "-Authorization"
		gw1 -> 401 BYE "WWW-Authenticate: Digest realm='bank.example', nonce='z', qop='auth'"
		silence 10s
		`)
	s.Play("alice -> INVITE uri=sip:025554322@192.0.2.1 sdp" + `
		alice <- 100 INVITE
		gw1 <- INVITE sdp
		gw1 -> 407 INVITE "Proxy-Authenticate: Digest realm='gw1', nonce='n', qop='auth'"
		gw1 <- ACK
		gw1 <- INVITE sdp "Proxy-Authorization: realm='gw1'"
		gw1 -> 401 INVITE "WWW-Authenticate: Digest realm='bank.example', nonce='z', qop='auth'"
		gw1 <- ACK
		gw2 <- INVITE "-Authorization" "-Proxy-Authorization"
		gw2 -> 603 INVITE
		gw2 <- ACK
		alice <- 603 INVITE
		alice -> ACK
		`)
	s.over(t)
}

// TestATrunkThatClaimsToBeAMember: whom it asserts is shown, and nobody pays; it
// calls no ordinary telephone and nobody's number but those it may, whatever it
// claims of forwarding.
func TestATrunkThatClaimsToBeAMember(t *testing.T) {
	s := newMarket(t, func(c *carrier.Carrier) { c.Reach, c.Diverts = []string{"8275"}, true })
	alice := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7000000"}
	s.n.tables.Known = did{"+8221112222": alice}.holders(s.n.lab)
	claims := ` "P-Asserted-Identity: <sip:+8221112222@gw1>" "Diversion: <sip:+827000000@gw1>;counter=1" "Authorization: Digest username='alice'"`
	for _, dialled := range []string{"+8225554321", "+827000002", "119", "%2b827000002", "*67+8225554321", "+827500000@192.0.2.1;role=exit;payer=acc_700000082"} {
		if !strings.Contains(dialled, "@") {
			dialled += "@192.0.2.1"
		}
		s.Play("gw1 -> INVITE uri=sip:" + dialled + " sdp" + claims)
		if strings.Contains(dialled, "7500000") {
			s.Play(`
				gw1 <- 100 INVITE
				bob <- INVITE sdp
				bob -> 486 INVITE
				bob <- ACK
				gw1 <- 486 INVITE
				gw1 -> ACK`)
			if m := s.Last("bob", "INVITE"); !strings.Contains(m, "\nFrom: <sip:700000082@") {
				t.Errorf("a number without proof has the name of its holder, or itself as one: %s", m)
			}
			continue
		}
		if strings.HasPrefix(dialled, "119@") { // it may be a telephone behind that address: it has to prove that
			s.Play("gw1 <- 401 INVITE\ngw1 -> ACK")
			continue
		}
		s.Play("gw1 <- 403 INVITE\ngw1 -> ACK")
	}
	for _, r := range s.records(t, 5) {
		if r.Side != cdr.Entry || r.From.Account != "" || r.From.Number != alice || r.Answered() {
			t.Errorf("%+v", r)
		}
	}
	s.over(t)
}

// TestEarlySoundAndThenNothing: what was heard of one carrier ends, and the next
// one's takes its place; signs of ringing in any order are told as they come.
func TestEarlySoundAndThenNothing(t *testing.T) {
	s := newMarket(t, nil)
	s.Play(outside + `
		alice <- 100 INVITE
		gw1 <- INVITE sdp
		gw1 -> 183 INVITE sdp
		alice <- 183 INVITE sdp
		gw1 -> 180 INVITE
		alice <- 180 INVITE
		gw1 -> 183 INVITE sdp          // it rings: that is no step back
		gw1 -> 503 INVITE
		gw1 <- ACK
		gw2 <- INVITE sdp
		gw2 -> 180 INVITE
		gw2 -> 183 INVITE sdp
		alice <- 180 INVITE sdp
		gw2 -> 200 INVITE sdp
		gw2 <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		gw1 -> 200 INVITE sdp          // it has refused already, and is ended
		gw1 <- ACK
		gw1 <- BYE
		gw1 -> 200 BYE
		wait 2s
		alice -> BYE
		alice <- 200 BYE
		gw2 <- BYE
		gw2 -> 200 BYE
		`)
	if r := s.records(t, 1)[0]; !r.Answered() || r.Carrier != "gw2" {
		t.Errorf("%+v", r)
	}
	s.over(t)
}

// TestATrunkThatAnswersWithoutSound: a 200 that describes none is no call. It
// ends at once, and the next carrier is asked.
func TestATrunkThatAnswersWithoutSound(t *testing.T) {
	s := newMarket(t, nil)
	s.Play(outside + `
		alice <- 100 INVITE
		gw1 <- INVITE sdp
		gw1 -> 200 INVITE
		gw1 <- ACK
		gw1 <- BYE
		gw1 -> 200 BYE
		gw2 <- INVITE sdp
		gw2 -> 200 INVITE body="no description"
		gw2 <- ACK
		gw2 <- BYE
		gw2 -> 200 BYE
		alice <- 488 INVITE
		alice -> ACK
		`)
	if r := s.records(t, 1)[0]; r.Answered() || r.Cause != cdr.Media {
		t.Errorf("%+v", r)
	}
	s.over(t)
}

// TestATrunkThatNeverEnds: one that answers and is never heard of again is
// ended by us, and its place on the trunk is free; so is one that calls and does
// not acknowledge the answer.
func TestATrunkThatNeverEnds(t *testing.T) {
	s := newMarket(t, func(c *carrier.Carrier) { c.Reach, c.Trunks[0].Capacity = []string{"82"}, 1 })
	s.Play(outside + `
		alice <- 100 INVITE
		gw1 <- INVITE sdp
		gw1 -> 200 INVITE sdp
		gw1 <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		alice -> BYE
		alice <- 200 BYE
		wait 40s
		gw1 forgets                    // the BYE, again and again
		silence 10s
		gw1 -> INVITE uri=sip:+827500000@192.0.2.1 sdp
		gw1 -> INVITE uri=sip:+827500000@192.0.2.1 sdp
		gw1 <- 503 INVITE "Retry-After: 5"
		gw1 -> ACK
		bob <- INVITE sdp
		bob -> 200 INVITE sdp
		bob <- ACK
		wait 30s
		bob <- BYE within=3s
		bob -> 200 BYE
		wait 40s
		gw1 forgets                    // the answer, again and again, and the end
		`)
	s.over(t)
}

// TestAForgedSource: the address a trunk's calls come from includes its port, if
// that was set; who overheard a call cannot end it from elsewhere.
func TestAForgedSource(t *testing.T) {
	s := newMarket(t, func(c *carrier.Carrier) { c.Reach = []string{"82"} })
	s.Also("gw1", addrPort("203.0.113.101:5099"))
	s.Play(`
		gw1 -> INVITE uri=sip:+827500000@192.0.2.1 sdp from=203.0.113.101:5099
		gw1 <- 401 INVITE
		` + talking + `
		gw1 -> BYE from=gw2
		gw2 <- 403 BYE
		`)
	s.Play("alice -> BYE\nalice <- 200 BYE\ngw1 <- BYE\ngw1 -> 200 BYE")
	s.over(t)
}

// TestAFloodOfCalls: a trunk gets as many calls as it was given, at the rate it
// was given; members call meanwhile as ever.
func TestAFloodOfCalls(t *testing.T) {
	s := newMarket(t, func(c *carrier.Carrier) { c.Reach, c.Trunks[0].Capacity, c.Trunks[0].CPS = []string{"82"}, 20, 10 })
	status := map[string]int{}
	at := addrPort("203.0.113.101:5060")
	s.n.sim.Peer(at, func(_ netip.AddrPort, b []byte) {
		if k, ok := strings.CutPrefix(string(b), "SIP/2.0 "); ok {
			status[k[:3]]++
		}
	})
	const flood = 5000
	for i := range flood {
		s.n.sim.Send(at, addrPort("192.0.2.1:5060"), []byte(fmt.Sprintf("INVITE sip:+827000002@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKf%d\r\nFrom: <sip:+821@gw1>;tag=f%d\r\n"+
			"To: <sip:+827000002@192.0.2.1>\r\nCall-ID: flood-%d\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:gw1@%s>\r\nContent-Length: 0\r\n\r\n", at, i, i, i, at)))
		if i%100 == 99 { // 5000 calls a second
			s.n.run(20 * sip.Millisecond)
		}
	}
	s.Play("carol forgets\n" + answered + aliceHangsUp)
	if n := s.n.trunks.Calls("gw1-203.0.113.101:5060"); n > 20 {
		t.Errorf("%d calls on a trunk of 20", n)
	}
	if status["503"] < flood-25 || status["503"] > flood-10 {
		t.Errorf("answered %v", status)
	}
	s.n.run(400 * sip.Second)
	s.Play("carol forgets")
	if n := s.n.trunks.Calls("gw1-203.0.113.101:5060"); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}

// TestACarrierOfSeveralAddresses may end its call from another of them, and nobody
// else may.
func TestACarrierOfSeveralAddresses(t *testing.T) {
	s := newMarket(t, func(c *carrier.Carrier) { c.Trunks[0].From = append(c.Trunks[0].From, "203.0.113.111") })
	s.Also("gw1", addrPort("203.0.113.111:5060"))
	s.Play(talking + `
		gw1   -> BYE from=gw2
		gw2   <- 403 BYE
		gw1   -> BYE from=203.0.113.111:5060
		gw1   <- 200 BYE
		alice <- BYE
		alice -> 200 BYE
		`)
	if r := s.records(t, 1)[0]; !r.Answered() || r.Cause != cdr.Normal {
		t.Errorf("%+v", r)
	}
	s.over(t)
}
