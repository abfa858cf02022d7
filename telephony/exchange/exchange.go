// Package exchange puts a node's telephony together: the SIP core with the
// listeners of its centers, the edge, the registrar, the sound and the links
// between centers. It is given memory to read and places to write, and knows
// neither SQL nor the bus.
package exchange

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/enum"
	"github.com/callisto-tel/callisto/telephony/internet"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/notifier"
	"github.com/callisto-tel/callisto/telephony/registrar"
	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

// Center is where one center's telephones register: UDP and TCP on one port.
type Center struct {
	ID     center.ID
	Listen netip.AddrPort // port 0: any that is free for both
	TLS    netip.AddrPort // zero: no TLS for telephones
	// Next: if the port is taken, the next free one within 100 is.
	Next bool
	// NextTLS is the same for TLS.
	NextTLS bool
}

// Web is where browsers reach the centers by WebSocket: the pages' own address.
type Web struct {
	Addr   netip.AddrPort
	Secure bool // by TLS, be it that of a proxy
	// SoundPort is the one UDP port for the sound of all browsers; 0 is any.
	SoundPort uint16
}

// Config is what an exchange is given.
type Config struct {
	Centers []Center
	// Sound is an address for sound beside those of the centers: of those that
	// open later.
	Sound    netip.Addr
	Web      Web
	Realm    string
	Tables   *routing.Tables
	Devices  registrar.Credentials
	Passes   registrar.Passes // nil: browsers have none
	Guests   registrar.Guests // nil: nobody signs in at telephones of others
	Bindings *location.Table
	Log      registrar.Log // nil: nobody else has to know
	Recorder edge.Recorder
	Charging edge.Charging // nil: calls that cost are refused
	AtOnce   func(account string) (int, bool)
	// Together is how many calls one telephone may have at once, and OfAccount all those
	// of an account; 0: any number.
	Together, OfAccount int
	Menus               edge.Menus // nil: no number is the house's own
	// Waker wakes terminals; nil: none is. Wakes are the push services it reaches
	// telephones by, VAPID what browsers' services know us by, Woken whether a
	// telephone's own word for itself is one to send to; it must not block.
	Waker edge.Waker
	Wakes []string
	VAPID string
	Woken func(service, id string) bool
	// Waiting counts the missed calls of a number that nobody has looked at, for the
	// lamps of telephones; nil: they have none.
	Waiting  func(ctx context.Context, account string, n numbering.Number) (int, error)
	Currency money.Currency
	// Certificate proves a center to others and to its telephones; Roots are
	// the internal authority. Without them there are no links.
	Certificate func(center.ID) (tls.Certificate, error)
	Roots       *x509.CertPool
	// Public is the certificate that telephones see, of an authority they know;
	// nil: that of the center.
	Public func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Node   string
	Epoch  int64
	Secret []byte
	Shards int
	// TrunkRoots are whom the certificate of a carrier, and of somebody else's
	// domain, is believed by; nil is the system's.
	TrunkRoots *x509.CertPool
	Internet   Internet
	// KeepAlive is how often telephones behind a NAT are sent something, so that
	// they can be called; 20 s if zero.
	KeepAlive time.Duration
	MinRTP    uint16
	MaxRTP    uint16
	Portable  bool
	Domains   []string
	Logger    *slog.Logger
	Now       func() time.Time
	Trace     func(callID string, e *switching.Event, done []switching.Command)
}

// Internet is how other people's domains are called.
type Internet struct {
	Domain string         // ours, in the address a caller is shown by
	DNS    []string       // servers to ask, HOST:PORT; none: those of the system
	Near   []netip.Prefix // networks of loopback that may be called, in trials
	Open   bool           // anybody may call numbers of ours
}

// Exchange carries calls.
type Exchange struct {
	cfg     Config
	core    *sip.Core
	trunks  *trunk.Trunks
	edge    *edge.Edge
	rtp     *rtp.Engine
	tables  atomic.Pointer[routing.Tables]
	zones   *enum.Client
	prompts *media.Prompts
	lamps   *notifier.Notifier // nil: there are none

	opening sync.Mutex // one center opens at a time

	mu    sync.Mutex // over the centers
	order []center.ID
	doors map[center.ID]door

	closing sync.Once
	ends    context.CancelFunc // what keeps telephones reachable and tells them what waits
	keeping sync.WaitGroup
}

// door is where a center is reached, and how it proves itself.
type door struct {
	addr, tls, link netip.AddrPort
	web             *sip.Listener // for browsers; nil: there is none
	cert            tls.Certificate
}

