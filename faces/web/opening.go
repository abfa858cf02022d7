package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Carriers manages the carriers.
type Carriers interface {
	Carriers(ctx context.Context, by member.Actor) ([]carrier.Carrier, error)
	Carrier(ctx context.Context, by member.Actor, id string) (carrier.Carrier, error)
	Add(ctx context.Context, by member.Actor, in carrier.Input) (carrier.Carrier, error)
	Change(ctx context.Context, by member.Actor, id string, in carrier.Input) (carrier.Carrier, error)
	Remove(ctx context.Context, by member.Actor, id string) error
	Test(ctx context.Context, by member.Actor, id, number string) (carrier.Report, error)
	Samples(in carrier.Input) []carrier.Sample
}

func (f *face) openingRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/countries":                 f.staffOnly(f.openings),
		"POST /operator/countries":                f.staffOnly(f.beginOpening),
		"GET /operator/countries/{country}":       f.staffOnly(f.opening),
		"POST /operator/countries/{country}/{do}": f.staffOnly(f.stepOpening),
		"GET /operator/carriers":                  f.staffOnly(f.carriers),
		"GET /operator/explain":                   f.staffOnly(f.explain),
		"GET /operator/carriers/{id}":             f.staffOnly(f.editCarrier),
		"POST /operator/carriers/{id}":            f.staffOnly(f.saveCarrier),
		"GET /operator/carriers/{id}/rates":       f.staffOnly(f.rates),
		"POST /operator/carriers/{id}/rates":      f.staffOnly(f.takeRates),
		"GET /operator/carriers/{id}/rates.csv":   f.staffOnly(f.ratesFile),
		"GET /operator/carriers/{id}/{do}":        f.staffOnly(f.toCarriers),
		"POST /operator/carriers/{id}/{do}":       f.staffOnly(f.doCarrier),
	}
}

// openingsData is the countries: those open, those being opened, and others.
type openingsData struct {
	Open    []choice
	Begun   []opening.Opening
	Others  []choice
	Typed   map[string]string
	Problem string
}

func (f *face) openingsOf(r *http.Request, p *page) (d openingsData, err error) {
	d.Open, d.Typed = p.countries(), map[string]string{}
	list, err := f.Openings.List(r.Context(), p.Who)
	if err != nil {
		return d, err
	}
	for _, o := range list {
		if !o.Open() {
			d.Begun = append(d.Begun, o)
		}
	}
	taken := map[string]bool{}
	for _, c := range d.Open {
		taken[c.Value] = true
	}
	for _, c := range p.Tongue.countries {
		if !taken[c.Value] {
			d.Others = append(d.Others, c)
		}
	}
	return d, nil
}

func (f *face) openings(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.openingsOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("operator.countries")
	return openingsPage(p, d), nil
}

func (f *face) beginOpening(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	country := r.PostFormValue("country")
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" {
		name = p.Tongue.country(country)
	}
	o, err := f.Openings.Begin(r.Context(), p.Who, country, name, r.PostFormValue("listen"))
	if err == nil {
		return nil, redirect{"/operator/countries/" + o.Country}
	}
	if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
		return nil, err
	}
	d, derr := f.openingsOf(r, p)
	if derr != nil {
		return nil, derr
	}
	d.Typed = map[string]string{"country": country, "name": name, "listen": r.PostFormValue("listen")}
	p.Status, p.Title, d.Problem = httpstatus.Of(fault.KindOf(err)), p.T("operator.countries"), p.why(err)
	return openingsPage(p, d), nil
}

// openingData is one country's flow.
type openingData struct {
	opening.Opening
	Steps      []opening.Step
	System     shop.System
	Blocks     []shop.Block
	Carriers   []carrier.Carrier
	Collisions []shop.Collision
	Number     string // typed for the test call
	Problem    string
}

// Done reports whether a step is done.
func (d openingData) Done(code string) bool {
	for _, s := range d.Steps {
		if s.Code == code {
			return s.Done
		}
	}
	return false
}

// Next is the first step that is not done; a country that is open needs none.
func (d openingData) Next() string {
	if d.Open() {
		return ""
	}
	for _, s := range d.Steps {
		if !s.Done {
			return s.Code
		}
	}
	return ""
}

func (f *face) openingOf(r *http.Request, p *page) (d openingData, err error) {
	ctx := r.Context()
	if d.Opening, d.Steps, err = f.Openings.Get(ctx, p.Who, r.PathValue("country")); err != nil {
		return d, err
	}
	s, err := f.stockOf(r, p)
	if err != nil {
		return d, err
	}
	d.System = s.systemOf(d.Country)
	for _, b := range s.Blocks {
		if b.Country == d.Country {
			d.Blocks = append(d.Blocks, b)
		}
	}
	if d.Carriers, err = f.Carriers.Carriers(ctx, p.Who); err != nil {
		return d, err
	}
	if !d.Open() {
		d.Collisions, err = f.Openings.Collisions(ctx, p.Who, d.Country)
	}
	return d, err
}

func (f *face) opening(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.openingOf(r, p)
	if err != nil {
		return nil, err
	}
	return showOpening(p, d), nil
}

func showOpening(p *page, d openingData) templ.Component {
	p.Title = p.Tongue.country(d.Country)
	if !d.Open() {
		p.Title = p.T("opening.title", "country", p.Title)
	}
	return openingPage(p, d)
}

// carrierName is a carrier as the operator knows it.
func (d openingData) carrierName(id string) string {
	for _, c := range d.Carriers {
		if c.ID == id {
			return c.Name + " (" + string(c.Center) + ")"
		}
	}
	return ""
}

func (f *face) stepOpening(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	ctx, country, err := r.Context(), r.PathValue("country"), error(nil)
	var tested opening.Opening
	back := "/operator/countries/" + country
	switch r.PathValue("do") {
	case "systems":
		err = f.Desk.SetSystem(ctx, p.Who, shop.System{Country: country, Individual: r.PostFormValue("individual") != "", OwnPhone: r.PostFormValue("own_phone") != "",
			Company: r.PostFormValue("company") != ""})
	case "carrier":
		_, err = f.Openings.SetCarrier(ctx, p.Who, country, r.PostFormValue("carrier"))
	case "emergency":
		_, err = f.Openings.SetEmergency(ctx, p.Who, country, r.PostFormValue("emergency"))
	case "test":
		tested, err = f.Openings.Test(ctx, p.Who, country, strings.TrimSpace(r.PostFormValue("number")))
	case "start":
		_, err = f.Openings.Start(ctx, p.Who, country)
	case "give-up":
		back, err = "/operator/countries", f.Openings.GiveUp(ctx, p.Who, country)
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil && !tested.Open() {
		return nil, redirect{back}
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Unavailable, fault.Limited:
		p.Status = httpstatus.Of(fault.KindOf(err))
	default:
		if err != nil {
			return nil, err
		}
	}
	d, derr := f.openingOf(r, p)
	if derr != nil {
		return nil, derr
	}
	if d.Number = r.PostFormValue("number"); err != nil {
		d.Problem = p.fieldText(err)
	} else { // of a country that is open nothing was kept
		d.TestedAt, d.TestedOK, d.Report = tested.TestedAt, tested.TestedOK, tested.Report
	}
	return showOpening(p, d), nil
}
