package rtp

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// TestLatch plays packets to a latch: "ms:source" each, and compares who was
// taken ("+") and who was not ("-").
func TestLatch(t *testing.T) {
	ap := netip.MustParseAddrPort
	const phone, port2, other, same = "203.0.113.9:4000", "203.0.113.9:5000", "198.51.100.6:6666", "198.51.100.6:4000"
	for _, c := range []struct {
		name   string
		want   string
		signal string
		strict bool
		play   string
		taken  string
	}{
		{"the announced one at once", phone, "203.0.113.9", false, "0:P 20:P 40:P", "+++"},
		{"spray before the first packet", phone, "203.0.113.9", false, "0:O 1:S 2:2 500:O 1000:P 1001:O 1002:2 1003:S 9000:O 9000:P", "---" + "-+---" + "-+"},
		{"spray in the middle", phone, "203.0.113.9", false, "0:P 10:O 11:2 12:S 4000:O 4001:P", "+---" + "-+"},
		{"another port of the phone only when the window is over", phone, "203.0.113.9", false, "0:2 1500:2 2999:2 3000:2 3020:2 3040:O", "---" + "++-"},
		{"the announced one comes late and still wins", phone, "203.0.113.9", false, "0:2 3000:2 3020:2 5000:P 5001:2", "-++" + "+-"},
		{"a stranger never, where the address can be true", phone, "203.0.113.9", false, "0:O 4000:O 9000:S", "---"},
		{"behind a NAT: the signalling's address at once", "10.0.0.5:4000", "203.0.113.9", false, "0:2 1:O 2:2 20:O 4000:2 4001:P 4002:O", "+-+-" + "+--"},
		{"behind a NAT with the attacker first", "10.0.0.5:4000", "203.0.113.9", false, "0:O 1:S 10:2 20:2 21:O", "--++-"},
		{"behind a NAT, media from elsewhere, after the window", "10.0.0.5:4000", "203.0.113.9", false, "0:O 1000:O 3000:O 3020:O 3021:2", "--++-"},
		{"behind a NAT, same port after half the window", "10.0.0.5:4000", "203.0.113.9", false, "0:S 1500:S 1501:O 1510:2 1511:S", "-+-" + "+-"},
		{"the wrong one of its addresses: heard from where it signals, soon", "192.0.2.2:4000", "203.0.113.9", false, "0:2 100:2 200:2 220:2 230:O 4000:2 4001:O", "--++" + "-+-"},
		{"a media server apart from the signalling is taken at once", phone, "192.0.2.2", false, "0:P 1:O 3001:P 3002:2", "+-+-"},
		{"apart, and a stranger first", phone, "198.51.100.6", false, "0:O 100:P 101:O", "-+-"},
		{"a trunk: nobody else, ever", phone, "203.0.113.9", true, "0:2 4000:2 9000:O 9001:P", "---+"},
		{"no address announced", "0.0.0.0:0", "203.0.113.9", false, "0:O 1:P 2:O", "-+-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l latch
			if l.accept(ap(phone), 1) {
				t.Fatal("taken although nobody is expected")
			}
			l.expect(ap(c.want), netip.MustParseAddr(c.signal), c.strict, false)
			var got strings.Builder
			for _, step := range strings.Fields(c.play) {
				var ms int64
				var who rune
				if _, err := fmt.Sscanf(step, "%d:%c", &ms, &who); err != nil {
					t.Fatal(err)
				}
				src := map[rune]string{'P': phone, '2': port2, 'O': other, 'S': same}[who]
				if l.accept(ap(src), 1+ms*1e6) {
					got.WriteByte('+')
				} else {
					got.WriteByte('-')
				}
			}
			if got.String() != c.taken {
				t.Errorf("%s: taken %s, want %s", c.play, got.String(), c.taken)
			}
		})
	}
}

