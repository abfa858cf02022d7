package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/terminal"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/seal"
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
	if n.seal, err = seal.Open(n.cfg.Data); err != nil {
		return err
	}
	n.passes = terminal.New(n.seal, n.opts.Now)
	n.roster.OnSignedOut(n.signedOut)
	if n.cfg.Dev {
		n.roster.SendToUnproved()
	}
	if err := n.openBus(ctx); err != nil {
		return err
	}
	if err := n.roster.Load(ctx, n.store.Roster()); err != nil {
		return err
	}
	n.ways = routing.NewWays()
	if n.cfg.Dev {
		n.ways.SetFree()
	}
	n.tables = &routing.Tables{Plans: n.plans, Centers: n.centers, Sold: n.roster.Numbers, Bindings: n.bindings, Ways: n.ways, Names: n.roster.Names, Ours: n.ours, Known: n.roster, Lines: n.roster}
	if err := n.openShop(ctx); err != nil {
		return err
	}
	cfg := member.Config{Plans: n.plans, Centers: centers, Realm: n.realm, Gift: money.Amount{Currency: n.currency()}, Now: n.opts.Now,
		MustConfirm: !n.cfg.Dev, Estate: estate{n}, Proved: n.provedFor, Rented: n.rented, Link: n.link}
	if n.cfg.Dev {
		cfg.Spare = loopback
		cfg.Gift = welcome(n.currency())
	}
	n.members = member.New(n.store.Members(), n.book, n.roster, cfg)
	n.openPINs()
	n.openSetups()
	n.openCashier()
	if err := n.openPapers(); err != nil {
		return fmt.Errorf("the invoices: %w", err)
	}
	n.recorder = store.NewRecorder(lamps{n.store.Calls(), n})
	if err := n.openGuard(ctx); err != nil {
		return err
	}
	n.charging = charging.Guarded(n.store.Charging(), n.book, n.guard, n.log, n.opts.Now)
	n.wallets = wallet.New(n.store.Wallets(), wallet.Config{Currency: n.currency(), Link: n.link, Open: n.openWallet, Ordered: n.count, Log: n.log, Now: n.opts.Now})
	n.openPackages()
	if err := n.openIDCards(ctx); err != nil {
		return err
	}
	return n.openBilling()
}

// openShop opens the shop with what the operator has put up for sale.
func (n *Node) openShop(ctx context.Context) error {
	buyer := func(ctx context.Context, account string) error { return n.members.MayOrder(ctx, account) }
	n.openTaxes()
	n.shop = shop.New(n.store.Shop(), n.book, shop.Policy{Taxes: n.taxes, Plans: n.plans, Currency: n.currency(), URL: n.url(), Buyer: buyer, Withdraw: n.withdrawal(), Proved: n.proved}, n.roster, n.opts.Now)
	n.openHooks()
	n.files = shop.NewFiles(n.shop, n.store.Documents(n.seal), n.opts.Now)
	n.desk = shop.NewDesk(n.shop, n.store.Catalogue(), n.centers.Countries, n.roster.CatalogueChanged, n.opts.Now)
	n.roster.OnCatalogue(func() {
		if err := n.desk.Load(context.WithoutCancel(ctx)); err != nil {
			n.log.Warn("what is for sale was changed elsewhere and could not be read", "error", err)
		}
		if n.access != nil {
			n.rereadVoice(context.WithoutCancel(ctx))
		}
	})
	if n.cfg.Dev {
		if err := n.desk.Seed(ctx, devStock()); err != nil {
			return err
		}
	}
	return n.desk.Load(ctx)
}

// devStock is what a new `callisto dev` sells: identification blocks whose
// numbers are possible in neither country's plan, for people and for companies.
func devStock() shop.Catalogue {
	return shop.Catalogue{
		Systems: []shop.System{
			{Country: "KR", Individual: true, OwnPhone: true, Company: true},
			{Country: "US", Individual: true, OwnPhone: true, Company: true},
		},
		Blocks: []shop.Block{
			{ID: "dev-kr", Country: "KR", Kind: numbering.Individual, Prefix: "7", Length: 7},
			{ID: "dev-us", Country: "US", Kind: numbering.Individual, Prefix: "75", Length: 8},
			{ID: "dev-kr-company", Country: "KR", Kind: numbering.Company, Prefix: "55501", Length: 7},
			{ID: "dev-us-company", Country: "US", Kind: numbering.Company, Prefix: "55502", Length: 7},
		},
		Prices: shop.DefaultPrices(),
	}
}

// loopback is this machine: nobody on it is kept waiting in dev.
func loopback(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.IsLoopback()
}

// ours reports whether the host of an address means us.
func (n *Node) ours(host string) bool {
	return strings.EqualFold(host, n.realm) || n.cfg.SIPDomain() != "" && strings.EqualFold(host, n.cfg.SIPDomain())
}
