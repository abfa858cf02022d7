package settlement

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Limits of a statement.
const (
	MostLines = 1_000_000
	MostBytes = 128 << 20
	mostWrong = 20
)

// columns of a statement, by what carriers call them, the plainest name first.
func columnNames() [5][]string {
	return [5][]string{
		{"time", "start time", "answer time", "connect time", "call start", "start", "answered", "date time", "datetime", "timestamp", "call date", "date"},
		{"number", "called number", "called", "destination number", "dialed number", "dialled number", "callee", "b number", "cld", "to", "dnis", "destination"},
		{"seconds", "billed seconds", "billsec", "duration", "billed duration", "charged duration", "call duration", "duration (s)", "duration sec", "billable seconds", "minutes", "billed minutes"},
		{"amount", "cost", "charge", "price", "total", "charged amount", "billed amount", "charge amount"},
		{"clock", "time of day", "hour"}, // beside a column that has only the date
	}
}

const (
	colTime = iota
	colNumber
	colSeconds
	colAmount
	colClock
)

// Read reads a statement as CSV, separated by commas, semicolons or tabs, whose
// first line names its columns: the time of the answer, the number called, the
// duration (seconds, h:mm:ss, or decimal minutes in a column of that name), and
// the amount, in the currency of the statement. Days written as 03/04/2026 are
// read in the way in which all of them are days, and if that is both ways, in the
// one that lies within the month. Every line that cannot be read is named.
func Read(text string, m Month, c money.Currency) ([]Theirs, error) {
	if len(text) > MostBytes {
		return nil, fault.New(fault.Invalid, "statement_large", "The file is larger than 128 MB. Import the statement in parts.")
	}
	text = table.Plain(text)
	r := reader{separator: table.Separator(text), currency: c}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if r.at == nil {
			if !r.heading(line) {
				return nil, fault.New(fault.Invalid, "statement_heading",
					"The first line has to name the columns: time, number, seconds and amount, separated by commas, semicolons or tabs.")
			}
			continue
		}
		if len(r.rows) == MostLines {
			return nil, fault.New(fault.Invalid, "statement_large", "A statement has at most %d lines. Import it in parts.", MostLines)
		}
		r.read(n, line)
	}
	r.days(m)
	if len(r.wrong) > 0 {
		return nil, fault.New(fault.Invalid, "statement_lines", "Some lines cannot be read; nothing was kept.").WithFields(r.wrong...)
	}
	if len(r.rows) == 0 {
		return nil, fault.New(fault.Invalid, "statement_empty", "The statement has no lines.")
	}
	return r.rows, nil
}

type reader struct {
	separator rune
	currency  money.Currency
	at        []int // the column of each kind; -1 none
	minutes   bool  // durations are decimal minutes
	rows      []Theirs
	slashed   []slashed
	wrong     []fault.Field
	sum       int64 // of the amounts, without their signs
}

// slashed is a day that can be read in two ways.
type slashed struct {
	row, line, a, b, year int
	clock                 time.Duration
}

func (r *reader) fault(line int, text string) {
	if len(r.wrong) < mostWrong {
		r.wrong = append(r.wrong, fault.Field{Name: fmt.Sprintf("line %d", line), Text: text})
	}
}

func (r *reader) heading(line string) bool {
	cells, err := table.Cells(line, r.separator)
	if err != nil {
		return false
	}
	for i := range cells {
		cells[i] = strings.Join(strings.Fields(strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(cells[i]))), " ")
	}
	at := make([]int, 0, 5)
	for _, names := range columnNames() {
		found := -1
		for _, name := range names {
			if i := slices.Index(cells, name); i >= 0 && !slices.Contains(at, i) {
				found = i
				break
			}
		}
		at = append(at, found)
	}
	if at[colTime] < 0 || at[colNumber] < 0 || at[colSeconds] < 0 || at[colAmount] < 0 {
		return false
	}
	r.minutes = strings.Contains(cells[at[colSeconds]], "minutes")
	if at[colClock] < 0 && cells[at[colTime]] == "date" { // the clock in a column called time
		at[colClock] = slices.Index(cells, "time")
	}
	if i := slices.Index(cells, "date"); at[colClock] < 0 && i >= 0 && cells[at[colTime]] == "time" {
		at[colTime], at[colClock] = i, at[colTime]
	}
	r.at = at
	return true
}

