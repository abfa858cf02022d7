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

// MostHolds is how many numbers one account may keep without paying: with more
// one could keep a whole block from everybody.
const MostHolds = 20

// Order is one sale, from request on.
type Order struct {
	ID         string
	Account    string
	Number     numbering.Number
	Country    string   // ISO
	Countries  []string // company: offices besides the home one
	Refuse     bool     // company: calls for other countries are refused instead of going to the home office
	Proved     bool     // the holder proved it as his own telephone number
	OffIn      []string // dial countries where the typed form is switched off
	State      State
	Reason     fault.Reason // of a rejection; also warnings of an approval
	Class      Class        // how easy the number is to remember
	Setup      int64        // micros of AmountDue's currency, once
	Yearly     int64        // micros, each year
	Tax        Tax          // what of AmountDue is tax
	AmountDue  money.Amount // setup, the first year and tax
	Method     string       // how it is paid, once that is chosen
	PaidBy     string       // the money from outside that paid it; "" is the wallet
	HeldUntil  time.Time    // zero: not held
	Extended   bool         // the hold was made longer once, for a payment under way
	Standing   Standing     // of a sold number
	Until      time.Time    // a sold number: the next yearly fee is due; zero: there is none
	ProveBy    time.Time    // an own telephone has to be proved again until then; zero: it need not
	ProveAsked int          // days before ProveBy of the last reminder; 0: none yet
	Fee        int64        // micros of the next year: as the last reminder said, or as the year before
	Reminded   int          // days before Until of the last reminder; 0: none yet
	Settling   bool         // a payment or refund is under way; the hold cannot expire
	Version    int64        // counts changes; a change of an older version is refused
	Created    time.Time
	Updated    time.Time
}

// Tax is what an amount holds of it.
type Tax struct {
	Name    string // as on the invoice: "VAT"; "" is none
	Rate    int64  // millionths: 100000 is 10 %
	Country string // whose tax it is, ISO
	Micros  int64
}

// Numbers returns the world numbers the order stands for: one, or one for each
// office of a company, the home office first.
func (o Order) Numbers(callingCode func(iso string) string) map[string]numbering.Number {
	out := map[string]numbering.Number{o.Country: o.Number}
	for _, iso := range o.Countries {
		if cc := callingCode(iso); cc != "" && iso != o.Country {
			out[iso] = numbering.Number{Kind: o.Number.Kind, CallingCode: cc, National: o.Number.National}
		}
	}
	return out
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
	Price   Price
}

// Block is a range of numbers for sale: every national number (or company
// root) that begins with Prefix and has Length digits.
type Block struct {
	ID      string
	Kind    numbering.Kind
	Country string // ISO
	Prefix  string
	Length  int
	Closed  bool   // nothing of it is sold any more; what is sold stays
	Note    string // for the operator
	Fault   string // why the rules forbid it today: the numbering plan has changed; "" if they do not
}

// Query is a search. Contains, Starts and Ends are about the national digits
// (or the root); * stands for any digits and ? for one.
type Query struct {
	Country  string // ISO or calling code; "" is all
	Kind     numbering.Kind
	Contains string
	Starts   string
	Ends     string
	Class    Class // "" is all
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
	Country   string   // ISO or calling code
	National  string   // or a company's root
	Countries []string // company: further countries to switch on
	Refuse    bool     // company: refuse calls for other countries
}
