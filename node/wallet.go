package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/wallet"
)

// meter is charging, with a word to the wallet's side after each call.
type meter struct {
	*charging.Service
	wallets *wallet.Service
}

// Settle books a call, and has its payer told if little is left now.
func (m meter) Settle(ctx context.Context, hold string, r cdr.Record) (cdr.Record, error) {
	payer := m.Payer(hold)
	out, err := m.Service.Settle(ctx, hold, r)
	switch {
	case err != nil || payer.Account == "":
	case r.Cause == cdr.Unpaid && r.Answered():
		m.wallets.WasCut(payer.Account, payer.To)
	case !out.Charge.Zero():
		m.wallets.Touched(payer.Account)
	}
	return out, err
}

// openWallet opens the wallet of an account that exists.
func (n *Node) openWallet(ctx context.Context, account string) error {
	a, err := n.members.Account(ctx, member.System(), account)
	if err != nil {
		return err
	}
	if !a.Erased.IsZero() {
		return fault.New(fault.Unknown, "account_unknown", "There is no account %s.", account)
	}
	return n.book.OpenWallet(ctx, account, money.Amount{Currency: n.currency()})
}
