package rtp

import "testing"

// TestG711GoesRound: decoding and encoding again gives the same byte, and A-law
// made of µ-law is as near as A-law can be.
func TestG711GoesRound(t *testing.T) {
	for i := range 256 {
		b := byte(i)
		if got := ulaw(int(Linear(0, b))); got != b && b != 0x7F { // 0x7F is minus zero
			t.Errorf("µ-law %#x becomes %d becomes %#x", b, Linear(0, b), got)
		}
		if got := alaw(int(Linear(8, b))); got != b {
			t.Errorf("A-law %#x becomes %d becomes %#x", b, Linear(8, b), got)
		}
		v := int(Linear(0, b))
		w := int(Linear(8, Alaw([]byte{b})[0]))
		if d := max(v-w, w-v); d > 8+max(v, -v)/30 {
			t.Errorf("µ-law %#x is %d, as A-law %d", b, v, w)
		}
	}
}
