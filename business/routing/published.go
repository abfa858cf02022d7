package routing

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/numbering"
)

// Published finds a number of ours that everybody may know and call: an own
// telephone number, or one that a carrier brings to us, unless its holder keeps
// it out. The + form of an identification number is for members only (N1).
func (t *Tables) Published(e164 string) (Holder, bool) {
	if h, ok := t.Sold.Twin(e164); ok {
		return h, h.OwnPhone && h.Registered && !h.Unlisted && h.Number.Kind == numbering.Individual
	}
	if t.Lines == nil {
		return Holder{}, false
	}
	l, ok := t.Lines.Line(e164)
	if !ok || l.Number.Zero() {
		return Holder{}, false
	}
	h, ok := t.Sold.Typed(l.Number.Canonical())
	return h, ok && h.Registered && !h.Unlisted
}

// Directory is what can be looked up of a network's numbers from outside.
type Directory struct {
	tables  *Tables
	numbers *Numbers
	lines   iter.Seq[string]
	now     func() time.Time

	mu     sync.Mutex
	sorted []string
	read   time.Time
}

// NewDirectory returns one over tables and the numbers in them: those sold, and
// those that carriers bring.
func NewDirectory(t *Tables, n *Numbers, lines iter.Seq[string], now func() time.Time) *Directory {
	return &Directory{tables: t, numbers: n, lines: lines, now: now}
}

// Published finds by + form without the plus.
func (d *Directory) Published(e164 string) (Holder, bool) { return d.tables.Published(e164) }

// rereads is how old the list of what begins how may be.
const rereads = 10 * time.Second

// Under reports whether there are published numbers that begin so.
func (d *Directory) Under(prefix string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.now(); d.read.IsZero() || now.Sub(d.read) > rereads || now.Before(d.read) {
		d.sorted, d.read = d.sorted[:0], now
		add := func(e164 string) {
			if _, ok := d.tables.Published(e164); ok {
				d.sorted = append(d.sorted, e164)
			}
		}
		for e164 := range d.numbers.twins.All {
			add(e164)
		}
		for e164 := range d.lines {
			add(e164)
		}
		slices.Sort(d.sorted)
	}
	i, _ := slices.BinarySearch(d.sorted, prefix)
	return i < len(d.sorted) && strings.HasPrefix(d.sorted[i], prefix)
}
