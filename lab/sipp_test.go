package lab

import (
	"net/netip"
	"testing"

	"github.com/callisto-tel/callisto/business/cdr"
)

func loopback() netip.Addr { return netip.MustParseAddr("127.0.0.1") }

// register signs users in, to be called at an address.
func (n *Network) register(t testing.TB, users []Member, remote, contact netip.AddrPort, rate int, args ...string) {
	t.Helper()
	SIPp{
		Scenario: "register.xml", Users: users, Calls: len(users), Rate: rate, Args: args,
		Local: FreePort(t, contact.Addr()), Remote: remote, Extra: func(int) string { return contact.String() },
	}.Run(t)
}

func TestThousandRegistrations(t *testing.T) {
	for name, o := range map[string]Options{"linux": {}, "portable": {Portable: true}, "three shards": {Shards: 3}} {
		t.Run(name, func(t *testing.T) {
			n := New(t, o)
			n.register(t, n.Members("KR", "82", 7000000, 1000), n.Addr("KR"), netip.AddrPortFrom(loopback(), 9), 500)
			if got := n.Bindings.Len(); got != 1000 {
				t.Errorf("%d bindings, want 1000", got)
			}
		})
	}
}

// TestFiveHundredCalls makes calls between two centers, over SIP with mutual
// TLS between them, and at one center; every one is answered and recorded.
func TestFiveHundredCalls(t *testing.T) {
	const calls = 500
	for name, c := range map[string]struct {
		o       Options
		country string
		code    string
		rows    int // call records: one per center on the path
	}{
		"one center":        {Options{}, "KR", "82", 1},
		"two centers":       {Options{}, "US", "1", 2},
		"portable":          {Options{Portable: true}, "US", "1", 2},
		"three shards":      {Options{Shards: 3}, "US", "1", 2},
		"one center, IPv6":  {Options{Host: netip.IPv6Loopback()}, "KR", "82", 1},
		"two centers, IPv6": {Options{Host: netip.IPv6Loopback()}, "US", "1", 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := New(t, c.o)
			host := n.Addr("KR").Addr()
			callers := n.Members("KR", "82", 7000000, 50)
			called := n.Members(c.country, c.code, 75000000, 50)
			at := FreePort(t, host)
			n.register(t, called, n.Addr(n.center(c.country)), at, 500)
			SIPp{Scenario: "called.xml", Users: called, Local: at, Remote: n.Addr("KR"), Calls: calls, Rate: 100}.Serve(t)
			SIPp{
				Scenario: "caller.xml", Users: callers, Local: FreePort(t, host), Remote: n.Addr("KR"), Calls: calls, Rate: 100,
				Extra: func(i int) string { return called[i].Number.Canonical() },
			}.Run(t)
			answered, made, taken := 0, 0, 0
			for _, r := range n.Records.Wait(t, calls*c.rows) {
				if r.Answered() && r.Cause == cdr.Normal {
					answered++
				}
				if r.From.Account != "" {
					made++
				}
				if r.To.Account != "" {
					taken++
				}
			}
			if made != calls || taken != calls {
				t.Errorf("%d records for the callers' histories and %d for the called parties', want %d each", made, taken, calls)
			}
			if answered != calls*c.rows {
				t.Errorf("%d records of answered calls, want %d", answered, calls*c.rows)
			}
			n.Settle()
			if live, ports := n.Edge().LiveCalls(), n.Ports(); live != 0 || ports != 0 {
				t.Errorf("%d calls and %d port pairs left", live, ports)
			}
		})
	}
}
