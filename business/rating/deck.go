package rating

import (
	"errors"
	"fmt"
	"strings"
)

// Row is a line of a deck.
type Row struct {
	Prefix string // E.164 without +; "" is everywhere
	Band   int    // 0: at any time; n: in the n-th band
	Price  Price
}

// Deck is the prices of every destination: a table that is built once and then
// only read, by any number of goroutines.
type Deck struct {
	Bands   []Band
	prices  []Price
	tables  [MostBands + 1]table
	lengths uint32 // bit n: some prefix has n digits
	rows    int
}

// table finds the price of a prefix by open addressing: two thirds full at most.
type table struct {
	keys   []uint64 // 0: empty
	values []uint32
	mask   uint64
}

// ErrTwice says that a prefix stands twice in a deck.
var ErrTwice = errors.New("the prefix stands twice")

// MaxPrefix is how many digits a prefix may have.
const MaxPrefix = 15

// Packed is a line of a deck without its words: Key of its prefix, how many digits
// that has, its band, and the number of its price.
type Packed struct {
	Key    uint64
	Price  uint32
	Digits uint8
	Band   uint8
}

// NewDeck builds a deck.
func NewDeck(bands []Band, rows []Row) (*Deck, error) {
	packed, prices := make([]Packed, 0, len(rows)), []Price(nil)
	index := map[Price]uint32{}
	for i := range rows {
		r := &rows[i]
		if len(r.Prefix) > MaxPrefix || strings.Trim(r.Prefix, "0123456789") != "" || r.Band < 0 || r.Band > MostBands {
			return nil, fmt.Errorf("%q is no line of a deck", r.Prefix)
		}
		v, ok := index[r.Price]
		if !ok {
			v = uint32(len(prices)) //nolint:gosec // as many as rows
			index[r.Price] = v
			prices = append(prices, r.Price)
		}
		packed = append(packed, Packed{Key(r.Prefix), v, uint8(len(r.Prefix)), uint8(r.Band)})
	}
	return Assemble(bands, prices, packed)
}

// Assemble builds a deck from packed lines, of which it keeps nothing.
func Assemble(bands []Band, prices []Price, rows []Packed) (*Deck, error) {
	if len(bands) > MostBands {
		return nil, fmt.Errorf("a tariff has at most %d bands", MostBands)
	}
	d := &Deck{Bands: bands, prices: prices, rows: len(rows)}
	for i := range prices {
		if !prices[i].Valid() {
			return nil, fmt.Errorf("%+v is no price", prices[i])
		}
	}
	var counts [MostBands + 1]int
	for i := range rows {
		if int(rows[i].Band) > len(bands) || rows[i].Digits > MaxPrefix || int(rows[i].Price) >= len(prices) {
			return nil, fmt.Errorf("%d is no line of a deck", rows[i].Key)
		}
		counts[rows[i].Band]++
	}
	for i, n := range counts {
		d.tables[i].make(n)
	}
	for i := range rows {
		r := &rows[i]
		if !d.tables[r.Band].put(r.Key, r.Price) {
			return nil, fmt.Errorf("%d: %w", r.Key, ErrTwice)
		}
		d.lengths |= 1 << r.Digits
	}
	return d, nil
}

// Rows is how many lines it has.
func (d *Deck) Rows() int { return d.rows }

// Key packs a prefix of at most MaxPrefix digits, with a 1 before it that keeps
// zeros apart.
func Key(prefix string) uint64 {
	k := uint64(1)
	for i := range len(prefix) {
		k = k*10 + uint64(prefix[i]-'0')
	}
	return k
}

// Keys are those of every prefix of digits, by length, and the longest of them.
func Keys(digits string) (k [MaxPrefix + 1]uint64, longest int) {
	k[0] = 1
	longest = min(len(digits), MaxPrefix)
	for i := range longest {
		k[i+1] = k[i]*10 + uint64(digits[i]-'0')
	}
	return k, longest
}

func (t *table) make(n int) {
	if n == 0 {
		return
	}
	size := 8
	for size < n+n/2 {
		size *= 2
	}
	t.keys, t.values, t.mask = make([]uint64, size), make([]uint32, size), uint64(size-1)
}

func hash(k uint64) uint64 {
	k *= 0x9E3779B97F4A7C15
	return k ^ k>>29
}

func (t *table) put(k uint64, v uint32) bool {
	for i := hash(k) & t.mask; ; i = (i + 1) & t.mask {
		switch t.keys[i] {
		case 0:
			t.keys[i], t.values[i] = k, v
			return true
		case k:
			return false
		}
	}
}

func (t *table) get(k uint64) (v uint32, ok bool) {
	if t.keys == nil {
		return 0, false
	}
	for i := hash(k) & t.mask; ; i = (i + 1) & t.mask {
		switch t.keys[i] {
		case 0:
			return 0, false
		case k:
			return t.values[i], true
		}
	}
}

// Find is what calls to a number cost: E.164 without +. The longest prefix
// counts; of two as long, that of the band. ok is false where some time has no
// price.
func (d *Deck) Find(q *Quote, e164 string) (ok bool) {
	for i := range len(e164) {
		if e164[i]-'0' > 9 {
			return false
		}
	}
	keys, n := Keys(e164)
	q.Bands, q.Prefix = d.Bands, ""
	for ; n >= 0; n-- {
		if d.lengths>>n&1 == 0 {
			continue
		}
		v, found := d.tables[0].get(keys[n])
		if !found {
			continue
		}
		q.Prefix = e164[:n]
		for band := range len(d.Bands) + 1 {
			q.Prices[band] = d.prices[v]
		}
		ok = true
		break
	}
	if ok && len(d.Bands) > 0 { // a destination that only bands name has no price at other times
		d.banded(q, e164, &keys, n)
	}
	return ok
}

// banded puts in what bands have at least as long a prefix for.
func (d *Deck) banded(q *Quote, e164 string, keys *[MaxPrefix + 1]uint64, least int) {
	for band := 1; band <= len(d.Bands); band++ {
		found := false
		for n := min(len(e164), MaxPrefix); n >= least && !found; n-- {
			if d.lengths>>n&1 == 0 {
				continue
			}
			var v uint32
			if v, found = d.tables[band].get(keys[n]); found {
				q.Prices[band] = d.prices[v]
				if n > len(q.Prefix) {
					q.Prefix = e164[:n]
				}
			}
		}
	}
}
