package sip

// Incoming is a request outside of the dialogs of calls. It is valid only during
// [Handler.Request]; answer it there. An INVITE may be accepted instead, which
// begins a dialog. Any other answer leaves no state behind: a repeated request
// is asked anew, so its handling has to be idempotent.
type Incoming struct {
	Msg  *Msg
	Flow Flow
	// Overloaded asks to refuse new work: the shard lags behind.
	Overloaded bool

	shard    *Shard
	key      uint64
	merged   uint64
	answered bool
}

// Shard is the shard the request came to.
func (in *Incoming) Shard() *Shard { return in.shard }

// Respond answers without keeping state.
func (in *Incoming) Respond(r *Reply) {
	if in.answered || in.Msg.Method == ACK {
		return
	}
	in.answered = true
	if m := in.Msg.Method; r.Status/100 == 2 && (m == REGISTER || m == SUBSCRIBE) {
		in.Flow.Conn.prove()
	}
	in.shard.stateless(in.Flow, in.Msg, r)
}

// Accept takes an INVITE: it is answered 100 at once and becomes a called
// dialog. nat says that the caller's Contact may be a lie, as behind a NAT.
func (in *Incoming) Accept(nat bool) *Dialog {
	s, m := in.shard, in.Msg
	if in.answered || m.Method != INVITE {
		return nil
	}
	in.answered = true
	in.Flow.Conn.prove()
	d := s.newDialog(true, in.Flow)
	d.nat = nat
	d.fromRequest(m)
	d.late = len(m.Body()) == 0
	d.rel.wanted = m.HasToken(HRequire, "100rel")
	if !d.sess.take(m, true) {
		// RFC 4028 §6: below our minimum.
		s.stateless(in.Flow, m, &Reply{Status: 422, Headers: minSE})
		s.freeDialog(d)
		return nil
	}
	slot, t := s.newServer(in.Flow, m, in.key)
	t.merged = in.merged
	s.byKey[t.merged] = slot
	t.dialog, t.dialogGen, t.hasDialog = d.slot, s.dialogs.gen(d.slot), true
	d.in = txRef{slot, s.servers.gen(slot), true}
	s.answer(slot, &Reply{Status: 100}, nil)
	return d
}

// stateless answers without a transaction. The tag tells the ACK to it from
// others' ACKs.
func (s *Shard) stateless(f Flow, m *Msg, r *Reply) {
	t := &s.replyTx
	t.flow = f
	t.head, t.toEnd = appendHead(t.head[:0], m, &f)
	s.tagBuf = s.token(tokenNone, 0, 0).append(s.tagBuf[:0], s.core.key)
	s.scratch2 = t.appendReply(s.scratch2[:0], r, s.tagBuf)
	s.sendCopy(responseFlow(m, f), s.scratch2)
}

// Tag is the tag that an answer without state gives us. It is the same for all of a
// shard: a subscription is told from others by its Call-ID and the subscriber's tag.
func (in *Incoming) Tag() []byte {
	return in.shard.token(tokenNone, 0, 0).append(nil, in.shard.core.key)
}

// reject is a stateless failure.
func (s *Shard) reject(f Flow, m *Msg, status int, reason string) {
	if m.Method == ACK {
		s.stats.Dropped++
		return
	}
	s.stateless(f, m, &Reply{Status: status, Reason: reason})
}

// request is a well-formed request.
func (s *Shard) request(f Flow, m *Msg) {
	key := s.serverKey(m)
	slot, known := s.byKey[key]
	if m.Method == CANCEL {
		s.cancelled(f, m, slot, known)
		return
	}
	if known {
		s.again(slot, m)
		return
	}
	if m.ToTag != nil {
		tok, ok := s.parseToken(m.ToTag)
		if ok && tok.kind == tokenNone && m.Method == SUBSCRIBE { // of a subscription, which is the Handler's
			s.outside(f, m, key)
			return
		}
		if ok && tok.kind == tokenDialog {
			if d := s.dialogs.get(tok.slot, tok.gen); d != nil && equalBytes(d.callID, m.CallID) &&
				(equalBytes(d.rtag, m.FromTag) || len(d.rtag) == 0) {
				if m.Method != ACK && (s.refuseExtensions(f, m) || !s.fromParty(d, f, m, key)) {
					return
				}
				s.inDialog(d, f, m, key)
				return
			}
		}
		s.reject(f, m, 481, "")
		return
	}
	if m.Method == ACK {
		s.stats.Dropped++
		return
	}
	s.outside(f, m, key)
}

// Guard may be implemented by a Handler that knows the parties of dialogs.
type Guard interface {
	// Moved is a request within a dialog from another address than before, or one
	// that overheard tags do not suffice for. It
	// reports whether it comes from the party itself; if not, it has been
	// answered, with a challenge for example.
	Moved(d *Dialog, in *Incoming) bool
}

// Guide may be implemented by a Handler that knows another way to a peer whose
// connection has ended.
type Guide interface {
	// Again is the way there now. It must not block.
	Again(f Flow) (Flow, bool)
}

func (s *Shard) newWay(f Flow) (Flow, bool) {
	g, ok := s.h.(Guide)
	if !ok {
		return f, false
	}
	return g.Again(f)
}