func TestLatchReopens(t *testing.T) {
	ap := netip.MustParseAddrPort
	sig := netip.MustParseAddr("203.0.113.9")
	nat := ap("10.0.0.5:4000")
	var l latch
	l.expect(nat, sig, false, false)
	const s = int64(1e9)
	if !l.accept(ap("203.0.113.9:1111"), s) || !l.accept(ap("203.0.113.9:1111"), 5*s) || !l.locked {
		t.Fatal("not learned")
	}
	if l.accept(ap("203.0.113.9:2222"), 6*s) {
		t.Fatal("a second source after the lock")
	}
	l.expect(nat, sig, false, false)
	if l.accept(ap("203.0.113.9:2222"), 7*s) {
		t.Fatal("reopened without being told")
	}
	l.expect(nat, sig, false, true)
	if l.accept(ap("198.51.100.6:6666"), 7*s) || !l.accept(ap("203.0.113.9:1111"), 7*s) {
		t.Fatal("the source in use must go on")
	}
	if l.accept(ap("203.0.113.9:2222"), 7*s+1) {
		t.Fatal("an equal source while the one in use speaks")
	}
	if !l.accept(ap("203.0.113.9:2222"), 8*s) || l.accept(ap("203.0.113.9:1111"), 8*s+1) {
		t.Fatal("an equal source after the other fell silent")
	}
	// The terminal announces another address: the old one is out at once.
	l.expect(ap("203.0.113.9:7000"), sig, false, true)
	if l.accept(ap("203.0.113.9:2222"), 9*s) || !l.accept(ap("203.0.113.9:7000"), 9*s) {
		t.Fatal("the new announcement must count")
	}
}

// TestNobodyIsShoutedAt: where signalling comes from another address than the one
// announced for the sound, somebody who wants nothing of it may be there.
func TestNobodyIsShoutedAt(t *testing.T) {
	const sent = 2 * blindMost
	const let = blindMost + (sent-blindMost)/blindRest
	aside, signal := "127.0.0.3", netip.MustParseAddr("127.0.0.2")
	type step func(e *Engine, c *call, from, control netip.AddrPort)
	for _, x := range []struct {
		name   string
		remote func(*Remote)
		then   step // between the first packets and as many again
		first  uint64
		again  uint64
	}{
		{"nothing is heard", nil, nil, let, sent / blindRest},
		{"sound is heard", nil, func(e *Engine, c *call, from, _ netip.AddrPort) {
			e.packet(&c.l[1].media, rtpPacket("I am here"), from, 1)
		}, let, sent},
		{"one who only listens sends RTCP", nil, func(e *Engine, c *call, _, control netip.AddrPort) {
			e.packet(&c.l[1].control, rtcpPacket(), control, 1)
		}, let, sent},
		{"one who only listens sends RTCP on the same port", func(r *Remote) { r.Mux = true }, func(e *Engine, c *call, from, _ netip.AddrPort) {
			e.packet(&c.l[1].media, rtcpPacket(), from, 1)
		}, let, sent},
		{"whoever calls sends RTCP himself", nil, func(e *Engine, c *call, _, _ netip.AddrPort) {
			own := netip.AddrPortFrom(signal, 4001)
			e.packet(&c.l[1].control, rtcpPacket(), own, 1)
			e.packet(&c.l[1].control, rtcpPacket(), own, 1+doubt)
		}, let, sent / blindRest},
		{"another port is announced", nil, func(_ *Engine, c *call, from, control netip.AddrPort) {
			from = netip.AddrPortFrom(from.Addr(), from.Port()^2)
			c.s.Expect(c.l[1], Remote{RTP: from, RTCP: control, Signal: signal}, true)
			c.l[1].media.latch.nat = false
		}, let, sent / blindRest},
		{"signalling comes from there", func(r *Remote) { r.Signal = r.RTP.Addr() }, nil, sent, sent},
		{"a trunk", func(r *Remote) { r.Strict = true }, nil, sent, sent},
	} {
		t.Run(x.name, func(t *testing.T) {
			e := newEngine(t, Config{})
			c := newCall(t, e, "127.0.0.1")
			defer c.s.Close()
			media, control := newPhone(t, aside).addr(), newPhone(t, aside).addr()
			r := Remote{RTP: media, RTCP: control, Signal: signal}
			if x.remote != nil {
				x.remote(&r)
			}
			c.s.Expect(c.l[1], r, false)
			c.l[1].media.latch.nat = false // all the addresses of one machine are such that only a NAT has
			pass := func() (n uint64) {
				before := c.s.Stats(c.l[1]).Sent
				for range sent {
					e.packet(&c.l[0].media, rtpPacket("loud"), c.ph[0].addr(), 1)
				}
				return c.s.Stats(c.l[1]).Sent - before
			}
			if n := pass(); n != x.first {
				t.Errorf("%d of %d packets went out, want %d", n, sent, x.first)
			}
			if x.then != nil {
				x.then(e, c, media, control)
			}
			if n := pass(); n != x.again {
				t.Errorf("then %d of %d packets went out, want %d", n, sent, x.again)
			}
		})
	}
}
