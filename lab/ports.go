package lab

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func freePort(t testing.TB, host netip.Addr) uint16 {
	t.Helper()
	u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = u.Close() }()
	return u.LocalAddr().(*net.UDPAddr).AddrPort().Port()
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
