// Package charging takes the money for calls while they happen: it holds what a
// call may cost before anything rings, holds more while it runs, and books what
// it did cost, once, together with its record. What it has held is all that a
// call can cost, so no account is overspent however many calls it has.
//
// The start of each call that costs is on disk before its answer is passed on,
// and each process that charges says every [Beat] that it lives: of one that
// died, [Service.Sweep] books the calls up to the last time it said so.
package charging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// How long things take.
const (
	Beat    = 2 * time.Second  // a process says that it lives
	Dead    = 15 * time.Second // one that has not said so is dead
	chunk   = 2 * time.Minute  // of talking is held at a time,
	part    = 3                // or a third of what there is, so that there is some for other calls,
	fair    = 10 * time.Second // but so much in any case
	ringing = 10 * time.Minute // a hold lasts before the answer, and beyond what it pays for
)

// Open is a call under way that costs, as it is kept on disk.
type Open struct {
	Hold   string
	Epoch  string // of the process that has it
	Ask    Ask
	Record cdr.Record // as far as it is known
}

// Ask is what is to be charged.
type Ask struct {
	Call     string
	Account  string // who pays
	Currency money.Currency
	To       string // for people
	E164     string // with +; "" of what is no ordinary telephone
	Forward  bool   // it is forwarded: who pays did not dial it
	Quote    rating.Quote
	Zone     string // IANA name; "" is UTC
	Drawn    bool   // it began on seconds of packages
}

// Lease is what an account has promised for a call: how long it may last, from
// its answer, and whether there may be more when asked.
type Lease struct {
	Hold string
	For  time.Duration
	More bool
}

// Tx is one transaction of the book and the call records.
type Tx interface {
	ledger.Tx
	PutOpen(ctx context.Context, o Open) error
	// DropOpen removes one; found tells whether it was there.
	DropOpen(ctx context.Context, hold string) (found bool, err error)
	Append(ctx context.Context, r cdr.Record) error
	// WasCut leaves word that a call was cut because the money was used up.
	WasCut(ctx context.Context, account, to string) error
	// Standing is why an account may not begin calls that cost, "": it may, and
	// whether it has packages.
	Standing(ctx context.Context, account string, at time.Time) (why string, packages bool, err error)
	// Spend counts what calls of an account did cost on a day, and Spent says what
	// they did that day and since a first one, and what is held for them beside one.
	Spend(ctx context.Context, account string, charge money.Amount, day int64) error
	Spent(ctx context.Context, account string, c money.Currency, day, since int64, but string) (guard.Spent, error)
	Packages
}

// Store keeps what is under way.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	// Beat notes that a process lives.
	Beat(ctx context.Context, epoch string, at time.Time) error
	// Leave forgets a process that has ended its calls.
	Leave(ctx context.Context, epoch string) error
	// Orphans lists calls of processes but one that have not been heard since an
	// instant, each with when its process was last.
	Orphans(ctx context.Context, but string, since time.Time, limit int) ([]Orphan, error)
	// Idle lists the holds of such processes for calls that were not answered.
	Idle(ctx context.Context, but string, since time.Time, limit int) ([]string, error)
	// LeftOver lists the holds of seconds whose end was before an instant.
	LeftOver(ctx context.Context, before time.Time, limit int) ([]string, error)
}

// Orphan is a call whose process died.
type Orphan struct {
	Open
	Seen time.Time
}

// Book is the ledger.
type Book interface {
	HoldIn(ctx context.Context, tx ledger.Tx, h ledger.Hold, w ledger.Want) (ledger.Hold, error)
	RaiseIn(ctx context.Context, tx ledger.Tx, id string, w ledger.Want, expires time.Time) (h ledger.Hold, why, err error)
	Release(ctx context.Context, id string) error
	ReleaseIn(ctx context.Context, tx ledger.Tx, id string) error
	SettleIn(ctx context.Context, tx ledger.Tx, hold string, p ledger.Posting) (ledger.Posted, error)
	Expire(ctx context.Context, limit int) ([]ledger.Hold, error)
	ExpireAll(ctx context.Context) ([]ledger.Hold, error)
}

