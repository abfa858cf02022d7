package media

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
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

// TestATelephoneIsOfferedDTLS, for its holder wants that; it begins before its answer
// has come here, and what it said first is not lost. What is not DTLS is refused.
func TestATelephoneIsOfferedDTLS(t *testing.T) {
	var ahead atomic.Int64
	base := time.Now()
	m := newMedia(t, rtp.Config{Addr4: loopback, MinPort: 41900, MaxPort: 41903, // two pairs: the second call has those of the first
		Now: func() int64 { return int64(time.Since(base)) + ahead.Load() }})
	was := m.Open(3)
	x, y := newPhone(t), newPhone(t)
	toY := must(t)(was.Offer(1, 2, x.says()))
	toX := must(t)(was.Answer(2, 1, y.says()))
	was.Bridge(1, 2)
	if len(toX) == 0 || len(toY) == 0 {
		t.Fatal("no call")
	}
	was.Close()
	ahead.Add(int64(time.Hour)) // they have rested
	s := m.Open(1)
	defer s.Close()
	w, p := newWeb(t), newPhone(t)
	w.active, w.begun = true, make(chan struct{}, 100)
	s.SetPolicy(1, Policy{Signal: loopback, Protection: Never})
	s.SetPolicy(2, Policy{Signal: loopback, Protection: Agreed})
	out, err := s.Offer(1, 2, p.says())
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	if !strings.Contains(text, " UDP/TLS/RTP/SAVP ") || strings.Contains(text, "ice") || strings.Contains(text, "a=crypto") || !strings.Contains(text, "a=setup:actpass\r\n") {
		t.Fatalf("no offer for it:\n%s", text)
	}
	_, rest, _ := strings.Cut(text, "a=fingerprint:sha-256 ")
	w.shown, _, _ = strings.Cut(rest, "\r\n")
	w.at = netip.AddrPortFrom(loopback, parsed(t, out).Media()[0].Port)
	done := make(chan error, 1)
	go func() { done <- w.agrees() }()
	select {
	case <-w.begun:
	case err := <-done:
		t.Fatal("DTLS:", err)
	case <-time.After(10 * time.Second):
		t.Fatal("it does not begin")
	}
	<-time.After(200 * time.Millisecond) // we have it
	answer := fmt.Sprintf("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=fingerprint:SHA-256 %s\r\nm=audio %d UDP/TLS/RTP/SAVP 0\r\na=setup:active\r\n", w.fingerprint(), w.port())
	if out, err = s.Answer(2, 1, []byte(answer)); err != nil {
		t.Fatal(err)
	}
	toPhone := parsed(t, append([]byte(nil), out...))
	s.Bridge(1, 2)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := exchange(t, w, p, toPhone, 'a'); got != "" {
		t.Error(got)
	}
	other := newMedia(t, rtp.Config{}).Open(2)
	defer other.Close()
	other.SetPolicy(1, Policy{Signal: loopback, Protection: Agreed})
	if _, err := other.Offer(1, 2, p.says()); !errors.Is(err, sdp.ErrCrypto) {
		t.Errorf("plain sound of who agrees on keys: %v", err)
	}
}
