package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/platform/store"
)

func usd(micros int64) money.Amount { return money.Amount{Currency: "USD", Micros: micros} }

func move(key, from, to string, micros int64) ledger.Posting {
	return ledger.Posting{Key: key, Kind: "call", Memo: "test", Entries: []ledger.Entry{{Account: from, Amount: usd(-micros)}, {Account: to, Amount: usd(micros)}}}
}

func TestNeverBelowZero(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		if err := h.book.OpenWallet(ctx, "acc_x", usd(1_000_000)); err != nil {
			t.Fatal(err)
		}
		wallet, revenue := ledger.WalletID("acc_x", "USD"), ledger.RevenueAccount("USD", "")
		var paid atomic.Int64
		var wg sync.WaitGroup
		for i := range 50 { // 50 at once on 1.00, each wants 0.03
			wg.Go(func() {
				_, err := h.book.Post(context.Background(), move(fmt.Sprint("c", i), wallet, revenue, 30_000))
				switch {
				case err == nil:
					paid.Add(1)
				case fault.KindOf(err) != fault.Unpaid:
					t.Errorf("posting %d: %v", i, err)
				}
				if b, err := h.book.Balance(context.Background(), wallet); err != nil || b.Micros < 0 {
					t.Errorf("balance %v %v", b, err)
				}
			})
		}
		wg.Wait()
		if b, err := h.book.Balance(ctx, wallet); err != nil || paid.Load() != 33 || b != usd(10_000) {
			t.Errorf("%d paid, %v left, %v", paid.Load(), b, err)
		}
		h.booksAreRight(t)
	})
}

func TestAKeyPostsOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		if err := h.book.OpenWallet(t.Context(), "acc_x", usd(1_000_000)); err != nil {
			t.Fatal(err)
		}
		wallet, revenue := ledger.WalletID("acc_x", "USD"), ledger.RevenueAccount("USD", "")
		ids := make([]string, 20)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				p, err := h.book.Post(context.Background(), move("same", wallet, revenue, 1000))
				if err != nil {
					t.Error(err)
				}
				ids[i] = p.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Errorf("answers differ: %v", ids)
				break
			}
		}
		if _, err := h.book.Post(t.Context(), move("same", wallet, revenue, 2000)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another body under the key: %v", err)
		}
		if b, _ := h.book.Balance(t.Context(), wallet); b != usd(999_000) {
			t.Errorf("charged %v", b)
		}
		for range 2 {
			if _, err := h.book.Reverse(t.Context(), "back", "same", "mistake"); err != nil {
				t.Error(err)
			}
		}
		if b, _ := h.book.Balance(t.Context(), wallet); b != usd(1_000_000) {
			t.Errorf("turned back to %v", b)
		}
		h.booksAreRight(t)
	})
}

func TestAPostingMustBalance(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		p := move("k", "a", "b", 5)
		p.Entries[1].Amount.Micros = 4
		for name, p := range map[string]ledger.Posting{
			"unbalanced": p, "empty": {Key: "k", Kind: "x"}, "no key": move("", "a", "b", 5), "zero": move("k", "a", "b", 0),
		} {
			if _, err := h.book.Post(t.Context(), p); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.book.Post(t.Context(), move("k", "nowhere", "elsewhere", 5)); fault.KindOf(err) != fault.Unknown {
			t.Errorf("no account: %v", err)
		}
		if r, err := h.book.Verify(t.Context()); err != nil || !r.OK() || r.Postings != 0 {
			t.Errorf("a refused posting left something: %+v %v", r, err)
		}
	})
}

