package rtp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

var loopback = netip.MustParseAddr("127.0.0.1") //nolint:gochecknoglobals // constant

func newEngine(t testing.TB, cfg Config) *Engine {
	t.Helper()
	if !cfg.Addr4.IsValid() && !cfg.Addr6.IsValid() {
		cfg.Addr4 = loopback
	}
	if cfg.MinPort == 0 {
		cfg.MinPort, cfg.MaxPort = 32000, 39999
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// phone is a UDP endpoint of a test.
type phone struct {
	t testing.TB
	c *net.UDPConn
}

func newPhone(t testing.TB, ip string) *phone {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &phone{t, c}
}

func (p *phone) addr() netip.AddrPort {
	a := p.c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

func (p *phone) send(to netip.AddrPort, b []byte) {
	p.t.Helper()
	// Refused is what a closed port answers to an earlier packet.
	for range 3 {
		if _, err := p.c.WriteToUDPAddrPort(b, to); err == nil {
			return
		}
	}
	p.t.Fatal("cannot send to", to)
}

// hears waits for one packet.
func (p *phone) hears(want []byte) {
	p.t.Helper()
	if got := p.next(2 * time.Second); !bytes.Equal(got, want) {
		p.t.Fatalf("heard %q, want %q", got, want)
	}
}

func (p *phone) next(d time.Duration) []byte {
	buf := make([]byte, 2048)
	_ = p.c.SetReadDeadline(time.Now().Add(d))
	n, err := p.c.Read(buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

// until waits for ok.
func until(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// rtpPacket is a RTP packet with a recognisable payload.
func rtpPacket(text string) []byte {
	return append([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, text...)
}

func rtcpPacket() []byte { return []byte{0x80, 201, 0, 1, 1, 2, 3, 4} }

// call is two bridged lines with a phone on each.
type call struct {
	s    *Session
	l    [2]*Line
	ph   [2]*phone
	ours [2]netip.AddrPort
}

func newCall(t testing.TB, e *Engine, ip string) *call {
	t.Helper()
	c := &call{s: e.Open(7)}
	for i := range c.l {
		c.ph[i] = newPhone(t, ip)
		a := c.ph[i].addr()
		l, err := c.s.Add(uint16(i+1), a.Addr().Is6())
		if err != nil {
			t.Fatal(err)
		}
		c.l[i] = l
		c.ours[i] = netip.AddrPortFrom(l.Addr(), l.Port())
		c.s.Expect(l, Remote{RTP: a, RTCP: netip.AddrPortFrom(a.Addr(), a.Port()+1), Signal: a.Addr()}, false)
	}
	c.s.Bridge(c.l[0], c.l[1])
	return c
}

func TestTwoPhonesHearEachOther(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			e := newEngine(t, Config{Addr4: loopback, Addr6: netip.MustParseAddr("::1")})
			c := newCall(t, e, ip)
			for i := range 100 {
				a, b := rtpPacket(fmt.Sprint("a", i)), rtpPacket(fmt.Sprint("b", i))
				c.ph[0].send(c.ours[0], a)
				c.ph[1].send(c.ours[1], b)
				c.ph[1].hears(a)
				c.ph[0].hears(b)
			}
			st := c.s.Stats(c.l[0])
			if st.Packets != 100 || st.Sent != 100 || st.Dropped != 0 || st.First != c.ph[0].addr() || st.Last != st.First || st.Bytes == 0 {
				t.Errorf("counted %+v", st)
			}
			c.s.Close()
			if taken, resting := e.InUse(); taken != 0 || resting != 2 || e.Sessions() != 0 {
				t.Errorf("after the end %d taken, %d resting, %d sessions", taken, resting, e.Sessions())
			}
		})
	}
}

func TestControlPackets(t *testing.T) {
	e := newEngine(t, Config{})
	s := e.Open(1)
	defer s.Close()
	var l [2]*Line
	var media, control [2]*phone
	for i := range l {
		media[i], control[i] = newPhone(t, "127.0.0.1"), newPhone(t, "127.0.0.1")
		l[i], _ = s.Add(uint16(i+1), false)
	}
	// The first speaks rtcp-mux, the second has a port of its own.
	s.Expect(l[0], Remote{RTP: media[0].addr(), Signal: loopback, Mux: true}, false)
	s.Expect(l[1], Remote{RTP: media[1].addr(), RTCP: control[1].addr(), Signal: loopback}, false)
	s.Bridge(l[0], l[1])
	media[0].send(netip.AddrPortFrom(loopback, l[0].Port()), rtcpPacket())
	control[1].hears(rtcpPacket())
	control[1].send(netip.AddrPortFrom(loopback, l[1].Port()+1), rtcpPacket())
	media[0].hears(rtcpPacket())
	if st := s.Stats(l[1]); st.Control != 1 || st.Packets != 0 {
		t.Errorf("counted %+v", st)
	}
}

// TestSpray sprays both ports of both sides, before the first packet and in
// the middle: nothing of it is heard, nothing is sent to the attacker, nothing
// of the call is lost.
func TestSpray(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	attackers := []*phone{newPhone(t, "127.0.0.1"), newPhone(t, "127.0.0.2")}
	spray := func() {
		for _, a := range attackers {
			for _, o := range c.ours {
				a.send(o, rtpPacket("evil"))
				a.send(netip.AddrPortFrom(o.Addr(), o.Port()+1), rtcpPacket())
			}
		}
	}
	for range 50 {
		spray()
	}
	const n = 200
	for i := range n {
		spray()
		for side := range 2 {
			want := rtpPacket(fmt.Sprint(side, i))
			c.ph[side].send(c.ours[side], want)
			c.ph[1-side].hears(want) // any injected or lost packet shows here
		}
	}
	// Packets are read in order on a socket: an answer to the spray would
	// have been sent before the last good packet was.
	for i, a := range attackers {
		if b := a.next(50 * time.Millisecond); b != nil {
			t.Errorf("attacker %d heard %q", i, b)
		}
	}
	for side := range 2 {
		if st := c.s.Stats(c.l[side]); st.Packets != n || st.Control != 0 {
			t.Errorf("side %d counted %+v", side, st)
		}
	}
}

// TestSprayBehindNAT is the same where the announced address cannot be true,
// and the sockets therefore take packets from anywhere while they learn.
func TestSprayBehindNAT(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	evil := newPhone(t, "127.0.0.2")
	for i, l := range c.l {
		c.s.Expect(l, Remote{RTP: netip.MustParseAddrPort("10.0.0.5:4000"), Signal: loopback}, false)
		evil.send(c.ours[i], rtpPacket("evil"))
	}
	c.ph[0].send(c.ours[0], rtpPacket("lost: the other side is not known yet"))
	until(t, func() bool { return c.s.Stats(c.l[0]).Packets == 1 }) // another socket: no order between them
	c.ph[1].send(c.ours[1], rtpPacket("first"))
	c.ph[0].hears(rtpPacket("first"))
	for i := range 100 {
		for side := range 2 {
			evil.send(c.ours[side], rtpPacket("evil"))
			want := rtpPacket(fmt.Sprint(side, i))
			c.ph[side].send(c.ours[side], want)
			c.ph[1-side].hears(want)
		}
	}
	if b := evil.next(50 * time.Millisecond); b != nil {
		t.Errorf("the attacker heard %q", b)
	}
	if st := c.s.Stats(c.l[0]); st.Dropped < 100 || st.Stray != evil.addr() {
		t.Errorf("the stray source is not told: %+v", st)
	}
}

func TestQuarantine(t *testing.T) {
	var now atomic.Int64
	now.Store(1)
	e := newEngine(t, Config{MinPort: 41000, MaxPort: 41001, Now: now.Load, Quarantine: 3 * time.Second})
	short := int64(100 * time.Millisecond) // the rest of a pair that is the only one
	s := e.Open(1)
	first, err := s.Add(1, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(2, false); !errors.Is(err, ErrPorts) {
		t.Fatalf("a pair out of nothing: %v", err)
	}
	s.Close()
	s = e.Open(2)
	now.Add(short - 1)
	if _, err := s.Add(1, false); !errors.Is(err, ErrPorts) {
		t.Fatalf("the pair was given out while resting: %v", err)
	}
	now.Add(1)
	again, err := s.Add(1, false)
	if err != nil || again != first {
		t.Fatalf("rested and not given out: %v", err)
	}
	s.Close()
	plenty := newEngine(t, Config{MinPort: 41002, MaxPort: 41005, Now: now.Load, Quarantine: 3 * time.Second})
	for range 2 { // with another at hand, a pair rests its full time
		s := plenty.Open(1)
		if _, err := s.Add(1, false); err != nil {
			t.Fatal(err)
		}
		s.Close()
		now.Add(2 * short)
	}
	if _, resting := plenty.InUse(); resting != 2 {
		t.Fatalf("%d pairs rest, want 2", resting)
	}
	if _, err := s.Add(1, true); !errors.Is(err, ErrFamily) {
		t.Fatalf("an IPv6 pair without an address: %v", err)
	}
}

func TestPortsOfOthersAreLeftAlone(t *testing.T) {
	blocker, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 41101})
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close()
	e := newEngine(t, Config{MinPort: 41100, MaxPort: 41103, Prebind: 2})
	s := e.Open(1)
	defer s.Close()
	l, err := s.Add(1, false)
	if err != nil || l.Port() != 41102 {
		t.Fatal(l, err)
	}
	if _, err := s.Add(1, false); !errors.Is(err, ErrPorts) {
		t.Fatal(err)
	}
	blocked, err := New(Config{Addr4: loopback, MinPort: 41100, MaxPort: 41101, Prebind: 1})
	if err == nil {
		blocked.Close()
		t.Fatal("no port could be bound, and nobody was told")
	}
}

func TestStopAtAndSilence(t *testing.T) {
	notes := make(chan Note, 16)
	e := newEngine(t, Config{Silence: 200 * time.Millisecond, Notify: func(n Note) { notes <- n }})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	c.s.Watch(c.l[1], true)
	if n := <-notes; n != (Note{Kind: Silent, Tag: 7, Leg: 2}) {
		t.Fatalf("noted %+v", n)
	}
	c.s.Watch(c.l[1], false)
	at := e.Now() + int64(300*time.Millisecond)
	c.s.StopAt(at)
	for n := range notes {
		if n.Kind == Stopped {
			break
		}
	}
	if late := e.Now() - at; late < 0 || late > int64(time.Second) {
		t.Errorf("stopped %v after the time", time.Duration(late))
	}
	for e.Now() < at {
	}
	c.ph[0].send(c.ours[0], rtpPacket("too late"))
	if b := c.ph[1].next(50 * time.Millisecond); b != nil {
		t.Errorf("heard %q after the stop", b)
	}
}

func TestPlayer(t *testing.T) {
	notes := make(chan Note, 16)
	e := newEngine(t, Config{Notify: func(n Note) { notes <- n }})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	sound := Tone(8, 400*time.Millisecond, 425)
	start := time.Now()
	c.s.Play(c.l[0], 8, sound, false)
	var heard []byte
	var seq byte
	for i := range 20 {
		b := c.ph[0].next(2 * time.Second)
		if len(b) != 172 || b[1]&0x7F != 8 || b[1]>>7 == 1 != (i == 0) || i > 0 && b[3] != seq+1 {
			t.Fatalf("packet %d is %x", i, b[:min(len(b), 12)])
		}
		seq = b[3]
		heard = append(heard, b[12:]...)
	}
	if n := <-notes; n != (Note{Kind: Played, Tag: 7, Leg: 1}) {
		t.Fatalf("noted %+v", n)
	}
	if took := time.Since(start); took < 350*time.Millisecond {
		t.Errorf("400 ms of sound took %v", took)
	}
	if !bytes.Equal(heard, sound) {
		t.Error("it sounds different")
	}
	// While a prompt plays, the bridge is not heard; afterwards it is.
	c.ph[1].send(c.ours[1], rtpPacket("after"))
	c.ph[0].hears(rtpPacket("after"))
}

func TestEncodings(t *testing.T) {
	if ulaw(0) != 0xFF || alaw(0) != 0xD5 || ulaw(32767) != 0x80 || alaw(32767) != 0xAA || ulaw(-32768) != 0 || alaw(-32768) != 0x2A {
		t.Errorf("ends of the scales: %x %x %x %x %x %x", ulaw(0), alaw(0), ulaw(32767), alaw(32767), ulaw(-32768), alaw(-32768))
	}
	decodeU := func(b byte) int {
		b = ^b
		v := (int(b&15)<<3 + 132) << (b >> 4 & 7)
		if b&0x80 != 0 {
			return 132 - v
		}
		return v - 132
	}
	decodeA := func(b byte) int {
		b ^= 0x55
		v := int(b&15)<<4 + 8
		if e := b >> 4 & 7; e > 0 {
			v = (v + 256) << (e - 1)
		}
		if b&0x80 == 0 {
			return -v
		}
		return v
	}
	for v := -32000; v <= 32000; v += 37 {
		most := max(v, -v)/16 + 16
		if d := decodeU(ulaw(v)) - v; max(d, -d) > most {
			t.Fatalf("µ-law: %d comes back %d off", v, d)
		}
		if d := decodeA(alaw(v)) - v; max(d, -d) > most {
			t.Fatalf("A-law: %d comes back %d off", v, d)
		}
	}
}

// BenchmarkRelay measures one packet from socket to socket, the sender's and
// the receiver's system calls included: the loop runs in this process too.
func BenchmarkRelay(b *testing.B) {
	e := newEngine(b, Config{})
	const calls = 50
	var cs [calls]*call
	for i := range cs {
		cs[i] = newCall(b, e, "127.0.0.1")
	}
	pkt := rtpPacket(string(make([]byte, 160)))
	buf := make([]byte, 2048)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n++; n%calls != 0 {
			continue
		}
		for _, c := range cs {
			c.ph[0].send(c.ours[0], pkt)
		}
		for _, c := range cs {
			if _, _, err := c.ph[1].c.ReadFromUDPAddrPort(buf); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkPacket measures what the engine adds to a packet besides reading
// it: owner, lock, latch, counters and the send.
func BenchmarkPacket(b *testing.B) {
	e := newEngine(b, Config{})
	c := newCall(b, e, "127.0.0.1")
	pkt := rtpPacket(string(make([]byte, 160)))
	src := c.ph[0].addr()
	b.ReportAllocs()
	for b.Loop() {
		e.packet(&c.l[0].media, pkt, src, 1)
	}
}

// BenchmarkSession measures what a call costs here: session, two lines, two
// expectations, bridge, close.
func BenchmarkSession(b *testing.B) {
	var now atomic.Int64
	e := newEngine(b, Config{Prebind: 600, Now: func() int64 { return now.Add(int64(20 * time.Millisecond)) }})
	port := uint16(40000)
	b.ReportAllocs()
	for b.Loop() {
		s := e.Open(1)
		x, err := s.Add(1, false)
		if err != nil {
			b.Fatal(err)
		}
		y, err := s.Add(2, false)
		if err != nil {
			b.Fatal(err)
		}
		port += 2 // another telephone each time: the socket is connected anew
		a := netip.AddrPortFrom(loopback, port|1<<15)
		r := Remote{RTP: a, RTCP: netip.AddrPortFrom(loopback, a.Port()+1), Signal: loopback}
		s.Expect(x, r, false)
		s.Expect(y, r, false)
		s.Bridge(x, y)
		s.Close()
	}
}

// Two parties that announce each other's port would have a packet go round
// inside for ever.
func TestNobodyIsAtAPortOfOurs(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	for i := range c.l {
		other := c.ours[1-i]
		c.s.Expect(c.l[i], Remote{RTP: other, RTCP: netip.AddrPortFrom(other.Addr(), other.Port()+1), Signal: other.Addr()}, true)
		for _, p := range []*path{&c.l[i].media, &c.l[i].control} {
			if to := p.latch.target(); to.IsValid() {
				t.Errorf("leg %d: would send to %s, a port of ours", i+1, to)
			}
		}
	}
	c.s.Expect(c.l[0], Remote{RTP: c.ours[1], Strict: true}, true)
	if to := c.l[0].media.latch.target(); to != c.ours[1] {
		t.Errorf("a center in the same process is reached at %s, not at %s", to, c.ours[1])
	}
	for _, many := range []string{"224.0.0.1:4000", "255.255.255.255:4000", "0.0.0.0:4000"} {
		c.s.Expect(c.l[0], Remote{RTP: netip.MustParseAddrPort(many), Signal: loopback}, true)
		if to := c.l[0].media.latch.target(); to.IsValid() {
			t.Errorf("would send to %s", to)
		}
	}
}

// TestUrgentSessionsHaveWhatIsKeptBack: others are refused before ports, or the files
// for their sockets, are all taken; an urgent one is not made to wait for a pair to
// rest either.
func TestUrgentSessionsHaveWhatIsKeptBack(t *testing.T) {
	for name, c := range map[string]Config{
		"ports": {MinPort: 41300, MaxPort: 41307, Kept: 2},
		"files": {MinPort: 41310, MaxPort: 41399, Sockets: 8, Kept: 2},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, c)
			add := func(s *Session) error {
				_, err := s.Add(1, false)
				return err
			}
			s, urgent := e.Open(1), e.Open(2)
			urgent.Urgent()
			if err := errors.Join(add(s), add(s)); err != nil {
				t.Fatal(err)
			}
			if err := add(s); !errors.Is(err, ErrPorts) {
				t.Fatalf("what is kept back was given out: %v", err)
			}
			if err := errors.Join(add(urgent), add(urgent)); err != nil {
				t.Fatalf("what is kept back was not given out: %v", err)
			}
			if err := add(urgent); !errors.Is(err, ErrPorts) {
				t.Fatalf("a pair out of nothing: %v", err)
			}
			s.Close()
			other := e.Open(3) // of the same memory, and not urgent
			urgent.Close()
			again := e.Open(4)
			if err := errors.Join(add(again), add(again)); !errors.Is(err, ErrPorts) {
				t.Fatalf("pairs did not rest: %v", err)
			}
			other.Urgent()
			if err := errors.Join(add(other), add(other), add(other), add(other)); err != nil {
				t.Fatalf("an urgent session waits until pairs have rested: %v", err)
			}
			other.Close()
			again.Close()
			if open := e.sockets.Load(); open > 8 || e.taken.Load() != 0 {
				t.Errorf("%d sockets, %d pairs taken", open, e.taken.Load())
			}
		})
	}
}
