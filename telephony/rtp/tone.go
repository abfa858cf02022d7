package rtp

import (
	"math"
	"math/bits"
	"time"
)

// Tone returns d of a steady tone of one or more frequencies (Hz) at about
// -13 dBm0, in the encoding of payload: 0 PCMU, 8 PCMA. No frequency is silence.
func Tone(payload uint8, d time.Duration, hz ...float64) []byte {
	n := int(d * 8000 / time.Second)
	b := make([]byte, n)
	level := 5000 / math.Sqrt(float64(max(len(hz), 1)))
	for i := range b {
		v := 0.0
		for _, f := range hz {
			v += level * math.Sin(2*math.Pi*f*float64(i)/8000)
		}
		if payload == 8 {
			b[i] = alaw(int(v))
		} else {
			b[i] = ulaw(int(v))
		}
	}
	return b
}

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
