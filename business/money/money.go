// Package money holds amounts as whole micro-units of a currency (ISO 4217),
// never as floating point: 1.00 USD is 1,000,000 micros. The range is that of
// int64, about ±9.2 million million units; Add and Sub report overflow.
package money

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Micros is how many micro-units make one unit of any currency.
const Micros = 1_000_000

// Currency is an ISO 4217 alphabetic code, for example "USD".
type Currency string

// Amount is a sum of money. The zero Amount has no currency.
type Amount struct {
	Currency Currency `json:"currency"`
	Micros   int64    `json:"micros"`
}

// ErrCurrency says that two amounts of different currencies were combined.
var ErrCurrency = errors.New("the amounts are in different currencies")

// ErrOverflow says that a sum does not fit into 64 bits.
var ErrOverflow = errors.New("the amount is too large")

// Of returns units (and cents) of a currency: Of("USD", 12, 50) is 12.50 USD.
func Of(c Currency, units, hundredths int64) Amount {
	return Amount{Currency: c, Micros: units*Micros + hundredths*(Micros/100)}
}

// Zero reports whether the amount is nothing, in any currency.
func (a Amount) Zero() bool { return a.Micros == 0 }

// Neg returns the amount with its sign turned.
func (a Amount) Neg() Amount { return Amount{a.Currency, -a.Micros} }

// Add returns a+b. Both must be of one currency.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%s and %s: %w", a.Currency, b.Currency, ErrCurrency)
	}
	if b.Micros > 0 && a.Micros > math.MaxInt64-b.Micros || b.Micros < 0 && a.Micros < math.MinInt64-b.Micros {
		return Amount{}, ErrOverflow
	}
	return Amount{a.Currency, a.Micros + b.Micros}, nil
}

// Sub returns a-b. Both must be of one currency.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Micros == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return a.Add(b.Neg())
}

// String returns the amount for people: two decimals, or more where micros
// demand it ("0.0125 USD").
func (a Amount) String() string {
	sign, m := "", uint64(a.Micros)
	if a.Micros < 0 {
		sign, m = "-", -m
	}
	frac := strings.TrimRight(fmt.Sprintf("%06d", m%Micros), "0")
	for len(frac) < 2 {
		frac += "0"
	}
	return strings.TrimSpace(fmt.Sprintf("%s%d.%s %s", sign, m/Micros, frac, a.Currency))
}

// ErrAmount says that a text is no amount.
var ErrAmount = errors.New("this is no amount like 5.00")

// ParseMicros reads what people and files write: "5", "5.00", "0.0125"; ""
// is nothing. Signs, groups and more than six decimals are refused.
func ParseMicros(s string) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if s == "" {
		return 0, nil
	}
	if whole == "" || len(whole) > 12 || len(frac) > 6 || strings.Trim(whole+frac, "0123456789") != "" || strings.HasSuffix(s, ".") {
		return 0, fmt.Errorf("%q: %w", s, ErrAmount)
	}
	var micros int64
	for _, d := range whole + frac + strings.Repeat("0", 6-len(frac)) {
		micros = micros*10 + int64(d-'0')
	}
	return micros, nil
}

// Parse reads what String writes: "5.00 USD".
func Parse(s string) (Amount, error) {
	number, code, _ := strings.Cut(s, " ")
	positive := strings.TrimPrefix(number, "-")
	micros, err := ParseMicros(positive)
	if err != nil || !strings.Contains(number, ".") || len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return Amount{}, fmt.Errorf("%q: %w", s, ErrAmount)
	}
	if positive != number {
		micros = -micros
	}
	return Amount{Currency(code), micros}, nil
}
