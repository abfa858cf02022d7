// Package guard keeps calls from costing more than they should: what an account
// may spend in a day and a month, for a minute and at once; destinations that are
// closed until their caller opens them; and how fast calls may follow each other.
// It decides; charging asks it where money is held for a call, which each call
// that costs passes, forwarded ones too. Calls that cost nothing and emergency
// calls do not come here.
//
// A day and a month are those of UTC, for everybody: they begin once in every
// process, and nobody has two of them by moving his clock.
package guard

import (
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// Limits are what calls may cost. What is nil has no limit.
type Limits struct {
	Day    *int64 `json:"day,omitempty"`    // micro-units
	Month  *int64 `json:"month,omitempty"`  //
	Minute *int64 `json:"minute,omitempty"` // of the first minute, with what it costs to connect
	Calls  *int   `json:"calls,omitempty"`  // that cost, at once
}

// most bounds what can be asked for.
const (
	mostMoney = int64(1_000_000_000) * money.Micros
	mostCalls = 1000
)

// within is each limit, and none above the ceiling's.
func (l Limits) within(top Limits) Limits {
	return Limits{lower(l.Day, top.Day), lower(l.Month, top.Month), lower(l.Minute, top.Minute), lower(l.Calls, top.Calls)}
}

// over is each limit of l, and base's where it has none.
func (l Limits) over(base Limits) Limits {
	return Limits{either(l.Day, base.Day), either(l.Month, base.Month), either(l.Minute, base.Minute), either(l.Calls, base.Calls)}
}

// raises reports whether a change from old to l lets anything more happen.
func (l Limits) raises(old Limits) bool {
	return above(l.Day, old.Day) || above(l.Month, old.Month) || above(l.Minute, old.Minute) || above(l.Calls, old.Calls)
}

func lower[N int | int64](a, b *N) *N {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func either[N int | int64](a, b *N) *N {
	if a == nil {
		return b
	}
	return a
}

func above[N int | int64](a, b *N) bool { return b != nil && (a == nil || *a > *b) }

// check names the fields that are no limits.
func (l Limits) check(prefix string) (bad []fault.Field) {
	for _, x := range []struct {
		name string
		v    *int64
	}{{"day", l.Day}, {"month", l.Month}, {"minute", l.Minute}} {
		if x.v != nil && (*x.v < 0 || *x.v > mostMoney) {
			bad = append(bad, fault.Field{Name: prefix + x.name, Text: "This is no amount that can be a limit."})
		}
	}
	if l.Calls != nil && (*l.Calls < 0 || *l.Calls > mostCalls) {
		bad = append(bad, fault.Field{Name: prefix + "calls", Text: "Write a number from 0 to 1000."})
	}
	return bad
}

// Class is how well an account is known.
type Class string

// The classes. An account is new until it has been here for some days and has
// paid with money from outside; the operator can say otherwise.
const (
	Newcomer Class = "new"
	Known    Class = "known"
	Trusted  Class = "trusted"
)

func (c Class) valid() bool { return c == Newcomer || c == Known || c == Trusted }

// Policy is what the operator has for accounts of each class, and how fast calls
// may follow each other.
type Policy struct {
	NewDays int    `json:"new_days"`   // an account is new for so many days
	NewPaid bool   `json:"until_paid"` // and until it has paid
	New     Limits `json:"new"`        // such an account calls no closed destination
	Known   Limits `json:"known"`      //
	Trusted Limits `json:"trusted"`    //
	Pace    Pace   `json:"pace"`       //
}

// of are the limits of a class.
func (p *Policy) of(c Class) Limits {
	switch c {
	case Newcomer:
		return p.New
	case Trusted:
		return p.Trusted
	default:
		return p.Known
	}
}

func (p *Policy) check() error {
	bad := append(append(p.New.check("new_"), p.Known.check("known_")...), p.Trusted.check("trusted_")...)
	if p.NewDays < 0 || p.NewDays > 3650 {
		bad = append(bad, fault.Field{Name: "new_days", Text: "Write a number from 0 to 3650."})
	}
	bad = append(bad, p.Pace.check()...)
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	return nil
}

// worth is roughly how many units of a currency a US dollar is: the limits that a
// new house begins with are in its own.
func worth(c money.Currency) int64 {
	switch c {
	case "JPY", "INR", "HUF", "ISK", "RSD", "KES", "PHP", "DOP", "RUB", "DZD", "NPR", "PKR", "LKR", "AMD", "BDT":
		return 100
	case "KRW", "CLP", "COP", "XOF", "XAF", "CRC", "MNT", "KZT", "NGN", "ARS":
		return 1000
	case "VND", "IDR", "UZS", "LAK", "PYG", "KHR", "TZS", "UGX":
		return 10_000
	case "SEK", "NOK", "DKK", "CZK", "ZAR", "MXN", "TWD", "HKD", "CNY", "THB", "TRY", "EGP", "UAH":
		return 10
	default:
		return 1
	}
}

func ptr[N any](n N) *N { return &n }

// DefaultPolicy is what a new house begins with.
func DefaultPolicy(c money.Currency) Policy {
	unit := worth(c) * money.Micros
	at := func(day, month, minute int64, calls int) Limits {
		return Limits{ptr(day * unit), ptr(month * unit), ptr(minute * unit), ptr(calls)}
	}
	return Policy{NewDays: 7, NewPaid: true, New: at(10, 30, 1, 2), Known: at(100, 500, 3, 10), Trusted: at(1000, 10_000, 10, 30), Pace: DefaultPace()}
}

// OpenPolicy is what a house begins with that is only tried out: nobody is new,
// and limits are what each sets himself.
func OpenPolicy() Policy {
	calls := Limits{Calls: ptr(10)}
	return Policy{New: calls, Known: calls, Trusted: Limits{Calls: ptr(30)}, Pace: OpenPace()}
}

// Account is what is kept of one: what its holder set, and what the operator did.
type Account struct {
	ID      string
	Class   Class  // "" goes by itself
	Own     Limits // its holder's
	Ceiling Limits // the operator's for this account; nil is as its class
	Changed time.Time
}

// Standing is all that decides what an account may do.
type Standing struct {
	Account
	Created time.Time
	Paid    bool      // it has paid with money from outside
	Opened  []string  // prefixes and countries
	Until   time.Time // calls that cost are stopped until then,
	Why     string    // because of this
}

// class is how well an account is known at an instant.
func (s *Standing) class(p *Policy, now time.Time) Class {
	switch {
	case s.Class != "":
		return s.Class
	case now.Sub(s.Created) < time.Duration(p.NewDays)*24*time.Hour, p.NewPaid && p.NewDays > 0 && !s.Paid:
		return Newcomer
	default:
		return Known
	}
}

// ceiling is what the holder may set at most.
func (s *Standing) ceiling(p *Policy, now time.Time) Limits {
	return s.Ceiling.over(p.of(s.class(p, now)))
}

// limits are those that hold.
func (s *Standing) limits(p *Policy, now time.Time) Limits {
	return s.Own.within(s.ceiling(p, now))
}

// Day is a day of UTC, counted from the year 1970.
func Day(t time.Time) int64 { return t.Unix() / 86400 }

// FirstOfMonth is the first day of the month that an instant is in.
func FirstOfMonth(t time.Time) int64 {
	t = t.UTC()
	return Day(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC))
}

// Spent is what calls of an account did cost, and what is promised for those
// under way.
type Spent struct {
	Day, Month int64 // micro-units
	Held       int64
	Calls      int // that hold money
}

// Call is one that is to be paid for.
type Call struct {
	ID       string
	Account  string // who pays
	Currency money.Currency
	E164     string // with +; "" of a partner's own number
	Shown    string // to people
	Minute   int64  // of the first minute
	Forward  bool   // it is forwarded: the payer did not dial it
}

// who is as whom a call is counted: what others call, and an account has
// forwarded, apart from what it calls.
func (c *Call) who() string {
	if c.Forward {
		return c.Account + "/forwarded"
	}
	return c.Account
}

// Caps are the limits that are held in the transaction that holds the money.
type Caps struct {
	Limits

	currency money.Currency
}

// Room is how much more may be held for an account's calls: as much as its limits
// leave. If that is nothing, why says so. more is for a call under way, which
// counts already.
func (c *Caps) Room(s Spent, more bool) (room int64, why error) {
	in := func(micros int64) string { return money.Amount{Currency: c.currency, Micros: micros}.String() }
	room = int64(1) << 62
	if !more {
		if err := c.Another(s); err != nil {
			return 0, err
		}
	}
	if c.Day != nil {
		if room = *c.Day - s.Day - s.Held; room <= 0 {
			why = fault.New(fault.Forbidden, "cap_day", "Your limit for calls in a day is %s: %s is spent, and %s is held for calls under way. Raise it under “Calls and limits” in your account, or call again after 00:00 UTC.", in(*c.Day), in(s.Day), in(s.Held))
		}
	}
	if c.Month != nil {
		if left := *c.Month - s.Month - s.Held; left < room {
			if room = left; room <= 0 {
				why = fault.New(fault.Forbidden, "cap_month", "Your limit for calls in a month is %s: %s is spent, and %s is held for calls under way. Raise it under “Calls and limits” in your account.", in(*c.Month), in(s.Month), in(s.Held))
			}
		}
	}
	return max(0, room), why
}

// Another says why an account may have no further call that costs now.
func (c *Caps) Another(s Spent) error {
	if c.Calls == nil || s.Calls < *c.Calls {
		return nil
	}
	return fault.New(fault.Forbidden, "cap_calls", "You have as many calls that cost at once as your limit allows: %d. End one first, or raise the limit under “Calls and limits” in your account.", *c.Calls)
}

// Short says that what the limits leave is less than a call's first step.
func (c *Caps) Short(room, least int64) error {
	in := func(micros int64) string { return money.Amount{Currency: c.currency, Micros: micros}.String() }
	return fault.New(fault.Forbidden, "cap_short", "Your limits for calls leave %s, and this call needs %s to begin. Raise them under “Calls and limits” in your account.", in(room), in(least))
}
