package switching

// A terminal that sleeps is a target like others: it is woken, and what it is
// when it has registered rings then (RFC 8599 §5.3 holds the INVITE meanwhile).
// Several may come of one Wake, as a member may have more than one browser.

// wake has the terminals of target i woken. The caller learns that it takes a
// moment.
func (c *Call) wake(now Mono, i int, out *Commands) {
	id := c.NewLeg()
	c.tries(id, &c.targets[i])
	c.legs = append(c.legs, leg{id: id, state: legAsleep, target: i})
	c.roused = false
	c.set(TimerWake, now+Mono(wakeMost), out)
	out.add(Command{Op: OpWake, Leg: id, Target: &c.targets[i]})
	if c.told < StageQueued && c.early == NoLeg {
		c.told = StageQueued
		out.add(Command{Op: OpProgress, Leg: Caller, Stage: StageQueued})
	}
}

// woken rings a terminal that has come. If it was rung where it is no more, that
// is over.
func (c *Call) woken(e *Event, out *Commands) {
	if c.phase != hunting || e.Target == nil || int(c.next) >= mostLegs || !c.sleeps() {
		return
	}
	b := &e.Target.Binding
	for i := len(c.legs) - 1; i >= 0; i-- {
		l := c.legs[i]
		if l.id != Caller && l.state != legAsleep && b.ID != "" && c.targets[l.target].Binding.ID == b.ID {
			c.leave(l, CauseElsewhere, out)
		}
	}
	c.roused = true
	c.targets = append(c.targets, *e.Target)
	c.branch(len(c.targets)-1, out)
}

// sleeps reports whether anybody is still expected to register.
func (c *Call) sleeps() bool {
	for i := range c.legs {
		if c.legs[i].state == legAsleep {
			return true
		}
	}
	return false
}

// rings reports whether any target has been reached and not said no.
func (c *Call) rings() bool {
	for i := range c.legs {
		if l := &c.legs[i]; l.id != Caller && l.state != legAsleep {
			return true
		}
	}
	return false
}

// sleepOn waits for nobody to register any more.
func (c *Call) sleepOn(now Mono, cause Cause, out *Commands) {
	if c.phase != hunting || !c.sleeps() {
		return
	}
	c.cancel(TimerWake, out)
	if c.best == CauseNone || cause.Better(c.best) {
		c.best, c.bestAt = cause, 0
	}
	for i := len(c.legs) - 1; i >= 0; i-- {
		l := c.legs[i]
		if l.state == legAsleep {
			c.left(l.id, cause, &Event{})
			c.attempt.Outcomes = append(c.attempt.Outcomes, outcome(c.targets[l.target], cause))
			c.gone(l.id, out)
		}
	}
	c.next1(now, out)
}
