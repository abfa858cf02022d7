package rtp

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// Session is the sound of one call: lines that belong together.
type Session struct {
	mu      sync.Mutex
	e       *Engine
	tag     uint64
	stopAt  int64
	stopped bool
	urgent  bool
	cname   cname
	lines   []*Line
}

// Line is one side of one media line: a port pair of ours and who is at the
// other end of it. It exists as long as the pair is bound.
type Line struct {
	pool  *pool
	index int
	port  uint16

	owner   atomic.Pointer[Session]
	leg     uint16
	media   path
	control path
	mux     bool
	raw     bool
	to      *Line
	watch   bool  // note silence
	quiet   int64 // since when, for the silence watch
	plain   bool  // meanwhile sound came that was not protected as agreed
	blind   uint  // packets for where nothing was heard from; a new description begins no new count
	rolls   bool  // it is on the engine's wheel
	player  player
	press   press
	events  events
	secure  *secure // SRTP, nil where packets are plain
	proof   *proof  // DTLS, which has keys agreed for it; nil: it has none
	ice     *ice    // of a line on the shared socket; nil: the pair is its own
	early   early   // how the other end began DTLS before its description was here
	stats   Stats
	meter   meter
	reports reports
}

// path is one socket with what it takes and where it sends.
type path struct {
	line   *Line
	shared *shared // it is the socket of many lines
	sock   socket
	isRTCP bool
	latch  latch
	// joined is what the kernel has the socket connected to. It may be left
	// over from an earlier call.
	joined netip.AddrPort
}

// Stats counts what came in on a line.
type Stats struct {
	Packets, Bytes uint64
	Control        uint64 // RTCP packets
	Dropped        uint64 // from sources that were not taken
	Unopened       uint64 // SRTP that is not by whoever has the key, or is no SRTP
	Sent           uint64
	First, Last    netip.AddrPort // first and present source taken
	Stray          netip.AddrPort // last source not taken
	LastAt         int64
}

// Open returns a session; tag comes back in its notes.
func (e *Engine) Open(tag uint64) *Session {
	s, _ := e.free.Get().(*Session)
	if s == nil {
		s = &Session{e: e}
	}
	s.mu.Lock()
	s.tag, s.stopAt, s.stopped, s.urgent, s.cname = tag, 0, false, false, newCNAME()
	s.mu.Unlock()
	e.mu.Lock()
	e.live[s] = struct{}{}
	e.mu.Unlock()
	return s
}

// Urgent lets the session have the ports that are kept back.
func (s *Session) Urgent() { s.urgent = true }

// Close lets all lines go. The session must not be used any more.
func (s *Session) Close() {
	e := s.e
	e.mu.Lock()
	delete(e.live, s)
	e.mu.Unlock()
	s.mu.Lock()
	for i, l := range s.lines {
		s.letGo(l)
		s.lines[i] = nil
	}
	s.lines = s.lines[:0]
	s.mu.Unlock()
	e.free.Put(s)
}

// Add takes a port pair for a leg.
func (s *Session) Add(leg uint16, v6 bool) (*Line, error) {
	now := s.e.cfg.Now()
	l, err := s.e.pools[family(v6)].take(now, s.urgent)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.leg, l.mux, l.raw, l.to, l.watch, l.quiet, l.plain, l.blind, l.stats = leg, false, false, nil, false, now, false, 0, Stats{}
	l.media.latch, l.control.latch = latch{}, latch{}
	l.player, l.press, l.events, l.secure, l.proof, l.rolls = player{}, press{}, events{}, nil, nil, false
	l.early = early{}
	l.meter, l.reports = meter{}, reports{}
	l.owner.Store(s)
	s.lines = append(s.lines, l)
	return l, nil
}

// Remove lets one line go.
func (s *Session) Remove(l *Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.lines {
		if x == l {
			n := len(s.lines) - 1
			s.lines[i], s.lines[n] = s.lines[n], nil
			s.lines = s.lines[:n]
			s.letGo(l)
			return
		}
	}
}

