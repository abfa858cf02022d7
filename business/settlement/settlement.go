// Package settlement is what we owe each carrier and partner for the calls they
// carried, and they us for those they sent: a line for every answered leg, priced
// by the deck that was in force when it was answered and booked against the
// payable or the receivable; their statements, matched with ours line by line;
// and the payments that close a month.
package settlement

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Direction is which way a call went.
type Direction string

// The directions.
const (
	Out Direction = "out" // they carried it: we owe
	In  Direction = "in"  // they sent it: they owe
)

// Line is one answered leg with a carrier.
type Line struct {
	ID        string // of the call, the trunk and the number: the same leg is one line
	Carrier   string
	Trunk     string
	Direction Direction
	Call      string // global id
	Number    string // + form, a partner's number, or a code; of a call that came in, the one that was called
	Answer    time.Time
	Lasted    time.Duration
	Zone      string // of the caller, in which the bands of a deck are meant: an IANA name
	Price     Price
	Posting   string // in the ledger; "" while it has no price, costs nothing, or is within what was agreed for its month
}

// Price is what a line costs by our decks.
type Price struct {
	Known   bool         // a deck had a price
	Amount  money.Amount // in the deck's currency
	House   int64        // micro-units of the house's currency, by the exchange rate when it was answered
	Seconds int64        // charged
	Prefix  string
	Version string // of the deck
}

// Month is a calendar month in UTC, by when calls were answered: "2026-11".
type Month string

// MonthOf is the month of an instant.
func MonthOf(t time.Time) Month { return Month(t.UTC().Format("2006-01")) }

// ParseMonth reads one.
func ParseMonth(s string) (Month, error) {
	if t, err := time.Parse("2006-01", s); err != nil || t.Year() < 2000 {
		return "", fault.New(fault.Invalid, "month", "%q is no month. Write it as 2026-11.", s)
	}
	return Month(s), nil
}

// Span is its beginning and its end.
func (m Month) Span() (from, to time.Time) {
	from, _ = time.Parse("2006-01", string(m)) // it was read by ParseMonth or made by MonthOf
	return from, from.AddDate(0, 1, 0)
}

// Total is what lines of one sort come to.
type Total struct {
	Carrier   string
	Direction Direction
	Currency  money.Currency
	Calls     int64
	Seconds   int64 // charged
	Micros    int64
	House     int64
	Unpriced  int64 // lines that no deck had a price for
}

// Filter says which lines.
type Filter struct {
	Carrier   string
	Direction Direction // "" both
	Month     Month
	Unpriced  bool // only those without a price
	Cursor    string
	Limit     int
}

// Page is a part of the lines, in the order of their answers.
type Page struct {
	Items []Line
	Next  string
}

// Tx is one transaction of the book and the lines.
type Tx interface {
	ledger.Tx
	LineTx
	StatementTx
	PayoutTx
}

// LineTx is what a transaction may do with lines.
type LineTx interface {
	// PutLine keeps a line; fresh is false if it is kept already.
	PutLine(ctx context.Context, l Line) (fresh bool, err error)
	// PriceLine gives a line a price that has none; ok is false if it has one.
	PriceLine(ctx context.Context, id string, p Price) (ok bool, err error)
	// BookLine notes the posting of a line.
	BookLine(ctx context.Context, id, posting string) error
	// Drop forgets that records are due.
	Drop(ctx context.Context, records []string) error
	// Booked is what the lines of a month came to that have a price.
	Booked(ctx context.Context, carrier string, d Direction, m Month, c money.Currency) (micros int64, err error)
}

// StatementTx is what a transaction may do with statements.
type StatementTx interface {
	// LockStatement reads one that nobody else changes until the commit.
	LockStatement(ctx context.Context, id string) (Statement, bool, error)
	ChangeStatement(ctx context.Context, s Statement) error
	// RemoveStatement forgets one, and keeps that it was there.
	RemoveStatement(ctx context.Context, s Statement) error
	// AgreedStatement finds the one of a month that is agreed.
	AgreedStatement(ctx context.Context, carrier string, d Direction, m Month, c money.Currency) (id string, found bool, err error)
}

