// Package tariff keeps what calls cost: decks of prices by destination, of the
// plans by which members pay and of the carriers that we pay. A deck has
// versions that are never changed: each begins at an instant, in every process
// by itself, and the one that began last and was not withdrawn is in force. So
// what was in force at any time can be told for ever, and an earlier version is
// back with one step.
//
// It keeps plans, who has which, and dated exchange rates beside them.
package tariff

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// Members is the plan of everybody who has no other. A carrier's id after Inbound
// is the owner of the deck by which it pays for the calls it sends us.
const (
	Members = "members"
	Inbound = "in:"
)

// Version is a deck from an instant on.
type Version struct {
	ID          string
	Owner       string // a plan's id or a carrier's
	Currency    money.Currency
	Bands       []rating.Band
	Rows        int
	From        time.Time
	Note        string
	By          string // the name of who imported it
	At          time.Time
	Withdrawn   time.Time // zero: it was not
	WithdrawnBy string    // the name of who withdrew it
	State       State     // as Versions tells
}

// State is how a version stands.
type State string

// The states.
const (
	InForce   State = "in_force"
	Scheduled State = "scheduled"
	Past      State = "past"
	Withdrawn State = "withdrawn"
)

// Draft is a list that was read and is not in force: what it would change can be
// looked at for a day.
type Draft struct {
	ID       string
	Owner    string
	Currency money.Currency
	Bands    []rating.Band
	Rows     int
	Body     []byte
	At       time.Time
}

// Plan is a set of prices that accounts are given.
type Plan struct {
	ID      string
	Name    string
	Created time.Time
}

// Given is a plan that an account has from an instant on.
type Given struct {
	Account string
	Plan    string
	From    time.Time
	By      string
}

// Exchanged is what a unit of a currency is worth in the house's from an instant on.
type Exchanged struct {
	Currency money.Currency
	Rate     money.Rate
	From     time.Time
	By       string
	At       time.Time
}

// All is everything but the lines of decks.
type All struct {
	Stamp    int64
	Versions []Version // the oldest start first
	Plans    []Plan
	Given    []Given     // the oldest first
	Rates    []Exchanged // the oldest first
}

// Exchange is what each currency was, is and will be worth.
func (a *All) Exchange() map[money.Currency]rating.Exchange {
	out := map[money.Currency]rating.Exchange{}
	for _, r := range a.Rates {
		out[r.Currency] = append(out[r.Currency], rating.Exchanged{From: r.From, Rate: r.Rate})
	}
	return out
}

// Store keeps decks. Whatever it changes raises the stamp.
type Store interface {
	Stamp(ctx context.Context) (int64, error)
	All(ctx context.Context) (All, error)
	Body(ctx context.Context, version string) ([]byte, error)
	// PutDraft keeps a draft and forgets those from before an instant.
	PutDraft(ctx context.Context, d Draft, forget time.Time) error
	Draft(ctx context.Context, id string) (Draft, bool, error)
	// AddVersions adds versions with their bodies, all or none, and forgets the draft they come from.
	AddVersions(ctx context.Context, list []Version, bodies [][]byte, draft string) error
	// Withdraw marks a version; false if it is withdrawn already.
	Withdraw(ctx context.Context, version, by string, at time.Time) (bool, error)
}

// Desk keeps plans and exchange rates.
type Desk interface {
	AddPlan(ctx context.Context, p Plan) error
	GivePlan(ctx context.Context, g Given) error
	AddRates(ctx context.Context, list []Exchanged) error
}

// Decks is what calls are routed and rated by. It is replaced whole.
type Decks struct {
	Lines    map[string]rating.Line // of plans and carriers: what is in force, and what will be
	Exchange map[money.Currency]rating.Exchange
	Plans    map[string]string // account → plan, of those that have another than Members
	House    money.Currency
}

// PlanOf is the plan of an account.
func (d *Decks) PlanOf(account string) string {
	if p, ok := d.Plans[account]; ok {
		return p
	}
	return Members
}

// Price finds what a call to a number costs an account: by its plan's deck, and
// where that has nothing, by that of all members. version is the one it was
// found in.
func (d *Decks) Price(q *rating.Quote, now time.Time, account, e164 string) (plan, version string, ok bool) {
	for plan = d.PlanOf(account); ; plan = Members {
		if v := d.Lines[plan].At(now); v != nil && v.Deck.Find(q, e164) {
			return plan, v.Version, true
		}
		if plan == Members {
			return "", "", false
		}
	}
}

// In converts an amount to the house's currency at the rate of an instant.
func (d *Decks) In(now time.Time, c money.Currency, micros int64) (int64, bool) {
	if c == d.House {
		return micros, true
	}
	r, ok := d.Exchange[c].At(now)
	if !ok {
		return 0, false
	}
	return r.Of(micros)
}

// Routes is told of the decks after each change.
type Routes interface {
	SetDecks(d *Decks)
}

// Config is what the service needs.
type Config struct {
	Currency money.Currency // the house's
	Routes   Routes
	Carrier  func(id string) (name string, ok bool)
	// Account finds the name of an account.
	Account func(ctx context.Context, id string) error
	Now     func() time.Time
}

func unknownOwner() error {
	return fault.New(fault.Unknown, "deck_unknown", "There is no such plan or carrier. It may have been removed: the list shows those there are.")
}

func unknownVersion() error {
	return fault.New(fault.Unknown, "version_unknown", "There is no such price list, or nobody confirmed it within a day. Import it again.")
}
