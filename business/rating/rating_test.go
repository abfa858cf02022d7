package rating

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the goldens") //nolint:gochecknoglobals // a flag

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// case of a golden: what is asked, as JSON, and the charge.
type golden struct {
	Why     string
	Prices  []Price
	Bands   []Band
	Zone    string
	Answer  string
	Lasts   string
	Charge  *Charge
	Has     int64  // money
	Affords string // for it
	Held    int64  `json:",omitempty"` // seconds of packages
	Used    int64  `json:",omitempty"` // of them
}

// TestGoldens holds testdata/*.json: one charge a file.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 15 {
		t.Fatal(len(files), "goldens", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			if err := json.Unmarshal(b, &g); err != nil {
				t.Fatal(err)
			}
			q := Quote{Bands: g.Bands}
			for i := range q.Prices {
				q.Prices[i] = g.Prices[min(i, len(g.Prices)-1)]
			}
			answer, err := time.ParseInLocation("2006-01-02 15:04:05", g.Answer, zone(t, g.Zone))
			if err != nil {
				t.Fatal(err)
			}
			lasts, err := time.ParseDuration(g.Lasts)
			if err != nil {
				t.Fatal(err)
			}
			c := q.ChargeAfter(answer, lasts, g.Held)
			got := g
			got.Charge, got.Affords, got.Used = &c, q.Affordable(answer, g.Has, g.Held).String(), q.Used(answer, lasts, g.Held)
			if cost := q.CostAfter(answer, lasts, g.Held); cost != c.Micros {
				t.Errorf("the cost alone is %d", cost)
			}
			text, _ := json.MarshalIndent(got, "", "\t")
			if *update {
				if err := os.WriteFile(f, append(text, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if string(b) != string(text)+"\n" {
				t.Errorf("got\n%s\nwant\n%s", text, b)
			}
		})
	}
}

// TestAgainstSecondBySecond rates random calls with random prices and bands the
// slow way, and holds what money affords against the charge.
func TestAgainstSecondBySecond(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zones := []*time.Location{time.UTC, zone(t, "Asia/Seoul"), zone(t, "America/New_York"), zone(t, "Asia/Kathmandu")}
	for i := range 3000 {
		q := Quote{}
		for range rng.IntN(MostBands + 1) {
			q.Bands = append(q.Bands, Band{fmt.Sprint("b", len(q.Bands)), uint8(rng.IntN(128)), rng.IntN(1440), rng.IntN(1441)})
		}
		for j := range q.Prices {
			q.Prices[j] = Price{Connect: int64(rng.IntN(3)) * 10_000, Minute: rng.Int64N(500_000), First: int32(rng.IntN(3) * 30), Next: int32(rng.IntN(61)), Free: int32(rng.IntN(2) * rng.IntN(40))}
		}
		answer := time.Date(2026, 1+time.Month(rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60), 0, zones[rng.IntN(len(zones))])
		lasts := time.Duration(rng.IntN(4*3600*1000)) * time.Millisecond
		paid := int64(rng.IntN(2) * rng.IntN(3*3600)) // by a package
		if want, got := slowly(&q, answer, lasts, paid), q.CostAfter(answer, lasts, paid); got != want {
			t.Fatalf("call %d: %d, second by second %d: %+v %s %s", i, got, want, q, answer, lasts)
		}
		money := rng.Int64N(20_000_000)
		d := q.Affordable(answer, money, paid)
		if d > 0 && q.CostAfter(answer, d, paid) > money || d < MaxCall && q.CostAfter(answer, d+time.Second, paid) <= money || d > 0 && d%time.Second != 0 {
			t.Fatalf("call %d: %d affords %s, which costs %d: %+v", i, money, d, q.CostAfter(answer, d, paid), q)
		}
	}
}

// slowly is the definition: step after step.
func slowly(q *Quote, answer time.Time, d time.Duration, paid int64) int64 {
	band := func(t time.Time) int {
		for i := range q.Bands {
			if q.Bands[i].has(t.Weekday(), t.Hour()*60+t.Minute()) {
				return i + 1
			}
		}
		return 0
	}
	secs := int64((d + time.Second - 1) / time.Second)
	secs = max(secs, 1)
	p := q.Prices[band(answer)]
	sum := p.Connect * 60
	if paid > 0 {
		sum = 0
	}
	at, end := answer.Add(time.Duration(int64(p.Free)+paid)*time.Second), answer.Add(time.Duration(secs)*time.Second)
	for first := paid == 0; at.Before(end); first = false {
		p := q.Prices[band(at)]
		step := p.next()
		if first {
			step = p.first()
		}
		sum += p.Minute * step
		at = at.Add(time.Duration(step) * time.Second)
	}
	return (sum + 30) / 60
}

