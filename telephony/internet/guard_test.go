package internet

import (
	"net/netip"
	"testing"
)

// TestWhereNoCallMayGo: everything that could be ours, or nobody's.
func TestWhereNoCallMayGo(t *testing.T) {
	own := netip.MustParseAddrPort("198.41.0.4:5060")
	g := Guard{Addrs: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("8.8.4.4")} }, Own: func() []netip.AddrPort { return []netip.AddrPort{own} }}
	for _, a := range []string{
		"127.0.0.1:5060", "127.9.9.9:5060", "[::1]:5060", "[::ffff:127.0.0.1]:5060", "[::ffff:10.0.0.1]:5060", "0.0.0.0:5060", "0.1.2.3:5060", "[::]:5060",
		"10.0.0.1:5060", "172.16.0.1:5060", "172.31.255.255:5060", "192.168.1.1:5060", "[fc00::1]:5060", "[fd12::1]:5060", "169.254.169.254:5060", "[fe80::1]:5060",
		"100.64.0.1:5060", "100.127.255.255:5060", "224.0.0.1:5060", "239.1.1.1:5060", "[ff02::1]:5060", "255.255.255.255:5060", "240.0.0.1:5060",
		"192.0.2.1:5060", "198.51.100.1:5060", "203.0.113.1:5060", "[2001:db8::1]:5060", "[3fff::1]:5060", "198.18.0.1:5060", "192.0.0.8:5060",
		"[64:ff9b::7f00:1]:5060", "[2002:7f00:1::1]:5060", "[2001::1]:5060", "[::127.0.0.1]:5060", "[fec0::1]:5060", "[fe80::1%eth0]:5060",
		"8.8.4.4:5060", "198.41.0.4:5060", "198.41.0.4:9999", "9.9.9.9:53", "9.9.9.9:1023", "9.9.9.9:0", "[2620:fe::fe]:25",
	} {
		if g.May(netip.MustParseAddrPort(a)) {
			t.Errorf("%s may be called", a)
		}
	}
	for _, a := range []string{"9.9.9.9:5060", "9.9.9.9:5061", "9.9.9.9:1024", "100.63.255.255:5060", "172.32.0.1:5060", "[2620:fe::fe]:5060", "[::ffff:9.9.9.9]:5060"} {
		if !g.May(netip.MustParseAddrPort(a)) {
			t.Errorf("%s may not be called", a)
		}
	}
	if g.MayAddr(netip.Addr{}) || g.May(netip.AddrPort{}) {
		t.Error("no address at all may be called")
	}
}

// TestNearIsLoopbackOnly: a trial on one machine opens that and nothing else.
func TestNearIsLoopbackOnly(t *testing.T) {
	own := netip.MustParseAddrPort("127.0.0.1:5060")
	g := Guard{
		Near: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}, Addrs: func() []netip.Addr { return nil },
		Own: func() []netip.AddrPort { return []netip.AddrPort{own} },
	}
	for a, want := range map[string]bool{
		"127.0.0.1:5070": true, "127.0.0.2:5060": true, "[::ffff:127.0.0.1]:5070": true, "127.0.0.1:5060": false, "[::ffff:127.0.0.1]:5060": false,
		"127.0.0.1:80": false, "10.0.0.1:5060": false, "[::1]:5060": false, "192.168.0.1:5060": false,
	} {
		if got := g.May(netip.MustParseAddrPort(a)); got != want {
			t.Errorf("%s: %t", a, got)
		}
	}
}

// TestOnTheWire: what of an address is sent, and what is refused.
func TestOnTheWire(t *testing.T) {
	for in, want := range map[string][2]string{
		"sip:bob@other.example":             {"sip:bob@other.example", "other.example"},
		"sips:bob@other.example:5071":       {"sips:bob@other.example:5071", "other.example"},
		"sip:other.example":                 {"sip:other.example", "other.example"},
		"sip:bob@Bücher.example":            {"sip:bob@xn--bcher-kva.example", "xn--bcher-kva.example"},
		"sip:b%20b@other.example":           {"sip:b%20b@other.example", "other.example"},
		"sip:b\r\nX: y@other.example":       {"sip:b%0D%0AX%3A%20y@other.example", "other.example"},
		"sip:bob@9.9.9.9":                   {"sip:bob@9.9.9.9", "9.9.9.9"},
		"sip:bob@[2620:fe::fe]:5080":        {"sip:bob@[2620:fe::fe]:5080", "2620:fe::fe"},
		"sip:bob@":                          {},
		"sip:bob@other.example\r\nX: y":     {},
		"sip:bob@other.example>":            {},
		"tel:+8225551234":                   {},
		"http://other.example":              {},
		"sip:bob@other.example;maddr=ten":   {},
		"sip:bob@other.example:99999":       {},
		"sip:bob@other.example/../../../ a": {},
	} {
		uri, domain, err := wire(in)
		if (err == nil) != (want[0] != "") || err == nil && (uri != want[0] || domain != want[1]) {
			t.Errorf("%q: %q %q %v", in, uri, domain, err)
		}
	}
}
