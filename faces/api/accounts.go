package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
)

type accountIn struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
	Country  string `json:"country,omitempty" doc:"ISO code"`
	Language string `json:"language,omitempty" doc:"BCP 47"`
	TimeZone string `json:"time_zone,omitempty" doc:"IANA name"`
}

// Account is a member's account. What is embedded is exported, or the description of the API would lack its fields.
type Account struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Email     string     `json:"email"`
	Role      string     `json:"role"`
	Country   string     `json:"country"`
	Language  string     `json:"language" doc:"Of pages and letters, BCP 47"`
	Languages []string   `json:"languages" doc:"Spoken, mother tongue first"`
	TimeZone  string     `json:"time_zone"`
	Company   string     `json:"company,omitempty" doc:"Whom invoices go to"`
	TaxID     string     `json:"tax_id,omitempty"`
	Address   string     `json:"address,omitempty" doc:"For invoices"`
	Created   time.Time  `json:"created_at"`
	Confirmed *time.Time `json:"confirmed_at,omitempty" doc:"When the e-mail address was proved"`
}

type signedUp struct {
	Account
	APIKey string `json:"api_key,omitempty" doc:"Shown this once"`
	State  string `json:"state" doc:"open, or confirm_email: the rest is in the letter sent to the address"`
}

type signedUpAnswer struct {
	Status int
	Body   signedUp
}

type session struct {
	Token   string    `json:"token" doc:"A bearer token until expires_at"`
	Expires time.Time `json:"expires_at"`
	Account string    `json:"account"`
	Name    string    `json:"name"`
}

// APIKey is what may be told of a key.
type APIKey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Prefix  string     `json:"prefix" doc:"Its first letters, to tell keys apart"`
	Created time.Time  `json:"created_at"`
	Used    *time.Time `json:"used_at,omitempty" doc:"Last use, exact to ten minutes"`
	Revoked *time.Time `json:"revoked_at,omitempty"`
}

type newKey struct {
	APIKey
	Key string `json:"key" doc:"Shown this once"`
}

func (f *face) registerAccounts() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	open := func(o huma.Operation) huma.Operation { f.describeProblems(&o); return o }
	huma.Register(f.api, open(op(http.MethodPost, "/api/v1/accounts", "sign-up", "Account", "Open an account with a wallet", http.StatusCreated)), f.signUp)
	huma.Register(f.api, open(op(http.MethodPost, "/api/v1/sessions", "sign-in", "Account", "Sign in with e-mail and password", http.StatusCreated)), f.signIn)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/sessions/current", "sign-out", "Account", "End the session whose token this is", http.StatusNoContent)), f.signOut)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/me", "me", "Account", "Your account", 0)), f.me)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/keys", "list-keys", "Account", "Your API keys", 0)), f.listKeys)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/keys", "new-key", "Account", "Make an API key", http.StatusCreated)), f.newKey)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/keys/{id}", "revoke-key", "Account", "End an API key", http.StatusNoContent)), f.revokeKey)
}

func showAccount(a member.Account) Account {
	return Account{ID: a.ID, Name: a.Name, Email: a.Email, Role: string(a.Role), Country: a.Country, Language: a.Language, Languages: orEmpty(a.Languages),
		TimeZone: a.TimeZone, Company: a.Business.Company, TaxID: a.Business.TaxID, Address: a.Business.Address, Created: a.Created.UTC(), Confirmed: when(a.Confirmed)}
}

func (f *face) signUp(ctx context.Context, in *struct{ Body accountIn }) (*signedUpAnswer, error) {
	b := in.Body
	a, err := f.Accounts.SignUp(ctx, member.SignUp{
		Name: b.Name, Email: b.Email, Password: b.Password, Country: b.Country, Language: b.Language, TimeZone: b.TimeZone, From: from(ctx),
	})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	if a.ID == "" { // the same answer for an address that is taken
		return &signedUpAnswer{http.StatusAccepted, signedUp{Account: showAccount(a), State: "confirm_email"}}, nil
	}
	key, _, err := f.Keys.NewAPIKey(ctx, member.Actor{Account: a.ID, Name: a.Name, Role: a.Role, Proved: f.Now()}, a.ID, "first key")
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &signedUpAnswer{http.StatusCreated, signedUp{showAccount(a), key, "open"}}, nil
}

func (f *face) signIn(ctx context.Context, in *struct {
	Body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
}) (*body[session], error) {
	s, who, err := f.Accounts.SignIn(ctx, in.Body.Email, in.Body.Password, from(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[session]{session{Token: s.Token, Expires: s.Expires.UTC(), Account: who.Account, Name: who.Name}}, nil
}

func (f *face) signOut(ctx context.Context, in *struct {
	Authorization string `header:"Authorization"`
}) (*struct{}, error) {
	_, token, _ := strings.Cut(in.Authorization, " ")
	return nil, f.fail(ctx, f.Accounts.SignOut(ctx, strings.TrimSpace(token)))
}

func (f *face) me(ctx context.Context, _ *struct{}) (*body[Account], error) {
	who := actor(ctx)
	a, err := f.Accounts.Account(ctx, who, who.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Account]{showAccount(a)}, nil
}

func showKey(k member.APIKey) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, Prefix: k.Prefix, Created: k.Created.UTC(), Used: when(k.Used), Revoked: when(k.Revoked)}
}

func (f *face) listKeys(ctx context.Context, _ *struct{}) (*body[list[APIKey]], error) {
	keys, err := f.Keys.APIKeys(ctx, actor(ctx), actor(ctx).Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(keys, "", showKey), nil
}

func (f *face) newKey(ctx context.Context, in *struct {
	Body struct {
		Name     string `json:"name" doc:"What it is for"`
		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*body[newKey], error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	clear, k, err := f.Keys.NewAPIKey(ctx, who, who.Account, in.Body.Name)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[newKey]{newKey{showKey(k), clear}}, nil
}

func (f *face) revokeKey(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Keys.RevokeAPIKey(ctx, actor(ctx), in.ID))
}
