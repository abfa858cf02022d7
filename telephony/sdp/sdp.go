// Package sdp reads, rewrites and answers session descriptions (RFC 8866) the
// way a relay needs it: what the other side may know is passed on, where to
// send is replaced by an address of ours (RFC 3264 offer/answer, RFC 3605
// a=rtcp, RFC 5761 rtcp-mux). It reads in place, without copying.
//
// It is lenient in what it takes (LF or CRLF, missing lines, numbers of o= that
// fit no integer) and strict in what it sends.
package sdp

import (
	"bytes"
	"errors"
	"net/netip"
)

// Limits of what is read. A description beyond them is refused, not cut.
const (
	MaxSize  = 16 << 10
	MaxMedia = 8
	maxLines = 512
	maxLine  = 1 << 10 // an m= line, which is passed on whole
)

// The faults of a description.
var (
	ErrSize   = errors.New("the session description is too large")
	ErrMedia  = errors.New("the session description has too many m= lines")
	ErrSyntax = errors.New("the session description cannot be understood")
	ErrCodec  = errors.New("the offer has no audio codec that we can speak")
	ErrCrypto = errors.New("the two sides do not agree on how the sound is encrypted (SRTP)")
)

// Direction is who sends, from the view of the one who wrote it (RFC 8866
// §6.7): a set of two bits.
type Direction uint8

// The directions.
const (
	Inactive Direction = 0
	SendOnly Direction = 1
	RecvOnly Direction = 2
	SendRecv Direction = SendOnly | RecvOnly
)

// Reverse returns the direction as the other side sees it.
func (d Direction) Reverse() Direction { return d>>1&1 | d<<1&2 }

// String returns the attribute's name.
func (d Direction) String() string {
	switch d {
	case SendRecv:
		return "sendrecv"
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	default:
		return "inactive"
	}
}

// Proto is the transport of a media line, as far as a relay must tell.
type Proto uint8

// The transports.
const (
	OtherProto Proto = iota
	AVP              // RTP/AVP, RTP/AVPF: plain RTP
	SAVP             // RTP/SAVP, RTP/SAVPF with keys in a=crypto (RFC 4568)
	DTLS             // UDP/TLS/RTP/SAVP(F) (RFC 5764)
	UDPTL            // T.38 fax
)

// RTP reports whether packets are RTP and have RTCP beside them.
func (p Proto) RTP() bool { return p == AVP || p == SAVP || p == DTLS }

// Media is one m= line with what belongs to it. The byte slices lie in the
// parsed text.
type Media struct {
	Kind    []byte // "audio"
	Port    uint16 // 0: refused or switched off
	Proto   Proto
	RawProt []byte
	Formats []byte     // "0 8 101"
	Addr    netip.Addr // of its own c= or the session's; invalid if it is a name or missing
	Dir     Direction
	RTCP    netip.AddrPort // of a=rtcp; the address may be invalid
	Mux     bool           // a=rtcp-mux
	ICE     bool           // it brings candidates
	Mid     []byte         // a=mid (RFC 8843 §7)
	Keying  Keying         // how its keys are agreed on in DTLS, and its name in ICE
	Crypto  Crypto         // the first a=crypto that we can do; of SAVP only
	DTMF    uint8          // payload type of telephone-event/8000, 0 if none
	dirSet  bool
	only    bool // Only took formats out
}

// Audio reports whether the line is audio.
func (m *Media) Audio() bool { return string(m.Kind) == "audio" }

// Direction is Dir, minus receiving where the address is the unspecified one:
// the hold of RFC 2543, which RFC 3264 §8.4 still has to be understood. With ICE
// it says only that no candidate is known yet (RFC 8840 §4.1.1).
func (m *Media) Direction() Direction {
	if len(m.Keying.Ufrag) == 0 && m.Addr.IsValid() && m.Addr.IsUnspecified() {
		return m.Dir &^ RecvOnly
	}
	return m.Dir
}

