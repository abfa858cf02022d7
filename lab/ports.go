package lab

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"
)

// Ports for programs that are told where to listen. They are none that the
// system hands out itself (ip_local_port_range), which any connection may take
// before the program has started, and none that our own nodes take for sound.
const (
	portsFrom, portsTo = 10_000, 16_000
	portsEach          = 4 // a program takes the next ones for TLS, RTCP, and video
)

// freePort returns the first of portsEach ports that are this test's until it
// ends: the name of a socket is held for them, which other processes see too.
func freePort(t testing.TB, host netip.Addr) uint16 {
	t.Helper()
	const places = (portsTo - portsFrom) / portsEach
	first := rand.IntN(places) //nolint:gosec // any will do
	for i := range places {
		port := uint16(portsFrom + (first+i)%places*portsEach) //nolint:gosec // within the range
		claim, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", fmt.Sprintf("@callisto-port-%d", port))
		if err != nil {
			continue
		}
		all := true
		for k := range uint16(portsEach) {
			all = all && bindable(host, port+k)
		}
		if all {
			t.Cleanup(func() { _ = claim.Close() })
			return port
		}
		_ = claim.Close()
	}
	t.Fatalf("no port from %d to %d is free", portsFrom, portsTo)
	return 0
}

// bindable reports whether a port is free, for UDP and TCP.
func bindable(host netip.Addr, port uint16) bool {
	at := netip.AddrPortFrom(host, port)
	u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	_ = u.Close()
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// awaitBound returns once somebody has the port.
func awaitBound(t testing.TB, at netip.AddrPort) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		if err != nil {
			return
		}
		_ = u.Close()
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("nobody listens at %s", at)
		}
	}
}

// awaitAccepting returns once somebody takes connections there.
func awaitAccepting(t testing.TB, at netip.AddrPort) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.String())
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("nobody takes connections at %s", at)
		}
	}
}
