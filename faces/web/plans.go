package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Sell keeps who pays by which deck, what currencies are worth, and explains
// what calls cost.
type Sell interface {
	Plans(ctx context.Context, by member.Actor) ([]tariff.Plan, error)
	AddPlan(ctx context.Context, by member.Actor, name string) (tariff.Plan, error)
	Give(ctx context.Context, by member.Actor, account, plan string) error
	PlanOf(ctx context.Context, by member.Actor, account string) (id, name string, err error)
	Exchange(ctx context.Context, by member.Actor) ([]tariff.Exchanged, error)
	SetExchange(ctx context.Context, by member.Actor, list []tariff.Exchanged) error
	Explain(ctx context.Context, by member.Actor, q tariff.Question) (tariff.Explained, error)
}

func (f *face) planRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/plans":     f.staffOnly(f.plans),
		"POST /operator/plans":    f.staffOnly(f.addPlan),
		"GET /operator/exchange":  f.staffOnly(f.exchange),
		"POST /operator/exchange": f.staffOnly(f.setExchange),
	}
}

// plansData is the plans by which members pay.
type plansData struct {
	List    []tariff.Plan
	Typed   string
	Problem string
}

func (f *face) plans(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.plansShown(r, p, plansData{})
}

func (f *face) plansShown(r *http.Request, p *page, d plansData) (templ.Component, error) {
	var err error
	p.Title = p.T("plans.title")
	d.List, err = f.Sell.Plans(r.Context(), p.Who)
	return plansPage(p, d), err
}

