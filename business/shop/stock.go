package shop

import (
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Stock is blocks, and the numbers of a block are counted out when somebody
// searches: a block of a hundred million numbers costs one row.

// holds reports whether a number lies in the block.
func (b *Block) holds(country string, n numbering.Number) bool {
	return b.Kind == n.Kind && b.Country == country && len(n.National) == b.Length && strings.HasPrefix(n.National, b.Prefix)
}

// onSale reports whether numbers of the block may be sold.
func (b *Block) onSale() bool { return !b.Closed && b.Fault == "" }

// filter says whether digits, followed by more unknown ones, can still become
// a number one looks for.
type filter interface {
	feasible(digits []byte, more int) bool
}

// mask is a wildcard pattern over digits: a digit, '?' for any, '*' for any
// run.
type mask string

// filters turns a query into patterns that all must match.
func (q Query) filters(tails classTails) ([]filter, error) {
	var out []filter
	if q.Class != "" {
		t, known := tails[q.Class]
		if !known {
			return nil, fault.New(fault.Invalid, "class", "%q is no class of numbers. Use plain, easy or premium.", string(q.Class)).
				WithFields(fault.Field{Name: "class", Text: "Use plain, easy or premium."})
		}
		out = append(out, classFilter{t, q.Class == Plain})
	}
	for _, m := range []struct{ text, before, after string }{{q.Contains, "*", "*"}, {q.Starts, "", "*"}, {q.Ends, "*", ""}} {
		if m.text == "" {
			continue
		}
		typed := strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r == '.' {
				return -1
			}
			return r
		}, m.text)
		if len(typed) > 20 || strings.Trim(typed, "0123456789?*") != "" {
			return nil, fault.New(fault.Invalid, "pattern", "Search with digits, ? for any one digit and * for any digits.").
				WithFields(fault.Field{Name: "contains", Text: "Digits, ? and * only."})
		}
		out = append(out, mask(m.before+typed+m.after))
	}
	return out, nil
}

// feasible reports whether digits, followed by more unknown ones, can match. It
// goes through the mask in all ways at once: bit i of at is set when its first
// i letters have taken the digits so far.
func (m mask) feasible(digits []byte, more int) bool {
	at := m.past(1)
	for _, d := range digits {
		next := uint32(0)
		for rest := at; rest != 0; rest &= rest - 1 {
			switch i := bits.TrailingZeros32(rest); {
			case i == len(m):
			case m[i] == '*':
				next |= 1 << i
			case m[i] == '?' || m[i] == d:
				next |= 1 << (i + 1)
			}
		}
		if at = m.past(next); at == 0 {
			return false
		}
	}
	for ; at != 0; at &= at - 1 {
		rest := string(m[bits.TrailingZeros32(at):])
		runs := strings.Count(rest, "*")
		if need := len(rest) - runs; need == more || need < more && runs > 0 {
			return true
		}
	}
	return false
}

// past lets every * be nothing.
func (m mask) past(at uint32) uint32 {
	for i := range len(m) {
		if m[i] == '*' && at&(1<<i) != 0 {
			at |= 1 << (i + 1)
		}
	}
	return at
}

// each yields the block's numbers above after that match every filter, in
// ascending order, until yield says no or it has looked at as many beginnings
// as steps says, which it counts down. It reports whether to go on.
func (b *Block) each(after string, filters []filter, steps *int, yield func(national string) bool) bool {
	buf := make([]byte, 0, b.Length)
	var walk func(above bool) bool
	walk = func(above bool) bool {
		if *steps--; *steps < 0 {
			return false
		}
		for _, m := range filters {
			if !m.feasible(buf, b.Length-len(buf)) {
				return true
			}
		}
		if len(buf) == b.Length {
			return !above || yield(string(buf))
		}
		low, high := byte('0'), byte('9')
		if i := len(buf); i < len(b.Prefix) {
			low, high = b.Prefix[i], b.Prefix[i]
		}
		for d := low; d <= high; d++ {
			still := true // every digit so far is above, or no bound is set
			if after != "" && !above {
				i := len(buf)
				if i < len(after) && d < after[i] {
					continue
				}
				still = i < len(after) && d > after[i]
			}
			buf = append(buf, d)
			goOn := walk(above || still)
			buf = buf[:len(buf)-1]
			if !goOn {
				return false
			}
		}
		return true
	}
	return walk(after == "")
}

