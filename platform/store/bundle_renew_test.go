package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// between is a store of packages with something that happens once, between a look
// and the transaction that follows from it.
type between struct {
	bundle.Store

	happens func()
}

func (b *between) Do(ctx context.Context, f func(bundle.Tx) error) error {
	if f := b.happens; f != nil {
		b.happens = nil
		f()
	}
	return b.Store.Do(ctx, f)
}

// TestNoRenewalIsWithoutItsTax: who wants the renewal again at the moment at which
// it is seen to pays its tax, and is asked whether he may.
func TestNoRenewalIsWithoutItsTax(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		x := &between{Store: h.db.Packages()}
		asked := 0
		b := bundle.New(x, h.book, bundle.Config{
			Currency: "USD", Link: func(p string) string { return p }, Now: c.now,
			Buyer: func(context.Context, string) error { asked++; return nil },
			Tax: func(_ context.Context, _ string, net money.Amount) (shop.Tax, error) {
				return shop.Tax{Name: "VAT", Rate: 100_000, Country: "KR", Micros: net.Micros / 10}, nil
			},
		})
		p := h.pack(t, b, 600, true, "49")
		who := h.buyer(t, b, "acc_x", 2_200_000)
		a, err := b.Buy(ctx, who, p.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		wants := func(yes bool) {
			if _, err := h.bundles().SetWish(ctx, who, a.ID, bundle.Wish{Renews: &yes}); err != nil {
				t.Error(err)
			}
		}
		wants(false)
		c.add(a.Ends.Sub(c.now()) - time.Minute)
		asked, x.happens = 0, func() { wants(true) }
		for range 2 {
			if err := b.Renew(ctx); err != nil {
				t.Fatal(err)
			}
		}
		list := h.allowances(t, "acc_x")
		if len(list) != 2 || list[0].Tax.Micros != 100_000 || asked == 0 || h.has(t, ledger.WalletID("acc_x", "USD")) != 0 {
			t.Errorf("asked %d times, %d is left: %+v", asked, h.has(t, ledger.WalletID("acc_x", "USD")), list)
		}
		h.booksAreRight(t)
	})
}
