package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

// onEach runs a benchmark on both databases.
func onEach(b *testing.B, f func(b *testing.B, h *house)) {
	b.Run("sqlite", func(b *testing.B) { f(b, build(b, store.Config{Dir: b.TempDir()}, newClock())) })
	b.Run("postgres", func(b *testing.B) {
		f(b, build(b, store.Config{Dir: b.TempDir(), URL: cluster.Database(b)}, newClock()))
	})
}

// prefixes are of blocks of a million numbers each that the rules allow in
// France and that telephones in Korea take for nothing else.
func prefixes() []string {
	return []string{"12", "13", "14", "16", "90", "92", "93", "94", "95", "96"}
}

// stock puts ten million numbers on sale.
func (h *house) stock() {
	c := shop.Catalogue{Systems: []shop.System{{Country: "FR", Individual: true}}}
	for _, p := range prefixes() {
		c.Blocks = append(c.Blocks, shop.Block{ID: "fr" + p, Kind: numbering.Individual, Country: "FR", Prefix: p, Length: 8})
	}
	h.shop.Adopt([]string{"FR", "KR"}, c)
}

// national is the n-th number of the stock, in an order that jumps about.
func national(n int64) string {
	return fmt.Sprintf("%s%06d", prefixes()[n%10], n*7919%1_000_000)
}

// BenchmarkSearch looks for three to five digits anywhere in ten million
// numbers of stock, some of them sold, a page of twenty at a time.
func BenchmarkSearch(b *testing.B) {
	onEach(b, func(b *testing.B, h *house) {
		h.stock()
		ann := h.person(b, "ann")
		rng := rand.New(rand.NewPCG(1, 2))
		for range 500 {
			if _, err := h.shop.Request(b.Context(), ann, shop.Request{Kind: numbering.Individual, Country: "FR", National: national(rng.Int64N(1_000_000))}); err != nil {
				b.Fatal(err)
			}
		}
		var took []time.Duration
		found := 0
		for b.Loop() {
			digits := 3 + rng.IntN(3)
			q := shop.Query{Country: "FR", Kind: numbering.Individual, Contains: fmt.Sprintf("%0*d", digits, rng.IntN(pow10(digits)))}
			start := time.Now()
			p, err := h.shop.Search(b.Context(), q)
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
			found += len(p.Items)
		}
		slices.Sort(took)
		if len(took) > 10 && found == 0 {
			b.Fatal("nothing was found")
		}
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "queries/s")
	})
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// BenchmarkOrders sells numbers from request to sale, several buyers at once.
func BenchmarkOrders(b *testing.B) {
	onEach(b, func(b *testing.B, h *house) {
		h.stock()
		buyers := make([]member.Actor, 8)
		for i := range buyers {
			buyers[i] = h.person(b, fmt.Sprintf("buyer%d", i))
			if err := h.book.PayFee(b.Context(), "gift:"+buyers[i].Account, ledger.Sale{Owner: buyers[i].Account, Order: "gift", Memo: "gift", Price: money.Of("USD", -1_000_000, 0)}); err != nil {
				b.Fatal(err)
			}
		}
		var next atomic.Int64
		b.SetParallelism(4) // eight on two cores
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := next.Add(1)
				if err := h.sell(context.Background(), buyers[n%int64(len(buyers))], national(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(next.Load())/b.Elapsed().Seconds(), "orders/s")
	})
}

// sell goes through a sale; a number that is refused is no sale.
func (h *house) sell(ctx context.Context, who member.Actor, national string) error {
	o, err := h.shop.Request(ctx, who, shop.Request{Kind: numbering.Individual, Country: "FR", National: national})
	if err != nil || o.State != shop.Approved {
		return fmt.Errorf("%s: %v %s: %w", national, o.State, o.Reason.Text, err)
	}
	if _, err := h.shop.Select(ctx, who, o.ID); err != nil {
		return err
	}
	_, err = h.shop.Pay(ctx, who, o.ID, "wallet")
	return err
}

// BenchmarkPostings books calls of a thousand members from many goroutines, as the
// clerks of the exchange do. Beside it is how often the same PostgreSQL commits a
// transaction of a single inserted row, from as many connections.
func BenchmarkPostings(b *testing.B) {
	durable := storetest.Cluster{Durable: true}
	b.Cleanup(durable.Stop)
	post := func(b *testing.B, h *house) {
		const wallets = 1000
		for i := range wallets {
			if err := h.book.OpenWallet(b.Context(), fmt.Sprint("acc_", i), usd(1<<50)); err != nil {
				b.Fatal(err)
			}
		}
		many(b, "postings/s", func(ctx context.Context, n int64) error {
			ref := fmt.Sprint("call_", n)
			_, err := h.book.Post(ctx, move(ref, ledger.WalletID(fmt.Sprint("acc_", n%wallets), "USD"), ledger.CallRevenueAccount("USD", ref), 1000))
			return err
		})
	}
	b.Run("sqlite", func(b *testing.B) { post(b, build(b, store.Config{Dir: b.TempDir()}, newClock())) })
	b.Run("postgres", func(b *testing.B) {
		post(b, build(b, store.Config{Dir: b.TempDir(), URL: durable.Database(b)}, newClock()))
	})
	b.Run("postgres-raw", func(b *testing.B) {
		db, err := sql.Open("pgx", durable.Database(b))
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(16) // as ours
		db.SetMaxIdleConns(16)
		if _, err := db.ExecContext(b.Context(), `CREATE TABLE raw (id BIGINT PRIMARY KEY)`); err != nil {
			b.Fatal(err)
		}
		many(b, "commits/s", func(ctx context.Context, n int64) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO raw (id) VALUES ($1)`, n); err != nil {
				return err
			}
			return tx.Commit()
		})
	})
}

// many does something from many goroutines, and counts how often a second.
func many(b *testing.B, unit string, do func(ctx context.Context, n int64) error) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(128) // so many calls end in each few milliseconds
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(context.Background(), next.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit)
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpu is what this process has used; on a machine that others use too it says more
// than the clock.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
