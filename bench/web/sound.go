//go:build linux

package main

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
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/stun/v3"
	"golang.org/x/sys/unix"

	"github.com/callisto-tel/callisto/telephony/srtp"
)

// leg is the sound of one end of a call.
type leg struct {
	wire
	web  bool
	name string // in ICE
	out  *srtp.Sender
	in   *srtp.Receiver

	seq, ssrc      uint32
	sent, received int
}

// wire is a socket that DTLS has until its keys are agreed; then nobody reads it
// but the loop.
type wire struct {
	fd   int
	at   netip.AddrPort // ours
	done atomic.Bool
}

// certificate is how browsers of the bench show themselves.
type certificate struct {
	tls   tls.Certificate
	shown string
}

func newCertificate() (c certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return c, err
	}
	for i, b := range sha256.Sum256(der) {
		if i > 0 {
			c.shown += ":"
		}
		c.shown += fmt.Sprintf("%02X", b)
	}
	c.tls = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return c, nil
}

func newLeg(web bool, n int) (*leg, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	l := &leg{web: web, name: fmt.Sprintf("leg%05d", n), ssrc: uint32(n + 1)} //nolint:gosec // few
	l.fd = fd
	wait := unix.Timeval{Usec: 50_000}
	err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
	if err != nil {
		return nil, err
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return nil, err
	}
	l.at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(at.(*unix.SockaddrInet4).Port)) //nolint:gosec // a port
	return l, nil
}

const password = "twentytwocharactersofit"

// describes is its description; as an answer it begins DTLS.
func (l *leg) describes(c *certificate, answer bool) string {
	head := "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\n"
	if !l.web {
		return head + "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " + strconv.Itoa(int(l.at.Port())) + " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	}
	setup := "actpass"
	if answer {
		setup = "active"
	}
	return head + "t=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:" + l.name + "\r\na=ice-pwd:" + password +
		"\r\na=fingerprint:sha-256 " + c.shown + "\r\na=setup:" + setup + "\r\na=rtcp-mux\r\na=rtpmap:0 PCMU/8000\r\n"
}

// connects takes our description, and reaches us as it says: by ICE and DTLS, if it
// is a browser's.
func (l *leg) connects(ctx context.Context, text string, c *certificate) error {
	get := func(before, after string) string {
		_, v, _ := strings.Cut(text, before)
		v, _, _ = strings.Cut(v, after)
		return v
	}
	to, port := host, get("m=audio ", " ")
	if l.web {
		f := strings.Fields(get("a=candidate:", "\r\n"))
		if len(f) < 6 {
			return fmt.Errorf("no candidate in\n%s", text)
		}
		to, port = f[4], f[5]
	}
	at, err := netip.ParseAddrPort(to + ":" + port)
	if err != nil {
		return fmt.Errorf("%w in\n%s", err, text)
	}
	if err := l.joins(at); err != nil || !l.web {
		return err
	}
	m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(get("a=ice-ufrag:", "\r\n")+":"+l.name), stun.RawAttribute{Type: stun.AttrUseCandidate},
		stun.NewShortTermIntegrity(get("a=ice-pwd:", "\r\n")), stun.Fingerprint)
	if err != nil {
		return err
	}
	b := make([]byte, 1500)
	if _, err := unix.Write(l.fd, m.Raw); err != nil {
		return err
	}
	if _, _, err := l.ReadFrom(b); err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	return l.agrees(ctx, c)
}

// joins connects the socket.
func (l *leg) joins(at netip.AddrPort) error {
	return unix.Connect(l.fd, &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())})
}

func (l *leg) closed() { _ = unix.Close(l.fd) }

// agrees shakes hands and takes the keys (RFC 5764 §4.2).
func (l *leg) agrees(ctx context.Context, c *certificate) error {
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	conn, err := dtls.ClientWithOptions(&l.wire, to, dtls.WithCertificates(c.tls), dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	profile, _ := conn.SelectedSRTPProtectionProfile()
	state, _ := conn.ConnectionState()
	l.done.Store(true)
	go conn.Close() //nolint:errcheck // nothing of it is sent
	suite := srtp.AES128GCM
	if profile != dtls.SRTP_AEAD_AES_128_GCM {
		suite = srtp.AES128CM80
	}
	key, salt := suite.Sizes()
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(key+salt))
	if err != nil {
		return err
	}
	if l.out, err = srtp.NewSender(srtp.MakeKey(suite, b[:key], b[2*key:2*key+salt])); err != nil {
		return err
	}
	l.in, err = srtp.NewReceiver(srtp.MakeKey(suite, b[key:2*key], b[2*key+salt:]))
	return err
}

// ReadFrom is of net.PacketConn, for DTLS.
func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	for end := time.Now().Add(patience); !w.done.Load(); {
		n, err := unix.Read(w.fd, b)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.ECONNREFUSED) {
			if time.Now().After(end) {
				return 0, nil, errors.New("nothing came")
			}
			continue
		}
		return n, w.LocalAddr(), err
	}
	return 0, nil, net.ErrClosed
}

// WriteTo is of net.PacketConn.
func (w *wire) WriteTo(b []byte, _ net.Addr) (int, error) {
	if w.done.Load() {
		return len(b), nil
	}
	return unix.Write(w.fd, b)
}

// Close is of net.PacketConn; the socket lives on.
func (w *wire) Close() error { w.done.Store(true); return nil }

// LocalAddr is of net.PacketConn.
func (w *wire) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(w.at) }

// SetDeadline is of net.PacketConn, as the next two: what is read is waited for
// as long as it takes.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline is of net.PacketConn.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is of net.PacketConn.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
