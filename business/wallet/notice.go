package wallet

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// sweepEvery is how often wallets are looked at that nobody told of.
const (
	sweepEvery = time.Minute
	sweepMost  = 500
)

// SetNotice says below what an actor wants to be told that little is left; nil is
// the usual, and below zero never.
func (s *Service) SetNotice(ctx context.Context, by member.Actor, threshold *int64) error {
	if threshold != nil && (*threshold == 0 || *threshold > MostCredit) {
		wrong := fault.New(fault.Invalid, "threshold", "Give an amount above zero, up to %s.", s.amount(MostCredit).String())
		return wrong.WithFields(fault.Field{Name: "threshold", Text: wrong.Reason.Text})
	}
	return s.store.Do(ctx, func(tx Tx) error {
		a, entries, _, err := tx.Wallet(ctx, s.id(by.Account))
		if err != nil {
			return err
		}
		w, err := tx.Watch(ctx, by.Account)
		if err != nil {
			return err
		}
		w.Threshold, w.Seen = threshold, entries
		w.Low = a.Balance-a.Floor < w.notice(s.cfg.Currency).Threshold.Micros // what he knows as he chooses is no news
		return tx.PutWatch(ctx, w)
	})
}

// Touched says that something went from an account's wallet. It does not wait;
// what is lost in a rush or a crash the next sweep finds.
func (s *Service) Touched(account string) { s.tell(touch{account: account}) }

// WasCut says that a call to somebody was cut because the money was used up.
func (s *Service) WasCut(account, to string) { s.tell(touch{account, to}) }

func (s *Service) tell(t touch) {
	select {
	case s.touched <- t:
	default:
	}
}

// Run tells members that little is left, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	warn := func(err error) {
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "a wallet cannot be looked at; it is tried again", "error", err)
		}
	}
	warn(s.Sweep(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-s.touched:
			warn(s.look(ctx, t))
		case <-tick.C:
			warn(s.Sweep(ctx))
		}
	}
}

// Sweep looks at every wallet that has changed since it was looked at.
func (s *Service) Sweep(ctx context.Context) error {
	for after := ""; ; {
		list, err := s.store.Moved(ctx, s.cfg.Currency, after, sweepMost)
		if err != nil {
			return err
		}
		for _, account := range list {
			if err := s.look(ctx, touch{account: account}); err != nil {
				return err
			}
			after = account
		}
		if len(list) < sweepMost {
			return nil
		}
	}
}

// look tells a member once that his money fell below the threshold: not again
// until it rose above and fell again. Every entry since the last look counts, so
// that no rise is missed between two looks.
func (s *Service) look(ctx context.Context, t touch) error {
	return s.store.Do(ctx, func(tx Tx) error {
		a, entries, found, err := tx.Wallet(ctx, s.id(t.account))
		if err != nil || !found {
			return err
		}
		w, err := tx.Watch(ctx, t.account)
		if err != nil {
			return err
		}
		highest, moved, err := tx.Highest(ctx, a.ID, w.Seen)
		if err != nil || !moved && t.cut == "" {
			return err
		}
		n := w.notice(s.cfg.Currency)
		if moved && highest-a.Floor >= n.Threshold.Micros {
			w.Low, w.Cut = false, false
		}
		left := a.Balance - a.Floor
		low := left < n.Threshold.Micros
		kind := ""
		switch {
		case n.Off:
		case low && t.cut != "" && !w.Cut: // one that reached another limit is not low
			kind, w.Cut = "call_cut", true
		case low && !w.Low:
			kind = "low_balance"
		}
		w.Seen, w.Low = entries, low
		if err := tx.PutWatch(ctx, w); err != nil || kind == "" {
			return err
		}
		return tx.Tell(ctx, News{Account: t.account, Letter: kind, Key: fmt.Sprintf("%s:%s:%d", kind, t.account, entries), At: s.cfg.Now(),
			Fields: map[string]string{"amount": s.amount(max(0, left)).String(), "to": t.cut, "link": s.cfg.Link("/wallet")},
			Low:    Low{Account: t.account, Left: s.amount(max(0, left)), Threshold: n.Threshold, Cut: t.cut != ""}})
	})
}
