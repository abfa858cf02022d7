package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// SignUp is what a new account gives.
type SignUp struct {
	Name, Email, Password       string
	Country, Language, TimeZone string
	Role                        Role          // "" is Customer; only the house makes operators
	Gift                        *money.Amount // the house's own gift; nil is the usual one
}

// Registration is the second step for a sold number (M1).
type Registration struct {
	OrderID        string
	ContactPSTN    string
	Identification string
	OtherVoIP      []string
	Name           string
	Country        string
	Languages      []string
	Email          string
	TimeZone       string
	Offices        []Office
}

// NewDevice is a device and its password, which is shown this once.
type NewDevice struct {
	Device   Device
	Password string
}

// Config is what the service needs to know.
type Config struct {
	Plans   *numbering.Plans
	Centers func() *center.Directory
	Realm   string       // of the SIP credentials; persisted, for HA1 depends on it
	Gift    money.Amount // welcome credit of a new account
	Cost    Cost         // zero: SaneCost
	Now     func() time.Time
}

// Service is everything one can do with accounts and memberships.
type Service struct {
	store   Store
	wallets Wallets
	publish Publisher
	cfg     Config
	hasher  *hasher
	decoy   string // a hash nobody's password has, for unknown users
}

// New returns the service.
func New(store Store, wallets Wallets, publish Publisher, cfg Config) *Service {
	if cfg.Cost == (Cost{}) {
		cfg.Cost = SaneCost()
	}
	return &Service{store: store, wallets: wallets, publish: publish, cfg: cfg, hasher: newHasher(cfg.Cost), decoy: hashPassword(ident.Secret(20), cfg.Cost)}
}

// SignUp opens an account and its wallet.
func (s *Service) SignUp(ctx context.Context, in SignUp) (Account, error) {
	email, wrong := s.checkSignUp(&in)
	if len(wrong) > 0 {
		return Account{}, fault.New(fault.Invalid, "fields", "Some fields are not right.").WithFields(wrong...)
	}
	now := s.cfg.Now()
	a := Account{ID: ident.New("acc", now), Email: email, Name: strings.TrimSpace(in.Name), Role: in.Role, Country: in.Country,
		Language: in.Language, TimeZone: in.TimeZone, Created: now}
	if a.Role == "" {
		a.Role = Customer
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return Account{}, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		fresh, err := tx.InsertAccount(ctx, a, hash)
		if err != nil {
			return err
		}
		if !fresh {
			return fault.New(fault.Conflict, "email_taken", "There is an account with this e-mail address already. Sign in instead, or use another address.").
				WithFields(fault.Field{Name: "email", Text: "There is an account with this address already."})
		}
		return tx.Enqueue(ctx, topicWallet, a.ID)
	})
	if err != nil {
		return Account{}, err
	}
	gift := s.cfg.Gift
	if in.Gift != nil {
		gift = *in.Gift
	}
	return a, s.openWallet(ctx, a.ID, gift)
}

func (s *Service) checkSignUp(in *SignUp) (email string, wrong []fault.Field) {
	email, err := cleanEmail(in.Email)
	if err != nil {
		wrong = append(wrong, fault.Field{Name: "email", Text: "Write an e-mail address, as in ann@example.com."})
	}
	if !readable(strings.TrimSpace(in.Name), 100) {
		wrong = append(wrong, fault.Field{Name: "name", Text: "Write your name, up to 100 letters."})
	}
	if len(in.Password) < 8 || len(in.Password) > longestPassword {
		wrong = append(wrong, fault.Field{Name: "password", Text: "Use 8 to 200 characters."})
	}
	if in.Country != "" {
		iso, ok := s.cfg.Plans.Country(in.Country)
		if !ok {
			wrong = append(wrong, fault.Field{Name: "country", Text: "Use the two-letter code of a country, as in KR."})
		}
		in.Country = iso
	}
	if in.Language != "" && len(cleanLanguages([]string{in.Language})) == 0 {
		wrong = append(wrong, fault.Field{Name: "language", Text: "Use the code of a language, as in ko or pt-BR."})
	}
	if in.TimeZone != "" {
		if _, err := time.LoadLocation(in.TimeZone); err != nil {
			wrong = append(wrong, fault.Field{Name: "time_zone", Text: "Use a name like Asia/Seoul."})
		}
	}
	return email, wrong
}

func cleanEmail(s string) (string, error) {
	a, err := mail.ParseAddress(strings.TrimSpace(s))
	// A quoted local part may hold anything (RFC 5321 §4.1.2); nobody's does.
	if err != nil || a.Name != "" || !readable(a.Address, 254) || strings.ContainsAny(a.Address, " \"<>(),:;\\[]") {
		return "", errors.New("no e-mail address")
	}
	return strings.ToLower(a.Address), nil
}

// openWallet finishes a sign-up; Resume does it after a crash.
func (s *Service) openWallet(ctx context.Context, account string, gift money.Amount) error {
	if err := s.wallets.OpenWallet(ctx, account, gift); err != nil && fault.ReasonOf(err).Code != "key_reused" {
		return fmt.Errorf("open the wallet of %s: %w", account, err)
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, topicWallet, account) })
}

