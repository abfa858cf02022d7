package statement

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// columns are the names a CSV statement may give its columns; the first of each
// is ours.
func columns() map[string][]string {
	return map[string][]string{
		"date":      {"date", "booking date", "booked", "value date"},
		"amount":    {"amount"},
		"currency":  {"currency"},
		"payer":     {"payer", "name", "counterparty", "sender"},
		"account":   {"account", "iban", "payer iban"},
		"reference": {"reference", "text", "purpose", "description", "remittance information"},
		"id":        {"id", "bank reference", "transaction id"},
	}
}

// readCSV reads a statement whose first line names its columns: date, amount,
// currency and reference are needed, payer, account and id may be there.
func readCSV(text []byte) ([]Line, []Fault) {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = separator(string(first)), -1
	head, err := r.Read()
	if err != nil {
		return nil, []Fault{{1, "The first line names no columns. It should be: date,amount,currency,payer,account,reference,id"}}
	}
	at, missing := places(head)
	if len(missing) > 0 {
		return nil, []Fault{{1, fmt.Sprintf("The columns %s are missing. The first line should be: date,amount,currency,payer,account,reference,id", strings.Join(missing, ", "))}}
	}
	var lines []Line
	var faults []Fault
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, sortFaults(faults)
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			faults = append(faults, Fault{wrong.Line, "The line cannot be taken apart: " + wrong.Err.Error() + "."})
			return nil, sortFaults(faults) // what follows is not to be trusted
		}
		if err != nil {
			return nil, []Fault{{0, "The file cannot be read."}}
		}
		row, _ := r.FieldPos(0)
		if len(record) != len(head) {
			faults = append(faults, Fault{row, fmt.Sprintf("The line has %d columns, the first has %d.", len(record), len(head))})
			continue
		}
		x, err := csvLine(record, at)
		if err != nil {
			faults = append(faults, Fault{row, "Wrong: " + err.Error() + "."})
			continue
		}
		x.Row = row
		lines = append(lines, x)
	}
}

// separator is the one of comma, semicolon and tab that the first line has most of.
func separator(first string) rune {
	best, most := ',', 0
	for _, r := range []rune{',', ';', '\t'} {
		if n := strings.Count(first, string(r)); n > most {
			best, most = r, n
		}
	}
	return best
}

// places finds the columns.
func places(head []string) (at map[string]int, missing []string) {
	at = map[string]int{}
	for name, words := range columns() {
		for i, h := range head {
			h = strings.ToLower(strings.TrimSpace(h))
			for _, w := range words {
				if _, taken := at[name]; !taken && h == w {
					at[name] = i
				}
			}
		}
	}
	for _, need := range []string{"date", "amount", "currency", "reference"} {
		if _, ok := at[need]; !ok {
			missing = append(missing, need)
		}
	}
	return at, missing
}

func csvLine(record []string, at map[string]int) (Line, error) {
	get := func(name string) string {
		if i, ok := at[name]; ok {
			return record[i]
		}
		return ""
	}
	c, err := currency(get("currency"))
	if err != nil {
		return Line{}, err
	}
	x := Line{Payer: clean(get("payer")), IBAN: clean(get("account")), Text: clean(get("reference")), ID: clean(get("id"))}
	if x.Date, err = date(get("date")); err != nil {
		return Line{}, err
	}
	if x.Amount, err = amount(get("amount"), c); err != nil {
		return Line{}, err
	}
	if x.Amount.Micros <= 0 {
		x.Skipped = "outgoing"
	}
	return x, nil
}
