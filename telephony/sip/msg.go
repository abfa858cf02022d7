package sip

import "bytes"

// Limits of a message.
const (
	MaxMessage = 65535 // bytes
	MaxHeaders = 128   // header fields
	MaxLine    = 8192  // bytes of one header field or start line, unfolded
)

// span is a piece of a message's bytes.
type span struct{ off, n uint16 }

type field struct {
	id          HeaderID
	next        uint8 // index+1 of the next field with the same id
	name, value span
}

// Msg is a message parsed in place: it points into the bytes it was parsed
// from and is valid as long as they are. One Msg is reused for every message
// of a shard.
type Msg struct {
	raw     []byte
	Request bool
	Method  Method // of the start line; for responses that of CSeq
	Status  int    // responses: 100 to 699

	methodName, target, reason, body span

	fields      [MaxHeaders]field
	n           int
	first, last [headerCount]uint8 // index+1

	// What every message needs, parsed once by Parse.
	Via       Via
	From, To  Address
	FromTag   []byte
	ToTag     []byte
	CallID    []byte
	CSeq      uint32
	cseqName  []byte
	Truncated bool // the datagram held more than Content-Length says (RFC 3261 §18.3)
}

// Via is a parsed Via value (RFC 3261 §20.42).
type Via struct {
	Raw       []byte
	Transport []byte
	Host      []byte
	Port      uint16
	IPv6      bool
	Params    []byte
	Branch    []byte
	RPort     bool // an rport parameter is there (RFC 3581), with or without value
}

// Address is a parsed name-addr or addr-spec (RFC 3261 §20.10).
type Address struct {
	Raw     []byte
	Display []byte // as it stands, with its quotes
	URI     []byte // raw text of the URI
	Params  []byte // header parameters
}

func (m *Msg) bytes(s span) []byte { return m.raw[s.off : int(s.off)+int(s.n)] }

// MethodName returns the method of the start line as sent.
func (m *Msg) MethodName() []byte { return m.bytes(m.methodName) }

// RequestURI returns the raw Request-URI.
func (m *Msg) RequestURI() []byte { return m.bytes(m.target) }

// Reason returns the reason phrase of a response.
func (m *Msg) Reason() []byte { return m.bytes(m.reason) }

// Body returns the message body.
func (m *Msg) Body() []byte { return m.bytes(m.body) }

// Len is how many bytes the message takes.
func (m *Msg) Len() int { return int(m.body.off) + int(m.body.n) }

// Header returns the first value of a header field, nil if there is none.
func (m *Msg) Header(id HeaderID) []byte {
	if i := m.first[id]; i > 0 {
		return m.bytes(m.fields[i-1].value)
	}
	return nil
}

// Has reports whether a header field is there, even if empty.
func (m *Msg) Has(id HeaderID) bool { return m.first[id] > 0 }

// Each calls f with every value of a header field in order, split at the
// commas that separate values, until f returns false.
func (m *Msg) Each(id HeaderID, f func(value []byte) bool) {
	for i := m.first[id]; i > 0; i = m.fields[i-1].next {
		rest := m.bytes(m.fields[i-1].value)
		for len(rest) > 0 {
			var v []byte
			v, rest = cutList(rest)
			if v = trim(v); len(v) > 0 && !f(v) {
				return
			}
		}
	}
}

// Other returns the first value of a header field this package has no id for.
func (m *Msg) Other(name string) []byte {
	for i := range m.n {
		if f := &m.fields[i]; f.id == HOther && equalFold(m.bytes(f.name), name) {
			return m.bytes(f.value)
		}
	}
	return nil
}

// HasToken reports whether a list header field (Supported, Require, Allow)
// holds the token.
func (m *Msg) HasToken(id HeaderID, token string) (found bool) {
	for i := m.first[id]; i > 0; i = m.fields[i-1].next {
		rest := m.bytes(m.fields[i-1].value)
		for len(rest) > 0 {
			var v []byte
			v, rest, _ = cutByte(rest, ',')
			if equalFold(trim(v), token) {
				return true
			}
		}
	}
	return false
}

// Number returns a header field that is one unsigned decimal number, capped at
// 2³²−1 (RFC 3261 §20.19: larger values are as good as the largest); a
// parameter after ';' is ignored.
func (m *Msg) Number(id HeaderID) (uint32, bool) {
	v := m.Header(id)
	v, _, _ = cutByte(v, ';')
	return Decimal(trim(v))
}

// Decimal reads digits as a number, capped at 2³²−1.
func Decimal(v []byte) (uint32, bool) {
	if len(v) == 0 || !all(v, classDigit) {
		return 0, false
	}
	n, ok := number(v, 1<<32-1)
	if !ok {
		return 1<<32 - 1, true
	}
	return uint32(n), true
}

