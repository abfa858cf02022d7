package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// devClock is the clock of `callisto dev`: that of the machine, and as many
// days further as somebody has let go by at /dev/clock. A file remembers them:
// what was booked on those days must not lie in the future after a restart.
type devClock struct {
	ahead atomic.Int64
	file  string
}

// openDevClock reads how far the clock of a folder was put on.
func openDevClock(data string) (*devClock, error) {
	c := &devClock{file: filepath.Join(data, "dev-clock")}
	text, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the calendar of dev cannot be read: %w", err)
	}
	ahead, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil || ahead < 0 || ahead > 2*mostSkip {
		return nil, fmt.Errorf("%s does not say how far the calendar of dev was put on, as in 720h0m0s; correct it or remove it", c.file)
	}
	c.ahead.Store(int64(ahead))
	return c, nil
}

// putOn lets a day go by. The file is written first: a clock that a restart
// puts back would be worse than one that is a day ahead of what was done.
func (c *devClock) putOn(d time.Duration) error {
	next := time.Duration(c.ahead.Load()) + d
	fresh := c.file + ".new"
	if err := os.WriteFile(fresh, []byte(next.String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("the calendar cannot be put on: %w", err)
	}
	if err := os.Rename(fresh, c.file); err != nil {
		return fmt.Errorf("the calendar cannot be put on: %w", err)
	}
	c.ahead.Store(int64(next))
	return nil
}

// Now is the time in this company.
func (c *devClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// mostSkip is how far the clock may be put on: the calendar of certificates
// and the like ends somewhere.
const mostSkip = 4 * 366 * 24 * time.Hour

// calendar is what /dev/clock shows and does.
type calendar struct{ n *Node }

// Now is the time in this company.
func (c calendar) Now() time.Time { return c.n.opts.Now() }

// Skip lets days go by, one after the other, with all that is due on each.
func (c calendar) Skip(ctx context.Context, days int) error {
	for range days {
		if time.Duration(c.n.clock.ahead.Load()) >= mostSkip {
			return nil
		}
		if err := c.n.clock.putOn(24 * time.Hour); err != nil {
			return err
		}
		c.n.age(ctx)
	}
	return c.n.papers.Resume(ctx)
}
