package pin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/pin"
)

// TestGuessesOfMany: one carrier is closed by what came in by it, all by what came
// in anywhere, for a while; wrong ones that are long past count no more.
func TestGuessesOfMany(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var g pin.Guesses
	wrong := func(carrier string, n int) (closes []string) {
		for range n {
			closes = append(closes, g.Wrong(carrier, now)...)
		}
		return closes
	}
	expect := func(what string, closed map[string]bool) {
		t.Helper()
		for carrier, want := range closed {
			if g.Closed(carrier, now) != want {
				t.Errorf("%s: %q is closed: %v", what, carrier, !want)
			}
		}
	}
	wrong("a", pin.MostByCarrier-1)
	now = now.Add(pin.CountedFor)
	wrong("a", 1)
	expect("an hour between them", map[string]bool{"a": false})
	if got := wrong("a", pin.MostByCarrier); fmt.Sprint(got) != "[a]" {
		t.Errorf("closed is %v", got)
	}
	expect("too many by a", map[string]bool{"a": true, "b": false, "": false})
	now = now.Add(pin.ClosedFor - time.Second)
	expect("a second before", map[string]bool{"a": true})
	now = now.Add(time.Second)
	expect("after an hour", map[string]bool{"a": false})
	now = now.Add(pin.CountedFor)
	var got []string
	for i := range pin.MostOfHouse {
		got = append(got, wrong(fmt.Sprint("c", i), 1)...)
	}
	if fmt.Sprint(got) != "[house]" {
		t.Errorf("closed is %v", got)
	}
	expect("too many in all", map[string]bool{"a": true, "b": true, "": true})
	now = now.Add(pin.ClosedFor)
	wrong("", pin.MostByCarrier)
	expect("telephones of the house are no carrier", map[string]bool{"": false, "a": false})
}
