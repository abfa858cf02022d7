package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/store"
)

func (h *house) wallets() *wallet.Service {
	return wallet.New(h.db.Wallets(), wallet.Config{Currency: "USD", Link: func(p string) string { return "https://tel.example" + p }, Now: h.clock.now,
		Open: func(ctx context.Context, account string) error {
			if _, err := h.members.Account(ctx, member.System(), account); err != nil {
				return err
			}
			return h.book.OpenWallet(ctx, account, money.Amount{Currency: "USD"})
		}})
}

// moves spends from a wallet, or adds to it below zero.
func (h *house) moves(t *testing.T, who member.Actor, n int64) {
	t.Helper()
	from, to := ledger.WalletID(who.Account, "USD"), ledger.RevenueAccount("USD", "x")
	if n < 0 {
		from, to, n = ledger.ClearingAccount("card", "USD"), from, -n
	}
	err := h.book.Transfer(t.Context(), ledger.Transfer{Key: fmt.Sprint("move:", rand.Uint64()), Kind: "order", From: from, To: to, Amount: usd(n)}) //nolint:gosec // a test
	if err != nil {
		t.Fatal(err)
	}
}

// lettersTo counts the letters of a kind to an account.
func (h *house) lettersTo(t *testing.T, who member.Actor, kind string) int {
	t.Helper()
	list, err := h.db.Letters().Unsent(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, l := range list {
		if l.Kind == kind && l.Account == who.Account {
			n++
		}
	}
	return n
}

// TestLittleIsLeft is told once on each way down, however often it is looked at,
// and also if it rose between two looks.
func TestLittleIsLeft(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		w := h.wallets()
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		sweep := func(want int) {
			t.Helper()
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := w.Sweep(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got := h.lettersTo(t, ann, "low_balance"); got != want {
				t.Fatalf("%d letters, want %d", got, want)
			}
		}
		all, err := h.book.Available(ctx, ledger.WalletID(ann.Account, "USD"))
		if err != nil {
			t.Fatal(err)
		}
		hooks := h.hooks(t, t.TempDir(), nil)
		address, _, err := hooks.Add(ctx, member.System(), "https://example.com/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		sweep(0)
		h.moves(t, ann, all.Micros-5e6) // 5.00 is left, which is not below
		sweep(0)
		h.moves(t, ann, 1)
		sweep(1)
		h.moves(t, ann, 1e6)
		sweep(1)
		h.moves(t, ann, -2e6) // above, and below again before anybody looks
		h.moves(t, ann, 2e6)
		sweep(2)
		three := int64(3e6)
		if err := w.SetNotice(ctx, ann, &three); err != nil {
			t.Fatal(err)
		}
		sweep(2)
		h.moves(t, ann, 2e6)
		sweep(3)
		if events, _, err := hooks.Deliveries(ctx, member.System(), address.ID, "", "", 10); err != nil || len(events) != 3 || events[0].Type != hook.WalletLow || !strings.Contains(events[0].Body, ann.Account) {
			t.Errorf("events: %+v %v", events, err)
		}
		never := int64(-1)
		if err := w.SetNotice(ctx, ann, &never); err != nil {
			t.Fatal(err)
		}
		h.moves(t, ann, -9e6)
		h.moves(t, ann, 9e6)
		sweep(3)
		for _, bad := range []int64{0, wallet.MostCredit + 1} {
			if err := w.SetNotice(ctx, ann, &bad); fault.ReasonOf(err).Code != "threshold" {
				t.Errorf("%d: %v", bad, err)
			}
		}
		if got := h.lettersTo(t, bob, "low_balance"); got != 0 {
			t.Errorf("bob has %d letters", got)
		}
	})
}

// cut leaves word that a call was cut, as charging does where it books it.
func (h *house) cut(t *testing.T, w *wallet.Service, who member.Actor, to string) {
	t.Helper()
	if err := h.db.Charging().Do(t.Context(), func(tx charging.Tx) error { return tx.WasCut(t.Context(), who.Account, to) }); err != nil {
		t.Fatal(err)
	}
	if w != nil {
		w.Touched(who.Account)
	}
}

// TestACallThatWasCut is told once, until there was money again; one that ended
// by another limit is not.
func TestACallThatWasCut(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		w := h.wallets()
		ann := h.person(t, "ann")
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.Run(ctx) })
		defer running.Wait()
		defer cancel()
		all, err := h.book.Available(ctx, ledger.WalletID(ann.Account, "USD"))
		if err != nil {
			t.Fatal(err)
		}
		told := func() { // what was cut before is looked at before more happens
			t.Helper()
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
				list, err := h.db.Wallets().Tasks(t.Context(), wallet.TopicCut, 10)
				if err != nil || time.Now().After(deadline) {
					t.Fatalf("not looked at: %v %v", list, err)
				}
				if len(list) == 0 {
					return
				}
			}
		}
		h.cut(t, w, ann, "+49 30 1") // by another limit: there is money
		told()
		wait := func(kind string, want int) {
			t.Helper()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.Now().Add(10 * time.Second); h.lettersTo(t, ann, kind) != want; <-tick.C {
				if time.Now().After(deadline) {
					t.Fatalf("%d letters of %s, want %d", h.lettersTo(t, ann, kind), kind, want)
				}
			}
		}
		h.moves(t, ann, all.Micros)
		h.cut(t, w, ann, "+49 30 2")
		wait("call_cut", 1)
		told()
		h.moves(t, ann, -20e6)
		h.moves(t, ann, 20e6)
		w.Touched(ann.Account)
		wait("low_balance", 1)
		h.cut(t, w, ann, "+49 30 4")
		wait("call_cut", 2)
		h.cut(t, w, ann, "+49 30 5") // he was told
		bob := h.person(t, "bob")
		if all, err = h.book.Available(ctx, ledger.WalletID(bob.Account, "USD")); err != nil {
			t.Fatal(err)
		}
		h.moves(t, bob, all.Micros)
		h.cut(t, w, bob, "+49 30 6") // looked at after that
		ann, bob = bob, ann
		wait("call_cut", 1)
		if got := h.lettersTo(t, bob, "call_cut"); got != 2 {
			t.Errorf("%d letters", got)
		}
	})
}

