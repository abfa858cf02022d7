package ledger_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/ledger/ledgertest"
)

// seeds is how many games are played; make test has 100,000 of them.
func seeds(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SEEDS")
	if text == "" {
		return 3000
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("SEEDS: %v", err)
	}
	return n
}

// TestSeeds plays random games against the model. In every second one steps of the
// store fail now and then, the commit too: then nothing has happened.
func TestSeeds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var next, failed atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= seeds(t) && failed.Load() < 3; seed = next.Add(1) {
				rng := rand.New(rand.NewPCG(seed, 1))
				m := ledgertest.NewMemory()
				book := ledger.New(m, clock)
				g := &ledgertest.Game{Book: book, Rng: rng, Now: clock, Moves: 40}
				if seed%2 == 0 {
					steps := 0
					m.Fail = func() error {
						if steps++; steps > 8 && rng.IntN(12) == 0 { // not before the accounts are open
							return ledgertest.ErrInjected
						}
						return nil
					}
				}
				if err := g.Play(t.Context()); err != nil {
					failed.Add(1)
					t.Errorf("seed %d: %v", seed, err)
				}
				m.Fail = nil
				if r, err := book.Verify(t.Context()); err != nil || !r.OK() {
					failed.Add(1)
					t.Errorf("seed %d: the books are wrong: %v %v", seed, r.Faults, err)
				}
			}
		})
	}
	wg.Wait()
}
