package sip

import "slices"

// mostForks bounds what is remembered of forks: nobody has so many telephones.
const mostForks = 32

type clientState uint8

const (
	clientCalling    clientState = iota // "Trying" for other methods
	clientProceeding                    // a provisional answer came
	clientCompleted                     // a final non-2xx answer came and was acknowledged (INVITE only)
	clientAccepted                      // a 2xx came (INVITE only, RFC 6026 §7.2)
)

// clientTx is a client transaction: INVITE (RFC 3261 §17.1.1 with RFC 6026
// §7.2) or not (§17.1.2). An answer finds it by the token in the branch. One
// for another method ends with its final answer: the answer's repetitions find
// nothing and are dropped, which is all that timer K is for.
type clientTx struct {
	timer
	state      clientState
	method     Method
	use        use
	cancelled  bool // CANCEL is wanted, and sent with the first provisional answer
	cancelSent bool
	anew       bool // it was sent once more, another way
	full       bool // it was not sent: the connection has room for no more calls
	flow       Flow
	reason     string   // Reason header line of a CANCEL
	msg        []byte   // the request; after a final answer to INVITE its ACK
	ackFlow    Flow     // where the ACK of a 2xx went: by the dialog, not as the INVITE
	nat        bool     // of the dialog
	losers     []uint64 // forks whose 2xx came too late, by their tags
	seq        uint32   // the last CSeq used in its dialog
	interval   Mono
	deadline   Mono
	dialog     uint32 // slot of its dialog
	dialogGen  uint16
	hasDialog  bool
	ask        *asked // what only a request outside dialogs has
}

// use is what the request is for.
type use uint8

const (
	useOther   use = iota // nobody waits for the answer
	useInvite             // begins a dialog
	useModify             // re-INVITE or UPDATE with an offer
	useRefresh            // keeps a session timer going
	useBye
)

// newClient begins a client transaction; the caller builds the request with
// the branch and calls start.
func (s *Shard) newClient(method Method, u use, f Flow, d *Dialog) (uint32, *clientTx) {
	slot, t := s.clients.alloc()
	t.timer.owner, t.timer.slot = ownerClient, slot
	t.state, t.method, t.use, t.flow = clientCalling, method, u, f
	t.cancelled, t.cancelSent, t.anew, t.full, t.reason = false, false, false, false, ""
	t.hasDialog, t.nat, t.losers, t.seq = d != nil, false, t.losers[:0], 0
	if d != nil {
		t.nat = d.nat
		t.dialog, t.dialogGen = d.slot, s.dialogs.gen(d.slot)
	}
	t.msg = s.bufs.take()
	return slot, t
}

func (s *Shard) clientToken(slot uint32) token {
	return s.token(tokenClient, slot, s.clients.gen(slot))
}

// start sends the request of a client transaction.
func (s *Shard) start(slot uint32) {
	t := s.clients.at(slot)
	d := s.clientDialog(t)
	if t.use == useInvite && t.flow.Conn != nil {
		s.Flush() // what was said before goes before it
		t.full = !t.flow.Conn.offer(t.msg, d != nil && d.urgent)
		s.stats.Sent++
	} else {
		s.sendCopy(t.flow, t.msg)
	}
	t.interval, t.deadline = T1, s.now+timeout
	if d != nil && t.use == useInvite && d.patience > 0 {
		t.deadline = s.now + min(d.patience, timeout)
	} else if t.ask != nil && t.ask.patience > 0 {
		t.deadline = s.now + min(t.ask.patience, timeout)
	}
	at := min(s.now+T1, t.deadline)
	if t.flow.Reliable() {
		at = t.deadline
	}
	if t.full || t.flow.broken() { // nobody will tell later
		at, t.deadline = s.now, s.now
	}
	s.wheel.set(&t.timer, at)
}

func (s *Shard) endClient(slot uint32) {
	t := s.clients.at(slot)
	s.wheel.clear(&t.timer)
	t.msg = s.bufs.give(t.msg)
	t.flow, t.ackFlow, t.ask = Flow{}, Flow{}, nil
	s.clients.release(slot)
}

func (s *Shard) clientDialog(t *clientTx) *Dialog {
	if !t.hasDialog {
		return nil
	}
	return s.dialogs.get(t.dialog, t.dialogGen)
}

