// Package trunk keeps the ways to the carriers: the address of each gateway,
// looked up again from time to time, and the connection to it where its
// transport has one. A gateway is HOST:PORT, so that there is no service to ask
// for (RFC 3263 §4.2). Where a trunk says so, it asks the gateway whether it is
// there, and registers. What a carrier's calls are like is business/carrier's.
package trunk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// Config is what Trunks are given.
type Config struct {
	Core func() *sip.Core
	// Roots are whom a gateway's certificate is believed by; nil is the system's.
	Roots *x509.CertPool
	// Certificate is how a center proves itself to a gateway that asks for it over
	// TLS; nil: not at all.
	Certificate func(at center.ID) tls.Certificate
	// Lookup finds the addresses of a host; nil asks the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Log    *slog.Logger
	Now    func() time.Time // time.Now if nil
}

// Way is how a trunk's gateway is reached now.
type Way struct {
	Carrier *carrier.Carrier // shared by all who read: not to be changed
	Trunk   carrier.Trunk
	Flow    sip.Flow
	Login   *sip.Login // nil: it knows us by our address
}

// Trunks are the ways to and from every carrier.
type Trunks struct {
	cfg  Config
	stop context.CancelFunc
	wake chan struct{} // names are to be looked up
	kick chan struct{} // gateways are to be asked
	done sync.WaitGroup

	mu   sync.Mutex
	ways map[string]*way // by trunk
}

// way is what is known of one gateway.
type way struct {
	carrier *carrier.Carrier
	trunk   carrier.Trunk
	from    []source // where its calls come from
	load    *load
	addrs   []netip.Addr
	fault   error // of the last look-up
	flow    sip.Flow
	keep    *keep
}

const (
	again  = time.Minute     // how often names are looked up
	lookup = 5 * time.Second // how long that may take
)

// New returns trunks to nobody yet.
func New(cfg Config) *Trunks {
	if cfg.Lookup == nil {
		cfg.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	t := newTrunks(cfg)
	t.stop = stop
	t.done.Go(func() { t.refresh(ctx) })
	t.done.Go(func() { t.tend(ctx) })
	return t
}

// newTrunks does nothing by itself yet.
func newTrunks(cfg Config) *Trunks {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Trunks{cfg: cfg, wake: make(chan struct{}, 1), kick: make(chan struct{}, 1), ways: map[string]*way{}}
}

// Close ends the look-ups and takes our leave where we are registered.
// Connections are the core's.
func (t *Trunks) Close() {
	t.stop()
	t.done.Wait()
	t.leaveAll()
}

// SetCarriers replaces all carriers. Calls under way go on.
func (t *Trunks) SetCarriers(list []carrier.Carrier) {
	t.mu.Lock()
	ways := make(map[string]*way, len(list))
	for i := range list {
		for _, x := range list[i].Trunks {
			w := newWay(&list[i], x)
			if old := t.ways[x.ID]; old != nil {
				w.load = old.load // calls under way count on
				if old.trunk.Host == x.Host && old.trunk.Transport == x.Transport && old.carrier.Center == w.carrier.Center {
					w.addrs, w.fault, w.flow = old.addrs, old.fault, old.flow
					w.takeOver(old)
				}
			}
			w.literal()
			ways[x.ID] = w
		}
	}
	for id, old := range t.ways {
		if w := ways[id]; w == nil || w.keep != old.keep {
			t.leave(old)
		}
	}
	t.ways = ways
	t.mu.Unlock()
	t.poke()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func newWay(c *carrier.Carrier, x carrier.Trunk) *way {
	return &way{carrier: c, trunk: x, load: &load{}, from: sources(x.From), keep: &keep{health: carrier.Unknown}}
}

// takeOver keeps what is known of a gateway that stays the same one. What is
// new of a registration is told it at once.
func (w *way) takeOver(old *way) {
	a, b := &old.trunk, &w.trunk
	if a.User != b.User || old.carrier.Domain != w.carrier.Domain || old.registers() != w.registers() || a.Ping != b.Ping {
		return
	}
	w.keep = old.keep
	if a.Password != b.Password || a.Realm != b.Realm {
		w.keep.reg.at, w.keep.reg.fails = 0, 0
	}
}

// literal takes an address that needs no look-up, and reports whether it is one.
func (w *way) literal() bool {
	a, err := netip.ParseAddrPort(w.trunk.Host)
	if err == nil {
		w.addrs = []netip.Addr{a.Addr().Unmap()}
	}
	return err == nil
}

// refresh looks the names up, at once when carriers changed and then again.
func (t *Trunks) refresh(ctx context.Context) {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.wake:
		}
		t.mu.Lock()
		var names []*way
		for _, w := range t.ways {
			if !w.literal() {
				names = append(names, w)
			}
		}
		t.mu.Unlock()
		for _, w := range names {
			addrs, err := t.find(ctx, w.trunk.Host)
			if err != nil && ctx.Err() == nil {
				t.cfg.Log.Warn("a carrier's gateway cannot be found", "carrier", w.carrier.Name, "host", w.trunk.Host, "error", err)
			}
			t.mu.Lock()
			if w.fault = err; err == nil && !same(w.addrs, addrs) { // an address that was good stays until there is another
				w.addrs = addrs
			}
			t.mu.Unlock()
		}
		if len(names) > 0 {
			t.poke()
		}
	}
}

