package web

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// Contacts are whom a member calls.
type Contacts interface {
	Of(ctx context.Context, by member.Actor) ([]contact.Contact, error)
	Add(ctx context.Context, by member.Actor, name, number string) (contact.Contact, error)
	Change(ctx context.Context, by member.Actor, id, name, number string) error
	Remove(ctx context.Context, by member.Actor, id string) error
}

func (f *face) contactRoutes() map[string]handler {
	return map[string]handler{
		"GET /contacts":              f.contacts,
		"POST /contacts":             f.addContact,
		"POST /contacts/{id}":        f.changeContact,
		"POST /contacts/{id}/remove": f.removeContact,
	}
}

// contactsData is the page of contacts, and what was wrong with a form of it.
type contactsData struct {
	List         []contact.Contact
	Name, Number string
	Problem      string
}

func (f *face) contacts(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showContacts(r, p, contactsData{Number: r.URL.Query().Get("number")})
}

func (f *face) showContacts(r *http.Request, p *page, d contactsData) (_ templ.Component, err error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	p.Title = p.T("dock.contacts")
	d.List, err = f.Contacts.Of(r.Context(), p.Who)
	return contactsPage(p, d), err
}

// names are what the member calls people.
func (f *face) names(ctx context.Context, p *page) (contact.Names, error) {
	list, err := f.Contacts.Of(ctx, p.Who)
	return contact.NamesOf(list), err
}

// contactDone goes back to the list, or shows it with what was wrong.
func (f *face) contactDone(r *http.Request, p *page, err error) (templ.Component, error) {
	if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.Conflict) {
		p.Status = http.StatusUnprocessableEntity
		return f.showContacts(r, p, contactsData{Name: r.PostFormValue("name"), Number: r.PostFormValue("number"), Problem: p.why(err)})
	}
	if err != nil {
		return nil, err
	}
	return nil, redirect{"/contacts"}
}

func (f *face) addContact(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	_, err := f.Contacts.Add(r.Context(), p.Who, r.PostFormValue("name"), r.PostFormValue("number"))
	return f.contactDone(r, p, err)
}

func (f *face) changeContact(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.contactDone(r, p, f.Contacts.Change(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("name"), r.PostFormValue("number")))
}

func (f *face) removeContact(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.contactDone(r, p, f.Contacts.Remove(r.Context(), p.Who, r.PathValue("id")))
}

// knownContacts are the contacts as the telephone offers them.
func knownContacts(list []contact.Contact) []knownNumber {
	out := make([]knownNumber, 0, len(list))
	for _, c := range list {
		out = append(out, knownNumber{Name: c.Name, Number: c.Number})
	}
	return out
}
