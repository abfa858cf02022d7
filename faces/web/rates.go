package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Decks keeps what calls cost.
type Decks interface {
	Owner(ctx context.Context, by member.Actor, id string) (name string, carrier bool, err error)
	List(ctx context.Context, by member.Actor, owner, version string) (tariff.Version, *tariff.List, error)
	Propose(ctx context.Context, by member.Actor, owner, text string, f tariff.Form) (tariff.Draft, error)
	Compare(ctx context.Context, by member.Actor, owner, draft string) (tariff.Preview, error)
	Take(ctx context.Context, by member.Actor, owner, draft string, from time.Time, note string) ([]tariff.Version, error)
	Versions(ctx context.Context, by member.Actor, owner string) ([]tariff.Version, error)
	Withdraw(ctx context.Context, by member.Actor, owner, version string) (tariff.Version, error)
}

// ratesData is what calls cost, and what a new list would change.
type ratesData struct {
	ID       string // of the carrier or plan
	Name     string
	Carrier  bool
	Currency string
	Bands    string
	Versions []tariff.Version
	List     []rateRow
	More     int // that are not shown
	Find     string
	Preview  *tariff.Preview
	Changes  []rateChange
	Drawn    bool
	Typed    string // what was pasted, to be changed
	wheres   map[string]string
	Problem  string
	Wrong    []fault.Field
}

// Address is that of the page.
func (d *ratesData) Address() string { return "/operator/carriers/" + d.ID + "/rates" }

func (d *ratesData) count(what string) string { return strconv.Itoa(d.Preview.Counts[what]) }

// rateRow is what one destination costs.
type rateRow struct{ Prefix, Where, Band, Price, Connect, Steps string }

// rateChange is one line of a preview.
type rateChange struct{ What, Prefix, Where, Band, Old, Next, Percent string }

const (
	shownRates = 200
	mostRates  = tariff.MostBytes // bytes of a list
)

// tariffOf finds whose list is meant.
func (f *face) tariffOf(r *http.Request, p *page) (d ratesData, err error) {
	d.ID, d.Currency = r.PathValue("id"), string(f.Currency)
	d.Name, d.Carrier, err = f.Decks.Owner(r.Context(), p.Who, d.ID)
	if d.ID == tariff.Members {
		d.Name = p.T("rates.members")
	}
	p.Title = d.Name
	return d, err
}

func (f *face) rates(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.tariffOf(r, p)
	if err != nil {
		return nil, err
	}
	if draft := r.URL.Query().Get("draft"); draft != "" {
		if err := f.preview(r, p, &d, draft); err != nil {
			return nil, err
		}
	}
	return f.showRates(r, p, d)
}

func (f *face) showRates(r *http.Request, p *page, d ratesData) (templ.Component, error) {
	var err error
	if d.Versions, err = f.Decks.Versions(r.Context(), p.Who, d.ID); err != nil {
		return nil, err
	}
	v, list, err := f.Decks.List(r.Context(), p.Who, d.ID, "")
	if err != nil {
		return nil, err
	}
	if d.Bands == "" && d.Typed == "" {
		d.Currency = string(v.Currency)
		for _, b := range v.Bands {
			d.Bands += tariff.BandText(b) + "\n"
		}
	}
	d.Find = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(r.URL.Query().Get("find")), " ", ""), "+")
	for x := range list.All() {
		if d.Find == "" && len(d.List) == shownRates {
			d.More = list.Len() - shownRates
			break
		}
		if where := ""; d.Find != "" && !strings.HasPrefix(x.Prefix, d.Find) && !strings.HasPrefix(d.Find, x.Prefix) {
			if where = f.where(p, &d, x.Prefix); !strings.Contains(strings.ToLower(where), strings.ToLower(d.Find)) {
				continue
			}
		}
		if len(d.List) == shownRates {
			d.More++
			continue
		}
		row := rateRow{Prefix: "+" + x.Prefix, Where: f.where(p, &d, x.Prefix), Price: p.sum(v.Currency, x.Price.Minute), Steps: tariff.Steps(x.Price)}
		if x.Band > 0 {
			row.Band = v.Bands[x.Band-1].Name
		}
		if x.Price.Connect > 0 {
			row.Connect = p.sum(v.Currency, x.Price.Connect)
		}
		if x.Price.Free > 0 {
			row.Steps += " (" + strconv.Itoa(int(x.Price.Free)) + ")"
		}
		d.List = append(d.List, row)
	}
	return ratesPage(p, d), nil
}