// same reports whether two lists have the same addresses, in whatever order.
func same(a, b []netip.Addr) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x netip.Addr) bool { return !slices.Contains(b, x) })
}

func (t *Trunks) find(ctx context.Context, hostport string) ([]netip.Addr, error) {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	addrs, err := t.cfg.Lookup(ctx, host)
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

// Way is the way to a trunk's gateway. It does not block.
func (t *Trunks) Way(id string) (Way, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.ways[id]
	if w == nil {
		return Way{}, fmt.Errorf("there is no trunk %s", id)
	}
	return t.open(w)
}

// Reach is the way to a carrier that need not be among those set: by its first
// trunk. It may wait for a look-up.
func (t *Trunks) Reach(ctx context.Context, c carrier.Carrier) (Way, error) {
	if len(c.Trunks) == 0 {
		return Way{}, fmt.Errorf("the carrier %s has no trunk", c.Name)
	}
	x := c.Trunks[0]
	w := newWay(&c, x)
	if !w.literal() {
		var err error
		if w.addrs, err = t.find(ctx, x.Host); err != nil {
			return Way{}, fmt.Errorf("the name of the gateway %s cannot be looked up: %w", x.Host, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.ways[x.ID]; old != nil && old.carrier.Center == c.Center && reflect.DeepEqual(old.trunk, x) {
		old.addrs = w.addrs
		w = old
	}
	return t.open(w)
}

// login is how we prove ourselves there; nil if it knows us by our address.
func (w *way) login() *sip.Login {
	if w.trunk.User == "" {
		return nil
	}
	return &sip.Login{User: w.trunk.User, Password: w.trunk.Password, Realm: w.trunk.Realm}
}

// secure is how a connection over TLS is made: to a gateway whose certificate
// names the host that was asked for.
func (t *Trunks) secure(at center.ID, host string) *tls.Config {
	c := &tls.Config{RootCAs: t.cfg.Roots, ServerName: host, MinVersion: tls.VersionTLS12}
	if t.cfg.Certificate != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			own := t.cfg.Certificate(at)
			return &own, nil
		}
	}
	return c
}

// open finds the socket, or the connection, for a way.
func (t *Trunks) open(w *way) (Way, error) {
	out := Way{Carrier: w.carrier, Trunk: w.trunk, Login: w.login()}
	if w.flow.Conn != nil && w.flow.Conn.Alive() {
		out.Flow = w.flow
		return out, nil
	}
	host, port, _ := net.SplitHostPort(w.trunk.Host)
	n, _ := strconv.ParseUint(port, 10, 16)
	transport := map[carrier.Transport]sip.Transport{carrier.UDP: sip.UDP, carrier.TCP: sip.TCP, carrier.TLS: sip.TLS}[w.trunk.Transport]
	for _, a := range w.addrs {
		l := t.cfg.Core().Listener(string(w.carrier.Center), transport, a)
		if l == nil {
			continue
		}
		remote := netip.AddrPortFrom(a, uint16(n))
		if transport == sip.UDP {
			out.Flow = sip.Flow{Listener: l, Remote: remote}
			return out, nil
		}
		var config *tls.Config
		if transport == sip.TLS {
			config = t.secure(w.carrier.Center, host)
		}
		f, err := t.cfg.Core().Connect(l, remote, config, "")
		if err != nil {
			return Way{}, err
		}
		w.flow, out.Flow = f, f
		return out, nil
	}
	if w.fault != nil {
		return Way{}, fmt.Errorf("the name of the gateway %s cannot be looked up: %w", w.trunk.Host, w.fault)
	}
	if len(w.addrs) == 0 {
		return Way{}, fmt.Errorf("the name of the gateway %s is not looked up yet", w.trunk.Host)
	}
	return Way{}, fmt.Errorf("the center %s has no %s address of the same IP version as the gateway %s", w.carrier.Center, transport, w.trunk.Host)
}
