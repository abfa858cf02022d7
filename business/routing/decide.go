package routing

import (
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/numbering"
)

// RingFor is how long the terminals of a number ring together. A center that
// handed a call on waits a little longer, so that the one that rings decides.
const (
	RingFor     = 60 * time.Second
	waitFurther = 5 * time.Second
)

// Decide answers one question. It reads memory only.
func (t *Tables) Decide(a *Attempt) Decision {
	switch a.Role {
	case Home:
		return t.atHome(a)
	case Visit:
		return t.atVisit(a)
	default:
		return t.atOrigin(a)
	}
}

func none(cause cdr.Cause, code, text string) Decision {
	return Decision{Kind: None, Cause: cause, Reason: fault.Reason{Code: code, Text: text}}
}

// atOrigin resolves what was dialled, in the order of C1.
func (t *Tables) atOrigin(a *Attempt) Decision {
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil {
		d := none(cdr.NotFound, "", "")
		d.Reason = fault.ReasonOf(err)
		return d
	}
	dial := a.DialCountry
	if dial == "" {
		dial = a.Caller.Country
	}
	switch typed.Kind {
	case numbering.Digits:
		return t.digits(a, typed.Text, dial)
	case numbering.Plus:
		return t.plus(a, typed.Text)
	case numbering.Rooted:
		return t.rooted(a, typed.Text)
	case numbering.FeatureC:
		return Decision{Kind: Feature, Cause: cdr.NotDialable, Reason: fault.Reason{Code: "feature_unknown", Text: "There is no feature code " + typed.Text + " here."}}
	case numbering.Sos:
		return emergency("An emergency call", dial)
	default:
		return none(cdr.NotDialable, "not_open", "Calls to e-mail addresses, domain names and SIP addresses of others are not open here yet. Dial a number.")
	}
}

// digits resolves a string of digits without a plus.
func (t *Tables) digits(a *Attempt, digits, dial string) Decision {
	if t.Plans.Emergency(digits, dial) || a.Caller.Country != dial && t.Plans.Emergency(digits, a.Caller.Country) {
		return emergency(digits, dial)
	}
	// A country with a center was vetted when the number was sold: nothing
	// dialable there has these digits. So the common call needs no metadata.
	_, vetted := t.Centers.ForCountry(dial)
	h, sold := t.Sold.Typed(digits)
	if sold && vetted && !slices.Contains(h.OffIn, dial) {
		return t.onNet(a, h)
	}
	reading := t.Plans.Read(digits, dial)
	if reading.Kind == numbering.ShortCode || a.Caller.Country != dial && t.Plans.Short(digits, a.Caller.Country) {
		return Decision{Kind: Short, Cause: cdr.NotDialable, Reason: fault.Reason{Code: "short_closed", Text: digits + " is a short code. Short codes are not open here yet."}}
	}
	if reading.Kind == numbering.Ordinary {
		if twin, ok := t.Sold.Twin(reading.CallingCode + reading.National); ok {
			return t.onNet(a, twin)
		}
		return ordinary(reading.CallingCode, reading.National)
	}
	if sold && !slices.Contains(h.OffIn, dial) {
		return t.onNet(a, h)
	}
	if c, ok := t.Sold.Root(digits); ok {
		return t.bareRoot(a, c, dial)
	}
	if rest, abroad := t.Plans.Abroad(digits, dial); abroad {
		if twin, ok := t.Sold.Twin(rest); ok {
			return t.onNet(a, twin)
		}
	}
	return t.unsold(digits)
}

// plus resolves a + form: ours if sold, else ordinary.
func (t *Tables) plus(a *Attempt, digits string) Decision {
	if h, ok := t.Sold.Twin(digits); ok {
		return t.onNet(a, h)
	}
	cc, national, valid := t.Plans.SplitE164(digits)
	if valid {
		return ordinary(cc, national)
	}
	return none(cdr.NotFound, "not_found", "+"+digits+" is no number of ours and not valid in any country's plan. Check the digits.")
}

func ordinary(cc, national string) Decision {
	n := numbering.Number{Kind: numbering.Individual, CallingCode: cc, National: national}
	return none(cdr.NotDialable, "pstn_closed", n.Plus()+" is an ordinary telephone number. Calls to ordinary telephones are not open here yet.")
}

// unsold explains a number nobody has. A country-last form is never dialled;
// the + form it may have meant is suggested.
func (t *Tables) unsold(digits string) Decision {
	text := digits + " is not a number of ours, and cannot be dialled here as it stands."
	switch s := t.Plans.Suggest(digits); len(s) {
	case 0:
		text += " Check the digits."
	case 1:
		text += " If you mean the ordinary telephone " + s[0] + ", dial it with the +."
	default:
		text += " If you mean an ordinary telephone, dial it with the +: " + strings.Join(s, " or ") + "."
	}
	return none(cdr.NotFound, "not_found", text)
}

