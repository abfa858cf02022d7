package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/stripe/stripetest"
)

// refilling is a till whose members have their wallets filled by themselves.
type refilling struct {
	*till
	wallets *wallet.Service
}

func openRefilling(t *testing.T, cfg store.Config, c *clock) *refilling {
	t.Helper()
	x := openTill(t, cfg, c)
	return &refilling{x, x.house.wallets()}
}

// filler is somebody with a card of a mood, and less left than the most he needs.
func (x *refilling) filler(t *testing.T, name string, mood stripetest.Mood) member.Actor {
	t.Helper()
	who := x.person(t, name)
	x.saves(t, who, mood)
	return who
}

func (x *refilling) saves(t *testing.T, who member.Actor, mood stripetest.Mood) {
	t.Helper()
	url, err := x.cashier.SaveCard(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.fake.Save(url[strings.LastIndex(url, "/")+1:], mood); err != nil {
		t.Fatal(err)
	}
	if err := x.carry(t, -1); err != nil {
		t.Fatal(err)
	}
}

// below has 20 added when less than 10 is left, and at most so much in a month.
func (x *refilling) below(t *testing.T, who member.Actor, most int64) {
	t.Helper()
	if err := x.cashier.SetAuto(t.Context(), who, payment.AutoRule{Below: dollars(10), Add: dollars(20), Most: dollars(most)}); err != nil {
		t.Fatal(err)
	}
}

// leaves spends all but so much.
func (x *refilling) leaves(t *testing.T, who member.Actor, left int64) {
	t.Helper()
	if n := x.free(t, who) - left; n != 0 {
		x.moves(t, who, n*1e6)
	}
}

// turn is what a node does every few seconds.
func (x *refilling) turn(t *testing.T) {
	t.Helper()
	if err := x.wallets.Sweep(context.Background()); err != nil {
		t.Error(err)
	}
	if err := x.cashier.Resume(context.Background()); err != nil {
		t.Log(err)
	}
}

func (x *refilling) auto(t *testing.T, who member.Actor) payment.AutoView {
	t.Helper()
	v, err := x.cashier.Auto(t.Context(), who, who.Account)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// paid counts the payments that were made.
func (x *refilling) paid() (n int) {
	for _, i := range x.fake.Intents() {
		if i.Status == "succeeded" {
			n++
		}
	}
	return n
}

// TestAWalletIsFilledOncePerCrossing: by several at once and told several times,
// and never beyond the month's most.
func TestAWalletIsFilledOncePerCrossing(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		c := newClock()
		x := openRefilling(t, cfg, c)
		ann := x.filler(t, "ann", stripetest.Good)
		if v := x.auto(t, ann); v.Card.Name() != "visa •••• 4242" || v.Card.Until != "2030-04" || v.On {
			t.Fatalf("%+v", v)
		}
		x.leaves(t, ann, 10)
		x.below(t, ann, 60)
		everybody := func() {
			t.Helper()
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() { x.turn(t) })
			}
			wg.Wait()
			x.carryAll(t, 2)
			x.turn(t)
		}
		everybody()
		if n := x.paid(); n != 0 {
			t.Fatalf("%d payments though 10 are left", n)
		}
		for i, left := range []int64{9, 0, 5} {
			x.leaves(t, ann, left)
			everybody()
			if n, has := x.paid(), x.free(t, ann); n != i+1 || has != left+20 {
				t.Fatalf("%d payments, %d in the wallet", n, has)
			}
		}
		x.leaves(t, ann, 5) // the month's most is reached
		everybody()
		if v := x.auto(t, ann); x.paid() != 3 || !v.Full() || v.Added != dollars(60) {
			t.Fatalf("%d payments, %+v", x.paid(), v)
		}
		c.add(31 * 24 * time.Hour)
		everybody()
		if n, has := x.paid(), x.free(t, ann); n != 4 || has != 25 {
			t.Fatalf("%d payments in the next month, %d in the wallet", n, has)
		}
		if n := x.lettersOf(t, "auto_stopped"); n != 0 {
			t.Errorf("%d letters", n)
		}
		x.sound(t)
	})
}

