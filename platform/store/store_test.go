package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

// TestBothSchemasAreOne compares tables, columns with their types and
// nullness, and indexes of the two engines.
func TestBothSchemasAreOne(t *testing.T) {
	lite := cluster.SQLite(t)
	big := store.Config{URL: cluster.Database(t)}
	storetest.Open(t, lite)
	storetest.Open(t, big)
	ask := func(driver, dsn, query string) (out []string) {
		t.Helper()
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(s, "goose_db_version") && !strings.Contains(s, "sqlite_sequence") {
				out = append(out, s)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	liteDSN := "file:" + filepath.Join(lite.Dir, store.File)
	a := ask("sqlite", liteDSN, `SELECT m.name || '.' || c.name || ' ' || lower(c.type) || ' ' || c."notnull" FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`)
	b := ask("pgx", big.URL, `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END
		FROM information_schema.columns WHERE table_schema = 'public'`)
	same(t, a, b)
	a = ask("sqlite", liteDSN, `SELECT tbl_name || ' ' || name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`)
	b = ask("pgx", big.URL, `SELECT tablename || ' ' || indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'`)
	same(t, a, b)
	if len(a) == 0 {
		t.Error("no indexes were compared")
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	cfg := cluster.SQLite(t)
	first := storetest.Open(t, cfg)
	_, err := store.Open(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "used by another callisto process") || strings.Contains(err.Error(), "\n") {
		t.Errorf("want one clear line, got %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, cfg)
}

func TestNobodyElseReadsTheDatabase(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	storetest.Open(t, store.Config{Dir: dir})
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestUnreachablePostgresIsOneLine(t *testing.T) {
	_, err := store.Open(t.Context(), store.Config{URL: "postgres://ann:secret@127.0.0.1:1/callisto?connect_timeout=2"})
	if err == nil || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if _, err = store.OpenReader(t.Context(), store.Config{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no database") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestAFailingWriteTakesOnlyItselfBack(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		db := storetest.Open(t, cfg)
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 30 { // together in few commits on SQLite
			wg.Go(func() {
				err := db.Ledger().Do(context.Background(), func(tx ledger.Tx) error {
					if err := tx.Open(context.Background(), ledger.Account{ID: fmt.Sprint("a", i), Kind: ledger.Wallet, Currency: "USD"}); err != nil {
						return err
					}
					switch i % 3 {
					case 1:
						return boom
					case 2:
						panic("boom")
					}
					return nil
				})
				if (err == nil) != (i%3 == 0) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		for i := range 30 {
			if _, found, err := db.Ledger().Account(t.Context(), fmt.Sprint("a", i)); err != nil || found != (i%3 == 0) {
				t.Errorf("account %d: %v %v", i, found, err)
			}
		}
	})
}

func TestSettingsAreKept(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		db := storetest.Open(t, cfg)
		if _, found, err := db.Setting(t.Context(), "realm"); found || err != nil {
			t.Error(found, err)
		}
		for _, try := range []string{"one", "two"} {
			if kept, err := db.KeepSetting(t.Context(), "realm", try); kept != "one" || err != nil {
				t.Errorf("%q %v", kept, err)
			}
		}
		if v, found, err := db.Setting(t.Context(), "realm"); v != "one" || !found || err != nil {
			t.Error(v, found, err)
		}
	})
}

func call(i int, from, to string) cdr.Record {
	start := time.Date(2026, 11, 23, 9, i, 0, 0, time.UTC)
	return cdr.Record{ID: fmt.Sprintf("cdr_%03d", i), CallID: fmt.Sprintf("call_%03d", i), Side: cdr.Origin, Center: "KR",
		From:    cdr.Party{Account: from, Number: numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7002846"}, Text: "700 2846 82"},
		To:      cdr.Party{Account: to, Text: "+1 312 555 0142"},
		Dialled: "+1 312", Start: start, Answer: start.Add(3 * time.Second), End: start.Add(63 * time.Second), Cause: cdr.Normal, Charge: money.Of("USD", 0, 5)}
}

func TestCallHistory(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		db := storetest.Open(t, cfg)
		rec := store.NewRecorder(db.Calls())
		want := []string{}
		for i := range 50 {
			r := call(i%10+10*(i/10), "acc_a", "acc_b")
			switch i % 3 {
			case 1:
				r.From.Account, r.To.Account = "acc_b", "acc_a"
			case 2:
				r.From.Account = "acc_c"
			}
			if i%5 == 4 {
				r.To.Account = r.From.Account // calls between one's own numbers are one row
			}
			if r.From.Account == "acc_a" || r.To.Account == "acc_a" {
				want = append(want, r.ID)
			}
			for range 2 { // a replay changes nothing
				if !rec.Record(r) {
					t.Fatal("the queue is full")
				}
			}
		}
		rec.Close()
		slices.Reverse(want)
		var got []string
		var page cdr.Page
		var err error
		for cursor := ""; ; cursor = page.Next {
			if page, err = db.Calls().History(ctx, "acc_a", cursor, 7); err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Items {
				got = append(got, r.ID)
			}
			if page.Next == "" {
				break
			}
		}
		same(t, got, want)
		first, err := db.Calls().History(ctx, "acc_a", "", 1)
		if err != nil {
			t.Fatal(err)
		}
		r := first.Items[0]
		if r.Duration() != time.Minute || r.Cause != cdr.Normal || r.Charge != money.Of("USD", 0, 5) || r.From.Number.Kind != numbering.Individual || r.To.Number.Kind != 0 {
			t.Errorf("%+v", r)
		}
	})
}

func BenchmarkPosting(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, clients := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/%d", engine, clients), func(b *testing.B) {
				cfg := store.Config{Dir: b.TempDir()}
				if engine == "postgres" {
					cfg.URL = cluster.Database(b)
				}
				h := build(b, cfg, newClock())
				var wallets []string
				for i := range clients {
					owner := fmt.Sprint("acc_", i)
					if err := h.book.OpenWallet(b.Context(), owner, usd(1<<50)); err != nil {
						b.Fatal(err)
					}
					wallets = append(wallets, ledger.WalletID(owner, "USD"))
				}
				b.ResetTimer()
				var wg sync.WaitGroup
				for c := range clients {
					wg.Go(func() {
						for i := c; i < b.N; i += clients {
							if _, err := h.book.Post(context.Background(), move(fmt.Sprint("k", i), wallets[c], ledger.RevenueAccount("USD", fmt.Sprint(i)), 1000)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "postings/s")
			})
		}
	}
}

func BenchmarkRecords(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			cfg := store.Config{Dir: b.TempDir()}
			if engine == "postgres" {
				cfg.URL = cluster.Database(b)
			}
			db := storetest.Open(b, cfg)
			b.ResetTimer()
			rec := store.NewRecorder(db.Calls())
			for i := range b.N {
				r := call(i%60, "acc_a", "acc_b")
				r.ID, r.CallID = fmt.Sprint("cdr_", i), fmt.Sprint("call_", i)
				for !rec.Record(r) {
					<-time.After(time.Millisecond)
				}
			}
			rec.Close()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// TestGivingUpAWrite: what a closure writes to is not touched after Do returned,
// also when its caller gave up; one that had not begun never runs.
func TestGivingUpAWrite(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, cluster.SQLite(t))
	began, on := make(chan struct{}), make(chan struct{})
	running, giveUp := context.WithCancel(t.Context())
	waiting, leave := context.WithCancel(t.Context())
	var seen int
	first := make(chan error, 1)
	go func() {
		first <- db.Ledger().Do(running, func(ledger.Tx) error {
			seen++
			select {
			case <-began: // it runs again if another of its batch failed
			default:
				close(began)
			}
			<-on
			seen++
			return nil
		})
	}()
	<-began
	second := make(chan error, 1)
	go func() {
		second <- db.Ledger().Do(waiting, func(ledger.Tx) error {
			t.Error("a write that was given up runs")
			return nil
		})
	}()
	leave()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("given up before it began: %v", err)
	}
	giveUp()
	close(on)
	if err := <-first; err != nil || seen != 2 {
		t.Errorf("given up while it ran: %v, %d", err, seen)
	}
	if err := db.Ledger().Do(t.Context(), func(ledger.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestReadingWhileAllWrite: as many transactions as there are connections each read
// something beside them.
func TestReadingWhileAllWrite(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		ctx, end := context.WithTimeout(t.Context(), 30*time.Second)
		defer end()
		var wg, all sync.WaitGroup
		all.Add(16)
		for range 16 {
			wg.Go(func() {
				err := h.db.Ledger().Do(ctx, func(tx ledger.Tx) error {
					if _, _, err := tx.Account(ctx, ledger.PromotionAccount("USD")); err != nil {
						return err
					}
					all.Done()
					if h.db.Engine() == "postgres" { // SQLite lets one write after the other
						all.Wait()
					}
					_, _, err := h.db.Ledger().Account(ctx, ledger.PromotionAccount("USD"))
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// TestAFailureThatIsIgnored: PostgreSQL takes a transaction back in which a
// statement failed, also when its commit is asked for; that is told.
func TestAFailureThatIsIgnored(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Config{URL: cluster.Database(t)})
	err := db.Ledger().Do(t.Context(), func(tx ledger.Tx) error {
		if err := tx.Open(t.Context(), ledger.Account{ID: "odd", Kind: "no kind", Currency: "USD", Opened: time.Now()}); err == nil {
			t.Error("an account of no kind is opened")
		}
		return nil
	})
	if err == nil {
		t.Error("what was taken back is told as done")
	}
}
