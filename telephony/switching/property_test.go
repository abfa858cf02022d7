package switching

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/routing"
)

// checker is an outside that holds the machine to its promises, whatever
// happens in whatever order.
type checker struct {
	rng     *rand.Rand
	log     []string
	wrong   string
	legs    map[LegID]string // alive: "in", "dialled"; "gone"
	asked   map[LegID]int    // Modify events without a Respond
	owed    map[LegID]bool   // dialled or asked without SDP and answered: a Confirm is due
	bare    map[LegID]bool   // dialled or asked without SDP
	said    map[LegID]bool   // answered to
	timers  map[TimerID]bool
	media   bool
	closed  int
	settled int
	done    int
	asleep  map[LegID]bool // told to register
	results []Event        // media results to come
}

func (k *checker) fault(f string, args ...any) {
	if k.wrong == "" {
		k.wrong = fmt.Sprintf(f, args...)
	}
}

func (k *checker) on(l LegID, what string) {
	k.log = append(k.log, fmt.Sprintf("  < %s %d", what, l))
	if s := k.legs[l]; s != "in" && s != "dialled" {
		k.fault("%s of leg %d, which is %q", what, l, s)
	}
	if k.done > 0 {
		k.fault("%s of leg %d after done", what, l)
	}
}

func (k *checker) Dial(_ Ref, l LegID, t *Target, sdp []byte) {
	if k.legs[l] != "" || t == nil {
		k.fault("leg %d dialled while %q", l, k.legs[l])
	}
	k.legs[l], k.bare[l] = "dialled", len(sdp) == 0
	k.on(l, "dial")
}

func (k *checker) Progress(_ Ref, l LegID, _ Stage, _ []byte) {
	k.on(l, "progress")
	if k.said[l] {
		k.fault("progress of leg %d after its answer", l)
	}
}

func (k *checker) Answer(_ Ref, l LegID, _ []byte) {
	k.on(l, "answer")
	if k.said[l] || k.legs[l] != "in" {
		k.fault("leg %d answered twice, or not ours to answer", l)
	}
	k.said[l] = true
}

func (k *checker) Confirm(_ Ref, l LegID, _ []byte) {
	k.on(l, "confirm")
	if !k.owed[l] {
		k.fault("leg %d confirmed for nothing", l)
	}
	k.owed[l] = false
}

func (k *checker) Modify(_ Ref, l LegID, sdp []byte) {
	k.on(l, "modify")
	k.bare[l] = len(sdp) == 0
}

func (k *checker) Respond(_ Ref, l LegID, _ Cause, _ []byte) {
	k.on(l, "respond")
	if k.asked[l]--; k.asked[l] < 0 {
		k.fault("leg %d responded to for nothing", l)
	}
}

func (k *checker) Press(_ Ref, l LegID, _ byte) { k.on(l, "digit") }

func (k *checker) End(_ Ref, l LegID, c Cause) {
	k.on(l, "end")
	if c == CauseNone {
		k.fault("leg %d ended for %s", l, c)
	}
	k.legs[l] = "gone"
}

func (k *checker) sound(what string) {
	k.log = append(k.log, "  < media "+what)
	if k.closed > 0 || k.done > 0 {
		k.fault("media %s after close", what)
	}
	k.media = true
}

func (k *checker) result(kind Kind, from, to LegID, sdp []byte) ([]byte, error) {
	k.sound(fmt.Sprint(kind, " ", from, ">", to))
	l := to
	if l == NoLeg {
		l = from
	}
	switch k.rng.IntN(8) {
	case 0:
		return nil, failure(CauseIncompatible)
	case 1, 2:
		k.results = append(k.results, Event{Kind: kind, Leg: l, SDP: []byte("later")})
		return nil, ErrLater
	}
	return []byte("now"), nil
}

