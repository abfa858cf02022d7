package guard

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// TestTheFirstList is one that can be read, and closes what it should and nothing
// that people call every day.
func TestTheFirstList(t *testing.T) {
	l, err := ReadRanges(ranges)
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	for digits, want := range map[string]string{
		"881612345678": "8816", "870773123456": "870", "88213123": "88213", "8835100": "8835100", "18765550123": "1876", "19005550123": "1900", "4490": "449", "447012345678": "4470",
		"37190000000": "3719", "37120000000": "3712", "979": "979", "8260123": "8260",
	} {
		if r, closed := l.Find(digits); !closed || r.Prefix != want || r.Note == "" {
			t.Errorf("%s: %+v %t", digits, r, closed)
		}
	}
	for _, digits := range []string{"4930901820", "8225551234", "821012345678", "13125550123", "442079460000", "447911123456", "33123456789", "81312345678", "37167000000", "61291234567", "5511912345678", "91112345678", "2348012345678", ""} {
		if r, closed := l.Find(digits); closed {
			t.Errorf("%s is closed by %+v", digits, r)
		}
	}
	again, err := ReadRanges(l.CSV())
	if err != nil || again.CSV() != l.CSV() || len(l.Changes(again)) != 0 {
		t.Error("what it writes is not what it reads", err)
	}
}

// TestNeverWins over a longer prefix that may be opened.
func TestNeverWins(t *testing.T) {
	l := NewList([]Range{{Prefix: "88", Never: true}, {Prefix: "8816"}})
	if r, _ := l.Find("8816123"); r.Prefix != "88" || !r.Never {
		t.Errorf("%+v", r)
	}
	r := Range{Prefix: "8816", Country: ""}
	for what, want := range map[string]bool{"+8816": true, "+88": true, "+88161": false, "": false, "+": true, "LV": false} {
		if what != "+" && r.opened([]string{what}) != want {
			t.Errorf("%q opens: %t", what, !want)
		}
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "ranges_empty",
		"prefix\n":                        "ranges_empty",
		"x":                               "ranges_file",
		"8816\n8816":                      "ranges_file",
		"0044":                            "ranges_file",
		"1234567890123456":                "ranges_file",
		"8816,Latvia":                     "ranges_file",
		"8816,,unknown":                   "ranges_file",
		"8816,,premium,perhaps":           "ranges_file",
		"8816,\"LV":                       "ranges_file",
		"88\x0016":                        "ranges_text",
		"\xff\xfe8\x008\x00":              "ranges_text",
		strings.Repeat("1", 3<<20):        "ranges_large",
		"prefix,note\n88,=cmd()":          "",
		"\ufeff+8816;LV;premium;yes;dear": "",
	} {
		l, err := ReadRanges(text)
		if code := fault.ReasonOf(err).Code; err != nil && code != want || err == nil && want != "" {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
		if err == nil && strings.Contains(l.CSV(), ",=") {
			t.Errorf("%q would be reckoned with", l.CSV())
		}
	}
	var bomb strings.Builder
	for i := range mostRanges + 10 {
		fmt.Fprintf(&bomb, "%d\n", 100_000+i)
	}
	if _, err := ReadRanges(bomb.String()); fault.ReasonOf(err).Code != "ranges_many" {
		t.Errorf("too many: %v", err)
	}
	if _, err := ReadRanges("8816" + strings.Repeat(",", 1<<20)); err != nil {
		t.Errorf("a million empty cells: %v", err)
	}
	_, err := ReadRanges(strings.Repeat("x\n", 1000))
	if n := len(fault.FieldsOf(err)); n != mostWrong {
		t.Errorf("%d lines are named", n)
	}
	a, b := NewList([]Range{{Prefix: "1"}, {Prefix: "2"}}), NewList([]Range{{Prefix: "2", Never: true}, {Prefix: "3"}})
	var got []string
	for _, c := range a.Changes(b) {
		got = append(got, c.What+" "+c.Old.Prefix+">"+c.New.Prefix)
	}
	if s := strings.Join(got, ", "); s != "removed 1>, changed 2>2, added >3" {
		t.Error(s)
	}
}

// TestRoom is what limits leave: with any of them, what is spent and held together
// is never more.
func TestRoom(t *testing.T) {
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		some := func() *int64 {
			if r.IntN(3) == 0 {
				return nil
			}
			return ptr(r.Int64N(100))
		}
		c := Caps{Limits{Day: some(), Month: some()}, "USD"}
		s := Spent{Day: r.Int64N(60), Held: r.Int64N(60)}
		s.Month = s.Day + r.Int64N(30)
		room, why := c.Room(s, r.IntN(2) == 0)
		if room < 0 || room > 0 && why != nil || room == 0 && why == nil {
			t.Fatalf("seed %d: %d %v", seed, room, why)
		}
		if room > 0 && (c.Day != nil && s.Day+s.Held+room > *c.Day || c.Month != nil && s.Month+s.Held+room > *c.Month) {
			t.Fatalf("seed %d: room %d", seed, room)
		}
		if room == 0 && (c.Day == nil || s.Day+s.Held < *c.Day) && (c.Month == nil || s.Month+s.Held < *c.Month) {
			t.Fatalf("seed %d: there was room: %v", seed, why)
		}
	}
	if _, why := (&Caps{Limits{Calls: ptr(2)}, "USD"}).Room(Spent{Calls: 2}, true); why != nil {
		t.Errorf("a call under way does not count twice: %v", why)
	}
}

