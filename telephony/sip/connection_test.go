package sip

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// switchboard keeps the flow of each REGISTER by the user of its From.
type switchboard struct {
	caller
	flows chan [2]string
}

func (b switchboard) Request(in *Incoming) {
	u, _ := ParseURI(in.Msg.From.URI)
	b.flows <- [2]string{string(u.User), in.Flow.Token()}
	in.Respond(&Reply{Status: 200})
}

// TestBindingNamesTheConnection: two telephones behind one NAT give the same
// Contact. A call goes over the connection its telephone registered on, answers
// go back over the one the request came in on, and when a connection is gone
// no other is taken in its place (RFC 5626 §5.3).
func TestBindingNamesTheConnection(t *testing.T) {
	h := switchboard{caller{failed: make(chan Event, 16)}, make(chan [2]string, 2)}
	c, err := New(Config{Handler: func(*Shard) Handler { return h }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.ListenBoth("X", ap("127.0.0.1:0"), ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	phones, tokens := map[string]net.Conn{}, map[string]string{}
	read := func(user string) string {
		t.Helper()
		buf := make([]byte, 4096)
		_ = phones[user].SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := phones[user].Read(buf)
		if err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		return string(buf[:n])
	}
	for _, user := range []string{"ann", "ben"} {
		conn, err := net.Dial("tcp", c.Listeners()[1].Addr.String()) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		phones[user] = conn
		_, _ = fmt.Fprintf(conn, "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.5:5060;branch=z9hG4bK%[1]s\r\nFrom: <sip:%[1]s@x>;tag=1\r\nTo: <sip:%[1]s@x>\r\n"+
			"Call-ID: %[1]s\r\nCSeq: 1 REGISTER\r\nContact: <sip:phone@10.0.0.5:5060;transport=tcp>\r\nContent-Length: 0\r\n\r\n", user)
		if a := read(user); !strings.HasPrefix(a, "SIP/2.0 200") || !strings.Contains(a, "Call-ID: "+user) {
			t.Fatalf("%s got %s", user, a)
		}
		f := <-h.flows
		tokens[f[0]] = f[1]
	}
	ring := func(user string) {
		f, ok := c.Flow(tokens[user])
		if !ok {
			t.Fatalf("%s has no flow", user)
		}
		contact := []byte("sip:phone@10.0.0.5:5060;transport=tcp")
		c.Shards()[0].Post(func(s *Shard) {
			s.Invite(&Outgoing{Flow: f.Toward(contact, true), URI: contact, NAT: true, From: []byte("<sip:c@x>"), To: []byte("<sip:" + user + "@x>")})
		})
	}
	for _, user := range []string{"ben", "ann"} {
		ring(user)
		if m := read(user); !strings.HasPrefix(m, "INVITE sip:phone@10.0.0.5") || !strings.Contains(m, "To: <sip:"+user+"@x>") {
			t.Errorf("%s got %s", user, m)
		}
	}
	_ = phones["ann"].Close()
	if e := <-h.failed; e.Kind != EventFail || e.Status != 503 { // her call ends with her connection
		t.Errorf("got %+v", e)
	}
	if _, ok := c.Flow(tokens["ann"]); ok {
		t.Error("a flow is found though its connection is gone")
	}
	if _, ok := c.Flow(tokens["ben"]); !ok {
		t.Error("the other one lost his")
	}
}
