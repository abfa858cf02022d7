package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/member"
)

// Contacts are whom a member calls.
type Contacts interface {
	Of(ctx context.Context, by member.Actor) ([]contact.Contact, error)
	Add(ctx context.Context, by member.Actor, name, number string) (contact.Contact, error)
	Change(ctx context.Context, by member.Actor, id, name, number string) error
	Remove(ctx context.Context, by member.Actor, id string) error
}

type contactView struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Number  string    `json:"number"`
	Created time.Time `json:"created_at"`
}

func viewContact(c contact.Contact) contactView {
	return contactView{c.ID, c.Name, c.Number, c.Created.UTC()}
}

type contactBody struct {
	Name   string `json:"name" minLength:"1" maxLength:"100"`
	Number string `json:"number" minLength:"1" maxLength:"200" doc:"Whatever can be called: a number, an e-mail address, a domain"`
}

func (f *face) registerContacts() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Calls", summary, status))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/contacts", "list-contacts", "Your contacts, by name", 0), f.listContacts)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/contacts", "add-contact", "Keep a contact", http.StatusCreated), f.addContact)
	huma.Register(f.api, reg(http.MethodPut, "/api/v1/contacts/{id}", "change-contact", "Change a contact", http.StatusNoContent), f.changeContact)
	huma.Register(f.api, reg(http.MethodDelete, "/api/v1/contacts/{id}", "remove-contact", "Remove a contact", http.StatusNoContent), f.removeContact)
}

func (f *face) listContacts(ctx context.Context, _ *struct{}) (*body[list[contactView]], error) {
	all, err := f.Contacts.Of(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := list[contactView]{Items: make([]contactView, 0, len(all))}
	for _, c := range all {
		out.Items = append(out.Items, viewContact(c))
	}
	return &body[list[contactView]]{out}, nil
}

func (f *face) addContact(ctx context.Context, in *struct{ Body contactBody }) (*body[contactView], error) {
	c, err := f.Contacts.Add(ctx, actor(ctx), in.Body.Name, in.Body.Number)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[contactView]{viewContact(c)}, nil
}

func (f *face) changeContact(ctx context.Context, in *struct {
	ID   string `path:"id"`
	Body contactBody
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Contacts.Change(ctx, actor(ctx), in.ID, in.Body.Name, in.Body.Number))
}

func (f *face) removeContact(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Contacts.Remove(ctx, actor(ctx), in.ID))
}
