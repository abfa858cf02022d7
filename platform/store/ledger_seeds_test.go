package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/ledger/ledgertest"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/platform/store"
)

// storeSeeds is how many games each database is given; make test gives each a
// thousand, and these under the race detector.
func storeSeeds(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("STORE_SEEDS")
	if text == "" {
		return 60
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		t.Fatalf("STORE_SEEDS: %v", err)
	}
	return n
}

// eachSeed runs games side by side.
func eachSeed(t *testing.T, n int64, play func(seed int64) error) {
	t.Helper()
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range 16 { // as many as PostgreSQL has connections; SQLite commits them together
		wg.Go(func() {
			for seed := next.Add(1); seed <= n && failed.Load() < 3; seed = next.Add(1) {
				if err := play(seed); err != nil {
					failed.Add(1)
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestSeededGames plays each database against the model, many games at once.
func TestSeededGames(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		eachSeed(t, storeSeeds(t), func(seed int64) error {
			g := &ledgertest.Game{Book: h.book, Rng: rand.New(rand.NewPCG(uint64(seed), 2)), Now: h.clock.now, Moves: 8, Name: fmt.Sprint("s", seed, ".")}
			return g.Play(context.Background())
		})
		h.booksAreRight(t)
	})
}

// TestSeededRaces has four at once hold, raise, settle, release and post on the same
// few accounts and under the same few keys. What each was told adds up to what is
// there: a key was booked once, a hold was resolved once, nothing went below zero.
func TestSeededRaces(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		eachSeed(t, storeSeeds(t), func(seed int64) error {
			return (&race{h: h, name: fmt.Sprint("r", seed, "."), seed: uint64(seed)}).run()
		})
		h.booksAreRight(t)
	})
}

// race is one seed's.
type race struct {
	h    *house
	name string
	seed uint64

	mu     sync.Mutex
	booked map[string]ledger.Posted // by key
	errs   []error
}

func (r *race) wallets() []string { return []string{r.name + "a", r.name + "b"} }

const raceGift = 1000

func (r *race) run() error {
	ctx := context.Background()
	r.booked = map[string]ledger.Posted{}
	house := r.name + "house"
	if err := r.h.book.Open(ctx, ledger.Account{ID: house, Kind: ledger.Revenue, Currency: "USD", Floor: ledger.Unbounded}); err != nil {
		return err
	}
	for _, id := range r.wallets() {
		if err := r.h.book.Open(ctx, ledger.Account{ID: id, Kind: ledger.Wallet, Currency: "USD"}); err != nil {
			return err
		}
		if _, err := r.h.book.Post(ctx, move(id+"gift", house, id, raceGift)); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	for w := range uint64(4) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(r.seed, w))
			for range 6 {
				if err := r.move(ctx, rng, house); err != nil {
					r.mu.Lock()
					r.errs = append(r.errs, err)
					r.mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(append(r.errs, r.sum(ctx))...)
}

// move does one thing to one of three holds, or with one of four keys.
func (r *race) move(ctx context.Context, rng *rand.Rand, house string) error {
	wallet := r.wallets()[rng.IntN(2)]
	n := rng.IntN(3)
	hold := fmt.Sprint(wallet, "h", n)
	var err error
	switch rng.IntN(6) {
	case 0, 1:
		_, err = r.h.book.Hold(ctx, ledger.Hold{ID: hold, Account: wallet, Amount: usd(0), Ref: hold, Expires: r.h.clock.now().Add(time.Hour)}, ledger.Want{Most: 600, Least: 100})
	case 2:
		_, err = r.h.book.Raise(ctx, hold, ledger.Want{Most: 300, Least: 50}, r.h.clock.now().Add(time.Hour))
	case 3:
		err = r.h.book.Release(ctx, hold)
	case 4:
		err = r.keep(r.h.book.Settle(ctx, hold, move(hold+"end", wallet, house, int64(120+n))))
	default:
		err = r.keep(r.h.book.Post(ctx, move(fmt.Sprint(wallet, "k", n), wallet, house, int64(200+rng.IntN(2)))))
	}
	switch fault.KindOf(err) {
	case fault.Unpaid, fault.Conflict, fault.Unknown:
		return nil
	default:
		return err
	}
}

// keep remembers what a key was answered: always the same.
func (r *race) keep(p ledger.Posted, err error) error {
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, known := r.booked[p.Key]; known && old.ID != p.ID {
		return fmt.Errorf("the key %s was booked as %s and as %s", p.Key, old.ID, p.ID)
	}
	r.booked[p.Key] = p
	return nil
}

// sum holds what is there against what the four were told.
func (r *race) sum(ctx context.Context) (err error) {
	for _, id := range r.wallets() {
		want := int64(raceGift)
		for _, p := range r.booked {
			for _, e := range p.Entries {
				if e.Account == id {
					want += e.Amount.Micros
				}
			}
		}
		got, berr := r.h.book.Balance(ctx, id)
		free, aerr := r.h.book.Available(ctx, id)
		if err = errors.Join(err, berr, aerr); err == nil && (got != money.Amount{Currency: "USD", Micros: want} || free.Micros < 0) {
			err = fmt.Errorf("%s has %v, and by what was answered %d; available %v", id, got, want, free)
		}
	}
	return err
}
