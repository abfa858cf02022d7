package sip

import (
	"crypto/md5" //nolint:gosec // RFC 3261 §22.4: most phones know nothing else
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
)

// HA1 is what is kept of a password: the hashes of user:realm:password
// (RFC 7616 §3.4.2). Changing the realm makes them worthless.
type HA1 struct {
	MD5    [md5.Size]byte
	SHA256 [sha256.Size]byte
}

// NewHA1 computes the hashes for a password.
func NewHA1(user, realm, password string) HA1 {
	text := []byte(user + ":" + realm + ":" + password)
	return HA1{MD5: md5.Sum(text), SHA256: sha256.Sum256(text)} //nolint:gosec // see above
}

// Proof is the outcome of checking a request's credentials.
type Proof uint8

// The outcomes.
const (
	Unproven Proof = iota // no credentials for this realm
	Stale                 // the proof is right, or may be, but its nonce is used up: challenge anew
	Wrong                 // unknown user or wrong password; nobody learns which
	Proven
)

// nonceLife is how long a nonce is good for.
const nonceLife = 300 * Second

// nonceLen is 4 bytes second, 4 bytes serial, 8 bytes MAC, in hexadecimal.
const nonceLen = 32

// credentials are the parameters of an Authorization header (RFC 7616 §3.4).
type credentials struct {
	user, realm, nonce, uri, response, algorithm, qop, nc, cnonce []byte
}

// digestScheme cuts the scheme off an Authorization value.
func digestScheme(v []byte) (params []byte, ok bool) {
	scheme, params, _ := cutByte(trim(v), ' ')
	return params, equalFold(scheme, "Digest")
}

func parseCredentials(v []byte) (c credentials, ok bool) {
	params, ok := digestScheme(v)
	if !ok {
		return c, false
	}
	for len(params) > 0 {
		var p []byte
		p, params = cutList(params)
		name, value, _ := cutByte(p, '=')
		value = unquote(trim(value))
		switch name = trim(name); {
		case equalFold(name, "username"):
			c.user = value
		case equalFold(name, "realm"):
			c.realm = value
		case equalFold(name, "nonce"):
			c.nonce = value
		case equalFold(name, "uri"):
			c.uri = value
		case equalFold(name, "response"):
			c.response = value
		case equalFold(name, "algorithm"):
			c.algorithm = value
		case equalFold(name, "qop"):
			c.qop = value
		case equalFold(name, "nc"):
			c.nc = value
		case equalFold(name, "cnonce"):
			c.cnonce = value
		}
	}
	return c, true
}

// Authenticate checks the credentials of a request against the password hashes
// that lookup knows. The user name is valid as long as the message. It takes
// the same way and time for unknown users.
//
// The nonce proves itself: it holds its time and a MAC over that and the
// sender's address. Each of its counts is taken once (RFC 7616 §3.4), so that
// a recorded request cannot be sent again; a repetition of the very same
// request, byte for byte and from the same port, is no replay. The digest-uri
// is not compared with the Request-URI, which proxies on the way may have
// changed (RFC 3261 §22.4 allows it).
func (s *Shard) Authenticate(m *Msg, f *Flow, realm string, lookup func(user []byte) (HA1, bool)) (user []byte, p Proof) {
	id := HAuthorization
	if m.Method != REGISTER && m.Has(HProxyAuthorization) {
		id = HProxyAuthorization
	}
	var c credentials
	for i := m.first[id]; i > 0; i = m.fields[i-1].next {
		got, ok := parseCredentials(m.bytes(m.fields[i-1].value))
		if ok && equalFold(got.realm, realm) {
			c = got
			break
		}
	}
	if c.response == nil {
		return nil, Unproven
	}
	fresh := s.nonceFresh(c.nonce, f)
	ha1, known := lookup(c.user)
	right := s.responseRight(m, &c, &ha1)
	switch {
	case !known || !right:
		return c.user, Wrong
	case !fresh || !s.useNonce(m, f, &c):
		return c.user, Stale
	}
	return c.user, Proven
}

