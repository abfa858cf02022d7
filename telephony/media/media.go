// Package media is the sound of a call as signalling sees it: session
// descriptions in, session descriptions out (RFC 3264). It joins sdp, which
// knows the text, and rtp, which knows the packets: each leg sees addresses of
// ours, hears the other, and cannot be heard by anyone else.
//
// Codecs are what the two sides agree on between themselves; nothing is
// transcoded. Prompts and tones are G.711 prepared once.
package media

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"

	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
)

// The faults of a session, beside those of sdp and rtp.
var (
	ErrNoOffer = errors.New("the answer belongs to no offer")
	ErrPrompt  = errors.New("there is no prompt of this name")
	ErrDeaf    = errors.New("the leg has no line a prompt can go out")
)

// Nobody as a leg means ourselves: an offer to Nobody is answered here, an
// offer from Nobody is made here.
const Nobody = 0

// Policy is how a leg's sound is reached.
type Policy struct {
	// V6 takes ports of IPv6.
	V6 bool
	// Advertise is the address the leg is told, where it is not the bound
	// one: the external address of a center behind a 1:1 NAT.
	Advertise netip.Addr
	// Signal is where the leg's signalling comes from, which helps to find a
	// terminal behind a NAT.
	Signal netip.Addr
	// Strict takes sound only from where the description says: trunks, other
	// centers.
	Strict bool
	// May, if set, tells where sound may be sent: a stranger may name any
	// address. Without one he is waited for.
	May func(netip.Addr) bool
	// Codecs are the only ones the leg is offered, best first; none: all.
	Codecs []string
	// NoEvents offers it no telephone events: it is told keys by signalling. It
	// gets none either; those of the other side are heard here.
	NoEvents bool
	// Protection is whether its packets are SRTP.
	Protection Protection
	// Web says that it is a browser: it is reached by ICE on the one port of all
	// browsers, and its keys are agreed on in DTLS (RFC 8827 §6.5).
	Web bool
}

// Protection is whether the packets of a leg are protected (SRTP, RFC 3711),
// with keys in the descriptions (RFC 4568).
type Protection uint8

// The protections.
const (
	AsOffered Protection = iota // as the leg that the offer comes from has it
	Never                       // it is offered plain RTP
	Always                      // it is offered SRTP, and nothing else is taken of it
	Agreed                      // the same, with keys agreed on in DTLS instead (RFC 5764)
)

// Media makes sessions.
type Media struct {
	rtp     *rtp.Engine
	prompts *Prompts
	free    sync.Pool
}

// New returns a Media over an engine, which stays the caller's to close.
func New(e *rtp.Engine, p *Prompts) *Media { return &Media{rtp: e, prompts: p} }

// Session is the sound of one call. It is used by one thread at a time. What
// Offer and Answer return is valid until the next call of either.
type Session struct {
	m    *Media
	rtp  *rtp.Session
	legs []leg
	desc sdp.Desc
	out  []byte
}

// leg is one party of the session.
type leg struct {
	id      uint16
	policy  Policy
	origin  sdp.Origin
	codec   sdp.Codec
	asked   bool   // we sent it an offer: its next answer may come from elsewhere
	offered bool   // it sent us an offer that is not answered yet
	said    []byte // its last description, of a leg that we answered ourselves
	bargain []byte // of a browser: the last answer, its or ours, by which both go
	n       int
	lines   [sdp.MaxMedia]line
}

// line is one m= line of a leg.
type line struct {
	rtp   *rtp.Line
	kind  string
	audio bool
	// Of the leg's last description: after an offer not in force before its
	// answer.
	on     bool
	remote rtp.Remote
	dir    sdp.Direction
	told   sdp.Direction // which it was told last
	dtmf   uint8         // payload type of telephone events in its description
	// askedMux is whether our offer to it had rtcp-mux.
	askedMux bool
	crypto   *crypto // nil as long as it is plain
	tls      *handshake
	web      bool // it is on the port of all browsers
	// feedback is whether its last description had feedback by RTCP.
	feedback bool
}

