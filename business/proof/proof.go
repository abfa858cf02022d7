// Package proof proves that somebody controls a telephone number: a call goes
// out by a carrier, and whoever presses 1 hears a code, which the account gives
// back. What was proved serves for a day.
package proof

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
)

// Purpose is what a proof is for. One for one purpose serves no other.
type Purpose string

// The purposes.
const (
	OwnPhone  Purpose = "own_phone"  // to turn the telephone into a world number
	Root      Purpose = "root"       // to make it the root of a company number
	Contact   Purpose = "contact"    // where a member can be reached
	OtherVoIP Purpose = "other_voip" // a number at another provider
)

// Purposes lists them.
func Purposes() []Purpose { return []Purpose{OwnPhone, Root, Contact, OtherVoIP} }

// State is how far a proof has come.
type State string

// The states.
const (
	Calling State = "calling" // the call is under way
	Spoken  State = "spoken"  // the code was, or is being, spoken
	Proved  State = "proved"
	Failed  State = "failed"
	Expired State = "expired" // too late: for the code, or of what was proved
)

// Proof is one attempt to prove a number.
type Proof struct {
	ID       string
	Account  string
	E164     string // "+8225551234"
	Country  string // ISO, of the number
	Purpose  Purpose
	Language string // the code is spoken in
	State    State
	Reason   fault.Reason // of a failure
	Hash     string       // of the code
	Guesses  int          // used
	Created  time.Time
	Until    time.Time // while calling or spoken: the code is good; proved: the proof is
}

// Times and limits.
const (
	CodeFor     = 10 * time.Minute
	ProvedFor   = 24 * time.Hour
	MostGuesses = 5

	perNumber  = 3
	perPrefix  = 10 // the number without its last four digits
	perAccount = 5
	window     = 24 * time.Hour
	keepFor    = 30 * 24 * time.Hour // what came to nothing
	callFor    = 6 * time.Minute     // longer than any call of ours lasts
)

// at is the proof as it stands at a time: what is over, is over.
func (p Proof) at(now time.Time) Proof {
	if (p.State == Calling || p.State == Spoken || p.State == Proved) && !now.Before(p.Until) {
		if p.State != Proved {
			p.Reason = fault.Reason{Code: "code_expired", Text: "The code was not entered in time. Ask for another call."}
		}
		p.State = Expired
	}
	return p
}

// Live reports whether the call is still under way.
func (p Proof) Live() bool { return p.State == Calling }

// GuessesLeft is how often a code may still be tried.
func (p Proof) GuessesLeft() int { return max(MostGuesses-p.Guesses, 0) }

// Limit is one count of calls: at most Most in a window.
type Limit struct {
	Key  string // "number:+8225551234"
	Most int
}

// Store keeps proofs. Each method is one transaction.
type Store interface {
	// InsertProof counts the call under each limit and stores the proof, or does
	// neither: then full is the limit that is reached, and since when it counts.
	InsertProof(ctx context.Context, p Proof, limits []Limit, window time.Duration) (full *Limit, since time.Time, err error)
	// WithdrawProof takes a proof back for which no call was made, with its counts.
	WithdrawProof(ctx context.Context, id string, limits []Limit) error
	Proof(ctx context.Context, id string) (Proof, bool, error)
	// MoveProof changes the state, if it is from, and returns whether it was.
	MoveProof(ctx context.Context, id string, from, to State, reason fault.Reason, until time.Time) (bool, error)
	// GuessProof counts a guess at a spoken proof whose code is good at now and
	// which has guesses left, and proves it if the hash is right. It reports
	// whether the guess was counted.
	GuessProof(ctx context.Context, id, hash string, now, until time.Time) (bool, error)
	// SweepProofs removes counts older than since, and what was never proved of
	// before old.
	SweepProofs(ctx context.Context, since, old time.Time) error
	// ProvedProof finds the latest proof that is good at now.
	ProvedProof(ctx context.Context, account, e164 string, purpose Purpose, now time.Time) (Proof, bool, error)
}

// Carriers chooses the carrier for a call to a country.
type Carriers interface {
	For(country string) (carrier.Carrier, bool)
}

// Call is a call that speaks a code.
type Call struct {
	Carrier  carrier.Carrier
	E164     string
	Language string
	Code     string
	// Told is told each step: "ringing", "answered", "asked", "spoken",
	// "silent". Over is told the end, last and once. Both are called from one
	// thread and must not block.
	Told func(step string)
	Over func(End)
}

// End is how a call ended.
type End struct {
	Answered bool
	Why      string // the stable word of the call record: "busy"
}

// Caller places calls.
type Caller interface {
	SpeakCode(ctx context.Context, c Call) error
}
