package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/platform/store"
)

func (h *house) bundles() *bundle.Service {
	return bundle.New(h.db.Packages(), h.book, bundle.Config{Currency: "USD", Link: func(p string) string { return p }, Now: h.clock.now})
}

// package puts one on sale, of so many seconds for a dollar.
func (h *house) pack(t testing.TB, b *bundle.Service, seconds int64, renews bool, prefixes ...string) bundle.Package {
	t.Helper()
	p, err := b.Add(context.Background(), member.System(), bundle.Package{Name: "World", Price: usd(1_000_000), Seconds: seconds, Prefixes: prefixes, Renews: renews})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// buyer has so much money after he bought a package.
func (h *house) buyer(t testing.TB, b *bundle.Service, id string, micros int64, packs ...bundle.Package) member.Actor {
	t.Helper()
	ctx := context.Background()
	who := member.Actor{Account: id, Role: member.Customer}
	if err := h.book.OpenWallet(ctx, id, usd(micros+1_000_000*int64(len(packs)))); err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		if _, err := b.Buy(ctx, who, p.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	return who
}

func (h *house) allowances(t testing.TB, account string) []bundle.Allowance {
	t.Helper()
	list, err := h.db.Packages().Allowances(context.Background(), account, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func covered(account, call string) charging.Ask {
	a := callTo(account, call)
	a.E164 = "+4930901820"
	return a
}

// drawnOf is what the records of an account say that its calls used.
func (h *house) drawnOf(t testing.TB, account string) map[string]int64 {
	t.Helper()
	sum := map[string]int64{}
	page, err := h.db.Calls().History(context.Background(), account, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Items {
		for _, d := range page.Items[i].Packages {
			sum[d.Allowance] += d.Seconds
		}
	}
	return sum
}

// drawn is what a call used of packages in all.
func drawn(r cdr.Record) (n int64) {
	for _, d := range r.Packages {
		n += d.Seconds
	}
	return n
}

// TestAPackageThenMoney: a call uses its package, then money, which is told of in
// its record; one that its package pays for needs no money at all.
func TestAPackageThenMoney(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		b := h.bundles()
		p := h.pack(t, b, 180, false, "49", "-49900")
		h.buyer(t, b, "acc_x", 5_000_000, p)
		s := charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := s.Reserve(ctx, covered("acc_x", "call_1"))
		if err != nil || l.For != time.Minute || !l.More {
			t.Fatalf("a third of three minutes: %+v %v", l, err)
		}
		if a := h.purse(t, "acc_x"); a.Held != 0 {
			t.Errorf("money is held: %+v", a)
		}
		answer := c.now()
		if err := s.Begin(ctx, l.Hold, answered("call_1", answer, 0)); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if l, err = s.Extend(ctx, l.Hold, answer); err != nil {
				t.Fatal(err)
			}
		}
		if l.For != 180*time.Second+500*time.Second || l.More {
			t.Errorf("all of both: %+v", l)
		}
		r, err := s.Settle(ctx, l.Hold, answered("call_1", answer, 300*time.Second))
		want := []cdr.Drawn{{Allowance: h.allowances(t, "acc_x")[0].ID, Package: p.ID, Name: "World", Seconds: 180}}
		if err != nil || r.Charge != usd(1_200_000) || !slices.Equal(r.Packages, want) {
			t.Errorf("three minutes of the package and two of 0.60: %v %+v %v", r.Charge, r.Packages, err)
		}
		page, err := h.db.Calls().History(ctx, "acc_x", "", 10)
		if err != nil || len(page.Items) != 1 || !slices.Equal(page.Items[0].Packages, want) {
			t.Errorf("kept: %+v %v", page.Items, err)
		}
		if a := h.allowances(t, "acc_x")[0]; a.Used != 180 || a.Held != 0 {
			t.Errorf("%+v", a)
		}

		h.buyer(t, b, "acc_poor", 0, p)
		if l, err = s.Reserve(ctx, covered("acc_poor", "call_2")); err != nil {
			t.Fatalf("without money: %v", err)
		}
		for l.More {
			if l, err = s.Extend(ctx, l.Hold, answer); err != nil {
				t.Fatal(err)
			}
		}
		if l.For != 180*time.Second {
			t.Errorf("%+v", l)
		}
		if r, err := s.Settle(ctx, l.Hold, answered("call_2", answer, l.For+700*time.Millisecond)); err != nil || !r.Charge.Zero() || drawn(r) != 180 {
			t.Errorf("%v %+v %v", r.Charge, r.Packages, err)
		}
		if _, err := s.Reserve(ctx, covered("acc_poor", "call_3")); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("with nothing left: %v", err)
		}
		h.booksAreRight(t)
	})
}

// TestWhatPackagesDoNotPay: numbers they are not for, calls that cost nothing, and
// time beyond their end; a call that is not answered uses nothing.
func TestWhatPackagesDoNotPay(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := newClock()
	h := build(t, store.Config{Dir: t.TempDir()}, c)
	b := h.bundles()
	h.buyer(t, b, "acc_x", 5_000_000, h.pack(t, b, 600, false, "49", "-49900"))
	s := charging.New(h.db.Charging(), h.book, nil, c.now)
	used := func(e164 string, change func(*charging.Ask, *cdr.Record)) int64 {
		t.Helper()
		ask, rec := covered("acc_x", "call"+e164), answered("call"+e164, c.now(), time.Minute)
		ask.E164 = e164
		change(&ask, &rec)
		l, err := s.Reserve(ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Settle(ctx, l.Hold, rec)
		if err != nil {
			t.Fatal(err)
		}
		return drawn(r)
	}
	none := func(*charging.Ask, *cdr.Record) {}
	for e164, want := range map[string]int64{"+4930901820": 60, "+49900123456": 0, "+33123456": 0, "": 0} {
		if got := used(e164, none); got != want {
			t.Errorf("%q used %d seconds, want %d", e164, got, want)
		}
	}
	if n := used("+491", func(a *charging.Ask, _ *cdr.Record) {
		a.Quote = rating.Quote{Bands: []rating.Band{{Name: "day", Days: 127, From: 10 * 60, To: 20 * 60}}}
		a.Quote.Prices[1] = rating.Price{Minute: 60_000}
	}); n != 0 {
		t.Errorf("at a time that costs nothing: %d", n)
	}
	if n := used("+492", func(_ *charging.Ask, r *cdr.Record) { r.Answer, r.Cause = time.Time{}, cdr.Busy }); n != 0 {
		t.Errorf("unanswered: %d", n)
	}
	if n := used("+493", func(a *charging.Ask, r *cdr.Record) {
		a.Quote, r.End = rating.Fixed(rating.Price{Minute: 600_000, First: 60, Next: 30}), r.Answer.Add(61*time.Second)
	}); n != 90 {
		t.Errorf("in steps of 60 and 30: %d", n)
	}
	c.add(31 * 24 * time.Hour)
	if n := used("+494", none); n != 0 {
		t.Errorf("after its end: %d", n)
	}
	if a := h.allowances(t, "acc_x")[0]; a.Used != 150 || a.Held != 0 {
		t.Errorf("%+v", a)
	}
	h.booksAreRight(t)
}

// TestSeveralPackages are used in their order: the one that ends first, then the
// one for the fewest numbers.
func TestSeveralPackages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := newClock()
	h := build(t, store.Config{Dir: t.TempDir()}, c)
	b := h.bundles()
	wide, narrow := h.pack(t, b, 60, false, ""), h.pack(t, b, 60, false, "4930")
	soon, err := b.Add(ctx, member.System(), bundle.Package{Name: "Soon", Price: usd(1_000_000), Seconds: 60, Prefixes: bundle.Prefixes{"49"}, Days: 7})
	if err != nil {
		t.Fatal(err)
	}
	h.buyer(t, b, "acc_x", 0, wide, narrow, soon)
	s := charging.New(h.db.Charging(), h.book, nil, c.now)
	answer := c.now()
	l, err := s.Reserve(ctx, covered("acc_x", "call_1"))
	for l.More && err == nil {
		l, err = s.Extend(ctx, l.Hold, answer)
	}
	if err != nil || l.For != 3*time.Minute {
		t.Fatalf("%+v %v", l, err)
	}
	r, err := s.Settle(ctx, l.Hold, answered("call_1", answer, 150*time.Second))
	if err != nil || len(r.Packages) != 3 || r.Packages[0].Package != soon.ID || r.Packages[1].Package != narrow.ID || r.Packages[2].Package != wide.ID || r.Packages[2].Seconds != 30 {
		t.Errorf("%+v %v", r.Packages, err)
	}
	h.booksAreRight(t)
}

// TestFiftyCallsOnAPackage of ten minutes and 1.00 at once: they use no more of
// either, and nothing is held afterwards.
func TestFiftyCallsOnAPackage(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := context.Background()
		c := newClock()
		h := build(t, cfg, c)
		b := h.bundles()
		h.buyer(t, b, "acc_x", 1_000_000, h.pack(t, b, 600, false, "49"))
		s := charging.New(h.db.Charging(), h.book, nil, c.now)
		var wg sync.WaitGroup
		answer := c.now()
		for i := range 50 {
			wg.Go(func() {
				id := fmt.Sprint("call_", i)
				ask := covered("acc_x", id)
				ask.Quote = rating.Fixed(rating.Price{Minute: 60_000, First: 30, Next: 6})
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
		if a := h.purse(t, "acc_x"); a.Held != 0 || a.Balance < 0 || a.Balance > 30_000 {
			t.Errorf("%+v", a)
		}
		a := h.allowances(t, "acc_x")[0]
		if a.Held != 0 || a.Used > 600 || a.Used < 590 || h.drawnOf(t, "acc_x")[a.ID] != a.Used {
			t.Errorf("%+v, by the records %v", a, h.drawnOf(t, "acc_x"))
		}
		h.booksAreRight(t)
	})
}

// TestPackagesOfADeadProcess: its call is charged up to its last word, of the
// package first; seconds of a call that only rang are let go, as are those whose
// end has come.
func TestPackagesOfADeadProcess(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		b := h.bundles()
		h.buyer(t, b, "acc_x", 5_000_000, h.pack(t, b, 30, false, "49"))
		h.buyer(t, b, "acc_rings", 0, h.pack(t, b, 600, false, "49"))
		dead, next := charging.New(h.db.Charging(), h.book, nil, c.now), charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := dead.Reserve(ctx, covered("acc_x", "call_1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dead.Reserve(ctx, covered("acc_rings", "rings")); err != nil {
			t.Fatal(err)
		}
		answer := c.now()
		if err := dead.Begin(ctx, l.Hold, answered("call_1", answer, 0)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if l, err = dead.Extend(ctx, l.Hold, answer); err != nil {
				t.Fatal(err)
			}
		}
		c.add(40 * time.Second)
		if err := dead.Live(ctx); err != nil {
			t.Fatal(err)
		}
		if err := next.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if a := h.allowances(t, "acc_rings")[0]; a.Held == 0 {
			t.Error("seconds were let go while their process lived")
		}
		c.add(charging.Dead + time.Second)
		for range 2 {
			if err := next.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		page, err := h.db.Calls().History(ctx, "acc_x", "", 10)
		if err != nil || len(page.Items) != 1 || drawn(page.Items[0]) != 30 || page.Items[0].Charge != usd(100_000) {
			t.Errorf("%+v %v", page.Items, err)
		}
		for _, who := range []string{"acc_x", "acc_rings"} {
			if a := h.allowances(t, who)[0]; a.Held != 0 {
				t.Errorf("%+v", a)
			}
		}
		if _, err := dead.Settle(ctx, l.Hold, answered("call_1", answer, time.Hour)); err != nil {
			t.Error(err)
		}
		if a := h.allowances(t, "acc_x")[0]; a.Used != 30 {
			t.Errorf("used twice: %+v", a)
		}
		// One whose hold ends by the clock, though its process lives.
		l, err = next.Reserve(ctx, covered("acc_rings", "forgotten"))
		if err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour)
		if err := next.Live(ctx); err != nil {
			t.Fatal(err)
		}
		if err := next.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if a := h.allowances(t, "acc_rings")[0]; a.Held != 0 {
			t.Errorf("%+v", a)
		}
		// It was no more than slow: what there is pays for it.
		if r, err := next.Settle(ctx, l.Hold, answered("forgotten", c.now(), time.Minute)); err != nil || drawn(r) != 60 || !r.Charge.Zero() {
			t.Errorf("%v %+v %v", r.Charge, r.Packages, err)
		}
		if _, err := dead.Reserve(ctx, covered("acc_rings", "last")); err != nil {
			t.Fatal(err)
		}
		if err := next.Adopt(ctx); err != nil {
			t.Fatal(err)
		}
		if a := h.allowances(t, "acc_rings")[0]; a.Held != 0 || a.Used != 60 {
			t.Errorf("%+v", a)
		}
		h.booksAreRight(t)
	})
}

// TestPackagesRenew once for each period however many see to it at once; what was
// earned is booked; without money the package lapses, which is told.
func TestPackagesRenew(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		b := h.bundles()
		p := h.pack(t, b, 600, true, "49")
		ann := h.person(t, "ann")
		has := h.wallet(t, ann).Micros
		first, err := b.Buy(ctx, ann, p.ID, bundle.NewPurchase(c.now()))
		if err != nil || !first.Renews {
			t.Fatal(first, err)
		}
		if again, err := b.Buy(ctx, ann, p.ID, first.ID); err != nil || again.ID != first.ID || h.wallet(t, ann).Micros != has-1_000_000 {
			t.Errorf("sent twice: %+v %v, %v", again, err, h.wallet(t, ann))
		}
		s := charging.New(h.db.Charging(), h.book, nil, c.now)
		l, err := s.Reserve(ctx, covered(ann.Account, "call_1"))
		for l.More && err == nil && l.For < 500*time.Second {
			l, err = s.Extend(ctx, l.Hold, c.now())
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Settle(ctx, l.Hold, answered("call_1", c.now(), 500*time.Second)); err != nil {
			t.Fatal(err)
		}
		c.add(24 * time.Hour)
		all := func() {
			t.Helper()
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := h.bundles().Renew(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			h.booksAreRight(t)
		}
		all()
		earned := func() int64 {
			t.Helper()
			n, err := h.book.Balance(ctx, ledger.PackageRevenueAccount("USD"))
			if err != nil {
				t.Fatal(err)
			}
			return n.Micros
		}
		if n, told := earned(), h.lettersTo(t, ann, "package_80"); n != 833_333 || told != 1 {
			t.Errorf("after a day %d is earned and %d letters are written", n, told)
		}
		for month := range 3 {
			c.add(h.allowances(t, ann.Account)[0].Ends.Sub(c.now()) - time.Minute)
			all()
			list := h.allowances(t, ann.Account)
			if want := has - 1_000_000*int64(month+2); len(list) != month+2 || h.wallet(t, ann).Micros != want || list[0].Begins != list[1].Ends || list[0].Ends.Day() != first.Begins.Day() || !list[0].Renews || list[1].Renews {
				t.Fatalf("month %d: %v %+v", month, h.wallet(t, ann), list)
			}
		}
		// Late by two days: the next one begins now. Then the money is gone.
		c.add(h.allowances(t, ann.Account)[0].Ends.Sub(c.now()) + 48*time.Hour)
		all()
		list := h.allowances(t, ann.Account)
		if len(list) != 5 || list[0].Begins != c.now() || h.wallet(t, ann).Micros != has-5_000_000 || earned() != 4_000_000 {
			t.Errorf("%+v %v %d", list[0], h.wallet(t, ann), earned())
		}
		if _, err := h.book.Post(ctx, move("gone", ledger.WalletID(ann.Account, "USD"), ledger.PromotionAccount("USD"), has-5_000_000-1)); err != nil {
			t.Fatal(err)
		}
		c.add(list[0].Ends.Sub(c.now()) - time.Minute)
		all()
		if n := h.lettersTo(t, ann, "package_lapsed"); n != 0 {
			t.Error("it lapsed while there was time")
		}
		c.add(time.Minute)
		all()
		list = h.allowances(t, ann.Account)
		if n := h.lettersTo(t, ann, "package_lapsed"); n != 1 || len(list) != 5 || list[0].Renews || !list[0].Closed || earned() != 5_000_000 {
			t.Errorf("%d letters, %+v", n, list[0])
		}
	})
}

// TestManyPackagesAtOnce: no more than may be held, however they are bought; each
// is paid for.
func TestManyPackagesAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		b := h.bundles()
		p := h.pack(t, b, 600, true, "49")
		who := h.buyer(t, b, "acc_x", 100_000_000)
		var wg sync.WaitGroup
		for i := range 3 * bundle.MostLive {
			once := fmt.Sprintf("alw_%016d", i/2) // each form is sent twice
			wg.Go(func() {
				if a, err := b.Buy(context.Background(), who, p.ID, once); err == nil && a.ID != once || err != nil && fault.ReasonOf(err).Code != "packages_many" {
					t.Errorf("%+v %v", a, err)
				}
			})
		}
		wg.Wait()
		if n, has := len(h.allowances(t, "acc_x")), h.wallet(t, who); n != bundle.MostLive || has.Micros != 80_000_000 {
			t.Errorf("%d packages, and %s", n, has)
		}
		h.booksAreRight(t)
	})
}

