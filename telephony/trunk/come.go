package trunk

import (
	"net/netip"
	"slices"
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

// ByAddress finds the trunks of a center whose calls come from an address, in the
// order of their ids: two accounts at one provider share its gateways. An address
// proves something over UDP too: a call needs our answers. user is whom the call
// is to: the trunk registered by that name is the only one.
func (t *Trunks) ByAddress(at center.ID, from netip.AddrPort, user string) (list []Coming) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	for _, w := range t.ways {
		if w.carrier.Center != at || w.carrier.Closed || w.trunk.InUser != "" || !t.comesFrom(w, from) { // digest, where it is set, is what counts
			continue
		}
		x := Coming{w.carrier, w.trunk}
		if w.trunk.Register && w.trunk.User == user {
			return []Coming{x}
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Coming) int { return strings.Compare(a.Trunk.ID, b.Trunk.ID) })
	return list
}

// comesFrom reports whether an address is a trunk's. Where none was said, a
// gateway that we are registered at calls from where it took the registration.
func (t *Trunks) comesFrom(w *way, from netip.AddrPort) bool {
	if r := &w.keep.reg; len(w.from) == 0 {
		return w.registers() && r.flow.Remote == from && r.until.After(t.cfg.Now())
	}
	for i := range w.from {
		if w.from[i].has(from) {
			return true
		}
	}
	return false
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
