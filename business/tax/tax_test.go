package tax

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

// TestGolden shows what taxes come to; `make golden` rewrites it.
func TestGolden(t *testing.T) {
	var b strings.Builder
	for _, c := range []money.Currency{"USD", "JPY", "KWD"} {
		for _, net := range []string{"0.01", "0.05", "0.10", "1", "4.99", "5", "25", "99.95", "100000", "9000000000"} {
			r, _ := new(big.Rat).SetString(net)
			n := money.Amount{Currency: c, Micros: new(big.Int).Div(new(big.Int).Mul(r.Num(), big.NewInt(1e6)), r.Denom()).Int64()}
			for _, rate := range []int64{0, 50_000, 75_000, 88_750, 100_000, 190_000, 1_000_000} {
				fmt.Fprintf(&b, "%s at %s: %s\n", n, ShowRate(rate), On(n, rate))
			}
		}
	}
	file := filepath.Join("testdata", "tax.golden")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != b.String() {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestHalvesGoUp compares with the plain way, in fractions.
func TestHalvesGoUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 2026))
	for range 20_000 {
		c := []money.Currency{"USD", "KRW", "KWD"}[rng.IntN(3)]
		net, rate := money.Amount{Currency: c, Micros: rng.Int64N(1 << 45)}, rng.Int64N(1_000_001)
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(net.Micros), big.NewInt(rate)), big.NewInt(1_000_000*c.Unit()))
		exact.Add(exact, big.NewRat(1, 2))
		want := new(big.Int).Div(exact.Num(), exact.Denom()).Int64() * c.Unit()
		if got := On(net, rate); got.Micros != want {
			t.Fatalf("%s at %d: %s, want %d", net, rate, got, want)
		}
	}
}

func TestTheNewestRuleCounts(t *testing.T) {
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	rules := []Rule{
		{Name: "old", Country: "KR", Kind: Individual, Rate: 1, From: day("2025-01-01")},
		{Name: "new", Country: "KR", Kind: Individual, Rate: 2, From: day("2026-11-01")},
		{Name: "later", Country: "KR", Kind: Individual, Rate: 3, From: day("2027-01-01")},
		{Name: "company", Country: "KR", Kind: Company, Rate: 4, From: day("2020-01-01")},
	}
	for when, want := range map[string]string{"2024-12-31": "", "2025-01-01": "old", "2026-10-31": "old", "2026-11-01": "new", "2027-06-01": "later"} {
		if r, _ := Choose(rules, "KR", Individual, day(when)); r.Name != want {
			t.Errorf("%s: %q, want %q", when, r.Name, want)
		}
	}
	if _, found := Choose(rules, "US", Individual, day("2026-11-25")); found {
		t.Error("another country is taxed")
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]int64{"10": 100_000, "7.5": 75_000, " 8,875 % ": 88_750, "0": 0, "100": 1_000_000, "0.0001": 1} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q: %d %v", text, got, err)
		}
	}
	for _, text := range []string{"", "ten", "1/3", "1e1", "0.00001", "1.2.3"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
	for rate, want := range map[int64]string{100_000: "10 %", 88_750: "8.875 %", 0: "0 %", 1: "0.0001 %"} {
		if got := ShowRate(rate); got != want {
			t.Errorf("%d: %s", rate, got)
		}
	}
}
