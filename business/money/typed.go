package money

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTwoWays says that a text is one amount to some readers and another to others.
var ErrTwoWays = errors.New("this can be read in two ways") //nolint:gochecknoglobals // sentinel

// ReadMicros reads an amount as people of any country type it: with a point or
// a comma, with thousands apart or not, in Arabic digits too. “1.234” is more
// than a thousand to some and little more than one to others: ErrTwoWays.
func ReadMicros(s string) (int64, error) {
	plain := strings.Map(latin, strings.TrimSpace(s))
	at := strings.LastIndexAny(plain, ".,")
	if at < 0 {
		return ParseMicros(plain)
	}
	whole, mark, frac := plain[:at], plain[at:at+1], plain[at+1:]
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == '.' || r == ',' })
	switch marks := len(whole) - len(strings.Join(groups, "")); {
	case strings.Contains(whole, mark): // 1,234,567 has thousands only
		groups, frac = append(groups, frac), ""
	case marks == 0 && len(frac) == 3 && !strings.HasPrefix(whole, "0"):
		return 0, fmt.Errorf("%q: %w", s, ErrTwoWays)
	}
	for i, g := range groups {
		if len(groups) > 1 && (i > 0 && len(g) != 3 || len(g) > 3) {
			return 0, fmt.Errorf("%q: %w", s, ErrAmount)
		}
	}
	if strings.ContainsAny(whole, ".") && strings.ContainsAny(whole, ",") || plain[at:] == mark || len(groups) == 0 {
		return 0, fmt.Errorf("%q: %w", s, ErrAmount)
	}
	plain = strings.Join(groups, "")
	if frac != "" {
		plain += "." + frac
	}
	return ParseMicros(plain)
}

// latin turns the digits and marks of other scripts into ours, and drops the
// spaces between thousands.
func latin(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	case r == '٫', r == '，':
		return ','
	case r == '．':
		return '.'
	case r == ' ', r == '\u00a0', r == '\u202f', r == '٬', r == '\'', r == '’':
		return -1
	default:
		return r
	}
}
