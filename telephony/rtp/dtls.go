package rtp

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
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
	"github.com/pion/transport/v5/deadline"

	"github.com/callisto-tel/callisto/telephony/srtp"
)

// Fingerprint is that of a certificate, by SHA-256 (RFC 8122 §5).
type Fingerprint [sha256.Size]byte

// String writes it as descriptions do: 4A:AD:…
func (f Fingerprint) String() string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, 3*len(f))
	for _, c := range f {
		b = append(b, digits[c>>4], digits[c&15], ':')
	}
	return string(b[:len(b)-1])
}

// identity is how we show ourselves in DTLS: a certificate of this process, which
// proves nothing but that it is the one of the description.
type identity struct {
	cert  tls.Certificate
	shown Fingerprint
}

func newIdentity() (identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	now := time.Now()
	template := x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return identity{}, err
	}
	return identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, sha256.Sum256(der)}, nil
}

// Fingerprint is what descriptions say of our certificate.
func (e *Engine) Fingerprint() Fingerprint { return e.identity.shown }

const (
	proofMost = 15 * time.Second // for the whole handshake
	lingers   = 10 * time.Second // how long its last words are said again, should they be lost
)

// proof is the DTLS of a line (RFC 5764): a handshake that agrees on keys with who
// has the certificate of the description, and with nobody else. Without keys the
// line is silent both ways. Its fields are the session's, but for pipe.
type proof struct {
	expects Fingerprint
	active  bool // we begin
	began   bool
	pipe    *pipe
}

// Prove has a line protected with keys that are agreed in DTLS with who shows a
// certificate; active says that we begin. Who is proved already stays so.
func (s *Session) Prove(l *Line, expects Fingerprint, active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.owner.Load() != s || l.proof != nil && l.proof.expects == expects {
		return
	}
	l.proof.end()
	l.proof = &proof{expects: expects, active: active, pipe: newPipe(l, s)}
	l.proof.begin(l, s)
	if l.ice != nil {
		l.begun(s)
	}
}

// early is the first packet of a handshake whose description is still on its way:
// said again only after a second (RFC 6347 §4.2.4.1), it would be silence so long.
type early struct {
	packet []byte
	from   netip.AddrPort
}

// Await has a line hear whoever begins DTLS, before it is known who that may be: its
// socket may still be connected to somebody of an earlier call.
func (s *Session) Await(l *Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.owner.Load() == s && l.ice == nil && !l.media.latch.open {
		l.media.rejoin()
	}
}

// begun takes a handshake that had begun early, if it came from who is expected.
func (l *Line) begun(s *Session) {
	x := l.early
	if l.proof == nil || len(x.packet) == 0 {
		return
	}
	l.early = early{}
	if l.takes(&l.media, x.from, s.e.cfg.Now()) {
		l.proof.hears(x.packet, s)
	}
}

// begin begins the handshake, if it is ours to begin and there is somebody to
// talk to. Once, however often it is called.
func (x *proof) begin(l *Line, s *Session) {
	if x == nil || x.began || !x.active || !l.target(false).IsValid() {
		return
	}
	x.began = true
	go x.pipe.shake(x.expects, true, s.e)
}

// hears takes a packet of DTLS.
func (x *proof) hears(b []byte, s *Session) {
	if !x.began && !x.active {
		x.began = true
		go x.pipe.shake(x.expects, false, s.e)
	}
	x.pipe.push(b)
}

func (x *proof) end() {
	if x != nil {
		x.pipe.end()
	}
}

// isTLS tells a packet of DTLS by its first byte (RFC 7983 §7).
func isTLS(c byte) bool { return c >= 20 && c <= 63 }

// shake shakes hands, and gives the line its keys. It ends when the last flight
// can no longer be wanted.
func (p *pipe) shake(expects Fingerprint, active bool, e *Engine) {
	defer p.end()
	conn, err := p.connect(expects, active, e)
	if err != nil {
		p.unproved()
		return
	}
	// Closing says so to the other side, which would take the whole connection
	// for closed: by then nobody hears it.
	defer func() { p.end(); _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), proofMost)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		p.unproved()
		return
	}
	if err := p.agreed(conn, active); err != nil {
		p.unproved()
		return
	}
	rest := time.NewTimer(lingers)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-p.done:
	}
}

