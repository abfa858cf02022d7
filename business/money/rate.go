package money

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Rate is what one unit of a currency is worth in another, in million-millionths:
// a won in euros still has nine digits.
type Rate int64

// One is the rate of a currency in itself, and MaxRate the largest there may be.
const (
	One     Rate = 1_000_000_000_000
	MaxRate      = 1_000_000 * One
)

// Of converts an amount of micro-units, which is not below zero, rounded half up
// to the micro-unit; false if it does not fit.
func (r Rate) Of(micros int64) (int64, bool) {
	if micros < 0 || r < 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(micros), uint64(r))
	lo, carry := bits.Add64(lo, uint64(One/2), 0)
	hi += carry
	if hi >= uint64(One) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(One))
	return int64(q), q <= math.MaxInt64 //nolint:gosec // looked at
}

// String is the rate as ReadRate reads it: "1.0842".
func (r Rate) String() string {
	digits := strconv.FormatInt(int64(r%One), 10)
	digits = strings.Repeat("0", 12-len(digits)) + digits
	frac := strings.TrimRight(digits, "0")
	if frac == "" {
		return strconv.FormatInt(int64(r/One), 10)
	}
	return strconv.FormatInt(int64(r/One), 10) + "." + frac
}

// ReadRate reads a rate as people write it: at most twelve decimals, with a point
// or a comma, no thousands apart, above zero.
func ReadRate(s string) (Rate, error) {
	s = strings.Replace(strings.Map(latin, strings.TrimSpace(s)), ",", ".", 1)
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 7 || len(frac) > 12 || strings.Trim(whole+frac, "0123456789") != "" || strings.HasSuffix(s, ".") {
		return 0, ErrAmount
	}
	var r Rate
	for _, d := range whole + frac + strings.Repeat("0", 12-len(frac)) {
		r = r*10 + Rate(d-'0')
	}
	if r <= 0 || r > MaxRate {
		return 0, ErrAmount
	}
	return r, nil
}
