package sip

import (
	"net/netip"
	"testing"

	peer "github.com/emiago/sipgo/sip"
)

// TestAnotherParserReadsWhatWeSend gives what our core sends in many calls to
// another implementation and compares what it reads with what we meant.
func TestAnotherParserReadsWhatWeSend(t *testing.T) {
	sim := NewSim(9)
	other := peer.NewParser()
	read := 0
	sim.Tap = func(from, to netip.AddrPort, b []byte) {
		if read++; read > 4000 {
			return
		}
		ours := mustParse(t, string(b))
		msg, err := other.ParseSIP(append([]byte(nil), b...))
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		var cseq *peer.CSeqHeader
		var call *peer.CallIDHeader
		var body []byte
		switch m := msg.(type) {
		case *peer.Request:
			cseq, call, body = m.CSeq(), m.CallID(), m.Body()
			if string(m.Method) != string(ours.MethodName()) || m.Recipient.String() != string(ours.RequestURI()) {
				t.Errorf("start line: %s %s of\n%s", m.Method, m.Recipient.String(), b)
			}
			if branch, _ := m.Via().Params.Get("branch"); m.Via().Transport != "UDP" || branch != string(ours.Via.Branch) {
				t.Errorf("Via %v of\n%s", m.Via(), b)
			}
		case *peer.Response:
			cseq, call, body = m.CSeq(), m.CallID(), m.Body()
			if m.StatusCode != ours.Status {
				t.Errorf("status %d of\n%s", m.StatusCode, b)
			}
		}
		if cseq == nil || cseq.SeqNo != ours.CSeq || call == nil || call.Value() != string(ours.CallID) || string(body) != string(ours.Body()) {
			t.Errorf("CSeq, Call-ID or body of\n%s", b)
		}
	}
	a, b := newParty(t, 5), newParty(t, 6)
	ca, _ := sim.Core(Config{Handler: a.handler}, map[netip.AddrPort]string{ap("192.0.2.1:5060"): "A"})
	_, _ = sim.Core(Config{Handler: b.handler}, map[netip.AddrPort]string{ap("192.0.2.2:5060"): "B"})
	for range 300 {
		a.call(ca, ap("192.0.2.2:5060"))
		sim.Run(50 * Millisecond)
	}
	sim.Run(300 * Second)
	if read < 2000 {
		t.Errorf("only %d messages", read)
	}
}