// Resume opens the wallets of sign-ups that a crash interrupted.
func (s *Service) Resume(ctx context.Context) error {
	ids, err := s.store.Tasks(ctx, topicWallet, 1000)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.openWallet(ctx, id, s.cfg.Gift); err != nil {
			return err
		}
	}
	return nil
}

// SessionLife is how long a session lasts.
const SessionLife = 30 * 24 * time.Hour

// SignIn checks a password and opens a session. An unknown e-mail and a wrong
// password give the same answer in the same time.
func (s *Service) SignIn(ctx context.Context, email, password string) (Session, Actor, error) {
	var a Account
	stored, found := s.decoy, false
	if clean, err := cleanEmail(email); err == nil {
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
	if len(password) > longestPassword {
		stored, found = s.decoy, false
	}
	ok, stale, err := s.hasher.check(ctx, password, stored)
	if err != nil {
		return Session{}, Actor{}, err
	}
	if !ok || !found {
		return Session{}, Actor{}, fault.New(fault.Unproven, "sign_in_failed", "The e-mail address or the password is not right. Try again.")
	}
	now := s.cfg.Now()
	session := Session{Token: ident.Secret(32), Account: a.ID, Expires: now.Add(SessionLife)}
	renewed := ""
	if stale { // outside of the transaction, which others wait for
		if renewed, err = s.hasher.hash(ctx, password); err != nil {
			return Session{}, Actor{}, err
		}
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		if stale {
			if err := tx.SetPassword(ctx, a.ID, renewed); err != nil {
				return err
			}
		}
		return tx.InsertSession(ctx, hashToken(session.Token), session)
	})
	return session, a.actor(), err
}

func (a Account) actor() Actor {
	return Actor{Account: a.ID, Name: a.Name, Role: a.Role, Language: a.Language}
}

// hashToken hashes a long random token; those need no salt and no cost.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func signInFirst() error {
	return fault.New(fault.Unproven, "sign_in", "Sign in first: the session or key is unknown or has ended.")
}

// Session finds who a session token belongs to.
func (s *Service) Session(ctx context.Context, token string) (Actor, error) {
	return s.who(ctx, func(tx Tx) (string, bool, error) { return tx.Session(ctx, hashToken(token), s.cfg.Now()) })
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
		if !found {
			return signInFirst()
		}
		out = a.actor()
		return nil
	})
	return out, err
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.store.Do(ctx, func(tx Tx) error { return tx.DeleteSession(ctx, hashToken(token)) })
}

// keyPrefix marks our API keys, so that scanners of leaked secrets know them.
const keyPrefix = "ck_"

// NewAPIKey makes a key; the clear text "ck_…" is returned once.
func (s *Service) NewAPIKey(ctx context.Context, by Actor, account, name string) (string, APIKey, error) {
	if !by.May(account) {
		return "", APIKey{}, notYours()
	}
	if name = strings.TrimSpace(name); !readable(name, 60) {
		return "", APIKey{}, fault.New(fault.Invalid, "fields", "A key needs a name.").WithFields(fault.Field{Name: "name", Text: "Write a name of 1 to 60 letters."})
	}
	now := s.cfg.Now()
	clear := keyPrefix + ident.Secret(32)
	k := APIKey{ID: ident.New("key", now), Account: account, Name: name, Prefix: clear[:len(keyPrefix)+6], Created: now}
	err := s.store.Do(ctx, func(tx Tx) error { return tx.InsertAPIKey(ctx, hashToken(clear), k) })
	return clear, k, err
}

func notYours() error {
	return fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
}

// APIKey finds who a key belongs to.
func (s *Service) APIKey(ctx context.Context, key string) (Actor, error) {
	if !strings.HasPrefix(key, keyPrefix) {
		return Actor{}, signInFirst()
	}
	return s.who(ctx, func(tx Tx) (string, bool, error) {
		k, found, err := tx.APIKey(ctx, hashToken(key))
		return k.Account, found && k.Revoked.IsZero(), err
	})
}

// APIKeys lists an account's keys.
func (s *Service) APIKeys(ctx context.Context, by Actor, account string) ([]APIKey, error) {
	if !by.May(account) {
		return nil, notYours()
	}
	return s.store.APIKeys(ctx, account)
}

// RevokeAPIKey ends a key.
func (s *Service) RevokeAPIKey(ctx context.Context, by Actor, id string) error {
	return s.store.Do(ctx, func(tx Tx) error {
		k, found, err := tx.APIKeyByID(ctx, id)
		if err != nil {
			return err
		}
		if !found || !by.May(k.Account) {
			return fault.New(fault.Unknown, "key_unknown", "There is no key %s.", id)
		}
		if !k.Revoked.IsZero() {
			return nil
		}
		return tx.RevokeAPIKey(ctx, id, s.cfg.Now())
	})
}

// Account returns an account.
func (s *Service) Account(ctx context.Context, by Actor, id string) (Account, error) {
	if !by.May(id) {
		return Account{}, notYours()
	}
	var a Account
	err := s.store.View(ctx, func(tx Tx) error {
		var found bool
		var err error
		if a, found, err = tx.Account(ctx, id); err == nil && !found {
			return fault.New(fault.Unknown, "account_unknown", "There is no account %s.", id)
		}
		return err
	})
	return a, err
}
