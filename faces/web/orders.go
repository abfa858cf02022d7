package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// dossier is an order with everything its page shows.
type dossier struct {
	shop.Order
	Events     []shop.Event
	Methods    []payment.Method
	Way        *cashier.Way // a payment that was begun
	Withdraw   time.Time    // until when he may withdraw
	Balance    money.Amount
	Short      bool           // the wallet does not suffice
	Problem    string         // the last step was refused
	Membership string         // id, once registered
	Offer      *shop.Transfer // to whom it is offered
	Papers     []shop.Paper
	Documents  []shop.Document
	Home       string // center
}

// Live reports whether the page should look again by itself.
func (d dossier) Live() bool { return !d.State.Final() }

// at is when the order first came to a state.
func (d dossier) at(s shop.State) (shop.Event, bool) {
	for _, e := range d.Events {
		if e.State == s {
			return e, true
		}
	}
	return shop.Event{}, false
}

func (f *face) dossierOf(r *http.Request, p *page) (dossier, error) {
	var d dossier
	if err := p.must(); err != nil {
		return d, err
	}
	var err error
	if d.Order, err = f.Orders.Order(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return d, err
	}
	if d.Events, err = f.Orders.Events(r.Context(), p.Who, d.ID); err != nil {
		return d, err
	}
	d.Methods, d.Home = f.Cashier.Offer().Methods(), f.Reader.Home(d.Country)
	if d.Way, err = f.Cashier.Way(r.Context(), d.Order); err != nil {
		return d, err
	}
	if d.State == shop.Approved || d.State == shop.AwaitingPayment {
		d.Balance, err = f.Wallet.Balance(r.Context(), ledger.WalletID(p.Who.Account, f.Currency))
		if err != nil && fault.KindOf(err) != fault.Unknown {
			return d, err
		}
		d.Short = d.Balance.Micros < d.AmountDue.Micros
	}
	if d.State == shop.InReview {
		d.Papers = f.Files.Papers(d.Order)
		if d.Documents, err = f.Files.List(r.Context(), p.Who, d.ID); err != nil {
			return d, err
		}
	}
	if d.State == shop.Sold {
		if d.Offer, err = f.Tenure.OfferOf(r.Context(), p.Who, d.ID); err != nil {
			return d, err
		}
		if d.Withdraw, err = f.Orders.WithdrawUntil(r.Context(), p.Who, d.ID); err != nil {
			return d, err
		}
		ms, err := f.Members.Memberships(r.Context(), p.Who, p.Who.Account)
		if err != nil {
			return d, err
		}
		if i := slices.IndexFunc(ms, func(m member.Membership) bool { return m.Order == d.ID }); i >= 0 {
			d.Membership = ms[i].ID
		}
	}
	return d, nil
}

func (f *face) order(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	f.comesBack(r, p)
	d, err := f.dossierOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = d.Number.Display()
	return orderPage(p, d), nil
}

// orderState is the part of the order's page that htmx asks for again.
func (f *face) orderState(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.dossierOf(r, p)
	if err != nil {
		return nil, err
	}
	if !p.Part {
		return nil, redirect{"/orders/" + d.ID}
	}
	if r.URL.Query().Get("seen") == string(d.State) {
		w.WriteHeader(http.StatusNoContent)
		return nil, nil
	}
	return orderBody(p, d), nil
}

func (f *face) orders(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	list, next, err := f.Orders.Orders(r.Context(), p.Who, p.Who.Account, r.URL.Query().Get("cursor"), perPage)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("orders.title")
	return ordersPage(p, list, next), nil
}

// step does one step of an order and shows it; a refusal is shown on the order's own page.
func (f *face) step(r *http.Request, p *page, do func() (shop.Order, error)) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	o, err := do()
	if err == nil {
		return nil, redirect{"/orders/" + o.ID}
	}
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Unpaid, fault.Invalid, fault.Unavailable, fault.Limited:
		d, derr := f.dossierOf(r, p)
		if derr != nil {
			return nil, derr
		}
		d.Problem = p.fieldText(err)
		p.Status, p.Title = httpstatus.Of(fault.KindOf(err)), d.Number.Display()
		return orderPage(p, d), nil
	default:
		return nil, err
	}
}

func (f *face) selectOrder(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) { return f.Shop.Select(r.Context(), p.Who, r.PathValue("id")) })
}

func (f *face) cancelOrder(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.step(r, p, func() (shop.Order, error) { return f.Shop.Cancel(r.Context(), p.Who, r.PathValue("id")) })
}

// registration is the page of the second step (M1).
type registration struct {
	dossier
	Inputs  []input
	Offices []office // of a company, the home office first
	Errors  map[string]string
}

// office asks for one office of a company.
type office struct {
	Country string
	Inputs  []input
}

