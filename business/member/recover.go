package member

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
)

// recoversAnHour from one source: an office shares one.
const recoversAnHour = 20

// ChangePassword takes the old one first. All other sessions end.
func (s *Service) ChangePassword(ctx context.Context, by Actor, old, fresh string, from Source) error {
	if wrong := checkPasswordText(fresh); len(wrong) > 0 {
		return fault.Fields(wrong...)
	}
	if _, err := s.Prove(ctx, by, old, from); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, fresh)
	if err != nil {
		return err
	}
	return s.ending(ctx, func(tx Tx) ([]string, error) {
		if err := tx.SetPassword(ctx, by.Account, hash); err != nil {
			return nil, err
		}
		if err := tx.DropTokens(ctx, by.Account, ResetLink, s.cfg.Now()); err != nil {
			return nil, err
		}
		return tx.EndSessions(ctx, by.Account, by.Session, "")
	})
}

func checkPasswordText(p string) []fault.Field {
	if len(p) < 8 || len(p) > longestPassword {
		return []fault.Field{{Name: "password", Text: "Use 8 to 200 characters."}}
	}
	return nil
}

// Recover sends a link for a new password, if there is such an account. The
// answer says nothing of that, and nor does its time: the question is noted
// for every address alike, and looked up later.
func (s *Service) Recover(ctx context.Context, email string, from Source) error {
	clean, err := cleanEmail(email)
	if err != nil {
		return fault.Fields(fault.Field{Name: "email", Text: "Write an e-mail address, as in ann@example.com."})
	}
	if err := s.tooMany("recover "+from.Address, from, recoversAnHour, s.cfg.Now()); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Enqueue(ctx, topicRecover, clean) })
}

// recover does what Recover noted.
func (s *Service) recover(ctx context.Context, email string) error {
	return s.store.Do(ctx, func(tx Tx) error {
		if err := tx.Dequeue(ctx, topicRecover, email); err != nil {
			return err
		}
		a, _, found, err := tx.AccountByEmail(ctx, email)
		if err != nil || !found || !s.asked.allow("letter "+a.ID, lettersAnHour, time.Hour, s.cfg.Now()) {
			return err
		}
		return s.sendLink(ctx, tx, a, ResetLink, email)
	})
}

// ResetOpen reports whether a link still chooses a password.
func (s *Service) ResetOpen(ctx context.Context, token string) error {
	return s.store.View(ctx, func(tx Tx) error {
		t, found, err := tx.Token(ctx, ident.Hashed(token), s.cfg.Now())
		if err == nil && (!found || t.Kind != ResetLink) {
			return linkOver()
		}
		return err
	})
}

// Reset chooses a new password by the link of a letter. Every session ends,
// and the address is proved by the way.
func (s *Service) Reset(ctx context.Context, token, password string) error {
	if wrong := checkPasswordText(password); len(wrong) > 0 {
		return fault.Fields(wrong...)
	}
	if err := s.ResetOpen(ctx, token); err != nil { // a guess costs us no hash
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	return s.ending(ctx, func(tx Tx) ([]string, error) {
		t, found, err := tx.TakeToken(ctx, ident.Hashed(token), now)
		if err != nil {
			return nil, err
		}
		a, known, err := tx.Account(ctx, t.Account)
		if err != nil {
			return nil, err
		}
		if !found || t.Kind != ResetLink || !known || a.Email != t.Email {
			return nil, linkOver()
		}
		if err := tx.SetPassword(ctx, a.ID, hash); err != nil {
			return nil, err
		}
		if a.Confirmed.IsZero() {
			if _, err := tx.SetEmail(ctx, a.ID, a.Email, now); err != nil {
				return nil, err
			}
		}
		if err := tx.DropTokens(ctx, a.ID, "", now); err != nil {
			return nil, err
		}
		return tx.EndSessions(ctx, a.ID, "", "")
	})
}
