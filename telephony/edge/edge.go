// Package edge joins SIP to the rest of telephony: a request becomes an attempt
// that routing decides, a dialog becomes a leg of a call in switching, a session
// description goes through media. SIP statuses and ITU-T Q.850 causes are
// chosen here and nowhere else (RFC 3398 §7.2 and §8.2 give the tables).
//
// Between centers it speaks SIP over mutually authenticated TLS, and believes
// what a center's certificate says of it (RFC 5922) about the caller (P-Asserted-Identity, RFC 3325).
package edge

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/pace"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/internet"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/notifier"
	"github.com/callisto-tel/callisto/telephony/registrar"
	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

// Recorder keeps call records. It must not block.
type Recorder interface {
	Record(r cdr.Record)
}

// Links gives the way to another center. It must not block: a connection that
// is still being made takes what is sent and keeps it until it stands.
type Links interface {
	// Flow is the way from a center to another.
	Flow(from, to center.ID) (sip.Flow, error)
	// Peer is the center at the other end of a flow, if that was proved.
	Peer(f *sip.Flow) (center.ID, bool)
}

// Trunks are the ways to and from carriers. They must not block either.
type Trunks interface {
	Way(id string) (trunk.Way, error)
	// Down reports whether a trunk is known to be down.
	Down(id string) bool
	// Take counts a call on a trunk that has room for it, an urgent one in any
	// case, and Give ends it.
	Take(id string, now time.Time, urgent bool) error
	Give(id string)
	// By… find the trunk that a call to a center comes in by: by its address,
	// those it may be.
	ByAddress(at center.ID, from netip.AddrPort, user string) []trunk.Coming
	ByUser(at center.ID, user string, from netip.AddrPort) (trunk.Coming, bool)
	ByName(at center.ID, names []string) (trunk.Coming, bool)
}

// Internet finds the SIP services of other people's domains.
type Internet interface {
	// Find may take seconds: no shard waits for it.
	Find(ctx context.Context, from center.ID, address string) (internet.Service, error)
	// Flow must not block.
	Flow(from center.ID, s internet.Server) (sip.Flow, error)
	// May reports whether sound may be sent to an address a stranger names.
	May(a netip.Addr) bool
}

// Hints asks the zones of partners whose a number is (ENUM).
type Hints interface {
	// Asks reports whether there is any to ask for a number.
	Asks(e164 string) bool
	Known(e164 string) ([]string, bool)
	// Ask may take a moment: no shard waits for it.
	Ask(ctx context.Context, e164 string) []string
}

// Config describes an Edge.
type Config struct {
	Realm     string
	Tables    func() *routing.Tables
	Registrar *registrar.Registrar
	Recorder  Recorder
	Links     Links
	Trunks    Trunks   // nil: there are no carriers
	Hints     Hints    // nil: no zone is asked
	Menus     Menus    // nil: no number is the house's own
	Charging  Charging // nil: calls that cost are refused
	// AtOnce is how many calls outside an account may have at once, false if only the
	// house's limit counts. It must never block. It may be nil.
	AtOnce func(account string) (int, bool)
	// Together is how many calls one telephone may have at once, and OfAccount all those
	// of an account, on each shard, emergency calls apart; 0: any number.
	Together, OfAccount int
	Currency            money.Currency
	Open                bool     // anybody may call the numbers that everybody may look up
	Internet            Internet // nil: nobody else's domain is called
	// Waker and Awaiter have terminals woken and tell that they came; nil: nobody
	// sleeps.
	Waker   Waker
	Awaiter Awaiter
	// Notifier tells telephones what waits for them; nil: nobody may subscribe.
	Notifier *notifier.Notifier
	// Domain is ours, in the address that others are shown of a caller; "" is
	// the address of the center's socket.
	Domain string
	Media  *media.Media
	// Advertise is the address the terminals of a center are told for sound,
	// where it is not the bound one.
	Advertise map[center.ID]netip.Addr
	// Domains are the names that mean us in a SIP address, beside the realm
	// and the addresses of the listeners.
	Domains []string
	// Outside is how many calls an account may have at once that leave this
	// network, forwarded ones included; 0 is 10.
	Outside int
	Now     func() time.Time
	Log     *slog.Logger
	// Trace, if set, sees each event of each call with its commands.
	Trace func(callID string, e *switching.Event, done []switching.Command)
}

