// Package billing asks members for what their calls of a month came to: an
// invoice for each account that had calls which cost, written once, with what its
// wallet did since the one before where it is on credit; credit notes for it; and
// reminders until it is paid.
//
// Which calls are on an invoice is told by the entries of the wallet, which are
// numbered without gaps: it begins after the last entry of the invoice before, so
// that each charge is on exactly one, whatever the clocks of several processes say.
package billing

import (
	"context"
	"log/slog"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/business/wallet"
)

// State is what became of what a bill asks for.
type State string

// The states. Whether an open one is due or overdue, the clock says.
const (
	Open       State = "open"
	Due        State = "due"     // it has to be paid today
	Overdue    State = "overdue" // it had to be paid before
	Paid       State = "paid"
	WrittenOff State = "written_off"
)

// Bill is what an invoice of calls, or a statement, asks for.
type Bill struct {
	Number   string // of the paper
	Account  string
	Month    settlement.Month
	Currency money.Currency
	After    int64 // the entries of the wallet it is of begin after this one
	Upto     int64 // and end with this one
	Calls    int64 // micros, with their tax
	Tax      int64
	TaxOf    string // the country whose tax it is
	Credited int64  // of the calls
	Asked    int64  // what the wallet was below zero, in whole smallest units
	Issued   time.Time
	Due      time.Time // the end of the last day
	State    State     // Open, Paid or WrittenOff
	Step     int       // of the reminders: how many were sent
	Stepped  time.Time
	Ended    time.Time // when it was paid or written off
}

// At is the state at an instant.
func (b Bill) At(now time.Time) State {
	switch {
	case b.State != Open || now.Before(b.Due.AddDate(0, 0, -1)):
		return b.State
	case now.Before(b.Due):
		return Due
	default:
		return Overdue
	}
}

// Event is what programs are told of a bill.
type Event struct {
	Invoice string       `json:"invoice"`
	Account string       `json:"account_id"`
	Month   string       `json:"month"`
	Calls   money.Amount `json:"calls"`
	Asked   money.Amount `json:"to_pay"`
	Due     string       `json:"due"`
	State   State        `json:"state"`
}

// Tell is what programs are told of one at an instant.
func Tell(b Bill, now time.Time) Event {
	amount := func(n int64) money.Amount { return money.Amount{Currency: b.Currency, Micros: n} }
	return Event{Invoice: b.Number, Account: b.Account, Month: string(b.Month), Calls: amount(b.Calls), Asked: amount(b.Asked), Due: b.LastDay(), State: b.At(now)}
}

// LastDay is the last day for paying, "2026-12-15".
func (b Bill) LastDay() string { return b.Due.Add(-time.Second).UTC().Format(time.DateOnly) }

// Standing is how far an account's calls are invoiced, and how it stands with
// reminders.
type Standing struct {
	Account string
	Month   settlement.Month // the last that was invoiced; "": none
	Upto    int64            // the last entry of the wallet that was
	Balance int64            // after it
	Seen    int64            // the entry up to which payments were looked at
	Dunned  string           // why reminders have suspended it; "": they have not
	Paused  time.Time        // no reminders before
	Note    string           // why not
}

// Charge is one call that an account paid for.
type Charge struct {
	Seq    int64
	At     time.Time
	Memo   string
	Micros int64
	Record *cdr.Record // nil: there is none
}

// Move is another entry of a wallet.
type Move struct {
	Seq     int64
	At      time.Time
	Kind    string
	Ref     string
	Memo    string
	Micros  int64
	Invoice string // that is there for it; "": none
}

// Credit is part of an invoice that was given back.
type Credit struct {
	ID      string
	Invoice string
	Paper   string // the credit note's number
	Micros  int64
	Tax     int64
	Reason  string
	By      string
	At      time.Time
}

// Tx is one transaction of the book, the papers and the bills. An account's
// standing is locked first, then a number taken, then accounts of the book.
type Tx interface {
	ledger.Tx
	wallet.Tx
	PaperTx
	BillTx
	StandingTx
}

// PaperTx writes papers.
type PaperTx interface {
	Next(ctx context.Context, k paper.Kind, year int) (int, error)
	Insert(ctx context.Context, p paper.Paper) error
	// Write queues a letter to an account, once for each key.
	Write(ctx context.Context, account, kind, key string, fields map[string]string) error
	// Event queues one to programs that want it, once for each key.
	Event(ctx context.Context, kind, key string, b Bill, at time.Time) error
}

// BillTx is what a transaction may do with bills.
type BillTx interface {
	PutBill(ctx context.Context, b Bill) error
	// LockBill reads one that nobody else changes until the commit.
	LockBill(ctx context.Context, number string) (Bill, bool, error)
	ChangeBill(ctx context.Context, b Bill) error
	PutCredit(ctx context.Context, c Credit) error
	Credit(ctx context.Context, id string) (Credit, bool, error)
	AddRemark(ctx context.Context, r member.Remark) error
}

// StandingTx is what a transaction may do with how accounts stand.
type StandingTx interface {
	// LockStanding reads an account's that nobody else changes until the commit; one
	// that was never invoiced begins with nothing.
	LockStanding(ctx context.Context, account string) (Standing, error)
	PutStanding(ctx context.Context, s Standing) error
	// Finish notes that a month is invoiced.
	Finish(ctx context.Context, m settlement.Month, at time.Time) error
}

// Store keeps bills. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Bills
	Wallets
}

