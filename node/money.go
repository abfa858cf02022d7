package node

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/faces/api"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/stripe"
)

// openCashier opens the ways to pay that are set up.
func (n *Node) openCashier() {
	cfg := cashier.Config{Currency: n.currency(), Link: n.link, Now: n.opts.Now}
	if s := n.cfg.Stripe; s.SecretKey != "" {
		n.stripe = stripe.New(stripe.Config{SecretKey: s.SecretKey, WebhookSecret: s.WebhookSecret, APIBase: s.APIBase, Link: n.link, Log: n.log})
		cfg.Gateway = n.stripe
	}
	if b := n.cfg.Bank; b.IBAN != "" {
		cfg.Bank = &payment.BankAccount{Name: b.Name, IBAN: b.IBAN, BIC: b.BIC, Holder: b.Holder}
	}
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