func emergency(what, dial string) Decision {
	return Decision{Kind: Emergency, Cause: cdr.NotDialable, Reason: fault.Reason{Code: "emergency_unavailable",
		Text: what + " cannot be connected: there is no emergency trunk in " + place(dial) + " yet. Use another telephone, at once."}}
}

func place(iso string) string {
	if iso == "" {
		return "this country"
	}
	return iso
}

// rooted resolves root#code.
func (t *Tables) rooted(a *Attempt, text string) Decision {
	if h, ok := t.Sold.Typed(text); ok {
		return t.onNet(a, h)
	}
	root, cc, _ := strings.Cut(text, "#")
	c, ok := t.Sold.Root(root)
	if !ok {
		return none(cdr.NotFound, "not_found", text+" is not a company number of ours. Check the digits before and after the #.")
	}
	if c.Refuse {
		return none(cdr.NotFound, "office_closed", "The company "+root+" takes no calls for country code "+cc+". Dial "+c.Root+"#"+c.Home+".")
	}
	return t.office(a, c, c.Home)
}

// bareRoot is the office of the dial country, else the home office.
func (t *Tables) bareRoot(a *Attempt, c Company, dial string) Decision {
	for cc, iso := range c.Offices {
		if iso == dial {
			return t.office(a, c, cc)
		}
	}
	return t.office(a, c, c.Home)
}

func (t *Tables) office(a *Attempt, c Company, cc string) Decision {
	h, ok := t.Sold.Typed(c.Root + "#" + cc)
	if !ok {
		return none(cdr.NotFound, "not_found", "The company "+c.Root+" has no office that answers. Try again later.")
	}
	return t.onNet(a, h)
}

// onNet sends the call towards a number of ours.
func (t *Tables) onNet(a *Attempt, h Holder) Decision {
	d := Decision{Kind: OnNet, Number: h.Number, Holder: h}
	home, ok := t.Centers.ForCountry(h.Country)
	if !ok {
		d.Cause, d.Reason = cdr.Unavailable, fault.Reason{Code: "center_closed", Text: "There is no communication center for " + h.Number.Display() + " now. Try again later."}
		return d
	}
	d.Center = home
	if !h.Registered {
		d.Cause, d.Reason = cdr.Unregistered, fault.Reason{Code: "unregistered", Text: "The holder of " + h.Number.Display() + " has not registered it yet, so it cannot ring. Try again later."}
		return d
	}
	if home != a.Center {
		d.Targets, d.RingFor = []Target{{Kind: ToCenter, Center: home, Role: Home}}, RingFor+2*waitFurther
		return d.after(a)
	}
	return t.ring(a, d)
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
// the center where they are.
func (t *Tables) ring(a *Attempt, d Decision) Decision {
	var room [2]location.Binding // most people have one or two terminals
	found := t.Bindings.ByNumber(room[:0], d.Number.Canonical(), a.Now)
	d.Targets = make([]Target, 0, len(found))
	for i := range found {
		b := &found[i]
		switch {
		case a.Caller.Device != "" && b.DeviceID == a.Caller.Device: // nobody rings himself
		case b.Center == a.Center:
			d.Targets = append(d.Targets, Target{Kind: ToBinding, Binding: *b})
		default:
			d.Targets = append(d.Targets, Target{Kind: ToCenter, Center: b.Center, Role: Visit, Binding: *b})
		}
	}
	if len(d.Targets) > 0 {
		d.RingFor = RingFor
		if d.further(a.Center) {
			d.RingFor += waitFurther
		}
		return d.after(a)
	}
	if home, ok := t.homeOffice(d.Number); ok {
		return t.onNet(a, home)
	}
	d.Cause = cdr.Unavailable
	d.Reason = fault.Reason{Code: "not_reachable", Text: "No terminal of " + d.Number.Display() + " is signed in now. Try again later."}
	return d
}

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
	d := Decision{Kind: OnNet, Center: a.Center, Targets: []Target{{Kind: ToBinding, Binding: b}}, RingFor: RingFor}
	if h, sold := t.Sold.Typed(b.Number); sold {
		d.Number, d.Holder = h.Number, h
		if home, open := t.Centers.ForCountry(h.Country); open {
			d.Center = home
		}
	}
	return d.after(a)
}

// after weighs how earlier targets of the call went. What was tried is over:
// the answer is then the best cause, with nothing left to ring. (Forwarding
// will add targets here.)
func (d Decision) after(a *Attempt) Decision {
	if len(a.Outcomes) == 0 {
		return d
	}
	d.Targets, d.RingFor = nil, 0
	for _, o := range a.Outcomes {
		if weight(o.Cause) > weight(d.Cause) {
			d.Cause = o.Cause
		}
	}
	d.Reason = fault.Reason{Code: d.Cause.String(), Text: "The call to " + d.Number.Display() + " was not answered."}
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
