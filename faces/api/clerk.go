package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// AccountFile is what staff reads of an account. No secret is among it.
type AccountFile struct {
	Account
	Barred    *time.Time `json:"barred_at,omitempty" doc:"Since when the operator keeps it from signing in"`
	BarredWhy string     `json:"barred_why,omitempty"`
}

type wholeFile struct {
	AccountFile
	Balance  *money.Amount `json:"balance,omitempty" doc:"Of the wallet"`
	Orders   []order       `json:"orders" doc:"The latest 50"`
	Lines    []Membership  `json:"memberships"`
	Sessions []SessionInfo `json:"sessions"`
	Keys     []APIKey      `json:"api_keys"`
	Remarks  []remark      `json:"remarks" doc:"What staff did and wrote, the latest first"`
}

type remark struct {
	Code string    `json:"code" enum:"barred,lifted,noted,terms,suspended,resumed"`
	Text string    `json:"text,omitempty"`
	By   string    `json:"by" doc:"Who did it"`
	At   time.Time `json:"at"`
}

func (f *face) registerClerk() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, status))
		f.describeProblems(&o)
		return o
	}
	const at = "/api/v1/accounts"
	huma.Register(f.api, reg(http.MethodGet, at, "find-accounts", "Accounts by a part of a name, an address or a number; the newest first", 0), f.findAccounts)
	huma.Register(f.api, reg(http.MethodGet, at+"/{id}", "get-account", "An account with its numbers, wallet, sessions and what staff wrote", 0), f.getAccount)
	huma.Register(f.api, reg(http.MethodPost, at+"/{id}/bar", "bar-account", "Keep an account from signing in, or let it again", 0), f.barAccount)
	huma.Register(f.api, reg(http.MethodPost, at+"/{id}/notes", "note-account", "Write something about an account that only staff sees", http.StatusNoContent), f.noteAccount)
}

func showFile(a member.Account) AccountFile {
	return AccountFile{Account: showAccount(a), Barred: when(a.Barred), BarredWhy: a.BarredWhy}
}

func (f *face) findAccounts(ctx context.Context, in *struct {
	Paging
	Search string `query:"search" doc:"A part of a name, of an e-mail address, or of a number"`
}) (*body[list[AccountFile]], error) {
	items, next, err := f.Clerk.Find(ctx, actor(ctx), in.Search, in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, showFile), nil
}

func (f *face) getAccount(ctx context.Context, in *ByID) (*body[wholeFile], error) {
	who := actor(ctx)
	if err := who.OperatorOnly(); err != nil { // one's own is at /me
		return nil, f.fail(ctx, err)
	}
	a, err := f.Accounts.Account(ctx, who, in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := wholeFile{AccountFile: showFile(a), Orders: []order{}, Lines: []Membership{}, Sessions: []SessionInfo{}, Keys: []APIKey{}, Remarks: []remark{}}
	if err := f.fillFile(ctx, who, a.ID, &out); err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[wholeFile]{out}, nil
}

func (f *face) fillFile(ctx context.Context, who member.Actor, id string, out *wholeFile) error {
	orders, _, err := f.Orders.Orders(ctx, who, id, "", 50)
	for _, o := range orders {
		out.Orders = append(out.Orders, f.showOrder(o))
	}
	if err != nil {
		return err
	}
	lines, err := f.Members.Memberships(ctx, who, id)
	for _, m := range lines {
		out.Lines = append(out.Lines, f.showMembership(m))
	}
	if err != nil {
		return err
	}
	sessions, err := f.Sessions.Sessions(ctx, who, id)
	for _, s := range sessions {
		out.Sessions = append(out.Sessions, showSession(s, who))
	}
	if err != nil {
		return err
	}
	keys, err := f.Keys.APIKeys(ctx, who, id)
	for _, k := range keys {
		out.Keys = append(out.Keys, showKey(k))
	}
	if err != nil {
		return err
	}
	remarks, err := f.Clerk.Remarks(ctx, who, id)
	for _, x := range remarks {
		out.Remarks = append(out.Remarks, remark{Code: x.Code, Text: x.Text, By: x.Name, At: x.At.UTC()})
	}
	if err != nil {
		return err
	}
	balance, err := f.Wallet.Balance(ctx, ledger.WalletID(id, f.Currency))
	switch {
	case err == nil:
		out.Balance = &balance
	case fault.KindOf(err) != fault.Unknown: // an operator has none
		return err
	}
	return nil
}

func (f *face) barAccount(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Stop bool   `json:"stop" doc:"false lets it sign in again"`
		Why  string `json:"why,omitempty" doc:"The holder reads this when he tries to sign in"`
	}
}) (*body[AccountFile], error) {
	do := f.Clerk.Lift
	if in.Body.Stop {
		do = f.Clerk.Bar
	}
	a, err := do(ctx, actor(ctx), in.ID, in.Body.Why)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[AccountFile]{showFile(a)}, nil
}

func (f *face) noteAccount(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Text string `json:"text"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Clerk.Note(ctx, actor(ctx), in.ID, in.Body.Text))
}
