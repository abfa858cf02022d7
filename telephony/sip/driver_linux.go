package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// linux drives a shard from one locked thread: epoll over its sockets and an
// eventfd, recvmmsg and sendmmsg in batches.
//
// After any activity it naps for a moment in the kernel instead of waiting for
// the next packet: what arrives meanwhile is read, worked off and answered in
// one batch. At 400 calls a second that halves the CPU per call, for up to a
// millisecond of delay; it blocks only when the last read found nothing.
type linux struct {
	core    *Core
	shard   *Shard
	epoll   int
	event   int
	sockets []udpSocket
	recv    batch
	sendTo  batch
}

type udpSocket struct {
	fd       int
	listener *Listener
	faulty   bool // its error queue may hold something
}

// ownDescriptors: the driver duplicates the sockets' descriptors.
const ownDescriptors = true

const (
	batchSize = 64
	datagram  = 64 << 10         // the largest there is; memory is only taken where it is written
	stride    = datagram + 5<<10 // not a power of two: the starts of all buffers would share a few lines of cache
	nap       = 1_000_000        // ns
)

// batch holds the structures of recvmmsg(2) and sendmmsg(2).
type batch struct {
	hdr  [batchSize]mmsghdr
	iov  [batchSize]unix.Iovec
	name [batchSize]unix.RawSockaddrInet6 // large enough for IPv4 too
	bufs []byte
}

type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

func (c *Core) newDriver(s *Shard) (driver, error) {
	if c.cfg.Portable {
		return newPortable(c, s), nil
	}
	d := &linux{core: c, shard: s}
	var err error
	if d.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if d.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if err := d.watch(d.event, -1); err != nil {
		return nil, err
	}
	all := c.ears.Load()
	for i, sock := range all.sockets {
		if sock.udp == nil {
			continue
		}
		own, err := d.own(all.listeners[i], sock.udp)
		if err == nil {
			err = d.take(own)
		}
		if err != nil {
			return nil, err
		}
	}
	d.recv.init()
	d.sendTo.init()
	s.inbox.wake = func() { _, _ = unix.Write(d.event, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }
	s.send = d.send
	return d, nil
}

// own gets a socket of our own for a listener's.
func (d *linux) own(l *Listener, u *net.UDPConn) (udpSocket, error) {
	fd, err := d.dup(u)
	if err != nil {
		return udpSocket{}, err
	}
	if err := wantErrors(fd, l.Addr.Addr().Unmap().Is4()); err != nil {
		return udpSocket{}, os.NewSyscallError("setsockopt IP_RECVERR", err)
	}
	return udpSocket{fd: fd, listener: l}, nil
}

// take adds a socket to those of the thread.
func (d *linux) take(sock udpSocket) error {
	d.sockets = append(d.sockets, sock)
	if d.shard.id != 0 { // the first reads for all; each shard answers by itself
		return nil
	}
	return d.watch(sock.fd, int32(len(d.sockets)-1))
}

func (d *linux) open(l *Listener, u *net.UDPConn) error {
	sock, err := d.own(l, u)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	d.shard.Post(func(*Shard) { done <- d.take(sock) })
	select {
	case err := <-done:
		return err
	case <-d.core.ctx.Done():
		return d.core.ctx.Err()
	}
}

// dup gets a descriptor of our own, which the runtime's poller does not watch.
func (d *linux) dup(u *net.UDPConn) (fd int, err error) {
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(p uintptr) { fd, err = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(err, cerr)
}

func (d *linux) watch(fd int, data int32) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(d.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: data}))
}

func (b *batch) init() {
	for i := range b.hdr {
		b.hdr[i].hdr.Iov = &b.iov[i]
		b.hdr[i].hdr.SetIovlen(1)
		b.hdr[i].hdr.Name = (*byte)(unsafe.Pointer(&b.name[i]))
	}
}

func (d *linux) run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	d.recv.bufs = make([]byte, batchSize*stride)
	s := d.shard
	events := make([]unix.EpollEvent, 16)
	for ctx.Err() == nil {
		before := d.core.Now()
		busy := d.receive()
		now := d.core.Now()
		s.Tick(now)
		busy = s.drain() || busy
		s.Flush()
		if busy {
			s.took(d.core.Now() - before)
			rawNap()
			continue
		}
		s.took(0)
		d.sleep(events)
	}
}

// rawNap sleeps without telling the scheduler: for so short a time handing the
// processor over and back costs more than it gives.
func rawNap() {
	ts := unix.Timespec{Nsec: nap}
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// rawWait waits without telling the scheduler, but not for long: told of each
// wait between two messages, the runtime's monitor wakes up every 20 µs to look
// after this thread's processor, which costs more than the messages. A signal
// of the runtime ends the wait, so that its collector has not to wait for us.
// over is false if nothing came and there is time left.
func rawWait(epoll int, events []unix.EpollEvent, ms int) (n int, over bool) {
	const short = 2 // ms: others may need the processor
	wait := ms
	if ms < 0 || ms > short {
		wait = short
	}
	r, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(wait), 0, 0)
	if errno != 0 {
		return 0, true
	}
	return int(r), r > 0 || wait == ms
}

