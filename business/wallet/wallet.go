// Package wallet is what holds for a member's wallet besides the money in it: on
// which terms he may spend, and when he is told that little is left. The money
// itself is the ledger's: a credit limit is the floor of its account, which its
// store guards with every posting and hold.
package wallet

import (
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// Kind is when an account pays.
type Kind string

// The kinds.
const (
	Prepaid  Kind = "prepaid"  // before it uses what it pays for
	Postpaid Kind = "postpaid" // after, by invoice, up to its credit limit
)

// Terms are what the operator has agreed with a member. All that he buys may use
// the credit, numbers and yearly fees as well as calls: one limit bounds all that
// he can come to owe, and one invoice asks for it.
type Terms struct {
	Account   string
	Kind      Kind
	Credit    money.Amount // how far the wallet may go below zero
	Days      int          // from an invoice until it has to be paid
	Suspended string       // why no call that costs may begin, as the member reads it; "": they may
	Changed   time.Time    // zero: never
}

// Bounds of terms.
const (
	MostDays   = 120
	MostCredit = 1_000_000 * money.Micros
	mostWhy    = 200
)

// Notice is when a member is told that little is left.
type Notice struct {
	Off       bool
	Threshold money.Amount // what is left falls below it
	Own       bool         // he chose it himself
}

// usual is the threshold of who chose none.
func usual(c money.Currency) money.Amount { return payment.RangeOf(c).Least }

// View is a wallet as its holder sees it.
type View struct {
	Terms     Terms
	Notice    Notice
	Balance   money.Amount
	Held      money.Amount // for calls under way
	Available money.Amount // what may be spent: the balance without what is held, and the credit
}

// News is that little is left, or that a call was cut.
type News struct {
	Account string
	Letter  string // its kind
	Key     string
	Fields  map[string]string
	Low     Low
	At      time.Time
}

// Low is the data of the event.
type Low struct {
	Account   string       `json:"account_id"`
	Left      money.Amount `json:"left"`
	Threshold money.Amount `json:"threshold"`
	Cut       bool         `json:"call_cut"`
}

// Watch is how far the entries of a wallet were looked at.
type Watch struct {
	Account   string
	Threshold *int64 // nil: the usual; below zero: off
	Seen      int64  // the entry that was looked at last
	Low       bool   // it was low then, or never was otherwise
	Cut       bool   // the member was told that a call was cut, since
}

func (w Watch) notice(c money.Currency) Notice {
	n := Notice{Threshold: usual(c)}
	if w.Threshold != nil {
		n.Own, n.Off = true, *w.Threshold < 0
		if !n.Off {
			n.Threshold.Micros = *w.Threshold
		}
	}
	return n
}
