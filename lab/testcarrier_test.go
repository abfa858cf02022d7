package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/telephony/testcarrier"
)

// withTestCarrier is a network whose calls leave by the test carrier, with a
// member's softphone.
func withTestCarrier(t *testing.T) (*Network, *testcarrier.Carrier, Member) {
	t.Helper()
	n := New(t, Options{})
	there, by := newTestCarrier(t)
	by.In = carrier.Writing{Format: carrier.World}
	by.Reach, by.Trunks[0].From = []string{"*"}, []string{there.Addr().String()}
	n.Carriers(by)
	return n, there, n.Member("Minji Kim", "KR", "82", "25551234")
}

// TestWhatTheTestCarrierLetsBeHeard calls its numbers from a real softphone,
// which plays 500 Hz.
func TestWhatTheTestCarrierLetsBeHeard(t *testing.T) {
	for _, x := range []struct {
		number, result string
		hz             int // heard most; 0 is whatever
	}{{"+82 2 555 0101", "echo", 500}, {"+82 2 555 0102", "tone", 1000}} {
		t.Run(x.result, func(t *testing.T) {
			n, there, m := withTestCarrier(t)
			a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 9, Dial: strings.ReplaceAll(x.number, " ", "")}.Start(t)
			a.Wait("Call established", 4*time.Second)
			a.Finish(15 * time.Second)
			expectTone(t, "caller", a, x.hz)
			r := n.Records.Wait(t, 1)[0]
			if wait := r.Answer.Sub(r.Start); !r.Answered() || wait > 2*time.Second {
				t.Errorf("answered after %s: %+v", wait, r)
			}
			if c := onlyCall(t, there); c.Result != x.result {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestTheTestCarrierIsAskedForAnOffer, as when a call is passed on to it.
func TestTheTestCarrierIsAskedForAnOffer(t *testing.T) {
	n, there, m := withTestCarrier(t)
	SIPp{Scenario: "caller-late.xml", Users: []Member{m}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225550102" }}.Run(t)
	if c := onlyCall(t, there); c.Result != "tone" || !c.Over {
		t.Errorf("%+v", c)
	}
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() || r.Cause != cdr.Normal {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestTheTestCarrierHangsUp five seconds after it answered.
func TestTheTestCarrierHangsUp(t *testing.T) {
	n, there, m := withTestCarrier(t)
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 12, Dial: "+8225550104"}.Start(t)
	a.Wait("Call established", 4*time.Second)
	r := n.Records.Wait(t, 1)[0]
	if talked := r.Duration(); r.Cause != cdr.Normal || talked < 3500*time.Millisecond || talked > 7*time.Second {
		t.Errorf("talked %s: %+v", talked, r)
	}
	if c := onlyCall(t, there); c.Result != "dropped" {
		t.Errorf("%+v", c)
	}
}

// TestTheTestCarrierSendsRubbish from a port it did not name: the caller hears
// nothing of it and the call goes on.
func TestTheTestCarrierSendsRubbish(t *testing.T) {
	n, there, m := withTestCarrier(t)
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 6, Dial: "+8225550105"}.Start(t)
	a.Wait("Call established", 4*time.Second)
	a.Finish(15 * time.Second)
	if r := n.Records.Wait(t, 1)[0]; r.Cause != cdr.Normal {
		t.Errorf("%+v", r)
	}
	if c := onlyCall(t, there); c.Result != "wrong_sound" {
		t.Errorf("%+v", c)
	}
}

// TestTheTestCarrierRepeatsKeys: SIPp presses 1, 4 and # by RFC 4733; they
// arrive through us, and are said again.
func TestTheTestCarrierRepeatsKeys(t *testing.T) {
	n, there, m := withTestCarrier(t)
	SIPp{Scenario: "caller-keys.xml", Users: []Member{m}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225550103" }}.Run(t)
	if c := onlyCall(t, there); c.Keys != "14#" || c.Result != "keys" {
		t.Errorf("%+v", c)
	}
	n.settled(t)
}

// TestTheTestCarrierCallsAMember, who hears himself.
func TestTheTestCarrierCallsAMember(t *testing.T) {
	n, there, m := withTestCarrier(t)
	b := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 700, Seconds: 9}.Start(t)
	b.Wait("200 OK", 5*time.Second)
	if err := there.Call(n.Addr("KR"), m.Number.Canonical(), "+821012345678", ""); err != nil {
		t.Fatal(err)
	}
	b.Wait("Call established", 5*time.Second)
	b.Wait("terminated", 7*time.Second) // by the carrier: two machines would talk for ever
	b.Finish(15 * time.Second)
	expectTone(t, "called", b, 700)
	r := n.Records.Wait(t, 1)[0]
	if r.Side != cdr.Entry || !r.Answered() || r.From.Text != "+82 10 1234 5678" || r.To.Account != "acc_"+m.Number.Canonical() || r.Duration() > 5*time.Second {
		t.Errorf("%+v", r)
	}
	if c := onlyCall(t, there); !c.Placed || c.Result != "answered" {
		t.Errorf("%+v", c)
	}
}
