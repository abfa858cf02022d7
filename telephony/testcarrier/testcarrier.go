// Package testcarrier is a carrier for trying things out: a SIP user agent
// (RFC 3261) on a port of loopback that answers for every telephone number in
// the world, hears what is said to it, and presses 1 when it is asked to. It is
// started by `callisto dev` and by nothing else.
//
// It proves that sound and keys went the whole way: what it answers with is
// sound, the key goes as a telephone event (RFC 4733), and the code it shows is
// recognised in the RTP (RFC 3550) it received.
package testcarrier

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// Behaviour is what a number does.
type Behaviour struct {
	Ending string // of the number's digits
	Result string // stable name: "busy"
	Status int    // the SIP status it is refused with; 0: it is answered
	Rings  bool   // never answered
	Says   Says   // what is heard after the answer
}

// Says is what a number that answers lets be heard.
type Says uint8

// The sounds.
const (
	SaysKey   Says = iota // a greeting; when something was said, the key 1 is pressed
	SaysHello             // a greeting, and no key
	SaysEcho              // what comes, again
	SaysTone              // 1 kHz
	SaysKeys              // a greeting, and then each key pressed, spoken
	SaysDrop              // a greeting, and five seconds later it hangs up
	SaysWrong             // rubbish, from another port than it said
)

// dropAfter is when a number that drops calls hangs up.
const dropAfter = 5 * sip.Second

// Behaviours lists the numbers that do something else than answer, by their last
// four digits: 01 and a number for those that answer, mostly 0 and the SIP
// status for those that do not.
func Behaviours() []Behaviour {
	return []Behaviour{
		{Ending: "0101", Result: "echo", Says: SaysEcho},
		{Ending: "0102", Result: "tone", Says: SaysTone},
		{Ending: "0103", Result: "keys", Says: SaysKeys},
		{Ending: "0104", Result: "dropped", Says: SaysDrop},
		{Ending: "0105", Result: "wrong_sound", Says: SaysWrong},
		{Ending: "0199", Result: "machine", Says: SaysHello},
		{Ending: "0302", Result: "elsewhere", Status: 302},
		{Ending: "0404", Result: "not_found", Status: 404},
		{Ending: "0408", Result: "no_answer", Rings: true},
		{Ending: "0480", Result: "away", Status: 480},
		{Ending: "0486", Result: "busy", Status: 486},
		{Ending: "0503", Result: "out_of_order", Status: 503},
		{Ending: "0603", Result: "declined", Status: 603},
	}
}

// behaviour finds what a number does.
func behaviour(number string) Behaviour {
	for _, b := range Behaviours() {
		if strings.HasSuffix(number, b.Ending) {
			return b
		}
	}
	return Behaviour{Result: "answered"}
}

// Config is what a test carrier is given.
type Config struct {
	Addr           netip.Addr // of loopback
	User, Password string     // what callers have to prove
	Log            *slog.Logger
	Now            func() time.Time
	Longest        time.Duration // that a call of its own lasts; 0: a minute
}

// Call is a call it got.
type Call struct {
	ID     int
	Placed bool   // by the carrier itself, to a number of ours
	Number string // as called
	From   string // the number shown
	At     time.Time
	Result string // "ringing", "answered", then as it ended: "heard", "no_code", "cancelled", "unproven", "itself", or of its Behaviour
	Over   bool
	Code   string // what it heard
	Keys   string // that were pressed
	Said   string // to a call of its own: the sentences of ours that it recognised
}

// Carrier is a running one.
type Carrier struct {
	cfg  Config
	core *sip.Core
	desk *desk
	addr netip.AddrPort
	wg   sync.WaitGroup
	ctx  context.Context //nolint:containedctx // the lifetime of its own goroutines
	stop context.CancelFunc

	mu    sync.Mutex
	calls []Call // newest last
	last  int
}

// Realm is what the carrier asks a password for.
const Realm = "carrier.callisto.test"

const (
	keeps   = 50
	ringing = 1200 * sip.Millisecond // before it answers
)

// New opens the ports and serves.
func New(cfg Config) (*Carrier, error) {
	if !cfg.Addr.IsLoopback() {
		return nil, errors.New("the test carrier serves on loopback only")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Longest == 0 {
		cfg.Longest = time.Minute
	}
	c := &Carrier{cfg: cfg}
	c.ctx, c.stop = context.WithCancel(context.Background())
	var err error
	c.core, err = sip.New(sip.Config{
		Log: cfg.Log, Portable: true, MaxDialogs: 1000,
		Handler: func(s *sip.Shard) sip.Handler {
			c.desk = &desk{c: c, s: s, ha1: sip.NewHA1(cfg.User, Realm, cfg.Password)}
			return c.desk
		},
	})
	if err != nil {
		return nil, err
	}
	l, err := c.core.ListenBoth("carrier", netip.AddrPortFrom(cfg.Addr, 0), "")
	if err == nil {
		c.addr = l.Addr
		err = c.core.Start()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Door is what a trunk needs to call it.
type Door struct {
	Addr                  netip.AddrPort
	User, Password, Realm string
}

// Door is by where, and as whom, it is called.
func (c *Carrier) Door() Door { return Door{c.addr, c.cfg.User, c.cfg.Password, Realm} }

// Addr is where its gateway is, over UDP and TCP.
func (c *Carrier) Addr() netip.AddrPort { return c.addr }

// Close ends it.
func (c *Carrier) Close() {
	c.stop()
	c.core.Close()
	c.wg.Wait()
}

// Call calls a number of ours at a center, from an ordinary telephone's number,
// and returns at once; what becomes of it is in Calls. It presses keys, up to each #
// when what was said before is over; a comma waits two seconds instead.
func (c *Carrier) Call(center netip.AddrPort, number, from, keys string) error {
	l := c.core.Listener("carrier", sip.UDP, center.Addr())
	if l == nil {
		return errors.New("the center listens on an address that the test carrier, on loopback, cannot reach")
	}
	id := c.note(Call{Placed: true, Number: number, From: from, Result: "ringing"})
	c.desk.s.Post(func(*sip.Shard) { c.desk.place(id, sip.Flow{Listener: l, Remote: center}, number, from, keys) })
	return nil
}

// Calls lists the latest calls, newest first.
func (c *Carrier) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.calls)
	slices.Reverse(out)
	return out
}

// note adds a call and returns its id.
func (c *Carrier) note(x Call) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	x.ID, x.At = c.last, c.cfg.Now().UTC()
	c.calls = append(c.calls, x)
	if len(c.calls) > keeps {
		c.calls = slices.Clone(c.calls[len(c.calls)-keeps:])
	}
	return c.last
}

// change changes one.
func (c *Carrier) change(id int, f func(*Call)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.calls {
		if c.calls[i].ID == id {
			f(&c.calls[i])
		}
	}
}
