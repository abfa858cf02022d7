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
