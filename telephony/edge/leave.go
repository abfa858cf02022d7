package edge

import (
	"errors"
	"net"
	"slices"
	"strconv"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

var errNoTrunks = errors.New("there are no carriers here") //nolint:gochecknoglobals // sentinel

// mostForwarded is how many calls of a member may be forwarded at once.
const mostForwarded = 5

// mayLeave counts a call that leaves this network against the account that
// pays for it, once, where the call is decided; false if it has too many, and
// then the leg has ended. Emergency calls and calls of the house are not
// counted.
func (b *board) mayLeave(c *call, l *leg, to *switching.Target) bool {
	if to.To == "" || c.placed != nil || to.Service == routing.EmergencyService || c.sw.Plan().Urgent {
		return true
	}
	role := c.attempt.Role
	account := to.Payer
	if account == "" {
		account = c.attempt.Caller.Account
	}
	most := b.edge.outsideMost(account)
	if to.Forward && account != "" {
		// Strangers may not use up what the holder calls with himself.
		account, most = account+"/forwarded", min(most, mostForwarded)
	}
	if role == routing.Exit || account == "" {
		return true // it was counted where it was decided
	}
	for _, known := range c.payers {
		if known == account {
			return true
		}
	}
	if b.edge.leave(account, most) {
		c.payers = append(c.payers, account)
		return true
	}
	if to.Forward {
		b.deliver(c, switching.Event{Kind: switching.Ended, Leg: l.id, Cause: switching.CauseForbidden})
		return false
	}
	c.reason = "You have as many calls to other networks at once as you may. End one first."
	b.deliver(c, switching.Event{Kind: switching.Ended, Leg: l.id, Cause: switching.CauseForbidden})
	return false
}

// release gives a leg's place on its trunk back.
func (b *board) release(l *leg) {
	if l.taken != "" {
		b.edge.cfg.Trunks.Give(l.taken)
		l.taken = ""
	}
}

// way is the way to a carrier: a call of ours brings it along.
func (b *board) way(c *call, t *switching.Target) (trunk.Way, error) {
	if c.placed != nil {
		return c.placed.Way, nil
	}
	if b.edge.cfg.Trunks == nil {
		return trunk.Way{}, errNoTrunks
	}
	return b.edge.cfg.Trunks.Way(t.Trunk)
}

// decide asks routing, and passes over trunks that are known to be down. When
// nothing else is left they are tried after all: what is known may be old.
func (b *board) decide(c *call, a *switching.Attempt) routing.Decision {
	d := b.edge.cfg.Tables().Decide(a)
	if c == nil || b.edge.cfg.Trunks == nil {
		return d
	}
	for range mostSkipped {
		switch {
		case c.anyway:
			return d
		case len(d.Targets) == 1 && d.Targets[0].Kind == routing.ToTrunk:
			t := d.Targets[0]
			if !b.edge.cfg.Trunks.Down(t.Trunk) {
				return d
			}
			c.skipped = append(c.skipped, t.Trunk)
			a.Outcomes = append(a.Outcomes, routing.Outcome{Target: t, Cause: cdr.Failed})
		case len(d.Targets) == 0 && len(c.skipped) > 0:
			c.anyway = true
			a.Outcomes = slices.DeleteFunc(a.Outcomes, func(o routing.Outcome) bool {
				return o.Target.Kind == routing.ToTrunk && slices.Contains(c.skipped, o.Target.Trunk)
			})
		default:
			return d
		}
		d = b.edge.cfg.Tables().Decide(a)
	}
	return d
}

// mostSkipped bounds the trunks that one decision passes over.
const mostSkipped = 100

// toTrunk prepares the INVITE to a carrier. The carrier learns the number to
// call and the one our calls show, and nothing else about us.
func (b *board) toTrunk(c *call, l *leg, to *switching.Target, o *sip.Outgoing) bool {
	w, err := b.way(c, to)
	cause := switching.CauseNetwork
	if err == nil && b.edge.cfg.Trunks != nil {
		if err = b.edge.cfg.Trunks.Take(to.Trunk, b.wall(), c.sw.Plan().Urgent); err == nil {
			l.taken = to.Trunk
		} else {
			cause = switching.CauseCongestion
		}
	}
	if err != nil {
		b.edge.cfg.Log.Warn("no way to a carrier", "carrier", to.Carrier, "trunk", to.Trunk, "error", err)
		b.deliver(c, switching.Event{Kind: switching.Ended, Leg: l.id, Cause: cause})
		return false
	}
	l.trunk, l.by = true, w.Carrier
	if c.attempt.Role != routing.Entry { // its record says by whom it came in
		c.carrier, c.trunk = to.Carrier, to.Trunk
	}
	o.Flow, o.Login = w.Flow, w.Login
	hostport := w.Trunk.Host
	host := hostport
	if name, _, err := net.SplitHostPort(host); err == nil {
		if host = name; w.Flow.Remote.Addr().Is6() && name == w.Flow.Remote.Addr().String() {
			host = "[" + name + "]"
		}
	}
	if w.Carrier.Domain != "" {
		host, hostport = w.Carrier.Domain, w.Carrier.Domain
	}
	b.uri = append(b.uri[:0], "sip:"...)
	b.uri = sip.AppendUser(b.uri, to.Number)
	b.uri = append(b.uri, '@')
	b.uri = append(b.uri, hostport...)
	b.uri = append(b.uri, ";user=phone"...)
	o.URI = b.uri
	b.to = appendNameAddr(b.to[:0], "", to.Number, host)
	if to.Private || to.Shows == "" {
		b.from = append(b.from[:0], anonymous...)
	} else {
		b.from = appendNameAddr(b.from[:0], "", to.Shows, host)
	}
	h := o.Headers
	if w.Carrier.Assert && to.Shows != "" {
		h = append(h, "P-Asserted-Identity: "...)
		h = append(appendNameAddr(h, "", to.Shows, host), "\r\n"...)
	}
	if to.Private {
		h = append(h, "Privacy: id\r\n"...) // RFC 3323 §4.2, RFC 3325 §9.3
	}
	if to.Diversion != nil && to.Diversion.Shows != "" {
		count := c.hops // an exit is told with this one
		if to.Forward {
			count++
		}
		h = appendDiversion(h, to.Diversion, count, host)
	}
	o.Headers = h
	return true
}

// appendDiversion says whose call was forwarded (RFC 5806 §4).
func appendDiversion(h []byte, v *routing.Diversion, count int, host string) []byte {
	h = append(h, "Diversion: "...)
	h = appendNameAddr(h, "", v.Shows, host)
	h = append(h, ";reason="...)
	h = append(h, v.Why...)
	h = append(h, ";counter="...)
	h = strconv.AppendInt(h, int64(count), 10)
	if v.Private {
		h = append(h, ";privacy=full"...)
	}
	return append(h, "\r\n"...)
}
