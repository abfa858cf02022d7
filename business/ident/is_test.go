package ident

import (
	"testing"
	"time"
)

func TestIs(t *testing.T) {
	if id := New("out", time.Now()); !Is("out", id) || Is("crn", id) {
		t.Error(id)
	}
	for _, s := range []string{"", "out_", "out_0123456789abcde", "out_0123456789abcdefg", "out_0123456789abcdeF", "out_0123456789abcdez", "0123456789abcdef"} {
		if Is("out", s) {
			t.Errorf("%q is no id", s)
		}
	}
}
