// Package rtp moves RTP and RTCP (RFC 3550) between sockets: a pool of bound
// even/odd port pairs, learning of the true source behind a NAT ("latching",
// RFC 4961 symmetric RTP) that cannot be hijacked, relaying, tones, counters,
// and an absolute time at which all sound ends. It knows no SDP.
//
// One thread per Engine reads all sockets through epoll on Linux and naps up
// to a millisecond while traffic is dense: wake-ups, not packets, are what
// costs. Elsewhere a goroutine reads each socket.
//
// A Session is operated by one caller at a time and by the media thread; its
// lock is held for one packet or one operation.
package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ErrPorts says that every port pair is in use or in quarantine.
var ErrPorts = errors.New("no RTP port is free: widen the port range of the media settings, let the process open more files, or spread the calls over more nodes")

// ErrFamily says that no address of that IP version is configured.
var ErrFamily = errors.New("the media settings have no address of this IP version")

// Config is how an Engine is set up.
type Config struct {
	// Addr4 and Addr6 are the local addresses to bind; at least one is given,
	// and it is a concrete one: sockets are connected anew for each call, and
	// the kernel would keep the source address of an earlier one.
	Addr4, Addr6 netip.Addr
	// MinPort and MaxPort bound the range; RTP takes the even ports.
	MinPort, MaxPort uint16
	// Prebind is how many pairs per family are bound at the start; the others
	// are bound when first needed and kept.
	Prebind int
	// Sockets is how many sockets the pairs of both families may have; each takes
	// two, and the files of the process are for others as well. 0 is as many as there
	// are ports. Of these pairs, Kept are for urgent sessions alone.
	Sockets int
	Kept    int
	// WebPort is the one port for all browsers; 0 is any that is free. Without Web
	// there is none.
	Web     bool
	WebPort uint16
	// Quarantine is how long a pair rests after use, so that the packets of
	// an old call do not fall into a new one; default 3 s. If none has rested
	// that long, a thirtieth of it is enough.
	Quarantine time.Duration
	// Silence is after how long without sound Silent is noted; 0 is never.
	Silence time.Duration
	// Now is the monotonic clock that StopAt is measured by; default is one
	// of the Engine's own.
	Now func() int64
	// Notify is told what happens, from the media thread. It must not block
	// and may call the Session.
	Notify func(Note)
}

// NoteKind says what a Note is about.
type NoteKind uint8

// The kinds of Note.
const (
	Silent   NoteKind = iota // nothing was heard on the line for Config.Silence
	Stopped                  // the session's stop time was reached
	Played                   // the player on the line has ended
	Digit                    // a key was pressed at the other end of the line
	Unproved                 // the other end of the line did not show the certificate of its description (DTLS), or for Config.Silence nothing was protected as agreed
)

// Note is something that happened to a session.
type Note struct {
	Kind  NoteKind
	Tag   uint64 // of the session
	Leg   uint16 // of the line
	Digit byte   // "0" to "9", "*", "#", "A" to "D"
	Kept  bool   // the key went no further with the sound: whom it is for has to be told
}

// Engine owns the sockets and the thread that reads them.
type Engine struct {
	cfg   Config
	pools [2]pool // by family: 4, 6
	webs  [2]shared
	loop  loop

	identity identity  // in DTLS
	free     sync.Pool // *Session

	sockets atomic.Int64 // of pairs that are bound
	taken   atomic.Int64 // pairs, of both families

	mu      sync.Mutex
	live    map[*Session]struct{}
	players []*Line

	sweepAt int64
	notes   []Note
	sweeps  []*Session
}

// PriorityError says why the media thread does not go before the others of the machine, if it
// does not: then sound waits while others compute.
func (e *Engine) PriorityError() error { return e.loop.ahead }