// Open returns a session; tag comes back in the engine's notes.
func (m *Media) Open(tag uint64) *Session {
	s, _ := m.free.Get().(*Session)
	if s == nil {
		s = &Session{m: m}
	}
	s.rtp = m.rtp.Open(tag)
	return s
}

// Urgent has the session be given ports as long as there are any.
func (s *Session) Urgent() { s.rtp.Urgent() }

// Close gives everything back. The session must not be used any more.
func (s *Session) Close() {
	s.rtp.Close()
	s.rtp = nil
	clear(s.legs)
	s.legs = s.legs[:0]
	_ = s.desc.Parse(nil) // lets go of the last text
	s.m.free.Put(s)
}

// SetPolicy says how a leg is reached, before it is first named elsewhere and
// again when it has moved.
func (s *Session) SetPolicy(id uint16, p Policy) { s.leg(id).policy = p }

func (s *Session) leg(id uint16) *leg {
	for i := range s.legs {
		if s.legs[i].id == id {
			return &s.legs[i]
		}
	}
	s.legs = append(s.legs, leg{id: id, origin: sdp.NewOrigin(rand.Uint32())})
	return &s.legs[len(s.legs)-1]
}

// pair returns two legs; neither pointer is stale.
func (s *Session) pair(a, b uint16) (*leg, *leg) {
	s.leg(a)
	y := s.leg(b)
	return s.leg(a), y
}

// relayed reports whether a line is of a kind we carry.
func relayed(m *sdp.Media) bool {
	return m.Port != 0 && (m.Proto == sdp.AVP || m.Proto == sdp.SAVP || m.Proto == sdp.UDPTL || m.Proto == sdp.DTLS && m.Keying.Proved)
}

// kindOf avoids keeping a part of the text alive.
func kindOf(m *sdp.Media) string {
	switch string(m.Kind) {
	case "audio":
		return "audio"
	case "video":
		return "video"
	case "image":
		return "image"
	default:
		return "application"
	}
}

// heard notes what a leg said of its lines.
func (l *leg) heard(d *sdp.Desc) {
	ms := d.Media()
	for i := range ms {
		m, x := &ms[i], &l.lines[i]
		x.kind, x.audio, x.on, x.dir, x.dtmf = kindOf(m), m.Audio(), relayed(m), m.Direction(), m.DTMF
		x.feedback = m.Feedback()
		x.keyed(m.Crypto)
		x.certified(m)
		x.remote = rtp.Remote{RTP: m.RTPAddr(), RTCP: m.RTCPAddr(), Signal: l.policy.Signal, Strict: l.policy.Strict, Mux: m.Mux, Raw: !m.Proto.RTP()}
		if may := l.policy.May; may != nil {
			if r := &x.remote; !may(r.RTP.Addr()) {
				r.RTP, r.RTCP = netip.AddrPort{}, netip.AddrPort{}
			} else if !may(r.RTCP.Addr()) {
				r.RTCP = netip.AddrPort{}
			}
		}
	}
	for i := len(ms); i < l.n; i++ {
		l.lines[i].on = false
	}
	l.n = max(l.n, len(ms))
}

// ports sees to it that line i of l has ports.
func (s *Session) ports(l *leg, i int) error {
	if l.lines[i].rtp != nil {
		return nil
	}
	add := s.rtp.Add
	// Not every program that speaks WebSocket is a browser.
	if x := &l.lines[i]; l.policy.Web && (!x.on || x.tls != nil && x.tls.name != "") {
		x.web, add = true, s.rtp.AddWeb
	}
	x, err := add(l.id, l.policy.V6)
	if err != nil {
		return err
	}
	l.lines[i].rtp = x
	return nil
}

// ours returns the rewriting for a leg with no lines yet.
func (s *Session) ours(l *leg) sdp.Rewriting {
	w := sdp.Rewriting{From: &l.origin, Addr: l.policy.Advertise}
	for i := 0; i < l.n && !w.Addr.IsValid(); i++ {
		if x := l.lines[i].rtp; x != nil {
			w.Addr = x.Addr()
		}
	}
	if !w.Addr.IsValid() {
		w.Addr = s.m.rtp.Addr(l.policy.V6)
	}
	return w
}

