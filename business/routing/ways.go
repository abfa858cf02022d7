package routing

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// MostCarriers bounds how many carriers and partners routing chooses among.
const MostCarriers = 1024

// Ways is how calls leave: carriers and partners with what they ask for, and
// what members pay. It is replaced whole at each change, so that readers need
// no lock.
type Ways struct {
	now atomic.Pointer[ways]
	mu  sync.Mutex // writers
	in  waysInput
}

// waysInput is what the ways are built from.
type waysInput struct {
	carriers  []carrier.Carrier
	decks     *tariff.Decks
	costs     *costs // of the decks, for the carriers there are
	emergency map[string][]string
	free      bool
}

// ways is one state of them.
type ways struct {
	carriers  []carrier.Carrier // the open ones
	decks     *tariff.Decks
	costs     *costs
	slots     []int32            // whose each deck is among the carriers; -1: of one that is closed
	lines     []rating.Line      // of each carrier of the telephone network, which may have no list, now or at some time
	banded    bool               // some price depends on the time of day
	ranges    map[uint64][]offer // of partners
	lengths   uint32             // bit n: some range has n digits
	free      bool
	prefixes  map[string]int32   // what is dialled before a partner's own numbers
	longest   int                // of those
	zones     []int32            // partners whose numbers are looked up by ENUM
	emergency map[string][]offer // country → who takes such calls, the first at the least price
}

// offer is what one carrier asks for a destination: the cost of a typical call.
type offer struct {
	carrier int32
	micros  int64
}

// NewWays returns ways to nowhere.
func NewWays() *Ways {
	w := &Ways{in: waysInput{decks: &tariff.Decks{}}}
	w.now.Store(build(w.in))
	return w
}

// SetCarriers replaces the carriers.
func (w *Ways) SetCarriers(list []carrier.Carrier) {
	w.change(func(in *waysInput) {
		same := len(list) == len(in.carriers)
		for i := range list {
			same = same && list[i].ID == in.carriers[i].ID
		}
		if in.carriers = list; !same {
			in.costs = nil
		}
	})
}

// SetDecks replaces what carriers ask and members pay.
func (w *Ways) SetDecks(d *tariff.Decks) {
	w.change(func(in *waysInput) { in.decks, in.costs = d, nil })
}

// SetEmergency says which carriers take the emergency calls of each country, in
// which order.
func (w *Ways) SetEmergency(byCountry map[string][]string) {
	w.change(func(in *waysInput) { in.emergency = byCountry })
}

// SetFree has calls without a price be free instead of refused.
func (w *Ways) SetFree() { w.change(func(in *waysInput) { in.free = true }) }

func (w *Ways) change(f func(*waysInput)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.in)
	if w.in.costs == nil {
		ids := map[string]bool{}
		for i := range w.in.carriers {
			ids[w.in.carriers[i].ID] = true
		}
		w.in.costs = newCosts(w.in.decks, ids)
	}
	w.now.Store(build(w.in))
}

func build(in waysInput) *ways {
	if in.costs == nil {
		in.costs = newCosts(in.decks, nil)
	}
	w := &ways{decks: in.decks, costs: in.costs, ranges: map[uint64][]offer{}, free: in.free, prefixes: map[string]int32{}, emergency: map[string][]offer{}}
	byID := map[string]int32{}
	for _, c := range in.carriers {
		if !c.Open() || len(w.carriers) == MostCarriers {
			continue
		}
		i := int32(len(w.carriers))
		w.carriers, w.lines = append(w.carriers, c), append(w.lines, nil)
		byID[c.ID] = i
		w.add(i, &c)
	}
	for _, line := range in.decks.Lines {
		for _, v := range line {
			w.banded = w.banded || len(v.Deck.Bands) > 0
		}
	}
	for _, s := range in.costs.slots {
		i, open := byID[s.owner]
		if !open {
			i = -1
		}
		w.slots = append(w.slots, i)
	}
	for country, list := range in.emergency {
		for _, id := range list {
			if i, ok := byID[id]; ok {
				w.emergency[country] = append(w.emergency[country], offer{i, int64(len(w.emergency[country]))})
			}
		}
	}
	return w
}

