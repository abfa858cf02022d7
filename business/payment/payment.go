// Package payment is the vocabulary of paying: the ways to pay, and what is
// known of money that comes from outside. Who takes it is the cashier.
package payment

import (
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// Method is a way to pay.
type Method string

// The methods.
const (
	Wallet       Method = "wallet"
	Card         Method = "card"
	BankTransfer Method = "bank_transfer"
)

// Offer is which ways to pay are open at this operator. The wallet always is.
type Offer struct {
	Card bool
	Bank bool
}

// Methods returns what a buyer may choose. What is not offered is absent from
// pages, never shown greyed out.
func (o Offer) Methods() []Method {
	out := []Method{Wallet}
	if o.Card {
		out = append(out, Card)
	}
	if o.Bank {
		out = append(out, BankTransfer)
	}
	return out
}

// Check refuses a method that does not exist or is not offered here.
func (o Offer) Check(m Method) error {
	switch {
	case m == Wallet, m == Card && o.Card, m == BankTransfer && o.Bank:
		return nil
	case m == Card:
		return fault.New(fault.Unavailable, "method_unavailable", "Paying by card is not set up at this operator. Pay from your wallet instead.")
	case m == BankTransfer:
		return fault.New(fault.Unavailable, "method_unavailable", "Paying by bank transfer is not set up at this operator. Pay from your wallet instead.")
	default:
		return fault.New(fault.Invalid, "method_unknown", "%q is no way to pay. Use \"wallet\".", string(m)).
			WithFields(fault.Field{Name: "method", Text: "Use \"wallet\"."})
	}
}

// Checkout is a card payment a buyer was sent to.
type Checkout struct {
	ID      string // ours
	Order   string
	Account string
	Session string // the provider's
	URL     string
	Amount  money.Amount
	State   CheckoutState
	Expires time.Time
	Look    time.Time // when to ask the provider about it; zero: it is settled
	Created time.Time
}

// CheckoutState is where a checkout stands.
type CheckoutState string

// The states of a checkout.
const (
	Opening CheckoutState = "opening" // about to be opened at the provider, or being so
	Open    CheckoutState = "open"    // the buyer may pay
	Pending CheckoutState = "pending" // he paid in a way that takes days
	Paid    CheckoutState = "paid"
	Expired CheckoutState = "expired"
	Failed  CheckoutState = "failed"
)

// Session is what the provider says of a checkout.
type Session struct {
	ID       string
	Order    string // as we gave it
	Complete bool   // the buyer went through it
	Expired  bool
	Paid     bool   // the money is there
	Payment  string // the provider's id of the payment
	Amount   money.Amount
	Payer    string
}

// Incoming is money that came from outside. Its id is made of the provider's
// own, so that the same money is never taken twice.
type Incoming struct {
	ID        string // "card:pi_…", "bank:…"
	Method    Method
	Account   string // whose; "" nobody knows
	Order     string // what for; "" nobody knows
	Amount    money.Amount
	Payer     string
	Reference string
	State     IncomingState
	Note      string // why it did not pay the order
	SentBack  int64  // micros we sent back
	Taken     int64  // micros the provider took back without us: a refund made there
	Dispute   string // "", open, won, lost
	Received  time.Time
}

// IncomingState is where money stands.
type IncomingState string

// The states of money.
const (
	New       IncomingState = "new"       // known, not in the book yet
	Unmatched IncomingState = "unmatched" // in the book, nobody's
	Booked    IncomingState = "booked"    // in a wallet, its order not looked at yet
	Used      IncomingState = "used"      // it paid its order
	Kept      IncomingState = "kept"      // it stayed in the wallet
)

// CardID is the id of money by card.
func CardID(payment string) string { return "card:" + payment }

// Event is a message of the provider.
type Event struct {
	ID      string
	Kind    string
	At      time.Time
	Session *Session
	Failed  bool   // with Session: the payment that took days failed
	Setup   string // a session in which a card was saved
	Charged *Charged
	Refund  *Refund
	Dispute *Dispute
}

// Refund is what was given back of a payment so far, by whomever.
type Refund struct {
	Payment string
	Total   money.Amount
}

// Dispute is a payment that its payer contests at his bank.
type Dispute struct {
	ID      string
	Payment string
	Amount  money.Amount
	Closed  bool
	Won     bool
}
