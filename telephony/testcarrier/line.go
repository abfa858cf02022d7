package testcarrier

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
)

// line is the sound of one answered call: one goroutine sends a frame every
// 20 ms and hears what comes.
type line struct {
	c     *Carrier
	id    int
	does  Behaviour
	conn  *net.UDPConn
	to    netip.AddrPort
	codec sdp.Codec
	ear   *ear

	out   *net.UDPConn // another port, for sound that comes from where nobody said
	keys  *rtp.Keys
	mu    sync.Mutex // over to and codec, which a call of its own learns late
	seq   uint16
	ts    uint32
	ssrc  uint32
	says  []byte // what is left to say
	key   []event
	voice int // loud frames of what is being said
	still int // quiet ones after it
	keyed bool
	press []press // still to come, in a call of its own
	since int     // frames since the last
	told  *told   // what is said to a call of its own; nil: to others
}

// event is one packet of a pressed key, or a frame between two.
type event struct {
	code            byte // RFC 4733 §3.2
	mark, end, last bool
	gap             bool
	duration        uint16
}

// pressed is a key as it is sent, and the pause after it.
func pressed(key byte) (list []event) {
	code := byte(strings.IndexByte(keyNames, key))
	for i, duration := range []uint16{160, 480, 800, 960, 960, 960} {
		list = append(list, event{code: code, mark: i == 0, end: i > 2, last: i == 5, duration: duration})
	}
	for range 5 {
		list = append(list, event{gap: true})
	}
	return list
}

const (
	frameTime = 20 * time.Millisecond
	spoken    = 40  // loud frames: somebody has said something
	ended     = 35  // quiet frames: and has ended
	patience  = 4   // frames without a packet before they count as silence
	unsaid    = 250 // quiet frames: nobody says anything
)

// answer takes the sound of a call up and returns the answer to its offer.
func (c *Carrier) answer(x *call) (*line, []byte, error) {
	var d sdp.Desc
	if err := d.Parse(x.offer); err != nil {
		return nil, nil, err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.cfg.Addr, 0)))
	if err != nil {
		return nil, nil, err
	}
	port := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	origin := sdp.NewOrigin(rand.Uint32())
	w := sdp.Rewriting{From: &origin, Addr: c.cfg.Addr}
	for range d.Media() {
		w.Lines = append(w.Lines, sdp.Line{Port: port, Dir: sdp.SendRecv})
	}
	text, codec, err := d.Reply(nil, &w)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	l := c.line(x, conn)
	if l.does.Says == SaysWrong {
		if l.out, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.cfg.Addr, 0))); err != nil {
			_ = conn.Close()
			return nil, nil, err
		}
	}
	l.begin(&d, codec)
	c.wg.Go(l.run)
	return l, text, nil
}

// offer takes the sound of a call of the carrier's own up and returns its offer.
func (c *Carrier) offer(x *call) (*line, []byte, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.cfg.Addr, 0)))
	if err != nil {
		return nil, nil, err
	}
	origin := sdp.NewOrigin(rand.Uint32())
	w := sdp.Rewriting{From: &origin, Addr: c.cfg.Addr, Lines: []sdp.Line{{Port: conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(), Dir: sdp.SendRecv}}}
	l := c.line(x, conn)
	if x.placed {
		l.told = &told{}
	}
	c.wg.Go(l.run)
	return l, sdp.Offer(nil, &w), nil
}

func (c *Carrier) line(x *call, conn *net.UDPConn) *line {
	return &line{c: c, id: x.id, does: x.does, press: x.keys, conn: conn, ear: newEar(), seq: uint16(rand.Uint32()), ts: rand.Uint32(), ssrc: rand.Uint32()}
}

// agree takes the answer to an offer of ours; false if there is no sound in it
// that we speak.
func (l *line) agree(answer []byte) bool {
	var d sdp.Desc
	if err := d.Parse(answer); err != nil {
		return false
	}
	for i := range d.Media() {
		m := &d.Media()[i]
		if codec, ok := m.Speak(); ok && m.Audio() && m.Port != 0 {
			l.begin(&d, codec)
			return true
		}
	}
	return false
}

