package accounting

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// book is a store of a few postings.
type book []Posting

func (b book) Each(_ context.Context, from, to time.Time, do func(Posting) error) error {
	for _, p := range b {
		if p.At.Before(from) || !p.At.Before(to) {
			continue
		}
		if err := do(p); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) add(at time.Time, kind, document, memo string, c money.Currency, pairs ...any) {
	p := Posting{Posted: ledger.Posted{ID: fmt.Sprintf("pst_%04d", len(*b)), At: at}, Document: document}
	p.Kind, p.Memo = kind, memo
	for i := 0; i < len(pairs); i += 2 {
		p.Entries = append(p.Entries, ledger.Entry{Account: pairs[i].(string) + ":" + string(c), Amount: money.Amount{Currency: c, Micros: int64(pairs[i+1].(int))}}) //nolint:forcetypeassert // a test
	}
	*b = append(*b, p)
}

type worth map[money.Currency]string

func (w worth) Worth(c money.Currency, _ time.Time) (money.Rate, bool) {
	r, err := money.ReadRate(w[c])
	return r, err == nil
}

func service(t *testing.T, b book, house money.Currency, rates worth) *Service {
	t.Helper()
	chart, err := ReadChart("skr03", "cost:calls=3101")
	if err != nil {
		t.Fatal(err)
	}
	return New(b, rates, Config{House: house, Chart: chart, Consultant: 29098, Client: 55003, Begins: time.July, BeginsDay: 1, Seller: "Callisto Ltd", Now: func() time.Time { return time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC) }})
}