// TestTermsOfAnAccount are the operator's, are written down, and are the floor of the wallet.
func TestTermsOfAnAccount(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		w := h.wallets()
		ann := h.person(t, "ann")
		boss := member.System()
		terms := func(credit int64) wallet.Terms {
			return wallet.Terms{Account: ann.Account, Kind: wallet.Postpaid, Credit: usd(credit * 1e6), Days: 14}
		}
		for _, c := range []struct {
			by   member.Actor
			t    wallet.Terms
			code string
		}{{ann, terms(10), "operator_only"}, {boss, terms(0), "terms"}, {boss, terms(-1), "terms"}, {boss, terms(2_000_000), "terms"},
			{boss, wallet.Terms{Account: ann.Account, Kind: "free"}, "terms"}, {boss, wallet.Terms{Account: ann.Account, Kind: wallet.Postpaid, Credit: usd(1), Days: -1}, "terms"},
			{boss, wallet.Terms{Account: "acc_none", Kind: wallet.Prepaid}, "account_unknown"}} {
			if err := w.SetTerms(ctx, c.by, c.t); fault.ReasonOf(err).Code != c.code {
				t.Errorf("%+v: %v", c.t, err)
			}
		}
		before, err := w.Of(ctx, ann, ann.Account)
		if err != nil || before.Terms.Kind != wallet.Prepaid {
			t.Fatalf("%+v %v", before, err)
		}
		if err := w.SetTerms(ctx, boss, terms(30)); err != nil {
			t.Fatal(err)
		}
		v, err := w.Of(ctx, ann, ann.Account)
		if err != nil || v.Available.Micros != before.Available.Micros+30e6 || v.Terms.Days != 14 || v.Terms.Kind != wallet.Postpaid {
			t.Fatalf("%+v %v", v, err)
		}
		h.moves(t, ann, before.Available.Micros+20e6) // 20 of the 30
		if err := w.SetTerms(ctx, boss, terms(19)); fault.ReasonOf(err).Code != "credit_used" || !strings.Contains(err.Error(), "20.00 USD") {
			t.Errorf("below what is used: %v", err)
		}
		if err := w.SetTerms(ctx, boss, wallet.Terms{Account: ann.Account, Kind: wallet.Prepaid}); fault.ReasonOf(err).Code != "credit_used" {
			t.Errorf("prepaid with a debt: %v", err)
		}
		if err := w.SetTerms(ctx, boss, terms(20)); err != nil {
			t.Error(err)
		}
		if err := h.book.Transfer(ctx, ledger.Transfer{Key: "beyond", Kind: "order", From: ledger.WalletID(ann.Account, "USD"), To: ledger.RevenueAccount("USD", "x"), Amount: usd(1)}); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("beyond the limit: %v", err)
		}
		if err := w.Suspend(ctx, boss, ann.Account, "The invoice 2026-000007 is overdue."); err != nil {
			t.Fatal(err)
		}
		if err := w.Suspend(ctx, ann, ann.Account, ""); fault.ReasonOf(err).Code != "operator_only" {
			t.Errorf("a member lifts it: %v", err)
		}
		if v, _ := w.Of(ctx, ann, ann.Account); v.Terms.Suspended == "" || v.Terms.Credit.Micros != 20e6 {
			t.Errorf("%+v", v)
		}
		if err := w.SetTerms(ctx, boss, terms(21)); err != nil { // which say nothing of the suspension
			t.Error(err)
		}
		if v, _ := w.Of(ctx, ann, ann.Account); v.Terms.Suspended == "" || v.Terms.Credit.Micros != 21e6 {
			t.Errorf("other terms lift the suspension: %+v", v)
		}
		remarks, err := h.members.Remarks(ctx, boss, ann.Account)
		codes := map[string]int{}
		for _, r := range remarks {
			codes[r.Code]++
		}
		if err != nil || len(remarks) != 4 || codes["terms"] != 3 || codes["suspended"] != 1 {
			t.Errorf("written down: %v %v", codes, err)
		}
		if _, err := w.Of(ctx, h.person(t, "bob"), ann.Account); fault.ReasonOf(err).Code != "not_yours" {
			t.Errorf("bob looks: %v", err)
		}
		if r, err := h.book.Verify(ctx); err != nil || !r.OK() {
			t.Errorf("the book: %+v %v", r.Faults, err)
		}
	})
}

