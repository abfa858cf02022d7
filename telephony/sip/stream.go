package sip

import (
	"container/list"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a connection.
const (
	queueLimit  = 256 << 10        // bytes waiting to be written to a telephone
	queueShared = 8 << 20          // to another center or a carrier: many calls go over one connection
	writePiece  = 64 << 10         // so much has to be taken within writeStall
	writeStall  = 5 * time.Second  // a peer that takes nothing for so long is cut off
	dialTimeout = 5 * time.Second  // TCP and TLS handshake
	messageTime = 30 * time.Second // the first message, and any that has begun, ends within
	idleTimeout = 30 * time.Minute // longer than any registration refresh
	strangeTime = time.Minute      // without a message, of who has proved nothing
	maxConns    = 20_000           // connections of a core that others opened
	sourceShare = 4                // one source has at most this part of them
)

// Conn is a TCP, TLS or WebSocket connection. One goroutine reads and frames,
// one writes; a shard only appends to the queue.
type Conn struct {
	id     uint64
	peer   string
	names  []string // the DNS names in the other side's verified certificate
	flow   Flow
	core   *Core
	mu     sync.Mutex
	queue  outbox
	spare  outbox
	closed bool
	wake   chan struct{}
	wire   wire // nil until connected
	out    bool // we opened it
	most   int  // bytes that may wait

	proved  atomic.Bool
	silent  *time.Timer   // ends it while nothing is proved
	strange *list.Element // in connTable, of which this is
	counted bool
}

// outbox are messages that wait to be written, one after the other, and where
// each of them ends.
type outbox struct {
	bytes []byte
	ends  []int
}

// wire is what a Conn writes to.
type wire interface {
	write(o *outbox) error
	Close() error
}

// stream is a connection that knows no messages.
type stream struct{ net.Conn }

func (s stream) write(o *outbox) error {
	for b := o.bytes; len(b) > 0; {
		if err := s.SetWriteDeadline(time.Now().Add(writeStall)); err != nil {
			return err
		}
		n, err := s.Write(b[:min(len(b), writePiece)])
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

type connTable struct {
	sync.RWMutex
	byID    map[uint64]*Conn
	bySrc   map[netip.Addr]int // those that others opened, links of centers apart
	others  int                // their sum
	most    int
	next    uint64
	strange list.List // those of them who have proved nothing; who spoke last is last
}

func newConnTable() connTable {
	// The sockets for sound, pages and the database need files as well.
	return connTable{byID: map[uint64]*Conn{}, bySrc: map[netip.Addr]int{}, most: min(maxConns, OpenFiles()/5)}
}

// Source is what counts as one: an address, of IPv6 the network a customer
// gets; ok is false for this machine, which is not limited.
func Source(a netip.Addr) (src netip.Addr, ok bool) {
	a = a.Unmap()
	ok = !a.IsLoopback()
	if a.Is6() {
		p, _ := a.Prefix(64)
		a = p.Addr()
	}
	return a, ok
}

func (t *connTable) get(id uint64) *Conn {
	t.RLock()
	defer t.RUnlock()
	return t.byID[id]
}

// add takes a connection in. If there are as many as may be, or half of those are of
// strangers, one of somebody who has proved nothing goes for it, and is to be closed:
// who has been silent longest. WebSockets are connections to the pages as well, which
// strangers must not have all either.
func (t *connTable) add(c *Conn) (goes *Conn, ok bool) {
	t.Lock()
	defer t.Unlock()
	if !c.out {
		src, limited := Source(c.flow.Remote.Addr())
		if limited && t.bySrc[src] >= t.most/sourceShare {
			return nil, false
		}
		first, full := t.strange.Front(), t.others >= t.most
		switch {
		case first != nil && (full || t.strange.Len() >= t.most/2):
			goes = first.Value.(*Conn)
			t.forget(goes)
		case full && !c.flow.Listener.trusted: // a link of a center, which is yet to be proved, always may
			return nil, false
		}
		t.others++
		t.bySrc[src]++
		c.counted = true
		c.strange = t.strange.PushBack(c)
	}
	t.next++
	c.id = t.next
	t.byID[c.id] = c
	return goes, true
}

func (t *connTable) remove(c *Conn) {
	t.Lock()
	defer t.Unlock()
	t.forget(c)
}

func (t *connTable) forget(c *Conn) {
	if t.byID[c.id] != c {
		return
	}
	delete(t.byID, c.id)
	t.uncount(c)
	if c.strange != nil {
		t.strange.Remove(c.strange)
		c.strange = nil
	}
}

func (t *connTable) uncount(c *Conn) {
	if !c.counted {
		return
	}
	c.counted = false
	src, _ := Source(c.flow.Remote.Addr())
	t.others--
	if t.bySrc[src]--; t.bySrc[src] == 0 {
		delete(t.bySrc, src)
	}
}

// prove notes that who opened the connection is known now: he proved it when he
// registered, or a call of his was taken. That of another center counts no longer.
func (c *Conn) prove() {
	if c == nil || c.out || c.proved.Swap(true) {
		return
	}
	if c.silent != nil {
		c.silent.Stop()
	}
	t := &c.core.conns
	t.Lock()
	defer t.Unlock()
	if c.strange != nil {
		t.strange.Remove(c.strange)
		c.strange = nil
	}
	if c.flow.Listener.trusted {
		t.uncount(c)
	}
}

// spoke notes a message of somebody who has proved nothing.
func (c *Conn) spoke() {
	if c.out || c.proved.Load() {
		return
	}
	if c.silent != nil {
		c.silent.Reset(strangeTime)
	}
	t := &c.core.conns
	t.Lock()
	defer t.Unlock()
	if c.strange != nil {
		t.strange.MoveToBack(c.strange)
	}
}

func (t *connTable) closeAll() {
	t.RLock()
	all := make([]*Conn, 0, len(t.byID))
	for _, c := range t.byID {
		all = append(all, c)
	}
	t.RUnlock()
	for _, c := range all {
		c.close()
	}
}

func (c *Core) newConn(l *Listener, remote netip.AddrPort, out bool) *Conn {
	cn := &Conn{core: c, wake: make(chan struct{}, 1), out: out, most: queueLimit}
	if out || l.trusted {
		cn.most = queueShared
	}
	cn.flow = Flow{Listener: l, Conn: cn, Remote: netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())}
	if !out {
		cn.silent = time.AfterFunc(strangeTime, func() {
			if !cn.proved.Load() {
				cn.close()
			}
		})
	}
	goes, ok := c.conns.add(cn)
	if goes != nil {
		c.wg.Go(goes.close) // which may have to wait for its other side
	}
	if !ok {
		if cn.silent != nil {
			cn.silent.Stop()
		}
		return nil
	}
	return cn
}

// accept takes connections; each handshake runs on its own, so that a silent
// client blocks nobody.
func (c *Core) accept(l *Listener, sock socket) {
	for {
		nc, err := sock.tcp.Accept()
		if err != nil {
			if c.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			c.log.Warn("a SIP connection could not be accepted", "listener", l.Addr.String(), "error", err)
			select { // out of file descriptors, most likely: give it a moment
			case <-time.After(100 * time.Millisecond):
			case <-c.ctx.Done():
				return
			}
			continue
		}
		remote, err := netip.ParseAddrPort(nc.RemoteAddr().String())
		cn := (*Conn)(nil)
		if err == nil {
			cn = c.newConn(l, remote, false)
		}
		if cn == nil {
			_ = nc.Close()
			continue
		}
		c.wg.Go(func() {
			if err := cn.serve(nc, sock.config, false); err != nil {
				c.log.Debug("a SIP connection ended", "remote", remote.String(), "error", err)
			}
		})
	}
}

// Connect opens a connection and returns its flow at once; what is sent before
// it stands waits in its queue. If it fails, the shards' transactions over it
// fail. config is for TLS; peer, if not empty, is the URI the other side's
// certificate has to carry.
func (c *Core) Connect(l *Listener, remote netip.AddrPort, config *tls.Config, peer string) (Flow, error) {
	cn := c.newConn(l, remote, true)
	if cn == nil {
		return Flow{}, errors.New("there are too many SIP connections")
	}
	cn.peer = peer
	c.wg.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
		defer cancel()
		var d net.Dialer
		nc, err := d.DialContext(ctx, "tcp", remote.String())
		if err == nil {
			err = cn.serve(nc, config, true)
		} else {
			cn.close()
		}
		if err != nil {
			c.log.Debug("a SIP connection failed", "remote", remote.String(), "error", err)
		}
	})
	return cn.flow, nil
}

