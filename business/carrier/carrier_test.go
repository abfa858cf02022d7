package carrier_test

import (
	"testing"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/numbering"
)

func plans(t *testing.T) *numbering.Plans {
	t.Helper()
	p, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNumbersAsACarrierWantsThem writes a number of its own country and one of
// another in each format, with a rule and without.
func TestNumbersAsACarrierWantsThem(t *testing.T) {
	p := plans(t)
	for format, want := range map[carrier.Format][2]string{
		carrier.Plus:     {"+8225551234", "+13125550142"},
		carrier.Bare:     {"8225551234", "13125550142"},
		carrier.National: {"025551234", "+13125550142"},
		carrier.Exit:     {"025551234", "00113125550142"},
		carrier.World:    {"2555123482", "31255501421"},
	} {
		w := carrier.Writing{Format: format}
		if at, abroad := w.Write(p, "KR", "82", "25551234"), w.Write(p, "KR", "1", "3125550142"); at != want[0] || abroad != want[1] {
			t.Errorf("%s: %s and %s, want %v", format, at, abroad, want)
		}
	}
	w := carrier.Writing{Format: carrier.Exit, Rules: []carrier.Rule{{Prefix: "00", With: "9#"}, {Prefix: "", With: "0*"}}}
	if got := w.Write(p, "DE", "82", "25551234"); got != "9#8225551234" {
		t.Errorf("the first rule: %s", got)
	}
	if got := w.Write(p, "DE", "49", "30901820"); got != "0*030901820" {
		t.Errorf("the rule for all others: %s", got)
	}
}

// TestNumbersAsACarrierSendsThem reads what carriers write; what cannot be a
// number is none, and is not guessed at.
func TestNumbersAsACarrierSendsThem(t *testing.T) {
	p := plans(t)
	for _, x := range []struct {
		format      carrier.Format
		country, in string
		want        string
	}{
		{carrier.Plus, "KR", "+8225551234", "+8225551234"},
		{carrier.Plus, "KR", "8225551234", "+8225551234"},
		{carrier.Bare, "KR", "8225551234", "+8225551234"},
		{carrier.National, "KR", "025551234", "+8225551234"},
		{carrier.National, "KR", "25551234", "+8225551234"},
		{carrier.National, "KR", "+13125550142", "+13125550142"},
		{carrier.National, "KR", "13125550142", "+13125550142"},
		{carrier.Exit, "DE", "008225551234", "+8225551234"},
		{carrier.Exit, "US", "01182 2 555 1234", "+8225551234"},
		{carrier.National, "KR", "99", ""},
		{carrier.World, "KR", "2555123482", "2555123482"},
		{carrier.World, "KR", "5550100%2382", "5550100#82"},
		{carrier.World, "KR", "5550100*82", "5550100#82"},
		{carrier.Plus, "KR", "anonymous", ""},
		{carrier.Plus, "KR", "*67123", ""},
		{carrier.Plus, "KR", "", ""},
		{carrier.Plus, "KR", "%2523", ""},
	} {
		w := carrier.Writing{Format: x.format}
		if got := w.Read(p, x.country, x.in); got != x.want {
			t.Errorf("%s in %s reads %q as %q, want %q", x.format, x.country, x.in, got, x.want)
		}
	}
	w := carrier.Writing{Format: carrier.Bare, Rules: []carrier.Rule{{Prefix: "L", With: ""}, {Prefix: "51", With: "+82"}}}
	if got := w.Read(p, "KR", "5125551234"); got != "+8225551234" {
		t.Errorf("by a rule: %s", got)
	}
}

// TestRulesAsPeopleWriteThem reads what RulesText writes.
func TestRulesAsPeopleWriteThem(t *testing.T) {
	rules, err := carrier.ParseRules(" 0082 = +82 \n=9,*31#=")
	if err != nil || len(rules) != 3 || rules[0] != (carrier.Rule{Prefix: "0082", With: "+82"}) || rules[1] != (carrier.Rule{With: "9"}) || rules[2] != (carrier.Rule{Prefix: "*31#"}) {
		t.Errorf("%+v %v", rules, err)
	}
	again, err := carrier.ParseRules(carrier.RulesText(rules))
	if err != nil || len(again) != 3 || again[2] != rules[2] {
		t.Errorf("%+v %v", again, err)
	}
	for _, bad := range []string{"0082", "a=b", "1=sip:x"} {
		if _, err := carrier.ParseRules(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestProfilesAreAlmostReady: what is left to say is the center, the number
// shown, and the passwords.
func TestProfilesAreAlmostReady(t *testing.T) {
	for _, p := range carrier.Profiles() {
		if len(p.Input.Trunks) != 1 || p.Input.Kind != carrier.PSTN || p.About == "" {
			t.Errorf("%+v", p)
		}
		if got, ok := carrier.ProfileOf(p.ID); !ok || got.Name != p.Name {
			t.Errorf("%s is not found", p.ID)
		}
	}
}
