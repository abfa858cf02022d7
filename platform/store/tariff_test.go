package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
	"github.com/callisto-tel/callisto/platform/store"
)

// routes notes what routing is told.
type routes struct{ now *tariff.Decks }

func (r *routes) SetDecks(d *tariff.Decks) { r.now = d }

// minute is what a minute to a number costs an account at an instant; -1: nothing.
func (r *routes) minute(at time.Time, account, e164 string) int64 {
	var q rating.Quote
	if _, _, ok := r.now.Price(&q, at, account, e164); !ok {
		return -1
	}
	p, _ := q.Now(at)
	return p.Minute
}

func (h *house) tariffs(t *testing.T) (*tariff.Service, *routes) {
	t.Helper()
	r := &routes{}
	s := tariff.New(h.db.Tariffs(), h.db.Tariffs(), tariff.Config{
		Currency: "USD", Routes: r, Now: h.clock.now,
		Carrier: func(id string) (string, bool) { return "Seoul Tel", id == "car_1" },
	})
	if err := s.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s, r
}

func take(t *testing.T, s *tariff.Service, owner, csv string, from time.Time, f tariff.Form) []tariff.Version {
	t.Helper()
	d, err := s.Propose(t.Context(), member.System(), owner, csv, f)
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	v, err := s.Take(t.Context(), member.System(), owner, d.ID, from, "a note")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAListBeginsByItself at its second, in this process and in another; taken
// back, the one before is in force again, and history stays as it was.
func TestAListBeginsByItself(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, clock := t.Context(), newClock()
		h := build(t, cfg, clock)
		s, r := h.tariffs(t)
		other, elsewhere := h.tariffs(t)
		first := take(t, s, tariff.Members, "prefix,price\n49,0.10", time.Time{}, tariff.Form{})
		start := clock.now()
		later := start.Add(90 * time.Second)
		take(t, s, tariff.Members, "prefix,price\n49,0.20\n33,0.05", later, tariff.Form{})
		if err := other.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			at   time.Time
			want int64
		}{{start, 100_000}, {later.Add(-time.Microsecond), 100_000}, {later, 200_000}, {later.Add(time.Hour), 200_000}} {
			if a, b := r.minute(x.at, "", "4930901820"), elsewhere.minute(x.at, "", "4930901820"); a != x.want || b != x.want {
				t.Errorf("at %s: %d here, %d elsewhere, want %d", x.at.Sub(start), a, b, x.want)
			}
		}
		clock.add(2 * time.Minute)
		if s, r = h.tariffs(t); r.minute(clock.now(), "", "49309") != 200_000 || r.minute(clock.now(), "", "331") != 50_000 {
			t.Error("after a restart the second list is not in force")
		}
		back, err := s.Withdraw(ctx, member.System(), tariff.Members, "")
		if err != nil || back.Rows != 2 || r.minute(clock.now(), "", "49309") != 100_000 || r.minute(clock.now(), "", "331") != -1 {
			t.Errorf("withdrawn %+v %v: %d", back, err, r.minute(clock.now(), "", "49309"))
		}
		if err := other.Refresh(ctx); err != nil || elsewhere.minute(clock.now(), "", "49309") != 100_000 {
			t.Errorf("elsewhere it stays: %v", err)
		}
		if _, err := s.Withdraw(ctx, member.System(), tariff.Members, back.ID); fault.KindOf(err) != fault.Conflict {
			t.Errorf("withdrawn twice: %v", err)
		}
		x, err := s.Explain(ctx, member.System(), tariff.Question{To: "4930901820", Answer: later.Add(time.Second), For: time.Minute})
		if err != nil || x.Amount.Micros != 200_000 {
			t.Errorf("what was in force then: %+v %v", x, err)
		}
		list, err := s.Versions(ctx, member.System(), tariff.Members)
		if err != nil || len(list) != 2 || list[0].State != tariff.Withdrawn || list[1].State != tariff.InForce || list[1].ID != first[0].ID || list[0].Note != "a note" {
			t.Errorf("%+v %v", list, err)
		}
		soon := take(t, s, tariff.Members, "prefix,price\n49,0.30", clock.now().Add(time.Hour), tariff.Form{})
		if _, err := s.Withdraw(ctx, member.System(), tariff.Members, soon[0].ID); err != nil || r.minute(clock.now().Add(2*time.Hour), "", "49") != 100_000 {
			t.Errorf("one to come is not taken back: %v", err)
		}
		if _, err := s.Take(ctx, member.System(), tariff.Members, "drf_none", time.Time{}, ""); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a draft that is not there: %v", err)
		}
		if _, err := s.Propose(ctx, h.person(t, "minji"), tariff.Members, "49,0.1", tariff.Form{}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member sets prices: %v", err)
		}
	})
}

