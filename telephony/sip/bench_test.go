package sip

import (
	"net/netip"
	"strconv"
	"testing"
)

// answering takes every INVITE and ends nothing by itself.
type answering struct{ tortured }

func (answering) Request(in *Incoming) {
	if in.Msg.Method == INVITE {
		in.Accept(true).Answer([]byte(sdpA))
		return
	}
	in.Respond(&Reply{Status: 200})
}

// bench is a core whose answers go nowhere.
func benchCore(b *testing.B) (*Shard, Flow, *Sim) {
	b.Helper()
	sim := NewSim(1)
	c, err := sim.Core(Config{Handler: func(*Shard) Handler { return answering{} }}, map[netip.AddrPort]string{ap("192.0.2.99:5060"): "X"})
	if err != nil {
		b.Fatal(err)
	}
	s := c.shards[0]
	return s, Flow{Listener: c.Listeners()[0], Remote: ap("192.0.2.15:5060")}, sim
}

// BenchmarkSerializeAnswer builds a 200 with SDP for a typical INVITE.
func BenchmarkSerializeAnswer(b *testing.B) {
	s, f, _ := benchCore(b)
	m := mustParse(b, withLength(invite))
	_, t := s.newServer(f, m, 1)
	r := &Reply{Status: 200, Contact: true, SDP: []byte(sdpA)}
	tag := []byte("02000000000000000000000000")
	b.ReportAllocs()
	for b.Loop() {
		t.last = t.appendReply(t.last[:0], r, tag)
	}
}

// BenchmarkTransaction takes one OPTIONS and answers it, without state.
func BenchmarkTransaction(b *testing.B) {
	s, f, _ := benchCore(b)
	s.send = func([]Packet) {}
	raw := []byte("OPTIONS sip:x@192.0.2.99 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.15:5060;rport;branch=z9hG4bKnashds7\r\nMax-Forwards: 70\r\n" +
		"To: <sip:x@192.0.2.99>\r\nFrom: <sip:y@192.0.2.15>;tag=49583\r\nCall-ID: 843817637684230@192.0.2.15\r\nCSeq: 63104 OPTIONS\r\nContent-Length: 0\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		s.Packet(f, raw)
		s.Flush()
	}
}

// BenchmarkInviteTransaction takes an INVITE, answers 100 and 200, takes the
// ACK and the BYE and answers it: both transactions and their dialog, with their
// timers, in slots used before.
func BenchmarkInviteTransaction(b *testing.B) {
	s, f, sim := benchCore(b)
	var tag []byte
	s.send = func(out []Packet) {
		for i := range out {
			m := &Msg{}
			if m.Parse(out[i].Bytes) == nil && m.Status == 200 {
				tag = append(tag[:0], m.ToTag...)
			}
		}
	}
	head := " sip:x@192.0.2.99 SIP/2.0\r\nMax-Forwards: 70\r\nFrom: <sip:y@192.0.2.15>;tag=49583\r\nContact: <sip:y@192.0.2.15>\r\n"
	raw := make([]byte, 0, 2048)
	request := func(method string, serial int, tag []byte, cseq int, body string) {
		raw = append(raw[:0], method...)
		raw = append(raw, head...)
		raw = append(raw, "Via: SIP/2.0/UDP 192.0.2.15:5060;rport;branch=z9hG4bK"...)
		raw = append(raw, method...)
		raw = strconv.AppendInt(raw, int64(serial), 10)
		raw = append(raw, "\r\nCall-ID: c"...)
		raw = strconv.AppendInt(raw, int64(serial), 10)
		raw = append(raw, "\r\nTo: <sip:x@192.0.2.99>"...)
		if tag != nil {
			raw = append(raw, ";tag="...)
			raw = append(raw, tag...)
		}
		raw = append(raw, "\r\nCSeq: "...)
		raw = strconv.AppendInt(raw, int64(cseq), 10)
		raw = append(raw, ' ')
		raw = append(raw, method...)
		raw = append(raw, "\r\n"...)
		if body != "" {
			raw = append(raw, "Content-Type: application/sdp\r\n"...)
		}
		raw = append(raw, "Content-Length: "...)
		raw = strconv.AppendInt(raw, int64(len(body)), 10)
		raw = append(raw, "\r\n\r\n"...)
		raw = append(raw, body...)
		s.Packet(f, raw)
		s.Flush()
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		request("INVITE", i, nil, 1, sdpA)
		request("ACK", i, tag, 1, "")
		request("BYE", i, tag, 2, "")
		if i%512 == 0 { // let the lingering transactions go
			sim.now += 40 * Second
			s.Tick(sim.now)
		}
	}
	if l := s.Live(); l.Dialogs != 0 {
		b.Fatalf("left %+v", l)
	}
}
