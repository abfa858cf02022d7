// Package accounting hands the book to an accountant: every entry as CSV, and as
// postings that DATEV reads (the DATEV format, "Buchungsstapel", header 700,
// category 21, format 13).
package accounting

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Posting is one of the book with the document that is there for it.
type Posting struct {
	ledger.Posted

	Document string // number of an invoice, a credit note or a receipt; "": none
}

// Store reads the book.
type Store interface {
	// Each hands over the postings of a period, the oldest first, with their entries.
	Each(ctx context.Context, from, to time.Time, do func(Posting) error) error
}

// Rates tells what currencies are worth.
type Rates interface {
	// Worth is what one unit of a currency is worth in the house's at an instant.
	Worth(c money.Currency, at time.Time) (money.Rate, bool)
}

// Config is what the accountant asked for.
type Config struct {
	House      money.Currency
	Chart      Chart
	Consultant int        // of DATEV; 0: not said
	Client     int        // of DATEV
	Begins     time.Month // of the financial year
	BeginsDay  int
	Seller     string
	Now        func() time.Time
}

// Service exports.
type Service struct {
	store Store
	rates Rates
	cfg   Config
}

// New returns the service.
func New(store Store, rates Rates, cfg Config) *Service {
	return &Service{store: store, rates: rates, cfg: cfg}
}

// Chart says to which account of an accountant one of the book belongs: the
// longest of its beginnings counts.
type Chart struct {
	Name     string // skr03, skr04 or ""
	Accounts map[string]string
}

// presets are charts that are common in Germany. Revenue goes to accounts without
// a tax of their own, for tax is booked apart; receivables and payables to those
// that are posted to directly.
func presets() map[string]map[string]string {
	return map[string]map[string]string{
		"skr03": {
			"wallet": "1700", "revenue": "8200", "promotion": "4610", "clearing:card": "1360", "clearing:bank_transfer": "1200", "clearing": "1360", "unmatched": "1590", "claims": "1500", "losses": "2400",
			"tax": "1770", "cost:calls": "3100", "cost:bad_debt": "2400", "cost": "3100", "payable": "1610", "receivable": "1410", "deferred": "0990",
		},
		"skr04": {
			"wallet": "3500", "revenue": "4200", "promotion": "6600", "clearing:card": "1460", "clearing:bank_transfer": "1800", "clearing": "1460", "unmatched": "1370", "claims": "1300", "losses": "6930",
			"tax": "3800", "cost:calls": "5900", "cost:bad_debt": "6930", "cost": "5900", "payable": "3310", "receivable": "1210", "deferred": "3900",
		},
	}
}

// ReadChart reads the settings: the name of a preset, and what is otherwise:
// "wallet=1710, revenue:calls=8400".
func ReadChart(name, changes string) (Chart, error) {
	c := Chart{Name: strings.ToLower(strings.TrimSpace(name)), Accounts: map[string]string{}}
	preset, found := presets()[c.Name]
	if !found {
		return c, fmt.Errorf("%q is neither skr03 nor skr04", name)
	}
	for k, v := range preset {
		c.Accounts[k] = v
	}
	for x := range strings.SplitSeq(changes, ",") {
		if strings.TrimSpace(x) == "" {
			continue
		}
		k, v, ok := strings.Cut(x, "=")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		if !ok || k == "" || v == "" || len(v) > 8 || strings.Trim(v, "0123456789") != "" {
			return c, fmt.Errorf("%q is no account like wallet=1710", strings.TrimSpace(x))
		}
		c.Accounts[k] = v
	}
	return c, nil
}

// Of is the account for one of the book; "": none.
func (c Chart) Of(account string) string {
	for {
		if n := c.Accounts[account]; n != "" {
			return n
		}
		i := strings.LastIndexByte(account, ':')
		if i < 0 {
			return ""
		}
		account = account[:i]
	}
}

// Order says what to export.
type Order struct {
	From, To time.Time // days of UTC; the last is not in it
	Single   bool      // each posting by itself, not summed by day
}

// longest is how much is exported at once.
const longest = 366

// Period reads days like 2026-11-01, both of which are in it; a month like 2026-11
// may stand for its days.
func Period(from, to string) (o Order, err error) {
	wrong := func(field string) error {
		return fault.Fields(fault.Field{Name: field, Text: "Write a day like 2026-11-26, or a month like 2026-11."})
	}
	read := func(s string, end bool) (time.Time, error) {
		s = strings.TrimSpace(s)
		if t, err := time.Parse("2006-01", s); err == nil {
			if end {
				t = t.AddDate(0, 1, 0)
			}
			return t, nil
		}
		t, err := time.Parse(time.DateOnly, s)
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, err
	}
	if strings.TrimSpace(to) == "" {
		to = from
	}
	if o.From, err = read(from, false); err != nil || o.From.Year() < 2000 || o.From.Year() > 2100 {
		return o, wrong("from")
	}
	if o.To, err = read(to, true); err != nil {
		return o, wrong("to")
	}
	if !o.To.After(o.From) || o.To.Sub(o.From) > longest*24*time.Hour {
		return o, fault.Fields(fault.Field{Name: "to", Text: "Write a last day that is not before the first, and at most a year after it."})
	}
	return o, nil
}

// Sum is what an account of the chart was moved by in a currency.
type Sum struct {
	Account, Chart string // Account is the beginning that the chart names
	Currency       money.Currency
	Debit, Credit  int64 // micros
}

// Sums are what a period comes to, by account of the chart.
func (s *Service) Sums(ctx context.Context, by member.Actor, o Order) ([]Sum, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	type key struct {
		account string
		c       money.Currency
	}
	sums := map[key]*Sum{}
	err := s.store.Each(ctx, o.From, o.To, func(p Posting) error {
		for _, e := range p.Entries {
			name, _, _ := strings.Cut(e.Account, ":")
			if name == "clearing" || name == "revenue" || name == "cost" {
				name = strings.Join(strings.SplitN(e.Account, ":", 3)[:min(2, strings.Count(e.Account, ":")+1)], ":")
			}
			k := key{name, e.Amount.Currency}
			x := sums[k]
			if x == nil {
				x = &Sum{Account: name, Chart: s.cfg.Chart.Of(e.Account), Currency: e.Amount.Currency}
				sums[k] = x
			}
			if e.Amount.Micros > 0 {
				x.Credit += e.Amount.Micros
			} else {
				x.Debit -= e.Amount.Micros
			}
		}
		return nil
	})
	out := make([]Sum, 0, len(sums))
	for _, x := range sums {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b Sum) int {
		return strings.Compare(string(a.Currency)+a.Account, string(b.Currency)+b.Account)
	})
	return out, err
}

// Write exports a period in a format: csv or datev.
func (s *Service) Write(ctx context.Context, by member.Actor, format string, o Order) (func(io.Writer) error, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	switch format {
	case "csv":
		return func(w io.Writer) error { return s.csv(ctx, w, o) }, nil
	case "datev":
		return s.datev(ctx, o)
	default:
		return nil, fault.New(fault.Invalid, "format", "The format is csv or datev, not %q.", format).WithFields(fault.Field{Name: "format", Text: "Say csv or datev."})
	}
}

// Name is what a file is called. DATEV looks for its beginning.
func Name(format string, o Order) string {
	span := o.From.Format(time.DateOnly) + "-" + o.To.AddDate(0, 0, -1).Format(time.DateOnly)
	if format == "datev" {
		return "EXTF_Buchungsstapel_" + span + ".csv"
	}
	return "ledger-" + span + ".csv"
}
