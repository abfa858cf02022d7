package sip

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestABurstOfCallsLeavesTheConnection: whoever does not take calls as fast as they
// come is not cut off for it. Calls that would fill more than half of what may wait
// fail at once as by 503, but for urgent ones; what belongs to calls that are there
// goes. Where many calls share a connection, far more may wait.
func TestABurstOfCallsLeavesTheConnection(t *testing.T) {
	for name, x := range map[string]struct {
		out, trusted bool
		most         int
	}{"a telephone's": {most: queueLimit}, "ours to a carrier": {out: true, most: queueShared}, "from another center": {trusted: true, most: queueShared}} {
		t.Run(name, func(t *testing.T) {
			h := caller{failed: make(chan Event, 4096)}
			c, err := New(Config{Handler: func(*Shard) Handler { return h }})
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
			l.trusted = x.trusted
			conn := c.newConn(l, ap("192.0.2.1:5060"), x.out) // it takes nothing
			offer := make([]byte, 13<<10)
			ring := func(urgent bool) {
				s.Invite(&Outgoing{Flow: conn.flow, URI: []byte("sip:x@192.0.2.1"), From: []byte("<sip:a@b>"), To: []byte("<sip:x@y>"), SDP: offer, Urgent: urgent})
			}
			calls := x.most / 2 / len(offer)
			for range calls + 50 {
				ring(false)
			}
			s.Tick(s.now + 10*Millisecond)
			s.Flush()
			if failed := len(h.failed); !conn.Alive() || failed < 50 || failed > 52+calls/10 {
				t.Fatalf("of %d calls %d failed, and the connection stands: %v", calls+50, failed, conn.Alive())
			}
			for range 50 {
				<-h.failed
			}
			for len(h.failed) > 0 {
				if e := <-h.failed; e.Kind != EventFail || e.Status != 503 {
					t.Errorf("%+v", e)
				}
			}
			ring(true)
			s.Tick(s.now + 10*Millisecond)
			s.sendCopy(conn.flow, make([]byte, x.most/4))
			s.Flush()
			if !conn.Alive() || len(h.failed) > 0 || len(conn.queue.bytes) < x.most/2+x.most/4 {
				t.Errorf("the connection stands: %v; %d urgent calls failed; %d bytes wait", conn.Alive(), len(h.failed), len(conn.queue.bytes))
			}
			s.sendCopy(conn.flow, make([]byte, x.most/2))
			s.Flush()
			if conn.Alive() {
				t.Error("more waits than may")
			}
		})
	}
}

// TestASlowLinkTakesWhatWaits: it is cut off for taking nothing, not for taking
// long.
func TestASlowLinkTakesWhatWaits(t *testing.T) {
	for stalls, want := range map[bool]string{false: "it took 3000000 bytes", true: "it was cut off after 5s"} {
		synctest.Test(t, func(t *testing.T) {
			us, them := net.Pipe()
			got, over := 0, make(chan struct{})
			go func() {
				defer close(over)
				buf := make([]byte, writePiece)
				for !stalls {
					<-time.After(time.Second)
					n, err := them.Read(buf)
					if got += n; err != nil {
						return
					}
				}
			}()
			start := time.Now()
			err := stream{us}.write(&outbox{bytes: make([]byte, 3_000_000)})
			took := time.Since(start)
			_, _ = us.Close(), them.Close()
			<-over
			said := fmt.Sprintf("it took %d bytes", got)
			if err != nil {
				said = fmt.Sprintf("it was cut off after %v", took)
			}
			if said != want {
				t.Errorf("%s, want: %s", said, want)
			}
		})
	}
}
