// Package source tells where a request comes from, and what it reached us by.
package source

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/callisto-tel/callisto/business/member"
)

// Of is where an HTTP request comes from. A proxy on this machine is believed: the
// last address of the last X-Forwarded-For is what it saw itself; all before is hearsay,
// also in a line of its own, as a proxy leaves it that adds another.
func Of(r *http.Request) member.Source {
	s := member.Source{Browser: r.UserAgent()}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return s
	}
	if told := r.Header.Values("X-Forwarded-For"); ip.IsLoopback() && len(told) > 0 {
		last := told[len(told)-1]
		if seen, err := netip.ParseAddr(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])); err == nil {
			ip = seen
		}
	}
	s.Address = who(ip.Unmap().WithZone("")).String()
	return s
}

// who is the address that is counted. Whoever has an IPv6 network of his own,
// a /64 (RFC 4291 §2.5.4), has more addresses than anybody could count.
func who(ip netip.Addr) netip.Addr {
	if ip.Is4() || ip.IsLoopback() {
		return ip
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr()
}

// Path is the path of a request for the log: what opens something by itself is
// left out.
func Path(r *http.Request) string {
	for _, secret := range []string{"/p/", "/transfers/"} {
		if strings.HasPrefix(r.URL.Path, secret) {
			return secret + "…"
		}
	}
	return r.URL.Path
}

// Origin is how the outside reaches us, without a slash at its end: as the
// configuration says, or as this request did.
func Origin(configured string, r *http.Request) string {
	switch {
	case configured != "":
		return strings.TrimSuffix(configured, "/")
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}
