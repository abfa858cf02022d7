package cli

import (
	"strings"
	"testing"
)

// TestADecisionIsPrintedForPeople prints the steps, the legs and the price.
func TestADecisionIsPrintedForPeople(t *testing.T) {
	var b strings.Builder
	err := inWords(&b, []byte(`{"kind":"pstn","e164":"+8225554321","steps":["Dialled in KR.","By Seoul Tel."],"price":{"currency":"USD","micros":20000,"per_seconds":60},
		"legs":[{"kind":"center","center":"KR","role":"exit"},{"kind":"trunk","center":"KR","carrier":"seoul","trunk":"seoul-1","number":"+8225554321","shows":"+8225550100"}],"reason":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" 1. Dialled in KR.", "It is pstn.", "1) on to the center KR (exit)", "2) leaves at KR by seoul, trunk seoul-1, as +8225554321, showing +8225550100", "It costs 0.02 USD for 60 s."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