// sum is an amount of a currency as the reader writes it.
func (p *page) sum(c money.Currency, micros int64) string {
	return p.Tongue.cash(money.Amount{Currency: c, Micros: micros})
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

// mostTyped bounds what is shown again in its field, and mostAgain how many lines
// of a list that was read.
const (
	mostTyped = 256 << 10
	mostAgain = 5000
)

// takeRates reads a list to be looked at, takes one that was, or withdraws one.
func (f *face) takeRates(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.tariffOf(r, p)
	if err != nil {
		return nil, err
	}
	text, err := formText(r, "file", "csv", mostRates)
	if err != nil {
		return nil, err
	}
	draft := r.PostFormValue("draft")
	switch {
	case r.PostFormValue("withdraw") != "":
		_, err = f.Decks.Withdraw(r.Context(), p.Who, d.ID, r.PostFormValue("withdraw"))
	case draft != "":
		err = f.takeDraft(r, p, &d, draft)
	default:
		if len(text) <= mostTyped {
			d.Typed = text
		}
		d.Bands = r.PostFormValue("bands")
		if c := strings.ToUpper(strings.TrimSpace(r.PostFormValue("currency"))); c != "" {
			d.Currency = c
		}
		var bands []rating.Band
		if bands, err = tariff.ParseBands(d.Bands); err != nil {
			break
		}
		var x tariff.Draft
		if x, err = f.Decks.Propose(r.Context(), p.Who, d.ID, text, tariff.Form{Currency: money.Currency(d.Currency), Bands: bands}); err == nil {
			return nil, redirect{d.Address() + "?draft=" + x.ID}
		}
	}
	if err == nil {
		return nil, redirect{d.Address()}
	}
	if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
		return nil, err
	}
	p.Status, d.Problem, d.Wrong = http.StatusUnprocessableEntity, p.why(err), fault.FieldsOf(err)
	if len(d.Wrong) == 1 && d.Wrong[0].Text == fault.ReasonOf(err).Text { // it is said already
		d.Wrong = nil
	}
	return f.showRates(r, p, d)
}

// takeDraft puts a draft in force; of one that cannot be, it is shown again.
func (f *face) takeDraft(r *http.Request, p *page, d *ratesData, draft string) error {
	var from time.Time
	if s := r.PostFormValue("from"); s != "" {
		var err error
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
			if from, err = time.Parse(layout, s); err == nil {
				break
			}
		}
		if err != nil {
			return fault.New(fault.Invalid, "deck_from", "Write when the list begins as in 2027-01-31T06:00.")
		}
	}
	_, err := f.Decks.Take(r.Context(), p.Who, d.ID, draft, from, r.PostFormValue("note"))
	if err != nil && fault.KindOf(err) == fault.Invalid {
		if perr := f.preview(r, p, d, draft); perr != nil {
			return perr
		}
	}
	return err
}

