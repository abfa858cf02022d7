package routing

import (
	"slices"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/numbering"
)

// onNet sends the call towards a number of ours.
func (t *Tables) onNet(a *Attempt, h Holder) Decision {
	d := Decision{Kind: OnNet, Number: h.Number, Holder: h}
	if a.Trace != nil {
		a.step("%s is a number of ours.", h.Number.Display())
	}
	home, ok := t.Centers.ForCountry(h.Country)
	if !ok {
		d.Cause, d.Reason = cdr.Unavailable, fault.Reason{Code: "center_closed", Text: "There is no communication center for " + h.Number.Display() + " now. Try again later."}
		return d
	}
	d.Center = home
	if home != a.Center {
		if !h.Registered && (!h.OwnPhone || h.Number.Kind != numbering.Individual) {
			return d.unregistered()
		}
		if a.Trace != nil {
			a.step("The center %s is its home: the call goes on there.", home)
		}
		d.Targets, d.Chosen, d.RingFor = []Target{{Kind: ToCenter, Center: home, Role: Home}}, ChosenHome, RingFor+ringOutside+2*waitFurther
		return d.after(a)
	}
	return t.ring(a, d)
}

func (d Decision) unregistered() Decision {
	d.Cause, d.Reason = cdr.Unregistered, fault.Reason{Code: unregistered}
	return d
}

// atHome finds the terminals of a number this center is home of.
func (t *Tables) atHome(a *Attempt) Decision {
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil {
		d := none(cdr.NotFound, "", "")
		d.Reason = fault.ReasonOf(err)
		return d
	}
	h, ok := t.Sold.Typed(typed.Text)
	if !ok {
		return none(cdr.NotFound, "not_found", typed.Text+" is not a number of ours.")
	}
	return t.onNet(a, h)
}

// ring lists the terminals; those registered elsewhere are reached through
// the center where they are. Where none rings, or none answered, the call goes
// on as the holder has it (M2).
func (t *Tables) ring(a *Attempt, d Decision) Decision {
	h := &d.Holder
	if !h.Registered {
		// M1: until it is registered, calls go to the telephone it is.
		if h.OwnPhone && h.Number.Kind == numbering.Individual {
			return t.forward(a, d, []string{h.Number.E164()}, cdr.Unregistered, WhyUnreachable)
		}
		return d.unregistered()
	}
	f := h.Forward
	if a.Instance != "" {
		f = nil // where others take his calls is not this terminal
	}
	if f != nil && len(f.Always) > 0 {
		return t.forward(a, d, f.Always, cdr.Unavailable, WhyAlways)
	}
	var room [2]location.Binding // most people have one or two terminals
	found, further := t.terminals(room[:0], a, &d)
	asleep := t.addTargets(a, &d, found)
	if a.Trace != nil {
		a.sayTerminals(len(d.Targets)-asleep, asleep)
		if a.Instance == "" {
			a.sayOn(h, len(d.Targets) > 0)
		}
	}
	if len(d.Targets) > 0 {
		d.RingFor, d.Chosen = RingFor, ChosenSignedIn
		if f != nil && len(f.NoAnswer) > 0 && f.After > 0 {
			d.RingFor = f.After
		}
		if d.further(a.Center) {
			d.RingFor += waitFurther
		}
		if further {
			return d
		}
		if d = d.after(a); len(d.Targets) == 0 && a.Instance == "" {
			return t.goOn(a, d)
		}
		return d
	}
	if home, ok := t.homeOffice(d.Number); ok && a.Instance == "" {
		return t.onNet(a, home)
	}
	d.Cause = cdr.Unavailable
	d.Reason = fault.Reason{Code: unreachable}
	if a.Instance != "" {
		return d
	}
	return t.goOn(a, d)
}

// terminals are those of a number that ring, one flow of each; further says that
// these are other flows of terminals that were tried.
func (t *Tables) terminals(room []location.Binding, a *Attempt, d *Decision) (found []location.Binding, further bool) {
	found = signedIn(t.Bindings.ByNumber(room, d.Number.Canonical(), a.Now))
	if a.Instance != "" {
		found = instanceOf(found, a.Instance)
	}
	if others := otherFlows(found, a.Outcomes); len(others) > 0 {
		return others, true
	}
	return oneFlowEach(found), false
}