// begin says where the sound goes, and how.
func (l *line) begin(d *sdp.Desc, codec sdp.Codec) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codec, l.keys = codec, rtp.NewKeys(codec.DTMF)
	if l.told != nil {
		l.told.learn(codec.Payload)
	}
	ms := d.Media()
	for i := range ms {
		if ms[i].Audio() && ms[i].Port != 0 {
			l.to = ms[i].RTPAddr()
			break
		}
	}
	switch l.does.Says {
	case SaysTone, SaysWrong:
	default:
		l.says = spokenWord("en/carrier", codec.Payload)
	}
	l.keyed = l.does.Says != SaysKey
}

// spokenWord is a prompt in the encoding of a call.
func spokenWord(which string, payload uint8) []byte {
	for name, ulaw := range media.Spoken {
		if name == which {
			if payload == 8 {
				return rtp.Alaw(ulaw)
			}
			return ulaw
		}
	}
	return nil
}

// ends says what became of a call that was not answered as it should be.
func (l *line) ends(result string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.does.Result = result
}

// hangUp ends the line; run then says what was heard.
func (l *line) hangUp() { _ = l.conn.Close() }

func (l *line) run() {
	defer l.close()
	buf := make([]byte, 2048)
	next, late := time.Now(), 0
	for l.c.ctx.Err() == nil {
		if err := l.conn.SetReadDeadline(next); err != nil {
			return
		}
		heard := false
		for {
			n, from, err := l.conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // it comes bare from the socket
					break
				}
				return
			}
			if l.takes(from, buf[:n]) {
				heard = true
			}
		}
		if late++; heard {
			late = 0
		}
		l.mu.Lock()
		if late > patience { // a packet may be late; no word has so long a gap
			l.listened(l.ear.hear(l.codec.Payload, nil))
		}
		if l.to.IsValid() {
			l.send()
		}
		l.mu.Unlock()
		if next = next.Add(frameTime); time.Since(next) > 5*frameTime {
			next = time.Now()
		}
	}
}

// takes hears a packet from the other side, and reports whether it was sound.
func (l *line) takes(from netip.AddrPort, b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from != l.to {
		return false
	}
	if key, ok := l.keys.Hears(b); ok {
		l.c.change(l.id, func(c *Call) {
			if len(c.Keys) < 32 {
				c.Keys += string(key)
			}
		})
		if l.does.Says == SaysKeys {
			l.repeat(key)
		}
	}
	return l.receive(b)
}

// repeat says a key that was pressed: a digit by its name, # and * by a tone.
func (l *line) repeat(key byte) {
	if key >= '0' && key <= '9' {
		l.says = append(l.says, spokenWord("en/digit/"+string(key), l.codec.Payload)...)
		return
	}
	l.says = append(l.says, rtp.Tone(l.codec.Payload, 300*time.Millisecond, 600)...)
}

// receive hears a packet, and reports whether it was sound.
func (l *line) receive(b []byte) bool {
	if len(b) < 12 || b[0]>>6 != 2 || b[1]&0x7F != l.codec.Payload {
		return false
	}
	at := 12 + 4*int(b[0]&0x0F)
	if len(b) < at {
		return false
	}
	l.listened(l.ear.hear(l.codec.Payload, b[at:]))
	if l.told != nil {
		if text := l.told.hear(b[at:]); text != "" {
			l.c.change(l.id, func(c *Call) { c.Said = strings.TrimSpace(c.Said + " " + text) })
		}
	}
	if l.does.Says == SaysEcho && len(l.says) < 2*8000 { // the greeting comes first, and what is said over it late
		l.says = append(l.says, b[at:min(len(b), at+frame)]...)
	}
	return true
}

