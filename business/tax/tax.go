// Package tax is the table of taxes: for a country and a kind of what is sold,
// the name of the tax, its rate, and from when it holds. The table is the
// operator's and empty at first. A tax on a number is computed when it is
// requested, by the country of the buyer's account, and stays with the order;
// prices of calls have their tax in them, which their invoice tells apart. It is
// rounded to the smallest unit of the currency, halves up.
package tax

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// Kind is what is sold.
type Kind string

// The kinds: those of numbers by their names, and calls.
const (
	Individual Kind = "individual"
	Company    Kind = "company"
	Calls      Kind = "calls"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Individual, Company, Calls} }

// Rule is one line of the table. Of those that hold, the newest counts; a rate
// of nothing ends a tax.
type Rule struct {
	ID      string
	Country string // ISO, of the buyer
	Kind    Kind
	Name    string // as on the invoice: "VAT"
	Rate    int64  // millionths: 100000 is 10 %
	From    time.Time
}

// Store keeps the table.
type Store interface {
	TaxRules(ctx context.Context) ([]Rule, error)
	// InsertTaxRule is false if there is a rule for that country, kind and day.
	InsertTaxRule(ctx context.Context, r Rule) (bool, error)
	DeleteTaxRule(ctx context.Context, id string) (bool, error)
}

// Table is the taxes.
type Table struct {
	store   Store
	country func(ctx context.Context, account string) (string, error) // of an account
	known   func(string) (string, bool)                               // reads a country
	now     func() time.Time
}

// New returns the table over a store.
func New(store Store, country func(ctx context.Context, account string) (string, error), known func(string) (string, bool), now func() time.Time) *Table {
	return &Table{store: store, country: country, known: known, now: now}
}

// On is the tax of a rate on a net amount, rounded half up.
func On(net money.Amount, rate int64) money.Amount {
	unit := big.NewInt(net.Currency.Unit())
	// ⌊net·rate / (10⁶·unit) + ½⌋ · unit
	n := new(big.Int).Mul(big.NewInt(net.Micros), big.NewInt(rate))
	d := new(big.Int).Mul(big.NewInt(1_000_000), unit)
	n.Add(n.Lsh(n, 1), d)
	n.Div(n, d.Lsh(d, 1)) // Euclidean, which for a divisor above zero is the floor
	return money.Amount{Currency: net.Currency, Micros: n.Mul(n, unit).Int64()}
}

// Within is the tax in a price that has it in it, rounded half up.
func Within(gross money.Amount, rate int64) money.Amount {
	unit := big.NewInt(gross.Currency.Unit())
	n := new(big.Int).Mul(big.NewInt(gross.Micros), big.NewInt(rate))
	d := new(big.Int).Mul(big.NewInt(1_000_000+rate), unit)
	n.Add(n.Lsh(n, 1), d)
	n.Div(n, d.Lsh(d, 1))
	return money.Amount{Currency: gross.Currency, Micros: n.Mul(n, unit).Int64()}
}

// Choose finds the rule that holds for a buyer at a time.
func Choose(rules []Rule, country string, kind Kind, at time.Time) (Rule, bool) {
	var best Rule
	found := false
	for _, r := range rules {
		if r.Country == country && r.Kind == kind && !r.From.After(at) && (!found || r.From.After(best.From)) {
			best, found = r, true
		}
	}
	return best, found
}

// TaxOn is the tax on a price for a buyer, now.
func (t *Table) TaxOn(ctx context.Context, account string, kind numbering.Kind, net money.Amount) (shop.Tax, error) {
	rules, err := t.store.TaxRules(ctx)
	if err != nil || len(rules) == 0 {
		return shop.Tax{}, err
	}
	country, err := t.country(ctx, account)
	if err != nil {
		return shop.Tax{}, fmt.Errorf("the country of %s: %w", account, err)
	}
	r, found := Choose(rules, country, Kind(kind.String()), t.now())
	if !found || r.Rate == 0 {
		return shop.Tax{}, nil
	}
	return shop.Tax{Name: r.Name, Rate: r.Rate, Country: r.Country, Micros: On(net, r.Rate).Micros}, nil
}

