package routing

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// costs is what carriers ask, by destination: one table over the decks of all of
// them, those that are in force and those to come. It is built when a deck
// changes and only read then.
type costs struct {
	decks   *tariff.Decks
	slots   []slot
	keys    []uint64 // open addressing, 0: empty
	at      []uint32 // the first of a key's asks
	asks    []ask
	mask    uint64
	lengths uint32 // bit n: some prefix has n digits
}

// slot is a deck of one carrier while it is in force.
type slot struct {
	owner    string
	from     int64 // microseconds
	until    int64
	deck     *rating.Deck
	currency money.Currency
	rates    rating.Exchange // nil: it is in the house's currency
	typical  []int64         // what a typical call costs, by the number of the price; nil: it has bands
}

// ask is a line of a deck.
type ask struct {
	slot  uint16
	last  bool // of its key
	price uint32
}

// mostSlots bounds how many decks there are at once.
const mostSlots = math.MaxUint16

// newCosts builds the table of everybody's decks but those of plans, which are
// looked up by themselves.
func newCosts(d *tariff.Decks, carriers map[string]bool) *costs {
	c := &costs{decks: d}
	type line struct {
		key uint64
		ask ask
	}
	var lines []line
	owners := make([]string, 0, len(d.Lines))
	for owner := range d.Lines {
		if carriers[owner] {
			owners = append(owners, owner)
		}
	}
	slices.Sort(owners)
	for _, owner := range owners {
		for i, v := range d.Lines[owner] {
			if len(c.slots) == mostSlots {
				break
			}
			s := slot{owner: owner, from: v.From.UnixMicro(), until: math.MaxInt64, deck: v.Deck, currency: v.Currency}
			if i+1 < len(d.Lines[owner]) {
				s.until = d.Lines[owner][i+1].From.UnixMicro()
			}
			if v.Currency != d.House {
				s.rates = d.Exchange[v.Currency]
			}
			if len(v.Deck.Bands) == 0 {
				s.typical = make([]int64, 0, len(v.Deck.Prices()))
				for _, p := range v.Deck.Prices() {
					q := rating.Fixed(p)
					s.typical = append(s.typical, q.Cost(v.From, rating.Typical))
				}
			}
			n := uint16(len(c.slots)) //nolint:gosec // bounded
			c.slots = append(c.slots, s)
			c.lengths |= v.Deck.Lengths()
			lines = slices.Grow(lines, v.Deck.Rows())
			v.Deck.Each(func(key uint64, price uint32) { lines = append(lines, line{key, ask{slot: n, price: price}}) })
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.ask.slot, b.ask.slot)) })
	size := 8
	for size < len(lines)+len(lines)/2 {
		size *= 2
	}
	c.keys, c.at, c.mask, c.asks = make([]uint64, size), make([]uint32, size), uint64(size-1), make([]ask, len(lines))
	for i := range lines {
		c.asks[i] = lines[i].ask
		c.asks[i].last = i+1 == len(lines) || lines[i+1].key != lines[i].key
		if i == 0 || lines[i-1].key != lines[i].key {
			c.put(lines[i].key, uint32(i)) //nolint:gosec // fewer than 2³²
		}
	}
	return c
}

func spread(k uint64) uint64 {
	k *= 0x9E3779B97F4A7C15
	return k ^ k>>29
}

func (c *costs) put(k uint64, v uint32) {
	i := spread(k) & c.mask
	for c.keys[i] != 0 {
		i = (i + 1) & c.mask
	}
	c.keys[i], c.at[i] = k, v
}

// get are the lines of a prefix.
func (c *costs) get(k uint64) []ask {
	for i := spread(k) & c.mask; ; i = (i + 1) & c.mask {
		switch c.keys[i] {
		case 0:
			return nil
		case k:
			first := int(c.at[i])
			end := first
			for !c.asks[end].last {
				end++
			}
			return c.asks[first : end+1]
		}
	}
}

// cost is what a typical call by one line costs at an instant, in the house's
// currency; noList if nobody knows what that is worth.
func (c *costs) cost(a ask, e164 string, now time.Time) int64 {
	s := &c.slots[a.slot]
	micros := int64(0)
	if s.typical != nil {
		micros = s.typical[a.price]
	} else {
		var q rating.Quote
		if !s.deck.Find(&q, e164) {
			return noList
		}
		micros = q.Cost(now, rating.Typical)
	}
	if s.currency == c.decks.House {
		return micros
	}
	r, ok := s.rates.At(now)
	if !ok {
		return noList
	}
	if micros, ok = r.Of(micros); !ok {
		return noList
	}
	return micros
}
