package ident

import (
	"regexp"
	"testing"
	"time"
)

func TestIdsSortByTimeAndDiffer(t *testing.T) {
	shape := regexp.MustCompile(`^ord_[0-9a-v]{16}$`)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	last := ""
	for i := range 2000 {
		id := New("ord", now.Add(time.Duration(i)*time.Millisecond))
		if !shape.MatchString(id) || id <= last || seen[id] {
			t.Fatalf("%q after %q", id, last)
		}
		seen[id], last = true, id
	}
	for range 2000 { // in one millisecond
		id := New("ord", now)
		if seen[id] {
			t.Fatalf("%q twice", id)
		}
		seen[id] = true
	}
	if s := Secret(15); len(s) != 24 || s == Secret(15) {
		t.Errorf("%q", s)
	}
}

// TestAHashedTokenStaysWhatItIs: rows of the database are found by it (FIPS 180-4's example).
func TestAHashedTokenStaysWhatItIs(t *testing.T) {
	if got := Hashed("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("got %s", got)
	}
}
