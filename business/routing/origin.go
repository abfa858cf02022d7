package routing

import (
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// atOrigin resolves what was dialled, in the order of C1.
func (t *Tables) atOrigin(a *Attempt) Decision {
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil {
		d := none(cdr.NotFound, "", "")
		d.Reason = fault.ReasonOf(err)
		if a.Trace != nil {
			a.step("%q cannot be read as a number, an e-mail address or a domain name.", a.Dialled)
		}
		return d
	}
	dial := a.DialCountry
	if dial == "" {
		dial = a.Caller.Country
	}
	if a.Trace != nil {
		a.step("Dialled in %s: %s, read as %s.", place(dial), a.Dialled, typed.Text)
	}
	return t.typed(a, typed, dial)
}

// typed resolves what was read.
func (t *Tables) typed(a *Attempt, typed numbering.Typed, dial string) Decision {
	switch typed.Kind {
	case numbering.Digits:
		return t.digits(a, typed.Text, dial)
	case numbering.Plus:
		return t.plus(a, typed.Text)
	case numbering.Rooted:
		return t.rooted(a, typed.Text)
	case numbering.FeatureC:
		return t.feature(a, typed.Text, dial)
	case numbering.Sos:
		return t.emergency(a, "112", dial)
	default:
		return t.address(a, typed.Text, dial)
	}
}

// feature resolves a feature code. Those that withhold the caller's number for
// one call are dialled before the number: *67 in North America, #31# by ETSI
// EN 300 207 §C and 3GPP TS 22.030 §6.5.5.1. *82, of North America too, shows
// it in one call of somebody who withholds it as a rule.
func (t *Tables) feature(a *Attempt, text, dial string) Decision {
	for _, code := range []string{"*67", "#31#", "*31#", "*82"} {
		rest, is := strings.CutPrefix(text, code)
		if !is || rest == "" {
			continue
		}
		typed, err := numbering.ParseTyped(rest)
		if err != nil || typed.Kind == numbering.FeatureC {
			break
		}
		if code == "*82" {
			if a.Trace != nil {
				a.step("%s shows the caller's number; then %s.", code, typed.Text)
			}
			a.Caller.Private = false
			d := t.typed(a, typed, dial)
			d.Shown = true
			return d
		}
		if a.Trace != nil {
			a.step("%s withholds the caller's number; then %s.", code, typed.Text)
		}
		d := t.typed(a, typed, dial)
		if d.Urgent { // whoever helps has to be able to call back
			return d
		}
		d.Private = true
		for i := range d.Targets {
			d.Targets[i].Private = true
		}
		return d
	}
	if text == SignInCode || text == MissedCode {
		if a.Trace != nil {
			a.step("%s is answered by the house itself, for a member's telephone.", text)
		}
		return Decision{Kind: Feature, Cause: cdr.NotDialable, Reason: fault.Reason{Code: "feature_house", Text: text + " is answered by the house itself, and only at a member's telephone."}}
	}
	if a.Trace != nil {
		a.step("It begins with * or #: a feature code, and none that is known.")
	}
	return Decision{Kind: Feature, Cause: cdr.NotDialable, Reason: fault.Reason{Code: "feature_unknown", Text: "There is no feature code " + text + " here."}}
}

// digits resolves a string of digits without a plus.
func (t *Tables) digits(a *Attempt, digits, dial string) Decision {
	if t.Plans.Emergency(digits, dial) || a.Caller.Country != dial && t.Plans.Emergency(digits, a.Caller.Country) {
		return t.emergency(a, digits, dial)
	}
	// A country with a center was vetted when the number was sold: nothing
	// dialable there has these digits. So the common call needs no metadata.
	_, vetted := t.Centers.ForCountry(dial)
	h, sold := t.Sold.Typed(digits)
	if sold && vetted && !slices.Contains(h.OffIn, dial) {
		return t.onNet(a, h)
	}
	reading := t.Plans.Read(digits, dial)
	if reading.Kind == numbering.ShortCode || t.Plans.Crisis(digits, dial) {
		return t.short(a, digits, dial)
	}
	if a.Caller.Country != dial && t.Plans.Short(digits, a.Caller.Country) {
		return t.short(a, digits, a.Caller.Country)
	}
	if reading.Kind == numbering.Ordinary {
		if a.Trace != nil {
			a.step("A telephone in %s reaches +%s %s by these digits.", place(dial), reading.CallingCode, reading.National)
		}
		if twin, ok := t.Sold.Twin(reading.CallingCode + reading.National); ok {
			return t.onNet(a, twin)
		}
		return t.ordinary(a, reading.CallingCode, reading.National)
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
		if cc, national, ok := t.Plans.Global(rest); ok {
			return t.ordinary(a, cc, national)
		}
	}
	if d, ok := t.partner(a, digits); ok {
		return d
	}
	if a.Trace != nil {
		a.step("No number of ours, nothing a telephone in %s can dial, and no partner's prefix.", place(dial))
	}
	return Decision{Kind: None, Cause: cdr.NotFound, Reason: fault.Reason{Code: "not_found"}, typed: digits}
}

// plus resolves a + form: ours if sold, else ordinary.
func (t *Tables) plus(a *Attempt, digits string) Decision {
	if h, ok := t.Sold.Twin(digits); ok {
		return t.onNet(a, h)
	}
	if cc, national, valid := t.Plans.SplitE164(digits); valid {
		return t.ordinary(a, cc, national)
	}
	if cc, national, valid := t.Plans.Global(digits); valid {
		return t.ordinary(a, cc, national)
	}
	if a.Trace != nil {
		a.step("+%s is no number of ours and valid in no plan.", digits)
	}
	return none(cdr.NotFound, "not_found", "+"+digits+" is no number of ours and not valid in any country's plan. Check the digits.")
}

// unsold explains a number nobody has. A country-last form is never dialled;
// the + form it may have meant is suggested.
func (t *Tables) unsold(digits string) string {
	switch s := t.Plans.Suggest(digits); {
	case len(s) == 1:
		return digits + " is not a number of ours, and cannot be dialled here as it stands. If you mean the ordinary telephone " + s[0] + ", dial it with the +."
	case len(s) > 1:
		return digits + " is not a number of ours, and cannot be dialled here as it stands. If you mean an ordinary telephone, dial it with the +: " + strings.Join(s, " or ") + "."
	case strings.HasPrefix(digits, "0") && !strings.HasPrefix(digits, "00"):
		return digits + " is not a number of ours, and cannot be dialled here as it stands. If it is written as in its own country, dial + and the country code, and then what follows the first 0."
	default:
		return digits + " is not a number of ours, and cannot be dialled here as it stands. Check the digits."
	}
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
	if a.Trace != nil {
		a.step("The company %s has no office for country code %s: its home office takes the call.", root, cc)
	}
	return t.office(a, c, c.Home)
}

// bareRoot is the office of the dial country, else the home office.
func (t *Tables) bareRoot(a *Attempt, c Company, dial string) Decision {
	if a.Trace != nil {
		a.step("%s is the root of a company: its office in %s, else its home office.", c.Root, place(dial))
	}
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

// address resolves a domain name, an e-mail address or a SIP address (C6): the
// number its holder proved, else the domain's own SIP service.
func (t *Tables) address(a *Attempt, text, dial string) Decision {
	name, scheme := text, "sip:"
	for _, s := range []string{"sips:", "sip:"} {
		if len(name) > len(s) && strings.EqualFold(name[:len(s)], s) {
			name, scheme = name[len(s):], s
			break
		}
	}
	if i := strings.IndexAny(name, ";?"); i >= 0 { // parameters and headers are not ours to follow
		name = name[:i]
	}
	user, host, hasUser := strings.Cut(name, "@")
	if !hasUser {
		user, host = "", name
	}
	if bare, port, has := strings.Cut(host, ":"); t.Ours != nil && t.Ours(bare) && (!has || port != "") {
		if user == "" {
			return none(cdr.NotFound, "not_found", text+" names nobody here. Put the number before the @.")
		}
		return t.inner(a, user, dial)
	}
	low := strings.ToLower(name)
	if t.Names != nil {
		if n, ok := t.Names.Named(low); ok {
			return t.named(a, low, n, dial)
		}
	}
	return t.outer(a, scheme, user, host)
}

// inner resolves the user part of an address of ours.
func (t *Tables) inner(a *Attempt, user, dial string) Decision {
	typed, err := numbering.ParseTyped(user)
	if err != nil || typed.Kind > numbering.Sos {
		return none(cdr.NotFound, "not_found", user+" is no number of ours. Check the digits.")
	}
	return t.typed(a, typed, dial)
}

// named goes on with what a name stands for. A company's is its office in the
// dial country, else its home office.
func (t *Tables) named(a *Attempt, name string, n Named, dial string) Decision {
	if a.Trace != nil {
		a.step("The holder of %s proved it for %s.", name, n.Number.Display()+n.Dial)
	}
	if n.Number.Kind == numbering.Company {
		if c, ok := t.Sold.Root(n.Number.National); ok {
			return t.bareRoot(a, c, dial)
		}
	}
	if !n.Number.Zero() {
		if h, ok := t.Sold.Typed(n.Number.Canonical()); ok {
			return t.onNet(a, h)
		}
		return none(cdr.NotFound, "not_found", name+" stands for a number that is no longer in service.")
	}
	typed, err := numbering.ParseTyped(n.Dial)
	if err != nil || typed.Kind != numbering.Digits && typed.Kind != numbering.Plus {
		return none(cdr.NotFound, "not_found", name+" stands for a number that cannot be dialled.")
	}
	return t.typed(a, typed, dial)
}