func TestLongestPrefix(t *testing.T) {
	at := func(minute int64) Price { return Price{Minute: minute, Next: 1} }
	d, err := NewDeck([]Band{{Name: "night", Days: 127, From: 22 * 60, To: 6 * 60}}, []Row{
		{"82", 0, at(10)}, {"8210", 0, at(20)}, {"82", 1, at(5)}, {"821012", 1, at(7)}, {"1", 0, at(1)}, {"49", 1, at(3)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string][3]any{
		"8225551234": {"82", int64(10), int64(5)}, "821055512": {"8210", int64(20), int64(20)}, "821012345": {"821012", int64(20), int64(7)},
		"1": {"1", int64(1), int64(1)}, "4930": nil3(), "44": nil3(), "": nil3(), "82x": nil3(),
	} {
		var q Quote
		ok := d.Find(&q, number)
		if want[0] == nil != !ok || ok && (q.Prefix != want[0] || q.Prices[0].Minute != want[1] || q.Prices[1].Minute != want[2]) {
			t.Errorf("%s: %v %+v", number, ok, q)
		}
	}
	for _, bad := range [][]Row{{{"82", 0, at(1)}, {"82", 0, at(2)}}, {{"8x", 0, at(1)}}, {{"82", 2, at(1)}}, {{"82", 0, at(-1)}}, {{strings.Repeat("1", 16), 0, at(1)}}} {
		if _, err := NewDeck([]Band{{}}, bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if _, err := NewDeck(nil, []Row{{"1", 0, at(1)}, {"1", 0, at(1)}}); !errors.Is(err, ErrTwice) {
		t.Error(err)
	}
}

func nil3() (x [3]any) { return x }

// million is a deck of 1,000,000 prefixes of 3 to 9 digits.
func million(tb testing.TB) *Deck {
	tb.Helper()
	rows := make([]Row, 0, 1_000_000)
	rng := rand.New(rand.NewPCG(3, 4))
	seen := map[string]bool{}
	for len(rows) < 1_000_000 {
		p := fmt.Sprint(1 + rng.IntN(9))
		for range 2 + rng.IntN(7) {
			p += string(rune('0' + rng.IntN(10)))
		}
		if !seen[p] {
			seen[p] = true
			rows = append(rows, Row{p, 0, Price{Minute: int64(rng.IntN(5000)) * 100, First: 60, Next: 1, Connect: int64(rng.IntN(2)) * 5000}})
		}
	}
	for i := range 9 {
		rows = append(rows, Row{fmt.Sprint(i + 1), 0, Price{Minute: 100_000, Next: 60}})
	}
	d, err := NewDeck([]Band{{Name: "night", Days: 127, From: 22 * 60, To: 6 * 60}}, rows)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// BenchmarkRate finds the price of a number in a deck of a million prefixes and
// rates a call; MB is the deck's memory.
func BenchmarkRate(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := million(b)
	runtime.GC()
	runtime.ReadMemStats(&after)
	rng := rand.New(rand.NewPCG(5, 6))
	numbers := make([]string, 1<<16)
	for i := range numbers {
		numbers[i] = fmt.Sprint(1_000_000_00+rng.Int64N(9_000_000_000)) + fmt.Sprint(rng.IntN(1000))
	}
	answer := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		var q Quote
		if d.Find(&q, numbers[i&(1<<16-1)]) {
			_ = q.Cost(answer, time.Duration(i&1023)*time.Second)
		}
		i++
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ratings/s")
	runtime.KeepAlive(d)
}

// TestABandByAnotherClock holds at the same instants.
func TestABandByAnotherClock(t *testing.T) {
	for _, b := range []Band{{Days: 0b0111110, From: 8 * 60, To: 18 * 60}, {Days: 0b1000001, From: 22 * 60, To: 6 * 60}, {Days: 0b0000001, From: 0, To: 24 * 60}, {Days: 0b1000000, From: 23 * 60, To: 0}} {
		for _, ahead := range []int{0, 9 * 60, -6 * 60, 14*60 + 30, -11 * 60, 24 * 60} {
			other := b.Later(ahead)
			for minute := range 7 * 24 * 60 {
				there := mod(minute+ahead, 7*24*60)
				if b.has(time.Weekday(minute/1440), minute%1440) != other.has(time.Weekday(there/1440), there%1440) {
					t.Fatalf("%v, %d minutes ahead %v, differs at minute %d", b, ahead, other, minute)
				}
			}
		}
	}
}
