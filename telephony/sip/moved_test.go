package sip

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"testing"
)

// wary answers calls and believes nobody who moved, unless told to.
type wary struct {
	tortured
	believe bool
	asked   int
	events  []EventKind
}

func (w *wary) Request(in *Incoming) {
	if d := in.Accept(true); d != nil {
		d.Answer([]byte(sdpA))
	}
}

func (w *wary) Event(d *Dialog, e Event) {
	if w.events = append(w.events, e.Kind); e.Kind == EventOffer {
		d.AcceptOffer([]byte(sdpA))
	}
}

func (w *wary) Moved(_ *Dialog, in *Incoming) bool {
	w.asked++
	if !w.believe {
		in.Challenge("r", false, false)
	}
	return w.believe
}

// Who overheard a call's tags can neither end it nor take its sound elsewhere.
func TestAnOverheardDialogStaysWhereItIs(t *testing.T) {
	sim := NewSim(1)
	w := &wary{}
	c, err := sim.Core(Config{Handler: func(*Shard) Handler { return w }}, map[netip.AddrPort]string{ap("192.0.2.99:5060"): "X"})
	if err != nil {
		t.Fatal(err)
	}
	s := c.shards[0]
	last := ""
	s.send = func(out []Packet) { last = string(out[len(out)-1].Bytes) }
	tag, seq := "", 0
	send := func(from, method string) string {
		seq++
		last = ""
		s.Packet(Flow{Listener: c.Listeners()[0], Remote: ap(from)}, fmt.Appendf(nil, "%s sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK%d\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:x@h>%s\r\n"+
			"Call-ID: c\r\nCSeq: %d %s\r\nContact: <sip:a@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", method, seq, tag, seq, method, from, len(sdpA), sdpA))
		s.Flush()
		return fmt.Sprintf("%.11s", last)
	}
	const phone, otherPort, thief = "198.51.100.7:40000", "198.51.100.7:41000", "203.0.113.66:40000"
	send(phone, "INVITE")
	tag = regexp.MustCompile(`To: [^\r]*(;tag=\w+)`).FindStringSubmatch(last)[1]
	seq--
	send(phone, "ACK")
	for _, x := range []struct {
		from, method, want string
		believe            bool
	}{
		{thief, "INVITE", "SIP/2.0 401", false},
		{thief, "UPDATE", "SIP/2.0 401", false},
		{thief, "INFO", "SIP/2.0 401", false},
		{thief, "BYE", "SIP/2.0 401", false},
		{phone, "UPDATE", "SIP/2.0 200", false},
		{otherPort, "UPDATE", "SIP/2.0 200", false},
		{thief, "UPDATE", "SIP/2.0 200", true}, // it was the telephone, in another network
		{phone, "BYE", "SIP/2.0 401", false},
		{thief, "BYE", "SIP/2.0 200", false},
	} {
		w.believe = x.believe
		if got := send(x.from, x.method); got != x.want {
			t.Errorf("%s from %s: %s, want %s", x.method, x.from, got, x.want)
		}
	}
	if want := []EventKind{EventAck, EventOffer, EventOffer, EventOffer, EventBye}; !slices.Equal(w.events, want) || w.asked != 6 {
		t.Errorf("events %v, want %v; asked %d times", w.events, want, w.asked)
	}
}
