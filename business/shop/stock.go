package shop

import (
	"context"
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

// feasible reports whether digits, followed by more unknown ones, can match.
func (m mask) feasible(digits []byte, more int) bool {
	return fits(string(m), digits, more)
}

func fits(m string, digits []byte, more int) bool {
	for len(m) > 0 {
		if m[0] == '*' {
			for strings.HasPrefix(m, "*") {
				m = m[1:]
			}
			if m == "" {
				return true
			}
			for skip := 0; skip <= len(digits); skip++ {
				if fits(m, digits[skip:], more) {
					return true
				}
			}
			return len(strings.ReplaceAll(m, "*", "")) <= more
		}
		if len(digits) == 0 {
			need := len(strings.ReplaceAll(m, "*", ""))
			return need == more || need < more && strings.Contains(m, "*")
		}
		if m[0] != '?' && m[0] != digits[0] {
			return false
		}
		m, digits = m[1:], digits[1:]
	}
	return len(digits) == 0 && more == 0
}

// each yields the block's numbers above after that match every filter, in
// ascending order, until yield says no. It reports whether to go on.
func (b *Block) each(after string, filters []filter, yield func(national string) bool) bool {
	buf := make([]byte, 0, b.Length)
	var walk func(above bool) bool
	walk = func(above bool) bool {
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
	tried := 0
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
		full, err := s.fill(ctx, rules, &page, b, after, filters, limit, &tried)
		if err != nil || full {
			return page, err
		}
	}
	if skipping {
		return Page{}, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
	}
	return page, nil
}

// searchEffort bounds how many numbers one search looks at.
const searchEffort = 5000

// fill adds a block's free numbers; full means that the page has its limit, or
// that enough was tried, and Next is set.
func (s *Service) fill(ctx context.Context, rules *Policy, page *Page, b *Block, after string, filters []filter, limit int, tried *int) (full bool, err error) {
	for {
		var batch []string
		more := b.each(after, filters, func(national string) bool {
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
		if more || len(batch) == 0 {
			return false, nil
		}
		after = batch[len(batch)-1]
		if *tried += len(batch); *tried > searchEffort {
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
		if rules.reservedOrRefused(n) {
			continue
		}
		items = append(items, StockItem{Number: n, Country: b.Country, Price: rules.price(b.ID, b.Country, n)})
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
