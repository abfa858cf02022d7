package tariff

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// Question is a call whose price is to be explained.
type Question struct {
	To      string // the digits of the + form
	Account string // who pays; "": somebody with Plan
	Plan    string // "": that of the account, at the time
	Version string // of the list that priced it; "": the one in force when it was asked
	Zone    *time.Location
	Asked   time.Time // when the price was found; zero: at the answer
	Answer  time.Time // zero: now
	For     time.Duration
	Drawn   []Drawn // what packages paid for, in turn
}

// Drawn is seconds of a call that a package paid for.
type Drawn struct {
	Name    string
	Seconds int64
}

// Explained is the price of a call, line by line.
type Explained struct {
	Plan    string
	Name    string // of the plan, "" of Members
	Version Version
	Quote   rating.Quote
	Answer  time.Time // in the caller's zone
	For     time.Duration
	Drawn   []Drawn // what packages paid for
	Charge  rating.Charge
	Amount  money.Amount
	Lines   []string // in words
}

// Explain rates a call, now or as it was rated then, and says each line. What a
// call costs may be seen by the operator, and by who pays it.
func (s *Service) Explain(ctx context.Context, by member.Actor, q Question) (Explained, error) {
	if by.Role != member.Operator && (q.Account == "" || !by.May(q.Account) || q.Plan != "") {
		return Explained{}, fault.New(fault.Forbidden, "not_yours", "You see what your own calls cost. Give one of your numbers as the caller.")
	}
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	if q.Answer.IsZero() {
		q.Answer = s.cfg.Now()
	}
	if q.Asked.IsZero() {
		q.Asked = q.Answer
	}
	if q.For <= 0 {
		q.For = rating.Typical
	}
	x := Explained{Answer: q.Answer.In(q.Zone), For: min(q.For, rating.MaxCall)}
	found, err := s.find(ctx, &x, q)
	if err != nil {
		return x, err
	}
	if !found {
		return x, fault.New(fault.Unknown, "no_price", "There was no price for +%s then. Calls without a price are not connected, but for dev, where they are free.", q.To)
	}
	x.Drawn = q.Drawn
	x.Charge = x.Quote.ChargeAfter(x.Answer, x.For, x.paid())
	x.Amount = money.Amount{Currency: x.Version.Currency, Micros: x.Charge.Micros}
	x.say(q.To)
	return x, nil
}

// find finds the quote of a call as it was when it was asked for.
func (s *Service) find(ctx context.Context, x *Explained, q Question) (bool, error) {
	if q.Version != "" {
		if found, err := s.findIn(ctx, x, q); found || err != nil {
			return found, err
		}
	}
	s.mu.Lock()
	x.Plan = q.Plan
	if x.Plan == "" {
		x.Plan = s.planAt(q.Account, q.Asked)
	}
	s.mu.Unlock()
	for {
		v, d, err := s.deckAt(ctx, x.Plan, q.Asked)
		if err != nil {
			return false, err
		}
		s.mu.Lock()
		x.Name = s.planName(x.Plan)
		s.mu.Unlock()
		if d != nil && d.Find(&x.Quote, q.To) {
			x.Version = v
			return true, nil
		}
		if x.Plan == Members {
			return false, nil
		}
		if _, carrier, err := s.owner(x.Plan); err != nil || carrier {
			return false, err
		}
		x.Plan = Members
	}
}

// deckAt is the deck of an owner that was in force at an instant; nil if there was
// none.
func (s *Service) deckAt(ctx context.Context, owner string, at time.Time) (Version, *rating.Deck, error) {
	s.mu.Lock()
	v, ok := inForce(s.all.Versions, owner, at)
	s.mu.Unlock()
	if !ok {
		return v, nil, nil
	}
	d, err := s.deckOf(ctx, v)
	return v, d, err
}

// deckOf is the deck of a version. Of those of the past, which few ask for, some
// are kept.
func (s *Service) deckOf(ctx context.Context, v Version) (*rating.Deck, error) {
	s.mu.Lock()
	d := s.decks[v.ID]
	if d == nil {
		d = s.past[v.ID]
	}
	s.mu.Unlock()
	if d != nil {
		return d, nil
	}
	d, err := s.deck(ctx, v)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past == nil || len(s.past) >= mostPast {
		s.past = map[string]*rating.Deck{}
	}
	s.past[v.ID] = d
	return d, nil
}

