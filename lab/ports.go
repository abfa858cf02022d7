package lab

import (
	"net"
	"net/netip"
	"testing"
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
