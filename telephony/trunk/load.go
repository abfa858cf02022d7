package trunk

import (
	"errors"
	"time"
)

// load is how many calls a trunk has now, and how fast they came.
type load struct {
	calls  int
	tokens float64 // of call attempts
	at     time.Time
}

// ErrFull says that a trunk has as many calls as it takes, or gets them too fast.
var ErrFull = errors.New("the trunk is full") //nolint:gochecknoglobals // sentinel

// Take counts a call on a trunk that has room for it; Give gives it back. Calls
// a second are counted over one second: a trunk of 10 takes 10 at once, and
// then one each tenth. An urgent one is counted and never refused: what the
// carrier takes is for the carrier to say.
func (t *Trunks) Take(id string, now time.Time, urgent bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.ways[id]
	if w == nil {
		return nil // one that is not set: a test call
	}
	l := w.load
	if most := w.trunk.Capacity; most > 0 && l.calls >= most && !urgent {
		return ErrFull
	}
	if most := float64(w.trunk.CPS); most > 0 {
		l.tokens = min(most, l.tokens+now.Sub(l.at).Seconds()*most)
		if l.at.IsZero() {
			l.tokens = most
		}
		l.at = now
		if l.tokens < 1 && !urgent {
			return ErrFull
		}
		l.tokens = max(0, l.tokens-1)
	}
	l.calls++
	return nil
}

// Give ends a call on a trunk.
func (t *Trunks) Give(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.ways[id]; w != nil && w.load.calls > 0 {
		w.load.calls--
	}
}

// Calls is how many calls a trunk has now.
func (t *Trunks) Calls(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.ways[id]; w != nil {
		return w.load.calls
	}
	return 0
}
