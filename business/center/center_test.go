package center

import (
	"slices"
	"testing"

	"github.com/callisto-tel/callisto/business/numbering"
)

func TestDirectory(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := NewDirectory(plans, []Center{{ID: "NA", Countries: []string{"US", "CA"}}, {ID: "KR", Countries: []string{"KR"}}})
	if id, ok := d.ForCountry("CA"); id != "NA" || !ok {
		t.Errorf("%q %v", id, ok)
	}
	if iso, ok := d.CountryOf("1"); iso != "US" || !ok { // the first listed answers for the code
		t.Errorf("%q %v", iso, ok)
	}
	if _, ok := d.ForCountry("DE"); ok {
		t.Error("there is no center for DE")
	}
	if got := d.Countries(); !slices.Equal(got, []string{"CA", "KR", "US"}) {
		t.Errorf("%v", got)
	}
	if _, ok := d.Get("KR"); !ok || len(d.All()) != 2 {
		t.Error("the centers are not listed")
	}
}
