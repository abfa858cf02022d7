package member

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
)

// Passkey opens an account in place of the password. What it is made of is
// known to the floor above.
type Passkey struct {
	ID         string
	Account    string
	Credential string // its own id
	Name       string
	Data       string
	Created    time.Time
	Used       time.Time
}

// questionLife is how long an answer to what was asked of a passkey is awaited.
const questionLife = 5 * time.Minute

// mostPasskeys of one account.
const mostPasskeys = 20

// AskPasskey keeps what was asked and returns the token under which the answer
// comes. account may be "": whoever has the passkey.
func (s *Service) AskPasskey(ctx context.Context, account, data string) (string, error) {
	token, now := ident.Secret(24), s.cfg.Now()
	return token, s.store.Do(ctx, func(tx Tx) error {
		return tx.InsertQuestion(ctx, ident.Hashed(token), account, data, now, now.Add(questionLife))
	})
}

// TakeQuestion gives back what was asked, once.
func (s *Service) TakeQuestion(ctx context.Context, token string) (account, data string, err error) {
	err = s.store.Do(ctx, func(tx Tx) error {
		var found bool
		var err error
		account, data, found, err = tx.TakeQuestion(ctx, ident.Hashed(token), s.cfg.Now())
		if err == nil && !found {
			return fault.New(fault.Conflict, "passkey_late", "That took too long. Try again.")
		}
		return err
	})
	return account, data, err
}

// Passkeys lists an account's.
func (s *Service) Passkeys(ctx context.Context, by Actor, account string) ([]Passkey, error) {
	if !by.May(account) {
		return nil, notYours()
	}
	var out []Passkey
	err := s.store.View(ctx, func(tx Tx) (err error) {
		out, err = tx.Passkeys(ctx, account)
		return err
	})
	return out, err
}

// AddPasskey keeps a new one.
func (s *Service) AddPasskey(ctx context.Context, by Actor, p Passkey) (Passkey, error) {
	if err := s.Fresh(by); err != nil {
		return p, err
	}
	if err := s.mayKeep(ctx, by.Account); err != nil {
		return p, err
	}
	if p.Name = strings.TrimSpace(p.Name); !readable(p.Name, 60) {
		return p, fault.New(fault.Invalid, "fields", "A passkey needs a name.").WithFields(fault.Field{Name: "name", Text: "Write a name of 1 to 60 letters."})
	}
	p.Created = s.cfg.Now()
	p.ID, p.Account = ident.New("pk", p.Created), by.Account
	return p, s.store.Do(ctx, func(tx Tx) error {
		list, err := tx.Passkeys(ctx, by.Account)
		if err != nil {
			return err
		}
		if len(list) >= mostPasskeys {
			return fault.New(fault.Conflict, "passkeys_many", "An account has at most %d passkeys. Remove one first.", mostPasskeys)
		}
		fresh, err := tx.InsertPasskey(ctx, p)
		if err == nil && !fresh {
			return fault.New(fault.Conflict, "passkey_known", "This passkey is in use already.")
		}
		return err
	})
}

// RenamePasskey gives one another name.
func (s *Service) RenamePasskey(ctx context.Context, by Actor, id, name string) error {
	if name = strings.TrimSpace(name); !readable(name, 60) {
		return fault.New(fault.Invalid, "fields", "A passkey needs a name.").WithFields(fault.Field{Name: "name", Text: "Write a name of 1 to 60 letters."})
	}
	return s.onPasskey(ctx, by, id, func(tx Tx, p Passkey) error {
		p.Name = name
		return tx.ChangePasskey(ctx, p)
	})
}

// RemovePasskey ends one.
func (s *Service) RemovePasskey(ctx context.Context, by Actor, id string) error {
	if err := s.Fresh(by); err != nil {
		return err
	}
	return s.onPasskey(ctx, by, id, func(tx Tx, p Passkey) error { return tx.DeletePasskey(ctx, p.ID) })
}

func (s *Service) onPasskey(ctx context.Context, by Actor, id string, f func(Tx, Passkey) error) error {
	return s.store.Do(ctx, func(tx Tx) error {
		list, err := tx.Passkeys(ctx, by.Account)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.ID == id {
				return f(tx, p)
			}
		}
		return fault.New(fault.Unknown, "passkey_unknown", "There is no passkey %s.", id)
	})
}

// UsedPasskey notes that a passkey answered rightly, and what it is made of
// after that.
func (s *Service) UsedPasskey(ctx context.Context, p Passkey) error {
	p.Used = s.cfg.Now()
	return s.store.Do(ctx, func(tx Tx) error { return tx.ChangePasskey(ctx, p) })
}

// SignInByPasskey opens a session for whom a passkey proved to be. Only who
// checked its answer may call it.
func (s *Service) SignInByPasskey(ctx context.Context, account string, from Source) (Session, Actor, error) {
	var a Account
	err := s.store.View(ctx, func(tx Tx) error {
		var found bool
		var err error
		if a, found, err = tx.Account(ctx, account); err == nil && (!found || !a.Erased.IsZero()) {
			return signInFailed()
		}
		return err
	})
	if err != nil {
		return Session{}, Actor{}, err
	}
	return s.openSession(ctx, a, from, func(Tx) error { return nil })
}

// ProvedByPasskey makes a session fresh. Only who checked the answer may call it.
func (s *Service) ProvedByPasskey(ctx context.Context, by Actor) error {
	_, err := s.proved(ctx, by)
	return err
}
