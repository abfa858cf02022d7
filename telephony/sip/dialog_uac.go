package sip

import "strconv"

// Outgoing describes a call to make. All bytes are copied.
type Outgoing struct {
	Flow     Flow   // where the INVITE goes
	URI      []byte // Request-URI
	From     []byte // From value without tag
	To       []byte // To value without tag
	CallID   []byte // made up if empty
	Headers  []byte // further header lines, each with its CRLF
	SDP      []byte // the offer; none asks the other side for one
	Forwards int    // Max-Forwards; 0 means 70, -1 none
	Reliable bool   // demand reliable provisional answers (RFC 3262)
	NAT      bool   // the peer's Contact may be a lie: keep to its flow
	Login    *Login // how to prove who we are, if asked; nil: not at all
	// Patience is how long to wait for any answer at all, instead of Timer B's
	// 32 s (RFC 3261 §17.1.1.2): who knows another way does not wait so long.
	Patience Mono
	Urgent   bool // it may take the room of a connection that is kept for calls that are there
	User     any
}

// defaultInterval is the session interval asked for, in seconds (RFC 4028).
const defaultInterval = 1800

// Invite begins a call.
func (s *Shard) Invite(o *Outgoing) *Dialog {
	d := s.newDialog(false, o.Flow)
	d.User, d.nat, d.patience, d.urgent = o.User, o.NAT, o.Patience, o.Urgent
	if o.Login != nil {
		d.proof = &proof{login: o.Login}
	}
	d.target = append(d.target, o.URI...)
	d.local = append(append(d.local, o.From...), ";tag="...)
	d.local = d.appendTag(d.local)
	d.remote = append(d.remote, o.To...)
	if d.callID = append(d.callID, o.CallID...); len(d.callID) == 0 {
		d.callID = s.appendCallID(d.callID)
	}
	d.localSeq, d.inviteSeq = 1, 1
	d.late = len(o.SDP) == 0
	d.keep(o.SDP)
	d.sess.interval = defaultInterval

	slot, t := s.newClient(INVITE, useInvite, o.Flow, d)
	d.out = txRef{slot, s.clients.gen(slot), true}
	b := t.msg
	b = append(b, "INVITE "...)
	b = append(b, o.URI...)
	b = append(b, " SIP/2.0\r\n"...)
	b = append(b, o.Flow.Listener.via...)
	b = s.clientToken(slot).append(b, s.core.key)
	b = append(b, "\r\nMax-Forwards: "...)
	forwards := o.Forwards
	if forwards == 0 {
		forwards = 70
	}
	b = strconv.AppendInt(b, int64(max(forwards, 0)), 10)
	b = append(b, crlf...)
	b = appendHeader(b, HFrom, d.local)
	b = appendHeader(b, HTo, d.remote)
	b = appendHeader(b, HCallID, d.callID)
	b = appendCSeq(b, d.inviteSeq, "INVITE")
	b = append(b, o.Flow.Listener.contact...)
	b = append(b, AllowLine...)
	if o.Reliable {
		b = append(b, "Require: 100rel\r\n"...)
	}
	b = append(b, "Supported: timer\r\n"...)
	b = d.sess.append(b, true)
	b = append(b, o.Headers...)
	t.msg = appendBody(b, o.SDP)
	s.start(slot)
	return d
}

// appendCallID makes up a Call-ID nobody can guess (RFC 3261 §8.1.1.4).
func (s *Shard) appendCallID(b []byte) []byte {
	const hex = "0123456789abcdef"
	for _, v := range [...]uint64{s.rng.Uint64(), s.rng.Uint64()} {
		for i := 60; i >= 0; i -= 4 {
			b = append(b, hex[v>>i&15])
		}
	}
	return b
}

// provisional is a 1xx to the INVITE of a calling dialog.
func (s *Shard) provisional(d *Dialog, t *clientTx, m *Msg) {
	if m.Status == 100 || t.use != useInvite {
		return
	}
	if m.ToTag != nil {
		if !equalBytes(d.rtag, m.ToTag) {
			d.rel.seq = 0 // another fork counts for itself (RFC 3262 §4)
		}
		d.fromResponse(m)
	}
	if m.HasToken(HRequire, "100rel") && !d.acknowledge(m) {
		return // seen already, or out of order
	}
	s.emit(d, Event{Kind: EventProgress, Status: m.Status, Msg: m, SDP: m.Body()})
}

