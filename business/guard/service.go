package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/index"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Config is what the house says.
type Config struct {
	Currency money.Currency
	Default  Policy     // until the operator sets one
	Watch    Thresholds // zero: the usual
	Fresh    func(by member.Actor) error
	Alerts   Alerts                   // nil: none are kept
	Alarm    func(Alert)              // is told of each new alert; may be nil
	Mobile   func(digits string) bool // a number, E.164 without +, is a mobile telephone's; may be nil
	Log      *slog.Logger
	Now      func() time.Time
}

// Service guards.
type Service struct {
	accounts Accounts
	rules    Rules
	blocks   Blocks
	cfg      Config
	policy   atomic.Pointer[versioned[Policy]]
	list     atomic.Pointer[versioned[*List]]
	atOnce   *index.Map[Account] // accounts of which something is kept
	tempo    *tempo
	suspects suspects
	stream   chan cdr.Record
	alarms   chan Alert

	mu   sync.Mutex
	seen time.Time // accounts that were changed until here are known
}

type versioned[V any] struct {
	version int64
	rule    Rule
	value   V
}

// New returns a guard that knows the defaults; Refresh reads what was set.
func New(accounts Accounts, rules Rules, blocks Blocks, cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{accounts: accounts, rules: rules, blocks: blocks, cfg: cfg, atOnce: index.New[Account](), tempo: newTempo(), stream: make(chan cdr.Record, watchQueue), alarms: make(chan Alert, 100)}
	s.policy.Store(&versioned[Policy]{value: cfg.Default})
	list, err := ReadRanges(ranges)
	if err != nil {
		panic("the list of closed destinations: " + err.Error()) // a test reads it
	}
	s.list.Store(&versioned[*List]{value: list})
	return s
}

// Refresh reads what the operator and the members have set, here or in another
// process.
func (s *Service) Refresh(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed, err := s.accounts.Changed(ctx, s.seen)
	for _, a := range changed {
		s.keep(a)
	}
	return errors.Join(err, s.refreshPolicy(ctx), s.refreshList(ctx), s.refreshSuspects(ctx))
}

// refreshSuspects reads which ranges rang many members, here or elsewhere.
func (s *Service) refreshSuspects(ctx context.Context) error {
	if s.cfg.Alerts == nil {
		return nil
	}
	list, err := s.cfg.Alerts.Alerts(ctx, AlertFilter{Kind: Wangiri, Limit: 200})
	for i := len(list) - 1; i >= 0; i-- { // the latest counts: a range that was closed once may ring again
		if a := &list[i]; a.State == Closed {
			s.suspects.remove(a.Subject)
		} else if until := a.Last.Add(suspectFor); until.After(s.cfg.Now()) {
			s.suspects.add(a.Subject, until)
		}
	}
	return err
}

// keep remembers what a shard must know of an account. A change of another
// process may carry a time a little before ours.
func (s *Service) keep(a Account) {
	s.atOnce.Set(a.ID, a)
	if before := a.Changed.Add(-time.Minute); before.After(s.seen) {
		s.seen = before
	}
}

func (s *Service) refreshPolicy(ctx context.Context) error {
	r, found, err := s.rules.Rule(ctx, rulePolicy)
	if err != nil || !found || r.Version == s.policy.Load().version {
		return err
	}
	var p Policy
	if err := json.Unmarshal([]byte(r.Value), &p); err != nil {
		return fmt.Errorf("the limits of calls: %w", err)
	}
	s.policy.Store(&versioned[Policy]{r.Version, r, p})
	return nil
}

func (s *Service) refreshList(ctx context.Context) error {
	r, found, err := s.rules.Rule(ctx, ruleRanges)
	if err != nil || !found || r.Version == s.list.Load().version {
		return err
	}
	list, err := ReadRanges(r.Value)
	if err != nil {
		return fmt.Errorf("the list of closed destinations: %w", err)
	}
	s.list.Store(&versioned[*List]{r.Version, r, list})
	return nil
}

