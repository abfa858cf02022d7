package rtp

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/srtp"
)

// sound is packet i of a stream of 20 ms of G.711.
func sound(i int) []byte {
	b := rtpPacket("sound")
	binary.BigEndian.PutUint16(b[2:], uint16(65533+i)) // over the turn
	binary.BigEndian.PutUint32(b[4:], uint32(160*i))
	return b
}

// TestKeysTakeThePlaceOfSound: two keys pressed while the other side talks come
// as telephone events in its stream, whose numbers have no gap, with sound
// between them, and are understood by who hears them.
func TestKeysTakeThePlaceOfSound(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	c.ph[0].send(c.ours[0], sound(0))
	c.ph[1].hears(sound(0))
	if !c.s.Press(c.l[1], 101, '7') || !c.s.Press(c.l[1], 101, '#') || c.s.Press(c.l[1], 101, 'x') || c.s.Press(c.l[1], 0, '1') {
		t.Fatal("what is a key is not told from what is none")
	}
	ears := NewKeys(101)
	heard, marks, sounds := "", 0, []int{}
	for i := 1; i < 25; i++ {
		c.ph[0].send(c.ours[0], sound(i))
		b := c.ph[1].next(2 * time.Second)
		if len(b) < 12 || binary.BigEndian.Uint16(b[2:]) != uint16(65533+i) || binary.BigEndian.Uint32(b[8:]) != 0x01020304 {
			t.Fatalf("packet %d of the stream is %x", i, b)
		}
		if b[1]&0x7F != 101 {
			sounds = append(sounds, i)
			continue
		}
		if b[1]&0x80 != 0 {
			marks++
		}
		if d, ok := ears.Hears(b); ok {
			heard += string(d)
		}
	}
	if heard != "7#" || marks != 2 {
		t.Errorf("heard %q with %d beginnings", heard, marks)
	}
	if len(sounds) < 8 || sounds[0] > 8 || sounds[eventGap] == sounds[0]+eventGap {
		t.Errorf("sound in places %v", sounds)
	}
}

// TestKeysWithoutSound: they come by the engine's own clock when the other side
// is silent.
func TestKeysWithoutSound(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	c.s.Press(c.l[1], 96, '5')
	c.s.Press(c.l[1], 96, '5')
	ears := NewKeys(96)
	heard, last, ends := "", -1, 0
	for ends < 2*eventEnds {
		b := c.ph[1].next(2 * time.Second)
		if b == nil {
			t.Fatalf("only %q is heard", heard)
		}
		seq := int(binary.BigEndian.Uint16(b[2:]))
		if last >= 0 && uint16(seq) != uint16(last+1) {
			t.Errorf("packet %d after %d", seq, last)
		}
		last = seq
		if len(b) != 16 || b[12] != 5 || b[13]&eventEnd == 0 != (binary.BigEndian.Uint16(b[14:]) < eventLong) {
			t.Fatalf("an event is %x", b)
		}
		if b[13]&eventEnd != 0 {
			ends++
		}
		if d, ok := ears.Hears(b); ok {
			heard += string(d)
		}
	}
	if heard != "55" {
		t.Errorf("heard %q", heard)
	}
	until(t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.players) == 0
	})
	// And no more of them wait than there is room for.
	n := 0
	for c.s.Press(c.l[1], 96, '1') {
		n++
	}
	if n < mostKeys-1 || n > mostKeys+1 {
		t.Errorf("%d keys wait", n)
	}
}

// TestProtectedOnOneSide: one phone has SRTP, the other has not; neither hears
// what is not for it, and nothing plain is taken for protected.
func TestProtectedOnOneSide(t *testing.T) {
	e := newEngine(t, Config{})
	c := newCall(t, e, "127.0.0.1")
	defer c.s.Close()
	ours, theirs := srtp.NewKey(srtp.AES128CM80), srtp.NewKey(srtp.AES128CM80)
	if err := c.s.Secure(c.l[0], ours, theirs); err != nil {
		t.Fatal(err)
	}
	out, err := srtp.NewSender(theirs)
	if err != nil {
		t.Fatal(err)
	}
	in, err := srtp.NewReceiver(ours)
	if err != nil {
		t.Fatal(err)
	}
	stranger := newPhone(t, "127.0.0.1")
	for i := range 50 {
		c.ph[0].send(c.ours[0], sound(i)) // plain: it must not be heard
		stranger.send(c.ours[0], sound(i))
		closed, err := out.Protect(sound(i), false)
		if err != nil {
			t.Fatal(err)
		}
		c.ph[0].send(c.ours[0], closed)
		c.ph[1].hears(sound(i))
		c.ph[1].send(c.ours[1], sound(i))
		b := c.ph[0].next(2 * time.Second)
		if plain, err := in.Open(b, false); err != nil || string(plain) != string(sound(i)) {
			t.Fatalf("%v: %x", err, b)
		}
		if i == 25 { // the same keys again, as in a new description of the same: their state stays
			if err := c.s.Secure(c.l[0], ours, theirs); err != nil {
				t.Fatal(err)
			}
		}
	}
	if st := c.s.Stats(c.l[0]); st.Unopened < 50 || st.Packets != 50 {
		t.Errorf("counted %+v", st)
	}
	// RTCP too, on its own port.
	control := newPhone(t, "127.0.0.1")
	c.s.Expect(c.l[0], Remote{RTP: c.ph[0].addr(), RTCP: control.addr(), Signal: loopback}, true)
	report := []byte{0x80, 201, 0, 1, 0, 0, 0, 7}
	c.ph[1].send(netip.AddrPortFrom(c.ours[1].Addr(), c.ours[1].Port()+1), report)
	closed, err := out.Protect(report, true)
	if err != nil {
		t.Fatal(err)
	}
	control.send(netip.AddrPortFrom(c.ours[0].Addr(), c.ours[0].Port()+1), closed)
	until(t, func() bool { return c.s.Stats(c.l[0]).Control == 1 })
	if err := c.s.Secure(c.l[0], srtp.Key{}, srtp.Key{}); err != nil {
		t.Fatal(err)
	}
	c.ph[0].send(c.ours[0], sound(60))
	c.ph[1].hears(sound(60))
}

