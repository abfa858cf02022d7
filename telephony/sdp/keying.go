package sdp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
)

// Setup is who begins the DTLS handshake (RFC 4145 §4, RFC 8842 §5.2).
type Setup uint8

// The roles.
const (
	NoSetup Setup = iota
	Active        // the one who wrote it begins
	Passive       // the other does
	ActPass       // the other chooses
)

// String is the attribute's value.
func (s Setup) String() string { return [...]string{"", "active", "passive", "actpass"}[s] }

// Keying is what a description says of DTLS (RFC 8122 §5) and ICE (RFC 8839 §5.4).
type Keying struct {
	Fingerprint [sha256.Size]byte
	Proved      bool // it has a fingerprint by SHA-256
	Setup       Setup
	Ufrag, Pwd  []byte
}

// keying is what an attribute at this place is of.
func (d *Desc) keying() *Keying {
	if d.n == 0 {
		return &d.all
	}
	return &d.media[d.n-1].Keying
}

// read takes an attribute, and reports whether it is one of these.
func (k *Keying) read(name, value []byte) bool {
	switch string(name) {
	case "fingerprint":
		if f, ok := fingerprint(value); ok && !k.Proved {
			k.Fingerprint, k.Proved = f, true
		}
	case "setup":
		for _, r := range [...]Setup{Active, Passive, ActPass} {
			if string(value) == r.String() {
				k.Setup = r
			}
		}
	case "ice-ufrag":
		k.Ufrag = value
	case "ice-pwd":
		k.Pwd = value
	default:
		return false
	}
	return true
}

// inherit takes from the session what a line does not say itself.
func (k *Keying) inherit(all *Keying) {
	if !k.Proved {
		k.Fingerprint, k.Proved = all.Fingerprint, all.Proved
	}
	if k.Setup == NoSetup {
		k.Setup = all.Setup
	}
	if k.Ufrag == nil {
		k.Ufrag, k.Pwd = all.Ufrag, all.Pwd
	}
}

// fingerprint reads "sha-256 4A:AD:…". Of several hashes (RFC 8122 §5) that one is
// taken: every browser and telephone has it, and weaker ones prove less.
func fingerprint(v []byte) (f [sha256.Size]byte, ok bool) {
	hash, v := word(v)
	v = bytes.TrimSpace(v)
	if !bytes.EqualFold(hash, []byte("sha-256")) || len(v) != 3*len(f)-1 {
		return f, false
	}
	for i := range f {
		if i > 0 && v[3*i-1] != ':' {
			return f, false
		}
		if _, err := hex.Decode(f[i:i+1], v[3*i:3*i+2]); err != nil {
			return f, false
		}
	}
	return f, true
}

// Web is what is said of a line whose keys are agreed on in DTLS, and of one to a
// browser besides.
type Web struct {
	Fingerprint string // ours, by SHA-256
	Setup       Setup
	Mid         []byte // as the offer has it; empty: none
	// Ufrag and Pwd are our names in ICE; empty: there is none.
	Ufrag, Pwd string
}

// browser tells whether the line is one to a browser.
func (w *Web) browser() bool { return w != nil && w.Ufrag != "" }

// appendWeb writes them. We are at one address, and lite (RFC 8839 §5.1): of the
// highest priority a host candidate can have.
func appendWeb(dst []byte, l *Line, at netip.Addr) []byte {
	w := l.Web
	if len(w.Mid) > 0 && clean(w.Mid) {
		dst = line(dst, 'a', append([]byte("mid:"), w.Mid...))
	}
	dst = append(append(append(dst, "a=fingerprint:sha-256 "...), w.Fingerprint...), "\r\na=setup:"...)
	dst = append(append(dst, w.Setup.String()...), '\r', '\n')
	if !w.browser() {
		return dst
	}
	dst = append(append(append(dst, "a=ice-ufrag:"...), w.Ufrag...), "\r\na=ice-pwd:"...)
	dst = append(append(dst, w.Pwd...), "\r\na=candidate:1 1 udp 2130706431 "...)
	dst = append(at.AppendTo(dst), ' ')
	dst = strconv.AppendUint(dst, uint64(l.Port), 10)
	return append(dst, " typ host\r\na=end-of-candidates\r\na=msid:callisto audio\r\n"...)
}

// session writes what a description for a browser says of all lines: that we are
// lite (RFC 8839 §5.3), and that what is taken goes one way (BUNDLE, RFC 8843 §7.2).
func (w *Rewriting) session(dst []byte) []byte {
	first := true
	for i := range w.Lines {
		l := &w.Lines[i]
		if l.Port == 0 || !l.Web.browser() {
			continue
		}
		if first {
			dst = append(dst, "a=ice-lite\r\n"...)
		}
		if len(l.Web.Mid) > 0 && clean(l.Web.Mid) {
			if first {
				dst = append(dst, "a=group:BUNDLE"...)
				first = false
			}
			dst = append(append(dst, ' '), l.Web.Mid...)
		}
	}
	if !first {
		dst = append(dst, '\r', '\n')
	}
	return dst
}
