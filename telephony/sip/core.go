package sip

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config describes a Core.
type Config struct {
	Node       uint16 // number of this node
	Epoch      uint16 // changes with every start of the node, so that old tokens die
	Shards     int    // default 1
	MaxDialogs int    // per shard; default 100,000
	Secret     []byte // at least 16 bytes, the same on every node; random if empty
	Log        *slog.Logger
	Handler    func(*Shard) Handler
	// Clock is the monotonic clock; one of its own if nil.
	Clock func() Mono
	// Portable chooses the driver without epoll, on Linux too.
	Portable bool
}

// Core is the SIP side of a node: its listeners, connections and shards.
type Core struct {
	cfg     Config
	key     key
	log     *slog.Logger
	shards  []*Shard
	ears    atomic.Pointer[ears]
	opening sync.Mutex // over a change of ears
	serving bool
	conns   connTable
	clock   func() Mono
	sim     bool // in the simulator
	wg      sync.WaitGroup
	ctx     context.Context //nolint:containedctx // the lifetime of the core's own goroutines
	cancel  context.CancelFunc
	drivers []driver
}

// driver moves packets between sockets and a shard.
type driver interface {
	run(ctx context.Context)
	// open takes one more socket for datagrams while it runs. The caller closes
	// u afterwards, if drivers have descriptors of their own.
	open(l *Listener, u *net.UDPConn) error
	close()
}

// ears are the listeners with their sockets, in the order they were added. They
// are replaced whole: others read them meanwhile.
type ears struct {
	listeners []*Listener
	sockets   []socket
}

// socket is what a listener listens on.
type socket struct {
	udp    *net.UDPConn
	tcp    net.Listener
	config *tls.Config
}

// New returns a Core without listeners.
func New(cfg Config) (*Core, error) {
	if cfg.Shards == 0 {
		cfg.Shards = 1
	}
	if cfg.Shards < 0 || cfg.Shards > 255 {
		return nil, fmt.Errorf("%d shards: between 1 and 255 are possible", cfg.Shards)
	}
	if cfg.MaxDialogs == 0 {
		cfg.MaxDialogs = 100_000
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = Monotonic()
	}
	if len(cfg.Secret) == 0 {
		cfg.Secret = make([]byte, 32)
		if _, err := rand.Read(cfg.Secret); err != nil {
			return nil, err
		}
	}
	if len(cfg.Secret) < 16 {
		return nil, errors.New("the secret of the SIP core needs at least 16 bytes")
	}
	c := &Core{cfg: cfg, key: newKey(cfg.Secret), log: cfg.Log, clock: cfg.Clock, conns: newConnTable()}
	c.ears.Store(&ears{})
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for i := range cfg.Shards {
		var seed [32]byte
		if _, err := rand.Read(seed[:]); err != nil {
			return nil, err
		}
		s := newShard(c, uint8(i), c.Now(), seed)
		s.h = cfg.Handler(s)
		c.shards = append(c.shards, s)
	}
	return c, nil
}

// Now is the time on the core's clock.
func (c *Core) Now() Mono { return c.clock() }

// Monotonic returns a clock that starts now.
func Monotonic() func() Mono {
	start := time.Now()
	return func() Mono { return Mono(time.Since(start)) }
}

// Shards returns the shards.
func (c *Core) Shards() []*Shard { return c.shards }

// Listeners returns the listeners in the order they were added.
func (c *Core) Listeners() []*Listener { return c.ears.Load().listeners }

// Listener finds a listener by its tag and transport, for addresses of the
// family of remote.
func (c *Core) Listener(tag string, t Transport, remote netip.Addr) *Listener {
	v4 := remote.Unmap().Is4()
	for _, l := range c.Listeners() {
		if l.Tag == tag && l.Transport == t && l.Addr.Addr().Unmap().Is4() == v4 {
			return l
		}
	}
	return nil
}

// Listen opens a socket, also while the core serves. Port 0 lets the system choose. advertise is the host
// others are told, if it is not the address itself. TLS needs a config.
func (c *Core) Listen(tag string, t Transport, addr netip.AddrPort, advertise string, config *tls.Config) (*Listener, error) {
	if t == TLS && config == nil {
		return nil, errors.New("a TLS listener needs a certificate")
	}
	var sock socket
	if t == UDP {
		u, err := listenUDP(addr)
		if err != nil {
			return nil, err
		}
		sock.udp = u
	} else {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
		if err != nil {
			return nil, fmt.Errorf("cannot listen for SIP over %s on %s: %w", t, addr, err)
		}
		sock.tcp, sock.config = l, config
	}
	return c.add(tag, t, sock, advertise)
}

func listenUDP(addr netip.AddrPort) (*net.UDPConn, error) {
	u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("cannot listen for SIP over UDP on %s: %w", addr, err)
	}
	_ = u.SetReadBuffer(4 << 20) // bursts of registrations; the system may give less
	_ = u.SetWriteBuffer(4 << 20)
	return u, nil
}

// ListenBoth opens UDP and TCP on one port and returns the listener for UDP.
func (c *Core) ListenBoth(tag string, addr netip.AddrPort, advertise string) (l *Listener, err error) {
	for range 20 {
		// The port the system gives for UDP may be somebody's for TCP.
		if l, err = c.listenPair(tag, addr, advertise); err == nil || addr.Port() != 0 {
			break
		}
	}
	return l, err
}

