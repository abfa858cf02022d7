package shop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// A telephone changes hands. Who turned his own into a world number proves it
// again each year, and when somebody complains (N1); who does not, has it
// silenced until he does.

const (
	proveFor      = year
	proveLate     = 30 * day // after the day, until the number falls silent
	complaintDays = 7 * day  // time to prove after a complaint
)

// ProveAgain does what is due today for every own telephone, and returns how
// many it touched. Call it at least once a day: a proof is seen while it is fresh.
func (s *Service) ProveAgain(ctx context.Context) (int, error) {
	if s.rules().Proved == nil {
		return 0, nil
	}
	var failures []error
	done := 0
	for after := ""; ; {
		list, err := s.store.Unproved(ctx, s.now().Add(longestRemind*day), after, 200)
		if err != nil || len(list) == 0 {
			return done, errors.Join(append(failures, err)...)
		}
		for _, o := range list {
			after = o.ID
			touched, err := s.proveAgain(ctx, o)
			if err != nil && fault.ReasonOf(err).Code != "order_changed" {
				failures = append(failures, fmt.Errorf("prove %s again: %w", o.ID, err))
			}
			if touched {
				done++
			}
		}
	}
}

func (s *Service) proveAgain(ctx context.Context, o Order) (bool, error) {
	proved, err := s.rules().Proved(ctx, o.Account, o.telephone(), o.Number.Kind)
	if err != nil {
		return false, err
	}
	switch left := o.ProveBy.Sub(s.now()); {
	case proved:
		return true, s.provedAgain(ctx, o)
	case o.Standing == Unproved:
		return false, nil
	case left <= -proveLate:
		return true, s.silence(ctx, o)
	default:
		for _, days := range reminders() {
			if left > time.Duration(days)*day || o.ProveAsked > 0 && o.ProveAsked <= days {
				continue
			}
			return true, s.change(ctx, o.ID, func(tx Tx, x *Order) error {
				x.ProveAsked = days
				if err := s.askProof(ctx, tx, *x); err != nil {
					return err
				}
				return s.move(ctx, tx, x, "prove_again", x.ProveBy.Format(renewalPattern), member.System())
			})
		}
		return false, nil
	}
}

func (s *Service) askProof(ctx context.Context, tx Tx, o Order) error {
	return s.write(ctx, tx, o, "prove_again", fmt.Sprintf("prove:%s:%s:%d", o.ID, o.ProveBy.Format(time.DateOnly), o.ProveAsked), map[string]string{
		"date": o.ProveBy.Format(renewalPattern), "telephone": o.telephone(),
	})
}

// provedAgain gives a number another year, and its voice back.
func (s *Service) provedAgain(ctx context.Context, o Order) error {
	speaks := false // it may have been suspended meanwhile
	err := s.change(ctx, o.ID, func(tx Tx, x *Order) error {
		x.ProveBy, x.ProveAsked = s.now().Add(proveFor), 0
		if speaks = x.Standing == Unproved; speaks {
			x.Standing = InService
		}
		return s.move(ctx, tx, x, "proved_again", x.ProveBy.Format(renewalPattern), member.System())
	})
	if err != nil || !speaks {
		return err
	}
	o.Standing = InService
	return s.publish.Resumed(ctx, o)
}

func (s *Service) silence(ctx context.Context, o Order) error {
	if o.Standing == Suspended || o.Standing == Quarantined {
		return nil // it is silent already
	}
	err := s.change(ctx, o.ID, func(tx Tx, x *Order) error {
		if !x.Standing.Rings() { // suspended meanwhile: that stays
			return nil
		}
		x.Standing = Unproved
		return s.move(ctx, tx, x, "silenced", "", member.System())
	})
	if err != nil {
		return err
	}
	return s.publish.Paused(ctx, o)
}

// AskProof has the holder of an own telephone prove it again, because somebody
// complained that it is not his.
func (s *Service) AskProof(ctx context.Context, by member.Actor, id, why string) (Order, error) {
	if err := by.OperatorOnly(); err != nil {
		return Order{}, err
	}
	o, err := s.mineSold(ctx, by, id)
	if err != nil {
		return o, err
	}
	if !o.Proved {
		return o, fault.New(fault.Conflict, "not_own_phone", "%s is no telephone that was proved; there is nothing to prove again.", o.Number.Display())
	}
	err = s.change(ctx, id, func(tx Tx, x *Order) error {
		x.ProveBy, x.ProveAsked = s.now().Add(complaintDays-proveLate), 1
		o = *x
		if err := s.askProof(ctx, tx, o); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, "proof_asked", why, by)
	})
	return o, err
}
