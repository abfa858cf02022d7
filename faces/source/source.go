// Package source tells where a request comes from, and what it reached us by.
package source

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/callisto-tel/callisto/business/member"
)

// Of is where an HTTP request comes from.
func Of(r *http.Request) member.Source {
	return From(r.RemoteAddr, r.Header.Get("X-Forwarded-For"), r.UserAgent())
}

// From is the same of its parts. A proxy on this machine is believed: the last
// address of X-Forwarded-For is what it saw itself; all before is hearsay.
func From(remote, forwarded, browser string) member.Source {
	s := member.Source{Browser: browser}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return s
	}
	if ip.IsLoopback() && forwarded != "" {
		last := forwarded[strings.LastIndexByte(forwarded, ',')+1:]
		if seen, err := netip.ParseAddr(strings.TrimSpace(last)); err == nil {
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
