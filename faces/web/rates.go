package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// ratesData is what calls cost, and what a new list would change.
type ratesData struct {
	ID      string // of the carrier; "members" for what members pay
	Name    string
	List    []rateRow
	More    int // that are not shown
	Find    string
	Changes []rateChange
	Left    int // changes that are not shown
	Counts  [3]int
	Text    string // the list that was read, to be confirmed
	Typed   string // what was pasted, to be changed
	wheres  map[string]string
	Problem string
	Wrong   []fault.Field
}

// rateRow is what one destination costs.
type rateRow struct{ Prefix, Where, Price string }

// rateChange is one line of a preview: added, changed or removed.
type rateChange struct {
	What      string
	Row       rateRow
	Old, Next string
}

const (
	shownRates = 200
	mostRates  = 32 << 20 // bytes of a list
)

// tariff finds whose list is meant.
func (f *face) tariff(r *http.Request, p *page) (ratesData, string, error) {
	id := r.PathValue("id")
	if carrier.Tariff(id) == carrier.Members {
		p.Title = p.T("rates.members")
		return ratesData{ID: id, Name: p.Title}, carrier.Members, nil
	}
	c, err := f.Carriers.Carrier(r.Context(), p.Who, id)
	p.Title = c.Name
	return ratesData{ID: id, Name: c.Name}, id, err
}

func (f *face) rates(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, id, err := f.tariff(r, p)
	if err != nil {
		return nil, err
	}
	return f.showRates(r, p, d, id)
}

func (f *face) showRates(r *http.Request, p *page, d ratesData, id string) (templ.Component, error) {
	list, err := f.Tariffs.Rates(r.Context(), p.Who, id)
	if err != nil {
		return nil, err
	}
	d.Find = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(r.URL.Query().Get("find")), " ", ""), "+")
	for _, x := range list {
		if d.Find == "" && len(d.List) == shownRates {
			d.More++
			continue
		}
		row := f.rateRow(p, &d, x)
		if d.Find != "" && !strings.HasPrefix(x.Prefix, d.Find) && !strings.HasPrefix(d.Find, x.Prefix) && !strings.Contains(strings.ToLower(row.Where), strings.ToLower(d.Find)) {
			continue
		}
		if len(d.List) < shownRates {
			d.List = append(d.List, row)
		} else {
			d.More++
		}
	}
	return ratesPage(p, d), nil
}

// rateRow is one rate in the reader's language.
func (f *face) rateRow(p *page, d *ratesData, x carrier.Rate) rateRow {
	return rateRow{Prefix: "+" + x.Prefix, Where: f.where(p, d, x.Prefix), Price: p.Tongue.cash(money.Amount{Currency: f.Currency, Micros: x.Micros})}
}

// where names the countries in which numbers begin so, of many the main ones.
func (f *face) where(p *page, d *ratesData, prefix string) string {
	key := prefix[:min(len(prefix), 6)] // no country has less than such a range
	if s, known := d.wheres[key]; known {
		return s
	}
	const most = 3
	var names []string
	isos := f.Plans.CountriesOf(key)
	for _, iso := range isos[:min(len(isos), most)] {
		names = append(names, p.Tongue.country(iso))
	}
	s := strings.Join(names, ", ")
	if len(isos) > most {
		s += " …"
	}
	if d.wheres == nil {
		d.wheres = map[string]string{}
	}
	d.wheres[key] = s
	return s
}

// mostTyped bounds what is shown again in its field.
const mostTyped = 256 << 10

// takeRates previews a list, and takes it once the preview was confirmed.
func (f *face) takeRates(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, id, err := f.tariff(r, p)
	if err != nil {
		return nil, err
	}
	text, err := formText(r, "file", "csv", mostRates)
	if err != nil {
		return nil, err
	}
	if len(text) <= mostTyped {
		d.Typed = text
	}
	next, err := carrier.ReadRates(text, f.Currency)
	if err == nil && r.PostFormValue("take") != "" {
		if err = f.Tariffs.SetRates(r.Context(), p.Who, id, next); err == nil {
			return nil, redirect{"/operator/carriers/" + d.ID + "/rates"}
		}
	}
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		p.Status, d.Problem, d.Wrong = http.StatusUnprocessableEntity, p.why(err), fault.FieldsOf(err)
		return f.showRates(r, p, d, id)
	}
	old, err := f.Tariffs.Rates(r.Context(), p.Who, id)
	if err != nil {
		return nil, err
	}
	d.Text = text
	f.compare(p, &d, old, next)
	return f.showRates(r, p, d, id)
}

// compare says what a new list would change.
func (f *face) compare(p *page, d *ratesData, old, next []carrier.Rate) {
	was := make(map[string]int64, len(old))
	for _, x := range old {
		was[x.Prefix] = x.Micros
	}
	add := func(kind int, c rateChange) {
		d.Counts[kind]++
		if len(d.Changes) < shownRates {
			d.Changes = append(d.Changes, c)
		} else {
			d.Left++
		}
	}
	for _, x := range next {
		micros, had := was[x.Prefix]
		delete(was, x.Prefix)
		row := f.rateRow(p, d, x)
		switch {
		case !had:
			add(0, rateChange{What: "added", Row: row, Next: row.Price})
		case micros != x.Micros:
			add(1, rateChange{What: "changed", Row: row, Old: f.rateRow(p, d, carrier.Rate{Prefix: x.Prefix, Micros: micros}).Price, Next: row.Price})
		}
	}
	var gone []string
	for prefix := range was {
		gone = append(gone, prefix)
	}
	slices.Sort(gone)
	for _, prefix := range gone {
		row := f.rateRow(p, d, carrier.Rate{Prefix: prefix, Micros: was[prefix]})
		add(2, rateChange{What: "removed", Row: row, Old: row.Price})
	}
}

// ratesFile is the list as a file that takeRates takes again.
func (f *face) ratesFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, id, err := f.tariff(r, p)
	if err != nil {
		return nil, err
	}
	list, err := f.Tariffs.Rates(r.Context(), p.Who, id)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	_ = out.Write([]string{"prefix", "price"}) // a buffer takes all
	for _, x := range list {
		_ = out.Write([]string{x.Prefix, money.Amount{Micros: x.Micros}.String()})
	}
	out.Flush()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "rates-"+d.ID+".csv"))
	_, err = w.Write(b.Bytes())
	return nil, err
}
