// Package ledger is the book of the house: double entry, whole micro-units,
// append-only. An entry is signed, credit above zero and debit below; the
// entries of a posting sum to zero in each currency, so Σ debits = Σ credits
// after every commit. A wallet is a liability of ours: its balance is the sum
// of its entries and never falls below its floor.
package ledger

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

// Kind is the class of an account.
type Kind string

// The classes.
const (
	Wallet    Kind = "wallet"    // money of a member's account
	Revenue   Kind = "revenue"   // what we earned
	Promotion Kind = "promotion" // what we gave away
	Clearing  Kind = "clearing"  // money on its way
)

// Account is one account of the book.
type Account struct {
	ID       string // "wallet:acc_…", "revenue:numbers", "promotion"
	Kind     Kind
	Owner    string // member account; "" for ours
	Currency money.Currency
	Balance  int64 // micros; Σ of its entries
	Floor    int64 // the balance may not fall below; Unbounded for ours
	Opened   time.Time
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
	Faults   []string // empty: the books are right
}

// OK reports whether the books are right.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// WalletID is the ledger account of a member account in a currency.
func WalletID(account string, c money.Currency) string { return "wallet:" + account + ":" + string(c) }

// Tx is one transaction of the book, given by the store.
type Tx interface {
	// Claim takes an idempotency key; if it is taken it returns the posting
	// that took it.
	Claim(ctx context.Context, p Posted, digest string) (old Posted, oldDigest string, fresh bool, err error)
	// Open inserts an account if it is not there.
	Open(ctx context.Context, a Account) error
	// Apply adds to a balance if the floor allows it and writes the entry;
	// ok is false when the floor forbids it.
	Apply(ctx context.Context, posting string, at time.Time, e Entry) (ok bool, err error)
	// ByKey finds a posting.
	ByKey(ctx context.Context, key string) (Posted, bool, error)
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Account(ctx context.Context, id string) (Account, bool, error)
	Lines(ctx context.Context, account string, before int64, limit int) ([]Line, error)
	Audit(ctx context.Context) (Report, error)
}

// Service is the book.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns the book over a store.
func New(store Store, now func() time.Time) *Service { return &Service{store: store, now: now} }

// Open opens an account; opening it again changes nothing.
func (s *Service) Open(ctx context.Context, a Account) error { return nil }

// Post books a posting. The same key with the same body returns the stored
// answer; with another body it is a Conflict. Too little money is Unpaid.
func (s *Service) Post(ctx context.Context, p Posting) (Posted, error) { return Posted{}, nil }

// Reverse books the opposite of a posting, once.
func (s *Service) Reverse(ctx context.Context, key, of, memo string) (Posted, error) {
	return Posted{}, nil
}

// Balance returns what an account holds.
func (s *Service) Balance(ctx context.Context, account string) (money.Amount, error) {
	return money.Amount{}, nil
}

// History returns an account's lines, newest first, and the cursor of the next
// page ("" at the end).
func (s *Service) History(ctx context.Context, account, cursor string, limit int) ([]Line, string, error) {
	return nil, "", nil
}

// Verify checks the whole book.
func (s *Service) Verify(ctx context.Context) (Report, error) { return s.store.Audit(ctx) }
