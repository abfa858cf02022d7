package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// paidOrder is a number bought by card.
func (x *till) paidOrder(t testing.TB, who member.Actor, national string) (shop.Order, string) {
	t.Helper()
	o, session := x.card(t, who, x.order(t, who, national).ID)
	if err := x.fake.Pay(session, false); err != nil {
		t.Fatal(err)
	}
	if err := x.carry(t, -1); err != nil {
		t.Fatal(err)
	}
	if o = x.state(t, o.ID); o.State != shop.Sold {
		t.Fatalf("%+v", o)
	}
	return o, session
}

func TestARefundGoesBackToTheCard(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		o, session := x.paidOrder(t, ann, "7002846")
		if o, err := x.shop.Refund(ctx, member.System(), o.ID, "please"); err != nil || o.State != shop.Refunded {
			t.Fatalf("%+v %v", o, err)
		}
		x.fake.Break(9) // Stripe is down: nothing is lost
		if err := x.cashier.Resume(ctx); err == nil {
			t.Error("Stripe was down and nobody noticed")
		}
		x.fake.Break(0)
		for range 2 {
			if err := x.cashier.Resume(ctx); err != nil {
				t.Fatal(err)
			}
		}
		s, _ := x.fake.Session(session)
		if got := x.fake.Refunded(s.Payment); got != 500 {
			t.Errorf("%d cents went back", got)
		}
		if err := x.carry(t, -1); err != nil { // charge.refunded, of our own refund
			t.Fatal(err)
		}
		if got := x.wallet(t, ann); got != money.Of("USD", 50, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		if got := x.balance(t, "clearing:card:USD"); !got.Zero() {
			t.Errorf("clearing holds %s", got)
		}
		codes := x.steps(t, o.ID)
		same(t, codes[len(codes)-3:], []string{"refund_started", "refunded", "sent_back"})
		x.booksAreRight(t)
	})
}

// TestARefundTheCardRefusesEndsInTheWallet: it was refunded there already but
// our message of it was lost.
func TestARefundTheCardRefusesEndsInTheWallet(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		o, session := x.paidOrder(t, ann, "7002846")
		x.fake.GiveBack(session, 500) // its message is not carried
		if _, err := x.shop.Refund(ctx, member.System(), o.ID, "please"); err != nil {
			t.Fatal(err)
		}
		if err := x.cashier.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if got := x.wallet(t, ann); got != money.Of("USD", 55, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		codes := x.steps(t, o.ID)
		if codes[len(codes)-1] != "send_back_failed" {
			t.Errorf("%v", codes)
		}
		x.booksAreRight(t)
	})
}

func TestWhatTheCardCompanyTakesBackIsAClaim(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		claims, clearing := ledger.ClaimAccount("USD"), ledger.ClearingAccount("card", "USD")
		o, session := x.paidOrder(t, ann, "7002846")
		x.fake.GiveBack(session, 200)
		x.fake.GiveBack(session, 300)
		n := len(x.fake.Events())
		for _, i := range []int{n - 1, n - 2, n - 1} { // out of order and twice
			if err := x.carry(t, i); err != nil {
				t.Fatal(err)
			}
		}
		if got := x.balance(t, claims); got != money.Of("USD", -5, 0) || !x.balance(t, clearing).Zero() {
			t.Errorf("claims %s, clearing %s", got, x.balance(t, clearing))
		}
		if _, err := x.shop.Refund(ctx, member.System(), o.ID, "it went back"); err != nil {
			t.Fatal(err)
		}
		if err := x.cashier.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if !x.balance(t, claims).Zero() || !x.balance(t, clearing).Zero() || x.wallet(t, ann) != money.Of("USD", 50, 0) {
			t.Errorf("claims %s, clearing %s, wallet %s", x.balance(t, claims), x.balance(t, clearing), x.wallet(t, ann))
		}
		o, session = x.paidOrder(t, ann, "7002847")
		x.fake.Dispute(session, "needs_response", false)
		x.fake.Dispute(session, "lost", true)
		n = len(x.fake.Events())
		for _, i := range []int{n - 1, n - 2} { // its end comes first
			if err := x.carry(t, i); err != nil {
				t.Fatal(err)
			}
		}
		if in := x.payment(t); in.Dispute != "lost" || x.balance(t, ledger.LossAccount("USD")) != money.Of("USD", -5, 0) || !x.balance(t, claims).Zero() {
			t.Errorf("%+v", in)
		}
		_, session = x.paidOrder(t, ann, "7002848")
		x.fake.Dispute(session, "needs_response", false)
		if err := x.carry(t, -1); err != nil {
			t.Fatal(err)
		}
		if x.balance(t, claims) != money.Of("USD", -5, 0) {
			t.Errorf("claims %s", x.balance(t, claims))
		}
		x.fake.Dispute(session, "won", true)
		if err := x.carry(t, -1); err != nil {
			t.Fatal(err)
		}
		if !x.balance(t, claims).Zero() || x.balance(t, clearing) != money.Of("USD", -5, 0) {
			t.Errorf("claims %s, clearing %s", x.balance(t, claims), x.balance(t, clearing))
		}
		x.booksAreRight(t)
	})
}