// TestHeldMoneyCountsAsSpent, so that a call under way gets more before it is cut.
func TestHeldMoneyCountsAsSpent(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		x := openRefilling(t, cfg, c)
		ann := x.filler(t, "ann", stripetest.Good)
		x.leaves(t, ann, 30)
		x.below(t, ann, 60)
		id := ledger.WalletID(ann.Account, "USD")
		hold := func(key string, n int64) {
			t.Helper()
			if _, err := x.book.Hold(ctx, ledger.Hold{ID: key, Account: id, Amount: dollars(0), Expires: c.now().Add(time.Hour)}, ledger.Want{Most: n * 1e6, Least: 1}); err != nil {
				t.Fatal(err)
			}
		}
		hold("h1", 15)
		x.turn(t)
		if x.paid() != 0 {
			t.Fatal("15 can be spent")
		}
		hold("h2", 10)
		x.turn(t)
		if n, free := x.paid(), x.free(t, ann); n != 1 || free != 25 {
			t.Fatalf("%d payments, %d free", n, free)
		}
		x.turn(t)
		hold("h3", 20)
		x.turn(t)
		if n := x.paid(); n != 2 {
			t.Fatalf("%d payments after the next hold", n)
		}
		x.sound(t)
	})
}

// TestACardThatFails is tried three times, later each time, or not again if that is
// no use; its holder is told, once, and nothing is charged until he switches it on.
func TestACardThatFails(t *testing.T) {
	for _, k := range []struct {
		mood    stripetest.Mood
		tries   int
		letter  string
		stopped payment.AutoStop
	}{{stripetest.Decline, 3, "auto_stopped", payment.AutoDeclined}, {stripetest.Old, 1, "auto_stopped", payment.AutoExpired}, {stripetest.Confirm, 1, "auto_confirm", payment.AutoConfirm}} {
		t.Run(string(k.mood), func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				c := newClock()
				x := openRefilling(t, cfg, c)
				ann := x.filler(t, "ann", k.mood)
				x.below(t, ann, 100)
				x.leaves(t, ann, 1)
				for i := range 5 {
					x.turn(t)
					x.turn(t)
					if n := len(x.fake.Intents()); n != min(i+1, k.tries) {
						t.Fatalf("%d tries after the wait %d", n, i)
					}
					c.add(2*time.Hour + time.Minute)
				}
				v := x.auto(t, ann)
				if v.On || v.Stopped != k.stopped || v.Waiting || x.lettersOf(t, k.letter) != 1 || x.free(t, ann) != 1 {
					t.Fatalf("%+v, %d letters", v, x.lettersOf(t, k.letter))
				}
				x.fake.Turn(stripetest.Good, false)
				x.turn(t)
				if x.paid() != 0 {
					t.Fatal("it was switched off")
				}
				x.below(t, ann, 100)
				x.turn(t)
				if has := x.free(t, ann); has != 21 {
					t.Fatalf("%d after it was switched on again", has)
				}
				x.sound(t)
			})
		})
	}
}

// TestWhoPaidByHandIsNotChargedAgain: a card was refused, and its holder added money
// himself before it is tried again. Nor is he told that little is left while money
// is on its way.
func TestWhoPaidByHandIsNotChargedAgain(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		c := newClock()
		x := openRefilling(t, cfg, c)
		ann := x.filler(t, "ann", stripetest.Decline)
		x.turn(t)
		x.below(t, ann, 100)
		x.leaves(t, ann, 1)
		x.turn(t)
		x.moves(t, ann, -30e6)
		x.fake.Turn(stripetest.Good, false)
		c.add(time.Hour)
		x.turn(t)
		if v := x.auto(t, ann); len(x.fake.Intents()) != 1 || v.Waiting || !v.On || x.free(t, ann) != 31 {
			t.Fatalf("%d tries, %+v", len(x.fake.Intents()), v)
		}
		x.leaves(t, ann, 2)
		x.turn(t)
		if has := x.free(t, ann); has != 22 {
			t.Fatalf("%d after the next crossing", has)
		}
		if n := x.lettersOf(t, "low_balance"); n != 0 {
			t.Errorf("%d letters that little is left", n)
		}
	})
}

