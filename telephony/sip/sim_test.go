package sip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// party is a user of a core that behaves as its seed says.
type party struct {
	t     testing.TB
	rng   *rand.Rand
	shard *Shard
	open  map[*Dialog]*leg
	ended map[string]int // Call-ID → how often the end was told
	seen  map[EventKind]int
	fail  map[int]int
}

type leg struct {
	p      *party
	d      *Dialog
	callID string
	timer  UserTimer
	plan   []action
}

type action struct {
	after Mono
	do    func(*leg)
}

func newParty(t testing.TB, seed uint64) *party {
	return &party{t: t, rng: rand.New(rand.NewPCG(seed, 7)), open: map[*Dialog]*leg{}, ended: map[string]int{}, seen: map[EventKind]int{}, fail: map[int]int{}}
}

func (p *party) handler(s *Shard) Handler { p.shard = s; return p }

func (p *party) Urgent(*Msg) bool { return false }

func (p *party) add(d *Dialog, plan ...action) *leg {
	l := &leg{p: p, d: d, callID: string(d.CallID()), plan: plan}
	l.timer.Owner = l
	p.open[d] = l
	d.User = l
	l.next()
	return l
}

func (l *leg) next() {
	if len(l.plan) > 0 {
		l.d.Shard().SetTimer(&l.timer, l.d.Shard().Now()+l.plan[0].after)
	}
}

func (p *party) Timer(t *UserTimer) {
	l := t.Owner.(*leg)
	a := l.plan[0]
	l.plan = l.plan[1:]
	a.do(l)
	if p.open[l.d] == l {
		l.next()
	}
}

func (l *leg) over() {
	l.d.Shard().ClearTimer(&l.timer)
	delete(l.p.open, l.d)
	l.p.ended[l.callID]++
}

func (l *leg) end() {
	l.over()
	l.d.End(480, "")
}

const sdpA = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

func (p *party) within(ms int64) Mono { return Mono(p.rng.Int64N(ms)+1) * Millisecond }

func (p *party) Request(in *Incoming) {
	if in.Msg.Method != INVITE {
		in.Respond(&Reply{Status: 200})
		return
	}
	d := in.Accept(p.rng.IntN(2) == 0)
	if d == nil {
		return
	}
	var plan []action
	for range p.rng.IntN(3) {
		status, sdp := 180, []byte(nil)
		if p.rng.IntN(2) == 0 && !d.LateOffer() {
			status, sdp = 183, []byte(sdpA)
		}
		plan = append(plan, action{p.within(3000), func(l *leg) { l.d.Progress(status, sdp) }})
	}
	switch p.rng.IntN(6) {
	case 0:
		status := []int{404, 486, 480, 503, 603}[p.rng.IntN(5)]
		plan = append(plan, action{p.within(4000), func(l *leg) { l.over(); l.d.Refuse(status, "", nil) }})
	case 1: // never answers; the caller has to give up
		plan = append(plan, action{400 * Second, (*leg).end})
	default:
		plan = append(plan, action{p.within(4000), func(l *leg) { l.d.Answer([]byte(sdpA)) }})
		plan = append(plan, p.talk()...)
	}
	p.add(d, plan...)
}

// talk is what happens in an answered call.
func (p *party) talk() (plan []action) {
	for range p.rng.IntN(3) {
		plan = append(plan, action{p.within(3000), func(l *leg) {
			switch l.p.rng.IntN(3) {
			case 0:
				l.d.Modify([]byte(sdpA))
			case 1:
				l.d.Modify(nil)
			case 2:
				l.d.Info("application/dtmf-relay", []byte("Signal=5\r\n"))
			}
		}})
	}
	return append(plan, action{p.within(8000), (*leg).end})
}

