package sip

import (
	"bytes"
	"fmt"
)

// ParseError says what is wrong with a message. Status is how a request with
// this fault is answered (RFC 3261 §16.3, §21.4); a response is dropped.
// Answerable tells whether the message held enough to be answered.
type ParseError struct {
	Status     int
	Text       string
	Answerable bool
}

func (e *ParseError) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Text) }

func bad(text string) *ParseError { return &ParseError{Status: 400, Text: text} }

// Parse parses one message in place. It may change folded white space in raw
// (RFC 3261 §7.3.1) and keeps pointing into it. For a message from a stream,
// raw is exactly one message, as [Frame] cuts them.
//
// A fault does not stop the parser where it can go on, so that a bad request
// can still be answered: the error then has Answerable set.
func (m *Msg) Parse(raw []byte) *ParseError {
	m.reset(raw)
	if len(raw) > MaxMessage {
		return bad("Message too large")
	}
	pos, fault := m.startLine()
	if fault != nil && fault.Status == 0 { // not SIP at all
		return fault
	}
	end, headFault := m.header(pos)
	if fault == nil {
		fault = headFault
	}
	if end < 0 {
		return fault
	}
	if f := m.essentials(); f != nil {
		if fault == nil {
			fault = f
		}
		fault.Answerable = f.Answerable
		return fault
	}
	if f := m.cutBody(end); f != nil && fault == nil {
		fault = f
	}
	if fault != nil {
		fault.Answerable = true
	}
	return fault
}

func (m *Msg) reset(raw []byte) {
	m.raw, m.n, m.Status, m.Method, m.Truncated = raw, 0, 0, MethodOther, false
	m.first, m.last = [headerCount]uint8{}, [headerCount]uint8{}
	m.methodName, m.target, m.reason, m.body = span{}, span{}, span{}, span{}
	m.Via, m.From, m.To = Via{}, Address{}, Address{}
	m.FromTag, m.ToTag, m.CallID, m.CSeq, m.cseqName = nil, nil, nil, 0, nil
}

var crlf = []byte("\r\n") //nolint:gochecknoglobals // constant

// line returns the end of the line that starts at pos (without its ending) and
// the start of the next one; -1 if there is no line end.
func (m *Msg) line(pos int) (end, next int) {
	i := bytes.IndexByte(m.raw[pos:], '\n')
	if i < 0 {
		return -1, -1
	}
	end, next = pos+i, pos+i+1
	if end > pos && m.raw[end-1] == '\r' {
		end--
	}
	return end, next
}

// startLine parses the request or status line. A fault with status 0 means
// that this is no SIP message.
func (m *Msg) startLine() (next int, fault *ParseError) {
	end, next := m.line(0)
	if end < 0 || end > MaxLine {
		return 0, &ParseError{Text: "no start line"}
	}
	l := m.raw[:end]
	if len(l) > 8 && equalFold(l[:8], "SIP/2.0 ") {
		return next, m.statusLine(l)
	}
	m.Request = true
	sp := bytes.IndexByte(l, ' ')
	if sp <= 0 || !all(l[:sp], classToken) {
		return 0, &ParseError{Text: "no start line"}
	}
	m.methodName = span{0, uint16(sp)}
	m.Method = methodOf(l[:sp])
	last := bytes.LastIndexByte(l, ' ')
	version := l[last+1:]
	switch {
	case len(version) == 0:
		return next, bad("White space after the SIP version")
	case len(version) < 4 || !equalFold(version[:4], "SIP/"):
		return 0, &ParseError{Text: "no SIP version"}
	case !equalFold(version, "SIP/2.0"):
		return next, &ParseError{Status: 505, Text: "Version Not Supported"}
	case last == sp:
		return next, bad("No Request-URI")
	}
	m.target = span{uint16(sp + 1), uint16(last - sp - 1)}
	uri := l[sp+1 : last]
	if len(uri) > 0 && (uri[0] == ' ' || uri[len(uri)-1] == ' ') {
		return next, bad("More than one space in the request line")
	}
	if len(uri) > 0 && uri[0] == '<' {
		return next, bad("Request-URI in angle brackets")
	}
	if !noSpace(uri) {
		return next, bad("White space in the Request-URI")
	}
	return next, m.checkTarget(uri)
}

