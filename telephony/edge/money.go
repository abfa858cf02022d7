package edge

import (
	"context"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Charging takes the money for calls. Its methods may wait for the disk.
type Charging interface {
	// Wait is how long a call has to wait before money is held for it: too many came
	// just before. It does not block.
	Wait(a charging.Ask) time.Duration
	Reserve(ctx context.Context, a charging.Ask) (charging.Lease, error)
	Extend(ctx context.Context, hold string, answer time.Time) (charging.Lease, error)
	Begin(ctx context.Context, hold string, r cdr.Record) error
	Settle(ctx context.Context, hold string, r cdr.Record) (cdr.Record, error)
	Release(ctx context.Context, hold string) error
}

// clerks work for the shards where the disk has to be waited for. What must be
// done (a settlement) is always taken; the rest only while few wait.
type clerks struct {
	mu      sync.Mutex
	waiting []func()
	working int
	closed  bool
	group   sync.WaitGroup
}

const (
	clerksMost  = 16
	clerksQueue = 5000
)

// close lets the jobs there are be done, and takes no more: what comes later is
// booked by the sweep, and holds expire.
func (k *clerks) close() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.group.Wait()
}

// give has a job done, in the order of giving but several at once; false if there
// are too many already and it need not be.
func (k *clerks) give(must bool, job func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || !must && len(k.waiting) >= clerksQueue {
		return false
	}
	k.waiting = append(k.waiting, job)
	if k.working < clerksMost {
		k.working++
		k.group.Go(k.work)
	}
	return true
}

// soon has a job done that need not be, after a while. It is told if it came too
// late: then there are too many others.
func (k *clerks) soon(wait time.Duration, job func(late bool)) bool {
	if wait <= 0 {
		return k.give(false, func() { job(false) })
	}
	time.AfterFunc(wait, func() {
		if !k.give(false, func() { job(false) }) {
			job(true)
		}
	})
	return true
}

func (k *clerks) work() {
	for {
		k.mu.Lock()
		if len(k.waiting) == 0 {
			k.working--
			k.mu.Unlock()
			return
		}
		job := k.waiting[0]
		k.waiting[0] = nil
		k.waiting = k.waiting[1:]
		k.mu.Unlock()
		job()
	}
}

// It is the Money of its calls.

// Reserve holds money before a priced call rings.
func (b *board) Reserve(r switching.Ref, p *switching.Plan) {
	c := b.call(r)
	if c == nil {
		return
	}
	e := b.edge
	if e.cfg.Charging == nil {
		if p.Kind != routing.OnNet { // a call to a member that is forwarded costs him, not the caller
			c.reason = "Calls that cost money are not connected here: nothing charges them."
		}
		b.deliver(c, switching.Event{Kind: switching.NotReserved, Cause: switching.CauseUnpaid})
		return
	}
	ask := charging.Ask{
		Call: c.id, Account: p.Payer, Currency: e.cfg.Currency, To: c.attempt.Dialled, E164: p.E164, Forward: p.Kind == routing.OnNet, Quote: p.Price.Quote,
		Zone: b.clock(c, &p.Decision).String(),
	}
	if p.E164 != "" {
		ask.To = numbering.Spaced(p.E164)
	}
	before := c.hold
	c.hold = ""
	ok := e.clerks.soon(e.cfg.Charging.Wait(ask), func(late bool) {
		if late {
			b.shard.Post(func(*sip.Shard) { b.crowded(r, before) })
			return
		}
		if before != "" {
			b.letGo(before)
		}
		l, err := e.cfg.Charging.Reserve(e.booking, ask)
		b.shard.Post(func(*sip.Shard) {
			c := b.call(r)
			switch {
			case c == nil:
				if err == nil {
					e.clerks.give(true, func() { b.letGo(l.Hold) })
				}
			case err != nil:
				b.unreserved(c, err, ask.Forward)
			default:
				c.hold = l.Hold
				b.deliver(c, switching.Event{Kind: switching.Reserved, Lease: switching.Lease{Hold: l.Hold, For: l.For, More: l.More}})
			}
		})
	})
	if !ok {
		b.crowded(r, before)
	}
}

// crowded refuses a call for which nobody can hold money now; what was held for
// another way of it goes.
func (b *board) crowded(r switching.Ref, before string) {
	if before != "" {
		b.edge.clerks.give(true, func() { b.letGo(before) })
	}
	if c := b.call(r); c != nil {
		b.deliver(c, switching.Event{Kind: switching.NotReserved, Cause: switching.CauseCongestion})
	}
}

// clock is by which time of day a call is charged: that of who pays.
func (b *board) clock(c *call, d *switching.Decision) *time.Location {
	pays := c.attempt.Caller.Number
	if d.Kind == routing.OnNet { // who has it forwarded
		pays = d.Number
	}
	return b.edge.cfg.Tables().Plans.Clock(pays.CallingCode, pays.National)
}

