package node

import (
	"context"
	"sync/atomic"
	"time"
)

// devClock is the clock of `callisto dev`: that of the machine, and as many
// days further as somebody has let go by at /dev/clock.
type devClock struct{ ahead atomic.Int64 }

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
		c.n.clock.ahead.Add(int64(24 * time.Hour))
		c.n.age(ctx)
	}
	return c.n.papers.Resume(ctx)
}
