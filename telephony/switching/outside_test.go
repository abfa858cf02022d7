package switching

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
)

// refusing is a stage whose next hop refuses while Dial still runs, and whose
// first word strikes another call as well.
type refusing struct {
	*stage
	o     *Outside
	c     *Call
	other *Call
}

func (r *refusing) Dial(ref Ref, l LegID, t *Target, sdp []byte) {
	r.stage.Dial(ref, l, t, sdp)
	if t.URI == "dead" {
		r.o.Deliver(r.c, 5, Event{Kind: Ended, Leg: l, Cause: CauseNetwork, SDP: []byte("x")})
	}
	if r.other != nil {
		r.o.Deliver(r.other, 5, Event{Kind: HangUp})
		r.other = nil
	}
}

func TestEventsWithinDeliver(t *testing.T) {
	s := &stage{}
	r := &refusing{stage: s, c: new(Call), other: new(Call)}
	r.o = &Outside{Legs: r, Keys: r, Media: sound{s}, Money: s, Desk: s}
	var seen []string
	r.o.Trace = func(c *Call, e *Event, done []Command) {
		seen = append(seen, fmt.Sprintf("%d:%s:%d", c.Ref(), e.Kind, len(done)))
	}
	other := r.other
	other.Begin(2, 1, time.Unix(1, 0), &Record{})
	r.other = nil
	r.o.Deliver(other, 1, Event{Kind: Offered, Leg: Caller, SDP: []byte("A")})
	r.other = other
	s.plan = &Plan{Decision: Decision{Targets: []Target{{URI: "dead"}, {URI: "bob"}}}}
	r.c.Begin(1, 1, time.Unix(1, 0), &Record{})
	s.lines = s.lines[:0]
	r.o.Deliver(r.c, 1, Event{Kind: Offered, Leg: Caller, SDP: []byte("A")})
	if !other.Over() || r.c.Over() || r.c.Counts().Legs != 2 {
		t.Errorf("other %+v, call %+v", other.Counts(), r.c.Counts())
	}
	got := strings.Join(s.lines, "\n")
	// The refusal waits until what was being done is done.
	if dead, bob, drop := strings.Index(got, "dial 2 dead"), strings.Index(got, "dial 3 bob"), strings.Index(got, "media drop 2"); dead < 0 || bob < dead || drop < bob {
		t.Errorf("in another order:\n%s", got)
	}
	if want := "2:offered:1 1:offered:1 1:decided:3 1:media-offered:1 1:media-offered:1 1:ended:1"; !strings.HasPrefix(strings.Join(seen, " "), want) {
		t.Errorf("traced %v", seen)
	}
}

func TestCauses(t *testing.T) {
	names := map[string]bool{}
	for c := range causeCount {
		if names[c.String()] || c.String() == "unknown" {
			t.Errorf("cause %d is called %s", c, c)
		}
		names[c.String()] = true
		if c.Global() && !c.EndsHunt() {
			t.Errorf("%s is for all terminals and lets the hunt go on", c)
		}
		if c != CauseNone && c.Recorded() == cdr.NoCause {
			t.Errorf("%s is not recorded", c)
		}
	}
	for c := cdr.Normal; c <= cdr.Elsewhere; c++ {
		if back := causeOf(c).Recorded(); back != c {
			t.Errorf("%s comes back as %s", c, back)
		}
	}
	order := []Cause{CauseDeclinedAll, CauseNowhere, CauseBusy, CauseDeclined, CauseNoAnswer, CauseNotFound, CauseAbsent, CauseNoResponse, CauseTimeout, CauseNetwork, CauseUnproven, CauseCongestion, CauseNone}
	for i := 1; i < len(order); i++ {
		if !order[i-1].Better(order[i]) || order[i].Better(order[i-1]) {
			t.Errorf("%s must tell more than %s", order[i-1], order[i])
		}
	}
	if CauseOf(fmt.Errorf("wrapped: %w", failure(CauseBusy))) != CauseBusy || CauseOf(errors.New("x")) != CauseInternal {
		t.Error("the cause of an error")
	}
}

// broken has a defect: some descriptions make it panic.
type broken struct {
	sound
	o     *Outside
	other *Call
}

func (b *broken) Offer(r Ref, from, to LegID, t *Target, sdp []byte) ([]byte, error) {
	if string(sdp) == "defect" {
		if b.other != nil {
			b.o.Deliver(b.other, 5, Event{Kind: HangUp})
		}
		panic("a defect")
	}
	return b.sound.Offer(r, from, to, t, sdp)
}

// TestADefectCostsOneCall: a call whose handling fails half-way ends, gives back
// what it holds, and is recorded; all others go on, and new ones begin.
func TestADefectCostsOneCall(t *testing.T) {
	s := &stage{}
	b := &broken{sound: sound{s}}
	o := &Outside{Legs: s, Keys: s, Media: b, Money: s, Desk: s}
	b.o = o
	give := func(c *Call, e Event) (p any) {
		s.plan = &Plan{Decision: Decision{Targets: []Target{{URI: "bob"}}}} // for one question
		defer func() { p = recover() }()
		o.Deliver(c, 5, e)
		return nil
	}
	b.other = new(Call)
	b.other.Begin(1, 1, time.Unix(1, 0), &Record{})
	_ = give(b.other, Event{Kind: Offered, Leg: Caller, SDP: []byte("A")})
	s.lines = nil
	c := new(Call)
	c.Begin(2, 1, time.Unix(1, 0), &Record{})
	if p := give(c, Event{Kind: Offered, Leg: Caller, SDP: []byte("defect")}); p != "a defect" {
		t.Errorf("whoever catches it gets %v", p)
	}
	if n := c.Counts(); n.Legs != 0 || n.Timers != 0 || n.Media || !n.Over || c.Record().Cause != cdr.Failed {
		t.Errorf("it holds %+v, recorded as %s", n, c.Record().Cause)
	}
	got := strings.Join(s.lines, "\n")
	if !strings.Contains(got, "end 1 internal") || !strings.Contains(got, "done") {
		t.Errorf("it was not ended:\n%s", got)
	}
	if !b.other.Over() {
		t.Error("what another call was told meanwhile is lost")
	}
	d := new(Call)
	d.Begin(3, 1, time.Unix(1, 0), &Record{})
	if p := give(d, Event{Kind: Offered, Leg: Caller, SDP: []byte("A")}); p != nil || d.Counts().Legs != 2 {
		t.Errorf("no call begins any more: %v %+v", p, d.Counts())
	}
}

// TestBusyEndsNoEmergency: after a final word of one carrier routing is asked for
// another.
func TestBusyEndsNoEmergency(t *testing.T) {
	for _, urgent := range []bool{false, true} {
		s := &stage{plan: &Plan{Decision: Decision{Targets: []Target{{URI: "one"}}, Urgent: urgent}}}
		o := &Outside{Legs: s, Keys: s, Media: sound{s}, Money: s, Desk: s}
		c := new(Call)
		c.Begin(1, 1, time.Unix(1, 0), &Record{})
		o.Deliver(c, 1, Event{Kind: Offered, Leg: Caller, SDP: []byte("A")})
		s.plan = &Plan{Decision: Decision{Targets: []Target{{URI: "two"}}, Urgent: urgent}}
		o.Deliver(c, 2, Event{Kind: Ended, Leg: 2, Cause: CauseBusy})
		if got := strings.Contains(strings.Join(s.lines, "\n"), "dial 3 two"); got != urgent || c.Over() == urgent {
			t.Errorf("urgent %t: the second is dialled %t, over %t", urgent, got, c.Over())
		}
	}
}
