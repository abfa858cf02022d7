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

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Bills are what members are asked for their calls.
type Bills interface {
	Bill(ctx context.Context, by member.Actor, number string) (billing.Bill, error)
	Calls(ctx context.Context, by member.Actor, number string, after int64, limit int) ([]billing.Call, int64, error)
	EachCall(ctx context.Context, by member.Actor, number string, do func(billing.Call) error) error
	Credits(ctx context.Context, by member.Actor, number string) ([]billing.Credit, error)
	Claims(ctx context.Context, by member.Actor, account string) ([]billing.Claim, error)
}

// Dunning is what the operator does about them.
type Dunning interface {
	Standing(ctx context.Context, by member.Actor, account string) (billing.Standing, error)
	Credit(ctx context.Context, by member.Actor, number string, amount *money.Amount, reason, once string) (billing.Credit, error)
	Pause(ctx context.Context, by member.Actor, account string, until time.Time, note string) error
	WriteOff(ctx context.Context, by member.Actor, number, note string) (billing.Bill, error)
}

const receivablesPath = "/operator/receivables"

func (f *face) billingRoutes() map[string]handler {
	return map[string]handler{
		"GET /invoices/{number}/calls":             f.billedCalls,
		"GET /invoices/{number}/calls.csv":         f.billedFile,
		"GET /operator/receivables":                f.staffOnly(f.receivables),
		"GET /operator/receivables/{number}":       f.staffOnly(f.receivable),
		"GET /operator/receivables/{number}/{do}":  f.staffOnly(f.toReceivable),
		"POST /operator/receivables/{number}/{do}": f.staffOnly(f.actReceivable),
	}
}

// asked is what an invoice of calls asks for, as its page shows it.
type asked struct {
	billing.Bill
	State   billing.State
	Left    money.Amount
	Credits []billing.Credit
}

// askedBy is what a paper asks for; nil if it is none of calls.
func (f *face) askedBy(r *http.Request, p *page, x paper.Paper) (*asked, error) {
	if x.Data.Month == "" || x.Kind == paper.CreditNote {
		return nil, nil //nolint:nilnil // none
	}
	b, err := f.Bills.Bill(r.Context(), p.Who, x.Number)
	if err != nil {
		return nil, err
	}
	a := &asked{Bill: b, State: b.At(f.Now()), Left: money.Amount{Currency: b.Currency}}
	if a.Credits, err = f.Bills.Credits(r.Context(), p.Who, x.Number); err != nil {
		return nil, err
	}
	claims, err := f.Bills.Claims(r.Context(), p.Who, b.Account)
	for _, c := range claims {
		if c.Number == b.Number {
			a.Left.Micros = c.Left
		}
	}
	if a.State != billing.WrittenOff && a.Left.Zero() { // it is paid, and that is noted in a moment
		a.State = billing.Paid
	}
	return a, err
}

// billedData is the page of the calls of an invoice.
type billedData struct {
	Number string
	Month  string
	List   []billing.Call
	Next   string
}

func (f *face) billedCalls(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	d := billedData{Number: strings.ToUpper(r.PathValue("number"))}
	after := int64(0)
	if text := r.URL.Query().Get("cursor"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			return nil, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
	}
	b, err := f.Bills.Bill(r.Context(), p.Who, d.Number)
	if err != nil {
		return nil, err
	}
	var next int64
	if d.List, next, err = f.Bills.Calls(r.Context(), p.Who, d.Number, after, perPage); err != nil {
		return nil, err
	}
	if d.Month = string(b.Month); next > 0 {
		d.Next = strconv.FormatInt(next, 10)
	}
	p.Title = p.T("bill.calls")
	return billedPage(p, d), nil
}

func (f *face) billedFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	number := strings.ToUpper(r.PathValue("number"))
	if _, err := f.Bills.Bill(r.Context(), p.Who, number); err != nil {
		return nil, err
	}
	f.send(w, r, "calls-"+number+".csv", "text/csv; charset=utf-8", func(to io.Writer) error {
		out := billing.NewWriter(to)
		return errors.Join(f.Bills.EachCall(r.Context(), p.Who, number, out.Write), out.Close())
	})
	return nil, nil
}

// receivablesData is all that is open.
type receivablesData struct {
	Rows  []claimRow
	Ages  []ageRow
	Total money.Amount
}

type claimRow struct {
	billing.Claim
	Name  string
	State billing.State
	Late  int // days since it had to be paid
}

// ageRow is what is open of an age, and its bar of 300.
type ageRow struct {
	Key string
	Sum money.Amount
	W   string
}

// ages are the first days after the last for paying of each class.
func ages() []struct {
	key  string
	from int
} {
	return []struct {
		key  string
		from int
	}{{"not_due", -1 << 30}, {"to_30", 1}, {"to_60", 31}, {"to_90", 61}, {"older", 91}}
}

