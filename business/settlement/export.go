package settlement

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Writer writes lines as CSV, one after the other.
type Writer struct {
	csv *csv.Writer
	err error
}

// NewWriter begins with a heading.
func NewWriter(w io.Writer) *Writer {
	x := &Writer{csv: csv.NewWriter(w)}
	x.csv.UseCRLF = true
	x.err = x.csv.Write([]string{"id", "carrier", "trunk", "direction", "call_id", "number", "answer", "seconds", "charged_seconds", "priced", "currency", "amount", "house", "prefix", "version", "posting"})
	return x
}

// Write writes a line.
func (w *Writer) Write(l Line) error {
	if w.err != nil {
		return w.err
	}
	amount := money.Amount{Micros: l.Price.Amount.Micros}.String()
	return w.csv.Write([]string{
		l.ID, table.Safe(l.Carrier), table.Safe(l.Trunk), string(l.Direction), table.Safe(l.Call), table.Safe(l.Number), l.Answer.UTC().Format(time.RFC3339),
		strconv.FormatFloat(l.Lasted.Seconds(), 'f', -1, 64), strconv.FormatInt(l.Price.Seconds, 10), strconv.FormatBool(l.Price.Known), string(l.Price.Amount.Currency),
		amount, money.Amount{Micros: l.Price.House}.String(), l.Price.Prefix, l.Price.Version, l.Posting,
	})
}

// Close writes what is left.
func (w *Writer) Close() error {
	w.csv.Flush()
	return w.csv.Error()
}

// WritePayouts writes payments as CSV, for banks that take no pain.001 and for
// currencies that SEPA does not know.
func WritePayouts(w io.Writer, list []Payout) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{{"id", "carrier", "name", "iban", "bic", "currency", "amount", "reference", "state", "netted", "by", "at"}}
	for _, p := range list {
		rows = append(rows, []string{
			p.ID, table.Safe(p.Carrier), table.Safe(p.Payee.Name), p.Payee.IBAN, p.Payee.BIC, string(p.Amount.Currency), money.Amount{Micros: p.Amount.Micros}.String(),
			table.Safe(paymentWhat(p)), string(p.State), strconv.FormatBool(p.Netted), table.Safe(p.By), p.At.UTC().Format(time.RFC3339),
		})
	}
	return out.WriteAll(rows)
}
