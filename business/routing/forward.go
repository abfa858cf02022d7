package routing

import (
	"slices"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// goOn forwards a call that nobody took, as the holder has it.
func (t *Tables) goOn(a *Attempt, d Decision) Decision {
	f := d.Holder.Forward
	if f == nil {
		return d
	}
	var list []string
	var why Why
	switch d.Cause {
	case cdr.Busy, cdr.Declined:
		list, why = f.Busy, WhyBusy
	case cdr.NoAnswer:
		list, why = f.NoAnswer, WhyNoAnswer
	case cdr.Unavailable, cdr.Timeout, cdr.Failed, cdr.Lost, cdr.Media:
		list, why = f.Unreachable, WhyUnreachable
	default:
	}
	if len(list) == 0 {
		return d
	}
	return t.forward(a, d, list, d.Cause, why)
}

// forward sends the call to the next of list that was not tried. It leaves by a
// carrier or a partner, never to a number of ours: the same member would ring
// again. His account pays.
func (t *Tables) forward(a *Attempt, d Decision, list []string, cause cdr.Cause, why Why) Decision {
	d.Targets, d.Chosen, d.RingFor, d.ReplyIn = nil, "", 0, 0
	if a.Forwards >= mostForwards {
		if a.Trace != nil {
			a.step("The call was forwarded %d times already: it goes no further.", a.Forwards)
		}
		d.Cause, d.Reason = cdr.NotFound, fault.Reason{Code: "loop", Text: "The call was forwarded too often. " + d.Number.Display() + " and another number may send their calls to each other."}
		return d
	}
	d.Cause = cause
	d.Reason = fault.Reason{Code: unreachable}
	if !d.Holder.Registered {
		d = d.unregistered()
	}
	for _, to := range list {
		if t.comesBack(a, &d, to) {
			continue
		}
		x, ok := t.forwardTo(a, to, d.Holder.Account)
		switch {
		case !ok:
		case len(x.Targets) > 0:
			a.saySent(&d.Holder, to)
			return t.sent(d, x, why)
		default:
			if weight(x.Cause) > weight(d.Cause) {
				d.Cause = x.Cause
			}
			if a.Trace != nil {
				t.Say(&x)
				a.inside("Forwarding to %s: %s", to, x.Reason.Text)
			}
		}
	}
	for i := range a.Outcomes {
		if o := &a.Outcomes[i]; weight(o.Cause) > weight(d.Cause) {
			d.Cause = o.Cause
			d.Reason = fault.Reason{Code: d.Cause.String()}
		}
	}
	return d
}

// sent is a call to d's holder that goes on as x has it: he pays.
func (t *Tables) sent(d, x Decision, why Why) Decision {
	d.Targets, d.RingFor, d.ReplyIn, d.Price, d.E164 = x.Targets, x.RingFor, x.ReplyIn, x.Price, x.E164
	d.Chosen = why.chosen()
	for i := range d.Targets {
		d.Targets[i].Forward, d.Targets[i].Payer = true, d.Holder.Account
	}
	t.divert(d.Targets, &Diversion{By: d.Holder.Number, Why: why})
	return d
}

// saySent tells where a call goes on now.
func (a *Attempt) saySent(h *Holder, to string) {
	if a.Trace == nil {
		return
	}
	a.inside("Its holder has such calls sent on to %s, and pays for it.", to)
	if slices.Contains(h.Unproved, to) {
		a.sayUnproved(to)
	}
}

// sayOn tells where a call would go on, if terminals ring for it, and where it
// does not for want of a proof.
func (a *Attempt) sayOn(h *Holder, ringing bool) {
	var f member.Forwarding
	if h.Forward != nil {
		f = *h.Forward
	}
	if ringing {
		a.sayWhen(&f)
	}
	for _, to := range h.Unproved {
		switch {
		case !f.Goes(to):
			a.inside("Its holder chose to have calls sent on to %s, and has not proved it: none is sent there.", to)
		case ringing:
			a.sayUnproved(to)
		}
	}
}

// sayWhen tells when a call that terminals ring for goes on.
func (a *Attempt) sayWhen(f *member.Forwarding) {
	for _, to := range f.Busy {
		a.inside("When its holder is busy or declines, the call goes on to %s, and he pays for it.", to)
	}
	for _, to := range f.NoAnswer {
		a.inside("When nobody answers, the call goes on to %s, and its holder pays for it.", to)
	}
	for _, to := range f.Unreachable {
		a.inside("When no terminal can be reached, the call goes on to %s, and its holder pays for it.", to)
	}
}

// sayUnproved tells that a number is called, as in dev, without its proof.
func (a *Attempt) sayUnproved(to string) {
	a.inside("Nobody has proved %s: it is called all the same, as no real telephone rings here.", to)
}

// divert says of targets whose call it was: another center is told the number, a
// carrier that takes such (RFC 5806) what the number's own calls show there.
func (t *Tables) divert(targets []Target, v *Diversion) {
	if v == nil {
		return
	}
	for i := range targets {
		x := &targets[i]
		switch {
		case x.Kind == ToCenter && x.Role == Exit:
			x.Diversion = v
		case x.Kind == ToTrunk && x.Service != EmergencyService:
			c, known := t.Ways.Carrier(x.Carrier)
			if !known || !c.Diverts {
				continue
			}
			h, _ := t.shownAs(v.By)
			said := *v
			said.Shows, said.Private = t.shows(&Party{Number: v.By}, c, t.mainCountry(c.Center)), h.Private
			x.Diversion = &said
		}
	}
}

// comesBack reports whether a forwarded call would only come back: to who is
// calling, by the very number that it came in by, or to us by a telephone number
// that a carrier brings here.
func (t *Tables) comesBack(a *Attempt, d *Decision, to string) bool {
	if to == a.Caller.E164 {
		if a.Trace != nil {
			a.inside("The call comes from %s: it is not sent back there.", to)
		}
		return true
	}
	if a.Entered && d.Number.E164() == to {
		if a.Trace != nil {
			a.inside("The call came in by %s: it is not sent back there.", to)
		}
		return true
	}
	if t.House != nil && t.House.AnswersAt(to) {
		if a.Trace != nil {
			a.inside("%s is an access number: no call is sent on there.", to)
		}
		return true
	}
	if t.Lines == nil || len(to) < 2 || to[0] != '+' {
		return false
	}
	l, ours := t.Lines.Line(to[1:])
	if !ours || l.Number.Zero() {
		return false
	}
	if a.Trace != nil {
		a.inside("%s is a telephone number that comes in here: the call is not sent out to it.", to)
	}
	return true
}

// forwardTo decides where a call is forwarded to, with the outcomes of those
// targets only.
func (t *Tables) forwardTo(a *Attempt, to, payer string) (Decision, bool) {
	typed, err := numbering.ParseTyped(to)
	if err != nil {
		return Decision{}, false
	}
	switch typed.Kind {
	case numbering.Plus:
		cc, national, valid := t.Plans.SplitE164(typed.Text)
		if !valid {
			return Decision{}, false
		}
		return t.leave(a, outbound{cc: cc, national: national, forwarded: true, payer: payer}), true
	case numbering.Digits:
		d, ok := t.toPartner(a, typed.Text, true)
		return d, ok
	default:
		return Decision{}, false
	}
}