// TestSoundThatIsNotProtected where SRTP was agreed is not heard, and told of as
// what it is; a telephone that is silent is told of as silent.
func TestSoundThatIsNotProtected(t *testing.T) {
	for want, says := range map[NoteKind]bool{Unproved: true, Silent: false} {
		notes := make(chan Note, 16)
		e := newEngine(t, Config{Silence: 300 * time.Millisecond, Notify: func(n Note) { notes <- n }})
		c := newCall(t, e, "127.0.0.1")
		defer c.s.Close()
		if err := c.s.Secure(c.l[0], srtp.NewKey(srtp.AES128GCM), srtp.NewKey(srtp.AES128GCM)); err != nil {
			t.Fatal(err)
		}
		c.s.Watch(c.l[0], true)
		c.s.Watch(c.l[1], false)
		if says {
			c.ph[0].send(c.ours[0], sound(1))
		}
		select {
		case n := <-notes:
			if n != (Note{Kind: want, Tag: 7, Leg: 1}) {
				t.Errorf("noted %+v", n)
			}
		case <-time.After(10 * time.Second):
			t.Error("nothing is noted")
		}
		if b := c.ph[1].next(20 * time.Millisecond); b != nil {
			t.Errorf("heard %q", b)
		}
	}
}

// BenchmarkRelaySecured is what a relayed packet costs where the side it goes to is
// protected, beside one with none.
func BenchmarkRelaySecured(b *testing.B) {
	for _, suite := range []srtp.Suite{srtp.None, srtp.AES128CM80, srtp.AES128GCM} {
		b.Run(suite.String(), func(b *testing.B) {
			e := newEngine(b, Config{})
			c := newCall(b, e, "127.0.0.1")
			defer c.s.Close()
			if suite != srtp.None {
				if err := c.s.Secure(c.l[1], srtp.NewKey(suite), srtp.NewKey(suite)); err != nil {
					b.Fatal(err)
				}
			}
			p := append(sound(0)[:12], make([]byte, 160)...)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				binary.BigEndian.PutUint16(p[2:], uint16(i))
				c.s.mu.Lock()
				c.s.relay(c.l[0], &c.l[0].media, p, c.ph[0].addr(), int64(i))
				c.s.mu.Unlock()
			}
		})
	}
}

// BenchmarkRelayBrowsers is what a packet costs from one browser to another: closed
// by the sender, which a browser does itself, opened here, and closed for the other.
func BenchmarkRelayBrowsers(b *testing.B) {
	e := newEngine(b, Config{})
	c := newCall(b, e, "127.0.0.1")
	defer c.s.Close()
	theirs := srtp.NewKey(srtp.AES128GCM)
	for i, receive := range []srtp.Key{theirs, srtp.NewKey(srtp.AES128GCM)} {
		if err := c.s.Secure(c.l[i], srtp.NewKey(srtp.AES128GCM), receive); err != nil {
			b.Fatal(err)
		}
	}
	out, err := srtp.NewSender(theirs)
	if err != nil {
		b.Fatal(err)
	}
	p := append(sound(0)[:12], make([]byte, 160)...)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		binary.BigEndian.PutUint16(p[2:], uint16(i))
		closed, err := out.Protect(p, false)
		if err != nil {
			b.Fatal(err)
		}
		c.s.mu.Lock()
		c.s.relay(c.l[0], &c.l[0].media, closed, c.ph[0].addr(), int64(i))
		c.s.mu.Unlock()
	}
	if st := c.s.Stats(c.l[1]); st.Sent == 0 || c.s.Stats(c.l[0]).Unopened > 0 {
		b.Fatalf("%+v", st)
	}
}