// TestLinesWithDays: each day is a list of its own, and until it comes the price
// of before counts.
func TestLinesWithDays(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		clock := newClock()
		h := build(t, cfg, clock)
		s, r := h.tariffs(t)
		take(t, s, tariff.Members, "49,0.10\n33,0.30\n44,0.40", time.Time{}, tariff.Form{})
		day := clock.now().Add(48 * time.Hour).UTC().Truncate(24 * time.Hour)
		list := take(t, s, tariff.Members, "code,rate,effective date\n49,0.15,"+day.Format(time.DateOnly)+"\n33,0.25,\n81,0.5,"+day.Add(24*time.Hour).Format(time.DateOnly), time.Time{}, tariff.Form{})
		if len(list) != 3 {
			t.Fatalf("%d lists", len(list))
		}
		for _, x := range []struct {
			at   time.Time
			want [4]int64
		}{
			{clock.now(), [4]int64{100_000, 250_000, -1, -1}}, {day.Add(-1), [4]int64{100_000, 250_000, -1, -1}},
			{day, [4]int64{150_000, 250_000, -1, -1}}, {day.Add(24 * time.Hour), [4]int64{150_000, 250_000, -1, 500_000}},
		} {
			for i, number := range []string{"4930", "331", "441", "813"} {
				if got := r.minute(x.at, "", number); got != x.want[i] {
					t.Errorf("+%s at %s: %d, want %d", number, x.at, got, x.want[i])
				}
			}
		}
	})
}

