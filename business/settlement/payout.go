package settlement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// Payee is where a carrier's money goes.
type Payee struct {
	Carrier string
	Name    string // of the account's holder
	IBAN    string
	BIC     string // may be left out within SEPA
}

// Payout is money on its way to a carrier, or two debts set against each other.
type Payout struct {
	ID        string
	Carrier   string
	Amount    money.Amount
	Payee     Payee // as it was then
	Reference string
	State     PayoutState
	By        string
	At        time.Time
	Netted    bool // no money moves
}

// PayoutState is how a payout stands.
type PayoutState string

// The states.
const (
	Ordered   PayoutState = "ordered"   // may be taken into a payment file
	Paid      PayoutState = "paid"      // the bank did it: booked against the payable
	Cancelled PayoutState = "cancelled" // it was not
)

// Payouts keep payouts and payees.
type Payouts interface {
	Payee(ctx context.Context, carrier string) (Payee, bool, error)
	PutPayee(ctx context.Context, p Payee) error
	// Payouts lists them, the latest first; of a state, or of all.
	Payouts(ctx context.Context, state PayoutState, limit int) ([]Payout, error)
}

// SetPayee says where a carrier's money goes.
func (s *Service) SetPayee(ctx context.Context, by member.Actor, p Payee) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	p.Name, p.IBAN, p.BIC = strings.TrimSpace(p.Name), strings.ToUpper(strings.ReplaceAll(p.IBAN, " ", "")), strings.ToUpper(strings.ReplaceAll(p.BIC, " ", ""))
	switch {
	case p.Name == "" || len([]rune(p.Name)) > 70:
		return fault.New(fault.Invalid, "payee", "The holder's name has 1 to 70 letters.").WithFields(fault.Field{Name: "name", Text: "1 to 70 letters."})
	case !payment.CheckIBAN(p.IBAN):
		return fault.New(fault.Invalid, "iban", "This is no IBAN: its check digits do not fit. Copy it from the carrier's invoice.").WithFields(fault.Field{Name: "iban", Text: "The check digits do not fit."})
	case p.BIC != "" && (len(p.BIC) != 8 && len(p.BIC) != 11 || strings.Trim(p.BIC, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != ""):
		return fault.New(fault.Invalid, "bic", "A BIC has 8 or 11 letters and digits.").WithFields(fault.Field{Name: "bic", Text: "8 or 11 letters and digits."})
	}
	return s.payouts.PutPayee(ctx, p)
}

// Payee is where a carrier's money goes; empty if nobody said.
func (s *Service) Payee(ctx context.Context, by member.Actor, carrier string) (Payee, error) {
	if err := by.OperatorOnly(); err != nil {
		return Payee{}, err
	}
	p, _, err := s.payouts.Payee(ctx, carrier)
	p.Carrier = carrier
	return p, err
}

// Balance is what is owed between us and a carrier in a currency.
type Balance struct {
	Currency   money.Currency
	Payable    int64 // micros we owe
	Ordered    int64 // of it, on its way
	Receivable int64 // they owe
}

// Balances are those with a carrier, by currency.
func (s *Service) Balances(ctx context.Context, by member.Actor, carrier string) ([]Balance, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.store.Balances(ctx, carrier)
}

// Order orders a payment of what we owe: at most that, and what is ordered already
// is not owed again. once may be the id that it gets: an order that is sent again
// with it is the same.
func (s *Service) Order(ctx context.Context, by member.Actor, carrier string, amount money.Amount, reference, once string) (p Payout, err error) {
	if err := by.OperatorOnly(); err != nil {
		return p, err
	}
	if amount.Micros <= 0 {
		return p, fault.New(fault.Invalid, "amount", "The amount is not above zero.")
	}
	if _, err := amount.Minor(); err != nil {
		return p, fault.New(fault.Invalid, "amount", "A bank pays whole cents: leave the rest on the account.")
	}
	if reference = strings.TrimSpace(reference); len(reference) > 140 {
		return p, fault.New(fault.Invalid, "reference", "A reference has at most 140 letters.")
	}
	if once == "" {
		once = NewPayout(s.now())
	}
	if !ident.Is("out", once) {
		return p, fault.New(fault.Invalid, "once", "The form is not one of ours. Load the page again.")
	}
	payee, found, err := s.payouts.Payee(ctx, carrier)
	if err != nil {
		return p, err
	}
	if !found {
		return p, fault.New(fault.Invalid, "payee", "Say first to which bank account the carrier is paid.")
	}
	p = Payout{ID: once, Carrier: carrier, Amount: amount, Payee: payee, Reference: reference, State: Ordered, By: by.Name, At: s.now()}
	err = s.store.Do(ctx, func(tx Tx) error {
		owed, err := s.owed(ctx, tx, carrier, amount.Currency)
		if err != nil {
			return err
		}
		old, ordered, err := tx.LockPayout(ctx, p.ID)
		if err != nil {
			return err
		}
		if ordered {
			if old.Carrier != carrier || old.Amount != amount || old.Netted {
				return fault.New(fault.Conflict, "payout_ordered", "This form has ordered another payment already. Load the page again.")
			}
			p = old
			return nil
		}
		if owed < amount.Micros {
			return fault.New(fault.Conflict, "not_owed", "Only %s is owed and not ordered yet.", money.Amount{Currency: amount.Currency, Micros: max(0, owed)}.String())
		}
		return tx.PutPayout(ctx, p)
	})
	return p, err
}

