package bell

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// waitsFor is how long a missed call waits to be looked at, and lights a lamp.
const waitsFor = 14 * 24 * time.Hour

// Waiting counts the missed calls of a number that its holder has not looked at, 99
// at most.
func (s *Service) Waiting(ctx context.Context, account string, n numbering.Number) (int, error) {
	return s.cfg.Store.Waiting(ctx, account, n, s.cfg.Now().Add(-waitsFor))
}

// AllWaiting is the same of all numbers of whoever asks.
func (s *Service) AllWaiting(ctx context.Context, by member.Actor) (int, error) {
	return s.Waiting(ctx, by.Account, numbering.Number{})
}

// Looked says that a member has looked at his missed calls, up to those that ended
// at a moment; a zero one is now.
func (s *Service) Looked(ctx context.Context, by member.Actor, upTo time.Time) error {
	if now := s.cfg.Now(); upTo.IsZero() || upTo.After(now) {
		upTo = now
	}
	n, err := s.AllWaiting(ctx, by)
	if err != nil || n == 0 {
		return err // nothing is written for who looks often
	}
	if err := s.cfg.Store.Looked(ctx, by.Account, upTo); err != nil {
		return err
	}
	s.cfg.Seen(by.Account)
	return nil
}

// Unseen lists the missed calls of a number that its holder has not looked at, the
// latest first, 99 at most.
func (s *Service) Unseen(ctx context.Context, account string, n numbering.Number) ([]Missed, error) {
	return s.cfg.Store.Unseen(ctx, account, n, s.cfg.Now().Add(-waitsFor))
}

// Heard says that missed calls of a number were read out, up to those that ended at a
// moment.
func (s *Service) Heard(ctx context.Context, account string, n numbering.Number, upTo time.Time) error {
	if err := s.cfg.Store.Heard(ctx, account, n, upTo); err != nil {
		return err
	}
	s.cfg.Seen(account)
	return nil
}
