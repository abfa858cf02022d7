package sip

import "strconv"

// Asking is a request of ours outside the dialogs of calls: REGISTER, or OPTIONS
// (RFC 3261 §10.2, §11.1), or a NOTIFY of a subscription (RFC 6665 §4.2.2). All
// bytes are copied.
type Asking struct {
	Flow     Flow
	Method   Method
	URI      []byte
	From, To []byte // values; To with the tag of a subscriber, From without one
	Tag      []byte // ours; made up if empty
	CallID   []byte // made up if empty; all of one registration have the same
	CSeq     uint32 // 0 means 1; the ones of one registration grow
	Headers  []byte // further header lines, each with its CRLF
	Contact  bool   // name ourselves as Contact
	Body     []byte // its type is one of the Headers
	Login    *Login // how to prove who we are, if asked; nil: not at all
	Patience Mono   // how long to wait for the answer; 0: Timer F
	// Done is told the answer, once and on the shard's thread, unless the core
	// is closed before. It must not block.
	Done func(Told)
}

// Told is the final answer to an Asking.
type Told struct {
	Status int
	Msg    *Msg   // valid during the call only; nil if none came: 408, or 503 if the way is broken
	CSeq   uint32 // the last used: a proof takes another
}

// asked is what a transaction outside of dialogs has to remember.
type asked struct {
	done     func(Told)
	proof    *proof
	cseq     uint32
	patience Mono
}

// Ask sends a request outside dialogs.
func (s *Shard) Ask(a *Asking) {
	x := &asked{done: a.Done, cseq: max(a.CSeq, 1), patience: a.Patience}
	if a.Login != nil {
		x.proof = &proof{login: a.Login}
	}
	slot, t := s.newClient(a.Method, useOther, a.Flow, nil)
	t.ask = x
	b := s.beginAsk(t.msg, slot, a.Method, a.URI)
	b = append(b, "Max-Forwards: 70\r\nFrom: "...)
	b = append(append(b, a.From...), ";tag="...)
	if len(a.Tag) > 0 {
		b = append(b, a.Tag...)
	} else {
		b = appendHex(b, s.rng.Uint64())
	}
	b = append(b, crlf...)
	b = appendHeader(b, HTo, a.To)
	callID := a.CallID
	if len(callID) == 0 {
		callID = s.appendCallID(nil)
	}
	b = appendHeader(b, HCallID, callID)
	if a.Contact {
		b = append(b, a.Flow.Listener.contact...)
	}
	b = append(b, a.Headers...)
	b = appendCSeq(b, x.cseq, methodName[a.Method])
	b = append(b, "Content-Length: "...)
	b = append(strconv.AppendInt(b, int64(len(a.Body)), 10), "\r\n\r\n"...)
	t.msg = append(b, a.Body...)
	s.start(slot)
}

// beginAsk begins a request up to its Via.
func (s *Shard) beginAsk(b []byte, slot uint32, m Method, uri []byte) []byte {
	b = append(append(b, methodName[m]...), ' ')
	b = append(append(b, uri...), " SIP/2.0\r\n"...)
	b = append(b, s.clients.at(slot).flow.Listener.via...)
	return append(s.clientToken(slot).append(b, s.core.key), crlf...)
}

// askDone hands the answer to an Asking on, or proves who we are to whoever
// wants to know first (RFC 3261 §22.2). x is that of the transaction in the
// slot, which ends here.
func (s *Shard) askDone(slot uint32, x *asked, status int, m *Msg) {
	if m != nil && (status == 401 || status == 407) && x.proof != nil && x.proof.take(m) {
		s.askAgain(slot, x)
		return
	}
	s.endClient(slot)
	if x.done != nil {
		x.done(Told{Status: status, Msg: m, CSeq: x.cseq})
	}
}

// askAgain repeats the request of a slot, with our credentials.
func (s *Shard) askAgain(slot uint32, x *asked) {
	t, old := s.clients.at(slot), &s.aux
	if err := old.Parse(t.msg); err != nil {
		panic("sip: a request of ours does not parse: " + err.Error())
	}
	x.cseq++
	again, nt := s.newClient(t.method, useOther, t.flow, nil)
	nt.ask = x
	b := s.beginAsk(nt.msg, again, t.method, old.RequestURI())
	b = old.appendFields(b, HVia, HContentLength, HCSeq, HAuthorization, HProxyAuthorization)
	b = appendCSeq(b, x.cseq, methodName[t.method])
	b = x.proof.append(b, s, methodName[t.method], old.RequestURI())
	nt.msg = appendBody(b, nil)
	s.endClient(slot)
	s.start(again)
}

// appendFields copies the header fields of a message but for some.
func (m *Msg) appendFields(b []byte, without ...HeaderID) []byte {
	var skip uint64
	for _, id := range without {
		skip |= 1 << id
	}
	for i := range m.n {
		f := &m.fields[i]
		if skip&(1<<f.id) != 0 {
			continue
		}
		b = append(append(b, m.bytes(f.name)...), ": "...)
		b = append(append(b, m.bytes(f.value)...), crlf...)
	}
	return b
}

func appendHex(b []byte, v uint64) []byte {
	for i := 60; i >= 0; i -= 4 {
		b = append(b, "0123456789abcdef"[v>>i&15])
	}
	return b
}

// Seen is where the other side saw a request of ours come from: the received
// and rport of its answer (RFC 3581 §4); ok is false if it does not say.
func (m *Msg) Seen() (host string, port uint16, ok bool) {
	for rest := m.Via.Params; len(rest) > 0; {
		var p []byte
		p, rest = cutParam(rest)
		name, value, _ := cutByte(p, '=')
		switch name, value = trim(name), trim(value); {
		case equalFold(name, "received"):
			host = string(value)
		case equalFold(name, "rport"):
			if n, err := strconv.ParseUint(string(value), 10, 16); err == nil {
				port = uint16(n)
			}
		}
	}
	return host, port, host != "" || port != 0
}