// NewPayout is an id for a payment that is to be ordered once.
func NewPayout(now time.Time) string { return ident.New("out", now) }

// owed is what is payable and not ordered yet; the account stays locked.
func (s *Service) owed(ctx context.Context, tx Tx, carrier string, c money.Currency) (int64, error) {
	a, _, err := tx.Lock(ctx, PayableAccount(carrier, c))
	if err != nil {
		return 0, err
	}
	ordered, err := tx.OrderedPayouts(ctx, carrier, c)
	return a.Balance - ordered, err
}

// Done books a payout that the bank made, once; Cancel forgets one that it did not.
func (s *Service) Done(ctx context.Context, by member.Actor, id string) (Payout, error) {
	return s.end(ctx, by, id, Paid)
}

// Cancel forgets a payout that was not made.
func (s *Service) Cancel(ctx context.Context, by member.Actor, id string) (Payout, error) {
	return s.end(ctx, by, id, Cancelled)
}

func (s *Service) end(ctx context.Context, by member.Actor, id string, state PayoutState) (p Payout, err error) {
	if err := by.OperatorOnly(); err != nil {
		return p, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		var found bool
		if p, found, err = tx.LockPayout(ctx, id); err != nil {
			return err
		}
		switch {
		case !found:
			return fault.New(fault.Unknown, "payout_unknown", "There is no such payment.")
		case p.State == state:
			return nil
		case p.State == Paid:
			return fault.New(fault.Conflict, "payout_ended", "The payment is booked as paid already.")
		case p.State == Cancelled:
			return fault.New(fault.Conflict, "payout_ended", "The payment was cancelled.")
		}
		p.State, p.By = state, by.Name
		if state == Paid {
			clearing := ledger.ClearingAccount(string(payment.BankTransfer), p.Amount.Currency)
			if err := tx.Open(ctx, ledger.Account{ID: clearing, Kind: ledger.Clearing, Currency: p.Amount.Currency, Floor: ledger.Unbounded, Opened: s.now()}); err != nil {
				return err
			}
			_, err = s.book.PostIn(ctx, tx, ledger.Posting{Key: "payout:" + p.ID, Kind: "payout", Ref: p.Carrier, Memo: p.Reference, Entries: []ledger.Entry{
				{Account: PayableAccount(p.Carrier, p.Amount.Currency), Amount: p.Amount.Neg()}, {Account: clearing, Amount: p.Amount},
			}})
			if err != nil {
				return err
			}
		}
		return tx.ChangePayout(ctx, p)
	})
	return p, err
}

// Net sets what we owe a carrier against what it owes us in a currency, as far as
// both go.
func (s *Service) Net(ctx context.Context, by member.Actor, carrier string, c money.Currency) (p Payout, err error) {
	if err := by.OperatorOnly(); err != nil {
		return p, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		owed, err := s.owed(ctx, tx, carrier, c)
		if err != nil {
			return err
		}
		r, _, err := tx.Lock(ctx, ReceivableAccount(carrier, c))
		if err != nil {
			return err
		}
		x := money.Amount{Currency: c, Micros: min(owed, -r.Balance)}
		if x.Micros <= 0 {
			return fault.New(fault.Conflict, "nothing_to_net", "One of the two owes the other nothing in %s.", string(c))
		}
		p = Payout{ID: ident.New("out", s.now()), Carrier: carrier, Amount: x, State: Paid, By: by.Name, At: s.now(), Netted: true}
		_, err = s.book.PostIn(ctx, tx, ledger.Posting{Key: "payout:" + p.ID, Kind: "netting", Ref: carrier, Memo: "Set against each other", Entries: []ledger.Entry{
			{Account: PayableAccount(carrier, c), Amount: x.Neg()}, {Account: ReceivableAccount(carrier, c), Amount: x},
		}})
		if err != nil {
			return err
		}
		return tx.PutPayout(ctx, p)
	})
	return p, err
}

// Payouts lists them.
func (s *Service) Payouts(ctx context.Context, by member.Actor, state PayoutState) ([]Payout, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.payouts.Payouts(ctx, state, 500)
}

// File writes the ordered payouts in euros as a payment file for our bank, which
// may be written again: each payout has the same id in it.
func (s *Service) File(ctx context.Context, by member.Actor) ([]byte, error) {
	list, err := s.Payouts(ctx, by, Ordered)
	if err != nil {
		return nil, err
	}
	if s.cfg.Bank == nil {
		return nil, fault.New(fault.Unavailable, "bank", "The house has no bank account in its configuration, from which carriers could be paid.")
	}
	var euros []Payout
	for _, p := range list {
		if p.Amount.Currency == "EUR" {
			euros = append(euros, p)
		}
	}
	if len(euros) == 0 {
		return nil, fault.New(fault.Conflict, "nothing_ordered", "No payment in euros is ordered. Payments in other currencies are in the list that is downloaded as CSV.")
	}
	return Pain001(*s.cfg.Bank, euros, s.now())
}

func paymentWhat(p Payout) string {
	if p.Reference != "" {
		return p.Reference
	}
	return fmt.Sprintf("Settlement %s", p.ID)
}