// cutList cuts at the first comma outside quotes and angle brackets.
func cutList(b []byte) (v, rest []byte) {
	if bytes.IndexByte(b, ',') < 0 {
		return b, nil
	}
	quoted, angle := false, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !angle:
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// ParseAddress parses a name-addr or addr-spec with its header parameters and
// checks its form.
func ParseAddress(b []byte) (a Address, ok bool) {
	b = trim(b)
	a.Raw = b
	if len(b) == 0 {
		return a, false
	}
	if b[0] == '"' {
		end := closingQuote(b)
		if end < 0 {
			return a, false
		}
		a.Display = b[:end+1]
		return a, a.angle(trim(b[end+1:]))
	}
	lt := bytes.IndexByte(b, '<')
	if lt < 0 {
		// addr-spec: parameters belong to the header (RFC 3261 §20.10), and a
		// '?' or ',' in it demands angle brackets.
		a.URI, a.Params, _ = cutByte(b, ';')
		a.URI = trim(a.URI)
		return a, noSpace(a.URI) && bytes.IndexByte(a.URI, '?') < 0 && bytes.IndexByte(a.URI, ',') < 0 &&
			addressURI(a.URI) && goodParams(a.Params)
	}
	a.Display = trim(b[:lt])
	for _, c := range a.Display {
		if class[c]&(classToken|classWS) == 0 && c < 0x80 {
			return a, false
		}
	}
	return a, a.angle(b[lt:])
}

func (a *Address) angle(b []byte) bool {
	gt := bytes.IndexByte(b, '>')
	if len(b) == 0 || b[0] != '<' || gt < 0 {
		return false
	}
	a.URI = b[1:gt]
	rest := trim(b[gt+1:])
	if len(rest) > 0 {
		if rest[0] != ';' {
			return false
		}
		a.Params = rest[1:]
	}
	return addressURI(a.URI) && goodParams(a.Params)
}

func addressURI(b []byte) bool {
	_, ok := ParseURI(b)
	return ok
}

// goodParams refuses unbalanced quotes and empty names.
func goodParams(b []byte) bool {
	for len(b) > 0 {
		var p []byte
		p, b = cutParam(b)
		name, value, has := cutByte(p, '=')
		name, value = trim(name), trim(value)
		if len(name) == 0 || !all(name, classToken) {
			return false
		}
		if has && (len(value) == 0 || value[0] == '"' && closingQuote(value) != len(value)-1) {
			return false
		}
	}
	return true
}

// closingQuote returns the index of the quote that ends the quoted string at
// the start of b, or -1.
func closingQuote(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// Param returns a header parameter.
func (a *Address) Param(name string) ([]byte, bool) { return Param(a.Params, name) }

// parseVia parses one Via value. Its version is not looked at: a request of
// another version is to be answered 505 through it.
func parseVia(b []byte) (v Via, ok bool) {
	v.Raw = b
	protocol, rest, ok1 := cutByte(b, '/')
	version, rest, ok2 := cutByte(rest, '/')
	rest = trim(rest)
	if !ok1 || !ok2 || !equalFold(trim(protocol), "SIP") || len(trim(version)) == 0 {
		return v, false
	}
	i := 0
	for i < len(rest) && class[rest[i]]&classToken != 0 {
		i++
	}
	if i == 0 || i == len(rest) || class[rest[i]]&classWS == 0 {
		return v, false
	}
	v.Transport = rest[:i]
	sentBy, params, _ := cutByte(trim(rest[i:]), ';')
	v.Params = params
	if v.Host, v.Port, v.IPv6, ok = viaSentBy(sentBy); !ok {
		return v, false
	}
	for len(params) > 0 {
		var p []byte
		p, params = cutParam(params)
		name, value, _ := cutByte(p, '=')
		name = trim(name)
		if len(name) == 0 || !all(name, classToken) {
			return v, false
		}
		switch {
		case equalFold(name, "branch"):
			v.Branch = trim(value)
		case equalFold(name, "rport"):
			v.RPort = true
		}
	}
	return v, true
}

// viaSentBy allows white space around the colon (RFC 3261 §25.1: COLON).
func viaSentBy(b []byte) (host []byte, port uint16, v6, ok bool) {
	b = trim(b)
	if bytes.IndexByte(b, ' ') < 0 && bytes.IndexByte(b, '\t') < 0 {
		return hostPort(b)
	}
	colon := bytes.LastIndexByte(b, ':')
	if colon < 0 {
		return nil, 0, false, false
	}
	p, good := number(trim(b[colon+1:]), 65535)
	host, _, v6, ok = hostPort(trim(b[:colon]))
	return host, uint16(p), v6, ok && good
}

// magicCookie begins every branch of RFC 3261 §8.1.1.7.
const magicCookie = "z9hG4bK"

// Cookie reports whether the branch identifies the transaction by itself: it
// has the cookie of RFC 3261 and something behind it.
func (v *Via) Cookie() bool {
	return len(v.Branch) > len(magicCookie) && equalFold(v.Branch[:len(magicCookie)], magicCookie)
}
