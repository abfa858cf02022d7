package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/platform/store"
)

// play is a seed's game: calls come and go on packages and money, processes die
// under them. A small model knows what each call was promised and did.
type play struct {
	h     *house
	rng   *rand.Rand
	who   string
	live  *charging.Service
	calls []*playing
	money int64 // spent, by the records
}

type playing struct {
	id     string
	lease  charging.Lease
	answer time.Time
	began  bool
}

func (g *play) move(ctx context.Context, n int) error {
	h := g.h
	switch g.rng.IntN(10) {
	case 0, 1, 2:
		id := fmt.Sprint(g.who, "c", n)
		ask := covered(g.who, id)
		ask.Quote = rating.Fixed(rating.Price{Minute: 60_000 * int64(g.rng.IntN(3)), Connect: 1000 * int64(g.rng.IntN(2)), First: int32(g.rng.IntN(2) * 30), Next: int32(1 + g.rng.IntN(20)), Free: int32(g.rng.IntN(2) * 5)})
		l, err := g.live.Reserve(ctx, ask)
		if fault.KindOf(err) == fault.Unpaid && err != nil {
			return nil
		}
		if err != nil || l.For <= 0 {
			return fmt.Errorf("reserve: %+v %w", l, err)
		}
		x := &playing{id: id, lease: l, answer: h.clock.now()}
		if g.calls = append(g.calls, x); g.rng.IntN(5) > 0 {
			x.began = true
			return g.live.Begin(ctx, l.Hold, g.record(x, 0))
		}
	case 3, 4, 5:
		if x := g.any(); x != nil {
			before := x.lease.For
			l, err := g.live.Extend(ctx, x.lease.Hold, x.answer)
			if err != nil || l.For < before {
				return fmt.Errorf("extend %+v: %+v %w", x.lease, l, err)
			}
			x.lease = l
		}
	case 6, 7:
		if x := g.any(); x != nil {
			g.calls = slices.DeleteFunc(g.calls, func(y *playing) bool { return x == y })
			r := g.record(x, time.Duration(g.rng.Int64N(int64(x.lease.For)+int64(time.Second))))
			if !x.began {
				r.Answer, r.Cause = time.Time{}, cdr.Cancelled
			}
			if g.rng.IntN(6) == 0 {
				return g.live.Release(ctx, x.lease.Hold) // its record, if it had one, is an orphan's
			}
			_, err := g.live.Settle(ctx, x.lease.Hold, r)
			return err
		}
	case 8:
		h.clock.add(time.Duration(g.rng.IntN(10)) * time.Second)
		return g.live.Live(ctx)
	default: // the process dies
		next := charging.New(h.db.Charging(), h.book, nil, h.clock.now)
		h.clock.add(charging.Dead + time.Second)
		g.live, g.calls = next, nil
		return next.Sweep(ctx)
	}
	return nil
}

func (g *play) record(x *playing, d time.Duration) cdr.Record {
	r := answered(x.id, x.answer, d)
	r.From.Account = g.who
	return r
}

func (g *play) any() *playing {
	if len(g.calls) == 0 {
		return nil
	}
	return g.calls[g.rng.IntN(len(g.calls))]
}

// check holds what is there against the records and against what can be.
func (g *play) check(t *testing.T, gift int64) {
	t.Helper()
	byRecord := g.h.drawnOf(t, g.who)
	for _, a := range g.h.allowances(t, g.who) {
		if a.Used != byRecord[a.ID] || a.Held != 0 || a.Used > a.Total {
			t.Errorf("%s: %+v, by the records %d", g.who, a, byRecord[a.ID])
		}
	}
	page, err := g.h.db.Calls().History(t.Context(), g.who, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Items {
		g.money += page.Items[i].Charge.Micros
	}
	if a := g.h.purse(t, g.who); a.Held != 0 || a.Balance != gift-g.money || a.Balance < 0 {
		t.Errorf("%s has %+v, of %d, and by the records spent %d", g.who, a, gift, g.money)
	}
}

// TestPackageGames plays seeds; make test plays more of them.
func TestPackageGames(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		for seed := range storeSeeds(t) / 10 {
			rng := rand.New(rand.NewPCG(uint64(seed), 3))
			h := build(t, cfg, newClock())
			b := h.bundles()
			who, gift := fmt.Sprint("acc_", seed), rng.Int64N(2_000_000)
			h.buyer(t, b, who, gift, h.pack(t, b, 30+rng.Int64N(600), false, "49"), h.pack(t, b, 1+rng.Int64N(100), false, "4930"))
			g := &play{h: h, rng: rng, who: who, live: charging.New(h.db.Charging(), h.book, nil, h.clock.now)}
			for n := range 60 {
				if err := g.move(ctx, n); err != nil {
					t.Fatalf("seed %d, move %d: %v", seed, n, err)
				}
			}
			h.clock.add(charging.Dead + time.Hour)
			if err := charging.New(h.db.Charging(), h.book, nil, h.clock.now).Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			g.check(t, gift)
			h.booksAreRight(t)
			if err := h.db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
