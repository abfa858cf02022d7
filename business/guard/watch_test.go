package guard

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// crowd makes the calls of ordinary people: each with friends whom he calls again
// and again, some abroad, by day; companies that call many customers in office
// hours; a hotline that everybody calls; strangers who call in, of whom some give
// up after a moment.
type crowd struct {
	r     *rand.Rand
	now   time.Time
	calls int
}

const people = 2000

func newCrowd(seed uint64) *crowd {
	return &crowd{r: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)}
}

func (c *crowd) next() Ended {
	c.calls++
	c.now = c.now.Add(time.Duration(c.r.ExpFloat64() * float64(12*time.Second)))
	if h := c.now.Hour(); h < 7 || h > 22 {
		c.now = c.now.Add(time.Duration(c.r.IntN(20)) * time.Second)
	}
	who := c.r.IntN(people)
	e := Ended{ID: fmt.Sprint("call_", c.calls), At: c.now, From: fmt.Sprint("acc_", who)}
	talk := func(mean time.Duration) {
		if c.r.IntN(4) > 0 {
			e.Talked = time.Second + time.Duration(c.r.ExpFloat64()*float64(mean))
		} else {
			e.Rang = time.Duration(c.r.IntN(30)) * time.Second
		}
	}
	price := int64(20_000)
	switch kind := c.r.IntN(100); {
	case kind < 40: // a friend
		friend := c.r.IntN(15)
		e.Called, e.Mobile = fmt.Sprintf("8210%04d%04d", who, friend), true
		talk(2 * time.Minute)
	case kind < 50: // one abroad, dearly
		e.Called, price = fmt.Sprintf("4930%04d%03d", who, c.r.IntN(3)), 250_000
		talk(6 * time.Minute)
	case kind < 55: // the hotline
		e.Called = "8215880000"
		talk(8 * time.Minute)
	case kind < 65 && c.now.Hour() >= 9 && c.now.Hour() < 18: // a company and its customers
		e.From, e.Called, e.Mobile = fmt.Sprint("company_", c.r.IntN(5)), fmt.Sprintf("8210%08d", c.r.IntN(100_000_000)), true
		talk(40 * time.Second)
	default: // somebody calls in
		e.To, e.From = e.From, ""
		e.Caller = fmt.Sprintf("82%d%07d", 2+c.r.IntN(4), c.r.IntN(10_000_000))
		if c.r.IntN(10) == 0 {
			e.Rang = time.Duration(c.r.IntN(5)) * time.Second
		} else {
			talk(time.Minute)
		}
	}
	if e.From != "" {
		e.Payer, e.Micros = e.From, price*int64(e.Talked/time.Second)/60
	}
	return e
}

// days is what accounts spent before today, as the store keeps it.
type days map[string]map[int64]int64

func (d days) usual(account string, day int64) func() int64 {
	return func() (most int64) {
		for k, n := range d[account] {
			if k < day && k >= day-30 {
				most = max(most, n)
			}
		}
		return most
	}
}

func (d days) see(w *Watch, c *Ended) []Alert {
	day := Day(c.At.Add(c.Talked))
	out := append(w.See(c), w.Spends(c, day, d.usual(c.Payer, day))...)
	if c.Micros > 0 {
		if d[c.Payer] == nil {
			d[c.Payer] = map[int64]int64{}
		}
		d[c.Payer][day] += c.Micros
	}
	return out
}

// TestOrdinaryCallsRaiseNoAlert: 100,000 of them, with each of several seeds.
func TestOrdinaryCallsRaiseNoAlert(t *testing.T) {
	for seed := range uint64(4) {
		w, c, d := NewWatch(DefaultThresholds(1_000_000)), newCrowd(seed), days{}
		for range 100_000 {
			e := c.next()
			for _, a := range d.see(w, &e) {
				t.Errorf("seed %d, call %d: %+v", seed, c.calls, a)
			}
		}
	}
}

