package sip

// Timer values of RFC 3261 §17 and RFC 6026, in the case of T1 = 500 ms.
const (
	T1      = 500 * Millisecond
	T2      = 4 * Second
	T4      = 5 * Second
	timeout = 64 * T1      // timers B, F, H, J, L, M
	timerC  = 180 * Second // RFC 3261 §16.6: a provisional answer and then nothing
)

type serverState uint8

const (
	serverProceeding serverState = iota
	serverCompleted              // a final answer was sent (RFC 3261 §17.2)
	serverConfirmed              // its ACK came (INVITE only)
	serverAccepted               // a 2xx was sent (INVITE only, RFC 6026 §7.1)
)

// serverTx is a server transaction: INVITE (RFC 3261 §17.2.1 with RFC 6026
// §7.1) or not (§17.2.2). It answers retransmissions by itself.
type serverTx struct {
	timer
	state     serverState
	invite    bool
	acked     bool // the 2xx was acknowledged
	key       uint64
	merged    uint64 // of an INVITE outside of dialogs, see mergedKey
	flow      Flow   // the request's, which the answers take as well
	dest      Flow   // where answers go (RFC 3261 §18.2.2, RFC 3581 §4)
	head      []byte // what every answer copies
	toEnd     int
	cseq      uint32
	last      []byte // the last answer
	interval  Mono
	deadline  Mono
	dialog    uint32
	dialogGen uint16
	hasDialog bool
}

// serverKey identifies the transaction a request belongs to (RFC 3261
// §17.2.3). ACK and CANCEL get the key of their INVITE.
func (s *Shard) serverKey(m *Msg) uint64 {
	method := m.MethodName()
	if m.Method == ACK || m.Method == CANCEL {
		method = inviteName
	}
	h := s.core.key.start()
	h.write(method)
	h.byte(0)
	if m.Via.Cookie() {
		h.write(m.Via.Branch)
		h.byte(0)
		h.write(m.Via.Host)
		h.byte(byte(m.Via.Port))
		h.byte(byte(m.Via.Port >> 8))
		return h.end()
	}
	// RFC 2543: no branch to rely on.
	for _, part := range [...][]byte{m.RequestURI(), m.FromTag, m.CallID, m.Via.Raw} {
		h.write(part)
		h.byte(0)
	}
	h.word(uint64(m.CSeq))
	return h.end()
}

// mergedKey identifies an INVITE outside of dialogs by what stays the same when
// a proxy before us sends it on over several ways (RFC 3261 §8.2.2.2).
func (s *Shard) mergedKey(m *Msg) uint64 {
	h := s.core.key.start()
	for _, part := range [...][]byte{m.FromTag, m.CallID} {
		h.write(part)
		h.byte(0)
	}
	h.word(uint64(m.CSeq))
	return h.end()
}

var inviteName = []byte("INVITE") //nolint:gochecknoglobals // constant

// responseFlow is where answers to a request go: back through the same socket
// to the source, or to the port of Via where the sender did not ask for rport.
func responseFlow(m *Msg, f Flow) Flow {
	if f.Conn == nil && !m.Via.RPort {
		port := m.Via.Port
		if port == 0 {
			port = 5060
		}
		f.Remote = addrPort(f.Remote.Addr(), port)
	}
	return f
}

// newServer begins a server transaction for the request m.
func (s *Shard) newServer(f Flow, m *Msg, key uint64) (uint32, *serverTx) {
	slot, t := s.servers.alloc()
	t.timer.owner, t.timer.slot = ownerServer, slot
	t.state, t.invite, t.acked, t.key, t.cseq, t.hasDialog = serverProceeding, m.Method == INVITE, false, key, m.CSeq, false
	t.merged = 0
	t.flow, t.dest = f, responseFlow(m, f)
	t.head, t.toEnd = appendHead(s.bufs.take(), m, &f)
	t.last = s.bufs.take()
	s.byKey[key] = slot
	return slot, t
}

func (s *Shard) endServer(slot uint32) {
	t := s.servers.at(slot)
	s.wheel.clear(&t.timer)
	if s.byKey[t.key] == slot {
		delete(s.byKey, t.key)
	}
	if t.merged != 0 && s.byKey[t.merged] == slot {
		delete(s.byKey, t.merged)
	}
	t.head, t.last = s.bufs.give(t.head), s.bufs.give(t.last)
	t.flow, t.dest = Flow{}, Flow{}
	s.servers.release(slot)
}

