//go:build linux

package load

// registering is the telephones doing registrations.
type registering Phones

func (w *registering) begin(slot int32, _ int64) {
	p := (*Phones)(w)
	u := &p.units[slot]
	u.callee = int32((p.begun - 1) % len(p.callees))
	u.cseq = 1
	p.register(slot, u, false)
}

func (p *Phones) register(slot int32, u *unit, prove bool) {
	x := &p.callees[u.callee]
	server := p.server
	b := append(p.called.room(), "REGISTER "...)
	b = append(b, p.registerURI...)
	b = append(b, " SIP/2.0\r\n"...)
	b = p.appendVia(b, p.called, 'r'+byte(u.cseq&1), slot, u.serial)
	b = append(b, "From: <sip:"...)
	b = append(append(append(b, x.User...), '@'), server...)
	b = append(b, ">;tag=r"...)
	b = appendSerial(b, u.serial)
	b = append(b, "\r\nTo: <sip:"...)
	b = append(append(append(b, x.User...), '@'), server...)
	b = append(b, ">\r\nCall-ID: "...)
	b = appendSerial(b, u.serial)
	b = append(b, "-registration@"...)
	b = append(b, p.called.text...)
	b = append(b, "\r\nCSeq: "...)
	b = append(b, '0'+byte(u.cseq))
	b = append(b, " REGISTER\r\nContact: <sip:"...)
	b = append(append(append(b, x.User...), '@'), p.called.text...)
	b = append(b, ">\r\nExpires: 3600\r\nUser-Agent: telephone\r\n"...)
	if prove {
		b = p.appendProof(b, x, p.registerURI, &p.toRegister)
	}
	p.called.sent(append(b, "Content-Length: 0\r\n\r\n"...))
}

// registered takes an answer to REGISTER.
func (p *Phones) registered(b []byte, now int64) {
	kind, slot, u := p.unitOf(b)
	if u == nil || u.state != asked || kind != 'r'+byte(u.cseq&1) {
		p.res.Repeated++
		return
	}
	p.moved = now
	switch code := status(b); {
	case code < 200:
	case code == 401 && u.cseq == 1:
		x := &p.callees[u.callee]
		x.nonce, x.nc = append(x.nonce[:0], nonce(b)...), 0
		u.cseq = 2
		p.res.Challenged++
		p.register(slot, u, true)
	case code == 200 && u.cseq == 2:
		p.times = append(p.times, now-u.begun)
		p.finish(slot)
	default:
		p.fail(slot, "REGISTER: "+firstLine(b))
	}
}

func firstLine(b []byte) string {
	l, _ := line(b)
	return string(l)
}
