package bell

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// waitsFor is how long a missed call waits to be looked at, and lights a lamp.
const waitsFor = 14 * 24 * time.Hour

// Looks keeps which missed calls an account has looked at.
type Looks interface {
	// Waiting counts those since a moment that it has not: of a number, or of all if
	// it is zero.
	Waiting(ctx context.Context, account string, n numbering.Number, since time.Time) (int, error)
	// Unseen lists them, the latest first, as many as Waiting counts.
	Unseen(ctx context.Context, account string, n numbering.Number, since time.Time) ([]Missed, error)
	// Looked notes that it has, at those that had ended at a moment.
	Looked(ctx context.Context, account string, upTo time.Time) error
	// Heard notes the same of one of its numbers.
	Heard(ctx context.Context, account string, n numbering.Number, upTo time.Time) error
}

// Waiting counts the missed calls of a number that its holder has not looked at, 99
// at most.
func (s *Service) Waiting(ctx context.Context, account string, n numbering.Number) (int, error) {
	return s.cfg.Looks.Waiting(ctx, account, n, s.cfg.Now().Add(-waitsFor))
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
	if err := s.cfg.Looks.Looked(ctx, by.Account, upTo); err != nil {
		return err
	}
	s.cfg.Seen(by.Account)
	return nil
}

// Unseen lists the missed calls of a number that its holder has not looked at, the
// latest first, 99 at most.
func (s *Service) Unseen(ctx context.Context, account string, n numbering.Number) ([]Missed, error) {
	return s.cfg.Looks.Unseen(ctx, account, n, s.cfg.Now().Add(-waitsFor))
}

// Heard says that missed calls of a number were read out, up to those that ended at a
// moment.
func (s *Service) Heard(ctx context.Context, account string, n numbering.Number, upTo time.Time) error {
	if err := s.cfg.Looks.Heard(ctx, account, n, upTo); err != nil {
		return err
	}
	s.cfg.Seen(account)
	return nil
}