// Ports of RTP if nothing else is said: below those the system gives out.
const (
	minRTP = 16384
	maxRTP = 32766
)

// keptPairs is how many pairs of ports wait for emergency calls at most: two for each.
const keptPairs = 128

// New opens every socket and serves none yet.
func New(cfg Config) (x *Exchange, err error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = keepAliveEach
	}
	if cfg.MinRTP == 0 {
		cfg.MinRTP, cfg.MaxRTP = minRTP, maxRTP
	}
	x = &Exchange{cfg: cfg, doors: map[center.ID]door{}, prompts: media.NewPrompts()}
	x.tables.Store(cfg.Tables)
	x.zones = x.hints()
	defer func() {
		if err != nil {
			x.Close()
		}
	}()
	clock := sip.Monotonic()
	if x.rtp, err = x.openRTP(clock); err != nil {
		return x, err
	}
	if err := x.rtp.PriorityError(); err != nil {
		cfg.Logger.Info("sound may be late while other programs compute: the system gives its thread no priority. Run callisto with a nice limit of -10 (LimitNICE=-10 of a systemd unit) or CAP_SYS_NICE", "error", err)
	}
	x.trunks = trunk.New(trunk.Config{
		Core: func() *sip.Core { return x.core }, Roots: cfg.TrunkRoots, Log: cfg.Logger, Now: cfg.Now,
		Certificate: func(at center.ID) tls.Certificate { return x.door(at).cert },
	})
	if cfg.Waiting != nil {
		x.lamps = notifier.New(notifier.Config{Waiting: cfg.Waiting, Credential: cfg.Devices.Get, Now: cfg.Now, Log: cfg.Logger})
	}
	x.edge = edge.New(edge.Config{
		Realm: cfg.Realm, Tables: x.tables.Load, Recorder: cfg.Recorder, Charging: cfg.Charging, Menus: cfg.Menus, AtOnce: cfg.AtOnce, Together: cfg.Together, OfAccount: cfg.OfAccount, Currency: cfg.Currency, Domains: cfg.Domains,
		Registrar: registrar.New(registrar.Config{
			Realm: cfg.Realm, Credentials: cfg.Devices, Passes: cfg.Passes, Guests: cfg.Guests, Bindings: cfg.Bindings, Log: cfg.Log, Node: cfg.Node, Epoch: cfg.Epoch, Now: cfg.Now,
			Wakes: cfg.Wakes, VAPID: cfg.VAPID, Woken: cfg.Woken, Secret: cfg.Secret,
		}),
		Links: edge.NewTLSLinks(edge.LinkConfig{Core: func() *sip.Core { return x.core }, Client: x.linkClient, Address: x.linkAddress}),
		Waker: cfg.Waker, Awaiter: cfg.Bindings, Notifier: x.lamps,
		Trunks: x.trunks, Domain: cfg.Internet.Domain, Open: cfg.Internet.Open, Hints: x.zones,
		Internet: internet.New(internet.Config{
			Core: func() *sip.Core { return x.core }, Roots: cfg.TrunkRoots, Servers: cfg.Internet.DNS, Near: cfg.Internet.Near, Log: cfg.Logger,
		}),
		Media: media.New(x.rtp, x.prompts), Now: cfg.Now, Log: cfg.Logger, Trace: cfg.Trace,
	})
	x.core, err = sip.New(sip.Config{
		Epoch: uint16(cfg.Epoch), Shards: cfg.Shards, Secret: cfg.Secret, Log: cfg.Logger, Portable: cfg.Portable,
		Clock: clock, Handler: x.edge.Handler,
	})
	if err != nil {
		return x, err
	}
	for i := range cfg.Centers {
		if err = x.Open(cfg.Centers[i]); err != nil {
			return x, err
		}
	}
	return x, nil
}

// Reaches reports whether the way to a binding still stands: a connection may have
// ended before the registration did.
func (x *Exchange) Reaches(b *location.Binding) bool {
	_, ok := x.core.Flow(b.Flow)
	return ok
}

// Lamps tells telephones what waits for them; nil: they have none.
func (x *Exchange) Lamps() *notifier.Notifier { return x.lamps }

