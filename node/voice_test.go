package node_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/rtp"
)

// talker is a telephone outside, with a voice of 700 Hz, and an ear.
type talker struct {
	sip, sound *net.UDPConn
	to         *net.UDPAddr // for sound

	mu    sync.Mutex
	keys  string
	heard []float64 // the last second
}

// rings calls the access number from the carrier's gateway, and is answered.
func (p *pressing) rings(t *testing.T, from string) *talker {
	t.Helper()
	x := &talker{}
	var err error
	if x.sip, err = net.DialUDP("udp", net.UDPAddrFromAddrPort(p.gateway), net.UDPAddrFromAddrPort(p.sipAt("US"))); err != nil {
		t.Fatal(err)
	}
	if x.sound, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.sip.Close(); _ = x.sound.Close() })
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n", x.sound.LocalAddr().(*net.UDPAddr).Port)
	head := func(method, branch, to string) string {
		return fmt.Sprintf("%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:%s@chicago>;tag=a\r\nTo: <sip:%s@us>%s\r\nCall-ID: voice-1\r\nCSeq: 1 %s\r\nContact: <sip:gw@%s>\r\nMax-Forwards: 70\r\n",
			method, accessNumber, p.sipAt("US"), p.gateway, branch, from, accessNumber, to, method, p.gateway)
	}
	if _, err = fmt.Fprintf(x.sip, "%sContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", head("INVITE", "1", ""), len(sdp), sdp); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	_ = x.sip.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		n, err := x.sip.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		answer := string(buf[:n])
		if !strings.HasPrefix(answer, "SIP/2.0 2") {
			continue
		}
		_, tag, _ := strings.Cut(answer[strings.Index(answer, "\nTo:"):], ";tag=")
		tag, _, _ = strings.Cut(tag, "\r")
		_, port, _ := strings.Cut(answer, "m=audio ")
		x.to = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
		if _, err := fmt.Sscanf(port, "%d", &x.to.Port); err != nil {
			t.Fatal(answer)
		}
		if _, err := fmt.Fprintf(x.sip, "%sContent-Length: 0\r\n\r\n", head("ACK", "2", ";tag="+tag)); err != nil {
			t.Fatal(err)
		}
		break
	}
	go x.hears()
	go x.speaks()
	return x
}

// speaks sends a frame every 20 ms: the tone, or a part of a key (RFC 4733).
func (x *talker) speaks() {
	tone := rtp.Tone(0, 20*time.Millisecond, 700)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var seq uint16
	var ts, begun uint32
	part := 0
	for range tick.C {
		b := make([]byte, 12, 200)
		b[0] = 0x80
		seq++
		ts += 160
		x.mu.Lock()
		if part == 0 && x.keys != "" {
			begun = ts
		}
		stamp := ts
		if x.keys != "" && part < 7 {
			stamp, b[1] = begun, 101
			key := byte(strings.IndexByte("0123456789*#", x.keys[0]))
			end := byte(10)
			if part >= 4 {
				end |= 0x80
			}
			b = append(b, key, end)
			b = binary.BigEndian.AppendUint16(b, uint16(160*min(part+1, 5)))
		} else {
			b = append(b, tone...)
		}
		if x.keys != "" {
			if part++; part == 10 {
				part, x.keys = 0, x.keys[1:]
			}
		}
		x.mu.Unlock()
		binary.BigEndian.PutUint16(b[2:], seq)
		binary.BigEndian.PutUint32(b[4:], stamp)
		binary.BigEndian.PutUint32(b[8:], 7)
		if _, err := x.sound.WriteToUDP(b, x.to); err != nil {
			return
		}
	}
}

func (x *talker) hears() {
	buf := make([]byte, 2048)
	for {
		n, err := x.sound.Read(buf)
		if err != nil {
			return
		}
		if n < 12 || buf[1]&0x7f != 0 {
			continue
		}
		x.mu.Lock()
		for _, b := range buf[12:n] {
			x.heard = append(x.heard, float64(rtp.Linear(0, b))/32768)
		}
		x.heard = x.heard[max(0, len(x.heard)-8000):]
		x.mu.Unlock()
	}
}

// share is how much of what was heard in the last second is of a frequency.
func (x *talker) share(hz float64) float64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.heard) < 8000 {
		return 0
	}
	re, im, all := 0.0, 0.0, 0.0
	for i, v := range x.heard {
		re += v * math.Cos(2*math.Pi*hz*float64(i)/8000)
		im += v * math.Sin(2*math.Pi*hz*float64(i)/8000)
		all += v * v
	}
	return 2 * (re*re + im*im) / float64(len(x.heard)) / max(all, 1e-3)
}

func (x *talker) presses(keys string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.keys += keys
}

// TestHisVoiceGoesBothWays: by number and PIN he calls a number that sends back what
// it hears, and hears himself; after ## he hears the menu, and then the tone of
// another number.
func TestHisVoiceGoesBothWays(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	p := r.pressing(t)
	key := str(r.dev, "members", 1, "api_key")
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	jun.post("/access/pin", url.Values{"pin": {"271828"}})
	r.want(t, 204, key, "PUT", "/api/v1/me/access", obj{"recognise": true, "ask_pin": false, "say_price": false, "ring_back": false, "password": str(r.dev, "members", 1, "password")})
	r.want(t, 204, key, "PUT", "/api/v1/me/short-numbers/1", obj{"to": "+82 2 555 0101"})
	r.want(t, 204, key, "PUT", "/api/v1/me/short-numbers/2", obj{"to": "+82 2 555 0102"})
	x := p.rings(t, "+16465550199")
	x.presses("755014282#2718281#")
	r.await(t, "his own voice comes back", func() bool { return x.share(700) > 0.8 })
	x.presses("##2#")
	r.await(t, "the tone of the second number", func() bool { return x.share(1000) > 0.8 })
	if s := x.share(700); s > 0.05 {
		t.Errorf("the first call is heard in the second: %.2f", s)
	}
}
