package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/platform/store"
)

// here is where every caller is: carriers are paid by his clock too.
func here(numbering.Number) *time.Location {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		panic(err)
	}
	return seoul
}

// flat prices a minute of each owner by the second; of others it has none.
type flat map[string]money.Amount

func (f flat) CostOf(_ context.Context, owner, number string, answer time.Time, d time.Duration) (settlement.Price, error) {
	p, ok := f[owner]
	if !ok || strings.HasPrefix(number, "+") || answer.Location().String() != "Asia/Seoul" {
		return settlement.Price{}, nil
	}
	secs := int64(d / time.Second)
	return settlement.Price{Known: true, Amount: money.Amount{Currency: p.Currency, Micros: p.Micros * secs / 60}, House: p.Micros * secs / 60, Seconds: secs, Prefix: "49", Version: "ver_1"}, nil
}

// carried is a call that was tried at one carrier and answered at another.
func carried(i int, answer time.Time, d time.Duration) cdr.Record {
	r := answered(fmt.Sprint("call_", i), answer, d)
	r.ID = fmt.Sprintf("cdr_%04d", i)
	r.Charge, r.Payer = usd(int64(d/time.Second)*2000), fmt.Sprint("acc_", i%2)
	r.Legs = []cdr.Leg{
		{Kind: cdr.ToTrunk, Carrier: "down", Trunk: "t1", Number: "030901820", To: "+4930901820", Start: r.Start, End: r.Start, Status: 503},
		{Kind: cdr.ToTrunk, Carrier: "berlin", Trunk: "t2", Number: "030901820", To: "+4930901820", Start: r.Start, Answer: answer, End: r.End},
	}
	return r
}

// TestCarriersAreOwedWhatTheyCarried: every answered leg is one line and booked
// once, by however many at a time; what has no price waits for one.
func TestCarriersAreOwedWhatTheyCarried(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		answer := c.now().Add(-time.Hour)
		var records []cdr.Record
		for i := range 450 {
			records = append(records, carried(i, answer.Add(time.Duration(i)*time.Second), 2*time.Minute))
		}
		in := answered("call_in", answer, time.Minute)
		in.ID, in.Side, in.Carrier, in.Trunk, in.To = "cdr_in", cdr.Entry, "berlin", "t2", cdr.Party{Text: "+82 2 555 1234"}
		missed := carried(900, answer, 0)
		missed.Legs[1].Answer = time.Time{}
		records = append(records, in, missed)
		// Of the first call another center tells too, whose process died.
		swept := records[0]
		swept.ID, swept.Center, swept.Cause = "cdr_swept", "US", cdr.Lost
		swept.Legs = []cdr.Leg{{Kind: cdr.ToCenter, Center: "KR", Carrier: "berlin", Trunk: "t2", Number: "+4930901820", Start: swept.Start, Answer: answer, End: swept.End}}
		swept.Charge = usd(0)
		alone := swept // and of one only that
		alone.ID, alone.CallID = "cdr_alone", "call_alone"
		records = append(records, swept, alone)
		for range 2 { // a record that is kept again is due no more
			if err := h.db.Calls().AppendRecords(ctx, records); err != nil {
				t.Fatal(err)
			}
		}
		decks := flat{"berlin": usd(600_000)}
		s := settlement.New(h.db.Settlement(), h.db.Settlement(), h.db.Settlement(), h.book, decks, settlement.Config{Now: c.now, Zone: here})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := s.Accrue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, err := s.Accrue(ctx); n != 0 || err != nil {
			t.Errorf("again: %d %v", n, err)
		}
		owed, err := h.book.Balance(ctx, settlement.PayableAccount("berlin", "USD"))
		if err != nil || owed != usd(451*1_200_000) {
			t.Errorf("%v is owed, %v", owed, err)
		}
		month := settlement.MonthOf(answer)
		op := member.Actor{Role: member.Operator}
		totals, err := s.Totals(ctx, op, "berlin", month)
		want := []settlement.Total{
			{Carrier: "berlin", Direction: settlement.In, Calls: 1, Unpriced: 1},
			{Carrier: "berlin", Direction: settlement.Out, Currency: "USD", Calls: 451, Seconds: 451 * 120, Micros: 451 * 1_200_000, House: 451 * 1_200_000},
		}
		if err != nil || fmt.Sprint(totals) != fmt.Sprint(want) {
			t.Errorf("totals\n%v\nwant\n%v %v", totals, want, err)
		}
		decks["in:berlin"] = money.Amount{Currency: "EUR", Micros: 300_000}
		for want := 1; want >= 0; want-- {
			if n, err := s.Reprice(ctx, op, "berlin", month); n != want || err != nil {
				t.Errorf("%d got a price, %v", n, err)
			}
		}
		if owes, err := h.book.Balance(ctx, settlement.ReceivableAccount("berlin", "EUR")); err != nil || owes.Micros != -300_000 {
			t.Errorf("%v is owed to us, %v", owes, err)
		}
		var lines int
		for f := (settlement.Filter{Carrier: "berlin", Month: month, Limit: 100}); ; {
			page, err := s.Lines(ctx, op, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Items {
				if lines++; l.Posting == "" || !l.Price.Known {
					t.Errorf("not booked: %+v", l)
				}
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
		}
		if lines != 452 {
			t.Errorf("%d lines", lines)
		}
		for by, want := range map[settlement.MarginBy]string{
			settlement.ByCarrier:     "[{berlin 451 54120 108000000 541200000}]",
			settlement.ByDestination: "[{49 451 54120 108000000 541200000}]",
			settlement.ByCustomer:    "[{acc_0 225 27000 54000000 270000000} {acc_1 225 27000 54000000 270000000} { 1 120 0 1200000}]",
		} {
			if got, err := s.Margins(ctx, op, month, by); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: %v, want %s, %v", by, got, want, err)
			}
		}
		h.booksAreRight(t)
	})
}

