package rtp

import (
	"encoding/binary"
	"time"
)

// Payload is what packets of a payload type are.
type Payload struct {
	Type  uint8
	Name  string // in capitals: "PCMU", "OPUS"
	Clock uint32 // units of the timestamp a second
}

// MostPayloads is how many a line knows.
const MostPayloads = 8

// Heard is how a stream arrived, in the words of the call record.
type Heard struct {
	Codec   string
	Packets int64 // 0 where only a report tells of it
	Lost    int64
	Loss    int           // of a thousand
	Jitter  time.Duration // RFC 3550 §6.4.1
	Gap     time.Duration // the longest time without a packet
	RTT     time.Duration // there and back
	MOS     int           // see MOS
}

// meter follows the stream that comes in on a line: what is lost by the sequence
// numbers (RFC 3550 §A.1 and §A.3), the jitter (§A.8). It allocates nothing.
type meter struct {
	payloads [MostPayloads]Payload
	codec    uint8 // index of the payload type in use

	live   bool // there is a stream
	ssrc   uint32
	top    uint16 // greatest sequence number
	cycles uint32 // times it went round, shifted
	first  uint32 // extended, of the stream
	bad    uint32 // the number that would make a jump a new beginning
	count  uint32 // packets of the stream
	holes  uint32 // runs of lost packets, and
	gone   uint32 // packets in them

	transit int32
	timed   bool   // transit is of the packet before
	jitter  uint32 // times 16
	at      int64  // when the packet before came
	gap     int64

	before struct{ packets, lost int64 } // of streams of earlier sources
}

const (
	dropout  = 3000
	misorder = 100
	fresh    = 1 << 16 // no sequence number: there is no jump to confirm
)

// known sets what the payload types are.
func (m *meter) known(list []Payload) {
	used := m.payloads[m.codec]
	m.payloads, m.codec = [MostPayloads]Payload{}, 0
	copy(m.payloads[:], list)
	for i, p := range list[:min(len(list), MostPayloads)] {
		if p == used { // it goes on, at another place of the list
			m.codec = uint8(i)
		}
	}
	m.at, m.timed = 0, false // a hold is no gap
}

// take counts one RTP packet; event says that it is a telephone event, whose
// timestamp stands still.
func (m *meter) take(b []byte, now int64, event bool) {
	if len(b) < 12 || m.payloads[0].Clock == 0 {
		return
	}
	seq, ssrc := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[8:])
	if !m.live || ssrc != m.ssrc {
		m.begin(ssrc, seq)
	} else if !m.counts(seq) {
		return
	}
	m.count++
	marked := b[1]&0x80 != 0
	if m.at != 0 && !marked { // silence that was not sent is no gap
		m.gap = max(m.gap, now-m.at)
	}
	m.at = now
	if event {
		m.timed = false
		return
	}
	if pt := b[1] & 0x7f; pt != m.payloads[m.codec].Type {
		for i := range m.payloads {
			if m.payloads[i].Clock != 0 && m.payloads[i].Type == pt {
				m.codec, m.timed = uint8(i), false
				break
			}
		}
	}
	clock := int64(m.payloads[m.codec].Clock)
	arrival := int32(now/int64(time.Second)*clock + now%int64(time.Second)*clock/int64(time.Second)) //nolint:gosec // modulo 2^32, as timestamps are
	transit := arrival - int32(binary.BigEndian.Uint32(b[4:]))                                       //nolint:gosec // likewise
	if m.timed {
		d := transit - m.transit
		if d < 0 {
			d = -d
		}
		if int64(d) < clock { // a second of it is a clock that was set anew
			m.jitter += uint32(d) - (m.jitter+8)>>4
		}
	}
	m.transit, m.timed = transit, true
}

// begin starts to follow a source; what was counted of the one before is kept.
func (m *meter) begin(ssrc uint32, seq uint16) {
	if m.live {
		m.before.packets, m.before.lost = m.total()
	}
	m.live, m.ssrc, m.top, m.cycles, m.first, m.bad, m.count, m.timed = true, ssrc, seq, 0, uint32(seq), fresh, 0, false
}

// counts takes a sequence number of the source that is followed (RFC 3550 §A.1).
func (m *meter) counts(seq uint16) bool {
	switch ahead := seq - m.top; {
	case ahead == 0: // twice
	case ahead < dropout:
		if seq < m.top {
			m.cycles += 1 << 16
		}
		if ahead > 1 {
			m.holes++
			m.gone += uint32(ahead) - 1
		}
		m.top = seq
	case ahead <= 1<<16-misorder:
		if uint32(seq) != m.bad {
			m.bad = uint32(seq + 1)
			return false
		}
		m.begin(m.ssrc, seq) // two in a row: the other side began anew
	default: // late
	}
	return true
}