func (c *Core) listenPair(tag string, addr netip.AddrPort, advertise string) (*Listener, error) {
	u, err := listenUDP(addr)
	if err != nil {
		return nil, err
	}
	bound := u.LocalAddr().(*net.UDPAddr).AddrPort()
	t, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr.Addr(), bound.Port())))
	if err != nil {
		_ = u.Close()
		return nil, fmt.Errorf("cannot listen for SIP over TCP on %s: %w", bound, err)
	}
	l, err := c.add(tag, UDP, socket{udp: u}, advertise)
	if err == nil {
		_, err = c.add(tag, TCP, socket{tcp: t}, advertise)
	}
	return l, err
}

// add takes a socket in, and serves it if the others are served already.
func (c *Core) add(tag string, t Transport, sock socket, advertise string) (*Listener, error) {
	var bound netip.AddrPort
	if t == UDP {
		bound = sock.udp.LocalAddr().(*net.UDPAddr).AddrPort()
	} else {
		bound = sock.tcp.Addr().(*net.TCPAddr).AddrPort()
	}
	bound = netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())
	c.opening.Lock()
	defer c.opening.Unlock()
	l := c.append(tag, t, bound, advertise, sock)
	if !c.serving {
		return l, nil
	}
	return l, c.serve(l, sock)
}

// append adds a listener to the ears.
func (c *Core) append(tag string, t Transport, addr netip.AddrPort, advertise string, sock socket) *Listener {
	old := c.ears.Load()
	l := newListener(len(old.listeners), tag, t, addr, advertise)
	l.trusted = sock.config != nil && sock.config.ClientAuth == tls.RequireAndVerifyClientCert
	c.ears.Store(&ears{listeners: append(slices.Clip(old.listeners), l), sockets: append(slices.Clip(old.sockets), sock)})
	return l
}

// serve begins to read one socket while the core serves others.
func (c *Core) serve(l *Listener, sock socket) error {
	if sock.udp != nil {
		for _, d := range c.drivers {
			if err := d.open(l, sock.udp); err != nil {
				return err
			}
		}
		if !c.cfg.Portable && ownDescriptors {
			_ = sock.udp.Close()
		}
	}
	if sock.tcp != nil {
		c.wg.Go(func() { c.accept(l, sock) })
	}
	return nil
}

// Socketless adds a listener that listens nowhere: connections to others are made
// with it, or are accepted elsewhere (see [Core.ServeWeb]). They are told addr as
// where we are, though what they want comes over the connection.
func (c *Core) Socketless(tag string, t Transport, addr netip.AddrPort) *Listener {
	c.opening.Lock()
	defer c.opening.Unlock()
	return c.append(tag, t, addr, "", socket{})
}

// Start begins to serve the listeners.
func (c *Core) Start() error {
	c.opening.Lock()
	defer c.opening.Unlock()
	c.serving = true
	for _, s := range c.shards {
		d, err := c.newDriver(s)
		if err != nil {
			return err
		}
		c.drivers = append(c.drivers, d)
	}
	all := c.ears.Load()
	for i, sock := range all.sockets {
		if sock.udp != nil && !c.cfg.Portable && ownDescriptors {
			// The driver has descriptors of its own; the runtime's poller must
			// not be woken by every datagram too.
			_ = sock.udp.Close()
		}
		if sock.tcp != nil {
			c.wg.Go(func() { c.accept(all.listeners[i], sock) })
		}
	}
	for _, d := range c.drivers {
		c.wg.Go(func() { d.run(c.ctx) })
	}
	return nil
}

// Close ends everything. Calls are not ended: do that before.
func (c *Core) Close() {
	c.cancel()
	c.opening.Lock() // what is being opened is open by then
	all := c.ears.Load()
	c.opening.Unlock()
	for _, sock := range all.sockets {
		if sock.udp != nil {
			_ = sock.udp.Close()
		}
		if sock.tcp != nil {
			_ = sock.tcp.Close()
		}
	}
	c.conns.closeAll()
	for _, s := range c.shards {
		s.wakeUp()
	}
	c.wg.Wait()
	for _, d := range c.drivers {
		d.close()
	}
}

func (s *Shard) wakeUp() {
	s.inbox.Lock()
	wake := s.inbox.wake
	s.inbox.Unlock()
	if wake != nil {
		wake()
	}
}

// Flow finds the flow a token names (see [Flow.Token]). ok is false if its
// connection is gone.
func (c *Core) Flow(tok string) (f Flow, ok bool) {
	id, rest, _ := strings.Cut(tok, "/")
	n, err := strconv.ParseUint(id, 10, 31)
	listeners := c.Listeners()
	if err != nil || int(n) >= len(listeners) {
		return f, false
	}
	f.Listener = listeners[n]
	if conn, ok := strings.CutPrefix(rest, "c"); ok {
		conn, rest, _ = strings.Cut(conn, "/")
		k, err := strconv.ParseUint(conn, 10, 63)
		if f.Conn = c.conns.get(k); err != nil || f.Conn == nil {
			return f, false
		}
	}
	remote, err := netip.ParseAddrPort(rest)
	f.Remote = remote
	return f, err == nil
}
