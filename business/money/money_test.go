package money

import (
	"errors"
	"math"
	"testing"
)

func TestStringShowsWhatIsNeeded(t *testing.T) {
	for want, a := range map[string]Amount{
		"12.50 USD":                 Of("USD", 12, 50),
		"-0.05 EUR":                 Of("EUR", 0, 5).Neg(),
		"0.0125 USD":                {"USD", 12_500},
		"0.00":                      {},
		"-9223372036854.775808 KRW": {"KRW", math.MinInt64},
	} {
		if got := a.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAddRefusesMixedCurrenciesAndOverflow(t *testing.T) {
	if _, err := Of("USD", 1, 0).Add(Of("EUR", 1, 0)); !errors.Is(err, ErrCurrency) {
		t.Errorf("mixed currencies: %v", err)
	}
	big := Amount{"USD", math.MaxInt64}
	if _, err := big.Add(Amount{"USD", 1}); !errors.Is(err, ErrOverflow) {
		t.Errorf("overflow up: %v", err)
	}
	if _, err := big.Neg().Sub(Amount{"USD", 2}); !errors.Is(err, ErrOverflow) {
		t.Errorf("overflow down: %v", err)
	}
	if _, err := big.Sub(Amount{"USD", math.MinInt64}); !errors.Is(err, ErrOverflow) {
		t.Errorf("subtracting the smallest: %v", err)
	}
	sum, err := Of("USD", 1, 25).Sub(Of("USD", 0, 75))
	if err != nil || sum != Of("USD", 0, 50) {
		t.Errorf("got %v, %v", sum, err)
	}
}

func TestWhatStringWritesIsReadAgain(t *testing.T) {
	for _, a := range []Amount{{"USD", 5_000_000}, {"KRW", -50_000}, {"EUR", 12_345_678}, {"USD", 0}, {"JPY", 999_999_999_999_999_999}} {
		if got, err := Parse(a.String()); err != nil || got != a {
			t.Errorf("%s is read as %v, %v", a, got, err)
		}
	}
	for _, s := range []string{"", "5", "5.00", "5 USD", "5.00 usd", "5.00 USDT", "--5.00 USD", "5.0000001 USD", "5.00  USD", " 5.00 USD", "2 555", ". USD", "-", "5. USD"} {
		if a, err := Parse(s); err == nil {
			t.Errorf("%q is read as %s", s, a)
		}
	}
}