// OnCalls is, for the calls of an account, the rule for the country it has at an instant; a rate
// of nothing is none.
func (t *Table) OnCalls(ctx context.Context, account string, at time.Time) (Rule, error) {
	rules, err := t.store.TaxRules(ctx)
	if err != nil || len(rules) == 0 {
		return Rule{}, err
	}
	country, err := t.country(ctx, account)
	if err != nil {
		return Rule{}, fmt.Errorf("the country of %s: %w", account, err)
	}
	r, found := Choose(rules, country, Calls, at)
	if !found || r.Rate == 0 {
		return Rule{}, nil
	}
	return r, nil
}

// Rules lists the table.
func (t *Table) Rules(ctx context.Context, by member.Actor) ([]Rule, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return t.store.TaxRules(ctx)
}

// mostRate is 100 %: more is a slip of the pen.
const mostRate = 1_000_000

// Add puts a rule into the table.
func (t *Table) Add(ctx context.Context, by member.Actor, r Rule) (Rule, error) {
	if err := by.OperatorOnly(); err != nil {
		return Rule{}, err
	}
	var wrong []fault.Field
	iso, ok := t.known(strings.TrimSpace(r.Country))
	if !ok {
		wrong = append(wrong, fault.Field{Name: "country", Text: "Use the two-letter code of a country, as in KR."})
	}
	if !slices.Contains(Kinds(), r.Kind) {
		wrong = append(wrong, fault.Field{Name: "kind", Text: "Use individual, company or calls."})
	}
	if r.Name = strings.Join(strings.Fields(r.Name), " "); r.Name == "" || len([]rune(r.Name)) > 40 {
		wrong = append(wrong, fault.Field{Name: "name", Text: "Write what stands on the invoice, up to 40 letters, as in VAT."})
	}
	if r.Rate < 0 || r.Rate > mostRate {
		wrong = append(wrong, fault.Field{Name: "rate", Text: "Use a rate from 0 to 100 %."})
	}
	if r.From.IsZero() || r.From.Year() < 2000 || r.From.Year() > 2100 {
		wrong = append(wrong, fault.Field{Name: "from", Text: "Use a day, as in 2026-12-01."})
	}
	if len(wrong) > 0 {
		return Rule{}, fault.Fields(wrong...)
	}
	r.ID, r.Country = ident.New("tax", t.now()), iso
	fresh, err := t.store.InsertTaxRule(ctx, r)
	if err == nil && !fresh {
		return Rule{}, fault.New(fault.Conflict, "tax_exists", "There is a tax of %s from that day already. Remove it first.", iso)
	}
	return r, err
}

// Remove takes a rule out. Orders keep the tax they were given.
func (t *Table) Remove(ctx context.Context, by member.Actor, id string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	found, err := t.store.DeleteTaxRule(ctx, id)
	if err == nil && !found {
		return fault.New(fault.Unknown, "tax_unknown", "There is no tax %s.", id)
	}
	return err
}

// ParseRate reads a percentage with a point or a comma: "10", "7.5", "8,875".
func ParseRate(s string) (int64, error) {
	s = strings.TrimSuffix(strings.TrimSpace(strings.ReplaceAll(s, ",", ".")), "%")
	r, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok || strings.ContainsAny(s, "/eExXpP_") || len(s) > 12 {
		return 0, fault.Fields(fault.Field{Name: "rate", Text: "Use a percentage, as in 10 or 7.5."})
	}
	r.Mul(r, big.NewRat(10_000, 1))
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, fault.Fields(fault.Field{Name: "rate", Text: "Use at most four decimals."})
	}
	return r.Num().Int64(), nil
}

// ShowRate writes a rate as a percentage: "8.875 %".
func ShowRate(rate int64) string {
	return strings.TrimRight(strings.TrimRight(new(big.Rat).SetFrac64(rate, 10_000).FloatString(4), "0"), ".") + " %"
}
