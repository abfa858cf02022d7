package settlement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
)

// TestFilesHoldNoFormulas: what a carrier or a caller wrote begins no formula in a
// spreadsheet.
func TestFilesHoldNoFormulas(t *testing.T) {
	var b strings.Builder
	w := settlement.NewWriter(&b)
	if err := w.Write(settlement.Line{ID: "a.0", Carrier: "=1+1", Number: "+4930", Call: "@sum", Trunk: "-2", Answer: time.Unix(1e9, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := settlement.WritePayouts(&b, []settlement.Payout{{ID: "out_1", Payee: settlement.Payee{Name: "=cmd|' /C calc'!A0"}, Reference: "\t=2", Amount: money.Of("EUR", 5, 0)}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a.0,'=1+1,'-2,,'@sum,'+4930,2001-09-09T01:46:40Z", "'=cmd|", "'\t=2", ",EUR,5"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestAnAmountThatOverflowsIsNone: sums stay numbers.
func TestAnAmountThatOverflowsIsNone(t *testing.T) {
	for _, amount := range []string{"9223372036854", "99999999999999999999", "-9223372036854.775808"} {
		if got, err := settlement.Read("time,number,seconds,amount\n2026-11-05 14:03:20,4930,60,"+amount+"\n", "2026-11", "EUR"); err == nil {
			t.Errorf("%s is read as %d", amount, got[0].Micros)
		}
	}
	row := "2026-11-05 14:03:20,4930,60,60000000000\n"
	if _, err := settlement.Read("time,number,seconds,amount\n"+row+row, "2026-11", "EUR"); err == nil {
		t.Error("a sum that is too large is read")
	}
	if _, err := settlement.Read("time,number,seconds,amount\n"+row, "2026-11", "EUR"); err != nil {
		t.Error(err)
	}
}
