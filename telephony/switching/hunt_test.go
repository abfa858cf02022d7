package switching

import (
	"testing"
	"time"
)

// TestMoreTelephonesThanMayRing: as many ring as a call has legs for, and it can be
// answered and passed on.
func TestMoreTelephonesThanMayRing(t *testing.T) {
	for _, priced := range []bool{false, true} {
		s := &silent{plan: Plan{Decision: Decision{RingFor: time.Minute, Targets: make([]Target, 100)}, Priced: priced}, sdp: make([]byte, 300)}
		c, o := new(Call), &Outside{Legs: s, Keys: s, Media: silentSound{s}, Money: s, Desk: s}
		c.Begin(1, 0, time.Now(), &Record{})
		o.Deliver(c, 1, Event{Kind: Offered, Leg: Caller, SDP: s.sdp, Attempt: &Attempt{Dialled: "2555123482"}})
		if priced {
			o.Deliver(c, 1, Event{Kind: Reserved, Lease: Lease{Hold: "hold_1", For: time.Hour}})
		}
		if n := c.Counts().Legs; n != mostLegs-spareLegs-1 { // ids begin at one, and the caller's is one of them
			t.Fatalf("priced %t: %d legs", priced, n)
		}
		o.Deliver(c, 3, Event{Kind: Answered, Leg: 9, SDP: s.sdp})
		o.Deliver(c, 4, Event{Kind: Confirmed, Leg: Caller})
		if c.Over() || c.NewLeg() >= mostLegs {
			t.Errorf("priced %t: over %t", priced, c.Over())
		}
	}
}
