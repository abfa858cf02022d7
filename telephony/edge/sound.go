package edge

import (
	"errors"
	"strings"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// sound is the board as the Media of its calls: each call has a session of
// media.
type sound board

func (s *sound) session(r switching.Ref) *media.Session {
	b := (*board)(s)
	c := b.call(r)
	if c == nil {
		return nil
	}
	if c.media == nil {
		c.media = b.edge.cfg.Media.Open(uint64(r))
		if c.urgent {
			c.media.Urgent()
		}
		for _, l := range c.legs {
			b.policy(c, l)
		}
	}
	return c.media
}

// policy tells media how a leg's sound is reached.
func (b *board) policy(c *call, l *leg) {
	if c.media == nil || l.d == nil {
		return
	}
	b.reached(c, l.id, l.d.Flow(), l.by, l.alien, l.phone)
}

// reached tells media how the sound of whoever is at the end of a flow is
// reached. A carrier's comes from where its description says, and from nowhere
// else.
func (b *board) reached(c *call, id switching.LegID, f sip.Flow, by *carrier.Carrier, alien bool, user string) {
	b.flow = f // what is asked of an interface must not be on the stack: it would move to the heap
	p := media.Policy{V6: !f.Remote.Addr().Unmap().Is4(), Signal: f.Remote.Addr().Unmap()}
	_, center := b.edge.cfg.Links.Peer(&b.flow)
	p.Strict = center || by != nil
	p.Web = f.Listener.Transport.Web()
	if by != nil {
		p.Codecs, p.NoEvents = by.Codecs, by.DTMF == carrier.DTMFInfo
	}
	switch {
	case by != nil && by.SRTP:
		p.Protection = media.Always
	case by != nil || !f.Listener.Transport.Private(): // a key is no secret where others read it
		p.Protection = media.Never
	}
	if user != "" && !p.Web {
		p.Protection = b.chosen(user, p.Protection)
	}
	if x, is := c.turn(id); is {
		p.Protection = x
	}
	if alien && b.edge.cfg.Internet != nil {
		p.May = b.edge.cfg.Internet.May
	}
	if a, ok := b.edge.cfg.Advertise[c.center]; ok && a.Is4() != p.V6 && !f.Remote.Addr().IsLoopback() {
		p.Advertise = a
	}
	c.media.SetPolicy(uint16(id), p)
}

// chosen is how the sound of a telephone is protected: as its holder says, else as
// it is.
func (b *board) chosen(sipUser string, usual media.Protection) media.Protection {
	cred, _ := b.edge.cfg.Registrar.Credential(sipUser)
	switch cred.Sound {
	case member.SoundSRTP:
		return media.Always
	case member.SoundDTLS:
		return media.Agreed
	case member.SoundPlain:
		return media.Never
	default:
		return usual
	}
}

// failed is a fault of media as a cause of switching.
type failed struct{ error }

var errGone = errors.New("the call is over") //nolint:gochecknoglobals // sentinel

// Cause chooses what the parties are told.
func (f failed) Cause() switching.Cause {
	switch {
	case errors.Is(f.error, rtp.ErrPorts):
		return switching.CauseCongestion
	case errors.Is(f.error, sdp.ErrCodec), errors.Is(f.error, sdp.ErrCrypto), errors.Is(f.error, sdp.ErrSyntax), errors.Is(f.error, sdp.ErrSize),
		errors.Is(f.error, sdp.ErrMedia), errors.Is(f.error, rtp.ErrFamily), errors.Is(f.error, media.ErrNoOffer):
		return switching.CauseIncompatible
	}
	return switching.CauseInternal
}

func described(text []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, failed{err}
	}
	return text, nil
}

// towards tells media how a leg that is about to be dialled is reached: its
// ports are taken before there is a dialog.
func (b *board) towards(c *call, id switching.LegID, t *switching.Target) {
	switch t.Kind {
	case routing.ToBinding:
		if f, ok := b.shard.Core().Flow(t.Binding.Flow); ok {
			b.reached(c, id, f, nil, false, t.Binding.Telephone())
		}
	case routing.ToCenter:
		if f, err := b.edge.cfg.Links.Flow(c.center, t.Center); err == nil {
			b.reached(c, id, f, nil, false, "")
		}
	case routing.ToTrunk:
		if w, err := b.way(c, t); err == nil {
			b.reached(c, id, w.Flow, w.Carrier, false, "")
		}
	case routing.ToURI:
		if f, err := b.edge.cfg.Internet.Flow(c.center, c.beyond.server); err == nil {
			b.reached(c, id, f, nil, true, "")
		}
	}
}

