package tariff

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// What a line of a new list is against the list before.
const (
	IsNew       = "new"
	IsDearer    = "dearer"
	IsCheaper   = "cheaper"
	IsOther     = "other" // as dear for a call of three minutes, and yet not the same
	IsRemoved   = "removed"
	IsUnchanged = "unchanged"
)

// Change is one line of a preview.
type Change struct {
	What     string
	Prefix   string
	Band     string
	Old, New rating.Price // the zero one where there is none
	Percent  int64        // by which a typical call is dearer, below zero cheaper; in hundredths
}

// Preview is what a draft would change.
type Preview struct {
	Draft    Draft
	List     *List   // its lines
	Against  Version // what is in force; one without ID: nothing is
	Counts   map[string]int
	Changes  []Change // the largest first
	More     int      // that are not among them
	Steps    []Step   // how many rise and fall by how much
	Days     []time.Time
	Exchange bool // the currencies differ: old prices are converted
}

// Step is how many lines change by how much: from below to above in hundredths
// of a percent.
type Step struct {
	From, To int64
	Lines    int
}

// mostChanges is how many changes are listed.
const mostChanges = 100

// Limits of the steps of a drawing, in hundredths of a percent.
func stepLimits() []int64 { return []int64{-5000, -2500, -1000, 0, 1000, 2500, 5000, 10000} }

const endless = 1 << 60

// Compare tells what a draft would change.
func (s *Service) Compare(ctx context.Context, by member.Actor, owner, draft string) (Preview, error) {
	if _, _, err := s.Owner(ctx, by, owner); err != nil {
		return Preview{}, err
	}
	d, ok, err := s.store.Draft(ctx, draft)
	if err != nil {
		return Preview{}, err
	}
	if !ok || d.Owner != owner {
		return Preview{}, unknownVersion()
	}
	next, err := Unpack(d.Body, d.Bands)
	if err != nil {
		return Preview{}, err
	}
	was, old, err := s.List(ctx, by, owner, "")
	if err != nil {
		return Preview{}, err
	}
	now := s.cfg.Now()
	p := compare(old, next, s.in(now, was.Currency), s.in(now, d.Currency))
	p.Draft, p.List, p.Against, p.Days = d, next, was, next.days(now)
	p.Draft.Body = nil
	p.Exchange = was.ID != "" && was.Currency != d.Currency
	return p, nil
}

// in is what an amount in a currency is worth.
func (s *Service) in(now time.Time, c money.Currency) func(int64) int64 {
	decks := s.Decks()
	return func(micros int64) int64 {
		if v, ok := decks.In(now, c, micros); ok {
			return v
		}
		return micros
	}
}

// compare goes through two lists side by side.
func compare(old, next *List, inOld, inNext func(int64) int64) Preview {
	p := Preview{Counts: map[string]int{IsNew: 0, IsDearer: 0, IsCheaper: 0, IsOther: 0, IsRemoved: 0, IsUnchanged: 0}}
	limits := stepLimits()
	for i := range len(limits) + 1 {
		st := Step{From: -endless, To: endless}
		if i > 0 {
			st.From = limits[i-1]
		}
		if i < len(limits) {
			st.To = limits[i]
		}
		p.Steps = append(p.Steps, st)
	}
	name := func(l *List, b uint8) string {
		if b == 0 {
			return ""
		}
		return l.Bands[b-1].Name
	}
	order := func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(name(old, a.band), name(next, b.band)))
	}
	byName := func(l *List) []int32 {
		at := make([]int32, len(l.rows))
		for i := range at {
			at[i] = int32(i) //nolint:gosec // a million
		}
		if len(l.Bands) > 0 {
			slices.SortStableFunc(at, func(a, b int32) int {
				x, y := &l.rows[a], &l.rows[b]
				return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(name(l, x.band), name(l, y.band)))
			})
		}
		return at
	}
	a, b := byName(old), byName(next)
	for i, j := 0, 0; i < len(a) || j < len(b); {
		var c Change
		o := 0
		switch {
		case i == len(a):
			o = 1
		case j == len(b):
			o = -1
		default:
			o = order(&old.rows[a[i]], &next.rows[b[j]])
		}
		if o <= 0 {
			r := &old.rows[a[i]]
			c.Prefix, c.Band, c.Old, c.What = "", name(old, r.band), old.prices[r.price], IsRemoved
			if o < 0 {
				c.Prefix = string(digitsOf(nil, r.key))
			}
			i++
		}
		if o >= 0 {
			r := &next.rows[b[j]]
			for j+1 < len(b) && next.rows[b[j+1]].key == r.key && next.rows[b[j+1]].band == r.band { // the last day counts
				j++
				r = &next.rows[b[j]]
			}
			c.Prefix, c.Band, c.New = string(digitsOf(nil, r.key)), name(next, r.band), next.prices[r.price]
			if j++; o > 0 {
				c.What = IsNew
			} else {
				c.judge(inOld, inNext)
			}
		}
		p.take(c)
	}
	p.sort()
	return p
}

// judge says how a price differs from the one before.
func (c *Change) judge(inOld, inNext func(int64) int64) {
	was, is := inOld(typical(c.Old)), inNext(typical(c.New))
	switch {
	case is > was:
		c.What = IsDearer
	case is < was:
		c.What = IsCheaper
	case c.Old == c.New || inOld(1_000_000) != inNext(1_000_000) && was == is:
		c.What = IsUnchanged
	default:
		c.What = IsOther
	}
	switch was {
	case is:
	case 0:
		c.Percent = endless - 1
	default:
		c.Percent = int64((float64(is) - float64(was)) / float64(was) * 10_000)
		if c.Percent == 0 {
			c.Percent = int64(cmp.Compare(is, was))
		}
	}
}

// typical is what a typical call costs.
func typical(p rating.Price) int64 {
	q := rating.Fixed(p)
	return q.Cost(time.Time{}, rating.Typical)
}

func (p *Preview) take(c Change) {
	p.Counts[c.What]++
	if c.What == IsDearer || c.What == IsCheaper {
		for i := range p.Steps {
			if st := &p.Steps[i]; c.Percent > st.From && c.Percent <= st.To && c.Percent > 0 || c.Percent >= st.From && c.Percent < st.To && c.Percent < 0 {
				st.Lines++
				break
			}
		}
	}
	if c.What == IsUnchanged {
		return
	}
	if p.Changes = append(p.Changes, c); len(p.Changes) >= 4*mostChanges {
		p.sort()
	}
}

// sort puts the largest changes first and forgets the small.
func (p *Preview) sort() {
	rank := func(c *Change) int {
		switch c.What {
		case IsDearer, IsCheaper:
			return 0
		case IsRemoved:
			return 1
		case IsNew:
			return 2
		default:
			return 3
		}
	}
	slices.SortStableFunc(p.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), -cmp.Compare(max(a.Percent, -a.Percent), max(b.Percent, -b.Percent)), cmp.Compare(a.Prefix, b.Prefix))
	})
	if over := len(p.Changes) - mostChanges; over > 0 {
		p.More += over
		p.Changes = p.Changes[:mostChanges]
	}
}
