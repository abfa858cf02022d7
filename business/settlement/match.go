package settlement

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

// Theirs is a line of a carrier's statement.
type Theirs struct {
	N       int // the line of the file, from 1
	Number  string
	At      time.Time
	Seconds int64 // as they charge it
	Micros  int64 // what they ask for it, in the statement's currency
}

// Cause is why a line of theirs and of ours differ.
type Cause string

// The causes.
const (
	Same       Cause = "same"        // they agree, to a unit of the smallest coin
	Duration   Cause = "duration"    // they charge for another time
	Rate       Cause = "rate"        // the same time at another price
	Twice      Cause = "twice"       // they charge for it again
	OnlyTheirs Cause = "only_theirs" // we know of no such call
	OnlyOurs   Cause = "only_ours"   // they do not charge for it
	Unpriced   Cause = "unpriced"    // our decks had no price for it
)

// Causes lists them, in the order in which they are shown.
func Causes() []Cause { return []Cause{Same, Duration, Rate, Unpriced, Twice, OnlyTheirs, OnlyOurs} }

// Pair is a line of theirs, of ours, or of both.
type Pair struct {
	Cause  Cause
	Theirs *Theirs
	Ours   *Line
}

// Delta is what they ask beyond what we say, in micro-units.
func (p *Pair) Delta() (d int64) {
	if p.Theirs != nil {
		d = p.Theirs.Micros
	}
	if p.Ours != nil {
		d -= p.Ours.Price.Amount.Micros
	}
	return d
}

// Match is what a comparison found.
type Match struct {
	Shift time.Duration // their clock is so much ahead of ours: another time zone
	Pairs []Pair        // of Same only what is not exactly the same
	Sums  map[Cause]Sum
}

// Sum is what the pairs of one cause come to.
type Sum struct {
	Lines        int64
	Theirs, Ours int64 // micros
}

// Tolerances of a comparison.
const (
	near      = 2 * time.Minute // two clocks, and when a call is said to begin
	secondsOK = 1               // rounding of a duration
	mostShift = 26              // hours that zones may be apart
)

// Compare matches a statement in a currency with our lines, each in any order: by
// the number, then by the time, nearest first. If their clock is in another zone,
// it is found out: the shift of whole quarters of an hour by which most calls
// agree. Amounts may differ by the smallest coin, to which they may be rounded.
func Compare(ours []Line, theirs []Theirs, c money.Currency) Match {
	m := Match{Sums: map[Cause]Sum{}}
	byNumber := map[string][]*Line{}
	for i := range ours {
		key := digits(ours[i].Number)
		byNumber[key] = append(byNumber[key], &ours[i])
	}
	for _, list := range byNumber {
		slices.SortStableFunc(list, func(a, b *Line) int { return cmp.Or(a.Answer.Compare(b.Answer), cmp.Compare(a.ID, b.ID)) })
	}
	m.Shift = shift(byNumber, theirs)
	taken := make(map[*Line]*Theirs, len(ours))
	order := make([]*Theirs, len(theirs))
	for i := range theirs {
		order[i] = &theirs[i]
	}
	slices.SortStableFunc(order, func(a, b *Theirs) int { return a.At.Compare(b.At) })
	for _, x := range order {
		list := byNumber[digits(x.Number)]
		at := x.At.Add(-m.Shift)
		best, known := nearest(list, at, x.Seconds, taken)
		switch {
		case best != nil:
			taken[best] = x
			m.add(Pair{cause(best, x, c.Unit()), x, best}, c)
		case known:
			m.add(Pair{Twice, x, nil}, c)
		default:
			m.add(Pair{OnlyTheirs, x, nil}, c)
		}
	}
	for i := range ours {
		if taken[&ours[i]] == nil && (ours[i].Price.Amount.Micros != 0 || !ours[i].Price.Known) {
			m.add(Pair{OnlyOurs, nil, &ours[i]}, c)
		}
	}
	m.sort()
	return m
}

