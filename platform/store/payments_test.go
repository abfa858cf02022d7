package store_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/stripe"
	"github.com/callisto-tel/callisto/platform/stripe/stripetest"
)

// till is a house with a cashier and a small Stripe, whose messages the test
// carries itself.
type till struct {
	*house
	fake    *stripetest.Fake
	gateway *stripe.Gateway
	cashier *cashier.Service
}

// known tells the cashier who somebody is; everybody is confirmed.
type known struct{ db *store.DB }

func (k known) Find(ctx context.Context, who string) (member.Account, error) {
	a, found, err := k.db.Members().Find(ctx, who)
	if err == nil && !found {
		err = fault.New(fault.Unknown, "account_unknown", "There is no account %s.", who)
	}
	return a, err
}

func (known) Verified(_ context.Context, account string) bool { return account != "" }

func openTill(t testing.TB, cfg store.Config, c *clock) *till {
	t.Helper()
	fake := stripetest.New("sk_test", "whsec_test")
	fake.Now = c.now
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	fake.Listens(srv.URL, "")
	return reopenTill(t, cfg, c, fake, srv.URL)
}

func reopenTill(t testing.TB, cfg store.Config, c *clock, fake *stripetest.Fake, base string) *till {
	t.Helper()
	h := build(t, cfg, c)
	link := func(path string) string { return "https://tel.example" + path }
	g := stripe.New(stripe.Config{SecretKey: "sk_test", WebhookSecret: "whsec_test", APIBase: base, Link: link})
	bank := &payment.BankAccount{Name: "Example Bank", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX", Holder: "Callisto"}
	x := &till{house: h, fake: fake, gateway: g}
	x.cashier = cashier.New(h.db.Payments(), h.shop, h.book, known{h.db}, cashier.Config{Gateway: g, Bank: bank, Currency: "USD", Link: link, Now: c.now})
	return x
}

// carry gives the message at a place to the cashier; at −1 the newest.
func (x *till) carry(t testing.TB, n int) error {
	t.Helper()
	all := x.fake.Events()
	if n < 0 {
		n += len(all)
	}
	// Signed with the real time: the signature's age is measured by it.
	e, err := x.gateway.Message(all[n].Body, x.fake.Sign(all[n].Body, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return x.cashier.Event(context.Background(), e)
}

func (x *till) order(t testing.TB, who member.Actor, national string) shop.Order {
	t.Helper()
	o, err := x.shop.Request(context.Background(), who, kr(national))
	if err != nil || o.State != shop.Approved {
		t.Fatalf("%+v %v", o, err)
	}
	if o, err = x.shop.Select(context.Background(), who, o.ID); err != nil {
		t.Fatal(err)
	}
	return o
}

// card begins to pay by card and returns the session.
func (x *till) card(t testing.TB, who member.Actor, id string) (shop.Order, string) {
	t.Helper()
	o, w, err := x.cashier.Pay(context.Background(), who, id, payment.Card)
	if err != nil || w == nil {
		t.Fatal(w, err)
	}
	return o, w.URL[len(w.URL)-len("cs_test_000000"):]
}

func (x *till) state(t testing.TB, id string) shop.Order {
	t.Helper()
	o, err := x.shop.Order(context.Background(), member.System(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (x *till) balance(t testing.TB, account string) money.Amount {
	t.Helper()
	a, err := x.book.Balance(context.Background(), account)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (x *till) payment(t testing.TB) payment.Incoming {
	t.Helper()
	list, _, err := x.cashier.Payments(context.Background(), member.System(), cashier.Filter{Limit: 10})
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return list[0]
}

func TestACardPaysAnOrder(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann, bob := x.person(t, "ann"), x.person(t, "bob")
		o := x.order(t, ann, "7002846")
		held := o.HeldUntil
		if _, _, err := x.cashier.Pay(ctx, bob, o.ID, payment.Card); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger pays: %v", err)
		}
		o, session := x.card(t, ann, o.ID)
		if o.State != shop.AwaitingPayment || !o.Extended || o.Method != "card" || !o.HeldUntil.Equal(x.clock.now().Add(cashier.SessionFor+cashier.HoldAfter)) || !o.HeldUntil.After(held) {
			t.Errorf("%+v", o)
		}
		x.clock.add(time.Minute)
		var wg sync.WaitGroup
		for range 5 { // more clicks and tabs
			wg.Go(func() {
				if _, again := x.card(t, ann, o.ID); again != session {
					t.Errorf("another session: %s", again)
				}
			})
		}
		wg.Wait()
		if err := x.fake.Pay(session, false); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := x.carry(t, -1); err != nil {
				t.Fatal(err)
			}
		}
		if o = x.state(t, o.ID); o.State != shop.Sold {
			t.Errorf("%+v", o)
		}
		same(t, x.steps(t, o.ID), []string{"requested", "approved", "selected", "settlement_requested", "payment_started", "payment_received", "paid", "sold"})
		if got := x.wallet(t, ann); got != money.Of("USD", 50, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		if got := x.balance(t, "clearing:card:USD"); got != money.Of("USD", -5, 0) {
			t.Errorf("the card company owes us %s", got.Neg())
		}
		if in := x.payment(t); in.State != payment.Used || in.Account != ann.Account || in.Order != o.ID {
			t.Errorf("%+v", in)
		}
		x.booksAreRight(t)
	})
}

// TestAHundredMessagesOfOnePaymentAreOneSale is S5: ten times and more, at once.
func TestAHundredMessagesOfOnePaymentAreOneSale(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		o, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
		if err := x.fake.Pay(session, true); err != nil {
			t.Fatal(err)
		}
		x.fake.Arrive(session, true)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				for try := 0; ; try++ { // as Stripe: until it is answered with 200
					err := x.carry(t, i%2)
					if err == nil {
						return
					}
					if try == 20 {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := x.cashier.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o = x.state(t, o.ID); o.State != shop.Sold || o.Settling {
			t.Errorf("%+v", o)
		}
		if got := x.wallet(t, ann); got != money.Of("USD", 50, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		codes := x.steps(t, o.ID)
		for _, code := range []string{"payment_received", "paid", "sold"} {
			if n := len(slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return c != code })); n != 1 {
				t.Errorf("%d events %s", n, code)
			}
		}
		x.booksAreRight(t)
	})
}

func TestLateAndDoubleMoneyStaysInTheWallet(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, x *till, ann member.Actor, o shop.Order)
		state     shop.State
		wallet    int64 // what ann has in the end
	}{
		"the hold is over": {func(_ *testing.T, x *till, _ member.Actor, _ shop.Order) { x.clock.add(41 * time.Minute) }, shop.AwaitingPayment, 55},
		"it expired": {func(t *testing.T, x *till, _ member.Actor, _ shop.Order) {
			x.clock.add(41 * time.Minute)
			must(t)(x.shop.ExpireHolds(t.Context()))
		}, shop.Expired, 55},
		"cancelled": {func(t *testing.T, x *till, ann member.Actor, o shop.Order) {
			must(t)(x.shop.Cancel(t.Context(), ann, o.ID))
		}, shop.Cancelled, 55},
		"paid by wallet": {func(t *testing.T, x *till, ann member.Actor, o shop.Order) {
			must(t)(x.shop.Pay(t.Context(), ann, o.ID, payment.Wallet))
		}, shop.Sold, 50},
		"paid and refunded": {func(t *testing.T, x *till, ann member.Actor, o shop.Order) {
			must(t)(x.shop.Pay(t.Context(), ann, o.ID, payment.Wallet))
			must(t)(x.shop.Refund(t.Context(), member.System(), o.ID, "x"))
		}, shop.Refunded, 55},
	} {
		t.Run(name, func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				x := openTill(t, cfg, newClock())
				ann := x.person(t, "ann")
				o, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
				if err := x.fake.Pay(session, false); err != nil {
					t.Fatal(err)
				}
				c.meanwhile(t, x, ann, o)
				for range 2 {
					if err := x.carry(t, 0); err != nil {
						t.Fatal(err)
					}
				}
				if got := x.wallet(t, ann); got != money.Of("USD", c.wallet, 0) {
					t.Errorf("the wallet holds %s, want %d", got, c.wallet)
				}
				if o = x.state(t, o.ID); o.State != c.state {
					t.Errorf("the order is %s", o.State)
				}
				if in := x.payment(t); in.State != payment.Kept || in.Note == "" {
					t.Errorf("%+v", in)
				}
				codes := x.steps(t, o.ID)
				if n := len(slices.DeleteFunc(codes, func(c string) bool { return c != "payment_kept" })); n != 1 {
					t.Errorf("%d notes on the order", n)
				}
				letters, err := x.db.Letters().Take(t.Context(), time.Now().Add(time.Hour), time.Minute, 100)
				if err != nil || !slices.ContainsFunc(letters, kindIs("payment_kept")) {
					t.Errorf("nobody was told: %v %v", letters, err)
				}
				x.booksAreRight(t)
			})
		})
	}
}

