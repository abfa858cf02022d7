//go:build linux

package load

import (
	"bytes"
	"crypto/md5" //nolint:gosec // RFC 7616: what telephones prove their password with
	"encoding/hex"
	"strconv"
)

func hexMD5(b []byte) (out [32]byte) {
	sum := md5.Sum(b) //nolint:gosec // see above
	hex.Encode(out[:], sum[:])
	return out
}

// appendSerial appends a number at a fixed width, so that it is read back
// without looking for its end.
func appendSerial(b []byte, n uint32) []byte {
	const digits = "0123456789abcdef"
	for i := 28; i >= 0; i -= 4 {
		b = append(b, digits[n>>i&15])
	}
	return b
}

func serial(b []byte) (n uint32, ok bool) {
	if len(b) < 8 {
		return 0, false
	}
	for _, c := range b[:8] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint32(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// appendVia appends a Via line whose branch says which unit it is and which
// of its requests.
func (p *Phones) appendVia(b []byte, from *port, kind byte, slot int32, serial uint32) []byte {
	b = append(b, "Via: SIP/2.0/UDP "...)
	b = append(b, from.text...)
	b = append(b, ";rport;branch=z9hG4bK"...)
	b = append(b, kind)
	b = appendSerial(b, uint32(slot))
	b = appendSerial(b, serial)
	return append(b, "\r\nMax-Forwards: 70\r\n"...)
}

// unitOf finds the unit an answer belongs to, by the branch of its topmost Via.
func (p *Phones) unitOf(b []byte) (kind byte, slot int32, u *unit) {
	i := bytes.Index(b, []byte("branch=z9hG4bK"))
	if i < 0 || len(b) < i+31 {
		return 0, 0, nil
	}
	b = b[i+14:]
	n, ok := serial(b[1:])
	s, ok2 := serial(b[9:])
	if !ok || !ok2 || int(n) >= len(p.units) || p.units[n].serial != s {
		return b[0], 0, nil
	}
	return b[0], int32(n), &p.units[n]
}

func status(b []byte) int {
	if len(b) < 12 || string(b[:8]) != "SIP/2.0 " {
		return 0
	}
	n, _ := strconv.Atoi(string(b[8:11]))
	return n
}

// line cuts the next header line off.
func line(b []byte) (l, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 1 {
		return nil, nil
	}
	return b[:i-1], b[i+1:]
}

// value returns what a line says if it is the header field.
func value(l []byte, name string) ([]byte, bool) {
	if len(l) > len(name)+1 && l[len(name)] == ':' && string(l[:len(name)]) == name {
		return bytes.TrimSpace(l[len(name)+1:]), true
	}
	return nil, false
}

// nonce finds the nonce of the first challenge.
func nonce(b []byte) []byte {
	i := bytes.Index(b, []byte(`nonce="`))
	if i < 0 {
		return nil
	}
	b = b[i+7:]
	return b[:max(bytes.IndexByte(b, '"'), 0)]
}

// appendProof appends the Authorization line (RFC 7616 §3.4). a2 is
// H(method:uri) in hexadecimal.
func (p *Phones) appendProof(b []byte, x *phone, uri []byte, a2 *[32]byte) []byte {
	x.nc++
	var nc [8]byte
	appendSerial(nc[:0], x.nc)
	s := append(p.scratch[:0], x.ha1[:]...)
	s = append(append(s, ':'), x.nonce...)
	s = append(append(s, ':'), nc[:]...)
	s = append(s, ":c0ffee:auth:"...)
	s = append(s, a2[:]...)
	p.scratch = s
	response := hexMD5(s)
	b = append(b, `Authorization: Digest username="`...)
	b = append(b, x.User...)
	b = append(b, `", realm="`...)
	b = append(b, p.target.Realm...)
	b = append(b, `", nonce="`...)
	b = append(b, x.nonce...)
	b = append(b, `", uri="`...)
	b = append(b, uri...)
	b = append(b, `", response="`...)
	b = append(b, response[:]...)
	b = append(b, `", algorithm=MD5, qop=auth, cnonce="c0ffee", nc=`...)
	b = append(b, nc[:]...)
	return append(b, "\r\n"...)
}
