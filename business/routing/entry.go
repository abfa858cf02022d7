package routing

import (
	"strings"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/numbering"
)

// atEntry finds whose number a trunk calls (C7): one of the telephone numbers
// its carrier brings to us, or one of ours that it may reach. Nothing else: no
// call goes through us from one outside to another.
func (t *Tables) atEntry(a *Attempt) Decision {
	if a.Open {
		return t.open(a)
	}
	var c *carrier.Carrier
	if t.Ways != nil {
		c, _ = t.Ways.Carrier(a.Carrier)
	}
	if c == nil {
		return none(cdr.Forbidden, "trunk_closed", "This trunk takes no calls.")
	}
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil {
		return notAssigned(a.Dialled)
	}
	if typed.Kind == numbering.Plus && t.Lines != nil {
		if l, ok := t.Lines.Line(typed.Text); ok && l.Carrier == c.ID {
			return t.line(a, typed.Text, l)
		}
	}
	h, ok := t.reached(c, typed)
	if !ok {
		if a.Trace != nil {
			a.step("%s is not assigned to a trunk of %s.", a.Dialled, c.Name)
		}
		return notAssigned(a.Dialled)
	}
	return t.onNet(a, h)
}

// open is a call from anybody on the Internet: to the numbers that everybody may
// look up, and to nothing else.
func (t *Tables) open(a *Attempt) Decision {
	if typed, err := numbering.ParseTyped(a.Dialled); err == nil && typed.Kind == numbering.Plus {
		if h, ok := t.Published(typed.Text); ok {
			return t.onNet(a, h)
		}
	}
	return none(cdr.NotFound, "not_published", a.Dialled+" is no number here that may be called from outside.")
}

func notAssigned(number string) Decision {
	return none(cdr.Forbidden, "not_assigned", number+" is not a number that this trunk may call.")
}

// line is a call to a telephone number that a carrier brings to us.
func (t *Tables) line(a *Attempt, e164 string, l Line) Decision {
	if a.Trace != nil {
		a.step("+%s is a telephone number that came with the carrier.", e164)
	}
	if l.Number.Zero() {
		return none(cdr.NotFound, "line_free", "+"+e164+" belongs to nobody at present.")
	}
	h, ok := t.Sold.Typed(l.Number.Canonical())
	if !ok {
		return none(cdr.NotFound, "line_free", "+"+e164+" belongs to nobody at present.")
	}
	return t.onNet(a, h)
}

// reached finds a number of ours that a carrier may call by what it reaches.
// The + form of a number from an identification block is for members only.
func (t *Tables) reached(c *carrier.Carrier, typed numbering.Typed) (Holder, bool) {
	h, ok := find(t.Sold, typed)
	if !ok || typed.Kind == numbering.Plus && !h.OwnPhone {
		return Holder{}, false
	}
	form := h.Number.CallingCode + h.Number.National
	for _, p := range c.Reach {
		if p == "*" || strings.HasPrefix(form, p) {
			return h, true
		}
	}
	return Holder{}, false
}

// Caller is who calls by a trunk: a member whose telephone this is (M2), which
// gives him a name and nothing else, or the telephone itself. number is as
// carrier.Writing reads it: "+8225551234", a world number, "".
func (t *Tables) Caller(number string) Party {
	p := Party{}
	typed, err := numbering.ParseTyped(number)
	if err != nil {
		return p
	}
	if typed.Kind == numbering.Plus {
		p.E164 = "+" + typed.Text
		if iso, ok := t.countryOf(typed.Text); ok {
			p.Country = iso
		}
	}
	if t.Known != nil {
		if h, ok := t.Known.Known(number); ok {
			p.Number, p.Country = h.Number, h.Country
			return p
		}
	}
	if typed.Kind == numbering.Plus {
		if h, ok := t.Sold.Twin(typed.Text); ok && h.OwnPhone {
			p.Number, p.Country = h.Number, h.Country
		}
	}
	return p
}

func (t *Tables) countryOf(e164 string) (string, bool) {
	cc, national, valid := t.Plans.SplitE164(e164)
	if !valid {
		return "", false
	}
	return t.Plans.Valid(cc, national)
}
