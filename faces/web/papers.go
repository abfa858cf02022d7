package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// sheet is a paper as a page.
type sheet struct {
	paper.Paper
	Title string // key of its title
	PDF   string // where its file is
	Asked *asked // nil: it asks for nothing
}

func (f *face) receipt(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	x, err := f.receiptOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("receipt.title")
	return paperPage(p, sheet{Paper: x, Title: "receipt.title", PDF: "/orders/" + x.Order + "/receipt.pdf"}), nil
}

// receiptOf is the paper of an order; one of an order that nothing was paid for
// is its page.
func (f *face) receiptOf(r *http.Request, p *page) (paper.Paper, error) {
	if err := p.must(); err != nil {
		return paper.Paper{}, err
	}
	x, err := f.Papers.ForOrder(r.Context(), p.Who, r.PathValue("id"))
	if fault.ReasonOf(err).Code == "no_receipt" {
		return x, redirect{"/orders/" + r.PathValue("id")}
	}
	return x, err
}

func (f *face) receiptPDF(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	x, err := f.receiptOf(r, p)
	if err != nil {
		return nil, err
	}
	file, err := f.Press.Receipt(x)
	if err == nil {
		sendFile(w, "receipt-"+x.Number+".pdf", "application/pdf", file)
	}
	return nil, err
}

// invoice is a paper by its number, as page or, with .pdf, as file.
func (f *face) invoice(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	number, asFile := strings.CutSuffix(r.PathValue("number"), ".pdf")
	x, err := f.Papers.Paper(r.Context(), p.Who, number)
	if err != nil {
		return nil, err
	}
	if !asFile {
		a, err := f.askedBy(r, p, x)
		if err != nil {
			return nil, err
		}
		p.Title = x.Number
		return paperPage(p, sheet{x, "paper." + string(x.Kind), "/invoices/" + x.Number + ".pdf", a}), nil
	}
	file, err := f.Press.Paper(x)
	if err == nil {
		sendFile(w, strings.ReplaceAll(string(x.Kind), "_", "-")+"-"+x.Number+".pdf", "application/pdf", file)
	}
	return nil, err
}

func (f *face) invoices(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	list, next, err := f.Papers.Papers(r.Context(), p.Who, p.Who.Account, r.URL.Query().Get("cursor"), perPage)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("invoices.title")
	return invoicesPage(p, list, next), nil
}

// taxTable is the operator's page of taxes.
type taxTable struct {
	Rules     []tax.Rule
	Values    url.Values // what was typed
	Errors    map[string]string
	Countries []choice
}

func (f *face) showTaxes(r *http.Request, p *page, d taxTable) (templ.Component, error) {
	var err error
	if d.Rules, err = f.Taxes.Rules(r.Context(), p.Who); err != nil {
		return nil, err
	}
	p.Title, d.Countries = p.T("operator.taxes"), p.Tongue.names.countries
	return taxesPage(p, d), nil
}

func (f *face) taxes(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showTaxes(r, p, taxTable{})
}

func (f *face) addTax(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	v := r.PostForm
	rate, err := tax.ParseRate(v.Get("rate"))
	if err == nil {
		from, _ := time.Parse(time.DateOnly, v.Get("valid_from")) // Add names what is wrong
		_, err = f.Taxes.Add(r.Context(), p.Who, tax.Rule{Country: v.Get("country"), Kind: tax.Kind(v.Get("kind")), Name: v.Get("name"), Rate: rate, From: from})
	}
	if err == nil {
		return nil, redirect{"/operator/taxes"}
	}
	if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
		return nil, err
	}
	p.Status = httpstatus.Of(fault.KindOf(err))
	return f.showTaxes(r, p, taxTable{Values: v, Errors: p.errorsOf(err)})
}

func (f *face) removeTax(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.Taxes.Remove(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/taxes"}
}
