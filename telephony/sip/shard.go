package sip

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Stats counts what a shard saw.
type Stats struct {
	Received        uint64 // messages
	Sent            uint64
	Malformed       uint64 // not SIP, or with a fault
	Dropped         uint64 // answers and ACKs that belong to nothing
	Retransmissions uint64 // requests seen before
	Refused         uint64 // new work refused for overload
	Moved           uint64 // handed to the shard that owns them
	Defects         uint64 // panics that were caught
}

// Live says what state a shard holds.
type Live struct{ Servers, Clients, Dialogs, Timers int }

// Shard owns a part of the transactions, dialogs and timers. Exactly one
// thread drives it; see the package comment.
type Shard struct {
	core    *Core
	id      uint8
	h       Handler
	now     Mono
	wheel   *wheel
	rng     *rand.Rand
	servers slab[serverTx]
	clients slab[clientTx]
	dialogs slab[Dialog]
	byKey   map[uint64]uint32

	msg, aux          Msg // received; of ours, reparsed
	in                Incoming
	replyTx           serverTx // for stateless answers
	scratch, scratch2 []byte
	bufs              buffers
	tagBuf            []byte
	acks              uint32
	stats             Stats
	nonces            uint32
	nonceTable        []nonceUse
	lag, lastStep     Mono

	// Outgoing messages of this step, one after the other in arena.
	arena []byte
	out   []Packet
	send  func([]Packet)

	inbox struct {
		sync.Mutex
		items []item
		spare []item
		wake  func()
	}
	asleep atomic.Bool
}

// Packet is a message to send.
type Packet struct {
	Flow  Flow
	Bytes []byte
	off   int
}

// item is what others hand to a shard: a message, or a function to run.
type item struct {
	flow  Flow
	bytes []byte
	f     func(*Shard)
}

// inboxLimit bounds what waits for a shard; more messages are dropped, like
// datagrams by a full socket.
const inboxLimit = 8192

// arenaLimit is when outgoing messages are flushed within a step.
const arenaLimit = 256 << 10

func newShard(c *Core, id uint8, now Mono, seed [32]byte) *Shard {
	seed[0] ^= id
	return &Shard{
		core: c, id: id, now: now, wheel: newWheel(now), byKey: map[uint64]uint32{},
		rng: rand.New(rand.NewChaCha8(seed)), arena: make([]byte, 0, arenaLimit),
		nonceTable: make([]nonceUse, nonceSets*nonceWays),
	}
}

func (s *Shard) token(kind tokenKind, slot uint32, gen uint16) token {
	return token{kind: kind, node: s.core.cfg.Node, epoch: s.core.cfg.Epoch, shard: s.id, slot: slot, gen: gen}
}

// parseToken reads a token of this node since its start. One of an earlier
// start names slots that are others' now.
func (s *Shard) parseToken(b []byte) (token, bool) {
	t, ok := parseToken(b, s.core.key)
	return t, ok && t.node == s.core.cfg.Node && t.epoch == s.core.cfg.Epoch
}

// Core is the core the shard belongs to.
func (s *Shard) Core() *Core { return s.core }

// Now is the time of the current step.
func (s *Shard) Now() Mono { return s.now }

// Stats returns the counters; only on the shard's thread.
func (s *Shard) Stats() Stats { return s.stats }

// Live returns how much state there is; only on the shard's thread.
func (s *Shard) Live() Live {
	return Live{s.servers.live, s.clients.live, s.dialogs.live, s.wheel.live}
}

