package node

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/guard"
)

// openGuard opens what keeps calls from costing too much.
func (n *Node) openGuard(ctx context.Context) error {
	cfg := guard.Config{Currency: n.currency(), Default: guard.DefaultPolicy(n.currency()), Fresh: n.members.Fresh, Log: n.log, Now: n.opts.Now}
	cfg.Watch, cfg.Default.Pace = n.cfg.Guard.Thresholds(n.currency()), n.cfg.Guard.Pace()
	if n.cfg.Dev {
		cfg.Default = guard.OpenPolicy()
	}
	db := n.store.Guard()
	cfg.Alerts, cfg.Alarm, cfg.Mobile = db, n.alarm, n.plans.MayBeMobile
	n.guard = guard.New(db, db, db, cfg)
	if err := n.guard.Refresh(ctx); err != nil {
		return fmt.Errorf("the limits of calls: %w", err)
	}
	return nil
}

// alarm writes to those who run the house that something looks like fraud.
func (n *Node) alarm(a guard.Alert) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	subject := a.Subject
	if by, ok := n.ways.Carrier(subject); ok {
		subject = by.Name
	}
	err := n.store.TellOperators(ctx, "fraud_alert", "alert:"+a.ID, map[string]string{"subject": subject, "calls": strconv.Itoa(a.Count), "link": n.link("/operator/alerts/" + a.ID)})
	if err != nil {
		n.log.Error("nobody was written to of an alert", "alert", a.ID, "error", err)
	}
}
