package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestFiftyCallsOnOneUnit: each wants 0.05 and takes no less than 0.02; what is
// held is never more than there is, and what is held cannot be spent.
func TestFiftyCallsOnOneUnit(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(1_010_000)); err != nil {
			t.Fatal(err)
		}
		wallet, revenue := ledger.WalletID("acc_x", "USD"), ledger.RevenueAccount("USD", "")
		var held atomic.Int64
		var wg sync.WaitGroup
		ask := func(i int) ledger.Hold {
			return ledger.Hold{ID: fmt.Sprint("h", i), Account: wallet, Amount: usd(0), Ref: fmt.Sprint("call", i), Expires: c.now().Add(time.Minute)}
		}
		for i := range 50 {
			wg.Go(func() {
				x, err := h.book.Hold(context.Background(), ask(i), ledger.Want{Most: 50_000, Least: 20_000})
				if err != nil && fault.KindOf(err) != fault.Unpaid {
					t.Errorf("hold %d: %v", i, err)
				}
				held.Add(x.Amount.Micros)
			})
		}
		wg.Wait()
		if held.Load() != 1_000_000 { // 20 × 0.05; the rest, 0.01, is less than the least
			t.Errorf("%d is held", held.Load())
		}
		if _, err := h.book.Post(ctx, move("buys", wallet, revenue, 10_001)); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("what is held was spent: %v", err)
		}
		if _, err := h.book.Post(ctx, move("buys", wallet, revenue, 10_000)); err != nil {
			t.Errorf("what is not held cannot be spent: %v", err)
		}
		h.booksAreRight(t)
		for i := range 50 { // settled twice each, with less than was held
			for range 2 {
				if _, err := h.book.Settle(ctx, fmt.Sprint("h", i), move(fmt.Sprint("call", i), wallet, revenue, 19_000)); err != nil && fault.KindOf(err) != fault.Unpaid {
					t.Error(err)
				}
			}
		}
		if a, _, err := h.db.Ledger().Account(ctx, wallet); err != nil || a.Held != 0 || a.Balance < 0 {
			t.Errorf("%+v %v", a, err)
		}
		h.booksAreRight(t)
	})
}

func TestAHoldResolvesOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(1_000_000)); err != nil {
			t.Fatal(err)
		}
		wallet, revenue := ledger.WalletID("acc_x", "USD"), ledger.RevenueAccount("USD", "")
		x := ledger.Hold{ID: "h", Account: wallet, Amount: usd(0), Ref: "call", Expires: c.now().Add(time.Minute)}
		want := ledger.Want{Most: 300_000, Least: 1}
		for range 2 {
			if got, err := h.book.Hold(ctx, x, want); err != nil || got.Amount != usd(300_000) {
				t.Fatalf("%+v %v", got, err)
			}
		}
		other := x
		other.Ref = "another call"
		if _, err := h.book.Hold(ctx, other, want); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same hold for something else: %v", err)
		}
		if got, err := h.book.Raise(ctx, "h", ledger.Want{Most: 900_000, Least: 800_000}, c.now().Add(time.Hour)); err != nil || got.Amount != usd(300_000) {
			t.Errorf("raised by less than the least: %+v %v", got, err)
		}
		if got, err := h.book.Raise(ctx, "h", ledger.Want{Most: 900_000, Least: 1}, c.now().Add(time.Hour)); err != nil || got.Amount != usd(1_000_000) {
			t.Errorf("raised %+v %v", got, err)
		}
		if list, err := h.book.Expire(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("expired early: %+v %v", list, err)
		}
		for _, bad := range []ledger.Want{{}, {Most: 5, Least: 10}, {Most: -1, Least: -2}} {
			y := x
			y.ID = "bad"
			if _, err := h.book.Hold(ctx, y, bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		c.add(2 * time.Hour)
		if list, err := h.book.Expire(ctx, 10); err != nil || len(list) != 1 || list[0].Ref != "call" {
			t.Errorf("expired %+v %v", list, err)
		}
		if _, err := h.book.Raise(ctx, "h", want, c.now()); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a hold that is gone was raised: %v", err)
		}
		// What was used is booked, though the hold is gone; once.
		for range 2 {
			if _, err := h.book.Settle(ctx, "h", move("call", wallet, revenue, 400_000)); err != nil {
				t.Error(err)
			}
		}
		// A replay gives back the hold that it came with.
		x.ID = "again"
		if _, err := h.book.Hold(ctx, x, want); err != nil {
			t.Fatal(err)
		}
		if _, err := h.book.Settle(ctx, "again", move("call", wallet, revenue, 400_000)); err != nil {
			t.Error(err)
		}
		if a, _, err := h.db.Ledger().Account(ctx, wallet); err != nil || a.Held != 0 || a.Balance != 600_000 {
			t.Errorf("%+v %v", a, err)
		}
		h.booksAreRight(t)
	})
}

