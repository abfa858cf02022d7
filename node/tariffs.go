package node

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/settlement"
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

// settleEvery is how soon after a call its carrier is credited.
const settleEvery = 5 * time.Second

// openSettlement has carriers settled by those prices.
func (n *Node) openSettlement() {
	st := n.store.Settlement()
	n.settlement = settlement.New(st, st, st, n.book, costs{n.tariffs}, settlement.Config{
		Bank: n.bank(), Log: n.log, Now: n.opts.Now,
		Zone: func(x numbering.Number) *time.Location { return n.plans.Clock(x.CallingCode, x.National) },
	})
}

// costs gives settlement the prices of calls.
type costs struct{ tariffs *tariff.Service }

func (c costs) CostOf(ctx context.Context, owner, number string, answer time.Time, d time.Duration) (settlement.Price, error) {
	x, known, err := c.tariffs.Cost(ctx, owner, number, answer, d)
	if err != nil || !known {
		return settlement.Price{}, err
	}
	return settlement.Price{Known: true, Amount: x.Amount, House: x.House, Seconds: x.Seconds, Prefix: x.Prefix, Version: x.Version}, nil
}

// SettledMonth sums what the calls of a month come to in a folder or database,
// which may be in use; of every carrier if none is named.
func SettledMonth(ctx context.Context, data, database, carrier string, m settlement.Month) ([]settlement.Total, error) {
	db, err := openReader(ctx, data, database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	return db.Settlement().Totals(ctx, carrier, m)
}
