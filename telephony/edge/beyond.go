package edge

import (
	"errors"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/internet"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// beyond is what a call to somebody else's domain knows of it.
type beyond struct {
	asked   bool // its servers have been looked up
	uri     string
	server  internet.Server   // that is being called
	further []internet.Server // that are left
}

// asks is the question to routing. While servers of a domain are left, one that
// is out of order is no answer: the call has not gone there.
func (c *call) asks(a *routing.Attempt) *routing.Attempt {
	if c == nil || len(c.beyond.further) == 0 || len(a.Outcomes) == 0 {
		return a
	}
	switch a.Outcomes[len(a.Outcomes)-1].Cause {
	case cdr.Failed, cdr.Timeout:
		again := *a
		again.Outcomes = nil
		return &again
	default:
		c.beyond.further = nil
		return a
	}
}

// goBeyond sees to it that a plan that leads to somebody else's domain leads to
// one of its servers; true says that they are being looked up first, off this
// thread.
func (b *board) goBeyond(c *call, a *routing.Attempt) bool {
	if len(b.plan.Targets) == 0 || b.plan.Targets[0].Kind != routing.ToURI || b.edge.cfg.Internet == nil {
		return false
	}
	x := &c.beyond
	if !x.asked {
		if b.search(c, a, b.plan.Targets[0].URI) {
			return true
		}
		b.unfound(c, internet.ErrBusy)
		return false
	}
	if len(x.further) == 0 {
		return false // it was refused where it was looked up
	}
	x.server, x.further = x.further[0], x.further[1:]
	b.plan.ReplyIn = routing.ReplyIn
	return false
}

// search looks a domain's servers up and goes on with the call afterwards, if
// it is still there; false if it cannot.
func (b *board) search(c *call, a *routing.Attempt, address string) bool {
	r, from := b.ref(c), c.center
	return b.edge.look(c.attempt.Caller.Account, func() {
		s, err := b.edge.cfg.Internet.Find(b.edge.ctx, from, address)
		if err != nil {
			b.edge.cfg.Log.Info("a domain's SIP service is not called", "error", err)
		}
		b.shard.Post(func(*sip.Shard) {
			c := b.call(r)
			if c == nil {
				return // its caller has gone
			}
			c.beyond = beyond{asked: true, uri: s.URI, further: s.Servers}
			if err != nil {
				b.deliver(c, switching.Event{Kind: switching.Decided, Plan: b.unfound(c, err)})
				return
			}
			plan, err := b.Decide(r, a)
			if errors.Is(err, switching.ErrLater) {
				return
			}
			b.deliver(c, switching.Event{Kind: switching.Decided, Plan: plan})
		})
	})
}

// unfound is the plan of a call to a domain that is not called, in words.
func (b *board) unfound(c *call, err error) *switching.Plan {
	d := routing.Decision{Kind: routing.URI, Cause: cdr.NotFound, Reason: fault.Reason{Code: "no_service", Text: "That domain has no SIP service that can be called. Check the address."}}
	switch {
	case errors.Is(err, internet.ErrBusy):
		d.Cause, d.Reason = cdr.Failed, fault.Reason{Code: "busy_lookup", Text: "Too many domains are being looked up at present. Try again in a moment."}
	case errors.Is(err, internet.ErrClosed):
		d.Cause, d.Reason = cdr.Forbidden, fault.Reason{Code: "closed_network", Text: "That domain's SIP service is at an address that is not called from here: it is private, or not a telephone's."}
	case errors.Is(err, internet.ErrName), errors.Is(err, sip.ErrNoServer):
	default:
		d.Cause, d.Reason = cdr.Failed, fault.Reason{Code: "lookup_failed", Text: "That domain could not be looked up now. Try again later."}
	}
	c.reason = d.Reason.Text
	b.plan = switching.Plan{Decision: d}
	return &b.plan
}

// toURI prepares the INVITE to somebody else's domain. It learns the number that
// calls, unless that is withheld, and nothing else about us.
func (b *board) toURI(c *call, l *leg, o *sip.Outgoing) bool {
	x := &c.beyond
	if b.edge.cfg.Internet == nil || x.uri == "" {
		b.deliver(c, switching.Event{Kind: switching.Ended, Leg: l.id, Cause: switching.CauseNotDialable})
		return false
	}
	f, err := b.edge.cfg.Internet.Flow(c.center, x.server)
	if err != nil {
		b.edge.cfg.Log.Warn("no way to a domain's server", "domain", x.server.Domain, "error", err)
		b.deliver(c, switching.Event{Kind: switching.Ended, Leg: l.id, Cause: switching.CauseNetwork})
		return false
	}
	// NAT: what the far side calls its Contact is not where we send: it could
	// name any address of ours.
	l.alien, o.Flow, o.NAT = true, f, true
	b.uri = append(b.uri[:0], x.uri...)
	o.URI = b.uri
	b.to = append(append(append(b.to[:0], '<'), x.uri...), '>')
	if c.private {
		b.from = append(b.from[:0], anonymous...)
		return true
	}
	host := b.edge.cfg.Domain
	if host == "" {
		host = f.Listener.HostPort()
	}
	b.from = appendNameAddr(b.from[:0], "", b.ownAddress(c.attempt.Caller.Number), host)
	return true
}

// ownAddress is the user part by which a number of ours is called back.
func (b *board) ownAddress(n numbering.Number) string {
	if h, ok := b.edge.cfg.Tables().Sold.Typed(n.Canonical()); ok && h.OwnPhone && n.Kind == numbering.Individual {
		return n.E164()
	}
	return n.Canonical()
}
