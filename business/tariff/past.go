package tariff

import (
	"context"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// findIn finds the quote of a call in the version of a list that priced it.
func (s *Service) findIn(ctx context.Context, x *Explained, q Question) (bool, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.all.Versions, func(v Version) bool { return v.ID == q.Version })
	if i < 0 {
		s.mu.Unlock()
		return false, nil
	}
	v := s.all.Versions[i]
	name := s.planName(v.Owner)
	s.mu.Unlock()
	d, err := s.deckOf(ctx, v)
	if err != nil || !d.Find(&x.Quote, q.To) {
		return false, err
	}
	x.Plan, x.Name, x.Version = v.Owner, name, v
	return true, nil
}

// ExplainPartner says each line of what a call to a partner's own number cost: its
// price is one a minute, and no list has it.
func ExplainPartner(c money.Currency, minute int64, answer time.Time, d time.Duration) Explained {
	x := Explained{Quote: rating.Fixed(rating.Price{Minute: minute, Next: 1}), Answer: answer, For: min(d, rating.MaxCall)}
	x.Charge = x.Quote.Charge(x.Answer, x.For)
	x.Amount = money.Amount{Currency: c, Micros: x.Charge.Micros}
	x.line("It went to a number of another network, which costs %s a minute at any time.", money.Amount{Currency: c, Micros: minute})
	x.sayCharge()
	return x
}