// answer sends a response and moves the transaction on. toTag is ours, used if
// the request had none.
func (s *Shard) answer(slot uint32, r *Reply, toTag []byte) {
	t := s.servers.at(slot)
	if t.state != serverProceeding {
		return
	}
	t.last = t.appendReply(t.last[:0], r, toTag)
	s.sendCopy(t.dest, t.last)
	if r.Status < 200 {
		return
	}
	t.head = s.bufs.give(t.head)
	t.last = s.bufs.keep(t.last)
	t.deadline = s.now + timeout
	t.interval = T1
	reliable := t.flow.Reliable()
	switch {
	case t.invite && r.Status < 300:
		t.state = serverAccepted
		s.wheel.set(&t.timer, s.now+T1) // 2xx is repeated over every transport (RFC 3261 §13.3.1.4)
	case t.invite:
		t.state = serverCompleted
		at := s.now + T1 // timer G
		if reliable {
			at = t.deadline // timer H only
		}
		s.wheel.set(&t.timer, at)
	case reliable:
		s.endServer(slot) // timer J is zero
	default:
		t.state = serverCompleted
		s.wheel.set(&t.timer, t.deadline)
	}
}

// acknowledged notes that a 2xx need not be repeated any more.
func (s *Shard) acknowledged(t *serverTx) {
	t.acked = true
	if t.state == serverAccepted {
		t.last = s.bufs.give(t.last)
	}
}

func (t *serverTx) appendReply(b []byte, r *Reply, toTag []byte) []byte {
	b = appendStatusLine(b, r)
	if t.toEnd < 0 || len(toTag) == 0 {
		b = append(b, t.head...)
	} else {
		b = append(b, t.head[:t.toEnd]...)
		b = append(b, ";tag="...)
		b = append(b, toTag...)
		b = append(b, t.head[t.toEnd:]...)
	}
	if r.Contact {
		b = append(b, t.flow.Listener.contact...)
	}
	b = append(b, r.Headers...)
	return appendBody(b, r.SDP)
}

// ackOn is an ACK on the branch of its INVITE: to a non-2xx answer, or from a
// peer of RFC 2543, which acknowledges a 2xx like that too (RFC 3261 §17.2.3).
func (s *Shard) ackOn(slot uint32, t *serverTx, m *Msg) {
	switch t.state {
	case serverCompleted:
		t.state = serverConfirmed
		if t.flow.Reliable() {
			s.endServer(slot)
			return
		}
		s.wheel.set(&t.timer, s.now+T4) // timer I
	case serverAccepted:
		if d := s.dialogs.get(t.dialog, t.dialogGen); t.hasDialog && d != nil {
			s.ack(d, m)
		}
	default:
	}
}

// again is a retransmission of the request, or an ACK on its branch.
func (s *Shard) again(slot uint32, m *Msg) {
	t := s.servers.at(slot)
	if m.Method == ACK {
		s.ackOn(slot, t, m)
		return
	}
	s.stats.Retransmissions++
	if len(t.last) > 0 && t.state != serverConfirmed && t.state != serverAccepted {
		s.sendCopy(t.dest, t.last)
	}
}

// serverTimer is a timer of a server transaction: G, H, I, J, L, or the
// repetition of a 2xx.
func (s *Shard) serverTimer(slot uint32) {
	t := s.servers.at(slot)
	if !t.invite || t.state == serverConfirmed {
		s.endServer(slot)
		return
	}
	if s.now >= t.deadline {
		lost := t.state == serverAccepted && !t.acked
		var d *Dialog
		if t.hasDialog {
			d = s.dialogs.get(t.dialog, t.dialogGen)
		}
		s.endServer(slot)
		if lost && d != nil {
			s.neverAcked(d)
		}
		return
	}
	if t.state == serverAccepted && t.acked {
		s.wheel.set(&t.timer, t.deadline)
		return
	}
	s.sendCopy(t.dest, t.last)
	t.interval = min(2*t.interval, T2)
	s.wheel.set(&t.timer, min(s.now+t.interval, t.deadline))
}
