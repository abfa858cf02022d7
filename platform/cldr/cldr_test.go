package cldr

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/money"
)

// TestEveryLanguageNamesTheSame: no language lacks a country or a currency
// that English has, and each writes money with its digits whole.
func TestEveryLanguageNamesTheSame(t *testing.T) {
	english, err := Load("en")
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"en", "ko", "es", "fr", "de", "zh", "ja", "ar"} {
		n, err := Load(tag)
		if err != nil {
			t.Fatal(err)
		}
		for iso := range english.Countries {
			if n.Countries[iso] == "" {
				t.Errorf("%s has no name for the country %s", tag, iso)
			}
		}
		for code := range english.Currencies {
			if n.Currencies[code] == "" {
				t.Errorf("%s has no name for the currency %s", tag, code)
			}
			shown := n.Cash(money.Amount{Currency: money.Currency(code), Micros: 1_234_567_890_000})
			digits := strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, shown)
			if digits != "123456789" && digits != "1234567890" || strings.ContainsAny(shown, "#¤") {
				t.Errorf("%s writes %s as %q", tag, code, shown)
			}
		}
		if n.Country("KR") == "KR" || n.Country("QQ") != "QQ" {
			t.Errorf("%s: KR is %q, QQ is %q", tag, n.Country("KR"), n.Country("QQ"))
		}
	}
	if _, err := Load("tlh"); err == nil {
		t.Error("a language there is not was loaded")
	}
}
