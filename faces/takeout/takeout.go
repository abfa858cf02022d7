// Package takeout writes everything the house knows of an account into one ZIP
// of JSON files: what a person may ask for (GDPR Article 15 and 20), and what a
// company needs to go elsewhere. Secrets are not in it.
package takeout

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/business/shop"
)

// Accounts is who the account is and how it signs in.
type Accounts interface {
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
	Sessions(ctx context.Context, by member.Actor, account string) ([]member.Session, error)
	APIKeys(ctx context.Context, by member.Actor, account string) ([]member.APIKey, error)
	Passkeys(ctx context.Context, by member.Actor, account string) ([]member.Passkey, error)
	Memberships(ctx context.Context, by member.Actor, account string) ([]member.Membership, error)
	Devices(ctx context.Context, by member.Actor, membership string) ([]member.Device, error)
}

// Orders is what it bought.
type Orders interface {
	Orders(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]shop.Order, string, error)
	Events(ctx context.Context, by member.Actor, id string) ([]shop.Event, error)
}

// Wallet is what it paid.
type Wallet interface {
	History(ctx context.Context, account, cursor string, limit int) ([]ledger.Line, string, error)
}

// Calls is whom it called.
type Calls interface {
	History(ctx context.Context, account, cursor string, limit int) (cdr.Page, error)
}

// Letters is what we wrote.
type Letters interface {
	Of(ctx context.Context, account string) ([]letter.Queued, error)
}

// Cards is what it lets everybody see of its numbers.
type Cards interface {
	Mine(ctx context.Context, by member.Actor, membership string) (publish.Card, error)
}

// Names is the domains and e-mail addresses that stand for its numbers.
type Names interface {
	Names(ctx context.Context, by member.Actor, account string) ([]alias.Name, error)
}

// Telephones is the telephone numbers it rents.
type Telephones interface {
	Held(ctx context.Context, by member.Actor, account string) ([]did.Number, error)
}

// Packages is the minutes it bought.
type Packages interface {
	Allowances(ctx context.Context, by member.Actor, account string) ([]bundle.Allowance, error)
}

// IDCards is its ID cards, and where it was signed in with them.
type IDCards interface {
	Cards(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]idcard.Card, string, error)
	SignIns(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]idcard.SignIn, string, error)
}

// Limits is what its calls may cost, and which were refused.
type Limits interface {
	Of(ctx context.Context, by member.Actor, account string) (guard.View, error)
	BlocksOf(ctx context.Context, by member.Actor, f guard.BlockFilter) ([]guard.Block, string, error)
}

// AutoTopUps is how its wallet is filled by itself.
type AutoTopUps interface {
	Auto(ctx context.Context, by member.Actor, account string) (payment.AutoView, error)
}

// Contacts is whom it calls by name.
type Contacts interface {
	Of(ctx context.Context, by member.Actor) ([]contact.Contact, error)
}

// Setups is the links by which its telephones were set up.
type Setups interface {
	Links(ctx context.Context, by member.Actor, membership string) ([]setup.Link, error)
}

// Access is how it comes in from any telephone: by which, and its short numbers.
type Access interface {
	Of(ctx context.Context, account string) (access.Settings, []access.Short, error)
}

// PINs tells whether it has a PIN, which nobody can read.
type PINs interface {
	Of(ctx context.Context, by member.Actor) (pin.State, error)
}

// Browsers is which browsers ring when they are closed, and how it learns of
// missed calls.
type Browsers interface {
	Browsers(ctx context.Context, by member.Actor) ([]bell.Browser, error)
	Choice(ctx context.Context, by member.Actor, membership string) (bell.Choice, error)
}

// Service gathers it.
type Service struct {
	Accounts Accounts
	Orders   Orders
	Wallet   Wallet
	Calls    Calls
	Letters  Letters
	Cards    Cards
	Names    Names
	Rented   Telephones
	Limits   Limits
	Autos    AutoTopUps
	Packages Packages
	IDCards  IDCards
	Contacts Contacts
	Setups   Setups
	Browsers Browsers
	Access   Access
	PINs     PINs
	Currency money.Currency
}

const perPage = 200

// object keeps the files readable: names as the API has them.
type object map[string]any

