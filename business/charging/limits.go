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

func (s *Service) hold(ctx context.Context, l *lease) (h ledger.Hold, err error) {
	now := s.now()
	var caps guard.Caps
	if s.guard != nil {
		if caps, err = s.guard.Admit(ctx, l.call(now)); err != nil {
			return h, err
		}
	}
	want := ledger.Want{Most: l.cost(now, chunk), Least: l.cost(now, time.Second), Part: part, Fair: l.cost(now, fair)}
	longest := l.Quote.Affordable(now.In(l.zone), want.Most)
	promise := ledger.Hold{
		ID: ident.New("hld", now), Account: ledger.WalletID(l.Account, l.Currency), Amount: money.Amount{Currency: l.Currency}, Ref: l.Call, Owner: s.epoch, Expires: now.Add(longest + ringing),
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		if why, err := tx.Suspended(ctx, l.Account); err != nil || why != "" {
			return errors.Join(err, suspended(why))
		}
		s.limit(ctx, tx, l, &want, &caps, promise.ID)
		h, err = s.book.HoldIn(ctx, tx, promise, want)
		return err
	})
	return h, err
}

// suspended refuses a call in the operator's words; nil if there are none.
func suspended(why string) error {
	if why == "" {
		return nil
	}
	return fault.New(fault.Forbidden, "suspended", "Calls that cost are stopped for this account, emergency calls are not. %s", why)
}

// limit has no more held than the limits of the account leave, which are counted
// where its wallet is locked: what is spent today and what is held is never more
// than its limit, however many calls begin at once. fresh is a hold that is being
// made; "" raises one, whose call counts already.
func (s *Service) limit(ctx context.Context, tx Tx, l *lease, want *ledger.Want, caps *guard.Caps, fresh string) {
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
		room, why := caps.Room(spent, fresh == "")
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

func (s *Service) raise(ctx context.Context, l *lease, hold string, want ledger.Want) (h ledger.Hold, why, err error) {
	var caps guard.Caps
	if s.guard != nil {
		if caps, err = s.guard.Caps(ctx, l.Account); err != nil {
			return h, nil, err
		}
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		s.limit(ctx, tx, l, &want, &caps, "")
		h, why, err = s.book.RaiseIn(ctx, tx, hold, want, s.now().Add(l.paid+chunk+ringing))
		return err
	})
	return h, why, err
}
