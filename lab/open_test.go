package lab

import (
	"net/netip"
	"testing"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// TestACenterOpensWhileOthersServe: Japan opens while calls go on in Korea;
// telephones register there, and are called from Korea.
func TestACenterOpensWhileOthersServe(t *testing.T) {
	for name, o := range map[string]Options{"linux": {}, "portable": {Portable: true}, "three shards": {Shards: 3}} {
		t.Run(name, func(t *testing.T) {
			n := New(t, o)
			korean, also := n.Members("KR", "82", 7000000, 10), n.Members("KR", "82", 7100000, 10)
			here := FreePort(t, loopback())
			n.register(t, also, n.Addr("KR"), here, 100)
			SIPp{Scenario: "called.xml", Users: also, Local: here, Remote: n.Addr("KR"), Calls: 100, Rate: 100}.Serve(t)
			finished := SIPp{
				Scenario: "caller.xml", Users: korean, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 100, Rate: 50,
				Extra: func(i int) string { return also[i].Number.Canonical() },
			}.Begin(t)

			centers := center.NewDirectory(n.Tables.Plans, append(n.Tables.Centers.All(), center.Center{ID: "JP", Name: "Japan", Countries: []string{"JP"}}))
			n.SetTables(&routing.Tables{Plans: n.Tables.Plans, Centers: centers, Sold: n.Sold, Bindings: n.Bindings})
			if err := n.Open(exchange.Center{ID: "JP", Listen: netip.AddrPortFrom(loopback(), 0)}); err != nil {
				t.Fatal(err)
			}
			if err := n.Open(exchange.Center{ID: "JP", Listen: netip.AddrPortFrom(loopback(), 0)}); err == nil {
				t.Error("it opened twice")
			}
			if err := n.Open(exchange.Center{ID: "FR", Listen: netip.AddrPortFrom(netip.IPv6Loopback(), 0)}); err == nil {
				t.Error("a center opened for whose sound there is no address")
			}
			called := n.Members("JP", "81", 75000000, 10)
			there := FreePort(t, loopback())
			n.register(t, called, n.Addr("JP"), there, 100)
			SIPp{Scenario: "called.xml", Users: called, Local: there, Remote: n.Addr("JP"), Calls: 50, Rate: 100}.Serve(t)
			SIPp{
				Scenario: "caller.xml", Users: korean, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 50, Rate: 50,
				Extra: func(i int) string { return called[i].Number.Canonical() },
			}.Run(t)
			finished()
			answered := 0
			for _, r := range n.Records.Wait(t, 100+50*2) {
				if r.Answered() {
					answered++
				}
			}
			if answered != 200 {
				t.Errorf("%d records of answered calls, want 200", answered)
			}
		})
	}
}
