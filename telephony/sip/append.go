package sip

import (
	"net/netip"
	"strconv"
	"unicode/utf8"
)

const (
	version   = "SIP/2.0"
	hexDigits = "0123456789ABCDEF"
)

// reasonPhrase is the default phrase of the status codes this project sends.
var reasonPhrase = map[int]string{ //nolint:gochecknoglobals // constant table
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
	200: "OK", 202: "Accepted",
	302: "Moved Temporarily",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
	410: "Gone", 413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
	420: "Bad Extension", 421: "Extension Required", 422: "Session Interval Too Small", 423: "Interval Too Brief",
	430: "Flow Failed", 439: "First Hop Lacks Outbound Support", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
	483: "Too Many Hops", 484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated",
	488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending", 493: "Undecipherable",
	500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large",
	555: "Push Notification Service Not Supported",
	600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

// Reply is an answer to a request.
type Reply struct {
	Status  int
	Reason  string // "" for the usual phrase
	Headers []byte // further header lines, each with its CRLF
	Contact bool   // name ourselves as Contact
	SDP     []byte // body of type application/sdp
}

func appendStatusLine(b []byte, r *Reply) []byte {
	b = append(b, version...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, ' ')
	if r.Reason != "" {
		b = appendPhrase(b, r.Reason)
	} else {
		b = append(b, reasonPhrase[r.Status]...)
	}
	return append(b, crlf...)
}

// appendPhrase appends a Reason-Phrase (RFC 3261 §25.1). Other ASCII than its
// grammar has is escaped, but for a quotation mark, which people are to read, and
// control characters, which are dropped: there are telephones that take no answer
// with any of them, and ring on for ever.
func appendPhrase(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r >= utf8.RuneSelf || class[r]&classPhrase != 0:
			b = utf8.AppendRune(b, r)
		case r == '"':
			b = append(b, '\'')
		case r > ' ' && r != 0x7f:
			b = append(b, '%', hexDigits[r>>4], hexDigits[r&15])
		}
	}
	return b
}

// appendClean drops line ends, so that no text can add a header.
func appendClean(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] >= ' ' && s[i] != 0x7f || s[i] == '\t' {
			b = append(b, s[i])
		}
	}
	return b
}

// appendHead appends what every answer copies from its request (RFC 3261
// §8.2.6.2): Via with received and rport, Record-Route, From, To, Call-ID, CSeq.
// It returns where a To tag belongs, -1 if To has one.
func appendHead(b []byte, m *Msg, f *Flow) (_ []byte, toEnd int) {
	first := true
	m.Each(HVia, func(v []byte) bool {
		b = append(b, "Via: "...)
		if first {
			b = appendTopVia(b, &m.Via, f.Remote)
			first = false
		} else {
			b = append(b, v...)
		}
		b = append(b, crlf...)
		return true
	})
	if m.Method == INVITE || m.Method == SUBSCRIBE { // what begins a dialog (RFC 3261 §12.1.1)
		m.Each(HRecordRoute, func(v []byte) bool { b = appendHeader(b, HRecordRoute, v); return true })
	}
	toEnd = -1
	for _, id := range [...]HeaderID{HFrom, HTo, HCallID, HCSeq} {
		v := m.Header(id)
		if v == nil {
			continue // a bad request is answered as far as it goes
		}
		b = append(b, headerName[id]...)
		b = append(b, ": "...)
		b = append(b, v...)
		if id == HTo && m.ToTag == nil {
			toEnd = len(b)
		}
		b = append(b, crlf...)
	}
	return b, toEnd
}

// appendTopVia copies the topmost Via with the source the request came from
// (RFC 3261 §18.2.1, RFC 3581 §4), dropping what the sender claimed of it.
func appendTopVia(b []byte, v *Via, remote netip.AddrPort) []byte {
	head := len(v.Raw) - len(v.Params)
	b = append(b, trim(v.Raw[:head])...)
	if len(v.Params) > 0 {
		b = b[:len(b)-1] // the ';', set again below
	}
	for rest := v.Params; len(rest) > 0; {
		var p []byte
		p, rest = cutParam(rest)
		name, _, _ := cutByte(p, '=')
		if name = trim(name); equalFold(name, "rport") || equalFold(name, "received") {
			continue
		}
		b = append(b, ';')
		b = append(b, trim(p)...)
	}
	addr := remote.Addr().Unmap()
	if v.RPort {
		b = append(b, ";rport="...)
		b = strconv.AppendUint(b, uint64(remote.Port()), 10)
	}
	if sent, ok := parseIP(v.Host); v.RPort || !ok || sent != addr {
		b = append(b, ";received="...)
		b = addr.AppendTo(b)
	}
	return b
}

func appendHeader(b []byte, id HeaderID, value []byte) []byte {
	b = append(b, headerName[id]...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, crlf...)
}

// appendBody ends the header and appends the body.
func appendBody(b, sdp []byte) []byte {
	if len(sdp) > 0 {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(sdp)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, sdp...)
}

// AllowLine names the methods the core answers.
const AllowLine = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, SUBSCRIBE\r\n"

// AppendQuoted appends a quoted-string (RFC 3261 §25.1), escaped and without
// control characters.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ' && c != 0x7f:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// AppendUser appends text as the user part of a SIP URI, escaping what has to
// be ("#" becomes %23).
func AppendUser(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if class[c]&classUser != 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}

// AppendParam appends the value of a URI parameter, with what may not stand
// there escaped (RFC 3261 §19.1.1).
func AppendParam(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if class[c]&classParam != 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}

// Unquoted returns the text of a quoted-string, or of what stands unquoted.
func Unquoted(b []byte) string {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 1; i < len(b)-1; i++ {
		if b[i] == '\\' && i+1 < len(b)-1 {
			i++
		}
		out = append(out, b[i])
	}
	return string(out)
}
