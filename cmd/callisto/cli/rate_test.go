package cli

import (
	"strings"
	"testing"
	"time"
)

// TestAChargeIsPrintedLineByLine as the node says it.
func TestAChargeIsPrintedLineByLine(t *testing.T) {
	var b strings.Builder
	if err := rateWords(&b, []byte(`{"lines":["To connect: 0.05 USD.","Together: 0.35 USD."]}`)); err != nil || b.String() != " 1. To connect: 0.05 USD.\n 2. Together: 0.35 USD.\n" {
		t.Errorf("%q %v", b.String(), err)
	}
	want := time.Date(2027, 1, 31, 22, 0, 0, 0, time.UTC)
	for _, s := range []string{"2027-01-31T22:00:00Z", "2027-02-01T07:00:00+09:00", "2027-01-31 22:00", "2027-01-31T22:00"} {
		if at, err := readTime(s); err != nil || !at.Equal(want) {
			t.Errorf("%s is %s, %v", s, at, err)
		}
	}
	if _, err := readTime("tomorrow"); err == nil {
		t.Error("tomorrow is a time")
	}
}
