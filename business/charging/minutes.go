package charging

import (
	"context"
	"errors"
	"time"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/ledger"
)

// enough seconds of packages let a call begin, or go on, with no money held: it is
// fair, as long as other calls leave something.
const enough = int64(fair / time.Second)

// Packages is what a transaction may do with packages of minutes. Who locks
// allowances does so before money is held.
type Packages interface {
	// Live lists those of an account that hold at an instant. Nobody else changes them
	// until the end of the transaction.
	Live(ctx context.Context, account string, at time.Time) ([]bundle.Allowance, error)
	// Draw holds more seconds of a locked one for a call.
	Draw(ctx context.Context, h bundle.Hold) error
	// Drawn lists what is held for a call, in the order it is used.
	Drawn(ctx context.Context, hold string) ([]bundle.Hold, error)
	// Keep has it last longer.
	Keep(ctx context.Context, hold string, expires time.Time) error
	// GiveBack lets it go, and returns what it was.
	GiveBack(ctx context.Context, hold string) ([]bundle.Hold, error)
	// Use counts seconds of an allowance that a call used, and says of what.
	Use(ctx context.Context, allowance string, seconds int64) (pkg, name string, err error)
}

// begin holds seconds for a call before it rings, if a package is for it.
func (s *Service) begin(ctx context.Context, tx Tx, l *lease, hold string, now time.Time, caps *guard.Caps) error {
	if l.E164 == "" || !l.Quote.Costs(now.In(l.zone)) {
		return nil
	}
	list, err := tx.Live(ctx, l.Account, now)
	if err != nil {
		return err
	}
	if list = bundle.Pick(list, l.E164); bundle.Available(list) == 0 {
		return nil
	}
	if s.guard != nil {
		// Its wallet is where calls of an account are counted, one after the other.
		if _, _, err := tx.Lock(ctx, ledger.WalletID(l.Account, l.Currency)); err != nil {
			return err
		}
		spent, err := tx.Spent(ctx, l.Account, l.Currency, guard.Day(now), guard.FirstOfMonth(now), hold)
		if err != nil {
			return err
		}
		if err := caps.Another(spent); err != nil {
			return err
		}
	}
	return s.take(ctx, tx, l, hold, now, list)
}

// further holds more seconds for a call that lives on packages.
func (s *Service) further(ctx context.Context, tx Tx, l *lease, hold string, answer time.Time) error {
	list, err := tx.Live(ctx, l.Account, s.now())
	if err != nil {
		return err
	}
	if held, err := tx.Drawn(ctx, hold); err != nil || len(held) == 0 { // somebody took this process for dead, and booked the call
		return errors.Join(err, gone(hold))
	}
	return s.take(ctx, tx, l, hold, answer, bundle.Pick(list, l.E164))
}

// take holds seconds of allowances in turn, and has all that is held for the call
// last longer.
func (s *Service) take(ctx context.Context, tx Tx, l *lease, hold string, answer time.Time, list []bundle.Allowance) error {
	n := l.Quote.Draw(answer.In(l.zone), l.secs, bundle.Available(list), chunk, fair, part)
	if n <= 0 {
		return nil
	}
	before, err := tx.Drawn(ctx, hold)
	if err != nil {
		return err
	}
	expires := s.now().Add(l.Quote.Lasts(answer.In(l.zone), l.secs+n) + ringing)
	for i := range list {
		a := &list[i]
		some := min(n, a.Available())
		if some <= 0 {
			continue
		}
		h := bundle.Hold{Hold: hold, Allowance: a.ID, Account: l.Account, Turn: len(before), Seconds: some, Owner: s.epoch, Expires: expires}
		if err := tx.Draw(ctx, h); err != nil {
			return err
		}
		before = append(before, h)
		l.secs += some
		n -= some
	}
	return tx.Keep(ctx, hold, expires)
}

// draw takes from packages what a call used of them, and lets the rest of what was
// held go. It says how many seconds they could have paid for, from which on it
// costs money, and how much money it can cost: what is held, for the cut may come
// a moment late, and what the account has if that is gone.
func (s *Service) draw(ctx context.Context, tx Tx, o Open, zone *time.Location, r *cdr.Record) (paid, most int64, err error) {
	if !o.Ask.Drawn {
		if r.Answered() {
			most, err = s.most(ctx, tx, o)
		}
		return 0, most, err
	}
	held, err := tx.GiveBack(ctx, o.Hold)
	if err != nil || !r.Answered() {
		return 0, 0, err
	}
	if len(held) == 0 { // it was let go meanwhile: what there is now pays
		list, err := tx.Live(ctx, o.Ask.Account, r.Answer)
		if err != nil {
			return 0, 0, err
		}
		for _, a := range bundle.Pick(list, o.Ask.E164) {
			held = append(held, bundle.Hold{Allowance: a.ID, Seconds: max(0, a.Available())})
		}
		most, err = s.most(ctx, tx, o)
		if err != nil {
			return 0, 0, err
		}
	} else {
		h, _, err := tx.Hold(ctx, o.Hold)
		if err != nil {
			return 0, 0, err
		}
		most = h.Amount.Micros // none: it was to last as long as its packages
	}
	for _, h := range held {
		paid += h.Seconds
	}
	used := o.Ask.Quote.Used(r.Answer.In(zone), r.Duration(), paid)
	for _, h := range held {
		n := min(used, h.Seconds)
		if n <= 0 {
			continue
		}
		used -= n
		pkg, name, err := tx.Use(ctx, h.Allowance, n)
		if err != nil {
			return 0, 0, err
		}
		r.Packages = append(r.Packages, cdr.Drawn{Allowance: h.Allowance, Package: pkg, Name: name, Seconds: n})
	}
	return paid, most, nil
}

// release lets go all that is held for a call.
func (s *Service) release(ctx context.Context, hold string) error {
	return s.store.Do(ctx, func(tx Tx) error {
		if _, err := tx.GiveBack(ctx, hold); err != nil {
			return err
		}
		return s.book.ReleaseIn(ctx, tx, hold)
	})
}

// leftOver lets seconds go whose end has come: whatever they were for has been
// forgotten.
func (s *Service) leftOver(ctx context.Context, before time.Time) error {
	for {
		list, err := s.store.LeftOver(ctx, before, sweepMost)
		for i := range list {
			if err != nil {
				break
			}
			err = s.store.Do(ctx, func(tx Tx) error {
				held, err := tx.Drawn(ctx, list[i])
				if err != nil || len(held) == 0 || held[0].Expires.After(before) { // it was raised meanwhile
					return err
				}
				_, err = tx.GiveBack(ctx, list[i])
				return err
			})
		}
		if err != nil || len(list) < sweepMost {
			return err
		}
	}
}