func (k *checker) Offer(_ Ref, from, to LegID, _ *Target, sdp []byte) ([]byte, error) {
	return k.result(MediaOffered, from, to, sdp)
}
func (k *checker) Bridge(_ Ref, a, b LegID)      { k.sound("bridge") }
func (k *checker) Play(_ Ref, l LegID, p Prompt) { k.sound("play") }
func (k *checker) Drop(_ Ref, l LegID)           { k.sound("drop") }
func (k *checker) StopAt(_ Ref, at Mono)         { k.sound("stop") }
func (k *checker) Close(Ref) {
	k.sound("close")
	k.closed++
}
func (k *checker) Reserve(Ref, *Plan)     { k.log = append(k.log, "  < reserve") }
func (k *checker) Extend(_ Ref, _ string) { k.log = append(k.log, "  < extend") }
func (k *checker) Record(_ Ref, r *Record) {
	k.log = append(k.log, "  < record")
	if r.Answer.IsZero() {
		k.fault("the start is recorded without its time")
	}
}
func (k *checker) Settle(_ Ref, r *Record) {
	k.settled++
	if r.End.Before(r.Start) || r.Start.IsZero() || !r.Answer.IsZero() && r.Answer.Before(r.Start) || r.Cause == 0 {
		k.fault("settled %+v", r)
	}
}
func (k *checker) Decide(_ Ref, a *Attempt) (*Plan, error) {
	k.log = append(k.log, "  < decide")
	if k.rng.IntN(3) == 0 {
		return nil, ErrLater
	}
	return k.plan(), nil
}
func (k *checker) plan() *Plan {
	p := &Plan{}
	for i := range k.rng.IntN(4) {
		p.Targets = append(p.Targets, Target{URI: "sip:x", Binding: location.Binding{ID: fmt.Sprint(i)}})
		if k.rng.IntN(3) == 0 {
			p.Targets = append(p.Targets, Target{Kind: routing.ToSleeper})
		}
	}
	p.Priced = k.rng.IntN(3) == 0
	if k.rng.IntN(3) == 0 {
		p.Announce, p.Answer = "why", k.rng.IntN(2) == 0
	}
	p.Cause = causeOf(0).Recorded()
	return p
}
func (k *checker) SetTimer(_ Ref, t TimerID, _ Mono) {
	if k.done > 0 {
		k.fault("timer %s after done", t)
	}
	k.timers[t] = true
}
func (k *checker) CancelTimer(_ Ref, t TimerID) {
	if !k.timers[t] {
		k.fault("timer %s cancelled, not set", t)
	}
	delete(k.timers, t)
}
func (k *checker) Wake(_ Ref, l LegID, t *Target) {
	k.log = append(k.log, fmt.Sprintf("  < wake %d", l))
	if k.legs[l] != "" || k.asleep[l] || t == nil || k.done > 0 {
		k.fault("leg %d woken while %q", l, k.legs[l])
	}
	k.asleep[l] = true
}
func (k *checker) LetSleep(_ Ref, l LegID) {
	k.log = append(k.log, fmt.Sprintf("  < let sleep %d", l))
	if !k.asleep[l] || k.done > 0 {
		k.fault("leg %d let sleep, which was not woken", l)
	}
	delete(k.asleep, l)
}
func (k *checker) Done(Ref) { k.done++ }

type checkerSound struct{ *checker }

func (s checkerSound) Answer(_ Ref, from, to LegID, sdp []byte) ([]byte, error) {
	return s.result(MediaAnswered, from, to, sdp)
}

// next makes up an event: mostly one that fits, now and then any at all.
func (k *checker) next(c *Call) Event {
	if len(k.results) > 0 && k.rng.IntN(2) == 0 {
		i := k.rng.IntN(len(k.results))
		e := k.results[i]
		k.results = append(k.results[:i], k.results[i+1:]...)
		return e
	}
	e := Event{Leg: LegID(k.rng.IntN(6)), Stage: Stage(k.rng.IntN(5)), Cause: Cause(1 + k.rng.IntN(int(causeCount)-1)),
		Timer: TimerID(k.rng.IntN(int(Timers))), Lease: Lease{Hold: "H", For: time.Duration(k.rng.IntN(100)) * time.Second, More: k.rng.IntN(2) == 0}}
	if k.rng.IntN(4) > 0 {
		e.SDP = []byte("sdp")
	}
	kinds := [...]Kind{Progress, Progress, Answered, Answered, Answered, Confirmed, Confirmed, Confirmed, Modify, Modify, ModifyAccepted, ModifyAccepted,
		ModifyRefused, Ended, Decided, Reserved, Reserved, Recorded, Recorded, Extended, NotExtended, NotReserved, Timer, Played, Played, Digit, Offered, Transfer, Woken, Woken, NotWoken}
	e.Kind = kinds[k.rng.IntN(len(kinds))]
	if k.rng.IntN(20) == 0 {
		e.Kind = Kind(k.rng.IntN(int(kindCount) + 1))
	}
	switch e.Kind {
	case Decided:
		e.Plan = k.plan()
	case Digit:
		e.Digit = "15"[k.rng.IntN(2)]
	case Transfer:
		e.Target = &Target{URI: "sip:y"}
	case Woken:
		e.Target = &Target{URI: "sip:z", Binding: location.Binding{ID: fmt.Sprint(k.rng.IntN(3))}}
	case Offered:
		e.Leg, e.Replaces = c.NewLeg(), e.Leg
	}
	return e
}

