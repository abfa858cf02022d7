package sip

// Progress sends a provisional answer to the INVITE of a called dialog, with
// SDP for early media. If the caller demands reliable provisional answers
// (RFC 3262), those above 100 are sent reliably.
func (d *Dialog) Progress(status int, sdp []byte) {
	if !d.uas || d.state != dialogEarly || !d.in.ok {
		return
	}
	r := &Reply{Status: status, Contact: true, SDP: sdp}
	if d.rel.wanted && status > 100 {
		d.progressReliably(r)
		return
	}
	d.shard.answer(d.in.slot, r, d.tag())
}

// tag returns our tag, valid until the next call.
func (d *Dialog) tag() []byte {
	s := d.shard
	s.tagBuf = d.appendTag(s.tagBuf[:0])
	return s.tagBuf
}

// Tell has the answer carry further header lines, each with its CRLF.
func (d *Dialog) Tell(headers []byte) { d.told = append(d.told[:0], headers...) }

// Answer answers the call with a 2xx. After a late offer sdp is our offer.
func (d *Dialog) Answer(sdp []byte) {
	if !d.uas || d.state != dialogEarly || !d.in.ok {
		return
	}
	if d.rel.unacked() {
		// RFC 3262 §3: no 2xx while a reliable answer with SDP is unacknowledged.
		d.rel.answer = append(d.rel.answer[:0], sdp...)
		d.rel.answerWaits = true
		return
	}
	d.state = dialogAnswered
	d.keep(sdp)
	s := d.shard
	headers := append(s.scratch[:0], AllowLine+"Supported: timer, 100rel, replaces\r\n"...)
	headers = append(d.sess.append(headers, false), d.told...)
	s.scratch = headers
	s.answer(d.in.slot, &Reply{Status: 200, Contact: true, Headers: headers, SDP: sdp}, d.tag())
}

// Refuse answers the INVITE with a final failure; the dialog is gone. headers
// are further header lines, each with its CRLF.
func (d *Dialog) Refuse(status int, reason string, headers []byte) {
	if !d.uas || d.state != dialogEarly || !d.in.ok {
		return
	}
	s := d.shard
	s.answer(d.in.slot, &Reply{Status: status, Reason: reason, Headers: headers}, d.tag())
	s.freeDialog(d)
}

// End ends the dialog in whatever state it is: a refusal with status, CANCEL,
// or BYE, held back until our 2xx is acknowledged (RFC 3261 §15). reason is a
// Reason header value (RFC 3326), or "". No further event comes.
func (d *Dialog) End(status int, reason string) {
	s := d.shard
	header := ""
	if reason != "" {
		header = "Reason: " + reason + "\r\n"
	}
	if d.offer.ok { // whoever asks for a change gets an answer before the end
		d.RefuseOffer(487)
	}
	switch {
	case d.uas && d.state == dialogEarly:
		d.rel.answerWaits = false
		d.Refuse(status, "", []byte(header))
	case d.uas && d.state == dialogAnswered:
		d.endAfter, d.quiet, d.User = true, true, nil
	case d.state == dialogEarly:
		if t := s.clients.get(d.out.slot, d.out.gen); d.out.ok && t != nil {
			s.cancel(d.out.slot, t, header)
		}
		s.freeDialog(d)
	case d.ackPending:
		// The 2xx brought an offer that gets no answer: acknowledge it without,
		// and leave.
		d.Ack(nil)
		fallthrough
	default:
		d.send(BYE, useBye, header, nil)
		s.freeDialog(d)
	}
}

// ack is the ACK of our 2xx.
func (s *Shard) ack(d *Dialog, m *Msg) {
	t := s.servers.get(d.in.slot, d.in.gen)
	if !d.in.ok || t == nil || t.cseq != m.CSeq || t.acked || t.state != serverAccepted {
		return
	}
	s.acknowledged(t)
	s.wheel.set(&t.timer, t.deadline)
	d.in.ok = false
	first := d.state == dialogAnswered
	d.state = dialogConfirmed
	d.sess.arm(d)
	if d.endAfter {
		d.send(BYE, useBye, "", nil)
		s.freeDialog(d)
		return
	}
	if first || len(m.Body()) > 0 {
		s.emit(d, Event{Kind: EventAck, Msg: m, SDP: m.Body()})
	}
}

// neverAcked ends a call whose 2xx got no ACK in 64·T1 (RFC 3261 §13.3.1.4).
func (s *Shard) neverAcked(d *Dialog) {
	d.send(BYE, useBye, "Reason: SIP;cause=408;text=\"No ACK\"\r\n", nil)
	s.over(d, Event{Kind: EventBye, Status: 408})
}

// emit tells the user, unless the user ended the dialog.
func (s *Shard) emit(d *Dialog, e Event) {
	if !d.quiet {
		s.h.Event(d, e)
	}
}

// over tells the user the last event and frees the dialog.
func (s *Shard) over(d *Dialog, e Event) {
	slot, gen := d.slot, s.dialogs.gen(d.slot)
	s.emit(d, e)
	if s.dialogs.get(slot, gen) != nil {
		s.freeDialog(d)
	}
}

