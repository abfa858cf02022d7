package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/platform/store"
)

// callTo is a call at 0.60 a minute, by the second.
func callTo(account, call string) charging.Ask {
	return charging.Ask{Call: call, Account: account, Currency: "USD", To: "+49 30 901820", Quote: rating.Fixed(rating.Price{Minute: 600_000, Next: 1})}
}

func (h *house) purse(t *testing.T, account string) ledger.Account {
	t.Helper()
	a, found, err := h.db.Ledger().Account(t.Context(), ledger.WalletID(account, "USD"))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return a
}

func answered(call string, answer time.Time, d time.Duration) cdr.Record {
	return cdr.Record{
		CallID: call, Side: cdr.Origin, Center: "KR", From: cdr.Party{Account: "acc_x"}, To: cdr.Party{Text: "+49 30 901820"}, Dialled: "+4930901820",
		Start: answer.Add(-time.Second), Answer: answer, End: answer.Add(d), Cause: cdr.Normal,
	}
}

// TestACallIsChargedOnce: held before it rings, extended while it runs, booked
// with its record; a second end changes nothing.
func TestACallIsChargedOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(5_000_000)); err != nil {
			t.Fatal(err)
		}
		s := charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := s.Reserve(ctx, callTo("acc_x", "call_1"))
		if err != nil || l.For != 2*time.Minute || !l.More {
			t.Fatalf("%+v %v", l, err)
		}
		if a := h.purse(t, "acc_x"); a.Held != 1_200_000 || a.Balance != 5_000_000 {
			t.Errorf("%+v", a)
		}
		answer := c.now()
		if err := s.Begin(ctx, l.Hold, answered("call_1", answer, 0)); err != nil {
			t.Fatal(err)
		}
		for before := l.For; l.More; before = l.For {
			if l, err = s.Extend(ctx, l.Hold, answer); err != nil || l.More != (l.For > before) || l.For > before+2*time.Minute {
				t.Fatalf("%+v %v, before %s", l, err, before)
			}
		}
		if l.For != 500*time.Second {
			t.Fatalf("at the end of the money %+v", l)
		}
		r, err := s.Settle(ctx, l.Hold, answered("call_1", answer, 61*time.Second+time.Millisecond))
		if err != nil || r.Charge != usd(620_000) {
			t.Errorf("%+v %v", r.Charge, err)
		}
		if _, err := s.Settle(ctx, l.Hold, answered("call_1", answer, 90*time.Second)); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a second end: %v", err)
		}
		if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance != 4_380_000 {
			t.Errorf("%+v", a)
		}
		page, err := h.db.Calls().History(ctx, "acc_x", "", 10)
		if err != nil || len(page.Items) != 1 || page.Items[0].Charge != usd(620_000) || page.Items[0].ID == "" {
			t.Errorf("%+v %v", page, err)
		}
		// One that nobody answers costs nothing, and one without money does not ring.
		if l, err = s.Reserve(ctx, callTo("acc_x", "call_2")); err != nil {
			t.Fatal(err)
		}
		missed := answered("call_2", c.now(), 0)
		missed.Answer, missed.Cause = time.Time{}, cdr.Busy
		if r, err := s.Settle(ctx, l.Hold, missed); err != nil || !r.Charge.Zero() {
			t.Errorf("%+v %v", r, err)
		}
		if err := h.book.OpenWallet(ctx, "acc_poor", usd(9_999)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Reserve(ctx, callTo("acc_poor", "call_3")); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("without money: %v", err)
		}
		h.booksAreRight(t)
	})
}

