package member

import (
	"context"
	"errors"
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
	Vouched                     bool          // the house vouches for the address: sample members
	From                        Source
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
	// MustConfirm: who orders has proved his address, and an address that is
	// taken gets the same answer as a fresh one. Off in `callisto dev`.
	MustConfirm bool
	// Link makes the address of a page, for letters; nil: the bare path.
	Link func(path string) string
	// Proved tells whether an account has proved a number. May be nil: nobody has.
	Proved func(ctx context.Context, account, e164 string, purpose Purpose) bool
	// Rented tells whether a telephone number is rented for a membership. May be nil: none is.
	Rented func(ctx context.Context, m Membership, e164 string) bool
	// Estate is what an account owns elsewhere. May be nil: nothing.
	Estate Estate
	// Spare are sources that nobody is kept waiting from: loopback in dev. May be nil.
	Spare func(address string) bool
}

// Service is everything one can do with accounts and memberships.
type Service struct {
	store   Store
	wallets Wallets
	publish Publisher
	cfg     Config
	hasher  *hasher
	decoy   string // a hash nobody's password has, for unknown users
	wrongs  *counter
	asked   *counter
}

// New returns the service.
func New(store Store, wallets Wallets, publish Publisher, cfg Config) *Service {
	if cfg.Cost == (Cost{}) {
		cfg.Cost = SaneCost()
	}
	if cfg.Link == nil {
		cfg.Link = func(path string) string { return path }
	}
	if cfg.Spare == nil {
		cfg.Spare = func(string) bool { return false }
	}
	return &Service{store: store, wallets: wallets, publish: publish, cfg: cfg, hasher: newHasher(cfg.Cost), decoy: hashPassword(ident.Secret(20), cfg.Cost),
		wrongs: newCounter(), asked: newCounter()}
}

func (s *Service) checkSignUp(in *SignUp) (email string, wrong []fault.Field) {
	email, err := cleanEmail(in.Email)
	if err != nil {
		wrong = append(wrong, fault.Field{Name: "email", Text: "Write an e-mail address, as in ann@example.com."})
	}
	if !readable(strings.TrimSpace(in.Name), 100) {
		wrong = append(wrong, fault.Field{Name: "name", Text: "Write your name, up to 100 letters."})
	}
	wrong = append(wrong, checkPasswordText(in.Password)...)
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

// keyPrefix marks our API keys, so that scanners of leaked secrets know them.
const keyPrefix = "ck_"

// NewAPIKey makes a key; the clear text "ck_…" is returned once.
func (s *Service) NewAPIKey(ctx context.Context, by Actor, account, name string) (string, APIKey, error) {
	if !by.May(account) {
		return "", APIKey{}, notYours()
	}
	if err := s.Fresh(by); err != nil {
		return "", APIKey{}, err
	}
	if err := s.mayKeep(ctx, account); err != nil {
		return "", APIKey{}, err
	}
	if name = strings.TrimSpace(name); !readable(name, 60) {
		return "", APIKey{}, fault.New(fault.Invalid, "fields", "A key needs a name.").WithFields(fault.Field{Name: "name", Text: "Write a name of 1 to 60 letters."})
	}
	now := s.cfg.Now()
	clear := keyPrefix + ident.Secret(32)
	k := APIKey{ID: ident.New("key", now), Account: account, Name: name, Prefix: clear[:len(keyPrefix)+6], Created: now}
	err := s.store.Do(ctx, func(tx Tx) error { return tx.InsertAPIKey(ctx, ident.Hashed(clear), k) })
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
	var k APIKey
	who, err := s.who(ctx, func(tx Tx) (string, bool, error) {
		var found bool
		var err error
		k, found, err = tx.APIKey(ctx, ident.Hashed(key))
		return k.Account, found && k.Revoked.IsZero(), err
	})
	who.Key = k.ID
	if now := s.cfg.Now(); err == nil && now.Sub(k.Used) > seenEvery {
		err = s.store.Do(ctx, func(tx Tx) error { return tx.TouchAPIKey(ctx, k.ID, now) })
	}
	return who, err
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
	return s.ending(ctx, func(tx Tx) ([]string, error) {
		k, found, err := tx.APIKeyByID(ctx, id)
		if err != nil {
			return nil, err
		}
		if !found || !by.May(k.Account) {
			return nil, fault.New(fault.Unknown, "key_unknown", "There is no key %s.", id)
		}
		if !k.Revoked.IsZero() {
			return nil, nil
		}
		return []string{id}, tx.RevokeAPIKey(ctx, id, s.cfg.Now())
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
