package sip

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"
)

// faulty panics on every INVITE.
type faulty struct{ tortured }

func (f faulty) Request(in *Incoming) {
	if in.Msg.Method == INVITE {
		panic("a defect")
	}
	f.tortured.Request(in)
}

// TestLargestMessage: 64 KiB come through over UDP and TCP.
func TestLargestMessage(t *testing.T) {
	head := "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKo\r\nFrom: <sip:a@b>;tag=1\r\n" +
		"To: <sip:x@127.0.0.1>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Type: text/plain\r\nContent-Length: 60000\r\n\r\n"
	for name, portable := range map[string]bool{"native": false, "portable": true} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(name+" "+network, func(t *testing.T) { answered(t, portable, network, head+strings.Repeat("x", 60000)) })
		}
	}
}

// TestADefectCostsOneMessage: what goes wrong with one message is the end of
// that message, with either driver, over UDP and TCP.
func TestADefectCostsOneMessage(t *testing.T) {
	options := "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKo\r\nFrom: <sip:a@b>;tag=1\r\n" +
		"To: <sip:x@127.0.0.1>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	for name, portable := range map[string]bool{"native": false, "portable": true} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(name+" "+network, func(t *testing.T) {
				texts := []string{withLength(invite), "\x00\x01garbage\r\n\r\n", options}
				if network == "tcp" { // there garbage rightly ends the connection
					texts = []string{withLength(invite), options}
				}
				answered(t, portable, network, texts...)
			})
		}
	}
}

// answered sends messages to a core and expects a 200 as the first answer.
func answered(t *testing.T, portable bool, network string, texts ...string) {
	t.Helper()
	c, err := New(Config{Portable: portable, Handler: func(*Shard) Handler { return faulty{} }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.ListenBoth("X", netip.MustParseAddrPort("127.0.0.1:0"), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	conn, err := net.Dial(network, l.Addr.String()) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, text := range texts {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "SIP/2.0 200") {
		t.Errorf("%v: %s", err, buf[:n])
	}
}

// TestAFlowIsKeptOpenBySTUN: who asks where we see him is told, by either driver (RFC
// 5626 §4.4.2). What only looks like it is none.
func TestAFlowIsKeptOpenBySTUN(t *testing.T) {
	for name, portable := range map[string]bool{"native": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Config{Portable: portable, Handler: func(*Shard) Handler { return tortured{} }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
				if _, err := c.ListenBoth("X", netip.MustParseAddrPort(host), ""); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for _, l := range c.Listeners() {
				if l.Transport != UDP {
					continue
				}
				conn, err := net.Dial("udp", l.Addr.String()) //nolint:noctx // a test
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				ask := stun.MustBuild(stun.BindingRequest, stun.TransactionID)
				longer := append(slices.Clone(ask.Raw), 0, 0, 0, 0)
				for _, b := range [][]byte{longer, ask.Raw} {
					if _, err := conn.Write(b); err != nil {
						t.Fatal(err)
					}
				}
				_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				b := make([]byte, 1500)
				n, err := conn.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				m := &stun.Message{Raw: b[:n]}
				var seen stun.XORMappedAddress
				if err := m.Decode(); err != nil || m.Type != stun.BindingSuccess || m.TransactionID != ask.TransactionID || seen.GetFrom(m) != nil || seen.String() != conn.LocalAddr().String() {
					t.Errorf("%v: %v %s, from %s", err, m, seen, conn.LocalAddr())
				}
				_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				if n, err := conn.Read(b); err == nil {
					t.Errorf("%d bytes more", n)
				}
			}
		})
	}
}
