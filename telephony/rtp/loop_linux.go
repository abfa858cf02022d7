//go:build linux && !portable

//nolint:gosec // the raw system calls take pointers to buffers and addresses that live through the call
package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a bound UDP socket.
type socket struct{ fd int }

// loop is the media thread: epoll over all sockets, level-triggered, one
// packet a ready socket and turn (streams are 20 ms apart; a second read would
// find nothing).
type loop struct {
	e     *Engine
	ep    int
	event int   // eventfd that ends a wait
	ahead error // why its thread does not go before others; nil: it does
	quit  atomic.Bool
	done  chan struct{}
	tid   atomic.Int64              // of the thread, for whoever measures it
	paths [2][]atomic.Pointer[path] // by family, index*2+isRTCP
}

const eventID = 1<<31 - 1

func (p *loop) start(e *Engine) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	ev, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(ep)
		return fmt.Errorf("eventfd: %w", err)
	}
	p.e, p.ep, p.event, p.done = e, ep, ev, make(chan struct{})
	for i := range p.paths {
		p.paths[i] = make([]atomic.Pointer[path], 65536)
	}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, ev, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: eventID}); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	begun := make(chan struct{})
	go p.run(begun)
	<-begun
	return nil
}

func (p *loop) stop() {
	if p.quit.Swap(true) {
		return
	}
	p.wake()
	<-p.done
	_ = unix.Close(p.event)
	_ = unix.Close(p.ep)
}

// wake ends a wait.
func (p *loop) wake() {
	one := [8]byte{1}
	_, _ = unix.Write(p.event, one[:]) // full means it is awake anyway
}

// open binds a socket, has it read from now on, and returns where it is: port 0
// is any.
func (p *loop) open(x *path, at netip.AddrPort) (netip.AddrPort, error) {
	dom := unix.AF_INET
	if at.Addr().Is6() {
		dom = unix.AF_INET6
	}
	fd, err := unix.Socket(dom, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return at, fmt.Errorf("media socket %s: %w", at, err)
	}
	x.sock = socket{fd}
	var sa unix.Sockaddr
	if dom == unix.AF_INET6 {
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 0xB8)
	} else {
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, 0xB8) // DSCP EF, RFC 2474 §3
	}
	if err := unix.Bind(fd, sa); err != nil {
		_ = unix.Close(fd)
		return at, fmt.Errorf("media socket: %w", &net.OpError{Op: "listen", Net: "udp", Addr: net.UDPAddrFromAddrPort(at), Err: err})
	}
	if at.Port() == 0 {
		if at, err = boundAt(fd); err != nil {
			_ = unix.Close(fd)
			return at, err
		}
	}
	if x.shared != nil { // many browsers send here: room for what comes during a stall
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<20)
	}
	f := family(dom == unix.AF_INET6)
	p.paths[f][at.Port()].Store(x)
	id := int32(f)<<16 | int32(at.Port())
	if err := unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: id}); err != nil {
		_ = unix.Close(fd)
		return at, fmt.Errorf("epoll: %w", err)
	}
	return at, nil
}

// boundAt is where the system bound a socket.
func boundAt(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("media socket: %w", err)
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)), nil
	}
	return netip.AddrPort{}, ErrFamily
}

// The naps while traffic is dense. The runtime is told of them, unlike in the
// signalling loop: two threads that both kept a processor would starve the
// rest of a two-core machine.
const (
	napTime  = 600_000 // ns from the beginning of one turn to that of the next: sound waits that long at most
	denseOf  = 10      // packets in one tick of 20 ms from which on napping pays
	idleWait = 100     // ms
	nice     = -10     // of the thread: next to usual ones it gets nine tenths of a processor, of which it needs little, and that at once
)

