package node

import (
	"context"
	"fmt"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// business joins the rules with their stores.
func (n *Node) business(ctx context.Context) error {
	var err error
	if n.realm, err = n.store.KeepSetting(ctx, "realm", "callisto-"+ident.Secret(5)); err != nil {
		return err
	}
	n.book = ledger.New(n.store.Ledger(), n.opts.Now)
	if err := n.book.OpenHouse(ctx, n.currency()); err != nil {
		return fmt.Errorf("the house's accounts: %w", err)
	}
	n.bindings = location.NewTable()
	centers := func() *center.Directory { return n.centers }
	n.roster = roster.New(n.plans, centers, sender{n}, n.revoked)
	if err := n.openBus(ctx); err != nil {
		return err
	}
	if err := n.roster.Load(ctx, n.store.Roster()); err != nil {
		return err
	}
	n.tables = &routing.Tables{Plans: n.plans, Centers: n.centers, Sold: n.roster.Numbers, Bindings: n.bindings}
	n.shop, err = shop.New(n.store.Shop(), n.book, n.policy(), n.roster, n.opts.Now)
	if err != nil {
		return fmt.Errorf("the shop: %w", err)
	}
	cfg := member.Config{Plans: n.plans, Centers: centers, Realm: n.realm, Gift: money.Amount{Currency: n.currency()}, Now: n.opts.Now}
	if n.cfg.Dev {
		cfg.Gift = welcome(n.currency())
	}
	n.members = member.New(n.store.Members(), n.book, n.roster, cfg)
	n.recorder = store.NewRecorder(n.store.Calls())
	return nil
}

// policy is what this node sells.
func (n *Node) policy() shop.Policy {
	p := shop.Policy{Plans: n.plans, Countries: n.centers.Countries(), Currency: n.currency(), Review: !n.cfg.Dev}
	if n.cfg.Dev {
		p.Blocks = devStock()
	}
	return p
}

// devStock is what a `callisto dev` sells: identification blocks whose numbers
// are possible in neither country's plan, for people and for companies.
func devStock() []shop.Block {
	return []shop.Block{
		{ID: "dev-kr", Country: "KR", Kind: numbering.Individual, Prefix: "7", Length: 7},
		{ID: "dev-us", Country: "US", Kind: numbering.Individual, Prefix: "75", Length: 8},
		{ID: "dev-kr-company", Country: "KR", Kind: numbering.Company, Prefix: "55501", Length: 7},
		{ID: "dev-us-company", Country: "US", Kind: numbering.Company, Prefix: "55502", Length: 7},
	}
}
