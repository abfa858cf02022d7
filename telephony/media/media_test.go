package media

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
)

var loopback = netip.MustParseAddr("127.0.0.1") //nolint:gochecknoglobals // constant

func newMedia(t testing.TB, cfg rtp.Config) *Media {
	t.Helper()
	if cfg.MinPort == 0 {
		cfg.Addr4, cfg.MinPort, cfg.MaxPort = loopback, 42000, 45999
	}
	e, err := rtp.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return New(e, NewPrompts())
}

// phone is a telephone of a test: a socket and what it says of it.
type phone struct {
	t testing.TB
	c *net.UDPConn
}

func newPhone(t testing.TB) *phone {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &phone{t, c}
}

func (p *phone) port() int { return p.c.LocalAddr().(*net.UDPAddr).Port }

// says is a description of the phone's, with further attribute lines.
func (p *phone) says(attrs ...string) []byte {
	s := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8 0\r\n", p.port())
	for _, a := range attrs {
		s += "a=" + a + "\r\n"
	}
	return []byte(s)
}

func parsed(t testing.TB, text []byte) *sdp.Desc {
	t.Helper()
	var d sdp.Desc
	if err := d.Parse(bytes.Clone(text)); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return &d
}

func pkt(text string) []byte {
	return append([]byte{0x80, 8, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, text...)
}

// talk has a phone send to where a description says, and the other hear it.
func talk(t testing.TB, from *phone, toldFrom []byte, to *phone, what string) {
	t.Helper()
	if _, err := from.c.WriteToUDPAddrPort(pkt(what), parsed(t, toldFrom).Media()[0].RTPAddr()); err != nil {
		t.Fatal(err)
	}
	if got := to.next(); !bytes.Equal(got, pkt(what)) {
		t.Fatalf("heard %q, want %q", got, pkt(what))
	}
}

func (p *phone) next() []byte {
	buf := make([]byte, 2048)
	_ = p.c.SetReadDeadline(time.Now().Add(2 * time.Second))
	n, err := p.c.Read(buf)
	if err != nil {
		p.t.Fatal("nothing is heard")
	}
	return buf[:n]
}

// must copies a description out of the session's buffer.
func must(t testing.TB) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(b)
	}
}

func TestCallWithHold(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	a, b := newPhone(t), newPhone(t)
	s.SetPolicy(1, Policy{Signal: loopback})
	s.SetPolicy(2, Policy{Signal: loopback})
	toB := must(t)(s.Offer(1, 2, a.says("rtcp-mux", "candidate:1 1 udp 1 127.0.0.1 9 typ host")))
	toA := must(t)(s.Answer(2, 1, b.says()))
	s.Bridge(1, 2)
	talk(t, a, toA, b, "hello")
	talk(t, b, toB, a, "hello back")
	if strings.Contains(string(toB), "candidate") || strings.Contains(string(toB), fmt.Sprint(a.port())) || strings.Contains(string(toA), "rtcp-mux") {
		t.Errorf("to B:\n%s\nto A:\n%s", toB, toA)
	}
	// B answers a hold wrongly with sendrecv; A is told what it must be told.
	held := must(t)(s.Offer(1, 2, a.says("sendonly")))
	answer := must(t)(s.Answer(2, 1, b.says("sendrecv")))
	if d := parsed(t, held).Media()[0].Dir; d != sdp.SendOnly {
		t.Errorf("the hold arrives as %s", d)
	}
	if d := parsed(t, answer).Media()[0].Dir; d != sdp.RecvOnly {
		t.Errorf("the hold is answered %s", d)
	}
	if x, y := parsed(t, toB).Media()[0].Port, parsed(t, held).Media()[0].Port; x != y {
		t.Errorf("the port changed from %d to %d", x, y)
	}
	talk(t, a, toA, b, "music")
	// Taken back by B, from another socket: it announced it, so it may.
	b2 := newPhone(t)
	toA2 := must(t)(s.Offer(2, 1, b2.says()))
	must(t)(s.Answer(1, 2, a.says()))
	talk(t, a, toA2, b2, "moved")
	talk(t, b2, toB, a, "indeed")
	st := s.Stats(nil, 2)
	if len(st) != 1 || st[0].Announced.Port() != uint16(b2.port()) || st[0].Packets != 2 && st[0].Packets != 1 {
		t.Errorf("counted %+v", st)
	}
	if n := s.Ports(); n != 2 {
		t.Errorf("%d pairs for two lines", n)
	}
	s.Close()
	if n, _ := m.rtp.InUse(); n != 0 {
		t.Errorf("%d pairs remain", n)
	}
}

