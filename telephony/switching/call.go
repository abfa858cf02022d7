package switching

import "time"

// Call is one call. It is owned by one thread; the zero Call is ready for
// Begin, and after OpDone it may begin again.
type Call struct {
	ref  Ref
	base time.Time // the wall clock at Mono 0
	next LegID
	rec  Record
}

// Begin makes c a fresh call known outside as r. wall is the time at now. rec
// is what is already known for the record; Start, Answer, End, Cause and the
// called party are filled in here.
func (c *Call) Begin(r Ref, now Mono, wall time.Time, rec *Record) {
	*c = Call{ref: r, base: wall.Add(-time.Duration(now)), next: FirstDialled, rec: *rec}
	c.rec.Start = wall
}

// Ref returns what the call is known as.
func (c *Call) Ref() Ref { return c.ref }

// NewLeg gives out the id for a further leg that comes in to this call.
func (c *Call) NewLeg() LegID {
	id := c.next
	c.next++
	return id
}

// Step takes one event and appends what is to be done to out.
func (c *Call) Step(now Mono, e Event, out *Commands) {}
