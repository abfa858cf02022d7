package dns

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// limit bounds the answers to one network: over UDP questions with a forged
// source would have us flood it, and over TCP one network would have us work for
// it alone.
type limit struct {
	now  func() time.Time
	mu   sync.Mutex
	from map[netip.Prefix]*bucket
}

type bucket struct {
	left float64
	at   time.Time
	over int
}

// What becomes of a question.
type verdict uint8

const (
	pass verdict = iota
	slip         // answered with "come over TCP"
	drop
)

const (
	perSecond = 50
	burst     = 100
	networks  = 20_000
	everyNth  = 3 // of those over the limit
)

func newLimit(now func() time.Time) *limit {
	return &limit{now: now, from: map[netip.Prefix]*bucket{}}
}

func (l *limit) take(from net.Addr) verdict {
	var a netip.Addr
	switch x := from.(type) {
	case *net.UDPAddr:
		a = x.AddrPort().Addr().Unmap()
	case *net.TCPAddr:
		a = x.AddrPort().Addr().Unmap()
	}
	bits := 24
	if a.Is6() {
		bits = 56
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return drop
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.from[p]
	if b == nil {
		if len(l.from) >= networks {
			clear(l.from) // all begin anew
		}
		b = &bucket{left: burst, at: now}
		l.from[p] = b
	}
	b.left = min(burst, b.left+max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
	if b.left >= 1 {
		b.left--
		return pass
	}
	if b.over++; b.over%everyNth == 0 {
		return slip
	}
	return drop
}