// Edge serves the shards of a core.
type Edge struct {
	cfg         Config
	boards      []*board
	ctx         context.Context //nolint:containedctx // the lifetime of look-ups
	cancel      context.CancelFunc
	lookups     sync.WaitGroup
	clerks      clerks
	talks       clerks          // who say how menus go on
	booking     context.Context //nolint:containedctx // the lifetime of what the clerks do
	stopBooking context.CancelFunc
	domains     map[string]bool
	live        atomic.Int64

	mu      sync.Mutex
	most    int            // calls outside that an account may have at once
	outside map[string]int // those there are
	looking map[string]int // look-ups under way, by account
	closed  bool
	strange *pace.Pace[netip.Prefix] // calls from anybody, by network
}

// New returns an Edge; give its Handler to the core.
func New(cfg Config) *Edge {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Outside == 0 {
		cfg.Outside = 10
	}
	if cfg.Domain != "" {
		cfg.Domains = append(slices.Clip(cfg.Domains), cfg.Domain)
	}
	e := &Edge{cfg: cfg, most: cfg.Outside, outside: map[string]int{}, looking: map[string]int{}, strange: pace.New[netip.Prefix](strangers()), domains: map[string]bool{strings.ToLower(cfg.Realm): true}}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.booking, e.stopBooking = context.WithCancel(context.Background())
	for _, d := range cfg.Domains {
		e.domains[strings.ToLower(d)] = true
	}
	return e
}

// Close ends the look-ups that are under way, and waits for them.
func (e *Edge) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.lookups.Wait()
	e.talks.close()
	late := time.AfterFunc(bookIn, e.stopBooking)
	defer late.Stop()
	e.clerks.close()
	e.stopBooking()
}

// bookIn is how long the end waits for what is still to be booked.
const bookIn = 10 * time.Second

// mostLookups is how much an account may have looked up at once: look-ups are
// bounded, and a slow zone of his own must not take them from everybody.
const mostLookups = 4

// look asks others' name servers for a call of an account, off the shard's
// thread; false if there is too much already.
func (e *Edge) look(account string, f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.looking[account] >= mostLookups {
		return false
	}
	e.looking[account]++
	e.lookups.Go(func() {
		defer func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.looking[account]--; e.looking[account] <= 0 {
				delete(e.looking, account)
			}
		}()
		f()
	})
	return true
}

// Handler makes the part of a shard.
func (e *Edge) Handler(s *sip.Shard) sip.Handler {
	b := &board{edge: e, shard: s, index: uint64(len(e.boards)), menus: tally{}, urgent: tally{}, placed: tally{}}
	b.out = switching.Outside{Legs: (*signalling)(b), Keys: (*signalling)(b), Media: (*sound)(b), Money: b, Desk: b, Watch: b, Waker: b, Settler: (*sound)(b)}
	if e.cfg.Trace != nil {
		b.out.Trace = func(c *switching.Call, ev *switching.Event, done []switching.Command) {
			if x := b.call(c.Ref()); x != nil {
				e.cfg.Trace(x.id, ev, done)
			}
		}
	}
	e.boards = append(e.boards, b)
	return b
}

// LiveCalls is how many calls there are now.
func (e *Edge) LiveCalls() int { return int(e.live.Load()) }