// TestCallsOnCredit: many calls at once while the limit is changed never use
// more than the highest limit, and a suspended account begins none.
func TestCallsOnCredit(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		w := h.wallets()
		ann, boss := h.person(t, "ann"), member.System()
		all, err := h.book.Available(ctx, ledger.WalletID(ann.Account, "USD"))
		if err != nil {
			t.Fatal(err)
		}
		h.moves(t, ann, all.Micros)
		charge := charging.New(h.db.Charging(), h.book, nil, h.clock.now)
		ask := func(i int) charging.Ask {
			return charging.Ask{Call: fmt.Sprint("call", i), Account: ann.Account, Currency: "USD", To: "+49 30 1", Quote: rating.Fixed(rating.Price{Minute: 600_000, Next: 1})}
		}
		if _, err := charge.Reserve(ctx, ask(0)); fault.KindOf(err) != fault.Unpaid {
			t.Fatalf("without money or credit: %v", err)
		}
		limit := func(n int64) error {
			return w.SetTerms(ctx, boss, wallet.Terms{Account: ann.Account, Kind: wallet.Postpaid, Credit: usd(n), Days: 30})
		}
		if err := limit(1e6); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		var holds []string
		for i := range 50 {
			wg.Go(func() {
				l, err := charge.Reserve(context.Background(), ask(i))
				if err != nil {
					if fault.KindOf(err) != fault.Unpaid {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				holds = append(holds, l.Hold)
				mu.Unlock()
			})
			if i%10 == 5 {
				wg.Go(func() {
					if err := limit(int64(500_000 + i*10_000)); err != nil && fault.ReasonOf(err).Code != "credit_used" {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if len(holds) == 0 {
			t.Fatal("no call at all")
		}
		if err := w.Suspend(ctx, boss, ann.Account, "An invoice is overdue."); err != nil {
			t.Fatal(err)
		}
		if _, err := charge.Reserve(ctx, ask(99)); fault.ReasonOf(err).Code != "suspended" || !strings.Contains(err.Error(), "overdue") {
			t.Errorf("suspended: %v", err)
		}
		answer := h.clock.now()
		h.clock.add(time.Hour)       // far beyond what was held
		for i, hold := range holds { // calls under way go on and are settled
			if _, err := charge.Settle(ctx, hold, cdr.Record{Side: cdr.Origin, Cause: cdr.Normal, CallID: fmt.Sprint("call", i), Start: answer, Answer: answer, End: h.clock.now()}); err != nil {
				t.Error(err)
			}
		}
		v, err := w.Of(ctx, ann, ann.Account)
		if err != nil || v.Balance.Micros < -1e6 || v.Balance.Micros >= 0 || v.Held.Micros != 0 || v.Available.Micros < 0 {
			t.Errorf("%+v %v", v, err)
		}
		if r, err := h.book.Verify(ctx); err != nil || !r.OK() {
			t.Errorf("the book: %+v %v", r.Faults, err)
		}
	})
}
