package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
)

// mayBuyMinutes refuses who cannot use them.
func (n *Node) mayBuyMinutes(ctx context.Context, account string) error {
	if err := n.members.MayOrder(ctx, account); err != nil {
		return err
	}
	a, err := n.members.Account(ctx, member.System(), account)
	if err != nil {
		return err
	}
	if !a.Barred.IsZero() {
		return charging.Suspended(a.BarredWhy)
	}
	t, err := n.wallets.TermsOf(ctx, account)
	if err != nil || t.Suspended == "" {
		return err
	}
	return charging.Suspended(t.Suspended)
}

// taxLikeCalls is the tax on what has that of calls: packages, ID cards.
func (n *Node) taxLikeCalls(ctx context.Context, account string, net money.Amount) (shop.Tax, error) {
	r, err := n.taxes.OnCalls(ctx, account, n.opts.Now())
	return shop.Tax{Name: r.Name, Rate: r.Rate, Country: r.Country, Micros: tax.On(net, r.Rate).Micros}, err
}

// openPackages opens the sale of packages of minutes. Their tax is that of calls, on
// top of the price, at the country the buyer has then.
func (n *Node) openPackages() {
	n.bundles = bundle.New(n.store.Packages(), n.book, bundle.Config{
		Currency: n.currency(), Link: n.link, Buyer: n.mayBuyMinutes, Log: n.log, Now: n.opts.Now,
		Tax: n.taxLikeCalls,
	})
}
