//go:build linux

package load

import (
	"bytes"
	"strconv"
)

// dialling is the telephones calling each other.
type dialling Phones

// sound is the session description of every telephone; no sound is sent.
const sound = "v=0\r\no=- 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"

func (w *dialling) begin(slot int32, _ int64) {
	p := (*Phones)(w)
	u := &p.units[slot]
	n := p.begun - 1
	u.caller, u.callee, u.cseq = int32(n%len(p.callers)), int32((n+n/len(p.callees))%len(p.callees)), 1
	if x := &p.callers[u.caller]; p.plan.Forget {
		x.nonce = x.nonce[:0]
	}
	p.invite(slot, u)
}

// appendParties appends From, Call-ID and CSeq as every request of a call has
// them.
func (p *Phones) appendParties(b []byte, u *unit, method string) []byte {
	b = append(b, "From: <sip:"...)
	b = append(b, p.callers[u.caller].User...)
	b = append(append(append(b, '@'), p.server...), ">;tag=c"...)
	b = appendSerial(b, u.serial)
	b = append(b, "\r\nCall-ID: "...)
	b = appendSerial(b, u.serial)
	b = append(b, "-call@"...)
	b = append(b, p.calling.text...)
	b = append(b, "\r\nCSeq: "...)
	b = strconv.AppendUint(b, uint64(u.cseq), 10)
	b = append(append(b, ' '), method...)
	return append(b, "\r\n"...)
}

func (p *Phones) appendDialled(b []byte, u *unit) []byte {
	b = append(b, "To: <"...)
	b = append(b, p.callees[u.callee].dialURI...)
	return append(b, ">\r\n"...)
}

func (p *Phones) invite(slot int32, u *unit) {
	x, y := &p.callers[u.caller], &p.callees[u.callee]
	b := append(p.calling.room(), "INVITE "...)
	b = append(b, y.dialURI...)
	b = append(b, " SIP/2.0\r\n"...)
	b = p.appendVia(b, p.calling, 'i'+byte(u.cseq&1), slot, u.serial)
	b = p.appendDialled(b, u)
	b = p.appendParties(b, u, "INVITE")
	b = append(b, "Contact: <sip:"...)
	b = append(b, x.User...)
	b = append(append(append(b, '@'), p.calling.text...), ">\r\nUser-Agent: telephone\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n"...)
	if u.proved = p.plan.Prove && len(x.nonce) > 0; u.proved {
		b = p.appendProof(b, x, y.dialURI, &y.toDial)
	}
	b = append(b, "Content-Type: application/sdp\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(sound)), 10)
	b = append(b, "\r\n\r\n"...)
	p.calling.sent(append(b, sound...))
}

// answer takes what comes to a calling telephone.
func (p *Phones) answer(b []byte) {
	code := status(b)
	kind, slot, u := p.unitOf(b)
	if code == 0 || u == nil {
		p.res.Repeated++
		return
	}
	now := p.now()
	p.moved = now
	switch {
	case kind == 'b':
		if code == 200 && u.state == ending {
			p.finish(slot)
		} else if code >= 200 && u.state == ending {
			p.fail(slot, "BYE: "+firstLine(b))
		}
	case code < 200:
	case kind != 'i'+byte(u.cseq&1):
		p.res.Repeated++
	case code == 200 && u.state == asked:
		p.answered(slot, u, b, now)
	case code == 200:
		p.res.Repeated++
		p.calling.sent(p.appendACK(p.calling.room(), slot, u))
	case u.state != asked:
		p.res.Repeated++
	default:
		p.refused(slot, u, b, code)
	}
}

// answered takes the 2xx: ACK, and BYE when it is time.
func (p *Phones) answered(slot int32, u *unit, b []byte, now int64) {
	p.times = append(p.times, now-u.begun)
	u.to, u.target, u.routes = u.to[:0], u.target[:0], u.routes[:0]
	_, rest := line(b)
	for l, rest := line(rest); len(l) > 0; l, rest = line(rest) {
		if v, ok := value(l, "To"); ok {
			u.to = append(u.to, v...)
		} else if v, ok := value(l, "Contact"); ok {
			if i, j := bytes.IndexByte(v, '<'), bytes.IndexByte(v, '>'); i >= 0 && j > i {
				v = v[i+1 : j]
			}
			u.target = append(u.target, v...)
		} else if v, ok := value(l, "Record-Route"); ok {
			// The caller's route set is the reverse (RFC 3261 §12.1.2).
			u.routes = append(append(append([]byte("Route: "), v...), "\r\n"...), u.routes...)
		}
	}
	if len(u.target) == 0 || !bytes.Contains(u.to, []byte("tag=")) {
		p.fail(slot, "a 200 without Contact or To tag")
		return
	}
	u.state = talking
	p.calling.sent(p.appendACK(p.calling.room(), slot, u))
	if p.plan.Talk == 0 {
		p.hangUp(slot, u)
		return
	}
	p.hangups = append(p.hangups, delayed{at: now + int64(p.plan.Talk), slot: slot, serial: u.serial})
}

func (p *Phones) appendACK(b []byte, slot int32, u *unit) []byte {
	b = append(b, "ACK "...)
	b = append(b, u.target...)
	b = append(b, " SIP/2.0\r\n"...)
	b = p.appendVia(b, p.calling, 'a', slot, u.serial)
	b = append(b, u.routes...)
	b = append(append(append(b, "To: "...), u.to...), "\r\n"...)
	b = p.appendParties(b, u, "ACK")
	return append(b, "Content-Length: 0\r\n\r\n"...)
}

func (p *Phones) hangUp(slot int32, u *unit) {
	u.state = ending
	u.cseq++
	b := append(p.calling.room(), "BYE "...)
	b = append(b, u.target...)
	b = append(b, " SIP/2.0\r\n"...)
	b = p.appendVia(b, p.calling, 'b', slot, u.serial)
	b = append(b, u.routes...)
	b = append(append(append(b, "To: "...), u.to...), "\r\n"...)
	b = p.appendParties(b, u, "BYE")
	p.calling.sent(append(b, "Content-Length: 0\r\n\r\n"...))
}

// refused takes a failure: ACK, and once more with a proof if it was a
// challenge.
func (p *Phones) refused(slot int32, u *unit, reply []byte, code int) {
	b := append(p.calling.room(), "ACK "...)
	b = append(b, p.callees[u.callee].dialURI...)
	b = append(b, " SIP/2.0\r\n"...)
	b = p.appendVia(b, p.calling, 'i'+byte(u.cseq&1), slot, u.serial)
	for l, rest := line(reply); len(l) > 0; l, rest = line(rest) {
		if v, ok := value(l, "To"); ok {
			b = append(append(append(b, "To: "...), v...), "\r\n"...)
		}
	}
	b = p.appendParties(b, u, "ACK")
	p.calling.sent(append(b, "Content-Length: 0\r\n\r\n"...))
	x := &p.callers[u.caller]
	if code != 401 || !p.plan.Prove || u.cseq > 3 {
		p.fail(slot, "INVITE: "+firstLine(reply))
		return
	}
	x.nonce, x.nc = append(x.nonce[:0], nonce(reply)...), 0
	u.cseq++
	p.res.Challenged++
	p.invite(slot, u)
}