// expect puts into force what a leg said of line i.
func (s *Session) expect(l *leg, i int, mux, reopen bool) {
	x := &l.lines[i]
	r := x.remote
	r.Mux = mux
	if r.Mux {
		r.RTCP = r.RTP
	}
	s.rtp.Expect(x.rtp, r, reopen)
}

// Offer takes the offer of one leg and returns the one for another.
func (s *Session) Offer(from, to uint16, text []byte) ([]byte, error) {
	if from == Nobody {
		return s.offerOurs(to)
	}
	if err := s.desc.Parse(text); err != nil {
		return nil, err
	}
	if to == Nobody {
		return s.answerOurs(from, text)
	}
	f, t := s.pair(from, to)
	// What it said to us before is now said to somebody else: nothing is new about
	// it, and it goes on with the codec that was agreed.
	again := len(f.said) > 0 && bytes.Equal(f.said, text)
	codecs := t.policy.Codecs
	if again {
		if codecs = f.agreed(codecs); codecs == nil {
			return nil, sdp.ErrCodec
		}
	} else if f.said != nil {
		f.said = append(f.said[:0], text...)
	}
	f.heard(&s.desc)
	f.offered = !again
	var lines [sdp.MaxMedia]sdp.Line
	ms := s.desc.Media()
	t.n = max(t.n, len(ms))
	for i := range ms {
		m, x := &ms[i], &t.lines[i]
		x.kind = kindOf(m)
		if !relayed(m) {
			continue
		}
		secure, err := protected(m, f.policy.Protection, x, t.policy.Protection)
		if err != nil {
			return nil, err
		}
		if err := s.desc.Only(i, codecs, !t.policy.NoEvents); err != nil {
			return nil, err
		}
		if err := s.ports(t, i); err != nil {
			return nil, err
		}
		x.askedMux = m.Mux || x.web
		p := x.rtp.Port()
		lines[i] = sdp.Line{Port: p, RTCP: p + 1, Mux: x.askedMux, Dir: m.Direction(), Web: s.asksTLS(t, i), Feedback: m.Feedback() && m.Proto != sdp.DTLS}
		if x.told = lines[i].Dir; lines[i].Web == nil {
			lines[i].Crypto = x.asks(secure)
		}
	}
	// An offer never has fewer lines than the one before (RFC 3264 §8).
	for i := len(ms); i < t.n; i++ {
		lines[i].Kind = t.lines[i].kind
	}
	t.asked = true
	w := s.ours(t)
	w.Lines = lines[:t.n]
	s.out = s.desc.Rewrite(s.out[:0], &w)
	return s.out, nil
}

