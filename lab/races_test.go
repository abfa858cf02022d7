package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/telephony/ladder"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// stage is two centers in virtual time and the scripted telephones of a ladder:
// alice and carol in Korea, bob at home or in the United States.
type stage struct {
	*ladder.Ladder
	n *simNet
}

func newStage(t *testing.T, bobs string) *stage {
	n := newSimCenters(t, 1, 1)
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