// Search lists numbers for sale that nobody holds and nothing collides with.
func (s *Service) Search(ctx context.Context, q Query) (Page, error) {
	rules := s.rules()
	filters, err := q.filters(rules.tails)
	if err != nil {
		return Page{}, err
	}
	iso := ""
	if q.Country != "" {
		known := false
		if iso, known = rules.Plans.Country(q.Country); !known {
			return Page{}, fault.New(fault.Invalid, "country_unknown", "%q is no country. Use its two-letter code, as in KR.", q.Country).
				WithFields(fault.Field{Name: "country", Text: "Use the two-letter code, as in KR."})
		}
	}
	fromBlock, after, _ := strings.Cut(q.Cursor, ".")
	skipping := fromBlock != ""
	limit := min(max(q.Limit, 1), 200)
	if q.Limit == 0 {
		limit = 20
	}
	page := Page{Items: []StockItem{}}
	left := effort{numbers: 5000, steps: 500_000}
	for i := range rules.Blocks {
		b := &rules.Blocks[i]
		if skipping && b.ID != fromBlock {
			continue
		}
		if !skipping {
			after = ""
		}
		skipping = false
		if iso != "" && b.Country != iso || q.Kind != 0 && b.Kind != q.Kind || !rules.sells(b) {
			continue
		}
		full, err := s.fill(ctx, rules, &page, b, after, filters, limit, &left)
		if err != nil || full {
			return page, err
		}
	}
	if skipping {
		return Page{}, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
	}
	return page, nil
}

// effort is how much of it is left for one search: numbers that are looked up,
// and beginnings of numbers that are tried. Patterns that contradict each other
// would else count through a whole block to find nothing.
type effort struct{ numbers, steps int }

func tooWide() error {
	return fault.New(fault.Invalid, "search_wide", "This search takes too long. Say more of the number, with fewer * and ?.").
		WithFields(fault.Field{Name: "contains", Text: "Say more of the number, with fewer * and ?."})
}

// fill adds a block's free numbers; full means that the page has its limit, or
// that enough was tried, and Next is set.
func (s *Service) fill(ctx context.Context, rules *Policy, page *Page, b *Block, after string, filters []filter, limit int, left *effort) (full bool, err error) {
	for {
		var batch []string
		more := b.each(after, filters, &left.steps, func(national string) bool {
			batch = append(batch, national)
			return len(batch) < limit+1
		})
		free, err := s.free(ctx, rules, b, batch)
		if err != nil {
			return true, err
		}
		for _, item := range free {
			if len(page.Items) == limit {
				page.Next = b.ID + "." + page.Items[limit-1].Number.National
				if last := page.Items[limit-1]; last.Country != b.Country || last.Number.Kind != b.Kind || !strings.HasPrefix(last.Number.National, b.Prefix) {
					page.Next = b.ID + "."
				}
				return true, nil
			}
			page.Items = append(page.Items, item)
		}
		if more {
			return false, nil
		}
		if len(batch) > 0 {
			after = batch[len(batch)-1]
		} else if len(page.Items) == 0 {
			return true, tooWide()
		}
		if left.numbers -= len(batch); left.numbers < 0 || left.steps < 0 {
			page.Next = b.ID + "." + after
			return true, nil
		}
	}
}

// free keeps the numbers one could order now.
func (s *Service) free(ctx context.Context, rules *Policy, b *Block, nationals []string) ([]StockItem, error) {
	if len(nationals) == 0 {
		return nil, nil
	}
	code := rules.Plans.CallingCode(b.Country)
	var items []StockItem
	var forms []string
	for _, national := range nationals {
		n := numbering.Number{Kind: b.Kind, CallingCode: code, National: national}
		price := rules.price(b.ID, b.Country, n)
		if !price.Set || rules.reservedOrRefused(n) {
			continue
		}
		items = append(items, StockItem{Number: n, Country: b.Country, Price: price})
		forms = append(forms, numbering.Forms(n)[0])
	}
	taken, err := s.store.Taken(ctx, forms)
	if err != nil {
		return nil, err
	}
	kept := items[:0]
	for i, item := range items {
		if !taken[forms[i]] {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// sells reports whether a block's numbers can be had now.
func (p *Policy) sells(b *Block) bool {
	return b.onSale() && p.systems[b.Country].Sells(b.Kind) && slices.Contains(p.Countries, b.Country)
}

func (p *Policy) reservedOrRefused(n numbering.Number) bool {
	typed := numbering.Forms(n)[0]
	if _, is := p.reserved[typed]; is || slices.Contains(p.Service, typed) {
		return true
	}
	_, _, refused := p.Plans.Refuse(n, numbering.Grounds{Countries: p.Countries})
	return refused
}