// lateBy is how many days ago a bill had to be paid; below one: it need not be yet.
func lateBy(b billing.Bill, now time.Time) int {
	if now.Before(b.Due) {
		return 0
	}
	return int(now.Sub(b.Due)/(24*time.Hour)) + 1
}

func (f *face) receivables(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	claims, err := f.Bills.Claims(r.Context(), p.Who, "")
	if err != nil {
		return nil, err
	}
	d := receivablesData{Total: money.Amount{Currency: f.Currency}}
	sums := make([]int64, len(ages()))
	for _, c := range claims {
		row := claimRow{Claim: c, Name: f.holderName(r, p, c.Account), State: c.At(f.Now()), Late: lateBy(c.Bill, f.Now())}
		d.Rows = append(d.Rows, row)
		d.Total.Micros += c.Own
		for i, a := range slices.Backward(ages()) {
			if row.Late >= a.from {
				sums[i] += c.Own
				break
			}
		}
	}
	most := max(1, slices.Max(sums))
	for i, a := range ages() {
		d.Ages = append(d.Ages, ageRow{a.key, money.Amount{Currency: f.Currency, Micros: sums[i]}, strconv.FormatFloat(300*float64(sums[i])/float64(most), 'f', 1, 64)})
	}
	p.Title = p.T("operator.receivables")
	return receivablesPage(p, d), nil
}

// holderName is what an account is called; its id if that cannot be told.
func (f *face) holderName(r *http.Request, p *page, account string) string {
	a, err := f.Accounts.Account(r.Context(), p.Who, account)
	if err != nil || a.Name == "" {
		return account
	}
	if a.Business.Company != "" {
		return a.Business.Company
	}
	return a.Name
}

// receivableData is one invoice as the operator works on it.
type receivableData struct {
	asked
	Name     string
	Standing billing.Standing
	Once     string
	At       string // the form that was refused
	Typed    url.Values
	Errors   map[string]string
}

// wrong is what to say at a form.
func (d receivableData) wrong(form, field string) string {
	if d.At != form {
		return ""
	}
	return d.Errors[field]
}

func (d receivableData) typed(form, field string) string {
	if d.At != form {
		return ""
	}
	return d.Typed.Get(field)
}

// Rest is what of it can still be credited.
func (d receivableData) Rest() money.Amount {
	return money.Amount{Currency: d.Currency, Micros: d.Calls - d.Credited}
}

func receivableAddress(number string) string { return receivablesPath + "/" + url.PathEscape(number) }

func (f *face) receivable(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showReceivable(r, p, receivableData{})
}

func (f *face) toReceivable(_ http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	return nil, redirect{receivableAddress(r.PathValue("number"))}
}

func (f *face) showReceivable(r *http.Request, p *page, d receivableData) (templ.Component, error) {
	x, err := f.Papers.Paper(r.Context(), p.Who, r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	a, err := f.askedBy(r, p, x)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return f.nothingHere(nil, r, p)
	}
	d.asked, d.Name, d.Once = *a, f.holderName(r, p, a.Account), billing.NewCredit(f.Now())
	if d.Standing, err = f.Dunning.Standing(r.Context(), p.Who, a.Account); err != nil {
		return nil, err
	}
	p.Title = x.Number
	return receivablePage(p, d), nil
}

// actReceivable does what a form of the page asks for.
func (f *face) actReceivable(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	number, do := r.PathValue("number"), r.PathValue("do")
	b, err := f.Bills.Bill(r.Context(), p.Who, number)
	if err != nil {
		return nil, err
	}
	switch do {
	case "credit":
		var amount *money.Amount
		if r.PostFormValue("all") == "" {
			a, aerr := typedAmount(r.PostFormValue("amount"), b.Currency)
			amount, err = &a, aerr
		}
		if err == nil {
			_, err = f.Dunning.Credit(r.Context(), p.Who, number, amount, r.PostFormValue("reason"), r.PostFormValue("once"))
		}
	case "pause":
		var until time.Time
		if text := r.PostFormValue("until"); text != "" {
			if until, err = time.Parse(time.DateOnly, text); err != nil {
				until = time.Unix(1, 0) // refused with what is possible
			}
			until = until.AddDate(0, 0, 1)
		}
		err = f.Dunning.Pause(r.Context(), p.Who, b.Account, until, r.PostFormValue("note"))
	case "write-off":
		_, err = f.Dunning.WriteOff(r.Context(), p.Who, number, r.PostFormValue("note"))
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil {
		return nil, redirect{receivableAddress(number)}
	}
	k := fault.KindOf(err)
	if k != fault.Invalid && k != fault.Conflict {
		return nil, err
	}
	p.Status = httpstatus.Of(k)
	return f.showReceivable(r, p, receivableData{At: do, Typed: r.PostForm, Errors: p.errorsOf(err)})
}
