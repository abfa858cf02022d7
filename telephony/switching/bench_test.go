package switching

import (
	"testing"
	"time"
)

// silent is an outside that does nothing, so that what is measured is the call.
type silent struct {
	plan Plan
	sdp  []byte
}

func (s *silent) Dial(Ref, LegID, *Target, []byte)    {}
func (s *silent) Progress(Ref, LegID, Stage, []byte)  {}
func (s *silent) Answer(Ref, LegID, []byte)           {}
func (s *silent) Confirm(Ref, LegID, []byte)          {}
func (s *silent) Modify(Ref, LegID, []byte)           {}
func (s *silent) Respond(Ref, LegID, Cause, []byte)   {}
func (s *silent) Press(Ref, LegID, byte)              {}
func (s *silent) End(Ref, LegID, Cause)               {}
func (s *silent) Bridge(Ref, LegID, LegID)            {}
func (s *silent) Play(Ref, LegID, Prompt)             {}
func (s *silent) Drop(Ref, LegID)                     {}
func (s *silent) StopAt(Ref, Mono)                    {}
func (s *silent) Close(Ref)                           {}
func (s *silent) Reserve(Ref, *Plan)                  {}
func (s *silent) Extend(Ref, string)                  {}
func (s *silent) Record(Ref, *Record)                 {}
func (s *silent) Settle(Ref, *Record)                 {}
func (s *silent) SetTimer(Ref, TimerID, Mono)         {}
func (s *silent) CancelTimer(Ref, TimerID)            {}
func (s *silent) Done(Ref)                            {}
func (s *silent) Decide(Ref, *Attempt) (*Plan, error) { return &s.plan, nil }

type silentSound struct{ *silent }

func (s silentSound) Offer(Ref, LegID, LegID, *Target, []byte) ([]byte, error) { return s.sdp, nil }
func (s silentSound) Answer(Ref, LegID, LegID, []byte) ([]byte, error)         { return s.sdp, nil }

// whole is a call from INVITE to BYE: six events.
func whole(c *Call, o *Outside, sdp []byte, a *Attempt, rec *Record, wall time.Time) {
	c.Begin(1, 0, wall, rec)
	o.Deliver(c, 1, Event{Kind: Offered, Leg: Caller, SDP: sdp, Attempt: a})
	o.Deliver(c, 2, Event{Kind: Progress, Leg: 2, Stage: StageRinging})
	o.Deliver(c, 3, Event{Kind: Answered, Leg: 2, SDP: sdp})
	o.Deliver(c, 4, Event{Kind: Confirmed, Leg: Caller})
	o.Deliver(c, 5, Event{Kind: Ended, Leg: Caller, Cause: CauseNormal})
}

func setUp() (*Call, *Outside, []byte, *Attempt, *Record) {
	s := &silent{plan: Plan{Decision: Decision{Targets: []Target{{URI: "sip:bob"}}, RingFor: time.Minute}}, sdp: make([]byte, 300)}
	return new(Call), &Outside{Legs: s, Keys: s, Media: silentSound{s}, Money: s, Desk: s}, s.sdp, &Attempt{Dialled: "2555123482"}, &Record{}
}

func BenchmarkCall(b *testing.B) {
	c, o, sdp, a, rec := setUp()
	wall := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		whole(c, o, sdp, a, rec, wall)
	}
	if !c.Over() {
		b.Fatal("the call did not end")
	}
}

// TestNoAllocation holds the machine to what makes a pool of calls worth it.
func TestNoAllocation(t *testing.T) {
	c, o, sdp, a, rec := setUp()
	wall := time.Now()
	whole(c, o, sdp, a, rec, wall)
	if n := testing.AllocsPerRun(100, func() { whole(c, o, sdp, a, rec, wall) }); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
}
