package sip

import (
	"strconv"
)

type dialogState uint8

const (
	dialogEarly     dialogState = iota // before the 2xx
	dialogAnswered                     // our 2xx is out, its ACK is not in
	dialogConfirmed                    // both sides know
)

// Dialog is a call's dialog with one party (RFC 3261 §12), ours being the
// calling (UAC) or the called (UAS) end. All its functions are called on its
// shard's thread. After the last event ([EventFail], [EventCancel],
// [EventBye]) or after [Dialog.End] it must not be touched any more.
type Dialog struct {
	timer // session timer (RFC 4028), or repetition of a reliable 1xx (RFC 3262)

	// User is the user's own reference, for example its leg.
	User any

	shard *Shard
	slot  uint32
	state dialogState
	uas   bool
	quiet bool // ended by the user: no more events

	flow   Flow
	nat    bool // the peer's Contact may be a lie: keep to its flow
	callID []byte
	local  []byte // From or To value of ours with its tag
	remote []byte // the other's
	rtag   []byte
	target []byte // remote target: the URI of the other's Contact
	routes [][]byte

	localSeq, remoteSeq uint32
	inviteSeq           uint32 // CSeq of the INVITE its ACK repeats

	in         txRef // server transaction of an INVITE not yet answered, or whose 2xx is not yet acknowledged
	out        txRef // client transaction of our last INVITE
	offer      txRef // server transaction of an offer the user has to answer
	offering   bool  // an offer of ours is out
	ackPending bool  // a 2xx with an offer waits for the user's answer
	canUpdate  bool  // the other side allows UPDATE
	canInfo    bool  // and INFO, or sends it
	endAfter   bool  // BYE as soon as the ACK is in
	late       bool  // the INVITE had no offer: its ACK brings the answer

	rel   reliable
	sess  session
	proof *proof // of a call to whom we may have to prove ourselves; else nil
	sdp   []byte // our last session description, for a refresh by re-INVITE
	told  []byte // header lines that our answer carries besides
	about []byte // and each INVITE and UPDATE from now on
	// An UPDATE without an offer is out; and what there is to say by one has changed since.
	updating, unsaid bool

	refer    referral
	patience Mono // how long the INVITE waits for any answer; 0: Timer B
	urgent   bool // the INVITE goes as long as its connection takes anything
}

// txRef refers to a transaction of either kind.
type txRef struct {
	slot uint32
	gen  uint16
	ok   bool
}

// EventKind says what happened in a dialog.
type EventKind uint8

// The events.
const (
	EventProgress EventKind = iota // UAC: a provisional answer, Status, perhaps SDP
	EventAnswer                    // UAC: the 2xx. After an INVITE without offer SDP is the offer: call Ack
	EventFail                      // UAC: the call failed with Status. The dialog is gone
	EventAck                       // UAS: the 2xx was acknowledged; after a late offer SDP is the answer
	EventCancel                    // UAS: the caller gave up. The dialog is gone
	EventOffer                     // re-INVITE or UPDATE: answer with AcceptOffer or RefuseOffer; nil SDP asks for an offer
	EventModified                  // our offer was accepted, SDP is the answer (an offer, if ours was empty: call Ack)
	EventRefused                   // our offer was refused with Status
	EventInfo                      // INFO, for example DTMF; answered already
	EventBye                       // the other side ended, or is lost. The dialog is gone
	EventUpdate                    // UPDATE without an offer; answered already
	EventRefer                     // REFER: answer it within the call, with AnswerRefer
)

// Event is what happened in a dialog. Msg and SDP are valid only during the
// call; Msg is nil if no message caused it.
type Event struct {
	Kind   EventKind
	Status int
	Msg    *Msg
	SDP    []byte
}

// Handler is the user of a shard. Its functions run on the shard's thread and
// must not block.
type Handler interface {
	// Request is a request outside of dialogs, INVITE included.
	Request(in *Incoming)
	// Event is an event of a dialog.
	Event(d *Dialog, e Event)
	// Timer is a timer set with [Shard.SetTimer].
	Timer(t *UserTimer)
	// Overloaded reports whether an INVITE has to be served even so (emergency).
	Urgent(m *Msg) bool
}

func (s *Shard) newDialog(uas bool, f Flow) *Dialog {
	slot, d := s.dialogs.alloc()
	routes := d.routes[:0]
	*d = Dialog{
		shard: s, slot: slot, uas: uas, flow: f, routes: routes,
		callID: d.callID[:0], local: d.local[:0], remote: d.remote[:0], rtag: d.rtag[:0], target: d.target[:0], sdp: d.sdp[:0], about: d.about[:0],
		rel: reliable{msg: d.rel.msg[:0], answer: d.rel.answer[:0]},
	}
	d.timer.owner, d.timer.slot = ownerDialog, slot
	return d
}