func (f *face) addPlan(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := plansData{Typed: r.PostFormValue("name")}
	x, err := f.Sell.AddPlan(r.Context(), p.Who, d.Typed)
	if err == nil {
		return nil, redirect{"/operator/carriers/" + x.ID + "/rates"}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	p.Status, d.Problem = http.StatusUnprocessableEntity, p.why(err)
	return f.plansShown(r, p, d)
}

// exchangeData is what currencies are worth.
type exchangeData struct {
	List    []tariff.Exchanged
	Typed   string
	Problem string
	Wrong   []fault.Field
}

func (f *face) exchange(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.exchangeShown(r, p, exchangeData{})
}

func (f *face) exchangeShown(r *http.Request, p *page, d exchangeData) (templ.Component, error) {
	var err error
	p.Title = p.T("exchange.title")
	d.List, err = f.Sell.Exchange(r.Context(), p.Who)
	d.List = d.List[:min(len(d.List), shownRates)]
	return exchangePage(p, d), err
}

func (f *face) setExchange(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := exchangeData{Typed: r.PostFormValue("csv")}
	list, err := tariff.ReadExchange(d.Typed)
	if err == nil {
		err = f.Sell.SetExchange(r.Context(), p.Who, list)
	}
	if err == nil {
		return nil, redirect{"/operator/exchange"}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	p.Status, d.Problem = http.StatusUnprocessableEntity, p.why(err)
	if d.Wrong = fault.FieldsOf(err); len(d.Wrong) == 1 && d.Wrong[0].Text == fault.ReasonOf(err).Text {
		d.Wrong = nil
	}
	return f.exchangeShown(r, p, d)
}

// priceSaid is a price in words.
type priceSaid struct {
	Short string // now, a minute
	Lines []string
}

// priceWords says what a call costs now, and at other times: bands hold by the
// clock of zone, and are said by the reader's.
func (p *page) priceWords(q *rating.Quote, zone, his *time.Location) (x priceSaid) {
	if q.Free() {
		return priceSaid{Short: p.T("calls.free")}
	}
	at := p.f.Now().In(zone)
	now, band := q.Now(at)
	x.Short = p.T("explain.price", "price", p.sum(p.f.Currency, now.Minute))
	if line := p.priceSentence(now); line != x.Short || band != "" {
		if band != "" {
			line = p.T("price.now", "band", band, "price", line)
		}
		x.Lines = append(x.Lines, line)
	}
	others := q.Others(at)
	for _, o := range others {
		if o.Band.Name == "" {
			x.Lines = append(x.Lines, p.T("price.else", "price", p.priceSentence(o.Price)))
		} else {
			x.Lines = append(x.Lines, p.T("price.in", "band", o.Band.Name, "when", p.whenBand(o.Band.Later(offset(at.In(his))-offset(at))), "price", p.priceSentence(o.Price)))
		}
	}
	if len(others) > 0 {
		x.Lines = append(x.Lines, p.T("price.clock", "zone", strings.ReplaceAll(his.String(), "_", " ")))
	}
	return x
}

// offset is how many minutes a clock is ahead of UTC.
func offset(at time.Time) int {
	_, seconds := at.Zone()
	return seconds / 60
}

// whenBand is when a time band holds, with the days in the reader's language.
func (p *page) whenBand(b rating.Band) string {
	s := tariff.When(b)
	for i, day := range strings.Fields(p.T("price.days")) {
		s = strings.ReplaceAll(s, [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}[i], day)
	}
	return s
}

// priceSentence is a price: "0.10 a minute, 0.05 to connect, in steps of 60 seconds".
func (p *page) priceSentence(x rating.Price) string {
	parts := []string{p.T("explain.price", "price", p.sum(p.f.Currency, x.Minute))}
	if x.Connect > 0 {
		parts = append(parts, p.T("price.connect", "price", p.sum(p.f.Currency, x.Connect)))
	}
	if steps := tariff.Steps(x); steps != "1/1" {
		first, next, _ := strings.Cut(steps, "/")
		if first == next {
			parts = append(parts, p.T("price.step", "next", next))
		} else {
			parts = append(parts, p.T("price.steps", "first", first, "next", next))
		}
	}
	if x.Free > 0 {
		parts = append(parts, p.T("price.free", "seconds", strconv.Itoa(int(x.Free))))
	}
	return strings.Join(parts, p.T("price.and"))
}

// callWhy is why a call cost what it did.
type callWhy struct {
	X       tariff.Explained
	Cost    money.Amount
	Sent    bool   // to where his calls are sent on,
	To      string // which is here
	Less    bool   // was booked than it would have cost: the money had ended
	Other   bool   // something else was booked
	Unknown bool   // which list counted
}

// why explains what a call cost: rated again by the list that was in force when
// it was made; nil if it cost nothing.
func (f *face) why(r *http.Request, p *page, rec cdr.Record) (*callWhy, error) {
	d, drawn := &callWhy{Cost: rec.Cost(p.Who.Account)}, rec.Drew(p.Who.Account)
	if d.Cost.Zero() && len(drawn) == 0 {
		return nil, nil //nolint:nilnil // there is nothing to explain
	}
	to, pays := rec.Decision.Number, rec.From.Number
	d.Sent = rec.Decision.Kind == routing.OnNet.String()
	switch {
	case d.Sent: // by whose holder it was sent on
		pays = rec.To.Number
		d.To = numbering.Spaced(to)
	case to == "" && rec.From.Account == p.Who.Account: // records once did not say it
		to = strings.ReplaceAll(rec.To.Text, " ", "")
	}
	digits, plus := strings.CutPrefix(to, "+")
	if to == "" || !rec.Answered() || !plus && rec.Decision.Number == "" {
		d.Unknown = true
		return d, nil
	}
	var err error
	if plus {
		d.X, err = f.Sell.Explain(r.Context(), p.Who, tariff.Question{
			To: digits, Account: p.Who.Account, Version: rec.Decision.Version, Zone: f.Plans.Clock(pays.CallingCode, pays.National),
			Asked: rec.Start, Answer: rec.Answer, For: rec.Duration(), Drawn: drawnBy(drawn),
		})
	} else {
		d.X = tariff.ExplainPartner(d.Cost.Currency, rec.Decision.Micros, rec.Answer, rec.Duration())
	}
	if err != nil && fault.KindOf(err) == fault.Unknown {
		d.Unknown = true
		return d, nil
	}
	d.Less, d.Other = d.Cost.Micros < d.X.Amount.Micros, d.Cost.Micros > d.X.Amount.Micros
	return d, err
}

// drawnBy is what packages paid for, as an explanation takes it.
func drawnBy(list []cdr.Drawn) (out []tariff.Drawn) {
	for _, d := range list {
		out = append(out, tariff.Drawn{Name: d.Name, Seconds: d.Seconds})
	}
	return out
}
