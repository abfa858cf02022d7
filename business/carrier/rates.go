package carrier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Members is the name under which the rates are kept that members pay, and
// MembersTariff what that list is called outside, in the place of a carrier's id.
const (
	Members       = ""
	MembersTariff = "members"
)

// Tariff is whose rates are meant by what they are called outside.
func Tariff(name string) string {
	if name == MembersTariff {
		return Members
	}
	return name
}

// mostRates bounds one list.
const mostRates = 1_000_000

// Rates lists what calls by a carrier cost, or with Members what members pay.
func (s *Service) Rates(_ context.Context, by member.Actor, id string) ([]Rate, error) {
	if err := operatorOnly(by); err != nil {
		return nil, err
	}
	if _, ok := s.Get(id); !ok && id != Members {
		return nil, unknown()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rates[id]), nil
}

// SetRates replaces them, all at once.
func (s *Service) SetRates(ctx context.Context, by member.Actor, id string, list []Rate) error {
	if err := operatorOnly(by); err != nil {
		return err
	}
	if _, ok := s.Get(id); !ok && id != Members {
		return unknown()
	}
	if len(list) > mostRates {
		return fault.New(fault.Invalid, "rates_many", "At most %d destinations.", mostRates)
	}
	seen := make(map[string]bool, len(list))
	for _, r := range list {
		switch {
		case len(r.Prefix) > 15 || strings.Trim(r.Prefix, "0123456789") != "":
			return fault.New(fault.Invalid, "rate_prefix", "%q is no beginning of a + form: write its digits, for example 8210.", r.Prefix)
		case r.Micros < 0:
			return fault.New(fault.Invalid, "rate_negative", "The price for %s is below zero.", r.Prefix)
		case seen[r.Prefix]:
			return fault.New(fault.Invalid, "rate_twice", "%s stands twice in the list.", r.Prefix)
		}
		seen[r.Prefix] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.store.SetRates(ctx, id, list); err != nil {
		return err
	}
	rates := maps.Clone(s.rates) // the old map may be read
	if rates == nil {
		rates = map[string][]Rate{}
	}
	rates[id] = slices.SortedFunc(slices.Values(list), func(a, b Rate) int { return strings.Compare(a.Prefix, b.Prefix) })
	s.rates = rates
	s.route()
	return nil
}

// ReadRates reads a list as CSV: prefix and price a minute, one a line,
// separated by commas, semicolons or tabs, the price as it is written in any
// country. The first line may be a heading. Every line that cannot be read is
// named.
func ReadRates(text string) ([]Rate, error) {
	text = table.Plain(text)
	l := rateList{separator: table.Separator(text), out: make([]Rate, 0, strings.Count(text, "\n")+1)}
	n, first := 0, true
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		if heading := first && !strings.ContainsAny(line, "0123456789"); !heading {
			l.read(n, line)
		}
		first = false
	}
	l.settle()
	if len(l.wrong) > 0 {
		return nil, fault.New(fault.Invalid, "rates_file", "Some lines cannot be read; nothing was changed.").WithFields(l.wrong...)
	}
	return l.out, nil
}

// mostWrong bounds how many lines are named.
const mostWrong = 20

// rateList is a list that is being read.
type rateList struct {
	separator rune
	out       []Rate
	wrong     faults
	marks     [2]bool // a price had a decimal point, a decimal comma
	open      []doubt
}

// doubt is a price that is one amount with a decimal mark, and another with
// thousands set apart: what the other prices of the list have says which.
type doubt struct {
	line, at int
	price    string
}

func (l *rateList) fault(line int, text string) {
	if len(l.wrong) < mostWrong {
		l.wrong.add(fmt.Sprintf("line %d", line), text)
	}
}

func (l *rateList) read(n int, line string) {
	cells, err := table.Cells(line, l.separator)
	if err != nil || len(cells) != 2 || cells[1] == "" { // no price is not free
		l.fault(n, "Write the beginning of the number and the price, as in 8210,0.035 or 8210;0,035.")
		return
	}
	prefix, price := strings.TrimPrefix(strings.ReplaceAll(cells[0], " ", ""), "+"), cells[1]
	micros, err := money.ReadMicros(price)
	switch {
	case strings.Trim(prefix, "0123456789") != "":
		l.fault(n, "Write the beginning of the number and the price, as in 8210,0.035 or 8210;0,035.")
		return
	case errors.Is(err, money.ErrTwoWays):
		l.open = append(l.open, doubt{n, len(l.out), price})
	case err != nil:
		l.fault(n, "Write the beginning of the number and the price, as in 8210,0.035 or 8210;0,035.")
		return
	default:
		l.marks[0] = l.marks[0] || strings.Count(price, ".") == 1 && !strings.Contains(price, ",")
		l.marks[1] = l.marks[1] || strings.Count(price, ",") == 1 && !strings.Contains(price, ".")
	}
	l.out = append(l.out, Rate{prefix, micros})
}

// settle reads the prices that can be read in two ways.
func (l *rateList) settle() {
	if l.marks == [2]bool{} && l.separator == ',' {
		l.marks[0] = true // where commas separate cells, points separate decimals
	}
	for _, d := range l.open {
		point := strings.Contains(d.price, ".")
		micros, err := money.ParseMicros(strings.Replace(d.price, ",", ".", 1))
		if err != nil || l.marks != [2]bool{point, !point} {
			l.fault(d.line, "This price can be read in two ways. Write it with four decimals, as in 1.2340 or 1,2340, and thousands without a mark.")
			continue
		}
		l.out[d.at].Micros = micros
	}
}
