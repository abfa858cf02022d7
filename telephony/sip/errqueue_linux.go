package sip

import (
	"errors"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A datagram to a port nobody listens on comes back as ICMP "port unreachable".
// RFC 3261 §18.4 wants such errors told to whoever sent the request: a caller
// then hears at once what silence would tell him after 32 s. The kernel queues
// them per socket (ip(7), IP_RECVERR).

// wantErrors asks for them.
func wantErrors(fd int, v4 bool) error {
	if v4 {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
}

// unreachable tells the errors that mean a place cannot be reached now. Others,
// such as a learned path MTU, are no failure of a message.
func unreachable(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ENOPROTOOPT:
		return true
	default:
		return false
	}
}

// ICMP "destination unreachable" of IPv4 and IPv6.
const (
	unreachable4 = 3
	unreachable6 = 1
)

// readErrors empties the error queue of a socket.
func (d *linux) readErrors(sock *udpSocket) {
	var control [256]byte
	for range batchSize {
		_, n, _, from, err := unix.Recvmsg(sock.fd, nil, control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			if !errors.Is(err, unix.EAGAIN) {
				d.core.log.Debug("the error queue of a SIP socket", "listener", sock.listener.Addr.String(), "error", err)
			}
			return
		}
		if to, ok := addrPortOf(from); ok && refusal(control[:n]) {
			d.refused(sock.listener, to)
		}
	}
}

// refused fails what waits for an answer from a place.
func (d *linux) refused(l *Listener, to netip.AddrPort) {
	f := Flow{Listener: l, Remote: to}
	for _, s := range d.core.shards {
		s.Post(func(s *Shard) { s.Broken(f) })
	}
}

func addrPortOf(sa unix.Sockaddr) (netip.AddrPort, bool) {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), true
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)), true
	}
	return netip.AddrPort{}, false
}

// refusal tells whether the control messages speak of a place that cannot be
// reached.
func refusal(control []byte) bool {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return false
	}
	for i := range messages {
		m := &messages[i]
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if !v4 && !v6 || len(m.Data) < int(unsafe.Sizeof(unix.SockExtendedErr{})) {
			continue
		}
		e := (*unix.SockExtendedErr)(unsafe.Pointer(&m.Data[0]))
		if e.Origin == unix.SO_EE_ORIGIN_ICMP && e.Type == unreachable4 || e.Origin == unix.SO_EE_ORIGIN_ICMP6 && e.Type == unreachable6 {
			return unreachable(unix.Errno(e.Errno))
		}
	}
	return false
}
