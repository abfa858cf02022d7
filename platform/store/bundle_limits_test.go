package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestTheLastOfAPackage: with less left than is fair, money is held beside it at
// once; with less than a step, and no money, there is no call. A long call keeps
// what is held for it.
func TestTheLastOfAPackage(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := newClock()
	h := build(t, store.Config{Dir: t.TempDir()}, c)
	b := h.bundles()
	h.buyer(t, b, "acc_x", 1_000_000, h.pack(t, b, 5, false, "49"))
	h.buyer(t, b, "acc_poor", 0, h.pack(t, b, 20, false, "49"))
	s := charging.New(h.db.Charging(), h.book, nil, c.now)
	l, err := s.Reserve(ctx, covered("acc_x", "call_1"))
	if a := h.purse(t, "acc_x"); err != nil || l.For <= 5*time.Second || a.Held == 0 {
		t.Errorf("%+v %v, held %d", l, err, a.Held)
	}
	ask := covered("acc_poor", "call_2")
	ask.Quote = rating.Fixed(rating.Price{Minute: 600_000, First: 30, Next: 6})
	if l, err := s.Reserve(ctx, ask); fault.KindOf(err) != fault.Unpaid || err == nil {
		t.Errorf("20 seconds of a step of 30: %+v %v", l, err)
	}
	ask.Quote = rating.Fixed(rating.Price{Minute: 600_000, First: 20, Next: 6})
	if l, err := s.Reserve(ctx, ask); err != nil || l.For != 20*time.Second {
		t.Errorf("20 seconds of a step of 20: %+v %v", l, err)
	}

	h.buyer(t, b, "acc_long", 1_000_000, h.pack(t, b, 3600, false, "49"))
	if l, err = s.Reserve(ctx, covered("acc_long", "call_3")); err != nil {
		t.Fatal(err)
	}
	answer := c.now()
	for l.More {
		if c.now().Add(2 * time.Minute).After(answer.Add(l.For)) {
			if l, err = s.Extend(ctx, l.Hold, answer); err != nil {
				t.Fatal(err)
			}
		}
		c.add(15 * time.Second)
		if err := s.Live(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if a := h.allowances(t, "acc_long")[0]; a.Held == 0 {
			t.Fatalf("after %s what it held was let go", c.now().Sub(answer))
		}
	}
	if r, err := s.Settle(ctx, l.Hold, answered("call_3", answer, l.For)); err != nil || drawn(r) != 3600 || r.Charge != usd(1_000_000) {
		t.Errorf("%+v %v %v", r.Packages, r.Charge, err)
	}
	h.booksAreRight(t)
}

// TestLimitsHoldForPackages: a suspended account, closed destinations and the calls
// at once count as for money, also for a call that needs none; the money of a day
// does not.
func TestLimitsHoldForPackages(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		g := guardedHouse(t, cfg, newClock())
		who := g.person(t, "ada")
		b := g.bundles()
		for range 2 {
			if _, err := b.Buy(ctx, who, g.pack(t, b, 600, false, "49", "371").ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		g.limit(t, who, guard.Limits{Day: of(int64(1)), Calls: of(2)})
		var held []string
		for i := range 3 {
			l, err := g.calls.Reserve(ctx, covered(who.Account, fmt.Sprint("call_", i)))
			if (err == nil) != (i < 2) || err != nil && codeOf(err) != "cap_calls" {
				t.Fatalf("call %d: %v", i, err)
			}
			held = append(held, l.Hold)
		}
		money := asks(who.Account, "money", "+33123456")
		if _, err := g.calls.Reserve(ctx, money); codeOf(err) != "cap_calls" {
			t.Errorf("a call for money beside two of packages: %v", err)
		}
		if s, err := g.db.Guard().Spent(ctx, who.Account, "USD", guard.Day(g.clock.now()), guard.FirstOfMonth(g.clock.now())); err != nil || s.Calls != 2 || s.Held != 0 {
			t.Errorf("%+v %v", s, err)
		}
		r, err := g.calls.Settle(ctx, held[0], answered("call_0", g.clock.now(), time.Minute))
		if err != nil || drawn(r) != 60 {
			t.Errorf("%+v %v", r.Packages, err)
		}
		if _, err := g.calls.Reserve(ctx, asks(who.Account, "closed", "+371900123456")); codeOf(err) != "destination_never" {
			t.Errorf("a closed destination: %v", err)
		}
		wallets := wallet.New(g.db.Wallets(), wallet.Config{Currency: "USD", Link: func(p string) string { return p }, Now: g.clock.now, Open: func(context.Context, string) error { return nil }})
		if err := wallets.Suspend(ctx, member.System(), who.Account, "Call us."); err != nil {
			t.Fatal(err)
		}
		if _, err := g.calls.Reserve(ctx, covered(who.Account, "suspended")); codeOf(err) != "suspended" {
			t.Errorf("suspended: %v", err)
		}
		if err := g.calls.Release(ctx, held[1]); err != nil {
			t.Fatal(err)
		}
		for _, a := range g.allowances(t, who.Account) {
			if a.Held != 0 {
				t.Errorf("%+v", a)
			}
		}
		g.booksAreRight(t)
	})
}

// TestACallThatWasSweptHoldsNothingMore: a process that was taken for dead cannot
// have its call, which is booked, go on for nothing.
func TestACallThatWasSweptHoldsNothingMore(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		b := h.bundles()
		h.buyer(t, b, "acc_x", 5_000_000, h.pack(t, b, 600, false, "49"))
		slow, next := charging.New(h.db.Charging(), h.book, nil, c.now), charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := slow.Reserve(ctx, covered("acc_x", "call_1"))
		if err != nil {
			t.Fatal(err)
		}
		answer := c.now()
		if err := slow.Begin(ctx, l.Hold, answered("call_1", answer, 0)); err != nil {
			t.Fatal(err)
		}
		c.add(charging.Dead + time.Second)
		if err := next.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if more, err := slow.Extend(ctx, l.Hold, answer); fault.ReasonOf(err).Code != "hold_unknown" {
			t.Errorf("more is held for a call that is booked: %+v %v", more, err)
		}
		if a := h.allowances(t, "acc_x")[0]; a.Held != 0 {
			t.Errorf("%d seconds are held", a.Held)
		}
		if a := h.purse(t, "acc_x"); a.Held != 0 {
			t.Errorf("money is held: %+v", a)
		}
		h.booksAreRight(t)
	})
}