func (r *reader) read(n int, line string) {
	cells, err := table.Cells(line, r.separator)
	if err != nil || len(cells) <= slices.Max(r.at) {
		r.fault(n, "The line has fewer columns than the first one.")
		return
	}
	x := Theirs{N: n, Number: cells[r.at[colNumber]]}
	if digits(x.Number) == "" {
		r.fault(n, fmt.Sprintf("%q is no number.", short(x.Number)))
		return
	}
	var ok bool
	if x.Seconds, ok = r.duration(cells[r.at[colSeconds]]); !ok {
		r.fault(n, fmt.Sprintf("%q is no duration. Write seconds, or 0:03:20.", short(cells[r.at[colSeconds]])))
		return
	}
	if x.Micros, ok = r.amount(cells[r.at[colAmount]]); !ok {
		r.fault(n, fmt.Sprintf("%q is no amount in %s.", short(cells[r.at[colAmount]]), r.currency))
		return
	}
	when := cells[r.at[colTime]]
	if r.at[colClock] >= 0 {
		when += " " + cells[r.at[colClock]]
	}
	if !r.when(&x, when) {
		r.fault(n, fmt.Sprintf("%q is no time. Write it as 2026-11-05 14:03:20.", short(when)))
		return
	}
	r.rows = append(r.rows, x)
}

func short(s string) string { return string([]rune(s)[:min(40, len([]rune(s)))]) }

// duration reads seconds, h:mm:ss or m:ss, or decimal minutes.
func (r *reader) duration(s string) (int64, bool) {
	if parts := strings.Split(s, ":"); len(parts) == 2 || len(parts) == 3 {
		total := int64(0)
		for i, p := range parts {
			n, err := strconv.ParseInt(p, 10, 32)
			if err != nil || n < 0 || i > 0 && n > 59 {
				return 0, false
			}
			total = total*60 + n
		}
		return total, true
	}
	micros, err := money.ReadMicros(s)
	if err != nil || micros < 0 || micros > 1e6*1e6 {
		return 0, false
	}
	if r.minutes {
		micros *= 60
	}
	return (micros + 500_000) / 1e6, true
}

// amount reads a sum with the statement's currency or without one.
func (r *reader) amount(s string) (int64, bool) {
	s = strings.TrimSpace(strings.ReplaceAll(s, string(r.currency), ""))
	s = strings.Trim(s, "$€£¥₩ ")
	minus := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	micros, err := money.ReadMicros(s)
	if errors.Is(err, money.ErrTwoWays) { // no call costs thousands
		micros, err = money.ParseMicros(strings.Replace(s, ",", ".", 1))
	}
	if minus {
		micros = -micros
	}
	if err != nil || max(micros, -micros) > mostAgreed-r.sum {
		return 0, false
	}
	r.sum += max(micros, -micros)
	return micros, true
}

// when reads a time in UTC if it names no zone. Days with slashes are read later.
func (r *reader) when(x *Theirs, s string) bool {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05.000", "2006-01-02 15:04", "20060102 15:04:05", "20060102150405", "02.01.2006 15:04:05", "02.01.2006 15:04", "2006/01/02 15:04:05", "2006/01/02 15:04", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil {
			x.At = t.UTC()
			return true
		}
	}
	day, clock, _ := strings.Cut(s, " ")
	parts := strings.Split(day, "/")
	t, err := time.Parse("15:04:05", clock)
	if err != nil {
		if t, err = time.Parse("15:04", clock); err != nil {
			t, err = time.Parse("3:04:05 PM", clock)
		}
	}
	if err != nil || len(parts) != 3 {
		return false
	}
	var n [3]int
	for i := range parts {
		if n[i], err = strconv.Atoi(parts[i]); err != nil {
			return false
		}
	}
	if n[2] < 100 {
		n[2] += 2000
	}
	r.slashed = append(r.slashed, slashed{len(r.rows), x.N, n[0], n[1], n[2], time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second})
	return true
}

// days reads the days with slashes: with the day first or the month first, as all
// of them can be, and as more of them lie within the month.
func (r *reader) days(m Month) {
	if len(r.slashed) == 0 {
		return
	}
	from, to := m.Span()
	read := func(x slashed, dayFirst bool) (time.Time, bool) {
		day, month := x.b, x.a
		if dayFirst {
			day, month = x.a, x.b
		}
		t := time.Date(x.year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		return t.Add(x.clock), month >= 1 && month <= 12 && t.Day() == day && t.Month() == time.Month(month)
	}
	var can [2]bool
	var within [2]int
	for way := range 2 {
		can[way] = true
		for _, x := range r.slashed {
			t, ok := read(x, way == 1)
			can[way] = can[way] && ok
			if ok && !t.Before(from.AddDate(0, 0, -2)) && t.Before(to.AddDate(0, 0, 2)) {
				within[way]++
			}
		}
	}
	dayFirst := can[1] && (!can[0] || within[1] > within[0])
	for _, x := range r.slashed {
		t, ok := read(x, dayFirst)
		if !ok {
			r.fault(x.line, "The day is none in the way in which the others are written. Write days as 2026-11-05.")
			continue
		}
		r.rows[x.row].At = t
	}
}