// hints asks the zones of partners.
func (x *Exchange) hints() *enum.Client {
	return enum.New(enum.Config{
		Zones: func(e164 string) []carrier.Carrier {
			if w := x.tables.Load().Ways; w != nil {
				return w.Zones(e164)
			}
			return nil
		},
		NAPTR: func(ctx context.Context, name string) ([]*dns.NAPTR, error) {
			r := &sip.Resolver{Servers: x.cfg.Internet.DNS}
			if len(r.Servers) == 0 {
				var err error
				if r, err = sip.SystemResolver(); err != nil {
					return nil, err
				}
			}
			return r.NAPTR(ctx, name)
		},
		Now: time.Now,
	})
}

// HasNumber reports whether the zone of a partner has a number.
func (x *Exchange) HasNumber(ctx context.Context, zone, e164 string) (bool, error) {
	return x.zones.HasNumber(ctx, zone, e164)
}

// openRTP binds sound to the addresses of the centers: one of each family.
func (x *Exchange) openRTP(clock func() sip.Mono) (*rtp.Engine, error) {
	var v4, v6 netip.Addr
	addrs := make([]netip.Addr, 0, len(x.cfg.Centers)+1)
	for _, c := range x.cfg.Centers {
		addrs = append(addrs, c.Listen.Addr().Unmap())
	}
	if x.cfg.Sound.IsValid() {
		addrs = append(addrs, x.cfg.Sound.Unmap())
	}
	for i, a := range addrs {
		if a.IsUnspecified() {
			name := "the first center"
			if i < len(x.cfg.Centers) {
				name = "center " + string(x.cfg.Centers[i].ID)
			}
			return nil, fmt.Errorf("%s listens on %s: name the address that telephones reach, sound cannot be sent from all at once", name, a)
		}
		if a.Is4() && !v4.IsValid() {
			v4 = a
		} else if a.Is6() && !v6.IsValid() {
			v6 = a
		}
	}
	return rtp.New(rtp.Config{
		Addr4: v4, Addr6: v6, MinPort: x.cfg.MinRTP, MaxPort: x.cfg.MaxRTP, Prebind: 32, Sockets: sip.OpenFiles() / 2, Kept: min(keptPairs, sip.OpenFiles()/32, int(x.cfg.MaxRTP-x.cfg.MinRTP)/16), Silence: 30 * time.Second, Web: x.cfg.Web.Addr.IsValid(), WebPort: x.cfg.Web.SoundPort,
		Now:    func() int64 { return int64(clock()) },
		Notify: func(n rtp.Note) { x.edge.MediaNote(n) },
	})
}