// RTPAddr returns where RTP is to be sent; invalid when the line is off, on
// hold in the old way, or names a host.
func (m *Media) RTPAddr() netip.AddrPort {
	if m.Port == 0 || !m.Addr.IsValid() || m.Addr.IsUnspecified() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(m.Addr, m.Port)
}

// RTCPAddr returns where RTCP is to be sent: with rtcp-mux the RTP address
// (RFC 5761 §5.1.1), else a=rtcp (RFC 3605 §2.1), else the next port.
func (m *Media) RTCPAddr() netip.AddrPort {
	a := m.RTPAddr()
	if !a.IsValid() || m.Mux {
		return a
	}
	if m.RTCP.Port() != 0 {
		if m.RTCP.Addr().IsValid() {
			return m.RTCP
		}
		return netip.AddrPortFrom(a.Addr(), m.RTCP.Port())
	}
	if m.Port == 65535 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr(), m.Port+1)
}

// Desc is a parsed description. It refers to the text it was parsed from, and
// may be used again.
type Desc struct {
	raw   []byte
	conn  netip.Addr
	addrs [2][]byte // host texts of o= and the first c=, which must not leak
	dir   Direction
	all   Keying // of the session
	n     int
	media [MaxMedia]Media
}

// Media returns the media lines, which live in d.
func (d *Desc) Media() []Media { return d.media[:d.n] }

// Parse reads b, which must not change while d is in use.
func (d *Desc) Parse(b []byte) error {
	d.raw, d.conn, d.addrs, d.dir, d.all, d.n = b, netip.Addr{}, [2][]byte{}, SendRecv, Keying{}, 0
	if len(b) > MaxSize {
		return ErrSize
	}
	lines, seen := 0, false
	for rest := b; len(rest) > 0; {
		var t byte
		var v []byte
		t, v, rest = cut(rest)
		if t == 0 {
			continue
		}
		if lines++; lines > maxLines {
			return ErrSize
		}
		seen = seen || t == 'v' || t == 'm' // lenient: v= may be missing
		if err := d.line(t, v); err != nil {
			return err
		}
	}
	if !seen {
		return ErrSyntax
	}
	for i := range d.n {
		m := &d.media[i]
		if !m.Addr.IsValid() {
			m.Addr = d.conn
		}
		if !m.dirSet {
			m.Dir = d.dir
		}
		m.Keying.inherit(&d.all)
	}
	return nil
}

// cut takes the first line off b: its type and value, or type 0 when it is no
// "x=value" line.
func cut(b []byte) (t byte, v, rest []byte) {
	line := b
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		line, rest = b[:i], b[i+1:]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) < 2 || line[1] != '=' {
		return 0, nil, rest
	}
	return line[0], line[2:], rest
}

func (d *Desc) line(t byte, v []byte) error {
	switch t {
	case 'o':
		if d.n == 0 {
			d.addrs[0] = last(v)
		}
	case 'c':
		a := connection(v)
		if d.n == 0 {
			d.conn = a
		} else if m := &d.media[d.n-1]; !m.Addr.IsValid() {
			m.Addr = a
		}
		if d.addrs[1] == nil {
			d.addrs[1] = last(v)
		}
	case 'm':
		return d.mediaLine(v)
	case 'a':
		d.attribute(v)
	}
	return nil
}

// mediaLine reads "audio 49170/2 RTP/AVP 0 8" (RFC 8866 §5.14).
func (d *Desc) mediaLine(v []byte) error {
	if d.n == MaxMedia {
		return ErrMedia
	}
	if !clean(v) {
		return ErrSyntax
	}
	if len(v) > maxLine {
		return ErrSize
	}
	kind, v := word(v)
	port, v := word(v)
	proto, v := word(v)
	if i := bytes.IndexByte(port, '/'); i >= 0 {
		port = port[:i]
	}
	n, ok := number(port, 65535)
	if len(kind) == 0 || len(proto) == 0 || !ok {
		return ErrSyntax
	}
	d.media[d.n] = Media{Kind: kind, Port: uint16(n), Proto: protoOf(proto), RawProt: proto, Formats: bytes.TrimSpace(v), Dir: SendRecv}
	d.n++
	return nil
}

