package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/routing"
)

// Guard keeps calls from costing more than they should.
type Guard interface {
	Of(ctx context.Context, by member.Actor, account string) (guard.View, error)
	SetLimits(ctx context.Context, by member.Actor, l guard.Limits) error
	Open(ctx context.Context, by member.Actor, what string) error
	Close(ctx context.Context, by member.Actor, what string) error
	SetAccount(ctx context.Context, by member.Actor, account string, c guard.Class, top guard.Limits) error
	Resume(ctx context.Context, by member.Actor, account string) error
	BlocksOf(ctx context.Context, by member.Actor, f guard.BlockFilter) ([]guard.Block, string, error)
}

// GuardRules are what holds for everybody.
type GuardRules interface {
	Policy() (guard.Policy, guard.Rule)
	SetPolicy(ctx context.Context, by member.Actor, p guard.Policy) error
	Ranges() (*guard.List, guard.Rule)
	SetRanges(ctx context.Context, by member.Actor, list *guard.List, seen int64) error
}

// Foresight says beforehand what would keep a call from being made.
type Foresight interface {
	Foresee(ctx context.Context, by member.Actor, c guard.Call) (guard.Foreseen, error)
}

func (f *face) limitRoutes() map[string]handler {
	return map[string]handler{
		"GET /account/limits":                f.limits,
		"POST /account/limits":               f.setLimits,
		"POST /account/limits/open":          f.openDestination,
		"POST /account/limits/close":         f.closeDestination,
		"GET /operator/limits":               f.staffOnly(f.policy),
		"POST /operator/limits":              f.staffOnly(f.setPolicy),
		"GET /operator/limits/destinations":  f.staffOnly(f.closedList),
		"POST /operator/limits/destinations": f.staffOnly(f.takeClosedList),
		"GET /operator/limits/closed.csv":    f.staffOnly(f.closedFile),
		"GET /operator/limits/refused":       f.staffOnly(f.refusedCalls),
		"GET /operator/members/{id}/limits":  f.staffOnly(f.memberLimits),
		"POST /operator/members/{id}/limits": f.staffOnly(f.setMemberLimits),
		"POST /operator/members/{id}/resume": f.staffOnly(f.resumeMember),
	}
}

// limitNames are the fields of limits, in order.
func limitNames() []string { return []string{"day", "month", "minute", "calls"} }

// limitField is one limit in a form.
type limitField struct {
	Name, ID, Value, Error, Most string
}

// limitsData is the page on which somebody sees and sets what his calls may cost.
type limitsData struct {
	guard.View
	Name   string // of the account, for the operator
	Fields []limitField
	Ask    string // a destination that is about to be opened
	Groups []closedGroup
	Blocks []guard.Block
	Done   bool
	Wrong  string
}

// closedGroup is the closed destinations of a country, or one of none.
type closedGroup struct {
	What   string // opens it
	Name   string
	Ranges []guard.Range
	Open   bool // all that can be
	Can    bool // something can be opened
}

// Kinds are why they are closed.
func (g closedGroup) Kinds() (out []guard.Kind) {
	for _, r := range g.Ranges {
		if !slices.Contains(out, r.Kind) {
			out = append(out, r.Kind)
		}
	}
	return out
}

func amountText(n *int64) string {
	if n == nil {
		return ""
	}
	return money.Amount{Micros: *n}.String()
}

func limitTexts(l guard.Limits) [4]string {
	calls := ""
	if l.Calls != nil {
		calls = strconv.Itoa(*l.Calls)
	}
	return [4]string{amountText(l.Day), amountText(l.Month), amountText(l.Minute), calls}
}

// limitFields are the fields of limits, with what may be written there at most.
func (f *face) limitFields(p *page, prefix string, l, top guard.Limits) []limitField {
	texts := limitTexts(l)
	var out []limitField
	for i, name := range limitNames() {
		x := limitField{Name: prefix + name, ID: "l-" + prefix + name, Value: texts[i]}
		switch {
		case name == "calls" && top.Calls != nil:
			x.Most = strconv.Itoa(*top.Calls)
		case name != "calls":
			if most := [3]*int64{top.Day, top.Month, top.Minute}[i]; most != nil {
				x.Most = p.Tongue.cash(money.Amount{Currency: f.Currency, Micros: *most})
			}
		}
		out = append(out, x)
	}
	return out
}

// readLimits reads the fields of limits; one that is empty has no limit.
func readLimits(form url.Values, prefix string) (l guard.Limits, wrong []fault.Field) {
	for i, name := range limitNames() {
		text := strings.TrimSpace(form.Get(prefix + name))
		if text == "" {
			continue
		}
		if name == "calls" {
			n, err := strconv.Atoi(text)
			if err != nil {
				wrong = append(wrong, fault.Field{Name: prefix + name, Text: "Write a number from 0 to 1000."})
			}
			l.Calls = &n
			continue
		}
		micros, err := money.ReadMicros(text)
		switch {
		case errors.Is(err, money.ErrTwoWays):
			wrong = append(wrong, fault.Field{Name: prefix + name, Text: "This can be read in two ways. Write it with two decimals, like 5.00 or 5,00, and thousands without a mark."})
		case err != nil:
			wrong = append(wrong, fault.Field{Name: prefix + name, Text: "Write an amount like 5.00 or 5,00."})
		}
		*[3]**int64{&l.Day, &l.Month, &l.Minute}[i] = &micros
	}
	return l, wrong
}

func badFields(wrong []fault.Field) error {
	if len(wrong) == 0 {
		return nil
	}
	return fault.Fields(wrong...)
}

