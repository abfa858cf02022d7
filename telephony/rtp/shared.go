package rtp

import (
	"net/netip"
	"sync"
)

// shared is one socket for the lines of all browsers (of one address family): a
// browser proves by ICE from where it sends, and from then on the source of a
// packet names its line. One port is all that a firewall in front of us has to
// let through.
type shared struct {
	e    *Engine
	addr netip.AddrPort
	path path // only the socket is used

	mu       sync.RWMutex
	byName   map[string]*Line // by the ICE names we gave
	bySource map[netip.AddrPort]*Line
}

// mostSources is how many addresses a browser may have proved at once: it tries
// all that it has.
const mostSources = 16

func (w *shared) init(e *Engine, addr netip.Addr, port uint16) error {
	w.e, w.byName, w.bySource = e, map[string]*Line{}, map[netip.AddrPort]*Line{}
	w.path.shared = w
	at, err := e.loop.open(&w.path, netip.AddrPortFrom(addr, port))
	w.addr = at
	return err
}

func (w *shared) close() {
	if w.addr.IsValid() {
		w.path.sock.close()
	}
}

func (w *shared) line(name string) *Line {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.byName[name]
}

func (w *shared) source(a netip.AddrPort) *Line {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.bySource[a]
}

// named has a name lead to a line.
func (w *shared) named(name string, l *Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byName[name] = l
}

// proved has a source lead to a line, whosever it was before: whoever is behind a
// NAT may get an address that another had.
func (w *shared) proved(a netip.AddrPort, l *Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bySource[a] = l
}

// forget lets a line go.
func (w *shared) forget(l *Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range l.ice.names {
		delete(w.byName, n.Name)
	}
	for _, a := range l.ice.sources {
		if w.bySource[a] == l {
			delete(w.bySource, a)
		}
	}
}

// unproved lets one source of a line go.
func (w *shared) unproved(a netip.AddrPort, l *Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bySource[a] == l {
		delete(w.bySource, a)
	}
}

// packet sorts what comes to the shared socket by its first byte (RFC 7983 §7).
func (w *shared) packet(b []byte, src netip.AddrPort, now int64) {
	switch c := b[0]; {
	case c < 4:
		w.bound(b, src, now)
	case isTLS(c), c >= 128 && c <= 191:
		if l := w.source(src); l != nil {
			w.e.packet(&l.media, b, src, now)
		}
	}
}

// AddWeb takes a line on the shared socket for a leg that is a browser.
func (s *Session) AddWeb(leg uint16, v6 bool) (*Line, error) {
	w := &s.e.webs[family(v6)]
	if !w.addr.IsValid() {
		return nil, ErrFamily
	}
	l := &Line{port: w.addr.Port(), ice: &ice{shared: w}}
	l.media.line, l.media.sock, l.mux = l, w.path.sock, true
	name := newName()
	l.ice.names = append(l.ice.names, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	l.leg, l.quiet = leg, s.e.cfg.Now()
	l.ice.heard = l.quiet
	l.owner.Store(s)
	s.lines = append(s.lines, l)
	w.named(name.Name, l)
	return l, nil
}
