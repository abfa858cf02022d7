package lab

import (
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/platform/pki"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// gateway runs SIPp as a carrier's gateway and returns the carrier, and a
// function that waits for SIPp's own opinion of the call.
func gateway(t *testing.T, n *Network, scenario string, args ...string) (carrier.Carrier, func()) {
	t.Helper()
	at := FreePort(t, n.Addr("KR").Addr())
	finished := SIPp{Scenario: scenario, Users: make([]Member, 1), Local: at, Remote: n.Addr("KR"), Calls: 1, Rate: 1, Args: args}.Begin(t)
	awaitBound(t, at)
	c := byTrunk(carrier.Trunk{Host: at.String(), Transport: carrier.UDP, User: "trunk", Password: "secret", Realm: "gateway.example"})
	return c, finished
}

// byTrunk is a carrier with one trunk.
func byTrunk(x carrier.Trunk) carrier.Carrier {
	x.ID = "trk_1"
	plus := carrier.Writing{Format: carrier.Plus}
	return carrier.Carrier{
		ID: "car_1", Center: "KR", Kind: carrier.PSTN, Name: "Gateway", Trunks: []carrier.Trunk{x}, Out: plus, OutCaller: plus, In: plus, InCaller: plus,
		Shows: carrier.ShowFixed, Presents: "+15055550199",
	}
}

// TestCallByACarrier: SIPp as the gateway asks for a proof, verifies it, rings,
// answers, and sends sound.
func TestCallByACarrier(t *testing.T) {
	n := New(t, Options{})
	c, finished := gateway(t, n, "gateway.xml")
	r, err := n.TestCall(t.Context(), "KR", c, "+8225551234")
	if err != nil || !r.OK || !r.Answered || !r.Heard || r.Code != "answered" || r.Delay <= 0 || r.Delay > 5*time.Second {
		t.Errorf("%+v %v", r, err)
	}
	finished()
	for _, rec := range n.Records.Wait(t, 1) {
		if !rec.Answered() || rec.To.Text != "+8225551234" || rec.From.Text != "+15055550199" || rec.From.Account != "" || rec.To.Account != "" {
			t.Errorf("the record %+v", rec)
		}
	}
	n.Settle()
	if live, ports := n.Edge().LiveCalls(), n.Ports(); live != 0 || ports != 0 {
		t.Errorf("%d calls and %d port pairs left", live, ports)
	}
}

// TestCallByACarrierOverTCP is the same over a connection, which the next call
// uses again.
func TestCallByACarrierOverTCP(t *testing.T) {
	n := New(t, Options{})
	at := FreePort(t, n.Addr("KR").Addr())
	finished := SIPp{Scenario: "gateway.xml", Users: make([]Member, 1), Local: at, Remote: n.Addr("KR"), Calls: 2, Rate: 1, Args: []string{"-t", "t1"}}.Begin(t)
	c := byTrunk(carrier.Trunk{Host: at.String(), Transport: carrier.TCP, User: "trunk", Password: "secret"})
	n.SetCarriers([]carrier.Carrier{c})
	awaitListening(t, at)
	for range 2 {
		if r, err := n.TestCall(t.Context(), "KR", c, "+8225551234"); err != nil || !r.OK {
			t.Errorf("%+v %v", r, err)
		}
	}
	finished()
}

// busyOverTLS is a gateway over TLS where everybody is busy.
type busyOverTLS struct{ seen chan string }

func (busyOverTLS) Urgent(*sip.Msg) bool         { return false }
func (busyOverTLS) Timer(*sip.UserTimer)         {}
func (busyOverTLS) Event(*sip.Dialog, sip.Event) {}
func (b busyOverTLS) Request(in *sip.Incoming) {
	b.seen <- string(in.Msg.RequestURI()) + " " + in.Flow.Listener.Transport.String() + " " + string(in.Msg.Header(sip.HPAssertedIdentity))
	in.Respond(&sip.Reply{Status: 486})
}

// TestCallByACarrierOverTLS: a gateway is believed if its certificate is one we
// trust and names the host that was asked for, and else gets nothing at all.
func TestCallByACarrierOverTLS(t *testing.T) {
	n := New(t, Options{})
	stranger, err := pki.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		ca   *pki.Authority
		host string
		code string
	}{"trusted": {n.CA, "127.0.0.1", "busy"}, "another host": {n.CA, "127.0.0.2", "refused"}, "nobody knows it": {stranger, "127.0.0.1", "refused"}} {
		t.Run(name, func(t *testing.T) {
			cert, err := x.ca.Certificate("callisto://gateway", "gateway.example", x.host)
			if err != nil {
				t.Fatal(err)
			}
			there := busyOverTLS{make(chan string, 10)}
			core, err := sip.New(sip.Config{Portable: true, Handler: func(*sip.Shard) sip.Handler { return there }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(core.Close)
			l, err := core.Listen("gateway", sip.TLS, netip.AddrPortFrom(loopback(), 0), "", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
			if err != nil {
				t.Fatal(err)
			}
			if err := core.Start(); err != nil {
				t.Fatal(err)
			}
			c := byTrunk(carrier.Trunk{Host: l.Addr.String(), Transport: carrier.TLS})
			c.Out.Format, c.Assert = carrier.Bare, true
			r, err := n.TestCall(t.Context(), "KR", c, "+8225551234")
			if err != nil || r.Code != x.code {
				t.Errorf("%+v %v", r, err)
			}
			if got := len(there.seen); (got == 1) != (x.code == "busy") {
				t.Errorf("the gateway saw %d calls", got)
			}
			if x.code == "busy" {
				if uri := <-there.seen; uri != "sip:8225551234@"+l.Addr.String()+";user=phone TLS <sip:+15055550199@127.0.0.1>" {
					t.Errorf("called as %s", uri)
				}
			}
		})
	}
}

// awaitListening returns once somebody takes connections.
func awaitListening(t *testing.T, at netip.AddrPort) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
		if err != nil {
			return
		}
		_ = l.Close()
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("nobody listens at %s", at)
		}
	}
}

