package lab

import (
	"testing"
	"time"
)

// TestTwoSoftphonesHearEachOther calls from a softphone at the Korean center to
// one at the American center; each hears the other's tone.
func TestTwoSoftphonesHearEachOther(t *testing.T) {
	for _, c := range []struct{ name, from, to, transport string }{
		{"one center", "KR", "KR", "udp"},
		{"two centers", "KR", "US", "udp"},
		{"over TCP", "US", "KR", "tcp"},
		{"over TLS", "KR", "US", "tls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			number := map[string][2]string{"KR": {"82", "25551234"}, "US": {"1", "3125550142"}}
			caller := n.Member("Minji Kim", c.from, number[c.from][0], number[c.from][1]+"9")
			called := n.Member("Ada Rivera", c.to, number[c.to][0], number[c.to][1])
			b := Baresip{User: called.User, Password: called.Password, Server: n.server(c.to, c.transport), Transport: c.transport, CAFile: n.CAFile, Hz: 1200, Seconds: 9}.Start(t)
			b.Wait("200 OK", 5*time.Second)
			a := Baresip{
				User: caller.User, Password: caller.Password, Server: n.server(c.from, c.transport), Transport: c.transport, CAFile: n.CAFile, Hz: 500, Seconds: 7,
				Dial: called.Number.Canonical(),
			}.Start(t)
			a.Wait("Call established", 6*time.Second)
			a.Finish(15 * time.Second)
			n.Records.Wait(t, 1)
			b.Finish(15 * time.Second)
			expectTone(t, "caller", a, 1200)
			expectTone(t, "called", b, 500)
		})
	}
}

// TestSoundFromAnotherAddressThanAnnounced: a telephone that describes its sound
// with an address it does not send from is heard all the same, and soon.
func TestSoundFromAnotherAddressThanAnnounced(t *testing.T) {
	n := New(t, Options{})
	caller, called := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142")
	b := Baresip{User: called.User, Password: called.Password, Server: n.server("US", "udp"), Hz: 1200, Seconds: 9, AnyAddress: true}.Start(t)
	b.Wait("200 OK", 5*time.Second)
	a := Baresip{
		User: caller.User, Password: caller.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 7, AnyAddress: true,
		Dial: called.Number.Canonical(),
	}.Start(t)
	a.Wait("Call established", 6*time.Second)
	a.Finish(15 * time.Second)
	b.Finish(15 * time.Second)
	expectTone(t, "caller", a, 1200)
	expectTone(t, "called", b, 500)
	for who, p := range map[string]*Softphone{"caller": a, "called": b} {
		if got := p.Recorded(); got < 4500*time.Millisecond {
			t.Errorf("the %s heard only %v of a call of some six seconds", who, got)
		}
	}
}

func expectTone(t *testing.T, who string, p *Softphone, want int) {
	t.Helper()
	hz, level := p.Heard()
	if hz < want-15 || hz > want+15 || level < 0.1 {
		t.Errorf("the %s heard %d Hz at level %.3f, want %d Hz", who, hz, level, want)
	}
	t.Logf("the %s heard %d Hz at level %.3f", who, hz, level)
}

func (n *Network) server(country, transport string) string {
	if transport == "tls" {
		return n.TLSAddr(n.center(country)).String()
	}
	return n.Addr(n.center(country)).String()
}
