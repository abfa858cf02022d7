// Package srtp is the protection of a media line (RFC 3711): suites and keys as
// session descriptions name them (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2),
// and the two ends of protected packets. The ciphers are pion's.
//
// A Sender and a Receiver are for one direction each, and used by one thread at
// a time.
package srtp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Suite is a crypto suite; the zero Suite is no protection.
type Suite uint8

// The suites.
const (
	None Suite = iota
	AES128CM80
	AES128CM32
	AES256CM80
	AES256CM32
	AES128GCM
	AES256GCM
)

const (
	// mostSources is how many SSRCs one key protects: each has a state of its
	// own, and whoever is at the other side chooses them.
	mostSources = 64
	maxMaster   = 46 // bytes of key and salt of the longest suite
	replay      = 128
	room        = 2048 + 64 // the largest packet that is relayed, and its tag
)

var suites = [...]struct { //nolint:gochecknoglobals // a table that is only read
	name    string
	master  int // bytes of key and salt
	key     int
	profile srtp.ProtectionProfile
}{
	AES128CM80: {"AES_CM_128_HMAC_SHA1_80", 30, 16, srtp.ProtectionProfileAes128CmHmacSha1_80},
	AES128CM32: {"AES_CM_128_HMAC_SHA1_32", 30, 16, srtp.ProtectionProfileAes128CmHmacSha1_32},
	AES256CM80: {"AES_256_CM_HMAC_SHA1_80", 46, 32, srtp.ProtectionProfileAes256CmHmacSha1_80},
	AES256CM32: {"AES_256_CM_HMAC_SHA1_32", 46, 32, srtp.ProtectionProfileAes256CmHmacSha1_32},
	AES128GCM:  {"AEAD_AES_128_GCM", 28, 16, srtp.ProtectionProfileAeadAes128Gcm},
	AES256GCM:  {"AEAD_AES_256_GCM", 44, 32, srtp.ProtectionProfileAeadAes256Gcm},
}

// SuiteOf finds a suite by its name; None if it is not one of ours.
func SuiteOf(name []byte) Suite {
	for i := range suites {
		if len(name) > 0 && suites[i].name == string(name) {
			return Suite(i) //nolint:gosec // the table is short
		}
	}
	return None
}

// String returns the name.
func (s Suite) String() string {
	if s == None || int(s) >= len(suites) {
		return "none"
	}
	return suites[s].name
}

// Key is a master key with its salt. It never prints them.
type Key struct {
	Suite  Suite
	master [maxMaster]byte
}

// String keeps the key out of logs.
func (k Key) String() string { return k.Suite.String() + " key" }

// GoString does so where %#v is asked for.
func (k Key) GoString() string { return k.String() }

// Zero reports whether there is no key: packets are plain.
func (k *Key) Zero() bool { return k.Suite == None }

// NewKey makes a key of one's own.
func NewKey(s Suite) Key {
	k := Key{Suite: s}
	_, _ = rand.Read(k.master[:suites[s].master]) // never fails
	return k
}

// Sizes returns how many bytes a key and its salt have.
func (s Suite) Sizes() (key, salt int) { return suites[s].key, suites[s].master - suites[s].key }

// MakeKey puts a key together from its parts, which have the sizes of the suite.
func MakeKey(s Suite, key, salt []byte) Key {
	k := Key{Suite: s}
	copy(k.master[copy(k.master[:], key):], salt)
	return k
}

// ParseKey reads the base64 form of a suite's key.
func ParseKey(s Suite, text []byte) (k Key, ok bool) {
	n := suites[s].master
	var b [maxMaster + 2]byte
	enc := base64.StdEncoding
	if len(text)%4 != 0 { // some leave the padding off
		enc = base64.RawStdEncoding
	}
	// The room it takes is not the same with padding and without.
	if s == None || enc.DecodedLen(len(text)) > len(b) || bytes.ContainsAny(text, "\r\n") {
		return k, false
	}
	if m, err := enc.Decode(b[:], text); err != nil || m != n {
		return k, false
	}
	k.Suite = s
	copy(k.master[:], b[:n])
	return k, true
}

