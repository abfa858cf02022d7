package web

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

func (f *face) moneyRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/letters":             f.letters,
		"POST /operator/letters/{id}/again": f.letterAgain,
	}
}

// mustOperator lets only the operator's staff on.
func (p *page) mustOperator() error {
	if err := p.must(); err != nil {
		return err
	}
	if p.Who.Role != member.Operator {
		return fault.New(fault.Forbidden, "operator_only", "%s", p.T("error.operator_only"))
	}
	return nil
}

// letters shows what could not be sent.
func (f *face) letters(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.mustOperator(); err != nil {
		return nil, err
	}
	list, err := f.Letters.Unsent(r.Context(), 200)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("letters.title")
	return lettersPage(p, list), nil
}

func (f *face) letterAgain(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.mustOperator(); err != nil {
		return nil, err
	}
	if err := f.Letters.Again(r.Context(), r.PathValue("id"), f.Now()); err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/letters"}
}