// Offer passes an offer on.
func (s *sound) Offer(r switching.Ref, from, to switching.LegID, t *switching.Target, text []byte) ([]byte, error) {
	if m := s.session(r); m != nil {
		if t != nil {
			b := (*board)(s)
			b.towards(b.call(r), to, t)
		}
		out, err := m.Offer(uint16(from), uint16(to), text)
		if errors.Is(err, sdp.ErrCodec) && t != nil && t.Kind == routing.ToTrunk {
			(*board)(s).codecs(r, t)
		}
		if errors.Is(err, sdp.ErrCrypto) {
			(*board)(s).plain(r, from)
		}
		return described(out, err)
	}
	return nil, failed{errGone}
}

// codecs keeps in words why a carrier cannot be offered a call.
func (b *board) codecs(r switching.Ref, t *switching.Target) {
	c := b.call(r)
	if w, err := b.way(c, t); err == nil {
		to := t.To
		if t.Forward { // where a member has his calls sent is not the caller's business
			to = "the party called"
		}
		c.unheard = "The way to " + to + " takes only " + strings.Join(w.Carrier.Codecs, ", ") + ", and your telephone offers none of it."
	}
}

// plain keeps in words why a telephone's own call could not be offered to anybody.
func (b *board) plain(r switching.Ref, from switching.LegID) {
	c := b.call(r)
	l := c.leg(from)
	if l == nil || l.phone == "" {
		return
	}
	switch cred, _ := b.edge.cfg.Registrar.Credential(l.phone); cred.Sound {
	case member.SoundSRTP:
		c.unheard = "This telephone is set to encrypt its sound (SRTP), and it offers plain sound. Turn on SRTP in the telephone, or change how it is protected under My lines."
	case member.SoundDTLS:
		c.unheard = "This telephone is set to encrypt its sound by DTLS-SRTP, and it does not offer that. Turn it on in the telephone, or change how it is protected under My lines."
	default:
	}
}

// Settle answers a change that does not concern the other side.
func (s *sound) Settle(r switching.Ref, leg switching.LegID, text []byte) ([]byte, bool) {
	if m := s.session(r); m != nil {
		return m.Settle(uint16(leg), text)
	}
	return nil, false
}

// Answer passes an answer on.
func (s *sound) Answer(r switching.Ref, from, to switching.LegID, text []byte) ([]byte, error) {
	if m := s.session(r); m != nil {
		return described(m.Answer(uint16(from), uint16(to), text))
	}
	return nil, failed{errGone}
}

// Bridge lets two legs hear each other.
func (s *sound) Bridge(r switching.Ref, x, y switching.LegID) {
	if m := s.session(r); m != nil {
		m.Bridge(uint16(x), uint16(y))
	}
	if b := (*board)(s); b.call(r) != nil {
		b.joined(b.call(r))
	}
}

// Play plays a prompt; one that cannot be played counts as played.
func (s *sound) Play(r switching.Ref, leg switching.LegID, p switching.Prompt) {
	m := s.session(r)
	if m == nil {
		return
	}
	if err := m.Play(uint16(leg), string(p)); err != nil {
		b := (*board)(s)
		b.edge.cfg.Log.Warn("a prompt cannot be played", "prompt", string(p), "error", err)
		if c := b.call(r); c != nil {
			b.deliver(c, switching.Event{Kind: switching.Played, Leg: leg})
		}
	}
}

// Drop gives the ports of a leg back.
func (s *sound) Drop(r switching.Ref, leg switching.LegID) {
	if m := s.session(r); m != nil {
		(*board)(s).call(r).sounded(leg)
		m.Drop(uint16(leg))
	}
}

// StopAt ends the sound at a time of the core's clock, which is also media's.
func (s *sound) StopAt(r switching.Ref, at switching.Mono) {
	if m := s.session(r); m != nil {
		c := (*board)(s).call(r)
		c.stopAt = at
		m.StopAt(c.stops())
	}
}

// stops is when the sound of a call ends, and of the menu that it was made from.
func (c *call) stops() int64 {
	at := c.stopAt
	for _, other := range [...]*call{c.parent, c.child} {
		if other != nil && other.stopAt != 0 && (at == 0 || other.stopAt < at) {
			at = other.stopAt
		}
	}
	return int64(at)
}

// Close gives everything back.
func (s *sound) Close(r switching.Ref) {
	if c := (*board)(s).call(r); c != nil && c.media != nil {
		c.hears()
		for _, l := range c.legs {
			c.sounded(l.id)
		}
		switch {
		case c.parent != nil: // it goes on in the menu
			c.rings(false)
			c.media.Keep(uint16(switching.Caller))
			c.stopAt = 0
			c.media.StopAt(c.stops())
			c.media = nil
		case c.child != nil:
			(*board)(s).orphan(c)
		default:
			c.media.Close()
			c.media = nil
		}
	}
}
