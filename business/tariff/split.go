package tariff

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/rating"
)

// dated is a list from an instant on.
type dated struct {
	from time.Time
	list *List
}

// mostDays bounds how many days a file names.
const mostDays = 10

// split makes of a list whose lines name days one list for each: until a line's
// day comes, the line of the list before it counts, if it had one.
func (l *List) split(old *List, from time.Time) ([]dated, error) {
	out := []dated{{from: from}}
	days := map[int32]bool{}
	for i := range l.rows {
		if d := l.rows[i].day; d != 0 && dayTime(d).After(from) && !days[d] {
			if days[d] = true; len(days) > mostDays {
				return nil, bad("from", fmt.Sprintf("The list names more than %d days from which prices count. Make several lists of it.", mostDays))
			}
			out = append(out, dated{from: dayTime(d)})
		}
	}
	slices.SortFunc(out[1:], func(a, b dated) int { return a.from.Compare(b.from) })
	bands := make([]uint8, len(old.Bands)+1) // of the list before → of this one
	for i, b := range old.Bands {
		bands[i+1] = uint8(slices.IndexFunc(l.Bands, func(x rating.Band) bool { return x.Name == b.Name }) + 1) //nolint:gosec // few
	}
	for i := range out {
		out[i].list = l.at(old, bands, out[i].from)
	}
	return out, nil
}

// at is the list as it is at an instant.
func (l *List) at(old *List, bands []uint8, from time.Time) *List {
	out := &List{Bands: l.Bands, rows: make([]row, 0, len(l.rows))}
	o := 0
	for i := 0; i < len(l.rows); {
		first := i
		last := -1
		for ; i < len(l.rows) && l.rows[i].key == l.rows[first].key && l.rows[i].band == l.rows[first].band; i++ {
			if d := l.rows[i].day; d == 0 || !dayTime(d).After(from) {
				last = i
			}
		}
		if last >= 0 {
			r := l.rows[last]
			r.day = 0
			out.add(r, l.prices[r.price])
			continue
		}
		r := l.rows[first]
		for o < len(old.rows) && (old.rows[o].key < r.key) {
			o++
		}
		for j := o; j < len(old.rows) && old.rows[j].key == r.key; j++ {
			if old.rows[j].band == 0 && r.band == 0 || old.rows[j].band > 0 && bands[old.rows[j].band] == r.band && r.band > 0 {
				r.day = 0
				out.add(r, old.prices[old.rows[j].price])
			}
		}
	}
	return out
}

// days are the later days that a list names.
func (l *List) days(from time.Time) (out []time.Time) {
	seen := map[int32]bool{}
	for i := range l.rows {
		if d := l.rows[i].day; d != 0 && !seen[d] && dayTime(d).After(from) {
			seen[d] = true
			out = append(out, dayTime(d))
		}
	}
	slices.SortFunc(out, func(a, b time.Time) int { return cmp.Compare(a.Unix(), b.Unix()) })
	return out
}
