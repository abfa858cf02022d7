package edge

import (
	"crypto/tls"
	"net"
	"net/netip"
	"testing"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// mute is where connections stand and nobody says anything.
func mute(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// TestCallsGoOnOverANewLink: when the connection between two centers has ended,
// their calls are led to a new one, all to the same; nobody else's are.
func TestCallsGoOnOverANewLink(t *testing.T) {
	core, err := sip.New(sip.Config{Handler: func(*sip.Shard) sip.Handler { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	at := mute(t)
	core.Socketless(LinkTag("KR"), sip.TLS, at)
	plain := core.Socketless("KR", sip.TLS, at)
	links := NewTLSLinks(LinkConfig{
		Core: func() *sip.Core { return core }, Client: func(_, _ center.ID) *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS13} },
		Address: func(to center.ID) (netip.AddrPort, bool) { return at, to == "US" },
	})
	b := &board{edge: &Edge{cfg: Config{Links: links}}}
	first, err := links.Flow("KR", "US")
	if err != nil {
		t.Fatal(err)
	}
	first.Conn.Close()
	again, ok := b.Again(first)
	if to, _ := links.Peer(&again); !ok || again.Conn == first.Conn || again.Listener != first.Listener || to != "US" {
		t.Errorf("it goes on to %q: %v", to, ok)
	}
	if f, err := links.Flow("KR", "US"); err != nil || f.Conn != again.Conn {
		t.Errorf("new calls go another way: %v", err)
	}
	f, err := core.Connect(plain, at, nil, PeerURI("US"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Again(f); ok {
		t.Error("a flow that is no link is taken for one")
	}
}

// TestAFullConnectionIsCongestion: when a call could not be sent, a telephone whose
// connection stands is not away and a center not out of order: there was no room.
func TestAFullConnectionIsCongestion(t *testing.T) {
	core, err := sip.New(sip.Config{Handler: func(*sip.Shard) sip.Handler { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	at := mute(t)
	links := NewTLSLinks(LinkConfig{})
	b := &board{edge: &Edge{cfg: Config{Links: links}}}
	for tag, gone := range map[string]switching.Cause{LinkTag("KR"): switching.CauseNetwork, "KR": switching.CauseAbsent} {
		f, err := core.Connect(core.Socketless(tag, sip.TLS, at), at, nil, PeerURI("US"))
		if err != nil {
			t.Fatal(err)
		}
		d := core.Shards()[0].Invite(&sip.Outgoing{Flow: f, URI: []byte("sip:x@127.0.0.1"), From: []byte("<sip:a@b>"), To: []byte("<sip:x@y>")})
		if c := b.unreached(&leg{}, d); c != switching.CauseCongestion {
			t.Errorf("%s: %v", tag, c)
		}
		f.Conn.Close()
		if c := b.unreached(&leg{}, d); c != gone {
			t.Errorf("%s, when it is gone: %v", tag, c)
		}
	}
}
