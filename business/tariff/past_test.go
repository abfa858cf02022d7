package tariff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/tariff"
)

// TestACallToAPartnerIsExplained by its price a minute: no list has it.
func TestACallToAPartnerIsExplained(t *testing.T) {
	x := tariff.ExplainPartner("USD", 35_000, time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), 61*time.Second)
	if x.Amount.Micros != 35_583 || x.Amount.Currency != "USD" || x.Plan != "" {
		t.Errorf("61 seconds at 0.035: %+v", x)
	}
	for _, want := range []string{
		"It went to a number of another network, which costs 0.035 USD a minute at any time.", "61 seconds at 0.035 USD a minute: 0.035583 USD.",
		"Together, rounded half up to a millionth: 0.035583 USD.",
	} {
		if !slices.Contains(x.Lines, want) {
			t.Errorf("it does not say %q: %q", want, x.Lines)
		}
	}
}
