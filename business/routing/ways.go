package routing

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
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
	rates     map[string][]carrier.Rate
	emergency map[string][]string
	free      bool
}

// ways is one state of them.
type ways struct {
	carriers  []carrier.Carrier // the open ones
	offers    map[uint64][]offer
	lengths   uint32 // bit n: some offer or range has n digits
	flat      []offer
	prices    map[uint64]int64
	priced    uint32 // bit n: some price has n digits
	free      bool
	prefixes  map[string]int32   // what is dialled before a partner's own numbers
	longest   int                // of those
	zones     []int32            // partners whose numbers are looked up by ENUM
	emergency map[string][]offer // country → who takes such calls, the first at the least price
}

// offer is what one carrier asks a minute for a destination.
type offer struct {
	carrier int32
	micros  int64
}

// NewWays returns ways to nowhere.
func NewWays() *Ways {
	w := &Ways{}
	w.now.Store(&ways{})
	return w
}

// SetCarriers replaces carriers and rates. Those under carrier.Members are what
// members pay.
func (w *Ways) SetCarriers(list []carrier.Carrier, rates map[string][]carrier.Rate) {
	w.change(func(in *waysInput) { in.carriers, in.rates = list, rates })
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
	w.now.Store(build(w.in))
}

func build(in waysInput) *ways {
	w := &ways{offers: map[uint64][]offer{}, prices: map[uint64]int64{}, free: in.free, prefixes: map[string]int32{}, emergency: map[string][]offer{}}
	byID := map[string]int32{}
	for _, c := range in.carriers {
		if !c.Open() || len(w.carriers) == MostCarriers {
			continue
		}
		i := int32(len(w.carriers))
		w.carriers = append(w.carriers, c)
		byID[c.ID] = i
		w.add(i, &c, in.rates[c.ID])
	}
	for _, r := range in.rates[carrier.Members] {
		w.prices[rating.Key(r.Prefix)] = r.Micros
		w.priced |= 1 << len(r.Prefix)
	}
	for country, list := range in.emergency {
		for _, id := range list {
			if i, ok := byID[id]; ok {
				w.emergency[country] = append(w.emergency[country], offer{i, int64(len(w.emergency[country]))})
			}
		}
	}
	for _, list := range w.offers {
		slices.SortFunc(list, func(a, b offer) int {
			return cmp.Or(cmp.Compare(a.micros, b.micros), cmp.Compare(a.carrier, b.carrier))
		})
	}
	return w
}

// add takes in what one carrier carries. A carrier of the telephone network
// without rates carries every number, after those that say what they ask.
func (w *ways) add(i int32, c *carrier.Carrier, rates []carrier.Rate) {
	for _, r := range rates {
		w.offer(r.Prefix, offer{i, r.Micros})
	}
	if c.Kind == carrier.Partner {
		micros := int64(0)
		if c.ENUM != "" {
			micros = notInZone
		}
		for _, p := range c.Ranges {
			w.offer(p, offer{i, micros})
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
	} else if len(rates) == 0 {
		w.flat = append(w.flat, offer{i, noList})
	}
}

func (w *ways) offer(prefix string, o offer) {
	k := rating.Key(prefix)
	w.offers[k] = append(w.offers[k], o)
	w.lengths |= 1 << len(prefix)
}

// room is where the offers for a number are collected without allocating.
type room [64]offer

// find collects what each carrier asks for a number: its longest prefix counts.
func (w *ways) find(dst []offer, e164 string) []offer {
	var seen [MostCarriers / 64]uint64
	take := func(list []offer) {
		for _, o := range list {
			if bit := uint64(1) << (o.carrier % 64); seen[o.carrier/64]&bit == 0 {
				seen[o.carrier/64] |= bit
				dst = append(dst, o)
			}
		}
	}
	k, n := rating.Keys(e164)
	for ; n >= 0; n-- {
		if w.lengths&(1<<n) != 0 {
			take(w.offers[k[n]])
		}
	}
	take(w.flat)
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
			a.inside("%s asks %s a minute.", name, money.Amount{Micros: o.micros}.String())
		}
	}
	for i := range w.carriers {
		c := &w.carriers[i]
		if c.Kind == carrier.PSTN && !slices.ContainsFunc(offers, func(o offer) bool { return o.carrier == int32(i) }) {
			a.inside("%s has no price for +%s: it is left out.", c.Name, e164)
		}
	}
}

// price is what members pay a minute.
func (w *ways) price(e164 string) (micros int64, ok bool) {
	k, n := rating.Keys(e164)
	for ; n >= 0; n-- {
		if w.priced&(1<<n) != 0 {
			if micros, ok = w.prices[k[n]]; ok {
				return micros, true
			}
		}
	}
	return 0, w.free
}

// PriceOf is what members pay a minute for what is dialled: an ordinary
// telephone by its + form, or a partner's number behind its prefix.
func (w *Ways) PriceOf(dialled string) Price {
	now := w.now.Load()
	if digits, plus := strings.CutPrefix(dialled, "+"); plus {
		micros, known := now.price(digits)
		return Price{known, micros}
	}
	i, _, ok := now.partner(dialled)
	switch {
	case !ok:
		return Price{}
	case now.carriers[i].Sells != nil:
		return Price{true, *now.carriers[i].Sells}
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