// Write writes the ZIP. What follows of it is written while it is read.
func (s Service) Write(ctx context.Context, w io.Writer, by member.Actor) error {
	z := zip.NewWriter(w)
	for _, part := range []struct {
		name string
		read func(context.Context, member.Actor) (any, error)
	}{
		{"account.json", s.account}, {"orders.json", s.orders}, {"wallet.json", s.wallet}, {"calls.json", s.calls},
		{"lines.json", s.lines}, {"names.json", s.names}, {"telephone_numbers.json", s.telephones}, {"letters.json", s.letters}, {"call_limits.json", s.limits}, {"packages.json", s.packages}, {"id_cards.json", s.idCards}, {"card_sign_ins.json", s.signIns}, {"telephone_setups.json", s.setups}, {"contacts.json", s.contacts}, {"browsers.json", s.browsers}, {"access.json", s.access}, {"auto_top_up.json", s.auto},
	} {
		v, err := part.read(ctx, by)
		if err != nil {
			return err
		}
		f, err := z.Create(part.name)
		if err != nil {
			return err
		}
		enc := json.NewEncoder(f)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return z.Close()
}

func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

func (s Service) account(ctx context.Context, by member.Actor) (any, error) {
	a, err := s.Accounts.Account(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	sessions, err := s.Accounts.Sessions(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	keys, err := s.Accounts.APIKeys(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	passkeys, err := s.Accounts.Passkeys(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	return object{
		"id": a.ID, "email": a.Email, "confirmed_at": when(a.Confirmed), "name": a.Name, "country": a.Country, "language": a.Language, "languages": a.Languages,
		"time_zone": a.TimeZone, "company": a.Business.Company, "tax_id": a.Business.TaxID, "address": a.Business.Address, "created_at": when(a.Created),
		"sessions": each(sessions, func(x member.Session) object {
			return object{"created_at": when(x.Created), "seen_at": when(x.Seen), "expires_at": when(x.Expires), "browser": x.Browser, "network": x.Source}
		}),
		"api_keys": each(keys, func(x member.APIKey) object {
			return object{"name": x.Name, "prefix": x.Prefix, "created_at": when(x.Created), "used_at": when(x.Used), "revoked_at": when(x.Revoked)}
		}),
		"passkeys": each(passkeys, func(x member.Passkey) object {
			return object{"name": x.Name, "created_at": when(x.Created), "used_at": when(x.Used)}
		}),
	}, nil
}

func each[T any](list []T, show func(T) object) []object {
	out := make([]object, 0, len(list))
	for _, x := range list {
		out = append(out, show(x))
	}
	return out
}

func (s Service) auto(ctx context.Context, by member.Actor) (any, error) {
	v, err := s.Autos.Auto(ctx, by, by.Account)
	return object{"on": v.On, "card_brand": v.Card.Brand, "card_last4": v.Card.Last4, "card_expires": v.Card.Until,
		"below": v.Rule.Below, "add": v.Rule.Add, "most_in_a_month": v.Rule.Most, "changed_at": when(v.Changed)}, err
}

func (s Service) orders(ctx context.Context, by member.Actor) (any, error) {
	out := []object{}
	for cursor := ""; ; {
		list, next, err := s.Orders.Orders(ctx, by, by.Account, cursor, perPage)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			events, err := s.Orders.Events(ctx, by, o.ID)
			if err != nil {
				return nil, err
			}
			out = append(out, object{
				"id": o.ID, "number": o.Number.Display(), "e164": o.Number.E164(), "kind": o.Number.Kind.String(), "country": o.Country, "countries": o.Countries,
				"state": o.State, "reason": o.Reason, "amount_due": o.AmountDue, "method": o.Method, "created_at": when(o.Created), "updated_at": when(o.Updated),
				"events": each(events, func(e shop.Event) object {
					return object{"state": e.State, "code": e.Code, "text": e.Text, "at": when(e.At)}
				}),
			})
		}
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}

func (s Service) wallet(ctx context.Context, by member.Actor) (any, error) {
	out := []object{}
	for cursor := ""; ; {
		lines, next, err := s.Wallet.History(ctx, ledger.WalletID(by.Account, s.Currency), cursor, perPage)
		if err != nil && fault.KindOf(err) == fault.Unknown {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, each(lines, func(l ledger.Line) object {
			return object{"kind": l.Kind, "ref": l.Ref, "text": l.Memo, "at": when(l.At), "amount": l.Amount, "balance": l.Balance}
		})...)
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}

func (s Service) packages(ctx context.Context, by member.Actor) (any, error) {
	list, err := s.Packages.Allowances(ctx, by, by.Account)
	return each(list, func(a bundle.Allowance) object {
		return object{
			"id": a.ID, "name": a.Name, "price": a.Price(), "begins": when(a.Begins), "ends": when(a.Ends), "seconds": a.Total, "seconds_used": a.Used, "renews": a.Renews,
		}
	}), err
}

func (s Service) contacts(ctx context.Context, by member.Actor) (any, error) {
	list, err := s.Contacts.Of(ctx, by)
	return each(list, func(c contact.Contact) object {
		return object{"name": c.Name, "number": c.Number, "created": when(c.Created)}
	}), err
}

// access has no telephones of its own: those it is known by are the proved ones of
// its numbers, in lines.json.
func (s Service) access(ctx context.Context, by member.Actor) (any, error) {
	set, shorts, err := s.Access.Of(ctx, by.Account)
	if err != nil {
		return nil, err
	}
	has, err := s.PINs.Of(ctx, by)
	return object{
		"recognise": set.Recognise, "ask_pin": set.AskPIN, "say_price": set.SayPrice, "ring_back": set.RingBack,
		"short_numbers": each(shorts, func(x access.Short) object { return object{"key": x.Key, "to": x.To} }),
		"pin":           object{"set": !has.Set.IsZero(), "set_at": when(has.Set), "locked_until": when(has.Until)},
	}, err
}

func (s Service) idCards(ctx context.Context, by member.Actor) (any, error) {
	return pages(func(cursor string) ([]object, string, error) {
		list, next, err := s.IDCards.Cards(ctx, by, by.Account, cursor, perPage)
		return each(list, func(c idcard.Card) object {
			return object{"id": c.ID, "number": c.Number.Display(), "kind": c.Kind, "state": c.State, "price": c.Price(), "postal": c.Postal, "created": when(c.Created), "until": when(c.Until),
				"written": when(c.Written), "sent": when(c.Sent), "revoked": when(c.Revoked)}
		}), next, err
	})
}

func (s Service) signIns(ctx context.Context, by member.Actor) (any, error) {
	return pages(func(cursor string) ([]object, string, error) {
		list, next, err := s.IDCards.SignIns(ctx, by, by.Account, cursor, perPage)
		return each(list, func(x idcard.SignIn) object {
			return object{"id": x.ID, "card": x.Card, "number": x.Number.Display(), "way": x.Way, "country": x.Place, "address": x.Address, "network": x.Network, "browser": x.Browser,
				"began": when(x.Began), "ended": when(x.Ended), "how": x.How}
		}), next, err
	})
}

// pages reads a list to its end.
func pages(read func(cursor string) ([]object, string, error)) (any, error) {
	out := []object{}
	for cursor := ""; ; {
		list, next, err := read(cursor)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}

func (s Service) calls(ctx context.Context, by member.Actor) (any, error) {
	out := []object{}
	for cursor := ""; ; {
		page, err := s.Calls.History(ctx, by.Account, cursor, perPage)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			r := &page.Items[i]
			x := object{"call": r.CallID, "from": r.Caller(by.Account), "to": r.Called(by.Account), "start": when(r.Start), "answer": when(r.Answer), "end": when(r.End), "cause": r.CauseFor(by.Account).String()}
			if r.From.Account == by.Account { // what he dialled and paid is the caller's own business
				x["dialled"] = r.Dialled
			}
			if drew := r.Drew(by.Account); len(drew) > 0 {
				x["packages"] = each(drew, func(d cdr.Drawn) object { return object{"name": d.Name, "seconds": d.Seconds} })
			}
			if cost := r.Cost(by.Account); r.From.Account == by.Account || !cost.Zero() {
				x["charge"] = cost
			}
			out = append(out, x)
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

func (s Service) lines(ctx context.Context, by member.Actor) (any, error) {
	ms, err := s.Accounts.Memberships(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, m := range ms {
		devices, err := s.Accounts.Devices(ctx, by, m.ID)
		if err != nil {
			return nil, err
		}
		card, err := s.Cards.Mine(ctx, by, m.ID)
		if err != nil {
			return nil, err
		}
		f := m.Forwarding()
		out = append(out, object{
			"id": m.ID, "order": m.Order, "number": m.Number.Display(), "name": m.Name, "home_country": m.HomeCountry, "languages": m.Languages, "email": m.Email,
			"time_zone": m.TimeZone, "identification": m.Identification, "created_at": when(m.Created),
			"forwarding": object{
				"always": listed(f.Always), "busy": listed(f.Busy), "no_answer": listed(f.NoAnswer), "unreachable": listed(f.Unreachable), "after_seconds": int(f.After.Seconds()),
			},
			"caller_id": object{"withhold": m.CallerID.Withhold, "shows": m.CallerID.Shows},
			"published": object{
				"name": card.Name, "web": card.Web, "email": card.Email, "form": card.Form, "text": card.Text, "found_by_enum": !card.Unlisted,
			},
			"numbers": each(m.Own(), func(o member.Own) object {
				return object{"text": o.Text, "purpose": o.Purpose, "proved": o.Proved}
			}),
			"offices": each(m.Offices, func(o member.Office) object {
				return object{"country": o.Country, "city": o.City, "languages": o.Languages, "time_zone": o.TimeZone}
			}),
			"devices": each(devices, func(d member.Device) object {
				return object{"name": d.Name, "sip_user": d.SIPUser, "created_at": when(d.Created), "revoked_at": when(d.Revoked)}
			}),
		})
	}
	return out, nil
}

func listed(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func (s Service) names(ctx context.Context, by member.Actor) (any, error) {
	list, err := s.Names.Names(ctx, by, by.Account)
	return each(list, func(n alias.Name) object {
		return object{"name": n.Shown(), "kind": n.Kind, "number": n.Stands(), "state": n.State, "created_at": when(n.Created), "missing_since": when(n.Missing)}
	}), err
}

func (s Service) telephones(ctx context.Context, by member.Actor) (any, error) {
	list, err := s.Rented.Held(ctx, by, by.Account)
	return each(list, func(n did.Number) object {
		return object{
			"e164": n.E164, "country": n.Country, "area": n.Area, "state": n.State, "number": n.For.Display(), "line": n.Membership,
			"yearly": money.Amount{Currency: s.Currency, Micros: n.Fee}, "until": when(n.Until),
		}
	}), err
}

// letters leaves out what a letter was filled with: links in it open the account.
func (s Service) letters(ctx context.Context, by member.Actor) (any, error) {
	list, err := s.Letters.Of(ctx, by.Account)
	return each(list, func(l letter.Queued) object {
		return object{"kind": l.Kind, "to": l.To, "language": l.Language, "created_at": when(l.Created), "sent_at": when(l.Sent)}
	}), err
}

// limits is what calls may cost, what was opened, and what was refused.
func (s Service) limits(ctx context.Context, by member.Actor) (any, error) {
	v, err := s.Limits.Of(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	opened, refused := []string{}, []object{}
	for _, o := range v.Opened {
		opened = append(opened, o.What)
	}
	for cursor := ""; ; {
		list, next, err := s.Limits.BlocksOf(ctx, by, guard.BlockFilter{Account: by.Account, Before: cursor, Limit: perPage})
		if err != nil {
			return nil, err
		}
		for _, b := range list {
			refused = append(refused, object{"at": b.At, "call_id": b.Call, "to": b.To, "forwarded": b.Forward, "reason": b.Reason})
		}
		if cursor = next; next == "" {
			break
		}
	}
	return object{"class": v.Class, "own": v.Own, "opened": opened, "refused": refused}, nil
}

func (s Service) setups(ctx context.Context, by member.Actor) (any, error) {
	lines, err := s.Accounts.Memberships(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, m := range lines {
		links, err := s.Setups.Links(ctx, by, m.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, each(links, func(l setup.Link) object {
			return object{"id": l.ID, "number": m.Number.Display(), "device": l.Device, "kind": l.Kind, "mac": setup.ShownMAC(l.MAC), "created_at": when(l.Created), "until": when(l.Until),
				"fetched_at": when(l.Fetched), "network": l.Network, "telephone": l.Agent, "last_fetched_at": when(l.Again), "times": l.Times,
				"refused": l.Refused, "refused_at": when(l.RefusedAt), "refused_telephone": l.RefusedBy, "refused_network": l.RefusedNet, "revoked_at": when(l.Revoked)}
		})...)
	}
	return out, nil
}

// browsers are without their addresses: those are for us to send to.
func (s Service) browsers(ctx context.Context, by member.Actor) (any, error) {
	list, err := s.Browsers.Browsers(ctx, by)
	if err != nil {
		return nil, err
	}
	lines, err := s.Accounts.Memberships(ctx, by, by.Account)
	if err != nil {
		return nil, err
	}
	missed := make([]object, 0, len(lines))
	for i := range lines {
		c, err := s.Browsers.Choice(ctx, by, lines[i].ID)
		if err != nil {
			return nil, err
		}
		missed = append(missed, object{"number": lines[i].Number.Display(), "push": c.Push, "mail": c.Mail})
	}
	return object{
		"ring_when_closed": each(list, func(b bell.Browser) object { return object{"browser": b.Name, "created_at": when(b.Created)} }),
		"missed_calls":     missed,
	}, nil
}
