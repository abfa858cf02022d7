package node

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// doorShare is the part of the connections to the pages that one source has at most.
const doorShare = 8

// door is where browsers come in. It never has them wait: when there are as many
// connections as may be, the one that has been idle longest goes for who comes, and
// when none is idle, who comes is turned away.
type door struct {
	net.Listener
	most int

	mu   sync.Mutex
	all  int
	from map[netip.Addr]int // by source
	idle list.List          // *guest, who waits longest is first
}

// guest is a connection that a door let in.
type guest struct {
	net.Conn
	door *door
	from netip.Addr
	idle *list.Element // nil while it is at work
	gone bool
}

func newDoor(l net.Listener, most int) *door {
	return &door{Listener: l, most: most, from: map[netip.Addr]int{}}
}

// Accept returns who may come in.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g := d.admit(c); g != nil {
			return g, nil
		}
		_ = c.Close()
	}
}

// admit counts a connection, if it may come in. A proxy in front of us is on this
// machine, and sees to the shares of those who come by it.
func (d *door) admit(c net.Conn) *guest {
	g := &guest{Conn: c, door: d}
	limited := false
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		g.from, limited = sip.Source(a.Addr())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if limited && d.from[g.from] >= max(d.most/doorShare, 1) {
		return nil
	}
	if d.all >= d.most {
		first := d.idle.Front()
		if first == nil {
			return nil
		}
		goes := first.Value.(*guest)
		d.forget(goes)
		_ = goes.Conn.Close()
	}
	d.all++
	d.from[g.from]++
	g.idle = d.idle.PushBack(g) // it has asked nothing yet
	return g
}

func (d *door) forget(g *guest) {
	if g.gone {
		return
	}
	g.gone = true
	d.all--
	if d.from[g.from]--; d.from[g.from] == 0 {
		delete(d.from, g.from)
	}
	g.stir()
}

// stir takes a connection off those that are idle.
func (g *guest) stir() {
	if g.idle != nil {
		g.door.idle.Remove(g.idle)
		g.idle = nil
	}
}

// Close gives the place back.
func (g *guest) Close() error {
	g.door.mu.Lock()
	g.door.forget(g)
	g.door.mu.Unlock()
	return g.Conn.Close()
}

// state is told by the server what becomes of a connection. One that is taken over,
// as by a WebSocket, is at work until it closes.
func (d *door) state(c net.Conn, s http.ConnState) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	g, ok := c.(*guest)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch s {
	case http.StateActive, http.StateHijacked:
		g.stir()
	case http.StateIdle:
		if !g.gone && g.idle == nil {
			g.idle = d.idle.PushBack(g)
		}
	default: // new or closed
	}
}
