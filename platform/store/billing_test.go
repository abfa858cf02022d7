package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/store"
)

func (h *house) taxes() *tax.Table {
	country := func(ctx context.Context, account string) (string, error) {
		a, err := h.members.Account(ctx, member.System(), account)
		return a.Country, err
	}
	return tax.New(h.db.Taxes(), country, h.policy.Plans.Country, h.clock.now)
}

func (h *house) billing() *billing.Service {
	return billing.New(h.db.Billing(), h.book, h.office(), h.taxes(), h.wallets(), billing.Config{
		Currency: "USD", Steps: billing.UsualSteps(), Now: h.clock.now, Link: func(p string) string { return "https://tel.example" + p },
		Country: func(e164 string) string { return map[string]string{"+49": "DE", "+44": "GB", "+82": "KR"}[e164[:3]] },
		Bank: func(context.Context, string) (*paper.Bank, error) {
			return &paper.Bank{Holder: "Callisto", IBAN: "DE89370400440532013000", Reference: "RF18"}, nil
		},
	})
}

// taxed has calls to members of Korea taxed at 10 %.
func (h *house) taxed(t *testing.T) {
	t.Helper()
	if _, err := h.taxes().Add(t.Context(), member.System(), tax.Rule{Country: "KR", Kind: tax.Calls, Name: "VAT", Rate: 100_000, From: h.clock.now().AddDate(-1, 0, 0)}); err != nil {
		t.Fatal(err)
	}
}