// fromParty reports whether a request within a dialog is to be believed. Tags
// and Call-ID can be overheard; without a proof they take a call to another
// port at most, as a NAT does, never to another address.
func (s *Shard) fromParty(d *Dialog, f Flow, m *Msg, key uint64) bool {
	g, ok := s.h.(Guard)
	// REFER begins a call that may cost: where others could have read the tags, it
	// needs a proof each time.
	overheard := m.Method == REFER && !f.Listener.Transport.Private()
	if !ok || !overheard && f.Remote.Addr().Unmap() == d.flow.Remote.Addr().Unmap() {
		return true
	}
	in := &s.in
	*in = Incoming{Msg: m, Flow: f, shard: s, key: key}
	if g.Moved(d, in) {
		return true
	}
	if !in.answered {
		in.Respond(&Reply{Status: 403})
	}
	return false
}

// outside is a request outside of dialogs.
func (s *Shard) outside(f Flow, m *Msg, key uint64) {
	if v, ok := m.Number(HMaxForwards); ok && v == 0 && m.Method != REGISTER {
		s.reject(f, m, 483, "")
		return
	} else if (!ok || v > 255) && m.Has(HMaxForwards) {
		s.reject(f, m, 400, "Malformed Max-Forwards")
		return
	}
	if s.refuseExtensions(f, m) || m.Method == INVITE && s.refuseBody(f, m) {
		return
	}
	if m.Method == MethodOther {
		s.stateless(f, m, &Reply{Status: 501, Headers: []byte(AllowLine)})
		return
	}
	in := &s.in
	*in = Incoming{Msg: m, Flow: f, shard: s, key: key, Overloaded: s.overloaded()}
	if m.Method == INVITE { // nothing else leaves a transaction behind
		in.merged = s.mergedKey(m)
		if _, known := s.byKey[in.merged]; known {
			s.reject(f, m, 482, "Request Merged")
			return
		}
	}
	if in.Overloaded && (m.Method == INVITE && !s.h.Urgent(m) || m.Method == REGISTER || m.Method == SUBSCRIBE) {
		s.stats.Refused++
		in.Respond(&Reply{Status: 503, Reason: "Too Busy", Headers: []byte("Retry-After: 2\r\n")})
		return
	}
	s.h.Request(in)
	if !in.answered {
		in.Respond(&Reply{Status: 405, Headers: []byte(AllowLine)})
	}
}

// refuseExtensions answers 420 to what is required and not known (RFC 3261
// §8.2.2.3).
func (s *Shard) refuseExtensions(f Flow, m *Msg) bool {
	if !m.Has(HRequire) && !m.Has(HProxyRequire) {
		return false
	}
	var unknown []byte
	collect := func(v []byte) bool {
		known := equalFold(v, "100rel") || equalFold(v, "timer") || equalFold(v, "replaces")
		if m.Method == REGISTER {
			known = known || equalFold(v, "outbound") || equalFold(v, "path") || equalFold(v, "gruu")
		}
		if !known {
			if unknown != nil {
				unknown = append(unknown, ", "...)
			}
			unknown = append(unknown, v...)
		}
		return true
	}
	m.Each(HRequire, collect)
	m.Each(HProxyRequire, collect)
	if unknown == nil {
		return false
	}
	s.stateless(f, m, &Reply{Status: 420, Headers: appendHeader(nil, HUnsupported, unknown)})
	return true
}

// refuseBody answers what an INVITE may not carry (RFC 3261 §8.2.3, §21.4.7).
func (s *Shard) refuseBody(f Flow, m *Msg) bool {
	if len(m.Body()) > 0 {
		kind, _, _ := cutByte(m.Header(HContentType), ';')
		if !equalFold(trim(kind), "application/sdp") || m.Has(HContentEncoding) && !equalFold(m.Header(HContentEncoding), "identity") {
			s.stateless(f, m, &Reply{Status: 415, Headers: []byte("Accept: application/sdp\r\nAccept-Encoding: identity\r\n")})
			return true
		}
	}
	if !m.Has(HAccept) {
		return false
	}
	acceptable := false
	m.Each(HAccept, func(v []byte) bool {
		kind, _, _ := cutByte(v, ';')
		kind = trim(kind)
		acceptable = equalFold(kind, "application/sdp") || equalFold(kind, "application/*") || equalFold(kind, "*/*")
		return !acceptable
	})
	if !acceptable {
		s.reject(f, m, 406, "")
		return true
	}
	return false
}

// cancelled is a CANCEL (RFC 3261 §9.2). It is taken only from where its
// INVITE came, for nobody can ask for a proof.
func (s *Shard) cancelled(f Flow, m *Msg, slot uint32, known bool) {
	if !known {
		s.reject(f, m, 481, "")
		return
	}
	t := s.servers.at(slot)
	if !t.invite || t.flow.Conn != f.Conn || t.flow.Remote.Addr() != f.Remote.Addr() || t.cseq != m.CSeq {
		s.reject(f, m, 481, "")
		return
	}
	s.stateless(f, m, &Reply{Status: 200})
	if t.state != serverProceeding || !t.hasDialog {
		return // answered already: no effect (RFC 3261 §9.2)
	}
	d := s.dialogs.get(t.dialog, t.dialogGen)
	if d == nil {
		return
	}
	if d.state != dialogEarly {
		// A re-INVITE, which may have been passed on: the other party would
		// have its change and this one not. It gets its answer, as a CANCEL
		// too late would (RFC 3261 §9.2).
		return
	}
	s.answer(slot, &Reply{Status: 487}, d.tag())
	s.over(d, Event{Kind: EventCancel, Status: 487, Msg: m})
}
