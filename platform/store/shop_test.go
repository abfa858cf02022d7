package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

func kr(national string) shop.Request {
	return shop.Request{Kind: numbering.Individual, Country: "KR", National: national}
}

func TestASaleStepByStep(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o, err := h.shop.Request(ctx, ann, shop.Request{Kind: numbering.Individual, Country: "82", National: "700-2846"})
		if err != nil || o.State != shop.Approved || !o.HeldUntil.Equal(h.clock.now().Add(shop.HoldFor)) || o.Country != "KR" {
			t.Fatalf("%+v %v", o, err)
		}
		if _, err := h.shop.Pay(ctx, ann, o.ID, "wallet"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("paid before the selection: %v", err)
		}
		for _, who := range []member.Actor{ann, bob} { // held, also for its holder
			h.clock.add(time.Second)
			if x, err := h.shop.Request(ctx, who, kr("7002846")); err != nil || x.State != shop.Rejected || x.Reason.Code != "held" {
				t.Errorf("%+v %v", x, err)
			}
		}
		if _, err := h.shop.Select(ctx, bob, o.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger saw the order: %v", err)
		}
		if o, err = h.shop.Select(ctx, ann, o.ID); err != nil || o.State != shop.AwaitingPayment || o.AmountDue != money.Of("USD", 5, 0) {
			t.Fatalf("%+v %v", o, err)
		}
		if _, err := h.shop.Pay(ctx, ann, o.ID, "card"); fault.ReasonOf(err).Code != "method_unavailable" {
			t.Errorf("card: %v", err)
		}
		if o, err = h.shop.Pay(ctx, ann, o.ID, "wallet"); err != nil || o.State != shop.Sold {
			t.Fatalf("%+v %v", o, err)
		}
		if again, err := h.shop.Pay(ctx, ann, o.ID, "wallet"); err != nil || again.State != shop.Sold {
			t.Errorf("paying again: %+v %v", again, err)
		}
		if got := h.wallet(t, ann); got != money.Of("USD", 45, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		same(t, h.steps(t, o.ID), []string{"requested", "approved", "selected", "settlement_requested", "payment_started", "paid", "sold"})
		if _, ok := h.roster.Numbers.Typed("700284682"); !ok {
			t.Error("the number does not ring")
		}
		list, next, err := h.shop.Orders(ctx, ann, ann.Account, "", 1)
		if err != nil || len(list) != 1 || next == "" {
			t.Errorf("%v %q %v", list, next, err)
		}
		if list, next, err = h.shop.Orders(ctx, ann, ann.Account, next, 1); err != nil || len(list) != 1 || list[0].ID != o.ID || next != "" {
			t.Errorf("second page: %v %q %v", list, next, err)
		}
		h.booksAreRight(t)
	})
}

func TestRefundTurnsEverythingBack(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		o := h.buy(t, ann, kr("7002846"))
		if _, _, err := h.members.Register(ctx, ann, registration(o.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.Refund(ctx, ann, o.ID, "please"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member refunded himself: %v", err)
		}
		for range 2 { // the second changes nothing
			if x, err := h.shop.Refund(ctx, member.System(), o.ID, "withdrawal"); err != nil || x.State != shop.Refunded {
				t.Fatalf("%+v %v", x, err)
			}
		}
		if got := h.wallet(t, ann); got != money.Of("USD", 50, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		if _, ok := h.roster.Numbers.Typed("700284682"); ok {
			t.Error("the number still rings")
		}
		if got, err := h.members.Memberships(ctx, ann, ann.Account); err != nil || len(got) != 0 {
			t.Errorf("the membership outlived the refund: %v %v", got, err)
		}
		bob := h.person(t, "bob")
		x := h.buy(t, bob, kr("7002846"))
		if _, dev, err := h.members.Register(ctx, bob, registration(x.ID)); err != nil || dev.Device.SIPUser != "700284682-1" {
			t.Errorf("it cannot be registered again: %+v %v", dev, err)
		}
		h.booksAreRight(t)
	})
}

// intruder does something at the moment the centers are told that a number is
// free.
type intruder struct {
	shop.Publisher
	now func()
}

func (i intruder) Released(ctx context.Context, o shop.Order) error {
	err := i.Publisher.Released(ctx, o)
	i.now()
	return err
}

// stale is a store whose list of unfinished work was read a while ago.
type stale struct {
	shop.Store
	tasks []string
}

func (s stale) Tasks(context.Context, string, int) ([]string, error) { return s.tasks, nil }

// TestARefundedNumberBelongsToTheNextHolder: the last one can add no telephone
// while the refund runs, and a refund worked on twice takes nothing from the
// next.
func TestARefundedNumberBelongsToTheNextHolder(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, kr("7002846"))
		m, _, err := h.members.Register(ctx, ann, registration(o.ID))
		if err != nil {
			t.Fatal(err)
		}
		var intrusion error
		pub := intruder{h.roster, func() { _, intrusion = h.members.AddDevice(ctx, ann, m.ID, "spare", "") }}
		sh := shop.New(stale{h.db.Shop(), []string{o.ID}}, h.book, h.policy, pub, h.clock.now)
		if _, err := sh.Refund(ctx, member.System(), o.ID, "withdrawal"); err != nil {
			t.Fatal(err)
		}
		if fault.KindOf(intrusion) != fault.Unknown || intrusion == nil {
			t.Errorf("a telephone was added while the number was given back: %v", intrusion)
		}
		x := h.buy(t, bob, kr("7002846"))
		if _, _, err := h.members.Register(ctx, bob, registration(x.ID)); err != nil {
			t.Fatal(err)
		}
		if err := sh.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if holder, ok := h.roster.Numbers.Typed("700284682"); !ok || holder.Account != bob.Account {
			t.Errorf("the number is %+v now", holder)
		}
		if _, ok := h.roster.Devices.Get("700284682-1"); !ok || h.roster.Devices.Len() != 1 {
			t.Errorf("%d telephones, and the new holder's is there: %v", h.roster.Devices.Len(), ok)
		}
		h.booksAreRight(t)
	})
}