// TestWhatWasAgreedIsAll: what is agreed for a month is owed for it, also while lines
// come in at the same moment, and whatever comes or has its price later.
func TestWhatWasAgreedIsAll(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		op := member.Actor{Role: member.Operator}
		answer := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
		decks := flat{}
		s := settlement.New(h.db.Settlement(), h.db.Settlement(), h.db.Settlement(), h.book, decks, settlement.Config{Now: c.now, Zone: here})
		call := func(i int) cdr.Record { return carried(i, answer.Add(time.Duration(i)*time.Minute), time.Minute) }
		accrue := func(list ...cdr.Record) {
			t.Helper()
			if err := h.db.Calls().AppendRecords(ctx, list); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Accrue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		accrue(call(0)) // nobody knows its price yet
		decks["berlin"] = usd(600_000)
		x, _, err := s.Import(ctx, op, settlement.Statement{Carrier: "berlin", Direction: settlement.Out, Month: "2026-11", Currency: "USD"}, "time,number,seconds,amount\n2026-11-05 12:00:00,+4930901820,60,0.60\n")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := 1; i <= 20; i++ {
			if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{call(i)}); err != nil {
				t.Fatal(err)
			}
			if i == 10 {
				wg.Go(func() {
					if _, err := s.Agree(context.Background(), op, x.ID, 7e6, ""); err != nil {
						t.Error(err)
					}
				})
			}
			if _, err := s.Accrue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		accrue(call(21))
		if n, err := s.Reprice(ctx, op, "berlin", "2026-11"); n != 1 || err != nil {
			t.Errorf("%d got a price, %v", n, err)
		}
		if owed, err := h.book.Balance(ctx, settlement.PayableAccount("berlin", "USD")); err != nil || owed != usd(7e6) {
			t.Errorf("%v is owed, %v", owed, err)
		}
		december := call(22)
		december.ID, december.CallID = "cdr_december", "call_december"
		december.Legs[1].Answer = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		december.Legs[1].End = december.Legs[1].Answer.Add(time.Minute)
		accrue(call(23), december) // the next month is open
		if owed, err := h.book.Balance(ctx, settlement.PayableAccount("berlin", "USD")); err != nil || owed != usd(7_600_000) {
			t.Errorf("%v is owed, %v", owed, err)
		}
		h.booksAreRight(t)
	})
}

func euros(cents int64) money.Amount { return money.Amount{Currency: "EUR", Micros: cents * 10_000} }

