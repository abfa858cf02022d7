package guard

import (
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

// Ended is a finished call as far as fraud shows in it.
type Ended struct {
	ID     string
	At     time.Time // it began
	Rang   time.Duration
	Talked time.Duration // 0: not answered
	From   string        // account; "" of a stranger
	Payer  string        // account
	Caller string        // digits of a stranger's number, E.164
	To     string        // account; "" of a stranger
	Called string        // digits of the number called, E.164; "" of a number of ours
	Mobile bool          // it is a mobile telephone's
	Micros int64         // what it cost
}

// Thresholds are when something looks like fraud. They are of a run of calls, which
// is over when nothing came for an hour, or after four; for SIM boxes twelve hours,
// and two days.
type Thresholds struct {
	// Wangiri: so many calls of a range ring a moment, to so many members.
	RingMost              time.Duration
	RingCalls, RingPeople int
	// SIM box: so many calls of an account, mostly short, to ever new mobile numbers,
	// at so many of the last 24 hours, and next to none comes in.
	BoxCalls, BoxHours int
	BoxTalk            time.Duration // on average at most
	// Pumping: so many calls of so many accounts to one range, long and at a price a
	// minute.
	PumpCalls, PumpPeople int
	PumpTalk              time.Duration // on average at least
	PumpMinute            int64         // micro-units
	// Spike: a day costs so many times the dearest of the last thirty, and so much.
	SpikeTimes, SpikeFloor int64
}

// DefaultThresholds are for a house whose currency has such a unit.
func DefaultThresholds(unit int64) Thresholds {
	return Thresholds{
		RingMost: 6 * time.Second, RingCalls: 15, RingPeople: 10,
		BoxCalls: 150, BoxHours: 14, BoxTalk: 3 * time.Minute,
		PumpCalls: 25, PumpPeople: 4, PumpTalk: 3 * time.Minute, PumpMinute: unit / 10,
		SpikeTimes: 4, SpikeFloor: 25 * unit,
	}
}

// UsualThresholds are for a house of a currency.
func UsualThresholds(c money.Currency) Thresholds { return DefaultThresholds(worth(c) * money.Micros) }

// How much is remembered.
const (
	mostRanges2  = 20_000 // ranges, and accounts
	rangeDigits  = 7      // of a range: a block of numbers of most countries
	mostSamples  = 10
	bars         = 24
	mostPeople   = 512 // of a range
	mostDistinct = 2048
)

// Watch looks for fraud in the stream of finished calls. It is used by one caller
// at a time, and remembers a bounded number of ranges and accounts.
type Watch struct {
	t      Thresholds
	rings  map[string]*track // by range of the callers
	pumps  map[string]*track // by range that is called
	boxes  map[string]*track // by account
	spends map[string]*spend // by account
}

// NewWatch returns one that has seen nothing.
func NewWatch(t Thresholds) *Watch {
	return &Watch{t: t, rings: map[string]*track{}, pumps: map[string]*track{}, boxes: map[string]*track{}, spends: map[string]*spend{}}
}

// track is what came within a window of time.
type track struct {
	step   time.Duration
	begin  time.Time // of the last slot
	slots  [bars]int
	calls  int
	odd    int // of them, as fraud has them
	in     int // calls that came in
	mobile int
	talk   time.Duration
	micros int64
	first  time.Time
	last   time.Time
	told   int                  // of how many calls an alert told
	who    map[string]time.Time // accounts, or numbers
	ids    []string
}

// of finds a track. It begins anew when nothing came for half of its bars, or after
// twice as long as they show.
func of(m map[string]*track, key string, at time.Time, step time.Duration) *track {
	t := m[key]
	if t != nil && (at.Sub(t.first) > 2*bars*step || at.Sub(t.last) > bars*step/2) {
		t = nil
	}
	if t == nil {
		if len(m) >= mostRanges2 {
			forget(m, at)
		}
		t = &track{step: step, begin: at.Truncate(step), first: at, who: map[string]time.Time{}}
		m[key] = t
	}
	if n := int(at.Sub(t.begin) / step); n > 0 {
		n = min(n, bars)
		copy(t.slots[:], t.slots[n:])
		clear(t.slots[bars-n:])
		t.begin = at.Truncate(step)
	}
	if at.After(t.last) {
		t.last = at
	}
	return t
}

// forget lets those go of which nothing came for a day, and then whichever come
// first, down to nine tenths.
func forget(m map[string]*track, now time.Time) {
	for k, t := range m {
		if now.Sub(t.last) > 24*time.Hour {
			delete(m, k)
		}
	}
	for k := range m {
		if len(m) < mostRanges2*9/10 {
			return
		}
		delete(m, k)
	}
}

func (t *track) add(c *Ended, who string, most int) {
	t.calls++
	t.slots[bars-1]++
	t.talk += c.Talked
	t.micros += c.Micros
	if _, had := t.who[who]; had || len(t.who) < most {
		t.who[who] = c.At
	}
	if len(t.ids) < mostSamples {
		t.ids = append(t.ids, c.ID)
	}
}

// alert makes one, the first time and whenever twice as many calls have come.
func (t *track) alert(kind AlertKind, subject string, facts ...Fact) []Alert {
	if t.told > 0 && t.calls < 2*t.told {
		return nil
	}
	t.told = t.calls
	return []Alert{{Kind: kind, Subject: subject, First: t.first, Last: t.last, Count: t.calls,
		Evidence: Evidence{Facts: append([]Fact{{"calls", int64(t.calls)}}, facts...), Bars: slices.Clone(t.slots[:]), Step: int(t.step / time.Second), Calls: slices.Clone(t.ids)}}}
}

func rangeOf(digits string) string { return digits[:min(len(digits), rangeDigits)] }

// See takes a finished call and says what looks like fraud by now.
func (w *Watch) See(c *Ended) (out []Alert) {
	switch {
	case c.From == "" && len(c.Caller) > rangeDigits && c.To != "":
		out = w.ring(c)
	case c.Called != "" && c.From != "":
		out = append(w.pump(c), w.box(c)...)
	}
	if c.To != "" {
		if t := w.boxes[c.To]; t != nil {
			t.in++
		}
	}
	return out
}

// ring looks for callers who ring many people a moment, to be called back.
func (w *Watch) ring(c *Ended) []Alert {
	r := rangeOf(c.Caller)
	t := of(w.rings, r, c.At, 5*time.Minute)
	t.add(c, c.To, mostPeople)
	if c.Talked == 0 && c.Rang < w.t.RingMost {
		t.odd++
	}
	if t.odd < w.t.RingCalls || 10*t.odd < 8*t.calls || len(t.who) < w.t.RingPeople {
		return nil
	}
	return t.alert(Wangiri, "+"+r, Fact{"short", int64(t.odd)}, Fact{"accounts", int64(len(t.who))})
}

// pump looks for several accounts that talk long to one dear range.
func (w *Watch) pump(c *Ended) []Alert {
	if c.Talked == 0 || c.Micros*int64(time.Minute) < w.t.PumpMinute*int64(c.Talked) {
		return nil
	}
	r := rangeOf(c.Called)
	t := of(w.pumps, r, c.At, 5*time.Minute)
	t.add(c, c.From, mostPeople)
	if t.calls < w.t.PumpCalls || len(t.who) < w.t.PumpPeople || t.talk < time.Duration(t.calls)*w.t.PumpTalk {
		return nil
	}
	return t.alert(Pumping, "+"+r, Fact{"accounts", int64(len(t.who))}, Fact{"seconds", int64(t.talk / time.Second)}, Fact{"spent", t.micros})
}

// box looks for an account that carries calls of others: ever new mobile numbers,
// short, at all hours, and nobody calls it.
func (w *Watch) box(c *Ended) []Alert {
	t := of(w.boxes, c.From, c.At, time.Hour)
	t.add(c, c.Called, mostDistinct)
	if c.Mobile {
		t.mobile++
	}
	hours := 0
	for _, n := range t.slots {
		if n > 0 {
			hours++
		}
	}
	distinct := len(t.who)
	if t.calls < w.t.BoxCalls || hours < w.t.BoxHours || 10*t.mobile < 7*t.calls || distinct < mostDistinct && 10*distinct < 7*t.calls || 50*t.in > t.calls || t.talk > time.Duration(t.calls)*w.t.BoxTalk {
		return nil
	}
	return t.alert(SIMBox, c.From, Fact{"numbers", int64(distinct)}, Fact{"mobile", int64(t.mobile)}, Fact{"incoming", int64(t.in)}, Fact{"hours", int64(hours)}, Fact{"seconds", int64(t.talk / time.Second)})
}

// spend is what an account spends today, and the dearest day it had.
type spend struct {
	day, today, usual int64
	calls             int
	told              bool
}

// Spends counts what a call cost on a day. usual is asked once a day for the
// dearest of an account's last thirty days.
func (w *Watch) Spends(c *Ended, day int64, usual func() int64) []Alert {
	if c.Micros == 0 || c.Payer == "" {
		return nil
	}
	s := w.spends[c.Payer]
	if s == nil || s.day != day {
		if s == nil && len(w.spends) >= mostRanges2 {
			w.rest(day)
		}
		s = &spend{day: day, usual: usual()}
		w.spends[c.Payer] = s
	}
	s.today += c.Micros
	s.calls++
	if s.told || s.today < w.t.SpikeFloor || s.today < w.t.SpikeTimes*s.usual || s.usual == 0 && s.today < 2*w.t.SpikeFloor {
		return nil
	}
	s.told = true
	return []Alert{{Kind: Spike, Subject: c.Payer, First: c.At, Last: c.At, Count: s.calls,
		Evidence: Evidence{Facts: []Fact{{"calls", int64(s.calls)}, {"spent", s.today}, {"usual", s.usual}}, Calls: []string{c.ID}}}}
}

// rest forgets who has not called today, and if that is nobody, anybody.
func (w *Watch) rest(day int64) {
	for k, s := range w.spends {
		if s.day != day {
			delete(w.spends, k)
		}
	}
	for k := range w.spends {
		if len(w.spends) < mostRanges2*9/10 {
			return
		}
		delete(w.spends, k)
	}
}
