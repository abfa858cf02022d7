package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// desk is the operator's desk of a house whose catalogue is empty.
func desk(t testing.TB, h *house) *shop.Desk {
	t.Helper()
	d := shop.NewDesk(h.shop, h.db.Catalogue(), func() []string { return []string{"JP", "KR", "US"} }, nil, h.clock.now)
	if err := d.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheOperatorOpensPricesAndClosesBlocks(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		d, boss, ann := desk(t, h), member.System(), h.person(t, "ann")
		number := shop.Request{Kind: numbering.Individual, Country: "JP", National: "702846"}
		refused := func(code string) {
			t.Helper()
			if o, err := h.shop.Request(ctx, ann, number); err != nil || o.State != shop.Rejected || o.Reason.Code != code {
				t.Errorf("want %s, got %+v %v", code, o.Reason, err)
			}
		}
		refused("system_closed")
		if err := d.SetSystem(ctx, ann, shop.System{Country: "JP", Individual: true}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member opened a country: %v", err)
		}
		if err := d.SetSystem(ctx, boss, shop.System{Country: "JP", Individual: true}); err != nil {
			t.Fatal(err)
		}
		refused("not_in_stock")
		b, err := d.AddBlock(ctx, boss, shop.Block{Kind: numbering.Individual, Country: "JP", Prefix: "70", Length: 6})
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []shop.Block{
			{Kind: numbering.Individual, Country: "JP", Prefix: "701", Length: 6},  // shares numbers with it
			{Kind: numbering.Individual, Country: "JP", Prefix: "312", Length: 9},  // possible in the plan
			{Kind: numbering.Individual, Country: "XX", Prefix: "70", Length: 7},   // no country
			{Kind: numbering.Company, Country: "JP", Prefix: "5550", Length: 4},    // root too short
			{Kind: numbering.Individual, Country: "JP", Prefix: "7x", Length: 7},   // no digits
			{Kind: numbering.Individual, Country: "JP", Prefix: "701", Length: 99}, // too long
		} {
			if _, err := d.AddBlock(ctx, boss, bad); err == nil {
				t.Errorf("taken into stock: %+v", bad)
			}
		}
		for _, r := range []shop.PriceRule{
			{Setup: 3 * money.Micros}, {Country: "JP", Setup: 4 * money.Micros, Yearly: 2 * money.Micros}, {Class: shop.Premium, Setup: 9 * money.Micros},
			{Block: b.ID, Class: shop.Easy, Setup: 7 * money.Micros, Yearly: money.Micros},
		} {
			if err := d.SetPrice(ctx, boss, r); err != nil {
				t.Fatal(err)
			}
		}
		for national, want := range map[string]string{"702846": "6.00 USD", "701212": "8.00 USD", "701111": "6.00 USD"} { // the country before the class
			p, err := h.shop.Search(ctx, shop.Query{Country: "JP", Starts: national})
			if err != nil || len(p.Items) != 1 || p.Items[0].Price.Today().String() != want {
				t.Errorf("%s: %+v %v, want %s", national, p.Items, err, want)
			}
		}
		o, err := h.shop.Request(ctx, ann, number)
		if err != nil || o.State != shop.Approved || o.AmountDue.String() != "6.00 USD" || o.Yearly != 2*money.Micros {
			t.Errorf("%+v %v", o, err)
		}
		if err := d.Reserve(ctx, boss, "702847 81", "ours"); err != nil {
			t.Fatal(err)
		}
		number.National = "702847"
		refused("reserved")
		if err := d.CloseBlock(ctx, boss, b.ID, true); err != nil {
			t.Fatal(err)
		}
		number.National = "702848"
		refused("not_in_stock")
		if o, err = h.shop.Select(ctx, ann, o.ID); err != nil || o.AmountDue.String() != "6.00 USD" { // what was approved stays
			t.Errorf("%+v %v", o, err)
		}
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		again := build(t, cfg, h.clock) // a restart sells the same
		desk(t, again)
		if c := again.shop.Catalogue(); len(c.Blocks) != 1 || !c.Blocks[0].Closed || len(c.Reserved) != 1 || len(c.Prices) != 8 {
			t.Errorf("%+v", c)
		}
	})
}

func TestABlockFileIsTakenWholeOrNotAtAll(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		d, boss := desk(t, h), member.System()
		const head = "kind,country,prefix,length,setup,yearly,note\n"
		good := head + "individual,KR,70,7,4.00,1.50,\"first, and best\"\ncompany,kr,55501,7,,,\n"
		lines, err := d.PreviewBlocks(ctx, boss, strings.NewReader(good))
		if err != nil || len(lines) != 2 || lines[0].Fault+lines[1].Fault != "" || lines[0].Price == nil || lines[1].Price != nil {
			t.Fatalf("%+v %v", lines, err)
		}
		if len(h.shop.Catalogue().Blocks) != 0 {
			t.Error("a preview changed something")
		}
		if n, err := d.ImportBlocks(ctx, boss, strings.NewReader(good)); err != nil || n != 2 {
			t.Errorf("%d %v", n, err)
		}
		if n, err := d.ImportBlocks(ctx, boss, strings.NewReader(good)); err != nil || n != 0 {
			t.Errorf("the same file again: %d %v", n, err)
		}
		for bad, why := range map[string]string{
			"": "empty", "kind,country,prefix\n": "no column", head + "individual,KR,71,7,5,x,\n": "5.00", head + "person,KR,71,7,,,\n": "individual or company",
			head + "individual,KR,71,7,,,\nindividual,KR,7,7,,,\n": "Line 3", head + "individual,KR,\"71,7,,,\n": "CSV", head + "individual,KR,71,seven,,,\n": "digits",
		} {
			if _, err := d.ImportBlocks(ctx, boss, strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%q: %v, want %q", bad, err, why)
			}
		}
		if c := h.shop.Catalogue(); len(c.Blocks) != 2 {
			t.Errorf("%+v", c.Blocks)
		}
	})
}

// TestTheCatalogueIsSeededOnce: what an operator closed stays closed over a
// restart of dev.
func TestTheCatalogueIsSeededOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		d := desk(t, h)
		seed := shop.Catalogue{Systems: []shop.System{{Country: "KR", Individual: true}}, Prices: shop.DefaultPrices(),
			Blocks: []shop.Block{{ID: "one", Kind: numbering.Individual, Country: "KR", Prefix: "7", Length: 7}}}
		for i := range 2 {
			if err := d.Seed(ctx, seed); err != nil {
				t.Fatal(i, err)
			}
			if err := d.Load(ctx); err != nil {
				t.Fatal(err)
			}
			if b := h.shop.Catalogue().Blocks; len(b) != 1 || b[0].Closed != (i == 1) {
				t.Errorf("%+v", b)
			}
			if err := d.CloseBlock(ctx, member.System(), "one", true); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(len(h.shop.Catalogue().Prices)); got != "4" {
			t.Errorf("%s prices", got)
		}
	})
}
