package carrier

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
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