// response is an answer to a request of ours.
func (s *Shard) response(m *Msg) {
	tok, ok := s.branchToken(m)
	if !ok || tok.kind != tokenClient {
		s.stats.Dropped++
		return
	}
	t := s.clients.get(tok.slot, tok.gen)
	if t != nil && m.Method == CANCEL && t.cancelSent && t.state == clientProceeding {
		s.wheel.set(&t.timer, t.deadline) // no need to repeat the CANCEL
		return
	}
	if t == nil || m.Method != t.method {
		s.stats.Dropped++ // a repetition after the end (timer K), or a stray
		return
	}
	if t.method == INVITE {
		s.inviteResponse(tok.slot, t, m)
		return
	}
	if m.Status < 200 {
		if t.state == clientCalling {
			t.state = clientProceeding
			t.interval = T2
		}
		return
	}
	if t.ask != nil {
		s.askDone(tok.slot, t.ask, m.Status, m)
		return
	}
	d, u := s.clientDialog(t), t.use
	s.endClient(tok.slot)
	if d != nil {
		s.requestDone(d, u, m.Status, m)
	}
}

func (s *Shard) branchToken(m *Msg) (token, bool) {
	b := m.Via.Branch
	if !m.Via.Cookie() {
		return token{}, false
	}
	return s.parseToken(b[len(magicCookie):])
}

// inviteResponse is RFC 3261 figure 5 with the Accepted state of RFC 6026.
func (s *Shard) inviteResponse(slot uint32, t *clientTx, m *Msg) {
	switch {
	case m.Status < 200:
		if t.state > clientProceeding {
			return
		}
		if t.state == clientCalling {
			t.state = clientProceeding
			s.wheel.clear(&t.timer) // the user's own time-out rules now
			if t.use != useInvite { // a change of a call has none, and the call may end meanwhile
				t.deadline = s.now + timerC
				s.wheel.set(&t.timer, t.deadline)
			}
		}
		if t.cancelled {
			s.sendCancel(slot, t)
			return
		}
		if d := s.clientDialog(t); d != nil {
			s.provisional(d, t, m)
		}
	case m.Status < 300:
		s.success(slot, t, m)
	case t.state == clientAccepted:
		// A 2xx came first; a fork's failure changes nothing.
	case t.state == clientCompleted:
		s.sendCopy(t.flow, t.msg)
	default:
		s.failure(slot, t, m)
	}
}

// failure acknowledges a final non-2xx answer (RFC 3261 §17.1.1.3) and tells
// the dialog.
func (s *Shard) failure(slot uint32, t *clientTx, m *Msg) {
	b := appendBody(s.alongside(t, "ACK", m.Header(HTo)), nil)
	s.scratch = b
	s.sendCopy(t.flow, b)

	d, u := s.clientDialog(t), t.use
	if d != nil && (u == useInvite && m.Status == 422 && s.retryInterval(d, t, m) || s.retryProven(d, t, m)) {
		s.finishInvite(slot, t, b)
		return
	}
	s.finishInvite(slot, t, b)
	if d != nil {
		s.requestDone(d, u, m.Status, m)
	}
}

// finishInvite keeps the ACK for repetitions of the final answer (timer D).
func (s *Shard) finishInvite(slot uint32, t *clientTx, ack []byte) {
	if t.flow.Reliable() {
		s.endClient(slot)
		return
	}
	t.state = clientCompleted
	t.msg = s.bufs.keep(append(t.msg[:0], ack...))
	s.wheel.set(&t.timer, s.now+timeout)
}

// success is a 2xx to INVITE: the first, a repetition, or that of another fork.
func (s *Shard) success(slot uint32, t *clientTx, m *Msg) {
	d := s.clientDialog(t)
	if t.state == clientAccepted {
		s.successAgain(t, m)
		return
	}
	t.state = clientAccepted
	t.msg = append(t.msg[:0], m.ToTag...) // which fork won; the ACK takes its place below
	s.wheel.set(&t.timer, s.now+timeout)  // timer M
	if d == nil {
		// Nobody wants this answer any more: CANCEL crossed it (RFC 3261 §9.1).
		s.unwanted(t, m, true).bye()
		return
	}
	s.accepted(d, slot, t, m)
}