// Alive tells whether the connection can still be used.
func (c *Conn) Alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed
}

// Close ends it; what waits for answers over it fails.
func (c *Conn) Close() { c.close() }

// serve runs a connection to its end.
func (c *Conn) serve(nc net.Conn, config *tls.Config, client bool) error {
	defer c.close()
	if !c.has(stream{nc}) {
		return nc.Close()
	}
	if config != nil {
		t := tls.Server(nc, config)
		if client {
			t = tls.Client(nc, config)
		}
		ctx, cancel := context.WithTimeout(c.core.ctx, dialTimeout)
		err := t.HandshakeContext(ctx)
		cancel()
		if err != nil {
			_ = nc.Close()
			return err
		}
		// A client's peer was set before anybody could read it, a server's is
		// set before the first message is handed on.
		switch name := provedName(t.ConnectionState()); {
		case !client:
			c.peer = name
			c.names = provedNames(t.ConnectionState(), config.ClientCAs)
			if c.flow.Listener.trusted {
				c.prove()
			}
		case c.peer != "" && c.peer != name:
			_ = nc.Close()
			return fmt.Errorf("the certificate is of %q, not of %q", name, c.peer)
		}
		nc = t
	}
	if !c.connected(stream{nc}) {
		return nc.Close()
	}
	return c.read(nc)
}

