package charging

import (
	"context"
	"errors"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// Guard says what accounts may spend on calls.
type Guard interface {
	// Attempt counts a call, and says how long it has to wait.
	Attempt(c guard.Call) time.Duration
	// Admit says what may be spent on a call, or why it may not be made.
	Admit(ctx context.Context, c guard.Call) (guard.Caps, error)
	// Caps are the limits of an account under which a call goes on.
	Caps(ctx context.Context, account string) (guard.Caps, error)
	// Refused keeps that a call was refused, or ended by a limit.
	Refused(ctx context.Context, c guard.Call, why error)
	// Ended is told how a call went.
	Ended(c guard.Call, r cdr.Record)
}

// hold holds what there is for a call before it rings, and says by which id: of
// packages first. Where those are too few for it to go on for a moment, money as
// well; where there is none, what packages have is enough, if it is a step.
func (s *Service) hold(ctx context.Context, l *lease) (id string, err error) {
	now := s.now()
	var caps guard.Caps
	if s.guard != nil {
		if caps, err = s.guard.Admit(ctx, l.call(now)); err != nil {
			return "", err
		}
	}
	id = ident.New("hld", now)
	step := l.Quote.Steps(now.In(l.zone), time.Second)
	try := func(no error) error { // no money, or nil
		return s.store.Do(ctx, func(tx Tx) error {
			l.secs, l.held, l.money, l.Drawn = 0, 0, false, false
			why, packages, err := tx.Standing(ctx, l.Account, now)
			if err != nil || why != "" {
				return errors.Join(err, Suspended(why))
			}
			if packages {
				err = s.begin(ctx, tx, l, id, now, &caps)
			}
			if err != nil {
				return err
			}
			l.Drawn = l.secs > 0
			switch {
			case l.secs >= max(enough, step), no != nil && l.secs >= step:
				return nil
			case no != nil:
				return no
			}
			return s.money(ctx, tx, l, id, now, 0, &caps, l.Drawn)
		})
	}
	if err = try(nil); poor(err) && l.secs > 0 {
		err = try(err)
	}
	return id, err
}

// poor says that money is what is missing, or that no more of it may be spent.
func poor(err error) bool {
	k := fault.KindOf(err)
	return err != nil && (k == fault.Unpaid || k == fault.Forbidden)
}

// money holds money for a call that has none held, for what it lasts beyond what
// packages pay for. counted is a call that counts already among those under way.
func (s *Service) money(ctx context.Context, tx Tx, l *lease, id string, answer time.Time, past time.Duration, caps *guard.Caps, counted bool) error {
	start := max(past, l.Quote.Lasts(answer.In(l.zone), l.secs))
	if l.secs == 0 {
		start = 0
	}
	step := func(d time.Duration) int64 { return l.cost(answer, min(start+d, rating.MaxCall)) }
	want := ledger.Want{Most: step(chunk), Least: step(time.Second), Part: part, Fair: step(fair)}
	longest := l.Quote.Affordable(answer.In(l.zone), want.Most, l.secs)
	expires := s.now().Add(longest + ringing)
	s.limit(ctx, tx, l, &want, caps, id, counted)
	h, err := s.book.HoldIn(ctx, tx, ledger.Hold{
		ID: id, Account: ledger.WalletID(l.Account, l.Currency), Amount: money.Amount{Currency: l.Currency}, Ref: l.Call, Owner: s.epoch, Expires: expires,
	}, want)
	if err != nil {
		return err
	}
	l.money, l.held = true, h.Amount.Micros
	if l.secs > 0 {
		return tx.Keep(ctx, id, expires)
	}
	return nil
}

// Suspended refuses a call in the operator's words; nil if there are none.
func Suspended(why string) error {
	if why == "" {
		return nil
	}
	return fault.New(fault.Forbidden, "suspended", "Calls that cost are stopped for this account, emergency calls are not. %s", why)
}

// limit has no more held than the limits of the account leave, which are counted
// where its wallet is locked: what is spent today and what is held is never more
// than its limit, however many calls begin at once. fresh is a hold that is being
// made, "" raises one; counted is a call that is under way, and counts already.
func (s *Service) limit(ctx context.Context, tx Tx, l *lease, want *ledger.Want, caps *guard.Caps, fresh string, counted bool) {
	if s.guard == nil {
		return
	}
	least := want.Least
	want.Room = func(a ledger.Account) (int64, error, error) {
		now := s.now()
		spent, err := tx.Spent(ctx, l.Account, l.Currency, guard.Day(now), guard.FirstOfMonth(now), fresh)
		if err != nil {
			return 0, nil, err
		}
		spent.Held = a.Held // without what is being made
		room, why := caps.Room(spent, counted)
		if why == nil {
			why = caps.Short(room, least)
		}
		return room, why, nil
	}
}

// call is what the guard knows it by.
func (l *lease) call(now time.Time) guard.Call {
	first := l.Quote.FirstMinute(now.In(l.zone))
	return guard.Call{ID: l.Call, Account: l.Account, Currency: l.Currency, E164: l.E164, Shown: l.To, Minute: first, Forward: l.Forward}
}

// Wait counts an attempt, and says how long it is kept waiting because too many
// came just before it. It does not block.
func (s *Service) Wait(a Ask) time.Duration {
	if s.guard == nil {
		return 0
	}
	l := lease{Ask: a, zone: time.UTC}
	return s.guard.Attempt(l.call(s.now()))
}

// more holds more for a call that was answered: of packages while money is not
// held yet, and then of money.
func (s *Service) more(ctx context.Context, l *lease, hold string, answer time.Time) (why, err error) {
	if l.money {
		return s.raise(ctx, l, hold, answer)
	}
	var caps guard.Caps
	if s.guard != nil {
		if caps, err = s.guard.Caps(ctx, l.Account); err != nil {
			return nil, err
		}
	}
	secs := l.secs
	try := func(money bool) error {
		return s.store.Do(ctx, func(tx Tx) error {
			l.secs, l.held, l.money = secs, 0, false
			if err := s.further(ctx, tx, l, hold, answer); err != nil {
				return err
			}
			if l.secs-secs >= enough || !money {
				return nil
			}
			return s.money(ctx, tx, l, hold, answer, l.paid, &caps, true)
		})
	}
	if err = try(true); poor(err) {
		why, err = err, try(false)
	}
	if err != nil {
		l.secs, l.held, l.money = secs, 0, false
	}
	return why, err
}

func (s *Service) raise(ctx context.Context, l *lease, hold string, answer time.Time) (why, err error) {
	step := func(d time.Duration) int64 { return l.cost(answer, min(l.paid+d, rating.MaxCall)) - l.held }
	want := ledger.Want{Most: step(chunk), Least: max(1, step(time.Second)), Part: part, Fair: step(fair)}
	if want.Most < want.Least {
		return nil, nil
	}
	var caps guard.Caps
	if s.guard != nil {
		if caps, err = s.guard.Caps(ctx, l.Account); err != nil {
			return nil, err
		}
	}
	var h ledger.Hold
	err = s.store.Do(ctx, func(tx Tx) error {
		expires := s.now().Add(l.paid + chunk + ringing)
		if l.secs > 0 {
			if err := tx.Keep(ctx, hold, expires); err != nil {
				return err
			}
		}
		s.limit(ctx, tx, l, &want, &caps, "", true)
		h, why, err = s.book.RaiseIn(ctx, tx, hold, want, expires)
		return err
	})
	if err == nil {
		l.held = h.Amount.Micros
	}
	return why, err
}
