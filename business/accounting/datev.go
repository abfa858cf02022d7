package accounting

import (
	"bufio"
	"cmp"
	"context"
	_ "embed" // the names of the columns
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/encoding/charmap"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// euro is what DATEV keeps its books in.
const euro money.Currency = "EUR"

// mostRows is how many postings a file may have.
const mostRows = 99_999

// row is one line of the file: from one account to another.
type row struct {
	Day           string // 2026-11-26
	Debit, Credit string
	Currency      money.Currency
	Kind          string
	Document      string
	Memo          string
	Micros        int64
}

// datev reads a period and returns what writes it. Nothing is written of a period
// that a file of DATEV cannot hold.
func (s *Service) datev(ctx context.Context, o Order) (func(io.Writer) error, error) {
	year, err := s.year(o)
	if err != nil {
		return nil, err
	}
	if s.cfg.Consultant == 0 || s.cfg.Client == 0 {
		return nil, fault.New(fault.Unavailable, "datev_unset", "DATEV asks for the numbers of the consultant and the client. Set accounting.datev_consultant and accounting.datev_client in the configuration.")
	}
	rows, err := s.rows(ctx, o)
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(rows))
	carry := map[carried]*remainder{}
	for i := range rows {
		line, err := s.line(&rows[i], carry)
		if err != nil {
			return nil, err
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > mostRows {
		return nil, fault.New(fault.Invalid, "datev_large", "These are %d postings, and a file of DATEV holds %d. Choose a shorter period, or have them summed by day.", len(lines), mostRows)
	}
	return func(to io.Writer) error {
		w := bufio.NewWriter(to)
		text := charmap.Windows1252.NewEncoder()
		for _, l := range append([]string{s.header(o, year), columnLine()}, lines...) {
			b, err := text.String(l + "\r\n")
			if err != nil {
				return fmt.Errorf("write in Windows-1252: %w", err)
			}
			if _, err := w.WriteString(b); err != nil {
				return err
			}
		}
		return w.Flush()
	}, nil
}

// year is when the financial year of a period begins; a period in several is
// refused.
func (s *Service) year(o Order) (time.Time, error) {
	begins := func(day time.Time) time.Time {
		t := time.Date(day.Year(), s.cfg.Begins, s.cfg.BeginsDay, 0, 0, 0, 0, time.UTC)
		if t.After(day) {
			t = t.AddDate(-1, 0, 0)
		}
		return t
	}
	first, last := begins(o.From), begins(o.To.AddDate(0, 0, -1))
	if !first.Equal(last) {
		return first, fault.New(fault.Invalid, "datev_years", "A file of DATEV is of one financial year. Export the days before %s, and those from then on, apart.", last.Format(time.DateOnly))
	}
	return first, nil
}

// rows reads the postings of a period as movements from one account to another:
// of one with several entries, debits are set against credits in turn. Unless each
// is asked for, they are summed by day, accounts, currency and kind.
func (s *Service) rows(ctx context.Context, o Order) ([]row, error) {
	var list []row
	summed := map[row]int64{}
	err := s.store.Each(ctx, o.From, o.To, func(p Posting) error {
		pairs, err := s.pairs(p)
		for _, x := range pairs {
			if o.Single {
				x.Document, x.Memo = cmp.Or(p.Document, p.ID), p.Memo
				list = append(list, x)
				continue
			}
			n := x.Micros
			x.Micros = 0
			summed[x] += n
		}
		return err
	})
	for x, n := range summed {
		x.Micros = n
		list = append(list, x)
	}
	if !o.Single {
		slices.SortFunc(list, func(a, b row) int {
			return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Debit, b.Debit), strings.Compare(a.Credit, b.Credit), strings.Compare(string(a.Currency), string(b.Currency)), strings.Compare(a.Kind, b.Kind))
		})
	}
	return list, err
}

