package edge

import (
	"slices"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Waker wakes terminals that sleep, by a notification: they register then. It must
// not block.
type Waker interface {
	// Wake reports whether there is a way to wake what b stands for: a telephone
	// that said how (its Contact, RFC 8599), or the browsers of a device. Should it
	// turn out later that there was none, vain is called.
	Wake(b location.Binding, c Waking, vain func()) bool
	// Rest says that the call rings no more, and how it ended for whoever was
	// woken. It is told once for each Wake that was true.
	Rest(b location.Binding, c Waking, answered bool)
}

// Waking is the call somebody is woken for.
type Waking struct {
	CallID string
	From   string // who calls, as he is shown: "2555123482", "+8225551234"; "" withholds it
	Name   string // the caller's own word for himself
	Number string // which is called, in canonical form
}

// Awaiter tells who registers. It must not block.
type Awaiter interface {
	Await(number string, told func(location.Binding)) (cancel func())
}

// sleeper is who a call has woken.
type sleeper struct {
	leg     switching.LegID
	binding location.Binding
	call    Waking
	cancel  func()
}

// Wake has a target's terminals woken and waits for them to register.
func (b *board) Wake(r switching.Ref, leg switching.LegID, t *switching.Target) {
	c, w := b.call(r), b.edge.cfg.Waker
	if c == nil {
		return
	}
	s := sleeper{leg: leg, binding: t.Binding, call: Waking{CallID: c.id, Number: t.Binding.Number, From: c.shown.user, Name: c.shown.name}}
	if c.private {
		s.call.From, s.call.Name = "", ""
	}
	if w == nil || b.edge.cfg.Awaiter == nil {
		b.deliver(c, switching.Event{Kind: switching.NotWoken, Leg: leg, Cause: switching.CauseAbsent})
		return
	}
	want := t.Binding
	s.cancel = b.edge.cfg.Awaiter.Await(want.Number, func(now location.Binding) {
		if now.DeviceID != want.DeviceID || want.InstanceID != "" && now.InstanceID != want.InstanceID {
			return
		}
		b.shard.Post(func(*sip.Shard) { b.woken(r, leg, &now) })
	})
	vain := func() {
		b.shard.Post(func(*sip.Shard) {
			if c := b.call(r); c != nil && c.sleeper(leg) >= 0 {
				b.deliver(c, switching.Event{Kind: switching.NotWoken, Leg: leg, Cause: switching.CauseAbsent})
			}
		})
	}
	if !w.Wake(s.binding, s.call, vain) {
		s.cancel()
		b.deliver(c, switching.Event{Kind: switching.NotWoken, Leg: leg, Cause: switching.CauseAbsent})
		return
	}
	c.sleepers = append(c.sleepers, s)
}

// woken rings a terminal that has registered, unless it was reached that way
// already.
func (b *board) woken(r switching.Ref, leg switching.LegID, now *location.Binding) {
	c := b.call(r)
	if c == nil || c.sleeper(leg) < 0 {
		return
	}
	for _, l := range c.legs {
		if l.d != nil && l.binding == now.ID && l.flow == now.Flow {
			return
		}
	}
	t := routing.At(c.center, now)
	b.deliver(c, switching.Event{Kind: switching.Woken, Target: &t})
}

func (c *call) sleeper(leg switching.LegID) int {
	for i := range c.sleepers {
		if c.sleepers[i].leg == leg {
			return i
		}
	}
	return -1
}

// LetSleep waits for whoever was woken no more.
func (b *board) LetSleep(r switching.Ref, leg switching.LegID) {
	c := b.call(r)
	if c == nil {
		return
	}
	if i := c.sleeper(leg); i >= 0 {
		s := c.sleepers[i]
		c.sleepers = slices.Delete(c.sleepers, i, i+1)
		s.cancel()
		b.edge.cfg.Waker.Rest(s.binding, s.call, !c.sw.Record().Answer.IsZero())
	}
}
