package switching

// described takes the result of a media command. Which one it is follows from
// where the call stands: there is never more than one waited for per leg.
func (c *Call) described(now Mono, e *Event, out *Commands) {
	l := c.leg(e.Leg)
	if l == nil {
		return
	}
	if c.x.kind != xNone && (e.Leg == c.x.asker || e.Leg == c.x.other || e.Leg == c.x.fresh) {
		c.exchanged(now, e, out)
		return
	}
	if e.Kind == MediaSettled {
		return // of a change that is over
	}
	switch c.phase {
	case hunting:
		c.huntDescribed(now, l, e, out)
	case answering:
		c.answerDescribed(now, l, e, out)
	case announcing:
		c.announceDescribed(now, l, e, out)
	case greeting:
		c.greetDescribed(now, l, e, out)
	case recording:
		c.earlyResult(e)
	default: // a result that nobody waits for any more
	}
}

func (c *Call) huntDescribed(now Mono, l *leg, e *Event, out *Commands) {
	switch {
	case l.id == Caller:
		c.earlyResult(e)
		if c.coming > 0 || c.early == NoLeg {
			return // that leg is gone, or another has taken its place
		}
		early := c.leg(c.early)
		c.told = max(c.told, early.stage)
		if e.Kind == MediaFailed {
			// Without early sound the call can still succeed.
			c.early = NoLeg
			c.sign()
			out.add(Command{Op: OpProgress, Leg: Caller, Stage: c.told})
			return
		}
		c.sign()
		out.add(Command{Op: OpBridge, Leg: Caller, Peer: early.id})
		out.add(Command{Op: OpProgress, Leg: Caller, Stage: max(early.stage, StageProgress), SDP: e.SDP})
	case l.state == legPrepare && e.Kind == MediaOffered:
		l.state = legDialled
		out.add(Command{Op: OpDial, Leg: l.id, Target: &c.targets[l.target], SDP: e.SDP})
	case l.state == legPrepare:
		c.failed(now, l.id, e.Cause, 0, out)
	}
}

// earlyResult counts an early answer's result off, and reports whether e was one.
func (c *Call) earlyResult(e *Event) bool {
	if e.Leg != Caller || c.coming == 0 {
		return false
	}
	c.coming--
	return true
}

// answerDescribed sends the answer to the caller; with a late offer first the
// offer to the caller and then the answer to the called.
func (c *Call) answerDescribed(now Mono, l *leg, e *Event, out *Commands) {
	switch {
	case c.earlyResult(e): // it came after the leg, or another, had answered
	case e.Kind == MediaFailed:
		c.finish(now, e.Cause, out)
	case l.id == Caller && l.state != legIn:
		return // nothing was asked for it
	case c.late && l.id == Caller:
		l.state = legUp
		c.sign()
		out.add(Command{Op: OpAnswer, Leg: Caller, SDP: e.SDP})
		c.set(TimerConfirm, now+Mono(confirmMost), out)
	case c.late:
		if c.leg(Caller).state != legSettled {
			return
		}
		l.state = legSettled
		out.add(Command{Op: OpConfirm, Leg: l.id, SDP: e.SDP})
		c.talk(out)
	case l.id == Caller:
		l.state = legUp
		c.leg(c.sought).state = legSettled
		c.sign()
		out.add(Command{Op: OpAnswer, Leg: Caller, SDP: e.SDP})
		c.talk(out)
	}
}

// talk bridges the two and sets the limits of the call.
func (c *Call) talk(out *Commands) {
	c.phase, c.a, c.b = talking, Caller, c.sought
	out.add(Command{Op: OpBridge, Leg: c.a, Peer: c.b})
	c.limit(out)
}