func (s *Service) pairs(p Posting) (out []row, err error) {
	type side struct {
		account string
		left    int64
	}
	debits, credits := map[money.Currency][]side{}, map[money.Currency][]side{}
	for _, e := range p.Entries {
		n := s.cfg.Chart.Of(e.Account)
		if n == "" {
			return nil, fault.New(fault.Invalid, "chart", "The chart names no account for %s. Add it to accounting.accounts in the configuration.", e.Account)
		}
		if e.Amount.Micros < 0 {
			debits[e.Amount.Currency] = append(debits[e.Amount.Currency], side{n, -e.Amount.Micros})
		} else {
			credits[e.Amount.Currency] = append(credits[e.Amount.Currency], side{n, e.Amount.Micros})
		}
	}
	for c, from := range debits {
		to := credits[c]
		for i, j := 0, 0; i < len(from) && j < len(to); {
			n := min(from[i].left, to[j].left)
			if from[i].account != to[j].account { // within one account nothing moves
				out = append(out, row{Day: p.At.UTC().Format(time.DateOnly), Debit: from[i].account, Credit: to[j].account, Currency: c, Kind: p.Kind, Micros: n})
			}
			from[i].left -= n
			to[j].left -= n
			if from[i].left == 0 {
				i++
			}
			if to[j].left == 0 {
				j++
			}
		}
	}
	slices.SortFunc(out, func(a, b row) int {
		return cmp.Or(strings.Compare(string(a.Currency), string(b.Currency)), strings.Compare(a.Debit, b.Debit), strings.Compare(a.Credit, b.Credit))
	})
	return out, nil
}

// carried are two accounts between which parts of a cent are carried on from one
// line to the next, so that a file is never a cent off in all.
type carried struct {
	debit, credit string
	currency      money.Currency
}

type remainder struct{ exact, written int64 } // micros; cents

// cents is what a line says of an amount.
func (r *remainder) cents(micros int64) int64 {
	const cent = money.Micros / 100
	r.exact += micros
	n := (r.exact+cent/2)/cent - r.written
	r.written += n
	return n
}

// line writes a row; "" if it comes to less than a cent.
func (s *Service) line(x *row, carry map[carried]*remainder) (string, error) {
	f := make([]string, len(columns()))
	for i := range f {
		if isText(i + 1) {
			f[i] = `""`
		}
	}
	k := carried{x.Debit, x.Credit, x.Currency}
	if carry[k] == nil {
		carry[k] = &remainder{}
	}
	n := carry[k].cents(x.Micros)
	if n == 0 {
		return "", nil
	}
	f[0], f[1], f[2], f[6], f[7] = comma(n), quote("S"), quote(string(euro)), x.Debit, x.Credit
	if x.Currency != euro {
		if err := s.foreign(f, x, n); err != nil {
			return "", err
		}
	}
	f[9] = x.Day[8:10] + x.Day[5:7]
	f[10] = quote(document(cmp.Or(x.Document, strings.ReplaceAll(x.Day, "-", ""))))
	f[13] = quote(short(cmp.Or(x.Memo, kindText(x.Kind)), 60))
	f[113] = "0"
	return strings.Join(f, ";"), nil
}

// foreign writes an amount of another currency, with its rate and its worth in
// euros. Rates are of so much for one euro, from 1 to 9999: what is worth more than
// a euro is written in euros, with what it was beside it.
func (s *Service) foreign(f []string, x *row, cents int64) error {
	day, _ := time.Parse(time.DateOnly, x.Day) // we wrote it
	end := day.AddDate(0, 0, 1).Add(-time.Microsecond)
	worth, ok := s.worth(x.Currency, end)
	eur, ok2 := s.worth(euro, end)
	if !ok || !ok2 || worth == 0 || eur == 0 {
		return fault.New(fault.Invalid, "datev_rate", "There is no exchange rate between %s and euros on %s. A rate counts from the day on which it was entered: export the days since then, or the CSV.", string(x.Currency), x.Day)
	}
	// so many millionths of the currency for a euro, and the euros rounded half up
	per := new(big.Int).Mul(big.NewInt(int64(eur)), big.NewInt(1_000_000))
	per.Div(per.Add(per, big.NewInt(int64(worth)/2)), big.NewInt(int64(worth)))
	base := new(big.Int).Mul(big.NewInt(cents), big.NewInt(int64(worth)))
	base.Div(base.Add(base, big.NewInt(int64(eur)/2)), big.NewInt(int64(eur)))
	if !base.IsInt64() || base.Int64() == 0 {
		base = big.NewInt(1) // a file has no line of nothing
	}
	if per.Cmp(big.NewInt(1_000_000)) < 0 || per.Cmp(big.NewInt(10_000*1_000_000)) >= 0 {
		f[0], f[20], f[21] = comma(base.Int64()), quote("Betrag"), quote(comma(cents)+" "+string(x.Currency))
		return nil
	}
	f[2], f[4], f[5] = quote(string(x.Currency)), comma(base.Int64()), quote(string(euro))
	f[3] = fmt.Sprintf("%d,%06d", per.Int64()/1_000_000, per.Int64()%1_000_000)
	return nil
}