// TestWhatCarriersRefuse: each refusal is told in words, and none is followed by
// another try or a proof for somebody else. SIPp fails if one comes.
func TestWhatCarriersRefuse(t *testing.T) {
	for scenario, code := range map[string]string{
		"gateway-busy.xml": "busy", "gateway-broken.xml": "failed", "gateway-elsewhere.xml": "redirected", "gateway-realm.xml": "unproven",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			c, finished := gateway(t, n, scenario)
			r, err := n.TestCall(t.Context(), "KR", c, "+8225551234")
			if err != nil || r.OK || r.Answered || r.Code != code || r.Text == "" {
				t.Errorf("%+v %v", r, err)
			}
			t.Log(r.Text)
			finished()
		})
	}
}

// TestNobodyIsTheCarrier: an address where nobody listens is told at once, a
// name that does not exist too.
func TestNobodyIsTheCarrier(t *testing.T) {
	n := New(t, Options{})
	c := byTrunk(carrier.Trunk{Host: FreePort(t, loopback()).String(), Transport: carrier.UDP})
	nobody := c.Trunks[0].Host
	for _, x := range []struct {
		host string
		by   carrier.Transport
		code string
	}{{nobody, carrier.UDP, "refused"}, {nobody, carrier.TCP, "refused"}, {nobody, carrier.TLS, "refused"}, {"nobody.invalid:5060", carrier.UDP, "unreachable"}} {
		c.Trunks = []carrier.Trunk{{ID: "trk_1", Host: x.host, Transport: x.by}}
		begun := time.Now()
		r, err := n.TestCall(t.Context(), "KR", c, "+8225551234")
		if err != nil || r.OK || r.Code != x.code || time.Since(begun) > 8*time.Second {
			t.Errorf("%s %s: %+v %v after %v", x.host, x.by, r, err, time.Since(begun))
		}
		t.Log(r.Text)
	}
}

// mute is a port that takes whatever is sent and says nothing.
func mute(t *testing.T) netip.AddrPort {
	t.Helper()
	u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u.LocalAddr().(*net.UDPAddr).AddrPort()
}
