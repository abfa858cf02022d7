package trunk_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

// names is a directory of hosts that the test changes.
type names struct {
	mu sync.Mutex
	of map[string]string
}

func (n *names) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a := n.of[host]; a != "" {
		return []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr(a)}, nil // there is no IPv6 here
	}
	return nil, errors.New("no such host")
}

type nobody struct{}

func (nobody) Urgent(*sip.Msg) bool         { return false }
func (nobody) Timer(*sip.UserTimer)         {}
func (nobody) Event(*sip.Dialog, sip.Event) {}
func (nobody) Request(*sip.Incoming)        {}

// TestWaysToCarriers: the way is known at once for an address, and for a name as
// soon as it is looked up; who is gone is no longer reached.
func TestWaysToCarriers(t *testing.T) {
	core, err := sip.New(sip.Config{Portable: true, Handler: func(*sip.Shard) sip.Handler { return nobody{} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	l, err := core.ListenBoth("KR", netip.MustParseAddrPort("127.0.0.1:0"), "")
	if err != nil {
		t.Fatal(err)
	}
	dir := &names{of: map[string]string{"sip.carrier.example": "192.0.2.7"}}
	x := trunk.New(trunk.Config{Core: func() *sip.Core { return core }, Lookup: dir.lookup})
	t.Cleanup(x.Close)
	number := gateway("a", "KR", carrier.Trunk{Host: "192.0.2.9:5080", Transport: carrier.UDP, User: "u", Password: "p", Realm: "r"})
	name := gateway("b", "KR", carrier.Trunk{Host: "sip.carrier.example:5060", Transport: carrier.UDP})
	lost := gateway("c", "KR", carrier.Trunk{Host: "nobody.example:5060", Transport: carrier.UDP})
	other := gateway("d", "US", carrier.Trunk{Host: "192.0.2.9:5080", Transport: carrier.UDP})
	x.SetCarriers([]carrier.Carrier{number, name, lost, other})
	w, err := x.Way("a")
	if err != nil || w.Flow.Listener != l || w.Flow.Remote.String() != "192.0.2.9:5080" || w.Login == nil || *w.Login != (sip.Login{User: "u", Password: "p", Realm: "r"}) {
		t.Errorf("an address: %+v %v", w, err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for w, err = x.Way("b"); err != nil; w, err = x.Way("b") {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(err)
		}
	}
	if w.Flow.Remote.String() != "192.0.2.7:5060" || w.Login != nil {
		t.Errorf("a name: %+v", w)
	}
	if _, err := x.Way("c"); err == nil || !strings.Contains(err.Error(), "nobody.example") {
		t.Errorf("a name that is none: %v", err)
	}
	if _, err := x.Way("d"); err == nil || !strings.Contains(err.Error(), "US") {
		t.Errorf("a center that does not listen: %v", err)
	}
	if _, err := x.Reach(t.Context(), lost); err == nil {
		t.Error("nobody was reached")
	}
	if w, err := x.Reach(t.Context(), gateway("e", "KR", carrier.Trunk{Host: "sip.carrier.example:5070", Transport: carrier.UDP})); err != nil || w.Flow.Remote.Port() != 5070 {
		t.Errorf("one that is not set: %+v %v", w, err)
	}
	x.SetCarriers([]carrier.Carrier{name})
	if _, err := x.Way("a"); err == nil {
		t.Error("one that was removed is reached")
	}
	if w, err := x.Way("b"); err != nil || w.Flow.Remote.String() != "192.0.2.7:5060" {
		t.Errorf("one that stays has to be looked up again: %+v %v", w, err)
	}
}

// gateway is a carrier with one trunk of the same name.
func gateway(id string, at center.ID, x carrier.Trunk) carrier.Carrier {
	x.ID = id
	return carrier.Carrier{ID: id, Center: at, Trunks: []carrier.Trunk{x}}
}