// TestAProvedNumberThatCollides is sold with its typed form off where it would
// be somebody else's, and the buyer is told before he pays.
func TestAProvedNumberThatCollides(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		o, err := h.shop.Grant(t.Context(), member.System(), ann.Account, kr("31255501"), true)
		if fault.ReasonOf(err).Code != "not_a_telephone" {
			t.Fatalf("%+v %v", o, err)
		}
		// Seoul 2-838-7596 typed is 2838759682, which a telephone in the US takes
		// for +1 283 875 9682.
		o, err = h.shop.Grant(t.Context(), member.System(), ann.Account, kr("28387596"), true)
		if err != nil || o.State != shop.Sold || o.Reason.Code != "typed_form_off" {
			t.Fatalf("%+v %v", o, err)
		}
		if x, _ := h.roster.Numbers.Typed("2838759682"); !x.OwnPhone || !slices.Equal(x.OffIn, []string{"US"}) {
			t.Errorf("%+v", x)
		}
		h.booksAreRight(t)
	})
}

// buy goes through a whole sale.
func (h *house) buy(t testing.TB, who member.Actor, r shop.Request) shop.Order {
	t.Helper()
	o, err := h.shop.Request(context.Background(), who, r)
	if err != nil || o.State != shop.Approved {
		t.Fatalf("%+v %v", o, err)
	}
	if _, err := h.shop.Select(context.Background(), who, o.ID); err != nil {
		t.Fatal(err)
	}
	if o, err = h.shop.Pay(context.Background(), who, o.ID, "wallet"); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAHoldEndsAfter35Minutes(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o, err := h.shop.Request(ctx, ann, kr("7002846"))
		if err != nil {
			t.Fatal(err)
		}
		h.clock.add(shop.HoldFor - time.Second)
		if n, err := h.shop.ExpireHolds(ctx); n != 0 || err != nil {
			t.Fatalf("expired %d early, %v", n, err)
		}
		h.clock.add(time.Second)
		if _, err := h.shop.Select(ctx, ann, o.ID); fault.ReasonOf(err).Code != "hold_over" {
			t.Errorf("selected after the hold: %v", err)
		}
		if x, err := h.shop.Request(ctx, bob, kr("7002846")); err != nil || x.State != shop.Approved {
			t.Errorf("free again, but: %+v %v", x, err)
		}
		same(t, h.steps(t, o.ID), []string{"requested", "approved", "expired"})
		if x, err := h.shop.Cancel(ctx, ann, o.ID); fault.KindOf(err) != fault.Conflict {
			t.Errorf("cancelled an expired order: %+v %v", x, err)
		}
	})
}