func (p *party) Event(d *Dialog, e Event) {
	p.seen[e.Kind]++
	l := p.open[d]
	if l == nil || d.User != l {
		p.t.Fatalf("event %d for a dialog that ended", e.Kind)
	}
	switch e.Kind {
	case EventFail:
		p.fail[e.Status]++
		l.over()
	case EventCancel, EventBye:
		l.over()
	case EventAnswer, EventModified:
		if len(e.SDP) > 0 {
			d.Ack([]byte(sdpA))
		}
	case EventOffer:
		if p.rng.IntN(5) == 0 {
			d.RefuseOffer(488)
		} else {
			d.AcceptOffer([]byte(sdpA))
		}
	case EventProgress, EventAck, EventRefused, EventInfo, EventUpdate:
	}
}

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func (p *party) call(from *Core, to netip.AddrPort) {
	o := &Outgoing{
		Flow: Flow{Listener: from.Listeners()[0], Remote: to}, URI: []byte("sip:bob@" + to.String()),
		From: []byte("<sip:alice@a.example>"), To: []byte("<sip:bob@b.example>"), SDP: []byte(sdpA),
		Reliable: p.rng.IntN(3) == 0, NAT: p.rng.IntN(2) == 0,
	}
	if p.rng.IntN(4) == 0 {
		o.SDP = nil
	}
	s := p.shard
	s.now = s.core.Now()
	d := s.Invite(o)
	plan := []action{{p.within(9000), (*leg).end}}
	if p.rng.IntN(3) == 0 {
		plan = append([]action{{p.within(5000), func(l *leg) { l.d.Modify([]byte(sdpA)) }}}, plan...)
	}
	p.add(d, plan...)
	s.Flush()
}

// TestManyCallsThroughABadNetwork makes seeded calls with every mixture of
// answers, refusals, cancels, changes and ends from both sides, over a network
// that loses, repeats and reorders. In the end nothing is left, and each side
// was told the end of each call once.
func TestManyCallsThroughABadNetwork(t *testing.T) {
	calls := 3000
	for _, net := range []struct {
		loss, repeat float64
		shards       int
	}{{0, 0, 1}, {0.02, 0.02, 3}, {0.2, 0.1, 1}} {
		t.Run(fmt.Sprintf("loss=%v,shards=%d", net.loss, net.shards), func(t *testing.T) {
			sim := NewSim(42)
			sim.Loss, sim.Repeat = net.loss, net.repeat
			sim.Delay = 40 * Millisecond
			sim.Tap = func(from, to netip.AddrPort, b []byte) {
				if err := new(Msg).Parse(append([]byte(nil), b...)); err != nil {
					t.Fatalf("%v in\n%s", err, b)
				}
			}
			a, b := newParty(t, 1), newParty(t, 2)
			ca, _ := sim.Core(Config{Handler: a.handler}, map[netip.AddrPort]string{ap("192.0.2.1:5060"): "A"})
			cb, _ := sim.Core(Config{Handler: b.handler, Shards: net.shards}, map[netip.AddrPort]string{ap("192.0.2.2:5060"): "B"})
			for range calls {
				a.call(ca, ap("192.0.2.2:5060"))
				sim.Run(20 * Millisecond)
			}
			sim.Run(600 * Second)
			for name, c := range map[string]*Core{"A": ca, "B": cb} {
				for _, s := range c.shards {
					if l := s.Live(); l != (Live{}) {
						t.Errorf("%s: left %+v", name, l)
					}
					if s.stats.Malformed > 0 {
						t.Errorf("%s: %d malformed", name, s.stats.Malformed)
					}
				}
			}
			if len(a.open) > 0 || len(b.open) > 0 || len(a.ended) != calls {
				t.Errorf("open %d and %d, ended %d", len(a.open), len(b.open), len(a.ended))
			}
			for id, n := range a.ended {
				if n != 1 {
					t.Errorf("%s: the end was told %d times", id, n)
				}
			}
			for k := EventProgress; k <= EventBye; k++ {
				if a.seen[k]+b.seen[k] == 0 {
					t.Errorf("event %d never happened", k)
				}
			}
			if net.loss == 0 && a.fail[408] > 0 {
				t.Errorf("without loss %d calls timed out", a.fail[408])
			}
			t.Logf("A %v fail %v, B %v, stats %+v", a.seen, a.fail, b.seen, cb.shards[0].stats)
		})
	}
}
