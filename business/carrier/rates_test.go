package carrier

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestReadRates: as spreadsheets of any country write a list.
func TestReadRates(t *testing.T) {
	want := []Rate{{"8210", 35_000}, {"82", 1_234_000}}
	for _, text := range []string{
		"prefix,price\n8210,0.035\n82,1.234\n", "\ufeffPräfix;Preis\r\n8210;0,035\r\n+82;1,234\r\n", "8210;0.035\n82;1.234", "8210\t0,035\n82\t1,234",
		`"8210","0,035"` + "\n" + `"82","1,234"`, "8210,0.035\n\n 8 2 , 1.2340",
	} {
		if got, err := ReadRates(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
	if got, err := ReadRates("82,1.234\n8210,6.125"); err != nil || !slices.Equal(got, []Rate{{"82", 1_234_000}, {"8210", 6_125_000}}) {
		t.Errorf("what we write ourselves is read as %+v, %v", got, err)
	}
}

// BenchmarkReadRates reads the largest list there may be.
func BenchmarkReadRates(b *testing.B) {
	var text strings.Builder
	for i := range mostRates {
		fmt.Fprintf(&text, "%d;0,%04d\n", 8200000+i, i%10000)
	}
	for b.Loop() {
		if list, err := ReadRates(text.String()); err != nil || len(list) != mostRates {
			b.Fatal(len(list), err)
		}
	}
}
