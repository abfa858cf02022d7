// Package rating turns how long a call lasted into what it costs, and what an
// account has into how long it lasts: pure functions over a tariff. Amounts are
// whole micro-units; a charge is rounded once, at its end, half up to the
// micro-unit.
//
// Seconds are charged in steps: the first is the least that is charged, 60/60,
// 30/6 and 1/1 being the usual pairs of it and those that follow. A step counts
// whole as soon as it begins, at the price of the band it begins in.
package rating

import (
	"time"
)

// Price is what a call to a destination costs, in micro-units of the tariff's
// currency. Its zero value is free.
type Price struct {
	Connect int64 // when it is answered
	Minute  int64 // a minute
	First   int32 // seconds of the first step; 0: as Next
	Next    int32 // seconds of each further step; 0: 1
	Free    int32 // seconds at the beginning that cost nothing
}

// Limits of a price.
const (
	MaxMinute = 1_000_000_000_000 // micro-units a minute, and to connect
	MaxStep   = 3600              // seconds
	MaxCall   = 24 * time.Hour    // longest call that is rated; longer ones are cut
)

// Valid reports whether a price can be charged.
func (p Price) Valid() bool {
	return p.Connect >= 0 && p.Connect <= MaxMinute && p.Minute >= 0 && p.Minute <= MaxMinute &&
		p.First >= 0 && p.First <= MaxStep && p.Next >= 0 && p.Next <= MaxStep && p.Free >= 0 && p.Free <= MaxStep
}

func (p *Price) next() int64 { return int64(max(p.Next, 1)) }

func (p *Price) first() int64 {
	if p.First > 0 {
		return int64(p.First)
	}
	return p.next()
}

// MostBands is how many bands a tariff may have beside all other time.
const MostBands = 4

// Band is a time of the week in the caller's zone.
type Band struct {
	Name     string
	Days     uint8 // bit 0 is Sunday
	From, To int   // minutes of the day; To at or below From goes over midnight, and Days are those it begins on
}

// Later is the same band by a clock that is so many minutes ahead.
func (b Band) Later(minutes int) Band {
	const day = 24 * 60
	from := b.From + minutes
	days := ((from-mod(from, day))/day%7 + 7) % 7
	b.Days = (b.Days<<days | b.Days&127>>(7-days)) & 127
	b.From, b.To = mod(from, day), mod(b.To+minutes, day)
	return b
}

// mod is what is left over of a division, never negative.
func mod(a, b int) int { return (a%b + b) % b }

// has reports whether a band holds at a minute of a day.
func (b *Band) has(day time.Weekday, minute int) bool {
	on := func(d time.Weekday) bool { return b.Days>>((d+7)%7)&1 == 1 }
	if b.From < b.To {
		return on(day) && minute >= b.From && minute < b.To
	}
	return on(day) && minute >= b.From || on(day-1) && minute < b.To
}

// Quote is what calls to one destination cost: at any time, and in each band.
type Quote struct {
	Prefix string // that it was found by
	Bands  []Band // the first that holds counts
	Prices [MostBands + 1]Price
}

// Fixed is a quote of one price at any time.
func Fixed(p Price) Quote { return Quote{Prices: [MostBands + 1]Price{p, p, p, p, p}} }

// glance bounds how far ahead one look at the clock goes: a zone may change its
// offset in between.
const glance = 900

// at finds the band at an instant, 0 for none of them, and for how many seconds
// it surely goes on.
func (q *Quote) at(t time.Time) (band int, left int64) {
	if len(q.Bands) == 0 {
		return 0, int64(MaxCall / time.Second)
	}
	minute, second := t.Hour()*60+t.Minute(), int64(t.Second())
	ends := glance / 60
	for i := range q.Bands {
		b := &q.Bands[i]
		for _, edge := range [...]int{b.From, b.To, 24 * 60} {
			if to := edge - minute; to > 0 && to < ends {
				ends = to
			}
		}
		if band == 0 && b.has(t.Weekday(), minute) {
			band = i + 1
		}
	}
	return band, int64(ends)*60 - second
}

// sixtieths of a micro-unit are what is summed: a price is a minute's, a step is
// of seconds.
type sixtieths int64

