//go:build linux

package main

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/bench/sip/office"
)

// TestLoad keeps the bench alive: every kind of work in small, without a word about
// time.
func TestLoad(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	web := l.Addr().(*net.TCPAddr).AddrPort()
	o, err := office.OpenWeb(t.Context(), netip.MustParseAddrPort(host+":0"), web, t.TempDir(), office.Members(firstNumber, 8))
	if err != nil {
		t.Fatal(err)
	}
	pages := &http.Server{ReadHeaderTimeout: time.Minute, Handler: o.WebSocket("", func(*http.Request) netip.Addr { return netip.MustParseAddr("127.0.0.1") })}
	go pages.Serve(l) //nolint:errcheck // it ends with the test
	defer func() {
		if _, lost, err := o.Shut(t.Context()); err != nil || lost > 0 {
			t.Errorf("%d records lost: %v", lost, err)
		}
		_ = pages.Close()
	}()
	s := &server{sip: o.Addr("KR"), web: web}
	for _, k := range []work{
		{name: "relay", calls: 2}, {name: "web", calls: 2, caller: true, called: true}, {name: "mixed", calls: 2, caller: true},
		{name: "setup", calls: 3, caller: true, called: true, setup: true},
	} {
		f, err := (&options{talk: 200 * time.Millisecond}).against(t.Context(), &k, s, os.Getpid())
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		if k.setup {
			if len(f.setups) != k.calls {
				t.Errorf("%d calls were set up", len(f.setups))
			}
			continue
		}
		if f.sound.sent != 4*10 || f.sound.received != f.sound.sent || len(f.sound.late) != f.sound.received || f.sound.late[0] <= 0 {
			t.Errorf("%s: %d packets sent, %d received, the earliest %v late", k.name, f.sound.sent, f.sound.received, f.sound.late[:1])
		}
	}
}
