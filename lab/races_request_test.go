package lab

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

// Requests as they come in: repeated, merged, from old peers, from others than
// they should. That answers come from the address the request went to is checked
// on every answer by the ladder.

// RFC 3261 §17.2: whatever is repeated is answered the same, and begins nothing
// twice.
func TestRetransmittedRequestsAreAnsweredTheSame(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		alice -> INVITE again
		alice <- 100 INVITE
		alice <- 100 INVITE again
		bob   -> 180 INVITE
		alice <- 180 INVITE
		alice -> INVITE again
		alice <- 180 INVITE again
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE
		alice -> INVITE again            // crossed the 200, which repeats itself
		silence 400ms
		alice <- 200 INVITE again within=200ms
		alice -> ACK
		alice -> ACK again
		bob   -> BYE
		bob   <- 200 BYE
		alice <- BYE
		bob   -> BYE again
		bob   <- 200 BYE again
		wait 100ms
		alice -> 200 BYE
		wait 20s
		bob   -> BYE again               // within 64·T1 (timer J)
		bob   <- 200 BYE again
		`)
}

// RFC 3261 §8.2.2.2: the same request on another way (a proxy before us forked
// it) is merged: 482, and one call.
func TestMergedRequestIs482(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp branch=z9hG4bKfirst
		bob   <- INVITE
		alice -> INVITE bob sdp callid={alice.callid} tag={alice.tag} cseq=3 nc=00000003
		alice <- 482 INVITE
		alice -> ACK
		bob   -> 180 INVITE
		alice <- 180 INVITE
		silence 400ms
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice -> ACK branch=z9hG4bKfirst
		`)
}

// RFC 3261 §17.2.3, §8.1.1.7 with the rules of RFC 2543: no cookie in the
// branch, no branch at all; and RFC 3581 not asked for.
func TestPeersOfRFC2543(t *testing.T) {
	for name, v := range map[string]string{"no branch": "SIP/2.0/UDP 203.0.113.1:5060", "no cookie": "SIP/2.0/UDP 203.0.113.1:5060;branch=1"} {
		t.Run(name, func(t *testing.T) {
			h := ` "Via: ` + v + `"`
			within(t, "KR", `
				alice -> INVITE bob sdp`+h+`
				bob   <- INVITE
				alice -> INVITE again
				alice <- 100 INVITE
				alice <- 100 INVITE again
				bob   -> 200 INVITE sdp
				bob   <- ACK
				alice <- 200 INVITE
				alice -> ACK`+h+`
				silence 5s
				alice -> BYE`+h+`
				alice <- 200 BYE
				alice -> BYE again
				alice <- 200 BYE again
				bob   <- BYE
				bob   -> 200 BYE
				alice -> INVITE bob sdp`+h+`
				bob   <- INVITE
				bob   -> 180 INVITE
				alice <- 180 INVITE
				alice -> CANCEL`+h+`
				alice <- 200 CANCEL
				alice <- 487 INVITE
				alice -> ACK`+h+`
				bob   <- CANCEL
				bob   -> 200 CANCEL
				bob   -> 487 INVITE
				bob   <- ACK
				silence 20s
				`)
		})
	}
}