// total is what arrived and what did not, of all sources.
func (m *meter) total() (packets, lost int64) {
	packets, lost = m.before.packets, m.before.lost
	if m.live {
		packets += int64(m.count)
		lost += max(0, int64(m.cycles)+int64(m.top)-int64(m.first)+1-int64(m.count))
	}
	return packets, lost
}

func (m *meter) clocked(units uint32) time.Duration {
	clock := m.payloads[m.codec].Clock
	if clock == 0 {
		return 0
	}
	return time.Duration(int64(units) * int64(time.Second) / int64(clock))
}

// burst is how much longer the runs of lost packets are than chance has them
// (ITU-T G.107 §7.4).
func (m *meter) burst(loss float64) float64 {
	if m.holes == 0 {
		return 1
	}
	return max(1, float64(m.gone)/float64(m.holes)*(1-loss))
}

// reports is what the party on a line says by RTCP of the stream it gets, and
// when we sent it the sender's report that it answers.
type reports struct {
	sent   [4]uint32 // the middles of the NTP times of the last sender's reports to it
	sentAt [4]int64
	next   uint8 // of those
	n      int
	loss   uint64 // sum of the fractions, of 256
	lost   int32
	jitter uint32
	rtt    int64 // the least: what a report waits on its way is no way
}

// passes looks at RTCP that goes to the line.
func (r *reports) passes(b []byte, now int64) {
	for len(b) >= 8 {
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if b[1] == 200 && len(b) >= 28 {
			r.sent[r.next], r.sentAt[r.next] = binary.BigEndian.Uint32(b[10:]), now
			r.next = (r.next + 1) % uint8(len(r.sent))
		}
		if n > len(b) {
			return
		}
		b = b[n:]
	}
}

// hears looks at RTCP that comes from the line (RFC 3550 §6.4).
func (r *reports) hears(b []byte, now int64) {
	for len(b) >= 8 {
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if n > len(b) {
			return
		}
		at := 0
		switch b[1] {
		case 200:
			at = 28
		case 201:
			at = 8
		}
		if at > 0 && b[0]&0x1f > 0 && n >= at+24 {
			r.block(b[at:], now)
		}
		b = b[n:]
	}
}

func (r *reports) block(b []byte, now int64) {
	r.n++
	r.loss += uint64(b[4])
	r.lost = int32(uint32(b[5])<<24|uint32(b[6])<<16|uint32(b[7])<<8) >> 8 //nolint:gosec // 24 bits with a sign
	r.jitter = binary.BigEndian.Uint32(b[12:])
	last, since := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	for i, sent := range r.sent {
		if last == 0 || last != sent {
			continue
		}
		way := now - r.sentAt[i] - int64(since)*int64(time.Second)>>16
		if way > 0 && way < int64(10*time.Second) && (r.rtt == 0 || way < r.rtt) {
			r.rtt = way
		}
	}
}

// Payloads says what the payload types are that come from the other end of l,
// the first to be expected first. Its stream is measured from then on.
func (s *Session) Payloads(l *Line, list []Payload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.meter.known(list)
}

// Quality is how the sound came from the other end of l, and how what was sent
// there arrived, as it reports.
func (s *Session) Quality(l *Line) (from, to Heard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, r := &l.meter, &l.reports
	codec := m.payloads[m.codec].Name
	if packets, lost := m.total(); packets > 0 {
		share := float64(lost) / float64(packets+lost)
		from = Heard{
			Codec: codec, Packets: packets, Lost: lost, Loss: int(1000*share + 0.5), Jitter: m.clocked(m.jitter >> 4), Gap: time.Duration(m.gap), RTT: time.Duration(r.rtt),
		}
		from.MOS = MOS(codec, share, m.burst(share), from.delay())
	}
	if r.n > 0 {
		share := float64(r.loss) / 256 / float64(r.n)
		to = Heard{Codec: codec, Lost: max(0, int64(r.lost)), Loss: int(1000*share + 0.5), Jitter: m.clocked(r.jitter), RTT: time.Duration(r.rtt)}
		to.MOS = MOS(codec, share, 1, to.delay())
	}
	return from, to
}

// delay is how long sound takes at least, one way: half the way there and back,
// a packet of 20 ms, and a buffer that takes most of the jitter.
func (h *Heard) delay() time.Duration { return h.RTT/2 + time.Duration(frameTime) + 2*h.Jitter }
