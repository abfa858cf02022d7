// Package webhook sends the messages of business/hook over HTTP (RFC 9110): to
// nowhere in our own network, without following anybody elsewhere, and not for
// long.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// The words of failures.
var (
	ErrClosed  = errors.New("The address leads to a network that nothing is sent to: it is private, or our own.") //nolint:staticcheck,revive // words for people
	ErrTime    = errors.New("The other side took too long.")                                                      //nolint:staticcheck,revive // likewise
	ErrName    = errors.New("The name of the address is not known.")                                              //nolint:staticcheck,revive // likewise
	ErrTLS     = errors.New("The certificate of the other side is not good for its name.")                        //nolint:staticcheck,revive // likewise
	ErrConnect = errors.New("No connection could be made.")                                                       //nolint:staticcheck,revive // likewise
)

const (
	patience = 10 * time.Second
	mostRead = 64 * 1024 // of an answer, to use the connection again
)

// Sender sends.
type Sender struct{ client *http.Client }

// New returns a sender to addresses that may permits, which is asked of what the
// name leads to when the connection is made.
func New(may func(netip.Addr) bool) *Sender {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !may(to.Addr()) {
			return ErrClosed
		}
		return nil
	}}
	return &Sender{&http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: patience, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 16 * 1024, DisableCompression: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Send posts a message and returns the status of the answer.
func (s *Sender) Send(ctx context.Context, url string, header map[string]string, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, ErrConnect
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Callisto-Webhook/1")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := s.client.Do(req) //nolint:gosec // the operator names the address, and the dialer looks where it leads
	if err != nil {
		return 0, inWords(err)
	}
	_, _ = io.CopyN(io.Discard, res.Body, mostRead) // what it says is not ours to keep
	_ = res.Body.Close()
	return res.StatusCode, nil
}

// inWords is why nothing was sent, without what a network need not tell.
func inWords(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, ErrClosed):
		return ErrClosed
	case errors.As(err, &dns):
		return ErrName
	case errors.As(err, &cert):
		return ErrTLS
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTime
	default:
		return ErrConnect
	}
}