// Telephones exist that acknowledge a 2xx on the branch of its INVITE, as was
// right before RFC 3261.
func TestAckOf2xxOnTheInvitesBranch(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE
		alice -> ACK branch={alice.branch}
		silence 40s
		`+aliceHangsUp)
}

// RFC 3261 §18.2.1, §18.2.2 and RFC 3581 §4: received says where it came from
// if Via does not, rport as well if asked; without rport the answer goes to the
// port of Via.
func TestViaReceivedAndRport(t *testing.T) {
	s := newStage(t, "KR")
	s.Also("alice", addrPort("203.0.113.1:5099"))
	s.Play(`
		alice -> OPTIONS "Via: SIP/2.0/UDP 10.0.0.7:5060;rport;branch=z9hG4bKv1"
		alice <- 200 OPTIONS "Via: ;rport=5060" "Via: ;received=203.0.113.1"
		alice -> OPTIONS "Via: SIP/2.0/UDP phone.example;branch=z9hG4bKv2;rport;received=1.2.3.4"
		alice <- 200 OPTIONS "Via: ;received=203.0.113.1"
		alice -> OPTIONS "Via: SIP/2.0/UDP 203.0.113.1:5099;branch=z9hG4bKv3"
		alice <- 200 OPTIONS
		alice -> OPTIONS "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKv4" "Via: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKfar"
		alice <- 200 OPTIONS "Via: 10.9.9.9;branch=z9hG4bKfar"
		`)
	if v := s.Last("alice", "200 OPTIONS"); strings.Contains(v, "1.2.3.4") || strings.Count(v, "\r\nVia: ") != 2 {
		t.Error(v)
	}
	s.leavesNothing(t)
}

// RFC 3261 §18.2.2: a center with several addresses answers, and calls back,
// from the one the telephone spoke to.
func TestAnsweredOnTheSocketTheRequestCameInOn(t *testing.T) {
	s := newStage(t, "KR")
	s.Play(`
		alice -> INVITE bob sdp to=192.0.2.1:5080
		bob   <- INVITE
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE "Contact: 192.0.2.1:5080"
		alice -> ACK to=192.0.2.1:5080
		bob   -> BYE
		bob   <- 200 BYE
		alice <- BYE "Via: 192.0.2.1:5080"
		`)
	if from := s.From("alice", "BYE"); from != addrPort("192.0.2.1:5080") {
		t.Errorf("hung up on from %s", from)
	}
	s.Play("alice -> 200 BYE to=192.0.2.1:5080")
	s.leavesNothing(t)
}

// RFC 5626 §5.3 in spirit: two telephones behind NATs name the same private
// Contact. Each is called on the flow of its own registration.
func TestBindingNamesTheFlow(t *testing.T) {
	s := newStage(t, "KR")
	for _, who := range []string{"bob", "carol"} {
		s.Play(who + ` -> REGISTER "Contact: <sip:phone@10.0.0.5:5060>"
			` + who + ` <- 200 REGISTER
			` + who + ` -> REGISTER "Contact: <sip:` + who + `@{` + who + `.addr}>;expires=0"
			` + who + ` <- 200 REGISTER`)
	}
	s.Play(`
		alice -> INVITE carol sdp
		carol <- INVITE "First line: sip:phone@10.0.0.5:5060"
		carol -> 486 INVITE
		carol <- ACK
		alice <- 486 INVITE
		alice -> ACK
		alice -> INVITE bob sdp
		bob   <- INVITE "First line: sip:phone@10.0.0.5:5060"
		bob   -> 200 INVITE sdp "Contact: <sip:phone@10.0.0.5:5060>"
		bob   <- ACK
		alice <- 200 INVITE
		alice -> ACK
		` + aliceHangsUp)
	s.leavesNothing(t)
}

// RFC 3261 §16.3 step 3, §16.6 step 3: every center on the way takes one off;
// at nought the call is not carried on.
func TestMaxForwards(t *testing.T) {
	refused := `
		alice <- 483 INVITE
		alice -> ACK
		silence 5s
		`
	rings := func(left string) string {
		return `
		bob   <- INVITE "Max-Forwards: ` + left + `"
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice -> ACK
		`
	}
	ask := `
		alice -> INVITE bob sdp "Max-Forwards: `
	within(t, "KR", ask+`10"`+rings("9")+ask+`1"`+rings("0")+ask+`0"`+refused)
	within(t, "US", ask+`10"`+rings("8")+ask+`2"`+rings("0")+ask+`1"`+refused)
	within(t, "KR", `
		alice -> INVITE bob sdp "-Max-Forwards"
		bob   <- INVITE "Max-Forwards: 69"
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice -> ACK
		`)
}

// RFC 3261 §9.2 has no proof for a CANCEL: it is taken from where its INVITE
// came, and from nowhere else.
func TestCancelFromElsewhereIsRefused(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		alice -> CANCEL from=carol
		carol <- 481 CANCEL
		alice -> CANCEL branch=z9hG4bKguess
		alice <- 481 CANCEL
		silence 400ms
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE
		alice -> ACK
		alice -> CANCEL                  // too late: no effect (§9.2)
		alice <- 200 CANCEL
		silence 5s
		`+aliceHangsUp)
}

// RFC 3261 §12.2.2: who does not know the tags has no part in the dialog.
func TestInDialogRequestWithGuessedTagsIs481(t *testing.T) {
	within(t, "KR", answered+`
		carol -> BYE uri=sip:callisto@192.0.2.1:5060 callid={alice.callid} "From: <sip:a@b>;tag={alice.tag}" "To: <sip:c@d>;tag=guess"
		carol <- 481 BYE
		alice -> BYE totag=0123456789abcdef0123456789
		alice <- 481 BYE
		alice -> BYE tag=other
		alice <- 481 BYE
		alice -> BYE callid=other
		alice <- 481 BYE
		alice -> INVITE sdp totag=guess
		alice <- 481 INVITE
		alice -> ACK
		silence 5s
		`+aliceHangsUp)
}

// Call-ID and tags can be overheard: from another address they need a proof,
// with which a telephone that came to another network goes on.
func TestOverheardDialogNeedsAProofFromElsewhere(t *testing.T) {
	s := newStage(t, "KR")
	s.Also("alice", addrPort("198.51.100.66:5060"))
	s.Play(answered + `
		alice -> INVITE sdp from=198.51.100.66:5060
		alice <- 401 INVITE
		alice -> ACK
		alice -> BYE from=198.51.100.66:5060
		alice <- 401 BYE
		silence 2s
		alice -> BYE auth password=guessed from=198.51.100.66:5060
		alice <- 403 BYE
		alice -> BYE auth from=198.51.100.66:5060
		alice <- 200 BYE
		bob   <- BYE
		bob   -> 200 BYE
		`)
	s.leavesNothing(t)
}

// A dialog of RFC 3261 §15: the callee may not end an early dialog by BYE, the
// caller may.
func TestByeBeforeTheAnswer(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		bob   -> BYE
		bob   <- 481 BYE
		alice -> BYE
		alice <- 487 INVITE
		alice <- 200 BYE
		alice -> ACK
		bob   <- CANCEL
		bob   -> 200 CANCEL
		bob   -> 487 INVITE
		bob   <- ACK
		silence 20s
		`)
}

