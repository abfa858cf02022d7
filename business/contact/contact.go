// Package contact is whom the holder of an account calls: names and numbers that
// his telephones show instead of digits. They are seen by nobody else.
package contact

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// What a contact may hold, and how many an account may keep.
const (
	MostName   = 100
	MostNumber = 200
	Most       = 1000
)

// Contact is a name for whatever can be called: a number, an e-mail address, a
// domain.
type Contact struct {
	ID      string
	Account string
	Name    string
	Number  string
	Created time.Time
	// Ordinary is the telephone number that Number is, where its holder lives; zero: it
	// is something else. It is not kept.
	Ordinary numbering.Number
}

// Store keeps contacts.
type Store interface {
	Contacts(ctx context.Context, account string) ([]Contact, error)
	// AddContact is false if the account has as many as it may.
	AddContact(ctx context.Context, c Contact, most int) (bool, error)
	ChangeContact(ctx context.Context, c Contact) (bool, error)
	RemoveContact(ctx context.Context, account, id string) (bool, error)
}

// Service is the contacts of all accounts.
type Service struct {
	store Store
	plans *numbering.Plans
	home  func(ctx context.Context, account string) (iso string, err error)
	now   func() time.Time
}

// New returns it; home is the country in which the holder of an account dials.
func New(store Store, plans *numbering.Plans, home func(ctx context.Context, account string) (iso string, err error), now func() time.Time) *Service {
	return &Service{store, plans, home, now}
}

// Of lists an account's contacts by name.
func (s *Service) Of(ctx context.Context, by member.Actor) ([]Contact, error) {
	list, err := s.store.Contacts(ctx, by.Account)
	if err != nil || len(list) == 0 {
		return list, err
	}
	iso, err := s.home(ctx, by.Account)
	for i := range list {
		list[i].Ordinary = s.ordinary(list[i].Number, iso)
	}
	return list, err
}

// ordinary is the telephone number that somebody writes who lives in a country.
func (s *Service) ordinary(written, iso string) (n numbering.Number) {
	x, err := numbering.ParseTyped(written)
	if err != nil {
		return n
	}
	code, national, ok := "", "", false
	switch x.Kind {
	case numbering.Plus:
		code, national, ok = s.plans.SplitE164(x.Text)
	case numbering.Digits:
		code, national, ok = s.plans.Dialable(x.Text, iso)
	default:
	}
	if !ok {
		return n
	}
	return numbering.Number{Kind: numbering.Individual, CallingCode: code, National: national}
}

// Add keeps another.
func (s *Service) Add(ctx context.Context, by member.Actor, name, number string) (Contact, error) {
	now := s.now()
	c := Contact{ID: ident.New("con", now), Account: by.Account, Name: strings.TrimSpace(name), Number: strings.TrimSpace(number), Created: now}
	if err := check(c); err != nil {
		return Contact{}, err
	}
	ok, err := s.store.AddContact(ctx, c, Most)
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "contacts_full", "You keep as many contacts as an account may. Remove one first.")
	}
	return c, err
}

// Change gives one another name or number.
func (s *Service) Change(ctx context.Context, by member.Actor, id, name, number string) error {
	c := Contact{ID: id, Account: by.Account, Name: strings.TrimSpace(name), Number: strings.TrimSpace(number)}
	if err := check(c); err != nil {
		return err
	}
	ok, err := s.store.ChangeContact(ctx, c)
	return found(ok, err)
}

// Remove forgets one.
func (s *Service) Remove(ctx context.Context, by member.Actor, id string) error {
	ok, err := s.store.RemoveContact(ctx, by.Account, id)
	return found(ok, err)
}

func found(ok bool, err error) error {
	if err == nil && !ok {
		err = fault.New(fault.Unknown, "no_contact", "There is no such contact.")
	}
	return err
}

func check(c Contact) error {
	bad := func(s string, most int) bool {
		return s == "" || utf8.RuneCountInString(s) > most || strings.ContainsFunc(s, unicode.IsControl)
	}
	switch {
	case bad(c.Name, MostName):
		return fault.New(fault.Invalid, "contact_name", "A contact needs a name of at most 100 letters.").WithFields(fault.Field{Name: "name", Text: "Give a name."})
	case bad(c.Number, MostNumber) || !dialable(c.Number):
		return fault.New(fault.Invalid, "contact_number", "A contact needs what can be called: a number as 2 555 1234 82, 5550100#82 or +49 30 901820, an e-mail address, or a domain as example.com.").
			WithFields(fault.Field{Name: "number", Text: "Give a number, an e-mail address or a domain."})
	}
	return nil
}

// dialable reports what can be dialled, by its looks.
func dialable(s string) bool {
	x, err := numbering.ParseTyped(s)
	if err != nil {
		return false
	}
	if x.Kind != numbering.Address {
		return true
	}
	user, domain, _ := strings.Cut(x.Text, "@")
	at, err := numbering.ParseTyped(domain)
	return err == nil && at.Kind == numbering.Domain && user != "" && !strings.ContainsAny(x.Text, " ,;<>") && !strings.Contains(domain, "@")
}

// Names are what an account calls people, by their numbers.
type Names map[string]string

// NamesOf is those of a list of contacts.
func NamesOf(list []Contact) Names {
	n := make(Names, len(list))
	for _, c := range slices.Backward(list) { // of two, the first is taken
		if !c.Ordinary.Zero() { // a caller is told in one of these forms, whichever was written down
			n[c.Ordinary.E164()], n[c.Ordinary.Canonical()] = c.Name, c.Name
		}
	}
	for _, c := range slices.Backward(list) {
		n[plain(c.Number)] = c.Name
	}
	return n
}

// Of is what somebody is called whose number is one of these, however it is written;
// "" if he is not among them.
func (n Names) Of(written ...string) string {
	for _, w := range written {
		if key := plain(w); key != "" && n[key] != "" {
			return n[key]
		}
	}
	return ""
}

// plain is a number without what only makes it readable.
func plain(number string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "(", "", ")", "", ".", "", "-", "", "*", "#").Replace(number))
}
