package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	papers "github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/tax"
)

// invoice is an invoice, a credit note, a receipt or a statement.
type invoice struct {
	Number  string    `json:"number"`
	Kind    string    `json:"kind" enum:"invoice,credit_note,receipt,statement"`
	OrderID string    `json:"order_id" doc:"Or the rental of a telephone number, or the payment of a receipt, or calls: and the account"`
	Issued  time.Time `json:"issued_at"`
	PDF     string    `json:"pdf" doc:"Path of the file, for who is signed in to the pages"`
	papers.Data
}

// taxRule is one line of the table of taxes.
type taxRule struct {
	ID      string `json:"id"`
	Country string `json:"country" doc:"Of the buyer's account, ISO"`
	Kind    string `json:"kind" enum:"individual,company,calls"`
	Name    string `json:"name" doc:"As on the invoice"`
	Rate    int64  `json:"rate_ppm" doc:"Millionths: 100000 is 10 %"`
	From    string `json:"valid_from" format:"date"`
}

func (f *face) registerPapers() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/invoices", "list-invoices", "Orders", "Your invoices, credit notes and receipts, newest first", 0)), f.listInvoices)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/invoices/{id}", "get-invoice", "Orders", "One invoice, credit note or receipt, by its number", 0)), f.getInvoice)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/taxes", "list-taxes", "Operator", "The table of taxes", 0)), f.listTaxes)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/taxes", "add-tax", "Operator", "Add a tax; it counts for requests, and for calls, from its day on", http.StatusCreated)), f.addTax)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/taxes/{id}", "remove-tax", "Operator", "Remove a tax; orders keep theirs", http.StatusNoContent)), f.removeTax)
}

func showInvoice(x papers.Paper) invoice {
	return invoice{Number: x.Number, Kind: string(x.Kind), OrderID: x.Order, Issued: x.Issued.UTC(), PDF: "/invoices/" + x.Number + ".pdf", Data: x.Data}
}

func (f *face) listInvoices(ctx context.Context, in *struct {
	Paging
	All bool `query:"all" doc:"Operators: everybody's"`
}) (*body[list[invoice]], error) {
	who := actor(ctx)
	account := who.Account
	if in.All && who.Role == "operator" {
		account = ""
	}
	items, next, err := f.Papers.Papers(ctx, who, account, in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, showInvoice), nil
}

func (f *face) getInvoice(ctx context.Context, in *ByID) (*body[invoice], error) {
	x, err := f.Papers.Paper(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[invoice]{showInvoice(x)}, nil
}

func showTax(r tax.Rule) taxRule {
	return taxRule{ID: r.ID, Country: r.Country, Kind: string(r.Kind), Name: r.Name, Rate: r.Rate, From: r.From.UTC().Format(time.DateOnly)}
}

func (f *face) listTaxes(ctx context.Context, _ *struct{}) (*body[list[taxRule]], error) {
	rules, err := f.Taxes.Rules(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(rules, "", showTax), nil
}

func (f *face) addTax(ctx context.Context, in *struct {
	Body struct {
		Country string `json:"country"`
		Kind    string `json:"kind" enum:"individual,company,calls"`
		Name    string `json:"name"`
		Rate    int64  `json:"rate_ppm" doc:"Millionths: 100000 is 10 %"`
		From    string `json:"valid_from" format:"date" doc:"2026-12-01"`
	}
}) (*body[taxRule], error) {
	from, _ := time.Parse(time.DateOnly, in.Body.From) // Add names what is wrong
	r, err := f.Taxes.Add(ctx, actor(ctx), tax.Rule{Country: in.Body.Country, Kind: tax.Kind(in.Body.Kind), Name: in.Body.Name, Rate: in.Body.Rate, From: from})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[taxRule]{showTax(r)}, nil
}

func (f *face) removeTax(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Taxes.Remove(ctx, actor(ctx), in.ID))
}
