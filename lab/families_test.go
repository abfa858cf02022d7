package lab

import (
	"net/netip"
	"testing"
	"time"
)

// TestTelephonesOverIPv6: softphones that have only IPv6, and one of each kind at
// two centers, whose sound is carried from one to the other; over UDP, and over
// TLS with SRTP.
func TestTelephonesOverIPv6(t *testing.T) {
	four, six := loopback(), netip.IPv6Loopback()
	for _, c := range []struct {
		name, from, to, transport string
		korea, america            netip.Addr
	}{
		{"both", "KR", "KR", "udp", six, six},
		{"IPv6 calls IPv4", "KR", "US", "udp", six, four},
		{"IPv4 calls IPv6", "KR", "US", "tcp", four, six},
		{"IPv6 calls IPv4, encrypted", "KR", "US", "tls", six, four},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{Host: c.korea, America: c.america})
			number := map[string][2]string{"KR": {"82", "25551234"}, "US": {"1", "3125550142"}}
			caller := n.Member("Minji Kim", c.from, number[c.from][0], number[c.from][1]+"9")
			called := n.Member("Ada Rivera", c.to, number[c.to][0], number[c.to][1])
			secret := c.transport == "tls"
			b := Baresip{
				User: called.User, Password: called.Password, Server: n.server(c.to, c.transport), Transport: c.transport, CAFile: n.CAFile, SRTP: secret, Hz: 1200, Seconds: 9,
			}.Start(t)
			b.Wait("200 OK", 10*time.Second)
			a := Baresip{
				User: caller.User, Password: caller.Password, Server: n.server(c.from, c.transport), Transport: c.transport, CAFile: n.CAFile, SRTP: secret, Hz: 500, Seconds: 6,
				Dial: called.Number.Canonical(),
			}.Start(t)
			a.Wait("Call established", 10*time.Second)
			hear(t, a, 500, b, 1200)
			for _, r := range n.Records.Wait(t, 1) {
				if !r.Answered() {
					t.Errorf("%+v", r)
				}
			}
			n.settled(t)
		})
	}
}

// TestATelephoneThatProvesItsSound: it agrees on keys in DTLS, and calls one that
// has none.
func TestATelephoneThatProvesItsSound(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	m, to := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142")
	b := Baresip{User: to.User, Password: to.Password, Server: n.server("US", "udp"), Hz: 1200, Seconds: 9}.Start(t)
	b.Wait("200 OK", 10*time.Second)
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), DTLS: true, Hz: 500, Seconds: 6, Dial: to.Number.Canonical()}.Start(t)
	a.Wait("Call established", 10*time.Second)
	a.Wait("DTLS-SRTP complete", 10*time.Second)
	hear(t, a, 500, b, 1200)
	n.settled(t)
}