// Service charges.
type Service struct {
	store Store
	book  Book
	guard Guard // may be nil
	log   *slog.Logger
	now   func() time.Time
	epoch string

	mu   sync.Mutex
	open map[string]*lease // by hold
}

// lease is a hold as this process knows it. What is done about one is done one
// after the other: a call may end while its start is still being kept.
type lease struct {
	Ask

	zone *time.Location

	mu    sync.Mutex
	secs  int64         // of packages that are held; first they are used,
	money bool          // then money, which
	held  int64         // is so much
	paid  time.Duration // talking time that is held
	begun bool          // its start is on disk
	over  bool
	told  bool // that a limit ends it
}

// New returns a service; Run has to run for what it does to survive a crash.
func New(store Store, book Book, log *slog.Logger, now func() time.Time) *Service {
	return Guarded(store, book, nil, log, now)
}

// Guarded is New with somebody who says what accounts may spend.
func Guarded(store Store, book Book, g Guard, log *slog.Logger, now func() time.Time) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, book: book, guard: g, log: log, now: now, epoch: ident.New("epo", now()), open: map[string]*lease{}}
}

// Reserve holds the money for a call before it rings; Unpaid says that there is
// not enough for its first step, Forbidden and Limited that it may not be made.
func (s *Service) Reserve(ctx context.Context, a Ask) (Lease, error) {
	l := &lease{Ask: a, zone: time.UTC}
	if a.Zone != "" {
		zone, err := time.LoadLocation(a.Zone)
		if err != nil {
			return Lease{}, fmt.Errorf("the caller's time zone: %w", err)
		}
		l.zone = zone
	}
	if err := s.first(ctx); err != nil {
		return Lease{}, err
	}
	hold, err := s.hold(ctx, l)
	if err != nil {
		if s.guard != nil {
			s.guard.Refused(ctx, l.call(s.now()), err)
		}
		return Lease{}, err
	}
	l.lasts(s.now())
	s.mu.Lock()
	s.open[hold] = l
	s.mu.Unlock()
	return Lease{hold, l.paid, l.paid < rating.MaxCall}, nil
}

// cost is what a call costs that is answered at an instant, besides what packages
// pay for; a call of a price so low that a step of it is nothing still holds a
// micro-unit.
func (l *lease) cost(answer time.Time, d time.Duration) int64 {
	return max(1, l.Quote.CostAfter(answer.In(l.zone), d, l.secs))
}

// lasts says how long a call may last that is answered at an instant.
func (l *lease) lasts(answer time.Time) {
	if l.money {
		l.paid = l.Quote.Affordable(answer.In(l.zone), l.held, l.secs)
	} else {
		l.paid = l.Quote.Lasts(answer.In(l.zone), l.secs)
	}
}

func gone(hold string) error {
	return fault.New(fault.Unknown, "hold_unknown", "The hold %s is settled or has expired.", hold)
}

func (s *Service) leased(hold string) (*lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.open[hold]; l != nil {
		return l, nil
	}
	return nil, gone(hold)
}

