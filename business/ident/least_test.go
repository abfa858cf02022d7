package ident

import (
	"testing"
	"time"
)

// TestLeastIsBetween: whatever is made before an instant is less, what then or
// later is not.
func TestLeastIsBetween(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	least := Least("pst", at)
	for range 1000 {
		if before, then := New("pst", at.Add(-time.Millisecond)), New("pst", at); before >= least || then < least {
			t.Fatalf("%s, %s, %s", before, least, then)
		}
	}
}
