package edge

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// peerURI names a center in its certificate (URI SAN, RFC 5922 §7.1 in spirit;
// it is no SIP domain others could reach).
const peerURI = "callisto://center/"

// PeerURI is the name a center's certificate has to carry.
func PeerURI(c center.ID) string { return peerURI + string(c) }

// LinkConfig describes the links of the centers of one node.
type LinkConfig struct {
	Core func() *sip.Core
	// Client is the TLS configuration with which a center calls another: its
	// certificate and the internal authority.
	Client func(from, to center.ID) *tls.Config
	// Address is where a center takes links.
	Address func(to center.ID) (netip.AddrPort, bool)
}

// TLSLinks keeps one connection from a center to each other one it calls, over
// mutually authenticated TLS. A broken one is made anew with the next call.
type TLSLinks struct {
	cfg LinkConfig
	mu  sync.Mutex
	way map[[2]center.ID]sip.Flow
}

// NewTLSLinks returns links without connections.
func NewTLSLinks(cfg LinkConfig) *TLSLinks {
	return &TLSLinks{cfg: cfg, way: map[[2]center.ID]sip.Flow{}}
}

// Flow is the way from a center to another.
func (t *TLSLinks) Flow(from, to center.ID) (sip.Flow, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]center.ID{from, to}
	if f, ok := t.way[key]; ok && f.Conn.Alive() {
		return f, nil
	}
	addr, ok := t.cfg.Address(to)
	if !ok {
		return sip.Flow{}, fmt.Errorf("the address of center %s is not known", to)
	}
	l := t.listener(from, addr.Addr())
	if l == nil {
		return sip.Flow{}, fmt.Errorf("center %s has no listener for links", from)
	}
	f, err := t.cfg.Core().Connect(l, addr, t.cfg.Client(from, to), PeerURI(to))
	if err != nil {
		return sip.Flow{}, err
	}
	t.way[key] = f
	return f, nil
}

// Again is the way to another center, when the connection that led there has ended:
// calls go on over a new one.
func (b *board) Again(f sip.Flow) (sip.Flow, bool) {
	to, link := b.edge.cfg.Links.Peer(&f)
	if !link {
		return f, false
	}
	from, _ := strings.CutPrefix(f.Listener.Tag, linkTag)
	now, err := b.edge.cfg.Links.Flow(center.ID(from), to)
	return now, err == nil
}

// listener is the one a center calls others from. Centers of one node may have
// addresses of different IP versions: then it is that of the other version, for
// a connection is answered on itself.
func (t *TLSLinks) listener(from center.ID, to netip.Addr) *sip.Listener {
	for _, like := range [...]netip.Addr{to, netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if l := t.cfg.Core().Listener(LinkTag(from), sip.TLS, like); l != nil {
			return l
		}
	}
	return nil
}

// Peer is the center a flow's certificate names. It counts only on listeners
// for links.
func (t *TLSLinks) Peer(f *sip.Flow) (center.ID, bool) {
	if f.Listener == nil || !strings.HasPrefix(f.Listener.Tag, linkTag) {
		return "", false
	}
	id, ok := strings.CutPrefix(f.Peer(), peerURI)
	return center.ID(id), ok && id != ""
}
