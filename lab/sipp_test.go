package lab

import (
	"net/netip"
	"testing"
)

func TestThousandRegistrations(t *testing.T) {
	for name, o := range map[string]Options{"linux": {}, "portable": {Portable: true}, "three shards": {Shards: 3}} {
		t.Run(name, func(t *testing.T) {
			n := New(t, o)
			users := n.Members("KR", "82", 7000000, 1000)
			SIPp{
				Scenario: "register.xml", Users: users, Calls: 1000, Rate: 500,
				Local: FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: n.Addr("KR"),
			}.Run(t)
			if got := n.Bindings.Len(); got != 1000 {
				t.Errorf("%d bindings, want 1000", got)
			}
		})
	}
}
