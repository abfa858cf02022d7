package sip

import "strconv"

// minInterval is the shortest session interval we agree to, in seconds
// (RFC 4028 §5: at least 90).
const minInterval = 90

// session is the state of the session timer (RFC 4028).
type session struct {
	interval uint32 // seconds; 0: none
	minimum  uint32 // what the other side demanded by 422
	refresh  bool   // we refresh; else the other side, and we watch
	require  bool   // the answer has to say Require: timer
}

// take reads Session-Expires of a request (answered by us) or of an answer. It
// reports false if a request's interval is too short.
func (e *session) take(m *Msg, request bool) bool {
	v := m.Header(HSessionExpires)
	if v == nil {
		e.interval = 0 // the other side wants none
		return true
	}
	n, ok := m.Number(HSessionExpires)
	if !ok {
		return true
	}
	if request && n < minInterval {
		return false
	}
	_, params, _ := cutByte(v, ';')
	who, _ := Param(params, "refresher")
	e.interval = min(n, 86400)
	switch {
	case request:
		// The side that asked refreshes, if it can and nobody said otherwise.
		able := m.HasToken(HSupported, "timer")
		e.refresh = equalFold(who, "uas") || !able
		e.require = able
	default:
		e.refresh = !equalFold(who, "uas")
	}
	return true
}

// append appends our Session-Expires line.
func (e *session) append(b []byte, request bool) []byte {
	if e.interval == 0 {
		return b
	}
	b = append(b, "Session-Expires: "...)
	b = strconv.AppendUint(b, uint64(e.interval), 10)
	switch {
	case request:
		if e.minimum > 0 {
			b = append(b, "\r\nMin-SE: "...)
			b = strconv.AppendUint(b, uint64(e.minimum), 10)
		}
	case e.refresh:
		b = append(b, ";refresher=uas"...)
	default:
		b = append(b, ";refresher=uac"...)
	}
	if !request && e.require {
		b = append(b, "\r\nRequire: timer"...)
	}
	return append(b, crlf...)
}

// arm sets the dialog's timer: half the interval to refresh; or the interval
// less a third, at most 32 s, to give up (RFC 4028 §10).
func (e *session) arm(d *Dialog) {
	s := d.shard
	if d.state != dialogConfirmed {
		return
	}
	if e.interval == 0 {
		s.wheel.clear(&d.timer)
		return
	}
	seconds := e.interval / 2
	if !e.refresh {
		seconds = e.interval - min(32, e.interval/3)
	}
	s.wheel.set(&d.timer, s.now+Mono(seconds)*Second)
}

// dialogTimer is the timer of a dialog.
func (s *Shard) dialogTimer(slot uint32) {
	d := s.dialogs.at(slot)
	if d.rel.waiting {
		s.repeatProgress(d)
		return
	}
	if d.state != dialogConfirmed {
		return
	}
	if !d.sess.refresh {
		d.send(BYE, useBye, "Reason: SIP;cause=408;text=\"Session timer expired\"\r\n", nil)
		s.over(d, Event{Kind: EventBye, Status: 408})
		return
	}
	// Once more at the end of the interval, should this refresh get no answer.
	s.wheel.set(&d.timer, s.now+Mono(d.sess.interval/2)*Second)
	if d.canUpdate {
		d.Update()
	} else if !d.offering && !d.offer.ok && !d.in.ok {
		d.send(INVITE, useRefresh, "", d.sdp) // the same description: nothing changes
	}
}

// retryInterval repeats an INVITE refused by 422 with the interval the other
// side demands (RFC 4028 §7.2), once.
func (s *Shard) retryInterval(d *Dialog, t *clientTx, m *Msg) bool {
	n, ok := m.Number(HMinSE)
	if !ok || d.sess.minimum > 0 || n <= d.sess.interval || t.cancelled || n > 86400 {
		return false
	}
	d.sess.minimum = n
	d.sess.interval = max(n, d.sess.interval)
	s.inviteAgain(d, t)
	return true
}
