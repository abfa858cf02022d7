package edge

import (
	"strconv"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// signalling is the board as the Legs of its calls.
type signalling board

// Dial sends an INVITE to a target.
func (s *signalling) Dial(r switching.Ref, id switching.LegID, to *switching.Target, offer []byte) {
	b := (*board)(s)
	c := b.call(r)
	if c == nil {
		return
	}
	l := b.newLeg(c, id)
	var o sip.Outgoing
	buf := b.buf[:0]
	why := switching.CauseAbsent
	var stays *leg // whom it comes to join
	l.binding, l.flow = to.Binding.ID, to.Binding.Flow
	switch to.Kind {
	case routing.ToBinding:
		f, ok := b.shard.Core().Flow(to.Binding.Flow)
		if !ok {
			b.deliver(c, switching.Event{Kind: switching.Ended, Leg: id, Cause: why})
			return
		}
		b.uri = append(b.uri[:0], to.Binding.Contact...)
		o.URI, o.NAT, l.device, l.user = b.uri, true, to.Binding.DeviceID, to.Binding.SIPUser
		l.phone, l.session = to.Binding.Telephone(), to.Binding.Session
		if len(offer) > 0 {
			b.mayTurn(c, l, to, f.Listener.Transport)
		}
		if o.Flow = f; to.Binding.Path == "" {
			o.Flow = f.Toward(o.URI, true)
		} else { // by the proxies it came by (RFC 3327 §5.3)
			buf = append(append(append(buf, "Route: "...), to.Binding.Path...), "\r\n"...)
		}
	case routing.ToCenter:
		f, err := b.edge.cfg.Links.Flow(c.center, to.Center)
		if err != nil {
			b.edge.cfg.Log.Warn("no way to a center", "from", string(c.center), "to", string(to.Center), "error", err)
			b.deliver(c, switching.Event{Kind: switching.Ended, Leg: id, Cause: switching.CauseNetwork})
			return
		}
		o.Flow, o.NAT = f, true
		if !b.mayLeave(c, l, to) {
			return
		}
		shows := partner{caller: c.shown, private: c.private}
		if to.Role == routing.Origin {
			c.passes.fresh = id
			if stays = c.leg(c.sw.Peer(c.passes.by)); stays != nil {
				shows = b.party(c, stays)
			}
			if o.URI = b.passedURI(nil, c, to.Center); c.passes.replaces != "" {
				buf = append(append(append(buf, "Replaces: "...), c.passes.replaces...), "\r\n"...)
			}
		} else {
			o.URI = appendCenterURI(nil, c, to)
		}
		buf = append(buf, "X-Callisto-Call: "...)
		buf = append(buf, c.id...)
		buf = append(buf, "\r\nP-Asserted-Identity: "...)
		buf = appendNameAddr(buf, shows.name, shows.user, string(c.center))
		buf = append(buf, "\r\n"...)
		if shows.hidden() {
			buf = append(buf, "Privacy: id\r\n"...)
		}
	case routing.ToTrunk:
		if !b.mayLeave(c, l, to) || !b.toTrunk(c, l, to, &o) {
			return
		}
		buf = append(buf, o.Headers...)
	case routing.ToURI:
		if !b.mayLeave(c, l, to) || !b.toURI(c, l, &o) {
			return
		}
	default:
		b.deliver(c, switching.Event{Kind: switching.Ended, Leg: id, Cause: switching.CauseNotDialable})
		return
	}
	b.buf = buf
	if !l.trunk && !l.alien {
		host := o.Flow.Listener.HostPort()
		if c.private && to.Kind == routing.ToBinding {
			b.from = append(b.from[:0], anonymous...)
		} else {
			b.from = appendNameAddr(b.from[:0], c.shown.name, c.shown.user, host)
		}
		b.to = appendNameAddr(b.to[:0], "", c.called, host)
	}
	o.From, o.To = b.from, b.to
	o.Headers, o.SDP, o.Forwards = buf, offer, c.forward
	if c.forward == 0 {
		o.Forwards = -1 // whoever gets it must not send it on
	}
	if p := c.sw.Plan().ReplyIn; p > 0 {
		o.Patience = sip.Mono(p)
	}
	o.User, o.Urgent = l, c.urgent
	l.d = b.shard.Invite(&o)
	b.meets(c, l, stays)
	b.policy(c, l)
}

// anonymous is whom a called party is shown in place of a caller who withholds
// his number (RFC 3323 §4.1).
const anonymous = `"Anonymous" <sip:anonymous@anonymous.invalid>`

// appendCenterURI is how a center is asked: the number, what the center is to
// do with it, and for a visit which binding. Only centers, which prove
// themselves to each other, are asked and believed so.
func appendCenterURI(dst []byte, c *call, to *switching.Target) []byte {
	number := c.called
	if to.Role == routing.Exit {
		number = to.To
	}
	dst = append(dst, "sip:"...)
	dst = sip.AppendUser(dst, number)
	dst = append(dst, '@')
	dst = append(dst, to.Center...)
	switch to.Role {
	case routing.Visit:
		dst = append(dst, ";role=visit;binding="...)
		dst = append(dst, to.Binding.ID...)
	case routing.Exit:
		dst = append(dst, ";role=exit"...)
		for _, p := range [...][2]string{{";svc=", to.Service}, {";in=", to.In}, {";carrier=", to.Carrier}, {";payer=", to.Payer}} {
			if p[1] != "" {
				dst = append(append(dst, p[0]...), p[1]...)
			}
		}
		if v := to.Diversion; v != nil {
			dst = append(sip.AppendUser(append(dst, ";by="...), v.By.Canonical()), ";why="...)
			dst = append(dst, v.Why...)
		}
	default:
		dst = append(dst, ";role=home"...)
		if c.attempt.Instance != "" {
			dst = sip.AppendParam(append(dst, ";gr="...), c.attempt.Instance)
		}
		if c.attempt.Entered {
			dst = append(dst, ";entered"...)
		}
	}
	if c.veiled && to.Role != routing.Exit {
		dst = append(dst, ";veiled"...)
	}
	hops := c.hops
	if to.Forward {
		hops++
	}
	if hops > 0 {
		dst = append(dst, ";hops="...)
		dst = strconv.AppendInt(dst, int64(hops), 10)
	}
	return dst
}

func appendNameAddr(dst []byte, name, user, host string) []byte {
	if name != "" {
		dst = sip.AppendQuoted(dst, name)
		dst = append(dst, ' ')
	}
	dst = append(dst, "<sip:"...)
	if user != "" {
		dst = sip.AppendUser(dst, user)
		dst = append(dst, '@')
	}
	dst = append(dst, host...)
	return append(dst, '>')
}

func (s *signalling) leg(r switching.Ref, id switching.LegID) *leg {
	c := (*board)(s).call(r)
	if c == nil {
		return nil
	}
	if l := c.leg(id); l != nil && l.d != nil {
		return l
	}
	return nil
}

// Progress tells an unanswered caller how far the call is.
func (s *signalling) Progress(r switching.Ref, id switching.LegID, st switching.Stage, sdp []byte) {
	if c, ok := s.lentOut(r, id); ok {
		c.rings(len(sdp) == 0 && (c.tone || st == switching.StageRinging))
		return
	}
	if l := s.leg(r, id); l != nil {
		code := 180
		switch st {
		case switching.StageTrying:
			return // 100 was sent at once
		case switching.StageProgress:
			code = 183
		case switching.StageForward:
			code = 181
		case switching.StageQueued:
			code = 182
		case switching.StageRinging:
		}
		l.d.Progress(code, sdp)
	}
}

// Answer answers an incoming leg.
func (s *signalling) Answer(r switching.Ref, id switching.LegID, sdp []byte) {
	if c, ok := s.lentOut(r, id); ok {
		c.rings(false)
		(*board)(s).deliver(c, switching.Event{Kind: switching.Confirmed, Leg: id})
		return
	}
	l := s.leg(r, id)
	if l == nil {
		return
	}
	b := (*board)(s)
	if c := l.call; id == switching.Caller && c.attempt.Role == routing.Exit && c.carrier != "" {
		// The center that pays learns who carries the call: should we die, it books that.
		b.buf = append(b.buf[:0], "X-Callisto-Call: "...)
		b.buf = append(append(append(append(b.buf, c.id...), ";carrier="...), c.carrier...), ";trunk="...)
		b.buf = append(append(b.buf, c.trunk...), "\r\n"...)
		l.d.Tell(b.buf)
	}
	l.d.Answer(sdp)
}

// Confirm acknowledges an answer that brought the offer.
func (s *signalling) Confirm(r switching.Ref, id switching.LegID, sdp []byte) {
	if l := s.leg(r, id); l != nil {
		l.d.Ack(sdp)
	}
}

// Modify offers a change. What cannot be offered now is a glare.
func (s *signalling) Modify(r switching.Ref, id switching.LegID, sdp []byte) {
	l := s.leg(r, id)
	if l == nil || l.d.Modify(sdp) {
		return
	}
	b := (*board)(s)
	b.deliver(l.call, switching.Event{Kind: switching.ModifyRefused, Leg: id, Cause: switching.CauseGlare})
}

// Respond answers a party's offer of a change.
func (s *signalling) Respond(r switching.Ref, id switching.LegID, c switching.Cause, sdp []byte) {
	l := s.leg(r, id)
	switch {
	case l == nil:
	case c == switching.CauseNone:
		l.d.AcceptOffer(sdp)
	default:
		l.d.RefuseOffer(status(c))
	}
}

// Press passes on a digit that was told by signalling: to a carrier as it is set
// up; to others as a telephone event in the sound (RFC 4733), or in INFO to one
// that knows no events.
func (s *signalling) Press(r switching.Ref, id switching.LegID, digit byte) {
	l := s.leg(r, id)
	if l == nil {
		return
	}
	set := carrier.DTMFAny
	if l.by != nil {
		set = l.by.DTMF
	}
	if m := (*sound)(s).session(r); set != carrier.DTMFInfo && m != nil && m.Press(uint16(id), digit) {
		return
	}
	if set == carrier.DTMFInfo || set == carrier.DTMFAny && l.d.TakesInfo() {
		l.d.Info("application/dtmf-relay", []byte("Signal="+string(digit)+"\r\nDuration=160\r\n"))
	}
}

// End ends a leg with a cause. A caller who is refused is told why in words.
func (s *signalling) End(r switching.Ref, id switching.LegID, c switching.Cause) {
	if _, ok := s.lentOut(r, id); ok {
		return // it goes back
	}
	l := s.leg(r, id)
	if l == nil {
		return
	}
	switch x := &l.call.passes; {
	case x.fresh != 0 && id == x.by && c == switching.CauseReplaced:
		l.call.passed(200)
	case x.fresh != 0 && id == x.fresh:
		l.call.passed(status(c))
	}
	d := l.d
	l.d = nil
	(*board)(s).release(l)
	if l.stays != switching.NoLeg {
		(*board)(s).stayed(l.call, l)
	}
	if c == switching.CauseIncompatible && l.call.reason == "" {
		l.call.reason = l.call.unheard
	}
	if id == switching.Caller && l.call.reason != "" && !d.Answered() {
		h := append((*board)(s).buf[:0], "Reason: Q.850;cause="...)
		h = strconv.AppendInt(h, int64(codes[c].q850), 10)
		h = append(h, ";text="...)
		h = sip.AppendQuoted(h, l.call.reason)
		h = append(h, "\r\n"...)
		d.Refuse(status(c), l.call.reason, h)
		return
	}
	d.End(status(c), reason(c))
}
