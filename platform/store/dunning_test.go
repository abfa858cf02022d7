package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/store"
)

// former is who knows terms as they were before the operator's last word.
type former struct {
	*wallet.Service

	was wallet.Terms
}

func (s *former) TermsOf(context.Context, string) (wallet.Terms, error) { return s.was, nil }

// TestTheOperatorsSuspensionStays: reminders neither take the place of one that was
// made at the same moment, nor end it.
func TestTheOperatorsSuspensionStays(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		op := member.Actor{Role: member.Operator, Account: "acc_op", Name: "Olga"}
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		for _, who := range []member.Actor{ann, bob} {
			h.credit(t, who, money.Of("USD", 100, 0))
			h.moves(t, who, 60_000_000)
		}
		turn := func(day time.Time, terms billing.Terms) {
			t.Helper()
			h.at(day)
			s := billing.New(h.db.Billing(), h.book, h.office(), h.taxes(), terms, billing.Config{Currency: "USD", Steps: billing.UsualSteps(), Now: h.clock.now, Link: func(p string) string { return p }})
			if err := s.Turn(ctx); err != nil {
				t.Fatal(err)
			}
		}
		stops := func(who member.Actor) {
			t.Helper()
			if err := h.wallets().Suspend(ctx, op, who.Account, "Fraud"); err != nil {
				t.Fatal(err)
			}
		}
		stays := func(who member.Actor) {
			t.Helper()
			if x, err := h.wallets().TermsOf(ctx, who.Account); err != nil || x.Suspended != "Fraud" {
				t.Errorf("%s: %+v %v", who.Name, x, err)
			}
		}
		for day := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC); day.Before(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
			turn(day, h.wallets())
		}
		before, err := h.wallets().TermsOf(ctx, ann.Account)
		if err != nil || before.Suspended != "" {
			t.Fatal(before, err)
		}
		stops(ann)
		turn(time.Date(2027, 1, 2, 1, 0, 0, 0, time.UTC), &former{h.wallets(), before})
		stays(ann)
		dunned, err := h.wallets().TermsOf(ctx, bob.Account)
		if err != nil || !strings.Contains(dunned.Suspended, "overdue") {
			t.Fatal(dunned, err)
		}
		stops(bob)
		h.pays(t, bob, 100_000_000)
		turn(time.Date(2027, 1, 3, 1, 0, 0, 0, time.UTC), &former{h.wallets(), dunned})
		stays(bob)
		h.booksAreRight(t)
	})
}

// TestWhatIsWrittenOffIsNotGivenBack: nothing was paid of it.
func TestWhatIsWrittenOffIsNotGivenBack(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, op := h.person(t, "ann"), member.Actor{Role: member.Operator, Account: "acc_op", Name: "Olga"}
		h.credit(t, ann, money.Of("USD", 100, 0))
		h.moves(t, ann, h.wallet(t, ann).Micros)
		h.talks(t, ann, "+49 30 901820", 1000*time.Second)
		h.at(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC))
		h.turn(t)
		number := h.papersOf(t, ann, paper.Invoice)[0].Number
		if _, err := h.billing().WriteOff(ctx, op, number, "Bankrupt"); err != nil {
			t.Fatal(err)
		}
		if c, err := h.billing().Credit(ctx, op, number, nil, "Its tax", ""); fault.ReasonOf(err).Code != "written_off" {
			t.Errorf("%+v %v", c, err)
		}
		if got := h.wallet(t, ann); got.Micros != 0 {
			t.Errorf("who never paid has %s", got)
		}
		h.booksAreRight(t)
	})
}