// MediaNote takes what the media thread noticed.
func (e *Edge) MediaNote(n rtp.Note) {
	ref := switching.Ref(n.Tag)
	i := boardOf(ref)
	if i >= len(e.boards) {
		return
	}
	b := e.boards[i]
	b.shard.Post(func(*sip.Shard) {
		c := b.call(ref)
		if c == nil {
			return
		}
		keys := c.placed != nil || c.talk != nil
		if c.child != nil { // whose sound it is now
			c, keys = c.child, false
		}
		ev := switching.Event{Leg: switching.LegID(n.Leg)}
		switch n.Kind {
		case rtp.Silent:
			ev.Kind = switching.MediaSilent
		case rtp.Unproved:
			ev.Kind, ev.Cause = switching.HangUp, switching.CauseUnprotected
		case rtp.Stopped:
			if c.stops() == 0 {
				return // of a call that is over
			}
			ev.Kind = switching.MediaStopped
		case rtp.Played:
			ev.Kind = switching.Played
		case rtp.Digit:
			if c.parent != nil && ev.Leg == switching.Caller {
				b.toMenu(c, n.Digit)
			}
			if !keys && !n.Kept || !c.live {
				return // it went to the other side with the sound
			}
			ev.Kind, ev.Digit = switching.Digit, n.Digit
		}
		b.deliver(c, ev)
	})
}

// HangUp ends a call by its global id, as the operator or a member may.
func (e *Edge) HangUp(callID string) {
	for _, b := range e.boards {
		b.shard.Post(func(*sip.Shard) { b.hangUp(func(c *call) bool { return c.id == callID }) })
	}
}

// EndDevice ends the calls a device is in, and not those that only ring there.
func (e *Edge) EndDevice(device string) {
	e.endAt(func(l *leg) bool { return l.device == device })
}

// EndSession ends the calls that browsers are in by a session, and not those that
// only ring there.
func (e *Edge) EndSession(session string) {
	e.endAt(func(l *leg) bool { return l.session == session })
}

func (e *Edge) endAt(which func(*leg) bool) {
	in := func(l *leg) bool {
		return l.d != nil && which(l) && (l.id == switching.Caller || l.d.Answered())
	}
	for _, b := range e.boards {
		b.shard.Post(func(*sip.Shard) { b.hangUp(func(c *call) bool { return slices.ContainsFunc(c.legs, in) }) })
	}
}

// HangUpAll ends every call, before a node stops.
func (e *Edge) HangUpAll() {
	for _, b := range e.boards {
		b.shard.Post(func(*sip.Shard) { b.hangUp(func(*call) bool { return true }) })
	}
}

// ours tells whether a host in a SIP address means us.
func (e *Edge) ours(core *sip.Core, host []byte, f *sip.Flow) bool {
	if e.domains[strings.ToLower(string(host))] {
		return true
	}
	for _, l := range core.Listeners() {
		if hp := l.HostPort(); strings.EqualFold(hp[:strings.LastIndexByte(hp, ':')], string(host)) {
			return true
		}
	}
	// Phones that were given our address as a number dial it back to us.
	a, err := netip.ParseAddr(string(host))
	return err == nil && (a.IsLoopback() && f.Remote.Addr().IsLoopback() || a == f.Listener.Addr.Addr())
}

// outsideMost is how many an account may have: as the operator or its holder set,
// else as the house has it.
func (e *Edge) outsideMost(account string) int {
	if e.cfg.AtOnce != nil && account != "" {
		if most, ok := e.cfg.AtOnce(account); ok {
			return most
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most
}

// leave counts a call of an account that leaves this network; false if it has
// as many as it may.
func (e *Edge) leave(account string, most int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.outside[account] >= most {
		return false
	}
	e.outside[account]++
	return true
}

// LimitOutside says how many calls to other networks an account may have at once
// from now on.
func (e *Edge) LimitOutside(most int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.most = most
}

func (e *Edge) left(account string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.outside[account]--; e.outside[account] <= 0 {
		delete(e.outside, account)
	}
}