// freeDialog ends a dialog's state. Whoever still waits for an answer within it
// gets one first: a transaction without a dialog would stay for ever.
func (s *Shard) freeDialog(d *Dialog) {
	d.RefuseOffer(487)
	if d.in.ok && d.state == dialogEarly && s.servers.get(d.in.slot, d.in.gen) != nil {
		s.answer(d.in.slot, &Reply{Status: 487}, d.tag())
	}
	s.wheel.clear(&d.timer)
	d.User, d.proof = nil, nil
	d.flow = Flow{}
	s.dialogs.release(d.slot)
}

// Flow is the way to the other side.
func (d *Dialog) Flow() Flow { return d.flow }

// CallID is the Call-ID of the dialog.
func (d *Dialog) CallID() []byte { return d.callID }

// Shard is the shard the dialog lives on.
func (d *Dialog) Shard() *Shard { return d.shard }

// Confirmed tells whether the call was answered and acknowledged.
func (d *Dialog) Confirmed() bool { return d.state == dialogConfirmed }

// Answered tells whether a 2xx was sent or received.
func (d *Dialog) Answered() bool { return d.state != dialogEarly }

// LateOffer tells, of a called dialog, whether the INVITE came without an offer.
func (d *Dialog) LateOffer() bool { return d.late }

func (d *Dialog) appendTag(b []byte) []byte {
	return d.shard.token(tokenDialog, d.slot, d.shard.dialogs.gen(d.slot)).append(b, d.shard.core.key)
}

// fromRequest fills a called dialog from its INVITE (RFC 3261 §12.1.1).
func (d *Dialog) fromRequest(m *Msg) {
	d.callID = append(d.callID, m.CallID...)
	d.local = append(append(d.local, m.Header(HTo)...), ";tag="...)
	d.local = d.appendTag(d.local)
	d.remote = append(d.remote, m.Header(HFrom)...)
	d.rtag = append(d.rtag, m.FromTag...)
	d.remoteSeq, d.inviteSeq, d.localSeq = m.CSeq, m.CSeq, 0
	m.Each(HRecordRoute, func(v []byte) bool { d.addRoute(v); return true })
	if d.learn(m); len(d.target) == 0 { // RFC 2543 knew INVITEs without Contact
		d.target = append(d.target, m.From.URI...)
	}
}

// fromResponse fills a calling dialog from a 2xx, or a provisional answer, to
// its INVITE (RFC 3261 §12.1.2).
func (d *Dialog) fromResponse(m *Msg) {
	d.remote = append(d.remote[:0], m.Header(HTo)...)
	d.rtag = append(d.rtag[:0], m.ToTag...)
	d.routes = d.routes[:0]
	m.Each(HRecordRoute, func(v []byte) bool { d.addRoute(v); return true })
	for i, j := 0, len(d.routes)-1; i < j; i, j = i+1, j-1 {
		d.routes[i], d.routes[j] = d.routes[j], d.routes[i]
	}
	d.learn(m)
}

func (d *Dialog) addRoute(v []byte) {
	if len(d.routes) < MaxHeaders {
		d.routes = append(d.routes, append([]byte(nil), v...))
	}
}

// learn takes the remote target (RFC 3261 §12.2.1.2) and what the other side
// allows.
func (d *Dialog) learn(m *Msg) {
	d.refreshTarget(m)
	if m.Has(HAllow) {
		d.canUpdate, d.canInfo = m.HasToken(HAllow, "UPDATE"), m.HasToken(HAllow, "INFO")
	}
}

func (d *Dialog) refreshTarget(m *Msg) {
	v, _ := cutList(m.Header(HContact))
	if a, ok := ParseAddress(v); ok {
		d.target = append(d.target[:0], a.URI...)
	}
}

// appendRequest appends a request within the dialog up to its own header
// fields (RFC 3261 §12.2.1.1).
func (d *Dialog) appendRequest(b []byte, method Method, cseq uint32, branch token) []byte {
	strict := len(d.routes) > 0 && !loose(d.routes[0])
	b = append(b, methodName[method]...)
	b = append(b, ' ')
	if strict {
		a, _ := ParseAddress(d.routes[0])
		b = append(b, a.URI...)
	} else {
		b = append(b, d.target...)
	}
	b = append(b, " SIP/2.0\r\n"...)
	b = append(b, d.flow.Listener.via...)
	b = branch.append(b, d.shard.core.key)
	b = append(b, "\r\nMax-Forwards: 70\r\n"...)
	for i, r := range d.routes {
		if !strict || i > 0 {
			b = appendHeader(b, HRoute, r)
		}
	}
	if strict {
		b = append(b, "Route: <"...)
		b = append(b, d.target...)
		b = append(b, ">\r\n"...)
	}
	b = appendHeader(b, HFrom, d.local)
	b = appendHeader(b, HTo, d.remote)
	b = appendHeader(b, HCallID, d.callID)
	return appendCSeq(b, cseq, methodName[method])
}

