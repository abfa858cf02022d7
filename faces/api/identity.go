package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
)

// SessionInfo is where an account is signed in.
type SessionInfo struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created_at"`
	Seen    time.Time `json:"seen_at" doc:"Exact to ten minutes"`
	Expires time.Time `json:"expires_at"`
	Browser string    `json:"browser"`
	Network string    `json:"network" doc:"The address, shortened to its network"`
	Current bool      `json:"current" doc:"The one this request came with"`
}

func (f *face) registerIdentity() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	open := func(o huma.Operation) huma.Operation { f.describeProblems(&o); return o }
	huma.Register(f.api, open(op(http.MethodPost, "/api/v1/confirmations", "confirm-email", "Account", "Prove an e-mail address with the token of the letter", http.StatusNoContent)), f.confirm)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/me/confirmation", "resend-confirmation", "Account", "Send the letter again", http.StatusAccepted)), f.resend)
	huma.Register(f.api, open(op(http.MethodPost, "/api/v1/password-recoveries", "recover-password", "Account", "Ask for a letter with a link to choose a new password; the answer is the same for every address", http.StatusAccepted)), f.recover)
	huma.Register(f.api, open(op(http.MethodPost, "/api/v1/password-resets", "reset-password", "Account", "Choose a new password with the token of the letter; every session ends", http.StatusNoContent)), f.reset)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/me/password", "change-password", "Account", "Change the password; all other sessions end", http.StatusNoContent)), f.changePassword)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/me/email", "change-email", "Account", "Ask for another e-mail address; it counts once the link sent there is opened", http.StatusAccepted)), f.moveEmail)
	huma.Register(f.api, reg(op(http.MethodPatch, "/api/v1/me", "change-me", "Account", "Change what you say of yourself; what is left out stays", 0)), f.changeMe)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/me/export", "export-me", "Account", "Everything that is known of you, as a ZIP of JSON files", 0)), f.export)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/me/erasure", "erase-me", "Account", "Erase the account; it cannot be undone", http.StatusNoContent)), f.erase)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/sessions", "list-sessions", "Account", "Where you are signed in", 0)), f.listSessions)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/sessions/{id}", "end-session", "Account", "Sign out there", http.StatusNoContent)), f.endSession)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/sessions", "end-other-sessions", "Account", "Sign out everywhere else", http.StatusNoContent)), f.endOtherSessions)
}

// proved is who acts, fresh if the password came along.
func (f *face) proved(ctx context.Context, password string) (member.Actor, error) {
	who := actor(ctx)
	if password == "" {
		return who, nil
	}
	return f.Sessions.Prove(ctx, who, password, from(ctx))
}

func (f *face) confirm(ctx context.Context, in *struct {
	Body struct {
		Token string `json:"token"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Identity.Confirm(ctx, in.Body.Token))
}

func (f *face) resend(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Identity.Resend(ctx, actor(ctx)))
}

func (f *face) recover(ctx context.Context, in *struct {
	Body struct {
		Email string `json:"email"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Identity.Recover(ctx, in.Body.Email, from(ctx)))
}

func (f *face) reset(ctx context.Context, in *struct {
	Body struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Identity.Reset(ctx, in.Body.Token, in.Body.Password))
}

func (f *face) changePassword(ctx context.Context, in *struct {
	Body struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Identity.ChangePassword(ctx, actor(ctx), in.Body.Old, in.Body.New, from(ctx)))
}

func (f *face) moveEmail(ctx context.Context, in *struct {
	Body struct {
		Email    string `json:"email"`
		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*struct{}, error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return nil, f.fail(ctx, f.Identity.MoveEmail(ctx, who, in.Body.Email))
}

type meIn struct {
	Name      *string   `json:"name,omitempty"`
	Country   *string   `json:"country,omitempty" doc:"ISO code"`
	Languages *[]string `json:"languages,omitempty" doc:"BCP 47, mother tongue first"`
	TimeZone  *string   `json:"time_zone,omitempty" doc:"IANA name"`
	Language  *string   `json:"language,omitempty" doc:"Of pages and letters"`
	Company   *string   `json:"company,omitempty"`
	TaxID     *string   `json:"tax_id,omitempty"`
	Address   *string   `json:"address,omitempty"`
}

func (f *face) changeMe(ctx context.Context, in *struct{ Body meIn }) (*body[Account], error) {
	who := actor(ctx)
	a, err := f.Accounts.Account(ctx, who, who.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	p := member.Profile{Name: a.Name, Country: a.Country, Languages: a.Languages, TimeZone: a.TimeZone, Language: a.Language, Business: a.Business}
	b := in.Body
	for _, x := range []struct{ in, out *string }{
		{b.Name, &p.Name}, {b.Country, &p.Country}, {b.TimeZone, &p.TimeZone}, {b.Language, &p.Language},
		{b.Company, &p.Business.Company}, {b.TaxID, &p.Business.TaxID}, {b.Address, &p.Business.Address},
	} {
		if x.in != nil {
			*x.out = *x.in
		}
	}
	if b.Languages != nil {
		p.Languages = *b.Languages
	}
	if a, err = f.Accounts.ChangeProfile(ctx, who, p); err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Account]{showAccount(a)}, nil
}

func (f *face) listSessions(ctx context.Context, _ *struct{}) (*body[list[SessionInfo]], error) {
	who := actor(ctx)
	items, err := f.Sessions.Sessions(ctx, who, who.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, "", func(s member.Session) SessionInfo { return showSession(s, who) }), nil
}

func showSession(s member.Session, who member.Actor) SessionInfo {
	return SessionInfo{ID: s.ID, Created: s.Created.UTC(), Seen: s.Seen.UTC(), Expires: s.Expires.UTC(), Browser: s.Browser, Network: s.Source, Current: s.ID != "" && s.ID == who.Session}
}

func (f *face) endSession(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Sessions.EndSession(ctx, actor(ctx), in.ID))
}

func (f *face) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Sessions.EndOtherSessions(ctx, actor(ctx)))
}

// ProofIn is the password once more: for what is only for oneself.
type ProofIn struct {
	Password string `json:"password" doc:"Yours"`
}

func (f *face) export(ctx context.Context, in *struct{ Body ProofIn }) (*huma.StreamResponse, error) {
	who, err := f.Sessions.Prove(ctx, actor(ctx), in.Body.Password, from(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		f.send(c, "", "application/zip", func(to io.Writer) error { return f.Takeout.Write(c.Context(), to, who) })
	}}, nil
}

func (f *face) erase(ctx context.Context, in *struct {
	Body struct {
		ProofIn
		GiveUp bool `json:"give_up,omitempty" doc:"Give up what is in the wallet, and every number"`
	}
}) (*struct{}, error) {
	who, err := f.Sessions.Prove(ctx, actor(ctx), in.Body.Password, from(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return nil, f.fail(ctx, f.Eraser.Erase(ctx, who, in.Body.GiveUp))
}
