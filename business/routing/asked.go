package routing

import (
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Attempt is the call that a holder's terminal would make, for those who ask
// what would become of it; country is where it dials, "" his own.
func (h Holder) Attempt(home center.ID, dialled, country string, now time.Time) *Attempt {
	return &Attempt{
		Center: home, Role: Origin, Dialled: dialled, DialCountry: country, Now: now,
		Caller: Party{Account: h.Account, Membership: h.Membership, Number: h.Number, Country: h.Country, Home: home, Private: h.Private},
	}
}

// Displayed is the number that the called party sees of a target; "" if none.
func (t *Target) Displayed() string {
	if t.Private {
		return ""
	}
	return t.Shows
}

// Priced is the question what a call to an ordinary telephone costs: from a number
// of ours, whose plan and time zone count, or from a country; both may be "".
func (t *Tables) Priced(to, from, country string) (q tariff.Question, err error) {
	typed, err := numbering.ParseTyped(to)
	if err != nil || typed.Kind != numbering.Plus && typed.Kind != numbering.Digits || len(typed.Text) > rating.MaxPrefix {
		return q, fault.New(fault.Invalid, "number_form", "Write the telephone number with + and its country code, for example +82 2 555 1234.").
			WithFields(fault.Field{Name: "to", Text: "Begin with + and the country code."})
	}
	q.To = typed.Text
	if from != "" {
		h, ok := Find(t.Sold, from)
		if !ok {
			return q, fault.New(fault.Invalid, "caller_unknown", "No member has the number %q. Give a world number of ours as “from”.", from).
				WithFields(fault.Field{Name: "from", Text: "No member has this number."})
		}
		q.Account, q.Zone = h.Account, t.Plans.Clock(h.Number.CallingCode, h.Number.National)
	}
	if country != "" {
		code := t.Plans.CallingCode(strings.ToUpper(country))
		if code == "" {
			return q, fault.New(fault.Invalid, "country_unknown", "%q is no country code. Use two letters like KR.", country).
				WithFields(fault.Field{Name: "country", Text: "Use two letters like KR."})
		}
		q.Zone = t.Plans.Clock(code, "")
	}
	return q, nil
}
