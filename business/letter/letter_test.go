package letter

import (
	"testing"
	"time"
)

// TestALetterIsTriedForFiveDays counts the tries of a mail server that never answers.
func TestALetterIsTriedForFiveDays(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	q := Queued{Created: start, Due: start}
	last := start
	for !q.Due.IsZero() {
		if q.Tries > 0 && q.Due.Sub(last) < 0 {
			t.Fatal("it went back in time")
		}
		last = q.Due
		q.Tries++
		q.Due = q.Next(last)
	}
	if d := last.Sub(start); d < 4*24*time.Hour || d > Lasting || q.Tries < 15 || q.Tries > 40 {
		t.Errorf("%d tries in %v", q.Tries, d)
	}
}