func (s *Session) letGo(l *Line) {
	for _, x := range s.lines {
		if x != nil && x.to == l {
			x.to = nil
		}
	}
	l.proof.end()
	l.to, l.secure, l.proof = nil, nil, nil // keys do not outlive their use
	l.early = early{}
	l.owner.Store(nil)
	if l.ice != nil {
		l.ice.shared.forget(l)
		return
	}
	l.pool.put(l, s.e.cfg.Now())
}

// Port returns the RTP port of ours; RTCP is on the next.
func (l *Line) Port() uint16 { return l.port }

// Addr returns the address the line is bound to.
func (l *Line) Addr() netip.Addr {
	if l.ice != nil {
		return l.ice.shared.addr.Addr()
	}
	return l.pool.addr
}

// target is where to send; invalid as long as nobody knows.
func (l *Line) target(ctrl bool) netip.AddrPort {
	if l.ice != nil {
		return l.ice.to
	}
	if ctrl && !l.mux {
		return l.control.latch.target()
	}
	return l.media.latch.target()
}

// takes reports whether a packet of a source is to be taken. ICE has sorted those
// of its lines already.
func (l *Line) takes(p *path, src netip.AddrPort, now int64) bool {
	if l.ice != nil {
		l.ice.heard = now
		return true
	}
	return p.latch.accept(src, now)
}

// Expect says who is at the other end. With reopen it may be someone else than
// before: give it only for a request of the party itself.
func (s *Session) Expect(l *Line, r Remote, reopen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.owner.Load() != s || l.ice != nil { // ICE shows who is there
		return
	}
	if !r.Strict {
		r.RTP, r.RTCP = s.e.foreign(r.RTP), s.e.foreign(r.RTCP)
	}
	l.mux, l.raw = r.Mux, r.Raw
	l.quiet = s.e.cfg.Now()
	l.media.latch.expect(r.RTP, r.Signal, r.Strict, reopen)
	l.media.rejoin()
	if !r.Mux && !r.Raw {
		l.control.latch.expect(r.RTCP, r.Signal, r.Strict, reopen)
	}
	l.begun(s)
}

// Bridge sends what is heard on each to the other; b nil parts a.
func (s *Session) Bridge(a, b *Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.to != nil && a.to.to == a {
		a.to.to = nil
	}
	a.to = b
	if b != nil {
		if b.to != nil && b.to.to == b {
			b.to.to = nil
		}
		b.to = a
	}
}

// Watch sets whether silence on the line is noted, from now.
func (s *Session) Watch(l *Line, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.watch, l.quiet = on, s.e.cfg.Now()
}

// StopAt ends all sound of the session at a time of the engine's clock,
// whatever becomes of signalling; 0 never, also where it has ended.
func (s *Session) StopAt(at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAt, s.stopped = at, false
}

// Stats returns the counters of a line.
func (s *Session) Stats(l *Line) Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.stats
}

// control tells RTCP from RTP on one port (RFC 5761 §4).
func isControl(b []byte) bool { return b[1] >= 192 && b[1] <= 223 }

