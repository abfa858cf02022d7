package sip

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// Sim is a network of cores in virtual time: the third driver. Datagrams take
// a random time and may be lost, repeated or overtaken, all from one seed.
type Sim struct {
	Loss, Repeat float64 // probabilities
	Delay        Mono    // each datagram takes up to twice this
	// Refuse tells who sends to an address nobody has, as ICMP does.
	Refuse bool
	// Tap, if set, sees every message when it is sent.
	Tap func(from, to netip.AddrPort, b []byte)

	now    Mono
	rng    *rand.Rand
	cores  []*Core
	addr   map[netip.AddrPort]simPort
	flying flights
	serial uint64
}

type simPort struct {
	core  *Core
	l     *Listener
	plain func(from netip.AddrPort, b []byte) // a scripted peer
}

type flight struct {
	at       Mono
	serial   uint64
	from, to netip.AddrPort
	b        []byte
}

type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at < f[j].at || f[i].at == f[j].at && f[i].serial < f[j].serial
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	old := *f
	x := old[len(old)-1]
	*f = old[:len(old)-1]
	return x
}

// NewSim returns an empty network.
func NewSim(seed uint64) *Sim {
	return &Sim{now: Second, Delay: 5 * Millisecond, rng: rand.New(rand.NewPCG(seed, 1)), addr: map[netip.AddrPort]simPort{}}
}

// Now is the virtual time.
func (s *Sim) Now() Mono { return s.now }

// Core adds a core with a UDP listener for every address.
func (s *Sim) Core(cfg Config, tags map[netip.AddrPort]string) (*Core, error) {
	if len(cfg.Secret) == 0 { // the run has to be repeatable
		cfg.Secret = binary.BigEndian.AppendUint64(make([]byte, 8), s.rng.Uint64())
	}
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	c.clock, c.sim = func() Mono { return s.now }, true
	for _, sh := range c.shards {
		sh.now, sh.wheel = s.now, newWheel(s.now)
		var seed [32]byte
		binary.BigEndian.PutUint64(seed[:], s.rng.Uint64())
		sh.rng = rand.New(rand.NewChaCha8(seed))
		sh.send = s.send
	}
	for a, tag := range tags {
		l := c.append(tag, UDP, a, "", socket{})
		s.addr[a] = simPort{core: c, l: l}
	}
	s.cores = append(s.cores, c)
	return c, nil
}

// Peer adds a scripted peer: f gets what is sent to the address. It may send
// with Send. Without f the address is given up.
func (s *Sim) Peer(a netip.AddrPort, f func(from netip.AddrPort, b []byte)) {
	if f == nil {
		delete(s.addr, a)
		return
	}
	s.addr[a] = simPort{plain: f}
}

func (s *Sim) send(out []Packet) {
	for i := range out {
		s.Send(out[i].Flow.Listener.Addr, out[i].Flow.Remote, out[i].Bytes)
	}
}

// Send puts a datagram on the wire.
func (s *Sim) Send(from, to netip.AddrPort, b []byte) {
	if s.Tap != nil {
		s.Tap(from, to, b)
	}
	copies := 1
	if s.rng.Float64() < s.Repeat {
		copies = 2
	}
	for range copies {
		if s.rng.Float64() < s.Loss {
			continue
		}
		s.serial++
		heap.Push(&s.flying, flight{
			at: s.now + Mono(s.rng.Int64N(int64(2*s.Delay)+1)), serial: s.serial, from: from, to: to, b: append([]byte(nil), b...),
		})
	}
}

// Step does the next thing that happens, if it does so before the end, and
// reports whether there was anything.
func (s *Sim) Step(end Mono) bool {
	next := end + 1
	if len(s.flying) > 0 {
		next = min(next, s.flying[0].at)
	}
	for _, c := range s.cores {
		for _, sh := range c.shards {
			if at, ok := sh.NextTimer(); ok {
				next = min(next, max(at, s.now))
			}
			if len(sh.inbox.items) > 0 {
				next = s.now
			}
		}
	}
	if next > end {
		s.now = end
		s.tick()
		return false
	}
	s.now = next
	for len(s.flying) > 0 && s.flying[0].at <= s.now {
		s.deliver(heap.Pop(&s.flying).(flight))
	}
	s.tick()
	return true
}

func (s *Sim) tick() {
	for _, c := range s.cores {
		for _, sh := range c.shards {
			sh.Tick(s.now)
			sh.drain()
			sh.Flush()
		}
	}
}

// refuse tells the sender that nobody is there.
func (s *Sim) refuse(f flight) {
	from, ok := s.addr[f.from]
	if !ok || from.core == nil || !s.Refuse {
		return
	}
	for _, sh := range from.core.shards {
		sh.Post(func(sh *Shard) { sh.Broken(Flow{Listener: from.l, Remote: f.to}) })
	}
}

// deliver hands a datagram over and spoils its bytes afterwards, so that
// whoever kept some without copying is found out.
func (s *Sim) deliver(f flight) {
	p, ok := s.addr[f.to]
	switch {
	case !ok:
		s.refuse(f)
	case p.plain != nil:
		p.plain(f.from, f.b)
	default:
		sh := p.core.shards[s.rng.IntN(len(p.core.shards))] // the kernel decides
		sh.Tick(s.now)
		sh.Packet(Flow{Listener: p.l, Remote: f.from}, f.b)
		sh.Flush()
	}
	for i := range f.b {
		f.b[i] = 0xAA
	}
}

// Run lets the network run for a time.
func (s *Sim) Run(d Mono) {
	for end := s.now + d; s.Step(end); {
	}
}
