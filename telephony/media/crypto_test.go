package media

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
	"github.com/callisto-tel/callisto/telephony/srtp"
)

// keyed is a telephone with SRTP.
type keyed struct {
	*phone
	key srtp.Key
	out *srtp.Sender
	in  *srtp.Receiver
}

func newKeyed(t testing.TB, s srtp.Suite) *keyed {
	t.Helper()
	k := &keyed{phone: newPhone(t), key: srtp.NewKey(s)}
	var err error
	if k.out, err = srtp.NewSender(k.key); err != nil {
		t.Fatal(err)
	}
	return k
}

// says is its description, with its key under a tag.
func (k *keyed) says(tag int, attrs ...string) []byte {
	b := k.phone.says(append(attrs, fmt.Sprintf("crypto:%d %s inline:%s|2^31 WSH=64", tag, k.key.Suite, k.key.AppendText(nil)))...)
	return bytes.Replace(b, []byte("RTP/AVP"), []byte("RTP/SAVP"), 1)
}

// told takes the key of what it is told.
func (k *keyed) told(text []byte) {
	k.t.Helper()
	m := &parsed(k.t, text).Media()[0]
	for _, l := range strings.Split(string(text), "\r\n") {
		if name, rest, _ := strings.Cut(l, " "); strings.HasPrefix(name, "a=crypto:") {
			suite, inline, _ := strings.Cut(rest, " inline:")
			if key, ok := srtp.ParseKey(srtp.SuiteOf([]byte(suite)), []byte(inline)); ok && key.Suite == k.key.Suite {
				var err error
				if k.in, err = srtp.NewReceiver(key); err != nil {
					k.t.Fatal(err)
				}
				return
			}
		}
	}
	k.t.Fatalf("no key of %s (%v):\n%s", k.key.Suite, m.Proto, text)
}

