package lab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/ladder"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// stage is two centers in virtual time and the scripted telephones of a ladder:
// alice and carol in Korea, bob at home or in the United States.
type stage struct {
	*ladder.Ladder
	n *simNet
}

func newStage(t *testing.T, bobs string, unusual ...func(*edge.Config)) *stage {
	n := newSimCenters(t, 1, 1, unusual...)
	s := &stage{Ladder: ladder.New(t, n.sim), n: n}
	s.Step = n.step
	for i, who := range []struct{ name, country, code, national string }{
		{"alice", "KR", "82", "7000000"}, {"bob", bobs, map[string]string{"KR": "82", "US": "1"}[bobs], "75000001"}, {"carol", "KR", "82", "7000002"},
	} {
		national := who.national
		if who.country == "KR" {
			national = who.national[:7]
		}
		m := n.lab.Member(who.name, who.country, who.code, national)
		s.Add(&ladder.Party{
			Name: who.name, Addr: addrPort(fmt.Sprintf("203.0.113.%d:5060", i+1)), Server: addrPort(map[string]string{"KR": "192.0.2.1:5060", "US": "192.0.2.2:5060"}[who.country]),
			Number: m.Number.Canonical(), User: m.User, Password: m.Password, Realm: n.lab.Realm,
		})
		s.Play(fmt.Sprintf(`
			%[1]s -> REGISTER
			%[1]s <- 401 REGISTER
			%[1]s -> REGISTER
			%[1]s <- 200 REGISTER`, who.name))
	}
	return s
}

// leavesNothing ends a ladder: after all timers nobody holds anything.
func (s *stage) leavesNothing(t *testing.T) {
	t.Helper()
	s.End()
	for i, sh := range s.n.core.Shards() {
		if l := sh.Live(); l != (sip.Live{}) {
			t.Errorf("shard %d: left %+v", i, l)
		}
	}
	if taken, _ := s.n.rtp.InUse(); s.n.edge.LiveCalls() != 0 || taken != 0 || s.n.rtp.Sessions() != 0 {
		t.Errorf("left %d calls, %d port pairs, %d sessions of sound", s.n.edge.LiveCalls(), taken, s.n.rtp.Sessions())
	}
}

// everywhere plays a script within one center and between two.
func everywhere(t *testing.T, script string) {
	t.Helper()
	within(t, "KR", script)
	within(t, "US", script)
}

// within plays a script with bob in a country.
func within(t *testing.T, bobs, script string) {
	t.Helper()
	t.Run("bob in "+bobs, func(t *testing.T) {
		s := newStage(t, bobs)
		s.Play(script)
		s.leavesNothing(t)
	})
}

// answered is the beginning of most ladders.
const answered = `
	alice -> INVITE bob sdp
	alice <- 100 INVITE
	bob   <- INVITE sdp
	bob   -> 180 INVITE
	alice <- 180 INVITE
	bob   -> 200 INVITE sdp
	bob   <- ACK nosdp
	alice <- 200 INVITE sdp
	alice -> ACK
	`

const aliceHangsUp = `
	alice -> BYE
	alice <- 200 BYE
	bob   <- BYE
	bob   -> 200 BYE
	`

func TestOrdinaryCall(t *testing.T) { everywhere(t, answered+"wait 3s"+aliceHangsUp) }

// via is the Via line of a request.
func via(text string) string {
	_, rest, _ := strings.Cut(text, "Via: ")
	line, _, _ := strings.Cut(rest, "\r\n")
	return line
}

// addTerminal registers a further telephone of somebody, with its device.
func (s *stage) addTerminal(name, of, addr string) {
	p := s.Party(of)
	s.Add(&ladder.Party{Name: name, Addr: addrPort(addr), Server: p.Server, Number: p.Number, User: p.User, Password: p.Password, Realm: p.Realm})
	s.Play(fmt.Sprintf(`
		%[1]s -> REGISTER
		%[1]s <- 401 REGISTER
		%[1]s -> REGISTER
		%[1]s <- 200 REGISTER`, name))
}

// anything is a line of a ladder that makes no sense, but could be sent.
func (s *stage) anything(rng *rand.Rand) string {
	names := []string{"alice", "bob", "carol"}
	who, other := names[rng.IntN(3)], names[rng.IntN(3)]
	inCall := s.Said(who, "INVITE") || s.Heard(who, "INVITE")
	one := func(of ...string) string { return of[rng.IntN(len(of))] }
	switch rng.IntN(12) {
	case 0:
		return who + " -> INVITE " + other + one(" sdp", " sdp", " sdp 'Require: 100rel'", "", " sdp 'Supported: timer' 'Session-Expires: 90'")
	case 1, 2, 3, 4:
		method := one("INVITE", "INVITE", "INVITE", "BYE", "UPDATE", "PRACK", "CANCEL", "INFO")
		if s.Heard(who, method) {
			return who + " -> " + one("100", "180", "183", "200", "200", "200", "404", "422", "481", "486", "487", "491", "503", "603") + " " + method +
				one(" sdp", " sdp", " sdp", "", " sdp tag=fork", " 'Require: 100rel' 'RSeq: 1' sdp", " sdp 'Session-Expires: 90;refresher=uac'")
		}
	case 5, 6:
		if s.Said(who, "INVITE") {
			return who + " -> " + one("ACK", "ACK", "ACK sdp", "CANCEL")
		}
	case 7, 8:
		if inCall {
			return who + " -> " + one("BYE", "INVITE sdp", "INVITE sdp=sendonly", "INVITE", "UPDATE sdp", "UPDATE", "PRACK", "INFO 'Content-Type: application/dtmf' body=5",
				"BYE totag=guess", "INVITE sdp cseq=1")
		}
	case 9:
		if kind := one("INVITE", "BYE", "ACK", "CANCEL", "200 INVITE", "180 INVITE", "486 INVITE", "200 BYE"); s.Said(who, kind) {
			return who + " -> " + kind + " again"
		}
	default:
		return "wait " + one("1ms", "20ms", "300ms", "700ms", "3s", "20s", "100s")
	}
	return ""
}

// TestTelephonesThatMakeNoSense: whatever telephones say in whatever order, each
// message they get is right, and in the end nothing is left.
func TestTelephonesThatMakeNoSense(t *testing.T) {
	for seed := range uint64(senseless) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 5))
			s := newStage(t, []string{"KR", "US"}[seed%2])
			for range 60 {
				s.Play(strings.ReplaceAll(s.anything(rng), "'", "\""))
			}
			s.n.edge.HangUpAll()
			s.Play(`
				wait 200s
				alice forgets
				bob   forgets
				carol forgets`)
			s.leavesNothing(t)
		})
	}
}

const senseless = 150
