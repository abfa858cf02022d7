package edge

import (
	"fmt"
	"testing"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// TestInfoDigit reads what telephones send.
func TestInfoDigit(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       byte
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"application/dtmf-relay", "Signal= *\nDuration= 250", '*'},
		{"application/dtmf-relay", "signal=#", '#'},
		{"application/dtmf-relay", "Signal=11\r\nDuration=100", '#'},
		{"application/dtmf-relay", "Signal=16", 0}, // flash
		{"application/dtmf-relay", "Duration=100", 0},
		{"application/dtmf-relay;x=y", "Signal=d", 'D'},
		{"Application/DTMF", "7", '7'},
		{"application/dtmf", "10", '*'},
		{"application/dtmf", "", 0},
		{"application/dtmf", "hello", 0},
		{"text/plain", "5", 0},
	} {
		text := "INFO sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INFO\r\n" +
			fmt.Sprintf("Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", c.kind, len(c.body), c.body)
		var m sip.Msg
		if err := m.Parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, ok := infoDigit(&m); got != c.want || ok != (c.want != 0) {
			t.Errorf("%s %q: got %q %v", c.kind, c.body, got, ok)
		}
	}
}
