package media

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/rtp"
)

// TestABrowserThatIsFasterThanItsAnswer begins DTLS before signalling has brought
// us its description: what it said is not lost.
func TestABrowserThatIsFasterThanItsAnswer(t *testing.T) {
	m := newMedia(t, rtp.Config{Web: true})
	s := m.Open(1)
	defer s.Close()
	w, p := newWeb(t), newPhone(t)
	w.active, w.begun = true, make(chan struct{}, 100)
	const browser, telephone = 1, 2
	s.SetPolicy(browser, Policy{Web: true, Signal: loopback})
	s.SetPolicy(telephone, Policy{Signal: loopback, Protection: Never})
	out, err := s.Offer(telephone, browser, p.says())
	if err != nil {
		t.Fatal(err)
	}
	w.reads(out)
	if _, err := w.binds(w.phone, w.secret2, true); err != nil {
		t.Fatal(err)
	}
	agreed := make(chan error, 1)
	go func() { agreed <- w.agrees() }()
	select {
	case <-w.begun:
	case err := <-agreed:
		t.Fatal("DTLS:", err)
	case <-time.After(10 * time.Second):
		t.Fatal("it does not begin")
	}
	<-time.After(200 * time.Millisecond) // we have it
	toPhone, err := s.Answer(browser, telephone, w.describes("active"))
	if err != nil {
		t.Fatal(err)
	}
	heard := parsed(t, append([]byte(nil), toPhone...))
	s.Bridge(browser, telephone)
	if err := <-agreed; err != nil {
		t.Fatal("DTLS:", err)
	}
	if got := exchange(t, w, p, heard, 'a'); got != "" {
		t.Error(got)
	}
}
