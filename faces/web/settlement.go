package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
)

// Settlement is what carriers are owed and owe.
type Settlement interface {
	Totals(ctx context.Context, by member.Actor, carrier string, m settlement.Month) ([]settlement.Total, error)
	Lines(ctx context.Context, by member.Actor, f settlement.Filter) (settlement.Page, error)
	EachLine(ctx context.Context, by member.Actor, f settlement.Filter, do func(settlement.Line) error) error
	Margins(ctx context.Context, by member.Actor, m settlement.Month, sum settlement.MarginBy) ([]settlement.Margin, error)
	Reprice(ctx context.Context, by member.Actor, carrier string, m settlement.Month) (int, error)
	Balances(ctx context.Context, by member.Actor, carrier string) ([]settlement.Balance, error)
}

const settlementPath = "/operator/settlement"

func (f *face) settlementRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/settlement":                         f.staffOnly(f.settlementMonth),
		"GET /operator/settlement/reprice":                 f.staffOnly(f.settlementMonth),
		"POST /operator/settlement/reprice":                f.staffOnly(f.reprice),
		"GET /operator/settlement/margins":                 f.staffOnly(f.margins),
		"GET /operator/settlement/carriers/{id}":           f.staffOnly(f.settledCarrier),
		"GET /operator/settlement/carriers/{id}/{do}":      f.staffOnly(f.toSettled),
		"POST /operator/settlement/carriers/{id}/{do}":     f.staffOnly(f.settle),
		"GET /operator/settlement/carriers/{id}/lines":     f.staffOnly(f.settledLines),
		"GET /operator/settlement/carriers/{id}/lines.csv": f.staffOnly(f.settledFile),
		"GET /operator/settlement/statements/{id}":         f.staffOnly(f.carrierStatement),
		"GET /operator/settlement/statements/{id}/{do}":    f.staffOnly(f.toStatement),
		"POST /operator/settlement/statements/{id}/{do}":   f.staffOnly(f.decideStatement),
		"GET /operator/settlement/payouts":                 f.staffOnly(f.payouts),
		"GET /operator/settlement/payouts.csv":             f.staffOnly(f.payoutTable),
		"GET /operator/settlement/payouts.xml":             f.staffOnly(f.payoutFile),
		"GET /operator/settlement/payouts/{id}/{do}":       f.staffOnly(f.toPayouts),
		"POST /operator/settlement/payouts/{id}/{do}":      f.staffOnly(f.endPayout),
	}
}

// monthOf is the month that a page is asked for, and the ones beside it.
type monthOf struct {
	Month          settlement.Month
	Earlier, Later settlement.Month // later is "" of the month that is
}

func (f *face) monthOf(r *http.Request) (m monthOf, err error) {
	m.Month = settlement.MonthOf(f.Now())
	if text := r.FormValue("month"); text != "" {
		if m.Month, err = settlement.ParseMonth(text); err != nil {
			return m, err
		}
	}
	from, to := m.Month.Span()
	m.Earlier = settlement.MonthOf(from.AddDate(0, -1, 0))
	if !to.After(f.Now()) {
		m.Later = settlement.MonthOf(to)
	}
	return m, nil
}

// carrierNames are the names of carriers; one that is gone has its id. Of two with
// one name each has its center too.
type carrierNames map[string]string

func (n carrierNames) of(id string) string {
	if name := n[id]; name != "" {
		return name
	}
	return id
}

// carrierNames names all carriers, and has their ids in order.
func (f *face) carrierNames(r *http.Request, p *page) (names carrierNames, ids []string, err error) {
	all, err := f.Carriers.Carriers(r.Context(), p.Who)
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return namesOf(all), ids, err
}

func namesOf(all []carrier.Carrier) carrierNames {
	names, often := carrierNames{}, map[string]int{}
	for _, c := range all {
		often[c.Name]++
	}
	for _, c := range all {
		names[c.ID] = c.Name
		if often[c.Name] > 1 {
			names[c.ID] += " " + string(c.Center)
		}
	}
	return names
}

// settlementData is a month with all carriers.
type settlementData struct {
	monthOf
	Names    carrierNames
	Carriers []settledMonth
	Unpriced int64
	Margins  []marginRow
	Open     []settlement.Statement
	Priced   string // how many calls just got a price
}

// settledMonth is a carrier's month.
type settledMonth struct {
	ID                     string
	Calls, Seconds         int64
	Owe, Owed, Due, Coming []string // amounts: of this month, and that are open now
}