// TestAttacksRaiseAlerts, each within so many of its calls, among ordinary ones.
func TestAttacksRaiseAlerts(t *testing.T) {
	for _, x := range []struct {
		kind    AlertKind
		subject string
		within  int // calls of the attack
		every   int // of the ordinary calls, one of the attack follows
		call    func(r *rand.Rand, n int, e *Ended)
	}{
		{Wangiri, "+2245550", 30, 20, func(r *rand.Rand, _ int, e *Ended) {
			e.To, e.Caller, e.Rang = fmt.Sprint("acc_", r.IntN(people)), fmt.Sprintf("2245550%03d", r.IntN(1000)), time.Second
		}},
		{SIMBox, "acc_box", 500, 10, func(r *rand.Rand, _ int, e *Ended) {
			e.From, e.Payer = "acc_box", "acc_box"
			e.Called, e.Mobile, e.Talked = fmt.Sprintf("8210%08d", r.IntN(100_000_000)), true, time.Duration(20+r.IntN(60))*time.Second
		}},
		{Pumping, "+8821312", 60, 8, func(r *rand.Rand, n int, e *Ended) {
			e.From = fmt.Sprint("acc_", n%6)
			e.Payer, e.Called, e.Talked = e.From, fmt.Sprintf("8821312%03d", r.IntN(20)), time.Duration(5+r.IntN(20))*time.Minute
			e.Micros = 2_000_000 * int64(e.Talked/time.Minute) / 10
		}},
		{Spike, "acc_7", 20, 3, func(r *rand.Rand, _ int, e *Ended) {
			e.From, e.Payer, e.Called, e.Talked, e.Micros = "acc_7", "acc_7", fmt.Sprintf("2526%07d", r.IntN(10_000_000)), 5*time.Minute, 4_000_000
		}},
	} {
		for seed := range uint64(5) {
			w, c, d := NewWatch(DefaultThresholds(1_000_000)), newCrowd(seed), days{}
			for range 50_000 {
				e := c.next()
				d.see(w, &e)
			}
			found, n := false, 0
			for ; !found && n < 3000; n++ {
				for range x.every {
					e := c.next()
					d.see(w, &e)
				}
				e := Ended{ID: fmt.Sprint("attack_", n), At: c.now}
				x.call(c.r, n, &e)
				for _, a := range d.see(w, &e) {
					if a.Kind == x.kind && a.Subject == x.subject {
						found = true
						if a.Count == 0 || len(a.Evidence.Facts) < 2 || len(a.Evidence.Calls) == 0 || a.Last.Before(a.First) {
							t.Errorf("%+v", a)
						}
					}
				}
			}
			if !found || n > x.within {
				t.Errorf("%s, seed %d: found %t after %d calls", x.kind, seed, found, n)
			}
		}
	}
}

// TestLookAlikesRaiseNoAlert: what is as an attack but for one thing.
func TestLookAlikesRaiseNoAlert(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(r *rand.Rand, n int, e *Ended){
		"couriers of one range, whom people answer": func(r *rand.Rand, _ int, e *Ended) {
			e.To, e.Caller, e.Rang, e.Talked = fmt.Sprint("acc_", r.IntN(people)), fmt.Sprintf("8215990%03d", r.IntN(1000)), time.Second, 20*time.Second
		},
		"taxis that call new customers at all hours, and are called": func(r *rand.Rand, n int, e *Ended) {
			if n%20 == 19 {
				e.To, e.Caller, e.Talked = "acc_taxi", fmt.Sprintf("8210%08d", r.IntN(100_000_000)), time.Minute
				return
			}
			e.From, e.Payer, e.Called, e.Mobile, e.Talked = "acc_taxi", "acc_taxi", fmt.Sprintf("8210%08d", r.IntN(100_000_000)), true, 30*time.Second
		},
	} {
		w, r, now := NewWatch(DefaultThresholds(1_000_000)), rand.New(rand.NewPCG(1, 2)), time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
		for n := range 2000 {
			now = now.Add(2 * time.Minute)
			e := Ended{ID: fmt.Sprint("call_", n), At: now}
			call(r, n, &e)
			if alerts := w.See(&e); len(alerts) > 0 {
				t.Errorf("%s: %+v", name, alerts)
				break
			}
		}
	}
}

// TestAWatchIsBounded, whatever accounts and ranges an attacker makes up.
func TestAWatchIsBounded(t *testing.T) {
	w := NewWatch(DefaultThresholds(1_000_000))
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for i := range 3 * mostRanges2 {
		now = now.Add(time.Millisecond)
		for _, e := range []Ended{
			{At: now, Caller: fmt.Sprintf("%07d123", i), To: "acc_1"},
			{At: now, From: fmt.Sprint("acc_", i), Payer: fmt.Sprint("acc_", i), Called: fmt.Sprintf("%07d456", i), Talked: time.Minute, Micros: 1_000_000},
			{At: now, From: "acc_1", Called: fmt.Sprint(i), Talked: time.Minute},
			{At: now, Caller: "49301234567", To: fmt.Sprint("acc_", i)},
		} {
			w.See(&e)
			w.Spends(&e, Day(now), func() int64 { return 0 })
		}
	}
	if len(w.rings) > mostRanges2 || len(w.pumps) > mostRanges2 || len(w.boxes) > mostRanges2 || len(w.spends) > mostRanges2 {
		t.Errorf("%d %d %d %d", len(w.rings), len(w.pumps), len(w.boxes), len(w.spends))
	}
	if b := w.boxes["acc_1"]; b != nil && len(b.who) > mostDistinct || len(w.rings["4930123"].who) > mostPeople {
		t.Error("a track remembers everybody")
	}
}

// TestWhatIsSetIsWatchedFor: a house that is told to look for less is told of less.
func TestWhatIsSetIsWatchedFor(t *testing.T) {
	when := UsualThresholds("USD")
	when.RingCalls, when.RingPeople = 3, 2
	for _, c := range []struct {
		watch  Thresholds
		raised bool
	}{{when, true}, {Thresholds{}, false}} {
		s := New(nil, nil, nil, Config{Currency: "USD", Watch: c.watch})
		w := NewWatch(s.thresholds())
		raised := false
		for i := range 3 {
			raised = len(w.See(&Ended{ID: fmt.Sprint(i), At: time.Unix(1e9, 0), Rang: time.Second, Caller: "88213120001", To: fmt.Sprint("acc_", i)})) > 0
		}
		if raised != c.raised {
			t.Errorf("%+v: raised %t", c.watch, raised)
		}
	}
}
