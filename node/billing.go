package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/wallet"
)

// openBilling opens what asks members for their calls, and what accountants read.
func (n *Node) openBilling() (err error) {
	n.papers.OnCredit(func(ctx context.Context, account string) (bool, error) {
		t, err := n.wallets.TermsOf(ctx, account)
		return t.Kind == wallet.Postpaid, err
	})
	n.papers.Invoices(n.store.Packages())
	n.papers.InvoicesOf(n.store.IDCards())
	n.billing = billing.New(n.store.Billing(), n.book, n.papers, n.taxes, n.wallets, billing.Config{
		Currency: n.currency(), Link: n.link, Country: n.countryOf, Bank: n.bankFor, Steps: n.cfg.Billing.Steps(), Log: n.log, Now: n.opts.Now,
	})
	worth := func() map[money.Currency]rating.Exchange { return n.tariffs.Decks().Exchange }
	n.accounting, err = accountingOf(n.store, worth, n.cfg, n.currency(), n.opts.Now)
	return err
}

// countryOf is that of an ordinary telephone number, with +.
func (n *Node) countryOf(e164 string) string {
	code, national, _ := n.plans.SplitE164(e164[1:])
	iso, ok := n.plans.Valid(code, national)
	if !ok {
		if all := n.plans.CountriesOf(e164[1:]); len(all) == 1 {
			return all[0]
		}
	}
	return iso
}

// bankFor is where an account can send money, by the reference that is always its
// own; nil where transfers are not taken.
func (n *Node) bankFor(ctx context.Context, account string) (*paper.Bank, error) {
	if n.bank() == nil {
		return nil, nil //nolint:nilnil // none
	}
	w, err := n.cashier.TopUp(ctx, member.Actor{Account: account, Role: member.Customer}, payment.BankTransfer, money.Amount{})
	if err != nil {
		return nil, err
	}
	return &paper.Bank{Holder: w.Bank.Holder, IBAN: w.Bank.IBAN, BIC: w.Bank.BIC, Name: w.Bank.Name, Reference: w.Reference}, nil
}