// Extend holds more for a call that was answered at an instant.
func (s *Service) Extend(ctx context.Context, hold string, answer time.Time) (Lease, error) {
	l, err := s.leased(hold)
	if err != nil {
		return Lease{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	secs, held := l.secs, l.held
	why, err := s.more(ctx, l, hold, answer)
	if err != nil {
		return Lease{}, err
	}
	if why != nil && s.guard != nil && fault.KindOf(why) != fault.Unpaid && !l.told {
		l.told = true
		s.guard.Refused(ctx, l.call(answer), why)
	}
	l.lasts(answer)
	got := l.secs > secs || l.held > held
	return Lease{hold, l.paid, got && l.paid < rating.MaxCall}, nil
}

// Begin makes the start of an answered call durable.
func (s *Service) Begin(ctx context.Context, hold string, r cdr.Record) error {
	l, err := s.leased(hold)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return gone(hold)
	}
	l.begun = true // also if it is not certain
	return s.store.Do(ctx, func(tx Tx) error { return tx.PutOpen(ctx, Open{Hold: hold, Epoch: s.epoch, Ask: l.Ask, Record: r}) })
}

// Settle books what a call did cost and keeps its record, once, and lets its hold
// go. It returns the record with the charge in it. One that was not answered
// costs nothing.
func (s *Service) Settle(ctx context.Context, hold string, r cdr.Record) (cdr.Record, error) {
	l, err := s.leased(hold)
	if err != nil {
		return r, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return r, gone(hold)
	}
	r, err = s.settle(ctx, Open{Hold: hold, Ask: l.Ask, Record: r}, l.zone, l.begun)
	if err == nil {
		if s.guard != nil {
			s.guard.Ended(guard.Call{ID: l.Call, Account: l.Account, Forward: l.Forward}, r)
		}
		l.over = true
		s.mu.Lock()
		delete(s.open, hold)
		s.mu.Unlock()
	}
	return r, err
}

// settle books a call. Of one whose start was kept, the row that says so is gone
// only if somebody else has booked it.
func (s *Service) settle(ctx context.Context, o Open, zone *time.Location, begun bool) (cdr.Record, error) {
	if o.Record.ID == "" {
		o.Record.ID = ident.New("cdr", s.now())
	}
	r := o.Record
	err := s.store.Do(ctx, func(tx Tx) error {
		r = o.Record
		r.Charge = money.Amount{Currency: o.Ask.Currency}
		if open, err := tx.DropOpen(ctx, o.Hold); err != nil || !open && begun && r.Answered() {
			return err // it was swept: somebody took this process for dead
		}
		paid, most, err := s.draw(ctx, tx, o, zone, &r)
		if err != nil {
			return err
		}
		if r.Answered() {
			r.Charge.Micros = min(o.Ask.Quote.CostAfter(r.Answer.In(zone), r.Duration(), paid), most)
		}
		if err := s.bookIn(ctx, tx, o, r.Charge); err != nil {
			return err
		}
		if r.Cause == cdr.Unpaid && r.Answered() {
			if err := tx.WasCut(ctx, o.Ask.Account, o.Ask.To); err != nil {
				return err
			}
		}
		return tx.Append(ctx, r)
	})
	return r, err
}

// most is what a call can cost: what is held, for the cut may come a moment late;
// and if the hold is gone, what the account has.
func (s *Service) most(ctx context.Context, tx Tx, o Open) (int64, error) {
	h, held, err := tx.Hold(ctx, o.Hold)
	if err != nil || held {
		return h.Amount.Micros, err
	}
	a, _, err := tx.Lock(ctx, ledger.WalletID(o.Ask.Account, o.Ask.Currency))
	return max(0, a.Available()), err
}

// bookIn books a charge, or only lets the hold go.
func (s *Service) bookIn(ctx context.Context, tx Tx, o Open, charge money.Amount) error {
	if charge.Zero() {
		return s.book.ReleaseIn(ctx, tx, o.Hold)
	}
	_, err := s.book.SettleIn(ctx, tx, o.Hold, ledger.Posting{
		Key: "call:" + o.Hold, Kind: "call", Ref: o.Ask.Call, Memo: "Call to " + o.Ask.To, Entries: []ledger.Entry{
			{Account: ledger.WalletID(o.Ask.Account, charge.Currency), Amount: charge.Neg()},
			{Account: ledger.CallRevenueAccount(charge.Currency, o.Ask.Call), Amount: charge},
		},
	})
	if err != nil {
		return err
	}
	return tx.Spend(ctx, o.Ask.Account, charge, guard.Day(s.now()))
}

// Payer is what was asked of a hold that this process has.
func (s *Service) Payer(hold string) Ask {
	if l, err := s.leased(hold); err == nil {
		return l.Ask
	}
	return Ask{}
}

// Release lets the hold of a call go that will not be charged.
func (s *Service) Release(ctx context.Context, hold string) error {
	s.mu.Lock()
	delete(s.open, hold)
	s.mu.Unlock()
	return s.release(ctx, hold)
}

// Run says every Beat that this process lives, and sweeps up after those that do
// not any more, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(Beat)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := s.beat(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the heartbeat of charging cannot be kept: after a crash now, calls would be charged too little", "error", err)
		}
		if n%5 == 0 {
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("calls of a process that died cannot be charged", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// idle reports that no call costs now: then there is nothing to say.
func (s *Service) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open) == 0
}

