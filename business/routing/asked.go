package routing

import (
	"time"

	"github.com/callisto-tel/callisto/business/center"
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
