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

// linphone is linphonec of Debian's package linphone-cli, another SIP stack
// (belle-sip), driven by its commands.
type linphone struct {
	*Softphone
	in io.Writer
}

// startLinphone signs a member in; what it says comes out as with baresip.
func startLinphone(t *testing.T, m Member, server netip.AddrPort) linphone {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".local", "share", "linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	tone(t, filepath.Join(dir, "tone.wav"), 900, 30)
	rc := fmt.Sprintf("[sip]\nregister_only_when_network_is_up=0\nguess_hostname=0\ncontact=sip:linphone@127.0.0.1\ndefault_proxy=0\nsip_port=%d\nsip_tcp_port=0\n"+
		"[rtp]\naudio_rtp_port=%d\n[proxy_0]\nreg_proxy=<sip:%s;transport=udp>\nreg_identity=sip:%s@%s\nreg_expires=600\nreg_sendregister=1\npublish=0\n"+
		"[auth_info_0]\nusername=%s\npasswd=%s\ndomain=%s\n",
		freePort(t, server.Addr()), freePort(t, server.Addr()), server, m.User, server, m.User, m.Password, server.Addr())
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
	return linphone{p, in}
}

func (l linphone) do(format string, args ...any) {
	l.t.Helper()
	if _, err := fmt.Fprintf(l.in, format+"\n", args...); err != nil {
		l.t.Fatal(err)
	}
}

// until asks again and again until it says something.
func (l linphone) until(ask, text string) {
	l.t.Helper()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for range 150 {
		l.do("%s", ask)
		if strings.Contains(l.Output(), text) {
			return
		}
		<-tick.C
	}
	where, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", l.cmd.Process.Pid))
	l.t.Fatalf("linphonec never says %q; it waits in %q", text, where)
}

// TestLinphoneCallsBaresip has two other stacks talk through us; baresip hears
// the file that linphone plays.
func TestLinphoneCallsBaresip(t *testing.T) {
	n := New(t, Options{})
	caller, called := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142")
	b := Baresip{User: called.User, Password: called.Password, Server: n.server("US", "udp"), Hz: 1200, Seconds: 14}.Start(t)
	b.Wait("200 OK", 5*time.Second)
	l := startLinphone(t, caller, n.Addr("KR"))
	l.until("status register", "registered, identity=")
	l.do("soundcard use files")
	l.do("call sip:%s@%s", called.Number.Canonical(), n.Addr("KR"))
	l.Wait("connected", 10*time.Second)
	l.do("play %s", filepath.Join(l.dir, "tone.wav"))
	b.Finish(20 * time.Second)
	expectTone(t, "called", b, 900)
	for _, r := range n.Records.Wait(t, 2) {
		if !r.Answered() {
			t.Errorf("a record of a call that was not answered: %+v", r)
		}
	}
}