// Packet delivers one received message. b is only borrowed, and may be changed.
func (s *Shard) Packet(f Flow, b []byte) {
	if keepAlive(b) {
		return
	}
	if f.Conn == nil && binding(b) {
		s.bound(f, b)
		return
	}
	s.stats.Received++
	m := &s.msg
	fault := m.Parse(b)
	if fault == nil || fault.Answerable {
		if owner := s.owner(m); owner != s.id {
			s.stats.Moved++
			s.core.shards[owner].Deliver(f, b)
			return
		}
	}
	switch {
	case fault == nil && m.Request:
		s.request(f, m)
	case fault == nil:
		s.response(m)
	default:
		s.stats.Malformed++
		if fault.Answerable && m.Request && m.Method != ACK {
			s.stateless(f, m, &Reply{Status: fault.Status, Reason: fault.Text})
		}
	}
}

// received is Packet for a driver.
func (s *Shard) received(f Flow, b []byte) {
	defer s.guard()
	s.Packet(f, b)
}

// guard is deferred around each step: a defect in the handling of one
// message or timer is logged and costs that one, not every call of the node.
// The simulator has none, so that tests find it.
func (s *Shard) guard() {
	if s.core.sim {
		return
	}
	if r := recover(); r != nil {
		s.stats.Defects++
		s.core.log.Error("a defect: a message or timer was dropped", "panic", r, "stack", string(debug.Stack()))
	}
}

// STUN, as far as a flow is kept open by it (RFC 5626 §4.4.2, RFC 8489 §5): a
// Binding request is 20 bytes or more, begins with 0x0001, and has the cookie.
const (
	stunHead   = 20
	stunCookie = 0x2112A442
)

func binding(b []byte) bool {
	return len(b) >= stunHead && b[0] == 0 && b[1] == 1 && binary.BigEndian.Uint32(b[4:]) == stunCookie &&
		int(binary.BigEndian.Uint16(b[2:]))+stunHead == len(b)
}

// bound tells a telephone where we see it: as XOR-MAPPED-ADDRESS (RFC 8489
// §14.2), whose change tells it that its flow is another now. The answer is
// no more than 24 bytes longer than the question.
func (s *Shard) bound(f Flow, b []byte) {
	ip, family := f.Remote.Addr().Unmap().AsSlice(), byte(1)
	if len(ip) == 16 {
		family = 2
	}
	r := append(s.scratch[:0], 1, 1, 0, byte(8+len(ip)))
	r = append(r, b[4:stunHead]...)
	r = append(r, 0, 0x20, 0, byte(4+len(ip)), 0, family)
	r = binary.BigEndian.AppendUint16(r, f.Remote.Port()^stunCookie>>16)
	for i, c := range ip {
		r = append(r, c^b[4+i])
	}
	s.sendCopy(f, r)
	s.scratch = r[:0]
}

// keepAlive tells the CRLF or zero bytes that phones send to keep a NAT open.
func keepAlive(b []byte) bool {
	if len(b) > 4 {
		return false
	}
	for _, c := range b {
		if c != '\r' && c != '\n' && c != 0 {
			return false
		}
	}
	return true
}

// owner is the shard that has, or will have, the state of a message.
func (s *Shard) owner(m *Msg) uint8 {
	n := len(s.core.shards)
	if n == 1 {
		return s.id
	}
	var tok token
	ok := false
	switch {
	case !m.Request:
		tok, ok = s.branchToken(m)
	case m.Method == REGISTER || m.Method == OPTIONS && m.ToTag == nil:
		return s.id
	case m.Method == INVITE && m.ToTag == nil && m.Has(HReplaces): // it goes to the call that it joins
		if r, good := ParseReplaces(m.Header(HReplaces)); good {
			tok, ok = s.replacedToken(&r)
		}
	case m.ToTag != nil:
		if tok, ok = s.parseToken(m.ToTag); tok.kind == tokenNone {
			ok = false
		}
	}
	if ok && int(tok.shard) < n {
		return tok.shard
	}
	return uint8(s.core.key.sum(m.CallID) % uint64(n))
}

// Tick fires the timers due at now.
func (s *Shard) Tick(now Mono) {
	s.now = max(s.now, now)
	s.wheel.advance(s.now, s.fire)
}

// NextTimer is when Tick is needed next.
func (s *Shard) NextTimer() (Mono, bool) { return s.wheel.next() }

