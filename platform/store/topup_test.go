package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/platform/store"
)

func dollars(units int64) money.Amount { return money.Of("USD", units, 0) }

// sessionOf is the provider's id of what a way leads to.
func sessionOf(w *cashier.Way) string { return w.URL[strings.LastIndex(w.URL, "/")+1:] }

// carryAll gives every message to the cashier, in order, as often as is said.
func (x *till) carryAll(t *testing.T, times int) {
	t.Helper()
	for range times {
		for i := range x.fake.Events() {
			if err := x.carry(t, i); err != nil {
				t.Error(err)
			}
		}
	}
}

func (x *till) free(t *testing.T, who member.Actor) int64 {
	t.Helper()
	a, err := x.book.Available(t.Context(), ledger.WalletID(who.Account, "USD"))
	if err != nil {
		t.Fatal(err)
	}
	return a.Micros / 1e6
}

func (x *till) sound(t *testing.T) {
	t.Helper()
	if r, err := x.book.Verify(t.Context()); err != nil || !r.OK() {
		t.Errorf("the book: %+v %v", r.Faults, err)
	}
}

func TestMoneyIsAddedByCardOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		before := x.free(t, ann)
		for _, c := range []struct {
			amount money.Amount
			method payment.Method
			code   string
		}{{dollars(4), payment.Card, "top_up_amount"}, {dollars(1001), payment.Card, "top_up_amount"}, {money.Amount{Currency: "USD", Micros: 10_001_000}, payment.Card, "top_up_amount"},
			{money.Of("EUR", 10, 0), payment.Card, "top_up_amount"}, {dollars(10), payment.Wallet, "method_unknown"}, {dollars(10), "shells", "method_unknown"}} {
			if _, err := x.cashier.TopUp(ctx, ann, c.method, c.amount); fault.ReasonOf(err).Code != c.code {
				t.Errorf("%s by %s: %v", c.amount, c.method, err)
			}
		}
		w, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(25))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(25)); err != nil || again.URL != w.URL {
			t.Errorf("asked twice: %+v %v", again, err)
		}
		other, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(10))
		if err != nil || other.URL == w.URL {
			t.Fatalf("another amount: %+v %v", other, err)
		}
		if s, _ := x.fake.Session(sessionOf(w)); s.Status != "expired" {
			t.Errorf("the first one can still be paid: %s", s.Status)
		}
		if err := x.fake.Pay(sessionOf(other), false); err != nil {
			t.Fatal(err)
		}
		x.carryAll(t, 3)
		if err := x.cashier.LookTopUp(ctx, ann); err != nil {
			t.Error(err)
		}
		if got := x.free(t, ann); got != before+10 {
			t.Errorf("%d in the wallet, %d before", got, before)
		}
		office := x.office()
		for range 2 {
			if err := office.Resume(ctx); err != nil {
				t.Error(err)
			}
		}
		papers, _, err := office.Papers(ctx, ann, ann.Account, "", 10)
		if err != nil || len(papers) != 1 || papers[0].Kind != "receipt" || !strings.Contains(papers[0].Number, "-R") || papers[0].Data.Total != dollars(10) || papers[0].Data.Method != "card" {
			t.Errorf("papers: %+v %v", papers, err)
		}
		if n := x.lettersOf(t, "top_up"); n != 1 {
			t.Errorf("%d letters", n)
		}
		x.sound(t)
	})
}

