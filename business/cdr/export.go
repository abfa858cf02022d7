package cdr

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Format is how records are written.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // RFC 4180, with a heading
	NDJSON Format = "ndjson" // one object a line
)

// ParseFormat reads one.
func ParseFormat(s string) (Format, error) {
	switch Format(strings.ToLower(s)) {
	case CSV:
		return CSV, nil
	case NDJSON, "json":
		return NDJSON, nil
	default:
		return "", fault.New(fault.Invalid, "format", "The format is csv or ndjson, not %q.", s).WithFields(fault.Field{Name: "format", Text: "Say csv or ndjson."})
	}
}

// Type is its media type.
func (f Format) Type() string {
	if f == CSV {
		return "text/csv; charset=utf-8"
	}
	return "application/x-ndjson"
}

// Writer writes records one after the other, in a memory that does not grow. For
// an account it writes what the account may see: of a withheld number nothing,
// of a charge its own, of the way the call went nothing.
type Writer struct {
	account string // "" is the operator
	format  Format
	buf     *bufio.Writer
	csv     *csv.Writer
	json    *json.Encoder
	row     []string
	begun   bool
}

// NewWriter writes for an account, or for the operator if it is "".
func NewWriter(w io.Writer, f Format, account string) *Writer {
	x := &Writer{account: account, format: f, buf: bufio.NewWriterSize(w, 64*1024)}
	x.csv, x.json = csv.NewWriter(x.buf), json.NewEncoder(x.buf)
	x.csv.UseCRLF = true
	x.json.SetEscapeHTML(false)
	return x
}

// Columns are the heading of the CSV for the operator or, if own, a member.
// Further ones are only ever added at the end.
func Columns(own bool) []string {
	list := []string{
		"id", "call_id", "direction", "center", "start", "answer", "end", "duration_seconds", "cause", "hung_up_by", "q850", "sip_status",
		"from", "to", "dialled", "currency", "charge", "pdd_seconds", "mos", "loss_permille", "jitter_ms", "codec",
	}
	if own {
		return append(list, "package_seconds")
	}
	list[2] = "side"
	return append(list, "from_account", "to_account", "payer", "withheld", "kind", "way", "why", "prefix", "price_minute", "carrier", "trunk", "legs", "legs_detail", "priced_number", "plan", "deck_version", "package_seconds")
}

// Write writes one record.
func (w *Writer) Write(r *Record) error {
	if w.format == NDJSON {
		return w.json.Encode(View(r, w.account))
	}
	if !w.begun {
		w.begun = true
		if err := w.csv.Write(Columns(w.account != "")); err != nil {
			return err
		}
	}
	return w.csv.Write(w.cells(r))
}

// Close writes what is left; of no record at all, the heading.
func (w *Writer) Close() error {
	if w.format == CSV && !w.begun {
		if err := w.csv.Write(Columns(w.account != "")); err != nil {
			return err
		}
	}
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return err
	}
	return w.buf.Flush()
}

func (w *Writer) cells(r *Record) []string {
	v := View(r, w.account)
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	num := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'f', -1, 64)
	}
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	where := v.Direction
	if w.account == "" {
		where = string(v.Side)
	}
	charge, currency := "", ""
	if v.Charge != nil {
		charge, currency = money.Amount{Micros: v.Charge.Micros}.String(), string(v.Charge.Currency)
	}
	q := v.Quality
	if q == nil {
		q = &QualityView{}
	}
	row := append(w.row[:0], v.ID, v.CallID, where, v.Center, at(&v.Start), at(v.Answer), at(&v.End), strconv.FormatFloat(v.Seconds, 'f', -1, 64), v.Cause, string(v.HungUp),
		count(v.Q850), count(v.Status), table.Safe(v.From), table.Safe(v.To), table.Safe(v.Dialled), currency, charge, num(v.PDD), num(q.MOS), count(q.Loss), num(q.Jitter), table.Safe(q.Codec))
	if w.account == "" {
		legs := ""
		if len(v.Legs) > 0 {
			if text, err := json.Marshal(v.Legs); err == nil {
				legs = string(text)
			}
		}
		price := ""
		if v.Decision != nil && v.Decision.Micros != 0 {
			price = money.Amount{Micros: v.Decision.Micros}.String()
		}
		d := v.Decision
		if d == nil {
			d = &DecisionView{}
		}
		row = append(row, v.FromAccount, v.ToAccount, v.Payer, strconv.FormatBool(v.Withheld), d.Kind, string(d.Way), d.Why, d.Prefix, price, v.Carrier, v.Trunk, strconv.Itoa(len(r.Legs)+r.LegsMore), legs, table.Safe(d.Number), d.Plan, d.Version)
	}
	used := 0
	for _, d := range v.Packages {
		used += int(d.Seconds)
	}
	row = append(row, count(used))
	w.row = row
	return row
}
