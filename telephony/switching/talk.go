package switching

// exchange is one change of the session that goes through the call: at most
// one at a time, which is what keeps glare simple (RFC 3261 §14.2: a second is
// told 491).
type exchange struct {
	kind  xKind
	step  xStep
	asker LegID // whose Modify it is
	other LegID // who is asked in turn
	fresh LegID // xReplace, xTransfer: who comes in
	old   LegID // whose place it takes; may be gone by itself meanwhile
	ask   bool  // xLocal: the offer is ours; xReplace: fresh has none, other is asked for one
	rings bool  // other hears a ringing tone of ours
}

type xKind uint8

const (
	xNone     xKind = iota
	xOffer          // asker's offer goes to other
	xAsk            // asker has no offer: other is asked for one
	xLocal          // the only leg asks us
	xReplace        // fresh's offer goes to other
	xTransfer       // fresh is dialled without an offer, its own goes to other
)

type xStep uint8

const (
	xDial    xStep = iota // fresh is being rung
	xOffered              // media rewrites the offer
	xModify               // other has been asked
	xAnswer               // media rewrites the answer
	xConfirm              // the asker's ACK brings the answer
)

// change takes what changes the session of a call in progress.
func (c *Call) change(now Mono, e *Event, out *Commands) {
	switch e.Kind {
	case Modify:
		c.modify(now, e, out)
	case ModifyAccepted:
		c.modified(now, e, out)
	case ModifyRefused:
		if c.x.kind != xNone && c.x.step == xModify && e.Leg == c.x.other {
			c.drop(now, e.Cause, out)
		}
	case Transfer:
		c.transfer(now, e, out)
	default:
	}
}

func (c *Call) modify(now Mono, e *Event, out *Commands) {
	l := c.leg(e.Leg)
	if l == nil {
		return
	}
	alone := c.phase == running || c.phase == announcing && (!c.late || c.plays)
	if alone && l.state >= legUp && c.x.kind == xNone {
		c.x = exchange{kind: xLocal, step: xOffered, asker: l.id, ask: len(e.SDP) == 0}
		c.set(TimerModify, now+Mono(modifyMost), out)
		if len(e.SDP) > 0 {
			out.add(Command{Op: OpMediaOffer, Leg: l.id, SDP: e.SDP})
		} else {
			out.add(Command{Op: OpMediaOffer, Peer: l.id})
		}
		return
	}
	other := c.peer(l.id)
	if o := c.leg(other); c.phase != talking || c.x.kind != xNone || o == nil || o.state != legSettled {
		out.add(Command{Op: OpRespond, Leg: l.id, Cause: CauseGlare})
		return
	}
	c.set(TimerModify, now+Mono(modifyMost), out)
	if len(e.SDP) == 0 {
		c.x = exchange{kind: xAsk, step: xModify, asker: l.id, other: other}
		out.add(Command{Op: OpModify, Leg: other})
		return
	}
	c.x = exchange{kind: xOffer, step: xOffered, asker: l.id, other: other}
	out.add(Command{Op: OpMediaOffer, Leg: l.id, Peer: other, SDP: e.SDP})
}

// peer returns whom a leg talks to.
func (c *Call) peer(id LegID) LegID {
	switch id {
	case c.a:
		return c.b
	case c.b:
		return c.a
	default:
		return NoLeg
	}
}

// modified takes the other side's consent.
func (c *Call) modified(now Mono, e *Event, out *Commands) {
	if c.x.kind == xNone || c.x.step != xModify || e.Leg != c.x.other {
		return // it came after we had given up
	}
	if len(e.SDP) == 0 {
		c.drop(now, CauseIncompatible, out)
		return
	}
	switch c.x.kind {
	case xAsk:
		c.x.step = xOffered
		out.add(Command{Op: OpMediaOffer, Leg: c.x.other, Peer: c.x.asker, SDP: e.SDP})
	case xOffer:
		c.x.step = xAnswer
		out.add(Command{Op: OpMediaAnswer, Leg: c.x.other, Peer: c.x.asker, SDP: e.SDP})
	case xReplace, xTransfer:
		if c.x.ask {
			c.askedFor(now, e.SDP, out)
			return
		}
		c.x.step = xAnswer
		out.add(Command{Op: OpMediaAnswer, Leg: c.x.other, Peer: c.x.fresh, SDP: e.SDP})
	default:
	}
}