// inDialog is a request with a To tag that is a dialog of ours.
func (s *Shard) inDialog(d *Dialog, f Flow, m *Msg, key uint64) {
	if m.Method == ACK {
		s.ack(d, m)
		return
	}
	if d.remoteSeq != 0 && m.CSeq < d.remoteSeq {
		s.reject(f, m, 500, "Old CSeq") // RFC 3261 §12.2.2
		return
	}
	d.remoteSeq = m.CSeq
	slot, _ := s.newServer(f, m, key)
	if d.flow.Conn != f.Conn && f.Conn != nil || d.nat && d.flow.Conn == nil && f.Conn == nil {
		d.flow = f // the phone moved: a new connection, another NAT port
		f.Conn.prove()
	}
	switch m.Method {
	case BYE:
		s.bye(d, slot, m)
	case INVITE, UPDATE:
		s.modify(d, slot, m)
	case PRACK:
		s.prack(d, slot, m)
	case INFO:
		d.canInfo = true
		s.answer(slot, &Reply{Status: 200}, nil)
		s.emit(d, Event{Kind: EventInfo, Msg: m})
	case REFER:
		s.referred(d, slot, m)
	case OPTIONS:
		s.answer(slot, &Reply{Status: 200, Headers: []byte(AllowLine + "Accept: application/sdp\r\n")}, nil)
	case SUBSCRIBE: // RFC 6665 §4.5.2: a dialog is not shared with a call
		s.answer(slot, &Reply{Status: 403, Reason: "Subscribe outside of calls"}, nil)
	default:
		s.answer(slot, &Reply{Status: 405, Headers: []byte(AllowLine)}, nil)
	}
}

func (s *Shard) bye(d *Dialog, slot uint32, m *Msg) {
	if d.offer.ok {
		s.answer(d.offer.slot, &Reply{Status: 487}, nil)
		d.offer.ok = false
	}
	if d.uas && d.state == dialogEarly && d.in.ok {
		// The caller may end an early dialog by BYE (RFC 3261 §15): its INVITE
		// is answered too.
		s.answer(d.in.slot, &Reply{Status: 487}, d.tag())
	}
	if !d.uas && d.state == dialogEarly {
		s.answer(slot, &Reply{Status: 481}, nil) // the callee must not
		return
	}
	if t := s.servers.get(d.in.slot, d.in.gen); d.in.ok && t != nil {
		s.acknowledged(t) // the caller has gone
	}
	s.answer(slot, &Reply{Status: 200}, nil)
	s.over(d, Event{Kind: EventBye, Status: 200, Msg: m})
}

// modify is a re-INVITE or UPDATE (RFC 3261 §14.2, RFC 3311 §5.2).
func (s *Shard) modify(d *Dialog, slot uint32, m *Msg) {
	status := 0
	switch {
	case d.quiet:
		status = 481
	case d.offering || d.ackPending:
		status = 491
	case d.offer.ok, m.Method == INVITE && (d.state == dialogEarly || d.in.ok):
		status = 500 // RFC 3261 §14.2: one at a time
	case d.uas && d.state == dialogEarly && len(m.Body()) > 0 && !d.rel.answered:
		status = 500 // RFC 3311 §5.2: our answer to the INVITE's offer is still owed
	case !d.sess.take(m, true):
		s.answer(slot, &Reply{Status: 422, Headers: minSE}, nil)
		return
	}
	if status != 0 {
		s.answer(slot, &Reply{Status: status, Headers: retryLater}, nil)
		return
	}
	d.learn(m)
	if m.Method == UPDATE && len(m.Body()) == 0 { // only a refresh (RFC 4028 §7.4)
		s.scratch = d.sess.append(s.scratch[:0], false)
		s.answer(slot, &Reply{Status: 200, Contact: true, Headers: s.scratch}, nil)
		d.sess.arm(d)
		s.emit(d, Event{Kind: EventUpdate, Msg: m})
		return
	}
	d.offer = txRef{slot, s.servers.gen(slot), true}
	if m.Method == INVITE {
		s.answer(slot, &Reply{Status: 100}, nil)
	}
	s.emit(d, Event{Kind: EventOffer, Msg: m, SDP: m.Body()})
}

var (
	minSE      = []byte("Min-SE: 90\r\n")     //nolint:gochecknoglobals // constant
	retryLater = []byte("Retry-After: 5\r\n") //nolint:gochecknoglobals // constant
)

// AcceptOffer answers an EventOffer: sdp is the answer, or our offer if the
// re-INVITE had none.
func (d *Dialog) AcceptOffer(sdp []byte) {
	if !d.offer.ok {
		return
	}
	s := d.shard
	ref := d.offer
	d.offer.ok = false
	t := s.servers.get(ref.slot, ref.gen)
	if t == nil {
		return
	}
	if t.invite { // its ACK is awaited like the first one's
		d.in = ref
		t.dialog, t.dialogGen, t.hasDialog = d.slot, s.dialogs.gen(d.slot), true
	}
	d.keep(sdp)
	s.scratch = d.sess.append(s.scratch[:0], false)
	s.answer(ref.slot, &Reply{Status: 200, Contact: true, Headers: s.scratch, SDP: sdp}, nil)
	d.sess.arm(d)
}

// RefuseOffer answers an EventOffer with a failure; the call goes on as it was.
func (d *Dialog) RefuseOffer(status int) {
	if !d.offer.ok {
		return
	}
	d.offer.ok = false
	if d.shard.servers.get(d.offer.slot, d.offer.gen) != nil {
		d.shard.answer(d.offer.slot, &Reply{Status: status}, nil)
	}
}