func (s *Service) worth(c money.Currency, at time.Time) (money.Rate, bool) {
	if c == s.cfg.House {
		return money.One, true
	}
	return s.rates.Worth(c, at)
}

func comma(cents int64) string { return fmt.Sprintf("%d,%02d", cents/100, cents%100) }

// quote writes a text: without control characters, and of those that Windows-1252
// lacks a question mark.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		if _, ok := charmap.Windows1252.EncodeRune(r); !ok {
			return '?'
		}
		return r
	}, s)
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// document is a number of a document as DATEV takes it: up to 36 of few signs.
func document(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("$&%*+-/", r)) {
			return r
		}
		return '-'
	}, s)
	return short(s, 36)
}

func short(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}

// kindText is what a sum of postings is of, in the language of DATEV's readers.
func kindText(kind string) string {
	if s := map[string]string{
		"call": "Gespräche", "order": "Verkauf von Rufnummern", "renewal": "Jahresgebühren", "deposit": "Einzahlungen", "refund": "Erstattungen", "reversal": "Stornierungen", "claim": "Rückbelastungen", "traffic": "Netzkosten",
		"payout": "Zahlungen an Netzbetreiber", "netting": "Verrechnung mit Netzbetreibern", "adjustment": "Abrechnung der Netzbetreiber", "tax": "Umsatzsteuer auf Gespräche", "credit": "Gutschriften", "write_off": "Forderungsausfälle",
		"promotion": "Startguthaben", "package": "Minutenpakete", "card": "ID-Karten", "earned": "Verbrauch von Minutenpaketen", "forfeit": "Verfallenes Guthaben",
	}[kind]; s != "" {
		return s
	}
	return kind
}

// header is the first line.
func (s *Service) header(o Order, year time.Time) string {
	day := func(t time.Time) string { return t.Format("20060102") }
	now := s.cfg.Now().UTC()
	length := 4
	for _, a := range s.cfg.Chart.Accounts {
		length = max(length, len(a))
	}
	chart := strings.TrimPrefix(s.cfg.Chart.Name, "skr")
	return strings.Join([]string{
		`"EXTF"`, "700", "21", `"Buchungsstapel"`, "13", now.Format("20060102150405") + fmt.Sprintf("%03d", now.Nanosecond()/1_000_000), "", `"CA"`, quote(short(s.cfg.Seller, 25)), `""`,
		strconv.Itoa(s.cfg.Consultant), strconv.Itoa(s.cfg.Client), day(year), strconv.Itoa(length), day(o.From), day(o.To.AddDate(0, 0, -1)),
		quote(o.From.Format("2006-01")), `""`, "1", "0", "0", quote(string(euro)), "", `""`, "", "", quote(chart), "", "", `""`, `""`,
	}, ";")
}

func columnLine() string { return strings.Join(columns(), ";") }

// isText reports whether a column, counted from 1, is a text, which is quoted also
// when it is empty.
func isText(n int) bool {
	return n >= 20 && n <= 38 || n >= 48 && n <= 87 || slices.Contains([]int{2, 3, 6, 9, 11, 12, 14, 16, 40, 42, 91, 95, 96, 98, 102, 103, 105, 107, 109, 110, 112, 118, 120, 121, 123}, n)
}

//go:embed columns.txt
var columnNames string

// columns are the second line: the fields of format 13, in order.
func columns() []string { return strings.Split(strings.TrimSpace(columnNames), "\n") }