// Answer takes the answer of one leg and returns the one for the leg whose
// offer it answers. It may come more than once for one offer: from several
// terminals, or early and again with the final response.
func (s *Session) Answer(from, to uint16, text []byte) ([]byte, error) {
	if err := s.desc.Parse(text); err != nil {
		return nil, err
	}
	f, t := s.pair(from, to)
	f.heard(&s.desc)
	if to != Nobody && t.n == 0 {
		return nil, ErrNoOffer
	}
	var lines [sdp.MaxMedia]sdp.Line
	ms := s.desc.Media()
	for i := range ms {
		m, x, y := &ms[i], &f.lines[i], &t.lines[i]
		if !x.on || x.rtp == nil {
			continue
		}
		if c, ok := m.Speak(); ok && m.Audio() {
			f.codec, t.codec = c, c
		}
		if err := x.agrees(m); err != nil {
			return nil, err
		}
		if err := x.answered(m); err != nil {
			return nil, err
		}
		s.proves(x)
		if err := s.secure(x); err != nil {
			return nil, err
		}
		s.expect(f, i, m.Mux && x.askedMux, f.asked)
		s.rtp.Listen(x.rtp, x.dtmf, y.dtmf)
		var room [rtp.MostPayloads]rtp.Payload
		kinds := payloads(room[:0], &s.desc, i)
		s.rtp.Payloads(x.rtp, kinds)
		if to == Nobody {
			continue
		}
		if !y.on {
			continue
		}
		if err := s.ports(t, i); err != nil {
			return nil, err
		}
		mux := m.Mux && y.remote.Mux || y.web
		if t.offered {
			s.expect(t, i, mux, true)
		}
		s.rtp.Payloads(y.rtp, kinds)
		s.rtp.Listen(y.rtp, y.dtmf, x.dtmf) // whoever numbered them, both may use either
		p := y.rtp.Port()
		// Whatever the far side says, a hold is not answered sendrecv
		// (RFC 3264 §6.1).
		dir := m.Direction() & y.dir.Reverse()
		lines[i] = sdp.Line{Port: p, RTCP: p + 1, Mux: mux, Dir: dir, Crypto: y.answers(), Web: s.answersTLS(t, i), Feedback: y.feedback}
		y.told = dir
		s.proves(y)
		if err := s.secure(y); err != nil {
			return nil, err
		}
		if f.policy.NoEvents && x.audio && x.dtmf == 0 {
			lines[i].Events = y.dtmf
			s.rtp.Swallow(y.rtp)
		}
		if x.audio {
			s.rtp.Watch(x.rtp, dir&sdp.SendOnly != 0)
			s.rtp.Watch(y.rtp, dir&sdp.RecvOnly != 0)
		}
	}
	f.asked = false
	f.agrees(text)
	if to == Nobody {
		f.said = append(f.said[:0], text...)
		return nil, nil
	}
	t.offered = false
	for i := len(ms); i < t.n; i++ {
		lines[i].Kind = t.lines[i].kind
	}
	w := s.ours(t)
	w.Lines = lines[:max(t.n, len(ms))]
	s.out = s.desc.Rewrite(s.out[:0], &w)
	t.agrees(s.out)
	return s.out, nil
}

// answerOurs answers the parsed offer of a leg that has nobody to talk to.
func (s *Session) answerOurs(from uint16, text []byte) ([]byte, error) {
	f := s.leg(from)
	f.heard(&s.desc)
	var lines [sdp.MaxMedia]sdp.Line
	use := -1
	for i := range s.desc.Media() {
		m := &s.desc.Media()[i]
		if _, ok := m.Speak(); ok && m.Audio() && m.Speakable() {
			use = i
			break
		}
	}
	if use < 0 {
		return nil, sdp.ErrCodec
	}
	if _, err := protected(&s.desc.Media()[use], f.policy.Protection, &line{}, AsOffered); err != nil {
		return nil, err
	}
	if err := s.ports(f, use); err != nil {
		return nil, err
	}
	x := &f.lines[use]
	p := x.rtp.Port()
	lines[use] = sdp.Line{ //nolint:gosec // use is below MaxMedia
		Port: p, RTCP: p + 1, Mux: x.remote.Mux || x.web, Dir: sdp.SendRecv, Crypto: x.answers(), Web: s.answersTLS(f, use), Feedback: x.feedback,
	}
	s.proves(x)
	if err := s.secure(x); err != nil {
		return nil, err
	}
	w := s.ours(f)
	w.Lines = lines[:len(s.desc.Media())]
	out, codec, err := s.desc.Reply(s.out[:0], &w)
	if err != nil {
		return nil, err
	}
	s.out, f.codec = out, codec
	s.expect(f, use, x.remote.Mux, true)
	s.rtp.Listen(x.rtp, codec.DTMF)
	s.rtp.Payloads(x.rtp, []rtp.Payload{{Type: codec.Payload, Name: codecName(codec.Payload), Clock: 8000}})
	f.offered = false
	f.said = append(f.said[:0], text...)
	return s.out, nil
}

// agreed is the codec that a leg was answered with, if it is one of some; none
// are all.
func (l *leg) agreed(of []string) []string {
	name := codecName(l.codec.Payload)
	if len(of) > 0 && !slices.Contains(of, name) {
		return nil
	}
	return []string{name}
}

