package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/member"
)

// Names keeps the domain names and e-mail addresses that stand for numbers.
type Names interface {
	Names(ctx context.Context, by member.Actor, account string) ([]alias.Name, error)
	All(ctx context.Context, by member.Actor, cursor string, limit int) (list []alias.Name, next string, err error)
	Add(ctx context.Context, by member.Actor, name, number string) (alias.Name, error)
	Check(ctx context.Context, by member.Actor, id string) (alias.Name, error)
	Confirm(ctx context.Context, token string) (alias.Name, error)
	Remove(ctx context.Context, by member.Actor, id string) error
}

// HeldName is a domain name or an e-mail address that stands for a number.
type HeldName struct {
	ID      string     `json:"id"`
	Account string     `json:"account,omitempty" doc:"Whose it is; for the operator"`
	Name    string     `json:"name" doc:"As people write it"`
	Kind    string     `json:"kind" enum:"domain,email"`
	Number  string     `json:"number" doc:"What it stands for; of a company its root"`
	State   string     `json:"state" enum:"waiting,proved"`
	Record  *txtRecord `json:"record,omitempty" doc:"Of a domain: the record that proves it, and has to stay"`
	Missing *time.Time `json:"missing_since,omitempty" doc:"Since when the record of a proved domain is gone; after two weeks the name is removed"`
	Created time.Time  `json:"created_at"`
}

type txtRecord struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Text string `json:"text"`
}

func (f *face) registerNames() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	open := func(o huma.Operation) huma.Operation { f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/names", "names", "Numbers", "Domain names and e-mail addresses that stand for your numbers", 0)), f.listNames)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/names", "add-name", "Numbers", "Register a domain name or an e-mail address for a number; it counts once it is proved", http.StatusCreated)), f.addName)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/names/{id}/check", "check-name", "Numbers", "Look for the TXT record of a domain now", 0)), f.checkName)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/names/{id}", "remove-name", "Numbers", "Take a name away", http.StatusNoContent)), f.removeName)
	huma.Register(f.api, open(op(http.MethodPost, "/api/v1/names/confirm", "confirm-name", "Numbers", "Prove an e-mail address with the token of the letter to it", 0)), f.confirmName)
}

func showName(n alias.Name, by member.Actor) HeldName {
	out := HeldName{ID: n.ID, Name: n.Shown(), Kind: string(n.Kind), Number: n.Stands(), State: string(n.State), Created: n.Created.UTC()}
	if by.Role == member.Operator {
		out.Account = n.Account
	}
	if n.Kind == alias.Domain {
		name, text := n.Record()
		out.Record = &txtRecord{name, "TXT", text}
	}
	if !n.Missing.IsZero() {
		t := n.Missing.UTC()
		out.Missing = &t
	}
	return out
}

func (f *face) listNames(ctx context.Context, in *struct {
	Paging
	All bool `query:"all" doc:"Those of everybody, for the operator. Without it, all of yours come at once"`
}) (*body[list[HeldName]], error) {
	by := actor(ctx)
	show := func(n alias.Name) HeldName { return showName(n, by) }
	if in.All {
		names, next, err := f.Names.All(ctx, by, in.Cursor, in.Limit)
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		return page(names, next, show), nil
	}
	names, err := f.Names.Names(ctx, by, by.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(names, "", show), nil
}

func (f *face) addName(ctx context.Context, in *struct {
	Body struct {
		Name   string `json:"name" maxLength:"300" doc:"example.com or ann@example.com"`
		Number string `json:"number" doc:"A number of yours, a company's root, or a telephone you have proved, with +"`
	}
}) (*body[HeldName], error) {
	n, err := f.Names.Add(ctx, actor(ctx), in.Body.Name, in.Body.Number)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[HeldName]{showName(n, actor(ctx))}, nil
}

func (f *face) checkName(ctx context.Context, in *ByID) (*body[HeldName], error) {
	n, err := f.Names.Check(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[HeldName]{showName(n, actor(ctx))}, nil
}

func (f *face) confirmName(ctx context.Context, in *struct {
	Body struct {
		Token string `json:"token"`
	}
}) (*body[HeldName], error) {
	n, err := f.Names.Confirm(ctx, in.Body.Token)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[HeldName]{showName(n, member.Actor{})}, nil
}

func (f *face) removeName(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Names.Remove(ctx, actor(ctx), in.ID))
}
