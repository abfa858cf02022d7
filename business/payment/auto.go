package payment

import (
	"fmt"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// TopicForget is something to be forgotten at the provider: a card, or a customer
// with all of them.
const TopicForget = "payment.forget"

// Auto is how a wallet is filled by itself.
type Auto struct {
	Account  string
	Customer string // the provider's id; "" none yet
	Card     SavedCard
	Setup    string    // the session in which a card is being saved
	Look     time.Time // when the provider is to be asked about it
	Rule     AutoRule
	On       bool
	Armed    bool  // there was more than Below since it was ordered last
	Seen     int64 // entries of the wallet that were looked at
	Stopped  AutoStop
	Changed  time.Time
}

// SavedCard is what we keep of a card.
type SavedCard struct {
	Method string // the provider's id; "" there is no card
	Brand  string
	Last4  string
	Until  string // the last month: 2030-04
}

// Name is what its holder knows it by.
func (c SavedCard) Name() string { return c.Brand + " •••• " + c.Last4 }

// AutoRule is when how much is added.
type AutoRule struct {
	Below money.Amount // less is left to spend
	Add   money.Amount
	Most  money.Amount // in a month of UTC
}

// AutoStop is why it was switched off, not by its holder.
type AutoStop string

// The reasons.
const (
	AutoDeclined AutoStop = "declined" // too often
	AutoExpired  AutoStop = "expired"  // the card
	AutoConfirm  AutoStop = "confirm"  // the bank wants to hear it from its holder
)

// AutoMost is how much may be added in a month at most: so many times what may be
// added at once.
const AutoMost = 20

// Check refuses a rule by which a wallet could not be kept filled: what is added
// reaches the threshold, so that one time is enough.
func (r *AutoRule) Check(within Range) error {
	c := within.Least.Currency
	r.Below.Currency, r.Add.Currency, r.Most.Currency = c, c, c
	wrong := func(field, text string, args ...any) error {
		err := fault.New(fault.Invalid, "auto_rule", text, args...)
		return err.WithFields(fault.Field{Name: field, Text: err.Reason.Text})
	}
	most := money.Amount{Currency: c, Micros: AutoMost * within.Most.Micros}
	if r.Below.Micros <= 0 || r.Below.Micros > within.Most.Micros {
		return wrong("below", "Give an amount above zero, up to %s.", within.Most.String())
	}
	if within.Check(r.Add) != nil {
		return wrong("add", "Add an amount from %s to %s.", within.Least.String(), within.Most.String())
	}
	if r.Add.Micros < r.Below.Micros {
		return wrong("add", "Add at least the amount below which it is added: %s.", r.Below.String())
	}
	if r.Most.Micros < r.Add.Micros || r.Most.Micros > most.Micros {
		return wrong("most", "Give from %s to %s in a month.", r.Add.String(), most.String())
	}
	return nil
}

// AutoMonth is the beginning of the month of UTC in which an instant is.
func AutoMonth(now time.Time) time.Time {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// AutoCharge is one time that a card is charged without its holder.
type AutoCharge struct {
	ID       string
	Account  string
	Customer string
	Method   string
	Amount   money.Amount
	State    ChargeState
	Payment  string // the provider's, if it is known
	Refused  int    // times
	Asked    int    // times without an answer since
	Due      time.Time
	Error    string
	Created  time.Time
}

// Key keeps the provider from charging twice: it is another one only after the
// provider said that nothing was charged.
func (c AutoCharge) Key() string { return c.ID + ":" + strconv.Itoa(c.Refused) }

// ChargeState is where it stands.
type ChargeState string

// The states.
const (
	ChargeWaiting ChargeState = "waiting"
	ChargeDone    ChargeState = "done"
	ChargeFailed  ChargeState = "failed"
	ChargeDropped ChargeState = "dropped" // it was not to be any more
)

// Charged is what the provider says of a charge.
type Charged struct {
	Payment string
	Charge  string // our id of it
	Order   string
	Paid    bool
	Amount  money.Amount
	Refused AutoStop // why there is no money; "" and not paid: it is not known yet
	Text    string   // more of it
}

// Setup is what the provider says of a session in which a card is saved.
type Setup struct {
	Account string // as we gave it
	Done    bool
	Expired bool
	Card    SavedCard
}

// AutoView is how a wallet is filled by itself, as its holder sees it.
type AutoView struct {
	Auto

	Possible bool         // cards are taken here
	Added    money.Amount // this month, with what is about to be
	Waiting  bool         // the card is being charged
}

// Full reports that the next time would be beyond the most of the month.
func (v AutoView) Full() bool { return v.On && v.Added.Micros+v.Rule.Add.Micros > v.Rule.Most.Micros }

// CardUntil is the last month of a card.
func CardUntil(year, month int64) string { return fmt.Sprintf("%04d-%02d", year, month) }
