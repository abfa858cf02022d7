package switching

import "github.com/callisto-tel/callisto/business/routing"

// hunt takes what happens between the offer and the answer.
func (c *Call) hunt(now Mono, e *Event, out *Commands) {
	switch e.Kind {
	case Offered:
		c.offered(now, e, out)
	case Decided:
		c.decided(now, e, out)
	case Progress:
		c.progress(e, out)
	case Answered:
		c.answered(now, e, out)
	case Woken:
		c.woken(e, out)
	case NotWoken:
		if l := c.leg(e.Leg); c.phase == hunting && l != nil && l.state == legAsleep {
			c.failed(now, l.id, e.Cause, 0, out)
		}
	default:
	}
}

func (c *Call) offered(now Mono, e *Event, out *Commands) {
	if c.phase != fresh {
		c.replaceBy(now, e, out)
		return
	}
	c.legs = append(c.legs, leg{id: Caller, state: legIn, target: -1})
	c.offer = append(c.offer[:0], e.SDP...)
	c.late = len(e.SDP) == 0
	if e.Attempt != nil {
		kept := c.attempt.Outcomes
		c.attempt = *e.Attempt
		c.attempt.Outcomes = append(kept[:0], e.Attempt.Outcomes...)
	}
	if c.rec.Dialled == "" {
		c.rec.Dialled = c.attempt.Dialled
	}
	if e.Script != nil {
		c.greet(now, e, out)
		return
	}
	c.decide(now, out)
}

// decide asks routing, with the outcomes so far.
func (c *Call) decide(now Mono, out *Commands) {
	c.phase = deciding
	c.rounds++
	c.attempt.Now = c.wall(now)
	out.add(Command{Op: OpDecide, Attempt: &c.attempt})
}

func (c *Call) decided(now Mono, e *Event, out *Commands) {
	if c.phase != deciding {
		return
	}
	if e.Plan == nil {
		c.refuse(now, c.better(e.Cause), out)
		return
	}
	c.plan = *e.Plan
	c.targets = append(c.targets[:0], e.Plan.Targets...)
	c.plan.Targets = nil
	if room := mostLegs - spareLegs - int(c.next); room > 0 && len(c.targets) > room {
		c.targets = c.targets[:room] // as many ring as may
	}
	c.callee()
	switch {
	case len(c.targets) == 0:
		c.refuse(now, c.better(causeOf(c.plan.Cause)), out)
	case int(c.next) >= mostLegs || c.rounds > mostRounds:
		c.refuse(now, c.better(CauseInternal), out)
	case c.plan.Priced && (c.lease.Hold == "" || c.leased != c.plan.priced()):
		c.phase, c.lease, c.leased = reserving, Lease{}, c.plan.priced()
		out.add(Command{Op: OpReserve, Plan: &c.plan})
		c.set(TimerHold, now+Mono(holdMost), out)
	default:
		if !c.plan.Priced { // what is held for another way neither pays nor cuts this one
			c.lease = Lease{}
		}
		c.dial(now, out)
	}
}

// better returns what the branches said, if they said anything.
func (c *Call) better(other Cause) Cause {
	if c.best != CauseNone {
		return c.best
	}
	return other
}

// dial sends a leg to every target at once.
func (c *Call) dial(now Mono, out *Commands) {
	c.phase = hunting
	ring := c.plan.RingFor
	if ring <= 0 {
		ring = ringDefault
	}
	c.set(TimerRing, now+Mono(min(ring, ringMost)), out)
	for i := range c.targets {
		if c.targets[i].Kind == routing.ToSleeper {
			c.wake(now, i, out)
			continue
		}
		c.branch(i, out)
	}
}

// branch sends a leg to a target.
func (c *Call) branch(i int, out *Commands) {
	id := c.NewLeg()
	c.tries(id, &c.targets[i])
	l := leg{id: id, state: legPrepare, target: i}
	if c.late {
		l.state = legDialled
		out.add(Command{Op: OpDial, Leg: id, Target: &c.targets[i]})
	} else {
		c.media = true
		out.add(Command{Op: OpMediaOffer, Leg: Caller, Peer: id, Target: &c.targets[i], SDP: c.offer})
	}
	c.legs = append(c.legs, l)
}

// progress tells the caller of the first sign of each kind. The first leg with
// an answer in it is the one the caller hears (RFC 3960 §3.1); a ringing of
// another leg would then have the telephone drown it with its own tone.
func (c *Call) progress(e *Event, out *Commands) {
	l := c.leg(e.Leg)
	if c.phase != hunting || l == nil || l.state != legDialled {
		return
	}
	l.stage = max(l.stage, e.Stage)
	if e.Stage != StageTrying {
		c.rang(l.id)
	}
	if len(e.SDP) > 0 && !c.late && c.early == NoLeg {
		c.early = l.id
		c.kept = append(c.kept[:0], e.SDP...)
		c.media = true
		c.coming++
		out.add(Command{Op: OpMediaAnswer, Leg: l.id, Peer: Caller, SDP: c.kept})
		return
	}
	if e.Stage <= c.told || e.Stage == StageTrying || c.early != NoLeg && c.early != l.id {
		return
	}
	c.told = e.Stage
	c.sign()
	out.add(Command{Op: OpProgress, Leg: Caller, Stage: e.Stage})
}

