package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/platform/store"
)

// guarded is a house whose calls are guarded.
type guarded struct {
	*house

	guard *guard.Service
	calls *charging.Service
	staff member.Actor
}

func guardedHouse(t *testing.T, cfg store.Config, c *clock) *guarded {
	t.Helper()
	g := &guarded{house: build(t, cfg, c), staff: member.Actor{Account: "boss", Role: member.Operator}}
	db := g.db.Guard()
	g.guard = guard.New(db, db, db, guard.Config{Currency: "USD", Default: guard.OpenPolicy(), Fresh: g.members.Fresh, Now: c.now, Alerts: db})
	g.calls = charging.Guarded(g.db.Charging(), g.book, g.guard, nil, c.now)
	return g
}

func of[N any](n N) *N { return &n }

func codeOf(err error) string { return fault.ReasonOf(err).Code }

// asks is a call at 0.60 a minute, by the second, to a number.
func asks(account, call, e164 string) charging.Ask {
	a := callTo(account, call)
	a.E164 = e164
	return a
}

func (g *guarded) limit(t *testing.T, who member.Actor, l guard.Limits) {
	t.Helper()
	who.Proved = g.clock.now()
	if err := g.guard.SetLimits(t.Context(), who, l); err != nil {
		t.Fatal(err)
	}
}

// TestFiftyCallsUnderALimit of 1.00 a day, with 50.00 in the wallet: what is spent
// and held together is never more, and who comes too late is told why.
func TestFiftyCallsUnderALimit(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := context.Background()
		g := guardedHouse(t, cfg, newClock())
		who := g.person(t, "ada")
		g.limit(t, who, guard.Limits{Day: of(int64(1_000_000)), Calls: nil})
		if err := g.guard.SetAccount(ctx, g.staff, who.Account, guard.Trusted, guard.Limits{Calls: of(100)}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		refused, charged := map[string]int{}, int64(0)
		answer := g.clock.now()
		for i := range 50 {
			wg.Go(func() {
				id := fmt.Sprint("call_", i)
				ask := asks(who.Account, id, "+4930901820")
				ask.Quote = rating.Fixed(rating.Price{Minute: 30_000, First: 30, Next: 6})
				l, err := g.calls.Reserve(ctx, ask)
				if err != nil {
					mu.Lock()
					refused[codeOf(err)]++
					mu.Unlock()
					return
				}
				if err := g.calls.Begin(ctx, l.Hold, answered(id, answer, 0)); err != nil {
					t.Error(err)
				}
				for l.More {
					if s, err := g.db.Guard().Spent(ctx, who.Account, "USD", guard.Day(answer), guard.FirstOfMonth(answer)); err != nil || s.Day+s.Held > 1_000_000 {
						t.Errorf("%+v %v", s, err)
					}
					if l, err = g.calls.Extend(ctx, l.Hold, answer); err != nil {
						t.Error(err)
						return
					}
				}
				r, err := g.calls.Settle(ctx, l.Hold, answered(id, answer, l.For+700*time.Millisecond))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				charged += r.Charge.Micros
				mu.Unlock()
			})
		}
		wg.Wait()
		if charged > 1_000_000 || charged < 985_000 {
			t.Errorf("charged %d", charged)
		}
		for c, n := range refused {
			if c != "cap_day" && c != "cap_short" {
				t.Errorf("%d were refused by %s", n, c)
			}
		}
		s, err := g.db.Guard().Spent(ctx, who.Account, "USD", guard.Day(answer), guard.FirstOfMonth(answer))
		if err != nil || s.Day != charged || s.Month != charged || s.Held != 0 || s.Calls != 0 {
			t.Errorf("%+v %v, charged %d", s, err, charged)
		}
		if a := g.purse(t, who.Account); a.Balance != 50_000_000-charged {
			t.Errorf("%+v", a)
		}
		g.booksAreRight(t)
	})
}

