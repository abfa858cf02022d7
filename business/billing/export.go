package billing

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Writer writes calls of an invoice as CSV (RFC 4180).
type Writer struct{ csv *csv.Writer }

// Columns are the heading. Further ones are only ever added at the end.
func Columns() []string {
	return []string{"booked", "answer", "number", "kind", "country", "duration_seconds", "currency", "amount"}
}

// NewWriter writes the heading at once; what goes wrong, Close tells.
func NewWriter(w io.Writer) *Writer {
	x := &Writer{csv.NewWriter(w)}
	x.csv.UseCRLF = true
	_ = x.csv.Write(Columns()) // Close tells
	return x
}

// Write writes one call. A number begins with +, which programs take for a
// formula: it gets a sign before it that they drop.
func (w *Writer) Write(c Call) error {
	answer := ""
	if !c.Answer.IsZero() {
		answer = c.Answer.UTC().Format(time.RFC3339)
	}
	return w.csv.Write([]string{
		c.Booked.UTC().Format(time.RFC3339), answer, table.Safe(c.To), c.Kind, c.Country, strconv.FormatFloat(c.Lasted.Seconds(), 'f', -1, 64), string(c.Amount.Currency),
		money.Amount{Micros: c.Amount.Micros}.String(),
	})
}

// Close writes what is left.
func (w *Writer) Close() error {
	w.csv.Flush()
	return w.csv.Error()
}