// TestKeysForOneWhoIsToldThemBySignalling: he is offered no telephone events;
// the other side may send them all the same, they are heard here and go no
// further.
func TestKeysForOneWhoIsToldThemBySignalling(t *testing.T) {
	keys := make(chan byte, 4)
	m := newMedia(t, rtp.Config{Addr4: loopback, MinPort: 46000, MaxPort: 46099, Notify: func(n rtp.Note) { keys <- n.Digit }})
	s := m.Open(1)
	defer s.Close()
	a, b := newPhone(t), newPhone(t)
	s.SetPolicy(1, Policy{Signal: loopback})
	s.SetPolicy(2, Policy{Signal: loopback, Codecs: []string{"PCMA"}, NoEvents: true})
	says := bytes.Replace(a.says("rtpmap:101 telephone-event/8000", "fmtp:101 0-15"), []byte("8 0\r\n"), []byte("0 8 101\r\n"), 1)
	toB := must(t)(s.Offer(1, 2, says))
	if text := string(toB); strings.Contains(text, "telephone-event") || strings.Contains(text, "fmtp") || string(parsed(t, toB).Media()[0].Formats) != "8" {
		t.Fatalf("offered\n%s", text)
	}
	toA := must(t)(s.Answer(2, 1, bytes.Replace(b.says(), []byte("8 0\r\n"), []byte("8\r\n"), 1)))
	if d := parsed(t, toA).Media()[0]; d.DTMF != 101 || string(d.Formats) != "8 101" {
		t.Fatalf("answered\n%s", toA)
	}
	s.Bridge(1, 2)
	event := append([]byte{0x80, 101, 0, 2, 0, 0, 0, 9, 1, 2, 3, 4}, 7, 0x8a, 0, 160)
	if _, err := a.c.WriteToUDPAddrPort(event, parsed(t, toA).Media()[0].RTPAddr()); err != nil {
		t.Fatal(err)
	}
	talk(t, a, toA, b, "after the key") // it is what comes first
	select {
	case k := <-keys:
		if k != '7' {
			t.Errorf("heard key %c", k)
		}
	case <-time.After(2 * time.Second):
		t.Error("the key was not heard")
	}
	if _, err := s.Offer(1, 2, a.says("rtpmap:8 PCMA/8000")); err != nil {
		t.Error(err)
	}
	s.SetPolicy(2, Policy{Codecs: []string{"G729"}})
	if _, err := s.Offer(1, 2, a.says()); !errors.Is(err, sdp.ErrCodec) {
		t.Errorf("no codec is left, and yet: %v", err)
	}
}

func TestForkedEarlyMedia(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	defer s.Close()
	a, b, c := newPhone(t), newPhone(t), newPhone(t)
	toB := must(t)(s.Offer(1, 2, a.says()))
	toC := must(t)(s.Offer(1, 3, a.says()))
	if parsed(t, toB).Media()[0].Port == parsed(t, toC).Media()[0].Port {
		t.Fatal("two terminals share a port")
	}
	early := must(t)(s.Answer(2, 1, b.says()))
	s.Bridge(1, 2)
	talk(t, b, toB, a, "ringing tone")
	final := must(t)(s.Answer(3, 1, c.says()))
	s.Bridge(1, 3)
	s.Drop(2)
	if !bytes.Equal(early, final) {
		t.Errorf("the same answer twice, with other words:\n%s\n%s", early, final)
	}
	talk(t, c, toC, a, "hello")
	talk(t, a, final, c, "who is there")
	if n := s.Ports(); n != 2 {
		t.Errorf("%d pairs", n)
	}
}

func TestLateOffer(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	defer s.Close()
	a, b := newPhone(t), newPhone(t)
	toA := must(t)(s.Offer(2, 1, b.says())) // in B's 200
	toB := must(t)(s.Answer(1, 2, a.says()))
	s.Bridge(1, 2)
	talk(t, a, toA, b, "hello")
	talk(t, b, toB, a, "hello back")
}

