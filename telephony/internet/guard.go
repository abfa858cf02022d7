package internet

import (
	"net"
	"net/netip"
	"slices"
)

// Guard tells which addresses of others a call may go to. What a stranger's
// zone says must not have us send to our own network.
type Guard struct {
	// Near are networks of loopback that are allowed nonetheless, for trials on
	// one machine.
	Near []netip.Prefix
	// Own are the sockets where we listen; nil: none.
	Own func() []netip.AddrPort
	// Addrs are the addresses of this machine; nil asks the system.
	Addrs func() []netip.Addr
}

// closed are the networks that no stranger's telephone is in, beside those that
// net/netip knows by name.
var closed = prefixes( //nolint:gochecknoglobals // constant table
	"0.0.0.0/8",       // this network (RFC 6890 §2.2.2)
	"100.64.0.0/10",   // carriers' NAT (RFC 6598)
	"192.0.0.0/24",    // protocol assignments (RFC 6890)
	"192.0.2.0/24",    // documentation (RFC 5737)
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"192.88.99.0/24",  // 6to4 relays, which may stand anywhere
	"198.18.0.0/15",   // benchmarks (RFC 2544)
	"240.0.0.0/4",     // reserved, and broadcast
	"64:ff9b::/96",    // NAT64: leads to any IPv4 address (RFC 6052)
	"64:ff9b:1::/48",  // the same, local (RFC 8215)
	"100::/64",        // discard (RFC 6666)
	"2001::/23",       // Teredo and other protocols: lead to IPv4 too
	"2001:db8::/32",   // documentation (RFC 3849)
	"3fff::/20",       // documentation (RFC 9637)
	"2002::/16",       // 6to4: leads to any IPv4 address
	"fec0::/10",       // site-local, of old
	"::/96",           // IPv4-compatible, of old
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// lowest is the lowest port of others that is called: below are the services
// that a forged message would hurt.
const lowest = 1024

// May reports whether a call may go to an address.
func (g *Guard) May(a netip.AddrPort) bool {
	ip := a.Addr().Unmap()
	return a.Port() >= lowest && g.MayAddr(ip) && !g.ours(netip.AddrPortFrom(ip, a.Port()))
}

// MayAddr is the same for what has no port yet, and for sound.
func (g *Guard) MayAddr(ip netip.Addr) bool {
	if !ip.IsValid() {
		return false
	}
	ip = ip.Unmap()
	if g.near(ip) {
		return true
	}
	if ip.Zone() != "" || ip.IsUnspecified() || ip.IsLoopback() || ip.IsPrivate() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsInterfaceLocalMulticast() {
		return false
	}
	for _, p := range closed {
		if p.Contains(ip) {
			return false
		}
	}
	return !slices.Contains(g.machine(), ip)
}

func (g *Guard) near(ip netip.Addr) bool {
	return ip.IsLoopback() && slices.ContainsFunc(g.Near, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func (g *Guard) ours(a netip.AddrPort) bool {
	if g.Own == nil {
		return false
	}
	for _, own := range g.Own() {
		if own.Port() == a.Port() && (own.Addr().Unmap() == a.Addr() || own.Addr().IsUnspecified() && (a.Addr().IsLoopback() || slices.Contains(g.machine(), a.Addr()))) {
			return true
		}
		// What listens on a public address is ours on every port of it.
		if ip := own.Addr().Unmap(); ip == a.Addr() && !ip.IsLoopback() {
			return true
		}
	}
	return false
}

// machine lists the addresses of this machine. They change, with a new lease or
// a tunnel: so they are asked for each time.
func (g *Guard) machine() (list []netip.Addr) {
	if g.Addrs != nil {
		return g.Addrs()
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, p.Addr().Unmap())
		}
	}
	return list
}
