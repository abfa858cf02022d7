package carrier

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
)

// TestReadRates: as spreadsheets of any country write a list.
func TestReadRates(t *testing.T) {
	want := []Rate{{"8210", 35_000}, {"82", 1_234_000}}
	for _, text := range []string{
		"prefix,price\n8210,0.035\n82,1.234\n", "\ufeffPräfix;Preis\r\n8210;0,035\r\n+82;1,234\r\n", "8210;0.035\n82;1.234", "8210\t0,035\n82\t1,234",
		`"8210","0,035"` + "\n" + `"82","1,234"`, "8210,0.035\n\n 8 2 , 1.2340",
		"Destination;Code;Rate\nKorea, mobile;8210;0,035\nKorea;82;1,2340", "Rate,Increment,Destination Code\n$0.035,1,8210\n1.2340 USD,60,82\n", "price\tprefix\nUSD 0.035\t8210\n$1.2340\t82",
	} {
		if got, err := ReadRates(text, "USD"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
	if got, err := ReadRates("82,1.234\n8210,6.125", "USD"); err != nil || !slices.Equal(got, []Rate{{"82", 1_234_000}, {"8210", 6_125_000}}) {
		t.Errorf("what we write ourselves is read as %+v, %v", got, err)
	}
}

// TestReadRatesSaysWhatIsWrongWhere: by the line, and with the line before.
func TestReadRatesSaysWhatIsWrongWhere(t *testing.T) {
	for text, want := range map[string]fault.Field{
		"82,0.1\n\n8210,0.2\n82,0.3": {Name: "line 4", Text: `"82" stands in line 1 already.`},
		"82,€0.1":                    {Name: "line 1", Text: "Prices here are in USD. Write them without a currency, or with this one."},
		"82,0.1 EUR":                 {Name: "line 1", Text: "Prices here are in USD. Write them without a currency, or with this one."},
		"82,0.1,Korea":               {Name: "line 1", Text: badRate},
		"destination,code,rate\nKorea,82,0.1\nX,83":  {Name: "line 3", Text: badRate},
		"destination,code,rate\nKorea,82,\nX,83,0.1": {Name: "line 2", Text: badRate},
	} {
		if _, err := ReadRates(text, "USD"); !slices.Equal(fault.FieldsOf(err), []fault.Field{want}) {
			t.Errorf("%q: %+v", text, fault.FieldsOf(err))
		}
	}
}

// BenchmarkReadRates reads the largest list there may be.
func BenchmarkReadRates(b *testing.B) {
	var text strings.Builder
	for i := range mostRates {
		fmt.Fprintf(&text, "%d;0,%04d\n", 8200000+i, i%10000)
	}
	for b.Loop() {
		if list, err := ReadRates(text.String(), "USD"); err != nil || len(list) != mostRates {
			b.Fatal(len(list), err)
		}
	}
}