func write(t *testing.T, s *Service, format string, o Order) string {
	t.Helper()
	f, err := s.Write(t.Context(), member.System(), format, o)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// cells reads a file of DATEV as another program does.
func cells(t *testing.T, file string) [][]string {
	t.Helper()
	text, err := charmap.Windows1252.NewDecoder().String(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = ';', -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sample() (b book) {
	day := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	for i := range 300 { // parts of cents, on three days
		b.add(day.AddDate(0, 0, i%3), "call", "", "Call to +49 30 901820", "EUR", "wallet:acc_1", -12_345, fmt.Sprintf("revenue:calls:%02d", i%16), 12_345)
	}
	b.add(day, "order", "2026-000001", `=1+1 "x"; ☎`+"\n", "EUR", "wallet:acc_1", -11_900_000, "revenue:numbers:03", 10_000_000, "tax:DE", 1_900_000)
	b.add(day, "tax", "2026-000002", "Tax in invoice 2026-000002", "EUR", "revenue:calls:03", -590_000, "tax:DE", 590_000)
	b.add(day, "traffic", "", "1 calls", "USD", "cost:calls", -5_000_000, "payable:berlin", 5_000_000)
	b.add(day, "traffic", "", "1 calls", "GBP", "cost:calls", -1_000_000, "payable:london", 1_000_000)
	b.add(day, "deposit", "2026-R000001", "Paid in by card", "EUR", "clearing:card", -20_000_000, "wallet:acc_1", 20_000_000)
	b.add(day, "call", "", "moved within the revenue", "EUR", "revenue:calls:01", -1, "revenue:calls:02", 1)
	return b
}

func november(t *testing.T) Order {
	t.Helper()
	o, err := Period("2026-11", "")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestDATEVBalances: debits are credits, to the cent in all what the book has, in
// both ways of summing, and each line is of the format.
func TestDATEVBalances(t *testing.T) {
	s := service(t, sample(), "EUR", worth{"USD": "0.92", "GBP": "1.19"})
	for _, single := range []bool{false, true} {
		o := november(t)
		o.Single = single
		file := write(t, s, "datev", o)
		all := cells(t, file)
		if len(all[0]) != 31 || len(all[1]) != 125 || all[1][113] != "Festschreibung" || all[1][124] != "Abw. Skontokonto" || !strings.HasPrefix(file, `"EXTF";700;21;"Buchungsstapel";13;20261201080000000;;"CA";"Callisto Ltd";"";29098;55003;20260701;4;20261101;20261130;`) {
			t.Fatalf("%d %d %q", len(all[0]), len(all[1]), all[0])
		}
		if want := 9; !single && len(all)-2 != want {
			t.Errorf("%d lines, want %d:\n%s", len(all)-2, want, file)
		}
		balance := map[string]int{}
		for _, x := range all[2:] {
			n, err := strconv.Atoi(strings.Replace(x[0], ",", "", 1))
			if err != nil || n <= 0 || x[1] != "S" || len(x) != 125 || x[6] == x[7] || len(x[9]) != 4 || x[13] == "" || len([]rune(x[13])) > 60 {
				t.Fatalf("%q %v", x, err)
			}
			balance[x[2]+x[6]] -= n
			balance[x[2]+x[7]] += n
		}
		sum := 0
		for _, n := range balance {
			sum += n
		}
		// 300 × 0.012345 = 3.7035
		want := map[string]int{"EUR1700": -370 - 1190 + 2000, "EUR8200": 370 + 1000 - 59, "EUR1770": 190 + 59, "EUR1360": -2000, "USD3101": -500, "USD1610": 500, "EUR3101": -119, "EUR1610": 119}
		if fmt.Sprint(balance) != fmt.Sprint(want) || sum != 0 {
			t.Errorf("single %v: %v, want %v", single, balance, want)
		}
		for _, want := range []string{`5,00;"S";"USD";1,086957;4,60;"EUR";3101;1610;`, `1,19;"S";"EUR";;;"";3101;1610;`, `;"Betrag";"1,00 GBP";`} {
			if !strings.Contains(file, want) {
				t.Errorf("single %v: it lacks %s", single, want)
			}
		}
		if single && !strings.Contains(file, `"2026-000001";"";;"=1+1 ""x""; ? "`) {
			t.Error("the memo or the document is not as it may be")
		}
	}
}

// TestWhatDATEVCannotHoldIsRefused, and why is said.
func TestWhatDATEVCannotHoldIsRefused(t *testing.T) {
	b := sample()
	s := service(t, b, "USD", worth{"GBP": "1.3"}) // no euro
	two, err := Period("2026-06-30", "2026-07-01")
	if err != nil {
		t.Fatal(err)
	}
	unset := service(t, b, "EUR", nil)
	unset.cfg.Client = 0
	odd := book{}
	odd.add(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), "x", "", "x", "EUR", "wallet:a", -1, "odd:b", 1)
	for name, x := range map[string]struct {
		s    *Service
		by   member.Actor
		o    Order
		says string
	}{
		"two years": {s, member.System(), two, "before 2026-07-01"}, "no rate": {s, member.System(), november(t), "no exchange rate between"}, "no client": {unset, member.System(), november(t), "accounting.datev_client"},
		"no account": {service(t, odd, "EUR", nil), member.System(), november(t), "no account for odd:b:EUR"}, "a member": {s, member.Actor{Account: "acc_1", Role: member.Customer}, november(t), "operator"},
	} {
		if _, err := x.s.Write(t.Context(), x.by, "datev", x.o); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Write(t.Context(), member.System(), "xml", november(t)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a format there is not: %v", err)
	}
	for _, x := range [][2]string{{"", ""}, {"x", ""}, {"2026-13", ""}, {"2026-11-02", "2026-11-01"}, {"2020-01", "2026-01"}, {"1999-01", ""}} {
		if o, err := Period(x[0], x[1]); err == nil {
			t.Errorf("%v is %v", x, o)
		}
	}
}

// TestTheCSVHasEveryEntry, balanced, and nothing that a spreadsheet would compute.
func TestTheCSVHasEveryEntry(t *testing.T) {
	s := service(t, sample(), "EUR", nil)
	all, err := csv.NewReader(strings.NewReader(write(t, s, "csv", november(t)))).ReadAll()
	if err != nil || len(all) != 1+2*300+3+2*5 {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	sums := map[string]int64{}
	for _, x := range all[1:] {
		debit, err1 := money.ParseMicros(x[6])
		credit, err2 := money.ParseMicros(x[7])
		if err1 != nil || err2 != nil || x[4] == "" {
			t.Fatalf("%q", x)
		}
		sums[x[5]] += credit - debit
		for _, cell := range x {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("a formula: %q", cell)
			}
		}
		if strings.HasPrefix(x[3], "tax:DE") && x[8] != "DE" {
			t.Errorf("%q", x)
		}
	}
	if sums["EUR"] != 0 || sums["USD"] != 0 || sums["GBP"] != 0 {
		t.Error(sums)
	}
	list, err := s.Sums(t.Context(), member.System(), november(t))
	if err != nil || len(list) != 9 {
		t.Errorf("%d sums %v: %v", len(list), err, list)
	}
	if err := s.csv(t.Context(), io.Discard, november(t)); err != nil {
		t.Error(err)
	}
}

// TestKindsAreNamed: what a sum of postings is of stands in a file in words.
func TestKindsAreNamed(t *testing.T) {
	var b book
	kinds := []string{
		"call", "order", "renewal", "deposit", "refund", "reversal", "claim", "traffic", "payout", "netting", "adjustment", "tax", "credit", "write_off", "promotion", "package", "card", "earned", "forfeit",
	}
	for _, k := range kinds {
		b.add(time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC), k, "", "", "EUR", "wallet:acc_1", -1_000_000, "clearing:card", 1_000_000)
	}
	file := write(t, service(t, b, "EUR", nil), "datev", november(t))
	if lines := cells(t, file); len(lines) != len(kinds)+2 {
		t.Errorf("%d lines", len(lines))
	}
	for _, k := range kinds {
		if strings.Contains(file, `;"`+k+`";`) {
			t.Errorf("%s has no words", k)
		}
	}
}