// TestPlansAndCurrencies: who has a plan pays by it, and by that of all where it
// has nothing; a carrier's list may be in a currency that has a rate.
func TestPlansAndCurrencies(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, clock := t.Context(), newClock()
		h := build(t, cfg, clock)
		s, r := h.tariffs(t)
		by := member.System()
		minji := h.person(t, "minji").Account
		take(t, s, tariff.Members, "49,0.10\n33,0.30", time.Time{}, tariff.Form{})
		plan, err := s.AddPlan(ctx, by, "Gold")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddPlan(ctx, by, "gold"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("two plans of a name: %v", err)
		}
		take(t, s, plan.ID, "49,0.05", time.Time{}, tariff.Form{})
		if err := s.Give(ctx, by, minji, "pln_none"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a plan that is not there: %v", err)
		}
		if err := s.Give(ctx, by, minji, plan.ID); err != nil {
			t.Fatal(err)
		}
		given := clock.now()
		if a, b, c := r.minute(given, minji, "4930"), r.minute(given, minji, "331"), r.minute(given, "acc_other", "4930"); a != 50_000 || b != 300_000 || c != 100_000 {
			t.Errorf("%d %d %d", a, b, c)
		}
		clock.add(time.Minute)
		if err := s.Give(ctx, by, minji, tariff.Members); err != nil || r.minute(clock.now(), minji, "4930") != 100_000 {
			t.Errorf("back to that of all: %v", err)
		}
		if x, err := s.Explain(ctx, by, tariff.Question{To: "4930", Account: minji, Answer: given, For: time.Minute}); err != nil || x.Name != "Gold" || x.Amount.Micros != 50_000 {
			t.Errorf("what it was then: %+v %v", x, err)
		}

		eur := tariff.Form{Currency: "EUR"}
		if _, err := s.Propose(ctx, by, "car_1", "49,0.01", eur); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "no exchange rate for EUR") {
			t.Errorf("a list without a rate: %v", err)
		}
		rates, err := tariff.ReadExchange("currency;rate;from\neur;1,25\nKRW;0,00067;2099-01-31")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetExchange(ctx, by, rates); err != nil {
			t.Fatal(err)
		}
		take(t, s, "car_1", "49,€0.01", time.Time{}, eur)
		clock.add(time.Hour)
		if err := s.SetExchange(ctx, by, []tariff.Exchanged{{Currency: "EUR", Rate: money.One}}); err != nil {
			t.Fatal(err)
		}
		_, r = h.tariffs(t) // after a restart
		before, bok := r.now.In(clock.now().Add(-time.Minute), "EUR", 30_001)
		after, aok := r.now.In(clock.now(), "EUR", 30_001)
		if before != 37_501 || after != 30_001 || !bok || !aok {
			t.Errorf("0.030001 EUR is %d, then %d", before, after)
		}
		if _, ok := r.now.In(clock.now(), "KRW", 1); ok {
			t.Error("a rate counts before its day")
		}
		// Of the past: before the first rate it counts from its day, where one held from now.
		first := clock.now().AddDate(0, -2, 0)
		if err := s.SetExchange(ctx, by, []tariff.Exchanged{{Currency: "JPY", Rate: money.One / 100, From: first}, {Currency: "EUR", Rate: 2 * money.One, From: clock.now().Add(-time.Minute)}}); err != nil {
			t.Fatal(err)
		}
		_, r = h.tariffs(t)
		then, ok := r.now.In(first.Add(time.Hour), "JPY", 100)
		was, _ := r.now.In(clock.now().Add(-time.Second), "EUR", 30_001)
		if is, _ := r.now.In(clock.now(), "EUR", 30_001); !ok || then != 1 || was != 37_501 || is != 60_002 {
			t.Errorf("a rate of the past: %d %v; where one held %d, then %d", then, ok, was, is)
		}
		if _, err := s.Propose(ctx, by, tariff.Members, "49,0.01", eur); fault.KindOf(err) != fault.Invalid {
			t.Errorf("members pay in euros: %v", err)
		}
	})
}

// TestOldListsAreTakenOver once, as they were.
func TestOldListsAreTakenOver(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		s, r := h.tariffs(t)
		old := legacy{"members": {{Prefix: "", Price: rating.Price{Minute: 600_000, Next: 1}}}}
		for range 2 {
			if err := s.Adopt(ctx, old); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Adopt(ctx, h.db.Tariffs()); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Versions(ctx, member.System(), tariff.Members); err != nil || len(list) != 1 || r.minute(h.clock.now(), "", "1") != 600_000 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

type legacy map[string][]rating.Row

func (l legacy) OldRates(context.Context) (map[string][]rating.Row, error) { return l, nil }
func (l legacy) ForgetOldRates(_ context.Context, owner string) error {
	if l[owner] == nil {
		return errors.New("nothing to forget")
	}
	return nil
}

// BenchmarkAMillionLines takes in the largest list there may be, on SQLite: read,
// kept as a draft, compared with as large a list, put in force.
func BenchmarkAMillionLines(b *testing.B) {
	db, err := store.Open(b.Context(), store.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := tariff.New(db.Tariffs(), db.Tariffs(), tariff.Config{Currency: "USD", Now: time.Now, Carrier: func(string) (string, bool) { return "", true }})
	var text strings.Builder
	for i := range tariff.MostRows {
		fmt.Fprintf(&text, "%d,Destination %d,0.%04d,60/%d\n", 8200000+i*3, i%5000, i*7919%10000, 1+i%60)
	}
	csv := "code,destination,rate,increment\n" + text.String()
	for b.Loop() {
		d, err := s.Propose(b.Context(), member.System(), "car", csv, tariff.Form{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Compare(b.Context(), member.System(), "car", d.ID); err != nil {
			b.Fatal(err)
		}
		if v, err := s.Take(b.Context(), member.System(), "car", d.ID, time.Time{}, ""); err != nil || v[0].Rows != tariff.MostRows {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(d.Body))/1e6, "MB")
	}
}
