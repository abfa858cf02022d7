package sip

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestTokenRoundTripAndForgery(t *testing.T) {
	k := key{1, 2}
	want := token{kind: tokenDialog, node: 0xfeed, epoch: 7, shard: 3, slot: 1 << 31, gen: 0xffff}
	b := want.append(nil, k)
	if len(b) != tokenLen {
		t.Fatalf("%d characters: %s", len(b), b)
	}
	if got, ok := parseToken(b, k); !ok || got != want {
		t.Fatalf("got %+v, %v", got, ok)
	}
	for i := range b {
		c := b[i]
		for _, x := range []byte(tokenAlphabet) {
			if b[i] = x; x != c {
				if _, ok := parseToken(b, k); ok {
					t.Fatalf("accepted with byte %d changed: %s", i, b)
				}
			}
		}
		b[i] = c
	}
	if _, ok := parseToken(b, key{1, 3}); ok {
		t.Error("accepted under another key")
	}
}

// The vector is the one of the SipHash paper, appendix A.
func TestSipHashVector(t *testing.T) {
	k := key{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	in := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	if got := k.sum(in); got != 0xa129ca6149be45e5 {
		t.Errorf("got %x", got)
	}
	if got := k.sum(in[:3], in[3:12], in[12:]); got != 0xa129ca6149be45e5 {
		t.Errorf("in parts: got %x", got)
	}
}

// TestWheelFiresOnTime compares the wheel with a plain list over random sets,
// moves and clears: each timer fires once, in the first tick not before its
// time, and next never promises later than that.
func TestWheelFiresOnTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	now := 17 * Second
	w := newWheel(now)
	timers := make([]timer, 300)
	due := map[*timer]Mono{}
	for step := range 60_000 {
		tm := &timers[rng.IntN(len(timers))]
		switch rng.IntN(4) {
		case 0:
			w.clear(tm)
			delete(due, tm)
		default:
			at := now + Mono(rng.Int64N(int64(3*Second)))
			if rng.IntN(50) == 0 {
				at = now + Mono(rng.Int64N(int64(3*3600*Second)))
			}
			w.set(tm, at)
			due[tm] = at
		}
		if len(due) != w.live {
			t.Fatalf("step %d: %d due, %d in the wheel", step, len(due), w.live)
		}
		jump := Mono(rng.Int64N(int64(60 * Millisecond)))
		if at, ok := w.next(); ok && rng.IntN(40) == 0 {
			jump = max(at-now, 0)
		}
		now += jump
		w.advance(now, func(tm *timer) {
			at, ok := due[tm]
			if !ok || at > now {
				t.Fatalf("step %d: fired at %d, due %d (%v)", step, now, at, ok)
			}
			delete(due, tm)
		})
		next, _ := w.next()
		for tm, at := range due {
			if at <= now-tick {
				t.Fatalf("step %d: due at %d not fired at %d (tick %d)", step, at, now, tm.at)
			}
			if next > at+tick {
				t.Fatalf("step %d: next promises %d, a timer is due at %d", step, next, at)
			}
		}
	}
}

func BenchmarkWheelSetAndClear(b *testing.B) {
	w := newWheel(0)
	var t timer
	b.ReportAllocs()
	for b.Loop() {
		w.set(&t, 32*Second)
		w.clear(&t)
	}
}

// TestAnswersToAnEarlierStartAreDropped: after a restart the slots of
// transactions and dialogs are others'. The secret stays, the epoch does not.
func TestAnswersToAnEarlierStartAreDropped(t *testing.T) {
	sim, self, peer := NewSim(1), ap("192.0.2.1:5060"), ap("192.0.2.9:5060")
	sim.Delay = 0
	var got []string
	sim.Peer(peer, func(_ netip.AddrPort, b []byte) { got = append(got, string(b)) })
	start := func(epoch uint16) (*Core, *party) {
		u := newParty(t, 1)
		c, err := sim.Core(Config{Handler: u.handler, Epoch: epoch, Secret: make([]byte, 16)}, map[netip.AddrPort]string{self: "A"})
		if err != nil {
			t.Fatal(err)
		}
		return c, u
	}
	c, u := start(1)
	u.call(c, peer)
	sim.Run(Millisecond)
	c2, u2 := start(2)
	u2.call(c2, peer)
	sim.Run(Millisecond)
	if len(got) != 2 {
		t.Fatalf("%d INVITEs", len(got))
	}
	p := &stranger{sim: sim, self: peer, core: self}
	p.answer(got[0], 3, 0) // 200 to the call of the first start
	sim.Run(Millisecond)
	if u2.seen[EventAnswer] != 0 || c2.shards[0].stats.Dropped != 1 {
		t.Error("an answer to an earlier start was taken for one of now")
	}
	p.answer(got[1], 3, 0)
	sim.Run(Millisecond)
	if u2.seen[EventAnswer] != 1 {
		t.Error("the right answer was not taken")
	}
}