// aMonth is sixty calls that were carried, and what the carrier says of them.
func aMonth(answer time.Time) ([]cdr.Record, string) {
	var records []cdr.Record
	text := "time;number;seconds;amount\n"
	for i := range 60 {
		r := carried(i, answer.Add(time.Duration(i)*10*time.Minute), 2*time.Minute)
		r.Legs[1].To = fmt.Sprintf("+49309018%02d", i)
		records = append(records, r)
		if i < 50 { // ten are not theirs; in their zone it is nine hours later; one is dearer
			amount := "1,20"
			if i == 7 {
				amount = "1,90"
			}
			text += r.Answer.Add(9*time.Hour).Format("2006-01-02 15:04:05") + ";" + r.Legs[1].To + ";120;" + amount + "\n"
		}
	}
	text += "2026-11-09 10:00:00;4940123456;60;5,00\n" // of which we know nothing
	return records, text
}

// paysOnce orders payments of the 72.40 that berlin is owed: the same form orders
// once, ten at a time no more than there is, and one is paid and one cancelled.
func paysOnce(t *testing.T, s *settlement.Service, op member.Actor) {
	t.Helper()
	ctx := t.Context()
	if err := s.SetPayee(ctx, op, settlement.Payee{Carrier: "berlin", Name: "Berlin Telecom", IBAN: "GB82 WEST 1234 5698 7654 32"}); err != nil {
		t.Fatal(err)
	}
	form := settlement.NewPayout(time.Now())
	for range 2 {
		if p, err := s.Order(ctx, op, "berlin", euros(100), "", form); err != nil || p.ID != form {
			t.Errorf("ordered again by the same form: %+v %v", p, err)
		}
	}
	for amount, once := range map[int64]string{200: form, 100: "out_'; DROP"} {
		if _, err := s.Order(ctx, op, "berlin", euros(amount), "", once); err == nil {
			t.Errorf("%q orders %d", once, amount)
		}
	}
	if x, err := s.Cancel(ctx, op, form); err != nil || x.State != settlement.Cancelled {
		t.Errorf("%+v %v", x, err)
	}
	var ordered atomic.Int64
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			p, err := s.Order(context.Background(), op, "berlin", euros(2000), "November", "")
			if err != nil && fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
			ordered.Add(p.Amount.Micros * map[bool]int64{true: 1}[err == nil])
		})
	}
	wg.Wait()
	if ordered.Load() != euros(6000).Micros { // of 72.40
		t.Errorf("%d ordered", ordered.Load())
	}
	file, err := s.File(ctx, op)
	if err != nil || strings.Count(string(file), "<CdtTrfTxInf>") != 3 {
		t.Errorf("%s %v", file, err)
	}
	list, err := s.Payouts(ctx, op, settlement.Ordered)
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for range 2 { // booked once
		if _, err := s.Done(ctx, op, list[0].ID); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Cancel(ctx, op, list[0].ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a payment that was made is cancelled: %v", err)
	}
	if _, err := s.Cancel(ctx, op, list[1].ID); err != nil {
		t.Error(err)
	}
}

