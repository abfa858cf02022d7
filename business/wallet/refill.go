package wallet

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// RefillTx is what a transaction may do with wallets that are filled by themselves.
type RefillTx interface {
	// Auto is how a wallet is, which nobody else changes until the end of the transaction.
	Auto(ctx context.Context, account string) (payment.Auto, bool, error)
	PutAuto(ctx context.Context, a payment.Auto) error
	// Hindered tells that a card must not be charged now: a payment is contested, or
	// the account may not spend.
	Hindered(ctx context.Context, account string) (bool, error)
	// Charged is what was charged since an instant, or is about to be.
	Charged(ctx context.Context, account string, since time.Time) (int64, error)
	// OrderCharge is false if one waits already.
	OrderCharge(ctx context.Context, c payment.AutoCharge) (bool, error)
}

// refill orders money once when less is left to spend than the holder's rule says:
// not again until there was more and it fell again. What is held for calls under
// way counts as spent, so that the money comes before a call has to be cut. What
// cannot be ordered now stays to be.
//
// coming says that money is on its way.
func (s *Service) refill(ctx context.Context, tx Tx, account string, a ledger.Account, entries int64) (ordered, coming bool, err error) {
	auto, found, err := tx.Auto(ctx, account)
	if err != nil || !found || !auto.On {
		return false, false, err
	}
	highest, moved, err := tx.Highest(ctx, a.ID, auto.Seen)
	if err != nil {
		return false, false, err
	}
	was := auto
	free, below := a.Available(), auto.Rule.Below.Micros
	auto.Armed = auto.Armed || free >= below || moved && highest-a.Floor >= below
	auto.Seen = entries
	if auto.Armed && free < below {
		if ordered, err = s.order(ctx, tx, auto); err != nil {
			return false, false, err
		}
		auto.Armed = !ordered
	}
	if auto == was {
		return false, !auto.Armed, nil
	}
	return ordered, !auto.Armed, tx.PutAuto(ctx, auto)
}

// order orders a charge, if it may be.
func (s *Service) order(ctx context.Context, tx Tx, auto payment.Auto) (bool, error) {
	if hindered, err := tx.Hindered(ctx, auto.Account); err != nil || hindered {
		return false, err
	}
	now := s.cfg.Now()
	already, err := tx.Charged(ctx, auto.Account, payment.AutoMonth(now))
	if err != nil || already+auto.Rule.Add.Micros > auto.Rule.Most.Micros {
		return false, err
	}
	return tx.OrderCharge(ctx, payment.AutoCharge{
		ID: ident.New("act", now), Account: auto.Account, Customer: auto.Customer, Method: auto.Card.Method, Amount: money.Amount{Currency: s.cfg.Currency, Micros: auto.Rule.Add.Micros},
		State: payment.ChargeWaiting, Due: now, Created: now,
	})
}

// Held says that money of an account is held for a call: if its wallet is filled by
// itself, it may be time for that. It does not wait.
func (s *Service) Held(account string) { s.tell(touch{account: account, held: true}) }

// wants reports whether there is something to order for an account.
func (s *Service) wants(ctx context.Context, account string) (bool, error) {
	list, err := s.store.Wanting(ctx, s.cfg.Currency, account, "", 1)
	return len(list) > 0, err
}

// sweepRefills looks at wallets that want money: also of what is held no entry
// tells, and what was kept back may be ordered by now.
func (s *Service) sweepRefills(ctx context.Context) error {
	for after := ""; ; {
		list, err := s.store.Wanting(ctx, s.cfg.Currency, "", after, sweepMost)
		if err != nil {
			return err
		}
		for _, account := range list {
			if err := s.look(ctx, touch{account: account}); err != nil {
				return err
			}
			after = account
		}
		if len(list) < sweepMost {
			return nil
		}
	}
}