// TestALimitEndsACall that is under way, as the end of the money does; over
// midnight, over the end of a month, and when it is changed meanwhile.
func TestALimitEndsACall(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		c.add(time.Date(2026, 11, 30, 23, 50, 0, 0, time.UTC).Sub(c.now()))
		g := guardedHouse(t, cfg, c)
		who := g.person(t, "ada")
		g.limit(t, who, guard.Limits{Day: of(int64(2_000_000)), Month: of(int64(3_000_000))})
		call := func(id string) (charging.Lease, time.Time) {
			t.Helper()
			l, err := g.calls.Reserve(ctx, asks(who.Account, id, "+4930901820"))
			if err != nil {
				t.Fatal(err)
			}
			answer := c.now()
			if err := g.calls.Begin(ctx, l.Hold, answered(id, answer, 0)); err != nil {
				t.Fatal(err)
			}
			return l, answer
		}
		whole := func(l charging.Lease, answer time.Time) charging.Lease {
			t.Helper()
			for l.More {
				var err error
				if l, err = g.calls.Extend(ctx, l.Hold, answer); err != nil {
					t.Fatal(err)
				}
			}
			return l
		}
		l, answer := call("call_1")
		if l = whole(l, answer); l.For != 200*time.Second {
			t.Fatalf("2.00 at 0.60 a minute last %s", l.For)
		}
		if _, err := g.calls.Settle(ctx, l.Hold, answered("call_1", answer, 150*time.Second)); err != nil {
			t.Fatal(err)
		}
		blocks, _, err := g.guard.BlocksOf(ctx, who, guard.BlockFilter{Account: who.Account, Limit: 10})
		if err != nil || len(blocks) != 1 || blocks[0].Call != "call_1" || !strings.HasPrefix(blocks[0].Reason.Code, "cap_") {
			t.Errorf("%+v %v", blocks, err)
		}
		// One goes on over midnight: what is held counts until it is booked, then in
		// the new day, which is of a new month.
		l, answer = call("call_2")
		c.add(15 * time.Minute)
		if l = whole(l, answer); l.For != 200*time.Second {
			t.Errorf("in the new day %s", l.For)
		}
		if _, err := g.calls.Settle(ctx, l.Hold, answered("call_2", answer, 200*time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err = g.calls.Reserve(ctx, asks(who.Account, "call_3", "+4930901820"))
		if codeOf(err) != "cap_day" {
			t.Errorf("with the day's limit used up: %v", err)
		}
		s, err := g.db.Guard().Spent(ctx, who.Account, "USD", guard.Day(c.now()), guard.FirstOfMonth(c.now()))
		if err != nil || s.Day != 2_000_000 || s.Month != 2_000_000 {
			t.Errorf("%+v %v", s, err)
		}
		c.add(24 * time.Hour) // 1.00 is left of the month
		l, answer = call("call_4")
		if l = whole(l, answer); l.For != 100*time.Second {
			t.Errorf("of the month's limit %s are left", l.For)
		}
		// Less than what is held: it goes on to its end, and no further.
		g.limit(t, who, guard.Limits{Day: of(int64(0))})
		if l, err = g.calls.Extend(ctx, l.Hold, answer); err != nil || l.More || l.For != 100*time.Second {
			t.Errorf("%+v %v", l, err)
		}
		// More: it may go on.
		g.limit(t, who, guard.Limits{Day: of(int64(10_000_000))})
		if l, err = g.calls.Extend(ctx, l.Hold, answer); err != nil || !l.More || l.For != 220*time.Second {
			t.Errorf("%+v %v", l, err)
		}
		if _, err := g.calls.Settle(ctx, l.Hold, answered("call_4", answer, 110*time.Second)); err != nil {
			t.Error(err)
		}
		g.booksAreRight(t)
	})
}

