package edge

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Menus answers callers who called a number of the house's own, and speaks with
// them.
type Menus interface {
	// Answers reports whether a call is for such a number. It must not block.
	Answers(a *routing.Attempt) bool
	// Takes begins to speak with a caller. It must not block.
	Takes(a *routing.Attempt) Talk
}

// Talk is what is spoken with one caller. It is asked one thing at a time, off
// the shard's thread, and may wait for the disk.
type Talk interface {
	Next(ctx context.Context, h Heard) Next
}

// Heard is what there is to go on by.
type Heard struct {
	// Node is the node of the script that asks, "" at first.
	Node string
	// Keys were pressed there. They may be a secret: Heard is not to be shown.
	Keys switching.Secret
	// Call has ended; nil: none has.
	Call *Ended
}

// Ended is what became of a call that he made from a menu.
type Ended struct {
	ID       string
	Cause    cdr.Cause
	Code     string // why it was refused, as fault.Reason has it; "" nobody refused it
	Answered bool
}

// EmergencyDirect is the code of an emergency call that is not made from a menu.
const EmergencyDirect = "emergency_direct"

// Next is how to go on: with a call, else with a script; with neither it is over,
// and who was not answered yet hears that it is busy.
type Next struct {
	Script *switching.Script
	Dial   *Dialling
}

// Dialling is a call that he makes.
type Dialling struct {
	Caller  routing.Party // as if it was a telephone of his
	Name    string        // that he is shown by
	Country string        // where he dials
	Dialled string
}

// speaks takes a call for a number of the house's own; false if it is none.
func (b *board) speaks(in *sip.Incoming, a *routing.Attempt, rec *cdr.Record, user string, who caller, by *carrier.Carrier) (taken, begun bool) {
	m := b.edge.cfg.Menus
	if m == nil || !m.Answers(a) {
		return false, false
	}
	if b.menus[a.Caller.Device] >= mostMenus {
		in.Respond(&sip.Reply{Status: 486, Reason: "Too many calls of this telephone are being answered here; end one of them"})
		return true, false
	}
	return true, b.beginWith(in, a, rec, user, who, by, m.Takes(a))
}

// mostMenus is how many calls of one telephone the house itself answers at once, on
// each shard: they cost their caller nothing, and us the sockets of a call. Calls from
// outside are bounded by what their trunk takes.
const mostMenus = 8

// letIn reports whether a telephone of ours is still who it was when its call began:
// it may have been removed since, or a guest at it have signed out.
func (b *board) letIn(c *call) bool {
	if c.shown.terminal == "" {
		return true
	}
	cred, ok := b.edge.cfg.Registrar.Credential(c.shown.terminal)
	return ok && cred.Device == c.attempt.Caller.Device && cred.Account == c.attempt.Caller.Account
}

// Asked asks how to go on.
func (b *board) Asked(r switching.Ref, node string, heard switching.Secret) {
	if c := b.call(r); c != nil && c.talk != nil {
		b.ask(c, Heard{Node: node, Keys: heard})
	}
}

func (b *board) ask(c *call, h Heard) {
	r, talk := b.ref(c), c.talk
	ok := b.edge.talks.give(false, func() {
		n := talk.Next(b.edge.ctx, h)
		b.shard.Post(func(*sip.Shard) {
			switch c := b.call(r); {
			case c == nil:
			case !b.letIn(c):
				b.deliver(c, switching.Event{Kind: switching.HangUp})
			case n.Dial != nil:
				b.lend(c, n.Dial)
			default:
				b.deliver(c, switching.Event{Kind: switching.Directed, Script: n.Script, Cause: switching.CauseBusy})
			}
		})
	})
	if !ok {
		b.deliver(c, switching.Event{Kind: switching.HangUp, Cause: switching.CauseCongestion})
	}
}

// lend has the caller of m call somebody. That is a call of its own, with its own
// record and its own charge, in which his leg stands until it ends: he is in it
// already, so that nothing of what is told a caller goes to his telephone.
func (b *board) lend(m *call, d *Dialling) {
	l := m.leg(switching.Caller)
	if l == nil || l.d == nil || m.child != nil || m.media == nil {
		return
	}
	now := b.wall()
	c := b.newCall()
	c.id, c.center, c.forward = ident.New("call", now), m.center, m.forward
	c.shown = caller{user: d.Caller.Number.Canonical(), name: d.Name}
	c.parent, m.child = m, c
	c.attempt = routing.Attempt{Center: m.center, Role: routing.Origin, Dialled: d.Dialled, DialCountry: d.Country, Now: now, Caller: d.Caller}
	c.called, c.private = b.calledAs(&c.attempt), d.Caller.Private
	m.legs = without(m.legs, l)
	l.call, c.legs = c, append(c.legs, l)
	c.media = m.media
	rec := cdr.Record{
		ID: ident.New("cdr", now), CallID: c.id, Side: cdr.Origin, Center: c.center, Dialled: clip(d.Dialled, 120),
		From: cdr.Party{Account: d.Caller.Account, Number: d.Caller.Number, Text: d.Caller.Number.Display()},
	}
	c.sw.Begin(b.ref(c), switching.Mono(b.shard.Now()), now, &rec)
	b.deliver(m, switching.Event{Kind: switching.Lent})
	b.deliver(c, switching.Event{Kind: switching.Offered, Leg: switching.Caller, SDP: m.media.Said(uint16(switching.Caller)), Attempt: &c.attempt})
}

