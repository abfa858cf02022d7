package sip

import (
	"fmt"
	"strings"
	"testing"
)

// guided knows another way to everybody, if there is one.
type guided struct {
	tortured
	way *Flow
}

func (g guided) Again(f Flow) (Flow, bool) {
	if g.way == nil {
		return f, false
	}
	return *g.way, true
}

// TestACallOutlivesItsConnection: what is said in a call whose connection has ended
// goes another way where there is one, and a BYE that waited in it once more.
func TestACallOutlivesItsConnection(t *testing.T) {
	for name, x := range map[string]struct{ other, waits bool }{
		"another way": {other: true}, "no other": {}, "BYE waits, another way": {other: true, waits: true}, "BYE waits, no other": {waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			var h guided
			c, err := New(Config{Handler: func(*Shard) Handler { return &h }})
			if err != nil {
				t.Fatal(err)
			}
			s := c.shards[0]
			s.send = func(out []Packet) {
				for i := range out {
					out[i].Flow.Conn.send(out[i].Bytes)
				}
			}
			l := newListener(0, "X", TCP, ap("127.0.0.1:5060"), "")
			first, second := c.newConn(l, ap("192.0.2.1:5060"), true), c.newConn(l, ap("192.0.2.1:5060"), true) // both take nothing
			if x.other {
				h.way = &second.flow
			}
			d := s.Invite(&Outgoing{Flow: first.flow, URI: []byte("sip:x@192.0.2.1"), From: []byte("<sip:a@b>"), To: []byte("<sip:x@y>"), SDP: []byte(sdpA)})
			s.Flush()
			invite := mustParse(t, string(first.queue.bytes))
			s.Packet(first.flow, fmt.Appendf(nil, "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: <sip:x@y>;tag=1\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:x@192.0.2.1>\r\nContent-Length: 0\r\n\r\n",
				invite.Header(HVia), invite.Header(HFrom), invite.CallID))
			if x.waits {
				d.End(0, "")
				s.Flush()
				first.close()
			} else {
				first.close()
				d.End(0, "")
			}
			s.drain()
			s.Flush()
			s.drain()
			s.Flush()
			if n := strings.Count(string(second.queue.bytes), "BYE sip:x@192.0.2.1 SIP/2.0\r\n"); n != map[bool]int{true: 1}[x.other] {
				t.Errorf("%d BYEs went the other way", n)
			}
			second.close()
			for range 3 {
				s.drain()
				s.Tick(s.now + timeout)
			}
			if live := s.Live(); live.Clients != 0 || live.Dialogs != 0 {
				t.Errorf("left: %+v", live)
			}
		})
	}
}
