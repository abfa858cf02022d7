package cashier

import (
	"context"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
)

// Range is how much may be added to a wallet at a time.
func (s *Service) Range() payment.Range { return payment.RangeOf(s.cfg.Currency) }

// TopUp begins to add money to the actor's own wallet: by card the way says where
// to pay, by bank transfer what to write on it. The amount of a transfer is
// whatever its sender chooses; of a card it must be within the range.
func (s *Service) TopUp(ctx context.Context, by member.Actor, m payment.Method, amount money.Amount) (*Way, error) {
	if by.Account == "" {
		return nil, fault.New(fault.Forbidden, "not_yours", "Sign in to add money to your wallet.")
	}
	if m == payment.Wallet {
		return nil, fault.New(fault.Invalid, "method_unknown", "A wallet cannot be filled from itself. Pay by card or by bank transfer.")
	}
	if err := s.Offer().Check(m); err != nil {
		return nil, err
	}
	if m == payment.BankTransfer {
		t, err := s.reference(ctx, payment.TopUp(by.Account))
		if err != nil {
			return nil, err
		}
		return &Way{Method: m, Bank: s.cfg.Bank, Reference: t.Reference}, nil
	}
	if err := s.Range().Check(amount); err != nil {
		return nil, err
	}
	c, err := s.checkout(ctx, shop.Order{ID: payment.TopUp(by.Account), Account: by.Account, AmountDue: amount})
	if err != nil {
		return nil, err
	}
	if c.State == payment.Opening {
		if c, err = s.open(ctx, c, "Callisto wallet"); err != nil {
			return nil, err
		}
	}
	return &Way{Method: m, URL: c.URL, Expires: c.Expires}, nil
}

// LookTopUp asks the provider now whether the actor's card payment was made.
func (s *Service) LookTopUp(ctx context.Context, by member.Actor) error {
	return s.Look(ctx, payment.TopUp(by.Account))
}

// Standing is the reference of the actor's own for transfers; nil: he has not
// asked for one yet.
func (s *Service) Standing(ctx context.Context, by member.Actor) (w *Way, err error) {
	if s.cfg.Bank == nil {
		return nil, nil //nolint:nilnil // no way
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		t, found, err := tx.Transfer(ctx, payment.TopUp(by.Account))
		if w = nil; found {
			w = &Way{Method: payment.BankTransfer, Bank: s.cfg.Bank, Reference: t.Reference}
		}
		return err
	})
	return w, err
}

// added ends what is to be done with money that was added to a wallet: it is
// there, and its receipt is to be written.
func (s *Service) added(ctx context.Context, in payment.Incoming) error {
	return s.store.Do(ctx, func(tx Tx) error {
		x, _, err := tx.Incoming(ctx, in.ID)
		if err != nil || x.State != payment.Booked {
			return err
		}
		x.State = payment.Kept
		if err := tx.ChangeIncoming(ctx, x); err != nil {
			return err
		}
		if err := tx.ToppedUp(ctx, x, s.cfg.Now()); err != nil {
			return err
		}
		return tx.Enqueue(ctx, payment.TopicReceipt, in.ID)
	})
}

// recover takes money that its payer has back, or contests, out of the wallet it
// was added to, as far as it is still there: what bought a number is not touched.
func (s *Service) recover(ctx context.Context, in payment.Incoming, key string, most money.Amount) (money.Amount, error) {
	if _, ok := payment.TopUpOf(in.Order); !ok {
		return money.Amount{}, nil
	}
	return s.book.TransferUpTo(ctx, ledger.Transfer{Key: key, Kind: "claim", Ref: in.ID, Memo: "Taken back by the payer's bank",
		From: ledger.WalletID(in.Account, most.Currency), To: ledger.ClaimAccount(most.Currency), Amount: most})
}

// restore ends what recover took for a dispute: it is the member's again if that
// was won, and makes our loss smaller if it was lost.
func (s *Service) restore(ctx context.Context, d *payment.Dispute, taken string, took money.Amount) error {
	kept := "kept:" + d.ID
	if d.Won {
		_, err := s.book.Reverse(ctx, kept, taken, "Dispute won")
		if fault.KindOf(err) == fault.Unknown {
			return nil // nothing was taken
		}
		return err
	}
	if took.Zero() {
		return nil
	}
	return s.book.Transfer(ctx, ledger.Transfer{Key: kept, Kind: "claim", Ref: d.ID, Memo: "Dispute lost",
		From: ledger.ClaimAccount(took.Currency), To: ledger.LossAccount(took.Currency), Amount: took})
}