func codecName(payload uint8) string {
	if payload == 8 {
		return "PCMA"
	}
	return "PCMU"
}

// Said is what a leg said of itself that we answered ourselves: the offer with
// which it calls somebody. It is valid as long as the leg says nothing else.
func (s *Session) Said(id uint16) []byte { return s.leg(id).said }

// Keep gives the ports of all legs back but one's.
func (s *Session) Keep(id uint16) {
	for i := len(s.legs) - 1; i >= 0; i-- {
		if other := s.legs[i].id; other != id {
			s.Drop(other)
		}
	}
}

// offerOurs makes an offer to a leg that asked for one and has nobody to talk to.
func (s *Session) offerOurs(to uint16) ([]byte, error) {
	t := s.leg(to)
	if err := s.ports(t, 0); err != nil {
		return nil, err
	}
	t.lines[0].kind, t.n, t.asked = "audio", max(t.n, 1), true
	p := t.lines[0].rtp.Port()
	w := s.ours(t)
	x := &t.lines[0]
	w.Lines = []sdp.Line{{Port: p, RTCP: p + 1, Mux: x.web, Dir: sdp.SendRecv, Web: s.asksTLS(t, 0)}}
	if x.askedMux = x.web; w.Lines[0].Web == nil {
		w.Lines[0].Crypto = x.asks(x.wants(t.policy.Protection))
	}
	if len(t.policy.Codecs) == 0 {
		s.out = sdp.Offer(s.out[:0], &w)
		return s.out, nil
	}
	out, err := sdp.OfferOnly(s.out[:0], &w, t.policy.Codecs)
	if err != nil {
		return nil, err
	}
	s.out = out
	return s.out, nil
}

// Bridge lets two legs hear each other; b Nobody parts a from whom it heard.
func (s *Session) Bridge(a, b uint16) {
	x, y := s.pair(a, b)
	for i := range x.lines {
		if x.lines[i].rtp == nil {
			continue
		}
		s.rtp.Bridge(x.lines[i].rtp, y.lines[i].rtp)
	}
}

// Drop gives the ports of a leg back.
func (s *Session) Drop(id uint16) {
	for i := range s.legs {
		if s.legs[i].id != id {
			continue
		}
		for j := range s.legs[i].lines {
			if x := s.legs[i].lines[j].rtp; x != nil {
				s.rtp.Remove(x)
			}
		}
		n := len(s.legs) - 1
		s.legs[i], s.legs[n] = s.legs[n], leg{}
		s.legs = s.legs[:n]
		return
	}
}

// StopAt ends all sound at a time of the engine's clock; 0 never.
func (s *Session) StopAt(at int64) { s.rtp.StopAt(at) }

// Play plays a prompt to a leg, in place of what it hears; "" stops.
func (s *Session) Play(id uint16, name string) error {
	p, ok := s.m.prompts.get(name)
	if !ok && name != "" {
		return ErrPrompt
	}
	l := s.leg(id)
	for i := range l.n {
		if x := &l.lines[i]; x.rtp != nil && x.audio && x.on {
			data := p.ulaw
			if l.codec.Payload == 8 {
				data = p.alaw
			}
			s.rtp.Play(x.rtp, l.codec.Payload, data, p.loop)
			return nil
		}
	}
	return ErrDeaf
}

// Press sends a key to a leg as a telephone event, and reports whether it takes
// such: the first line of audio whose description has them.
func (s *Session) Press(id uint16, digit byte) bool {
	l := s.leg(id)
	for i := range l.n {
		if x := &l.lines[i]; x.rtp != nil && x.audio && x.on && x.dtmf != 0 {
			return s.rtp.Press(x.rtp, x.dtmf, digit)
		}
	}
	return false
}

// Ports returns how many pairs the session holds.
func (s *Session) Ports() int {
	n := 0
	for i := range s.legs {
		for j := range s.legs[i].lines {
			if s.legs[i].lines[j].rtp != nil {
				n++
			}
		}
	}
	return n
}
