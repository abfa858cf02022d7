package rtp

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// pool hands out the port pairs of one address. A pair is bound when it is
// first taken and stays bound: creating and closing costs several times what
// connecting anew does.
type pool struct {
	mu      sync.Mutex
	e       *Engine
	addr    netip.Addr
	n       int
	used    []uint64               // bit set: taken, resting, or unusable
	bound   []uint64               // bit set: its sockets are there
	ready   int                    // pairs bound and not used
	lines   []atomic.Pointer[Line] // by index; the media thread reads them
	rest    []resting              // FIFO: all rest equally long
	restAt  int
	taken   int
	blocked int // ports that someone else has bound
}

type resting struct {
	line  *Line
	until int64
}

func (p *pool) init(e *Engine, a netip.Addr, n int) {
	p.e, p.addr, p.n = e, a, n
	p.used, p.bound = make([]uint64, (n+63)/64), make([]uint64, (n+63)/64)
	for i := n; i < len(p.used)*64; i++ {
		p.used[i/64] |= 1 << (i % 64)
	}
	p.lines = make([]atomic.Pointer[Line], n)
}

func (p *pool) prebind(n int) error {
	for i := range p.n {
		if n == 0 {
			break
		}
		if _, err := p.bind(i); err != nil {
			p.used[i/64] |= 1 << (i % 64)
			p.blocked++
			continue
		}
		n--
	}
	if p.blocked == p.n {
		return fmt.Errorf("none of the media ports %d to %d can be bound at %s", p.e.cfg.MinPort, p.e.cfg.MaxPort, p.addr)
	}
	return nil
}

func (p *pool) bind(i int) (*Line, error) {
	if l := p.lines[i].Load(); l != nil {
		return l, nil
	}
	l := &Line{pool: p, index: i, port: p.e.cfg.MinPort + uint16(2*i)}
	l.media.line, l.control.line, l.control.isRTCP = l, l, true
	// Stored first: a reader may see a packet before bind returns.
	p.lines[i].Store(l)
	if _, err := p.e.loop.open(&l.media, netip.AddrPortFrom(p.addr, l.port)); err != nil {
		p.lines[i].Store(nil)
		return nil, err
	}
	if _, err := p.e.loop.open(&l.control, netip.AddrPortFrom(p.addr, l.port+1)); err != nil {
		l.media.sock.close()
		p.lines[i].Store(nil)
		return nil, err
	}
	p.bound[i/64] |= 1 << (i % 64)
	p.ready++
	p.e.sockets.Add(2)
	return l, nil
}

// full reports whether no pair may be bound any more.
func (p *pool) full() bool {
	most := int64(p.e.cfg.Sockets)
	return most > 0 && p.e.sockets.Load()+2 > most
}

// keeps reports whether the pairs that are left are those kept back.
func (p *pool) keeps() bool {
	kept := p.e.cfg.Kept
	return p.taken+kept >= p.n-p.blocked || p.e.cfg.Sockets > 0 && int(p.e.taken.Load())+kept >= p.e.cfg.Sockets/2
}

// choice is among how many bound pairs the next is drawn at least; with fewer
// at rest, another is bound.
const choice = 64

// take returns a pair from a random place, so that an attacker cannot tell
// the next port from the last. An urgent session is given whatever there is.
func (p *pool) take(now int64, urgent bool) (*Line, error) {
	if !p.addr.IsValid() {
		return nil, ErrFamily
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(now)
	if !urgent && p.e.cfg.Kept > 0 && p.keeps() {
		return nil, ErrPorts
	}
	full, why := p.full(), ErrPorts
	for {
		i, start := -1, rand.IntN(p.n)
		if p.ready >= choice || full {
			i = p.find(start, p.bound)
		}
		if i < 0 && !full {
			i = p.find(start, nil)
		}
		if i < 0 {
			// Better the pair that has rested longest than no call: what its old
			// peer may still send is dropped by the latch.
			if p.restAt == len(p.rest) || !urgent && p.rest[p.restAt].until > now+int64(p.e.cfg.Quarantine)-p.short() {
				return nil, why
			}
			p.wakeOne()
			continue
		}
		l, err := p.bind(i)
		p.used[i/64] |= 1 << (i % 64)
		if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES) {
			p.blocked++ // someone else's port: not asked again
			continue
		}
		if err != nil { // no more files, or memory: that passes, and the port stays good
			p.used[i/64] &^= 1 << (i % 64)
			full, why = true, fmt.Errorf("%w: %w", ErrPorts, err)
			continue
		}
		p.taken++
		p.ready--
		p.e.taken.Add(1)
		return l, nil
	}
}

// find returns the first free index at or after start, round the end, of those
// in set if there is one.
func (p *pool) find(start int, set []uint64) int {
	w := start / 64
	mask := ^uint64(0) << (start % 64)
	for range len(p.used) + 1 {
		f := ^p.used[w] & mask
		if set != nil {
			f &= set[w]
		}
		if f != 0 {
			return w*64 + bits.TrailingZeros64(f)
		}
		mask = ^uint64(0)
		if w++; w == len(p.used) {
			w = 0
		}
	}
	return -1
}

// put lets a pair rest.
func (p *pool) put(l *Line, now int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	p.e.taken.Add(-1)
	p.rest = append(p.rest, resting{l, now + int64(p.e.cfg.Quarantine)})
}

// wake frees the pairs that have rested.
func (p *pool) wake(now int64) {
	for p.restAt < len(p.rest) && p.rest[p.restAt].until <= now {
		p.wakeOne()
	}
	if p.restAt == len(p.rest) {
		p.rest, p.restAt = p.rest[:0], 0
	} else if p.restAt > 1024 && p.restAt > len(p.rest)/2 {
		n := copy(p.rest, p.rest[p.restAt:])
		p.rest, p.restAt = p.rest[:n], 0
	}
}

// wakeOne frees the pair that has rested longest.
func (p *pool) wakeOne() {
	i := p.rest[p.restAt].line.index
	p.used[i/64] &^= 1 << (i % 64)
	p.ready++
	p.restAt++
}

// short is the rest a pair gets when there is no other.
func (p *pool) short() int64 { return int64(p.e.cfg.Quarantine) / 30 }

func (p *pool) count(now int64) (taken, resting int) {
	if !p.addr.IsValid() {
		return 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(now)
	return p.taken, len(p.rest) - p.restAt
}

func (p *pool) close() {
	for i := range p.lines {
		if l := p.lines[i].Load(); l != nil {
			l.media.sock.close()
			l.control.sock.close()
		}
	}
}
