package rtp

import (
	"math"
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
