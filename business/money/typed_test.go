package money

import (
	"errors"
	"testing"
)

func TestAmountsAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]int64{
		"": 0, "7": 7_000_000, "7.50": 7_500_000, "7,50": 7_500_000, " 7,5 ": 7_500_000, "1234,50": 1_234_500_000, "1.234,50": 1_234_500_000, "1,234.50": 1_234_500_000,
		"1 234,50": 1_234_500_000, "1\u202f234,50": 1_234_500_000, "1’234.50": 1_234_500_000, "1,234,567": 1_234_567_000_000, "1.234.567": 1_234_567_000_000,
		"0,125": 125_000, "0.0125": 12_500, "٧٫٥٠": 7_500_000, "١٬٢٣٤٫٥": 1_234_500_000, "７．５": 7_500_000,
	} {
		if got, err := ReadMicros(typed); err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", typed, got, err, want)
		}
	}
	for _, typed := range []string{"1,234", "1.234", "12.345", "123,456"} {
		if got, err := ReadMicros(typed); !errors.Is(err, ErrTwoWays) {
			t.Errorf("%q was read as %d, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"x", "-1", "7,", "7.", ",50", ".", "1,23,456", "1234,567.5", "1.2,3.4", "1,,2", "7,50 USD", "1e3", "7.50.1"} {
		if got, err := ReadMicros(typed); err == nil {
			t.Errorf("%q was read as %d", typed, got)
		}
	}
}