func (c *Call) announceDescribed(now Mono, l *leg, e *Event, out *Commands) {
	switch {
	case e.Kind == MediaFailed:
		c.finish(now, c.best, out)
	case l.state != legIn && e.Kind == MediaOffered, c.plays:
		return // nothing was asked for it
	case e.Kind == MediaAnswered: // the late caller's answer
		c.announce(out)
	case c.late:
		l.state = legUp
		c.sign()
		out.add(Command{Op: OpAnswer, Leg: Caller, SDP: e.SDP})
		c.set(TimerConfirm, now+Mono(confirmMost), out)
	case c.plan.Answer:
		l.state = legUp
		c.sign()
		out.add(Command{Op: OpAnswer, Leg: Caller, SDP: e.SDP})
		c.announce(out)
	default:
		out.add(Command{Op: OpProgress, Leg: Caller, Stage: StageProgress, SDP: e.SDP})
		c.announce(out)
	}
}

// announce begins the announcement, once.
func (c *Call) announce(out *Commands) {
	if !c.plays {
		c.plays = true
		out.add(Command{Op: OpPlay, Leg: Caller, Prompt: c.plan.Announce})
	}
}

// exchanged moves the exchange on by a media result.
func (c *Call) exchanged(now Mono, e *Event, out *Commands) {
	x := c.x
	if e.Kind == MediaFailed {
		c.mediaRefused(now, e.Cause, out)
		return
	}
	switch {
	case e.Kind == MediaSettled:
		if x.step == xOffered && x.kind == xOffer && e.Leg == x.asker {
			c.done(out)
			out.add(Command{Op: OpRespond, Leg: x.asker, SDP: e.SDP})
		}
	case x.step == xOffered && x.kind == xLocal && e.Leg == x.asker:
		if len(e.SDP) == 0 {
			return
		}
		out.add(Command{Op: OpRespond, Leg: x.asker, SDP: e.SDP})
		if c.x.step = xConfirm; !x.ask {
			c.done(out)
		}
	case x.step == xOffered && x.kind == xAsk && e.Leg == x.asker:
		c.x.step = xConfirm
		out.add(Command{Op: OpRespond, Leg: x.asker, SDP: e.SDP})
	case x.step == xOffered && x.kind == xReplace && x.ask && e.Leg == x.fresh:
		c.x.step = xConfirm
		c.leg(x.fresh).state = legUp
		out.add(Command{Op: OpAnswer, Leg: x.fresh, SDP: e.SDP})
	case x.step == xOffered && e.Leg == x.other && !x.ask:
		c.x.step = xModify
		out.add(Command{Op: OpModify, Leg: x.other, SDP: e.SDP})
	case x.step != xAnswer:
		return
	case x.kind == xOffer && e.Leg == x.asker:
		c.done(out)
		out.add(Command{Op: OpRespond, Leg: x.asker, SDP: e.SDP})
	case x.kind == xAsk && e.Leg == x.other:
		c.done(out)
		out.add(Command{Op: OpConfirm, Leg: x.other, SDP: e.SDP})
	case x.kind == xReplace && x.ask && e.Leg == x.other:
		out.add(Command{Op: OpConfirm, Leg: x.other, SDP: e.SDP})
		c.replaceLeg(out)
	case x.kind == xReplace && !x.ask && e.Leg == x.fresh:
		c.leg(x.fresh).state = legUp
		out.add(Command{Op: OpAnswer, Leg: x.fresh, SDP: e.SDP})
		c.replaceLeg(out)
	case x.kind == xTransfer && e.Leg == x.fresh:
		c.leg(x.fresh).state = legSettled
		out.add(Command{Op: OpConfirm, Leg: x.fresh, SDP: e.SDP})
		c.replaceLeg(out)
	}
}

// mediaRefused takes a description that media cannot use within an exchange.
func (c *Call) mediaRefused(now Mono, cause Cause, out *Commands) {
	if c.x.kind == xOffer && c.x.step == xAnswer {
		// The other side has accepted already what cannot be passed back.
		c.finish(now, cause, out)
		return
	}
	c.drop(now, cause, out)
}
