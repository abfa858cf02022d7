package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/shop"
)

func (f *face) tenureRoutes() map[string]handler {
	return map[string]handler{
		"POST /orders/{id}/documents":      f.addDocument,
		"GET /documents/{id}":              f.document,
		"POST /orders/{id}/give-up":        f.giveUp,
		"POST /orders/{id}/take-back":      f.takeBack,
		"POST /orders/{id}/offer":          f.offer,
		"POST /orders/{id}/withdraw-offer": f.withdrawOffer,
		"POST /orders/{id}/offices":        f.setOffice,
		"GET /transfers/{token}":           f.gift,
		"POST /transfers/{token}":          f.takeGift,
	}
}

// yearly is the next fee of a number.
func (d dossier) yearly() money.Amount {
	return money.Amount{Currency: d.AmountDue.Currency, Micros: d.Fee}
}

func (f *face) addDocument(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) {
		id := r.PathValue("id")
		body, name, err := upload(r, "file", shop.MostDocument)
		if err == nil {
			_, err = f.Files.Add(r.Context(), p.Who, id, r.PostFormValue("paper"), name, body)
		}
		return shop.Order{ID: id}, err
	})
}

// document hands a document out, never to be shown as a page of ours.
func (f *face) document(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	d, body, err := f.Files.Open(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	sendFile(w, d.Name, d.Type, body)
	return nil, nil
}

func (f *face) giveUp(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.freshStep(r, p, func() (shop.Order, error) { return f.Tenure.GiveUp(r.Context(), p.Who, r.PathValue("id")) })
}

// freshStep is a step for the holder alone, not for whoever finds his browser open.
func (f *face) freshStep(r *http.Request, p *page, do func() (shop.Order, error)) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) {
		if err := f.Sessions.Fresh(p.Who); err != nil {
			return shop.Order{}, err
		}
		return do()
	})
}

func (f *face) takeBack(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) { return f.Tenure.TakeBack(r.Context(), p.Who, r.PathValue("id")) })
}

func (f *face) offer(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.freshStep(r, p, func() (shop.Order, error) {
		id := r.PathValue("id")
		_, err := f.Tenure.Offer(r.Context(), p.Who, id, strings.TrimSpace(r.PostFormValue("email")))
		return shop.Order{ID: id}, err
	})
}

func (f *face) withdrawOffer(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) {
		id := r.PathValue("id")
		return shop.Order{ID: id}, f.Tenure.WithdrawOffer(r.Context(), p.Who, id)
	})
}

// officeChoice is a country with a center, and whether the company is there.
type officeChoice struct {
	choice
	On bool
}

// officeChoices are the countries a company may switch, without its home.
func (d dossier) officeChoices(p *page) (out []officeChoice) {
	for _, c := range p.countries() {
		if c.Value != d.Country {
			out = append(out, officeChoice{c, slices.Contains(d.Countries, c.Value)})
		}
	}
	return out
}

func (f *face) setOffice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) {
		if country := r.PostFormValue("off"); country != "" {
			return f.Offices.SwitchOff(r.Context(), p.Who, r.PathValue("id"), country)
		}
		return f.Offices.SwitchOn(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("on"))
	})
}

// proveAddress is where the holder of an own telephone proves it again.
func (d dossier) proveAddress() string {
	purpose := proof.OwnPhone
	if d.Number.Kind == numbering.Company {
		purpose = proof.Root
	}
	return "/proofs/new?" + url.Values{"purpose": {string(purpose)}, "number": {"+" + d.Number.CallingCode + d.Number.National}}.Encode()
}

// gift is a number that is offered to who is signed in.
type gift struct {
	shop.Order
	Token string
}

func (f *face) gift(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	a, err := f.Accounts.Account(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return nil, err
	}
	g := gift{Token: r.PathValue("token")}
	if _, g.Order, err = f.Tenure.Offered(r.Context(), p.Who, a.Email, g.Token); err != nil {
		return nil, err
	}
	p.Title, p.Secret = g.Number.Display(), true
	return giftPage(p, g), nil
}

func (f *face) takeGift(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	a, err := f.Accounts.Account(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return nil, err
	}
	o, err := f.Tenure.Accept(r.Context(), p.Who, a.Email, r.PathValue("token"))
	if err != nil {
		return nil, err
	}
	return nil, redirect{"/orders/" + o.ID}
}

// tooLarge tells a form of more than a page takes from one that is broken.
func tooLarge(mb int64) error {
	return fault.New(fault.Invalid, "too_large", "This is more than %d MB. Send less at once.", mb)
}
