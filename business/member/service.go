package member

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/form"
)

// SignUp is what a new account gives.
type SignUp struct {
	Name, Email, Password       string
	Country, Language, TimeZone string
	Role                        Role // "" is Customer; only the house makes operators
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

// Service is everything one can do with accounts and memberships.
type Service struct{}

// SignUp opens an account and its wallet.
func (s *Service) SignUp(ctx context.Context, in SignUp) (Account, error) { return Account{}, nil }

// SignIn checks a password and opens a session. An unknown e-mail and a wrong
// password give the same answer in the same time.
func (s *Service) SignIn(ctx context.Context, email, password string) (Session, Actor, error) {
	return Session{}, Actor{}, nil
}

// Session finds who a session token belongs to.
func (s *Service) Session(ctx context.Context, token string) (Actor, error) { return Actor{}, nil }

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token string) error { return nil }

// NewAPIKey makes a key; the clear text "ck_…" is returned once.
func (s *Service) NewAPIKey(ctx context.Context, by Actor, account, name string) (string, APIKey, error) {
	return "", APIKey{}, nil
}

// APIKey finds who a key belongs to.
func (s *Service) APIKey(ctx context.Context, key string) (Actor, error) { return Actor{}, nil }

// APIKeys lists an account's keys.
func (s *Service) APIKeys(ctx context.Context, by Actor, account string) ([]APIKey, error) {
	return nil, nil
}

// RevokeAPIKey ends a key.
func (s *Service) RevokeAPIKey(ctx context.Context, by Actor, id string) error { return nil }

// Account returns an account.
func (s *Service) Account(ctx context.Context, by Actor, id string) (Account, error) {
	return Account{}, nil
}

// Form is the fields of a registration.
func (s *Service) Form() form.Form { return form.Form{} }

// Register registers a sold number and makes its first device.
func (s *Service) Register(ctx context.Context, by Actor, in Registration) (Membership, NewDevice, error) {
	return Membership{}, NewDevice{}, nil
}

// Memberships lists an account's.
func (s *Service) Memberships(ctx context.Context, by Actor, account string) ([]Membership, error) {
	return nil, nil
}

// Membership returns one.
func (s *Service) Membership(ctx context.Context, by Actor, id string) (Membership, error) {
	return Membership{}, nil
}

// Devices lists a membership's.
func (s *Service) Devices(ctx context.Context, by Actor, membership string) ([]Device, error) {
	return nil, nil
}

// AddDevice makes a further device. country picks a company's office; "" is
// the home office.
func (s *Service) AddDevice(ctx context.Context, by Actor, membership, name, country string) (NewDevice, error) {
	return NewDevice{}, nil
}

// RevokeDevice ends a device's credential and its registrations.
func (s *Service) RevokeDevice(ctx context.Context, by Actor, id string) error { return nil }

// SessionLife is how long a session lasts.
const SessionLife = 30 * 24 * time.Hour