// TestAnAnswerIsLost: what the provider did is found out under the same key, and
// nothing is charged twice; nor if its message comes before the answer, or if it is
// switched off in between.
func TestAnAnswerIsLost(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		x := openRefilling(t, cfg, c)
		again := func(want int, has int64, who member.Actor) {
			t.Helper()
			for range 4 {
				c.add(time.Minute)
				x.turn(t)
			}
			x.carryAll(t, 2)
			if n, free := x.paid(), x.free(t, who); n != want || free != has || x.auto(t, who).Waiting {
				t.Fatalf("%d payments, %d in the wallet, %+v", n, free, x.auto(t, who))
			}
		}
		ann := x.filler(t, "ann", stripetest.Good)
		x.below(t, ann, 100)
		x.leaves(t, ann, 1)
		x.fake.Lose(1)
		x.turn(t)
		again(1, 21, ann)
		x.leaves(t, ann, 2) // the message is first
		x.fake.Lose(1)
		x.turn(t)
		x.carryAll(t, 1)
		again(2, 22, ann)
		x.leaves(t, ann, 3) // it never came there
		x.fake.Break(1)
		x.turn(t)
		again(3, 23, ann)
		bob := x.filler(t, "bob", stripetest.Good)
		x.below(t, bob, 100)
		x.leaves(t, bob, 1)
		x.fake.Break(1)
		x.turn(t)
		if err := x.cashier.StopAuto(ctx, bob); err != nil {
			t.Fatal(err)
		}
		again(3, 1, bob) // nobody charges it any more
		x.below(t, bob, 100)
		x.fake.Lose(1)
		x.turn(t)
		if err := x.cashier.RemoveCard(ctx, bob); err != nil {
			t.Fatal(err)
		}
		again(4, 21, bob) // it was charged already
		x.sound(t)
		cat := x.filler(t, "cat", stripetest.Good) // stopped while nobody knows: it is found out without its message
		x.below(t, cat, 100)
		x.leaves(t, cat, 1)
		x.fake.Lose(1)
		x.turn(t)
		if err := x.cashier.StopAuto(ctx, cat); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			c.add(time.Minute)
			x.turn(t)
		}
		if free := x.free(t, cat); free != 21 {
			t.Errorf("what was charged before it was stopped is not in the wallet: %d", free)
		}
	})
}

// TestAPaymentThatTakesAWhile is booked when it is there.
func TestAPaymentThatTakesAWhile(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		c := newClock()
		x := openRefilling(t, cfg, c)
		ann := x.filler(t, "ann", stripetest.Good)
		x.below(t, ann, 100)
		x.leaves(t, ann, 1)
		x.fake.Turn(stripetest.Good, true)
		for range 3 {
			x.turn(t)
			c.add(5 * time.Minute)
		}
		list := x.fake.Intents()
		if len(list) != 1 || x.free(t, ann) != 1 || !x.auto(t, ann).Waiting {
			t.Fatalf("%+v", list)
		}
		x.fake.Finish(list[0].ID)
		x.turn(t)
		x.carryAll(t, 2)
		if has := x.free(t, ann); has != 21 {
			t.Fatalf("%d in the wallet", has)
		}
		x.sound(t)
	})
}

// TestNoCardIsChargedDuringADispute, nor of an account that may not spend; it is
// when that is over.
func TestNoCardIsChargedDuringADispute(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		x := openRefilling(t, cfg, c)
		ann := x.filler(t, "ann", stripetest.Good)
		x.below(t, ann, 200)
		x.leaves(t, ann, 1)
		x.turn(t)
		first := x.fake.Intents()[0].ID
		x.fake.DisputeIntent(first, "needs_response", false)
		if err := x.carry(t, -1); err != nil { // its own message has not come
			t.Fatal(err)
		}
		if has := x.free(t, ann); has != 1 {
			t.Fatalf("%d though 20 are contested", has)
		}
		x.turn(t)
		if n := x.paid(); n != 1 {
			t.Fatalf("%d payments during a dispute", n)
		}
		x.fake.DisputeIntent(first, "won", true)
		x.carryAll(t, 2)
		x.turn(t)
		if n, has := x.paid(), x.free(t, ann); n != 1 || has != 21 {
			t.Fatalf("%d payments, %d in the wallet", n, has)
		}
		if err := x.wallets.Suspend(ctx, member.System(), ann.Account, "Please call us."); err != nil {
			t.Fatal(err)
		}
		x.leaves(t, ann, 1)
		x.turn(t)
		if n := x.paid(); n != 1 {
			t.Fatalf("%d payments of an account that is suspended", n)
		}
		if err := x.wallets.Suspend(ctx, member.System(), ann.Account, ""); err != nil {
			t.Fatal(err)
		}
		x.fake.Break(1)
		x.turn(t) // ordered, and asked for in vain
		if err := x.wallets.Suspend(ctx, member.System(), ann.Account, "Please call us."); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c.add(time.Minute)
			x.turn(t)
		}
		if v := x.auto(t, ann); x.paid() != 1 || v.Waiting {
			t.Fatalf("%d payments, %+v", x.paid(), v)
		}
		if err := x.wallets.Suspend(ctx, member.System(), ann.Account, ""); err != nil {
			t.Fatal(err)
		}
		x.turn(t)
		if n, has := x.paid(), x.free(t, ann); n != 2 || has != 21 {
			t.Fatalf("%d payments, %d in the wallet", n, has)
		}
		x.sound(t)
	})
}

