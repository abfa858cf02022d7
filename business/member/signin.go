package member

import (
	"context"
	"net/netip"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
)

// SessionLife is how long a session lasts.
const SessionLife = 30 * 24 * time.Hour

// FreshFor is how long a proof of oneself is good for what cannot be undone.
const FreshFor = 10 * time.Minute

// seenEvery is how exact “last seen” is: a write for every page would be too dear.
const seenEvery = 10 * time.Minute

// Of wrong passwords for one user from one source, so many are free; then one
// waits, each time longer. Nobody else behind the same address does.
const (
	freeTries = 5
	firstWait = time.Minute
	mostWait  = 15 * time.Minute
)

// SignIn checks a password and opens a session. An unknown e-mail and a wrong
// password give the same answer in the same time.
func (s *Service) SignIn(ctx context.Context, email, password string, from Source) (Session, Actor, error) {
	var a Account
	stored, found := s.decoy, false
	clean, err := cleanEmail(email)
	if err == nil {
		err := s.store.View(ctx, func(tx Tx) error {
			acc, hash, known, err := tx.AccountByEmail(ctx, clean)
			if known {
				a, stored, found = acc, hash, true
			}
			return err
		})
		if err != nil {
			return Session{}, Actor{}, err
		}
	}
	stale, err := s.try(ctx, clean, password, stored, from)
	if err != nil {
		return Session{}, Actor{}, err
	}
	if !found {
		return Session{}, Actor{}, signInFailed()
	}
	renewed := ""
	if stale { // outside of the transaction, which others wait for
		if renewed, err = s.hasher.hash(ctx, password); err != nil {
			return Session{}, Actor{}, err
		}
	}
	return s.openSession(ctx, a, from, func(tx Tx) error {
		if !stale {
			return nil
		}
		return tx.SetPassword(ctx, a.ID, renewed)
	})
}

// openSession signs an account in. also runs in the same transaction.
func (s *Service) openSession(ctx context.Context, a Account, from Source, also func(Tx) error) (Session, Actor, error) {
	if err := a.MayCome(); err != nil { // only who proved to be its holder is told
		return Session{}, Actor{}, err
	}
	now := s.cfg.Now()
	x := Session{Token: ident.Secret(32), ID: ident.New("ses", now), Account: a.ID, Created: now, Seen: now, Proved: now, Expires: now.Add(SessionLife),
		Browser: short(from.Browser, 200), Source: network(from.Address)}
	err := s.store.Do(ctx, func(tx Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		return tx.InsertSession(ctx, ident.Hashed(x.Token), x)
	})
	who := a.actor()
	who.Session, who.Proved = x.ID, now
	return x, who, err
}

func signInFailed() error {
	return fault.New(fault.Unproven, "sign_in_failed", "The e-mail address or the password is not right. Try again.")
}

// try checks a password, and counts the wrong ones of a user from a source.
func (s *Service) try(ctx context.Context, user, password, stored string, from Source) (stale bool, err error) {
	key, now := user+" "+from.Address, s.cfg.Now()
	if until, wait := s.wrongs.waits(key, now); wait && !s.cfg.Spare(from.Address) {
		return false, fault.New(fault.Limited, "locked", "Too many wrong passwords for this account from here. Try again at %s, or choose a new password.", until.UTC().Format("15:04:05 UTC"))
	}
	if len(password) > longestPassword {
		stored = s.decoy
	}
	ok, stale, err := s.hasher.check(ctx, password, stored)
	if err != nil {
		return false, err
	}
	if !ok {
		s.wrongs.wrong(key, now)
		return false, signInFailed()
	}
	s.wrongs.clear(key)
	return stale, nil
}

// tooMany limits what one source may do in an hour.
func (s *Service) tooMany(key string, from Source, most int, now time.Time) error {
	if from.Address == "" || s.cfg.Spare(from.Address) || s.asked.allow(key, most, time.Hour, now) {
		return nil
	}
	return fault.New(fault.Limited, "too_many", "Too many of these came from your network in the last hour. Try again later.")
}

func (a Account) actor() Actor {
	return Actor{Account: a.ID, Name: a.Name, Role: a.Role, Language: a.Language}
}

// short cuts a text that comes from outside.
func short(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	if !readable(s, most) {
		return ""
	}
	return s
}

// network shortens an address to what tells networks apart but not people:
// enough to recognise one's own sessions.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

