package rating

import (
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

// Dated is a deck that is in force from an instant on.
type Dated struct {
	From     time.Time
	Version  string // its id
	Currency money.Currency
	Deck     *Deck
}

// Line is the decks of one owner, the oldest first: each is in force until the
// next begins.
type Line []Dated

// At finds what is in force at an instant; nil is nothing.
func (l Line) At(t time.Time) *Dated {
	for i := len(l) - 1; i >= 0; i-- {
		if !l[i].From.After(t) {
			return &l[i]
		}
	}
	return nil
}

// Free reports whether nothing of a call can cost anything, at any time.
func (q *Quote) Free() bool {
	for i := range len(q.Bands) + 1 {
		if p := &q.Prices[i]; p.Connect > 0 || p.Minute > 0 {
			return false
		}
	}
	return true
}

// Now is the price of a call that is answered at an instant, in the caller's
// zone; band is "" outside of the bands.
func (q *Quote) Now(answer time.Time) (p Price, band string) {
	i, _ := q.at(answer)
	if i > 0 {
		band = q.Bands[i-1].Name
	}
	return q.Prices[i], band
}

// Other is what a call costs at another time of the week.
type Other struct {
	Band  Band // its zero value is any other time
	Price Price
}

// Others are the prices at other times than an instant's, where they differ from
// that of the instant.
func (q *Quote) Others(answer time.Time) (out []Other) {
	now, _ := q.at(answer)
	for i := range len(q.Bands) + 1 {
		if i == now || q.Prices[i] == q.Prices[now] {
			continue
		}
		o := Other{Price: q.Prices[i]}
		if i > 0 {
			o.Band = q.Bands[i-1]
		}
		out = append(out, o)
	}
	return out
}

// Typical is how long the call lasts by which decks are compared.
const Typical = 3 * time.Minute

// Each goes through the lines of a deck that hold at any time, in no order.
func (d *Deck) Each(f func(key uint64, price uint32)) {
	t := &d.tables[0]
	for i, k := range t.keys {
		if k != 0 {
			f(k, t.values[i])
		}
	}
}

// Prices are the different prices of its lines, as Each numbers them.
func (d *Deck) Prices() []Price { return d.prices }

// Exchange is what a unit of a currency is worth in the house's, the oldest rate
// first.
type Exchange []Exchanged

// Exchanged is a rate from an instant on.
type Exchanged struct {
	From time.Time
	Rate money.Rate
}

// At finds the rate at an instant.
func (x Exchange) At(t time.Time) (money.Rate, bool) {
	for _, e := range slices.Backward(x) {
		if !e.From.After(t) {
			return e.Rate, true
		}
	}
	return 0, false
}

// Lengths tells how long prefixes are: bit n for n digits.
func (d *Deck) Lengths() uint32 { return d.lengths }

// FirstMinute is what a minute comes to, with what it costs to connect: the first
// after seconds that are free, which do not make a call cheap.
func (q *Quote) FirstMinute(answer time.Time) int64 {
	free := time.Duration(q.Charge(answer, MaxStep*time.Second).Free) * time.Second
	return max(1, q.Cost(answer, free+time.Minute))
}