// AtOnce is how many calls outside an account may have at once, from memory; false
// if it has no limit. Reserve counts those that cost exactly.
func (s *Service) AtOnce(account string) (int, bool) {
	p := &s.policy.Load().value
	top := p.Known
	a, kept := s.atOnce.Get(account)
	if kept {
		class := a.Class
		if class == "" {
			class = Known
		}
		top = a.Own.within(a.Ceiling.over(p.of(class)))
	}
	if top.Calls == nil {
		return 0, false
	}
	return *top.Calls, true
}

// Attempt counts a call that somebody is to pay for, and says how long it has to
// wait because too many came just before it.
func (s *Service) Attempt(c Call) (wait time.Duration) {
	return s.tempo.attempt(&s.policy.Load().value.Pace, c.who(), c.ID, c.E164, s.cfg.Now())
}

// Ended counts how a call went that somebody paid for.
func (s *Service) Ended(c Call, r cdr.Record) {
	if r.Answered() {
		s.tempo.ended(&s.policy.Load().value.Pace, c.who(), r.Duration(), s.cfg.Now())
	}
	s.Watched(r)
}

// Admit says what may be spent on a call, or why it may not be made.
func (s *Service) Admit(ctx context.Context, c Call) (Caps, error) {
	now, p := s.cfg.Now(), &s.policy.Load().value
	st, err := s.accounts.Standing(ctx, c.Account)
	if err != nil {
		return Caps{}, err
	}
	if err := s.stopped(ctx, &st, p, c, now); err != nil {
		return Caps{}, err
	}
	caps, _, err := s.allowed(&st, p, c, now)
	return caps, err
}

// Foreseen is why a call would be refused that is not made yet.
type Foreseen struct {
	Reason fault.Reason // its zero value: it would not
	Open   string       // what its payer may open so that it is not, as "+8816"
}

