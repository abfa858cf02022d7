package sip

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
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