// TestWhoMayCallWhere: closed destinations, prices, calls at once, by class; who
// opens and raises proves himself, whatever key he has.
func TestWhoMayCallWhere(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		g := guardedHouse(t, cfg, c)
		who := g.person(t, "ada")
		try := func(e164 string) string {
			t.Helper()
			l, err := g.calls.Reserve(ctx, asks(who.Account, "call_"+e164+c.now().String(), e164))
			if err != nil {
				return codeOf(err)
			}
			if err := g.calls.Release(ctx, l.Hold); err != nil {
				t.Fatal(err)
			}
			return ""
		}
		want := func(e164, code string) {
			t.Helper()
			if got := try(e164); got != code {
				t.Errorf("%s: %q, want %q", e164, got, code)
			}
		}
		want("+4930901820", "")
		want("+881612345678", "destination_closed")
		want("+37120000000", "destination_closed")
		want("+19005550123", "destination_never")
		key := who
		key.Session, key.Proved = "", time.Time{}
		if err := g.guard.Open(ctx, key, "+8816"); codeOf(err) != "prove_again" {
			t.Errorf("by a key alone: %v", err)
		}
		want("+881612345678", "destination_closed")
		for what, want := range map[string]string{"+8816": "", "LV": "", "+1900": "never", "AQ": "not_closed", "KR": "never", "": "not_closed", "+": "not_closed", "8816": "not_closed"} {
			err := g.guard.Open(ctx, who, what)
			if err == nil && want != "" || err != nil && codeOf(err) != want {
				t.Errorf("opening %q: %v", what, err)
			}
		}
		want("+881612345678", "")
		want("+881812345678", "destination_closed")
		want("+37120000000", "")
		want("+37190000000", "destination_never")
		if err := g.guard.Close(ctx, key, "LV"); err != nil {
			t.Error(err)
		}
		want("+37120000000", "destination_closed")

		// The price of the first minute.
		g.limit(t, who, guard.Limits{Minute: of(int64(500_000))})
		want("+4930901820", "cap_minute")
		if err := g.guard.SetLimits(ctx, key, guard.Limits{Minute: of(int64(600_000))}); codeOf(err) != "prove_again" {
			t.Errorf("raised by a key alone: %v", err)
		}
		if err := g.guard.SetLimits(ctx, key, guard.Limits{Minute: of(int64(400_000))}); err != nil {
			t.Errorf("lowered by a key: %v", err)
		}
		g.limit(t, who, guard.Limits{})
		ask := asks(who.Account, "paid", "+4930901820")
		g.limit(t, who, guard.Limits{Minute: of(int64(500_000))})
		ask.Quote = rating.Fixed(rating.Price{Minute: 600_000, Next: 1, Free: 120})
		if _, err := g.calls.Reserve(ctx, ask); codeOf(err) != "cap_minute" {
			t.Errorf("seconds that are free at first: %v", err)
		}
		g.limit(t, who, guard.Limits{Calls: of(1)})
		if _, err := g.calls.Reserve(ctx, asks(who.Account, "one", "+4930901820")); err != nil {
			t.Fatal(err)
		}
		want("+4930901820", "cap_calls")
		theCeiling(t, g, who, want)
	})
}

// theCeiling is what the operator has an account set at most, and who sees what.
func theCeiling(t *testing.T, g *guarded, who member.Actor, want func(e164, code string)) {
	t.Helper()
	ctx := t.Context()
	if err := g.guard.SetAccount(ctx, who, who.Account, guard.Trusted, guard.Limits{}); codeOf(err) != "operator_only" {
		t.Errorf("a member made himself trusted: %v", err)
	}
	if err := g.guard.SetAccount(ctx, g.staff, who.Account, guard.Newcomer, guard.Limits{Day: of(int64(5_000_000))}); err != nil {
		t.Fatal(err)
	}
	if err := g.guard.SetLimits(ctx, who, guard.Limits{Day: of(int64(5_000_001))}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("above the ceiling: %v", err)
	}
	if n, ok := g.guard.AtOnce(who.Account); !ok || n != 1 {
		t.Errorf("at once %d %t", n, ok)
	}
	g.limit(t, who, guard.Limits{Day: of(int64(5_000_000)), Calls: of(5)})
	want("+881612345678", "destination_new")
	if err := g.guard.Open(ctx, who, "LV"); codeOf(err) != "destination_new" {
		t.Errorf("a new account opens: %v", err)
	}
	other := g.person(t, "eve")
	if _, err := g.guard.Of(ctx, other, who.Account); codeOf(err) != "not_yours" {
		t.Errorf("another's limits: %v", err)
	}
	if _, _, err := g.guard.BlocksOf(ctx, other, guard.BlockFilter{}); codeOf(err) != "operator_only" {
		t.Errorf("everybody's refusals: %v", err)
	}
	list, _, err := g.guard.BlocksOf(ctx, g.staff, guard.BlockFilter{Limit: 200, Code: "destination_never"})
	if err != nil || len(list) != 2 || list[0].Account != who.Account || list[0].Reason.Text == "" {
		t.Errorf("%+v %v", list, err)
	}
	v, err := g.guard.Of(ctx, who, who.Account)
	if err != nil || v.MayOpen || v.Class != guard.Newcomer || *v.Limits.Day != 5_000_000 || v.Spent.Held == 0 || len(v.Opened) != 1 || len(v.Opened[0].Ranges) != 1 {
		t.Errorf("%+v %v", v, err)
	}
}

