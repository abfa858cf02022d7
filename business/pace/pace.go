// Package pace bounds how often something may happen, by who does it: a bucket
// of tokens for each. It is used by one caller at a time.
package pace

import "time"

// Limits is how much one may do, and how many are known at once.
type Limits struct {
	Burst  float64 // at once
	Second float64 // and further each second
	Most   int     // who are known; one more has to wait for one of them to rest
}

// Pace counts for each of many.
type Pace[K comparable] struct {
	limits Limits
	known  map[K]bucket
	swept  time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

// New returns a Pace where nobody has done anything.
func New[K comparable](l Limits) *Pace[K] { return &Pace[K]{limits: l, known: map[K]bucket{}} }

// Take counts one; false says that it is too many. Whoever makes up ever new
// names does not have those forgotten that are held back.
func (p *Pace[K]) Take(who K, now time.Time) bool {
	b, ok := p.known[who]
	if !ok {
		if len(p.known) >= p.limits.Most && !p.sweep(now) {
			return false
		}
		b = bucket{p.limits.Burst, now}
	}
	b = p.filled(b, now)
	ok = b.left >= 1
	if ok {
		b.left--
	}
	p.known[who] = b
	return ok
}

func (p *Pace[K]) filled(b bucket, now time.Time) bucket {
	return bucket{min(p.limits.Burst, b.left+max(0, now.Sub(b.at).Seconds())*p.limits.Second), now}
}

// sweep forgets those who have rested, at most once a second, and reports whether
// there is room.
func (p *Pace[K]) sweep(now time.Time) bool {
	if since := now.Sub(p.swept); since >= 0 && since < time.Second {
		return false
	}
	p.swept = now
	for who, b := range p.known {
		if p.filled(b, now).left >= p.limits.Burst {
			delete(p.known, who)
		}
	}
	return len(p.known) < p.limits.Most
}