// sleep blocks until a packet, a posted item or a timer.
func (d *linux) sleep(events []unix.EpollEvent) {
	s := d.shard
	s.asleep.Store(true)
	defer s.asleep.Store(false)
	s.inbox.Lock()
	waiting := len(s.inbox.items)
	s.inbox.Unlock()
	if waiting > 0 {
		return
	}
	timeout := -1
	if at, ok := s.NextTimer(); ok {
		timeout = int(max((at-d.core.Now()+Millisecond-1)/Millisecond, 0))
	}
	n, over := rawWait(d.epoll, events, timeout)
	if !over {
		var err error
		n, err = unix.EpollWait(d.epoll, events, timeout)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			d.core.log.Error("epoll_wait", "error", err)
		}
	}
	for i := range max(n, 0) {
		if events[i].Fd < 0 {
			var b [8]byte
			_, _ = unix.Read(d.event, b[:])
		} else if events[i].Events&unix.EPOLLERR != 0 {
			d.sockets[events[i].Fd].faulty = true
		}
	}
}

// receive reads what the sockets hold and reports whether there was anything.
// Timers and answers are not left waiting while more keeps coming.
func (d *linux) receive() (busy bool) {
	if d.shard.id != 0 {
		return false
	}
	for i := range d.sockets {
		if d.sockets[i].faulty {
			d.sockets[i].faulty = false
			d.readErrors(&d.sockets[i])
		}
		for range 16 {
			n := d.receiveFrom(&d.sockets[i])
			busy = busy || n > 0
			if n < batchSize {
				break
			}
			d.shard.Flush()
		}
	}
	return busy
}

func (d *linux) receiveFrom(sock *udpSocket) int {
	b := &d.recv
	for i := range b.hdr {
		b.iov[i].Base = &b.bufs[i*stride]
		b.iov[i].SetLen(datagram)
		b.hdr[i].hdr.Namelen = unix.SizeofSockaddrInet6
	}
	// RawSyscall: with MSG_DONTWAIT it returns at once.
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(sock.fd), uintptr(unsafe.Pointer(&b.hdr[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if unreachable(errno) { // tells only that the error queue holds something
		sock.faulty = true
		n, _, errno = unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(sock.fd), uintptr(unsafe.Pointer(&b.hdr[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
	}
	if errno != 0 {
		return 0
	}
	for i := range int(n) {
		from, ok := sockaddr(&b.name[i])
		if !ok || b.hdr[i].hdr.Flags&unix.MSG_TRUNC != 0 {
			continue
		}
		d.shard.received(Flow{Listener: sock.listener, Remote: from}, b.bufs[i*stride:i*stride+int(b.hdr[i].n)])
	}
	return int(n)
}

func sockaddr(sa *unix.RawSockaddrInet6) (netip.AddrPort, bool) {
	port := sa.Port<<8 | sa.Port>>8
	switch sa.Family {
	case unix.AF_INET:
		in4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), port), true
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), port), true
	}
	return netip.AddrPort{}, false
}

// send sends a step's messages: streams into their queues, datagrams in batches
// per socket.
func (d *linux) send(out []Packet) {
	for i := range d.sockets {
		sock := &d.sockets[i]
		n := 0
		for j := range out {
			p := &out[j]
			if p.Flow.Conn != nil || p.Flow.Listener != sock.listener {
				continue
			}
			d.fill(n, sock, p)
			if n++; n == batchSize {
				d.flush(sock, n)
				n = 0
			}
		}
		d.flush(sock, n)
	}
	for i := range out {
		if c := out[i].Flow.Conn; c != nil {
			c.send(out[i].Bytes)
		}
	}
}

func (d *linux) fill(i int, sock *udpSocket, p *Packet) {
	b := &d.sendTo
	b.iov[i].Base = &p.Bytes[0]
	b.iov[i].SetLen(len(p.Bytes))
	port := p.Flow.Remote.Port()
	if sock.listener.Addr.Addr().Unmap().Is4() {
		in4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&b.name[i]))
		*in4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port<<8 | port>>8, Addr: p.Flow.Remote.Addr().Unmap().As4()}
		b.hdr[i].hdr.Namelen = unix.SizeofSockaddrInet4
		return
	}
	b.name[i] = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port<<8 | port>>8, Addr: p.Flow.Remote.Addr().As16()}
	b.hdr[i].hdr.Namelen = unix.SizeofSockaddrInet6
}

// flush sends a batch. A datagram the kernel refuses is skipped, as if lost. An
// error may be of an earlier datagram, which came back: the first one counts
// for nothing.
func (d *linux) flush(sock *udpSocket, n int) {
	b := &d.sendTo
	again := -1
	for i := 0; i < n; {
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(sock.fd), uintptr(unsafe.Pointer(&b.hdr[i])), uintptr(n-i), unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if unreachable(errno) {
			sock.faulty = true
			if again < i {
				again = i
				continue
			}
			if to, ok := sockaddr(&b.name[i]); ok { // there is no way at all
				d.refused(sock.listener, to)
			}
		}
		if errno != 0 {
			i++
			continue
		}
		i += int(sent)
	}
}

func (d *linux) close() {
	for _, s := range d.sockets {
		_ = unix.Close(s.fd)
	}
	_ = unix.Close(d.epoll)
	_ = unix.Close(d.event)
}