// AppendText appends the base64 form.
func (k *Key) AppendText(dst []byte) []byte {
	return base64.StdEncoding.AppendEncode(dst, k.master[:suites[k.Suite].master])
}

func (k *Key) context(o ...srtp.ContextOption) (*srtp.Context, error) {
	s := suites[k.Suite]
	c, err := srtp.CreateContext(k.master[:s.key], k.master[s.key:s.master], s.profile, o...)
	if err != nil {
		return nil, fmt.Errorf("SRTP %s: %w", s.name, err)
	}
	return c, nil
}

// errSources says that one key has protected as many sources as it may.
var errSources = errors.New("too many sources under one key")

// sources are the SSRCs that were seen.
type sources struct {
	list [mostSources]uint32
	n    int
}

func (s *sources) known(ssrc uint32) bool {
	for _, x := range s.list[:s.n] {
		if x == ssrc {
			return true
		}
	}
	return false
}

func (s *sources) add(ssrc uint32) bool {
	if s.known(ssrc) {
		return true
	}
	if s.n == mostSources {
		return false
	}
	s.list[s.n] = ssrc
	s.n++
	return true
}

// end is what both directions have.
type end struct {
	key    Key
	ctx    *srtp.Context
	seen   sources
	header rtp.Header
	rtcp   rtcp.Header
	buf    [room]byte
}

// Sender protects what goes out.
type Sender struct{ end }

// NewSender makes one.
func NewSender(k Key) (*Sender, error) {
	c, err := k.context()
	if err != nil {
		return nil, err
	}
	return &Sender{end{key: k, ctx: c}}, nil
}

// Key is what it was made with.
func (s *Sender) Key() Key { return s.key }

// Protect returns a packet of RTP, or RTCP with control, as it goes out: valid
// until the next call.
func (s *Sender) Protect(b []byte, control bool) ([]byte, error) {
	if len(b) > room-64 {
		return nil, errLong
	}
	ssrc, ok := source(b, control)
	if !ok {
		return nil, errShort
	}
	if !s.seen.add(ssrc) {
		return nil, errSources
	}
	if control {
		return s.ctx.EncryptRTCP(s.buf[:0], b, &s.rtcp)
	}
	return s.ctx.EncryptRTP(s.buf[:0], b, &s.header)
}

// Receiver opens what comes in.
type Receiver struct{ end }

// NewReceiver makes one.
func NewReceiver(k Key) (*Receiver, error) {
	c, err := k.context(srtp.SRTPReplayProtection(replay), srtp.SRTCPReplayProtection(replay))
	if err != nil {
		return nil, err
	}
	return &Receiver{end{key: k, ctx: c}}, nil
}

// Key is what it was made with.
func (r *Receiver) Key() Key { return r.key }

// Open returns the plain packet, valid until the next call, or why it is not
// taken: it is not by whoever has the key, it came before, it is no SRTP at all.
func (r *Receiver) Open(b []byte, control bool) ([]byte, error) {
	if len(b) > room {
		return nil, errLong
	}
	ssrc, ok := source(b, control)
	if !ok {
		return nil, errShort
	}
	if r.seen.n == mostSources && !r.seen.known(ssrc) {
		return nil, errSources
	}
	var out []byte
	var err error
	if control {
		out, err = r.ctx.DecryptRTCP(r.buf[:0], b, &r.rtcp)
	} else {
		out, err = r.ctx.DecryptRTP(r.buf[:0], b, &r.header)
	}
	if err != nil {
		return nil, err
	}
	r.seen.add(ssrc) // only now is it known to be true
	return out, nil
}

var (
	errShort = errors.New("the packet is too short")
	errLong  = errors.New("the packet is too long")
)

// source is the SSRC of a packet (RFC 3550 §5.1, §6.4.1).
func source(b []byte, control bool) (uint32, bool) {
	at := 8
	if control {
		at = 4
	}
	if len(b) < at+4 {
		return 0, false
	}
	return uint32(b[at])<<24 | uint32(b[at+1])<<16 | uint32(b[at+2])<<8 | uint32(b[at+3]), true
}