// TestAMonthIsSettled: their statement is compared, disputed, agreed and booked
// once; debts are set against each other, and what is owed is paid once, however
// many order it at a time.
func TestAMonthIsSettled(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		c := newClock()
		h := build(t, cfg, c)
		op := member.Actor{Role: member.Operator, Name: "Olga"}
		answer := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
		records, text := aMonth(answer)
		in := answered("call_in", answer, time.Minute)
		in.ID, in.Side, in.Carrier, in.To = "cdr_in", cdr.Entry, "berlin", cdr.Party{Text: "+82 2 555 1234"}
		if err := h.db.Calls().AppendRecords(ctx, append(records, in)); err != nil {
			t.Fatal(err)
		}
		bank := payment.BankAccount{IBAN: "DE89370400440532013000", Holder: "Callisto"}
		s := settlement.New(h.db.Settlement(), h.db.Settlement(), h.db.Settlement(), h.book, flat{"berlin": euros(60), "in:berlin": euros(30)}, settlement.Config{Now: c.now, Zone: here, Bank: &bank})
		if _, err := s.Accrue(ctx); err != nil {
			t.Fatal(err)
		}
		x, m, err := s.Import(ctx, op, settlement.Statement{Carrier: "berlin", Direction: settlement.Out, Month: "2026-11", Currency: "EUR"}, text)
		if err != nil || m.Shift != 9*time.Hour || x.Theirs != euros(50*120+70+500).Micros || x.Ours != euros(60*120).Micros || fmt.Sprint(m.Sums) !=
			"map[only_ours:{10 0 12000000} only_theirs:{1 5000000 0} rate:{1 1900000 1200000} same:{49 58800000 58800000}]" {
			t.Fatalf("%+v %v %v", x, m.Sums, err)
		}
		again, m2, err := s.Statement(ctx, op, x.ID)
		if err != nil || fmt.Sprint(m2.Sums) != fmt.Sprint(m.Sums) || again.ID != x.ID {
			t.Errorf("read again: %+v %v %v", again, m2.Sums, err)
		}
		wrong, _, err := s.Import(ctx, op, settlement.Statement{Carrier: "berlin", Direction: settlement.Out, Month: "2026-11", Currency: "EUR"}, text)
		if err != nil {
			t.Fatal(err)
		}
		for i, code := range []string{"", "statement_unknown"} {
			if _, err := s.Remove(ctx, op, wrong.ID, "Brought twice"); fault.ReasonOf(err).Code != code && (err != nil || code != "") {
				t.Errorf("removed %d times: %v", i+1, err)
			}
		}
		if _, err := s.Remove(ctx, member.Actor{Account: "acc_a"}, x.ID, "x"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("removed by a member: %v", err)
		}
		gone, err := s.Removed(ctx, op, "berlin", "2026-11")
		left, lerr := s.Statements(ctx, op, "", "2026-11")
		if err != nil || lerr != nil || len(gone) != 1 || gone[0].ID != wrong.ID || gone[0].Note != "Brought twice" || gone[0].By != "Olga" || gone[0].Theirs != wrong.Theirs || len(left) != 1 || left[0].ID != x.ID {
			t.Errorf("%+v %v, left %+v %v", gone, err, left, lerr)
		}
		if x, err = s.Dispute(ctx, op, x.ID, []settlement.Cause{settlement.OnlyTheirs, settlement.Rate}, "Not ours"); err != nil || x.Disputed != euros(570).Micros || x.State != settlement.Disputed {
			t.Errorf("%+v %v", x, err)
		}
		if _, err := s.Dispute(ctx, op, x.ID, []settlement.Cause{settlement.OnlyOurs}, ""); fault.ReasonOf(err).Code != "nothing_disputed" {
			t.Errorf("what they do not ask for is disputed: %v", err)
		}
		if _, err := s.Remove(ctx, op, x.ID, "x"); fault.ReasonOf(err).Code != "statement_disputed" {
			t.Errorf("removed though it is disputed: %v", err)
		}
		for range 2 {
			x, err = s.Agree(ctx, op, x.ID, euros(60*120+70).Micros, "They took it back")
		}
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("agreed twice: %v", err)
		}
		if owed, _ := h.book.Balance(ctx, settlement.PayableAccount("berlin", "EUR")); owed != euros(7270) {
			t.Errorf("%v is owed", owed)
		}
		if p, err := s.Net(ctx, op, "berlin", "EUR"); err != nil || p.Amount != euros(30) {
			t.Errorf("%+v %v", p, err)
		}
		if _, err := s.Net(ctx, op, "berlin", "EUR"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("netted twice: %v", err)
		}
		if _, err := s.Order(ctx, op, "berlin", euros(100), "", ""); fault.ReasonOf(err).Code != "payee" {
			t.Errorf("paid to nobody: %v", err)
		}
		paysOnce(t, s, op)
		got, err := s.Balances(ctx, op, "berlin")
		if want := (settlement.Balance{Currency: "EUR", Payable: euros(5240).Micros, Ordered: euros(2000).Micros}); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%+v, want %+v, %v", got, want, err)
		}
		// Dollars are ordered like euros, and stay out of the SEPA file.
		owed := settlement.PayableAccount("berlin", "USD")
		if err := h.book.Open(ctx, ledger.Account{ID: owed, Kind: ledger.Payable, Owner: "berlin", Currency: "USD", Floor: ledger.Unbounded}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.book.Post(ctx, move("dollars", ledger.PromotionAccount("USD"), owed, 5_000_000)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Order(ctx, op, "berlin", usd(5_000_000), "November", ""); err != nil {
			t.Error(err)
		}
		if file, err := s.File(ctx, op); err != nil || strings.Count(string(file), "<CdtTrfTxInf>") != 1 || strings.Contains(string(file), "USD") {
			t.Errorf("%s %v", file, err)
		}
		if _, err := s.Totals(ctx, member.Actor{Account: "acc_x"}, "berlin", "2026-11"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member sees it: %v", err)
		}
		h.booksAreRight(t)
	})
}