// talks has somebody call a number for a while, at micros a minute.
func (h *house) talks(t *testing.T, who member.Actor, number string, d time.Duration, change ...func(*cdr.Record)) {
	t.Helper()
	s := charging.New(h.db.Charging(), h.book, nil, h.clock.now)
	answer := h.clock.now().Add(-d)
	id := fmt.Sprintf("call_%s_%s_%d", who.Account, number, answer.UnixNano())
	l, err := s.Reserve(t.Context(), charging.Ask{Call: id, Account: who.Account, Currency: "USD", To: number, Quote: rating.Fixed(rating.Price{Minute: 600_000, Next: 1})})
	for err == nil && l.More && l.For < d {
		l, err = s.Extend(t.Context(), l.Hold, answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := answered(id, answer, d)
	r.From.Account, r.Payer, r.To.Text, r.Decision.Kind = who.Account, who.Account, number, "pstn"
	for _, f := range change {
		f(&r)
	}
	if _, err := s.Settle(t.Context(), l.Hold, r); err != nil {
		t.Fatal(err)
	}
}

func (h *house) credit(t *testing.T, who member.Actor, limit money.Amount) {
	t.Helper()
	if err := h.wallets().SetTerms(t.Context(), member.System(), wallet.Terms{Account: who.Account, Kind: wallet.Postpaid, Credit: limit, Days: 14}); err != nil {
		t.Fatal(err)
	}
}

// pays brings money from outside into a wallet.
func (h *house) pays(t *testing.T, who member.Actor, micros int64) {
	t.Helper()
	err := h.book.Transfer(t.Context(), ledger.Transfer{Key: fmt.Sprint("pay:", who.Account, h.clock.now().UnixNano(), micros), Kind: "deposit", Ref: fmt.Sprint("inc_", h.clock.now().UnixNano()), Memo: "Paid in by bank transfer",
		From: ledger.ClearingAccount("bank_transfer", "USD"), To: ledger.WalletID(who.Account, "USD"), Amount: usd(micros)})
	if err != nil {
		t.Fatal(err)
	}
}

// papersOf are an account's of a kind, oldest first.
func (h *house) papersOf(t *testing.T, who member.Actor, k paper.Kind) (list []paper.Paper) {
	t.Helper()
	all, err := h.db.Papers().Papers(t.Context(), who.Account, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Backward(all) {
		if p.Kind == k && (p.Data.Month != "" || p.Data.Invoice != "") {
			list = append(list, p)
		}
	}
	return list
}

func (h *house) at(t time.Time) {
	h.clock.mu.Lock()
	defer h.clock.mu.Unlock()
	h.clock.t = t
}

func (h *house) turn(t *testing.T) {
	t.Helper()
	if err := h.billing().Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) has(t *testing.T, account string) int64 {
	t.Helper()
	m, err := h.book.Balance(t.Context(), account)
	if err != nil && fault.KindOf(err) != fault.Unknown {
		t.Fatal(err)
	}
	return m.Micros
}

// revenue is all that calls brought in.
func (h *house) revenue(t *testing.T) (sum int64) {
	t.Helper()
	for part := range 16 {
		sum += h.has(t, fmt.Sprintf("revenue:calls:USD:%02d", part))
	}
	return sum
}

// TestAMonthIsInvoiced: by four processes at once, once for each account; a call
// that is booked later is on the next, whatever its month; tax is taken out of the
// revenue; who had no calls gets nothing.
func TestAMonthIsInvoiced(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		h.taxed(t)
		ann, bo, cy := h.person(t, "ann"), h.person(t, "bo"), h.person(t, "cy")
		h.talks(t, ann, "+49 30 901820", 10*time.Minute)
		h.talks(t, ann, "+49 30 901821", 61*time.Second)
		h.talks(t, ann, "+44 20 7946 0000", 3*time.Minute)
		h.talks(t, ann, "2 555 1234 82", time.Minute, func(r *cdr.Record) { // somebody calls her, and she has it forwarded
			r.From.Account, r.To.Account, r.Decision.Kind = bo.Account, ann.Account, "onnet"
			r.Legs = []cdr.Leg{{Kind: cdr.ToTrunk, To: "+4930901899", Forward: true, Start: r.Start, Answer: r.Answer, End: r.End}}
		})
		h.talks(t, bo, "+44 20 7946 0001", 7*time.Second)
		before := h.revenue(t)
		h.at(time.Date(2026, 12, 1, 0, 5, 0, 0, time.UTC)) // not yet
		h.turn(t)
		if got := h.papersOf(t, ann, paper.Invoice); len(got) != 0 {
			t.Fatalf("too early: %v", got)
		}
		h.talks(t, ann, "+49 30 901820", 6*time.Minute) // it began in November and is booked in December
		h.at(time.Date(2026, 12, 1, 0, 11, 0, 0, time.UTC))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := h.billing().Turn(context.WithoutCancel(ctx)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		h.turn(t)
		got := h.papersOf(t, ann, paper.Invoice)
		if len(got) != 1 || len(h.papersOf(t, bo, paper.Invoice)) != 1 || len(h.papersOf(t, cy, paper.Invoice)) != 0 {
			t.Fatalf("%d, %d and %d invoices", len(got), len(h.papersOf(t, bo, paper.Invoice)), len(h.papersOf(t, cy, paper.Invoice)))
		}
		x := got[0].Data
		want := []paper.Line{
			{What: "calls", Kind: "pstn", Country: "DE", Calls: 2, Seconds: 661, Amount: usd(6_610_000)},
			{What: "calls", Kind: "pstn", Country: "GB", Calls: 1, Seconds: 180, Amount: usd(1_800_000)},
			{What: "calls", Kind: "forwarded", Country: "DE", Calls: 1, Seconds: 60, Amount: usd(600_000)},
		}
		if !slices.Equal(x.Lines, want) || x.Total != usd(9_010_000) || x.Tax.Amount != usd(820_000) || x.Net != usd(8_190_000) || x.Tax.Name != "VAT" || x.Method != "wallet" || x.Month != "2026-11" || x.Account != nil {
			t.Errorf("%+v", x)
		}
		if taxed := h.has(t, ledger.TaxAccount("KR", "USD")); taxed != 820_000+10_000 { // of bo's 0.07, a cent
			t.Errorf("the tax account has %d", taxed)
		}
		if after := h.revenue(t); after != before+3_600_000-830_000 {
			t.Errorf("the revenue went from %d to %d", before, after)
		}
		if n := h.lettersTo(t, ann, "calls_paid"); n != 1 {
			t.Errorf("%d letters", n)
		}
		calls, next, err := h.billing().Calls(ctx, ann, got[0].Number, 0, 3)
		if err != nil || len(calls) != 3 || next == 0 || calls[0].To != "+49 30 901820" || calls[0].Amount != usd(6_000_000) || calls[0].Lasted != 10*time.Minute {
			t.Errorf("%+v %d %v", calls, next, err)
		}
		if calls, next, err = h.billing().Calls(ctx, ann, got[0].Number, next, 3); err != nil || len(calls) != 1 || next != 0 || calls[0].To != "+4930901899" {
			t.Errorf("%+v %d %v", calls, next, err)
		}
		if _, _, err := h.billing().Calls(ctx, bo, got[0].Number, 0, 3); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		h.at(time.Date(2027, 2, 3, 0, 0, 0, 0, time.UTC)) // a month was missed
		h.turn(t)
		if got = h.papersOf(t, ann, paper.Invoice); len(got) != 2 || got[1].Data.Total != usd(3_600_000) || got[1].Data.Month != "2026-12" || got[1].Number[:7] != "2027-00" {
			t.Errorf("%+v", got)
		}
		h.booksAreRight(t)
	})
}

// TestAnInvoiceIsCredited: in parts that sum to the whole with all of its tax, each
// once, and never more.
func TestAnInvoiceIsCredited(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		h.taxed(t)
		ann, op := h.person(t, "ann"), member.Actor{Role: member.Operator, Account: "acc_op", Name: "Olga"}
		before := h.wallet(t, ann)
		h.talks(t, ann, "+49 30 901820", 1001*time.Second)
		h.at(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC))
		h.turn(t)
		b, number := h.billing(), h.papersOf(t, ann, paper.Invoice)[0].Number
		amount := func(n int64) *money.Amount { a := usd(n); return &a }
		for name, x := range map[string]struct {
			by     member.Actor
			amount *money.Amount
			reason string
			kind   fault.Kind
		}{
			"member":    {ann, amount(10_000), "x", fault.Forbidden},
			"negative":  {op, amount(-10_000), "x", fault.Invalid},
			"nothing":   {op, amount(0), "x", fault.Invalid},
			"less":      {op, amount(1), "x", fault.Invalid},
			"euros":     {op, &money.Amount{Currency: "EUR", Micros: 10_000}, "x", fault.Invalid},
			"no reason": {op, amount(10_000), " ", fault.Invalid},
			"too much":  {op, amount(10_020_000), "x", fault.Conflict},
		} {
			if _, err := b.Credit(ctx, x.by, number, x.amount, x.reason, ""); fault.KindOf(err) != x.kind {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.Credit(ctx, op, "2026-999999", nil, "x", ""); fault.KindOf(err) != fault.Unknown {
			t.Errorf("an invoice there is not: %v", err)
		}
		once := billing.NewCredit(h.clock.now())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := b.Credit(context.WithoutCancel(ctx), op, number, amount(3_330_000), "Bad sound", once); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, err := b.Credit(ctx, op, number, amount(10_000), "x", once); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another by the same form: %v", err)
		}
		c, err := b.Credit(ctx, op, number, nil, "All of it", "")
		if err != nil || c.Micros != 6_680_000 || c.Tax != 610_000 {
			t.Errorf("%+v %v", c, err)
		}
		if _, err := b.Credit(ctx, op, number, nil, "More", ""); fault.ReasonOf(err).Code != "nothing_left" {
			t.Errorf("more than all: %v", err)
		}
		notes := h.papersOf(t, ann, paper.CreditNote)
		if len(notes) != 2 || notes[0].Number != "2026-C000001" || notes[0].Data.Total != usd(3_330_000) || notes[0].Data.Tax.Amount != usd(300_000) || notes[0].Data.Invoice != number || notes[0].Data.Reason != "Bad sound" {
			t.Errorf("%+v", notes)
		}
		if got := h.wallet(t, ann); got != before || h.revenue(t) != 0 || h.has(t, ledger.TaxAccount("KR", "USD")) != 0 {
			t.Errorf("the wallet has %s, the revenue %d, the tax %d", got, h.revenue(t), h.has(t, ledger.TaxAccount("KR", "USD")))
		}
		if n := h.lettersTo(t, ann, "calls_credit"); n != 2 {
			t.Errorf("%d letters", n)
		}
		h.booksAreRight(t)
	})
}

