package rtp

import (
	"encoding/binary"
	"math/rand/v2"
)

// Packet types of RTCP (RFC 3550 §12.1, RFC 4585 §6.1).
const (
	senderReport      = 200
	receiverReport    = 201
	sourceDescription = 202
	goodbye           = 203
	transportFeedback = 205
	payloadFeedback   = 206
)

// cname is what the parties of a session are called in RTCP: the same for all
// that one of them sends, so that sound and pictures are kept together, and another in
// each session (RFC 7022 §4.2).
type cname [16]byte

func newCNAME() (c cname) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for i := range c {
		c[i] = letters[rand.IntN(len(letters))] //nolint:gosec // it has to differ, and opens nothing
	}
	return c
}

// discreet is RTCP as the other side of a call may read it, written over what came:
// reports and feedback, but nothing that says who sends. A telephone calls itself by its
// address and the name it signs in with (CNAME), whether its number is shown or not.
// What is left out are the other items of a description, the reason of a goodbye,
// extensions of reports and what programs have of their own (APP). Nothing is left of
// what is no RTCP.
func (c *cname) discreet(b []byte, leg uint16) []byte {
	out := 0
	for at := 0; len(b)-at >= 4; {
		n := 4 * (int(binary.BigEndian.Uint16(b[at+2:])) + 1)
		if n > len(b)-at || b[at]>>6 != 2 {
			break
		}
		p := b[at : at+n]
		at += n
		if p[0]&0x20 != 0 { // padded
			pad := int(p[n-1])
			if pad == 0 || pad%4 != 0 || pad > n-4 {
				break
			}
			p = p[:n-pad]
			p[0] &^= 0x20
		}
		out += c.one(b[out:], p, leg)
	}
	return b[:out]
}

// one writes one packet of those that came together, and returns how long it is now:
// at most as long as it was.
func (c *cname) one(to, p []byte, leg uint16) int {
	count, n := int(p[0]&0x1f), len(p)
	switch p[1] {
	case senderReport:
		n = 28 + 24*count
	case receiverReport:
		n = 8 + 24*count
	case goodbye:
		n = 4 + 4*count
	case transportFeedback, payloadFeedback: // of somebody's stream
		n = max(n, 12)
	case sourceDescription:
		return c.described(to, p, count, leg)
	default:
		return 0
	}
	if n > len(p) || n < 8 {
		return 0
	}
	copy(to, p[:n])
	binary.BigEndian.PutUint16(to[2:], uint16(n/4-1)) //nolint:gosec // not longer than it was
	return n
}

// described writes a description of sources (RFC 3550 §6.5).
func (c *cname) described(to, p []byte, count int, leg uint16) int {
	head := p[0]
	out, in := 4, 4
	for range count {
		end := in + 4
		for end+1 < len(p) && p[end] != 0 {
			end += 2 + int(p[end+1])
		}
		if end = (end + 4) &^ 3; end > len(p) { // at least one zero ends it
			return 0
		}
		room := end - in - 4
		source := binary.BigEndian.Uint32(p[in:])
		in = end
		text := min(len(c), room-3)
		size := 4 + (2+text+1+3)&^3
		binary.BigEndian.PutUint32(to[out:], source)
		item := to[out+4 : out+size]
		clear(item)
		item[0], item[1] = 1, byte(text) // CNAME
		copy(item[2:2+text], c[:])
		item[2] = 'a' + byte(leg%26)
		out += size
	}
	if out == 4 {
		return 0
	}
	to[0], to[1] = head, sourceDescription
	binary.BigEndian.PutUint16(to[2:], uint16(out/4-1)) //nolint:gosec // not longer than it was
	return out
}