// askedFor takes the offer of the one who stays, for one who comes in without.
func (c *Call) askedFor(now Mono, sdp []byte, out *Commands) {
	if c.leg(c.x.fresh) == nil { // who has left meanwhile
		c.drop(now, CauseNormal, out)
		return
	}
	c.x.step = xOffered
	out.add(Command{Op: OpMediaOffer, Leg: c.x.other, Peer: c.x.fresh, SDP: sdp})
}

// confirmed takes the ACK of a leg.
func (c *Call) confirmed(now Mono, e *Event, out *Commands) {
	l := c.leg(e.Leg)
	if l == nil {
		return
	}
	if x := c.x; x.kind != xNone && x.step == xConfirm && l.id == x.asker {
		c.x.step = xAnswer
		switch {
		case x.kind == xLocal:
			c.done(out)
			if len(e.SDP) > 0 {
				out.add(Command{Op: OpMediaAnswer, Leg: l.id, SDP: e.SDP})
			}
		case len(e.SDP) > 0:
			out.add(Command{Op: OpMediaAnswer, Leg: l.id, Peer: x.other, SDP: e.SDP})
		default:
			// No answer came: the session stays as it was, on both sides.
			c.done(out)
			out.add(Command{Op: OpConfirm, Leg: x.other})
		}
		return
	}
	if l.state != legUp {
		return
	}
	l.state = legSettled
	if x := c.x; x.kind == xReplace && x.ask && x.step == xConfirm && l.id == x.fresh {
		if len(e.SDP) == 0 {
			c.drop(now, CauseIncompatible, out)
			return
		}
		c.x.step = xAnswer
		out.add(Command{Op: OpMediaAnswer, Leg: l.id, Peer: x.other, SDP: e.SDP})
		return
	}
	if l.id != Caller || !c.late {
		return
	}
	switch {
	case len(e.SDP) == 0:
		c.finish(now, CauseIncompatible, out)
	case c.phase == announcing, c.phase == greeting:
		c.cancel(TimerConfirm, out)
		out.add(Command{Op: OpMediaAnswer, Leg: Caller, SDP: e.SDP})
	case c.phase == answering:
		c.cancel(TimerConfirm, out)
		out.add(Command{Op: OpMediaAnswer, Leg: Caller, Peer: c.sought, SDP: e.SDP})
	}
}

// done ends the exchange.
func (c *Call) done(out *Commands) {
	c.x = exchange{}
	c.cancel(TimerModify, out)
}

// drop ends the exchange in vain: who asked is told.
func (c *Call) drop(now Mono, cause Cause, out *Commands) {
	x := c.x
	if cause == CauseNone {
		cause = CauseIncompatible
	}
	switch x.kind {
	case xNone:
		return
	case xOffer, xAsk, xLocal:
		if x.step == xConfirm || x.kind == xAsk && x.step == xAnswer {
			// The asker has its 200 and never acknowledged, or what it
			// answered cannot be passed on: the two sides disagree.
			c.finish(now, cause, out)
			return
		}
		c.done(out)
		if x.kind == xAsk && x.step == xOffered {
			out.add(Command{Op: OpConfirm, Leg: x.other})
		}
		out.add(Command{Op: OpRespond, Leg: x.asker, Cause: cause})
	case xReplace, xTransfer:
		c.done(out)
		c.cancel(TimerRing, out)
		if x.waits() {
			out.add(Command{Op: OpConfirm, Leg: x.other}) // its session stays as it was
		}
		if c.leg(x.fresh) != nil {
			c.end(x.fresh, cause, out)
		}
		if c.leg(x.old) == nil {
			c.finish(now, cause, out) // nobody is left to talk to
		}
	}
}

// waits reports whether the one who stays has made an offer and waits for the
// answer.
func (x *exchange) waits() bool {
	return x.kind == xReplace && x.ask && x.step != xModify
}