func (s *Shard) fire(t *timer) {
	defer s.guard()
	switch t.owner {
	case ownerServer:
		s.serverTimer(t.slot)
	case ownerClient:
		s.clientTimer(t.slot)
	case ownerDialog:
		s.dialogTimer(t.slot)
	case ownerUser:
		u := s.userTimer(t)
		s.h.Timer(u)
	}
}

// sendCopy queues a message.
func (s *Shard) sendCopy(f Flow, b []byte) {
	if len(s.arena)+len(b) > arenaLimit {
		s.Flush()
	}
	off := len(s.arena)
	s.arena = append(s.arena, b...)
	s.out = append(s.out, Packet{Flow: f, off: off, Bytes: s.arena[off:len(s.arena):len(s.arena)]})
	s.stats.Sent++
}

// Flush hands the queued messages to the driver.
func (s *Shard) Flush() {
	if len(s.out) == 0 {
		return
	}
	s.send(s.out)
	clear(s.out)
	s.out, s.arena = s.out[:0], s.arena[:0]
}

// Deliver queues a message for the shard, from any thread; b is copied.
func (s *Shard) Deliver(f Flow, b []byte) {
	s.enqueue(item{flow: f, bytes: append([]byte(nil), b...)}, true)
}

// Post runs f on the shard's thread, from any thread.
func (s *Shard) Post(f func(*Shard)) { s.enqueue(item{f: f}, false) }

func (s *Shard) enqueue(it item, droppable bool) {
	q := &s.inbox
	q.Lock()
	if droppable && len(q.items) >= inboxLimit {
		q.Unlock()
		return
	}
	q.items = append(q.items, it)
	wake := q.wake
	q.Unlock()
	if wake != nil && s.asleep.Load() {
		wake()
	}
}

// drain works off the inbox and reports whether there was anything.
func (s *Shard) drain() bool {
	q := &s.inbox
	q.Lock()
	items := q.items
	q.items = q.spare[:0]
	q.Unlock()
	for i := range items {
		s.work(&items[i])
	}
	clear(items)
	q.spare = items[:0]
	return len(items) > 0
}

func (s *Shard) work(it *item) {
	defer s.guard()
	if it.f != nil {
		it.f(s)
	} else {
		s.Packet(it.flow, it.bytes)
	}
}

// took notes how long a step took. One long step is a stall, of the machine or
// of the collector, which is over when it is noticed; the shard lags behind if
// two in a row are long.
func (s *Shard) took(d Mono) {
	s.lag, s.lastStep = min(d, s.lastStep), d
}

// overloaded is the admission rule: no new work if the shard lags behind.
func (s *Shard) overloaded() bool {
	return s.lag > 100*Millisecond || s.dialogs.live >= s.core.cfg.MaxDialogs
}

// Broken tells the shard that a way to a peer is broken: what waits for an
// answer over it fails at once (RFC 3261 §8.1.3.1: as if by 503).
func (s *Shard) Broken(f Flow) {
	s.clients.each(func(i uint32, t *clientTx) {
		if t.flow.Conn != f.Conn || f.Conn == nil && t.flow.Remote != f.Remote {
			return
		}
		if s.goesAnew(t) {
			return
		}
		// ICMP can be made up: from whom there was an answer, there is a peer.
		if t.state == clientCalling || f.Conn != nil && t.state == clientProceeding {
			s.giveUp(i, t, 503)
		}
	})
}

// goesAnew sends a BYE once more, another way, when its connection has ended: it may
// have waited there. Who got it already knows of no such call any more.
func (s *Shard) goesAnew(t *clientTx) bool {
	if f := t.flow; f.Conn != nil && t.use == useBye && !t.anew {
		if f, t.anew = s.newWay(f); t.anew {
			t.flow = f
			s.sendCopy(f, t.msg)
		}
		return t.anew
	}
	return false
}

func addrPort(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }
