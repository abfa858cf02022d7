package rtp

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// frame is 20 ms of G.711 (RFC 3551 §4.5.14).
const (
	frame     = 160
	frameTime = int64(20 * time.Millisecond)
)

// player sends prepared G.711 on a line, one frame each turn of the engine's
// 20 ms wheel, which all players share.
type player struct {
	on      bool
	data    []byte
	at      int
	loop    bool
	payload byte
	seq     uint16
	ts      uint32
	ssrc    uint32
	mark    bool
	next    int64
	buf     [12 + frame]byte
}

// Play sends data, raw G.711 in the encoding of payload (0 PCMU, 8 PCMA), to
// the other end of l in place of what is bridged to it, from the start again
// when loop is set. Played is noted at its end. nil data stops.
func (s *Session) Play(l *Line, payload uint8, data []byte, loop bool) {
	s.mu.Lock()
	on := l.player.on
	p := &l.player
	if p.ssrc == 0 {
		p.ssrc, p.seq, p.ts = rand.Uint32()|1, uint16(rand.Uint32()), rand.Uint32()
	}
	p.on, p.data, p.at, p.loop, p.payload, p.mark = len(data) > 0, data, 0, loop, payload, true
	p.next = s.e.cfg.Now()
	start := p.on && !on
	s.mu.Unlock()
	if start {
		s.e.mu.Lock()
		s.e.players = append(s.e.players, l)
		s.e.mu.Unlock()
		s.e.loop.wake()
	}
}

// play moves every player as far as the clock has gone. The engine's lock is
// held; a session's lock may be taken under it, never the other way.
func (e *Engine) play(now int64) {
	kept := e.players[:0]
	for _, l := range e.players {
		s := l.owner.Load()
		if s == nil {
			continue
		}
		s.mu.Lock()
		if l.owner.Load() == s && l.player.on && !s.stopped {
			l.frames(now)
			if l.player.on {
				kept = append(kept, l)
			} else {
				e.notes = append(e.notes, Note{Kind: Played, Tag: s.tag, Leg: l.leg})
			}
		}
		s.mu.Unlock()
	}
	clear(e.players[len(kept):])
	e.players = kept
}

// frames sends the frames that are due, at most five to catch up.
func (l *Line) frames(now int64) {
	p := &l.player
	if now-p.next > 5*frameTime {
		p.next = now
	}
	for ; p.on && p.next <= now; p.next += frameTime {
		b := p.buf[:]
		b[0], b[1] = 0x80, p.payload
		if p.mark { // the first packet of a talkspurt (RFC 3551 §4.1)
			b[1] |= 0x80
			p.mark = false
		}
		binary.BigEndian.PutUint16(b[2:], p.seq)
		binary.BigEndian.PutUint32(b[4:], p.ts)
		binary.BigEndian.PutUint32(b[8:], p.ssrc)
		n := copy(b[12:], p.data[p.at:])
		p.at += n
		if p.at == len(p.data) {
			if p.loop {
				p.at = 0
				p.at += copy(b[12+n:], p.data)
			} else {
				fill(b[12+n:], p.payload)
				p.on = false
			}
		}
		p.seq++
		p.ts += frame
		l.send(b, false)
	}
}

// fill pads with the silence of the encoding.
func fill(b []byte, payload byte) {
	quiet := byte(0xFF)
	if payload == 8 {
		quiet = 0xD5
	}
	for i := range b {
		b[i] = quiet
	}
}
