package member

import (
	"sync"
	"time"
)

// counter remembers in this process how often something was tried. It is
// bounded: when it is full, what is oldest in its sight is forgotten.
type counter struct {
	mu sync.Mutex
	by map[string]tally
}

type tally struct {
	n     int
	since time.Time // of the first, or of the last wrong one
	until time.Time // who waits
}

const mostTallies = 20_000

func newCounter() *counter { return &counter{by: map[string]tally{}} }

// allow counts one more, unless there were as many as may be in the time.
func (c *counter) allow(key string, most int, per time.Duration, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.by[key]
	if now.Sub(t.since) >= per {
		t = tally{since: now}
	}
	if t.n >= most {
		return false
	}
	t.n++
	c.keep(key, t, now)
	return true
}

// waits reports whether a key has to wait, and until when.
func (c *counter) waits(key string, now time.Time) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := c.by[key].until
	return until, now.Before(until)
}

// wrong counts a wrong try: after the free ones each waits twice as long as the one before.
func (c *counter) wrong(key string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.by[key]
	if now.Sub(t.since) >= 2*mostWait {
		t = tally{}
	}
	t.n, t.since = t.n+1, now
	if over := t.n - freeTries; over >= 0 {
		t.until = now.Add(min(firstWait<<min(over, 10), mostWait))
	}
	c.keep(key, t, now)
}

func (c *counter) clear(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.by, key)
}

func (c *counter) keep(key string, t tally, now time.Time) {
	if _, known := c.by[key]; !known && len(c.by) >= mostTallies {
		c.forget(now)
	}
	c.by[key] = t
}

// forget makes room: everything that is over, and if that is nothing, the
// oldest of a handful.
func (c *counter) forget(now time.Time) {
	oldest, when, seen := "", now, 0
	for key, t := range c.by {
		if now.Sub(t.since) >= time.Hour {
			delete(c.by, key)
		} else if seen++; seen <= 50 && t.since.Before(when) || oldest == "" {
			oldest, when = key, t.since
		}
	}
	if len(c.by) >= mostTallies {
		delete(c.by, oldest)
	}
}
