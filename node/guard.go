package node

import (
	"context"
	"fmt"

	"github.com/callisto-tel/callisto/business/guard"
)

// openGuard opens what keeps calls from costing too much.
func (n *Node) openGuard(ctx context.Context) error {
	cfg := guard.Config{Currency: n.currency(), Default: guard.DefaultPolicy(n.currency()), Fresh: n.members.Fresh, Log: n.log, Now: n.opts.Now}
	if n.cfg.Dev {
		cfg.Default = guard.OpenPolicy()
	}
	db := n.store.Guard()
	n.guard = guard.New(db, db, db, cfg)
	if err := n.guard.Refresh(ctx); err != nil {
		return fmt.Errorf("the limits of calls: %w", err)
	}
	return nil
}