func (m *Msg) checkTarget(uri []byte) *ParseError {
	u, ok := ParseURI(uri)
	if u.Scheme == SchemeOther {
		if c := bytes.IndexByte(uri, ':'); c > 0 {
			return &ParseError{Status: 416, Text: "Unsupported URI Scheme"}
		}
	}
	if !ok {
		return bad("Malformed Request-URI")
	}
	// Headers have no place in a Request-URI (RFC 3261 §19.1.1 table 1).
	if len(u.Headers) > 0 && m.Method != REGISTER {
		return bad("Header fields in the Request-URI")
	}
	return nil
}

func (m *Msg) statusLine(l []byte) *ParseError {
	m.Request = false
	code, _, _ := cutByte(l[8:], ' ')
	n, ok := number(code, 699)
	if !ok || n < 100 || len(code) != 3 {
		return bad("Bad status code")
	}
	m.Status = int(n)
	if start := 8 + len(code) + 1; start < len(l) {
		m.reason = span{uint16(start), uint16(len(l) - start)}
	}
	return nil
}

// header parses the header fields from pos and returns where the body starts,
// -1 if the header has no end.
func (m *Msg) header(pos int) (body int, fault *ParseError) {
	raw := m.raw
	for {
		start := pos
		end, next := m.line(pos)
		if pos == len(raw) { // a datagram cut after a whole line can still be answered
			return pos, bad("The header does not end with an empty line")
		}
		if end < 0 {
			return -1, bad("The header does not end with an empty line")
		}
		if end == start {
			return next, fault
		}
		for next < len(raw) && class[raw[next]]&classWS != 0 { // folded: RFC 3261 §7.3.1
			raw[next-1] = ' '
			raw[end] = ' '
			if end, next = m.line(next); end < 0 {
				return -1, bad("The header does not end with an empty line")
			}
		}
		pos = next
		if end-start > MaxLine {
			return -1, bad("A header field is longer than 8192 bytes")
		}
		if m.n == MaxHeaders {
			return -1, bad("More than 128 header fields")
		}
		if f := m.addField(start, end); f != nil && fault == nil {
			fault = f
		}
	}
}

func (m *Msg) addField(start, end int) *ParseError {
	l := m.raw[start:end]
	colon := bytes.IndexByte(l, ':')
	if colon <= 0 {
		return bad("A header line without a colon")
	}
	name := l[:colon]
	for len(name) > 0 && class[name[len(name)-1]]&classWS != 0 {
		name = name[:len(name)-1]
	}
	id := headerID(name)
	if id == HOther && (len(name) == 0 || !all(name, classToken)) {
		return bad("A header name with characters that are not allowed")
	}
	v, e := start+colon+1, end
	for v < e && class[m.raw[v]]&classWS != 0 {
		v++
	}
	for e > v && class[m.raw[e-1]]&classWS != 0 {
		e--
	}
	m.fields[m.n] = field{id: id, name: span{uint16(start), uint16(len(name))}, value: span{uint16(v), uint16(e - v)}}
	m.n++
	if id == HOther {
		return nil
	}
	i := uint8(m.n)
	if m.first[id] == 0 {
		m.first[id], m.last[id] = i, i
		return nil
	}
	m.fields[m.last[id]-1].next, m.last[id] = i, i
	if singleton>>id&1 == 1 {
		return bad("More than one " + headerName[id] + " header field")
	}
	return nil
}