// New binds the first sockets and starts the media thread.
func New(cfg Config) (*Engine, error) {
	if cfg.Quarantine == 0 {
		cfg.Quarantine = 3 * time.Second
	}
	if cfg.Now == nil {
		base := time.Now()
		cfg.Now = func() int64 { return int64(time.Since(base)) }
	}
	if cfg.Notify == nil {
		cfg.Notify = func(Note) {}
	}
	if cfg.MinPort%2 == 1 {
		cfg.MinPort++
	}
	if int(cfg.MaxPort) < int(cfg.MinPort)+1 || cfg.MinPort == 0 {
		return nil, fmt.Errorf("media ports %d to %d hold no even/odd pair", cfg.MinPort, cfg.MaxPort)
	}
	e := &Engine{cfg: cfg, live: map[*Session]struct{}{}}
	var err error
	if e.identity, err = newIdentity(); err != nil {
		return nil, err
	}
	if err := e.loop.start(e); err != nil {
		return nil, err
	}
	n := (int(cfg.MaxPort) - int(cfg.MinPort) + 1) / 2
	for i, a := range [2]netip.Addr{cfg.Addr4, cfg.Addr6} {
		if !a.IsValid() {
			continue
		}
		if a.IsUnspecified() {
			e.Close()
			return nil, fmt.Errorf("media address %s is not concrete", a)
		}
		e.pools[i].init(e, a, n)
		if err := e.pools[i].prebind(min(cfg.Prebind, n)); err != nil {
			e.Close()
			return nil, err
		}
		if !cfg.Web {
			continue
		}
		if err := e.webs[i].init(e, a, cfg.WebPort); err != nil {
			e.Close()
			return nil, err
		}
	}
	if !cfg.Addr4.IsValid() && !cfg.Addr6.IsValid() {
		e.Close()
		return nil, ErrFamily
	}
	return e, nil
}

// Close ends the thread and closes every socket.
func (e *Engine) Close() {
	e.loop.stop()
	for i := range e.pools {
		e.pools[i].close()
		e.webs[i].close()
	}
}

// Now reads the engine's clock.
func (e *Engine) Now() int64 { return e.cfg.Now() }

// Has reports whether there is an address of the family.
func (e *Engine) Has(v6 bool) bool { return e.pools[family(v6)].addr.IsValid() }

// InUse returns how many pairs are taken, and how many more are resting.
func (e *Engine) InUse() (taken, resting int) {
	for i := range e.pools {
		t, r := e.pools[i].count(e.cfg.Now())
		taken, resting = taken+t, resting+r
	}
	return taken, resting
}

// Sessions returns how many sessions are open.
func (e *Engine) Sessions() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.live)
}

func family(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

// packet is called by the reader of a socket with what came in.
func (e *Engine) packet(p *path, b []byte, src netip.AddrPort, now int64) {
	l := p.line
	s := l.owner.Load()
	if s == nil {
		return // resting: this is the drain
	}
	var note Note
	s.mu.Lock()
	if l.owner.Load() == s && !s.stopped {
		note = Note{Kind: Digit, Tag: s.tag, Leg: l.leg}
		note.Digit, note.Kept = s.relay(l, p, b, src, now)
	}
	s.mu.Unlock()
	if note.Digit != 0 {
		e.cfg.Notify(note)
	}
}

// tick is called by the media thread every 20 ms or later: it moves the
// players, and every 100 ms looks after stop times, silence and learning.
func (e *Engine) tick(now int64) {
	e.mu.Lock()
	e.play(now)
	if now < e.sweepAt {
		e.mu.Unlock()
		e.tell()
		return
	}
	e.sweepAt = now + int64(100*time.Millisecond)
	for s := range e.live {
		e.sweeps = append(e.sweeps, s)
	}
	e.mu.Unlock()
	for i, s := range e.sweeps {
		s.mu.Lock()
		s.sweep(now)
		s.mu.Unlock()
		e.sweeps[i] = nil
	}
	e.sweeps = e.sweeps[:0]
	e.tell()
}

// tell gives out the notes, with no lock held.
func (e *Engine) tell() {
	for _, n := range e.notes {
		e.cfg.Notify(n)
	}
	e.notes = e.notes[:0]
}

// Addr returns the address bound for a family, invalid if none.
func (e *Engine) Addr(v6 bool) netip.Addr { return e.pools[family(v6)].addr }

// foreign drops an address that is a media port of ours. Two parties that each
// announced the other's would have one packet go round for ever; only centers,
// which may live in one process, have a reason to name one.
func (e *Engine) foreign(a netip.AddrPort) netip.AddrPort {
	p := &e.pools[family(a.Addr().Is6())]
	if i := (int(a.Port()) - int(e.cfg.MinPort)) / 2; a.IsValid() && a.Addr() == p.addr && a.Port() >= e.cfg.MinPort && i < p.n && p.lines[i].Load() != nil {
		return netip.AddrPort{}
	}
	return a
}