func TestWhyASaleIsRefused(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		if o := h.buy(t, ann, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550100", Countries: []string{"US"}}); o.State != shop.Sold {
			t.Fatalf("%+v", o)
		}
		for code, r := range map[string]shop.Request{
			"not_in_stock":   kr("9999999"),
			"proof_needed":   kr("25551234"),
			"reserved":       kr("7000000"),
			"country_closed": {Kind: numbering.Individual, Country: "DE", National: "301234567"},
			"held":           {Kind: numbering.Company, Country: "US", National: "5550100"},
		} {
			o, err := h.shop.Request(ctx, ann, r)
			if err != nil || o.State != shop.Rejected || o.Reason.Code != code || o.Reason.Text == "" {
				t.Errorf("%s: %+v %v", code, o, err)
			}
		}
		_, err := h.shop.Request(ctx, ann, shop.Request{Kind: 9, Country: "Atlantis", National: "12a"})
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || len(f.Fields) != 3 {
			t.Errorf("bad fields: %v", err)
		}
		if _, err := h.shop.Request(ctx, member.Actor{}, kr("7002846")); fault.KindOf(err) != fault.Unproven {
			t.Errorf("nobody ordered: %v", err)
		}
		poor := h.person(t, "poor")
		for i := range 2 {
			h.buy(t, poor, shop.Request{Kind: numbering.Company, Country: "KR", National: fmt.Sprintf("555028%d", i)})
		}
		o, err := h.shop.Request(ctx, poor, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550290"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = h.shop.Select(ctx, poor, o.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.Pay(ctx, poor, o.ID, "wallet"); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("paid without money: %v", err)
		}
		if x, err := h.shop.Order(ctx, poor, o.ID); err != nil || x.State != shop.AwaitingPayment || x.Settling {
			t.Errorf("after too little money: %+v %v", x, err)
		}
		h.booksAreRight(t)
	})
}

// TestOneNumberOneBuyer is S4.
func TestOneNumberOneBuyer(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		buyers := make([]member.Actor, 100)
		for i := range buyers {
			buyers[i] = h.person(t, fmt.Sprint("buyer", i))
		}
		var sold, held atomic.Int64
		var wg sync.WaitGroup
		for _, b := range buyers {
			wg.Go(func() {
				ctx := context.Background()
				o, err := h.shop.Request(ctx, b, kr("7004321"))
				switch {
				case err != nil:
					t.Errorf("request: %v", err)
					return
				case o.State == shop.Rejected && o.Reason.Code == "held":
					held.Add(1)
					return
				}
				if _, err := h.shop.Select(ctx, b, o.ID); err != nil {
					t.Errorf("select: %v", err)
				}
				if o, err = h.shop.Pay(ctx, b, o.ID, "wallet"); err != nil || o.State != shop.Sold {
					t.Errorf("pay: %+v %v", o, err)
				}
				sold.Add(1)
			})
		}
		wg.Wait()
		if sold.Load() != 1 || held.Load() != 99 {
			t.Errorf("%d sold, %d held", sold.Load(), held.Load())
		}
		h.booksAreRight(t)
	})
}

// TestEqualDigitsOneBuyer: Tokyo 3-1234-5678 and Chicago 312-345-6788 are two
// numbers with one typed form.
func TestEqualDigitsOneBuyer(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		requests := []shop.Request{
			{Kind: numbering.Individual, Country: "JP", National: "312345678"},
			{Kind: numbering.Individual, Country: "US", National: "3123456788"},
		}
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				o, err := h.shop.Grant(context.Background(), member.System(), ann.Account, requests[i%2], true)
				switch {
				case err == nil && o.State == shop.Sold:
					won.Add(1)
				case o.State == shop.Rejected && (o.Reason.Code == "held" || o.Reason.Code == "collision"):
					lost.Add(1)
				default:
					t.Errorf("%+v %v", o, err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 19 {
			t.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
	})
}

// frail is a ledger after which, or before which, the power fails.
type frail struct {
	shop.Money
	before, after bool
}

var errPower = errors.New("the power failed")

func (f frail) PayFromWallet(ctx context.Context, s ledger.Sale) error {
	if f.before {
		return errPower
	}
	if err := f.Money.PayFromWallet(ctx, s); err != nil {
		return err
	}
	return errPower
}

// blackout is a publisher the power fails at: the sale is stored, nobody was
// told.
type blackout struct{ shop.Publisher }

func (blackout) Sold(context.Context, shop.Order) error { return errPower }

func TestASaleSurvivesACrashBetweenItsSteps(t *testing.T) {
	for name, crash := range map[string]struct {
		book    frail
		publish bool
	}{"before the posting": {frail{before: true}, false}, "after the posting": {frail{after: true}, false}, "before telling": {frail{}, true}} {
		t.Run(name, func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				ctx := t.Context()
				c := newClock()
				h := build(t, cfg, c)
				ann := h.person(t, "ann")
				faulty := crash.book
				faulty.Money = h.book
				var book shop.Money = h.book
				var pub shop.Publisher = h.roster
				if faulty.before || faulty.after {
					book = faulty
				}
				if crash.publish {
					pub = blackout{h.roster}
				}
				frailShop := shop.New(h.db.Shop(), book, h.policy, pub, c.now)
				o, err := frailShop.Request(ctx, ann, kr("7002846"))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := frailShop.Select(ctx, ann, o.ID); err != nil {
					t.Fatal(err)
				}
				if _, err := frailShop.Pay(ctx, ann, o.ID, "wallet"); !errors.Is(err, errPower) {
					t.Fatalf("the power did not fail: %v", err)
				}
				if err := h.db.Close(); err != nil {
					t.Fatal(err)
				}
				c.add(24 * time.Hour) // the hold is long over, but money may be on its way
				h = build(t, cfg, c)
				if n, err := h.shop.ExpireHolds(ctx); n != 0 || err != nil {
					t.Errorf("a settling order expired: %d %v", n, err)
				}
				for range 2 {
					if err := h.shop.Resume(ctx); err != nil {
						t.Fatal(err)
					}
				}
				if o, err = h.shop.Order(ctx, ann, o.ID); err != nil || o.State != shop.Sold || o.Settling {
					t.Errorf("%+v %v", o, err)
				}
				if got := h.wallet(t, ann); got != money.Of("USD", 45, 0) {
					t.Errorf("the wallet holds %s", got)
				}
				if _, ok := h.roster.Numbers.Typed("700284682"); !ok {
					t.Error("the number does not ring")
				}
				h.booksAreRight(t)
			})
		})
	}
}