// Claims is the user name that a request claims in a realm, unproven; "" if
// none.
func (m *Msg) Claims(realm string) string {
	for _, id := range []HeaderID{HAuthorization, HProxyAuthorization} {
		for i := m.first[id]; i > 0; i = m.fields[i-1].next {
			if got, ok := parseCredentials(m.bytes(m.fields[i-1].value)); ok && equalFold(got.realm, realm) {
				return string(got.user)
			}
		}
	}
	return ""
}

// appendHash appends the hash of text in hexadecimal.
func appendHash(dst, text []byte, strong bool) []byte {
	if strong {
		h := sha256.Sum256(text)
		return hex.AppendEncode(dst, h[:])
	}
	h := md5.Sum(text) //nolint:gosec // see above
	return hex.AppendEncode(dst, h[:])
}

// responseRight computes the response of RFC 7616 §3.4.1.
func (s *Shard) responseRight(m *Msg, c *credentials, ha1 *HA1) bool {
	var buf [2 * sha256.Size]byte
	a1 := hex.AppendEncode(buf[:0], ha1.MD5[:])
	strong := false
	switch {
	case len(c.algorithm) == 0 || equalFold(c.algorithm, "MD5"):
	case equalFold(c.algorithm, "SHA-256"):
		strong = true
		a1 = hex.AppendEncode(buf[:0], ha1.SHA256[:])
	default:
		return false
	}
	b := append(s.scratch[:0], m.MethodName()...)
	b = append(append(b, ':'), c.uri...)
	var buf2 [2 * sha256.Size]byte
	a2 := appendHash(buf2[:0], b, strong)

	b = append(b[:0], a1...)
	b = append(append(b, ':'), c.nonce...)
	switch {
	case len(c.qop) == 0: // RFC 2069
	case equalFold(c.qop, "auth"):
		b = append(append(b, ':'), c.nc...)
		b = append(append(b, ':'), c.cnonce...)
		b = append(append(b, ':'), c.qop...)
	default:
		return false
	}
	b = append(append(b, ':'), a2...)
	s.scratch = b
	var buf3 [2 * sha256.Size]byte
	want := appendHash(buf3[:0], b, strong)
	return len(c.response) == len(want) && subtle.ConstantTimeCompare(lower(c.response, &buf2), want) == 1
}

// lower copies hexadecimal digits in lower case.
func lower(b []byte, dst *[2 * sha256.Size]byte) []byte {
	n := copy(dst[:], b)
	for i := range n {
		if dst[i] >= 'A' && dst[i] <= 'F' {
			dst[i] |= 0x20
		}
	}
	return dst[:n]
}

// appendNonce makes a nonce for the sender at f.
func (s *Shard) appendNonce(b []byte, f *Flow) []byte {
	var raw [16]byte
	s.nonces++
	binary.BigEndian.PutUint32(raw[0:], uint32(s.now/Second))
	binary.BigEndian.PutUint32(raw[4:], uint32(s.id)<<24|s.nonces&(1<<24-1)) // no two shards make the same
	binary.BigEndian.PutUint64(raw[8:], s.nonceMAC(raw[:8], f))
	return hex.AppendEncode(b, raw[:])
}

func (s *Shard) nonceMAC(head []byte, f *Flow) uint64 {
	addr := f.Remote.Addr().As16()
	epoch := [3]byte{byte(s.core.cfg.Epoch >> 8), byte(s.core.cfg.Epoch), 'n'}
	return s.core.key.sum(epoch[:], head, addr[:])
}

func (s *Shard) nonceFresh(nonce []byte, f *Flow) bool {
	var raw [16]byte
	if len(nonce) != nonceLen {
		return false
	}
	if _, err := hex.Decode(raw[:], nonce); err != nil || binary.BigEndian.Uint64(raw[8:]) != s.nonceMAC(raw[:8], f) {
		return false
	}
	age := s.now - Mono(binary.BigEndian.Uint32(raw[:]))*Second
	return age >= -Second && age < nonceLife
}

// nonceUse remembers which counts of a nonce were taken.
type nonceUse struct {
	nonce  uint64 // its MAC; 0: free
	top    uint32 // the highest count
	window uint64 // bit i: count top-i was taken
	last   uint32 // hash of the request that brought top
}

const (
	nonceSets = 4096
	nonceWays = 4
)

