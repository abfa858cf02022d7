package store_test

import (
	"context"
	"testing"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestAStoppedAccountRenewsNothing, and is told why, once.
func TestAStoppedAccountRenewsNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := newClock()
	h := build(t, cluster.SQLite(t), c)
	stopped := false
	b := bundle.New(h.db.Packages(), h.book, bundle.Config{Currency: "USD", Link: func(p string) string { return p }, Now: c.now, Buyer: func(context.Context, string) error {
		if stopped {
			return charging.Suspended("An unpaid bill.")
		}
		return nil
	}})
	who := h.person(t, "minji")
	a, err := b.Buy(ctx, who, h.pack(t, b, 600, true, "49").ID, "")
	if err != nil {
		t.Fatal(err)
	}
	stopped = true
	has := h.wallet(t, who)
	c.add(a.Ends.Sub(c.now()))
	for range 2 {
		if err := b.Renew(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list := h.allowances(t, who.Account)
	if n := h.lettersTo(t, who, "package_stopped"); n != 1 || h.lettersTo(t, who, "package_lapsed") != 0 || len(list) != 1 || list[0].Renews || h.wallet(t, who) != has {
		t.Errorf("%d letters, %+v, %v", n, list, h.wallet(t, who))
	}
}

// TestTaxOnPackages is on top of the price, at each purchase and renewal.
func TestTaxOnPackages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := newClock()
	h := build(t, store.Config{Dir: t.TempDir()}, c)
	b := bundle.New(h.db.Packages(), h.book, bundle.Config{Currency: "USD", Link: func(p string) string { return p }, Now: c.now,
		Tax: func(_ context.Context, _ string, net money.Amount) (shop.Tax, error) {
			return shop.Tax{Name: "VAT", Rate: 100_000, Country: "KR", Micros: net.Micros / 10}, nil
		}})
	who := h.buyer(t, b, "acc_x", 3_000_000)
	p := h.pack(t, b, 600, true, "49")
	offers, err := b.Offers(ctx, who)
	if err != nil || len(offers) != 1 || offers[0].Total != usd(1_100_000) {
		t.Errorf("%+v %v", offers, err)
	}
	a, err := b.Buy(ctx, who, p.ID, "")
	if err != nil || a.Price() != usd(1_100_000) {
		t.Errorf("%+v %v", a, err)
	}
	c.add(a.Ends.Sub(c.now()))
	if err := b.Renew(ctx); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int64{
		ledger.WalletID("acc_x", "USD"): 800_000, ledger.TaxAccount("KR", "USD"): 200_000, ledger.DeferredAccount("packages", "USD"): 1_000_000, ledger.PackageRevenueAccount("USD"): 1_000_000,
	} {
		if got, err := h.book.Balance(ctx, id); err != nil || got.Micros != want {
			t.Errorf("%s: %v %v, want %d", id, got, err, want)
		}
	}
	h.booksAreRight(t)
}
