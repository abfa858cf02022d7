package node

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/platform/config"
)

// TestWhichRegistrationsOutliveARestart: whoever is reached at the same port, and
// whoever can be woken. A connection is gone.
func TestWhichRegistrationsOutliveARestart(t *testing.T) {
	for _, x := range []struct {
		sip  string
		b    location.Binding
		kept bool
	}{
		{"127.0.0.1:5060", location.Binding{Flow: "0/192.0.2.1:5060"}, true},
		{"127.0.0.1:0", location.Binding{Flow: "0/192.0.2.1:5060"}, false},
		{"127.0.0.1:5060", location.Binding{Flow: "1/c7/192.0.2.1:40000"}, false},
		{"127.0.0.1:5060", location.Binding{Flow: "1/c7/192.0.2.1:40000", Wakes: true}, true},
	} {
		n := &Node{cfg: config.Config{SIP: x.sip}, epoch: 9}
		b := x.b
		kept := n.adopt(&b)
		if kept != x.kept || kept && (b.Epoch != 9 || strings.Contains(b.Flow, "/c")) {
			t.Errorf("%s %+v: %+v", x.sip, x.b, b)
		}
	}
}
