package switching

import (
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/routing"
)

// tried is what only the call knows of a leg of its record.
type tried struct {
	id    LegID
	cause Cause
}

// Tried is the leg that entry i of the record's legs was, and why it ended.
func (c *Call) Tried(i int) (LegID, Cause) { return c.tried[i].id, c.tried[i].cause }

// Cause is why the call ended.
func (c *Call) Cause() Cause { return c.cause }

// tries notes a leg that goes out.
func (c *Call) tries(id LegID, t *Target) {
	if len(c.tried) == cdr.MostLegs {
		c.rec.LegsMore++
		return
	}
	l := cdr.Leg{Forward: t.Forward, Start: c.wall(c.now)}
	switch t.Kind {
	case routing.ToBinding, routing.ToSleeper:
		l.Kind, l.Device = cdr.ToTerminal, t.Binding.DeviceID
	case routing.ToCenter:
		l.Kind, l.Center, l.Number = cdr.ToCenter, t.Center, t.To
	case routing.ToTrunk:
		l.Kind, l.Carrier, l.Trunk, l.Number, l.To = cdr.ToTrunk, t.Carrier, t.Trunk, t.Number, t.To
	case routing.ToURI:
		l.Kind, l.Number = cdr.ToAddress, t.URI
	}
	c.rec.Legs = append(c.rec.Legs, l)
	c.tried = append(c.tried, tried{id: id})
}

// noted finds a leg in the record; nil for those that came in, and those beyond
// what it keeps.
func (c *Call) noted(id LegID) *cdr.Leg {
	for i := range c.tried {
		if c.tried[i].id == id {
			return &c.rec.Legs[i]
		}
	}
	return nil
}

// rang notes the first sign of a leg.
func (c *Call) rang(id LegID) {
	if l := c.noted(id); l != nil && l.Ring.IsZero() {
		l.Ring = c.wall(c.now)
	}
}

// took notes its answer.
func (c *Call) took(id LegID) {
	if l := c.noted(id); l != nil && l.Answer.IsZero() {
		l.Answer = c.wall(c.now)
	}
}

// left notes its end, once, with what the far side said in e.
func (c *Call) left(id LegID, cause Cause, e *Event) {
	for i := range c.tried {
		if l := &c.rec.Legs[i]; c.tried[i].id == id && l.End.IsZero() {
			c.tried[i].cause = cause
			l.End, l.Cause, l.Status, l.Q850 = c.wall(c.now), cause.Recorded(), e.Status, e.Q850
			return
		}
	}
}

// sign notes that the caller is given the first sign of how far the call is.
func (c *Call) sign() {
	if c.rec.PDD == 0 {
		c.rec.PDD = max(c.wall(c.now).Sub(c.rec.Start), time.Microsecond) // 0 is none
	}
}

// by notes who ends the call, if the end of a leg is that.
func (c *Call) by(id LegID, e *Event) {
	who := cdr.ByCalled
	switch c.phase {
	case deciding, reserving, hunting:
		if id != Caller {
			return // there may be another way
		}
		who = cdr.ByCaller
	case announcing:
		return // it was refused before
	case talking:
		if id == c.a {
			who = cdr.ByCaller
		}
	default:
		if id == Caller {
			who = cdr.ByCaller
		}
	}
	switch e.Cause {
	case CauseNone, CauseNormal, CauseCancelled:
		c.rec.HungUp, c.rec.Q850 = who, e.Q850
	default: // of what the other end of the line said, or what we found, the cause tells
		c.rec.Q850 = e.Q850
	}
}

// over notes why and by whom the call ended.
func (c *Call) over(cause Cause) {
	c.cause, c.rec.Cause = cause, cause.Recorded()
	if cause == CauseBusy && c.turnedDown() {
		c.rec.Cause = cdr.Declined
	}
	if c.rec.Q850 == 0 && cause == c.best {
		c.rec.Q850 = c.bestAt
	}
	if c.rec.HungUp != "" {
		return
	}
	switch cause {
	case CauseBusy, CauseBusyEverywhere, CauseDeclined, CauseDeclinedAll, CauseUnwanted:
		c.rec.HungUp = cdr.ByCalled
	case CauseCancelled:
		c.rec.HungUp = cdr.ByCaller
	default:
		c.rec.HungUp = cdr.ByUs
	}
}

// turnedDown reports whether a terminal of the called party rang and was busy then:
// many have nothing but 486 for the key by which somebody declines, while one that
// is busy says so without ringing.
func (c *Call) turnedDown() bool {
	return slices.ContainsFunc(c.rec.Legs, func(l cdr.Leg) bool {
		his := l.Kind == cdr.ToTerminal || l.Kind == cdr.ToCenter && !c.rec.To.Number.Zero()
		return his && l.Cause == cdr.Busy && !l.Ring.IsZero()
	})
}
