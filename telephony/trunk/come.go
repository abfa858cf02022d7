package trunk

import (
	"net/netip"
	"strings"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
)

// Coming is a trunk that calls come in by.
type Coming struct {
	Carrier *carrier.Carrier
	Trunk   carrier.Trunk
}

// source is where calls of a trunk come from.
type source struct {
	net  netip.Prefix
	port uint16 // 0: any
}

func (s *source) has(a netip.AddrPort) bool {
	return s.net.Contains(a.Addr().Unmap()) && (s.port == 0 || s.port == a.Port())
}

// sources reads ADDRESS, ADDRESS:PORT and NETWORK/BITS; what is none was refused
// when it was entered.
func sources(list []string) (out []source) {
	for _, f := range list {
		if p, err := netip.ParsePrefix(f); err == nil {
			out = append(out, source{p.Masked(), 0})
		} else if a, err := netip.ParseAddr(f); err == nil {
			out = append(out, source{netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), 0})
		} else if a, err := netip.ParseAddrPort(f); err == nil {
			out = append(out, source{netip.PrefixFrom(a.Addr().Unmap(), a.Addr().Unmap().BitLen()), a.Port()})
		}
	}
	return out
}

// ByAddress finds the trunk of a center whose calls come from an address. An
// address proves something over UDP too: a call needs our answers.
func (t *Trunks) ByAddress(at center.ID, from netip.AddrPort) (Coming, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.ways {
		if w.carrier.Center != at || w.carrier.Closed || w.trunk.InUser != "" { // digest, where it is set, is what counts
			continue
		}
		for i := range w.from {
			if w.from[i].has(from) {
				return Coming{w.carrier, w.trunk}, true
			}
		}
	}
	return Coming{}, false
}

// ByUser finds the trunk of a center that proves itself by digest under a user
// name. Where addresses are set too, its calls have to come from them.
func (t *Trunks) ByUser(at center.ID, user string, from netip.AddrPort) (Coming, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.ways {
		if w.carrier.Center != at || w.carrier.Closed || w.trunk.InUser == "" || w.trunk.InUser != user {
			continue
		}
		ok := len(w.from) == 0
		for i := range w.from {
			ok = ok || w.from[i].has(from)
		}
		if ok {
			return Coming{w.carrier, w.trunk}, true
		}
	}
	return Coming{}, false
}

// ByName finds the trunk of a center whose gateway has a name in its
// certificate (RFC 5922 §7).
func (t *Trunks) ByName(at center.ID, names []string) (Coming, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.ways {
		if w.carrier.Center != at || w.carrier.Closed || w.trunk.InName == "" {
			continue
		}
		for _, n := range names {
			if strings.EqualFold(n, w.trunk.InName) {
				return Coming{w.carrier, w.trunk}, true
			}
		}
	}
	return Coming{}, false
}
