//go:build !linux || portable

package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// socket is a bound UDP socket.
type socket struct{ c *net.UDPConn }

// loop is the driver for systems without epoll: a goroutine a socket, and one
// for the tick. Sockets are never connected; sources are checked all the same.
type loop struct {
	e     *Engine
	ahead error // nil: there is no thread of its own that others could go before
	once  sync.Once
	quit  chan struct{}
	kick  chan struct{}
	done  sync.WaitGroup
}

func (p *loop) start(e *Engine) error {
	p.e, p.quit, p.kick = e, make(chan struct{}), make(chan struct{}, 1)
	p.done.Go(func() {
		t := time.NewTicker(time.Duration(frameTime))
		defer t.Stop()
		for {
			select {
			case <-p.quit:
				return
			case <-t.C:
			case <-p.kick:
			}
			e.tick(e.cfg.Now())
		}
	})
	return nil
}

func (p *loop) stop() {
	p.once.Do(func() { close(p.quit) })
}

func (p *loop) wake() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

func (p *loop) open(x *path, at netip.AddrPort) (netip.AddrPort, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return at, fmt.Errorf("media socket %s: %w", at, err)
	}
	x.sock = socket{c}
	at = c.LocalAddr().(*net.UDPAddr).AddrPort()
	take := func(b []byte, src netip.AddrPort) { p.e.packet(x, b, src, p.e.cfg.Now()) }
	if x.shared != nil {
		take = func(b []byte, src netip.AddrPort) { x.shared.packet(b, src, p.e.cfg.Now()) }
	}
	go func() {
		buf := make([]byte, 2048)
		for {
			n, src, err := c.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil && n > 0 {
				take(buf[:n], netip.AddrPortFrom(src.Addr().Unmap(), src.Port()))
			}
		}
	}()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), nil
}

func (s socket) send(b []byte, to netip.AddrPort, _ bool) bool {
	_, err := s.c.WriteToUDPAddrPort(b, to)
	return err == nil
}

// join does nothing: replies still need the source checked.
func (s socket) join(netip.AddrPort) bool { return true }

func (s socket) close() { _ = s.c.Close() }
