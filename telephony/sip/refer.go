package sip

import (
	"bytes"
	"strconv"
)

// referral is the REFER of a dialog that is being worked on (RFC 3515). The other
// side is told how it goes by NOTIFY, until it is known.
type referral struct {
	status int    // what the user answers; 0: nothing yet
	cseq   uint32 // of the REFER, the id of its subscription
	on     bool   // the outcome is owed
	until  Mono   // how long it is told
}

// referred takes a REFER. One at a time: who passes a call on twice at once does
// not know what he wants.
func (s *Shard) referred(d *Dialog, slot uint32, m *Msg) {
	switch {
	case d.state != dialogConfirmed || d.quiet:
		s.answer(slot, &Reply{Status: 481}, nil)
		return
	case d.refer.on:
		s.answer(slot, &Reply{Status: 491, Headers: retryLater}, nil)
		return
	}
	d.refer = referral{cseq: m.CSeq}
	at, gen := d.slot, s.dialogs.gen(d.slot)
	s.emit(d, Event{Kind: EventRefer, Msg: m})
	if s.dialogs.get(at, gen) == nil { // what was asked for has ended it
		s.answer(slot, &Reply{Status: 202}, nil)
		return
	}
	if d.refer.status == 0 {
		d.refer.status = 603
	}
	s.answer(slot, &Reply{Status: d.refer.status}, nil)
	if d.refer.status == 202 {
		d.refer.on, d.refer.until = true, s.now+referMost
		d.notify(100, d.refer.active(s.now))
	}
}

// referMost is how long a referral is told of.
const referMost = 180 * Second

// active is the state of its subscription (RFC 6665 §4.1.3).
func (r *referral) active(now Mono) string {
	return "active;expires=" + strconv.FormatInt(int64(max(0, r.until-now)/Second), 10)
}

// AnswerRefer answers the REFER that an EventRefer told of; 202 says that it is
// done, and Referred has to follow.
func (d *Dialog) AnswerRefer(status int) { d.refer.status = status }

// Referred tells who referred how it goes, and with a final status how it went: with
// what the call got that he asked for. It does nothing if nobody waits for that.
func (d *Dialog) Referred(status int) {
	switch {
	case !d.refer.on || d.state != dialogConfirmed:
	case status < 200:
		d.notify(status, d.refer.active(d.shard.now))
	default:
		d.refer.on = false
		d.notify(status, "terminated;reason=noresource")
	}
}

// notify sends the state of a referral (RFC 3515 §2.4.4).
func (d *Dialog) notify(status int, state string) {
	reason := reasonPhrase[status]
	if reason == "" {
		reason = "Failed"
	}
	body := version + " " + strconv.Itoa(status) + " " + reason + "\r\n"
	s := d.shard
	d.localSeq++
	slot, t := s.newClient(NOTIFY, useOther, d.nextHop(), d)
	b := d.appendRequest(t.msg, NOTIFY, d.localSeq, s.clientToken(slot))
	b = append(b, d.flow.Listener.contact...)
	b = append(b, "Event: refer;id="...)
	b = strconv.AppendUint(b, uint64(d.refer.cseq), 10)
	b = append(append(b, "\r\nSubscription-State: "...), state...)
	b = append(b, "\r\nContent-Type: message/sipfrag;version=2.0\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	t.msg = append(append(b, "\r\n\r\n"...), body...)
	s.start(slot)
}

// Replaced is the dialog that an INVITE says it replaces (RFC 3891 §3), as the one
// who is asked has it: a Call-ID, our tag and the other's.
type Replaced struct{ CallID, Ours, Theirs []byte }

// ParseReplaces reads the value of a Replaces header.
func ParseReplaces(v []byte) (r Replaced, ok bool) {
	id, params, found := cutByte(v, ';')
	if !found {
		return r, false
	}
	r.CallID = trim(id)
	for rest := params; len(rest) > 0; {
		var p []byte
		p, rest = cutParam(rest)
		name, value, _ := cutByte(p, '=')
		switch name = trim(name); {
		case equalFold(name, "to-tag"):
			r.Ours = trim(value)
		case equalFold(name, "from-tag"):
			r.Theirs = trim(value)
		}
	}
	return r, len(r.CallID) > 0 && len(r.Ours) > 0 && len(r.Theirs) > 0 && bytes.IndexByte(v, '\n') < 0
}

// replacedToken is what our tag says. To-tag means ours, who are asked; some write
// the tags as the call began, and then it may be the other.
func (s *Shard) replacedToken(r *Replaced) (token, bool) {
	tok, ok := s.parseToken(r.Ours)
	if !ok {
		if tok, ok = s.parseToken(r.Theirs); ok {
			r.Ours, r.Theirs = r.Theirs, r.Ours
		}
	}
	return tok, ok
}

// Dialog finds a dialog of this shard that is answered; nil if it is none.
func (s *Shard) Dialog(r Replaced) *Dialog {
	tok, ok := s.replacedToken(&r)
	if !ok || tok.kind != tokenDialog || tok.shard != s.id {
		return nil
	}
	d := s.dialogs.get(tok.slot, tok.gen)
	if d == nil || !equalBytes(d.callID, r.CallID) || !equalBytes(d.rtag, r.Theirs) || d.state == dialogEarly || d.quiet {
		return nil
	}
	return d
}