// useNonce takes a count of a nonce and reports whether it was unused. The
// table has a fixed size; what it forgets can only be used again from the
// same address and within the nonce's life.
func (s *Shard) useNonce(m *Msg, f *Flow, c *credentials) bool {
	var raw [16]byte
	_, _ = hex.Decode(raw[:], c.nonce)
	id := binary.BigEndian.Uint64(raw[8:]) | 1
	nc := uint32(1)
	if len(c.nc) > 0 {
		n, ok := parseHex32(c.nc)
		if !ok || n == 0 {
			return false
		}
		nc = n
	}
	// All of it counts: with the head of an overheard request, a neighbour
	// behind the same NAT could otherwise register a Contact of his own.
	port := f.Remote.Port()
	last := uint32(s.core.key.sum([]byte{byte(port >> 8), byte(port)}, m.raw))
	set := s.nonceTable[id>>32%nonceSets*nonceWays:][:nonceWays]
	for i := range set {
		if u := &set[i]; u.nonce == id {
			return u.take(nc, last)
		}
	}
	copy(set[1:], set[:nonceWays-1]) // the oldest goes
	set[0] = nonceUse{nonce: id, top: nc, window: 1, last: last}
	return true
}

func (u *nonceUse) take(nc, last uint32) bool {
	if nc > u.top {
		d := nc - u.top
		u.window = u.window<<d | 1 // a shift by 64 or more gives 0
		u.top, u.last = nc, last
		return true
	}
	d := u.top - nc
	if d >= 64 {
		return false
	}
	if u.window>>d&1 == 1 {
		return d == 0 && u.last == last // the very same request once more
	}
	u.window |= 1 << d
	return true
}

func parseHex32(b []byte) (n uint32, ok bool) {
	if len(b) == 0 || len(b) > 8 || !all(b, classHex) {
		return 0, false
	}
	for _, c := range b {
		n = n<<4 | uint32(unhex(c))
	}
	return n, true
}

// Challenge asks for credentials: 401 with WWW-Authenticate, or 407 with
// Proxy-Authenticate. MD5 stands first: many phones read only the first
// challenge and know only MD5. RFC 8760 §2.4 has a phone take the first it
// knows, so SHA-256 is used by those that choose the stronger by themselves.
func (in *Incoming) Challenge(realm string, stale, proxy bool) {
	s := in.shard
	status, name := 401, HWWWAuthenticate
	if proxy {
		status, name = 407, HProxyAuthenticate
	}
	var nonce [nonceLen]byte
	s.appendNonce(nonce[:0], &in.Flow)
	b := s.scratch[:0]
	algorithms := []string{"MD5", "SHA-256"}
	if stumbles(in.Msg.Header(HUserAgent)) {
		algorithms = algorithms[:1]
	}
	for _, algorithm := range algorithms {
		b = append(b, headerName[name]...)
		b = append(b, ": Digest realm="...)
		b = AppendQuoted(b, realm)
		b = append(b, ", nonce=\""...)
		b = append(b, nonce[:]...)
		b = append(b, "\", algorithm="...)
		b = append(b, algorithm...)
		if stale {
			b = append(b, ", stale=true"...)
		}
		b = append(b, ", qop=\"auth\"\r\n"...)
	}
	s.scratch = b
	in.Respond(&Reply{Status: status, Headers: b})
}

// stumbles reports whether a phone gives up on a response with a challenge it
// does not know, although RFC 8760 §2.4 tells it to pick one it does: baresip
// up to 2 (libre before SHA-256) answers "Function not implemented".
func stumbles(agent []byte) bool {
	for _, p := range [...]string{"baresip v0.", "baresip v1.", "baresip v2."} {
		if len(agent) > len(p) && equalFold(agent[:len(p)], p) {
			return true
		}
	}
	return false
}

// Bearer returns the token of an Authorization header of that scheme (RFC 8898
// §4, RFC 6750 §2.1).
func (m *Msg) Bearer() (token []byte, ok bool) {
	scheme, token, _ := cutByte(trim(m.Header(HAuthorization)), ' ')
	return trim(token), equalFold(scheme, "Bearer")
}
