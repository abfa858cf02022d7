package rtp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// stream makes packets of 20 ms as a sender would.
type stream struct {
	seq  uint16
	ts   uint32
	ssrc uint32
	pt   byte
}

func (s *stream) next() []byte {
	b := make([]byte, 172)
	b[0], b[1] = 0x80, s.pt
	binary.BigEndian.PutUint16(b[2:], s.seq)
	binary.BigEndian.PutUint32(b[4:], s.ts)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	s.seq++
	s.ts += frame
	return b
}

func metered() *meter {
	m := &meter{}
	m.known([]Payload{{0, "PCMU", 8000}, {8, "PCMA", 8000}})
	return m
}

// TestLossIsCounted: what a lossy way swallows is what is missing, also over the
// end of the sequence numbers, with packets that overtake each other.
func TestLossIsCounted(t *testing.T) {
	for _, share := range []float64{0, 0.01, 0.1, 0.5} {
		m, s, rng := metered(), stream{seq: 65000, ssrc: 7}, rand.New(rand.NewPCG(1, uint64(1000*share)))
		var sent, lost int64
		var late []byte
		for i := range 5000 {
			b := s.next()
			sent++
			now := int64(i) * frameTime
			switch {
			case i > 0 && i < 4999 && rng.Float64() < share:
				lost++
				continue
			case late == nil && i > 0 && i < 4998 && rng.Float64() < 0.05:
				late = b
				continue
			}
			m.take(b, now, false)
			if late != nil {
				m.take(late, now, false)
				late = nil
			}
		}
		if got, gone := m.total(); got != sent-lost || gone != lost {
			t.Errorf("%g: %d arrived and %d did not, want %d and %d", share, got, gone, sent-lost, lost)
		}
	}
}

// TestJitterIsMeasured: the estimate nears the mean difference of the delays of
// packets that follow each other, which for delays spread evenly over a width is
// a third of it.
func TestJitterIsMeasured(t *testing.T) {
	for _, width := range []time.Duration{0, 10 * time.Millisecond, 60 * time.Millisecond} {
		m, s, rng := metered(), stream{ssrc: 1, pt: 8}, rand.New(rand.NewPCG(3, 3))
		sum, n := time.Duration(0), 0
		for i := range 4000 {
			d := int64(0)
			if width > 0 {
				d = rng.Int64N(int64(width))
			}
			m.take(s.next(), int64(i)*frameTime+d, false)
			if i > 1000 {
				sum += m.clocked(m.jitter >> 4)
				n++
			}
		}
		mean := sum / time.Duration(n)
		if want := width / 3; mean < want*9/10 || mean > want*11/10+time.Millisecond/4 {
			t.Errorf("spread over %s: jitter %s, want about %s", width, mean, want)
		}
		if m.payloads[m.codec].Name != "PCMA" {
			t.Error("the codec in use is not noticed")
		}
	}
}

// TestWhatIsNoLoss: pauses of a sender that sends no silence, telephone events, a
// new source, and numbers that begin anew.
func TestWhatIsNoLoss(t *testing.T) {
	m, s := metered(), stream{ssrc: 1}
	now := int64(0)
	send := func(n int) {
		for range n {
			m.take(s.next(), now, false)
			now += frameTime
		}
	}
	send(50)
	now += int64(3 * time.Second) // silence
	s.ts += 24000
	b := s.next()
	b[1] |= 0x80
	m.take(b, now, false)
	now += frameTime
	send(50)
	again := s
	event := again.next()
	for range 12 {
		copy(event[2:4], s.next()[2:4])
		m.take(event, now, true)
		now += frameTime
	}
	send(50)
	s = stream{ssrc: 2, seq: 40000, ts: 99} // a transfer
	send(50)
	s.seq, s.ts = 100, 7 // a sender that was restarted, with its old name
	send(50)
	got, lost := m.total()
	if lost != 0 || got < 50+1+50+12+50+50+49 {
		t.Errorf("%d arrived, %d lost", got, lost)
	}
	if m.gap > 2*frameTime || m.clocked(m.jitter>>4) > time.Millisecond {
		t.Errorf("gap %s, jitter %s", time.Duration(m.gap), m.clocked(m.jitter>>4))
	}
	now += int64(700 * time.Millisecond)
	send(1)
	if time.Duration(m.gap) < 700*time.Millisecond {
		t.Errorf("a gap of 700 ms is %s", time.Duration(m.gap))
	}
}