// TestFiftyCallsAtOnce on 1.00: what they are charged is never more, though each
// ends a moment after its money.
func TestFiftyCallsAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := context.Background()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(1_000_000)); err != nil {
			t.Fatal(err)
		}
		s := charging.New(h.db.Charging(), h.book, nil, c.now)
		var wg sync.WaitGroup
		answer := c.now()
		for i := range 50 {
			wg.Go(func() {
				id := fmt.Sprint("call_", i)
				ask := callTo("acc_x", id)
				ask.Quote = rating.Fixed(rating.Price{Minute: 30_000, First: 30, Next: 6})
				l, err := s.Reserve(ctx, ask)
				if fault.KindOf(err) == fault.Unpaid {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Begin(ctx, l.Hold, answered(id, answer, 0)); err != nil {
					t.Error(err)
				}
				for l.More {
					if l, err = s.Extend(ctx, l.Hold, answer); err != nil {
						t.Error(err)
						return
					}
				}
				if _, err := s.Settle(ctx, l.Hold, answered(id, answer, l.For+700*time.Millisecond)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance < 0 || a.Balance > 15_000 {
			t.Errorf("%+v", a)
		}
		h.booksAreRight(t)
	})
}

// TestTheClockOfTheCaller: a band of the week is of the caller's zone, before the
// call, while it runs, at its end, and also if its process died.
func TestTheClockOfTheCaller(t *testing.T) {
	t.Parallel()
	c := newClock()
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	c.add(time.Date(2030, 5, 6, 3, 0, 0, 0, seoul).Sub(c.now())) // 18:00 UTC
	h := build(t, cluster.SQLite(t), c)
	if err := h.book.OpenWallet(t.Context(), "acc_x", usd(5_000_000)); err != nil {
		t.Fatal(err)
	}
	ask := callTo("acc_x", "call_1")
	ask.Zone = "Asia/Seoul"
	ask.Quote = rating.Quote{Bands: []rating.Band{{Name: "night", Days: 0x7f, From: 22 * 60, To: 6 * 60}}, Prices: [rating.MostBands + 1]rating.Price{{Minute: 600_000}, {Minute: 60_000}}}
	dead, next := charging.New(h.db.Charging(), h.book, nil, c.now), charging.New(h.db.Charging(), h.book, nil, c.now)
	l, err := dead.Reserve(t.Context(), ask)
	if err != nil || l.For != 2*time.Minute {
		t.Fatalf("%+v %v", l, err)
	}
	if a := h.purse(t, "acc_x"); a.Held != 120_000 {
		t.Errorf("held at another price than the night's: %+v", a)
	}
	if l, err = dead.Extend(t.Context(), l.Hold, c.now()); err != nil || l.For != 4*time.Minute {
		t.Fatalf("%+v %v", l, err)
	}
	if r, err := dead.Settle(t.Context(), l.Hold, answered("call_1", c.now(), time.Minute)); err != nil || r.Charge != usd(60_000) {
		t.Errorf("at three in the night of Seoul: %+v %v", r.Charge, err)
	}
	ask.Call = "call_2"
	if l, err = dead.Reserve(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	if err := dead.Begin(t.Context(), l.Hold, answered("call_2", c.now(), 0)); err != nil {
		t.Fatal(err)
	}
	c.add(time.Minute)
	if err := dead.Live(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.add(charging.Dead + time.Second)
	if err := next.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance != 5_000_000-2*60_000 {
		t.Errorf("of a process that died: %+v", a)
	}
	h.booksAreRight(t)
}

// TestCallsOfADeadProcess are charged once, up to its last word; a hold of a call
// that only rang is let go.
func TestCallsOfADeadProcess(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(5_000_000)); err != nil {
			t.Fatal(err)
		}
		dead, next := charging.New(h.db.Charging(), h.book, nil, c.now), charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := dead.Reserve(ctx, callTo("acc_x", "call_1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dead.Reserve(ctx, callTo("acc_x", "rings")); err != nil {
			t.Fatal(err)
		}
		answer := c.now()
		if err := dead.Begin(ctx, l.Hold, answered("call_1", answer, 0)); err != nil {
			t.Fatal(err)
		}
		c.add(40 * time.Second)
		if err := dead.Live(ctx); err != nil {
			t.Fatal(err)
		}
		if err := next.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if a := h.purse(t, "acc_x"); a.Balance != 5_000_000 {
			t.Errorf("a call was charged whose process lives: %+v", a)
		}
		c.add(charging.Dead + time.Second)
		for range 2 {
			if err := next.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		h.booksAreRight(t)
		page, err := h.db.Calls().History(ctx, "acc_x", "", 10)
		if err != nil || len(page.Items) != 1 || page.Items[0].Cause != cdr.Lost || page.Items[0].Charge != usd(400_000) || page.Items[0].Duration() != 40*time.Second || page.Items[0].HungUp != cdr.ByUs {
			t.Errorf("%+v %v", page, err)
		}
		if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance != 4_600_000 {
			t.Errorf("%+v", a)
		}
		// The dead one was only slow: what it says now changes nothing.
		if _, err := dead.Settle(ctx, l.Hold, answered("call_1", answer, time.Hour)); err != nil {
			t.Errorf("the end of a call that was swept: %v", err)
		}
		if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance != 4_600_000 {
			t.Errorf("charged twice: %+v", a)
		}
		h.booksAreRight(t)
	})
}

// TestACallThatEndsAsItBegins: the caller gives up while the start is still being
// kept. Whichever comes first, nothing is charged, held or left to be swept.
func TestACallThatEndsAsItBegins(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(5_000_000)); err != nil {
			t.Fatal(err)
		}
		s := charging.New(h.db.Charging(), h.book, nil, c.now)
		for i := range 20 {
			id := fmt.Sprint("call_", i)
			l, err := s.Reserve(ctx, callTo("acc_x", id))
			if err != nil {
				t.Fatal(err)
			}
			missed := answered(id, c.now(), 0)
			missed.Answer, missed.Cause = time.Time{}, cdr.Cancelled
			var both sync.WaitGroup
			both.Go(func() { _ = s.Begin(context.Background(), l.Hold, answered(id, c.now(), 0)) }) // refused, if it comes late
			both.Go(func() {
				if _, err := s.Settle(context.Background(), l.Hold, missed); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
		}
		c.add(time.Hour)
		if err := charging.New(h.db.Charging(), h.book, nil, c.now).Sweep(ctx); err != nil {
			t.Error(err)
		}
		if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance != 5_000_000 {
			t.Errorf("%+v", a)
		}
		h.booksAreRight(t)
	})
}

// TestEveryCallIsAdopted at the next start, however many there were, before their
// holds go; a second start finds nothing.
func TestEveryCallIsAdopted(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		if err := h.book.OpenWallet(ctx, "acc_x", usd(5_000_000)); err != nil {
			t.Fatal(err)
		}
		const calls = 250
		dead := charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := dead.Reserve(ctx, callTo("acc_x", "rings"))
		if err != nil || l.Hold == "" {
			t.Fatal(err)
		}
		err = h.db.Charging().Do(ctx, func(tx charging.Tx) error {
			for i := range calls {
				id := fmt.Sprint("call_", i)
				if err := tx.PutOpen(ctx, charging.Open{Hold: "h" + id, Epoch: "dead", Ask: callTo("acc_x", id), Record: answered(id, c.now(), 0)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := charging.New(h.db.Charging(), h.book, nil, c.now).Adopt(ctx); err != nil {
				t.Fatal(err)
			}
			if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance != 5_000_000-calls*10_000 {
				t.Errorf("%+v", a)
			}
		}
		h.booksAreRight(t)
	})
}