// successAgain repeats the ACK for a repeated 2xx, and ends another fork's
// answer with ACK and BYE (RFC 3261 §13.2.2.4).
func (s *Shard) successAgain(t *clientTx, m *Msg) {
	ack := &s.aux
	if len(t.msg) == 0 || t.msg[0] != 'A' || ack.Parse(t.msg) != nil {
		return // the ACK waits for its answer (a late offer)
	}
	if equalBytes(ack.ToTag, m.ToTag) {
		s.sendCopy(t.ackFlow, t.msg)
		return
	}
	d := s.unwanted(t, m, false)
	if tag := s.core.key.sum(m.ToTag); slices.Contains(t.losers, tag) {
		s.freeDialog(d) // its BYE is on the way
		return
	} else if len(t.losers) < mostForks {
		t.losers = append(t.losers, tag)
	}
	d.bye()
}

// clientTimer is timer A or E (repeat), B or F (give up), D or M (forget).
func (s *Shard) clientTimer(slot uint32) {
	t := s.clients.at(slot)
	if t.state == clientCompleted || t.state == clientAccepted {
		s.endClient(slot)
		return
	}
	if s.now < t.deadline {
		s.sendCopy(t.flow, t.msg)
		t.interval *= 2
		if t.method != INVITE {
			t.interval = min(t.interval, T2)
		}
		s.wheel.set(&t.timer, min(s.now+t.interval, t.deadline))
		return
	}
	status := 408
	if t.full || t.flow.broken() {
		status = 503
	}
	s.giveUp(slot, t, status)
}

// giveUp ends a transaction that got no answer: to the user as if it were one.
func (s *Shard) giveUp(slot uint32, t *clientTx, status int) {
	if t.ask != nil {
		s.askDone(slot, t.ask, status, nil)
		return
	}
	d, u := s.clientDialog(t), t.use
	s.endClient(slot)
	if d != nil {
		s.requestDone(d, u, status, nil)
	}
}

// cancel asks for the end of an INVITE (RFC 3261 §9.1): at once if a
// provisional answer came, else with the first one.
func (s *Shard) cancel(slot uint32, t *clientTx, reason string) {
	if t.cancelled {
		return
	}
	t.cancelled, t.reason = true, reason
	if t.state == clientProceeding {
		s.sendCancel(slot, t)
	}
}

// alongside begins, in scratch, a request that goes the way of an INVITE with
// its branch: CANCEL (RFC 3261 §9.1), and ACK of a failure (§17.1.1.3), whose
// To is that of the answer.
func (s *Shard) alongside(t *clientTx, method string, to []byte) []byte {
	req := &s.aux
	if err := req.Parse(t.msg); err != nil {
		panic("sip: a request of ours does not parse: " + err.Error())
	}
	if to == nil {
		to = req.Header(HTo)
	}
	b := append(s.scratch[:0], method...)
	b = append(b, ' ')
	b = append(b, req.RequestURI()...)
	b = append(b, " SIP/2.0\r\nVia: "...)
	b = append(b, req.Header(HVia)...)
	b = append(b, "\r\nMax-Forwards: 70\r\n"...)
	req.Each(HRoute, func(v []byte) bool { b = appendHeader(b, HRoute, v); return true })
	b = appendHeader(b, HFrom, req.Header(HFrom))
	b = appendHeader(b, HTo, to)
	b = appendHeader(b, HCallID, req.CallID)
	return appendCSeq(b, req.CSeq, method)
}

func (s *Shard) sendCancel(slot uint32, t *clientTx) {
	if t.cancelSent {
		return
	}
	t.cancelSent = true
	// CANCEL carries the branch of its INVITE, so its answer would find that
	// transaction; it is told apart by the method of CSeq. It is repeated with
	// the INVITE's timer.
	b := s.alongside(t, "CANCEL", nil)
	b = append(b, t.reason...)
	b = appendBody(b, nil)
	s.scratch = b
	t.msg = append(t.msg[:0], b...)
	s.sendCopy(t.flow, b)
	t.interval, t.deadline = T1, s.now+timeout
	if d := s.clientDialog(t); d != nil && t.use == useInvite && d.patience > 0 {
		t.deadline = s.now + min(d.patience, timeout)
	}
	at := min(s.now+T1, t.deadline)
	if t.flow.Reliable() {
		at = t.deadline
	}
	s.wheel.set(&t.timer, at)
}
