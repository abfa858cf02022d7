package node

import (
	"context"
	"fmt"
	"strings"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/platform/bus"
)

// openBus starts the bus in this process, joins the news of sales and brings
// the registrations back that an earlier life of the node left there. The news
// are joined before the roster is read from SQL, so that nothing is missed.
func (n *Node) openBus(ctx context.Context) error {
	var err error
	if n.bus, err = bus.Start(bus.Config{Node: nodeName, Dir: n.cfg.Data}); err != nil {
		return fmt.Errorf("the bus: %w", err)
	}
	if n.news, err = n.bus.Changes(ctx, n.roster.Receive); err != nil {
		return fmt.Errorf("the news of the other nodes: %w", err)
	}
	n.locations, err = n.bus.Locations(ctx, bus.LocationsConfig{
		Table: n.bindings, Epoch: n.epoch, Adopt: n.adopt, Now: n.opts.Now,
	})
	if err != nil {
		return fmt.Errorf("the registrations: %w", err)
	}
	return nil
}

// adopt keeps a registration over a restart if the way to the telephone may
// still be good: UDP to a port that is ours again. A connection died with the
// process, but a telephone that can be woken comes back.
func (n *Node) adopt(b *location.Binding) bool {
	gone := strings.Contains(b.Flow, "/c")
	if b.Wakes {
		if b.Epoch = n.epoch; gone { // or it would be that of whoever has the same number now
			b.Flow = ""
		}
		return true
	}
	if gone || strings.HasSuffix(n.cfg.SIP, ":0") {
		return false
	}
	b.Epoch = n.epoch
	return true
}

// revoked drops the registrations of a device that may no longer sign in, here
// and on the other nodes.
func (n *Node) revoked(c member.Credential) {
	for _, b := range n.bindings.RemoveDevice(c.Device) {
		n.locations.Remove(b)
	}
	if c.Kind == member.Card && n.ready.Load() { // the card was taken out
		n.telephony.EndDevice(c.Device)
	}
}

// signedOut ends the telephones of browsers where nobody is signed in any more:
// their passes, their registrations and the calls they are in.
func (n *Node) signedOut(ids []string) {
	n.passes.End(ids)
	for _, id := range ids {
		gone := n.bindings.RemoveSession(id)
		for i := range gone {
			n.locations.Remove(gone[i])
		}
		if !n.ready.Load() {
			continue
		}
		n.telephony.EndSession(id)
		for i := range gone {
			if gone[i].Node == nodeName {
				n.telephony.Disconnect(&gone[i])
			}
		}
	}
}

// sender gives the roster the bus, which is opened after it.
type sender struct{ n *Node }

// SendChange tells the other nodes.
func (s sender) SendChange(ctx context.Context, change []byte) error {
	return s.n.news.SendChange(ctx, change)
}
