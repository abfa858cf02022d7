package carrier

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Members is the name under which the rates are kept that members pay.
const Members = ""

// mostRates bounds one list.
const mostRates = 1_000_000

// Rates lists what calls by a carrier cost, or with Members what members pay.
func (s *Service) Rates(_ context.Context, by member.Actor, id string) ([]Rate, error) {
	if err := operatorOnly(by); err != nil {
		return nil, err
	}
	if _, ok := s.Get(id); !ok && id != Members {
		return nil, unknown(id)
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
		return unknown(id)
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
	return s.load(ctx)
}

// ReadRates reads a list as CSV: prefix,price a minute; one a line. The first
// line may be a heading. Every line that cannot be read is named.
func ReadRates(r io.Reader) ([]Rate, error) {
	var out []Rate
	var wrong faults
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" {
			continue
		}
		prefix, price, ok := strings.Cut(line, ",")
		if !ok {
			prefix, price, ok = strings.Cut(line, ";")
		}
		prefix = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(prefix), " ", ""), "+")
		micros, err := money.ParseMicros(strings.TrimSpace(price))
		price = strings.TrimSpace(price)
		if strings.Trim(prefix, "0123456789") == "" && ok && err == nil && price != "" { // no price is not free
			out = append(out, Rate{prefix, micros})
			continue
		}
		if heading := n == 1 && !strings.ContainsAny(line, "0123456789"); !heading && len(wrong) < 20 {
			wrong.add(fmt.Sprintf("line %d", n), "Write the beginning of the number and the price, as in 8210,0.035.")
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.New(fault.Invalid, "rates_file", "The list cannot be read as text: %v.", err)
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Invalid, "rates_file", "Some lines cannot be read; nothing was changed.").WithFields(wrong...)
	}
	return out, nil
}
