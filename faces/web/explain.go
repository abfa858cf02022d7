package web

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Router answers what would happen to a call; it is the code that decides real ones.
type Router interface {
	Explain(a *routing.Attempt) routing.Explanation
	// Priced is the question what a call costs, from a number of ours or a country.
	Priced(to, from, country string) (tariff.Question, error)
}

// explainData is a call that is asked about, and what would become of it.
type explainData struct {
	From, To, Country string
	Done              bool
	X                 routing.Explanation
	Price             string
	Words             []string          // more of the price
	Package           string            // what packages of its payer have left for it
	Refused           guard.Foreseen    // by what its payer may spend and where
	Charge            *tariff.Explained // of three minutes; nil: no list has it
	Names             map[string]string // of carriers
	Problem           string
}

// explain is the page where the operator asks what would happen to a call.
func (f *face) explain(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	q := r.URL.Query()
	d := explainData{From: strings.TrimSpace(q.Get("from")), To: strings.TrimSpace(q.Get("to")), Country: q.Get("country")}
	p.Title = p.T("explain.title")
	if d.From == "" && d.To == "" {
		return explainPage(p, d), nil
	}
	from, ok := routing.Find(f.Sold, d.From)
	if !ok && d.From != "" {
		p.Status, d.Problem = http.StatusUnprocessableEntity, p.T("explain.nobody", "number", d.From)
		return explainPage(p, d), nil
	}
	if !ok || d.To == "" {
		p.Status, d.Problem = http.StatusUnprocessableEntity, p.T("explain.wrong")
		return explainPage(p, d), nil
	}
	d.X = f.Router.Explain(from.Attempt(center.ID(f.Reader.Home(from.Country)), d.To, d.Country, f.Now()))
	carriers, err := f.Carriers.Carriers(r.Context(), p.Who)
	if err != nil {
		return nil, err
	}
	d.Done, d.Names = true, map[string]string{}
	for _, c := range carriers {
		d.Names[c.ID] = c.Name
	}
	if d.Refused, err = f.foresee(r.Context(), p, &d.X, from.Account); err != nil {
		return nil, err
	}
	if d.X.Price.Known && len(d.X.Targets) > 0 {
		said := p.priceWords(&d.X.Price.Quote, d.X.Zone, d.X.Zone)
		d.Price, d.Words = said.Short, said.Lines
		if d.Package, err = f.packageLeft(r.Context(), p, &d.X, d.payer(from.Account)); err != nil {
			return nil, err
		}
		if err := f.explainCharge(r, p, &d, from); err != nil {
			return nil, err
		}
	}
	return explainPage(p, d), nil
}

// explainCharge says what three minutes of the call cost, line by line.
func (f *face) explainCharge(r *http.Request, p *page, d *explainData, from routing.Holder) error {
	if d.X.E164 == "" || d.X.Price.Plan == "" {
		return nil
	}
	x, err := f.Sell.Explain(r.Context(), p.Who, tariff.Question{To: d.X.E164[1:], Account: d.payer(from.Account), Zone: d.X.Zone})
	if fault.KindOf(err) == fault.Unknown && err != nil {
		return nil //nolint:nilerr // it was withdrawn meanwhile
	}
	d.Charge = &x
	return err
}

// payer is whose account the call is charged to.
func (d *explainData) payer(caller string) string {
	if d.X.Targets[0].Payer != "" {
		return d.X.Targets[0].Payer
	}
	return caller
}
