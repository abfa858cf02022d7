package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// transfer begins to pay by bank and returns the reference.
func (x *till) transfer(t testing.TB, who member.Actor, national string) (shop.Order, string) {
	t.Helper()
	o := x.order(t, who, national)
	o, w, err := x.cashier.Pay(context.Background(), who, o.ID, payment.BankTransfer)
	if err != nil || w.Reference == "" || w.Bank.IBAN == "" {
		t.Fatalf("%+v %v", w, err)
	}
	return o, w.Reference
}

func TestATransferPaysAnOrder(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openTill(t, cfg, newClock()) // a Monday
		ann := x.person(t, "ann")
		sys := member.System()
		first, ref := x.transfer(t, ann, "7002846")
		if want := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC); !first.HeldUntil.Equal(want) || first.Method != "bank_transfer" {
			t.Errorf("held until %s, want %s", first.HeldUntil, want)
		}
		x.clock.add(time.Hour)
		again, w, err := x.cashier.Pay(ctx, ann, first.ID, payment.BankTransfer)
		if err != nil || w.Reference != ref || !again.HeldUntil.Equal(first.HeldUntil) {
			t.Errorf("a second click: %+v %v", w, err)
		}
		wrong, wrongRef := x.transfer(t, ann, "7002847")
		late, lateRef := x.transfer(t, ann, "7002848")
		if _, err := x.shop.Cancel(ctx, ann, late.ID); err != nil {
			t.Fatal(err)
		}
		x.clock.add(3 * 24 * time.Hour)
		if n, err := x.shop.ExpireHolds(ctx); n != 0 || err != nil {
			t.Errorf("%d holds expired: %v", n, err)
		}
		text := fmt.Sprintf("date,amount,currency,payer,reference,id\n2026-11-24,5.00,USD,Ann,for %s thanks,B-1\n2026-11-24,4.00,USD,Ann,%s,B-2\n2026-11-24,5.00,USD,Ann,%s,B-3\n2026-11-24,9.00,USD,Eve,hello,B-4\n2026-11-24,-1.00,USD,,fee,B-5\n2026-11-24,9.00,EUR,Eve,%s,B-6\n2026-11-24,5.00,USD,Ann,%s,B-1\n",
			payment.ShowReference(ref), wrongRef, lateRef, ref, ref)
		if _, err := x.cashier.Upload(ctx, ann, "x.csv", []byte(text)); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member brings a statement in: %v", err)
		}
		p, err := x.cashier.Upload(ctx, sys, "x.csv", []byte(text))
		if err != nil || len(p.Faults) > 0 {
			t.Fatal(err, p.Faults)
		}
		want := "pays wallet wallet unmatched skipped skipped known"
		if got := wills(p); got != want {
			t.Errorf("preview: %s, want %s", got, want)
		}
		if x.state(t, first.ID).State != shop.AwaitingPayment || x.wallet(t, ann) != money.Of("USD", 50, 0) {
			t.Error("the preview booked something")
		}
		if twice, err := x.cashier.Upload(ctx, sys, "again.csv", []byte(text)); err != nil || twice.ID != p.ID {
			t.Errorf("the same file is another statement: %v", err)
		}
		for range 2 {
			if p, err = x.cashier.Apply(ctx, sys, p.ID); err != nil || p.Applied.IsZero() {
				t.Fatal(err)
			}
		}
		if got := wills(p); got != "known known known known skipped skipped known" {
			t.Errorf("afterwards: %s", got)
		}
		if x.state(t, first.ID).State != shop.Sold || x.state(t, wrong.ID).State != shop.AwaitingPayment {
			t.Error("the orders are", x.state(t, first.ID).State, x.state(t, wrong.ID).State)
		}
		if got := x.wallet(t, ann); got != money.Of("USD", 59, 0) { // 50 + 4 + 5, and what paid the first went
			t.Errorf("the wallet holds %s", got)
		}
		if got := x.balance(t, ledger.UnmatchedAccount("USD")); got != money.Of("USD", 9, 0) {
			t.Errorf("unmatched: %s", got)
		}
		if got := x.balance(t, "clearing:bank_transfer:USD"); got != money.Of("USD", -23, 0) {
			t.Errorf("the bank has %s", got.Neg())
		}
		// The operator recognises what Eve meant.
		list, _, err := x.cashier.Payments(ctx, sys, cashier.Filter{State: payment.Unmatched, Limit: 5})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if in, err := x.cashier.Assign(ctx, sys, list[0].ID, "", wrong.ID); err != nil || in.State != payment.Kept || in.Account != ann.Account {
			t.Errorf("%+v %v", in, err)
		}
		// A refund of a transfer goes to the wallet.
		if _, err := x.shop.Refund(ctx, sys, first.ID, "please"); err != nil {
			t.Fatal(err)
		}
		if got := x.wallet(t, ann); got != money.Of("USD", 73, 0) {
			t.Errorf("the wallet holds %s", got)
		}
		x.booksAreRight(t)
	})
}