// unreserved says why nothing was held: to the caller who would have paid.
func (b *board) unreserved(c *call, err error, forwarded bool) {
	cause := switching.CauseInternal
	switch fault.KindOf(err) {
	case fault.Unpaid:
		cause = switching.CauseUnpaid
	case fault.Forbidden, fault.Limited: // by what the payer may spend, and where
		cause = switching.CauseForbidden
	default:
		b.edge.cfg.Log.Error("money for a call cannot be held", "call", c.id, "error", err)
	}
	e := switching.Event{Kind: switching.NotReserved, Cause: cause}
	if cause != switching.CauseInternal && !forwarded {
		why := fault.ReasonOf(err)
		c.reason, c.code = why.Text, why.Code
		e.Announce = b.announcement(c, &c.attempt, why.Code)
	}
	b.deliver(c, e)
}

// letGo lets a hold go that nothing is charged to. It expires in any case.
func (b *board) letGo(hold string) {
	if err := b.edge.cfg.Charging.Release(b.edge.booking, hold); err != nil {
		b.edge.cfg.Log.Warn("a hold is not let go: it expires", "hold", hold, "error", err)
	}
}

// Extend asks for more.
func (b *board) Extend(r switching.Ref, hold string) {
	c := b.call(r)
	if c == nil {
		return
	}
	answer := c.sw.Record().Answer
	ok := b.edge.clerks.give(false, func() {
		l, err := b.edge.cfg.Charging.Extend(b.edge.booking, hold, answer)
		b.shard.Post(func(*sip.Shard) {
			c := b.call(r)
			switch {
			case c == nil:
			case err != nil:
				b.edge.cfg.Log.Error("no more money can be held for a call", "call", c.id, "error", err)
				b.deliver(c, switching.Event{Kind: switching.NotExtended})
			default:
				b.deliver(c, switching.Event{Kind: switching.Extended, Lease: switching.Lease{Hold: l.Hold, For: l.For, More: l.More}})
			}
		})
	})
	if !ok {
		b.deliver(c, switching.Event{Kind: switching.NotExtended})
	}
}

// Record makes the start of a priced call durable, before its answer is passed on.
func (b *board) Record(r switching.Ref, start *switching.Record) {
	c := b.call(r)
	if c == nil {
		return
	}
	rec, hold := b.kept(c, start), c.hold
	b.edge.clerks.give(true, func() {
		err := b.edge.cfg.Charging.Begin(b.edge.booking, hold, rec)
		b.shard.Post(func(*sip.Shard) {
			c := b.call(r)
			switch {
			case c == nil:
			case err != nil: // it ends when its patience does
				b.edge.cfg.Log.Error("the start of a call that costs cannot be kept: it is not connected", "call", c.id, "error", err)
			default:
				b.deliver(c, switching.Event{Kind: switching.Recorded})
			}
		})
	})
}

// kept is the record of a call as this center keeps it.
func (b *board) kept(c *call, rec *switching.Record) cdr.Record {
	kept := *rec
	kept.Carrier, kept.Trunk, kept.Withheld = c.carrier, c.trunk, c.private
	if kept.Side == cdr.Visit || (kept.Side == cdr.Origin || kept.Side == cdr.Entry) && c.home != c.center {
		// The called party's history is written by his home center, once; the
		// caller's by the center where he calls.
		kept.To.Account = ""
	}
	if c.hold != "" {
		kept.Payer = c.sw.Plan().Payer
	}
	b.detail(c, &kept)
	if l, ok := b.cameBy(c); ok {
		kept.Legs = append([]cdr.Leg{l}, kept.Legs[:min(len(kept.Legs), cdr.MostLegs-1)]...)
	}
	return kept
}

// Settle hands the finished record over: with its charge, where there is one.
func (b *board) Settle(r switching.Ref, rec *switching.Record) {
	c := b.call(r)
	if c == nil {
		return
	}
	kept, hold := b.kept(c, rec), c.hold
	c.hold = ""
	switch {
	case hold != "" && c.sw.Plan().Priced:
		b.edge.clerks.give(true, func() { b.settle(hold, kept) })
	case hold != "": // what it was held for came to nothing, and something free took the call
		kept.Payer = ""
		b.edge.clerks.give(true, func() { b.letGo(hold) })
		b.edge.cfg.Recorder.Record(kept)
	default:
		b.edge.cfg.Recorder.Record(kept)
	}
	if c.placed != nil {
		c.placed.over(&kept)
	}
	b.deliver(c, switching.Event{Kind: switching.Settled})
}

// settle books a call, and again until it is booked: the disk may be full, the
// database away. Should the process end before, the sweep books it.
func (b *board) settle(hold string, rec cdr.Record) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		_, err := b.edge.cfg.Charging.Settle(b.edge.booking, hold, rec)
		if err == nil || fault.KindOf(err) == fault.Unknown {
			return
		}
		b.edge.cfg.Log.Error("a call cannot be charged now, and is tried again", "call", rec.CallID, "error", err)
		select {
		case <-b.edge.booking.Done():
			return
		case <-time.After(wait):
		}
	}
}
