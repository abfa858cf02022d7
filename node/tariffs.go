package node

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/tariff"
)

// openTariffs brings in what calls cost.
func (n *Node) openTariffs(ctx context.Context) error {
	n.tariffs = tariff.New(n.store.Tariffs(), n.store.Tariffs(), tariff.Config{
		Currency: n.currency(), Routes: n.ways, Now: n.opts.Now,
		Carrier: func(id string) (string, bool) { c, ok := n.carriers.Get(id); return c.Name, ok },
		Account: func(ctx context.Context, id string) error {
			_, err := n.members.Account(ctx, member.System(), id)
			return err
		},
	})
	if err := n.tariffs.Load(ctx); err != nil {
		return fmt.Errorf("what calls cost: %w", err)
	}
	return n.tariffs.Adopt(ctx, n.store.Tariffs())
}

// tariffing adopts, within two seconds, lists that another process took in. One
// that has a start begins by itself.
func (n *Node) tariffing(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.tariffs.Refresh(ctx); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "what calls cost was changed elsewhere and could not be read", "error", err)
		}
	}
}
