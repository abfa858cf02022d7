package sip

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func seedMessages(f *testing.F) {
	f.Add([]byte(withLength(invite)))
	out := filepath.Join("testdata", "fuzz-seeds")
	files, _ := filepath.Glob(filepath.Join(out, "*"))
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			f.Add(b)
		}
	}
	for _, m := range rfc5118 {
		f.Add([]byte(m.text))
	}
}

// FuzzParse: no input makes the parser fail otherwise than by an error, all it
// points to lies within the message, and what Frame cuts is what Parse reads.
func FuzzParse(f *testing.F) {
	seedMessages(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > MaxMessage {
			return
		}
		raw := append([]byte(nil), b...)
		n, skip, _, err := Frame(raw)
		if err == nil && (n < 0 || skip+n > len(raw)) {
			t.Fatalf("Frame: %d+%d of %d", skip, n, len(raw))
		}
		var m Msg
		if m.Parse(raw) != nil {
			return
		}
		if m.Len() > len(raw) || m.n > MaxHeaders {
			t.Fatal("beyond the message")
		}
		for id := HVia; id < headerCount; id++ {
			m.Each(id, func(v []byte) bool { _, _ = ParseAddress(v); return true })
		}
		_, _ = ParseURI(m.RequestURI())
	})
}

// FuzzCore: no datagram stops the core or leaves state for ever.
func FuzzCore(f *testing.F) {
	seedMessages(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > MaxMessage {
			return
		}
		sim := NewSim(1)
		self := ap("192.0.2.99:5060")
		c, err := sim.Core(Config{Handler: func(*Shard) Handler { return tortured{} }}, map[netip.AddrPort]string{self: "X"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			sim.Send(ap("192.0.2.1:5060"), self, b)
		}
		sim.Run(200 * Second)
		if l := c.shards[0].Live(); l.Servers+l.Clients > 0 {
			t.Errorf("left %+v", l)
		}
	})
}