// addTargets adds terminals to those that ring, and what is woken beside them; it returns
// how many are.
func (t *Tables) addTargets(a *Attempt, d *Decision, found []location.Binding) (asleep int) {
	d.Targets = make([]Target, 0, len(found))
	mine := func(b *location.Binding) bool { return a.Caller.Device != "" && b.DeviceID == a.Caller.Device } // nobody rings himself
	only := false
	for i := range found {
		b := &found[i]
		only = only || b.Only
		if mine(b) {
			continue
		}
		d.Targets = append(d.Targets, At(a.Center, b))
		if b.Wakes && len(a.Outcomes) == 0 { // its connection may look alive and be frozen
			d.Targets = append(d.Targets, Target{Kind: ToSleeper, Binding: *b})
			asleep++
		}
	}
	if t.Sleepers != nil && !only && a.Instance == "" && len(a.Outcomes) == 0 {
		if b, ok := t.Sleepers.Asleep(d.Number.Canonical()); ok && !mine(&b) {
			d.Targets = append(d.Targets, Target{Kind: ToSleeper, Binding: b})
			asleep++
		}
	}
	return asleep
}

// sayTerminals says how many ring, and whether others are woken.
func (a *Attempt) sayTerminals(rings, asleep int) {
	if rings == 1 {
		a.inside("One of its terminals is signed in.")
	} else {
		a.inside("%d of its terminals are signed in.", rings)
	}
	if asleep > 0 {
		a.inside("Others are woken by a notification, and ring when they have signed in.")
	}
}

// instanceOf keeps the one terminal that is called: a GRUU means it and nobody else
// (RFC 5627 §5.1).
func instanceOf(found []location.Binding, instance string) []location.Binding {
	return slices.DeleteFunc(found, func(b location.Binding) bool {
		return b.Instance() != instance
	})
}

// At is the way from a center to a terminal.
func At(here center.ID, b *location.Binding) Target {
	if b.Center == here {
		return Target{Kind: ToBinding, Binding: *b}
	}
	return Target{Kind: ToCenter, Center: b.Center, Role: Visit, Binding: *b}
}

// oneFlowEach keeps, of a terminal with several ways to it, the one it used last
// (RFC 5626 §5.3).
func oneFlowEach(found []location.Binding) []location.Binding {
	if !slices.ContainsFunc(found, func(b location.Binding) bool { return b.RegID > 0 }) {
		return found
	}
	out := make([]location.Binding, 0, len(found))
	for i := range found {
		b := &found[i]
		same := slices.IndexFunc(out, func(x location.Binding) bool { return b.RegID > 0 && x.RegID > 0 && x.Same(b) })
		switch {
		case same < 0:
			out = append(out, *b)
		case b.Updated.After(out[same].Updated):
			out[same] = *b
		}
	}
	return out
}

// otherFlows are the ways not tried yet to terminals that were not reached by
// those that were. Nobody is rung again who was.
func otherFlows(found []location.Binding, tried []Outcome) []location.Binding {
	if len(tried) == 0 {
		return nil
	}
	vain := func(c cdr.Cause) bool { return c == cdr.Unavailable || c == cdr.Timeout || c == cdr.Failed }
	return oneFlowEach(slices.DeleteFunc(slices.Clone(found), func(b location.Binding) bool {
		missed := false
		for i := range tried {
			x := &tried[i].Target.Binding
			if x.ID == b.ID || x.Same(&b) && !vain(tried[i].Cause) {
				return true
			}
			missed = missed || x.Same(&b)
		}
		return b.RegID == 0 || !missed
	}))
}

// signedIn keeps only the terminals where the holder is now, if he said so when
// he signed in there with his card.
func signedIn(found []location.Binding) []location.Binding {
	only := func(b location.Binding) bool { return b.Only }
	if !slices.ContainsFunc(found, only) {
		return found
	}
	return slices.DeleteFunc(found, func(b location.Binding) bool { return !only(b) })
}

// further reports whether a target is at another center.
func (d *Decision) further(here center.ID) bool {
	for i := range d.Targets {
		if d.Targets[i].Kind == ToCenter && d.Targets[i].Center != here {
			return true
		}
	}
	return false
}

// homeOffice is where a company's calls go when the office called has nobody
// signed in: better the home office than nobody.
func (t *Tables) homeOffice(n numbering.Number) (Holder, bool) {
	if n.Kind != numbering.Company {
		return Holder{}, false
	}
	c, ok := t.Sold.Root(n.National)
	if !ok || c.Home == n.CallingCode || c.Refuse {
		return Holder{}, false
	}
	return t.Sold.Typed(c.Root + "#" + c.Home)
}

// atVisit finds one terminal here, named by the home center.
func (t *Tables) atVisit(a *Attempt) Decision {
	b, ok := t.Bindings.Get(a.Binding, a.Now)
	if !ok || b.Center != a.Center {
		d := none(cdr.Unavailable, "not_reachable", "The terminal is no longer signed in here.")
		return d
	}
	d := Decision{Kind: OnNet, Center: a.Center, Targets: []Target{{Kind: ToBinding, Binding: b}}, Chosen: ChosenVisit, RingFor: RingFor}
	if h, sold := t.Sold.Typed(b.Number); sold {
		d.Number, d.Holder = h.Number, h
		if home, open := t.Centers.ForCountry(h.Country); open {
			d.Center = home
		}
	}
	return d.after(a)
}
