package ledger

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// Want is what is to be held: as much as there is, up to Most, and not at all
// below Least.
type Want struct {
	Most, Least int64 // micros
	// Part leaves something for others: of what is available only that part is
	// taken, a third if it is 3, but Fair in any case. 0 takes all.
	Part, Fair int64
	// Room says of the locked account how much more may be held of it besides,
	// and if that is nothing, why; nil: all that is available.
	Room func(a Account) (room int64, why, err error)
}

// of is how much of what is available is taken; false if that is too little.
func (w Want) of(available int64) (int64, bool) {
	n := w.Most
	if w.Part > 1 {
		n = min(n, max(available/w.Part, w.Fair, w.Least))
	}
	n = min(n, available)
	return n, n >= w.Least
}

// take is how much of a locked account is taken. If that is too little, why says
// what keeps the rest back.
func (w Want) take(a Account) (n int64, why, err error) {
	available := a.Available()
	n, enough := w.of(available)
	if !enough {
		return 0, tooLittle(a, w.Least), nil
	}
	if w.Room == nil {
		return n, nil, nil
	}
	room, why, err := w.Room(a)
	if err != nil {
		return 0, nil, err
	}
	if n, enough = w.of(min(available, room)); enough {
		return n, nil, nil
	}
	return 0, why, nil
}

// Hold promises money. The same id twice is one hold, whose amount stays; Unpaid
// says that there is less than the least.
func (s *Service) Hold(ctx context.Context, h Hold, w Want) (out Hold, err error) {
	err = s.store.Do(ctx, func(tx Tx) error {
		out, err = s.HoldIn(ctx, tx, h, w)
		return err
	})
	return out, err
}

// HoldIn is Hold in a transaction that does more, and that must not be committed
// if this fails.
func (s *Service) HoldIn(ctx context.Context, tx Tx, h Hold, w Want) (Hold, error) {
	if err := w.check(h); err != nil {
		return Hold{}, err
	}
	old, found, err := claimHold(ctx, tx, h, w.Least)
	if err != nil || found {
		return old, sameHold(old, h, err)
	}
	a, err := s.locked(ctx, tx, h.Account, h.Amount.Currency)
	if err != nil {
		return Hold{}, err
	}
	n, why, err := w.take(a)
	if err != nil {
		return Hold{}, err
	}
	if n == 0 {
		return Hold{}, why
	}
	h.Amount.Micros = n
	return h, tx.PutHold(ctx, h, n)
}

// claimHold stores a hold of the least, unless there is one of its id, which it
// returns. One that goes while we look is looked for once more.
func claimHold(ctx context.Context, tx Tx, h Hold, least int64) (old Hold, found bool, err error) {
	h.Amount.Micros = least
	for range 3 {
		fresh, err := tx.NewHold(ctx, h)
		if err != nil || fresh {
			return Hold{}, false, err
		}
		if old, found, err = tx.Hold(ctx, h.ID); err != nil || found {
			return old, found, err
		}
	}
	return Hold{}, false, nil // it has no account, which is found out next
}

func (w Want) check(h Hold) error {
	if h.ID == "" || h.Account == "" || h.Amount.Currency == "" || h.Expires.IsZero() || w.Least <= 0 || w.Most < w.Least {
		return fault.New(fault.Invalid, "hold", "A hold needs an id, an account, a currency, an end and an amount above zero.")
	}
	return nil
}

func sameHold(old, h Hold, err error) error {
	if err == nil && (old.Account != h.Account || old.Amount.Currency != h.Amount.Currency || old.Ref != h.Ref) {
		return fault.New(fault.Conflict, "hold_reused", "The hold %s is for something else.", h.ID)
	}
	return err
}

// locked reads an account that nobody else changes until the end of the
// transaction.
func (s *Service) locked(ctx context.Context, tx Tx, id string, c money.Currency) (Account, error) {
	a, found, err := tx.Lock(ctx, id)
	switch {
	case err != nil:
		return a, err
	case !found:
		return a, fault.New(fault.Unknown, "ledger_account", "There is no ledger account %s.", id)
	case a.Currency != c:
		return a, fault.New(fault.Invalid, "ledger_currency", "The account %s is kept in %s, not in %s.", id, string(a.Currency), string(c))
	}
	return a, nil
}

