package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestMissedCallsWaitToBeLookedAt: each call once, however many centers wrote of it,
// for its number, for 14 days, and until its holder has looked.
func TestMissedCallsWaitToBeLookedAt(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, &clock{t: time.Now().UTC()})
		seen := 0
		s := bell.New(bell.Config{Looks: h.db.Bell(), Now: h.clock.now, Seen: func(account string) {
			if account == "acc_ann" {
				seen++
			}
		}})
		t.Cleanup(s.Close)
		ann := member.Actor{Account: "acc_ann"}
		one := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7002846"}
		other := one
		other.National = "7002847"
		n := 0
		misses := func(number numbering.Number, change func(*cdr.Record)) time.Time {
			t.Helper()
			n++
			r := cdr.Record{ID: fmt.Sprint("cdr_", n), CallID: fmt.Sprint("call_", n), Side: cdr.Origin, Center: "KR", From: cdr.Party{Text: "+82 2 555 0000"},
				To: cdr.Party{Account: "acc_ann", Number: number}, Start: h.clock.now(), End: h.clock.now().Add(20 * time.Second), Cause: cdr.NoAnswer}
			change(&r)
			again := r // the other center's
			again.ID, again.Side = r.ID+"b", cdr.Home
			if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{r, again}); err != nil {
				t.Fatal(err)
			}
			h.clock.add(time.Minute)
			return r.End
		}
		wait := func(want int, number numbering.Number) {
			t.Helper()
			if got, err := s.Waiting(ctx, "acc_ann", number); err != nil || got != want {
				t.Errorf("%d wait at %v, want %d: %v", got, number, want, err)
			}
		}
		as := func(*cdr.Record) {}
		wait(0, one)
		if err := s.Looked(ctx, ann, time.Time{}); err != nil || seen != 0 {
			t.Errorf("nothing was there to look at, and %d lamps went out: %v", seen, err)
		}
		first := misses(one, as)
		for _, c := range cdr.MissedCauses() {
			misses(one, func(r *cdr.Record) { r.Cause = c })
		}
		misses(other, as)
		misses(one, func(r *cdr.Record) { r.Cause = cdr.Declined })
		misses(one, func(r *cdr.Record) { r.Answer = r.Start })
		misses(one, func(r *cdr.Record) { r.From.Account = "acc_ann" })
		misses(one, func(r *cdr.Record) { r.To.Account = "acc_bob" })
		wait(6, one)
		wait(1, other)
		if all, err := s.AllWaiting(ctx, ann); err != nil || all != 7 {
			t.Errorf("of all numbers %d wait: %v", all, err)
		}
		if err := s.Looked(ctx, ann, first); err != nil || seen != 1 {
			t.Errorf("looked, and %d were told: %v", seen, err)
		}
		wait(5, one)
		wait(1, other)
		if err := s.Looked(ctx, ann, first.Add(-time.Hour)); err != nil { // an old page, loaded late
			t.Error(err)
		}
		wait(5, one)
		if err := s.Looked(ctx, ann, time.Time{}); err != nil {
			t.Error(err)
		}
		wait(0, one)
		wait(0, other)
		misses(one, as)
		wait(1, one)
		misses(other, as)
		mine := cdr.Party{Number: numbering.Number{Kind: numbering.Individual, CallingCode: "1", National: "7550142"}}
		misses(one, func(r *cdr.Record) { r.From, r.Withheld = mine, true })
		last := misses(one, func(r *cdr.Record) { r.From = mine })
		list, err := s.Unseen(ctx, "acc_ann", one)
		if err != nil || len(list) != 3 || list[0].Caller != mine.Number.Display() || list[1].Caller != "" || list[2].Caller != "+82 2 555 0000" || !list[0].End.Equal(last.Truncate(time.Microsecond)) {
			t.Errorf("unseen are %+v: %v", list, err)
		}
		before := seen
		if err := s.Heard(ctx, "acc_ann", one, list[1].End); err != nil || seen != before+1 {
			t.Errorf("heard, and %d were told: %v", seen-before, err)
		}
		if err := s.Heard(ctx, "acc_ann", one, list[2].End); err != nil { // a telephone that was slow
			t.Error(err)
		}
		wait(1, one)
		wait(1, other)
		if all, err := s.AllWaiting(ctx, ann); err != nil || all != 2 {
			t.Errorf("of all numbers %d wait: %v", all, err)
		}
		h.clock.add(14 * 24 * time.Hour)
		wait(0, one)
		for range 120 {
			misses(one, as)
		}
		wait(99, one)
	})
}
