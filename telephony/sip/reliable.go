package sip

import "strconv"

// reliable is the state of reliable provisional answers (RFC 3262).
type reliable struct {
	wanted      bool   // UAS: the caller requires them
	answered    bool   // UAS: our answer to the offer was sent in one
	seq         uint32 // UAS: RSeq of the last one sent. UAC: of the last one seen
	waiting     bool   // UAS: its PRACK is awaited
	msg         []byte // UAS: to be repeated
	interval    Mono
	deadline    Mono
	answerWaits bool   // UAS: the 2xx waits for the PRACK
	answer      []byte // its SDP
	next        struct {
		status int // a further provisional answer waits for the PRACK
		sdp    []byte
	}
}

func (r *reliable) unacked() bool { return r.waiting }

// progressReliably sends a provisional answer reliably. Only one may be
// unacknowledged (RFC 3262 §3); the latest further one waits.
func (d *Dialog) progressReliably(r *Reply) {
	s := d.shard
	if d.rel.waiting {
		d.rel.next.status = r.Status
		d.rel.next.sdp = append(d.rel.next.sdp[:0], r.SDP...)
		return
	}
	d.rel.seq++
	if d.rel.seq == 1 {
		d.rel.seq = s.rng.Uint32()>>2 + 1
	}
	h := append(s.scratch[:0], "Require: 100rel\r\n"+AllowLine+"RSeq: "...)
	h = strconv.AppendUint(h, uint64(d.rel.seq), 10)
	h = append(h, crlf...)
	s.scratch = h
	r.Headers = h
	s.answer(d.in.slot, r, d.tag())
	d.rel.answered = d.rel.answered || len(r.SDP) > 0
	d.rel.waiting = true
	d.rel.msg = append(d.rel.msg[:0], s.servers.at(d.in.slot).last...)
	d.rel.interval, d.rel.deadline = T1, s.now+timeout
	s.wheel.set(&d.timer, s.now+T1)
}

// repeatProgress is the timer of an unacknowledged reliable answer.
func (s *Shard) repeatProgress(d *Dialog) {
	if s.now >= d.rel.deadline {
		s.answer(d.in.slot, &Reply{Status: 504, Reason: "No PRACK"}, d.tag()) // RFC 3262 §3: a 5xx
		s.over(d, Event{Kind: EventCancel, Status: 504})
		return
	}
	t := s.servers.get(d.in.slot, d.in.gen)
	if t == nil {
		return
	}
	s.sendCopy(t.dest, d.rel.msg)
	d.rel.interval *= 2
	s.wheel.set(&d.timer, min(s.now+d.rel.interval, d.rel.deadline))
}

// prack is the acknowledgement of a reliable answer of ours.
func (s *Shard) prack(d *Dialog, slot uint32, m *Msg) {
	rseq, rest, _ := cutByte(m.Header(HRAck), ' ')
	cseq, method, _ := cutByte(trim(rest), ' ')
	n, ok := Decimal(rseq)
	c, ok2 := Decimal(cseq)
	if !ok || !ok2 || !d.rel.waiting || n != d.rel.seq || c != d.inviteSeq || !equalFold(trim(method), "INVITE") {
		s.answer(slot, &Reply{Status: 481}, nil)
		return
	}
	d.rel.waiting = false
	s.wheel.clear(&d.timer)
	if len(m.Body()) > 0 { // a new offer (RFC 3262 §5)
		d.offer = txRef{slot, s.servers.gen(slot), true}
		s.emit(d, Event{Kind: EventOffer, Msg: m, SDP: m.Body()})
	} else {
		s.answer(slot, &Reply{Status: 200}, nil)
	}
	gen := s.dialogs.gen(d.slot)
	if status := d.rel.next.status; status != 0 {
		d.rel.next.status = 0
		d.Progress(status, d.rel.next.sdp)
	}
	if d.rel.answerWaits && !d.rel.waiting && s.dialogs.get(d.slot, gen) != nil {
		d.rel.answerWaits = false
		d.Answer(d.rel.answer)
	}
}

// acknowledge sends PRACK for a reliable provisional answer (RFC 3262 §4) and
// reports whether the answer is new and in order.
func (d *Dialog) acknowledge(m *Msg) bool {
	n, ok := m.Number(HRSeq)
	if !ok || d.rel.seq != 0 && n != d.rel.seq+1 {
		return false
	}
	d.rel.seq = n
	s := d.shard
	h := append(s.scratch[:0], "RAck: "...)
	h = strconv.AppendUint(h, uint64(n), 10)
	h = append(h, ' ')
	h = strconv.AppendUint(h, uint64(m.CSeq), 10)
	h = append(h, " INVITE\r\n"...)
	s.scratch = h
	d.send(PRACK, useOther, string(h), nil)
	return true
}
