package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/faces/api"
	"github.com/callisto-tel/callisto/platform/press"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/stripe"
)

// till is what a node has to do with money from outside and with papers.
type till struct {
	cashier *cashier.Service
	taxes   *tax.Table
	papers  *paper.Office
	printer *press.Press
	stripe  *stripe.Gateway // nil: no cards
	toCount chan struct{}   // something is to be counted at once
}

// openTaxes opens the table of taxes, which the shop asks.
func (n *Node) openTaxes() {
	country := func(ctx context.Context, account string) (string, error) {
		a, err := n.members.Account(ctx, member.System(), account)
		return a.Country, err
	}
	n.taxes = tax.New(n.store.Taxes(), country, n.plans.Country, n.opts.Now)
}

// openPapers opens the office that writes invoices and the press that draws them.
func (n *Node) openPapers() error {
	s := n.cfg.Seller
	seller := paper.Party{Name: s.Name, Address: strings.ReplaceAll(s.Address, ", ", "\n"), TaxID: s.TaxID, Email: s.Email}
	if seller.Name == "" {
		seller.Name = "Callisto"
		if !n.cfg.Dev {
			n.log.Warn("invoices do not say who sells: set seller in the configuration")
		}
	}
	n.papers = paper.New(n.store.Papers(), n.shop, n.store.Shop(), n.store.TelephoneNumbers(), n.store.Payments(), n.members, seller, n.link, n.opts.Now)
	var err error
	n.printer, err = press.New(n.link)
	return err
}

// counting finishes payments and papers that were begun. It asks the card
// company, which may be slow, and so is by itself: holds and registrations go
// on without it.
func (n *Node) counting(ctx context.Context) {
	often := time.NewTicker(5 * time.Second)
	defer often.Stop()
	for {
		if err := errors.Join(n.cashier.Resume(ctx), n.papers.Resume(ctx), n.billing.Settle(ctx)); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "payments or invoices could not be finished", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		case <-n.toCount:
		}
	}
}

// count has payments finished at once that were begun.
func (n *Node) count() {
	select {
	case n.toCount <- struct{}{}:
	default:
	}
}

// wanted has a wallet looked at, to be filled.
func (n *Node) wanted(account string) { n.wallets.Touched(account) }

// enclosures draws what goes with a letter.
type enclosures struct{ n *Node }

// PDF draws a paper by its number.
func (e enclosures) PDF(ctx context.Context, number string) (string, []byte, error) {
	x, err := e.n.papers.Paper(ctx, member.System(), number)
	if err != nil {
		return "", nil, err
	}
	file, err := e.n.printer.Paper(x)
	return strings.ReplaceAll(string(x.Kind), "_", "-") + "-" + x.Number + ".pdf", file, err
}

// openCashier opens the ways to pay that are set up.
func (n *Node) openCashier() {
	n.toCount = make(chan struct{}, 1)
	cfg := cashier.Config{Currency: n.currency(), Fresh: n.members.Fresh, Wanted: n.wanted, Link: n.link, Now: n.opts.Now}
	if s := n.cfg.Stripe; s.SecretKey != "" {
		n.stripe = stripe.New(stripe.Config{SecretKey: s.SecretKey, WebhookSecret: s.WebhookSecret, APIBase: s.APIBase, Link: n.link, Log: n.log})
		cfg.Gateway = n.stripe
	}
	cfg.Bank = n.bank()
	n.cashier = cashier.New(n.store.Payments(), n.shop, n.book, accounts{n.members, n.store.Members(), n.cfg.Dev}, cfg)
}

// cardMessages reads what the card company writes; nil if there is none.
func (n *Node) cardMessages() api.CardMessages {
	if n.stripe == nil {
		return nil
	}
	return n.stripe
}

// payHosts are where a buyer is sent to pay.
func (n *Node) payHosts() []string {
	switch {
	case n.stripe == nil:
		return nil
	case n.cfg.Stripe.APIBase != "":
		return []string{strings.TrimSuffix(n.cfg.Stripe.APIBase, "/")}
	default:
		return []string{"https://checkout.stripe.com"}
	}
}

// accounts tells the cashier who somebody is.
type accounts struct {
	*member.Service
	store *store.Members
	dev   bool
}

// Find is an account by its id or e-mail address.
func (a accounts) Find(ctx context.Context, who string) (member.Account, error) {
	x, found, err := a.store.Find(ctx, who)
	if err == nil && !found {
		err = fault.New(fault.Unknown, "account_unknown", "There is no account %s.", who)
	}
	return x, err
}

// Verified reports whether an account's e-mail address was confirmed; in dev
// every one is.
func (a accounts) Verified(ctx context.Context, account string) bool {
	return a.dev || a.Service.Verified(ctx, account)
}

// link is a page's address for people outside.
func (n *Node) link(path string) string { return n.url() + path }

// withdrawal is how long a buyer may withdraw; below zero: not at all.
func (n *Node) withdrawal() time.Duration {
	if d := n.cfg.Withdrawal(); d > 0 {
		return d
	}
	return -1
}

// bank is the account that money is sent to, and carriers are paid from; nil where
// none is set up.
func (n *Node) bank() *payment.BankAccount {
	b := n.cfg.Bank
	if b.IBAN == "" {
		return nil
	}
	return &payment.BankAccount{Name: b.Name, IBAN: b.IBAN, BIC: b.BIC, Holder: b.Holder}
}
