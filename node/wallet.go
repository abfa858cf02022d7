package node

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/wallet"
)

// meter is charging, with a word to the wallet's side when money is held for a call
// and when it is booked, to who tells members what is used of their
// packages, and to the telephones of who missed it.
type meter struct {
	*charging.Service
	wallets *wallet.Service
	bundles *bundle.Service
	missed  func(*cdr.Record)
}

// Reserve holds money for a call; it may be time to fill the wallet.
func (m meter) Reserve(ctx context.Context, a charging.Ask) (charging.Lease, error) {
	l, err := m.Service.Reserve(ctx, a)
	m.wallets.Held(a.Account) // also if there was too little
	return l, err
}

// Extend holds more.
func (m meter) Extend(ctx context.Context, hold string, answer time.Time) (charging.Lease, error) {
	l, err := m.Service.Extend(ctx, hold, answer)
	if payer := m.Payer(hold); payer.Account != "" {
		m.wallets.Held(payer.Account)
	}
	return l, err
}

// Settle books a call, and has its payer told if little is left now.
func (m meter) Settle(ctx context.Context, hold string, r cdr.Record) (cdr.Record, error) {
	payer := m.Payer(hold)
	out, err := m.Service.Settle(ctx, hold, r)
	if err == nil && len(out.Packages) > 0 {
		m.bundles.Touched(payer.Account)
	}
	if err == nil && payer.Account != "" && !out.Charge.Zero() {
		m.wallets.Touched(payer.Account)
	}
	if err == nil {
		m.missed(&out)
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
