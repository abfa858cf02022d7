package edge

import (
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

// Placing is a call that we make ourselves, by a carrier.
type Placing struct {
	Center  center.ID
	Way     trunk.Way
	Number  string // as the carrier wants it written
	Shows   string // the number it shows, likewise
	Called  string // for the call record
	Script  *switching.Script
	RingFor time.Duration
	// Told is told how far the call is: the Told words and names of the script's
	// nodes. Over is told its end, last and once. Both run on the shard's
	// thread and must not block; Told may be nil.
	Told func(what string)
	Over func(Placed)
}

// Placed is what became of a call of ours.
type Placed struct {
	CallID   string
	Cause    cdr.Cause
	Answered bool
	Heard    bool          // sound came from the other side
	Delay    time.Duration // to the first sign of ringing, or the answer
	Talked   time.Duration
	Status   int    // the SIP status that refused the call; 0: none did
	Phrase   string // its words
}

// placed is a call of ours while it lasts.
type placed struct {
	Placing
	result Placed
	begun  sip.Mono
}

// Place begins a call and returns its id at once.
func (e *Edge) Place(p Placing) (callID string) {
	now := e.cfg.Now()
	id := ident.New("call", now)
	b := e.boards[0]
	b.shard.Post(func(*sip.Shard) { b.place(id, now, p) })
	return id
}

func (b *board) place(id string, now time.Time, p Placing) {
	c := b.newCall()
	c.id, c.center, c.called, c.forward = id, p.Center, p.Called, 70
	c.shown = caller{user: p.Way.Carrier.Presents}
	c.placed = &placed{Placing: p, result: Placed{CallID: id}, begun: b.shard.Now()}
	rec := cdr.Record{
		ID: ident.New("cdr", now), CallID: id, Side: cdr.Origin, Center: p.Center, Dialled: p.Called,
		From: cdr.Party{Text: p.Way.Carrier.Presents}, To: cdr.Party{Text: p.Called},
	}
	c.sw.Begin(b.ref(c), switching.Mono(b.shard.Now()), now, &rec)
	plan := switching.Plan{Decision: switching.Decision{
		Kind: routing.PSTN, RingFor: p.RingFor,
		Targets: []switching.Target{{Kind: routing.ToTrunk, Carrier: p.Way.Carrier.ID, Trunk: p.Way.Trunk.ID, Number: p.Number, Shows: p.Shows, To: p.Called}},
	}}
	b.deliver(c, switching.Event{Kind: switching.Originated, Plan: &plan, Script: p.Script})
}

// Told passes on how far a call of ours is.
func (b *board) Told(r switching.Ref, what string) {
	c := b.call(r)
	if c == nil || c.placed == nil {
		return
	}
	p := c.placed
	if p.result.Delay == 0 {
		p.result.Delay = time.Duration(b.shard.Now() - p.begun)
	}
	if p.Told != nil {
		p.Placing.Told(what)
	}
}

// refused notes the status that a call of ours was refused with.
func (c *call) refused(status int, m *sip.Msg) {
	if c.placed == nil {
		return
	}
	c.placed.result.Status = status
	if m != nil {
		c.placed.result.Phrase = clip(string(m.Reason()), 100)
	}
}

// hears notes whether sound came, before its counters go.
func (c *call) hears() {
	if c.placed == nil {
		return
	}
	var room [4]media.LineStats
	for _, l := range c.media.Stats(room[:0], uint16(switching.FirstDialled)) {
		c.placed.result.Heard = c.placed.result.Heard || l.Packets > 0
	}
}

// over hands the end of a call of ours on.
func (p *placed) over(rec *cdr.Record) {
	p.result.Cause, p.result.Answered, p.result.Talked = rec.Cause, rec.Answered(), rec.Duration()
	if p.Over != nil {
		p.Over(p.result)
	}
}

// Lends has a telephone that is registered ring for who just signed in there.
func (e *Edge) Lends(device string) { e.cfg.Registrar.Lends(device) }