func without(list []*leg, l *leg) []*leg {
	for i := range list {
		if list[i] == l {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// takeBack gives the caller's leg back when the call he made is over, and asks
// how to go on. If he hung up, there is nobody to ask.
func (b *board) takeBack(c *call) {
	m := c.parent
	c.parent, c.media = nil, nil
	l := c.leg(switching.Caller)
	if m == nil || l == nil {
		return
	}
	c.legs = without(c.legs, l)
	m.child = nil
	l.call, m.legs = m, append(m.legs, l)
	if l.d == nil {
		b.deliver(m, switching.Event{Kind: switching.Ended, Leg: switching.Caller, Cause: switching.CauseNormal})
		return
	}
	rec := c.sw.Record()
	e := &Ended{ID: c.id, Cause: rec.Cause, Code: c.code, Answered: rec.Answered()}
	b.ask(m, Heard{Call: e})
}

// orphan makes a call that its caller's menu has to leave end with it: the leg is
// then its own.
func (b *board) orphan(m *call) {
	c := m.child
	m.child, m.media = nil, nil
	c.parent = nil
	b.deliver(c, switching.Event{Kind: switching.HangUp, Cause: switching.CauseCutOff})
}

// lentOut is the leg of a caller who was answered before he called, as far as
// that call has anything to tell him: it is told in sound.
func (s *signalling) lentOut(r switching.Ref, id switching.LegID) (*call, bool) {
	c := (*board)(s).call(r)
	if c == nil || c.parent == nil || id != switching.Caller {
		return nil, false
	}
	return c, true
}

// rings lets the caller hear that it rings, or no more.
func (c *call) rings(on bool) {
	if c.tone == on || c.media == nil {
		return
	}
	name := ""
	if c.tone = on; on {
		name = string(switching.ToneRinging)
	}
	_ = c.media.Play(uint16(switching.Caller), name)
}

// toMenu takes a key of a caller who is in a call that he made from a menu: two #
// within two seconds end it.
func (b *board) toMenu(c *call, digit byte) {
	const together = 2 * sip.Second
	now := b.shard.Now()
	if digit != '#' {
		c.hash = 0
		return
	}
	if c.hash == 0 || now-c.hash > together {
		c.hash = now
		return
	}
	c.hash = 0
	b.deliver(c, switching.Event{Kind: switching.Ended, Leg: switching.Caller, Cause: switching.CauseNormal})
}

// cameBy is the leg of the record by which a caller came to the menu he called
// from.
func (b *board) cameBy(c *call) (l cdr.Leg, ok bool) {
	m := c.parent
	if m == nil {
		return l, false
	}
	rec := m.sw.Record()
	l = cdr.Leg{Kind: cdr.FromAccess, Carrier: m.carrier, Trunk: m.trunk, Number: rec.From.Text, To: rec.Dialled, Start: rec.Start, Answer: rec.Answer, End: c.sw.Record().End, Cause: cdr.Normal}
	if m.attempt.Role == routing.Origin && m.attempt.Caller.Device == "" { // we rang him
		l.Number, l.To = rec.Dialled, ""
	}
	return l, true
}

// CallBack is a call to a member's own telephone, at his cost, from where he then
// calls others.
type CallBack struct {
	Center  center.ID
	Caller  routing.Party // the member, as if he called from a telephone of his
	Country string        // where he would dial
	To      string        // his telephone, with +
	RingFor time.Duration
	Talk    Talk // with him, once he has answered
}

// CallBack begins one and returns its id at once.
func (e *Edge) CallBack(x CallBack) (callID string) {
	now := e.cfg.Now()
	id := ident.New("call", now)
	b := e.boards[0]
	b.shard.Post(func(*sip.Shard) { b.callBack(id, now, &x) })
	return id
}

func (b *board) callBack(id string, now time.Time, x *CallBack) {
	c := b.newCall()
	c.id, c.center, c.called, c.forward, c.talk = id, x.Center, x.To, 70, x.Talk
	c.shown = caller{user: x.Caller.Number.Canonical()}
	c.attempt = routing.Attempt{Center: x.Center, Role: routing.Origin, Dialled: x.To, DialCountry: x.Country, Now: now, Caller: x.Caller}
	rec := cdr.Record{
		ID: ident.New("cdr", now), CallID: id, Side: cdr.Origin, Center: x.Center, Dialled: clip(x.To, 120),
		From: cdr.Party{Account: x.Caller.Account, Number: x.Caller.Number, Text: x.Caller.Number.Display()},
	}
	c.sw.Begin(b.ref(c), switching.Mono(b.shard.Now()), now, &rec)
	plan, err := b.Decide(b.ref(c), &c.attempt)
	if err != nil || len(plan.Targets) == 0 || plan.Urgent || plan.Kind != routing.PSTN {
		b.edge.cfg.Log.Info("a member cannot be called back", "call", id, "why", b.plan.Reason.Text)
		b.deliver(c, switching.Event{Kind: switching.Offered, Leg: switching.Caller, Script: &switching.Script{}})
		b.deliver(c, switching.Event{Kind: switching.HangUp, Cause: switching.CauseNotDialable})
		return
	}
	plan.RingFor = x.RingFor
	b.deliver(c, switching.Event{Kind: switching.Originated, Leg: switching.Caller, Plan: plan, Script: &switching.Script{}})
}
