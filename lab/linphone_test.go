package lab

import (
	"path/filepath"
	"testing"
	"time"
)

// TestLinphoneCallsBaresip has two other stacks talk through us; baresip hears
// the file that linphone plays.
func TestLinphoneCallsBaresip(t *testing.T) {
	n := New(t, Options{})
	caller, called := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142")
	b := Baresip{User: called.User, Password: called.Password, Server: n.server("US", "udp"), Hz: 1200, Seconds: 14}.Start(t)
	b.Wait("200 OK", 5*time.Second)
	server := n.Addr("KR")
	l := StartLinphone(t, server.Addr(), LinphoneAccount(caller, server))
	l.Until("status register", "registered, identity=")
	l.Do("soundcard use files")
	l.Do("call sip:%s@%s", called.Number.Canonical(), n.Addr("KR"))
	l.Wait("connected", 10*time.Second)
	l.Do("play %s", filepath.Join(l.dir, "tone.wav"))
	b.Finish(20 * time.Second)
	expectTone(t, "called", b, 900)
	for _, r := range n.Records.Wait(t, 2) {
		if !r.Answered() {
			t.Errorf("a record of a call that was not answered: %+v", r)
		}
	}
}
