package guard

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// Accounts keeps what is known of accounts.
type Accounts interface {
	// Standing is Unknown for an account that is not there.
	Standing(ctx context.Context, account string) (Standing, error)
	// Changed lists what was kept of accounts since an instant.
	Changed(ctx context.Context, since time.Time) ([]Account, error)
	// SaveOwn keeps what the holder of an account set, and SaveCeiling what the
	// operator did. Neither touches the other's; what is kept by then is returned.
	SaveOwn(ctx context.Context, account string, own Limits, now time.Time) (Account, error)
	SaveCeiling(ctx context.Context, account string, c Class, top Limits, now time.Time) (Account, error)
	// Open opens a destination for an account, or closes it.
	Open(ctx context.Context, account, what string, open bool, now time.Time) error
	// Stop keeps calls that cost from an account until an instant.
	Stop(ctx context.Context, account string, until time.Time, why string) error
	Spent(ctx context.Context, account string, c money.Currency, day, month int64) (Spent, error)
}

// Rules keeps what the operator has set, each version of it.
type Rules interface {
	Rule(ctx context.Context, name string) (Rule, bool, error)
	// PutRule is false if there is such a version already.
	PutRule(ctx context.Context, r Rule) (bool, error)
}

// Rule is one version of what the operator has set.
type Rule struct {
	Name    string
	Version int64
	Value   string
	By      string // account
	At      time.Time
}

// The names of rules.
const (
	rulePolicy = "policy"
	ruleRanges = "ranges"
)

// Blocks keeps which calls were refused.
type Blocks interface {
	AddBlock(ctx context.Context, b Block) error
	Blocks(ctx context.Context, f BlockFilter) ([]Block, error)
}

// Block is a call that was refused, or ended by a limit.
type Block struct {
	ID      string
	At      time.Time
	Account string // who would have paid
	Call    string
	To      string // for people
	Forward bool   // it was forwarded: he did not dial it
	Reason  fault.Reason
}

// BlockFilter is which of them are meant, the latest first.
type BlockFilter struct {
	Account string   // "": of everybody
	Calls   []string // of an account: only these
	Code    string
	Before  string // id of the last one seen
	Limit   int
}
