package lab

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
)

// awaitState returns once a trunk does as it should, or fails the test.
func (n *Network) awaitState(t *testing.T, trunk string, ok func(carrier.State) bool) carrier.State {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(15 * time.Second)
	for {
		s := n.TrunkState(trunk)
		if ok(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the trunk %s: %+v", trunk, s)
		}
	}
}

// TestATrunkThatIsDownIsPassedOver: its gateway refused a ping, and is back
// since; the call goes to the next carrier all the same, until there is no other.
func TestATrunkThatIsDownIsPassedOver(t *testing.T) {
	n := New(t, Options{})
	at := FreePort(t, loopback())
	first, second := carrierAt("first", "KR", at), carrierAt("second", "KR", serveGateway(t, n, "gateway-plain.xml", 1))
	first.Trunks[0].Ping = true
	n.Carriers(first, second)
	n.awaitState(t, first.Trunks[0].ID, func(s carrier.State) bool { return s.Health == carrier.Down })
	SIPp{Scenario: "gateway-plain.xml", Users: make([]Member, 1), Local: at, Remote: n.Addr("KR"), Calls: 1, Rate: 1}.Serve(t)
	awaitBound(t, at)
	m := n.Member("Minji", "KR", "82", "25551234")
	n.call(t, m, "025554321")
	n.Carriers(first)
	n.call(t, m, "025554321")
	for i, want := range []string{"second", "first"} {
		if r := n.Records.Wait(t, 2)[i]; !r.Answered() || r.Carrier != want {
			t.Errorf("%+v, want by %s", r, want)
		}
	}
	n.settled(t)
}

// TestOnlyWhatACarrierTakesIsOffered: its codecs, in its order, to it alone; who
// has none of them is told why.
func TestOnlyWhatACarrierTakesIsOffered(t *testing.T) {
	n := New(t, Options{})
	c := carrierAt("seoul", "KR", seeing(t, n, "AVP 0 101", "PCMA"))
	c.Codecs = []string{"G729", "PCMU"}
	n.Carriers(c)
	m := n.Member("Minji Kim", "KR", "82", "25551234")
	n.call(t, m, "025554321")
	c.Codecs = []string{"G729", "AMR-WB"}
	n.Carriers(c)
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 4, Dial: "025554321"}.Start(t)
	a.Wait("488 The way to +8225554321 takes only G729, AMR-WB", 6*time.Second)
	got := n.Records.Wait(t, 2)
	if !got[0].Answered() || got[1].Answered() || got[1].Cause != cdr.Media {
		t.Errorf("%+v", got)
	}
	n.settled(t)
}

// TestKeysForACarrierThatTakesInfo: a telephone presses a key in its sound, the
// carrier is told by INFO.
func TestKeysForACarrierThatTakesInfo(t *testing.T) {
	n := New(t, Options{})
	c := carrierAt("seoul", "KR", serveGateway(t, n, "gateway-key.xml", 1))
	c.DTMF = carrier.DTMFInfo
	n.Carriers(c)
	SIPp{Scenario: "caller-key.xml", Users: []Member{n.Member("Minji", "KR", "82", "25551234")}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "025554321" }}.Run(t)
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}
