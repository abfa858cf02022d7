// Package passkey asks browsers for passkeys and checks their answers (W3C Web
// Authentication). A passkey lives on a person's own device, which checks that
// it is he: so it takes the place of the password, and nobody can be tricked
// into giving it to another site.
package passkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// Keeper keeps passkeys and what was asked of them.
type Keeper interface {
	AskPasskey(ctx context.Context, account, data string) (token string, err error)
	TakeQuestion(ctx context.Context, token string) (account, data string, err error)
	Passkeys(ctx context.Context, by member.Actor, account string) ([]member.Passkey, error)
	AddPasskey(ctx context.Context, by member.Actor, p member.Passkey) (member.Passkey, error)
	UsedPasskey(ctx context.Context, p member.Passkey) error
	SignInByPasskey(ctx context.Context, account string, from member.Source) (member.Session, member.Actor, error)
	ProvedByPasskey(ctx context.Context, by member.Actor) error
}

// Site is whose passkeys they are: browsers give them to no other.
type Site struct {
	Domain string // tel.example
	Origin string // https://tel.example
}

// Question is what a page's script hands to the browser.
type Question struct {
	Token   string `json:"token"`
	Options any    `json:"options"`
}

// Service asks and checks.
type Service struct{ keep Keeper }

// New returns the service.
func New(keep Keeper) *Service { return &Service{keep} }

func (s Site) ceremony() (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: s.Domain, RPDisplayName: "Callisto", RPOrigins: []string{s.Origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// user is an account as the ceremony knows it.
type user struct {
	account, name string
	keys          []member.Passkey
	credentials   []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return []byte(u.account) }
func (u user) WebAuthnName() string                       { return u.name }
func (u user) WebAuthnDisplayName() string                { return u.name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

func (s *Service) user(ctx context.Context, account, name string) (user, error) {
	u := user{account: account, name: name}
	var err error
	if u.keys, err = s.keep.Passkeys(ctx, member.System(), account); err != nil {
		return u, err
	}
	for _, k := range u.keys {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(k.Data), &c); err != nil {
			return u, fmt.Errorf("the passkey %s cannot be read: %w", k.ID, err)
		}
		u.credentials = append(u.credentials, c)
	}
	return u, nil
}

func (s *Service) ask(ctx context.Context, account string, options any, session *webauthn.SessionData) (Question, error) {
	data, err := json.Marshal(session)
	if err != nil {
		return Question{}, err
	}
	token, err := s.keep.AskPasskey(ctx, account, string(data))
	return Question{token, options}, err
}

// asked takes a question back; account is whom it was put to.
func (s *Service) asked(ctx context.Context, token, account string) (webauthn.SessionData, error) {
	var session webauthn.SessionData
	whom, data, err := s.keep.TakeQuestion(ctx, token)
	if err != nil {
		return session, err
	}
	if whom != account {
		return session, refused(nil)
	}
	if err := json.Unmarshal([]byte(data), &session); err != nil {
		return session, fmt.Errorf("what was asked of a passkey cannot be read: %w", err)
	}
	return session, nil
}

func refused(err error) error {
	return fault.Wrap(fault.Unproven, "passkey_refused", "The passkey was not accepted. Try again, or sign in with your password.", err)
}

// BeginAdd asks for a new passkey.
func (s *Service) BeginAdd(ctx context.Context, by member.Actor, site Site) (Question, error) {
	c, err := site.ceremony()
	if err != nil {
		return Question{}, err
	}
	u, err := s.user(ctx, by.Account, by.Name)
	if err != nil {
		return Question{}, err
	}
	options, session, err := c.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.credentials).CredentialDescriptors()))
	if err != nil {
		return Question{}, err
	}
	return s.ask(ctx, by.Account, options, session)
}

// Add checks the answer and keeps the passkey.
func (s *Service) Add(ctx context.Context, by member.Actor, site Site, token, name string, answer []byte) error {
	c, err := site.ceremony()
	if err != nil {
		return err
	}
	session, err := s.asked(ctx, token, by.Account)
	if err != nil {
		return err
	}
	u, err := s.user(ctx, by.Account, by.Name)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return refused(err)
	}
	made, err := c.CreateCredential(u, session, parsed)
	if err != nil {
		return refused(err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		return err
	}
	_, err = s.keep.AddPasskey(ctx, by, member.Passkey{Credential: idOf(made.ID), Name: name, Data: string(data)})
	return err
}

func idOf(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// Begin asks for a passkey: of an account, or "" of whoever has one.
func (s *Service) Begin(ctx context.Context, account string, site Site) (Question, error) {
	c, err := site.ceremony()
	if err != nil {
		return Question{}, err
	}
	if account == "" {
		options, session, err := c.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return Question{}, err
		}
		return s.ask(ctx, "", options, session)
	}
	u, err := s.user(ctx, account, "")
	if err != nil {
		return Question{}, err
	}
	if len(u.credentials) == 0 {
		return Question{}, fault.New(fault.Conflict, "passkey_none", "This account has no passkey. Use your password.")
	}
	options, session, err := c.BeginLogin(u, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Question{}, err
	}
	return s.ask(ctx, account, options, session)
}

// SignIn checks the answer of whoever has a passkey, and opens a session.
func (s *Service) SignIn(ctx context.Context, site Site, token string, answer []byte, from member.Source) (member.Session, member.Actor, error) {
	account, err := s.check(ctx, "", site, token, answer)
	if err != nil {
		return member.Session{}, member.Actor{}, err
	}
	return s.keep.SignInByPasskey(ctx, account, from)
}

// Holder checks the answer of whoever has a passkey, and tells his account. No
// session is opened.
func (s *Service) Holder(ctx context.Context, site Site, token string, answer []byte) (account string, err error) {
	return s.check(ctx, "", site, token, answer)
}

// Prove checks the answer of somebody who is signed in: his session is fresh after it.
func (s *Service) Prove(ctx context.Context, by member.Actor, site Site, token string, answer []byte) error {
	account, err := s.check(ctx, by.Account, site, token, answer)
	if err != nil {
		return err
	}
	if account != by.Account {
		return refused(nil)
	}
	return s.keep.ProvedByPasskey(ctx, by)
}

// check returns the account whose passkey answered.
func (s *Service) check(ctx context.Context, asked string, site Site, token string, answer []byte) (string, error) {
	c, err := site.ceremony()
	if err != nil {
		return "", err
	}
	session, err := s.asked(ctx, token, asked)
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", refused(err)
	}
	var who user
	var got *webauthn.Credential
	if asked == "" {
		_, got, err = c.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			var err error
			who, err = s.user(ctx, string(handle), "")
			return who, err
		}, session, parsed)
	} else if who, err = s.user(ctx, asked, ""); err == nil {
		got, err = c.ValidateLogin(who, session, parsed)
	}
	if err != nil {
		return "", refused(err)
	}
	if got.Authenticator.CloneWarning {
		return "", fault.New(fault.Unproven, "passkey_cloned", "This passkey seems to exist twice, so it was not accepted. Sign in with your password and remove it.")
	}
	for _, k := range who.keys {
		if k.Credential != idOf(got.ID) {
			continue
		}
		data, err := json.Marshal(got)
		if err != nil {
			return "", err
		}
		k.Data = string(data)
		return who.account, s.keep.UsedPasskey(ctx, k)
	}
	return "", refused(nil)
}
