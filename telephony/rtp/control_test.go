package rtp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// control builds a packet of RTCP with its length filled in.
func control(head, kind byte, body ...byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := append([]byte{0x80 | head, kind, 0, 0}, body...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	return b
}

func item(kind byte, text string) []byte { return append([]byte{kind, byte(len(text))}, text...) }

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestRTCPTellsNobodysName: of what telephones say of themselves only the reports go
// on, and each source is called by something drawn for the session.
func TestRTCPTellsNobodysName(t *testing.T) {
	const name = "2555123482"
	report := control(1, senderReport, make([]byte, 48)...)
	feedback := control(1, payloadFeedback, 0, 0, 0, 1, 0, 0, 0, 2)
	one := joined([]byte{0, 0, 0, 7}, item(1, "sip:"+name+"-1@127.0.0.1:33824"), item(2, name), []byte{0})
	for len(one)%4 != 0 {
		one = append(one, 0)
	}
	short := joined([]byte{0, 0, 0, 8}, item(1, "x"), []byte{0})
	for name, c := range map[string]struct {
		in   []byte
		want []byte // but for descriptions
		text []int  // how long what sources are called is
	}{
		"as a softphone sends it":                      {joined(report, control(1, sourceDescription, one...)), report, []int{16}},
		"two sources, the second short, then feedback": {joined(report, control(2, sourceDescription, append(append([]byte{}, one...), short...)...), feedback), joined(report, feedback), []int{16, 1}},
		"no CNAME":                   {joined(report, control(1, sourceDescription, joined([]byte{0, 0, 0, 7}, item(2, name), []byte{0})...)), report, []int{13}},
		"a goodbye with its reason":  {control(1, goodbye, joined([]byte{0, 0, 0, 7}, []byte{10}, []byte(name))...), control(1, goodbye, 0, 0, 0, 7), nil},
		"what a program has its own": {joined(report, control(0, 204, joined([]byte{0, 0, 0, 7}, []byte("NAME"), []byte(name))...)), report, nil},
		"an extension of a report":   {control(0, receiverReport, joined([]byte{0, 0, 0, 7}, []byte(name))...), control(0, receiverReport, 0, 0, 0, 7), nil},
		"padding":                    {padded(control(0, receiverReport, 0, 0, 0, 7), name), control(0, receiverReport, 0, 0, 0, 7), nil},
		"behind the end":             {append(bytes.Clone(report), name...), report, nil},
		"a description without end":  {joined(report, control(1, sourceDescription, joined([]byte{0, 0, 0, 7}, []byte{1, 200}, []byte(name))...)), report, nil},
		"a report that is cut":       {control(2, receiverReport, joined([]byte{0, 0, 0, 7}, []byte(name))...), nil, nil},
		"a length that cannot be":    {[]byte{0x80, senderReport, 0xff, 0xff, 0, 0, 0, 0}, nil, nil},
	} {
		s := newCNAME()
		got := s.discreet(bytes.Clone(c.in), 1)
		if bytes.Contains(got, []byte(name)) || bytes.Contains(got, []byte("55512")) {
			t.Errorf("%s: it says %q", name, got)
		}
		var rest []byte
		var texts []int
		for at := 0; at < len(got); {
			n := 4 * (int(binary.BigEndian.Uint16(got[at+2:])) + 1)
			if p := got[at : at+n]; p[1] == sourceDescription {
				for in := 4; in < n; in = (in + 4 + 2 + int(p[in+5]) + 4) &^ 3 {
					text := p[in+6 : in+6+int(p[in+5])]
					if p[in+4] != 1 || text[0] != 'b' || !bytes.Equal(text[1:], s[1:len(text)]) {
						t.Errorf("%s: a source is called %q", name, text)
					}
					texts = append(texts, len(text))
				}
			} else {
				rest = append(rest, p...)
			}
			at += n
		}
		if !bytes.Equal(rest, c.want) || len(texts) != len(c.text) {
			t.Errorf("%s: left is %x with %v, want %x with %v", name, rest, texts, c.want, c.text)
		}
		for i := range texts {
			if i < len(c.text) && texts[i] != c.text[i] {
				t.Errorf("%s: names of %v letters, want %v", name, texts, c.text)
			}
		}
	}
	other := newCNAME()
	for range 20_000 { // whatever comes, it gets no longer and stays RTCP
		b := joined(report, control(byte(rand.IntN(32)), byte(200+rand.IntN(8)), random(rand.IntN(64))...), random(rand.IntN(40)))
		if n := len(other.discreet(bytes.Clone(b), 3)); n > len(b) || n%4 != 0 || n < len(report) {
			t.Fatalf("%x is %d bytes", b, n)
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.IntN(256))
	}
	return b
}

func padded(p []byte, text string) []byte {
	pad := make([]byte, (len(text)+4)&^3)
	copy(pad, text)
	pad[len(pad)-1] = byte(len(pad))
	p[0] |= 0x20
	p = append(p, pad...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)/4-1))
	return p
}

// TestRTCPIsDiscreetOnItsWay: what the other telephone gets.
func TestRTCPIsDiscreetOnItsWay(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	c.s.Expect(c.l[0], Remote{RTP: c.ph[0].addr(), Signal: loopback, Mux: true}, false)
	c.s.Expect(c.l[1], Remote{RTP: c.ph[1].addr(), Signal: loopback, Mux: true}, false)
	c.ph[0].send(c.ours[0], joined(control(0, receiverReport, 0, 0, 0, 7), control(1, sourceDescription, joined([]byte{0, 0, 0, 7}, item(1, "sip:2555123482@x"), []byte{0})...)))
	if got := c.ph[1].next(time.Second); len(got) != 8+4+24 || bytes.Contains(got, []byte("2555")) {
		t.Errorf("the other side reads %q", got)
	}
}
