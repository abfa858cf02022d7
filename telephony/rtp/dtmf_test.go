package rtp

import (
	"fmt"
	"strings"
	"testing"
)

// event is one packet of a key press (RFC 4733 §2.3).
func event(pt, key byte, ts uint32, end bool, extra ...byte) []byte {
	b := []byte{0x80, pt, 0, 1, byte(ts >> 24), byte(ts >> 16), byte(ts >> 8), byte(ts), 0, 0, 0, 7}
	if len(extra) > 0 { // a header extension of one word
		b[0] |= 0x10
		b = append(b, 0xbe, 0xde, 0, 1)
		b = append(b, extra...)
	}
	volume := byte(10)
	if end {
		volume |= 0x80
	}
	return append(b, key, volume, 0, 160)
}

func TestTelephoneEvents(t *testing.T) {
	for _, c := range []struct {
		name, want string
		packets    [][]byte
	}{
		{"a press with its end three times", "5", [][]byte{event(101, 5, 1, false), event(101, 5, 1, false), event(101, 5, 1, true), event(101, 5, 1, true), event(101, 5, 1, true)}},
		{"the end lost", "5", [][]byte{event(101, 5, 1, false), event(101, 5, 1, false), event(101, 5, 1, false), event(101, 5, 1, false)}},
		{"only an end came through", "#", [][]byte{event(101, 11, 9, true)}},
		{"two packets only: noise", "", [][]byte{event(101, 5, 1, false), event(101, 5, 1, false)}},
		{"the same key twice", "77", [][]byte{event(101, 7, 1, true), event(101, 7, 1, true), event(101, 7, 8001, true)}},
		{"either number", "19", [][]byte{event(101, 1, 1, true), event(96, 9, 2, true)}},
		{"another payload type", "", [][]byte{event(0, 1, 1, true), event(97, 1, 2, true)}},
		{"flash and modem tones", "", [][]byte{event(101, 16, 1, true), event(101, 36, 2, true)}},
		{"a header extension", "*", [][]byte{event(101, 10, 1, true, 0, 0, 0, 0)}},
		{"too short", "", [][]byte{event(101, 1, 1, true)[:14], event(101, 1, 1, true, 0, 0, 0, 0)[:14]}},
		{"more sources than bytes", "", [][]byte{append([]byte{0x8f}, event(101, 1, 1, true)[1:]...)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := events{payload: [2]uint8{101, 96}}
			var got strings.Builder
			for _, b := range c.packets {
				if d, ok := v.hears(b); ok {
					fmt.Fprintf(&got, "%c", d)
				}
			}
			if got.String() != c.want {
				t.Errorf("heard %q, want %q", got.String(), c.want)
			}
		})
	}
}
