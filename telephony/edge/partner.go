package edge

import (
	"bytes"

	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Whoever stays in a call that is passed on hears of his new partner by
// P-Asserted-Identity (RFC 3325 §9.1) in what tells him of the new sound, or in an
// UPDATE without any (RFC 5876 §3.1): telephones know that, and few a From that
// changes (RFC 4916). Between centers the number always goes along, with Privacy if it
// is withheld; a telephone of ours is then told that it is, as when it is called.
// Carriers and other domains are told nothing.

// partner is who a leg's party is to the other side.
type partner struct {
	caller
	private bool // he withholds his number
	veiled  bool // he was called by a temporary GRUU, which tells nobody whose it is
	known   bool // it is set down, not to be worked out
}

// hidden reports whether nobody is to be told who he is.
func (p *partner) hidden() bool { return p.private || p.veiled }

// said reads whom another center says it has; nobody else is believed.
func (b *board) said(f *sip.Flow, m *sip.Msg) (p partner, ok bool) {
	if _, link := b.edge.cfg.Links.Peer(f); !link || m == nil || !m.Has(sip.HPAssertedIdentity) {
		return p, false
	}
	return partner{caller: asserted(m), private: m.HasToken(sip.HPrivacy, "id"), known: true}, true
}

// party is who is at a leg. Of a called one it is whom the caller wanted, wherever
// he answers, by the name his telephone shows when it calls.
func (b *board) party(c *call, l *leg) partner {
	switch {
	case l.who.known:
		return l.who
	case l.id == switching.Caller:
		return partner{caller: c.shown, private: c.private}
	}
	p := partner{caller: caller{user: c.called}, veiled: c.veiled}
	if cred, ok := b.edge.cfg.Registrar.Credential(l.user); ok {
		p.name = cred.Name
	}
	if h, ok := b.edge.cfg.Tables().Sold.Typed(c.called); ok {
		p.private = h.Private
	}
	return p
}

// about is what a leg is told of a partner, as header lines; nothing if it is none
// of ours.
func (b *board) about(l *leg, p *partner) []byte {
	const name = "P-Asserted-Identity: "
	f := l.d.Flow()
	h := append(b.told[:0], name...)
	switch _, link := b.edge.cfg.Links.Peer(&f); {
	case link:
		h = append(appendNameAddr(h, p.name, p.user, string(l.call.center)), "\r\n"...)
		if p.hidden() {
			h = append(h, "Privacy: id\r\n"...)
		}
	case l.trunk || l.alien || l.device == "":
		return nil
	case p.hidden() || p.user == "":
		h = append(append(h, anonymous...), "\r\n"...)
	default:
		h = append(appendNameAddr(h, p.name, p.user, f.Listener.HostPort()), "\r\n"...)
	}
	b.told = h
	return h
}

// meets has a leg hear whom it talks to with the next thing it is asked, and reports
// whether that is news to it.
func (b *board) meets(c *call, l, with *leg) bool {
	if l == nil || l.d == nil || with == nil {
		return false
	}
	p := b.party(c, with)
	h := b.about(l, &p)
	if len(h) == 0 || bytes.Equal(h, l.d.About()) {
		return false
	}
	l.d.SetAbout(h)
	return true
}

// tells says it at once.
func (b *board) tells(c *call, l, with *leg) {
	if b.meets(c, l, with) {
		l.d.Update()
	}
}

// peer is the leg that one talks to.
func (c *call) peer(l *leg) *leg { return c.leg(c.sw.Peer(l.id)) }

// learns takes whom the other end of a link says it has at its side now, and reports
// whether that is somebody else.
func (b *board) learns(l *leg, m *sip.Msg) bool {
	f := l.d.Flow()
	p, ok := b.said(&f, m)
	if !ok || p == l.who {
		return false
	}
	l.who = p
	return true
}

// takenBy notes who answered: the center that asked for him is told with the answer
// (not by an exit: where somebody has his calls sent on to is not everybody's), and
// whoever stays in a call that is passed on to him with what follows.
func (b *board) takenBy(c *call, l *leg, m *sip.Msg) {
	b.learns(l, m)
	if from := c.leg(switching.Caller); from != nil && from.d != nil && !from.d.Answered() && c.attempt.Role != routing.Exit {
		f := from.d.Flow()
		if _, link := b.edge.cfg.Links.Peer(&f); link {
			p := b.party(c, l)
			from.d.Tell(b.about(from, &p))
		}
	}
	if c.passes.fresh != l.id {
		return
	}
	if stays := c.leg(c.sw.Peer(c.passes.by)); stays != nil && l.who.known {
		l.stays = stays.id
		b.meets(c, stays, l)
	}
}

// joins has a leg join one that stays, whom who spoke with it passes on.
func (b *board) joins(c *call, l, stays *leg, who partner) {
	l.who, l.stays = who, stays.id
	p := b.party(c, stays)
	l.d.Tell(b.about(l, &p))
	b.meets(c, l, stays)
	b.meets(c, stays, l)
}

// joined: who was called for one that passes a call on hears whom he was called for.
func (b *board) joined(c *call) {
	if from := c.leg(switching.Caller); from != nil && from.d != nil && from.who.known && from.d.Confirmed() {
		b.tells(c, c.peer(from), from)
	}
}

// stayed: who came to join a call is gone; who stays hears that his partner is the
// one he had, if it is.
func (b *board) stayed(c *call, fresh *leg) {
	l := c.leg(fresh.stays)
	if fresh.stays = switching.NoLeg; l == nil || l.d == nil {
		return
	}
	if old := c.peer(l); old != nil && old != fresh && old.d != nil {
		b.tells(c, l, old)
	}
}
