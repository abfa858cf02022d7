// Package pin is the six digits by which a member proves on the keypad of any
// telephone that it is he. A PIN is short: what keeps it is that after five
// wrong ones in a row it is locked, for an hour and twice as long each further
// time, and that nobody learns from the answer whether there is such a member.
package pin

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
)

const (
	// Long is how many digits a PIN has.
	Long = 6
	// Most is how many wrong ones lock it.
	Most = 5

	lockFirst = time.Hour
	lockMost  = 32 * 24 * time.Hour
)

// State is what the holder of an account sees of his PIN.
type State struct {
	Set    time.Time // zero: there is none
	Until  time.Time // it is locked until then; zero: it is not
	Locked int       // how often it was, since its holder unlocked it last
}

// Row is a PIN as it is kept.
type Row struct {
	State

	Account string
	Hash    string
	Wrong   int // in a row
}

// Store keeps PINs.
type Store interface {
	PIN(ctx context.Context, account string) (Row, bool, error)
	// SavePIN sets it; its locks end.
	SavePIN(ctx context.Context, account, hash string, now time.Time) error
	DeletePIN(ctx context.Context, account string) error
	// TryPIN counts a guess before anybody looks whether it is right; false if
	// there is no PIN, or it is locked, or it has had its guesses.
	TryPIN(ctx context.Context, account string, now time.Time) (Row, bool, error)
	// RightPIN begins the count anew, if the PIN is still the one of a hash.
	RightPIN(ctx context.Context, account, hash string) error
	// LockPIN locks one that has had its guesses and posts the letter, or does
	// neither: somebody else did.
	LockPIN(ctx context.Context, account string, now, until time.Time, l letter.Letter) (bool, error)
	UnlockPIN(ctx context.Context, account string) error
}

// Secrets hash, with argon2id.
type Secrets interface {
	HashSecret(ctx context.Context, secret string) (string, error)
	SecretIs(ctx context.Context, secret, stored string) (bool, error)
}

// Config is what the service needs.
type Config struct {
	Secrets Secrets
	// Fresh is an error unless somebody proved just now that it is he.
	Fresh func(member.Actor) error
	// Reader is whom the letter about a lock goes to.
	Reader func(ctx context.Context, account string) (email, language string, err error)
	Link   func(path string) string
	Now    func() time.Time
}

// Service keeps PINs and checks them.
type Service struct {
	store Store
	cfg   Config
}

// New returns the service.
func New(store Store, cfg Config) *Service { return &Service{store, cfg} }

// Of is what the holder of an account sees of his PIN.
func (s *Service) Of(ctx context.Context, by member.Actor) (State, error) {
	r, _, err := s.store.PIN(ctx, by.Account)
	if !r.Until.After(s.cfg.Now()) {
		r.Until = time.Time{}
	}
	return r.State, err
}

// Set gives an account a PIN, also in the place of one that is locked.
func (s *Service) Set(ctx context.Context, by member.Actor, digits string) error {
	digits = Digits(digits)
	text := ""
	switch {
	case len(digits) != Long:
		text = "A PIN has six digits."
	case guessed(digits):
		text = "This PIN is one of the first that anybody would try. Choose another."
	}
	if text != "" {
		return fault.New(fault.Invalid, "pin_form", "%s", text).WithFields(fault.Field{Name: "pin", Text: text})
	}
	if err := s.cfg.Fresh(by); err != nil {
		return err
	}
	hash, err := s.cfg.Secrets.HashSecret(ctx, digits)
	if err != nil {
		return err
	}
	return s.store.SavePIN(ctx, by.Account, hash, s.cfg.Now())
}

// Remove takes the PIN away: no telephone opens the account by it any more.
func (s *Service) Remove(ctx context.Context, by member.Actor) error {
	return s.store.DeletePIN(ctx, by.Account)
}

// Unlock has a locked PIN be taken again.
func (s *Service) Unlock(ctx context.Context, by member.Actor) error {
	if err := s.cfg.Fresh(by); err != nil {
		return err
	}
	return s.store.UnlockPIN(ctx, by.Account)
}

// Result is what became of a PIN that was given.
type Result uint8

// The results. Who is not known is told Wrong, as is one who has no PIN.
const (
	Wrong Result = iota
	Right
	Locked // now, or before: what was given was not looked at
)

// Check says whether a PIN is that of an account; "" is nobody's, and takes as
// long to be found wrong.
func (s *Service) Check(ctx context.Context, account, digits string) (Result, error) {
	now := s.cfg.Now()
	r, counted, err := s.store.TryPIN(ctx, account, now)
	if err != nil {
		return Wrong, err
	}
	if !counted {
		if r.Hash != "" && r.Wrong >= Most && !r.Until.After(now) { // whoever counted the last one did not come to lock it
			return Locked, s.lock(ctx, &r, now)
		}
		_, err := s.cfg.Secrets.HashSecret(ctx, digits) // it takes as long
		if r.Until.After(now) {
			return Locked, err
		}
		return Wrong, err
	}
	right, err := s.cfg.Secrets.SecretIs(ctx, Digits(digits), r.Hash)
	switch {
	case err != nil:
		return Wrong, err
	case right:
		return Right, s.store.RightPIN(ctx, account, r.Hash)
	case r.Wrong >= Most:
		return Locked, s.lock(ctx, &r, now)
	default:
		return Wrong, nil
	}
}

// lock locks it, and writes to its holder.
func (s *Service) lock(ctx context.Context, r *Row, now time.Time) error {
	email, language, err := s.cfg.Reader(ctx, r.Account)
	if err != nil {
		return err
	}
	until := now.Add(lockedFor(r.Locked))
	_, err = s.store.LockPIN(ctx, r.Account, now, until, letter.Letter{
		Key: "pin:" + r.Account + ":" + now.UTC().Format("20060102150405.000000"), Account: r.Account, To: email, Language: language, Kind: "pin_locked",
		Fields: map[string]string{"until": until.UTC().Format("2 Jan 2006, 15:04 UTC"), "link": s.cfg.Link("/access")},
	})
	return err
}

// lockedFor is how long the lock after so many others lasts.
func lockedFor(before int) time.Duration {
	d := lockFirst
	for range before {
		if d *= 2; d >= lockMost {
			return lockMost
		}
	}
	return d
}

// Digits keeps the digits of what was typed: people group them.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		if r == ' ' || r == '-' {
			return -1
		}
		return 'x' // it is refused for it, and not read without it
	}, s)
}

// guessed reports whether a PIN is among those that people who guess begin with.
func guessed(p string) bool {
	if p[:3] == p[3:] || p[:2] == p[2:4] && p[:2] == p[4:] {
		return true // 123123, 121212, 000000
	}
	step := int(p[1]) - int(p[0])
	for i := 2; i < len(p); i++ {
		if int(p[i])-int(p[i-1]) != step {
			return false
		}
	}
	return step == 1 || step == -1 || step == 0 || step == 2 || step == -2
}