// exchangeLost takes the end of a leg that has a part in the exchange, and
// reports whether that is all there is to it.
func (c *Call) exchangeLost(now Mono, id LegID, cause Cause, out *Commands) bool {
	x := c.x
	if x.kind != xReplace && x.kind != xTransfer {
		return false
	}
	switch id {
	case x.fresh:
		c.forget(id)
		if x.ask && x.step == xModify { // an offer is on its way, and wants its ACK
			out.add(Command{Op: OpMediaDrop, Leg: id})
			return true
		}
		c.done(out)
		if x.waits() {
			out.add(Command{Op: OpConfirm, Leg: x.other})
		}
		c.cancel(TimerRing, out)
		out.add(Command{Op: OpMediaDrop, Leg: id})
		if c.leg(x.old) == nil {
			c.finish(now, cause, out)
		}
		return true
	case x.old:
		// It made room already: a page that was reloaded, a transferor that
		// hung up. The one who stays hears that it goes on.
		c.gone(id, out)
		if x.step == xDial {
			c.x.rings = true
			out.add(Command{Op: OpPlay, Leg: x.other, Prompt: ToneRinging})
		}
		return true
	default:
		return false
	}
}

// Peer is whom a leg talks to; NoLeg while it talks to nobody.
func (c *Call) Peer(id LegID) LegID {
	if id == NoLeg {
		return NoLeg
	}
	return c.peer(id)
}

// MayReplace reports whether a leg may come in now to take another's place.
func (c *Call) MayReplace(id LegID) bool {
	o := c.leg(c.peer(id))
	return id != NoLeg && c.phase == talking && o != nil && o.state == legSettled && c.x.kind == xNone && c.next < mostLegs
}

// replaceBy takes a leg that comes in to take another's place.
func (c *Call) replaceBy(now Mono, e *Event, out *Commands) {
	other := c.peer(e.Replaces)
	o := c.leg(other)
	if e.Leg == NoLeg || e.Leg == Caller || c.leg(e.Leg) != nil {
		return
	}
	cause := CauseNone
	switch {
	case c.phase != talking || o == nil || e.Replaces == NoLeg:
		cause = CauseNotFound // RFC 3891 §3: no such dialog is 481
	case c.x.kind != xNone || o.state != legSettled:
		cause = CauseGlare
	}
	if cause != CauseNone {
		out.add(Command{Op: OpEnd, Leg: e.Leg, Cause: cause})
		return
	}
	c.legs = append(c.legs, leg{id: e.Leg, state: legIn, target: -1})
	c.x = exchange{kind: xReplace, step: xOffered, other: other, fresh: e.Leg, old: e.Replaces}
	c.set(TimerModify, now+Mono(modifyMost), out)
	if len(e.SDP) == 0 {
		c.x.step, c.x.ask = xModify, true
		out.add(Command{Op: OpModify, Leg: other})
		return
	}
	out.add(Command{Op: OpMediaOffer, Leg: e.Leg, Peer: other, SDP: e.SDP})
}

// transfer dials the one who takes a leg's place. It is asked for an offer, so
// that the one who stays is not held waiting with half an exchange while it
// rings (RFC 3725 §4 flow III).
func (c *Call) transfer(now Mono, e *Event, out *Commands) {
	other := c.peer(e.Leg)
	if o := c.leg(other); c.phase != talking || o == nil || o.state != legSettled || c.x.kind != xNone || e.Target == nil || c.next >= mostLegs {
		return
	}
	c.targets = append(c.targets[:0], *e.Target)
	id := c.NewLeg()
	c.tries(id, &c.targets[0])
	c.legs = append(c.legs, leg{id: id, state: legDialled})
	c.x = exchange{kind: xTransfer, step: xDial, other: other, fresh: id, old: e.Leg}
	c.set(TimerRing, now+Mono(ringDefault), out)
	out.add(Command{Op: OpDial, Leg: id, Target: &c.targets[0]})
}

func (c *Call) transferAnswered(now Mono, l *leg, e *Event, out *Commands) {
	c.cancel(TimerRing, out)
	if len(e.SDP) == 0 {
		c.drop(now, CauseIncompatible, out)
		return
	}
	l.state = legUp
	c.took(l.id)
	c.x.step = xOffered
	c.set(TimerModify, now+Mono(modifyMost), out)
	out.add(Command{Op: OpMediaOffer, Leg: l.id, Peer: c.x.other, SDP: e.SDP})
}

// replaceLeg puts fresh in the place of old: the bridge, then the end of old.
func (c *Call) replaceLeg(out *Commands) {
	x := c.x
	c.done(out)
	if c.a == x.old {
		c.a = x.fresh
	} else {
		c.b = x.fresh
	}
	if x.rings {
		out.add(Command{Op: OpPlay, Leg: x.other})
	}
	out.add(Command{Op: OpBridge, Leg: c.a, Peer: c.b})
	if c.leg(x.old) != nil {
		c.end(x.old, CauseReplaced, out)
	}
}