// TestWhoOwesIsReminded: on credit, with a number bought; the steps come once each,
// over two processes; a pause keeps them; who pays may call again at once.
func TestWhoOwesIsReminded(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, op := h.person(t, "ann"), member.Actor{Role: member.Operator, Account: "acc_op", Name: "Olga"}
		h.credit(t, ann, money.Of("USD", 100, 0))
		o := h.buy(t, ann, kr("7002846"))
		if err := h.office().Resume(ctx); err != nil {
			t.Fatal(err)
		}
		h.talks(t, ann, "+49 30 901820", 100*time.Minute+time.Second) // 60.01, of 50 that were there
		h.at(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC))
		h.turn(t)
		bill := h.papersOf(t, ann, paper.Invoice)[0]
		a := bill.Data.Account
		if a == nil || a.Payments != usd(50_000_000) || a.Calls != usd(-60_010_000) || a.After != usd(-15_010_000) || a.Asked != usd(15_010_000) || len(a.Fees) != 1 || a.Fees[0].Amount != usd(-5_000_000) ||
			a.Fees[0].Invoice != "2026-000001" || a.Bank == nil || a.Due.Format(time.DateOnly) != "2026-12-15" || !bill.Data.Paid.IsZero() {
			t.Fatalf("%+v of order %s", a, o.ID)
		}
		letters := func(kinds ...string) (got []int) {
			for _, k := range append([]string{"calls_invoice"}, kinds...) {
				got = append(got, h.lettersTo(t, ann, k))
			}
			return got
		}
		all := []string{"bill_reminder", "bill_last_reminder", "bill_suspended", "bill_resumed"}
		expect := func(day string, want ...int) {
			t.Helper()
			now, _ := time.Parse(time.DateOnly, day)
			h.at(now.Add(time.Hour))
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					if err := h.billing().Turn(context.WithoutCancel(ctx)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			h.turn(t)
			if got := letters(all...); !slices.Equal(got, want) {
				t.Errorf("%s: letters %v, want %v", day, got, want)
			}
		}
		expect("2026-12-18", 1, 0, 0, 0, 0)
		if err := h.billing().Pause(ctx, op, ann.Account, time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC), "She called"); err != nil {
			t.Fatal(err)
		}
		expect("2026-12-19", 1, 0, 0, 0, 0)
		expect("2026-12-20", 1, 1, 0, 0, 0)
		h.pays(t, ann, 5_000_000)
		expect("2026-12-26", 1, 1, 0, 0, 0) // the last comes no sooner after the first than without the pause
		expect("2026-12-27", 1, 1, 1, 0, 0)
		expect("2027-01-03", 1, 1, 1, 1, 0)
		terms, err := h.wallets().TermsOf(ctx, ann.Account)
		if err != nil || terms.Suspended == "" {
			t.Errorf("she may call: %+v %v", terms, err)
		}
		claims, err := h.billing().Claims(ctx, op, "")
		if err != nil || len(claims) != 1 || claims[0].Left != 10_010_000 || claims[0].At(h.clock.now()) != billing.Overdue {
			t.Errorf("%+v %v", claims, err)
		}
		if _, err := h.billing().Claims(ctx, ann, ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member sees all: %v", err)
		}
		h.pays(t, ann, 10_010_000)
		if err := h.billing().Settle(ctx); err != nil {
			t.Fatal(err)
		}
		if terms, err = h.wallets().TermsOf(ctx, ann.Account); err != nil || terms.Suspended != "" {
			t.Errorf("she may not call: %+v %v", terms, err)
		}
		if b, err := h.billing().Bill(ctx, ann, bill.Number); err != nil || b.State != billing.Paid {
			t.Errorf("%+v %v", b, err)
		}
		expect("2027-02-20", 1, 1, 1, 1, 1)
		h.booksAreRight(t)
	})
}

