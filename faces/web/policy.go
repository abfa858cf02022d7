package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
)

// policyData is what holds for each class of accounts.
type policyData struct {
	Classes []policyClass
	Pace    []limitField
	Days    limitField
	Paid    bool
	Rule    guard.Rule
	Closed  int
	Done    bool
	Problem string
}

type policyClass struct {
	Name   guard.Class
	Fields []limitField
}

func paceNumbers(p *guard.Pace) []struct {
	name string
	n    *int
} {
	return []struct {
		name string
		n    *int
	}{{"pace_minute", &p.Minute}, {"pace_hour", &p.Hour}, {"pace_destinations", &p.Destinations}, {"pace_short", &p.Short}, {"pace_short_below", &p.ShortBelow}, {"pace_stop", &p.Stop}}
}

func (f *face) policyOf(p *page) policyData {
	x, rule := f.GuardRules.Policy()
	list, _ := f.GuardRules.Ranges()
	d := policyData{Paid: x.NewPaid, Rule: rule, Closed: len(list.All), Days: limitField{Name: "new_days", ID: "l-new_days", Value: strconv.Itoa(x.NewDays)}}
	for _, c := range []struct {
		name guard.Class
		l    guard.Limits
	}{{guard.Newcomer, x.New}, {guard.Known, x.Known}, {guard.Trusted, x.Trusted}} {
		d.Classes = append(d.Classes, policyClass{c.name, f.limitFields(p, string(c.name)+"_", c.l, guard.Limits{})})
	}
	for _, n := range paceNumbers(&x.Pace) {
		d.Pace = append(d.Pace, limitField{Name: n.name, ID: "l-" + n.name, Value: strconv.Itoa(*n.n)})
	}
	p.Title = p.T("operator.limits")
	return d
}

func (f *face) policy(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := f.policyOf(p)
	d.Done = r.URL.Query().Has("done")
	return policyPage(p, d), nil
}

func (f *face) setPolicy(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	var x guard.Policy
	var wrong []fault.Field
	for _, c := range []struct {
		prefix string
		to     *guard.Limits
	}{{"new_", &x.New}, {"known_", &x.Known}, {"trusted_", &x.Trusted}} {
		l, bad := readLimits(r.PostForm, c.prefix)
		*c.to, wrong = l, append(wrong, bad...)
	}
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue(name)))
		if err != nil {
			wrong = append(wrong, fault.Field{Name: name, Text: "This number is too small or too large."})
		}
		return n
	}
	x.NewDays, x.NewPaid = number("new_days"), r.PostFormValue("until_paid") != ""
	for _, n := range paceNumbers(&x.Pace) {
		*n.n = number(n.name)
	}
	err := badFields(wrong)
	if err == nil {
		err = f.GuardRules.SetPolicy(r.Context(), p.Who, x)
	}
	if err == nil {
		return nil, redirect{"/operator/limits?done=1"}
	}
	if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
		return nil, err
	}
	d := f.policyOf(p)
	p.Status, d.Paid = http.StatusUnprocessableEntity, x.NewPaid
	bad := p.errorsOf(err)
	again := func(fields []limitField) {
		for i := range fields {
			fields[i].Value, fields[i].Error = r.PostFormValue(fields[i].Name), bad[fields[i].Name]
		}
	}
	for i := range d.Classes {
		again(d.Classes[i].Fields)
	}
	again(d.Pace)
	days := []limitField{d.Days}
	again(days)
	d.Days, d.Problem = days[0], p.why(err)
	return policyPage(p, d), nil
}

// closedData is the list of closed destinations, and what a new one would change.
type closedData struct {
	List    []guard.Range
	Rule    guard.Rule
	Changes []guard.Change
	Text    string // the list that was read, to be confirmed
	Typed   string
	Problem string
	Wrong   []fault.Field
	Preview bool
}

// count is how many changes are of a sort.
func (d closedData) count(what string) string {
	n := 0
	for _, c := range d.Changes {
		if c.What == what {
			n++
		}
	}
	return strconv.Itoa(n)
}

