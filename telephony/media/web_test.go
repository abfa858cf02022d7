package media

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"

	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
)

// web is the sound of a browser as a test has it: ICE, DTLS and SRTP by pion, on
// one socket.
type web struct {
	*phone
	cert         tls.Certificate
	name, secret string        // of itself in ICE
	active       bool          // it begins DTLS
	begun        chan struct{} // is told of each packet of DTLS it sends, and then says nothing twice

	at            netip.AddrPort // ours, and our names
	ours, secret2 string
	shown         string // our fingerprint
	setup         string
	in, out       *srtp.Context
}

func newWeb(t testing.TB) *web {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &web{phone: newPhone(t), cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, name: "brws", secret: "browsersownpassword12345", active: true}
}

func (w *web) fingerprint() string {
	return rtp.Fingerprint(sha256.Sum256(w.cert.Certificate[0])).String()
}

// describes is its description, with a role in DTLS.
func (w *web) describes(setup string, attrs ...string) []byte {
	s := "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio0\r\na=msid-semantic: WMS\r\n" +
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 110 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=mid:audio0\r\n" +
		"a=ice-ufrag:" + w.name + "\r\na=ice-pwd:" + w.secret + "\r\na=ice-options:trickle\r\n" +
		"a=fingerprint:sha-256 " + w.fingerprint() + "\r\na=setup:" + setup + "\r\n" +
		"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n" +
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\na=ssrc:5 cname:x\r\n"
	for _, a := range attrs {
		s += "a=" + a + "\r\n"
	}
	return []byte(s)
}

// reads takes what we say to it.
func (w *web) reads(text []byte) {
	w.t.Helper()
	get := func(name string) string {
		_, rest, ok := strings.Cut(string(text), "a="+name+":")
		if !ok {
			w.t.Fatalf("no %s in\n%s", name, text)
		}
		v, _, _ := strings.Cut(rest, "\r\n")
		return v
	}
	w.ours, w.secret2, w.setup = get("ice-ufrag"), get("ice-pwd"), get("setup")
	w.shown = strings.TrimPrefix(get("fingerprint"), "sha-256 ")
	c := strings.Fields(get("candidate"))
	w.at = netip.MustParseAddrPort(c[4] + ":" + c[5])
	if !strings.Contains(string(text), "a=ice-lite\r\n") || !strings.Contains(string(text), " UDP/TLS/RTP/SAVPF ") || !strings.Contains(string(text), "a=rtcp-mux\r\n") {
		w.t.Fatalf("no description for a browser:\n%s", text)
	}
}

// binds asks from a socket with a password, and returns what it is told: the
// address it was seen at, or an error.
func (w *web) binds(from *phone, password string, nominate bool) (netip.AddrPort, error) {
	w.t.Helper()
	set := []stun.Setter{stun.BindingRequest, stun.TransactionID, stun.NewUsername(w.ours + ":" + w.name)}
	if nominate {
		set = append(set, stun.RawAttribute{Type: stun.AttrUseCandidate})
	}
	m, err := stun.Build(append(set, stun.NewShortTermIntegrity(password), stun.Fingerprint)...)
	if err != nil {
		w.t.Fatal(err)
	}
	from.send(w.at, m.Raw)
	b := make([]byte, 1500)
	patience := 5 * time.Second
	if password != w.secret2 { // no answer is expected
		patience = 300 * time.Millisecond
	}
	_ = from.c.SetReadDeadline(time.Now().Add(patience))
	n, err := from.c.Read(b)
	if err != nil {
		return netip.AddrPort{}, err
	}
	reply := &stun.Message{Raw: b[:n]}
	var seen stun.XORMappedAddress
	if err := errors.Join(reply.Decode(), stun.NewShortTermIntegrity(w.secret2).Check(reply), stun.Fingerprint.Check(reply), seen.GetFrom(reply)); err != nil {
		w.t.Fatalf("the answer of ICE: %v", err)
	}
	a, _ := netip.AddrFromSlice(seen.IP)
	return netip.AddrPortFrom(a.Unmap(), uint16(seen.Port)), nil
}

