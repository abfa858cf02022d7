// Package webpushtest is a push service for tests, with the browsers that
// subscribed to it (RFC 8030). It shares no code with the sender: it opens messages
// by the steps of RFC 8188 and RFC 8291 and checks signatures by those of RFC 8292.
package webpushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Received is a message as a browser gets it.
type Received struct {
	To      string // the name of the browser
	Payload []byte
	TTL     time.Duration
	Urgency string
	Topic   string
	Contact string
	Key     string // of who sent it
}

// Service is a push service.
type Service struct {
	*httptest.Server
	t        testing.TB
	mu       sync.Mutex
	browsers map[string]*Browser
	got      chan Received
}

// Browser is one that subscribed.
type Browser struct {
	Endpoint, P256DH, Auth string
	private                *ecdh.PrivateKey
	auth                   []byte
	service                *Service
	status                 int
	header                 map[string]string
	asked                  int
}

// New starts a service: by TLS if secure.
func New(t testing.TB, secure bool) *Service {
	t.Helper()
	s := &Service{t: t, browsers: map[string]*Browser{}, got: make(chan Received, 100)}
	if secure {
		s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	} else {
		s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	}
	t.Cleanup(s.Close)
	return s
}

// Subscribe makes a browser with keys of its own.
func (s *Service) Subscribe(name string) *Browser {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	auth := make([]byte, 16)
	_, _ = rand.Read(auth)
	b64 := base64.RawURLEncoding
	b := &Browser{Endpoint: s.URL + "/push/" + name, P256DH: b64.EncodeToString(key.PublicKey().Bytes()), Auth: b64.EncodeToString(auth), private: key, auth: auth, service: s, status: http.StatusCreated}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers[name] = b
	return b
}

// Answers has the service answer so from now on.
func (b *Browser) Answers(status int, header map[string]string) {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	b.status, b.header = status, header
}

// Asked is how often something was sent to it.
func (b *Browser) Asked() int {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	return b.asked
}

// Next is the next message that was taken.
func (s *Service) Next(t testing.TB) Received {
	t.Helper()
	select {
	case x := <-s.got:
		return x
	case <-time.After(20 * time.Second):
		t.Fatal("no message came")
		return Received{}
	}
}

// None reports what was taken meanwhile, if anything was.
func (s *Service) None() (Received, bool) {
	select {
	case x := <-s.got:
		return x, false
	default:
		return Received{}, true
	}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/push/")
	s.mu.Lock()
	b := s.browsers[name]
	if b == nil {
		s.mu.Unlock()
		w.WriteHeader(http.StatusNotFound)
		return
	}
	b.asked++
	status, header := b.status, b.header
	s.mu.Unlock()
	for k, v := range header {
		w.Header().Set(k, v)
	}
	if status >= 300 {
		w.WriteHeader(status)
		return
	}
	x, err := b.read(r, s.URL)
	if err != nil {
		s.t.Errorf("a message that no push service would take, or no browser could read: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	x.To = name
	s.got <- x
	w.WriteHeader(status)
}

func (b *Browser) read(r *http.Request, origin string) (x Received, err error) {
	empty := r.ContentLength == 0
	if r.Method != http.MethodPost || !empty && r.Header.Get("Content-Encoding") != "aes128gcm" {
		return x, fmt.Errorf("%s with %q", r.Method, r.Header.Get("Content-Encoding"))
	}
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	if err != nil {
		return x, fmt.Errorf("TTL: %w", err)
	}
	x.TTL, x.Urgency, x.Topic = time.Duration(ttl)*time.Second, r.Header.Get("Urgency"), r.Header.Get("Topic")
	if len(x.Topic) > 32 {
		return x, errors.New("a topic of more than 32 letters")
	}
	if x.Key, x.Contact, err = signed(r.Header.Get("Authorization"), origin); err != nil {
		return x, err
	}
	if empty {
		return x, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 8192))
	if err != nil || len(body) > 4096 {
		return x, fmt.Errorf("%d bytes: %w", len(body), err)
	}
	x.Payload, err = b.Open(body)
	return x, err
}

// signed checks the header that says who sends (RFC 8292).
func signed(header, origin string) (key, contact string, err error) {
	t, k, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	parts := strings.Split(t, ".")
	if !ok || len(parts) != 3 {
		return "", "", fmt.Errorf("the header %q", header)
	}
	var raw [4][]byte
	for i, s := range append(parts, k) {
		if raw[i], err = base64.RawURLEncoding.DecodeString(s); err != nil {
			return "", "", err
		}
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw[3])
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(raw[2]) != 64 || !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return "", "", errors.New("the signature is wrong")
	}
	var head struct{ Typ, Alg string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := errors.Join(json.Unmarshal(raw[0], &head), json.Unmarshal(raw[1], &claims)); err != nil {
		return "", "", err
	}
	left := time.Until(time.Unix(claims.Exp, 0))
	if head.Alg != "ES256" || claims.Aud != origin || left <= 0 || left > 24*time.Hour {
		return "", "", fmt.Errorf("the claims %s %s", raw[0], raw[1])
	}
	return k, claims.Sub, nil
}

// Open decrypts a message with the browser's private key, step by step as RFC 8291
// §3.4 and RFC 8188 §2 write it.
func (b *Browser) Open(body []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errors.New("it is too short")
	}
	salt, size, sender, text := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if int(size) < len(text) {
		return nil, errors.New("more than one record")
	}
	from, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	secret, err := b.private.ECDH(from)
	if err != nil {
		return nil, err
	}
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	one := []byte{1}
	ikm := mac(mac(b.auth, secret), []byte("WebPush: info\x00"), b.private.PublicKey().Bytes(), sender, one)
	prk := mac(salt, ikm)
	cek := mac(prk, []byte("Content-Encoding: aes128gcm\x00"), one)[:16]
	nonce := mac(prk, []byte("Content-Encoding: nonce\x00"), one)[:12]
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nonce, text, nil)
	if err != nil {
		return nil, err
	}
	end := len(plain) - 1
	for end >= 0 && plain[end] == 0 {
		end--
	}
	if end < 0 || plain[end] != 2 {
		return nil, errors.New("the record is not marked as the last one")
	}
	return plain[:end], nil
}
