package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/platform/store"
)

// flat prices a minute of each owner by the second; of others it has none.
type flat map[string]money.Amount

func (f flat) CostOf(_ context.Context, owner, number string, _ time.Time, d time.Duration) (settlement.Price, error) {
	p, ok := f[owner]
	if !ok || strings.HasPrefix(number, "+") {
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
		for range 2 { // a record that is kept again is due no more
			if err := h.db.Calls().AppendRecords(ctx, records); err != nil {
				t.Fatal(err)
			}
		}
		decks := flat{"berlin": usd(600_000)}
		s := settlement.New(h.db.Settlement(), h.book, decks, nil, c.now)
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
		if err != nil || owed != usd(450*1_200_000) {
			t.Errorf("%v is owed, %v", owed, err)
		}
		month := settlement.MonthOf(answer)
		op := member.Actor{Role: member.Operator}
		totals, err := s.Totals(ctx, op, "berlin", month)
		want := []settlement.Total{
			{Carrier: "berlin", Direction: settlement.In, Calls: 1, Unpriced: 1},
			{Carrier: "berlin", Direction: settlement.Out, Currency: "USD", Calls: 450, Seconds: 450 * 120, Micros: 450 * 1_200_000, House: 450 * 1_200_000},
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
		if lines != 451 {
			t.Errorf("%d lines", lines)
		}
		for by, want := range map[settlement.MarginBy]string{
			settlement.ByCarrier:     "[{berlin 450 54000 108000000 540000000}]",
			settlement.ByDestination: "[{49 450 54000 108000000 540000000}]",
			settlement.ByCustomer:    "[{acc_0 225 27000 54000000 270000000} {acc_1 225 27000 54000000 270000000}]",
		} {
			if got, err := s.Margins(ctx, op, month, by); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: %v, want %s, %v", by, got, want, err)
			}
		}
		h.booksAreRight(t)
	})
}
