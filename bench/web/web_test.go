//go:build linux

package main

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/bench/sip/office"
)

// open starts a server in this process; it ends with the test.
func open(t *testing.T) *server {
	t.Helper()
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
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, lost, err := o.Shut(ctx); err != nil || lost > 0 {
			t.Errorf("%d records lost: %v", lost, err)
		}
		_ = pages.Close()
	})
	return &server{sip: o.Addr("KR"), web: web}
}

// TestLoad keeps the bench alive: every kind of work in small, without a word about
// time.
func TestLoad(t *testing.T) {
	for _, k := range []work{
		{name: "relay", calls: 2},
		{name: "web", calls: 2, caller: true, called: true},
		{name: "mixed", calls: 2, caller: true},
		{name: "setup", calls: 3, caller: true, called: true, setup: true},
	} {
		t.Run(k.name, func(t *testing.T) {
			f, err := (&options{talk: 200 * time.Millisecond}).against(t.Context(), &k, open(t), os.Getpid())
			if err != nil {
				t.Fatal(err)
			}
			if k.setup {
				if len(f.setups) != k.calls {
					t.Errorf("%d calls were set up", len(f.setups))
				}
				return
			}
			if f.sound.sent != 2*k.calls*10 || f.sound.received != f.sound.sent || len(f.sound.late) != f.sound.received || f.sound.late[0] <= 0 {
				t.Errorf("%d packets sent, %d received, delays %v", f.sound.sent, f.sound.received, f.sound.late[:min(3, len(f.sound.late))])
			}
		})
	}
}
