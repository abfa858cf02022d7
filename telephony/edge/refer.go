package edge

import (
	"bytes"
	"strings"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// passing is a call that a terminal passes on (REFER, RFC 3515): whoever it talks
// to is joined, in its place, to a call of its own. That second call is made by
// the center for the terminal, which pays for it as if it had dialled; or it is
// one that the terminal has already (Replaces, RFC 3891). Either way it is an
// INVITE of the center to itself, so that nothing about it is special: it may be
// of another shard, it is priced, held for, recorded.
type passing struct {
	by       switching.LegID // who passes it on
	fresh    switching.LegID // who takes the place; 0: nobody was dialled
	user     string          // his SIP user
	number   string          // whom he wants called
	replaces string          // or which call joined, as the header has it
	told     int             // the last that he was told of how it goes
}

// refer takes a REFER of a leg.
func (b *board) refer(c *call, l *leg, m *sip.Msg) {
	if c.passes.fresh != switching.NoLeg && c.sw.Peer(c.passes.fresh) == switching.NoLeg { // the other side passes it on already
		l.d.AnswerRefer(491)
		return
	}
	p, status := b.referral(c, l, m)
	if status != 0 {
		l.d.AnswerRefer(status)
		return
	}
	c.passes = p
	l.d.AnswerRefer(202)
	t := switching.Target{Kind: routing.ToCenter, Center: c.center, Role: routing.Origin}
	b.deliver(c, switching.Event{Kind: switching.Transfer, Leg: l.id, Target: &t})
	if c.live && c.passes.fresh == 0 && l.d != nil {
		l.d.AnswerRefer(491) // the call is about to change already
	}
}

// referral reads what a REFER asks for, or with which status it is refused.
func (b *board) referral(c *call, l *leg, m *sip.Msg) (p passing, status int) {
	if l.device == "" {
		return p, 403 // only terminals of ours pass calls on
	}
	a, ok := sip.ParseAddress(m.Header(sip.HReferTo))
	if !ok {
		return p, 400
	}
	uri, headers, _ := bytes.Cut(a.URI, []byte{'?'})
	u, ok := sip.ParseURI(uri)
	if !ok {
		return p, 400
	}
	if method, given := u.Param("method"); given && !strings.EqualFold(string(method), "INVITE") {
		return p, 501
	}
	p = passing{by: l.id, user: l.user}
	for _, h := range bytes.Split(headers, []byte{'&'}) {
		if name, value, _ := bytes.Cut(h, []byte{'='}); strings.EqualFold(string(name), "Replaces") {
			v := sip.Unescape(nil, value)
			if _, ok := sip.ParseReplaces(v); !ok || bytes.ContainsAny(v, "\r\n") || len(v) > 512 {
				return p, 400
			}
			p.replaces = string(v)
		}
	}
	f := l.d.Flow()
	p.number = string(sip.Unescape(nil, []byte(b.addressed(uri, &f))))
	if p.number == "" || len(p.number) > 120 || strings.ContainsAny(p.number, "\r\n") {
		return p, 400
	}
	return p, 0
}

// passedURI is how a center asks itself for the second call, which shows the number
// of who passes the first on as that did.
func (b *board) passedURI(dst []byte, c *call, to center.ID) []byte {
	dst = sip.AppendUser(append(dst, "sip:"...), c.passes.number)
	dst = append(append(append(dst, '@'), to...), ";role=origin;as="...)
	dst = sip.AppendUser(dst, c.passes.user)
	if by := c.leg(c.passes.by); by != nil && b.party(c, by).private {
		dst = append(dst, ";withheld"...)
	}
	return dst
}

// fromPasser is the second call: of the terminal that passes one on.
func (b *board) fromPasser(in *sip.Incoming, at center.ID, u *sip.URI) {
	user, _ := u.Param("as")
	cred, ok := b.edge.cfg.Registrar.Credential(string(sip.Unescape(nil, user)))
	if !ok {
		in.Respond(&sip.Reply{Status: 403, Reason: "The terminal that passes the call on is not known any more"})
		return
	}
	if b.replaces(in, &cred) {
		return
	}
	_, private := u.Param("withheld")
	b.places(in, &cred, string(sip.Unescape(nil, u.User)), "", at, private)
}

// replaces takes an INVITE that takes the place of a dialog (RFC 3891 §3), and
// reports whether it is one: a terminal takes over what one of its own has, as
// a page that was loaded anew does; and a center, for a terminal that passes
// calls on, what that one has. Nobody else's calls can be had.
func (b *board) replaces(in *sip.Incoming, cred *member.Credential) bool {
	v := in.Msg.Header(sip.HReplaces)
	if v == nil {
		return false
	}
	r, ok := sip.ParseReplaces(v)
	if !ok {
		in.Respond(&sip.Reply{Status: 400, Reason: "Malformed Replaces"})
		return true
	}
	d := b.shard.Dialog(r)
	if d == nil {
		in.Respond(&sip.Reply{Status: 481, Reason: "That call is over"})
		return true
	}
	old, ok := d.User.(*leg)
	if !ok || old.device == "" || old.device != cred.Device {
		in.Respond(&sip.Reply{Status: 403, Reason: "That call is somebody else's"})
		return true
	}
	c := old.call
	if !c.sw.MayReplace(old.id) { // before it costs anything
		in.Respond(&sip.Reply{Status: 491, Headers: []byte("Retry-After: 2\r\n")})
		return true
	}
	sdp := in.Msg.Body()
	fresh := in.Accept(true)
	if fresh == nil {
		return true
	}
	l := b.newLeg(c, c.sw.NewLeg())
	l.d, fresh.User = fresh, l
	if who, link := b.said(&in.Flow, in.Msg); link {
		b.joins(c, l, c.peer(old), who)
	} else {
		l.device, l.user, l.phone = cred.Device, cred.SIPUser, cred.SIPUser
		l.session = b.edge.cfg.Registrar.SessionOf(in.Msg)
		l.who = b.party(c, old)
		l.who.known = true
	}
	b.policy(c, l)
	b.deliver(c, switching.Event{Kind: switching.Offered, Leg: l.id, Replaces: old.id, SDP: sdp})
	return true
}

// passing tells who passes a call on how that goes: that it rings.
func (c *call) passing(status int) {
	if by := c.leg(c.passes.by); by != nil && by.d != nil && status > 100 && status != c.passes.told {
		c.passes.told = status
		by.d.Referred(status)
	}
}

// passed tells who passed a call on how that went.
func (c *call) passed(status int) {
	by := c.leg(c.passes.by)
	c.passes = passing{}
	if by != nil && by.d != nil {
		by.d.Referred(status)
	}
}