// Foresee says what would keep a call from being made now. It counts and stops
// nothing.
func (s *Service) Foresee(ctx context.Context, by member.Actor, c Call) (f Foreseen, err error) {
	if !by.May(c.Account) {
		return f, fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	st, err := s.accounts.Standing(ctx, c.Account)
	if err != nil {
		return f, err
	}
	now := s.cfg.Now()
	if st.Until.After(now) {
		f.Reason = fault.ReasonOf(stopped(st.Until, st.Why))
		return f, nil
	}
	caps, open, why := s.allowed(&st, &s.policy.Load().value, c, now)
	if why == nil {
		var spent Spent
		if spent, err = s.accounts.Spent(ctx, c.Account, s.cfg.Currency, Day(now), FirstOfMonth(now)); err != nil {
			return f, err
		}
		_, why = caps.Room(spent, false)
	}
	if why != nil {
		f.Open, f.Reason = open, fault.ReasonOf(why)
	}
	return f, nil
}

// allowed is what may be spent on a call, by where it goes and what it costs;
// open is what its payer may open, if that is why not.
func (s *Service) allowed(st *Standing, p *Policy, c Call, now time.Time) (caps Caps, open string, err error) {
	if open, err = s.destination(st, p, c, now); err != nil {
		return Caps{}, open, err
	}
	caps = Caps{st.limits(p, now), s.cfg.Currency}
	if caps.Minute != nil && c.Minute > *caps.Minute {
		price, most := money.Amount{Currency: s.cfg.Currency, Micros: c.Minute}, money.Amount{Currency: s.cfg.Currency, Micros: *caps.Minute}
		return Caps{}, "", fault.New(fault.Forbidden, "cap_minute", "The first minute of this call costs %s, and your limit is %s. Raise it under “Calls and limits” in your account, if you want to make this call.", price.String(), most.String())
	}
	return caps, "", nil
}

// Caps are the limits of an account under which a call of its goes on.
func (s *Service) Caps(ctx context.Context, account string) (Caps, error) {
	st, err := s.accounts.Standing(ctx, account)
	if err != nil {
		return Caps{}, err
	}
	return Caps{st.limits(&s.policy.Load().value, s.cfg.Now()), s.cfg.Currency}, nil
}

// destination refuses what is closed; open is what can be opened by who pays.
func (s *Service) destination(st *Standing, p *Policy, c Call, now time.Time) (open string, err error) {
	if len(c.E164) < 2 || c.E164[0] != '+' {
		return "", nil
	}
	r, closed := s.list.Load().value.Find(c.E164[1:])
	suspect := s.suspects.of(c.E164, now)
	switch {
	case suspect != "" && !(Range{Prefix: suspect[1:]}).opened(st.Opened):
		return suspect, fault.New(fault.Forbidden, "destination_suspect", "Numbers that begin with %s rang many members a moment today, to be called back dearly. Open them under “Calls and limits” in your account, if you want to call there.", suspect)
	case !closed:
		return "", nil
	case r.Never:
		return "", fault.New(fault.Forbidden, "destination_never", "This network does not connect calls to numbers that begin with %s. Ask its operator.", "+"+r.Prefix)
	case st.class(p, now) == Newcomer:
		return "", fault.New(fault.Forbidden, "destination_new", "A new account does not call numbers that begin with %s yet. They can be opened later, or by the operator of this network.", "+"+r.Prefix)
	case r.opened(st.Opened):
		return "", nil
	default:
		return "+" + r.Prefix, fault.New(fault.Forbidden, "destination_closed", "Calls to numbers that begin with %s are closed for your safety. Open them under “Calls and limits” in your account, then call again.", "+"+r.Prefix)
	}
}

// stopped refuses who calls too fast, and stops who does so now.
func (s *Service) stopped(ctx context.Context, st *Standing, p *Policy, c Call, now time.Time) error {
	if st.Until.After(now) {
		return stopped(st.Until, st.Why)
	}
	why := s.tempo.verdict(&p.Pace, c.who(), now)
	if why == "" {
		return nil
	}
	until := now.Add(time.Duration(max(1, p.Pace.Stop)) * time.Minute)
	if !c.Forward {
		if err := s.accounts.Stop(ctx, c.Account, until, why); err != nil {
			return err
		}
		s.tempo.forget(c.who())
	}
	select {
	case s.alarms <- Alert{Kind: TooFast, Subject: c.Account, First: now, Last: now, Count: 1, Text: why, Evidence: Evidence{Calls: []string{c.ID}}}:
	default: // there are alarms enough
	}
	if c.Forward { // others call too fast, who must not keep him from calling
		return fault.New(fault.Limited, "forwards_stopped", "Calls to you are not forwarded at your cost for a while. %s", why)
	}
	return stopped(until, why)
}

func stopped(until time.Time, why string) error {
	return fault.New(fault.Limited, "calls_stopped", "Calls that cost are stopped until %s. %s If it was not you, change the passwords of your telephones.", until.UTC().Format("2 January 2006, 15:04 UTC"), why)
}

// blocksAnHour is how many refusals of an account are kept: a flood says no more.
const blocksAnHour = 100

// Refused keeps that a call was refused or ended.
func (s *Service) Refused(ctx context.Context, c Call, err error) {
	now := s.cfg.Now()
	if k := fault.KindOf(err); k != fault.Forbidden && k != fault.Limited || !s.tempo.keep(c.Account, blocksAnHour, now) {
		return
	}
	b := Block{ID: ident.New("blk", now), At: now, Account: c.Account, Call: c.ID, To: c.Shown, Forward: c.Forward, Reason: fault.ReasonOf(err)}
	if err := s.blocks.AddBlock(ctx, b); err != nil && ctx.Err() == nil {
		s.cfg.Log.Error("a refused call cannot be kept", "call", c.ID, "error", err)
	}
}