// Open opens the sockets of a center, also while the exchange serves others.
// What a center routes by is in the tables: give it those that know it first.
func (x *Exchange) Open(c Center) error {
	x.opening.Lock()
	defer x.opening.Unlock()
	x.mu.Lock()
	_, open := x.doors[c.ID]
	x.mu.Unlock()
	if open {
		return fmt.Errorf("the center %s is open already", c.ID)
	}
	if v6 := !c.Listen.Addr().Unmap().Is4(); !x.rtp.Has(v6) {
		return fmt.Errorf("the center %s listens on %s, but sound has no address of that IP version", c.ID, c.Listen.Addr())
	}
	d, err := x.listen(&c)
	if err != nil {
		return fmt.Errorf("open the center %s: %w", c.ID, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.order, x.doors[c.ID] = append(x.order, c.ID), d
	return nil
}

// SetTables has calls decided by other tables from now on.
func (x *Exchange) SetTables(t *routing.Tables) { x.tables.Store(t) }

func (x *Exchange) door(c center.ID) door {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.doors[c]
}

// listen opens the sockets of a center.
func (x *Exchange) listen(c *Center) (d door, err error) {
	if x.cfg.Certificate != nil {
		if d.cert, err = x.cfg.Certificate(c.ID); err != nil {
			return d, err
		}
	}
	l, err := x.listenPair(c)
	if err != nil {
		return d, err
	}
	d.addr = l.Addr
	if x.cfg.Web.Addr.IsValid() {
		t := sip.WS
		if x.cfg.Web.Secure {
			t = sip.WSS
		}
		d.web = x.core.Socketless(string(c.ID), t, x.cfg.Web.Addr)
	}
	if x.cfg.Certificate == nil {
		return d, nil
	}
	link := &tls.Config{
		Certificates: []tls.Certificate{d.cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x.cfg.Roots, MinVersion: tls.VersionTLS13,
	}
	k, err := x.core.Listen(edge.LinkTag(c.ID), sip.TLS, netip.AddrPortFrom(c.Listen.Addr(), 0), "", link)
	if err != nil {
		return d, err
	}
	d.link = k.Addr
	if !c.TLS.IsValid() {
		x.core.Socketless(string(c.ID), sip.TLS, l.Addr)
		return d, nil
	}
	own := &tls.Config{
		Certificates: []tls.Certificate{d.cert}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequestClientCert, ClientCAs: x.cfg.TrunkRoots, // a carrier may prove itself by one
	}
	if x.cfg.Public != nil {
		own.Certificates, own.GetCertificate = nil, x.cfg.Public
	}
	err = Nearby(c.TLS, c.NextTLS, func(at netip.AddrPort) error {
		t, err := x.core.Listen(string(c.ID), sip.TLS, at, "", own)
		if err == nil {
			d.tls = t.Addr
		}
		return err
	})
	return d, err
}

// Nearby opens an address; if that is taken, the next free port within 100, if
// any will do.
func Nearby(first netip.AddrPort, next bool, open func(netip.AddrPort) error) (err error) {
	tries := 1
	if next || first.Port() == 0 {
		tries = 100
	}
	for i := range tries {
		at := first
		if at.Port() != 0 {
			if int(at.Port())+i > 65535 {
				break
			}
			at = netip.AddrPortFrom(at.Addr(), at.Port()+uint16(i))
		}
		if err = open(at); err == nil {
			return nil
		}
	}
	return err
}

// listenPair opens UDP and TCP on one port.
func (x *Exchange) listenPair(c *Center) (*sip.Listener, error) {
	var l *sip.Listener
	err := Nearby(c.Listen, c.Next, func(at netip.AddrPort) (err error) {
		l, err = x.core.ListenBoth(string(c.ID), at, "")
		return err
	})
	return l, err
}

// Start serves.
func (x *Exchange) Start(context.Context) error {
	// The thread of a shard keeps a processor of the runtime while it naps:
	// there has to be one for everything else, on a single core too.
	if n := len(x.core.Shards()) + 1; runtime.GOMAXPROCS(0) < n {
		runtime.GOMAXPROCS(n)
	}
	if err := x.core.Start(); err != nil {
		return err
	}
	ctx, ends := context.WithCancel(context.Background())
	x.ends = ends
	x.keeping.Go(func() { x.keepAlive(ctx) })
	if x.lamps != nil {
		x.keeping.Go(func() { x.lamps.Run(ctx) })
	}
	return nil
}

// Centers lists the centers.
func (x *Exchange) Centers() []center.ID {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.order)
}

// Addr is where a center's telephones register.
func (x *Exchange) Addr(c center.ID) netip.AddrPort { return x.door(c).addr }

// TLSAddr is the same over TLS; invalid if it is off.
func (x *Exchange) TLSAddr(c center.ID) netip.AddrPort { return x.door(c).tls }

// Core is the SIP core.
func (x *Exchange) Core() *sip.Core { return x.core }

// Edge is the edge.
func (x *Exchange) Edge() *edge.Edge { return x.edge }

// Ports is how many RTP port pairs are taken.
func (x *Exchange) Ports() int {
	taken, _ := x.rtp.InUse()
	return taken
}

// Stop ends the calls, waits for their ends to be told, and closes. The wait
// ends with ctx.
func (x *Exchange) Stop(ctx context.Context) error {
	x.edge.HangUpAll()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for x.edge.LiveCalls() > 0 {
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		break
	}
	n := x.edge.LiveCalls()
	x.Close()
	if n > 0 {
		return fmt.Errorf("%d calls were cut without a word", n)
	}
	return nil
}

// Close closes without ending calls, once however often it is called.
func (x *Exchange) Close() {
	x.closing.Do(func() {
		if x.ends != nil {
			x.ends()
			x.keeping.Wait()
		}
		if x.trunks != nil {
			x.trunks.Close()
		}
		if x.edge != nil {
			x.edge.Close()
		}
		if x.core != nil {
			x.core.Close()
		}
		if x.rtp != nil {
			x.rtp.Close()
		}
	})
}

// linkClient is how a center proves itself to another.
func (x *Exchange) linkClient(from, to center.ID) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{x.door(from).cert}, RootCAs: x.cfg.Roots, ServerName: LinkName(to), MinVersion: tls.VersionTLS13,
	}
}

// LinkName is the host name in a center's certificate.
func LinkName(c center.ID) string { return strings.ToLower(string(c)) + ".center.callisto.internal" }

func (x *Exchange) linkAddress(to center.ID) (netip.AddrPort, bool) {
	a := x.door(to).link
	return a, a.IsValid()
}