// connects proves itself by ICE and agrees on keys.
func (w *web) connects() {
	w.t.Helper()
	if seen, err := w.binds(w.phone, w.secret2, true); err != nil || int(seen.Port()) != w.port() {
		w.t.Fatal("ICE:", seen, err)
	}
	if err := w.agrees(); err != nil {
		w.t.Fatal("DTLS:", err)
	}
}

func (w *web) agrees() error {
	w.t.Helper()
	_ = w.c.SetReadDeadline(time.Time{})
	shows := dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
		if rtp.Fingerprint(sha256.Sum256(raw[0])).String() != w.shown {
			return errors.New("another certificate than described")
		}
		return nil
	})
	profiles := dtls.WithSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_128_GCM)
	var conn *dtls.Conn
	var err error
	raw := &fixed{UDPConn: w.c, to: net.UDPAddrFromAddrPort(w.at), left: make(chan struct{}), begun: w.begun}
	if w.active {
		again := time.Second
		if w.begun != nil { // what is lost of it is not said again
			again = time.Minute
		}
		conn, err = dtls.ClientWithOptions(raw, raw.to, dtls.WithCertificates(w.cert), dtls.WithInsecureSkipVerify(true), shows, profiles, dtls.WithFlightInterval(again))
	} else {
		conn, err = dtls.ServerWithOptions(raw, raw.to, dtls.WithCertificates(w.cert), dtls.WithInsecureSkipVerify(true), dtls.WithClientAuth(dtls.RequireAnyClientCert), shows, profiles)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	_ = w.c.SetReadDeadline(time.Now())
	<-raw.left // what comes from here on is the test's to read
	profile, _ := conn.SelectedSRTPProtectionProfile()
	state, _ := conn.ConnectionState()
	keys := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := keys.ExtractSessionKeysFromDTLS(&state, w.active); err != nil {
		return err
	}
	if w.out, err = srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile); err != nil {
		return err
	}
	w.in, err = srtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile)
	return err
}

// fixed is a socket that talks to one address. It stays open when DTLS is done;
// DTLS has left it when a read has failed, by its deadline too.
type fixed struct {
	*net.UDPConn
	to   *net.UDPAddr
	left chan struct{}
	once sync.Once
	// begun is told of each packet that has gone out; nil: nobody is.
	begun chan struct{}
}

func (f *fixed) WriteTo(b []byte, _ net.Addr) (int, error) {
	n, err := f.UDPConn.WriteTo(b, f.to)
	if f.begun != nil {
		f.begun <- struct{}{}
	}
	return n, err
}

func (f *fixed) Close() error { return nil }
func (f *fixed) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := f.UDPConn.ReadFrom(b)
	if err != nil {
		f.once.Do(func() { close(f.left) })
		err = net.ErrClosed
	}
	return n, from, err
}

// packet is one of RTP with 20 ms of something.
func packet(seq uint16, payload, fill byte) []byte {
	b := []byte{0x80, payload, byte(seq >> 8), byte(seq), 0, 0, byte(seq), 0, 0, 0, 0, 5}
	for range 160 {
		b = append(b, fill)
	}
	return b
}