// TestWhatNobodyPays: a statement asks for a fee without calls, the next for both;
// written off, both are a loss, once; somebody suspended by the operator stays so.
func TestWhatNobodyPays(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, op := h.person(t, "ann"), member.Actor{Role: member.Operator, Account: "acc_op", Name: "Olga"}
		h.credit(t, ann, money.Of("USD", 100, 0))
		h.moves(t, ann, 62_500_001) // a fee: 12.500001 on credit
		h.at(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC))
		h.turn(t)
		list := h.papersOf(t, ann, paper.Statement)
		if len(list) != 1 || list[0].Number != "2026-S000001" || list[0].Data.Account.Asked != usd(12_510_000) || h.lettersTo(t, ann, "calls_statement") != 1 {
			t.Fatalf("%+v", list)
		}
		h.talks(t, ann, "+49 30 901820", time.Minute)
		if err := h.wallets().Suspend(ctx, op, ann.Account, "A word with you, please"); err != nil {
			t.Fatal(err)
		}
		for day := time.Date(2026, 12, 16, 0, 0, 0, 0, time.UTC); day.Month() != time.February || day.Day() < 15; day = day.AddDate(0, 0, 1) {
			h.at(day)
			h.turn(t)
		}
		terms, err := h.wallets().TermsOf(ctx, ann.Account)
		if err != nil || terms.Suspended != "A word with you, please" {
			t.Errorf("%+v %v", terms, err)
		}
		claims, err := h.billing().Claims(ctx, op, "")
		if err != nil || len(claims) != 2 || claims[0].Own != 12_510_000 || claims[1].Left != 13_100_001 || claims[1].Own != 590_001 {
			t.Errorf("%+v %v", claims, err)
		}
		last := claims[1].Number
		if _, err := h.billing().WriteOff(ctx, ann, last, "x"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member: %v", err)
		}
		if _, err := h.billing().WriteOff(ctx, op, last, ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("silently: %v", err)
		}
		for range 2 {
			if b, err := h.billing().WriteOff(ctx, op, last, "Bankrupt"); err != nil || b.State != billing.WrittenOff {
				t.Errorf("%+v %v", b, err)
			}
		}
		if loss, left := h.has(t, billing.BadDebtAccount("USD")), h.wallet(t, ann); loss != -13_100_001 || left.Micros != 0 {
			t.Errorf("a loss of %d, and %s", loss, left)
		}
		if claims, err = h.billing().Claims(ctx, op, ""); err != nil || len(claims) != 0 {
			t.Errorf("%+v %v", claims, err)
		}
		h.booksAreRight(t)
	})
}

