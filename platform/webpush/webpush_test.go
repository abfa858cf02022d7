package webpush

import (
	"bytes"
	"crypto/ecdh"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/platform/webpush/webpushtest"
)

// TestTheExampleOfTheStandard: the message of RFC 8291 appendix A comes out byte for byte.
func TestTheExampleOfTheStandard(t *testing.T) {
	t.Parallel()
	b := func(s string) []byte {
		t.Helper()
		out, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	to, err := ecdh.P256().NewPublicKey(b("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdh.P256().NewPrivateKey(b("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := sealed(to, b("BTBZMqHH6r4Tts7J_aSIgg"), []byte("When I grow up, I want to be a watermelon"), key, b("DGv6ra1nlYgDCS1FRnbzlw"))
	if err != nil {
		t.Fatal(err)
	}
	want := "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_" +
		"yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if s := base64.RawURLEncoding.EncodeToString(got); s != want {
		t.Errorf("made\n%s\nand not\n%s", s, want)
	}
}

func loopback(a netip.Addr) bool { return a.IsLoopback() }

func sender(t *testing.T, may func(netip.Addr) bool, service *webpushtest.Service) *Sender {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(raw) // as after a start
	if err != nil || again.Public() != key.Public() {
		t.Fatalf("the key was not kept: %v", err)
	}
	roots := x509.NewCertPool()
	if service != nil && service.Certificate() != nil {
		roots.AddCert(service.Certificate())
	}
	return New(Config{Key: again, Contact: "mailto:keeper@callisto.example", May: may, Roots: roots, Now: time.Now})
}

func of(b *webpushtest.Browser) Subscription { return Subscription{b.Endpoint, b.P256DH, b.Auth} }

// TestWhatIsSentIsRead: what a browser opens is what was sent, with all that a push
// service asks for.
func TestWhatIsSentIsRead(t *testing.T) {
	t.Parallel()
	service := webpushtest.New(t, true)
	s := sender(t, loopback, service)
	b := service.Subscribe("phone")
	for _, text := range []string{"", "Mina is calling", strings.Repeat("김", MostPayload/3)} {
		if err := s.Send(t.Context(), of(b), []byte(text), 25*time.Second, High, "call_1"); err != nil {
			t.Fatal(err)
		}
		x := service.Next(t)
		if !bytes.Equal(x.Payload, []byte(text)) || x.TTL != 25*time.Second || x.Urgency != "high" || x.Topic != "call_1" || x.Key != s.Public() || x.Contact != "mailto:keeper@callisto.example" {
			t.Errorf("of %d bytes came %+v", len(text), x)
		}
	}
	if err := s.Wake(t.Context(), b.Endpoint, time.Minute, "call_2"); err != nil { // a telephone has no keys
		t.Error(err)
	} else if x := service.Next(t); x.Payload != nil || x.TTL != time.Minute || x.Urgency != "high" || x.Topic != "call_2" || x.Key != s.Public() {
		t.Errorf("without content: %+v", x)
	}
	if err := s.Send(t.Context(), of(b), make([]byte, MostPayload+1), time.Minute, High, ""); !errors.Is(err, ErrRefused) {
		t.Errorf("more than a record: %v", err)
	}
	padded := of(b)
	padded.P256DH += "="
	if err := s.Check(padded); err != nil {
		t.Errorf("padding: %v", err)
	}
}

// TestWhatAPushServiceAnswers: who sends knows what to do about each answer.
func TestWhatAPushServiceAnswers(t *testing.T) {
	t.Parallel()
	service := webpushtest.New(t, true)
	s := sender(t, loopback, service)
	b := service.Subscribe("phone")
	send := func() error { return s.Send(t.Context(), of(b), []byte("x"), time.Minute, Normal, "") }
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		if b.Answers(status, nil); !errors.Is(send(), ErrGone) {
			t.Errorf("%d: not gone", status)
		}
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge} {
		if b.Answers(status, nil); !errors.Is(send(), ErrRefused) {
			t.Errorf("%d: not refused", status)
		}
	}
	b.Answers(http.StatusTemporaryRedirect, map[string]string{"Location": service.URL + "/push/other"})
	if service.Subscribe("other"); !errors.Is(send(), ErrRefused) {
		t.Error("it followed elsewhere")
	}
	if _, none := service.None(); !none {
		t.Error("a message went elsewhere")
	}
	for header, want := range map[string]time.Duration{"": 0, "120": 2 * time.Minute, "999999999999": longest, "9999999": longest, "soon": 0, "-4": 0,
		time.Now().Add(time.Hour).UTC().Format(http.TimeFormat): time.Hour} {
		b.Answers(http.StatusTooManyRequests, map[string]string{"Retry-After": header})
		var later *Later
		if err := send(); !errors.As(err, &later) || later.After > want || later.After < want-5*time.Minute || want == 0 && later.After != 0 {
			t.Errorf("Retry-After %q: %v", header, err)
		}
	}
	service.Close()
	var later *Later
	if err := send(); !errors.As(err, &later) || strings.Contains(err.Error(), b.Endpoint) {
		t.Errorf("out of order: %v", err)
	}
}

// TestWhereNothingIsSent: an address of a private network, of ours, or of no push
// service is refused when it is given, and when its name leads there.
func TestWhereNothingIsSent(t *testing.T) {
	t.Parallel()
	service := webpushtest.New(t, true)
	b := service.Subscribe("phone")
	s := sender(t, func(a netip.Addr) bool { return !a.IsLoopback() && !a.IsPrivate() }, service)
	for _, endpoint := range []string{
		b.Endpoint, "http://push.example/x", "https://10.0.0.1/x", "https://[::1]/x", "https://user@push.example/x", "https://", "https://:443/x", "file:///etc/passwd", "https://push.example/#x", "x",
		"https://push.example/" + strings.Repeat("x", mostEndpoint),
	} {
		if err := s.Check(Subscription{endpoint, b.P256DH, b.Auth}); !errors.Is(err, ErrEndpoint) {
			t.Errorf("%.40s was taken: %v", endpoint, err)
		}
		if err := s.CheckResource(endpoint); !errors.Is(err, ErrEndpoint) {
			t.Errorf("%.40s was taken for a telephone: %v", endpoint, err)
		}
	}
	byName := of(b)
	byName.Endpoint = strings.Replace(b.Endpoint, "127.0.0.1", "localhost", 1)
	if err := s.Check(byName); err != nil {
		t.Errorf("a name is looked at when it is dialled: %v", err)
	}
	if err := s.Send(t.Context(), byName, nil, time.Minute, High, ""); !errors.Is(err, ErrEndpoint) || b.Asked() != 0 {
		t.Errorf("a name that leads here: %v", err)
	}
	for what, sub := range map[string]Subscription{
		"no key": {byName.Endpoint, "", b.Auth}, "half a key": {byName.Endpoint, b.P256DH[:40], b.Auth}, "no point": {byName.Endpoint, "BA" + strings.Repeat("A", 85), b.Auth},
		"short secret": {byName.Endpoint, b.P256DH, "AAAA"}, "letters": {byName.Endpoint, b.P256DH, "!"},
	} {
		if err := s.Check(sub); !errors.Is(err, ErrEndpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAKeyThatIsNone: what is no key is refused at the start, not when something rings.
func TestAKeyThatIsNone(t *testing.T) {
	t.Parallel()
	for _, raw := range [][]byte{nil, make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), make([]byte, 31)} {
		if _, err := ParseKey(raw); err == nil {
			t.Errorf("%s was read", fmt.Sprintf("%x", raw))
		}
	}
}

// TestNobodyToWriteTo: where the house names nobody, its messages do not either
// (RFC 8292 §2.1: sub is optional), instead of an address that nobody reads.
func TestNobodyToWriteTo(t *testing.T) {
	t.Parallel()
	service := webpushtest.New(t, true)
	s := sender(t, loopback, service)
	for contact, want := range map[string]string{"": `{"aud":"A","exp":E}`, "https://tel.example": `{"aud":"A","exp":E,"sub":"https://tel.example"}`} {
		s.cfg.Contact = contact
		if err := s.Wake(t.Context(), service.Subscribe("phone").Endpoint, time.Minute, ""); err != nil {
			t.Fatal(err)
		}
		if x := service.Next(t); x.Contact != contact {
			t.Errorf("its keeper is told %q", x.Contact)
		}
		now := time.Unix(1_800_000_000, 0)
		proof, err := s.cfg.Key.authorization("A", contact, now)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(proof, ".")[1])
		if want = strings.Replace(want, "E", strconv.FormatInt(now.Add(signedFor).Unix(), 10), 1); err != nil || string(claims) != want {
			t.Errorf("it claims %s %v", claims, err)
		}
	}
}