// first says that this process lives before its first hold is made.
func (s *Service) first(ctx context.Context) error {
	if !s.idle() {
		return nil
	}
	return s.Live(ctx)
}

// beat says that this process lives, if it has calls.
func (s *Service) beat(ctx context.Context) error {
	if s.idle() {
		return nil
	}
	return s.Live(ctx)
}

// Live says once that this process lives.
func (s *Service) Live(ctx context.Context) error { return s.store.Beat(ctx, s.epoch, s.now()) }

// Close forgets this process, whose calls have ended.
func (s *Service) Close(ctx context.Context) error { return s.store.Leave(ctx, s.epoch) }

// sweepMost is how much a sweep takes at a time.
const sweepMost = 200

// Sweep books the calls of processes that died, up to when they were last heard,
// and releases holds that have expired.
func (s *Service) Sweep(ctx context.Context) error {
	silent := s.now().Add(-Dead)
	err := s.adopt(ctx, silent)
	if err == nil {
		err = s.letGo(ctx, silent)
	}
	_, xerr := s.book.Expire(ctx, sweepMost)
	return errors.Join(err, xerr, s.leftOver(ctx, s.now()))
}

// letGo releases what processes hold that have been silent since an instant, but
// for calls that are still to be booked.
func (s *Service) letGo(ctx context.Context, silent time.Time) error {
	list, err := s.store.Idle(ctx, s.epoch, silent, sweepMost)
	for i := range list {
		if err != nil {
			break
		}
		err = s.release(ctx, list[i])
	}
	return err
}

// Adopt books every call under way at once, and releases what else is held: for a
// process that is alone with its data and has no calls yet.
func (s *Service) Adopt(ctx context.Context) error {
	if err := s.adopt(ctx, s.now().Add(time.Minute)); err != nil {
		return err // their holds must not go before them
	}
	_, err := s.book.ExpireAll(ctx)
	return errors.Join(err, s.leftOver(ctx, s.now().AddDate(100, 0, 0)))
}

// adopt books all calls of processes that have been silent since an instant.
func (s *Service) adopt(ctx context.Context, silent time.Time) error {
	for {
		list, err := s.store.Orphans(ctx, s.epoch, silent, sweepMost)
		if err == nil {
			err = s.orphans(ctx, list)
		}
		if err != nil || len(list) < sweepMost {
			return err
		}
	}
}

func (s *Service) orphans(ctx context.Context, list []Orphan) (err error) {
	for i := range list {
		o := &list[i]
		zone := time.UTC
		if o.Ask.Zone != "" {
			if z, zerr := time.LoadLocation(o.Ask.Zone); zerr == nil {
				zone = z
			}
		}
		if o.Record.End = o.Seen; o.Seen.Before(o.Record.Answer) {
			o.Record.End = o.Record.Answer
		}
		o.Record.Abandon(o.Record.End)
		r, serr := s.settle(ctx, o.Open, zone, true)
		if serr != nil {
			err = errors.Join(err, fmt.Errorf("call %s: %w", o.Record.CallID, serr))
			continue
		}
		s.log.Warn("a call was charged whose process died", "call", r.CallID, "seconds", r.Duration().Seconds(), "charge", r.Charge.String())
	}
	return err
}