func must(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestASessionThatExpiresFreesTheNumber(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		o, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
		x.clock.add(36 * time.Minute)
		x.fake.Lapse(session)
		for range 2 {
			if err := x.carry(t, 0); err != nil {
				t.Fatal(err)
			}
		}
		if o = x.state(t, o.ID); o.State != shop.Expired {
			t.Errorf("%+v", o)
		}
		o = x.order(t, ann, "7002846") // free again
		// The message of its end comes after the buyer chose his wallet: nothing is lost.
		_, session = x.card(t, ann, o.ID)
		if _, _, err := x.cashier.Pay(ctx, ann, o.ID, payment.Wallet); err != nil {
			t.Fatal(err)
		}
		x.fake.Lapse(session)
		if err := x.carry(t, 1); err != nil {
			t.Fatal(err)
		}
		if o = x.state(t, o.ID); o.State != shop.Sold {
			t.Errorf("%+v", o)
		}
	})
}

// TestALostMessageIsAskedFor: Stripe's message never comes.
func TestALostMessageIsAskedFor(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		o, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
		if err := x.fake.Pay(session, false); err != nil {
			t.Fatal(err)
		}
		if err := x.cashier.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if x.state(t, o.ID).State != shop.AwaitingPayment {
			t.Error("asked too early")
		}
		x.clock.add(2 * time.Minute)
		if err := x.cashier.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if o = x.state(t, o.ID); o.State != shop.Sold {
			t.Errorf("%+v", o)
		}
		cancelled, session := x.card(t, ann, x.order(t, ann, "7002857").ID)
		if _, err := x.shop.Cancel(ctx, ann, cancelled.ID); err != nil {
			t.Fatal(err)
		}
		x.clock.add(2 * time.Minute)
		if err := x.cashier.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if s, _ := x.fake.Session(session); s.Status != "expired" {
			t.Errorf("one can still pay for a number that was given up: %s", s.Status)
		}
		// The buyer who comes back before the message is believed by asking.
		o, session = x.card(t, ann, x.order(t, ann, "7002858").ID)
		if err := x.fake.Pay(session, false); err != nil {
			t.Fatal(err)
		}
		if err := x.cashier.Look(ctx, o.ID); err != nil {
			t.Fatal(err)
		}
		if x.state(t, o.ID).State != shop.Sold {
			t.Error("not sold after looking")
		}
		x.booksAreRight(t)
	})
}

