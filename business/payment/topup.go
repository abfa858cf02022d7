package payment

import (
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// TopicReceipt is money a member added to his wallet, whose receipt is to be written.
const TopicReceipt = "payment.receipt"

const topUp = "wallet:"

// TopUp stands where money names the order it is for, if it is for none: it
// goes into the wallet of an account.
func TopUp(account string) string { return topUp + account }

// TopUpOf is whose wallet money is for; false: it is for an order, or for nothing.
func TopUpOf(order string) (account string, ok bool) { return strings.CutPrefix(order, topUp) }

// Sale is the order money came for, or "".
func (in Incoming) Sale() string {
	if _, ok := TopUpOf(in.Order); ok {
		return ""
	}
	return in.Order
}

// Range is how much may be added to a wallet at a time.
type Range struct {
	Least, Most money.Amount
	Suggested   []money.Amount
}

// RangeOf is what is right in a currency. It keeps the fee of a card company
// small beside the least, and what one mistake or thief can do beside the most.
func RangeOf(c money.Currency) Range {
	of := func(units ...int64) Range {
		r := Range{Least: money.Of(c, units[0], 0), Most: money.Of(c, units[1], 0)}
		for _, n := range units[2:] {
			r.Suggested = append(r.Suggested, money.Of(c, n, 0))
		}
		return r
	}
	switch {
	case c == "KRW":
		return of(5_000, 1_000_000, 10_000, 30_000, 50_000, 100_000)
	case c == "JPY":
		return of(500, 100_000, 1_000, 3_000, 5_000, 10_000)
	case c == "CNY":
		return of(30, 7_000, 50, 100, 200, 500)
	case c.Exponent() == 0: // units as small as those
		return of(1_000, 1_000_000, 5_000, 10_000, 50_000, 100_000)
	default:
		return of(5, 1_000, 10, 25, 50, 100)
	}
}

// Check refuses an amount that is too small, too large, or finer than the
// currency's smallest coin, which no card has.
func (r Range) Check(a money.Amount) error {
	wrong := func(text string, args ...any) error {
		err := fault.New(fault.Invalid, "top_up_amount", text, args...)
		return err.WithFields(fault.Field{Name: "amount", Text: err.Reason.Text})
	}
	if a.Currency != r.Least.Currency {
		return wrong("Wallets are kept in %s here.", string(r.Least.Currency))
	}
	if _, err := a.Minor(); err != nil || a.Micros < r.Least.Micros || a.Micros > r.Most.Micros {
		return wrong("Add an amount from %s to %s.", r.Least.String(), r.Most.String())
	}
	return nil
}
