package shop

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// TestCountingIsSearching compares the arithmetic with the plain way: all
// numbers of the block, matched by a regular expression.
func TestCountingIsSearching(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2026))
	pick := func(letters string, most int) string {
		var b strings.Builder
		for range rng.IntN(most + 1) {
			b.WriteByte(letters[rng.IntN(len(letters))])
		}
		return b.String()
	}
	for range 60 {
		b := Block{Kind: numbering.Individual, Prefix: pick("0123456789", 3), Length: 4}
		q := Query{Contains: pick("0123?*", 4), Starts: pick("0123456789?", 2), Ends: pick("012?*", 2), Class: append(Classes(), "")[rng.IntN(4)]}
		masks, err := q.filters(newClassTails())
		if err != nil {
			t.Fatal(err)
		}
		var plain []*regexp.Regexp
		for _, m := range masks {
			if m, is := m.(mask); is {
				plain = append(plain, regexp.MustCompile("^"+strings.NewReplacer("?", ".", "*", ".*").Replace(string(m))+"$"))
			}
		}
		var want []string
		for i := range 10_000 {
			national := fmt.Sprintf("%04d", i)
			ok := strings.HasPrefix(national, b.Prefix)
			ok = ok && (q.Class == "" || ClassOf(national) == q.Class)
			for _, re := range plain {
				ok = ok && re.MatchString(national)
			}
			if ok {
				want = append(want, national)
			}
		}
		var got []string
		for after, all, steps := "", false, 1_000_000; !all; { // three at a time
			var batch []string
			all = b.each(after, masks, &steps, func(national string) bool {
				batch = append(batch, national)
				return len(batch) < 3
			})
			if got = append(got, batch...); len(batch) > 0 {
				after = batch[len(batch)-1]
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("block %q, query %+v:\n got %v\nwant %v", b.Prefix, q, got, want)
		}
	}
}

// TestPatternsThatContradict would count through ten million million numbers.
func TestPatternsThatContradict(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := New(nil, nil, Policy{Plans: plans, Countries: []string{"KR"}, Catalogue: Catalogue{Systems: []System{{Country: "KR", Company: true}},
		Blocks: []Block{{ID: "b", Kind: numbering.Company, Country: "KR", Prefix: "1", Length: 15}}}}, nil, nil)
	for _, q := range []Query{{Contains: "8*8*8*8*8*8*8*8", Ends: "1111111"}, {Class: Premium, Ends: "1358"}} {
		page, err := s.Search(t.Context(), q)
		if fault.ReasonOf(err).Code != "search_wide" {
			t.Errorf("%+v: %d found, %v", q, len(page.Items), err)
		}
	}
}

func TestPrices(t *testing.T) {
	p := Policy{Currency: "USD"}.with(nil, Catalogue{})
	for want, n := range map[string]numbering.Number{
		"5.00 USD":   {Kind: numbering.Individual, CallingCode: "82", National: "7002846"},
		"25.00 USD":  {Kind: numbering.Individual, CallingCode: "82", National: "7001234"},
		"20.00 USD":  {Kind: numbering.Company, CallingCode: "82", National: "5550100"},
		"100.00 USD": {Kind: numbering.Company, CallingCode: "82", National: "5557777"},
	} {
		if got := p.Price("KR", n).Today().String(); got != want {
			t.Errorf("%v costs %s, want %s", n, got, want)
		}
	}
}

func TestBlocksTheRulesForbid(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []Block{
		{Kind: numbering.Individual, Country: "US", Prefix: "20", Length: 10},
		{Kind: numbering.Individual, Country: "KR", Prefix: "01", Length: 7},
		{Kind: numbering.Company, Country: "KR", Prefix: "55", Length: 4},
	} {
		p := Policy{Plans: plans}.with(nil, Catalogue{Blocks: []Block{b}})
		if x := p.Blocks[0]; x.Fault == "" || x.onSale() {
			t.Errorf("%+v was taken into stock", b)
		}
	}
}

// BenchmarkSearchHugeBlock looks for a pattern in a hundred million numbers.
func BenchmarkSearchHugeBlock(b *testing.B) {
	block := Block{Kind: numbering.Individual, Prefix: "7", Length: 9}
	masks, err := Query{Contains: "42?24", Ends: "7"}.filters(nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n, steps := 0, 1_000_000
		block.each("", masks, &steps, func(string) bool { n++; return n < 20 })
	}
}