func tooLittle(a Account, least int64) error {
	need, have := money.Amount{Currency: a.Currency, Micros: least}, money.Amount{Currency: a.Currency, Micros: max(0, a.Available())}
	return fault.New(fault.Unpaid, "funds", "%s is needed and %s is available. Add money to the wallet, then try again.", need.String(), have.String())
}

// Raise adds to a hold, as much as there is up to w.Most more, and has it last to
// a new end. With less than the least to be had it only lasts longer; the amount
// that is returned tells. A hold that is gone is Unknown.
func (s *Service) Raise(ctx context.Context, id string, w Want, expires time.Time) (out Hold, err error) {
	err = s.store.Do(ctx, func(tx Tx) error {
		out, _, err = s.RaiseIn(ctx, tx, id, w, expires)
		return err
	})
	return out, err
}

// RaiseIn is Raise in a transaction that does more. It says why it added nothing.
func (s *Service) RaiseIn(ctx context.Context, tx Tx, id string, w Want, expires time.Time) (_ Hold, why, err error) {
	h, found, err := tx.Hold(ctx, id)
	if err != nil {
		return Hold{}, nil, err
	}
	if !found {
		return Hold{}, nil, fault.New(fault.Unknown, "hold_unknown", "The hold %s is settled or has expired.", id)
	}
	a, err := s.locked(ctx, tx, h.Account, h.Amount.Currency)
	if err != nil {
		return Hold{}, nil, err
	}
	more, why, err := w.take(a)
	if err != nil {
		return Hold{}, nil, err
	}
	h.Amount.Micros += more
	h.Expires = expires
	return h, why, tx.PutHold(ctx, h, more)
}

// Release lets a hold go; one that is gone already changes nothing.
func (s *Service) Release(ctx context.Context, id string) error {
	return s.store.Do(ctx, func(tx Tx) error { return s.ReleaseIn(ctx, tx, id) })
}

// ReleaseIn is Release in a transaction that does more.
func (s *Service) ReleaseIn(ctx context.Context, tx Tx, id string) error {
	h, found, err := tx.TakeHold(ctx, id)
	if err != nil || !found {
		return err
	}
	return tx.Unhold(ctx, h.Account, h.Amount.Micros)
}

// Settle books a posting and lets a hold go, together and once: the posting's
// key says whether that has happened. A hold that is gone is no reason not to
// book what was used: the account's floor still is.
func (s *Service) Settle(ctx context.Context, hold string, p Posting) (Posted, error) {
	var out Posted
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		out, err = s.SettleIn(ctx, tx, hold, p)
		return err
	})
	return out, err
}

// SettleIn is Settle in a transaction that does more.
func (s *Service) SettleIn(ctx context.Context, tx Tx, hold string, p Posting) (Posted, error) {
	if err := check(p); err != nil {
		return Posted{}, err
	}
	digest, err := digestOf(p)
	if err != nil {
		return Posted{}, err
	}
	h, _, err := tx.TakeHold(ctx, hold)
	if err != nil {
		return Posted{}, err
	}
	return s.post(ctx, tx, p, digest, h)
}

// Expire releases the holds whose end has come, at most limit of them, and
// returns them: whatever they were for has been forgotten.
func (s *Service) Expire(ctx context.Context, limit int) ([]Hold, error) {
	return s.expire(ctx, s.now(), limit)
}

// ExpireAll releases every hold: for one who knows that nothing is under way.
func (s *Service) ExpireAll(ctx context.Context) ([]Hold, error) {
	return s.expire(ctx, s.now().AddDate(100, 0, 0), 1<<20)
}

func (s *Service) expire(ctx context.Context, before time.Time, limit int) ([]Hold, error) {
	list, err := s.store.Expired(ctx, before, limit)
	for i := range list {
		if err != nil {
			break
		}
		err = s.store.Do(ctx, func(tx Tx) error {
			h, found, err := tx.Hold(ctx, list[i].ID)
			if err != nil || !found || h.Expires.After(before) { // it was raised meanwhile
				return err
			}
			return s.ReleaseIn(ctx, tx, h.ID)
		})
	}
	return list, err
}