// groups are the closed destinations as people look for them: by country, and
// those of no country first.
func (f *face) groups(p *page, v guard.View) (out []closedGroup) {
	list, _ := f.GuardRules.Ranges()
	at := map[string]int{}
	opened := map[string]bool{}
	for _, o := range v.Opened {
		for _, r := range o.Ranges {
			opened[r.Prefix] = true
		}
	}
	for _, r := range list.All {
		g := closedGroup{What: r.Country, Name: p.Tongue.country(r.Country), Open: true}
		if r.Country == "" {
			g.What, g.Name = "+"+r.Prefix, ""
		}
		i, had := at[g.What]
		if !had {
			i = len(out)
			at[g.What] = i
			out = append(out, g)
		}
		out[i].Ranges = append(out[i].Ranges, r)
		out[i].Can = out[i].Can || !r.Never
		out[i].Open = out[i].Open && (r.Never || opened[r.Prefix])
	}
	slices.SortStableFunc(out, func(a, b closedGroup) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

const shownBlocks = 10

func (f *face) limitsOf(r *http.Request, p *page) (d limitsData, err error) {
	if err := p.must(); err != nil {
		return d, err
	}
	if d.View, err = f.Guard.Of(r.Context(), p.Who, p.Who.Account); err != nil {
		return d, err
	}
	p.Title = p.T("limits.title")
	d.Fields, d.Groups = f.limitFields(p, "", d.Own, d.Ceiling), f.groups(p, d.View)
	d.Blocks, _, err = f.Guard.BlocksOf(r.Context(), p.Who, guard.BlockFilter{Account: p.Who.Account, Limit: shownBlocks})
	return d, err
}

func (f *face) limits(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.limitsOf(r, p)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	d.Done = q.Has("done")
	for i := range d.Fields { // he proved who he is in between
		if q.Has(d.Fields[i].Name) {
			d.Fields[i].Value = q.Get(d.Fields[i].Name)
		}
	}
	if what := q.Get("open"); d.MayOpen && slices.ContainsFunc(d.Groups, func(g closedGroup) bool {
		return slices.Contains(d.Suspect, what) || g.What == what && g.Can || slices.ContainsFunc(g.Ranges, func(r guard.Range) bool { return "+"+r.Prefix == what && !r.Never })
	}) {
		d.Ask = what
	}
	return limitsPage(p, d), nil
}

// backHere has whoever must prove himself come back to what he was about to do.
func backHere(err error, back url.Values) error {
	if fault.ReasonOf(err).Code != "prove_again" {
		return err
	}
	return redirect{withNext(provePath, "/account/limits?"+back.Encode())}
}

func (f *face) setLimits(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.limitsOf(r, p)
	if err != nil {
		return nil, err
	}
	l, wrong := readLimits(r.PostForm, "")
	if err = badFields(wrong); err == nil {
		err = f.Guard.SetLimits(r.Context(), p.Who, l)
	}
	if err == nil {
		return nil, redirect{"/account/limits?done=1"}
	}
	back := url.Values{}
	for i := range d.Fields {
		d.Fields[i].Value = r.PostFormValue(d.Fields[i].Name)
		back.Set(d.Fields[i].Name, d.Fields[i].Value)
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, backHere(err, back)
	}
	p.Status = http.StatusUnprocessableEntity
	d.Wrong = wrongFields(p, d.Fields, err)
	return limitsPage(p, d), nil
}

// wrongFields puts what is wrong to its fields, and returns what belongs to none.
func wrongFields(p *page, fields []limitField, err error) string {
	wrong := p.errorsOf(err)
	for i := range fields {
		fields[i].Error = wrong[fields[i].Name]
	}
	return cmp.Or(wrong[""], p.why(err))
}

func (f *face) openDestination(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	what := r.PostFormValue("what")
	if err := f.Guard.Open(r.Context(), p.Who, what); err != nil {
		return nil, backHere(err, url.Values{"open": {what}})
	}
	return nil, redirect{"/account/limits?done=1#opened"}
}

func (f *face) closeDestination(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Guard.Close(r.Context(), p.Who, r.PostFormValue("what")); err != nil {
		return nil, err
	}
	return nil, redirect{"/account/limits?done=1#opened"}
}

// whyRefused is why calls of a page of the history were refused, by call id.
func (f *face) whyRefused(ctx context.Context, p *page, records []cdr.Record) (map[string]guard.Block, error) {
	var calls []string
	for i := range records {
		if records[i].Cause == cdr.Forbidden || records[i].Cause == cdr.Unpaid || records[i].Payer == p.Who.Account {
			calls = append(calls, records[i].CallID)
		}
	}
	if len(calls) == 0 {
		return nil, nil
	}
	list, _, err := f.Guard.BlocksOf(ctx, p.Who, guard.BlockFilter{Account: p.Who.Account, Calls: calls, Limit: len(calls)})
	out := make(map[string]guard.Block, len(list))
	for _, b := range list {
		out[b.Call] = b
	}
	return out, err
}

// barPart is how much of a bar of a thousand an amount is; without a limit there
// is nothing to draw.
func barPart(n int64, limit *int64) string {
	if limit == nil || n <= 0 {
		return "0"
	}
	if *limit <= 0 {
		return "1000"
	}
	return strconv.FormatFloat(min(1000, float64(n)*1000/float64(*limit)), 'f', 1, 64)
}

// foresee is what would keep a call that costs from being made; of one that
// somebody else has forwarded, that is for him and the operator.
func (f *face) foresee(ctx context.Context, p *page, x *routing.Explanation, caller string) (guard.Foreseen, error) {
	payer, minute := x.Charged(caller, f.Now())
	if payer == "" || !p.Who.May(payer) {
		return guard.Foreseen{}, nil
	}
	return f.Foresight.Foresee(ctx, p.Who, guard.Call{Account: payer, Currency: f.Currency, E164: x.E164, Minute: minute, Forward: x.Targets[0].Forward})
}