// TestLimitsOfAnAccount: its own are never above the ceiling, and what raises them
// is known.
func TestLimitsOfAnAccount(t *testing.T) {
	p := DefaultPolicy("USD")
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	s := Standing{Created: now.AddDate(0, 0, -30), Paid: true}
	if c := s.class(&p, now); c != Known {
		t.Error(c)
	}
	s.Paid = false
	if c := s.class(&p, now); c != Newcomer {
		t.Error(c)
	}
	s.Paid, s.Created = true, now.AddDate(0, 0, -6)
	if c := s.class(&p, now); c != Newcomer {
		t.Error(c)
	}
	s.Class = Trusted
	s.Own = Limits{Day: ptr(int64(1)), Calls: ptr(1000)}
	s.Ceiling = Limits{Month: ptr(int64(7))}
	if l := s.limits(&p, now); *l.Day != 1 || *l.Month != 7 || *l.Calls != 30 || *l.Minute != *p.Trusted.Minute {
		t.Errorf("%+v", l)
	}
	for _, x := range []struct {
		old, next *int64
		want      bool
	}{{nil, nil, false}, {nil, ptr(int64(5)), false}, {ptr(int64(5)), nil, true}, {ptr(int64(5)), ptr(int64(6)), true}, {ptr(int64(5)), ptr(int64(4)), false}} {
		if got := (Limits{Month: x.next}).raises(Limits{Month: x.old}); got != x.want {
			t.Errorf("%v to %v: %t", x.old, x.next, got)
		}
	}
	if a, b := *DefaultPolicy("KRW").Known.Day, *DefaultPolicy("USD").Known.Day; a != 1000*b {
		t.Errorf("in won %d, in dollars %d", a, b)
	}
}

func TestPoliciesThatAreNone(t *testing.T) {
	for name, p := range map[string]Policy{
		"new_days": {NewDays: -1}, "known_day": {Known: Limits{Day: ptr(int64(-1))}}, "new_minute": {New: Limits{Minute: ptr(mostMoney + 1)}},
		"trusted_calls": {Trusted: Limits{Calls: ptr(1001)}}, "pace_stop": {Pace: Pace{Stop: 100_000}},
	} {
		err := p.check()
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || len(f.Fields) != 1 || f.Fields[0].Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := DefaultPolicy(money.Currency("EUR"))
	if err := p.check(); err != nil {
		t.Error(err)
	}
}

// TestTempo: people are not kept waiting; machines are found out, and however many
// accounts there are, memory is bounded.
func TestTempo(t *testing.T) {
	p := DefaultPace()
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	tm := newTempo()
	for i := range 60 { // a day of somebody who telephones a lot
		if w := tm.attempt(&p, "ann", fmt.Sprint(i), fmt.Sprint("+", i%20), now); w > 0 {
			t.Errorf("call %d waits %s", i, w)
		}
		tm.ended(&p, "ann", time.Duration(i%7)*time.Second*20, now)
		if why := tm.verdict(&p, "ann", now); why != "" {
			t.Errorf("call %d: %s", i, why)
		}
		now = now.Add(5 * time.Minute)
	}
	stop := func(who string, each time.Duration, number func(i int) string, lasts time.Duration) (n int, why string) {
		for n = 1; n < 1000; n++ {
			tm.attempt(&p, who, fmt.Sprint(who, n), number(n), now)
			tm.ended(&p, who, lasts, now)
			if why = tm.verdict(&p, who, now); why != "" {
				return n, why
			}
			now = now.Add(each)
		}
		return n, ""
	}
	same := func(int) string { return "+1" }
	other := func(i int) string { return fmt.Sprint("+", i) }
	if n, why := stop("bot", time.Second, same, time.Minute); n > 2*p.Minute+1 || !strings.Contains(why, "a minute") {
		t.Error(n, why)
	}
	if n, why := stop("steady", 20*time.Second, same, time.Minute); n > p.Hour+1 || !strings.Contains(why, "an hour") {
		t.Error(n, why)
	}
	if n, why := stop("scanner", 40*time.Second, other, time.Minute); n > p.Destinations+1 || !strings.Contains(why, "different numbers") {
		t.Error(n, why)
	}
	if n, why := stop("dropper", 40*time.Second, same, time.Second); n > p.Short+1 || !strings.Contains(why, "few seconds") {
		t.Error(n, why)
	}
	for i := range mostKnown + 1000 {
		tm.attempt(&p, fmt.Sprint("x", i), "c", "+1", now)
	}
	if len(tm.known) > mostKnown {
		t.Errorf("%d are known", len(tm.known))
	}
	b := tm.of("wide", now)
	for i := range 2 * mostDestinations {
		tm.attempt(&p, "wide", fmt.Sprint(i), fmt.Sprint(i), now)
	}
	if len(b.numbers) > mostDestinations {
		t.Errorf("%d numbers are known", len(b.numbers))
	}
}