// TestWhatWasSetIsKept over a restart, and two who change the same see each other.
func TestWhatWasSetIsKept(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		g := guardedHouse(t, cfg, c)
		who := g.person(t, "ada")
		g.limit(t, who, guard.Limits{Calls: of(7)})
		p, _ := g.guard.Policy()
		p.NewDays, p.NewPaid, p.New.Calls = 3, true, of(1)
		if err := g.guard.SetPolicy(ctx, g.staff, p); err != nil {
			t.Fatal(err)
		}
		list, err := guard.ReadRanges("prefix;note;never\n+49 30;\"Berlin; dear\";no\n491;;yes")
		if err != nil {
			t.Fatal(err)
		}
		if err := g.guard.SetRanges(ctx, g.staff, list, 0); err != nil {
			t.Fatal(err)
		}
		if err := g.guard.SetRanges(ctx, g.staff, list, 0); codeOf(err) != "changed_meanwhile" {
			t.Errorf("over a change that was not seen: %v", err)
		}
		db := g.db.Guard()
		next := guard.New(db, db, db, guard.Config{Currency: "USD", Default: guard.OpenPolicy(), Fresh: g.members.Fresh, Now: c.now})
		if err := next.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if n, ok := next.AtOnce(who.Account); !ok || n != 7 {
			t.Errorf("%d %t", n, ok)
		}
		if got, rule := next.Policy(); got.NewDays != 3 || *got.New.Calls != 1 || rule.Version != 1 || rule.By != "boss" {
			t.Errorf("%+v %+v", got, rule)
		}
		if got, rule := next.Ranges(); got.CSV() != list.CSV() || rule.Version != 1 || len(got.All) != 2 {
			t.Errorf("%s %+v", got.CSV(), rule)
		}
		v, err := next.Of(ctx, who, who.Account)
		if err != nil || v.Class != guard.Newcomer {
			t.Errorf("%+v %v", v, err)
		}
		c.add(4 * 24 * time.Hour)
		if v, _ = next.Of(ctx, who, who.Account); v.Class != guard.Newcomer {
			t.Error("it has not paid")
		}
		paid := payment.Incoming{ID: "card:pi_1", Method: payment.Card, Account: who.Account, Amount: usd(5e6), State: payment.Kept, Received: c.now()}
		class := func(change func(cashier.Tx) error, want guard.Class) {
			t.Helper()
			if err := g.db.Payments().Do(ctx, change); err != nil {
				t.Fatal(err)
			}
			if v, err := next.Of(ctx, who, who.Account); err != nil || v.Class != want {
				t.Errorf("%+v, want %s, %v", v, want, err)
			}
		}
		class(func(tx cashier.Tx) error { _, err := tx.InsertIncoming(ctx, paid); return err }, guard.Known)
		paid.Taken, paid.SentBack = 3e6, 1e6
		class(func(tx cashier.Tx) error { return tx.ChangeIncoming(ctx, paid) }, guard.Known)
		paid.Taken = 4e6 // all of it is the payer's again
		class(func(tx cashier.Tx) error { return tx.ChangeIncoming(ctx, paid) }, guard.Newcomer)
	})
}

// TestHolderAndOperatorAtOnce: neither takes back what the other has just set.
func TestHolderAndOperatorAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		c := newClock()
		g := guardedHouse(t, cfg, c)
		who := g.person(t, "ada")
		who.Proved = c.now()
		for i := 1; i <= 30; i++ {
			var both sync.WaitGroup
			both.Go(func() {
				if err := g.guard.SetLimits(context.Background(), who, guard.Limits{Calls: of(i%5 + 1)}); err != nil {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := g.guard.SetAccount(context.Background(), g.staff, who.Account, guard.Known, guard.Limits{Day: of(int64(i))}); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			v, err := g.guard.Of(t.Context(), who, who.Account)
			if err != nil || v.Set != guard.Known || v.Own.Calls == nil || *v.Own.Calls != i%5+1 || v.Special.Day == nil || *v.Special.Day != int64(i) {
				t.Fatalf("the %d. time: %+v %v", i, v, err)
			}
		}
	})
}

