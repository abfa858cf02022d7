// Package did rents out ordinary telephone numbers (ITU-T E.164) that carriers
// bring to us: whoever dials one rings the world number it was rented for.
//
// A number is rented for a year at a time, paid from the wallet. The fee of a
// renter never rises; what is cheaper by then is cheaper. A fee that cannot be
// paid leaves him the number for 30 days more. A number that was let go rests
// for 90 days, so that calls meant for one holder do not reach the next; until
// then its last renter can take it back.
package did

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// State is where a number stands.
type State string

// The states.
const (
	Free    State = "free"
	Renting State = "renting" // its price is being taken
	Rented  State = "rented"
	Late    State = "late"    // its yearly fee could not be taken
	Resting State = "resting" // let go, and not yet free for others
)

// Rings reports whether calls to it go to its renter.
func (s State) Rings() bool { return s == Rented || s == Late }

// Number is a telephone number in stock.
type Number struct {
	E164       string // +8225550111
	Carrier    string // who brings it
	Country    string // ISO
	Area       string // as the operator names it
	Setup      int64  // micros of the house's currency
	Yearly     int64
	State      State
	Rental     string // id of this rent; "" before the first
	Account    string // of the renter, also of the last one
	Membership string
	For        numbering.Number // the world number that it rings
	Fee        int64            // what its renter pays a year
	Until      time.Time        // paid until; or it rests until
	Told       int              // days before, or after, Until of which the renter was told last
	Added      time.Time
}

// Fee is what was paid for a year of a number, the first with its set-up.
type Fee struct {
	Rental   string
	E164     string
	Account  string
	For      numbering.Number
	From     time.Time // the year it is for begins
	Currency money.Currency
	Setup    int64 // micros, without tax
	Yearly   int64
	Tax      shop.Tax
	Paid     time.Time
}

// TopicFee is a fee whose invoice is to be written.
const TopicFee = "did.fee"

// Ref names it in the outbox.
func (f *Fee) Ref() string { return f.Rental + " " + f.From.UTC().Format(time.DateOnly) }

// Filter narrows a list; the zero value is everything.
type Filter struct {
	Country    string
	State      State
	Account    string
	Membership string
	Carrier    string
	Due        time.Time // only what has a date before it
	After      string    // only beyond this number
	Limit      int
}

// Letter tells a renter something, once per key.
type Letter struct {
	Kind, Key string
	Fields    map[string]string
}

// Store keeps the numbers.
type Store interface {
	Number(ctx context.Context, e164 string) (Number, bool, error)
	// Numbers are in order of their digits.
	Numbers(ctx context.Context, f Filter) ([]Number, error)
	// PutNumbers adds to the stock, or changes carrier, area and prices of what
	// is there; what is being rented stays as it is.
	PutNumbers(ctx context.Context, list []Number) error
	// RemoveNumber takes a number out that nobody has; false if somebody does.
	RemoveNumber(ctx context.Context, e164 string) (bool, error)
	// MoveNumber changes a number that is still as it was, and posts the letter
	// with it; false if somebody was quicker, or if it is for an account that was
	// erased.
	MoveNumber(ctx context.Context, was, now Number, l *Letter) (bool, error)
	// PayNumber does the same with a number that was paid for; that it was, and
	// the task to write its invoice, are kept also if somebody was quicker.
	PayNumber(ctx context.Context, was, now Number, f Fee) (bool, error)
}

// Book is what is needed of the ledger; it is idempotent by key.
type Book interface {
	PayFromWallet(ctx context.Context, x ledger.Sale) error
	PayFee(ctx context.Context, key string, x ledger.Sale) error
}

// Taxes tells the tax on a price.
type Taxes interface {
	TaxOn(ctx context.Context, account string, kind numbering.Kind, net money.Amount) (shop.Tax, error)
}

// Members tells whose lines are whose.
type Members interface {
	Membership(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	MayOrder(ctx context.Context, account string) error
}

// Publisher is told of each change, so that it counts at once.
type Publisher interface {
	TelephoneNumber(ctx context.Context, n Number) error
}

// Config is what the service needs.
type Config struct {
	Plans    *numbering.Plans
	Currency money.Currency
	URL      string
	Taxes    Taxes // nil: none
	Members  Members
	Publish  Publisher
	// Carrier finds a carrier by its id.
	Carrier func(id string) bool
	// Brings reports whether a carrier brings calls now; nil: each that there is.
	Brings func(carrier string) bool
	// Ours reports whether the + form is that of a world number that was sold.
	Ours func(e164 string) bool
	Now  func() time.Time
}

// Service rents telephone numbers out.
type Service struct {
	store Store
	book  Book
	cfg   Config
}

// New returns the service.
func New(store Store, book Book, cfg Config) *Service {
	return &Service{store: store, book: book, cfg: cfg}
}

func (s *Service) brings(carrier string) bool {
	if s.cfg.Brings == nil {
		return s.cfg.Carrier(carrier)
	}
	return s.cfg.Brings(carrier)
}

func unknown(e164 string) error {
	return fault.New(fault.Unknown, "telephone_number_unknown", "There is no telephone number %s here to rent.", e164)
}