// TestWhoBuysWhat: refusals leave nothing behind.
func TestWhoBuysWhat(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		b := h.bundles()
		p := h.pack(t, b, 600, true, "49")
		poor := h.buyer(t, b, "acc_poor", 999_999)
		if _, err := b.Buy(ctx, poor, p.ID, ""); fault.KindOf(err) != fault.Unpaid || len(h.allowances(t, "acc_poor")) != 0 {
			t.Errorf("too little: %v", err)
		}
		rich := h.buyer(t, b, "acc_rich", 100_000_000)
		id := bundle.NewPurchase(h.clock.now())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if a, err := b.Buy(context.Background(), rich, p.ID, id); err != nil || a.ID != id {
					t.Errorf("%+v %v", a, err)
				}
			})
		}
		wg.Wait()
		if list, has := h.allowances(t, "acc_rich"), h.wallet(t, rich); len(list) != 1 || has.Micros != 99_000_000 {
			t.Errorf("bought by one form: %+v, %v", list, has)
		}
		if _, err := b.Buy(ctx, poor, p.ID, id); fault.KindOf(err) != fault.Conflict {
			t.Errorf("somebody else's purchase: %v", err)
		}
		for range bundle.MostLive - 1 {
			if _, err := b.Buy(ctx, rich, p.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Buy(ctx, rich, p.ID, ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("one too many: %v", err)
		}
		no := false
		if a, err := b.SetWish(ctx, rich, id, bundle.Wish{Renews: &no}); err != nil || a.Renews {
			t.Errorf("%+v %v", a, err)
		}
		if _, err := b.SetWish(ctx, poor, id, bundle.Wish{Renews: &no}); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		if err := b.SetState(ctx, member.System(), p.ID, bundle.Kept); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Buy(ctx, poor, p.ID, ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("off sale: %v", err)
		}
		for _, bad := range []bundle.Package{
			{Name: "", Price: usd(1), Seconds: 60, Prefixes: bundle.Prefixes{"49"}}, {Name: "x", Seconds: 60, Prefixes: bundle.Prefixes{"49"}},
			{Name: "x", Price: usd(1), Prefixes: bundle.Prefixes{"49"}}, {Name: "x", Price: usd(1), Seconds: 60}, {Name: "x", Price: usd(1), Seconds: 60, Prefixes: bundle.Prefixes{"-49"}},
			{Name: "x", Price: usd(1), Seconds: 60, Prefixes: bundle.Prefixes{"4a"}}, {Name: "x", Price: usd(1), Seconds: 60, Prefixes: bundle.Prefixes{"49"}, Days: 367},
			{Name: "x", Price: usd(1), Seconds: bundle.Seconds(-307_445_734_561_825_860), Prefixes: bundle.Prefixes{"49"}}, {Name: "x", Price: usd(1), Seconds: bundle.Seconds(1 << 62), Prefixes: bundle.Prefixes{"49"}},
			{Name: "x\x00y", Price: usd(1), Seconds: 60, Prefixes: bundle.Prefixes{"49"}}, {Name: "x", Names: map[string]string{"ko": "x\ny"}, Price: usd(1), Seconds: 60, Prefixes: bundle.Prefixes{"49"}},
		} {
			if _, err := b.Add(ctx, member.System(), bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if _, err := b.Add(ctx, rich, bundle.Package{Name: "x", Price: money.Amount{Micros: 1}, Seconds: 60, Prefixes: bundle.Prefixes{"49"}}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member: %v", err)
		}
		h.booksAreRight(t)
	})
}