// TestTooFast: attempts wait, then calls are stopped for a while, which a restart
// does not end; the operator can.
func TestTooFast(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		g := guardedHouse(t, cfg, c)
		who := g.person(t, "ada")
		p, _ := g.guard.Policy()
		p.Pace = guard.DefaultPace()
		if err := g.guard.SetPolicy(ctx, g.staff, p); err != nil {
			t.Fatal(err)
		}
		var last error
		waited, n := time.Duration(0), 0
		for ; n < 100 && last == nil; n++ {
			a := asks(who.Account, fmt.Sprint("call_", n), fmt.Sprintf("+49309018%02d", n))
			waited += g.calls.Wait(a)
			if g.calls.Wait(a) != 0 {
				t.Error("one call that is tried twice counts twice")
			}
			var l charging.Lease
			if l, last = g.calls.Reserve(ctx, a); last == nil {
				_ = g.calls.Release(ctx, l.Hold)
			}
			c.add(time.Second)
		}
		if codeOf(last) != "calls_stopped" || n != 2*p.Pace.Minute+1 || waited == 0 {
			t.Errorf("after %d calls, waited %s: %v", n, waited, last)
		}
		running, stop := context.WithCancel(ctx)
		var done sync.WaitGroup
		done.Go(func() { g.guard.Run(running) })
		for open := []guard.Alert(nil); len(open) == 0; {
			var err error
			if open, _, err = g.guard.AlertsOf(ctx, g.staff, guard.AlertFilter{Kind: guard.TooFast, Limit: 10}); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		done.Wait()
		db := g.db.Guard()
		next := guard.New(db, db, db, guard.Config{Currency: "USD", Default: guard.OpenPolicy(), Fresh: g.members.Fresh, Now: c.now})
		if _, err := next.Admit(ctx, guard.Call{Account: who.Account, Currency: "USD", E164: "+4930901820"}); codeOf(err) != "calls_stopped" {
			t.Errorf("after a restart: %v", err)
		}
		c.add(61 * time.Minute)
		if _, err := next.Admit(ctx, guard.Call{Account: who.Account, Currency: "USD", E164: "+4930901820"}); err != nil {
			t.Errorf("after an hour: %v", err)
		}
		if err := db.Stop(ctx, who.Account, c.now().Add(time.Hour), "x"); err != nil {
			t.Fatal(err)
		}
		if err := g.guard.Resume(ctx, who, who.Account); codeOf(err) != "operator_only" {
			t.Error(err)
		}
		if err := g.guard.Resume(ctx, g.staff, who.Account); err != nil {
			t.Fatal(err)
		}
		// Others who call a number that is forwarded do not keep its holder from calling.
		forwarded := guard.Call{Account: who.Account, Currency: "USD", E164: "+4930901820", Forward: true}
		for i := range 100 {
			forwarded.ID = fmt.Sprint("forwarded_", i)
			g.guard.Attempt(forwarded)
		}
		if _, err := g.guard.Admit(ctx, forwarded); codeOf(err) != "forwards_stopped" {
			t.Errorf("a flood of forwarded calls: %v", err)
		}
		if _, err := g.guard.Admit(ctx, guard.Call{Account: who.Account, Currency: "USD", E164: "+4930901820"}); err != nil {
			t.Errorf("resumed: %v", err)
		}
	})
}

// TestSoManyCallsAtOnce: of fifty that begin together exactly as many get money as
// the limit says.
func TestSoManyCallsAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := context.Background()
		g := guardedHouse(t, cfg, newClock())
		who := g.person(t, "ada")
		g.limit(t, who, guard.Limits{Calls: of(7)})
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for i := range 50 {
			wg.Go(func() {
				ask := asks(who.Account, fmt.Sprint("call_", i), "+4930901820")
				ask.Quote = rating.Fixed(rating.Price{Minute: 600, Next: 1})
				_, err := g.calls.Reserve(ctx, ask)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got["held"]++
				} else {
					got[codeOf(err)]++
				}
			})
		}
		wg.Wait()
		if got["held"] != 7 || got["cap_calls"] != 43 {
			t.Errorf("%v", got)
		}
		g.booksAreRight(t)
	})
}