func (p *pipe) connect(expects Fingerprint, active bool, e *Engine) (*dtls.Conn, error) {
	shows := func(raw [][]byte, _ [][]*x509.Certificate) error {
		if len(raw) == 0 || sha256.Sum256(raw[0]) != expects {
			return errFingerprint
		}
		return nil
	}
	common := []dtls.Option{
		dtls.WithCertificates(e.identity.cert), dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithInsecureSkipVerify(true), dtls.WithVerifyPeerCertificate(shows), dtls.WithFlightInterval(300 * time.Millisecond),
		dtls.WithMTU(1200), dtls.WithLoggerFactory(silent{}),
	}
	if active {
		options := make([]dtls.ClientOption, 0, len(common))
		for _, o := range common {
			options = append(options, o)
		}
		return dtls.ClientWithOptions(p, p.LocalAddr(), options...)
	}
	options := make([]dtls.ServerOption, 0, len(common)+2)
	for _, o := range common {
		options = append(options, o)
	}
	options = append(options, dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerifyHello(p.line.ice != nil)) // ICE has shown already that it is there
	return dtls.ServerWithOptions(p, p.LocalAddr(), options...)
}

var (
	errFingerprint = errors.New("the certificate is not the one of the session description") //nolint:gochecknoglobals // sentinel
	errProfile     = errors.New("no way to protect the sound was agreed on")                 //nolint:gochecknoglobals // sentinel
)

// agreed takes the keys (RFC 5764 §4.2).
func (p *pipe) agreed(conn *dtls.Conn, active bool) error {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	state, done := conn.ConnectionState()
	suite := map[dtls.SRTPProtectionProfile]srtp.Suite{dtls.SRTP_AEAD_AES_128_GCM: srtp.AES128GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80: srtp.AES128CM80}[profile]
	if !ok || !done || suite == srtp.None {
		return errProfile
	}
	key, salt := suite.Sizes()
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(key+salt))
	if err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	defer clear(b)
	client := srtp.MakeKey(suite, b[:key], b[2*key:2*key+salt])
	server := srtp.MakeKey(suite, b[key:2*key], b[2*key+salt:])
	if active {
		client, server = server, client
	}
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.current() {
		return net.ErrClosed
	}
	return s.protect(p.line, server, client)
}

// current tells whether the line is still the one of this handshake. The
// session's lock is held.
func (p *pipe) current() bool {
	l := p.line
	return l.owner.Load() == p.session && l.proof != nil && l.proof.pipe == p
}

// unproved tells that the other side did not show the right certificate, or
// none in time.
func (p *pipe) unproved() {
	s := p.session
	s.mu.Lock()
	note, now := Note{Kind: Unproved, Tag: s.tag, Leg: p.line.leg}, p.current()
	s.mu.Unlock()
	if now {
		s.e.cfg.Notify(note)
	}
}

// pipe is a line as DTLS has it: a connection of packets.
type pipe struct {
	line    *Line
	session *Session
	in      chan []byte
	done    chan struct{}
	ended   atomic.Bool
	reading *deadline.Deadline
}

func newPipe(l *Line, s *Session) *pipe {
	return &pipe{line: l, session: s, in: make(chan []byte, 16), done: make(chan struct{}), reading: deadline.New()}
}

// push hands a packet on; what finds no room is lost, as on the wire.
func (p *pipe) push(b []byte) {
	select {
	case p.in <- append([]byte(nil), b...):
	default:
	}
}

func (p *pipe) end() {
	if !p.ended.Swap(true) {
		close(p.done)
	}
}

// ReadFrom is of net.PacketConn.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case x := <-p.in:
		return copy(b, x), p.LocalAddr(), nil
	case <-p.done:
		return 0, nil, net.ErrClosed
	case <-p.reading.Done():
		return 0, nil, context.DeadlineExceeded
	}
}

// WriteTo is of net.PacketConn.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if p.ended.Load() {
		return len(b), nil
	}
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.current() {
		return 0, net.ErrClosed
	}
	x := &p.line.media
	if to := p.line.target(false); to.IsValid() && (!x.latch.apart || p.line.may(to.Addr())) {
		x.sock.send(b, to, x.joined == to)
	}
	return len(b), nil
}

// Close is of net.PacketConn.
func (p *pipe) Close() error { p.end(); return nil }

// LocalAddr is of net.PacketConn. DTLS asks it of both ends and needs it for
// nothing: who the other is, ICE or the latch says.
func (p *pipe) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.line.Addr(), p.line.port))
}

// SetDeadline is of net.PacketConn.
func (p *pipe) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetReadDeadline is of net.PacketConn.
func (p *pipe) SetReadDeadline(t time.Time) error { p.reading.Set(t); return nil }

// SetWriteDeadline is of net.PacketConn. Nothing is waited for.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// silent keeps DTLS from writing to the terminal: what matters comes as an error.
type silent struct{}

func (silent) NewLogger(string) logging.LeveledLogger { return silent{} }
func (silent) Trace(string)                           {}
func (silent) Tracef(string, ...any)                  {}
func (silent) Debug(string)                           {}
func (silent) Debugf(string, ...any)                  {}
func (silent) Info(string)                            {}
func (silent) Infof(string, ...any)                   {}
func (silent) Warn(string)                            {}
func (silent) Warnf(string, ...any)                   {}
func (silent) Error(string)                           {}
func (silent) Errorf(string, ...any)                  {}
