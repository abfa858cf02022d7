package numbering

import (
	"slices"
	"testing"
)

func TestCountriesOf(t *testing.T) {
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{"82": {"KR"}, "8210": {"KR"}, "1312": {"US"}, "1204": {"CA"}, "1876": {"JM"}, "999": nil, "": nil, "8": nil} {
		if got := p.CountriesOf(prefix); !slices.Equal(got, want) {
			t.Errorf("%q is of %v, not %v", prefix, got, want)
		}
	}
	if got := p.CountriesOf("13"); !slices.Contains(got, "US") {
		t.Errorf("13 is of %v", got)
	}
	if got := p.CountriesOf("1"); len(got) < 20 || got[0] != "US" || got[1] != "CA" {
		t.Errorf("1 is of %v", got)
	}
	if got := p.CountriesOf("7"); got[0] != "RU" || !slices.Contains(got, "KZ") {
		t.Errorf("7 is of %v", got)
	}
}

func TestMayBeMobile(t *testing.T) {
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for digits, want := range map[string]bool{"821012345678": true, "8225551234": false, "447911123456": true, "442079460000": false, "13125550123": true, "881612345678": false, "": false, "1": false} {
		if p.MayBeMobile(digits) != want {
			t.Errorf("%s: %t", digits, !want)
		}
	}
}
