package rtp

import (
	"encoding/binary"
	"strings"
)

const (
	eventNames = "0123456789*#ABCD"
	eventLong  = 640 // units of the clock, 80 ms: from then on it ends (RFC 4733 §2.5.1.2)
	eventEnds  = 3   // its end is said so often (§2.5.1.4)
	eventGap   = 3   // packets of sound between two keys
	eventLevel = 10  // -10 dBm0
	mostKeys   = 32  // that wait
)

// press is the keys that a line is still to be sent, as telephone events. They
// take the place of the packets of sound that would be sent meanwhile, with
// their sequence numbers: the stream stays one.
type press struct {
	payload uint8
	keys    [mostKeys]byte // events
	n       int
	started bool
	start   uint32 // timestamp of the event
	long    uint16
	ends    int
	gap     int
	buf     [16]byte
}

// Press sends a key to the other end of l as a telephone event of a payload type
// (RFC 4733), after those that were pressed before. It reports whether there was
// room.
func (s *Session) Press(l *Line, payload uint8, digit byte) bool {
	s.mu.Lock()
	k := &l.press
	event := strings.IndexByte(eventNames, digit)
	ok := l.owner.Load() == s && payload != 0 && event >= 0 && k.n < mostKeys
	if ok {
		k.payload = payload
		k.keys[k.n] = byte(event)
		k.n++
	}
	roll := ok && l.roll()
	s.mu.Unlock()
	if roll {
		s.e.wheel(l)
	}
	return ok
}

// over returns what is sent instead of a packet of sound: the packet itself when
// no key is due.
func (k *press) over(b []byte) []byte {
	if k.n == 0 {
		return b
	}
	if k.gap > 0 {
		k.gap--
		return b
	}
	out := k.buf[:]
	out[0], out[1] = 0x80, k.payload
	copy(out[2:12], b[2:12])
	ts := binary.BigEndian.Uint32(b[4:])
	if !k.started {
		k.started, k.start, k.long, k.ends = true, ts, 0, 0
		out[1] |= 0x80 // the first of an event (§2.5.1.1)
	}
	if k.ends == 0 {
		// A sender whose clock jumps must not make it longer than it says.
		k.long = uint16(min(ts-k.start+frame, 4*eventLong)) //nolint:gosec // bounded
	}
	binary.BigEndian.PutUint32(out[4:], k.start)
	out[12], out[13] = k.keys[0], eventLevel
	binary.BigEndian.PutUint16(out[14:], k.long)
	if k.long >= eventLong {
		out[13] |= eventEnd
		if k.ends++; k.ends == eventEnds {
			copy(k.keys[:], k.keys[1:k.n])
			k.n--
			k.started, k.gap = false, eventGap
		}
	}
	return out
}

// heardFrom reports whether somebody's sound reaches l.
func (s *Session) heardFrom(l *Line, now int64) bool {
	for _, x := range s.lines {
		if x.to == l && x.stats.LastAt != 0 && now-x.stats.LastAt <= 3*frameTime {
			return true
		}
	}
	return false
}
