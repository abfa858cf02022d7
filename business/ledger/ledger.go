// Package ledger is the book of the house: double entry, whole micro-units,
// append-only. An entry is signed, credit above zero and debit below; the
// entries of a posting sum to zero in each currency, so Σ debits = Σ credits
// after every commit. A wallet is a liability of ours: its balance is the sum
// of its entries and never falls below its floor.
package ledger

import (
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

// Kind is the class of an account.
type Kind string

// The classes.
const (
	Wallet     Kind = "wallet"     // money of a member's account
	Revenue    Kind = "revenue"    // what we earned
	Promotion  Kind = "promotion"  // what we gave away
	Clearing   Kind = "clearing"   // money on its way
	Payable    Kind = "payable"    // what we owe a carrier or partner
	Receivable Kind = "receivable" // what one owes us
	Cost       Kind = "cost"       // what we spent
	Deferred   Kind = "deferred"   // what was paid to us and is not yet earned
)

// Account is one account of the book.
type Account struct {
	ID       string // "wallet:acc_…", "revenue:numbers", "promotion"
	Kind     Kind
	Owner    string // member account; "" for ours
	Currency money.Currency
	Balance  int64 // micros; Σ of its entries
	Held     int64 // of it, promised by holds
	Floor    int64 // the balance without what is held may not fall below; Unbounded for ours
	Opened   time.Time
}

// Available is what may be spent or held.
func (a Account) Available() int64 { return a.Balance - a.Held - a.Floor }

// Hold is money of an account that is promised for something under way: it can
// be spent on nothing else, until it is settled, released, or expires. It is no
// entry: the money is still the account's.
type Hold struct {
	ID      string // the caller's choice: the same twice is one
	Account string
	Amount  money.Amount
	Ref     string // what it is for: a call
	Owner   string // the process that settles it; "" none
	Expires time.Time
}

// Unbounded as a floor lets an account of ours go as low as it must.
const Unbounded = int64(-1) << 62

// Entry is one line of a posting.
type Entry struct {
	Account string
	Amount  money.Amount // credit above zero, debit below
}

// Posting is a set of entries that happen together or not at all.
type Posting struct {
	Key      string // idempotency: the same key and body posts once
	Kind     string // "promotion", "order", "refund", "call"
	Ref      string // what it is for: an order, a call
	Memo     string // for people
	Entries  []Entry
	Reverses string // key of the posting this one turns back
}

// Posted is a posting in the book.
type Posted struct {
	ID string
	At time.Time
	Posting
}

// Line is one entry as a history shows it.
type Line struct {
	Seq     int64
	Posting string
	Kind    string
	Ref     string
	Memo    string
	At      time.Time
	Amount  money.Amount
	Balance money.Amount // after it
}

// Report is what Verify found.
type Report struct {
	Postings int64
	Entries  int64
	Accounts int64
	Holds    int64 // for what is under way
	Sums     []Sum
	Faults   []string // empty: the books are right
}

// Sum is all there is in a currency.
type Sum struct {
	Currency        money.Currency
	Debits, Credits int64 // micros
}

// OK reports whether the books are right.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// WalletID is the ledger account of a member account in a currency.
func WalletID(account string, c money.Currency) string { return "wallet:" + account + ":" + string(c) }
