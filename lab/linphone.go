package lab

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Linphone is linphonec of Debian's package linphone-cli, another SIP stack
// (belle-sip), driven by its commands. What it says comes out as with baresip.
type Linphone struct {
	*Softphone
	in io.Writer
}

// StartLinphone runs it with sections of its configuration besides its ports: an
// account, or where it fetches one.
func StartLinphone(t testing.TB, host netip.Addr, sections string) Linphone {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".local", "share", "linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	tone(t, filepath.Join(dir, "tone.wav"), 900, 30)
	rc := fmt.Sprintf("[sip]\nregister_only_when_network_is_up=0\nguess_hostname=0\ncontact=sip:linphone@127.0.0.1\ndefault_proxy=0\nsip_port=%d\nsip_tcp_port=0\n"+
		"[rtp]\naudio_rtp_port=%d\n%s", freePort(t, host), freePort(t, host), sections)
	if err := os.WriteFile(filepath.Join(dir, "rc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Softphone{t: t, dir: dir, stop: cancel, done: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd = exec.CommandContext(ctx, tool(t, "linphonec", "linphone-cli"), "-c", filepath.Join(dir, "rc"))
	p.cmd.Env = append(os.Environ(), "HOME="+dir)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p, p
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // it is ended
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = in.Close()
		cancel()
		<-p.done
		if t.Failed() {
			t.Logf("linphonec:\n%s", p.tail())
		}
	})
	return Linphone{p, in}
}

// LinphoneAccount is a member's account in its configuration.
func LinphoneAccount(m Member, server netip.AddrPort) string {
	return fmt.Sprintf("[proxy_0]\nreg_proxy=<sip:%s;transport=udp>\nreg_identity=sip:%s@%s\nreg_expires=600\nreg_sendregister=1\npublish=0\n"+
		"[auth_info_0]\nusername=%s\npasswd=%s\ndomain=%s\n", server, m.User, server, m.User, m.Password, server.Addr())
}

// Do gives it a command.
func (l Linphone) Do(format string, args ...any) {
	l.t.Helper()
	if _, err := fmt.Fprintf(l.in, format+"\n", args...); err != nil {
		l.t.Fatal(err)
	}
}

// Until asks again and again until it says something.
func (l Linphone) Until(ask, text string) {
	l.t.Helper()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for range 150 {
		l.Do("%s", ask)
		if strings.Contains(l.Output(), text) {
			return
		}
		<-tick.C
	}
	where, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", l.cmd.Process.Pid))
	l.t.Fatalf("linphonec never says %q; it waits in %q", text, where)
}