func TestAloneWithAPrompt(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	m.prompts.byName["closed"] = prompt{ulaw: bytes.Repeat([]byte{1}, 320), alaw: bytes.Repeat([]byte{2}, 320)}
	for _, late := range []bool{false, true} {
		s := m.Open(1)
		a := newPhone(t)
		if late {
			must(t)(s.Offer(Nobody, 1, nil))
			must(t)(s.Answer(1, Nobody, a.says()))
		} else {
			out := must(t)(s.Offer(1, Nobody, a.says()))
			if f := parsed(t, out).Media()[0].Formats; string(f) != "8" {
				t.Errorf("answered with %s", f)
			}
		}
		if err := s.Play(1, "closed"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if b := a.next(); len(b) != 172 || b[1]&0x7F != 8 || b[12] != 2 {
				t.Fatalf("heard %x", b)
			}
		}
		if err := s.Play(1, "nothing"); !errors.Is(err, ErrPrompt) {
			t.Error(err)
		}
		if err := s.Play(2, "closed"); !errors.Is(err, ErrDeaf) {
			t.Error(err)
		}
		s.Close()
	}
}

func TestRefusals(t *testing.T) {
	m := newMedia(t, rtp.Config{Addr4: loopback, MinPort: 46000, MaxPort: 46001})
	s := m.Open(1)
	a := newPhone(t)
	if _, err := s.Offer(1, 2, []byte("junk")); !errors.Is(err, sdp.ErrSyntax) {
		t.Error(err)
	}
	if _, err := s.Answer(2, 1, a.says()); !errors.Is(err, ErrNoOffer) {
		t.Error(err)
	}
	must(t)(s.Offer(1, 2, a.says()))
	if _, err := s.Offer(1, 3, a.says()); !errors.Is(err, rtp.ErrPorts) {
		t.Error(err)
	}
	s.Drop(2)
	s.Close()
	if n, resting := m.rtp.InUse(); n != 0 || resting != 1 {
		t.Errorf("%d taken, %d resting", n, resting)
	}
}

func TestAdvertisedAddressAndLostLines(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	defer s.Close()
	a, b := newPhone(t), newPhone(t)
	s.SetPolicy(2, Policy{Advertise: netip.MustParseAddr("198.51.100.1")})
	video := append(a.says(), "m=video 5004 RTP/AVP 96\r\nm=application 9 TCP/BFCP *\r\n"...)
	d := parsed(t, must(t)(s.Offer(1, 2, video)))
	if ms := d.Media(); len(ms) != 3 || ms[1].Port == 0 || ms[2].Port != 0 || ms[0].Addr.String() != "198.51.100.1" {
		t.Errorf("%+v", ms)
	}
	// B leaves the lines it does not know away: A gets as many as it offered.
	d = parsed(t, must(t)(s.Answer(2, 1, b.says())))
	if ms := d.Media(); len(ms) != 3 || ms[0].Port == 0 || ms[1].Port != 0 || string(ms[1].Kind) != "video" || ms[2].Port != 0 {
		t.Errorf("%+v", ms)
	}
	// And its next offer with one line is still one of three to A.
	d = parsed(t, must(t)(s.Offer(2, 1, b.says("sendonly"))))
	if ms := d.Media(); len(ms) != 3 || ms[0].Dir != sdp.SendOnly {
		t.Errorf("%+v", ms)
	}
}

// BenchmarkCall measures the sound side of one call: session, offer, answer,
// bridge, close.
// TestAStrangerNamesAnAddressThatIsNotHis: nothing is sent there; he is heard,
// and sent to, where his packets come from.
func TestAStrangerNamesAnAddressThatIsNotHis(t *testing.T) {
	m := newMedia(t, rtp.Config{})
	s := m.Open(1)
	defer s.Close()
	a, victim, b := newPhone(t), newPhone(t), newPhone(t)
	s.SetPolicy(1, Policy{Signal: loopback})
	s.SetPolicy(2, Policy{Signal: loopback, May: func(netip.Addr) bool { return false }})
	toB := must(t)(s.Offer(1, 2, a.says()))
	toA := must(t)(s.Answer(2, 1, victim.says()))
	s.Bridge(1, 2)
	talk(t, b, toB, a, "hello")
	talk(t, a, toA, b, "hello back")
	if err := victim.c.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := victim.c.ReadFrom(make([]byte, 1500)); err == nil {
		t.Errorf("%d bytes came where a stranger pointed", n)
	}
}

func BenchmarkCall(b *testing.B) {
	m := newMedia(b, rtp.Config{Addr4: loopback, MinPort: 46000, MaxPort: 49999, Prebind: 500, Quarantine: 1})
	x, y := newPhone(b).says(), newPhone(b).says()
	b.ReportAllocs()
	for b.Loop() {
		s := m.Open(1)
		if _, err := s.Offer(1, 2, x); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Answer(2, 1, y); err != nil {
			b.Fatal(err)
		}
		s.Bridge(1, 2)
		s.Close()
	}
}
