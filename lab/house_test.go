package lab

import (
	"net/netip"
	"testing"
	"time"
)

// TestATelephoneBehindNAT: softphones in homes of which nothing outside knows a way
// in register through routers that change their address and port, one over UDP
// and one over TCP. The router of the first forgets within two seconds who has
// sent, and the telephone is silent for longer: it is called all the same. It
// calls the other home; both hear each other, and either side ends the call.
func TestATelephoneBehindNAT(t *testing.T) {
	if !Elsewhere(t) {
		return
	}
	const forgets = 2
	n := New(t, Options{Host: netip.MustParseAddr(World), KeepAlive: 600 * time.Millisecond})
	minji, ada, bo := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142"), n.Member("Bo Moon", "KR", "82", "25551235")
	udp, tcp := NewHouse(t, 1, forgets), NewHouse(t, 2, forgets)
	phone := func(m Member, country, transport string, in *House, hz, seconds int, dial string) *Softphone {
		return Baresip{
			User: m.User, Password: m.Password, Server: n.server(country, transport), Transport: transport, Inside: in, Hz: hz, Seconds: seconds, Dial: dial,
		}.Start(t)
	}
	a := phone(minji, "KR", "udp", udp, 500, 16, "")
	a.Wait("200 OK", 10*time.Second)
	for _, b := range n.Bindings.ByDevice(nil, "dev_"+minji.User, time.Now()) {
		t.Logf("registered as %s by %s", b.Contact, b.Flow)
	}
	registered := time.Now()
	b := phone(ada, "US", "tcp", tcp, 1200, 8, "") // it hangs up, being called
	b.Wait("200 OK", 10*time.Second)
	c := phone(bo, "KR", "udp", udp, 900, 20, ada.Number.Canonical())
	c.Wait("Call established", 10*time.Second)
	b.Finish(20 * time.Second)
	c.Wait("terminated", 10*time.Second)
	expectTone(t, "caller behind a NAT", c, 1200)
	expectTone(t, "called behind a NAT, over TCP", b, 900)

	if silent := time.Since(registered); silent < 2*forgets*time.Second {
		t.Fatalf("the telephone was silent for %v only", silent)
	}
	outside := phone(bo, "KR", "udp", nil, 700, 5, minji.Number.Canonical()) // it hangs up, calling
	outside.Wait("Call established", 10*time.Second)
	outside.Finish(20 * time.Second)
	a.Wait("terminated", 10*time.Second)
	expectTone(t, "caller outside", outside, 500)
	expectTone(t, "called behind a NAT", a, 700)
	for _, r := range n.Records.Wait(t, 2) {
		if !r.Answered() || r.Duration() < 2*time.Second {
			t.Errorf("%+v", r)
		}
	}
	n.settled(t)
}
