package numbering

import (
	"fmt"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
)

// Forms are the strings that, dialled exactly, mean a number of ours. They are
// claimed when it is held, so that no second number can have one: the typed
// digits and the + form of an individual, the root of a company. That a form
// is also reached by "00…" or "011…" is checked by Refuse.
func Forms(n Number) []string {
	switch n.Kind {
	case Individual:
		return []string{n.Canonical(), n.E164()}
	case Company:
		return []string{n.National}
	default:
		return nil
	}
}

// Grounds is what a sale is checked against.
type Grounds struct {
	Countries []string                         // with a center
	Service   func(digits string) bool         // our own service and access numbers; may be nil
	Claimed   func(form string) (Number, bool) // forms of held, sold and reserved numbers; may be nil
	Proved    bool                             // the buyer proved control of it as his own telephone number
}

// Refuse is the one test whether a number could be confused with anything
// (N4). It returns the reason, which shows the reading that collides, or ok
// when there is none. off lists the countries in which the typed form of a
// proved own number must be switched off instead of refusing the sale.
func (p *Plans) Refuse(n Number, g Grounds) (reason fault.Reason, off []string, refused bool) {
	if r, bad := p.refuseClaimed(n, g); bad {
		return r, nil, true
	}
	typed := n.Canonical()
	if n.Kind == Company {
		typed = n.National
	}
	if g.Service != nil && g.Service(typed) {
		return fault.Reason{Code: "service_code", Text: fmt.Sprintf("%s is a service number of this network. Choose another number.", typed)}, nil, true
	}
	for _, iso := range g.Countries {
		reading := p.Read(typed, iso)
		if reading.Kind == NoReading {
			continue
		}
		// A company's root may be read as its own telephone, not as another's.
		if reading.Kind == Ordinary && g.Proved && (n.Kind == Individual || reading.CallingCode == n.CallingCode && reading.National == n.National) {
			off = append(off, iso)
			continue
		}
		return collision(typed, reading), nil, true
	}
	return fault.Reason{}, off, false
}

// refuseClaimed compares with numbers of ours, also as they are dialled with
// an international prefix in a country with a center.
func (p *Plans) refuseClaimed(n Number, g Grounds) (fault.Reason, bool) {
	if g.Claimed == nil {
		return fault.Reason{}, false
	}
	for _, form := range p.reach(n, g.Countries) {
		if other, taken := g.Claimed(form); taken {
			if other == n || n.Kind == Company && other.Kind == Company && other.National == n.National {
				return Held(n), true
			}
			return fault.Reason{Code: "collision", Text: fmt.Sprintf(
				"%s would also be %s, which is held or sold. Choose another number.", strings.TrimPrefix(form, "+"), other.Display()+place(other.CallingCode, other.National))}, true
		}
	}
	return fault.Reason{}, false
}

// Held is the reason for a number that somebody holds already.
func Held(n Number) fault.Reason {
	return fault.Reason{Code: "held", Text: n.Display() + " is on hold or sold already. Choose another number, or try again when the hold is over."}
}

// reach is every string by which the number, once sold, is dialled, and every
// + form its typed digits could mean somewhere.
func (p *Plans) reach(n Number, countries []string) []string {
	forms := Forms(n)
	for _, iso := range countries {
		r := p.regions[iso]
		if r == nil {
			continue
		}
		if rest, is := r.abroad(forms[0]); is {
			forms = append(forms, "+"+rest)
		}
		if n.Kind == Individual {
			for _, ip := range r.internationals {
				forms = append(forms, ip+n.E164()[1:])
			}
		}
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

func collision(typed string, r Reading) fault.Reason {
	switch r.Kind {
	case EmergencyCode:
		return fault.Reason{Code: "emergency", Text: fmt.Sprintf("%s is an emergency number in %s. It can never be sold.", typed, r.Country)}
	case ShortCode:
		return fault.Reason{Code: "short_code", Text: fmt.Sprintf("%s is a short code in %s. Choose another number.", typed, r.Country)}
	default:
		return fault.Reason{Code: "collision", Text: fmt.Sprintf("%s would also be %s when dialled in %s. Choose another number.",
			typed, ordinary(r.CallingCode, r.National)+place(r.CallingCode, r.National), r.Country)}
	}
}

// RefuseCode says why digits that are an emergency or a short code of a
// country are no number there, whatever is put behind them.
func (p *Plans) RefuseCode(digits, iso string) (fault.Reason, bool) {
	if p.Emergency(digits, iso) || p.Short(digits, iso) {
		return collision(digits, p.Read(digits, iso)), true
	}
	return fault.Reason{}, false
}

// Suggest is the ordinary number that digits nobody has most likely mean, for the
// answer "did you mean +…?": what follows the international prefix of another
// country, else every valid reading with the calling code last. It never resolves a
// call.
func (p *Plans) Suggest(digits string) []string {
	for _, prefix := range []string{"00", "011", "010"} { // ITU-T E.164 §7; North America; Japan
		if rest, is := strings.CutPrefix(digits, prefix); is {
			if code, national, ok := p.SplitE164(rest); ok {
				return []string{ordinary(code, national)}
			}
		}
	}
	var out []string
	for n := 1; n <= 3 && n < len(digits); n++ {
		code, national := digits[len(digits)-n:], digits[:len(digits)-n]
		if p.valid(code, national) != nil {
			out = append(out, ordinary(code, national))
		}
	}
	return out
}