func (f *face) settlementMonth(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := settlementData{Priced: r.URL.Query().Get("priced")}
	if _, err := strconv.Atoi(d.Priced); err != nil {
		d.Priced = ""
	}
	var err error
	if d.monthOf, err = f.monthOf(r); err != nil {
		return nil, err
	}
	names, ids, err := f.carrierNames(r, p)
	if err != nil {
		return nil, err
	}
	d.Names = names
	totals, err := f.Settlement.Totals(r.Context(), p.Who, "", d.Month)
	if err != nil {
		return nil, err
	}
	for _, t := range totals {
		if !slices.Contains(ids, t.Carrier) {
			ids = append(ids, t.Carrier)
		}
		d.Unpriced += t.Unpriced
	}
	for _, id := range ids {
		balances, err := f.Settlement.Balances(r.Context(), p.Who, id)
		if err != nil {
			return nil, err
		}
		if x := p.settledMonth(id, totals, balances); x.Calls > 0 || len(balances) > 0 {
			d.Carriers = append(d.Carriers, x)
		}
	}
	margins, err := f.Settlement.Margins(r.Context(), p.Who, d.Month, settlement.ByCarrier)
	if err != nil {
		return nil, err
	}
	d.Margins = p.marginRows(margins, func(key string) (string, string) { return names.of(key), "" })
	list, err := f.Asked.Statements(r.Context(), p.Who, "", d.Month)
	for _, s := range list {
		if s.State != settlement.Agreed {
			d.Open = append(d.Open, s)
		}
	}
	p.Title = p.T("operator.settlement")
	return settlementPage(p, d), err
}

func (p *page) settledMonth(id string, totals []settlement.Total, balances []settlement.Balance) settledMonth {
	x := settledMonth{ID: id}
	for _, t := range totals {
		if t.Carrier != id {
			continue
		}
		x.Calls, x.Seconds = x.Calls+t.Calls, x.Seconds+t.Seconds
		switch {
		case t.Micros == 0:
		case t.Direction == settlement.Out:
			x.Owe = append(x.Owe, p.sum(t.Currency, t.Micros))
		default:
			x.Owed = append(x.Owed, p.sum(t.Currency, t.Micros))
		}
	}
	for _, b := range balances {
		if b.Payable != 0 {
			x.Due = append(x.Due, p.sum(b.Currency, b.Payable))
		}
		if b.Receivable != 0 {
			x.Coming = append(x.Coming, p.sum(b.Currency, b.Receivable))
		}
	}
	return x
}

// long is a time of whole seconds.
func long(seconds int64) string { return clock(time.Duration(seconds) * time.Second) }

// or is a list of amounts in words, a dash if there are none.
func or(list []string) string {
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, " + ")
}

func (f *face) reprice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.monthOf(r)
	if err != nil {
		return nil, err
	}
	carrier := r.PostFormValue("carrier")
	n, err := f.Settlement.Reprice(r.Context(), p.Who, carrier, m.Month)
	if err != nil {
		return nil, err
	}
	to := settlementPath
	if carrier != "" {
		to = settledAddress(carrier)
	}
	return nil, redirect{to + "?" + url.Values{"month": {string(m.Month)}, "priced": {strconv.Itoa(n)}}.Encode()}
}

// marginRow is what calls of one sort brought in and cost, as bars.
type marginRow struct {
	Name, Link            string
	Calls                 int64
	Talked                string
	Revenue, Cost, Margin string
	Loss                  bool
	In, Out               string // widths of the bars, of 300
}

// marginRows draws margins; name says what a key is called and where it leads.
func (p *page) marginRows(list []settlement.Margin, name func(string) (string, string)) (rows []marginRow) {
	most := int64(1)
	for _, m := range list {
		most = max(most, m.Revenue, m.Cost)
	}
	width := func(micros int64) string {
		w := 300 * float64(micros) / float64(most)
		if micros > 0 {
			w = max(w, 1)
		}
		return strconv.FormatFloat(max(0, w), 'f', 1, 64)
	}
	c := p.f.Currency
	for _, m := range list {
		x := marginRow{Calls: m.Calls, Talked: long(m.Seconds), Revenue: p.sum(c, m.Revenue), Cost: p.sum(c, m.Cost), Margin: p.sum(c, max(m.Revenue-m.Cost, m.Cost-m.Revenue)), Loss: m.Revenue < m.Cost, In: width(m.Revenue), Out: width(m.Cost)}
		x.Name, x.Link = name(m.Key)
		rows = append(rows, x)
	}
	return rows
}

