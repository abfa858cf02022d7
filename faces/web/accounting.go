package web

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Accounting hands the book to accountants.
type Accounting interface {
	Sums(ctx context.Context, by member.Actor, o accounting.Order) ([]accounting.Sum, error)
	Write(ctx context.Context, by member.Actor, format string, o accounting.Order) (func(io.Writer) error, error)
}

const accountingPath = "/operator/accounting"

func (f *face) accountingRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/accounting":      f.staffOnly(f.accounting),
		"GET /operator/accounting/file": f.staffOnly(f.accountingFile),
	}
}

// accountingData is a period of the book.
type accountingData struct {
	From, To string
	Single   bool
	Sums     []accounting.Sum
	Errors   map[string]string
}

// File is the address of an export.
func (d accountingData) File(format string) string {
	q := url.Values{"from": {d.From}, "to": {d.To}, "format": {format}}
	if d.Single {
		q.Set("single", "1")
	}
	return accountingPath + "/file?" + q.Encode()
}

func (f *face) accounting(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showAccounting(r, p, nil)
}

// showAccounting shows the period that was asked for, at first the month before.
func (f *face) showAccounting(r *http.Request, p *page, refused error) (templ.Component, error) {
	q := r.URL.Query()
	d := accountingData{From: q.Get("from"), To: q.Get("to"), Single: q.Get("single") != ""}
	if d.From == "" {
		now := f.Now().UTC()
		d.From = now.AddDate(0, 0, -now.Day()).Format("2006-01") + "-01"
		d.To = now.AddDate(0, 0, -now.Day()).Format("2006-01-02")
	}
	p.Title = p.T("operator.accounting")
	o, err := accounting.Period(d.From, d.To)
	if err == nil {
		d.Sums, err = f.Accounting.Sums(r.Context(), p.Who, o)
	}
	if err = cmp.Or(refused, err); err != nil {
		if k := fault.KindOf(err); k != fault.Invalid && k != fault.Unavailable {
			return nil, err
		}
		d.Errors, p.Status = p.errorsOf(err), httpstatus.Of(fault.KindOf(err))
	}
	return accountingPage(p, d), nil
}

func (f *face) accountingFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	q := r.URL.Query()
	o, err := accounting.Period(q.Get("from"), q.Get("to"))
	o.Single = q.Get("single") != ""
	var write func(io.Writer) error
	if err == nil {
		write, err = f.Accounting.Write(r.Context(), p.Who, q.Get("format"), o)
	}
	if err != nil {
		return f.showAccounting(r, p, err)
	}
	kind := "text/csv; charset=utf-8"
	if q.Get("format") == "datev" {
		kind = "text/csv; charset=windows-1252"
	}
	f.send(w, r, accounting.Name(q.Get("format"), o), kind, write)
	return nil, nil
}