// has notes what is closed with the connection, unless it was given up.
func (c *Conn) has(w wire) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire = w
	return !c.closed
}

// connected begins to write what waits, unless the connection was given up.
func (c *Conn) connected(w wire) bool {
	if !c.has(w) {
		return false
	}
	c.core.wg.Go(c.write)
	return true
}

// provedNames are the DNS names in the certificate of who connected to us, if it
// is one that we believe. A listener that only asks for one takes telephones
// with what their maker put into them as well: that proves nothing.
func provedNames(s tls.ConnectionState, roots *x509.CertPool) []string {
	if len(s.PeerCertificates) == 0 {
		return nil
	}
	leaf := s.PeerCertificates[0]
	if len(s.VerifiedChains) == 0 {
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		// Gateways often have one certificate for both directions, made for servers.
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			return nil
		}
	}
	return leaf.DNSNames
}

// provedName is the URI in a verified peer certificate.
func provedName(s tls.ConnectionState) string {
	if len(s.VerifiedChains) == 0 || len(s.PeerCertificates[0].URIs) == 0 {
		return ""
	}
	return s.PeerCertificates[0].URIs[0].String()
}

// read frames messages and hands them to a shard.
func (c *Conn) read(nc net.Conn) error {
	shard := c.core.shards[c.id%uint64(len(c.core.shards))]
	buf := make([]byte, 0, 4096)
	due, idle := time.Now().Add(messageTime), false
	for {
		if err := nc.SetReadDeadline(due); err != nil {
			return err
		}
		held := len(buf)
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
		n, err := nc.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		for {
			n, skip, ping, ferr := Frame(buf)
			if ferr != nil {
				return ferr
			}
			if ping {
				c.send(crlf)
			}
			if n > 0 {
				held, idle = 0, true
				c.spoke()
				shard.Deliver(c.flow, buf[skip:skip+n])
			}
			rest := copy(buf, buf[skip+n:])
			buf = buf[:rest]
			if n == 0 {
				break
			}
		}
		switch { // a peer that sends a byte now and then must not stay for ever
		case !idle: // the first message is still due
		case len(buf) == 0:
			due = time.Now().Add(idleTimeout)
		case held == 0:
			due = time.Now().Add(messageTime)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// send queues bytes; it never blocks. A peer that does not take them is cut
// off.
func (c *Conn) send(b []byte) {
	if !c.put(b, c.most) {
		c.close()
	}
}

// offer queues what begins a call, and reports whether there was room: half of it
// is kept for the calls that are there already, which end if the connection does,
// and for those that are urgent.
func (c *Conn) offer(b []byte, urgent bool) bool {
	if urgent {
		return c.put(b, c.most)
	}
	return c.put(b, c.most/2)
}

// put queues bytes, if no more than most wait with them.
func (c *Conn) put(b []byte, most int) bool {
	c.mu.Lock()
	fits := len(c.queue.bytes)+len(b) <= most
	if fits && !c.closed {
		c.queue.bytes = append(c.queue.bytes, b...)
		c.queue.ends = append(c.queue.ends, len(c.queue.bytes))
	}
	c.mu.Unlock()
	if fits {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	return fits
}

func (c *Conn) write() {
	for {
		c.mu.Lock()
		o, w, closed := c.queue, c.wire, c.closed
		c.queue, c.spare = outbox{c.spare.bytes[:0], c.spare.ends[:0]}, o
		c.mu.Unlock()
		if closed {
			return
		}
		if len(o.bytes) == 0 {
			select {
			case <-c.wake:
				continue
			case <-c.core.ctx.Done():
				return
			}
		}
		if err := w.write(&o); err != nil {
			c.close()
			return
		}
		if cap(o.bytes) > queueLimit { // a burst is over, its memory is not kept
			c.spare = outbox{}
		}
	}
}

// close ends the connection and fails what waits for answers over it.
func (c *Conn) close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	w := c.wire
	c.mu.Unlock()
	c.core.conns.remove(c)
	if c.silent != nil {
		c.silent.Stop()
	}
	if w != nil {
		_ = w.Close()
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	if c.core.ctx.Err() != nil || !c.out && !c.proved.Load() { // strangers are asked nothing
		return
	}
	f := c.flow
	for _, s := range c.core.shards {
		s.Post(func(s *Shard) { s.Broken(f) })
	}
}
