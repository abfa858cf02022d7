package edge

import (
	"errors"

	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// hinted asks the zones of partners whose an ordinary number is, once for each,
// before the call leaves; true says that the answer is awaited. An emergency call
// waits for nobody, and one that does not leave asks nobody.
func (b *board) hinted(c *call, a *routing.Attempt) bool {
	h := b.edge.cfg.Hints
	d := &b.plan.Decision
	if h == nil || c.hinted == d.E164 || c.placed != nil || d.E164 == "" || d.Urgent || len(d.Targets) == 0 && d.Reason.Code != "no_carrier" || !h.Asks(d.E164[1:]) {
		return false
	}
	c.hinted = d.E164
	a.Hints, a.HintsFor = nil, d.E164
	e164 := d.E164[1:]
	if partners, known := h.Known(e164); known {
		if len(partners) > 0 {
			a.Hints = partners
			b.plan = switching.Plan{Decision: b.decide(c, c.asks(a))}
		}
		return false
	}
	r := b.ref(c)
	return b.edge.look(c.attempt.Caller.Account, func() {
		partners := h.Ask(b.edge.ctx, e164)
		b.shard.Post(func(*sip.Shard) {
			c := b.call(r)
			if c == nil {
				return // its caller has gone
			}
			a.Hints = partners
			plan, err := b.Decide(r, a)
			if errors.Is(err, switching.ErrLater) {
				return
			}
			b.deliver(c, switching.Event{Kind: switching.Decided, Plan: plan})
		})
	})
}
