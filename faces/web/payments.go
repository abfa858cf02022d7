package web

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/statement"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// till is the operator's page of money that came.
type till struct {
	Items      []payment.Incoming
	Next       string
	State      payment.IncomingState
	Unmatched  []payment.Incoming
	Statements []cashier.Statement
	Bank       bool
	Faults     []statement.Fault // of the statement just brought in
	Problem    string
}

func (f *face) tillOf(r *http.Request, p *page) (till, error) {
	d := till{State: payment.IncomingState(r.URL.Query().Get("state")), Bank: f.Cashier.Offer().Bank}
	var err error
	if d.Items, d.Next, err = f.Cashier.Payments(r.Context(), p.Who, cashier.Filter{State: d.State, Before: r.URL.Query().Get("cursor"), Limit: perPage}); err != nil {
		return d, err
	}
	if d.Unmatched, _, err = f.Cashier.Payments(r.Context(), p.Who, cashier.Filter{State: payment.Unmatched, Limit: 100}); err != nil {
		return d, err
	}
	d.Statements, err = f.Statements.Statements(r.Context(), p.Who)
	p.Title = p.T("operator.payments")
	return d, err
}

func (f *face) payments(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.tillOf(r, p)
	if err != nil {
		return nil, err
	}
	return paymentsPage(p, d), nil
}

// refusedAt shows what was refused on the page it was asked on.
func (f *face) refusedAt(r *http.Request, p *page, refused error) (templ.Component, error) {
	if k := fault.KindOf(refused); k == fault.Internal || k == fault.Forbidden {
		return nil, refused
	}
	d, err := f.tillOf(r, p)
	if err != nil {
		return nil, err
	}
	d.Problem = fault.ReasonOf(refused).Text
	p.Status = httpstatus.Of(fault.KindOf(refused))
	return paymentsPage(p, d), nil
}

// assignPayment gives money that is nobody's to whom the operator names: an
// order by its id, or a member by id or address.
func (f *face) assignPayment(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	account, order := strings.TrimSpace(r.PostFormValue("to")), ""
	if strings.HasPrefix(account, "ord_") {
		account, order = "", account
	}
	if _, err := f.Cashier.Assign(r.Context(), p.Who, r.PathValue("id"), account, order); err != nil {
		return f.refusedAt(r, p, err)
	}
	return nil, redirect{"/operator/payments"}
}

func (f *face) uploadStatement(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	content, name, err := upload(r, "file", statement.Most)
	if err == nil && len(content) == 0 {
		err = fault.New(fault.Invalid, "no_file", "Choose the file of a bank statement first.")
	}
	if err != nil {
		return f.refusedAt(r, p, err)
	}
	got, err := f.Statements.Upload(r.Context(), p.Who, name, content)
	if err != nil {
		return f.refusedAt(r, p, err)
	}
	if len(got.Faults) > 0 {
		d, err := f.tillOf(r, p)
		if err != nil {
			return nil, err
		}
		d.Faults, p.Status = got.Faults, http.StatusUnprocessableEntity
		return paymentsPage(p, d), nil
	}
	return nil, redirect{"/operator/payments/statements/" + got.ID}
}

func (f *face) statement(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	got, err := f.Statements.Preview(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	p.Title = p.T("statement.title")
	return statementPage(p, got), nil
}

func (f *face) applyStatement(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	got, err := f.Statements.Apply(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/payments/statements/" + got.ID}
}
