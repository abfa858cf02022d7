package sdp

import (
	"bytes"
	"strconv"

	"github.com/callisto-tel/callisto/telephony/srtp"
)

// Crypto is one way to protect a line (RFC 4568 §5.1).
type Crypto struct {
	Tag int // 1 to 999999999, by which an answer names it; 0: none
	Key srtp.Key
}

// readCrypto reads "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20 WSH=64". What asks
// for something that we do not do is not taken: a suite unknown here, several
// keys or a key with an identifier (MKI), a session parameter but for the hint of
// a window (§6.3.7); one that is not understood must not be passed over.
func readCrypto(v []byte) (c Crypto, ok bool) {
	tag, v := word(v)
	suite, v := word(v)
	param, v := word(v)
	c.Tag, ok = number(tag, 999_999_999)
	key, inline := bytes.CutPrefix(param, []byte("inline:"))
	if !ok || c.Tag == 0 || !inline || bytes.IndexByte(key, ';') >= 0 || bytes.IndexByte(key, ':') >= 0 {
		return Crypto{}, false
	}
	key, _, _ = bytes.Cut(key, []byte{'|'}) // its lifetime is longer than any call
	for len(v) > 0 {
		var p []byte
		if p, v = word(v); len(p) > 0 && !bytes.HasPrefix(p, []byte("WSH=")) {
			return Crypto{}, false
		}
	}
	c.Key, ok = srtp.ParseKey(srtp.SuiteOf(suite), key)
	return c, ok
}

// appendCrypto writes one.
func appendCrypto(dst []byte, c *Crypto) []byte {
	dst = append(dst, "a=crypto:"...)
	dst = strconv.AppendInt(dst, int64(c.Tag), 10)
	dst = append(dst, ' ')
	dst = append(dst, c.Key.Suite.String()...)
	dst = append(dst, " inline:"...)
	dst = c.Key.AppendText(dst)
	return append(dst, '\r', '\n')
}

// appendProto writes the transport of a line: that of m, with the protection
// that the receiver is to have.
func appendProto(dst []byte, m *Media, l *Line) []byte {
	if m.Proto != AVP && m.Proto != SAVP && m.Proto != DTLS {
		return append(dst, m.RawProt...)
	}
	if l.Web != nil {
		dst = append(dst, "UDP/TLS/"...) // RFC 5764 §8
	}
	dst = append(dst, "RTP/"...)
	if l.secure() || l.Web != nil {
		dst = append(dst, 'S')
	}
	dst = append(dst, "AVP"...)
	if l.Feedback || l.Web.browser() { // RFC 4585, RFC 5124
		dst = append(dst, 'F')
	}
	return dst
}

// Feedback reports whether the line has feedback by RTCP.
func (m *Media) Feedback() bool { return len(m.RawProt) > 0 && m.RawProt[len(m.RawProt)-1] == 'F' }

// Protected reports whether the line's packets are SRTP, however keys are agreed on.
func (m *Media) Protected() bool { return m.Proto == SAVP || m.Proto == DTLS }
