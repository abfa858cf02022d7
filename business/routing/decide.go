package routing

import (
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
)

// RingFor is how long the terminals of a number ring together. A center that
// handed a call on waits a little longer, so that the one that rings decides.
const (
	RingFor     = 60 * time.Second
	waitFurther = 5 * time.Second
	// ringOutside is how long a call that leaves may ring: the far network
	// ends it sooner, as a rule.
	ringOutside = 120 * time.Second
	// ReplyIn is how long a gateway has to say anything to an INVITE, before
	// the next one is tried.
	ReplyIn = 4 * time.Second
)

// mostForwards is how often a call may be forwarded.
const mostForwards = 3

// Decide answers one question. It reads memory only.
func (t *Tables) Decide(a *Attempt) Decision {
	switch a.Role {
	case Home:
		return t.atHome(a)
	case Visit:
		return t.atVisit(a)
	case Exit:
		d := t.atExit(a)
		t.divert(d.Targets, a.Diversion)
		return d
	case Entry:
		return t.atEntry(a)
	default:
		return t.atOrigin(a)
	}
}

// Step is one step of a decision, in words.
type Step struct {
	Text   string
	Inside bool // the operator's business, or the called party's, and not the caller's
}

// step says a step, to whoever asks for an explanation.
func (a *Attempt) step(format string, args ...any) {
	*a.Trace = append(*a.Trace, Step{Text: fmt.Sprintf(format, args...)})
}

// stepOf says a step of a call that leaves; of one that is forwarded it is the
// called party's business.
func (a *Attempt) stepOf(o *outbound, format string, args ...any) {
	*a.Trace = append(*a.Trace, Step{Text: fmt.Sprintf(format, args...), Inside: o.forwarded})
}

// inside says a step that is not the caller's business.
func (a *Attempt) inside(format string, args ...any) {
	*a.Trace = append(*a.Trace, Step{Text: fmt.Sprintf(format, args...), Inside: true})
}

func none(cause cdr.Cause, code, text string) Decision {
	return Decision{Kind: None, Cause: cause, Reason: fault.Reason{Code: code, Text: text}}
}

// after weighs how earlier targets of the call went. What was tried is over:
// the answer is then the best cause, with nothing left to ring.
func (d Decision) after(a *Attempt) Decision {
	was := false
	for i := range a.Outcomes {
		o := &a.Outcomes[i]
		if o.Target.Forward {
			continue
		}
		was = true
		if weight(o.Cause) > weight(d.Cause) {
			d.Cause = o.Cause
		}
	}
	if !was {
		return d
	}
	d.Targets, d.Chosen, d.RingFor, d.ReplyIn = nil, "", 0, 0
	d.Reason = fault.Reason{Code: d.Cause.String()}
	return d
}

// weight orders causes by what they tell the caller: a person's decision says
// more than a terminal's, and that more than a fault.
func weight(c cdr.Cause) int {
	switch c {
	case cdr.Declined:
		return 5
	case cdr.Busy:
		return 4
	case cdr.NoAnswer:
		return 3
	case cdr.Media:
		return 2
	case cdr.NoCause:
		return 0
	default:
		return 1
	}
}

// Say finds the words of a decision's reason, where they were left for later.
func (t *Tables) Say(d *Decision) {
	if d.Reason.Text != "" || d.Reason.Code == "" {
		return
	}
	called := d.E164
	if d.Number.Kind != 0 {
		called = d.Number.Display()
	}
	switch {
	case d.typed != "":
		d.Reason.Text = t.unsold(d.typed)
	case d.Reason.Code == unreachable:
		d.Reason.Text = "No terminal of " + called + " is signed in now. Try again later."
	case d.Reason.Code == unregistered:
		d.Reason.Text = "The holder of " + called + " has not registered it yet, so it cannot ring. Try again later."
	case called == "":
		d.Reason.Text = "The call was not answered."
	default:
		d.Reason.Text = "The call to " + called + " was not answered."
	}
}

// Reasons whose words are found by Say.
const (
	unreachable  = "not_reachable"
	unregistered = "unregistered"
)