func (x *till) lettersOf(t *testing.T, kind string) int {
	t.Helper()
	list, err := x.db.Letters().Unsent(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, l := range list {
		if l.Kind == kind {
			n++
		}
	}
	return n
}

func TestTwoTabsAddMoney(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		before := x.free(t, ann)
		urls := make([]string, 8)
		var wg sync.WaitGroup
		for i := range urls {
			wg.Go(func() {
				w, err := x.cashier.TopUp(context.Background(), ann, payment.Card, dollars(50))
				if err != nil {
					t.Error(err)
					return
				}
				urls[i] = w.URL
			})
		}
		wg.Wait()
		for _, u := range urls {
			if u != urls[0] {
				t.Fatalf("sessions: %v", urls)
			}
		}
		if err := x.fake.Pay(urls[0][strings.LastIndex(urls[0], "/")+1:], false); err != nil {
			t.Fatal(err)
		}
		for range 8 { // its message comes eight times at once
			wg.Go(func() {
				if err := x.carry(t, 0); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := x.free(t, ann); got != before+50 {
			t.Errorf("%d in the wallet, %d before", got, before)
		}
		x.sound(t)
	})
}

func TestATransferIntoTheWallet(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		ann, bob := x.person(t, "ann"), x.person(t, "bob")
		before := x.free(t, ann)
		if w, err := x.cashier.Standing(ctx, ann); err != nil || w != nil {
			t.Errorf("before it was asked for: %+v %v", w, err)
		}
		w, err := x.cashier.TopUp(ctx, ann, payment.BankTransfer, money.Amount{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := x.cashier.TopUp(ctx, ann, payment.BankTransfer, dollars(3))
		other, _ := x.cashier.TopUp(ctx, bob, payment.BankTransfer, dollars(3))
		if err != nil || again.Reference != w.Reference || other.Reference == w.Reference {
			t.Errorf("references: %s %s %s %v", w.Reference, again.Reference, other.Reference, err)
		}
		csv := "id,date,amount,currency,payer,iban,text\nb1,2026-11-25,7.00,USD,Ann,,thanks " + payment.ShowReference(w.Reference) + "\n" +
			"b2,2026-11-26,0.50,USD,Ann,," + w.Reference + "\n"
		p, err := x.cashier.Upload(ctx, member.System(), "x.csv", []byte(csv))
		if err != nil || len(p.Faults) > 0 || p.Counts["wallet"] != 2 {
			t.Fatalf("%+v %v", p, err)
		}
		for range 2 {
			if _, err := x.cashier.Apply(ctx, member.System(), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := x.book.Available(ctx, ledger.WalletID(ann.Account, "USD")); got.Micros != before*1e6+7_500_000 {
			t.Errorf("%s in the wallet, %d before", got, before)
		}
		x.sound(t)
	})
}

// TestAToppedUpPaymentIsContested: what its payer contests leaves the wallet as
// far as it is there, comes back if he loses, and is our loss only for the rest.
func TestAToppedUpPaymentIsContested(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock())
		for i, c := range []struct {
			name   string
			spent  int64 // of what there is, before
			status string
			left   int64 // of 100 + what was there
			loss   int64
		}{{"won", 0, "won", 100, 0}, {"lost", 0, "lost", 0, 0}, {"lost when half was spent", 50, "lost", 0, 50}, {"won when half was spent", 50, "won", 50, 0}} {
			t.Run(c.name, func(t *testing.T) {
				ann := x.person(t, fmt.Sprintf("ann%d", i))
				wallet := ledger.WalletID(ann.Account, "USD")
				spend := func(key string, n int64) {
					if n > 0 {
						if err := x.book.Transfer(ctx, ledger.Transfer{Key: key + ann.Account, Kind: "order", From: wallet, To: ledger.RevenueAccount("USD", "x"), Amount: dollars(n)}); err != nil {
							t.Fatal(err)
						}
					}
				}
				spend("empty:", x.free(t, ann))
				loss := func() int64 {
					a, err := x.book.Balance(ctx, ledger.LossAccount("USD"))
					if err != nil {
						t.Fatal(err)
					}
					return -a.Micros / 1e6
				}
				lost := loss()
				w, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(100))
				if err != nil {
					t.Fatal(err)
				}
				if err := x.fake.Pay(sessionOf(w), false); err != nil {
					t.Fatal(err)
				}
				x.carryAll(t, 1)
				spend("spent:", c.spent)
				x.fake.Dispute(sessionOf(w), "needs_response", false)
				x.carryAll(t, 2)
				if got := x.free(t, ann); got != 0 {
					t.Errorf("%d can be spent of what is contested", got)
				}
				x.fake.Dispute(sessionOf(w), c.status, true)
				x.carryAll(t, 2)
				if got := x.free(t, ann); got != c.left {
					t.Errorf("%d is left, want %d", got, c.left)
				}
				if got := loss() - lost; got != c.loss {
					t.Errorf("the loss is %d, want %d", got, c.loss)
				}
				if a, err := x.book.Balance(ctx, ledger.ClaimAccount("USD")); err != nil || a.Micros != 0 {
					t.Errorf("claims: %s %v", a, err)
				}
				x.sound(t)
			})
		}
	})
}

// TestAToppedUpPaymentIsRefundedThere: the operator gives it back on the card
// company's own pages.
func TestAToppedUpPaymentIsRefundedThere(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x := openTill(t, cfg, newClock())
		ann := x.person(t, "ann")
		before := x.free(t, ann)
		w, err := x.cashier.TopUp(t.Context(), ann, payment.Card, dollars(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := x.fake.Pay(sessionOf(w), false); err != nil {
			t.Fatal(err)
		}
		x.fake.GiveBack(sessionOf(w), 3000)
		x.fake.GiveBack(sessionOf(w), 7000)
		x.carryAll(t, 2)
		if got := x.free(t, ann); got != before {
			t.Errorf("%d in the wallet, %d before", got, before)
		}
		x.sound(t)
	})
}

// TestACheckoutForTheWalletLapses leaves nothing, and the next one is new.
func TestACheckoutForTheWalletLapses(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		x := openTill(t, cfg, c)
		ann := x.person(t, "ann")
		w, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(100))
		if err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour)
		if err := x.cashier.Resume(ctx); err != nil {
			t.Error(err)
		}
		again, err := x.cashier.TopUp(ctx, ann, payment.Card, dollars(100))
		if err != nil || again.URL == w.URL {
			t.Errorf("%+v %v", again, err)
		}
	})
}