// add takes in what one carrier carries. A carrier of the telephone network
// without a list carries every number, after those that say what they ask.
func (w *ways) add(i int32, c *carrier.Carrier) {
	if c.Kind == carrier.Partner {
		micros := int64(0)
		if c.ENUM != "" {
			micros = notInZone
		}
		for _, p := range c.Ranges {
			w.ranges[rating.Key(p)] = append(w.ranges[rating.Key(p)], offer{i, micros})
			w.lengths |= 1 << len(p)
		}
		if c.Prefix != "" {
			if _, taken := w.prefixes[c.Prefix]; !taken {
				w.prefixes[c.Prefix] = i
			}
			w.longest = max(w.longest, len(c.Prefix))
		}
		if c.ENUM != "" {
			w.zones = append(w.zones, i)
		}
		return
	}
	w.lines[i] = w.decks.Lines[c.ID]
}

// room is where the offers for a number are collected without allocating.
type room [64]offer

// find collects what each carrier asks for a number at an instant: its longest
// prefix counts.
func (w *ways) find(dst []offer, e164 string, now time.Time) []offer {
	var seen [MostCarriers / 64]uint64
	take := func(o offer) {
		if bit := uint64(1) << (o.carrier % 64); seen[o.carrier/64]&bit == 0 {
			seen[o.carrier/64] |= bit
			dst = append(dst, o)
		}
	}
	at := now.UnixMicro()
	k, n := rating.Keys(e164)
	for ; n >= 0; n-- {
		if w.lengths&(1<<n) != 0 {
			for _, o := range w.ranges[k[n]] {
				take(o)
			}
		}
		if w.costs.lengths&(1<<n) == 0 {
			continue
		}
		for _, a := range w.costs.get(k[n]) {
			s := &w.costs.slots[a.slot]
			if i := w.slots[a.slot]; i >= 0 && at >= s.from && at < s.until && seen[i/64]>>(i%64)&1 == 0 {
				take(offer{i, w.costs.cost(a, e164, now)})
			}
		}
	}
	for i := range int32(len(w.carriers)) { //nolint:gosec // MostCarriers
		if w.carriers[i].Kind == carrier.Partner || seen[i/64]>>(i%64)&1 == 1 {
			continue
		}
		if v := w.lines[i].At(now); v == nil || v.Deck.Rows() == 0 {
			take(offer{i, noList})
		}
	}
	return dst
}

// notInZone is what a partner with a zone asks for numbers of its ranges that
// the zone does not have, or could not be asked for: it comes after all others.
const notInZone = 1 << 62

// noList is what a carrier without rates asks: it comes before those only.
const noList = notInZone - 1

// hinted puts forward the partners in whose zones the number was found, where
// they are believed (C4).
func (w *ways) hinted(offers []offer, a *Attempt, e164 string) []offer {
	if strings.TrimPrefix(a.HintsFor, "+") != e164 {
		return offers // they are of a number that was called before
	}
	for _, i := range w.zones {
		if !slices.Contains(a.Hints, w.carriers[i].ID) {
			continue
		}
		if !w.carriers[i].Looks(e164) {
			if a.Trace != nil {
				a.inside("It is in the zone of %s, which is not believed for it.", w.carriers[i].Name)
			}
			continue
		}
		if a.Trace != nil {
			a.inside("It is in the zone of %s.", w.carriers[i].Name)
		}
		switch at := slices.IndexFunc(offers, func(o offer) bool { return o.carrier == i }); {
		case at < 0:
			offers = append(offers, offer{carrier: i})
		case offers[at].micros == notInZone:
			offers[at].micros = 0
		}
	}
	return offers
}