// offices asks for an office in each country the number was bought for.
func (f *face) offices(p *page, o shop.Order, typed url.Values, wrong map[string]string) []office {
	if o.Number.Kind != numbering.Company {
		return nil
	}
	var out []office
	for i, iso := range append([]string{o.Country}, o.Countries...) {
		at := fmt.Sprintf("offices[%d].", i)
		city, spoken, zone := "city_"+iso, "languages_"+iso, "time_zone_"+iso
		if typed == nil {
			typed = url.Values{}
		}
		if typed.Get(zone) == "" {
			typed.Set(zone, p.Tongue.zoneOf(iso, ""))
		}
		fields := form.Form{Fields: []form.Field{
			{Name: city, Label: p.T("register.city"), Type: "text", Max: 100}, {Name: spoken, Label: p.T("register.spoken"), Type: "list"},
			{Name: zone, Label: p.T("register.zone"), Type: "timezone"},
		}}
		out = append(out, office{Country: iso, Inputs: p.inputs(fields, typed, map[string]string{city: wrong[at+"city"], spoken: wrong[at+"languages"], zone: wrong[at+"time_zone"]})})
	}
	return out
}

// officesOf reads them.
func officesOf(o shop.Order, v url.Values) []member.Office {
	if o.Number.Kind != numbering.Company {
		return nil
	}
	var out []member.Office
	for _, iso := range append([]string{o.Country}, o.Countries...) {
		out = append(out, member.Office{Country: iso, City: strings.TrimSpace(v.Get("city_" + iso)), Languages: listOf(v["languages_"+iso]), TimeZone: v.Get("time_zone_" + iso)})
	}
	return out
}

func (f *face) registerForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.dossierOf(r, p)
	if err != nil {
		return nil, err
	}
	if d.Membership != "" {
		return nil, redirect{"/lines#" + d.Membership}
	}
	if d.State != shop.Sold {
		return nil, redirect{"/orders/" + d.ID}
	}
	a, err := f.Accounts.Account(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return nil, err
	}
	known := url.Values{"name": {a.Name}, "email": {a.Email}, "country": {a.Country}, "languages": {a.Language}, "time_zone": {a.TimeZone}}
	if a.Country == "" {
		known.Set("country", d.Country)
	}
	known.Set("time_zone", p.Tongue.zoneOf(known.Get("country"), a.TimeZone))
	offices := url.Values{}
	for _, iso := range append([]string{d.Country}, d.Countries...) {
		offices.Set("time_zone_"+iso, p.Tongue.zoneOf(iso, a.TimeZone))
	}
	p.Title = p.T("register.title")
	inputs := p.inputs(registerable(f), known, nil)
	if a.TimeZone == "" { // the browser may know better
		for i := range inputs {
			inputs[i].Zones = p.Tongue.zonesOf(known.Get("country"))
		}
	}
	return registerPage(p, registration{dossier: d, Inputs: inputs, Offices: f.offices(p, d.Order, offices, nil)}), nil
}

func (f *face) register(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.dossierOf(r, p)
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	v := r.PostForm
	_, dev, err := f.Members.Register(r.Context(), p.Who, registrationOf(d.Order, v))
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		wrong := p.errorsOf(err)
		p.Status, p.Title = http.StatusUnprocessableEntity, p.T("register.title")
		return registerPage(p, registration{dossier: d, Inputs: p.inputs(registerable(f), v, wrong), Offices: f.offices(p, d.Order, v, wrong), Errors: wrong}), nil
	}
	f.show(w, r, p, once{Page: "/orders/" + d.ID + "/registered", Of: dev.Device.ID, Secret: dev.Password})
	return nil, redirect{"/orders/" + d.ID + "/registered"}
}

// registered shows the first telephone of a number just registered.
func (f *face) registered(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.dossierOf(r, p)
	if err != nil {
		return nil, err
	}
	if d.Membership == "" {
		return nil, redirect{"/orders/" + d.ID}
	}
	m, err := f.Members.Membership(r.Context(), p.Who, d.Membership)
	if err != nil {
		return nil, err
	}
	devices, err := f.Members.Devices(r.Context(), p.Who, m.ID)
	if err != nil {
		return nil, err
	}
	c := f.shownOf(r, p, devices)
	if c == nil {
		return nil, redirect{"/lines#" + m.ID}
	}
	p.Title = p.T("registered.title")
	return registeredPage(p, m, *c), nil
}

// way is a sort of telephone a number rings at, and the page about it.
type way struct{ Name, To string }

// waysToRing are all there are, for a line or, "", for whoever has none yet.
func waysToRing(line string) []way {
	browser, setup, card := "/calls#phone", "/lines", "/terminal"
	if line != "" { // the page with a password that is shown once stays
		browser, setup, card = "#phone", "/lines/"+line+"/setup", "/cards"
	}
	return []way{{"browser", browser}, {"telephone", setup}, {"card", card}, {"ordinary", "/access"}}
}

// credential is a telephone's settings as the page shows them, once.
type credential struct {
	member.NewDevice
	Domain     string
	Transports []string
}

func (f *face) credentialOf(d member.NewDevice, country string) credential {
	return credential{NewDevice: d, Domain: f.Reader.SIPDomain(country), Transports: f.Reader.Transports(country)}
}
