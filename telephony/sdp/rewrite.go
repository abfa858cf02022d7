package sdp

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"strconv"
)

// Origin is the identity of what we send to one leg. The session id stays and
// the version counts the changes, whoever is on the other side (RFC 3264 §8).
// Both keep their number of digits: they are patched in place, and some
// telephones read them into 32 bits.
type Origin struct {
	ID      uint32
	version uint32
	sum     uint64
	seed    maphash.Seed
}

const (
	firstVersion = 1_000_000_000
	versionLen   = 10
)

// NewOrigin returns an identity; id should be random.
func NewOrigin(id uint32) Origin { return Origin{ID: id | 1<<30, seed: maphash.MakeSeed()} }

// Line says what becomes of one m= line.
type Line struct {
	Port uint16 // ours; 0 refuses the line
	RTCP uint16 // ours; 0: none, or the same with Mux
	Mux  bool   // say a=rtcp-mux
	Dir  Direction
	Kind string // only for a line that the text lacks: "audio"
	// Crypto is how the line is protected (RTP/SAVP), best first; none: it is plain.
	Crypto [2]Crypto
	// Web is how its keys are agreed on in DTLS; nil: they are not.
	Web *Web
	// Feedback says that it has feedback by RTCP (AVPF, RFC 4585); a browser's always has.
	Feedback bool
	// Events is a payload type of telephone events that the receiver may send
	// and the text lacks; 0: none.
	Events uint8
}

func (l *Line) secure() bool { return l.Crypto[0].Tag != 0 }

// Rewriting is how a description is to be rewritten.
type Rewriting struct {
	Addr  netip.Addr // ours, as the receiver should see it
	From  *Origin    // of the leg it is sent to; its version is brought up
	Lines []Line     // by m= line; missing ones are refused, surplus ones appended as refused
}

// What a description says itself is passed on to others up to so many bytes of
// attributes and bandwidths: twice what a browser's has with video. What nobody here
// knows is less of it.
const (
	mostPassed = 8 << 10
	mostOdd    = 2 << 10
)

// allowance is what may still be passed on.
type allowance struct{ all, odd int }

func (a *allowance) take(v []byte, odd bool) bool {
	n := len(v) + len("a=\r\n")
	if n > a.all || odd && n > a.odd {
		return false
	}
	if a.all -= n; odd {
		a.odd -= n
	}
	return true
}

// Rewrite appends the description to dst, with our addresses in place of
// theirs. Codecs and attributes nobody of us knows stay, within bounds; what describes the
// sender's network or person goes: candidates, keys, host names,
// addresses, subject, e-mail and telephone lines.
func (d *Desc) Rewrite(dst []byte, w *Rewriting) []byte {
	dst, at := header(dst, w)
	i := -1
	var m *Media
	skip := false // inside a refused line
	left := allowance{mostPassed, mostOdd}
	for rest := d.raw; len(rest) > 0; {
		var t byte
		var v []byte
		t, v, rest = cut(rest)
		switch t {
		case 'm':
			if m != nil && !skip {
				dst = ending(dst, &w.Lines[i], m, w.Addr)
			}
			i++
			m = &d.media[i]
			skip = i >= len(w.Lines) || w.Lines[i].Port == 0
			var l Line
			if !skip {
				l = w.Lines[i]
			}
			dst = mLine(dst, m, &l)
			if !skip && w.Lines[i].Events != 0 {
				dst = append(dst[:len(dst)-2], ' ')
				dst = strconv.AppendUint(dst, uint64(w.Lines[i].Events), 10)
				dst = eventsToo(append(dst, '\r', '\n'), w.Lines[i].Events)
			}
		case 'b':
			if !skip && clean(v) && left.take(v, true) {
				dst = line(dst, 'b', v)
			}
		case 'a':
			if skip {
				continue
			}
			if ok, odd := d.passes(m, v); ok && (m == nil || w.Lines[i].hears(m, v)) && left.take(v, odd) {
				dst = line(dst, 'a', v)
			}
		}
	}
	if m != nil && !skip {
		dst = ending(dst, &w.Lines[i], m, w.Addr)
	}
	for i++; i < len(w.Lines); i++ {
		dst = append(append(append(dst, "m="...), w.Lines[i].Kind...), " 0 RTP/AVP 0\r\n"...)
	}
	return stamp(dst, at, w.From)
}

// header writes everything up to t=, and returns where the version stands.
func header(dst []byte, w *Rewriting) ([]byte, int) {
	dst = append(dst, "v=0\r\no=- "...)
	dst = strconv.AppendUint(dst, uint64(w.From.ID), 10)
	dst = append(dst, ' ')
	at := len(dst)
	dst = append(dst, "0000000000 IN "...)
	dst = address(dst, w.Addr)
	dst = append(dst, "\r\ns=-\r\nc=IN "...)
	dst = address(dst, w.Addr)
	return w.session(append(dst, "\r\nt=0 0\r\n"...)), at
}