// answered takes the first answer; the other legs are ended (RFC 3261
// §13.2.2.4 has the losers of a fork acknowledged and hung up, which Legs does).
func (c *Call) answered(now Mono, e *Event, out *Commands) {
	l := c.leg(e.Leg)
	if l == nil || l.state != legDialled {
		return
	}
	if c.x.kind == xTransfer && c.x.fresh == l.id {
		c.transferAnswered(now, l, e, out)
		return
	}
	if c.phase != hunting {
		return
	}
	sdp := e.SDP
	if len(sdp) == 0 && c.early == l.id {
		sdp = c.kept // it was given early and not repeated
	}
	if len(sdp) == 0 {
		out.add(Command{Op: OpEnd, Leg: l.id, Cause: CauseIncompatible})
		c.failed(now, l.id, CauseIncompatible, 0, out)
		return
	}
	if c.early != NoLeg && c.early != l.id {
		c.early = NoLeg
	}
	l.state = legUp
	c.took(l.id)
	c.sought = l.id
	c.cancel(TimerRing, out)
	c.cancel(TimerWake, out)
	c.endOthers(c.sought, CauseElsewhere, out)
	c.answerAt = now
	c.rec.Answer = c.wall(now)
	if !c.plan.Priced {
		c.connect(sdp, out)
		return
	}
	if c.early == NoLeg || len(e.SDP) > 0 {
		c.kept = append(c.kept[:0], sdp...)
	}
	c.phase = recording
	out.add(Command{Op: OpRecord, Record: &c.rec, Hold: c.lease.Hold})
	c.set(TimerHold, now+Mono(holdMost), out)
}

// endOthers ends every dialled leg but one.
func (c *Call) endOthers(but LegID, cause Cause, out *Commands) {
	for i := len(c.legs) - 1; i >= 0; i-- {
		l := c.legs[i]
		if l.id == Caller || l.id == but {
			continue
		}
		c.leave(l, cause, out)
	}
}

// leave ends a leg that was not answered.
func (c *Call) leave(l leg, cause Cause, out *Commands) {
	if l.state == legPrepare || l.state == legAsleep { // Legs has never heard of it
		c.left(l.id, cause, &Event{})
		c.gone(l.id, out)
		return
	}
	c.end(l.id, cause, out)
}

// connect passes the answer on. To a caller that made no offer it is one.
func (c *Call) connect(sdp []byte, out *Commands) {
	c.phase = answering
	c.media = true
	if c.late {
		out.add(Command{Op: OpMediaOffer, Leg: c.sought, Peer: Caller, SDP: sdp})
	} else {
		out.add(Command{Op: OpMediaAnswer, Leg: c.sought, Peer: Caller, SDP: sdp})
	}
}

// failed takes the end of one branch.
func (c *Call) failed(now Mono, id LegID, cause Cause, q850 int, out *Commands) {
	l := c.leg(id)
	if cause == CauseNone || cause == CauseNormal {
		cause = CauseNetwork // it left before it said anything
	}
	if c.best == CauseNone || cause.Better(c.best) {
		c.best, c.bestAt = cause, q850
	}
	c.left(id, cause, &Event{})
	c.attempt.Outcomes = append(c.attempt.Outcomes, outcome(c.targets[l.target], cause))
	c.gone(id, out)
	if cause.Global() {
		// RFC 3261 §16.7 step 5: the others need not ring on.
		c.endOthers(NoLeg, cause, out)
	}
	c.next1(now, out)
}

// next1 goes on when no branch is left: with a final word of the party the
// hunt is over, unless he has such calls ring on or it is an emergency; else
// routing may know another way.
func (c *Call) next1(now Mono, out *Commands) {
	if len(c.legs) > 1 {
		if c.roused && !c.rings() { // who was woken has said no: nobody else is waited for
			c.sleepOn(now, CauseAbsent, out)
		}
		return
	}
	c.cancel(TimerRing, out)
	c.cancel(TimerWake, out)
	if c.best.EndsHunt() && c.plan.Holder.Forward == nil && !c.plan.Urgent {
		c.refuse(now, c.best, out)
		return
	}
	c.decide(now, out)
}

// ringOver ends the targets that have rung long enough.
func (c *Call) ringOver(now Mono, out *Commands) {
	if c.x.kind == xTransfer {
		c.drop(now, CauseNoAnswer, out)
		return
	}
	if c.phase != hunting {
		return
	}
	for i := len(c.legs) - 1; i >= 0; i-- {
		l := c.legs[i]
		if l.id == Caller {
			continue
		}
		cause := CauseNoAnswer
		switch {
		case l.state == legAsleep:
			cause = CauseAbsent
		case l.stage == StageTrying:
			cause = CauseNoResponse
		}
		if c.best == CauseNone || cause.Better(c.best) {
			c.best, c.bestAt = cause, 0
		}
		c.attempt.Outcomes = append(c.attempt.Outcomes, outcome(c.targets[l.target], cause))
		ends := CauseNoAnswer
		if l.state == legPrepare || l.state == legAsleep {
			ends = cause
		}
		c.leave(l, ends, out)
	}
	c.next1(now, out)
}

// refuse tells the caller no, in words if there are any.
func (c *Call) refuse(now Mono, cause Cause, out *Commands) {
	if cause == CauseNone {
		cause = CauseInternal
	}
	if c.plan.Announce == "" || c.late && !c.plan.Answer {
		c.finish(now, cause, out)
		return
	}
	c.phase, c.best, c.media = announcing, cause, true
	c.set(TimerPrompt, now+Mono(promptMost), out)
	if c.late {
		out.add(Command{Op: OpMediaOffer, Peer: Caller})
	} else {
		out.add(Command{Op: OpMediaOffer, Leg: Caller, SDP: c.offer})
	}
}
