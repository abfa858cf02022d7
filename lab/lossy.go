package lab

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Lossy is a bad way between one telephone and its center: a UDP forwarder that
// loses sound and holds it up. Signalling passes unharmed, with the ports of the
// sound rewritten to the forwarder's own.
type Lossy struct {
	share  float64       // of the packets of sound, that are lost
	delay  time.Duration // at most, of the others; spread evenly
	t      testing.TB
	server *net.UDPAddr
	near   *net.UDPConn // the telephone's side
	far    *net.UDPConn

	mu     sync.Mutex
	rng    *rand.Rand
	phone  *net.UDPAddr
	sound  *crossing
	passed [2]int // sound from the telephone, and to it
	lost   [2]int
}

// crossing is the sound of a call: sockets that stand for each side.
type crossing struct {
	socks [2][2]*net.UDPConn // by the side they stand for; RTP and RTCP
	to    [2]int             // the ports that the sides announced
}

// NewLossy opens the way; a telephone uses Addr as its server.
func NewLossy(t testing.TB, server netip.AddrPort, share float64, delay time.Duration) *Lossy {
	t.Helper()
	l := &Lossy{share: share, delay: delay, t: t, server: net.UDPAddrFromAddrPort(server), rng: rand.New(rand.NewPCG(7, 7))}
	l.near, l.far = l.open(0), l.open(0)
	go l.read(l.near, func(b []byte, from *net.UDPAddr) {
		l.mu.Lock()
		l.phone = from
		l.mu.Unlock()
		_, _ = l.far.WriteToUDP(l.described(b, 0), l.server)
	})
	go l.read(l.far, func(b []byte, _ *net.UDPAddr) {
		l.mu.Lock()
		to := l.phone
		l.mu.Unlock()
		if to != nil {
			b = bytes.ReplaceAll(b, []byte("Contact: <sip:"+server.String()), []byte("Contact: <sip:"+l.Addr().String()))
			_, _ = l.near.WriteToUDP(l.described(b, 1), to)
		}
	})
	return l
}

// Addr is where the telephone finds its server.
func (l *Lossy) Addr() netip.AddrPort { return l.near.LocalAddr().(*net.UDPAddr).AddrPort() }

// Counts are the packets of sound that came through from the telephone and to
// it, and those that did not.
func (l *Lossy) Counts() (passed, lost [2]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed, l.lost
}

func (l *Lossy) open(port int) *net.UDPConn {
	l.t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (l *Lossy) read(c *net.UDPConn, f func([]byte, *net.UDPAddr)) {
	for {
		b := make([]byte, 65536)
		n, from, err := c.ReadFromUDP(b)
		if err != nil {
			return
		}
		f(b[:n], from)
	}
}

var (
	audioLine  = regexp.MustCompile(`m=audio (\d+) `)
	rtcpLine   = regexp.MustCompile(`a=rtcp:[^\r\n]*\r\n`)
	lengthLine = regexp.MustCompile(`(?i)Content-Length: *\d+`)
)

// described puts the forwarder's port into a description that side from sends.
func (l *Lossy) described(b []byte, from int) []byte {
	head, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	m := audioLine.FindSubmatch(body)
	if !ok || m == nil || string(m[1]) == "0" {
		return b
	}
	announced, _ := strconv.Atoi(string(m[1]))
	port := strconv.Itoa(l.crossing(from, announced))
	body = audioLine.ReplaceAll(body, []byte("m=audio "+port+" "))
	body = rtcpLine.ReplaceAll(body, nil)
	head = lengthLine.ReplaceAll(head, []byte("Content-Length: "+strconv.Itoa(len(body))))
	return append(append(head[:len(head):len(head)], "\r\n\r\n"...), body...)
}

// crossing is the port that stands for one that a side announced. What comes for
// one side leaves from the other's.
func (l *Lossy) crossing(from, announced int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sound == nil {
		l.sound = &crossing{}
		for side := range l.sound.socks {
			l.sound.socks[side] = l.pair()
			for kind, c := range l.sound.socks[side] {
				go l.read(c, func(b []byte, _ *net.UDPAddr) { l.carry(side, kind, b) })
			}
		}
	}
	l.sound.to[from] = announced
	return l.sound.socks[from][0].LocalAddr().(*net.UDPAddr).Port
}

// pair opens an even port and the next.
func (l *Lossy) pair() [2]*net.UDPConn {
	at := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	for range 100 {
		port := int(FreePort(l.t, at).Port()) &^ 1
		a, err := net.ListenUDP("udp4", &net.UDPAddr{IP: at.AsSlice(), Port: port})
		if err != nil {
			continue
		}
		b, err := net.ListenUDP("udp4", &net.UDPAddr{IP: at.AsSlice(), Port: port + 1})
		if err != nil {
			_ = a.Close()
			continue
		}
		l.t.Cleanup(func() { _, _ = a.Close(), b.Close() })
		return [2]*net.UDPConn{a, b}
	}
	l.t.Error("no pair of ports is free")
	return [2]*net.UDPConn{l.open(0), l.open(0)}
}

// carry takes what was sent to a socket that stands for a side.
func (l *Lossy) carry(to, kind int, b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := 1 - to // 0: the telephone sent it
	port, out := l.sound.to[to], l.sound.socks[from][kind]
	if port == 0 {
		return
	}
	if kind == 0 {
		if l.rng.Float64() < l.share {
			l.lost[from]++
			return
		}
		l.passed[from]++
	}
	dst := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + kind}
	if l.delay > 0 {
		time.AfterFunc(time.Duration(l.rng.Int64N(int64(l.delay))), func() { _, _ = out.WriteToUDP(b, dst) })
		return
	}
	_, _ = out.WriteToUDP(b, dst)
}