func address(dst []byte, a netip.Addr) []byte {
	if a.Is4() {
		return a.AppendTo(append(dst, "IP4 "...))
	}
	return a.AppendTo(append(dst, "IP6 "...))
}

// stamp puts the version in: the last one if the rest is what it was, else
// the next.
func stamp(dst []byte, at int, o *Origin) []byte {
	sum := maphash.Bytes(o.seed, dst[at:])
	if sum != o.sum || o.version == 0 {
		o.sum = sum
		o.version++
	}
	strconv.AppendUint(dst[at:at:at+versionLen], firstVersion+uint64(o.version), 10)
	return dst
}

func line(dst []byte, t byte, v []byte) []byte {
	dst = append(dst, t, '=')
	dst = append(dst, v...)
	return append(dst, '\r', '\n')
}

// mLine writes the m= line; one that is refused (port 0) stays as it was.
func mLine(dst []byte, m *Media, l *Line) []byte {
	dst = append(dst, "m="...)
	dst = append(dst, m.Kind...)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(l.Port), 10)
	dst = append(dst, ' ')
	if l.Port == 0 {
		dst = append(dst, m.RawProt...)
	} else {
		dst = appendProto(dst, m, l)
	}
	dst = append(dst, ' ')
	dst = append(dst, m.Formats...)
	return append(dst, '\r', '\n')
}

// ending writes what is ours to say of a media line.
func ending(dst []byte, l *Line, m *Media, at netip.Addr) []byte {
	if !m.Proto.RTP() { // no RTCP, and nobody holds a fax
		return dst
	}
	if l.Web != nil {
		dst = appendWeb(dst, l, at)
	}
	for i := range l.Crypto {
		if l.Crypto[i].Tag != 0 {
			dst = appendCrypto(dst, &l.Crypto[i])
		}
	}
	switch {
	case l.Mux:
		dst = append(dst, "a=rtcp-mux\r\n"...)
	case l.RTCP != 0 && l.RTCP != l.Port+1: // the next port needs no words (RFC 3605 §2.1)
		dst = append(dst, "a=rtcp:"...)
		dst = strconv.AppendUint(dst, uint64(l.RTCP), 10)
		dst = append(dst, '\r', '\n')
	}
	dst = append(dst, "a="...)
	dst = append(dst, l.Dir.String()...)
	return append(dst, '\r', '\n')
}

// hears reports whether an attribute of a line of another means something on this
// one: what the two ends of one transport say to each other does not pass a relay
// to or from a browser, whose transport ends here.
func (l *Line) hears(m *Media, v []byte) bool {
	web := l.Web.browser() || len(m.Keying.Ufrag) > 0
	switch name, _ := attr(v); string(name) {
	case "rtcp-fb":
		return l.Feedback && !web
	case "extmap", "rtcp-rsize":
		return !web
	}
	return true
}

// clean reports whether v cannot be read as more than one line by a reader
// that is more lenient than we are.
func clean(v []byte) bool {
	return bytes.IndexByte(v, '\r') < 0 && bytes.IndexByte(v, 0) < 0
}

// passes reports whether an attribute may be passed on, and whether it is one that
// nobody here knows. m is nil for the session's.
func (d *Desc) passes(m *Media, v []byte) (ok, odd bool) {
	name, value := attr(v)
	if !clean(v) || m != nil && !m.kept(name, value) {
		return false, false
	}
	switch string(name) {
	case "rtpmap", "fmtp", "ptime", "maxptime", "rtcp-fb", "framerate", "imageattr": // most lines are these
		return true, false
	case "sendrecv", "sendonly", "recvonly", "inactive", "rtcp", "rtcp-mux", "rtcp-mux-only": // said by ending
		return false, false
	case "candidate", "end-of-candidates", "remote-candidates", "ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "ice-mismatch", "ice-pacing", "ice2",
		"key-mgmt", "acap", "tcap", "pcfg", "acfg", "lcfg", "sescap", "csup", "creq", // keys, and offers of protection (RFC 5939), which end here
		"crypto", "fingerprint", "setup", "tls-id", "dtls-id", "connection", "identity", "cert",
		"group", "bundle-only", "mid", "msid", "msid-semantic", "ssrc", "ssrc-group", "rid", "simulcast", // of ICE, DTLS and BUNDLE, which end here
		"alt", "source-filter", "path", "rtcp-xr-addr", "tool", "cat", "keywds", "charset", "sdplang", "lang", "extmap-allow-mixed", "ice-candidate":
		return false, false
	}
	for _, a := range d.addrs {
		if len(a) > 0 && bytes.Contains(value, a) {
			return false, false
		}
	}
	return true, true
}
