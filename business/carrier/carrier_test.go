package carrier_test

import (
	"testing"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/numbering"
)

// TestNumbersAsACarrierWantsThem writes a number of its own country and one of
// another in each format.
func TestNumbersAsACarrierWantsThem(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[carrier.Format][2]string{
		carrier.Plus:     {"+8225551234", "+13125550142"},
		carrier.Bare:     {"8225551234", "13125550142"},
		carrier.National: {"025551234", "+13125550142"},
	} {
		c := carrier.Carrier{Format: format}
		if at, abroad := c.Called(plans, "KR", "82", "25551234"), c.Called(plans, "KR", "1", "3125550142"); at != want[0] || abroad != want[1] {
			t.Errorf("%s: %s and %s, want %v", format, at, abroad, want)
		}
	}
}