func TestAForeignMessageChangesNothing(t *testing.T) {
	x := openTill(t, cluster.SQLite(t), newClock())
	ann := x.person(t, "ann")
	_, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
	if err := x.fake.Pay(session, false); err != nil {
		t.Fatal(err)
	}
	body := x.fake.Events()[0].Body
	other := stripetest.New("sk_test", "whsec_other")
	for name, sign := range map[string]string{
		"none": "", "garbage": "t=1,v1=zz", "another's": other.Sign(body, time.Now()), "old": x.fake.Sign(body, time.Now().Add(-6*time.Minute)),
	} {
		if _, err := x.gateway.Message(body, sign); fault.KindOf(err) != fault.Invalid || fault.ReasonOf(err).Code != "signature" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := x.gateway.Message(append([]byte(" "), body...), x.fake.Sign(body, time.Now())); err == nil {
		t.Error("another body passed")
	}
	list, _, err := x.cashier.Payments(t.Context(), member.System(), cashier.Filter{Limit: 10})
	if err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

// TestMoneyOfAnUnknownOrderWaitsForTheOperator, who gives it to a member once.
func TestMoneyOfAnUnknownOrderWaitsForTheOperator(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann, bob := x.person(t, "ann"), x.person(t, "bob")
		stray := payment.Session{ID: "cs_elsewhere", Complete: true, Paid: true, Payment: "pi_elsewhere", Amount: money.Of("USD", 7, 0), Order: "ord_nowhere"}
		for range 2 {
			if err := x.cashier.Event(ctx, payment.Event{ID: "evt_1", Kind: "checkout.session.completed", Session: &stray}); err != nil {
				t.Fatal(err)
			}
		}
		in := x.payment(t)
		if in.State != payment.Unmatched || x.balance(t, ledger.UnmatchedAccount("USD")) != money.Of("USD", 7, 0) {
			t.Fatalf("%+v", in)
		}
		if _, err := x.cashier.Assign(ctx, ann, in.ID, ann.Account, ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member helps himself: %v", err)
		}
		if _, err := x.cashier.Assign(ctx, member.System(), in.ID, "nobody@example.com", ""); fault.KindOf(err) != fault.Unknown {
			t.Errorf("%v", err)
		}
		var won, lost int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 10 {
			who := []string{"ann@example.com", bob.Account}[i%2]
			wg.Go(func() {
				_, err := x.cashier.Assign(context.Background(), member.System(), in.ID, who, "")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case fault.ReasonOf(err).Code == "payment_assigned":
					lost++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 || lost != 9 {
			t.Errorf("%d won, %d lost", won, lost)
		}
		if sum := x.wallet(t, ann).Micros + x.wallet(t, bob).Micros; sum != 107e6 || !x.balance(t, ledger.UnmatchedAccount("USD")).Zero() {
			t.Errorf("together they have %d", sum)
		}
		x.booksAreRight(t)
	})
}

func kindIs(kind string) func(l letter.Queued) bool {
	return func(l letter.Queued) bool { return l.Kind == kind }
}

// TestTheCardCompanyIsDown: the buyer is told, nothing changes, and the same
// checkout is opened later.
func TestTheCardCompanyIsDown(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		o := x.order(t, ann, "7002846")
		x.fake.Break(9)
		if _, _, err := x.cashier.Pay(ctx, ann, o.ID, payment.Card); fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err).Code != "card_unavailable" {
			t.Errorf("%v", err)
		}
		if now := x.state(t, o.ID); now.Extended || now.Method != "" || !now.HeldUntil.Equal(o.HeldUntil) {
			t.Errorf("%+v", now)
		}
		x.fake.Break(0)
		x.clock.add(10 * time.Minute) // too late for the first checkout's own end
		if _, session := x.card(t, ann, o.ID); session == "" {
			t.Error("no session")
		}
		x.booksAreRight(t)
	})
}

// TestTheHoldIsMadeLongerOnce: a second session must fit into what is left.
func TestTheHoldIsMadeLongerOnce(t *testing.T) {
	x := openTill(t, cluster.SQLite(t), newClock())
	ann := x.person(t, "ann")
	o, _ := x.card(t, ann, x.order(t, ann, "7002846").ID)
	held := o.HeldUntil
	x.clock.add(36 * time.Minute) // the session is over, the hold is not
	if _, _, err := x.cashier.Pay(t.Context(), ann, o.ID, payment.Card); fault.ReasonOf(err).Code != "hold_short" {
		t.Errorf("a second session: %v", err)
	}
	if o = x.state(t, o.ID); !o.HeldUntil.Equal(held) {
		t.Errorf("held until %s, was %s", o.HeldUntil, held)
	}
	if o, _, err := x.cashier.Pay(t.Context(), ann, o.ID, payment.Wallet); err != nil || o.State != shop.Sold {
		t.Errorf("from the wallet: %+v %v", o, err)
	}
	x.booksAreRight(t)
}