// Costed is what a call cost by somebody's deck.
type Costed struct {
	Version string
	Prefix  string
	Amount  money.Amount // in the deck's currency
	House   int64        // micro-units of the house's, at the exchange rate of the answer
	Seconds int64        // charged
}

// Cost is what a call cost by an owner's deck that was in force when it was
// answered; found is false if none had a price for it, or nobody said what its
// currency was worth. The answer is in the caller's zone.
func (s *Service) Cost(ctx context.Context, owner, number string, answer time.Time, d time.Duration) (c Costed, found bool, err error) {
	v, deck, err := s.deckAt(ctx, owner, answer)
	var q rating.Quote
	if err != nil || deck == nil || !deck.Find(&q, number) {
		return c, false, err
	}
	charge := q.Charge(answer, d)
	c = Costed{v.ID, q.Prefix, money.Amount{Currency: v.Currency, Micros: charge.Micros}, 0, charge.Charged}
	c.House, found = s.Decks().In(answer, v.Currency, charge.Micros)
	return c, found, nil
}

// mostPast is how many decks of the past are kept for those who ask.
const mostPast = 4

// say puts the charge into words.
func (x *Explained) say(to string) {
	add := x.line
	if x.Plan == Members {
		add("The plan is that of all members; its list is in force since %s UTC.", x.Version.From.UTC().Format(time.DateTime))
	} else {
		add("The plan is %s; its list is in force since %s UTC.", x.Name, x.Version.From.UTC().Format(time.DateTime))
	}
	if x.Quote.Prefix == "" {
		add("No line of it names +%s: the line for everywhere counts.", to)
	} else {
		add("The number +%s begins with %s, the longest that the list has for it.", to, x.Quote.Prefix)
	}
	_, band := x.Quote.Now(x.Answer)
	when := x.Answer.Format(time.DateTime)
	if band != "" {
		add("The answer is at %s in %s, within the time band %s.", when, x.Answer.Location(), band)
	} else if len(x.Quote.Bands) > 0 {
		add("The answer is at %s in %s, outside of the time bands.", when, x.Answer.Location())
	} else {
		add("The answer is at %s in %s; the list has no time bands.", when, x.Answer.Location())
	}
	x.sayCharge()
}

func (x *Explained) line(format string, args ...any) {
	x.Lines = append(x.Lines, fmt.Sprintf(format, args...))
}

// paid are the seconds that packages paid for.
func (x *Explained) paid() (n int64) {
	for _, d := range x.Drawn {
		n += d.Seconds
	}
	return n
}

// sayDrawn puts into words what packages paid for, and from when on money did.
func (x *Explained) sayDrawn(free int32) {
	c, add, paid := &x.Charge, x.line, x.paid()
	add("It lasts %d seconds.", c.Seconds)
	for _, d := range x.Drawn {
		add("The package %s pays for %d seconds of it.", d.Name, d.Seconds)
	}
	if c.Charged == 0 {
		add("Nothing else is charged.")
		return
	}
	p, _ := x.Quote.Now(x.Answer.Add(time.Duration(int64(free)+paid) * time.Second))
	add("From there on it costs money: in steps of %d seconds, %d seconds are charged.", max(p.Next, 1), c.Charged)
}

// sayCharge puts into words what comes of the price.
func (x *Explained) sayCharge() {
	c, add := &x.Charge, x.line
	p, _ := x.Quote.Now(x.Answer)
	sum := func(micros int64) string { return money.Amount{Currency: x.Amount.Currency, Micros: micros}.String() }
	if c.Connect > 0 {
		add("To connect: %s.", sum(c.Connect))
	}
	if p.Free > 0 {
		add("The first %d seconds cost nothing.", p.Free)
	}
	if len(x.Drawn) > 0 {
		x.sayDrawn(p.Free)
	} else {
		first := max(p.First, 0)
		if first == 0 {
			first = max(p.Next, 1)
		}
		add("It lasts %d seconds; in steps of %d and then %d seconds, %d seconds are charged.", c.Seconds, first, max(p.Next, 1), c.Charged)
	}
	for _, part := range c.Parts {
		cost := sum((part.Seconds*part.Minute + 30) / 60)
		if part.Band != "" {
			add("%d seconds at %s a minute, in the time band %s: %s.", part.Seconds, sum(part.Minute), part.Band, cost)
		} else {
			add("%d seconds at %s a minute: %s.", part.Seconds, sum(part.Minute), cost)
		}
	}
	add("Together, rounded half up to a millionth: %s.", x.Amount)
}