func (s sixtieths) round() int64 { return (int64(s) + 30) / 60 }

// Part is what a stretch of a call costs.
type Part struct {
	Band    string // "" at any other time
	Seconds int64  // charged
	Minute  int64  // micro-units a minute
}

// Charge is what a call costs, and why.
type Charge struct {
	Micros  int64
	Seconds int64 // it lasted: begun seconds, at least one
	Charged int64 // of the steps
	Free    int64 // of them that cost nothing
	Connect int64
	Parts   []Part
}

// Charge is the price of a call that was answered at an instant, in the caller's
// zone, and lasted so long.
func (q *Quote) Charge(answer time.Time, d time.Duration) Charge {
	return q.ChargeAfter(answer, d, 0)
}

// ChargeAfter is Charge of a call whose first seconds are paid for otherwise, by a
// package, besides those that cost nothing: its price begins where they end, with
// no charge to connect and no first step.
func (q *Quote) ChargeAfter(answer time.Time, d time.Duration, paid int64) Charge {
	c := Charge{Seconds: seconds(d)}
	var sum sixtieths
	sum, c.Charged = q.cost(answer, c.Seconds, paid, func(band int, secs int64) {
		name := ""
		if band > 0 {
			name = q.Bands[band-1].Name
		}
		if n := len(c.Parts) - 1; n >= 0 && c.Parts[n].Band == name {
			c.Parts[n].Seconds += secs
			return
		}
		c.Parts = append(c.Parts, Part{name, secs, q.Prices[band].Minute})
	})
	band, _ := q.at(answer)
	c.Free = min(int64(q.Prices[band].Free), c.Seconds)
	if paid == 0 {
		c.Connect = q.Prices[band].Connect
	}
	c.Micros = sum.round()
	return c
}

// Cost is the amount of Charge alone.
func (q *Quote) Cost(answer time.Time, d time.Duration) int64 { return q.CostAfter(answer, d, 0) }

// CostAfter is the amount of ChargeAfter alone.
func (q *Quote) CostAfter(answer time.Time, d time.Duration, paid int64) int64 {
	sum, _ := q.cost(answer, seconds(d), paid, nil)
	return sum.round()
}

// seconds are those that have begun. Who answers has talked for one.
func seconds(d time.Duration) int64 {
	return max(1, int64((min(d, MaxCall)+time.Second-1)/time.Second))
}

func (q *Quote) cost(answer time.Time, secs, paid int64, each func(band int, secs int64)) (sum sixtieths, charged int64) {
	band, left := q.at(answer)
	begin := &q.Prices[band]
	if paid == 0 {
		sum = sixtieths(begin.Connect * 60)
	}
	if skip := int64(begin.Free) + paid; skip > 0 {
		secs -= skip
		answer = answer.Add(time.Duration(skip) * time.Second)
		band, left = q.at(answer)
	}
	for charged < secs {
		p := &q.Prices[band]
		step, n := p.next(), int64(1)
		if charged == 0 && paid == 0 {
			step = p.first()
		} else {
			n = max(1, (min(left, secs-charged)+step-1)/step)
		}
		sum += sixtieths(p.Minute * step * n)
		if each != nil {
			each(band, step*n)
		}
		charged += step * n
		if len(q.Bands) > 0 {
			band, left = q.at(answer.Add(time.Duration(charged) * time.Second))
		}
	}
	return sum, charged
}

// Affordable is the longest a call that is answered at an instant may last for
// an amount: MaxCall if no money ends it, 0 if it may not begin. Seconds at its
// beginning may be paid for otherwise: with no amount at all it lasts as long as they do.
func (q *Quote) Affordable(answer time.Time, micros, paid int64) time.Duration {
	low, high := int64(0), int64(MaxCall/time.Second) // low is affordable, or nothing
	if sum, _ := q.cost(answer, high, paid, nil); sum.round() <= micros {
		return MaxCall
	}
	for high-low > 1 {
		mid := (low + high) / 2
		if sum, _ := q.cost(answer, mid, paid, nil); sum.round() <= micros {
			low = mid
		} else {
			high = mid
		}
	}
	return time.Duration(low) * time.Second
}