func (p *loop) run(begun chan<- struct{}) {
	runtime.LockOSThread() // for ever: the thread ends with its loop, and nothing else gets its priority
	p.tid.Store(int64(unix.Gettid()))
	p.ahead = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
	close(begun)
	defer close(p.done)
	events := make([]unix.EpollEvent, 512)
	buf := make([]byte, 2048)
	var next int64
	count, dense := 0, false
	for !p.quit.Load() {
		now := p.e.cfg.Now()
		if now >= next {
			p.e.tick(now)
			next = now + frameTime
			dense, count = count >= denseOf, 0
		}
		wait := 0
		if !dense {
			wait = p.e.wait(next - now)
		}
		n, err := p.poll(events, wait)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return // the epoll descriptor is gone: Close
		}
		now = p.e.cfg.Now()
		for i := range max(n, 0) {
			count += p.ready(events[i].Fd, buf, now)
		}
		if rest := napTime - (p.e.cfg.Now() - now); dense && n < len(events) && rest > 0 {
			nap := unix.Timespec{Nsec: rest}
			_ = unix.Nanosleep(&nap, nil)
		}
	}
}

// poll asks epoll; without waiting it does so without telling the runtime.
func (p *loop) poll(events []unix.EpollEvent, wait int) (int, error) {
	if wait != 0 {
		return unix.EpollWait(p.ep, events, wait)
	}
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// wait returns how long epoll may wait, in ms, when the next tick is due in ns.
func (e *Engine) wait(due int64) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.players) == 0 {
		return idleWait
	}
	return int((due + 999_999) / 1_000_000)
}

// ready reads what came to a socket, and returns how many packets that were.
func (p *loop) ready(id int32, buf []byte, now int64) int {
	if id == eventID {
		_, _ = unix.Read(p.event, buf[:8])
		return 1
	}
	x := p.paths[id>>16][id&0xFFFF].Load()
	if x == nil {
		return 1
	}
	if x.shared == nil {
		if n, src := x.sock.receive(buf); n > 0 {
			p.e.packet(x, buf[:n], src, now)
		}
		return 1
	}
	for i := range sharedTurn {
		n, src := x.sock.receive(buf)
		if n <= 0 {
			return i
		}
		x.shared.packet(buf[:n], src, now)
	}
	return sharedTurn
}

// sharedTurn is how many packets of a shared socket are taken in one turn.
const sharedTurn = 256

// receive reads one packet; 0 if there is none, or instead an ICMP error of an
// earlier send: the other end is not there (yet).
func (s socket) receive(buf []byte) (int, netip.AddrPort) {
	var sa unix.RawSockaddrAny
	salen := uint32(unix.SizeofSockaddrAny)
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&salen)))
	if e != 0 || n == 0 {
		return 0, netip.AddrPort{}
	}
	return int(n), source(&sa)
}

func source(sa *unix.RawSockaddrAny) netip.AddrPort {
	if sa.Addr.Family == unix.AF_INET {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), swap(in.Port))
	}
	in := (*unix.RawSockaddrInet6)(unsafe.Pointer(sa))
	return netip.AddrPortFrom(netip.AddrFrom16(in.Addr), swap(in.Port))
}

// swap turns a port between the order of the network and of the machine.
func swap(p uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&p))
	return uint16(b[0])<<8 | uint16(b[1])
}

// sockaddr writes to into sa and returns its length.
func sockaddr(sa *unix.RawSockaddrInet6, to netip.AddrPort) uintptr {
	if to.Addr().Is4() {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		in.Family, in.Port, in.Addr = unix.AF_INET, swap(to.Port()), to.Addr().As4()
		return unix.SizeofSockaddrInet4
	}
	sa.Family, sa.Port, sa.Addr = unix.AF_INET6, swap(to.Port()), to.Addr().As16()
	return unix.SizeofSockaddrInet6
}

// send sends b to an address, which the kernel knows already if joined. What
// cannot be sent now is lost, as on the wire.
func (s socket) send(b []byte, to netip.AddrPort, joined bool) bool {
	var e unix.Errno
	if joined {
		_, _, e = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	} else {
		var sa unix.RawSockaddrInet6
		size := sockaddr(&sa, to)
		_, _, e = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL,
			uintptr(unsafe.Pointer(&sa)), size)
	}
	return e == 0
}

// join connects the socket, or parts it from what it was connected to.
func (s socket) join(to netip.AddrPort) bool {
	var sa unix.RawSockaddrInet6
	size := uintptr(unix.SizeofSockaddrInet4)
	if to.IsValid() {
		size = sockaddr(&sa, to)
	} else {
		sa.Family = unix.AF_UNSPEC
	}
	_, _, e := unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(&sa)), size)
	return e == 0
}

func (s socket) close() { _ = unix.Close(s.fd) }
