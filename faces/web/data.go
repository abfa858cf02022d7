package web

import (
	"io"
	"net/http"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/faces/freight"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// export gives everything we know of the account, to its holder only.
func (f *face) export(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Sessions.Fresh(p.Who); err != nil {
		return nil, err
	}
	f.send(w, r, "callisto-"+f.Now().UTC().Format("2006-01-02")+".zip", "application/zip", func(to io.Writer) error { return f.Takeout.Write(r.Context(), to, p.Who) })
	return nil, nil
}

// send hands out a file as it is made.
func (f *face) send(w http.ResponseWriter, r *http.Request, name, kind string, write func(io.Writer) error) {
	freight.Send(w, name, kind, func(err error) { f.Log.ErrorContext(r.Context(), "a file is not whole", "name", name, "error", err) }, write)
}

// erasure is the page on which an account is ended.
type erasure struct {
	member.Left
	Problem string
}

func (f *face) eraseForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Sessions.Fresh(p.Who); err != nil { // asked before it is read, not after it is decided
		return nil, err
	}
	left, err := f.Eraser.Left(r.Context(), p.Who)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("erase.title")
	return erasePage(p, erasure{Left: left}), nil
}

func (f *face) erase(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	err := f.Eraser.Erase(r.Context(), p.Who, r.PostFormValue("give_up") == "yes")
	if err != nil {
		if fault.KindOf(err) != fault.Conflict {
			return nil, err
		}
		left, lerr := f.Eraser.Left(r.Context(), p.Who)
		if lerr != nil {
			return nil, lerr
		}
		p.Status, p.Title = httpstatus.Of(fault.Conflict), p.T("erase.title")
		return erasePage(p, erasure{Left: left, Problem: p.why(err)}), nil
	}
	f.dropSession(w)
	p.Who, p.Title = member.Actor{}, p.T("erase.done")
	return erasedPage(p), nil
}