// TestTheBookIsExported: what a month with an invoice, a fee and a credit note
// booked, with the numbers of their documents, and nothing of other months.
func TestTheBookIsExported(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		h.taxed(t)
		ann := h.person(t, "ann")
		h.buy(t, ann, kr("7002846"))
		if err := h.office().Resume(ctx); err != nil {
			t.Fatal(err)
		}
		for i := range 520 { // more than are read at a time
			h.moves(t, ann, int64(-10_000-i))
		}
		h.talks(t, ann, "+49 30 901820", time.Minute)
		h.at(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC))
		h.turn(t)
		invoice := h.papersOf(t, ann, paper.Invoice)[0].Number
		if _, err := h.billing().Credit(ctx, member.System(), invoice, nil, "All of it", ""); err != nil {
			t.Fatal(err)
		}
		read := func(from, to time.Time) (n int, documents map[string]string) {
			documents = map[string]string{}
			last := ""
			err := h.db.Accounting().Each(ctx, from, to, func(p accounting.Posting) error {
				sum := int64(0)
				for _, e := range p.Entries {
					sum += e.Amount.Micros
				}
				if sum != 0 || len(p.Entries) < 2 || p.ID <= last || p.At.Before(from) || !p.At.Before(to) {
					t.Errorf("%+v after %s", p, last)
				}
				last = p.ID
				if n++; p.Document != "" {
					documents[p.Kind] = p.Document
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n, documents
		}
		december := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		if n, d := read(december.AddDate(0, -1, 0), december); n != 1+1+520+1 || d["order"] != "2026-000001" || d["call"] != "" { // and the gift
			t.Errorf("November: %d %v", n, d)
		}
		if n, d := read(december, december.AddDate(0, 1, 0)); n != 2 || d["tax"] != invoice || d["credit"] != "2026-C000001" {
			t.Errorf("December: %d %v", n, d)
		}
	})
}

// TestAPackageHasAnInvoice, once for each period, with its tax; a statement on
// credit names it.
func TestAPackageHasAnInvoice(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		h.credit(t, ann, money.Of("USD", 100, 0))
		h.moves(t, ann, 50_000_000)
		b := bundle.New(h.db.Packages(), h.book, bundle.Config{Currency: "USD", Link: func(p string) string { return p }, Now: h.clock.now,
			Tax: func(_ context.Context, _ string, net money.Amount) (shop.Tax, error) {
				return shop.Tax{Name: "VAT", Rate: 100_000, Country: "KR", Micros: net.Micros / 10}, nil
			}})
		pack := h.pack(t, b, 600, true, "49")
		a, err := b.Buy(ctx, ann, pack.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				office := h.office()
				office.Invoices(h.db.Packages())
				if err := office.Resume(context.WithoutCancel(ctx)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := h.db.Papers().Papers(ctx, ann.Account, "", 10)
		if err != nil || len(list) != 1 || list[0].Data.Package != a.Name || list[0].Data.Total != a.Price() || list[0].Data.Net != a.Net || list[0].Data.Tax.Name != "VAT" || list[0].Order != a.ID {
			t.Fatalf("%+v %v", list, err)
		}
		if n := h.lettersTo(t, ann, "rent_receipt") + h.lettersTo(t, ann, "receipt_credit"); n != 1 {
			t.Errorf("%d letters", n)
		}
		h.at(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC))
		h.turn(t)
		x := h.papersOf(t, ann, paper.Statement)
		if len(x) != 1 || len(x[0].Data.Account.Fees) != 2 || x[0].Data.Account.Fees[1].Invoice != list[0].Number {
			t.Errorf("%+v", x)
		}
		h.booksAreRight(t)
	})
}