// listened follows what is being said, and presses 1 when it has ended.
func (l *line) listened(loud bool) {
	if code := l.ear.code(); code != "" {
		l.c.change(l.id, func(c *Call) {
			if c.Code == "" {
				c.Code, c.Result = code, "heard"
			}
		})
	}
	if l.since++; loud {
		l.voice, l.still = l.voice+1, 0
	} else {
		l.still++
	}
	l.pressNext()
	if loud {
		return
	}
	if l.keyed || l.codec.DTMF == 0 || l.voice < spoken || l.still < ended {
		return
	}
	l.keyed = true
	l.key = pressed('1')
}

// pressNext presses the next keys of a call of its own when it is time for them.
func (l *line) pressNext() {
	if len(l.press) == 0 || len(l.key) > 0 || l.codec.DTMF == 0 || !l.to.IsValid() {
		return
	}
	next := l.press[0]
	if next.wait > 0 && l.since < next.wait || next.wait == 0 && (l.voice < spoken || l.still < ended) && l.still < unsaid {
		return
	}
	l.press = l.press[1:]
	for i := range len(next.keys) {
		l.key = append(l.key, pressed(next.keys[i])...)
	}
	l.voice, l.still, l.since = 0, 0, -len(l.key)
	l.c.change(l.id, func(c *Call) { c.Keys += next.keys })
}

// send sends the next frame: of a key, of the greeting, else silence.
func (l *line) send() {
	var room [12 + frame]byte
	b := room[:12]
	b[0], b[1] = 0x80, l.codec.Payload
	binary.BigEndian.PutUint16(b[2:], l.seq)
	binary.BigEndian.PutUint32(b[4:], l.ts)
	binary.BigEndian.PutUint32(b[8:], l.ssrc)
	l.seq++
	gap := len(l.key) > 0 && l.key[0].gap
	if gap {
		l.key = l.key[1:]
	}
	if !gap && len(l.key) > 0 { // one key is several packets with one timestamp (RFC 4733 §2.5.1.2)
		e := l.key[0]
		l.key = l.key[1:]
		b[1] = l.codec.DTMF
		if e.mark {
			b[1] |= 0x80
		}
		volume := byte(10)
		if e.end {
			volume |= 0x80
		}
		b = append(b, e.code, volume, byte(e.duration>>8), byte(e.duration))
		if e.last {
			l.ts += 6 * frame
		}
	} else if l.does.Says == SaysWrong { // nobody can make sound of this
		b[1] = 96 + byte(rand.Uint32()%20)
		binary.BigEndian.PutUint32(b[8:], rand.Uint32())
		for len(b) < 12+frame {
			b = append(b, byte(rand.Uint32()))
		}
		l.ts += frame
		_, _ = l.out.WriteToUDPAddrPort(b, l.to)
		return
	} else {
		if l.does.Says == SaysTone && len(l.says) < frame {
			l.says = append(l.says, rtp.Tone(l.codec.Payload, time.Second, 1000)...)
		}
		n := min(len(l.says), frame)
		b = append(b, l.says[:n]...)
		l.says = l.says[n:]
		for len(b) < 12+frame {
			b = append(b, map[uint8]byte{0: 0xFF, 8: 0xD5}[l.codec.Payload])
		}
		l.ts += frame
	}
	_, _ = l.conn.WriteToUDPAddrPort(b, l.to)
}

// close says what was heard in the end.
func (l *line) close() {
	for range int(longest*8000)/frame + 4 { // what was said last may be a digit
		l.ear.hear(l.codec.Payload, nil)
	}
	l.listened(false)
	_ = l.conn.Close()
	if l.out != nil {
		_ = l.out.Close()
	}
	l.mu.Lock()
	result := l.does.Result
	l.mu.Unlock()
	l.c.change(l.id, func(c *Call) {
		c.Over = true
		switch {
		case c.Code != "":
		case l.does.Says == SaysKey && !c.Placed:
			c.Result = "no_code"
		default:
			c.Result = result
		}
	})
}