// essentials parses what RFC 3261 §8.1.1 demands of every message. After a
// fault here the message cannot be answered, unless Via, From, To, Call-ID and
// CSeq are readable as far as an answer copies them.
func (m *Msg) essentials() *ParseError {
	top, _ := cutList(m.Header(HVia))
	var ok bool
	if m.Via, ok = parseVia(trim(top)); !ok {
		return bad("Missing or malformed Via")
	}
	var fault *ParseError
	note := func(text string) {
		if fault == nil {
			fault = &ParseError{Status: 400, Text: text, Answerable: true}
		}
	}
	if m.From, ok = ParseAddress(m.Header(HFrom)); !ok {
		note("Missing or malformed From")
	}
	if m.To, ok = ParseAddress(m.Header(HTo)); !ok {
		note("Missing or malformed To")
	}
	m.FromTag, _ = m.From.Param("tag")
	m.ToTag, _ = m.To.Param("tag")
	if m.CallID = m.Header(HCallID); len(m.CallID) == 0 || !noSpaceLoose(m.CallID) {
		note("Missing or malformed Call-ID")
	}
	seq, name, _ := cutByte(m.Header(HCSeq), ' ')
	n, ok := number(seq, 1<<31-1)
	m.CSeq, m.cseqName = uint32(n), trim(name)
	method := methodOf(m.cseqName)
	switch {
	case !ok || len(m.cseqName) == 0:
		note("Missing or malformed CSeq")
	case !m.Request:
		m.Method = method
	case !bytes.Equal(m.cseqName, m.MethodName()):
		note("The method of CSeq is not that of the request")
	}
	return fault
}

func noSpaceLoose(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// cutBody applies Content-Length (RFC 3261 §18.3).
func (m *Msg) cutBody(start int) *ParseError {
	n := len(m.raw) - start
	m.body = span{uint16(start), uint16(n)}
	v := m.Header(HContentLength)
	if v == nil {
		return nil
	}
	want, ok := number(v, MaxMessage)
	switch {
	case !ok:
		return bad("Malformed Content-Length")
	case int(want) > n:
		return bad("Content-Length is larger than the body")
	case int(want) < n:
		m.Truncated = true
		m.body.n = uint16(want)
	}
	return nil
}

// Frame finds the end of the first message in a stream's bytes
// (RFC 3261 §18.3): n is its length, 0 if more bytes are needed. skip is how
// many bytes of CRLF keep-alive (RFC 5626 §3.5.1) stand before it, ping whether
// they held the double CRLF that wants a CRLF back. A stream with an error
// cannot be read on and must be closed.
func Frame(b []byte) (n, skip int, ping bool, err error) {
	for skip < len(b) && (b[skip] == '\r' || b[skip] == '\n') {
		skip++
	}
	ping = skip >= 4
	b = b[skip:]
	if len(b) == 0 {
		return 0, skip, ping, nil
	}
	head := headEnd(b)
	if head < 0 {
		if len(b) > MaxMessage {
			return 0, skip, ping, fmt.Errorf("no end of a SIP header within %d bytes", MaxMessage)
		}
		return 0, skip, ping, nil
	}
	length, ok := contentLength(b[:head])
	if !ok {
		return 0, skip, ping, fmt.Errorf("a message on a stream needs one valid Content-Length")
	}
	if head+length > MaxMessage {
		return 0, skip, ping, fmt.Errorf("a message of %d bytes, the limit is %d", head+length, MaxMessage)
	}
	if len(b) < head+length {
		return 0, skip, ping, nil
	}
	return head + length, skip, ping, nil
}

// headEnd returns where the body starts, -1 if the header is incomplete.
func headEnd(b []byte) int {
	for pos := 0; ; {
		i := bytes.IndexByte(b[pos:], '\n')
		if i < 0 {
			return -1
		}
		pos += i + 1
		if pos < len(b) && b[pos] == '\n' {
			return pos + 1
		}
		if pos+1 < len(b) && b[pos] == '\r' && b[pos+1] == '\n' {
			return pos + 2
		}
	}
}

// contentLength finds Content-Length in a header not yet parsed.
func contentLength(head []byte) (n int, ok bool) {
	for len(head) > 0 {
		var l []byte
		l, head, _ = cutByte(head, '\n')
		name, value, colon := cutByte(l, ':')
		if !colon || headerID(trim(name)) != HContentLength {
			continue
		}
		v, good := number(trim(bytes.TrimSuffix(value, crlf[:1])), MaxMessage)
		if !good || ok && int(v) != n {
			return 0, false
		}
		n, ok = int(v), true
	}
	return n, ok
}