// relay takes one packet and passes it on; digit is a key it completes, or 0,
// which may be kept from the other side. The lock is held.
func (s *Session) relay(l *Line, p *path, b []byte, src netip.AddrPort, now int64) (digit byte, kept bool) {
	if s.stopAt != 0 && now >= s.stopAt {
		return 0, false // the sweep will note it; nothing more is heard meanwhile
	}
	rtp := !l.raw
	if rtp && isTLS(b[0]) {
		switch {
		case p.isRTCP: // one handshake is for both: it has no keys of its own here
		case l.proof == nil: // it is faster than its signalling
			l.early = early{append(l.early.packet[:0], b...), src}
		case l.takes(p, src, now):
			l.proof.hears(b, s)
		}
		return 0, false
	}
	if rtp && (len(b) < 8 || b[0]>>6 != 2) {
		return 0, false // STUN and keep-alives end here; they are no proof of a source
	}
	if l.proof != nil && l.secure == nil {
		return 0, false // there are no keys yet, and nothing is heard without
	}
	ctrl := p.isRTCP || rtp && l.mux && isControl(b)
	if rtp && l.secure != nil { // who has no key is no source at all
		if b = l.secure.opened(b, ctrl); b == nil {
			l.stats.Unopened++
			l.plain = true
			return 0, false
		}
	}
	if !l.takes(p, src, now) {
		l.stats.Dropped++
		l.stats.Stray = src
		return 0, false
	}
	if l.ice == nil && p.latch.locked && p.joined != src {
		p.rejoin()
	}
	l.plain = false
	if ctrl {
		l.stats.Control++
		l.quiet = now // it is there, though it may be muted
		l.reports.hears(b, now)
	} else {
		if l.stats.Packets == 0 {
			l.stats.First = src
		}
		l.stats.Packets++
		l.stats.Bytes += uint64(len(b))
		l.stats.Last, l.stats.LastAt = src, now
		l.quiet = now
		if rtp {
			l.meter.take(b, now, l.events.is(b))
			if digit, _ = l.events.hears(b); l.events.mine(b) {
				return digit, true
			}
		}
	}
	if l.to == nil || l.to.player.on {
		return digit, false
	}
	if rtp && !ctrl && len(b) >= 12 {
		b = l.to.press.over(b)
	}
	if ctrl && rtp {
		if b = s.cname.discreet(b, l.leg); len(b) == 0 {
			return digit, false
		}
		l.to.reports.passes(b, now)
	}
	l.to.send(b, ctrl)
	return digit, false
}

// send sends to the other end of l.
func (l *Line) send(b []byte, ctrl bool) {
	p := &l.media
	if ctrl && !l.mux {
		p = &l.control
	}
	to := l.target(ctrl)
	if !to.IsValid() || l.proof != nil && l.secure == nil || p.latch.apart && !l.may(to.Addr()) {
		return
	}
	if l.secure != nil && !l.raw {
		if b = l.secure.protected(b, ctrl); b == nil {
			return
		}
	}
	if p.sock.send(b, to, p.joined == to) {
		l.stats.Sent++
	}
}

// may reports whether a packet may go to an address that signalling comes not
// from: with what is heard from there, be it RTCP of one who only listens, it is
// no stranger's.
func (l *Line) may(a netip.Addr) bool {
	if l.media.latch.heardAt(a) || l.control.latch.heardAt(a) {
		return true
	}
	l.blind++
	return l.blind <= blindMost || l.blind%blindRest == 0
}

// rejoin connects the RTP socket to the source in use, or to the announced one
// where that can be true, so that the kernel drops everything else; a socket
// that has to learn is parted. RTCP, being rare, is only looked at here.
func (p *path) rejoin() {
	if p.isRTCP {
		return
	}
	var want netip.AddrPort
	switch t := &p.latch; {
	case t.locked:
		want = t.from
	case !t.nat && !t.apart && t.want.IsValid() && t.want.Port() != 0:
		want = t.want
	}
	if want != p.joined && p.sock.join(want) {
		p.joined = want
	}
}

// sweep looks after what happens without packets.
func (s *Session) sweep(now int64) {
	e := s.e
	if len(s.lines) == 0 || s.stopped {
		return
	}
	if s.stopAt != 0 && now >= s.stopAt {
		s.stopped = true
		e.notes = append(e.notes, Note{Kind: Stopped, Tag: s.tag})
		return
	}
	for _, l := range s.lines {
		if l.ice != nil {
			if now-l.ice.heard >= lost {
				l.ice.heard = now
				e.notes = append(e.notes, Note{Kind: Silent, Tag: s.tag, Leg: l.leg})
			}
			continue
		}
		if t := &l.media.latch; t.open && !t.nat && !t.strict && !t.from.IsValid() && l.media.joined.IsValid() && now-l.quiet > window {
			// The announced source has had its time; look for another.
			if l.media.sock.join(netip.AddrPort{}) {
				l.media.joined, t.since = netip.AddrPort{}, now-window
			}
		}
		if l.watch && e.cfg.Silence > 0 && now-l.quiet >= int64(e.cfg.Silence) {
			kind := Silent
			if l.plain {
				kind = Unproved
			}
			l.quiet, l.plain = now, false // and again after as long
			e.notes = append(e.notes, Note{Kind: kind, Tag: s.tag, Leg: l.leg})
		}
	}
}
