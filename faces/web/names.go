package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/faces/httpstatus"
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

func (f *face) nameRoutes() map[string]handler {
	return map[string]handler{
		"GET /names":              f.heldNames,
		"POST /names":             f.addName,
		"POST /names/{id}/check":  f.checkName,
		"POST /names/{id}/remove": f.removeName,
		"GET /names/confirm":      f.confirmNameForm,
		"POST /names/confirm":     f.confirmName,
		"GET /operator/names":     f.staffOnly(f.allNames),
	}
}

// namesData is the names of somebody, and what was typed.
type namesData struct {
	List   []alias.Name
	Typed  url.Values
	Errors map[string]string
	Next   string // where the next page of the operator's list begins
}

func (f *face) namesOf(r *http.Request, p *page, err error) (templ.Component, error) {
	d := namesData{Typed: r.Form}
	if d.Typed == nil {
		d.Typed = r.URL.Query()
	}
	if err != nil {
		switch k := fault.KindOf(err); k {
		case fault.Invalid, fault.Conflict, fault.Forbidden, fault.Limited, fault.Unavailable:
			p.Status, d.Errors = httpstatus.Of(k), p.errorsOf(err)
		default:
			return nil, err
		}
	}
	p.Title = p.T("names.title")
	if d.List, err = f.Names.Names(r.Context(), p.Who, p.Who.Account); err != nil {
		return nil, err
	}
	return namesPage(p, d), nil
}

func (f *face) heldNames(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.namesOf(r, p, nil)
}

func (f *face) addName(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if _, err := f.Names.Add(r.Context(), p.Who, strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("number"))); err != nil {
		return f.namesOf(r, p, err)
	}
	return nil, redirect{"/names"}
}

func (f *face) checkName(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if _, err := f.Names.Check(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return f.namesOf(r, p, err)
	}
	return nil, redirect{"/names"}
}

func (f *face) removeName(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Names.Remove(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	if r.PostFormValue("desk") != "" && p.Who.Role == member.Operator {
		return nil, redirect{"/operator/names"}
	}
	return nil, redirect{"/names"}
}

// confirmNameForm asks once more: what reads letters for people opens links too.
func (f *face) confirmNameForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Title, p.Secret = p.T("names.confirm_title"), true
	return confirmNamePage(p, r.URL.Query().Get("token"), nil), nil
}

func (f *face) confirmName(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	n, err := f.Names.Confirm(r.Context(), r.PostFormValue("token"))
	if err != nil {
		return nil, err
	}
	p.Title = p.T("names.confirm_title")
	return confirmNamePage(p, "", &n), nil
}

// allNames is the operator's list.
func (f *face) allNames(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	const some = 50
	list, next, err := f.Names.All(r.Context(), p.Who, r.URL.Query().Get("cursor"), some)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("operator.names")
	return allNamesPage(p, namesData{List: list, Next: next}), nil
}
