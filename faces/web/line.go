package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// lineEdit is the page on which a registration is changed.
type lineEdit struct {
	member.Membership
	Inputs  []input
	Offices []office
	Errors  map[string]string
	Done    bool
	Names   []alias.Name // that stand for this number
}

// namedBy is a number as a name is registered for it: of a company the root.
func namedBy(n numbering.Number) string {
	if n.Kind == numbering.Company {
		return n.National
	}
	return n.Canonical()
}

// namesFor are the proved names of a number.
func (f *face) namesFor(r *http.Request, p *page, n numbering.Number) ([]alias.Name, error) {
	list, err := f.Names.Names(r.Context(), p.Who, p.Who.Account)
	return slices.DeleteFunc(list, func(x alias.Name) bool {
		return x.State != alias.Proved || x.Dial != "" || namedBy(x.Number) != namedBy(n)
	}), err
}

// lineOf reads a line and the order it came of.
func (f *face) lineOf(r *http.Request, p *page) (member.Membership, shop.Order, error) {
	if err := p.must(); err != nil {
		return member.Membership{}, shop.Order{}, err
	}
	m, err := f.Lines.NumbersProved(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return m, shop.Order{}, err
	}
	o, err := f.Orders.Order(r.Context(), p.Who, m.Order)
	return m, o, err
}

func registrationValues(m member.Membership) url.Values {
	v := url.Values{
		"contact_pstn": {m.ContactPSTN}, "identification": {m.Identification}, "other_voip": m.OtherVoIP, "name": {m.Name}, "country": {m.HomeCountry},
		"languages": m.Languages, "email": {m.Email}, "time_zone": {m.TimeZone},
	}
	for _, o := range m.Offices {
		v.Set("city_"+o.Country, o.City)
		v["languages_"+o.Country] = o.Languages
		v.Set("time_zone_"+o.Country, o.TimeZone)
	}
	return v
}

func (f *face) editLine(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, o, err := f.lineOf(r, p)
	if err != nil {
		return nil, err
	}
	names, err := f.namesFor(r, p, m.Number)
	if err != nil {
		return nil, err
	}
	v := registrationValues(m)
	p.Title = p.T("edit.title")
	return editLinePage(p, lineEdit{Membership: m, Names: names, Inputs: p.inputs(registerable(f), v, nil), Offices: f.offices(p, o, v, nil), Done: r.URL.Query().Has("done")}), nil
}

// registrationOf reads what was typed into the form of a registration.
func registrationOf(o shop.Order, v url.Values) member.Registration {
	return member.Registration{
		OrderID: o.ID, ContactPSTN: strings.TrimSpace(v.Get("contact_pstn")), Identification: strings.TrimSpace(v.Get("identification")),
		OtherVoIP: listOf(v["other_voip"]), Name: strings.TrimSpace(v.Get("name")), Country: v.Get("country"),
		Languages: listOf(v["languages"]), Email: strings.TrimSpace(v.Get("email")), TimeZone: v.Get("time_zone"),
		Offices: officesOf(o, v),
	}
}

func (f *face) changeLine(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, o, err := f.lineOf(r, p)
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	v := r.PostForm
	if _, err := f.Lines.ChangeMembership(r.Context(), p.Who, m.ID, registrationOf(o, v)); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		wrong := p.errorsOf(err)
		p.Status, p.Title = http.StatusUnprocessableEntity, p.T("edit.title")
		return editLinePage(p, lineEdit{Membership: m, Inputs: p.inputs(registerable(f), v, wrong), Offices: f.offices(p, o, v, wrong), Errors: wrong}), nil
	}
	return nil, redirect{"/lines/" + m.ID + "/edit?done=1"}
}

func (f *face) renameDevice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Lines.RenameDevice(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("name")); err != nil {
		return nil, err
	}
	return nil, redirect{"/lines?done=1"}
}

func (f *face) setSound(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Lines.SetSound(r.Context(), p.Who, r.PathValue("id"), member.Sound(r.PostFormValue("sound"))); err != nil {
		return nil, err
	}
	return nil, redirect{"/lines?done=1"}
}

// newPassword makes a telephone's new password, which the page of lines then shows.
func (f *face) newPassword(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	dev, err := f.Lines.NewPassword(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	f.show(w, r, p, once{Page: "/lines", Of: dev.Device.ID, Secret: dev.Password})
	return nil, redirect{"/lines#" + dev.Device.Membership}
}
