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
	p := &l.player
	p.on, p.data, p.at, p.loop, p.payload, p.mark = len(data) > 0, data, 0, loop, payload, true
	p.next = s.e.cfg.Now()
	roll := p.on && l.roll()
	s.mu.Unlock()
	if roll {
		s.e.wheel(l)
	}
}

// roll prepares a line to be moved by the wheel, and reports whether it has yet
// to be put on it.
func (l *Line) roll() bool {
	p := &l.player
	if p.ssrc == 0 {
		p.ssrc, p.seq, p.ts = rand.Uint32()|1, uint16(rand.Uint32()), rand.Uint32()
	}
	was := l.rolls
	l.rolls = true
	return !was
}

// wheel puts a line on it.
func (e *Engine) wheel(l *Line) {
	e.mu.Lock()
	e.players = append(e.players, l)
	e.mu.Unlock()
	e.loop.wake()
}

// play moves every line on the wheel as far as the clock has gone. The engine's lock is
// held; a session's lock may be taken under it, never the other way.
func (e *Engine) play(now int64) {
	kept := e.players[:0]
	for _, l := range e.players {
		s := l.owner.Load()
		if s == nil {
			continue
		}
		s.mu.Lock()
		if l.owner.Load() == s && l.rolls && !s.stopped {
			plays := l.player.on
			l.frames(now, !plays && s.heardFrom(l, now))
			if plays && !l.player.on {
				e.notes = append(e.notes, Note{Kind: Played, Tag: s.tag, Leg: l.leg})
			}
			if l.rolls = l.player.on || l.press.n > 0; l.rolls {
				kept = append(kept, l)
			}
		}
		s.mu.Unlock()
	}
	clear(e.players[len(kept):])
	e.players = kept
}

// frames sends the frames that are due, at most five to catch up: of what is
// played, else of the keys that are pressed while nobody's sound is there to
// carry them.
func (l *Line) frames(now int64, carried bool) {
	p := &l.player
	if now-p.next > 5*frameTime {
		p.next = now
	}
	for ; (p.on || l.press.n > 0) && p.next <= now; p.next += frameTime {
		b := p.buf[:]
		if !p.on {
			if !carried {
				l.keyFrame(b[:12])
			}
			continue
		}
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
		l.send(l.press.over(b), false)
	}
}

// keyFrame sends a frame of a key, and nothing between two.
func (l *Line) keyFrame(b []byte) {
	p := &l.player
	binary.BigEndian.PutUint16(b[2:], p.seq)
	binary.BigEndian.PutUint32(b[4:], p.ts)
	binary.BigEndian.PutUint32(b[8:], p.ssrc)
	p.ts += frame
	if out := l.press.over(b); len(out) > len(b) {
		p.seq++
		l.send(out, false)
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
