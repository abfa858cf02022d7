package routing

import (
	"iter"
	"slices"
	"strings"
	"sync/atomic"
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

	sorted  atomic.Pointer[[]string]
	read    atomic.Int64 // when, Unix ns
	reading atomic.Bool
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

// Under reports whether there are published numbers that begin so. Nobody who asks
// waits for the list of them to be read again.
func (d *Directory) Under(prefix string) bool {
	if age := d.now().UnixNano() - d.read.Load(); (age > int64(rereads) || age < 0) && d.reading.CompareAndSwap(false, true) {
		if d.sorted.Load() == nil {
			d.reread()
		} else {
			go d.reread()
		}
	}
	list := d.sorted.Load()
	if list == nil {
		return true // it is being read for the first time: no name is denied meanwhile
	}
	i, _ := slices.BinarySearch(*list, prefix)
	return i < len(*list) && strings.HasPrefix((*list)[i], prefix)
}

// reread reads the list.
func (d *Directory) reread() {
	defer d.reading.Store(false)
	now := d.now().UnixNano()
	var list []string
	add := func(e164 string) {
		if _, ok := d.tables.Published(e164); ok {
			list = append(list, e164)
		}
	}
	for e164 := range d.numbers.twins.All {
		add(e164)
	}
	for e164 := range d.lines {
		add(e164)
	}
	slices.Sort(list)
	d.sorted.Store(&list)
	d.read.Store(now)
}
