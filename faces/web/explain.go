package web

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/routing"
)

// Router answers what would happen to a call; it is the code that decides real ones.
type Router interface {
	Explain(a *routing.Attempt) routing.Explanation
}

// explainData is a call that is asked about, and what would become of it.
type explainData struct {
	From, To, Country string
	Done              bool
	X                 routing.Explanation
	Price             string
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
	if d.X.Price.Known && len(d.X.Targets) > 0 {
		d.Price = p.T("calls.free")
		if micros := d.X.Price.Micros; micros > 0 {
			d.Price = p.T("explain.price", "price", p.Tongue.cash(money.Amount{Currency: f.Currency, Micros: micros}))
		}
	}
	return explainPage(p, d), nil
}
