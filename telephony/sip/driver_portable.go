package sip

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// portable drives a shard with what every system has: a goroutine reads each
// socket and posts, one runs the shard.
type portable struct {
	core  *Core
	shard *Shard
	wake  chan struct{}
}

func newPortable(c *Core, s *Shard) *portable {
	p := &portable{core: c, shard: s, wake: make(chan struct{}, 1)}
	s.asleep.Store(true)
	s.inbox.wake = func() {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	s.send = func(out []Packet) { p.send(out) }
	return p
}

func (p *portable) send(out []Packet) {
	for i := range out {
		if f := &out[i].Flow; f.Conn != nil {
			f.Conn.send(out[i].Bytes)
		} else if u := p.core.ears.Load().sockets[f.Listener.ID].udp; u != nil {
			// A datagram that cannot be sent is a lost one: timers see to it.
			_, _ = u.WriteToUDPAddrPort(out[i].Bytes, f.Remote)
		}
	}
}

func (p *portable) run(ctx context.Context) {
	if p.shard.id == 0 { // further shards get theirs from it
		all := p.core.ears.Load()
		for i, sock := range all.sockets {
			if sock.udp != nil {
				l := all.listeners[i]
				p.core.wg.Go(func() { p.read(ctx, l, sock.udp) })
			}
		}
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	s := p.shard
	for ctx.Err() == nil {
		s.Tick(p.core.Now())
		s.drain()
		s.Flush()
		wait := time.Hour
		if at, ok := s.NextTimer(); ok {
			wait = max(time.Duration(at-p.core.Now()), 0)
		}
		timer.Reset(wait)
		select {
		case <-p.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

func (p *portable) open(l *Listener, u *net.UDPConn) error {
	if p.shard.id == 0 {
		p.core.wg.Go(func() { p.read(p.core.ctx, l, u) })
	}
	return nil
}

func (p *portable) read(ctx context.Context, l *Listener, u *net.UDPConn) {
	buf := make([]byte, MaxMessage)
	for {
		n, from, err := u.ReadFromUDPAddrPort(buf)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			continue // an ICMP error of an earlier datagram
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		p.shard.Deliver(Flow{Listener: l, Remote: from}, buf[:n])
	}
}

func (p *portable) close() {}