// A telephone that says nothing at all: the caller is told when it has rung
// long enough, and whatever it says later finds nobody.
func TestSilentTelephone(t *testing.T) {
	s := newStage(t, "KR")
	s.Play(`
		alice -> INVITE bob sdp
		alice <- 100 INVITE
		bob   <- INVITE
		bob   <- INVITE again times=6 within=16100ms
		alice <- 408 INVITE within=20s
		alice -> ACK
		bob   -> 200 INVITE sdp          // half a minute late
		silence 5s
		`)
	if took := s.Took("alice", "100 INVITE", "408 INVITE"); took.Round(1e8) != 32e9 {
		t.Errorf("told after %v", took)
	}
	s.leavesNothing(t)
}

// RFC 3261 §8.1.3.1, §18.4: a telephone that is gone, told by ICMP, is an answer
// to the caller at once and not half a minute of silence; and another of the
// same person still rings.
func TestRefusedNextHopIsAnAnswerUpstreamAtOnce(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		s := newStage(t, bobs)
		s.n.sim.Refuse = true
		s.addTerminal("desk", "bob", "203.0.113.20:5060")
		s.Play(`
			bob   leaves
			alice -> INVITE bob sdp
			desk  <- INVITE
			desk  -> 180 INVITE
			alice <- 180 INVITE
			desk  -> 486 INVITE
			desk  <- ACK
			alice <- 486 INVITE
			alice -> ACK
			desk  leaves
			alice -> INVITE bob sdp
			alice <- 480 INVITE within=100ms
			alice -> ACK
			`)
		s.leavesNothing(t)
	}
}

// A telephone that goes in mid-call: its own retransmission timers find out,
// not a forged ICMP; what is asked of it then fails at once.
func TestTelephoneGoneInMidCall(t *testing.T) {
	s := newStage(t, "KR")
	s.n.sim.Refuse = true
	s.Play(answered + `
		bob   leaves
		silence 10s
		alice -> INVITE sdp=sendonly
		alice <- 503 INVITE within=100ms
		alice -> ACK
		alice -> BYE
		alice <- 200 BYE
		`)
	s.leavesNothing(t)
}

// RFC 2543 knew INVITEs without Contact: the caller is where his From says.
func TestInviteWithoutContact(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp "-Contact"
		bob   <- INVITE
		bob   -> 200 INVITE sdp "-Contact"
		bob   <- ACK "First line: ACK sip:bob@203.0.113.2:5060 SIP/2.0"
		alice <- 200 INVITE
		alice -> ACK
		bob   -> BYE
		bob   <- 200 BYE
		alice <- BYE "First line: BYE sip:{alice.number}@192.0.2.1:5060 SIP/2.0"
		alice -> 200 BYE
		`)
}

// A telephone has so many calls at once and no more; what it calls in an emergency is
// another matter, and so is what others call.
func TestCallsOfOneTelephoneAreCounted(t *testing.T) {
	s := newStage(t, "KR", func(c *edge.Config) { c.Together = 1 })
	s.Play(`
		alice -> INVITE bob sdp callid=first branch=z9hG4bKfirst
		bob   <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		carol -> INVITE bob uri=sip:119@192.0.2.1:5060 sdp
		carol <- 183 INVITE sdp
		carol -> CANCEL
		carol <- 200 CANCEL
		carol <- 487 INVITE
		carol -> ACK
		alice -> INVITE carol sdp callid=second
		alice <- 486 INVITE "First line: one may have at once"
		alice -> ACK
		alice -> INVITE bob uri=sip:119@192.0.2.1:5060 sdp callid=third
		alice <- 183 INVITE sdp
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice -> ACK bob branch=z9hG4bKfirst callid=first cseq=3
		alice -> INVITE carol sdp callid=fourth
		carol <- INVITE
		carol -> 486 INVITE
		carol <- ACK
		alice <- 486 INVITE
		alice -> ACK`)
	s.leavesNothing(t)
}

// Where ports are short, the last are for emergency calls.
func TestPortsAreKeptForEmergencyCalls(t *testing.T) {
	engine, err := rtp.New(rtp.Config{Addr4: netip.MustParseAddr("127.0.0.1"), MinPort: 41400, MaxPort: 41403, Kept: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	s := newStage(t, "KR", func(c *edge.Config) { c.Media = media.New(engine, media.NewPrompts()) })
	s.Play(`
		alice -> INVITE bob sdp
		alice <- 503 INVITE
		alice -> ACK
		alice -> INVITE bob uri=sip:119@192.0.2.1:5060 sdp
		alice <- 183 INVITE sdp
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK`)
	s.leavesNothing(t)
}
