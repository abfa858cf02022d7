package sip_test

import (
	"net/netip"
	"testing"

	"github.com/callisto-tel/callisto/telephony/ladder"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// agent is a user agent on the core, as plain as can be: it does what the test
// says with its one dialog, and keeps its events.
type agent struct {
	t      *testing.T
	s      *sip.Shard
	d      *sip.Dialog
	events []sip.Event
	sdp    []byte
}

func (a *agent) Urgent(*sip.Msg) bool { return false }
func (a *agent) Timer(*sip.UserTimer) {}
func (a *agent) Request(in *sip.Incoming) {
	if in.Msg.Method == sip.INVITE {
		a.d = in.Accept(false)
	}
}
func (a *agent) Event(d *sip.Dialog, e sip.Event) {
	e.Msg = nil
	e.SDP = append([]byte(nil), e.SDP...)
	a.events = append(a.events, e)
	switch e.Kind {
	case sip.EventOffer:
		d.AcceptOffer(a.sdp)
	case sip.EventFail, sip.EventCancel, sip.EventBye:
		a.d = nil
	}
}

const plain = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

// bench is an agent and the parties of a ladder: bob, and the proxies p1 and p2.
type bench struct {
	*ladder.Ladder
	*agent
	sim  *sip.Sim
	core *sip.Core
}

func newBench(t *testing.T) *bench {
	a := &agent{t: t, sdp: []byte(plain)}
	sim := sip.NewSim(1)
	self := netip.MustParseAddrPort("192.0.2.1:5060")
	core, err := sim.Core(sip.Config{Handler: func(s *sip.Shard) sip.Handler { a.s = s; return a }}, map[netip.AddrPort]string{self: "A"})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Ladder: ladder.New(t, sim), agent: a, sim: sim, core: core}
	for name, addr := range map[string]string{"bob": "198.51.100.1:5060", "p1": "198.51.100.11:5060", "p2": "198.51.100.12:5060"} {
		b.Add(&ladder.Party{Name: name, Addr: netip.MustParseAddrPort(addr), Server: self, Number: name})
	}
	return b
}

// do runs something of the agent's on its shard.
func (b *bench) do(f func()) {
	b.s.Post(func(*sip.Shard) { f() })
}

// calls makes the agent call by way of somebody.
func (b *bench) calls(by string, o sip.Outgoing) {
	b.do(func() {
		o.Flow = sip.Flow{Listener: b.core.Listeners()[0], Remote: netip.MustParseAddrPort(by)}
		o.URI, o.From, o.To = []byte("sip:bob@bob.example"), []byte("<sip:a@a.example>"), []byte("<sip:bob@bob.example>")
		b.d = b.s.Invite(&o)
	})
}

func (b *bench) leavesNothing() {
	b.t.Helper()
	b.End()
	if l := b.s.Live(); l != (sip.Live{}) {
		b.t.Errorf("left %+v", l)
	}
}

func (b *bench) saw(kinds ...sip.EventKind) {
	b.t.Helper()
	if len(b.events) != len(kinds) {
		b.t.Fatalf("events %v, want %v", b.events, kinds)
	}
	for i, k := range kinds {
		if b.events[i].Kind != k {
			b.t.Errorf("event %d is %v, want %v", i, b.events[i], k)
		}
	}
}