func wills(p cashier.Preview) string {
	var out []string
	for _, v := range p.Verdicts {
		out = append(out, v.Will)
	}
	return strings.Join(out, " ")
}

func TestAWrongStatementBooksNothing(t *testing.T) {
	x := openTill(t, cluster.SQLite(t), newClock())
	sys := member.System()
	for name, text := range map[string]string{
		"wrong line": "date,amount,currency,reference\n2026-11-24,5.00,USD,x\n2026-11-24,five,USD,x\n",
		"picture":    "\x89PNG\r\n\x1a\n\x00",
	} {
		p, err := x.cashier.Upload(t.Context(), sys, name, []byte(text))
		if err != nil || len(p.Faults) == 0 {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		if _, err := x.cashier.Apply(t.Context(), sys, p.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("%s: applied: %v", name, err)
		}
	}
	other := `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>GB82WEST12345698765432</IBAN></Id></Acct></Stmt></BkToCstmrStmt></Document>`
	p, err := x.cashier.Upload(t.Context(), sys, "other.xml", []byte(other))
	if err != nil || len(p.Faults) != 1 || !strings.Contains(p.Faults[0].Text, "another account") {
		t.Errorf("another account: %+v %v", p.Faults, err)
	}
	if _, err := x.cashier.Apply(t.Context(), sys, p.ID); fault.ReasonOf(err).Code != "statement" {
		t.Errorf("another account: applied: %v", err)
	}
	list, _, err := x.cashier.Payments(t.Context(), sys, cashier.Filter{Limit: 5})
	if err != nil || len(list) > 0 {
		t.Error(list, err)
	}
}

// brittle is a book before or after whose n-th transfer the power fails.
type brittle struct {
	cashier.Book
	before, after bool
}

func (b brittle) Transfer(ctx context.Context, x ledger.Transfer) error {
	if b.before {
		return errPower
	}
	if err := b.Book.Transfer(ctx, x); err != nil || !b.after {
		return err
	}
	return errPower
}

// dark is a shop the power fails at, before or after it took the money.
type dark struct {
	cashier.Shop
	after bool
}

func (d dark) Received(ctx context.Context, id string, m shop.Funds) (shop.Order, string, error) {
	if d.after {
		if _, _, err := d.Shop.Received(ctx, id, m); err != nil {
			return shop.Order{}, "", err
		}
	}
	return shop.Order{}, "", errPower
}

// TestMoneySurvivesACrashBetweenItsSteps, and is there once.
func TestMoneySurvivesACrashBetweenItsSteps(t *testing.T) {
	for name, crash := range map[string]func(x *till) *cashier.Service{
		"before it is booked":      func(x *till) *cashier.Service { return x.broken(brittle{x.book, true, false}, x.shop) },
		"after it is booked":       func(x *till) *cashier.Service { return x.broken(brittle{x.book, false, true}, x.shop) },
		"before the order has it":  func(x *till) *cashier.Service { return x.broken(x.book, dark{x.shop, false}) },
		"after the order was sold": func(x *till) *cashier.Service { return x.broken(x.book, dark{x.shop, true}) },
	} {
		t.Run(name, func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				ctx := t.Context()
				c := newClock()
				x := openTill(t, cfg, c)
				ann := x.person(t, "ann")
				o, session := x.card(t, ann, x.order(t, ann, "7002846").ID)
				if err := x.fake.Pay(session, false); err != nil {
					t.Fatal(err)
				}
				e, err := x.gateway.Message(x.fake.Events()[0].Body, x.fake.Sign(x.fake.Events()[0].Body, time.Now()))
				if err != nil {
					t.Fatal(err)
				}
				if err := crash(x).Event(ctx, e); !errors.Is(err, errPower) {
					t.Fatalf("the power did not fail: %v", err)
				}
				if err := x.db.Close(); err != nil {
					t.Fatal(err)
				}
				x = openTill(t, cfg, c) // and Stripe says nothing again
				for range 2 {
					if err := errors.Join(x.shop.Resume(ctx), x.cashier.Resume(ctx)); err != nil {
						t.Fatal(err)
					}
				}
				if o = x.state(t, o.ID); o.State != shop.Sold || o.Settling {
					t.Errorf("%+v", o)
				}
				if in := x.payment(t); in.State != payment.Used {
					t.Errorf("%+v", in)
				}
				if got := x.wallet(t, ann); got != money.Of("USD", 50, 0) {
					t.Errorf("the wallet holds %s", got)
				}
				x.booksAreRight(t)
			})
		})
	}
}

func (x *till) broken(book cashier.Book, sh cashier.Shop) *cashier.Service {
	return cashier.New(x.db.Payments(), sh, book, known{x.db}, cashier.Config{Gateway: x.gateway, Currency: "USD", Link: func(p string) string { return p }, Now: x.clock.now})
}