func (f *face) closedOf(p *page) closedData {
	list, rule := f.GuardRules.Ranges()
	p.Title = p.T("closed.title")
	return closedData{List: list.All, Rule: rule}
}

func (f *face) closedList(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	return closedPage(p, f.closedOf(p)), nil
}

func (f *face) takeClosedList(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	text, err := formText(r, "file", "csv", guard.MostList)
	if err != nil {
		return nil, err
	}
	d := f.closedOf(p)
	if len(text) <= mostTyped {
		d.Typed = text
	}
	next, err := guard.ReadRanges(text)
	if err == nil && r.PostFormValue("take") != "" {
		seen, _ := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
		if err = f.GuardRules.SetRanges(r.Context(), p.Who, next, seen); err == nil {
			return nil, redirect{"/operator/limits/destinations"}
		}
	}
	if err != nil {
		if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
			return nil, err
		}
		p.Status, d.Problem, d.Wrong = http.StatusUnprocessableEntity, p.why(err), fault.FieldsOf(err)
		return closedPage(p, d), nil
	}
	old, _ := f.GuardRules.Ranges()
	d.Text, d.Changes, d.Preview = text, old.Changes(next), true
	return closedPage(p, d), nil
}

func (f *face) closedFile(w http.ResponseWriter, _ *http.Request, _ *page) (templ.Component, error) {
	list, _ := f.GuardRules.Ranges()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="destinations.csv"`)
	_, err := w.Write([]byte(list.CSV()))
	return nil, err
}

// refusedData is a page of refused calls.
type refusedData struct {
	List    []guard.Block
	Account string
	Next    string
}

// More is the address of the next page.
func (d refusedData) More() string {
	return "/operator/limits/refused?" + url.Values{"account": {d.Account}, "cursor": {d.Next}}.Encode()
}

func (f *face) refusedCalls(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := refusedData{Account: r.URL.Query().Get("account")}
	var err error
	d.List, d.Next, err = f.Guard.BlocksOf(r.Context(), p.Who, guard.BlockFilter{Account: d.Account, Before: r.URL.Query().Get("cursor"), Limit: perPage})
	p.Title = p.T("refused.title")
	return refusedPage(p, d), err
}

func (f *face) memberLimitsOf(r *http.Request, p *page) (d limitsData, err error) {
	a, err := f.Accounts.Account(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return d, err
	}
	if d.View, err = f.Guard.Of(r.Context(), p.Who, a.ID); err != nil {
		return d, err
	}
	p.Title, d.Name = p.T("limits.title"), a.Name
	d.Fields = f.limitFields(p, "", d.Special, guard.Limits{})
	d.Blocks, _, err = f.Guard.BlocksOf(r.Context(), p.Who, guard.BlockFilter{Account: a.ID, Limit: shownBlocks})
	return d, err
}

func (f *face) memberLimits(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.memberLimitsOf(r, p)
	d.Done = r.URL.Query().Has("done")
	return memberLimitsPage(p, d), err
}

func (f *face) setMemberLimits(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.memberLimitsOf(r, p)
	if err != nil {
		return nil, err
	}
	l, wrong := readLimits(r.PostForm, "")
	if err = badFields(wrong); err == nil {
		err = f.Guard.SetAccount(r.Context(), p.Who, d.Account, guard.Class(r.PostFormValue("class")), l)
	}
	if err == nil {
		return nil, redirect{"/operator/members/" + d.Account + "/limits?done=1"}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	for i := range d.Fields {
		d.Fields[i].Value = r.PostFormValue(d.Fields[i].Name)
	}
	p.Status = http.StatusUnprocessableEntity
	d.Wrong = wrongFields(p, d.Fields, err)
	return memberLimitsPage(p, d), nil
}

func (f *face) resumeMember(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.Guard.Resume(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/members/" + r.PathValue("id") + "/limits?done=1"}
}