func protoOf(b []byte) Proto {
	switch string(b) {
	case "RTP/AVP", "RTP/AVPF":
		return AVP
	case "RTP/SAVP", "RTP/SAVPF":
		return SAVP
	case "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP":
		return DTLS
	case "udptl", "UDPTL":
		return UDPTL
	}
	return OtherProto
}

// attribute notes the attributes that matter to a relay.
func (d *Desc) attribute(v []byte) {
	name, value := attr(v)
	if d.keying().read(name, value) {
		return
	}
	if d.n == 0 {
		if dir, ok := direction(name); ok {
			d.dir = dir
		}
		return
	}
	m := &d.media[d.n-1]
	switch string(name) {
	case "rtpmap":
		if pt, enc := word(value); len(enc) >= 20 && bytes.EqualFold(enc[:20], []byte("telephone-event/8000")) {
			if n, ok := number(pt, 127); ok {
				m.DTMF = uint8(n)
			}
		}
	case "rtcp-mux":
		m.Mux = true
	case "rtcp":
		port, rest := word(value)
		n, ok := number(port, 65535)
		if !ok {
			return
		}
		var a netip.Addr
		if len(rest) > 0 {
			a = connection(rest)
		}
		m.RTCP = netip.AddrPortFrom(a, uint16(n))
	case "mid":
		m.Mid = value
	case "candidate":
		m.ICE = true
	case "crypto":
		if c, ok := readCrypto(value); ok && m.Crypto.Key.Zero() && m.Proto == SAVP {
			m.Crypto = c
		}
	default:
		if dir, ok := direction(name); ok {
			m.Dir, m.dirSet = dir, true
		}
	}
}

func direction(name []byte) (Direction, bool) {
	switch string(name) {
	case "sendrecv":
		return SendRecv, true
	case "sendonly":
		return SendOnly, true
	case "recvonly":
		return RecvOnly, true
	case "inactive":
		return Inactive, true
	}
	return 0, false
}

// attr splits "name:value".
func attr(v []byte) (name, value []byte) {
	if i := bytes.IndexByte(v, ':'); i >= 0 {
		return v[:i], v[i+1:]
	}
	return v, nil
}

// word takes the first word off v.
func word(v []byte) (w, rest []byte) {
	for len(v) > 0 && v[0] == ' ' {
		v = v[1:]
	}
	if i := bytes.IndexByte(v, ' '); i >= 0 {
		return v[:i], v[i+1:]
	}
	return v, nil
}

// last returns the last word of v.
func last(v []byte) []byte {
	v = bytes.TrimRight(v, " ")
	return v[bytes.LastIndexByte(v, ' ')+1:]
}

func number(b []byte, most int) (int, bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= most
}

// connection reads "IN IP4 192.0.2.1/127" (RFC 8866 §5.7). A host name, which
// is allowed there, gives the invalid address: it is learned, not resolved.
func connection(v []byte) netip.Addr {
	net, v := word(v)
	typ, v := word(v)
	host, _ := word(v)
	if string(net) != "IN" {
		return netip.Addr{}
	}
	if i := bytes.IndexByte(host, '/'); i >= 0 {
		host = host[:i]
	}
	if string(typ) == "IP4" {
		return ip4(host)
	}
	if len(host) > 64 || bytes.IndexByte(host, '%') >= 0 { // zones mean nothing to others
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(string(host))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// ip4 reads a dotted quad without making a string of it.
func ip4(b []byte) netip.Addr {
	var q [4]byte
	part, digits, n := 0, 0, 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= '0' && b[i] <= '9' {
			n = n*10 + int(b[i]-'0')
			if digits++; digits > 3 || n > 255 {
				return netip.Addr{}
			}
			continue
		}
		if i < len(b) && b[i] != '.' || digits == 0 || part == 4 {
			return netip.Addr{}
		}
		q[part] = byte(n)
		part, digits, n = part+1, 0, 0
	}
	if part != 4 {
		return netip.Addr{}
	}
	return netip.AddrFrom4(q)
}
