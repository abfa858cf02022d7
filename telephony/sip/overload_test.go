package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// served answers every request, and knows an emergency by its number.
type served struct{ tortured }

func (served) Request(in *Incoming) { in.Respond(&Reply{Status: 200}) }

func (served) Urgent(m *Msg) bool { return strings.Contains(string(m.RequestURI()), "112") }

// TestNewWorkIsRefusedUnderOverload: a shard that lags behind refuses calls,
// registrations and subscriptions with 503 and a time to come back (RFC 3261
// §21.5.4, RFC 6665 §4.1.2.1); emergency calls and what belongs to calls that are
// there it serves, and everything again once it keeps up.
func TestNewWorkIsRefusedUnderOverload(t *testing.T) {
	sim, self, peer := NewSim(1), ap("192.0.2.1:5060"), ap("192.0.2.9:5060")
	sim.Delay = 0
	var got []string
	sim.Peer(peer, func(_ netip.AddrPort, b []byte) { got = append(got, string(b)) })
	c, err := sim.Core(Config{Handler: func(*Shard) Handler { return served{} }}, map[netip.AddrPort]string{self: "A"})
	if err != nil {
		t.Fatal(err)
	}
	serial := 0
	asks := func(method, uri string) string {
		t.Helper()
		serial++
		got = nil
		sim.Send(peer, self, fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKo%d\r\nFrom: <sip:ann@x>;tag=a%d\r\nTo: <%s>\r\nCall-ID: o%d\r\nCSeq: 1 %s\r\nContact: <sip:ann@%s>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
			method, uri, peer, serial, serial, uri, serial, method, peer))
		sim.Run(sim.Now() + Millisecond)
		if len(got) == 0 {
			t.Fatalf("%s of %s gets no answer", method, uri)
		}
		return got[len(got)-1]
	}
	const bob, help = "sip:bob@192.0.2.1", "sip:112@192.0.2.1"
	s := c.shards[0]
	for _, steps := range [][]Mono{{0, 0}, {200 * Millisecond, 0}, {200 * Millisecond, 200 * Millisecond}, {0, 0}} {
		for _, step := range steps {
			s.took(step)
		}
		lags := steps[1] > 0 // one long step is no lag
		before := s.stats.Refused
		for _, x := range []struct {
			method, uri string
			new         bool
		}{{"INVITE", bob, true}, {"REGISTER", bob, true}, {"SUBSCRIBE", bob, true}, {"INVITE", help, false}, {"OPTIONS", bob, false}, {"INFO", bob, false}} {
			answer := asks(x.method, x.uri)
			if refused := strings.HasPrefix(answer, "SIP/2.0 503 ") && strings.Contains(answer, "\r\nRetry-After: 2\r\n"); refused != (lags && x.new) {
				t.Errorf("after steps of %v, %s of %s is answered %s", steps, x.method, x.uri, answer)
			}
		}
		if n := s.stats.Refused - before; n != map[bool]uint64{true: 3}[lags] {
			t.Errorf("after steps of %v, %d were counted as refused", steps, n)
		}
	}
}
