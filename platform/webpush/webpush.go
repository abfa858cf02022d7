// Package webpush sends messages to what sleeps, a browser or a telephone, by the
// push service of its maker (RFC 8030): encrypted, so that the service cannot read
// them (RFC 8291), and signed, so that nobody else sends in our name (RFC 8292).
// It sends to nowhere in our own network, follows nobody elsewhere, and not for
// long. Whoever sends chooses what to do about a failure: the errors say which.
package webpush

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What came of a message.
var (
	// ErrGone says that there is no such subscription any more, and will be none.
	ErrGone = errors.New("the push service knows no such subscription any more")
	// ErrRefused says that this message will never be taken.
	ErrRefused = errors.New("the push service refuses the message")
	// ErrEndpoint says that an address, or the keys that came with it, are none that
	// anything is sent to.
	ErrEndpoint = errors.New("that is no push subscription that can be sent to")
)

// Later says that a message was not taken now. After is how long the service wants
// us to wait; 0: it did not say.
type Later struct {
	After time.Duration
	why   string
}

func (l *Later) Error() string { return "the push service took nothing: " + l.why }

// Urgency is how much of a battery a message is worth (RFC 8030 §5.3).
type Urgency string

// The urgencies that are used.
const (
	Normal Urgency = "normal"
	High   Urgency = "high"
)

// Subscription is where what sleeps is reached, as it made it itself. Whoever
// knows it can only send to it with our key.
type Subscription struct {
	Endpoint string
	P256DH   string // its key, base64url
	Auth     string // what it shares with whoever may send, base64url
}

// MostPayload is the longest message: with its frame one record of 4096 bytes,
// which every service takes (RFC 8291 §4).
const MostPayload = 3993

// mostEndpoint is longer than any address of a push service.
const mostEndpoint = 1024

// Config describes a Sender.
type Config struct {
	Key     *Key                  // of this house
	Contact string                // https: or mailto:, for the keepers of push services; "": nobody is named
	May     func(netip.Addr) bool // whether an address may be sent to
	Plain   bool                  // http will do, in trials
	Roots   *x509.CertPool        // nil: those of the system
	Now     func() time.Time
}

// Sender sends.
type Sender struct {
	cfg    Config
	client *http.Client
}

const (
	patience = 10 * time.Second
	mostRead = 16 * 1024 // of an answer, to use the connection again
)

var errClosed = errors.New("the address leads to a network that nothing is sent to: it is private, or our own")

// New returns a Sender.
func New(cfg Config) *Sender {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !cfg.May(to.Addr()) {
			return errClosed
		}
		return nil
	}}
	return &Sender{cfg, &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: patience, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 16 * 1024, DisableCompression: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Public is the key by which subscriptions are made for us, base64url.
func (s *Sender) Public() string { return s.cfg.Key.Public() }

// Check reports whether a subscription can be sent to at all, before it is kept.
func (s *Sender) Check(sub Subscription) error {
	_, err := s.origin(sub.Endpoint)
	if err == nil {
		_, _, err = keysOf(sub)
	}
	return err
}

// CheckResource is the same of a push resource, which has no keys (see Wake).
func (s *Sender) CheckResource(endpoint string) error {
	_, err := s.origin(endpoint)
	return err
}

// origin is the service an address is of, whose name the signature holds.
func (s *Sender) origin(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || len(endpoint) > mostEndpoint || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return "", ErrEndpoint
	case u.Scheme != "https" && (u.Scheme != "http" || !s.cfg.Plain):
		return "", ErrEndpoint
	}
	if ip, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]")); err == nil && !s.cfg.May(ip) { // a name is looked at when it is dialled
		return "", ErrEndpoint
	}
	return u.Scheme + "://" + u.Host, nil
}