// marginsData is margins by one thing.
type marginsData struct {
	monthOf
	By   settlement.MarginBy
	Rows []marginRow
}

func marginWays() []settlement.MarginBy {
	return []settlement.MarginBy{settlement.ByCarrier, settlement.ByDestination, settlement.ByCustomer}
}

func (f *face) margins(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := marginsData{By: settlement.MarginBy(r.URL.Query().Get("by"))}
	if d.By == "" {
		d.By = settlement.ByCarrier
	}
	var err error
	if d.monthOf, err = f.monthOf(r); err != nil {
		return nil, err
	}
	list, err := f.Settlement.Margins(r.Context(), p.Who, d.Month, d.By)
	if err != nil {
		return nil, err
	}
	names, _, err := f.carrierNames(r, p)
	if err != nil {
		return nil, err
	}
	var known ratesData
	d.Rows = p.marginRows(list, func(key string) (string, string) {
		switch {
		case key == "":
			return p.T("settle.none_" + string(d.By)), ""
		case d.By == settlement.ByDestination:
			return "+" + key + " " + f.where(p, &known, key), ""
		case d.By == settlement.ByCustomer:
			return key, "/operator/members/" + url.PathEscape(key)
		default:
			return names.of(key), settledAddress(key)
		}
	})
	p.Title = p.T("settle.margins")
	return marginsPage(p, d), nil
}

func settledAddress(carrier string) string {
	return settlementPath + "/carriers/" + url.PathEscape(carrier)
}

// trafficData is a page of lines.
type trafficData struct {
	monthOf
	ID, Name  string
	Direction settlement.Direction
	Unpriced  bool
	List      []settlement.Line
	Next      string
}

// At is the address of lines of another sort.
func (d *trafficData) At(file string, direction settlement.Direction, unpriced bool, cursor string) string {
	q := url.Values{"month": {string(d.Month)}}
	if direction != "" {
		q.Set("direction", string(direction))
	}
	if unpriced {
		q.Set("unpriced", "1")
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return settledAddress(d.ID) + "/" + file + "?" + q.Encode()
}

func (f *face) trafficOf(r *http.Request, p *page) (d trafficData, filter settlement.Filter, err error) {
	q := r.URL.Query()
	d = trafficData{ID: r.PathValue("id"), Direction: settlement.Direction(q.Get("direction")), Unpriced: q.Get("unpriced") != ""}
	if d.Direction != settlement.Out && d.Direction != settlement.In {
		d.Direction = ""
	}
	names, _, err := f.carrierNames(r, p)
	if err != nil {
		return d, filter, err
	}
	d.Name = names.of(d.ID)
	d.monthOf, err = f.monthOf(r)
	return d, settlement.Filter{Carrier: d.ID, Direction: d.Direction, Month: d.Month, Unpriced: d.Unpriced, Cursor: q.Get("cursor"), Limit: perPage}, err
}

func (f *face) settledLines(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, filter, err := f.trafficOf(r, p)
	if err != nil {
		return nil, err
	}
	x, err := f.Settlement.Lines(r.Context(), p.Who, filter)
	d.List, d.Next = x.Items, x.Next
	p.Title = p.T("settle.lines")
	return trafficPage(p, d), err
}

func (f *face) settledFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, filter, err := f.trafficOf(r, p)
	if err != nil {
		return nil, err
	}
	f.send(w, r, "settlement-"+string(d.Month)+".csv", "text/csv; charset=utf-8", func(to io.Writer) error {
		out := settlement.NewWriter(to)
		return errors.Join(f.Settlement.EachLine(r.Context(), p.Who, filter, out.Write), out.Close())
	})
	return nil, nil
}

// typedAmount reads an amount of a form.
func typedAmount(text string, c money.Currency) (money.Amount, error) {
	text = strings.TrimSpace(text)
	micros, err := money.ReadMicros(text)
	if err != nil || text == "" { // nothing is not zero
		return money.Amount{}, fault.New(fault.Invalid, "amount", "%q is no amount in %s.", short(text), string(c))
	}
	return money.Amount{Currency: c, Micros: micros}, nil
}

func short(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 40)])
}

// monthText and byText are what the addresses of pages end in.
func monthText(m settlement.Month) string {
	if m == "" {
		return ""
	}
	return "?month=" + string(m)
}

func byText(by string) string {
	if by == "" {
		return ""
	}
	return "&by=" + url.QueryEscape(by)
}
