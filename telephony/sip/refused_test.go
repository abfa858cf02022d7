package sip

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// caller makes one call and tells how it failed, and when.
type caller struct {
	tortured
	failed chan Event
}

func (c caller) Event(_ *Dialog, e Event) {
	e.Msg = nil
	c.failed <- e
}

// startCaller starts a core with a handler that reports failures.
func startCaller(t *testing.T, host string, shards int) (*Core, *Listener, caller) {
	t.Helper()
	h := caller{failed: make(chan Event, 16)}
	c, err := New(Config{Shards: shards, Handler: func(*Shard) Handler { return h }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.ListenBoth("X", netip.AddrPortFrom(netip.MustParseAddr(host), 0), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, l, h
}

// closedPort is one that somebody had a moment ago.
func closedPort(t *testing.T, network, host string) netip.AddrPort {
	t.Helper()
	var addr net.Addr
	if network == "udp" {
		u, err := net.ListenPacket("udp", net.JoinHostPort(host, "0")) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		addr = u.LocalAddr()
		_ = u.Close()
	} else {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0")) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		addr = l.Addr()
		_ = l.Close()
	}
	return netip.MustParseAddrPort(addr.String())
}

func call(s *Shard, f Flow) {
	s.Invite(&Outgoing{Flow: f, URI: []byte("sip:x@" + f.Remote.String()), From: []byte("<sip:a@b>"), To: []byte("<sip:x@y>"), SDP: []byte(sdpA)})
}

func failsAtOnce(t *testing.T, h caller, start time.Time) {
	t.Helper()
	select {
	case e := <-h.failed:
		if e.Kind != EventFail || e.Status != 503 {
			t.Errorf("event %d, status %d", e.Kind, e.Status)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody said anything")
	}
}

// TestRefusedDatagramIsAnAnswerAtOnce: RFC 3261 §18.4, ICMP port unreachable.
// Others, who are called at the same time, get all of theirs.
func TestRefusedDatagramIsAnAnswerAtOnce(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		for _, shards := range []int{1, 3} {
			c, l, h := startCaller(t, host, shards)
			there, err := net.ListenPacket("udp", net.JoinHostPort(host, "0")) //nolint:noctx // a test
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = there.Close() })
			gone := closedPort(t, "udp", host)
			start := time.Now()
			c.Shards()[shards-1].Post(func(s *Shard) {
				for range 5 { // refusals between them must cost nobody a datagram
					call(s, Flow{Listener: l, Remote: gone})
					call(s, Flow{Listener: l, Remote: netip.MustParseAddrPort(there.LocalAddr().String())})
				}
			})
			for range 5 {
				failsAtOnce(t, h, start)
			}
			seen := map[string]bool{}
			buf := make([]byte, 4096)
			_ = there.SetReadDeadline(time.Now().Add(5 * time.Second))
			for len(seen) < 5 {
				n, _, err := there.ReadFrom(buf)
				if err != nil {
					t.Fatalf("%d of 5 calls came: %v", len(seen), err)
				}
				var m Msg
				if m.Parse(buf[:n]) == nil {
					seen[string(m.CallID)] = true
				}
			}
			if len(h.failed) > 0 {
				t.Error("a call to somebody who is there failed as well")
			}
		}
	}
}

// TestRefusedConnectionIsAnAnswerAtOnce: nobody listens for TCP.
func TestRefusedConnectionIsAnAnswerAtOnce(t *testing.T) {
	c, _, h := startCaller(t, "127.0.0.1", 1)
	f, err := c.Connect(c.Listeners()[1], closedPort(t, "tcp", "127.0.0.1"), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	c.Shards()[0].Post(func(s *Shard) { call(s, f) })
	failsAtOnce(t, h, start)
}

// TestClosedConnectionIsAnAnswerAtOnce: what is sent over a connection that has
// ended before fails, although nobody will tell any more that it broke.
func TestClosedConnectionIsAnAnswerAtOnce(t *testing.T) {
	c, _, h := startCaller(t, "127.0.0.1", 1)
	f, err := c.Connect(c.Listeners()[1], closedPort(t, "tcp", "127.0.0.1"), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c.Shards()[0].Post(func(s *Shard) { call(s, f) })
	failsAtOnce(t, h, time.Now())
	c.Shards()[0].Post(func(s *Shard) { call(s, f) })
	failsAtOnce(t, h, time.Now())
}