// TestAHoldIsGuardedInSQL: who holds without looking at the account first cannot
// promise more than there is.
func TestAHoldIsGuardedInSQL(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(t.Context(), "acc_x", usd(1_000_000)); err != nil {
			t.Fatal(err)
		}
		hold := func(id string, micros int64) error {
			x := ledger.Hold{ID: id, Account: ledger.WalletID("acc_x", "USD"), Amount: usd(micros), Expires: c.now().Add(time.Hour)}
			return h.db.Ledger().Do(t.Context(), func(tx ledger.Tx) error {
				if _, err := tx.NewHold(t.Context(), x); err != nil {
					return err
				}
				return tx.PutHold(t.Context(), x, micros)
			})
		}
		if err := hold("a", 600_000); err != nil {
			t.Error(err)
		}
		if err := hold("b", 400_001); err == nil {
			t.Error("more is held than there is")
		}
		if err := hold("c", 400_000); err != nil {
			t.Error(err)
		}
		h.booksAreRight(t)
	})
}

// TestHoldsAndPostingsAtOnce: holds, raises, settlements and purchases of a few
// wallets cross each other, in every order of accounts; the books stay right and
// nothing waits in a circle.
func TestHoldsAndPostingsAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		const wallets, workers, rounds = 3, 8, 40
		for i := range wallets {
			if err := h.book.OpenWallet(ctx, fmt.Sprint("acc_", i), usd(2_000_000)); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(w), 1))
				for i := range rounds {
					wallet := ledger.WalletID(fmt.Sprint("acc_", rng.IntN(wallets)), "USD")
					id := fmt.Sprint("h", w, "-", i)
					_, err := h.book.Hold(context.Background(), ledger.Hold{ID: id, Account: wallet, Amount: usd(0), Ref: id, Expires: c.now().Add(time.Minute)}, ledger.Want{Most: rng.Int64N(90_000) + 1, Least: 1})
					if err == nil && rng.IntN(2) == 0 {
						_, err = h.book.Raise(context.Background(), id, ledger.Want{Most: 50_000, Least: 1}, c.now().Add(time.Minute))
					}
					if err == nil {
						account := []string{"promotion:USD", ledger.RevenueAccount("USD", id), ledger.ClearingAccount("card", "USD")}[rng.IntN(3)]
						_, err = h.book.Settle(context.Background(), id, move("s"+id, wallet, account, rng.Int64N(20_000)+1))
					}
					if err == nil {
						_, err = h.book.Post(context.Background(), move("p"+id, "promotion:USD", wallet, 1000))
					}
					if err != nil && fault.KindOf(err) != fault.Unpaid {
						t.Errorf("%s: %v", id, err)
					}
				}
			})
		}
		wg.Wait()
		h.booksAreRight(t)
	})
}

// TestTheAuditSeesWhatIsWrong: a balance, a posting and a hold that somebody
// changed behind the ledger's back are each named, until the next check.
func TestTheAuditSeesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	h := build(t, store.Config{Dir: dir}, c)
	if _, done := h.book.LastAudit(); done {
		t.Error("it is known before the first check")
	}
	if err := h.book.OpenWallet(t.Context(), "acc_x", usd(1_000_000)); err != nil {
		t.Fatal(err)
	}
	if a := h.book.AuditNow(t.Context()); a.Failed != nil || !a.OK() || a.Postings != 1 || !a.At.Equal(c.now()) {
		t.Errorf("%+v", a)
	}
	tamper(t, dir, `UPDATE ledger_account SET held = 5 WHERE id = 'wallet:acc_x:USD'`)
	if a := h.book.AuditNow(t.Context()); len(a.Faults) != 1 {
		t.Errorf("%+v", a.Faults)
	}
	tamper(t, dir, `UPDATE ledger_entry SET micros = micros + 1 WHERE account = 'wallet:acc_x:USD'`)
	h.book.AuditNow(t.Context())
	if a, done := h.book.LastAudit(); !done || len(a.Faults) < 3 {
		t.Errorf("%+v", a.Faults)
	}
}

// tamper changes the database of a folder by another connection.
func tamper(t *testing.T, dir, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, store.File)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}
