package cli

import (
	"errors"
	"strings"
	"testing"
)

// TestADecisionIsPrintedForPeople prints the steps, the legs and the price.
func TestADecisionIsPrintedForPeople(t *testing.T) {
	var b strings.Builder
	err := inWords(&b, []byte(`{"kind":"pstn","e164":"+8225554321","steps":["Dialled in KR.","By Seoul Tel."],"price":{"currency":"USD","micros":20000,"per_seconds":60},
		"legs":[{"kind":"center","center":"KR","role":"exit"},{"kind":"trunk","center":"KR","carrier":"car_1","carrier_name":"Seoul Tel","trunk":"trk_1","host":"sip.seoul.example:5060","number":"+8225554321","shows":"+8225550100"}],"reason":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" 1. Dialled in KR.", "An ordinary telephone.", "1) on to the center KR, where it leaves", "2) leaves at KR by Seoul Tel, sip.seoul.example:5060, as +8225554321, showing +8225550100", "It costs 0.02 USD a minute."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

// TestWhatIsFreeAndWhatCannotBeDialled: the second ends the command with 2.
func TestWhatIsFreeAndWhatCannotBeDialled(t *testing.T) {
	for text, want := range map[string]error{
		`{"kind":"none","reason":"No.","legs":[]}`:                                                         ErrUndialled,
		`{"kind":"pstn","reason":"No price.","legs":[]}`:                                                   ErrUndialled,
		`{"kind":"onnet","legs":[],"price":{"currency":"USD","micros":0,"per_seconds":60}}`:                nil,
		`{"kind":"pstn","legs":[{"kind":"trunk"}],"price":{"currency":"USD","micros":0,"per_seconds":60}}`: nil,
	} {
		var b strings.Builder
		if err := inWords(&b, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := undialled([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
		if free := strings.Contains(b.String(), "It is free."); free != (want == nil) {
			t.Errorf("%s is printed as\n%s", text, b.String())
		}
	}
}
