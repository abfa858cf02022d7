package edge

import "testing"

// TestLookupsAreBounded: an account has only so many at once, and none begins
// once the edge closes.
func TestLookupsAreBounded(t *testing.T) {
	e := New(Config{})
	end := make(chan struct{})
	begun := 0
	for e.look("slow", func() { <-end }) {
		begun++
	}
	if begun != mostLookups {
		t.Errorf("%d at once", begun)
	}
	if !e.look("other", func() {}) {
		t.Error("another account has to wait for them")
	}
	close(end)
	e.lookups.Wait()
	if !e.look("slow", func() {}) {
		t.Error("there is no place for the next")
	}
	e.Close()
	if len(e.looking) != 0 || e.look("slow", func() {}) {
		t.Error("a look-up began after the end")
	}
}
