package pace

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := New[string](Limits{Burst: 3, Second: 1, Most: 2})
	took := func(who string) (n int) {
		for p.Take(who, now) {
			n++
		}
		return n
	}
	if n := took("a"); n != 3 {
		t.Errorf("%d at once", n)
	}
	now = now.Add(2 * time.Second)
	if n := took("a"); n != 2 {
		t.Errorf("%d after two seconds", n)
	}
	if took("b") != 3 || took("c") != 0 || took("a") != 0 {
		t.Error("a third was known, or one who is held back was forgotten for it")
	}
	now = now.Add(10 * time.Second)
	if took("c") != 3 || took("a") != 3 {
		t.Error("those who rested were not forgotten")
	}
	now = now.Add(-time.Hour)
	if n := took("a"); n != 0 {
		t.Errorf("%d after the clock was set back", n)
	}
}
