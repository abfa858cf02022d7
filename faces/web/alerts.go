package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/pin"
)

// Alerts are what looks like fraud.
type Alerts interface {
	AlertsOf(ctx context.Context, by member.Actor, f guard.AlertFilter) ([]guard.Alert, string, error)
	AlertOf(ctx context.Context, by member.Actor, id string) (guard.Alert, error)
	SetAlert(ctx context.Context, by member.Actor, id string, state guard.State, note string) (guard.Alert, error)
	Thresholds(by member.Actor) (guard.Thresholds, error)
}

func (f *face) alertRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/alerts":       f.staffOnly(f.alerts),
		"GET /operator/alerts/{id}":  f.staffOnly(f.alert),
		"POST /operator/alerts/{id}": f.staffOnly(f.setAlert),
	}
}

// alertsData is a page of alerts in a state.
type alertsData struct {
	State guard.State
	List  []guard.Alert
	Next  string
	When  guard.Thresholds
}

func alertStates() []guard.State { return []guard.State{guard.Raised, guard.Seen, guard.Closed} }

// More is the address of the next page.
func (d alertsData) More() string {
	return "/operator/alerts?" + url.Values{"state": {string(d.State)}, "cursor": {d.Next}}.Encode()
}

func (f *face) alerts(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := alertsData{State: guard.State(r.URL.Query().Get("state"))}
	if d.State != guard.Seen && d.State != guard.Closed {
		d.State = guard.Raised
	}
	var err error
	d.List, d.Next, err = f.Alerts.AlertsOf(r.Context(), p.Who, guard.AlertFilter{State: d.State, Before: r.URL.Query().Get("cursor"), Limit: perPage})
	if err == nil {
		d.When, err = f.Alerts.Thresholds(p.Who)
	}
	p.Title = p.T("operator.alerts")
	return alertsPage(p, d), err
}

// whenRaised says in words when an alert of a kind is raised.
func (p *page) whenRaised(k guard.AlertKind, t guard.Thresholds) string {
	cash := func(micros int64) string { return p.Tongue.cash(money.Amount{Currency: p.f.Currency, Micros: micros}) }
	n := strconv.Itoa
	minutes := func(d time.Duration) string { return n(int(d / time.Minute)) }
	switch k {
	case guard.Wangiri:
		return p.T("alert.when_wangiri", "calls", n(t.RingCalls), "seconds", n(int(t.RingMost/time.Second)), "members", n(t.RingPeople))
	case guard.SIMBox:
		return p.T("alert.when_sim_box", "calls", n(t.BoxCalls), "hours", n(t.BoxHours), "minutes", minutes(t.BoxTalk))
	case guard.Pumping:
		return p.T("alert.when_pumping", "calls", n(t.PumpCalls), "accounts", n(t.PumpPeople), "minutes", minutes(t.PumpTalk), "price", cash(t.PumpMinute))
	case guard.Guesses:
		return p.T("alert.when_guesses", "carrier", n(pin.MostByCarrier), "house", n(pin.MostOfHouse), "minutes", minutes(pin.CountedFor))
	default:
		return p.T("alert.when_spike", "times", n(int(t.SpikeTimes)), "amount", cash(t.SpikeFloor), "first", cash(2*t.SpikeFloor))
	}
}

// alertData is one alert.
type alertData struct {
	guard.Alert
	Problem string
	Typed   string
}

// Account is the account that it is about; "" of a range, a carrier and the house.
func (d alertData) Account() string {
	if strings.HasPrefix(d.Subject, "+") || d.Kind == guard.Guesses {
		return ""
	}
	return d.Subject
}

func (f *face) alert(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	a, err := f.Alerts.AlertOf(r.Context(), p.Who, r.PathValue("id"))
	p.Title = p.T("operator.alerts")
	return alertPage(p, alertData{Alert: a, Typed: a.Note}), err
}

func (f *face) setAlert(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id, note := r.PathValue("id"), strings.TrimSpace(r.PostFormValue("note"))
	_, err := f.Alerts.SetAlert(r.Context(), p.Who, id, guard.State(r.PostFormValue("state")), note)
	if err == nil {
		return nil, redirect{"/operator/alerts/" + id}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	a, aerr := f.Alerts.AlertOf(r.Context(), p.Who, id)
	if aerr != nil {
		return nil, aerr
	}
	p.Status, p.Title = http.StatusUnprocessableEntity, p.T("operator.alerts")
	return alertPage(p, alertData{Alert: a, Typed: note, Problem: p.fieldText(err)}), nil
}

// factText is a number of the evidence as its reader writes it.
func (p *page) factText(x guard.Fact) string {
	if x.Name == "spent" || x.Name == "usual" {
		return p.Tongue.cash(money.Amount{Currency: p.f.Currency, Micros: x.Value})
	}
	return strconv.FormatInt(x.Value, 10)
}

// column is one column of the drawing of calls over time.
type column struct{ X, Y, H string }

// columns draws calls over time in a field of 480 by 100.
func columns(list []int) (out []column) {
	most := 1
	for _, n := range list {
		most = max(most, n)
	}
	for i, n := range list {
		h := n * 96 / most
		if n > 0 {
			h = max(h, 3)
		}
		out = append(out, column{strconv.Itoa(i * 20), strconv.Itoa(100 - h), strconv.Itoa(h)})
	}
	return out
}

func busiest(list []int) (most int) {
	for _, n := range list {
		most = max(most, n)
	}
	return most
}
