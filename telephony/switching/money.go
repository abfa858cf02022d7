package switching

import "time"

// money takes what the payer's account says.
func (c *Call) money(now Mono, e *Event, out *Commands) {
	switch e.Kind {
	case Reserved:
		if c.phase == reserving {
			c.cancel(TimerHold, out)
			c.lease = e.Lease
			if c.run.Script != nil {
				c.ring(now, out)
				return
			}
			c.dial(now, out)
		}
	case NotReserved:
		if c.phase == reserving {
			c.cancel(TimerHold, out)
			cause := e.Cause
			if cause == CauseNone {
				cause = CauseUnpaid
			}
			if e.Announce != "" {
				c.plan.Announce = e.Announce
			}
			if c.run.Script != nil {
				c.finish(now, cause, out)
				return
			}
			c.unpaid(now, cause, out)
		}
	case Recorded:
		if c.phase == recording {
			c.cancel(TimerHold, out)
			c.connect(c.kept, out)
		}
	case Extended:
		if c.waits && (c.phase == talking || c.phase == running) {
			c.waits = false
			c.warned = c.warned && e.Lease.For <= c.lease.For
			c.lease.For, c.lease.More = e.Lease.For, e.Lease.More
			c.limitAfter(now, out)
		}
	case NotExtended:
		if c.waits && (c.phase == talking || c.phase == running) {
			c.waits = false
			c.lease.More = false
			c.limitAfter(now, out)
		}
	default:
	}
}

// unpaid goes on without the money. Of a call that is forwarded the caller is
// told what became of the party, not that the party cannot pay for more.
func (c *Call) unpaid(now Mono, cause Cause, out *Commands) {
	if len(c.targets) == 0 || !c.targets[0].Forward {
		c.refuse(now, cause, out)
		return
	}
	for i := range c.targets {
		c.attempt.Outcomes = append(c.attempt.Outcomes, outcome(c.targets[i], cause))
	}
	c.decide(now, out)
}

// warn tells the caller that the end is near, and asks for money once more: it may
// have come meanwhile.
func (c *Call) warn(out *Commands) {
	c.warned = true
	out.add(Command{Op: OpPlay, Leg: Caller, Prompt: ToneWarning})
	if c.lease.For > 0 && (c.plan.Limit == 0 || c.lease.For < c.plan.Limit) {
		c.ask(out)
	}
}

func (c *Call) ask(out *Commands) {
	c.waits = true
	out.add(Command{Op: OpExtend, Hold: c.lease.Hold})
}

// limit sets the time at which the call must end: here, and in the media plane
// in case this machine should not come to it (the cut is enforced twice).
func (c *Call) limit(out *Commands) { c.limitAfter(c.answerAt, out) }

func (c *Call) limitAfter(now Mono, out *Commands) {
	most, more := c.plan.Limit, false
	if c.lease.For > 0 && (most == 0 || c.lease.For < most) {
		most, more = c.lease.For, c.lease.More
	}
	if most <= 0 {
		return
	}
	end := c.answerAt + Mono(most)
	out.add(Command{Op: OpStopAt, At: end})
	c.set(TimerCut, end, out)
	if more {
		c.set(TimerExtend, end-Mono(min(extendAhead, max(most/2, time.Millisecond))), out)
		c.cancel(TimerWarn, out)
		return
	}
	c.cancel(TimerExtend, out)
	if end > now && !c.warned { // at once, if the end is near
		c.set(TimerWarn, max(now, end-Mono(warnAhead)), out)
	}
}