// PayoutTx is what a transaction may do with payouts.
type PayoutTx interface {
	PutPayout(ctx context.Context, p Payout) error
	LockPayout(ctx context.Context, id string) (Payout, bool, error)
	ChangePayout(ctx context.Context, p Payout) error
	// OrderedPayouts is how much is on its way to a carrier.
	OrderedPayouts(ctx context.Context, carrier string, c money.Currency) (micros int64, err error)
}

// Store keeps lines.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	// Due lists records with carriers' legs that have no lines yet, with the ids
	// that are due, of which some may have no record.
	Due(ctx context.Context, limit int) (ids []string, records []cdr.Record, err error)
	Lines(ctx context.Context, f Filter) (Page, error)
	// Each calls f with every line of a filter, in the order of their answers.
	Each(ctx context.Context, f Filter, do func(Line) error) error
	Totals(ctx context.Context, carrier string, m Month) ([]Total, error)
	Margins(ctx context.Context, m Month, by MarginBy, limit int) ([]Margin, error)
	// Balances are what the accounts of a carrier have, and what is ordered.
	Balances(ctx context.Context, carrier string) ([]Balance, error)
}

// MarginBy is what margins are summed by.
type MarginBy string

// The ways of summing margins.
const (
	ByCarrier     MarginBy = "carrier"
	ByDestination MarginBy = "destination" // by the prefix of the carrier's deck
	ByCustomer    MarginBy = "customer"    // the account that paid
)

// Margin is what calls that left brought in and cost, in the house's currency.
type Margin struct {
	Key     string
	Calls   int64
	Seconds int64
	Revenue int64 // micros
	Cost    int64
}

// Book is what settlement needs of the ledger.
type Book interface {
	PostIn(ctx context.Context, tx ledger.Tx, p ledger.Posting) (ledger.Posted, error)
}

// Decks price lines.
type Decks interface {
	// CostOf is what a carrier's deck has for a call, and for one that came in the
	// deck of what it pays. The answer is in the caller's zone.
	CostOf(ctx context.Context, owner, number string, answer time.Time, d time.Duration) (Price, error)
}

// Owner is under which name the deck of a direction is kept.
func Owner(carrier string, d Direction) string {
	if d == In {
		return tariff.Inbound + carrier
	}
	return carrier
}

// PayableAccount is what we owe a carrier, and ReceivableAccount what it owes us.
func PayableAccount(carrier string, c money.Currency) string {
	return "payable:" + carrier + ":" + string(c)
}

// ReceivableAccount is what a carrier owes us.
func ReceivableAccount(carrier string, c money.Currency) string {
	return "receivable:" + carrier + ":" + string(c)
}

// CostAccount is what the calls of our members cost us.
func CostAccount(c money.Currency) string { return "cost:calls:" + string(c) }

// TransitAccount is what carriers pay us for their calls.
func TransitAccount(c money.Currency) string { return "revenue:transit:" + string(c) }

// accounts are the two that a line is booked between: it is credited to the
// second.
func accounts(carrier string, d Direction, c money.Currency) (debit, credit ledger.Account) {
	if d == In {
		return ledger.Account{ID: ReceivableAccount(carrier, c), Kind: ledger.Receivable, Currency: c, Floor: ledger.Unbounded},
			ledger.Account{ID: TransitAccount(c), Kind: ledger.Revenue, Currency: c, Floor: ledger.Unbounded}
	}
	return ledger.Account{ID: CostAccount(c), Kind: ledger.Cost, Currency: c, Floor: ledger.Unbounded},
		ledger.Account{ID: PayableAccount(carrier, c), Kind: ledger.Payable, Currency: c, Floor: ledger.Unbounded}
}
