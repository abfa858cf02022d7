package rtp

import "encoding/binary"

// events hears telephone events (RFC 4733 §2.5): a key press is several packets
// with one timestamp. It counts when its end is heard, or with the third packet
// should the end be lost, and once.
type events struct {
	payload [2]uint8 // payload types they may come with; 0 none
	ts      uint32
	count   int
	told    bool
	swallow bool // they go no further
}

const (
	eventEnd  = 0x80
	eventSure = 3
)

// hears takes one RTP packet and returns the key it completes.
func (v *events) hears(b []byte) (digit byte, ok bool) {
	if len(b) < 12 {
		return 0, false
	}
	pt := b[1] & 0x7f
	if pt == 0 || pt != v.payload[0] && pt != v.payload[1] {
		return 0, false
	}
	at := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 { // header extension (RFC 3550 §5.3.1)
		if len(b) < at+4 {
			return 0, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if len(b) < at+4 || b[at] > 15 { // 16 is flash, above are tones of modems
		return 0, false
	}
	if ts := binary.BigEndian.Uint32(b[4:]); v.count == 0 || ts != v.ts {
		v.ts, v.count, v.told = ts, 0, false
	}
	v.count++
	if v.told || b[at+1]&eventEnd == 0 && v.count < eventSure {
		return 0, false
	}
	v.told = true
	return eventNames[b[at]], true
}

// Keys hears the keys that come with the sound of one side, for who reads RTP by
// himself.
type Keys struct{ events }

// NewKeys hears telephone events of a payload type.
func NewKeys(payload uint8) *Keys { return &Keys{events{payload: [2]uint8{payload}}} }

// Hears takes one RTP packet and returns the key it completes.
func (k *Keys) Hears(b []byte) (digit byte, ok bool) { return k.hears(b) }

// Listen says with which payload types telephone events come from the other end
// of l; 0 is none. Each key is told in a note.
func (s *Session) Listen(l *Line, payloads ...uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.events.payload, l.events.swallow = [2]uint8{}, false
	copy(l.events.payload[:], payloads)
}

// Swallow keeps the telephone events that Listen named from whoever hears l:
// he knows none, and would take them for noise.
func (s *Session) Swallow(l *Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.events.swallow = true
}

// mine reports whether a packet is an event that goes no further.
func (v *events) mine(b []byte) bool { return v.swallow && v.is(b) }

// is reports whether a packet is an event.
func (v *events) is(b []byte) bool {
	pt := b[1] & 0x7f
	return pt != 0 && (pt == v.payload[0] || pt == v.payload[1])
}