// keysOf reads the keys of a subscription.
func keysOf(sub Subscription) (*ecdh.PublicKey, []byte, error) {
	point, err := unBase64(sub.P256DH)
	if err != nil {
		return nil, nil, ErrEndpoint
	}
	key, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, nil, ErrEndpoint
	}
	auth, err := unBase64(sub.Auth)
	if err != nil || len(auth) != authSize {
		return nil, nil, ErrEndpoint
	}
	return key, auth, nil
}

// unBase64 reads base64url with or without its padding, as browsers differ.
func unBase64(s string) ([]byte, error) {
	if len(s) > 2*mostEndpoint {
		return nil, ErrEndpoint
	}
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
}

// Send hands a message to the push service of a subscription. The service keeps
// it for ttl if it cannot be delivered at once; of those with the same topic (at
// most 32 letters of base64url) it keeps the last.
func (s *Sender) Send(ctx context.Context, sub Subscription, payload []byte, ttl time.Duration, urgency Urgency, topic string) error {
	origin, err := s.origin(sub.Endpoint)
	if err != nil {
		return err
	}
	key, auth, err := keysOf(sub)
	if err != nil {
		return err
	}
	if len(payload) > MostPayload {
		return fmt.Errorf("%w: it has %d bytes, more than %d", ErrRefused, len(payload), MostPayload)
	}
	body, err := encrypt(key, auth, payload)
	if err != nil {
		return err
	}
	return s.post(ctx, origin, sub.Endpoint, body, ttl, urgency, topic)
}

// Wake sends a message without content to a push resource: that it comes is all
// it says.
func (s *Sender) Wake(ctx context.Context, endpoint string, ttl time.Duration, topic string) error {
	origin, err := s.origin(endpoint)
	if err != nil {
		return err
	}
	return s.post(ctx, origin, endpoint, nil, ttl, High, topic)
}

// post hands one to a push service.
func (s *Sender) post(ctx context.Context, origin, endpoint string, body []byte, ttl time.Duration, urgency Urgency, topic string) error {
	proof, err := s.cfg.Key.authorization(origin, s.cfg.Contact, s.cfg.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return ErrEndpoint
	}
	h := req.Header
	h.Set("Authorization", proof)
	if len(body) > 0 {
		h.Set("Content-Encoding", "aes128gcm")
		h.Set("Content-Type", "application/octet-stream")
	}
	h.Set("TTL", strconv.FormatInt(int64(max(ttl, 0)/time.Second), 10))
	h.Set("Urgency", string(urgency))
	h.Set("User-Agent", "Callisto-Push/1")
	if topic != "" {
		h.Set("Topic", topic)
	}
	res, err := s.client.Do(req) //nolint:gosec // a browser names the address, and the dialer looks where it leads
	if err != nil {
		if errors.Is(err, errClosed) {
			return ErrEndpoint
		}
		return &Later{why: reached(err)} // without the address: it opens the way to a browser
	}
	_, _ = io.CopyN(io.Discard, res.Body, mostRead)
	_ = res.Body.Close()
	return s.outcome(res)
}

// reached is why nothing was reached, without what the address says.
func reached(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return "no connection"
}

// longest is the longest wait that a service may ask for.
const longest = 24 * time.Hour

// outcome reads the answer (RFC 8030 §5, §7.3, §8.4).
func (s *Sender) outcome(res *http.Response) error {
	switch c := res.StatusCode; {
	case c >= 200 && c < 300:
		return nil
	case c == http.StatusNotFound || c == http.StatusGone:
		return ErrGone
	case c == http.StatusTooManyRequests || c == http.StatusRequestTimeout || c >= 500:
		return &Later{After: s.retryAfter(res.Header.Get("Retry-After")), why: "status " + strconv.Itoa(c)}
	default:
		return fmt.Errorf("%w: status %d", ErrRefused, c)
	}
}

// retryAfter is what a service asks for, in seconds or as a date (RFC 9110 §10.2.3).
func (s *Sender) retryAfter(v string) time.Duration {
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return min(time.Duration(min(n, 1<<20))*time.Second, longest)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(s.cfg.Now()), 0), longest)
	}
	return 0
}