// possible reports whether an event may come at all: nothing comes of a leg
// that is gone or was never there, and only what was set runs out.
func (k *checker) possible(e *Event) bool {
	s := k.legs[e.Leg]
	switch e.Kind {
	case Progress:
		return s == "dialled" && !k.said[e.Leg]
	case Answered:
		return s == "dialled" && !k.said[e.Leg]
	case Confirmed:
		return s == "in" && k.said[e.Leg] || s == "dialled" && k.said[e.Leg]
	case Modify, Ended, ModifyAccepted, ModifyRefused:
		return s == "in" || s == "dialled"
	case Timer:
		return k.timers[e.Timer]
	case NotWoken:
		return k.asleep[e.Leg]
	case Offered:
		return k.done == 0 // whoever comes to a call that is over is refused by Legs
	}
	return true
}

// note keeps the checker's view in step with what it lets happen.
func (k *checker) note(e *Event) {
	switch e.Kind {
	case Answered:
		k.said[e.Leg] = true
		k.owed[e.Leg] = k.bare[e.Leg]
	case ModifyAccepted:
		k.owed[e.Leg] = k.bare[e.Leg]
	case Modify:
		k.asked[e.Leg]++
	case Ended:
		k.legs[e.Leg] = "gone"
	case Timer:
		delete(k.timers, e.Timer)
	case Offered:
		k.legs[e.Leg] = "in"
	}
}

func (k *checker) run(c *Call, o *Outside, steps int) {
	now := Mono(k.rng.Int64N(1 << 40))
	c.Begin(1, now, time.Unix(1_700_000_000, 0), &Record{})
	give := func(e Event) {
		if !k.possible(&e) {
			return
		}
		k.note(&e)
		k.log = append(k.log, fmt.Sprintf("> %s %d %s %q", e.Kind, e.Leg, e.Cause, e.SDP))
		now += Mono(k.rng.Int64N(int64(10 * time.Second)))
		o.Deliver(c, now, e)
	}
	first := Event{Kind: Offered, Leg: Caller, Attempt: &Attempt{}}
	if k.rng.IntN(4) > 0 {
		first.SDP = []byte("sdp")
	}
	if k.rng.IntN(4) == 0 { // a call of ours
		p := &Plan{}
		p.Targets = []Target{{URI: "sip:carrier"}}
		first = Event{Kind: Originated, Plan: p, Script: codeScript()}
	}
	give(first)
	for range steps {
		give(k.next(c))
		if k.wrong != "" {
			return
		}
	}
	give(Event{Kind: HangUp})
	for l, s := range k.legs {
		if s != "gone" {
			k.fault("leg %d is never ended", l)
		}
	}
	if len(k.asleep) > 0 {
		k.fault("still waited for: %v", k.asleep)
	}
	if n := c.Counts(); n != (Counts{Over: true}) || len(k.timers) > 0 {
		k.fault("there remain %+v and timers %v", n, k.timers)
	}
	if k.settled != 1 || k.done != 1 || k.media != (k.closed == 1) || k.closed > 1 {
		k.fault("settled %d times, done %d, media used %v and closed %d times", k.settled, k.done, k.media, k.closed)
	}
}

func TestAnythingInAnyOrder(t *testing.T) {
	const runs = 100_000
	var c Call
	for seed := range uint64(runs) {
		k := &checker{rng: rand.New(rand.NewPCG(seed, 1)), legs: map[LegID]string{}, asked: map[LegID]int{}, owed: map[LegID]bool{},
			asleep: map[LegID]bool{}, bare: map[LegID]bool{}, said: map[LegID]bool{}, timers: map[TimerID]bool{}}
		o := &Outside{Legs: k, Keys: k, Media: checkerSound{k}, Money: k, Desk: k, Waker: k}
		k.run(&c, o, 4+k.rng.IntN(40))
		if k.wrong != "" {
			t.Fatalf("seed %d: %s\n%s", seed, k.wrong, strings.Join(k.log, "\n"))
		}
	}
}