// accepted is the first 2xx to an INVITE or re-INVITE of ours.
func (s *Shard) accepted(d *Dialog, slot uint32, t *clientTx, m *Msg) {
	d.out = txRef{slot, s.clients.gen(slot), true}
	d.state = dialogConfirmed
	if t.use == useInvite {
		d.fromResponse(m)
	} else {
		d.learn(m)
	}
	d.sess.take(m, false)
	d.sess.arm(d)
	wasLate := d.late
	d.late = false
	kind := EventAnswer
	if t.use != useInvite {
		kind = EventModified
		d.offering = false
	}
	if t.use == useRefresh {
		d.sendAck(t, nil)
		return
	}
	if wasLate && len(m.Body()) > 0 {
		d.ackPending = true
	} else {
		d.sendAck(t, nil)
	}
	s.emit(d, Event{Kind: kind, Status: m.Status, Msg: m, SDP: m.Body()})
}

// Ack sends the ACK with the answer to the offer that came in the 2xx.
func (d *Dialog) Ack(sdp []byte) {
	if !d.ackPending {
		return
	}
	d.ackPending = false
	s := d.shard
	if t := s.clients.get(d.out.slot, d.out.gen); d.out.ok && t != nil {
		d.sendAck(t, sdp)
		return
	}
	d.sendAck(nil, sdp) // only after 32 s
}

// Modify offers a change of the session: re-INVITE, or UPDATE before the call
// is answered. Without sdp it asks the other side for an offer. It reports
// whether an offer could be made; if not, try again after the pending one.
func (d *Dialog) Modify(sdp []byte) bool {
	switch {
	case d.offering || d.offer.ok || d.ackPending:
		return false
	case d.state == dialogConfirmed:
		if d.in.ok { // a re-INVITE of theirs lacks its ACK
			return false
		}
		d.offering, d.late = true, len(sdp) == 0
		d.send(INVITE, useModify, "", sdp)
		return true
	case d.canUpdate && len(sdp) > 0 && len(d.rtag) > 0:
		d.offering = true
		d.send(UPDATE, useModify, "", sdp)
		return true
	}
	return false
}

// About is what each further INVITE and UPDATE of ours says of who we are.
func (d *Dialog) About() []byte { return d.about }

// SetAbout sets it: header lines, each with its CRLF.
func (d *Dialog) SetAbout(headers []byte) { d.about = append(d.about[:0], headers...) }

// Update says it at once (RFC 3311), to whoever takes an UPDATE: nothing of the sound
// changes, and the session is refreshed (RFC 4028 §7.4). Before he has answered
// one he refuses another (RFC 3311 §5.2), which therefore waits.
func (d *Dialog) Update() {
	switch {
	case !d.canUpdate || d.state != dialogConfirmed || d.quiet:
	case d.updating:
		d.unsaid = true
	default:
		d.updating = true
		d.send(UPDATE, useRefresh, "", nil)
	}
}

// TakesInfo tells whether the other side allows INFO, or has sent it.
func (d *Dialog) TakesInfo() bool { return d.canInfo }

// Info sends an INFO request with a body of the given type.
func (d *Dialog) Info(contentType string, body []byte) {
	if d.state != dialogConfirmed {
		return
	}
	s := d.shard
	d.localSeq++
	slot, t := s.newClient(INFO, useOther, d.nextHop(), d)
	b := d.appendRequest(t.msg, INFO, d.localSeq, s.clientToken(slot))
	b = append(b, "Content-Type: "...)
	b = appendClean(b, contentType)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	t.msg = append(b, body...)
	s.start(slot)
}

// requestDone is the final answer to a request of ours, except the 2xx of
// INVITE; m is nil when there was none (time-out, or the way there is broken).
func (s *Shard) requestDone(d *Dialog, u use, status int, m *Msg) {
	var sdp []byte
	if m != nil {
		sdp = m.Body()
	}
	switch u {
	case useInvite:
		s.over(d, Event{Kind: EventFail, Status: status, Msg: m})
	case useModify:
		d.offering = false
		switch {
		case status < 300:
			d.learn(m)
			d.sess.take(m, false)
			d.sess.arm(d)
			s.emit(d, Event{Kind: EventModified, Status: status, Msg: m, SDP: sdp})
		case status == 481 || status == 408:
			s.lost(d, status)
		default:
			d.late = false
			s.emit(d, Event{Kind: EventRefused, Status: status, Msg: m})
		}
	case useRefresh:
		if status == 481 || status == 408 {
			s.lost(d, status)
			return
		}
		if status < 300 {
			d.sess.take(m, false)
			d.sess.arm(d)
		}
		if d.updating = false; d.unsaid {
			d.Update()
		}
	case useOther:
		if status == 481 || status == 408 && m == nil {
			s.lost(d, status)
		}
	case useBye:
	}
}

// lost ends a dialog the other side does not know or answer any more (RFC 3261
// §12.2.1.2).
func (s *Shard) lost(d *Dialog, status int) {
	if d.state == dialogConfirmed {
		d.send(BYE, useBye, "", nil)
		s.over(d, Event{Kind: EventBye, Status: status})
	}
}
