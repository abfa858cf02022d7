package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
)

// openCarriers brings the carriers in and their trunks up.
func (n *Node) openCarriers(ctx context.Context) error {
	n.carriers = carrier.New(n.store.Carriers(), n.seal, carrier.Config{
		Plans: n.plans, Centers: func() *center.Directory { return n.centers }, Trunks: n.telephony, Tester: n.telephony, Now: n.opts.Now,
	})
	return n.carriers.Load(ctx)
}

// TestCall places a test call from a carrier's own center.
func (t telephony) TestCall(ctx context.Context, c carrier.Carrier, e164 string) (carrier.Report, error) {
	return t.Exchange.TestCall(ctx, c.Center, c, e164)
}
