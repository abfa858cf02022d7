// Package shop sells world numbers: what is in stock, the approval policy, and
// the order from request to sale. Each step is a stored event with its time
// and actor; none are merged.
package shop

import (
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// State is where an order stands.
type State string

// The states (S2).
const (
	Requested       State = "requested"
	InReview        State = "in_review"
	Approved        State = "approved"
	Rejected        State = "rejected"
	AwaitingPayment State = "awaiting_payment"
	Paid            State = "paid"
	Sold            State = "sold"
	Expired         State = "expired"
	Cancelled       State = "cancelled"
	Refunded        State = "refunded"
)

// Final reports whether nothing follows but a refund.
func (s State) Final() bool {
	switch s {
	case Rejected, Sold, Expired, Cancelled, Refunded:
		return true
	default:
		return false
	}
}

// HoldFor is how long an approved number is kept for its buyer.
const HoldFor = 35 * time.Minute

// ReviewFor is how long a number is kept while a person decides.
const ReviewFor = 5 * 24 * time.Hour

// Order is one sale, from request on.
type Order struct {
	ID        string
	Account   string
	Number    numbering.Number
	Country   string   // ISO
	Countries []string // company: offices besides the home one
	Refuse    bool     // company: calls for other countries are refused instead of going to the home office
	State     State
	Reason    fault.Reason // of a rejection; also warnings of an approval
	AmountDue money.Amount
	HeldUntil time.Time // zero: not held
	Created   time.Time
	Updated   time.Time
}

// Event is one step of an order.
type Event struct {
	Order string
	Seq   int
	State State  // the state it led to
	Code  string // what happened: "requested", "approved", "selected", "settlement_requested", "paid", …
	Text  string
	Actor string // account id, or "system"
	At    time.Time
}

// StockItem is a number one can buy.
type StockItem struct {
	Number  numbering.Number
	Country string // ISO
	Price   money.Amount
}

// Query is a search. Pattern is Contains, Starts or Ends, with * and ? as
// wildcards in Contains.
type Query struct {
	Country  string // ISO or calling code; "" is all
	Kind     numbering.Kind
	Contains string
	Starts   string
	Ends     string
	Cursor   string
	Limit    int
}

// Page is a part of a search's result. Next is "" at the end.
type Page struct {
	Items []StockItem
	Next  string
}

// Request is what a buyer asks for.
type Request struct {
	Kind      numbering.Kind
	Country   string // ISO or calling code
	National  string // or a company's root
	Countries []string
	Refuse    bool
}
