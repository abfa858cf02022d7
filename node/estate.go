package node

import (
	"context"
	"fmt"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// estate is what an account owns, for who erases it: its wallet and its numbers.
type estate struct{ n *Node }

// orders yields the orders by which an account has or awaits a number.
func (e estate) orders(ctx context.Context, account string, yield func(shop.Order) error) error {
	for cursor := ""; ; {
		list, next, err := e.n.shop.Orders(ctx, member.System(), account, cursor, 200)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.State == shop.Sold && o.Standing != shop.Quarantined || !o.State.Final() {
				if err := yield(o); err != nil {
					return err
				}
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

func (e estate) Left(ctx context.Context, account string) (member.Left, error) {
	var left member.Left
	var err error
	left.Money, err = e.n.book.Balance(ctx, ledger.WalletID(account, e.n.currency()))
	if err != nil && fault.KindOf(err) != fault.Unknown {
		return left, err
	}
	left.Money.Currency = e.n.currency()
	err = e.orders(ctx, account, func(o shop.Order) error {
		left.Numbers = append(left.Numbers, o.Number.Display())
		return nil
	})
	if err != nil {
		return left, err
	}
	rented, err := e.n.dids.Rented(ctx, account)
	for _, n := range rented {
		left.Numbers = append(left.Numbers, numbering.Spaced(n.E164))
	}
	return left, err
}

// GiveUp returns every number, then the money: what is in the wallet is ours after it.
func (e estate) GiveUp(ctx context.Context, by member.Actor) error {
	if err := e.n.names.RemoveAll(ctx, by.Account); err != nil {
		return err
	}
	err := e.orders(ctx, by.Account, func(o shop.Order) error {
		var err error
		if o.State == shop.Sold {
			_, err = e.n.shop.GiveUp(ctx, by, o.ID)
		} else {
			_, err = e.n.shop.Cancel(ctx, by, o.ID)
		}
		return err
	})
	if err == nil {
		err = e.n.dids.LetAllGo(ctx, by.Account)
	}
	if err != nil {
		return err
	}
	c := e.n.currency()
	wallet := ledger.WalletID(by.Account, c)
	rest, err := e.n.book.Balance(ctx, wallet)
	if fault.KindOf(err) == fault.Unknown && err != nil || err == nil && rest.Micros <= 0 {
		return nil
	}
	if err != nil {
		return err
	}
	err = e.n.book.Transfer(ctx, ledger.Transfer{
		Key: "forfeit:" + by.Account + ":" + rest.String(), Kind: "forfeit", Ref: by.Account, Memo: "Given up with the account",
		From: wallet, To: ledger.RevenueAccount(c, by.Account), Amount: rest,
	})
	if err != nil {
		return fmt.Errorf("book what %s gave up: %w", by.Account, err)
	}
	return nil
}
