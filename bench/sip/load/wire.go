//go:build linux

package load

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batch    = 64
	datagram = 4096
	queue    = 1 << 20
)

// port is a UDP socket that talks to the server only, read and written in
// batches.
type port struct {
	fd    int
	addr  netip.AddrPort
	text  string // addr
	err   error
	in    [batch]mmsghdr
	inIov [batch]unix.Iovec
	bufs  []byte

	arena  []byte
	out    [batch]mmsghdr
	outIov [batch]unix.Iovec
	n      int
}

type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func open(host netip.Addr, server netip.AddrPort) (*port, error) {
	family := unix.AF_INET
	if host.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	p := &port{fd: fd, bufs: make([]byte, batch*datagram), arena: make([]byte, 0, queue)}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<20)
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(host, 0))); err != nil {
		p.close()
		return nil, fmt.Errorf("bind to %s: %w", host, err)
	}
	if err := unix.Connect(fd, sockaddr(server)); err != nil {
		p.close()
		return nil, fmt.Errorf("connect to %s: %w", server, err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		p.close()
		return nil, fmt.Errorf("getsockname: %w", err)
	}
	switch sa := name.(type) {
	case *unix.SockaddrInet4:
		p.addr = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		p.addr = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	p.text = p.addr.String()
	for i := range batch {
		p.inIov[i].Base = &p.bufs[i*datagram]
		p.inIov[i].SetLen(datagram)
		p.in[i].hdr.Iov = &p.inIov[i]
		p.in[i].hdr.SetIovlen(1)
		p.out[i].hdr.Iov = &p.outIov[i]
		p.out[i].hdr.SetIovlen(1)
	}
	return p, nil
}

func (p *port) close() { _ = unix.Close(p.fd) }

// read hands over what has come, at most a batch, and returns how much.
func (p *port) read(take func(b []byte)) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(p.fd), uintptr(unsafe.Pointer(&p.in[0])), batch, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		if errno != unix.EAGAIN && errno != unix.EINTR && p.err == nil {
			p.err = fmt.Errorf("receive from the server: %w", errno)
		}
		return 0
	}
	for i := range int(n) {
		take(p.bufs[i*datagram : i*datagram+int(p.in[i].n)])
	}
	return int(n)
}

// room is where the next message is put together: append to it and hand the
// result to sent. Nothing else may be sent in between.
func (p *port) room() []byte {
	if p.n == batch || len(p.arena)+datagram > cap(p.arena) {
		p.flush()
	}
	return p.arena[len(p.arena):]
}

// sent queues the message that was put together in room.
func (p *port) sent(b []byte) {
	p.arena = p.arena[:len(p.arena)+len(b)]
	p.outIov[p.n].Base = &b[0]
	p.outIov[p.n].SetLen(len(b))
	p.n++
}

// send queues a copy of a message.
func (p *port) send(b []byte) { p.sent(append(p.room(), b...)) }

// flush sends what is queued.
func (p *port) flush() {
	for i := 0; i < p.n; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(p.fd), uintptr(unsafe.Pointer(&p.out[i])), uintptr(p.n-i), 0, 0, 0)
		switch {
		case errno == unix.EINTR || errno == unix.EAGAIN:
		case errno != 0:
			if p.err == nil {
				p.err = fmt.Errorf("send to the server: %w", errno)
			}
			i++
		default:
			i += int(n)
		}
	}
	p.n, p.arena = 0, p.arena[:0]
}