func signInFirst() error {
	return fault.New(fault.Unproven, "sign_in", "Sign in first: the session or key is unknown or has ended.")
}

// Session finds who a session token belongs to.
func (s *Service) Session(ctx context.Context, token string) (Actor, error) {
	var x Session
	now := s.cfg.Now()
	who, err := s.who(ctx, func(tx Tx) (string, bool, error) {
		var found bool
		var err error
		x, found, err = tx.Session(ctx, ident.Hashed(token), now)
		return x.Account, found, err
	})
	if err != nil {
		return Actor{}, err
	}
	who.Session, who.Proved = x.ID, x.Proved
	if now.Sub(x.Seen) > seenEvery {
		err = s.store.Do(ctx, func(tx Tx) error { return tx.TouchSession(ctx, x.ID, now, time.Time{}) })
	}
	return who, err
}

func (s *Service) who(ctx context.Context, find func(Tx) (string, bool, error)) (Actor, error) {
	var out Actor
	err := s.store.View(ctx, func(tx Tx) error {
		id, found, err := find(tx)
		if err != nil {
			return err
		}
		if !found {
			return signInFirst()
		}
		a, found, err := tx.Account(ctx, id)
		if err != nil {
			return err
		}
		if !found || !a.Erased.IsZero() {
			return signInFirst()
		}
		out = a.actor()
		return a.MayCome()
	})
	return out, err
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.ending(ctx, func(tx Tx) ([]string, error) { return tx.DeleteSession(ctx, ident.Hashed(token)) })
}

// ending carries out what ends sessions, and tells which.
func (s *Service) ending(ctx context.Context, do func(Tx) (ended []string, err error)) error {
	var ended []string
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		ended, err = do(tx)
		return err
	})
	if err != nil || len(ended) == 0 {
		return err
	}
	return s.publish.SignedOut(ctx, ended)
}

// Sessions lists where an account is signed in, the latest first.
func (s *Service) Sessions(ctx context.Context, by Actor, account string) ([]Session, error) {
	if !by.May(account) {
		return nil, notYours()
	}
	return s.store.Sessions(ctx, account, s.cfg.Now())
}

// EndSession ends one of one's own sessions.
func (s *Service) EndSession(ctx context.Context, by Actor, id string) error {
	if id == "" {
		return fault.New(fault.Unknown, "session_unknown", "There is no session %s.", id)
	}
	return s.ending(ctx, func(tx Tx) ([]string, error) { return tx.EndSessions(ctx, by.Account, "", id) })
}

// EndOtherSessions ends all but the one that asks.
func (s *Service) EndOtherSessions(ctx context.Context, by Actor) error {
	return s.ending(ctx, func(tx Tx) ([]string, error) { return tx.EndSessions(ctx, by.Account, by.Session, "") })
}

// Fresh refuses what cannot be undone to who has not proved himself just now:
// a browser left open, or a key that leaked, must not do it.
func (s *Service) Fresh(by Actor) error {
	if by.Account == system || s.cfg.Now().Sub(by.Proved) <= FreshFor {
		return nil
	}
	return fault.New(fault.Forbidden, "prove_again", "Give your password or passkey once more: this is only for yourself.")
}

// Prove takes the password once more. The session, if it is one, is fresh after it.
func (s *Service) Prove(ctx context.Context, by Actor, password string, from Source) (Actor, error) {
	stored := ""
	err := s.store.View(ctx, func(tx Tx) (err error) {
		stored, err = tx.Password(ctx, by.Account)
		return err
	})
	if err != nil {
		return by, err
	}
	if _, err := s.try(ctx, by.Account, password, stored, from); err != nil {
		if fault.KindOf(err) == fault.Unproven {
			err = fault.New(fault.Invalid, "password_wrong", "The password is not right. Try again.").WithFields(fault.Field{Name: "password", Text: "The password is not right. Try again."})
		}
		return by, err
	}
	return s.proved(ctx, by)
}

// proved makes a session fresh.
func (s *Service) proved(ctx context.Context, by Actor) (Actor, error) {
	by.Proved = s.cfg.Now()
	if by.Session == "" {
		return by, nil
	}
	return by, s.store.Do(ctx, func(tx Tx) error { return tx.TouchSession(ctx, by.Session, by.Proved, by.Proved) })
}