func TestReview(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		strict := h.policy
		strict.Review = shop.Review{Company: true, Premium: true}
		s := shop.New(h.db.Shop(), h.book, strict, h.roster, h.clock.now)
		ann := h.person(t, "ann")
		company := shop.Request{Kind: numbering.Company, Country: "KR", National: "5550199"}
		o, err := s.Request(ctx, ann, company)
		if err != nil || o.State != shop.InReview {
			t.Fatalf("%+v %v", o, err)
		}
		if _, err := s.Review(ctx, ann, o.ID, true, ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the buyer decided: %v", err)
		}
		if o, err = s.Review(ctx, member.System(), o.ID, false, "The name is a trademark of somebody else."); err != nil || o.State != shop.Rejected {
			t.Errorf("%+v %v", o, err)
		}
		if o, err = s.Request(ctx, ann, company); err != nil || o.State != shop.InReview {
			t.Fatalf("free again, but: %+v %v", o, err)
		}
		if o, err = s.Review(ctx, member.System(), o.ID, true, ""); err != nil || o.State != shop.Approved {
			t.Errorf("%+v %v", o, err)
		}
		same(t, h.steps(t, o.ID), []string{"requested", "in_review", "approved"})
	})
}

func TestSearch(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		h.buy(t, h.person(t, "ann"), kr("7002846"))
		find := func(q shop.Query) (out []string) {
			t.Helper()
			for pages := 0; ; pages++ {
				p, err := h.shop.Search(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range p.Items {
					out = append(out, i.Number.Canonical())
				}
				if p.Next == "" || pages == 5 {
					return out
				}
				q.Cursor = p.Next
			}
		}
		same(t, find(shop.Query{Country: "KR", Kind: numbering.Individual, Contains: "0284", Limit: 4}), // without 7002846, which is sold
			[]string{"700028482", "700284082", "700284182", "700284282", "700284382", "700284482", "700284582", "700284782", "700284882", "700284982", "701028482", "702028482",
				"702840082", "702840182", "702840282", "702840382", "702840482", "702840582", "702840682", "702840782", "702840882", "702840982", "702841082", "702841182"})
		same(t, find(shop.Query{Kind: numbering.Individual, Starts: "70?9", Ends: "123", Limit: 2}), []string{"700912382", "701912382", "702912382", "703912382", "704912382", "705912382", "706912382", "707912382", "708912382", "709912382"})
		same(t, find(shop.Query{Country: "US", Kind: numbering.Company, Contains: "5550*1?7", Limit: 3})[:3], []string{"5550107#1", "5550117#1", "5550127#1"})
		if got := find(shop.Query{Country: "KR", Kind: numbering.Individual, Starts: "7000000"}); len(got) != 0 {
			t.Errorf("a reserved number is for sale: %v", got)
		}
		if _, err := h.shop.Search(ctx, shop.Query{Contains: "abc"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("letters: %v", err)
		}
		if _, err := h.shop.Search(ctx, shop.Query{Cursor: "zz.1"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a strange cursor: %v", err)
		}
	})
}
