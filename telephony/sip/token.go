package sip

import (
	"encoding/binary"
	"math/bits"
)

// tokenKind tells what a token stands for.
type tokenKind uint8

const (
	tokenClient tokenKind = iota + 1 // a client transaction, in a branch
	tokenDialog                      // a dialog, in our tag
	tokenNone                        // no state: the tag of a stateless answer
)

// token says who owns a message: it stands in our branches and tags, so that
// an answer finds its transaction and a request its dialog without a search,
// on the right shard of the right node, and nobody can make one up.
type token struct {
	kind  tokenKind
	node  uint16
	epoch uint16
	shard uint8
	slot  uint32
	gen   uint16
}

const tokenLen = 26 // 16 bytes in base32

const tokenAlphabet = "0123456789abcdefghijklmnopqrstuv"

// key is the secret of the tokens' and transactions' hashes.
type key struct{ k0, k1 uint64 }

func newKey(secret []byte) key {
	return key{binary.LittleEndian.Uint64(secret), binary.LittleEndian.Uint64(secret[8:])}
}

// append writes the token: 12 bytes and 4 bytes of MAC in base32.
func (t token) append(dst []byte, k key) []byte {
	var b [16]byte
	b[0] = byte(t.kind)
	binary.BigEndian.PutUint16(b[1:], t.node)
	binary.BigEndian.PutUint16(b[3:], t.epoch)
	b[5] = t.shard
	binary.BigEndian.PutUint32(b[6:], t.slot)
	binary.BigEndian.PutUint16(b[10:], t.gen)
	binary.BigEndian.PutUint32(b[12:], uint32(k.sum(b[:12])))
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	for shift := 125; shift >= 0; shift -= 5 {
		dst = append(dst, tokenAlphabet[bits128(hi, lo, shift)&31])
	}
	return dst
}

// bits128 is the low part of hi:lo shifted right.
func bits128(hi, lo uint64, shift int) uint64 {
	if shift >= 64 {
		return hi >> (shift - 64)
	}
	return lo>>shift | hi<<(64-shift)
}

// parseToken reads a token and checks its MAC.
func parseToken(b []byte, k key) (t token, ok bool) {
	if len(b) != tokenLen || b[0] > '7' { // 26 characters hold two bits more than 16 bytes
		return t, false
	}
	var hi, lo uint64
	for _, c := range b {
		var v uint64
		switch {
		case c >= '0' && c <= '9':
			v = uint64(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'v':
			v = uint64(c|0x20-'a') + 10
		default:
			return t, false
		}
		hi, lo = hi<<5|lo>>59, lo<<5|v
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], hi)
	binary.BigEndian.PutUint64(raw[8:], lo)
	if uint32(k.sum(raw[:12])) != binary.BigEndian.Uint32(raw[12:]) {
		return t, false
	}
	return token{
		kind: tokenKind(raw[0]), node: binary.BigEndian.Uint16(raw[1:]), epoch: binary.BigEndian.Uint16(raw[3:]),
		shard: raw[5], slot: binary.BigEndian.Uint32(raw[6:]), gen: binary.BigEndian.Uint16(raw[10:]),
	}, true
}

// sum is SipHash-2-4, a keyed hash made for short inputs: whoever lacks the
// key can neither forge a token nor aim for collisions in the tables.
func (k key) sum(parts ...[]byte) uint64 {
	h := k.start()
	for _, p := range parts {
		h.write(p)
	}
	return h.end()
}

type siphash struct {
	v0, v1, v2, v3 uint64
	buf            uint64
	n              uint64
}

func (k key) start() siphash {
	return siphash{
		v0: k.k0 ^ 0x736f6d6570736575, v1: k.k1 ^ 0x646f72616e646f6d,
		v2: k.k0 ^ 0x6c7967656e657261, v3: k.k1 ^ 0x7465646279746573,
	}
}

func (h *siphash) write(p []byte) {
	for len(p) > 0 && h.n%8 != 0 {
		h.byte(p[0])
		p = p[1:]
	}
	for len(p) >= 8 {
		h.word(binary.LittleEndian.Uint64(p))
		h.n += 8
		p = p[8:]
	}
	for _, c := range p {
		h.byte(c)
	}
}

func (h *siphash) byte(c byte) {
	h.buf |= uint64(c) << (8 * (h.n % 8))
	h.n++
	if h.n%8 == 0 {
		h.word(h.buf)
		h.buf = 0
	}
}

func (h *siphash) word(m uint64) {
	h.v3 ^= m
	h.round()
	h.round()
	h.v0 ^= m
}

func (h *siphash) round() {
	h.v0 += h.v1
	h.v1 = bits.RotateLeft64(h.v1, 13) ^ h.v0
	h.v0 = bits.RotateLeft64(h.v0, 32)
	h.v2 += h.v3
	h.v3 = bits.RotateLeft64(h.v3, 16) ^ h.v2
	h.v0 += h.v3
	h.v3 = bits.RotateLeft64(h.v3, 21) ^ h.v0
	h.v2 += h.v1
	h.v1 = bits.RotateLeft64(h.v1, 17) ^ h.v2
	h.v2 = bits.RotateLeft64(h.v2, 32)
}

func (h *siphash) end() uint64 {
	h.word(h.buf | h.n<<56)
	h.v2 ^= 0xff
	for range 4 {
		h.round()
	}
	return h.v0 ^ h.v1 ^ h.v2 ^ h.v3
}