func loose(route []byte) bool {
	a, ok := ParseAddress(route)
	if !ok {
		return false
	}
	u, ok := ParseURI(a.URI)
	_, lr := u.Param("lr")
	return ok && lr
}

func appendCSeq(b []byte, n uint32, method string) []byte {
	b = append(b, "CSeq: "...)
	b = strconv.AppendUint(b, uint64(n), 10)
	b = append(b, ' ')
	b = append(b, method...)
	return append(b, crlf...)
}

// nextHop is where a request within the dialog goes: by the first route, else
// by the remote target.
func (d *Dialog) nextHop() Flow {
	if d.flow.broken() {
		if f, ok := d.shard.newWay(d.flow); ok {
			d.flow = f
		}
	}
	uri := d.target
	if len(d.routes) > 0 {
		a, _ := ParseAddress(d.routes[0])
		uri = a.URI
	}
	return d.flow.Toward(uri, d.nat)
}

// send begins a transaction for a request within the dialog.
func (d *Dialog) send(method Method, u use, headers string, sdp []byte) {
	s := d.shard
	d.localSeq++
	if out := s.clients.get(d.out.slot, d.out.gen); d.out.ok && out != nil {
		out.seq = d.localSeq // a PRACK's: the BYE to an answer nobody wants counts on from here
	}
	to := d.nextHop()
	slot, t := s.newClient(method, u, to, d)
	t.msg = d.appendRequest(t.msg, method, d.localSeq, s.clientToken(slot))
	if d.proves(&to) {
		t.msg = d.proof.append(t.msg, s, methodName[method], d.target)
	}
	if method == INVITE || method == UPDATE {
		t.msg = append(t.msg, d.flow.Listener.contact...)
		t.msg = append(t.msg, AllowLine+"Supported: timer\r\n"...)
		t.msg = append(d.sess.append(t.msg, true), d.about...)
		d.unsaid = false
	}
	t.msg = append(t.msg, headers...)
	t.msg = appendBody(t.msg, sdp)
	d.keep(sdp)
	if method == INVITE {
		d.out = txRef{slot, s.clients.gen(slot), true}
		d.inviteSeq = d.localSeq
	}
	s.start(slot)
}

// sendAck acknowledges the 2xx to the INVITE just answered. Its transaction t
// keeps the ACK, to be repeated for each repetition of the 2xx; it may be nil.
func (d *Dialog) sendAck(t *clientTx, sdp []byte) {
	s := d.shard
	b := s.scratch[:0]
	if t != nil {
		b = t.msg[:0]
	}
	// An ACK to a 2xx is a transaction of its own without an answer: its
	// branch needs to be new, nothing more.
	s.acks++
	to := d.nextHop()
	b = d.appendRequest(b, ACK, d.inviteSeq, s.token(tokenNone, s.acks, 0))
	if d.proves(&to) {
		b = append(b, d.proof.line...)
	}
	b = appendBody(b, sdp)
	s.sendCopy(to, b)
	if t == nil {
		s.scratch = b
		return
	}
	t.msg, t.ackFlow = s.bufs.keep(b), to
}

// unwanted makes a dialog of an answer to the INVITE of t that nobody wants, and
// acknowledges it; the BYE follows. keep says that t repeats this ACK.
func (s *Shard) unwanted(t *clientTx, m *Msg, keep bool) *Dialog {
	d := s.newDialog(false, t.flow)
	d.callID = append(d.callID, m.CallID...)
	d.local = append(d.local, m.Header(HFrom)...)
	d.inviteSeq, d.localSeq = m.CSeq, max(m.CSeq, t.seq)
	d.nat = t.nat
	d.fromResponse(m)
	if keep {
		d.sendAck(t, nil)
	} else {
		d.sendAck(nil, nil)
	}
	return d
}

// bye ends a dialog nobody uses.
func (d *Dialog) bye() {
	d.send(BYE, useBye, "", nil)
	d.shard.freeDialog(d)
}

func equalBytes(a, b []byte) bool { return string(a) == string(b) }

// keep remembers our session description.
func (d *Dialog) keep(sdp []byte) {
	if len(sdp) > 0 {
		d.sdp = append(d.sdp[:0], sdp...)
	}
}
