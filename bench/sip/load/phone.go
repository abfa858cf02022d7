//go:build linux

package load

import (
	"bytes"
	"strconv"
	"time"
)

// ring takes what comes to a called telephone: calls, and answers to its
// registrations. It keeps no state of a call: what it has to repeat is in the
// requests.
func (p *Phones) ring(b []byte) {
	now := p.now()
	switch {
	case bytes.HasPrefix(b, []byte("SIP/2.0 ")):
		p.registered(b, now)
	case bytes.HasPrefix(b, []byte("INVITE ")):
		p.res.invites++
		p.called.sent(appendReply(p.called.room(), b, p.called, "180 Ringing", ""))
		if p.plan.Ring == 0 {
			p.called.sent(appendReply(p.called.room(), b, p.called, "200 OK", sound))
			return
		}
		var room []byte
		if n := len(p.spare); n > 0 {
			room, p.spare = p.spare[n-1][:0], p.spare[:n-1]
		}
		p.later = append(p.later, delayed{at: now + int64(p.plan.Ring/time.Nanosecond), msg: appendReply(room, b, p.called, "200 OK", sound)})
	case bytes.HasPrefix(b, []byte("ACK ")):
		p.res.acks++
	case bytes.HasPrefix(b, []byte("BYE ")):
		p.res.byes++
		p.called.sent(appendReply(p.called.room(), b, p.called, "200 OK", ""))
	default:
		p.res.Failures["a called telephone got "+firstLine(b)]++
	}
}

// appendReply appends the answer to a request (RFC 3261 §8.2.6.2).
func appendReply(b, request []byte, at *port, status, body string) []byte {
	b = append(append(append(b, "SIP/2.0 "...), status...), "\r\n"...)
	_, rest := line(request)
	for l, rest := line(rest); len(l) > 0; l, rest = line(rest) {
		switch name, _, _ := bytes.Cut(l, []byte(":")); string(name) {
		case "Via", "Record-Route", "From", "Call-ID", "CSeq":
			b = append(append(b, l...), "\r\n"...)
		case "To":
			b = append(b, l...)
			if !bytes.Contains(l, []byte(";tag=")) {
				b = append(b, ";tag=answers"...)
			}
			b = append(b, "\r\n"...)
		}
	}
	b = append(append(append(b, "Contact: <sip:telephone@"...), at.text...), ">\r\n"...)
	if body != "" {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}