// both has a telephone with SRTP and one without talk both ways; seq tells the
// packets of several talks apart.
func both(t *testing.T, k *keyed, toldK []byte, p *phone, toldP []byte, seq byte) {
	t.Helper()
	hello := pkt("hello")
	hello[3] = seq
	closed, err := k.out.Protect(hello, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.c.WriteToUDPAddrPort(closed, parsed(t, toldK).Media()[0].RTPAddr()); err != nil {
		t.Fatal(err)
	}
	if got := p.next(); !bytes.Equal(got, hello) {
		t.Fatalf("heard %q", got)
	}
	if _, err := p.c.WriteToUDPAddrPort(hello, parsed(t, toldP).Media()[0].RTPAddr()); err != nil {
		t.Fatal(err)
	}
	if got, err := k.in.Open(k.next(), false); err != nil || !bytes.Equal(got, hello) {
		t.Fatalf("heard %q %v", got, err)
	}
}

// TestOneSideIsProtected: a trunk that wants SRTP and a telephone that has none;
// the trunk takes either of the suites it is offered.
func TestOneSideIsProtected(t *testing.T) {
	for tag, suite := range map[int]srtp.Suite{1: srtp.AES128GCM, 2: srtp.AES128CM80} {
		m := newMedia(t, rtp.Config{})
		s := m.Open(1)
		a, b := newPhone(t), newKeyed(t, suite)
		s.SetPolicy(2, Policy{Protection: Always})
		toB := must(t)(s.Offer(1, 2, a.says()))
		if again := must(t)(s.Offer(1, 2, a.says())); !bytes.Equal(again, toB) {
			t.Errorf("offered again before the answer, it has other keys:\n%s", again)
		}
		b.told(toB)
		toA := must(t)(s.Answer(2, 1, b.says(tag)))
		s.Bridge(1, 2)
		if strings.Contains(string(toA), "crypto") || strings.Contains(string(toA), "SAVP") {
			t.Errorf("the plain side is told\n%s", toA)
		}
		both(t, b, toB, a, toA, 1)
		// A hold, and taken back: the key in use stays, and so do the contexts.
		held := must(t)(s.Offer(1, 2, a.says("sendonly")))
		if n := strings.Count(string(held), "a=crypto:"); n != 1 || !strings.Contains(string(held), "a=crypto:1 "+suite.String()) {
			t.Errorf("the hold has %d keys:\n%s", n, held)
		}
		must(t)(s.Answer(2, 1, b.says(1, "recvonly")))
		must(t)(s.Offer(1, 2, a.says()))
		must(t)(s.Answer(2, 1, b.says(1)))
		both(t, b, toB, a, toA, 2)
		// The trunk offers: it is answered with the same key again.
		toA = must(t)(s.Offer(2, 1, b.says(7)))
		answer := must(t)(s.Answer(1, 2, a.says()))
		if !strings.Contains(string(answer), "a=crypto:7 "+suite.String()) || strings.Contains(string(toA), "SAVP") {
			t.Errorf("answered\n%s\noffered on\n%s", answer, toA)
		}
		both(t, b, toB, a, toA, 3)
		if _, err := s.Offer(2, 1, a.says()); !errors.Is(err, sdp.ErrCrypto) {
			t.Errorf("plain sound was taken of it: %v", err)
		}
		s.Close()
	}
}

// TestWhatIsNotAgreedIsRefused, and nothing is plain instead.
func TestWhatIsNotAgreedIsRefused(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	for name, x := range map[string]struct {
		policy Protection
		answer func(k *keyed) []byte
	}{
		"a plain answer":           {Always, func(k *keyed) []byte { return k.phone.says() }},
		"an unknown tag":           {Always, func(k *keyed) []byte { return k.says(3) }},
		"another suite":            {Always, func(k *keyed) []byte { return k.says(1) }},
		"no key":                   {Always, func(k *keyed) []byte { return bytes.Replace(k.says(2), []byte("a=crypto"), []byte("a=xrypto"), 1) }},
		"protected for plain":      {Never, func(k *keyed) []byte { return k.says(1) }},
		"a key with an identifier": {Always, func(k *keyed) []byte { return bytes.Replace(k.says(2), []byte("|2^31"), []byte("|2^31|1:4"), 1) }},
		"no encryption": {Always, func(k *keyed) []byte {
			return bytes.Replace(k.says(2), []byte("WSH=64"), []byte("UNENCRYPTED_SRTP"), 1)
		}},
	} {
		s := m.Open(1)
		s.SetPolicy(2, Policy{Protection: x.policy})
		k := newKeyed(t, srtp.AES128CM80)
		must(t)(s.Offer(1, 2, newPhone(t).says()))
		if out, err := s.Answer(2, 1, x.answer(k)); !errors.Is(err, sdp.ErrCrypto) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		s.Close()
	}
	s := m.Open(1)
	defer s.Close()
	k := newKeyed(t, srtp.AES128CM80)
	if _, err := s.Offer(1, 2, bytes.Replace(k.says(1), []byte(k.key.Suite.String()), []byte("F8_128_HMAC_SHA1_80"), 1)); !errors.Is(err, sdp.ErrCrypto) {
		t.Errorf("an offer without a suite of ours: %v", err)
	}
	s.SetPolicy(2, Policy{Protection: Always})
	fax := bytes.Replace(newPhone(t).says(), []byte("audio"), []byte("image"), 1)
	if _, err := s.Offer(1, 2, bytes.Replace(fax, []byte("RTP/AVP 8 0"), []byte("udptl t38"), 1)); !errors.Is(err, sdp.ErrCrypto) {
		t.Errorf("a fax that cannot be protected: %v", err)
	}
}

// TestBothAreProtected with a key each, and a caller hears announcements.
func TestBothAreProtected(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	m.prompts.byName["closed"] = prompt{ulaw: bytes.Repeat([]byte{1}, 320), alaw: bytes.Repeat([]byte{2}, 320)}
	s := m.Open(1)
	defer s.Close()
	a, b := newKeyed(t, srtp.AES128CM80), newKeyed(t, srtp.AES128CM80)
	toB := must(t)(s.Offer(1, 2, a.says(4)))
	b.told(toB)
	if strings.Contains(string(toB), string(a.key.AppendText(nil))) {
		t.Errorf("the key of one is told the other:\n%s", toB)
	}
	toA := must(t)(s.Answer(2, 1, b.says(2)))
	a.told(toA)
	s.Bridge(1, 2)
	closed, _ := a.out.Protect(pkt("hello"), false)
	if _, err := a.c.WriteToUDPAddrPort(closed, parsed(t, toA).Media()[0].RTPAddr()); err != nil {
		t.Fatal(err)
	}
	if got, err := b.in.Open(b.next(), false); err != nil || !bytes.Equal(got, pkt("hello")) {
		t.Fatalf("heard %q %v", got, err)
	}
	alone := m.Open(2)
	defer alone.Close()
	c := newKeyed(t, srtp.AES256GCM)
	c.told(must(t)(alone.Offer(1, Nobody, c.says(9))))
	if err := alone.Play(1, "closed"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.in.Open(c.next(), false); err != nil || len(got) != 172 || got[12] != 2 {
		t.Errorf("heard %x %v", got, err)
	}
}

// TestAKeyIsNotUsedAgain: protection that was given up and taken up again has a
// key of its own, for the count of its packets begins anew.
func TestAKeyIsNotUsedAgain(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	defer s.Close()
	a, b := newKeyed(t, srtp.AES128GCM), newPhone(t)
	s.SetPolicy(2, Policy{Protection: Never})
	ours := func(offer []byte) string {
		must(t)(s.Offer(1, 2, offer))
		_, key, _ := strings.Cut(string(must(t)(s.Answer(2, 1, b.says()))), " inline:")
		return key
	}
	first := ours(a.says(1))
	if first == "" || ours(a.says(1)) != first {
		t.Error("a key in use does not stay")
	}
	if plain := ours(a.phone.says()); plain != "" {
		t.Errorf("a plain line has the key %s", plain)
	}
	if again := ours(a.says(1)); again == "" || again == first {
		t.Errorf("protected again with %q", again)
	}
}
