package store_test

import (
	"testing"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// costs changes what every number costs a year.
func (h *house) costs(dollars int64) {
	c := h.policy.Catalogue
	c.Prices = []shop.PriceRule{{ID: "p", Setup: 5 * money.Micros, Yearly: dollars * money.Micros}}
	h.shop.Adopt(h.policy.Countries, c)
}

// TestTheYearlyFeeIsTodaysPriceAfterNotice: a fee rises only if the letter a
// month ahead said so, falls at once, and is what the last letter said.
func TestTheYearlyFeeIsTodaysPriceAfterNotice(t *testing.T) {
	for name, c := range map[string]struct {
		story func(h *house, t *testing.T) // from the sale at 20.00 on to the day of the fee
		paid  int64
		kinds []string // of the letters
		said  string   // amount in the last letter
		was   string   // and what it was before, in the first
	}{
		"dearer, in time": {func(h *house, t *testing.T) { h.later(t, 300); h.costs(30); h.later(t, 66) }, 30,
			[]string{"renewal_dearer", "renewal_due", "renewal_due"}, "30.00 USD", "20.00 USD"},
		"dearer, after the letter": {func(h *house, t *testing.T) { h.later(t, 340); h.costs(30); h.later(t, 26) }, 20,
			[]string{"renewal_due", "renewal_due", "renewal_due"}, "20.00 USD", ""},
		"cheaper, after the letter": {func(h *house, t *testing.T) { h.later(t, 340); h.costs(10); h.later(t, 26) }, 10,
			[]string{"renewal_due", "renewal_due", "renewal_due"}, "10.00 USD", ""},
		"cheaper, and dearer again": {func(h *house, t *testing.T) { h.later(t, 340); h.costs(10); h.later(t, 20); h.costs(30); h.later(t, 6) }, 10,
			[]string{"renewal_due", "renewal_due", "renewal_due"}, "10.00 USD", ""},
		"dearer, and the house slept through the month": {func(h *house, t *testing.T) { h.costs(30); h.clock.add(360 * day); h.later(t, 6) }, 20,
			[]string{"renewal_due", "renewal_due"}, "20.00 USD", ""},
		"dearer, and the house slept until after the day": {func(h *house, t *testing.T) { h.costs(30); h.clock.add(365 * day); h.later(t, 1) }, 20, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				h := yearly(t, cfg)
				ann := h.person(t, "ann")
				o := h.buy(t, ann, kr("7002846"))
				h.give(t, ann, money.Of("USD", 100, 0))
				h.mail(t)
				before := h.wallet(t, ann)
				c.story(h, t)
				if got := before.Micros - h.wallet(t, ann).Micros; got != c.paid*money.Micros {
					t.Errorf("paid %d micros, want %d.00", got, c.paid)
				}
				var kinds []string
				said, was := "", ""
				for _, l := range h.mail(t) {
					if l.Fields["before"] != "" {
						was = l.Fields["before"]
					}
					if l.Kind != "renewal_due" && l.Kind != "renewal_dearer" {
						continue
					}
					kinds, said = append(kinds, l.Kind), l.Fields["amount"]
				}
				same(t, kinds, c.kinds)
				if said != c.said || was != c.was {
					t.Errorf("the letters say %q, before %q; want %q, %q", said, was, c.said, c.was)
				}
				if x, err := h.shop.Order(t.Context(), ann, o.ID); err != nil || x.Fee != c.paid*money.Micros || x.Yearly != 20*money.Micros {
					t.Errorf("%+v %v", x, err)
				}
				h.booksAreRight(t)
			})
		})
	}
}

// TestABlockOffSaleKeepsItsPrice: the rule of a block goes on for its numbers
// when no more of it is sold; where no rule is left, the fee stays.
func TestABlockOffSaleKeepsItsPrice(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := yearly(t, cfg)
		ann := h.person(t, "ann")
		h.buy(t, ann, kr("7002846"))
		h.give(t, ann, money.Of("USD", 100, 0))
		c := h.policy.Catalogue
		c.Blocks[0].Closed = true
		c.Prices = []shop.PriceRule{{ID: "b", Block: c.Blocks[0].ID, Yearly: 12 * money.Micros}, {ID: "p", Yearly: 40 * money.Micros}}
		h.shop.Adopt(h.policy.Countries, c)
		before := h.wallet(t, ann)
		h.later(t, 366)
		if got := before.Micros - h.wallet(t, ann).Micros; got != 12*money.Micros {
			t.Errorf("paid %d micros, want 12.00", got)
		}
		c.Prices = []shop.PriceRule{{ID: "us", Country: "US", Yearly: money.Micros}}
		h.shop.Adopt(h.policy.Countries, c)
		before = h.wallet(t, ann)
		h.later(t, 366)
		if got := before.Micros - h.wallet(t, ann).Micros; got != 12*money.Micros {
			t.Errorf("without a rule: paid %d micros, want 12.00", got)
		}
	})
}
