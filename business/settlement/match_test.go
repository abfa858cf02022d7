package settlement

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

func line(id, number string, at time.Time, secs, perMinute int64) Line {
	return Line{
		ID: id, Carrier: "berlin", Direction: Out, Number: number, Answer: at, Lasted: time.Duration(secs) * time.Second,
		Price: Price{Known: true, Amount: money.Amount{Currency: "USD", Micros: perMinute * secs / 60}, Seconds: secs},
	}
}

// month is traffic of ours and an honest statement of it. Calls to one number
// begin at least three minutes apart.
func month(rng *rand.Rand, calls int, zone time.Duration) (ours []Line, theirs []Theirs) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	taken := map[string]bool{}
	for i := 0; len(ours) < calls; i++ {
		slot := rng.IntN(29 * 144)
		number := fmt.Sprintf("+4930%07d", rng.IntN(calls/3+1))
		if key := fmt.Sprint(number, slot); taken[key] {
			continue // two that nobody could tell apart
		} else {
			taken[key] = true
		}
		at := start.Add(time.Duration(slot*600+rng.IntN(400)) * time.Second)
		secs := 1 + rng.Int64N(900)
		l := line(fmt.Sprintf("l%06d", i), number, at, secs, 60_000)
		ours = append(ours, l)
		theirs = append(theirs, Theirs{
			N: i + 2, Number: []string{"00" + number[1:], number[1:], number}[i%3], At: at.Add(zone + time.Duration(rng.IntN(20)-10)*time.Second), Seconds: secs,
			Micros: (l.Price.Amount.Micros + 5000) / 10000 * 10000, // to the cent
		})
	}
	rng.Shuffle(len(theirs), func(i, j int) { theirs[i], theirs[j] = theirs[j], theirs[i] })
	return ours, theirs
}

// TestAnHonestStatementAgrees in whatever zone their clock is.
func TestAnHonestStatementAgrees(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		zone := time.Duration(rng.IntN(105)-48) * 15 * time.Minute
		ours, theirs := month(rng, 20+rng.IntN(2000), zone)
		m := Compare(ours, theirs, "USD")
		if m.Shift != zone || int(m.Sums[Same].Lines) != len(ours) || len(m.Pairs) != 0 {
			t.Errorf("seed %d, %s apart: %s, %v, %d pairs", seed, zone, m.Shift, m.Sums, len(m.Pairs))
		}
	}
}

// TestEveryDifferenceIsFoundByItsCause in a statement that was tampered with.
func TestEveryDifferenceIsFoundByItsCause(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		ours, theirs := month(rng, 1500, 9*time.Hour)
		want := map[Cause]int64{}
		var out []Theirs
		owed := int64(0)
		for _, x := range theirs {
			switch rng.IntN(40) {
			case 0:
				want[OnlyOurs]++
				continue
			case 1:
				x.Seconds += 60
				x.Micros += 60_000
				want[Duration]++
			case 2:
				x.Micros += 30_000
				want[Rate]++
			case 3:
				out = append(out, x)
				want[Same]++
				want[Twice]++
			case 4:
				made := x
				made.Number = "4940" + fmt.Sprintf("%07d", rng.IntN(1000))
				out = append(out, made)
				want[OnlyTheirs]++
				want[Same]++
			default:
				want[Same]++
			}
			out = append(out, x)
		}
		for _, x := range out {
			owed += x.Micros
		}
		m := Compare(ours, out, "USD")
		sum := int64(0)
		for _, c := range Causes() {
			if m.Sums[c].Lines != want[c] {
				t.Errorf("seed %d: %s: %d, want %d", seed, c, m.Sums[c].Lines, want[c])
			}
			sum += m.Sums[c].Theirs
		}
		if sum != owed {
			t.Errorf("seed %d: the causes sum to %d of %d", seed, sum, owed)
		}
		for i := 1; i < len(m.Pairs); i++ {
			if abs(m.Pairs[i].Delta()) > abs(m.Pairs[i-1].Delta()) {
				t.Errorf("seed %d: the larger comes later", seed)
				break
			}
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// TestCallsInARow: three calls to one number within a minute are three, whatever
// their order.
func TestCallsInARow(t *testing.T) {
	at := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	ours := []Line{line("c", "+4930", at.Add(50*time.Second), 20, 60_000), line("a", "+4930", at, 10, 60_000), line("b", "+4930", at.Add(20*time.Second), 15, 60_000)}
	theirs := []Theirs{{N: 1, Number: "4930", At: at.Add(51 * time.Second), Seconds: 20, Micros: 20_000}, {N: 2, Number: "4930", At: at.Add(time.Second), Seconds: 10, Micros: 10_000},
		{N: 3, Number: "4930", At: at.Add(21 * time.Second), Seconds: 15, Micros: 15_000}, {N: 4, Number: "4930", At: at.Add(22 * time.Second), Seconds: 15, Micros: 15_000}}
	m := Compare(ours, theirs, "USD")
	if m.Sums[Same].Lines != 3 || m.Sums[Twice].Lines != 1 {
		t.Errorf("%v", m.Sums)
	}
}

// BenchmarkCompare matches a month of a hundred thousand calls.
func BenchmarkCompare(b *testing.B) {
	ours, theirs := month(rand.New(rand.NewPCG(1, 1)), 100_000, time.Hour)
	for b.Loop() {
		if m := Compare(ours, theirs, "USD"); int(m.Sums[Same].Lines) != len(ours) {
			b.Fatal(m.Sums)
		}
	}
}