// says sends RTP as a browser does.
func (w *web) says(seq uint16, fill byte) {
	w.t.Helper()
	b, err := w.out.EncryptRTP(nil, packet(seq, 0, fill), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.send(w.at, b)
}

// hears returns the next byte of sound it is sent; 0 if nothing comes in time.
func (w *web) hears(within time.Duration) byte {
	w.t.Helper()
	b := make([]byte, 1500)
	for end := time.Now().Add(within); ; {
		_ = w.c.SetReadDeadline(end)
		n, err := w.c.Read(b)
		if err != nil {
			return 0
		}
		if b[0] < 128 { // DTLS again
			continue
		}
		plain, err := w.in.DecryptRTP(nil, b[:n], nil)
		if err != nil {
			w.t.Fatalf("a packet that is not protected as agreed: %v", err)
		}
		return plain[len(plain)-1]
	}
}

// TestABrowserTalksToATelephone: either calls, and either begins DTLS. What a
// browser says to its transport does not reach the telephone.
func TestABrowserTalksToATelephone(t *testing.T) {
	for _, c := range []struct {
		name          string
		webCalls, web bool // web: the browser begins DTLS
	}{{"calls", true, true}, {"is called", false, true}, {"is called and waits", false, false}} {
		t.Run(c.name, func(t *testing.T) {
			m := newMedia(t, rtp.Config{Web: true})
			s := m.Open(1)
			defer s.Close()
			w, p := newWeb(t), newPhone(t)
			w.active = c.web
			const browser, telephone = 1, 2
			s.SetPolicy(browser, Policy{Web: true, Signal: loopback})
			s.SetPolicy(telephone, Policy{Signal: loopback, Protection: Never})
			var toPhone []byte
			var err error
			if c.webCalls {
				if toPhone, err = s.Offer(browser, telephone, w.describes("actpass")); err != nil {
					t.Fatal(err)
				}
				toPhone = append([]byte(nil), toPhone...)
				out, err := s.Answer(telephone, browser, p.says())
				if err != nil {
					t.Fatal(err)
				}
				w.reads(out)
			} else {
				out, err := s.Offer(telephone, browser, p.says())
				if err != nil {
					t.Fatal(err)
				}
				w.reads(out)
				if w.setup != "actpass" {
					t.Errorf("setup %s is offered", w.setup)
				}
				setup := "active"
				if !c.web {
					setup = "passive"
				}
				if toPhone, err = s.Answer(browser, telephone, w.describes(setup)); err != nil {
					t.Fatal(err)
				}
			}
			for _, word := range []string{"TLS", "fingerprint", "ice-", "candidate", "extmap", "rtcp-fb", "mid", "BUNDLE", "AVPF", "ssrc"} {
				if strings.Contains(string(toPhone), word) {
					t.Errorf("the telephone is told of %s:\n%s", word, toPhone)
				}
			}
			s.Bridge(browser, telephone)
			w.connects()
			if got := exchange(t, w, p, parsed(t, toPhone), 'a'); got != "" {
				t.Error(got)
			}
		})
	}
}

// exchange has both say something until they are heard, and reports what was not.
func exchange(t *testing.T, w *web, p *phone, toPhone *sdp.Desc, fill byte) string {
	t.Helper()
	at := netip.AddrPortFrom(loopback, toPhone.Media()[0].Port)
	b := make([]byte, 1500)
	heard, hears := false, false
	for i := range uint16(20) { // our side may have the keys a moment later
		w.says(i+uint16(fill)*100, fill)
		p.send(at, packet(i+uint16(fill)*100, 0, fill+1))
		_ = p.c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := p.c.Read(b); err == nil && b[n-1] == fill {
			heard = true
		}
		if heard && w.hears(50*time.Millisecond) == fill+1 {
			hears = true
		}
		if heard && hears {
			return ""
		}
	}
	return fmt.Sprintf("the telephone hears the browser: %v; the other way: %v", heard, hears)
}

func (p *phone) send(to netip.AddrPort, b []byte) {
	p.t.Helper()
	if _, err := p.c.WriteToUDPAddrPort(b, to); err != nil {
		p.t.Fatal(err)
	}
}

// called has a browser call a telephone, up to the answer.
func called(t *testing.T, m *Media) (s *Session, w *web, p *phone, toPhone *sdp.Desc) {
	t.Helper()
	s = m.Open(1)
	t.Cleanup(s.Close)
	w, p = newWeb(t), newPhone(t)
	s.SetPolicy(1, Policy{Web: true, Signal: loopback})
	s.SetPolicy(2, Policy{Signal: loopback, Protection: Never})
	out, err := s.Offer(1, 2, w.describes("actpass"))
	if err != nil {
		t.Fatal(err)
	}
	toPhone = parsed(t, append([]byte(nil), out...))
	if out, err = s.Answer(2, 1, p.says()); err != nil {
		t.Fatal(err)
	}
	w.reads(out)
	s.Bridge(1, 2)
	return s, w, p, toPhone
}

// TestABrowserIsWhoItSaid: who shows another certificate than described, or none,
// is not heard and hears nothing, and that is told.
func TestABrowserIsWhoItSaid(t *testing.T) {
	notes := make(chan rtp.Note, 10)
	m := newMedia(t, rtp.Config{Web: true, Notify: func(n rtp.Note) { notes <- n }})
	s, w, p, toPhone := called(t, m)
	if _, err := w.binds(w.phone, w.secret2, true); err != nil {
		t.Fatal(err)
	}
	w.cert = newWeb(t).cert // somebody else's
	if err := w.agrees(); err == nil {
		// The client is done before we have seen its certificate; it can say what it likes.
		w.says(1, 'x')
	}
	select {
	case n := <-notes:
		if n.Kind != rtp.Unproved || n.Leg != 1 {
			t.Errorf("%+v is told", n)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing is told")
	}
	p.send(netip.AddrPortFrom(loopback, toPhone.Media()[0].Port), packet(1, 0, 'y'))
	w.send(w.at, packet(2, 0, 'z')) // plain
	_ = p.c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	b := make([]byte, 1500)
	if n, err := p.c.Read(b); err == nil {
		t.Errorf("the telephone hears %q", b[n-1])
	}
	_ = w.c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	for {
		n, err := w.c.Read(b)
		if err != nil {
			break
		}
		if b[0] >= 128 {
			t.Errorf("%d bytes of sound went to who is nobody", n)
		}
	}
	_ = s
}

// TestNobodyComesBetween: who has seen the names of ICE but not the password gets
// no answer, cannot begin DTLS, is not heard, and moves nobody's sound.
func TestNobodyComesBetween(t *testing.T) {
	m := newMedia(t, rtp.Config{Web: true})
	_, w, p, toPhone := called(t, m)
	thief := newPhone(t)
	if _, err := w.binds(thief, "a guess of twenty-four ch", true); err == nil {
		t.Fatal("a guess of the password is answered")
	}
	w.connects()
	if _, err := w.binds(thief, "a guess of twenty-four ch", true); err == nil {
		t.Fatal("a guess of the password is answered")
	}
	for i := range uint16(50) {
		thief.send(w.at, packet(i, 0, 'x'))
		thief.send(w.at, []byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, byte(i), 0, 1, 1}) // DTLS
	}
	if got := exchange(t, w, p, toPhone, 'a'); got != "" {
		t.Error(got)
	}
	_ = thief.c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := thief.c.Read(make([]byte, 1500)); err == nil {
		t.Errorf("%d bytes bled", n)
	}
}

// TestABrowserMoves: to another network, first by ICE alone and then by a restart;
// sound goes on over the new way and no longer over the old.
func TestABrowserMoves(t *testing.T) {
	m := newMedia(t, rtp.Config{Web: true})
	s, w, p, toPhone := called(t, m)
	w.connects()
	if got := exchange(t, w, p, toPhone, 'a'); got != "" {
		t.Fatal(got)
	}
	old := w.phone
	w.phone = newPhone(t)
	if _, err := w.binds(w.phone, w.secret2, true); err != nil {
		t.Fatal("ICE from the other network:", err)
	}
	if got := exchange(t, w, p, toPhone, 'c'); got != "" {
		t.Fatal("after it moved:", got)
	}
	ours := w.ours
	w.name, w.secret = "anew", "anotherpasswordofit123456"
	out, ok := s.Settle(1, w.describes("actpass"))
	if !ok {
		t.Fatal("the telephone would be asked about a restart of ICE")
	}
	w.reads(out)
	if !strings.Contains(string(out), " 8 0\r\n") || !strings.Contains(string(out), "a=sendrecv\r\n") {
		t.Errorf("another answer than was agreed on:\n%s", out)
	}
	for _, change := range []string{"sendonly", "inactive"} {
		if _, ok := s.Settle(1, w.describes("actpass", change)); ok {
			t.Errorf("%s concerns the telephone too", change)
		}
	}
	if w.ours == ours {
		t.Error("ICE begins anew and our name is the old one (RFC 8839 §4.4.1.1)")
	}
	if got := exchange(t, w, p, toPhone, 'e'); got != "" {
		t.Error("until the restart comes through:", got)
	}
	w.phone = newPhone(t)
	if _, err := w.binds(w.phone, w.secret2, true); err != nil {
		t.Fatal("ICE after the restart:", err)
	}
	if got := exchange(t, w, p, toPhone, 'g'); got != "" {
		t.Error("after the restart:", got)
	}
	_ = old.c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	for b := make([]byte, 1500); ; {
		n, err := old.c.Read(b)
		if err != nil {
			break
		}
		if plain, err := w.in.DecryptRTP(nil, b[:n], nil); err == nil && plain[len(plain)-1] > 'd' {
			t.Error("sound still goes to the network it left")
		}
	}
}

// TestATelephoneAgreesOnKeysWithoutICE: DTLS-SRTP of RFC 5763 on ports of its own;
// what it cannot prove is refused.
func TestATelephoneAgreesOnKeysWithoutICE(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	defer s.Close()
	w, p := newWeb(t), newPhone(t)
	s.SetPolicy(1, Policy{Signal: loopback})
	s.SetPolicy(2, Policy{Signal: loopback, Protection: Never})
	offer := []byte(fmt.Sprintf("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=fingerprint:SHA-256 %s\r\nm=audio %d UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n",
		strings.ToLower(w.fingerprint()), w.port()))
	out, err := s.Offer(1, 2, offer)
	if err != nil {
		t.Fatal(err)
	}
	toPhone := parsed(t, append([]byte(nil), out...))
	if out, err = s.Answer(2, 1, p.says()); err != nil {
		t.Fatal(err)
	}
	text := string(out)
	if !strings.Contains(text, " UDP/TLS/RTP/SAVP 8 0\r\n") || !strings.Contains(text, "a=setup:passive\r\n") || strings.Contains(text, "ice") {
		t.Fatalf("no answer for it:\n%s", text)
	}
	_, rest, _ := strings.Cut(text, "a=fingerprint:sha-256 ")
	w.shown, _, _ = strings.Cut(rest, "\r\n")
	w.at = netip.AddrPortFrom(loopback, parsed(t, out).Media()[0].Port)
	s.Bridge(1, 2)
	if err := w.agrees(); err != nil {
		t.Fatal(err)
	}
	if got := exchange(t, w, p, toPhone, 'a'); got != "" {
		t.Error(got)
	}
	for _, bad := range []string{"fingerprint:sha-1 00:11", "setup:actpass"} {
		text := fmt.Sprintf("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d UDP/TLS/RTP/SAVP 0\r\na=%s\r\n", w.port(), bad)
		x := m.Open(2)
		if _, err := x.Offer(1, Nobody, []byte(text)); err == nil {
			t.Errorf("%s is taken", bad)
		}
		x.Close()
	}
}

// TestABrowserThatIsGone is told of, though it was held and nothing was expected
// to be heard of it: its keep-alives have ended.
func TestABrowserThatIsGone(t *testing.T) {
	var ahead, asked atomic.Int64
	base := time.Now()
	notes := make(chan rtp.Note, 10)
	now := func() int64 {
		defer asked.Add(1)
		return int64(time.Since(base)) + ahead.Load()
	}
	m := newMedia(t, rtp.Config{Web: true, Now: now, Notify: func(n rtp.Note) { notes <- n }})
	_, w, _, _ := called(t, m)
	w.connects()
	ahead.Add(int64(20 * time.Second))
	// It is there. The first packet may be counted at the time before the leap, if
	// that was read already: several readings later none is.
	for from := asked.Load(); asked.Load() < from+4; {
		if _, err := w.binds(w.phone, w.secret2, false); err != nil {
			t.Fatal(err)
		}
	}
	ahead.Add(int64(20 * time.Second))
	select {
	case n := <-notes:
		t.Errorf("20 s after its last keep-alive %+v is told", n)
	case <-time.After(300 * time.Millisecond):
	}
	ahead.Add(int64(6 * time.Second))
	select {
	case n := <-notes:
		if n.Kind != rtp.Silent || n.Leg != 1 {
			t.Errorf("%+v is told", n)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing is told")
	}
}