// add counts a pair, and keeps it unless there is nothing to say of it.
func (m *Match) add(p Pair, c money.Currency) {
	s := m.Sums[p.Cause]
	s.Lines++
	if p.Theirs != nil {
		s.Theirs += p.Theirs.Micros
	}
	if p.Ours != nil {
		s.Ours += p.Ours.Price.Amount.Micros
	}
	m.Sums[p.Cause] = s
	if p.Cause != Same {
		m.Pairs = append(m.Pairs, p)
	}
}

// sort puts the most money first.
func (m *Match) sort() {
	size := func(p *Pair) int64 { return max(p.Delta(), -p.Delta()) }
	line := func(p *Pair) (n int, id string) {
		if p.Theirs != nil {
			n = p.Theirs.N
		}
		if p.Ours != nil {
			id = p.Ours.ID
		}
		return n, id
	}
	slices.SortStableFunc(m.Pairs, func(a, b Pair) int {
		an, aid := line(&a)
		bn, bid := line(&b)
		return cmp.Or(cmp.Compare(size(&b), size(&a)), cmp.Compare(an, bn), cmp.Compare(aid, bid))
	})
}

// cause says how two lines of the same call differ.
func cause(o *Line, x *Theirs, unit int64) Cause {
	d := x.Micros - o.Price.Amount.Micros
	switch {
	case !o.Price.Known:
		return Unpriced
	case d >= -unit && d <= unit:
		return Same
	case x.Seconds > o.Price.Seconds+secondsOK || x.Seconds < o.Price.Seconds-secondsOK:
		return Duration
	default:
		return Rate
	}
}

// nearest is the free line whose answer is nearest to an instant, and whether
// there was one that is taken. One that lasted as long goes before one that is
// a minute nearer.
func nearest(list []*Line, at time.Time, seconds int64, taken map[*Line]*Theirs) (best *Line, known bool) {
	from, _ := slices.BinarySearchFunc(list, at.Add(-near), func(l *Line, t time.Time) int { return l.Answer.Compare(t) })
	apart := 2 * near
	for _, l := range list[from:] {
		d := l.Answer.Sub(at)
		if d > near {
			break
		}
		if taken[l] != nil {
			known = true
			continue
		}
		if d = max(d, -d); seconds > l.Price.Seconds+secondsOK || seconds < l.Price.Seconds-secondsOK {
			d += near / 2
		}
		if d < apart {
			best, apart = l, d
		}
	}
	return best, known
}

// digits is a number without the signs that people and machines write before it.
func digits(number string) string {
	var b strings.Builder
	for _, r := range number {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return strings.TrimPrefix(b.String(), "00")
}

// sample bounds how many lines are looked at for a shift.
const sample = 2000

// shift is the difference of two clocks by which most calls agree, in quarters of
// an hour; 0 unless more than half of those that are known agree by it.
func shift(byNumber map[string][]*Line, theirs []Theirs) time.Duration {
	const step = 15 * time.Minute
	votes := map[time.Duration]int{}
	voters := 0
	for i := range theirs {
		if voters == sample {
			break
		}
		x := &theirs[i]
		list := byNumber[digits(x.Number)]
		if len(list) == 0 || len(list) > 50 { // a number that is called all day agrees by anything
			continue
		}
		voters++
		cast := map[time.Duration]bool{}
		for _, l := range list {
			d := x.At.Sub(l.Answer)
			q := d.Round(step)
			if q >= -mostShift*time.Hour && q <= mostShift*time.Hour && d-q <= near && q-d <= near && !cast[q] {
				cast[q] = true
				votes[q]++
			}
		}
	}
	best := time.Duration(0)
	for q, n := range votes {
		if n > votes[best] || n == votes[best] && max(q, -q) < max(best, -best) {
			best = q
		}
	}
	if votes[best]*2 <= voters {
		return 0
	}
	return best
}