// TestARefundBeforeItsPayment: the messages come in the wrong order.
func TestARefundBeforeItsPayment(t *testing.T) {
	x := openTill(t, cluster.SQLite(t), newClock())
	ann := x.person(t, "ann")
	o, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
	if err := x.fake.Pay(session, false); err != nil {
		t.Fatal(err)
	}
	x.fake.GiveBack(session, 500)
	for _, i := range []int{1, 0} {
		if err := x.carry(t, i); err != nil {
			t.Fatal(err)
		}
	}
	if o = x.state(t, o.ID); o.State != shop.Sold || x.payment(t).Taken != 5e6 {
		t.Errorf("%+v %+v", o, x.payment(t))
	}
	x.booksAreRight(t)
}

func TestWithdrawal(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann, bob := x.person(t, "ann"), x.person(t, "bob")
		var orders []shop.Order
		for i := range 3 {
			orders = append(orders, x.buy(t, ann, kr(fmt.Sprint(7002846+i))))
		}
		if _, err := x.shop.Withdraw(ctx, bob, orders[0].ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger: %v", err)
		}
		for range 2 {
			if o, err := x.shop.Withdraw(ctx, ann, orders[0].ID); err != nil || o.State != shop.Refunded {
				t.Errorf("%+v %v", o, err)
			}
		}
		if _, _, err := x.members.Register(ctx, ann, registration(orders[1].ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := x.shop.Withdraw(ctx, ann, orders[1].ID); fault.ReasonOf(err).Code != "withdrawal_used" {
			t.Errorf("registered: %v", err)
		}
		if until, err := x.shop.WithdrawUntil(ctx, ann, orders[2].ID); err != nil || !until.Equal(x.clock.now().Add(shop.WithdrawFor)) {
			t.Errorf("until %v %v", until, err)
		}
		x.clock.add(shop.WithdrawFor)
		if _, err := x.shop.Withdraw(ctx, ann, orders[2].ID); fault.ReasonOf(err).Code != "withdrawal_over" {
			t.Errorf("too late: %v", err)
		}
		if got := x.wallet(t, ann); got != money.Of("USD", 40, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		x.booksAreRight(t)
	})
}

// meddled is the book with something that happens once, before a booking.
type meddled struct {
	cashier.Book

	happens func()
}

func (m *meddled) Transfer(ctx context.Context, t ledger.Transfer) error {
	if f := m.happens; f != nil && strings.HasPrefix(t.Key, "taken:") {
		m.happens = nil
		f()
	}
	return m.Book.Transfer(ctx, t)
}

// TestTwoRefundsThereAtOnce: the messages of two refunds come at the same moment;
// no more is taken from the wallet than was given back.
func TestTwoRefundsThereAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		book := &meddled{Book: x.book}
		x.cashier = cashier.New(x.db.Payments(), x.shop, book, known{x.db}, cashier.Config{Gateway: x.gateway, Currency: "USD", Link: func(p string) string { return p }, Now: x.clock.now})
		ann := x.person(t, "ann")
		w, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := x.fake.Pay(sessionOf(w), false); err != nil {
			t.Fatal(err)
		}
		x.carryAll(t, 1)
		before := x.free(t, ann)
		x.fake.GiveBack(sessionOf(w), 3000)
		x.fake.GiveBack(sessionOf(w), 1000)
		book.happens = func() {
			if err := x.carry(t, -1); err != nil {
				t.Error(err)
			}
		}
		if err := x.carry(t, -2); err != nil {
			t.Error(err)
		}
		x.carryAll(t, 2)
		if err := x.cashier.Resume(ctx); err != nil {
			t.Error(err)
		}
		if got := before - x.free(t, ann); got != 40 {
			t.Errorf("40 were given back, and %d were taken", got)
		}
		x.sound(t)
	})
}
