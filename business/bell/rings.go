package bell

import (
	"context"
	"slices"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
)

// Kind is the sort of thing that may ring for a number.
type Kind string

// The kinds.
const (
	KindBrowser   Kind = "browser"
	KindTelephone Kind = "telephone"
	KindCard      Kind = "card"    // a terminal at which an ID card is signed in
	KindForward   Kind = "forward" // an ordinary telephone that calls are sent on to
	KindAccess    Kind = "access"  // an ordinary telephone from which he calls
)

// Verdict is whether something rings, and the word for why.
type Verdict struct {
	Rings bool
	Why   Why
}

// Why is a word for why something rings or does not.
type Why string

// The words.
const (
	WhyOpen        Why = "open"        // a page with the telephone is open there
	WhyPush        Why = "push"        // by a notification, within WakeFor
	WhyNoPush      Why = "no_push"     // notifications are not switched on there
	WhyRegistered  Why = "registered"  // it is signed in
	WhyWoken       Why = "woken"       // it sleeps, and is woken by a push message (RFC 8599)
	WhyAway        Why = "away"        // it is not signed in
	WhyElsewhere   Why = "elsewhere"   // a card is signed in elsewhere, and only there it rings
	WhySentOn      Why = "sent_on"     // all calls are sent on
	WhyAlways      Why = "always"      // all calls are sent there
	WhyBusy        Why = "busy"        // when he is busy or declines
	WhyNoAnswer    Why = "no_answer"   // when nobody answers
	WhyUnreachable Why = "unreachable" // when nothing else can be reached
	WhyUnproved    Why = "unproved"    // he chose it, and has not proved it
	WhyNoPrice     Why = "no_price"    // calls there have no price, so none is sent
	WhyAccess      Why = "access"      // it is for calling
)

// Row is one thing that may ring for a number: now, and when every browser of its
// holder is closed.
type Row struct {
	Kind    Kind
	Name    string // of the device or the browser as it calls itself, or the number calls are sent on to
	Device  string // its id; "" of what is none
	Browser string // the id of a browser that rings when it is closed
	// Unproved: he has not proved that it is his. Calls are sent on there all the same
	// in dev, and nowhere else.
	Unproved bool
	Now      Verdict
	Closed   Verdict
}

// world is what decides what rings.
type world struct {
	devices  []member.Device
	at       func(device string) []location.Binding
	browsers []Browser
	forward  member.Forwarding // as calls follow it
	unproved []string          // that he chose for it and has not proved
	priced   func(to string) bool
}

// Ringing lists what may ring for a number, and says of each whether and why.
func (s *Service) Ringing(ctx context.Context, by member.Actor, membership string) ([]Row, error) {
	m, err := s.cfg.Lines.Membership(ctx, by, membership)
	if err != nil {
		return nil, err
	}
	w := world{at: s.cfg.At, priced: func(to string) bool { return s.cfg.Priced(m.Account, m.Number, to) }}
	w.forward, w.unproved = m.InForce(s.cfg.ToUnproved)
	if w.devices, err = s.cfg.Lines.Devices(ctx, by, membership); err != nil {
		return nil, err
	}
	if w.browsers, err = s.cfg.Store.Browsers(ctx, m.Account, s.cfg.Now()); err != nil {
		return nil, err
	}
	return w.rows(), nil
}

func (w *world) rows() []Row {
	only := false
	for i := range w.devices {
		only = only || slices.ContainsFunc(w.at(w.devices[i].ID), func(b location.Binding) bool { return b.Only })
	}
	var out []Row
	for i := range w.devices {
		d := &w.devices[i]
		at := w.at(d.ID)
		switch {
		case !d.Revoked.IsZero() || d.Lent != "" && len(at) == 0:
		case d.Kind == member.Browser:
			out = append(out, w.inBrowsers(d, at)...)
		case d.Kind == member.Card:
			out = append(out, Row{Kind: KindCard, Name: d.Name, Device: d.ID, Now: signedIn(at), Closed: Verdict{false, WhyNoPush}})
		default:
			out = append(out, Row{Kind: KindTelephone, Name: d.Name, Device: d.ID, Now: signedIn(at), Closed: signedIn(at)})
		}
	}
	if !slices.ContainsFunc(w.devices, func(d member.Device) bool { return d.Kind == member.Browser && d.Revoked.IsZero() }) { // it is made when it is first used
		out = append(out, w.inBrowsers(&member.Device{}, nil)...)
	}
	for i := range out {
		for _, v := range []*Verdict{&out[i].Now, &out[i].Closed} {
			switch {
			case len(w.forward.Always) > 0:
				*v = Verdict{false, WhySentOn}
			case only && v.Rings && !slices.ContainsFunc(w.at(out[i].Device), func(b location.Binding) bool { return b.Only }):
				*v = Verdict{false, WhyElsewhere}
			}
		}
	}
	return append(append(out, w.sentOn()...), Row{Kind: KindAccess, Now: Verdict{false, WhyAccess}, Closed: Verdict{false, WhyAccess}})
}

// signedIn is whether a telephone rings, by its registrations.
func signedIn(at []location.Binding) Verdict {
	switch {
	case len(at) == 0:
		return Verdict{false, WhyAway}
	case slices.ContainsFunc(at, func(b location.Binding) bool { return b.Wakes }):
		return Verdict{true, WhyWoken}
	default:
		return Verdict{true, WhyRegistered}
	}
}

// inBrowsers are those that ring when they are closed, each, and the others that
// are open together.
func (w *world) inBrowsers(d *member.Device, at []location.Binding) (out []Row) {
	for _, b := range w.browsers {
		mine := func(x location.Binding) bool { return x.Named(b.Instance) }
		r := Row{Kind: KindBrowser, Name: b.Name, Device: d.ID, Browser: b.ID, Now: Verdict{true, WhyPush}, Closed: Verdict{true, WhyPush}}
		if slices.ContainsFunc(at, mine) {
			r.Now.Why = WhyOpen
			at = slices.DeleteFunc(slices.Clone(at), mine)
		}
		out = append(out, r)
	}
	r := Row{Kind: KindBrowser, Device: d.ID, Now: Verdict{false, WhyNoPush}, Closed: Verdict{false, WhyNoPush}}
	if len(at) > 0 {
		r.Now = Verdict{true, WhyOpen}
	}
	return append(out, r)
}

// sentOn are the telephones that he has calls sent on to.
func (w *world) sentOn() (out []Row) {
	for _, x := range []struct {
		to  []string
		why Why
	}{{w.forward.Always, WhyAlways}, {w.forward.NoAnswer, WhyNoAnswer}, {w.forward.Busy, WhyBusy}, {w.forward.Unreachable, WhyUnreachable}} {
		if x.why != WhyAlways && len(w.forward.Always) > 0 {
			continue // it never comes to that
		}
		for _, to := range x.to {
			v := Verdict{true, x.why}
			if !w.priced(to) {
				v = Verdict{false, WhyNoPrice}
			}
			out = append(out, Row{Kind: KindForward, Name: to, Unproved: slices.Contains(w.unproved, to), Now: v, Closed: v})
		}
	}
	for _, to := range w.unproved {
		if !w.forward.Goes(to) {
			v := Verdict{false, WhyUnproved}
			out = append(out, Row{Kind: KindForward, Name: to, Unproved: true, Now: v, Closed: v})
		}
	}
	return out
}
