package guard

import (
	"sync"
	"time"
)

// tempo counts in memory how fast accounts call. Each process counts by itself,
// and begins anew with a restart; that calls were stopped is kept in the database.
type tempo struct {
	mu    sync.Mutex
	known map[string]*beat
}

// mostKnown bounds how many accounts are counted: of more, the idle are forgotten.
const mostKnown = 50_000

// beat is how fast one account calls.
type beat struct {
	seen         time.Time
	call         string // counted last: a call that is tried again is one
	minute, hour window
	short, talks window
	kept         window
	numbers      map[string]time.Time // called, and when last
}

// window counts what came within a time: what came in the one before counts as
// far as it reaches into it.
type window struct {
	begin    time.Time
	now, old int
}

func (w *window) roll(t time.Time, size time.Duration) {
	switch d := t.Sub(w.begin); {
	case d < 0 || d >= 2*size:
		*w = window{begin: t}
	case d >= size:
		w.begin, w.old, w.now = w.begin.Add(size), w.now, 0
	}
}

func (w *window) add(t time.Time, size time.Duration) { w.roll(t, size); w.now++ }

func (w *window) count(t time.Time, size time.Duration) int {
	w.roll(t, size)
	left := size - t.Sub(w.begin)
	return w.now + int(int64(w.old)*int64(left)/int64(size))
}

func newTempo() *tempo { return &tempo{known: map[string]*beat{}} }

func (t *tempo) of(account string, now time.Time) *beat {
	b := t.known[account]
	if b == nil {
		if len(t.known) >= mostKnown {
			t.sweep(now)
		}
		b = &beat{numbers: map[string]time.Time{}}
		t.known[account] = b
	}
	b.seen = now
	return b
}

// sweep forgets who has not called for an hour, and if that is nobody, anybody:
// so many accounts cannot all be one attacker's.
func (t *tempo) sweep(now time.Time) {
	for k, b := range t.known {
		if now.Sub(b.seen) > time.Hour {
			delete(t.known, k)
		}
	}
	for k := range t.known {
		if len(t.known) < mostKnown*9/10 {
			return
		}
		delete(t.known, k)
	}
}

// steps of waiting: each attempt beyond the limit of a minute waits longer.
const (
	waitStep = time.Second
	waitMost = 3 * time.Second
)

func (t *tempo) attempt(p *Pace, account, call, number string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.of(account, now)
	if b.call == call && call != "" {
		return 0
	}
	b.call = call
	b.minute.add(now, time.Minute)
	b.hour.add(now, time.Hour)
	if _, had := b.numbers[number]; had || len(b.numbers) < mostDestinations {
		b.numbers[number] = now
	}
	over := b.minute.count(now, time.Minute) - p.Minute
	if p.Minute == 0 || over <= 0 {
		return 0
	}
	return min(time.Duration(over)*waitStep, waitMost)
}

func (t *tempo) ended(p *Pace, account string, d time.Duration, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.of(account, now)
	b.talks.add(now, time.Hour)
	if d < time.Duration(p.ShortBelow)*time.Second {
		b.short.add(now, time.Hour)
	}
}

// verdict says why an account's calls are to be stopped; "" if they are not.
func (t *tempo) verdict(p *Pace, account string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.known[account]
	if b == nil {
		return ""
	}
	beyond := func(n, most int) bool { return most > 0 && n > most }
	short, talks := b.short.count(now, time.Hour), b.talks.count(now, time.Hour)
	switch {
	case p.Minute > 0 && beyond(b.minute.count(now, time.Minute), 2*p.Minute):
		return "Too many calls came within a minute."
	case beyond(b.hour.count(now, time.Hour), p.Hour):
		return "Too many calls came within an hour."
	case p.Destinations > 0 && len(b.numbers) > p.Destinations && b.different(now) > p.Destinations:
		return "Too many different numbers were called within an hour."
	case beyond(short, p.Short) && 2*short > talks:
		return "Too many calls ended after a few seconds."
	default:
		return ""
	}
}

// different is how many numbers were called within an hour.
func (b *beat) different(now time.Time) int {
	for n, at := range b.numbers {
		if now.Sub(at) > time.Hour {
			delete(b.numbers, n)
		}
	}
	return len(b.numbers)
}

// forget begins to count anew: the calls of an account were stopped.
func (t *tempo) forget(account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.known[account]; b != nil {
		*b = beat{seen: b.seen, kept: b.kept, numbers: map[string]time.Time{}}
	}
}

// keep reports whether one more refusal of an account is written down.
func (t *tempo) keep(account string, most int, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.of(account, now)
	if b.kept.count(now, time.Hour) >= most {
		return false
	}
	b.kept.add(now, time.Hour)
	return true
}
