package rtp

import "math/bits"

// ulaw encodes a 16-bit sample (ITU-T G.711 µ-law).
func ulaw(v int) byte {
	sign := byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, 32635) + 132
	exp := bits.Len(uint(v)) - 8
	return ^(sign | byte(exp<<4) | byte(v>>(exp+3)&0x0F))
}

// alaw encodes a 16-bit sample (ITU-T G.711 A-law).
func alaw(v int) byte {
	sign := byte(0x80)
	if v < 0 {
		v, sign = -v-1, 0
	}
	v = min(v, 32767) >> 4
	out := byte(v)
	if exp := bits.Len(uint(v)) - 4; exp > 0 {
		out = byte(exp<<4 | v>>(exp-1)&0x0F)
	}
	return (out | sign) ^ 0x55
}

// Linear decodes a sample: payload 0 is µ-law, 8 A-law.
func Linear(payload uint8, b byte) int16 {
	if payload == 8 {
		b ^= 0x55
		v, exp := int(b&0x0F)<<4+8, int(b>>4&7)
		if exp > 0 {
			v = (v + 256) << (exp - 1)
		}
		if b&0x80 == 0 {
			v = -v
		}
		return int16(v)
	}
	b = ^b
	v := (int(b&0x0F)<<3+132)<<(b>>4&7) - 132
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

// Alaw turns µ-law into A-law.
func Alaw(data []byte) []byte {
	out := make([]byte, len(data))
	for i, b := range data {
		out[i] = alaw(int(Linear(0, b)))
	}
	return out
}

// Ulaw turns samples into µ-law.
func Ulaw(samples []int16) []byte {
	out := make([]byte, len(samples))
	for i, v := range samples {
		out[i] = ulaw(int(v))
	}
	return out
}
