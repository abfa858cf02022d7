package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/platform/store"
)

func (h *house) office() *paper.Office {
	return paper.New(h.db.Papers(), h.shop, h.db.Shop(), h.db.TelephoneNumbers(), h.db.Payments(), h.members, paper.Party{Name: "Callisto"}, func(p string) string { return "https://tel.example" + p }, h.clock.now)
}

// numbers are all papers' numbers, oldest first.
func numbersOf(t *testing.T, o *paper.Office) []string {
	t.Helper()
	var out []string
	for cursor := ""; ; {
		list, next, err := o.Papers(t.Context(), member.System(), "", cursor, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			out = append(out, x.Number)
		}
		if cursor = next; cursor == "" {
			slices.Sort(out)
			return out
		}
	}
}

func TestPapersHaveNoGaps(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		office := h.office()
		var orders []shop.Order
		for i := range 9 {
			orders = append(orders, h.buy(t, ann, kr(fmt.Sprint(7002850+i))))
		}
		var wg sync.WaitGroup
		for i := range 40 { // who looks first writes it
			wg.Go(func() {
				if i%4 == 0 {
					if err := office.Resume(context.Background()); err != nil {
						t.Error(err)
					}
					return
				}
				if _, err := office.ForOrder(context.Background(), ann, orders[i%9].ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		want := []string{}
		for i := range 9 {
			want = append(want, fmt.Sprintf("2026-%06d", i+1))
		}
		same(t, numbersOf(t, office), want)
		if _, err := h.shop.Refund(ctx, member.System(), orders[0].ID, "x"); err != nil {
			t.Fatal(err)
		}
		h.clock.add(60 * 24 * time.Hour) // next year
		last := h.buy(t, ann, kr("7002869"))
		for range 2 {
			if err := office.Resume(ctx); err != nil {
				t.Fatal(err)
			}
		}
		same(t, numbersOf(t, office), append(want, "2027-000001", "2027-C000001"))
		note, err := office.Paper(ctx, ann, "2027-c000001")
		if err != nil || note.Kind != paper.CreditNote || note.Order != orders[0].ID || note.Data.Total != money.Of("USD", 5, 0) {
			t.Errorf("%+v %v", note, err)
		}
		inv, err := office.ForOrder(ctx, ann, orders[0].ID)
		if err != nil || note.Data.Invoice != inv.Number || inv.Data.Buyer.Name != "ann" || inv.Data.Method != "wallet" || inv.Data.Paid.IsZero() {
			t.Errorf("%+v %v", inv, err)
		}
		if _, err := office.Paper(ctx, bob, inv.Number); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger reads it: %v", err)
		}
		if _, err := office.ForOrder(ctx, bob, last.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger has it written: %v", err)
		}
		given, err := h.shop.Grant(ctx, member.System(), ann.Account, kr("7002879"), false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := office.ForOrder(ctx, ann, given.ID); fault.ReasonOf(err).Code != "no_receipt" {
			t.Errorf("a gift has an invoice: %v", err)
		}
		letters, err := h.db.Letters().Take(ctx, time.Now().Add(time.Hour), time.Minute, 100)
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, l := range letters {
			if count[l.Kind]++; (l.Kind == "receipt" || l.Kind == "credit_note") && l.Fields["paper"] == "" {
				t.Errorf("%+v", l)
			}
		}
		if count["receipt"] != 10 || count["credit_note"] != 1 {
			t.Errorf("letters: %v", count)
		}
	})
}

// cutPapers is a store whose transactions end in a power failure.
type cutPapers struct{ paper.Store }

func (c cutPapers) Do(ctx context.Context, f func(paper.Tx) error) error {
	return c.Store.Do(ctx, func(tx paper.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return errPower
	})
}

func TestANumberOfAFailedPaperIsGivenBack(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		o := h.buy(t, ann, kr("7002846"))
		cut := paper.New(cutPapers{h.db.Papers()}, h.shop, h.db.Shop(), h.db.TelephoneNumbers(), h.db.Payments(), h.members, paper.Party{}, func(p string) string { return p }, h.clock.now)
		for range 3 {
			if _, err := cut.ForOrder(t.Context(), ann, o.ID); !errors.Is(err, errPower) {
				t.Fatal(err)
			}
		}
		if x, err := h.office().ForOrder(t.Context(), ann, o.ID); err != nil || x.Number != "2026-000001" {
			t.Errorf("%+v %v", x, err)
		}
	})
}

func TestTaxesGoTheirOwnWay(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		sys := member.System()
		country := func(ctx context.Context, id string) (string, error) {
			a, err := h.members.Account(ctx, sys, id)
			return a.Country, err
		}
		table := tax.New(h.db.Taxes(), country, h.policy.Plans.Country, h.clock.now)
		h.policy.Taxes = table
		h.shop = shop.New(h.db.Shop(), h.book, h.policy, h.roster, h.clock.now)
		ann := h.person(t, "ann") // of KR
		o := h.buy(t, ann, kr("7002846"))
		if o.AmountDue != money.Of("USD", 5, 0) || o.Tax.Name != "" {
			t.Errorf("an empty table taxes: %+v", o)
		}
		vat := tax.Rule{Country: "kr", Kind: tax.Individual, Name: "VAT", Rate: 75_000, From: h.clock.now().Add(-time.Hour).Truncate(24 * time.Hour)}
		if _, err := table.Add(ctx, ann, vat); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member: %v", err)
		}
		for name, r := range map[string]tax.Rule{
			"country": {Country: "XX", Kind: tax.Individual, Name: "x", Rate: 1, From: vat.From}, "rate": {Country: "KR", Kind: tax.Individual, Name: "x", Rate: 1_000_001, From: vat.From}, "from": {Country: "KR", Kind: tax.Individual, Name: "x"},
		} {
			if _, err := table.Add(ctx, sys, r); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		rule, err := table.Add(ctx, sys, vat)
		if err != nil || rule.Country != "KR" {
			t.Fatal(rule, err)
		}
		if _, err := table.Add(ctx, sys, vat); fault.ReasonOf(err).Code != "tax_exists" {
			t.Errorf("twice: %v", err)
		}
		o = h.buy(t, ann, kr("7002847"))
		if o.AmountDue != money.Of("USD", 5, 38) || o.Tax != (shop.Tax{Name: "VAT", Rate: 75_000, Country: "KR", Micros: 380_000}) {
			t.Errorf("%+v", o)
		}
		if got, err := h.book.Balance(ctx, ledger.TaxAccount("KR", "USD")); err != nil || got != money.Of("USD", 0, 38) {
			t.Errorf("the tax account: %s %v", got, err)
		}
		if got := h.wallet(t, ann); got != money.Of("USD", 39, 62) {
			t.Errorf("the wallet holds %s", got)
		}
		inv, err := h.office().ForOrder(ctx, ann, o.ID)
		if err != nil || inv.Data.Net != money.Of("USD", 5, 0) || inv.Data.Tax.Amount != money.Of("USD", 0, 38) || inv.Data.Tax.Name != "VAT" {
			t.Errorf("%+v %v", inv, err)
		}
		if err := table.Remove(ctx, sys, rule.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.Refund(ctx, sys, o.ID, "x"); err != nil {
			t.Fatal(err)
		}
		if got, err := h.book.Balance(ctx, ledger.TaxAccount("KR", "USD")); err != nil || !got.Zero() {
			t.Errorf("after the refund: %s %v", got, err)
		}
		if got := h.wallet(t, ann); got != money.Of("USD", 45, 0) {
			t.Errorf("after the refund the wallet holds %s", got)
		}
		h.booksAreRight(t)
	})
}
