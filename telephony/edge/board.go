package edge

import (
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// board is the edge's part of one shard: its calls, and what they act on. All
// of it runs on the shard's thread.
type board struct {
	edge  *Edge
	shard *sip.Shard
	index uint64
	out   switching.Outside
	calls []*call
	free  []uint32
	plan  switching.Plan
	buf   []byte
	told  []byte // what a leg is told of its partner, used again each time
	// Calls by the telephone of ours that placed them, and by its account: those that
	// the house itself answers, emergency calls, and the others.
	menus, urgent, placed tally

	// What Dial puts an INVITE together from, used again each time.
	from, to, uri []byte
	flow          sip.Flow
}

// call is a call with what switching does not know of it. Its place is taken by
// another when it is over.
type call struct {
	sw     switching.Call
	slot   uint32
	gen    uint32
	live   bool
	timers [switching.Timers]sip.UserTimer
	legs   []*leg
	spare  []*leg
	facts
}

// facts are those of one call, and forgotten with it.
type facts struct {
	id             string // global, the same at every center on the path
	center         center.ID
	home           center.ID // of the called number
	shown          caller
	called         string
	reason         string   // why there is nothing to ring, for people
	forward        int      // Max-Forwards left
	hops           int      // how often it was forwarded
	unheard        string   // why a carrier could not be offered the sound
	private        bool     // the caller's number is not to be shown
	veiled         bool     // nor whose the temporary GRUU is that he called
	payers         []string // accounts with a call outside counted
	carrier, trunk string   // by whose trunk it came in, else left last
	skipped        []string // trunks that were passed over, for they are down
	anyway         bool     // they are tried all the same: there is no other
	hold           string   // of the money for it
	media          *media.Session
	placed         *placed // what only a call of ours has
	passes         passing // whom it is passed on to
	attempt        routing.Attempt
	beyond         beyond // of a call to somebody else's domain
	sound          []sounded
	turned         []turned
	went           []went
	hinted         string // the number whose partners' zones were asked last
	talk           Talk   // with a caller whom we answered
	menu           string // the device by which that is counted
	placer         placer // by whom the call itself is
	urgent         bool   // it may have what is kept back for such
	child          *call  // that he made from there
	parent         *call  // the menu that this call was made from
	code           string // why it was refused
	tone           bool   // the caller hears that it rings
	hash           sip.Mono
	sleepers       []sleeper // who was woken for it
	stopAt         switching.Mono
}

// none are facts of no call, with room for what is listed in these.
func (f *facts) none() facts {
	return facts{
		payers: emptied(f.payers), skipped: emptied(f.skipped), sound: emptied(f.sound), turned: emptied(f.turned), went: emptied(f.went),
		sleepers: emptied(f.sleepers),
	}
}

// emptied is the room of a list, which holds on to nothing any more.
func emptied[T any](list []T) []T {
	clear(list)
	return list[:0]
}

// caller is who the called party is shown.
type caller struct {
	user     string // canonical number, or + form of a stranger
	name     string
	terminal string // the SIP user of a telephone of ours that calls
}

// leg is one party's dialog.
type leg struct {
	call    *call
	id      switching.LegID
	d       *sip.Dialog // nil when it is over
	session string      // of who is signed in at it, if it is a browser
	// device is whose dialog it is; "" of other centers and carriers.
	device string
	user   string // its SIP user
	phone  string // that of the telephone itself, which may be lent
	// binding and flow are whom the leg was sent to, and which way.
	binding, flow string
	trunk         bool // it is a carrier's
	alien         bool // it is somebody else's domain's
	by            *carrier.Carrier
	taken         string            // the trunk it is counted on
	who           partner           // at its other side, where a center said so
	stays         switching.LegID   // whom it comes to join
	to            *switching.Target // that may be offered its sound otherwise, if it refuses
}

const (
	slotBits = 28
	genBits  = 28
)

func boardOf(r switching.Ref) int { return int(r >> (slotBits + genBits)) }

func (b *board) newCall() *call {
	var c *call
	if n := len(b.free); n > 0 {
		c = b.calls[b.free[n-1]]
		b.free = b.free[:n-1]
	} else {
		c = &call{slot: uint32(len(b.calls))}
		for i := range c.timers {
			c.timers[i].Owner, c.timers[i].Kind = c, i
		}
		b.calls = append(b.calls, c)
	}
	c.gen = (c.gen + 1) & (1<<genBits - 1)
	c.live = true
	b.edge.live.Add(1)
	return c
}

func (b *board) ref(c *call) switching.Ref {
	return switching.Ref(b.index<<(slotBits+genBits) | uint64(c.gen)<<slotBits | uint64(c.slot))
}

// call finds a live call; a reference that outlived its call finds nothing.
func (b *board) call(r switching.Ref) *call {
	slot := uint64(r) & (1<<slotBits - 1)
	if slot >= uint64(len(b.calls)) {
		return nil
	}
	c := b.calls[slot]
	if !c.live || uint64(c.gen) != uint64(r)>>slotBits&(1<<genBits-1) {
		return nil
	}
	return c
}

func (b *board) deliver(c *call, e switching.Event) {
	b.out.Deliver(&c.sw, switching.Mono(b.shard.Now()), e)
}

func (b *board) newLeg(c *call, id switching.LegID) *leg {
	var l *leg
	if n := len(c.spare); n > 0 {
		l = c.spare[n-1]
		c.spare = c.spare[:n-1]
	} else {
		l = &leg{call: c}
	}
	l.id, l.device, l.user, l.trunk, l.alien, l.taken, l.by, l.session = id, "", "", false, false, "", nil, ""
	l.binding, l.flow, l.phone, l.to, l.who, l.stays = "", "", "", nil, partner{}, switching.NoLeg
	c.legs = append(c.legs, l)
	return l
}

func (c *call) leg(id switching.LegID) *leg {
	for _, l := range c.legs {
		if l.id == id {
			return l
		}
	}
	return nil
}

// hangUp ends calls, and with one that is made from a menu the menu, to which its
// caller would come back.
func (b *board) hangUp(which func(*call) bool) {
	for _, c := range b.calls {
		if c.live && (which(c) || c.child != nil && which(c.child)) {
			if c.child != nil {
				b.deliver(c.child, switching.Event{Kind: switching.HangUp})
			}
			b.deliver(c, switching.Event{Kind: switching.HangUp})
		}
	}
}

// The board is the Desk of its calls.

// Decide asks routing.
func (b *board) Decide(r switching.Ref, a *switching.Attempt) (*switching.Plan, error) {
	a.Now = b.edge.cfg.Now()
	c := b.call(r)
	b.plan = switching.Plan{Decision: b.decide(c, c.asks(a))}
	if c != nil {
		if b.goBeyond(c, a) || b.hinted(c, a) {
			return nil, switching.ErrLater
		}
		if b.plan.Urgent && c.talk == nil && c.parent != nil { // the telephone he calls from has a way to it of its own, which says where he is
			b.plan.Decision = switching.Decision{Kind: b.plan.Kind, Cause: cdr.Forbidden, Reason: fault.Reason{Code: EmergencyDirect, Text: "Dial the emergency number on this telephone directly."}}
		}
		c.urgent = b.plan.Urgent
		if n := b.plan.Number; n.National != "" {
			c.called, c.home = n.Canonical(), b.plan.Center
		}
		c.private = (c.private || b.plan.Private) && !b.plan.Shown && !b.plan.Urgent
		b.plan.Priced = a.Role != routing.Exit && !b.plan.Price.Quote.Free() // it is paid where it was decided
		if b.plan.Payer = a.Caller.Account; len(b.plan.Targets) > 0 && b.plan.Targets[0].Payer != "" {
			b.plan.Payer = b.plan.Targets[0].Payer
		}
		if len(b.plan.Targets) == 0 && len(a.Outcomes) == 0 {
			b.edge.cfg.Tables().Say(&b.plan.Decision)
			c.reason, c.code = b.plan.Reason.Text, b.plan.Reason.Code
			b.plan.Announce = b.announcement(c, a, b.plan.Reason.Code)
		}
	}
	return &b.plan, nil
}

// announcement is what a member hears where words on a display are not enough. In
// a menu he hears it there.
func (b *board) announcement(c *call, a *switching.Attempt, code string) switching.Prompt {
	if a.Role != routing.Origin || a.Caller.Account == "" || c.parent != nil {
		return ""
	}
	name := Spoken(code)
	if name == "" {
		return ""
	}
	language := ""
	if h, ok := b.edge.cfg.Tables().Sold.Typed(a.Caller.Number.Canonical()); ok {
		language = h.Language
	}
	return switching.Prompt(speech.Language(language) + "/" + name)
}

// Spoken is the prompt that says why a call was refused, by the code of the reason;
// "" if none does.
func Spoken(code string) string {
	switch code {
	case "emergency_unavailable":
		return "refused/emergency"
	case "unregistered":
		return "refused/unregistered"
	case "no_price", "no_carrier", "short_closed":
		return "refused/closed"
	case "cap_day", "cap_month", "cap_minute", "cap_calls", "cap_short", "destination_closed", "destination_new", "destination_never", "destination_suspect", "calls_stopped":
		return "refused/limits"
	default:
		return ""
	}
}

// SetTimer arms a timer of a call.
func (b *board) SetTimer(r switching.Ref, id switching.TimerID, at switching.Mono) {
	if c := b.call(r); c != nil {
		b.shard.SetTimer(&c.timers[id], sip.Mono(at))
	}
}

// CancelTimer disarms it.
func (b *board) CancelTimer(r switching.Ref, id switching.TimerID) {
	if c := b.call(r); c != nil {
		b.shard.ClearTimer(&c.timers[id])
	}
}

// Done gives the call's slot back.
func (b *board) Done(r switching.Ref) {
	c := b.call(r)
	if c == nil {
		return
	}
	for i := range c.timers {
		b.shard.ClearTimer(&c.timers[i])
	}
	if c.parent != nil {
		b.takeBack(c)
	}
	b.menus.add(c.menu, -1)
	b.leaves(c)
	for _, l := range c.legs {
		l.d = nil
		b.release(l)
		c.spare = append(c.spare, l)
	}
	for _, account := range c.payers {
		b.edge.left(account)
	}
	if c.media != nil {
		c.media.Close()
	}
	c.legs, c.live, c.facts = c.legs[:0], false, c.none()
	b.free = append(b.free, c.slot)
	b.edge.live.Add(-1)
}

// Timer is a timer of a call.
func (b *board) Timer(t *sip.UserTimer) {
	if c := t.Owner.(*call); c.live {
		b.deliver(c, switching.Event{Kind: switching.Timer, Timer: switching.TimerID(t.Kind)})
	}
}

// wall is the wall clock now.
func (b *board) wall() time.Time { return b.edge.cfg.Now() }
