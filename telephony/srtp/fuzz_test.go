package srtp

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzParseKey: whatever stands for a key, it is read or refused, and what is
// read is a key of the suite.
func FuzzParseKey(f *testing.F) {
	for n := range 100 { // around each of the lengths, with and without padding
		f.Add(uint8(AES256GCM), []byte(strings.Repeat("A", n)))
		f.Add(uint8(AES128CM80), []byte(strings.Repeat("A", n)+"="))
	}
	f.Fuzz(func(t *testing.T, suite uint8, text []byte) {
		s := Suite(suite) % (AES256GCM + 1)
		k, ok := ParseKey(s, text)
		if !ok {
			return
		}
		back, ok := ParseKey(s, k.AppendText(nil))
		if k.Suite != s || !ok || back != k || bytes.IndexByte(text, '\n') >= 0 {
			t.Fatalf("%q is read as another key, or is none", text)
		}
		if _, err := NewReceiver(k); err != nil {
			t.Fatal(err)
		}
	})
}