// TestRouteSetIsFollowed: RFC 3261 §12.2.1.1 and §16.12.1. Without a NAT it is
// the first route that says where requests go, not where the INVITE went.
func TestRouteSetIsFollowed(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.11:5060", sip.Outgoing{SDP: []byte(plain)})
	b.Play(`
		p1 <- INVITE
		p1 -> 180 INVITE "Record-Route: <sip:198.51.100.12:5060;lr>" "Contact: <sip:bob@198.51.100.1:5060>"
		p1 -> 200 INVITE sdp "Record-Route: <sip:bob.example;lr>, <sip:198.51.100.12:5060;lr>" "Contact: <sip:bob@198.51.100.1:5060>"
		p2 <- ACK "First line: ACK sip:bob@198.51.100.1:5060 SIP/2.0" "Route: <sip:198.51.100.12:5060;lr>" "Route: <sip:bob.example;lr>"
		p1 -> 200 INVITE again
		p2 <- ACK again
		`)
	b.do(func() { b.d.Modify([]byte(plain)) })
	b.Play(`
		p2 <- INVITE "CSeq: 2 INVITE" "Route: <sip:198.51.100.12:5060;lr>"
		p2 -> 200 INVITE sdp "Record-Route: <sip:evil.example;lr>" "Contact: <sip:bob@198.51.100.1:5062>"
		p2 <- ACK "First line: ACK sip:bob@198.51.100.1:5062 SIP/2.0" "Route: <sip:198.51.100.12:5060;lr>" "CSeq: 2 ACK"
		`)
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		p2 <- BYE "First line: BYE sip:bob@198.51.100.1:5062 SIP/2.0" "CSeq: 3 BYE" "Route: <sip:bob.example;lr>"
		p2 -> 200 BYE
		`)
	b.saw(sip.EventProgress, sip.EventAnswer, sip.EventModified)
	b.leavesNothing()
}

// TestRemoteTargetIsFollowed: RFC 3261 §12.2.1.1. Without routes it is Contact.
func TestRemoteTargetIsFollowed(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.11:5060", sip.Outgoing{SDP: []byte(plain)})
	b.Play(`
		p1  <- INVITE
		p1  -> 200 INVITE sdp "Contact: <sip:bob@198.51.100.1:5060>"
		bob <- ACK "First line: ACK sip:bob@198.51.100.1:5060 SIP/2.0" "-Route"
		`)
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		bob <- BYE
		bob -> 200 BYE
		`)
	b.leavesNothing()
}

// TestCalledSideFollowsRecordRoute: RFC 3261 §12.1.1, in order for the called.
func TestCalledSideFollowsRecordRoute(t *testing.T) {
	b := newBench(t)
	b.Play(`
		bob -> INVITE uri=sip:a@192.0.2.1 sdp "Record-Route: <sip:198.51.100.12:5060;lr>, <sip:198.51.100.11:5060;lr>"
		bob <- 100 INVITE
		`)
	b.do(func() { b.d.Answer([]byte(plain)) })
	b.Play(`
		bob <- 200 INVITE "Record-Route: 198.51.100.12:5060" "Record-Route: 198.51.100.11:5060" "Supported: 100rel" "Allow: UPDATE"
		bob -> ACK
		wait 1s
		`)
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		p2  <- BYE "First line: BYE sip:bob@198.51.100.1:5060" "Route: 198.51.100.12" "Route: 198.51.100.11"
		p2  -> 200 BYE
		`)
	b.saw(sip.EventAck)
	b.leavesNothing()
}

// TestDemandedReliability: RFC 3262 §4, our own Require: 100rel.
func TestDemandedReliability(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.1:5060", sip.Outgoing{SDP: []byte(plain), Reliable: true})
	b.Play(`
		bob <- INVITE "Require: 100rel"
		bob -> 183 INVITE sdp "Require: 100rel" "RSeq: 4294967294"
		bob <- PRACK "RAck: 4294967294 1 INVITE" "CSeq: 2 PRACK"
		bob -> 200 PRACK
		bob -> 200 INVITE sdp
		bob <- ACK "CSeq: 1 ACK"
		`)
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		bob <- BYE "CSeq: 3 BYE"
		bob -> 200 BYE
		`)
	b.leavesNothing()
}