// TestAnyInterleavingSumsToZero moves money between few accounts at random
// from many goroutines, in both directions at once.
func TestAnyInterleavingSumsToZero(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		var ids []string
		for i := range 5 {
			owner := fmt.Sprint("acc_", i)
			if err := h.book.OpenWallet(t.Context(), owner, usd(100_000)); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, ledger.WalletID(owner, "USD"))
		}
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(7, uint64(w)))
				for i := range 40 {
					a, b := rng.IntN(len(ids)), rng.IntN(len(ids))
					if a == b {
						continue
					}
					_, err := h.book.Post(context.Background(), move(fmt.Sprint(w, ".", i%30), ids[a], ids[b], rng.Int64N(60_000)+1))
					if k := fault.KindOf(err); err != nil && k != fault.Unpaid && k != fault.Conflict {
						t.Errorf("posting: %v", err)
					}
				}
			})
		}
		wg.Wait()
		total := int64(0)
		for _, id := range ids {
			b, err := h.book.Balance(t.Context(), id)
			if err != nil || b.Micros < 0 {
				t.Errorf("%s: %v %v", id, b, err)
			}
			total += b.Micros
		}
		if total != 500_000 {
			t.Errorf("money appeared or vanished: %d", total)
		}
		h.booksAreRight(t)
	})
}

func TestHistoryPages(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		if err := h.book.OpenWallet(t.Context(), "acc_x", usd(1_000_000)); err != nil {
			t.Fatal(err)
		}
		wallet := ledger.WalletID("acc_x", "USD")
		for i := range 5 {
			if _, err := h.book.Post(t.Context(), move(fmt.Sprint(i), wallet, ledger.RevenueAccount("USD", ""), 1000)); err != nil {
				t.Fatal(err)
			}
		}
		var balances []int64
		cursor := ""
		for {
			lines, next, err := h.book.History(t.Context(), wallet, cursor, 4)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				balances = append(balances, l.Balance.Micros)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if fmt.Sprint(balances) != "[995000 996000 997000 998000 999000 1000000]" {
			t.Errorf("got %v", balances)
		}
		if _, _, err := h.book.History(t.Context(), wallet, "x", 4); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a strange cursor: %v", err)
		}
	})
}

// TestVerifyFindsWhatIsWrong breaks the book from outside and looks whether
// the audit sees it, through a reader, while the writer has the file open.
func TestVerifyFindsWhatIsWrong(t *testing.T) {
	for name, damage := range map[string]string{
		"balance": `UPDATE ledger_account SET balance = balance + 1 WHERE id = 'wallet:acc_x:USD'`,
		"entry":   `UPDATE ledger_entry SET micros = micros + 1 WHERE account = 'wallet:acc_x:USD'`,
		"missing": `DELETE FROM ledger_entry WHERE account = 'wallet:acc_x:USD'`,
		"head":    `DELETE FROM ledger_posting`,
		"hold":    `INSERT INTO ledger_hold (id, account, currency, micros, ref, owner, expires) VALUES ('h', 'wallet:acc_y:USD', 'USD', 1, '', '', 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				h := build(t, cfg, newClock())
				if err := h.book.OpenWallet(t.Context(), "acc_x", usd(1_000_000)); err != nil {
					t.Fatal(err)
				}
				reader, err := store.OpenReader(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer reader.Close()
				book := ledger.New(reader.Ledger(), h.clock.now)
				if r, err := book.Verify(t.Context()); err != nil || !r.OK() || r.Postings != 1 || len(r.Sums) != 1 {
					t.Fatalf("%+v %v", r, err)
				}
				if err := book.OpenHouse(t.Context(), "EUR"); err == nil {
					t.Error("a reader wrote")
				}
				driver, dsn := "pgx", cfg.URL
				if dsn == "" {
					driver, dsn = "sqlite", "file:"+filepath.Join(cfg.Dir, store.File)
				}
				raw, err := sql.Open(driver, dsn)
				if err != nil {
					t.Fatal(err)
				}
				_, err = raw.ExecContext(t.Context(), damage)
				if err := errors.Join(err, raw.Close()); err != nil {
					t.Fatal(err)
				}
				if r, err := book.Verify(t.Context()); err != nil || r.OK() {
					t.Errorf("not found: %+v %v", r, err)
				}
			})
		})
	}
}