// Bills answers questions about bills.
type Bills interface {
	Bill(ctx context.Context, number string) (Bill, bool, error)
	// Open lists what an account ("": each) was asked for and has not paid, the oldest
	// first.
	Open(ctx context.Context, account string) ([]Bill, error)
	Credits(ctx context.Context, invoice string) ([]Credit, error)
	Standing(ctx context.Context, account string) (Standing, error)
	// Finished is the last month that is invoiced; "": none.
	Finished(ctx context.Context) (settlement.Month, error)
	// Unbilled lists accounts that had calls or are on credit, and have no bill of a
	// month.
	Unbilled(ctx context.Context, c money.Currency, m settlement.Month) ([]string, error)
}

// Wallets answers questions about the entries of wallets.
type Wallets interface {
	// First is when the first call was charged; zero: none was.
	First(ctx context.Context, c money.Currency) (time.Time, error)
	// End is the last entry before the first one of an instant or later, with the
	// balance after it.
	End(ctx context.Context, id string, before time.Time) (seq, balance int64, err error)
	// Charges hands over those of the entries after one, up to another, by which calls
	// were paid, at most limit (0: all).
	Charges(ctx context.Context, account, id string, after, upto int64, limit int, do func(Charge) error) error
	// Moves are the other entries.
	Moves(ctx context.Context, id string, after, upto int64) ([]Move, error)
	// Moved lists accounts that were asked for money and whose wallets have entries
	// that were not looked at.
	Moved(ctx context.Context, c money.Currency) ([]string, error)
}

// Book is what billing needs of the ledger.
type Book interface {
	PostIn(ctx context.Context, tx ledger.Tx, p ledger.Posting) (ledger.Posted, error)
}

// Drafts begins papers.
type Drafts interface {
	Blank(ctx context.Context, account string, total money.Amount, t shop.Tax) (paper.Data, error)
	Paper(ctx context.Context, by member.Actor, number string) (paper.Paper, error)
}

// Taxes is the table of taxes.
type Taxes interface {
	OnCalls(ctx context.Context, account string, at time.Time) (tax.Rule, error)
}

// Terms are on which accounts spend.
type Terms interface {
	TermsOf(ctx context.Context, account string) (wallet.Terms, error)
	SuspendIn(ctx context.Context, tx wallet.Tx, by member.Actor, account, why string) error
}

// Config is what belongs to this house.
type Config struct {
	Currency money.Currency
	Link     func(path string) string
	// Country is that of an ordinary telephone number, with +; "": none.
	Country func(e164 string) string
	// Bank is where an account can send money; nil: transfers are not offered.
	Bank  func(ctx context.Context, account string) (*paper.Bank, error)
	Steps Steps
	Log   *slog.Logger
	Now   func() time.Time
}

// Steps are the days after the last one for paying: of the reminder, of the last
// one, and of the suspension.
type Steps [3]int

// UsualSteps are those of who sets none.
func UsualSteps() Steps { return Steps{3, 10, 17} }

// Service bills.
type Service struct {
	store  Store
	book   Book
	drafts Drafts
	taxes  Taxes
	terms  Terms
	cfg    Config
}

// New returns the service; Turn and Settle have to be called.
func New(store Store, book Book, drafts Drafts, taxes Taxes, terms Terms, cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Bank == nil {
		cfg.Bank = func(context.Context, string) (*paper.Bank, error) { return nil, nil } //nolint:nilnil // none
	}
	return &Service{store: store, book: book, drafts: drafts, taxes: taxes, terms: terms, cfg: cfg}
}

func (s *Service) amount(micros int64) money.Amount {
	return money.Amount{Currency: s.cfg.Currency, Micros: micros}
}

func (s *Service) wallet(account string) string { return ledger.WalletID(account, s.cfg.Currency) }

// Bill is what an invoice of the actor's asks for.
func (s *Service) Bill(ctx context.Context, by member.Actor, number string) (Bill, error) {
	b, found, err := s.store.Bill(ctx, number)
	if err == nil && (!found || !by.May(b.Account)) {
		err = unknown(number)
	}
	return b, err
}

func unknown(number string) error {
	return fault.New(fault.Unknown, "bill_unknown", "There is no invoice of calls %s.", number)
}

// Calls are those of an invoice of the actor's, after one of them (0: from the
// first), with the one after which the next page begins (0: there is none).
func (s *Service) Calls(ctx context.Context, by member.Actor, number string, after int64, limit int) (list []Call, next int64, err error) {
	b, err := s.Bill(ctx, by, number)
	if err != nil {
		return nil, 0, err
	}
	limit = min(max(limit, 1), 200)
	err = s.store.Charges(ctx, b.Account, s.wallet(b.Account), max(after, b.After), b.Upto, limit+1, func(c Charge) error {
		list = append(list, s.call(b.Account, c))
		return nil
	})
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Seq
	}
	return list, next, err
}

// EachCall hands over all of them.
func (s *Service) EachCall(ctx context.Context, by member.Actor, number string, do func(Call) error) error {
	b, err := s.Bill(ctx, by, number)
	if err != nil {
		return err
	}
	return s.store.Charges(ctx, b.Account, s.wallet(b.Account), b.After, b.Upto, 0, func(c Charge) error { return do(s.call(b.Account, c)) })
}

// Credits are what was given back of an invoice.
func (s *Service) Credits(ctx context.Context, by member.Actor, number string) ([]Credit, error) {
	if _, err := s.Bill(ctx, by, number); err != nil {
		return nil, err
	}
	return s.store.Credits(ctx, number)
}