// TestTheCodecInUseStaysKnown: a later answer that lists fewer codecs, or in
// another order, changes nothing of the sound that goes on.
func TestTheCodecInUseStaysKnown(t *testing.T) {
	m, s := metered(), stream{ssrc: 1, pt: 8}
	for i, list := range [][]Payload{nil, {{8, "PCMA", 8000}}, {{0, "PCMU", 8000}, {8, "PCMA", 8000}}, {{0, "PCMU", 8000}}} {
		if list != nil {
			m.known(list)
		}
		if s.pt = 8; i == 3 {
			s.pt = 0
		}
		for k := range 50 {
			m.take(s.next(), int64(50*i+k)*frameTime+int64(k%2)*int64(10*time.Millisecond), false)
		}
		want := map[byte]string{0: "PCMU", 8: "PCMA"}[s.pt]
		if got := m.payloads[m.codec].Name; got != want || m.clocked(m.jitter>>4) < 5*time.Millisecond {
			t.Errorf("after answer %d: %q with a jitter of %v, want %s", i, got, m.clocked(m.jitter>>4), want)
		}
	}
}

// TestReportsAreRead: what the other side says in RTCP, and how long the way is
// by the sender's report it answers.
func TestReportsAreRead(t *testing.T) {
	var r reports
	sr := make([]byte, 28)
	sr[0], sr[1], sr[3] = 0x80, 200, 6
	binary.BigEndian.PutUint64(sr[8:], 0x1122_3344_5566_7788)
	r.passes(sr, int64(time.Second))
	rr := make([]byte, 32)
	rr[0], rr[1], rr[3] = 0x81, 201, 7
	rr[12] = 64 // a quarter
	rr[15] = 33
	binary.BigEndian.PutUint32(rr[20:], 80)
	binary.BigEndian.PutUint32(rr[24:], 0x3344_5566)
	binary.BigEndian.PutUint32(rr[28:], 1<<16) // it waited a second
	r.hears(rr, int64(2*time.Second+80*time.Millisecond))
	if r.n != 1 || r.loss != 64 || r.lost != 33 || r.jitter != 80 || time.Duration(r.rtt) != 80*time.Millisecond {
		t.Errorf("%+v", r)
	}
	for n := range len(rr) { // cut off anywhere, or with lengths that lie
		x := append([]byte(nil), rr[:n]...)
		r.hears(x, 3)
		if n > 3 {
			x[2], x[3] = 0xff, 0xff
			r.hears(x, 3)
			r.passes(x, 3)
		}
	}
	if r.n != 1 {
		t.Errorf("%d reports of one", r.n)
	}
}

// TestMOS: the E-model's own figures: R 93.2 is 4.41, and with G.729 (Ie 11) 82.2
// is 4.10 (ITU-T G.107 Annex B has the curve).
func TestMOS(t *testing.T) {
	for _, x := range []struct {
		codec string
		loss  float64
		burst float64
		delay time.Duration
		want  int
	}{
		{"PCMA", 0, 1, 0, 441}, {"G729", 0, 1, 0, 410}, {"PCMU", 0.01, 1, 0, 433}, {"PCMU", 0.05, 1, 0, 392}, {"PCMU", 0.05, 3, 0, 384},
		{"PCMU", 0, 1, 150 * time.Millisecond, 434}, {"PCMU", 0, 1, 400 * time.Millisecond, 305}, {"G729", 0.1, 1, 300 * time.Millisecond, 173}, {"PCMU", 1, 1, 0, 118},
	} {
		if got := MOS(x.codec, x.loss, x.burst, x.delay); got < x.want-1 || got > x.want+1 {
			t.Errorf("%s %g %g %s: %d, want %d", x.codec, x.loss, x.burst, x.delay, got, x.want)
		}
	}
	last := 451
	for loss := range 1001 {
		got := MOS("PCMU", float64(loss)/1000, 1, 50*time.Millisecond)
		if got > last || got < 100 {
			t.Fatalf("at %d of a thousand: %d after %d", loss, got, last)
		}
		last = got
	}
}

func BenchmarkMeter(b *testing.B) {
	m, s := metered(), stream{ssrc: 1}
	pkt := s.next()
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		binary.BigEndian.PutUint16(pkt[2:], s.seq)
		binary.BigEndian.PutUint32(pkt[4:], s.ts)
		s.seq++
		s.ts += frame
		now += frameTime
		m.take(pkt, now, false)
	}
}
