// Package statement reads bank statements: CAMT.053 (ISO 20022 XML) and CSV.
// Every line is read or named with what is wrong with it; of a statement with a
// wrong line nothing is used.
package statement

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/money"
)

// Most is how large a statement may be.
const Most = 2 << 20

// mostLines bounds how many lines one statement has.
const mostLines = 20_000

// Statement is what a bank says of an account.
type Statement struct {
	Account string // its IBAN, where the bank names it
	Lines   []Line
}

// Line is one payment on a statement.
type Line struct {
	Row     int    // where it stands: a line of CSV, the number of the entry in XML
	ID      string // the bank's own; else made of what it says
	Date    time.Time
	Amount  money.Amount // above zero: it came in
	Payer   string
	IBAN    string // the payer's
	Text    string // what the payer wrote
	Skipped string // why it is none of ours to look at; "" is one to look at
}

// Fault is what is wrong with a line.
type Fault struct {
	Row  int // 0: the statement as a whole
	Text string
}

func (f Fault) Error() string { return fmt.Sprintf("line %d: %s", f.Row, f.Text) }

// Read reads a statement in either form, by what it is and not by its name.
func Read(text []byte) (Statement, []Fault) {
	lines, account, faults := read(text)
	if len(faults) > 0 {
		return Statement{}, faults
	}
	if len(lines) > mostLines {
		return Statement{}, []Fault{{0, "The statement has more than 20,000 lines. Ask the bank for shorter periods."}}
	}
	name(lines)
	return Statement{account, lines}, nil
}

func read(text []byte) (lines []Line, account string, faults []Fault) {
	if len(text) > Most {
		return nil, "", []Fault{{0, "The file is larger than 2 MB. Ask the bank for shorter periods."}}
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return nil, "", []Fault{{0, "The file is empty."}}
	case trimmed[0] == '<':
		return readCAMT(trimmed)
	case bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text):
		return nil, "", []Fault{{0, "This is no bank statement: it is neither CAMT.053 nor CSV in UTF-8."}}
	default:
		lines, faults = readCSV(text)
		return lines, "", faults
	}
}

// name gives every line an id. Banks that send none get one made of what the
// line says and of its place among equal ones, so that the same statement read
// again gives the same ids.
func name(lines []Line) {
	seen := map[string]int{}
	for i := range lines {
		x := &lines[i]
		if x.ID != "" {
			continue
		}
		what := fmt.Sprintf("%s|%s|%d|%s|%s|%s", x.Date.Format(time.DateOnly), x.Amount.Currency, x.Amount.Micros, x.Payer, x.IBAN, x.Text)
		seen[what]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s|%d", what, seen[what]))
		x.ID = "h" + hex.EncodeToString(sum[:12])
	}
}

// amount reads a decimal amount with a point or a comma, without groups of
// thousands: "1234.56", "-5,00".
func amount(s string, c money.Currency) (money.Amount, error) {
	s = strings.TrimSpace(s)
	if !regexp.MustCompile(`^[+-]?\d{1,12}([.,]\d{1,6})?$`).MatchString(s) {
		return money.Amount{}, fmt.Errorf("“%s” is no amount like 1234.56", shown(s))
	}
	sign := int64(1)
	if s[0] == '-' {
		sign = -1
	}
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimLeft(s, "+-"), ",", "."), ".")
	part += strings.Repeat("0", 6-len(part))
	var n int64
	for _, r := range whole + part {
		if n > (math.MaxInt64-9)/10 {
			return money.Amount{}, money.ErrOverflow
		}
		n = n*10 + int64(r-'0')
	}
	a := money.Amount{Currency: c, Micros: sign * n}
	if _, err := a.Minor(); err != nil {
		return a, fmt.Errorf("“%s” has more decimals than %s", shown(s), c)
	}
	return a, nil
}

func currency(s string) (money.Currency, error) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(s) {
		return "", fmt.Errorf("“%s” is no currency like USD", shown(s))
	}
	return money.Currency(s), nil
}

func date(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, form := range []string{time.DateOnly, "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02Z07:00", "02.01.2006", "20060102"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("“%s” is no date like 2026-11-30", shown(s))
}

// shown is foreign text short enough to repeat.
func shown(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// clean is foreign text as we keep it: one line, of a bounded length.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300])
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, s)
}

// sortFaults puts them in the order of the file.
func sortFaults(f []Fault) []Fault {
	slices.SortStableFunc(f, func(a, b Fault) int { return a.Row - b.Row })
	if len(f) > 100 {
		f = append(f[:100], Fault{f[99].Row, fmt.Sprintf("… and %d more", len(f)-100)})
	}
	return f
}
