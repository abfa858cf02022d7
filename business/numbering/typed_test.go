package numbering_test

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// What is far too long for a number is not worked on, and not repeated to
// whoever sent it.
func TestNobodyDialsAThousandDigits(t *testing.T) {
	for _, s := range []string{strings.Repeat("7", 4000), "+" + strings.Repeat("7", 4000), strings.Repeat("5 ", 4000), strings.Repeat("5", 4000) + "#82", strings.Repeat("٣", 4000)} {
		_, err := numbering.ParseTyped(s)
		if fault.KindOf(err) != fault.Invalid || len(fault.ReasonOf(err).Text) > 700 {
			t.Errorf("%.10s…: %.100v", s, err)
		}
	}
	if typed, err := numbering.ParseTyped("*" + strings.Repeat("9", 4000)); err != nil || len(typed.Text) > 100 {
		t.Errorf("%.100v %v", typed, err)
	}
	if typed, err := numbering.ParseTyped("00" + strings.Repeat("8", 20)); err != nil || typed.Kind != numbering.Digits {
		t.Errorf("%v %v", typed, err)
	}
}