// told says of each carrier what it asks, the first to be tried first, and of
// each that was left out why.
func (w *ways) told(a *Attempt, e164 string, offers []offer) {
	list := slices.Clone(offers)
	slices.SortFunc(list, func(a, b offer) int {
		return cmp.Or(cmp.Compare(a.micros, b.micros), cmp.Compare(a.carrier, b.carrier))
	})
	for _, o := range list {
		switch name := w.carriers[o.carrier].Name; o.micros {
		case notInZone:
			a.inside("%s has the number in its ranges and not in its zone: it comes last.", name)
		case noList:
			a.inside("%s has no price list: it comes after those that have one.", name)
		default:
			a.inside("%s asks %s for three minutes.", name, money.Amount{Currency: w.decks.House, Micros: o.micros}.String())
		}
	}
	for i := range w.carriers {
		c := &w.carriers[i]
		if c.Kind == carrier.PSTN && !slices.ContainsFunc(offers, func(o offer) bool { return o.carrier == int32(i) }) {
			a.inside("%s has no price for +%s: it is left out.", c.Name, e164)
		}
	}
}

// price is what a call to an ordinary telephone costs an account.
func (w *ways) price(now time.Time, account, e164 string) (p Price) {
	p.Plan, p.Version, p.Known = w.decks.Price(&p.Quote, now, account, e164)
	p.Known = p.Known || w.free
	return p
}

// fixed is a price a minute, by the second.
func fixed(minute int64) Price {
	return Price{Known: true, Quote: rating.Fixed(rating.Price{Minute: minute, Next: 1})}
}

// PriceOf is what an account pays for what is dialled: an ordinary telephone by
// its + form, or a partner's number behind its prefix.
func (w *Ways) PriceOf(at time.Time, account, dialled string) Price {
	now := w.now.Load()
	if digits, plus := strings.CutPrefix(dialled, "+"); plus {
		return now.price(at, account, digits)
	}
	i, _, ok := now.partner(dialled)
	switch {
	case !ok:
		return Price{}
	case now.carriers[i].Sells != nil:
		return fixed(*now.carriers[i].Sells)
	default:
		return Price{Known: now.free}
	}
}

// partner finds the partner before whose own numbers digits have its prefix,
// and that number.
func (w *ways) partner(digits string) (i int32, rest string, ok bool) {
	for n := min(w.longest, len(digits)-1); n > 1; n-- {
		if i, ok = w.prefixes[digits[:n]]; ok {
			return i, digits[n:], true
		}
	}
	return 0, "", false
}

// best is the cheapest of the offers that skip leaves, at one center or at any.
func (w *ways) best(offers []offer, at center.ID, skip func(i int32) bool) (o offer, found bool) {
	for _, x := range offers {
		if at != "" && w.carriers[x.carrier].Center != at || found && (x.micros > o.micros || x.micros == o.micros && x.carrier > o.carrier) || skip(x.carrier) {
			continue
		}
		o, found = x, true
	}
	return o, found
}

// Carrier finds a carrier that is open.
func (w *Ways) Carrier(id string) (*carrier.Carrier, bool) {
	now := w.now.Load()
	for i := range now.carriers {
		if now.carriers[i].ID == id {
			return &now.carriers[i], true
		}
	}
	return nil, false
}

// Emergency are the carriers that take emergency calls of a country now.
func (w *Ways) Emergency(country string) (ids []string) {
	now := w.now.Load()
	for _, o := range now.emergency[country] {
		ids = append(ids, now.carriers[o.carrier].ID)
	}
	return ids
}

// Zones are the partners in whose zones a number is looked up by ENUM: + form
// without the plus.
func (w *Ways) Zones(e164 string) (list []carrier.Carrier) {
	now := w.now.Load()
	for _, i := range now.zones {
		if now.carriers[i].Looks(e164) {
			list = append(list, now.carriers[i])
		}
	}
	return list
}
