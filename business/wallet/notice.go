package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// TopicCut is a call that was cut because the money was used up: the account and,
// after a bar, whom it called. It is left where the call is booked.
const TopicCut = "wallet.cut"

// CutTask names such a task.
func CutTask(account, to string) string { return account + "|" + to }

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
			warn(s.touch(ctx, t))
		case <-tick.C:
			warn(s.Sweep(ctx))
		}
	}
}

// touch looks at a wallet from which something went, or of which is held.
func (s *Service) touch(ctx context.Context, t touch) error {
	if t.held {
		if wants, err := s.wants(ctx, t.account); err != nil || !wants {
			return err
		}
		return s.look(ctx, t)
	}
	return errors.Join(s.cuts(ctx), s.look(ctx, t))
}

// cuts tells of the calls that were cut.
func (s *Service) cuts(ctx context.Context) error {
	list, err := s.store.Tasks(ctx, TopicCut, sweepMost)
	if err != nil {
		return err
	}
	for _, task := range list {
		account, to, _ := strings.Cut(task, "|")
		if err := s.look(ctx, touch{account: account, cut: to, task: task}); err != nil {
			return err
		}
	}
	return nil
}

// Sweep looks at every wallet that has changed since it was looked at.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.cuts(ctx); err != nil {
		return err
	}
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
			return s.sweepRefills(ctx)
		}
	}
}

// look tells a member once that his money fell below the threshold: not again
// until it rose above and fell again. Every entry since the last look counts, so
// that no rise is missed between two looks.
func (s *Service) look(ctx context.Context, t touch) error {
	ordered := false
	err := s.store.Do(ctx, func(tx Tx) error {
		ordered = false
		if t.task != "" {
			if err := tx.Dequeue(ctx, TopicCut, t.task); err != nil {
				return err
			}
		}
		a, entries, found, err := tx.Wallet(ctx, s.id(t.account))
		if err != nil || !found {
			return err
		}
		var coming bool
		if ordered, coming, err = s.refill(ctx, tx, t.account, a, entries); err != nil {
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
		case coming: // no news: if it does not come after all, a letter says so
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
	if err == nil && ordered && s.cfg.Ordered != nil {
		s.cfg.Ordered()
	}
	return err
}
