package dns

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/pace"
)

// limit bounds the answers to one network: over UDP questions with a forged
// source would have us flood it, and over TCP one network would have us work for
// it alone.
type limit struct {
	now  func() time.Time
	mu   sync.Mutex
	pace *pace.Pace[netip.Prefix]
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
	return &limit{now: now, pace: pace.New[netip.Prefix](pace.Limits{Burst: burst, Second: perSecond, Most: networks})}
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
	if l.pace.Take(p, l.now()) {
		return pass
	}
	if l.over++; l.over%everyNth == 0 {
		return slip
	}
	return drop
}