// TestWhoMayHaveAWalletFilled, and how.
func TestWhoMayHaveAWalletFilled(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openRefilling(t, cfg, newClock())
		good := payment.AutoRule{Below: dollars(10), Add: dollars(20), Most: dollars(100)}
		ann, bob := x.person(t, "ann"), x.person(t, "bob")
		if err := x.cashier.SetAuto(ctx, ann, good); fault.ReasonOf(err).Code != "no_card" {
			t.Errorf("without a card: %v", err)
		}
		x.saves(t, ann, stripetest.Good)
		for field, r := range map[string]payment.AutoRule{
			"below": {Below: dollars(0), Add: dollars(20), Most: dollars(100)},
			"add":   {Below: dollars(10), Add: dollars(9), Most: dollars(100)},
			"most":  {Below: dollars(10), Add: dollars(20), Most: dollars(19)},
		} {
			err := x.cashier.SetAuto(ctx, ann, r)
			if fields := fault.FieldsOf(err); len(fields) != 1 || fields[0].Name != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if err := x.cashier.SetAuto(ctx, ann, payment.AutoRule{Below: dollars(1), Add: dollars(2), Most: dollars(100)}); fault.ReasonOf(err).Code != "auto_rule" {
			t.Errorf("less than a card may be charged: %v", err)
		}
		if _, err := x.cashier.Auto(ctx, bob, ann.Account); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("bob: %v", err)
		}
		if v, err := x.cashier.Auto(ctx, member.System(), ann.Account); err != nil || v.Card.Last4 != "4242" {
			t.Errorf("staff: %+v %v", v, err)
		}
		strict := cashier.New(x.db.Payments(), x.shop, x.book, known{x.db}, cashier.Config{Gateway: x.gateway, Currency: "USD", Now: x.clock.now, Fresh: x.members.Fresh})
		if err := strict.SetAuto(ctx, member.Actor{Account: ann.Account, Role: ann.Role}, good); fault.ReasonOf(err).Code != "prove_again" {
			t.Errorf("who has not proved himself: %v", err)
		}
		x.below(t, ann, 100)
		x.saves(t, ann, stripetest.Good) // another card
		if err := x.cashier.Resume(ctx); err != nil {
			t.Error(err)
		}
		if n := x.fake.Attached(); n != 1 || !x.auto(t, ann).On {
			t.Errorf("%d cards at the provider, %+v", n, x.auto(t, ann))
		}
		if err := x.cashier.RemoveCard(ctx, ann); err != nil {
			t.Fatal(err)
		}
		if err := x.cashier.Resume(ctx); err != nil {
			t.Error(err)
		}
		if v := x.auto(t, ann); x.fake.Attached() != 0 || v.On || v.Card != (payment.SavedCard{}) {
			t.Errorf("%d cards at the provider, %+v", x.fake.Attached(), v)
		}
		x.saves(t, bob, stripetest.Good)
		x.below(t, bob, 100)
		bob.Proved = x.clock.now()
		if err := x.members.Erase(ctx, bob, true); err != nil {
			t.Fatal(err)
		}
		if err := x.cashier.Resume(ctx); err != nil {
			t.Error(err)
		}
		if n := x.fake.Attached(); n != 0 {
			t.Errorf("%d cards of who is gone", n)
		}
		x.turn(t)
		if x.paid() != 0 {
			t.Error("a card of who is gone was charged")
		}
	})
}

// TestACutCallIsToldAfterACrash: word of it is left where the call is booked.
func TestACutCallIsToldAfterACrash(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		all, err := h.book.Available(t.Context(), ledger.WalletID(ann.Account, "USD"))
		if err != nil {
			t.Fatal(err)
		}
		h.moves(t, ann, all.Micros)
		h.cut(t, nil, ann, "+49 30 6") // and the process dies
		for range 2 {
			if err := h.wallets().Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := h.lettersTo(t, ann, "call_cut"); n != 1 {
			t.Errorf("%d letters", n)
		}
		var left []string
		if left, err = h.db.Wallets().Tasks(t.Context(), wallet.TopicCut, 9); err != nil || len(left) != 0 {
			t.Errorf("left to do: %v %v", left, err)
		}
	})
}
