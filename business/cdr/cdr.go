// Package cdr is the call record: plain values. Every center on the path of a
// call writes at most one; they share the global call id minted where the call
// started.
package cdr

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Side is what the writing center was for the call.
type Side string

// The sides.
const (
	Origin Side = "origin" // the caller's center
	Home   Side = "home"   // the called number's center
	Visit  Side = "visit"  // where the called terminal registered
	Exit   Side = "exit"   // where the call left by a trunk
	Entry  Side = "entry"  // where it came in by one
)

// Cause is why a call ended or was refused, in no protocol's words. SIP and
// Q.850 codes are chosen at the edge.
type Cause uint8

// The causes.
const (
	NoCause      Cause = iota
	Normal             // answered, then someone hung up
	Busy               // every terminal is busy
	NoAnswer           // it rang, nobody answered
	Declined           // the called party refused
	Cancelled          // the caller hung up before the answer
	Unavailable        // nobody is registered (480)
	NotFound           // no such number (404)
	Unregistered       // sold, but its holder has not registered it (M1)
	NotDialable        // a kind of number we cannot carry yet
	Forbidden          // not allowed
	Unpaid             // no money
	Media              // no common codec, or no sound
	Failed             // a fault on our side
	Lost               // a party vanished during the call
	Timeout            // no final answer in time
	Elsewhere          // another terminal of the party answered
)

// Answered reports whether the call was connected, whatever ended it.
func (r *Record) Answered() bool { return !r.Answer.IsZero() }

// MissedCauses are how a call ends that its called party would have wanted to know
// of: it rang, or could not.
func MissedCauses() []Cause { return []Cause{NoAnswer, Busy, Cancelled, Unavailable, Timeout} }

// Missed reports whether a call to a member was missed by him.
func (r *Record) Missed() bool {
	return !r.Answered() && r.To.Account != "" && !r.To.Number.Zero() && r.To.Account != r.From.Account && slices.Contains(MissedCauses(), r.Cause)
}

// names are the stable texts of the causes, in order.
func names() [17]string {
	return [...]string{"", "normal", "busy", "no_answer", "declined", "cancelled", "unavailable", "not_found", "unregistered",
		"not_dialable", "forbidden", "unpaid", "media", "failed", "lost", "timeout", "answered_elsewhere"}
}

// String returns the stable text, which is also what the database stores.
func (c Cause) String() string {
	if n := names(); int(c) < len(n) {
		return n[c]
	}
	return "failed"
}

// ParseCause reads what String wrote; anything unknown is Failed.
func ParseCause(s string) Cause {
	for i, n := range names() {
		if n == s {
			return Cause(i)
		}
	}
	return Failed
}

// Party is one end of a call as the record keeps it. For an ordinary
// telephone only Text is set.
type Party struct {
	Account string           // whose history shows it; "" for strangers
	Number  numbering.Number // zero for strangers
	Text    string           // as shown: "2 555 1234 82", "+82 2 555 1234", a SIP address
}

// Shown is the party for people: the text it was recorded with, else its number.
func (p Party) Shown() string {
	if p.Text == "" {
		return p.Number.Display()
	}
	return p.Text
}

// Record is one call as one center saw it. It is append-only.
type Record struct {
	ID       string // ours, one per row: "cdr_…"
	CallID   string // global, "call_…"
	Side     Side
	Center   center.ID
	From     Party
	To       Party
	Dialled  string // as the caller typed it
	Start    time.Time
	Answer   time.Time // zero: never answered
	End      time.Time
	Cause    Cause
	Charge   money.Amount // zero for free calls
	Packages []Drawn      // whose seconds it used before it cost money
	Payer    string       // the account that is charged: the caller's, or of who has it forwarded
	Carrier  string       // whose trunk it left or came in by
	Trunk    string
	// Withheld: the caller's number is not for the called party to see.
	Withheld bool
	Decision Decision
	PDD      time.Duration // from the caller's wish to the first sign he was given; 0: none
	HungUp   Ender
	Q850     int     // ITU-T Q.850 cause
	Status   int     // SIP status that the caller was refused with; 0: he was not
	Quality  Quality // of the caller's sound, or of who came in by a trunk
	Legs     []Leg   // in the order tried, at most MostLegs
	LegsMore int     // how many were tried beyond those
}

// CauseFor is why a call ended, as an account may see it: to a caller whose call
// was declined by a telephone that said it was busy, it was.
func (r *Record) CauseFor(account string) Cause {
	if r.Cause == Declined && r.Status == busyHere && account != "" && r.From.Account == account {
		return Busy
	}
	return r.Cause
}

// busyHere is the SIP status of a telephone that is busy.
const busyHere = 486

// Temporary begins the name of an address that hides whose it is (RFC 5627 §3.1.2).
const Temporary = "tgruu."

// Hides reports whether an account called such an address: whose it is, the record
// says to who was called and to the operator.
func (r *Record) Hides(account string) bool {
	return account != "" && r.From.Account == account && r.To.Account != account && strings.HasPrefix(strings.ToLower(r.Dialled), Temporary)
}

// With are the ways in which an account may know the other party's number: as it is
// shown, as it is written to be dialled, as the account dialled it.
func (r *Record) With(account string) []string {
	if r.Hides(account) {
		return []string{r.Dialled}
	}
	if r.From.Account == account {
		return []string{r.To.Shown(), r.To.Number.Display(), r.Dialled}
	}
	if r.Withheld {
		return nil
	}
	return []string{r.From.Shown(), r.From.Number.Display()}
}

// Called is who was called, as an account may see it, or the operator if that is "":
// what was dialled, where that is nobody or hides who it is.
func (r *Record) Called(account string) string {
	if shown := r.To.Shown(); shown != "" && !r.Hides(account) {
		return shown
	}
	return r.Dialled
}

// Drawn is what a call used of a package of minutes.
type Drawn struct {
	Allowance string // the holder's, for one period
	Package   string
	Name      string
	Seconds   int64
}

// Drew is what it used of packages of an account, if that pays it.
func (r *Record) Drew(account string) []Drawn {
	if account == r.Payer || r.Payer == "" && account == r.From.Account {
		return r.Packages
	}
	return nil
}

// Caller is who called, as an account may see it: "" if that was withheld.
func (r *Record) Caller(account string) string {
	if r.Withheld && r.From.Account != account {
		return ""
	}
	return r.From.Shown()
}

// Cost is what a call cost an account.
func (r *Record) Cost(account string) money.Amount {
	if account == r.Payer || r.Payer == "" && account == r.From.Account {
		return r.Charge
	}
	return money.Amount{Currency: r.Charge.Currency}
}

// Duration is the connected time.
func (r *Record) Duration() time.Duration {
	if r.Answer.IsZero() || r.End.Before(r.Answer) {
		return 0
	}
	return r.End.Sub(r.Answer)
}

// Page is a part of a history, newest first. Next is empty at the end.
type Page struct {
	Items []Record
	Next  string
}

// Store appends records and lists histories.
type Store interface {
	// AppendRecords stores records, each once however often it is given.
	AppendRecords(ctx context.Context, records []Record) error
	// History lists the calls an account made or received before the cursor,
	// newest first.
	History(ctx context.Context, account, cursor string, limit int) (Page, error)
}