// preview says what a draft would change.
func (f *face) preview(r *http.Request, p *page, d *ratesData, draft string) error {
	x, err := f.Decks.Compare(r.Context(), p.Who, d.ID, draft)
	if err != nil {
		return err
	}
	d.Preview = &x
	if x.Draft.Rows <= mostAgain { // to be changed
		var b strings.Builder
		if err := x.List.Write(&b); err != nil {
			return err
		}
		d.Typed, d.Currency, d.Bands = b.String(), string(x.Draft.Currency), ""
		for _, band := range x.Draft.Bands {
			d.Bands += tariff.BandText(band) + "\n"
		}
	}
	d.Drawn = x.Counts[tariff.IsDearer]+x.Counts[tariff.IsCheaper] > 0
	for _, c := range x.Changes {
		row := rateChange{What: c.What, Prefix: "+" + c.Prefix, Where: f.where(p, d, c.Prefix), Band: c.Band}
		if c.What != tariff.IsNew {
			row.Old = p.priceShort(x.Against.Currency, c.Old)
		}
		if c.What != tariff.IsRemoved {
			row.Next = p.priceShort(x.Draft.Currency, c.New)
		}
		if c.Percent != 0 && c.Percent < 1_000_000 {
			row.Percent = strconv.FormatFloat(float64(c.Percent)/100, 'f', 1, 64)
			if c.Percent > 0 {
				row.Percent = "+" + row.Percent
			}
		}
		d.Changes = append(d.Changes, row)
	}
	return nil
}

// priceShort is a price for a table: "0.05 + 0.10, 60/60".
func (p *page) priceShort(c money.Currency, x rating.Price) string {
	s := p.sum(c, x.Minute)
	if x.Connect > 0 {
		s = p.sum(c, x.Connect) + " + " + s
	}
	if steps := tariff.Steps(x); steps != "1/1" {
		s += ", " + steps
	}
	if x.Free > 0 {
		s += ", −" + strconv.Itoa(int(x.Free))
	}
	return s
}

// days are the later days that a draft names.
func (d *ratesData) days(p *page) string {
	var all []string
	for _, t := range d.Preview.Days {
		all = append(all, p.Tongue.date(t))
	}
	return strings.Join(all, ", ")
}

// bar is how many destinations change by how much.
type bar struct{ X, Y, H, Mid, Over, Lines, Name, Fill string }

// drawing has what becomes cheaper on its left and what becomes dearer on its right.
func (d *ratesData) drawing() (out []bar) {
	most := 1
	for _, s := range d.Preview.Steps {
		most = max(most, s.Lines)
	}
	for i, s := range d.Preview.Steps {
		h := 0
		if s.Lines > 0 {
			h = max(2, s.Lines*66/most)
		}
		b := bar{X: strconv.Itoa(2 + i*40), Y: strconv.Itoa(80 - h), H: strconv.Itoa(h), Mid: strconv.Itoa(20 + i*40), Over: strconv.Itoa(78 - h), Name: stepName(s), Fill: "#2E7D5B"}
		if s.From >= 0 {
			b.Fill = "#C2452D"
		}
		if s.Lines > 0 {
			b.Lines = strconv.Itoa(s.Lines)
		}
		out = append(out, b)
	}
	return out
}

// stepName is up to how many percent a bar goes, from nothing.
func stepName(s tariff.Step) string {
	percent := func(n int64) string { return strconv.FormatInt(n/100, 10) + "%" }
	switch {
	case s.From < -1_000_000:
		return "<" + percent(s.To)
	case s.To > 1_000_000:
		return ">+" + percent(s.From)
	case s.From < 0:
		return percent(s.From)
	default:
		return "+" + percent(s.To)
	}
}

// drawnWords says a drawing to those who do not see it.
func (d *ratesData) drawnWords(p *page) string {
	var parts []string
	for _, s := range d.Preview.Steps {
		if s.Lines > 0 {
			parts = append(parts, stepName(s)+": "+strconv.Itoa(s.Lines))
		}
	}
	return p.T("rates.drawing") + ": " + strings.Join(parts, ", ")
}

// ratesFile is a list as a file that takeRates takes again.
func (f *face) ratesFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.tariffOf(r, p)
	if err != nil {
		return nil, err
	}
	v, list, err := f.Decks.List(r.Context(), p.Who, d.ID, r.URL.Query().Get("version"))
	if err != nil {
		return nil, err
	}
	name := "rates-" + d.ID
	if !v.From.IsZero() {
		name += "-" + v.From.Format("20060102-150405")
	}
	f.send(w, r, name+".csv", "text/csv; charset=utf-8", list.Write)
	return nil, nil
}