// TestUpdateFromUsBeforeTheAnswer: RFC 3311 §5.1, once an answer to our offer
// came reliably.
func TestUpdateFromUsBeforeTheAnswer(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.1:5060", sip.Outgoing{SDP: []byte(plain), Reliable: true})
	b.Play(`
		bob <- INVITE
		bob -> 183 INVITE sdp "Require: 100rel" "RSeq: 1" "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE"
		bob <- PRACK
		bob -> 200 PRACK
		`)
	b.do(func() {
		if !b.d.Modify([]byte(plain)) {
			t.Error("no UPDATE could be sent")
		}
	})
	b.Play(`
		bob <- UPDATE sdp
		bob -> UPDATE sdp                // glare (§5.2)
		bob <- 491 UPDATE
		bob -> 200 UPDATE sdp
		bob -> 200 INVITE
		bob <- ACK
		bob -> BYE
		bob <- 200 BYE
		`)
	b.saw(sip.EventProgress, sip.EventModified, sip.EventAnswer, sip.EventBye)
	b.leavesNothing()
}

// TestOneUpdateAtATime: RFC 3311 §5.2, a second one is refused before the first is
// answered. Who is somebody else meanwhile says so after that, and says who he is last.
func TestOneUpdateAtATime(t *testing.T) {
	for _, first := range []string{"200", "500"} {
		b := newBench(t)
		b.calls("198.51.100.1:5060", sip.Outgoing{SDP: []byte(plain)})
		b.Play(`
			bob <- INVITE
			bob -> 200 INVITE sdp "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"
			bob <- ACK
			`)
		for _, who := range []string{"one", "two", "three"} {
			b.do(func() {
				b.d.SetAbout([]byte("P-Asserted-Identity: <sip:" + who + "@a.example>\r\n"))
				b.d.Update()
			})
		}
		b.Play(`
			bob <- UPDATE nosdp "P-Asserted-Identity: <sip:one@a.example>"
			silence 300ms
			bob -> ` + first + ` UPDATE
			bob <- UPDATE nosdp "P-Asserted-Identity: <sip:three@a.example>"
			bob -> 200 UPDATE
			silence 5s
			bob -> BYE
			bob <- 200 BYE
			`)
		b.leavesNothing()
	}
}

// TestEndBeforeAnyAnswer: RFC 3261 §9.1, an INVITE nobody answers is given up
// for good; a 200 that comes all the same is ended.
func TestEndBeforeAnyAnswer(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.1:5060", sip.Outgoing{SDP: []byte(plain)})
	b.Play("bob <- INVITE")
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		bob <- INVITE again within=510ms
		bob -> 200 INVITE sdp
		bob <- ACK
		bob <- BYE
		bob -> 200 BYE
		bob -> 200 INVITE again
		bob <- ACK
		silence 5s
		`)
	b.saw()
	b.leavesNothing()
}

// TestByeHeldForTheAck: RFC 3261 §15.
func TestByeHeldForTheAck(t *testing.T) {
	b := newBench(t)
	b.Play("bob -> INVITE uri=sip:a@192.0.2.1 sdp")
	b.sim.Run(sip.Millisecond)
	b.do(func() { b.d.Answer([]byte(plain)) })
	b.Play("bob <- 200 INVITE")
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		silence 400ms
		bob -> ACK
		bob <- BYE
		bob -> 200 BYE
		`)
	b.saw()
	b.leavesNothing()
}

// TestChangeCrossesBye: RFC 3261 §15.1.2, whoever waits for an answer in a
// dialog that ends gets one.
func TestChangeCrossesBye(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.1:5060", sip.Outgoing{SDP: []byte(plain)})
	b.Play(`
		bob <- INVITE
		bob -> 200 INVITE sdp
		bob <- ACK
		`)
	b.do(func() { b.d.Modify([]byte(plain)) })
	b.Play(`
		bob <- INVITE sdp
		bob -> BYE
		bob <- 200 BYE
		bob -> 200 INVITE sdp            // to what we had asked before
		bob <- ACK
		bob <- BYE
		bob -> 481 BYE
		`)
	b.saw(sip.EventAnswer, sip.EventBye)
	b.leavesNothing()
}
