package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
)

func (f *face) moneyRoutes() map[string]handler {
	return map[string]handler{
		"POST /orders/{id}/pay":                         f.payOrder,
		"POST /orders/{id}/withdraw":                    f.withdrawOrder,
		"GET /orders/{id}/receipt":                      f.receipt,
		"GET /orders/{id}/receipt.pdf":                  f.receiptPDF,
		"GET /invoices":                                 f.invoices,
		"GET /invoices/{number}":                        f.invoice,
		"GET /operator/taxes":                           f.staffOnly(f.taxes),
		"POST /operator/taxes":                          f.staffOnly(f.addTax),
		"POST /operator/taxes/{id}/remove":              f.staffOnly(f.removeTax),
		"GET /operator/payments":                        f.staffOnly(f.payments),
		"POST /operator/payments/{id}/assign":           f.staffOnly(f.assignPayment),
		"POST /operator/payments/statements":            f.staffOnly(f.uploadStatement),
		"GET /operator/payments/statements/{id}":        f.staffOnly(f.statement),
		"POST /operator/payments/statements/{id}/apply": f.staffOnly(f.applyStatement),
		"GET /operator/letters":                         f.staffOnly(f.letters),
		"POST /operator/letters/{id}/again":             f.staffOnly(f.letterAgain),
	}
}

// mustOperator lets only the operator's staff on.
func (p *page) mustOperator() error {
	if err := p.must(); err != nil {
		return err
	}
	if p.Who.Role != member.Operator {
		return fault.New(fault.Forbidden, "operator_only", "%s", p.T("error.operator_only"))
	}
	return nil
}

// comesBack asks the card company about an order whose buyer says by his
// address that he paid there: its own message may be slower than he.
func (f *face) comesBack(r *http.Request, p *page) {
	if r.URL.Query().Get("paid") != "card" || !p.SignedIn() {
		return
	}
	o, err := f.Orders.Order(r.Context(), p.Who, r.PathValue("id"))
	if err == nil && o.State == shop.AwaitingPayment {
		err = f.Cashier.Look(r.Context(), o.ID)
	}
	if err != nil {
		f.Log.WarnContext(r.Context(), "a buyer came back from paying", "order", r.PathValue("id"), "error", err)
	}
}

// payOrder pays from the wallet, or sends the buyer to where he pays.
func (f *face) payOrder(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	away := ""
	shown, err := f.step(r, p, func() (shop.Order, error) {
		o, w, err := f.Cashier.Pay(r.Context(), p.Who, r.PathValue("id"), payment.Method(r.PostForm.Get("method")))
		if w != nil {
			away = w.URL
		}
		return o, err
	})
	if away != "" && err != nil { // which is the way to the order's page
		return nil, redirect{away}
	}
	return shown, err
}

func (f *face) withdrawOrder(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.freshStep(r, p, func() (shop.Order, error) { return f.Shop.Withdraw(r.Context(), p.Who, r.PathValue("id")) })
}

// unsent are the letters that wait longer than one on its way does: without a
// mail server that is each of them.
func (f *face) unsent(ctx context.Context) ([]letter.Queued, error) {
	waited := time.Minute
	if !f.Mailing {
		waited = 0
	}
	return f.Letters.Unsent(ctx, waited, 200)
}

// letters shows what could not be sent.
func (f *face) letters(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	list, err := f.unsent(r.Context())
	if err != nil {
		return nil, err
	}
	p.Title = p.T("letters.title")
	return lettersPage(p, list), nil
}

func (f *face) letterAgain(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.Letters.Again(r.Context(), r.PathValue("id"), f.Now()); err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/letters"}
}

// first is the way to pay that is shown first: the one begun, else what the
// buyer can do at once.
func (d dossier) first() payment.Method {
	switch {
	case d.Way != nil:
		return d.Way.Method
	case !d.Short || len(d.Methods) == 1:
		return payment.Wallet
	default:
		return d.Methods[1]
	}
}

// eventText is what a step says; how somebody pays is stored as a code.
func eventText(p *page, e shop.Event) string {
	if e.Code == "payment_started" {
		return p.T("method." + e.Text)
	}
	return p.sayMoney(e.Text)
}

// priced is one part of an amount.
type priced struct {
	Text   string
	Amount money.Amount
}

// parts are what the amount due is made of.
func (d dossier) parts(p *page) []priced {
	in := func(micros int64) money.Amount { return money.Amount{Currency: d.AmountDue.Currency, Micros: micros} }
	out := []priced{{p.T("order.setup"), in(d.Setup)}, {p.T("order.yearly"), in(d.Yearly)}}
	if d.Tax.Name != "" {
		out = append(out, priced{d.Tax.Name + " " + tax.ShowRate(d.Tax.Rate), in(d.Tax.Micros)})
	}
	return slices.DeleteFunc(out, func(x priced) bool { return x.Amount.Zero() })
}

// plainAmount is an amount as a form sends it.
func plainAmount(a money.Amount) string {
	text, _, _ := strings.Cut(a.String(), " ")
	return text
}
