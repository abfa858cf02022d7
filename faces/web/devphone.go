package web

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/faces/source"
)

// FirstPhones are the links by which a sample member of `callisto dev` is signed
// in at his telephone. Each opens once.
type FirstPhones interface {
	Open(token string) (email, password, other string, ok bool)
}

// firstPhone signs a sample member in and opens his telephone, with the number of
// the other in its field.
func (f *face) firstPhone(w http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	email, password, other, ok := f.FirstPhones.Open(r.PathValue("token"))
	if !ok {
		return nil, fault.New(fault.Unknown, "link_used", "This link opened once already, or is of an earlier start. Sign in with the address and password that dev printed.")
	}
	s, _, err := f.Accounts.SignIn(r.Context(), email, password, source.Of(r))
	if err != nil {
		return nil, err
	}
	f.setSession(w, s)
	return nil, redirect{"/calls#phone=" + url.PathEscape(other)}
}
