package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/statement"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// orderTax is what of an amount is tax.
type orderTax struct {
	Name    string       `json:"name"`
	Country string       `json:"country"`
	Rate    int64        `json:"rate_ppm" doc:"Millionths: 100000 is 10 %"`
	Amount  money.Amount `json:"amount"`
}

// way is how a payment that was begun goes on.
type way struct {
	Method    string        `json:"method"`
	URL       string        `json:"url,omitempty" doc:"Card: where to pay"`
	Expires   *time.Time    `json:"expires_at,omitempty" doc:"Until when"`
	Amount    *money.Amount `json:"amount,omitempty"`
	Reference string        `json:"reference,omitempty" doc:"Bank transfer: what to write on it (ISO 11649)"`
	Bank      *bankAccount  `json:"bank,omitempty" doc:"Bank transfer: where to"`
}

type bankAccount struct {
	Name   string `json:"name"`
	IBAN   string `json:"iban"`
	BIC    string `json:"bic"`
	Holder string `json:"holder"`
}

// incoming is money that came from outside.
type incoming struct {
	ID        string       `json:"id"`
	Method    string       `json:"method" enum:"card,bank_transfer"`
	Amount    money.Amount `json:"amount"`
	State     string       `json:"state" enum:"new,unmatched,booked,used,kept" doc:"unmatched: nobody's; used: it paid its order; kept: it stayed in the wallet"`
	Account   string       `json:"account,omitempty"`
	Order     string       `json:"order_id,omitempty"`
	Payer     string       `json:"payer,omitempty"`
	Reference string       `json:"reference,omitempty"`
	Note      string       `json:"note,omitempty" doc:"Why it did not pay the order"`
	SentBack  money.Amount `json:"sent_back" doc:"What we sent back"`
	Taken     money.Amount `json:"taken_back" doc:"What the card company gave back without us"`
	Dispute   string       `json:"dispute,omitempty" enum:"open,won,lost"`
	Received  time.Time    `json:"received_at"`
}

func (f *face) registerPayments() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders/{id}/payments", "pay-order", "Orders", "Pay an order from the wallet, or begin to by card or bank transfer: payment says how to go on", 0)), f.payOrder)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders/{id}/withdraw", "withdraw-order", "Orders", "Withdraw from a sale whose number was never registered; the money goes back", 0)), f.withdrawOrder)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/payments", "list-payments", "Operator", "Money that came from outside, newest first", 0)), f.listPayments)
	upload := lengthy(reg(op(http.MethodPost, "/api/v1/statements", "upload-statement", "Operator", "Bring in a bank statement (CAMT.053 or CSV) and see what it would do; nothing is booked", http.StatusCreated)), statement.Most+1)
	huma.Register(f.api, upload, f.uploadStatement)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/statements/{id}", "get-statement", "Operator", "What a statement would do now", 0)), f.getStatement)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/statements/{id}/apply", "apply-statement", "Operator", "Book every line that was not booked before", 0)), f.applyStatement)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/payments/{id}/assign", "assign-payment", "Operator", "Give money that is nobody's to an order or a member's wallet", 0)), f.assignPayment)
}

// showParts says what an amount is made of.
func (f *face) showParts(out *order, o shop.Order) {
	c := o.AmountDue.Currency
	if o.AmountDue.Zero() {
		return
	}
	out.Setup, out.Yearly = &money.Amount{Currency: c, Micros: o.Setup}, &money.Amount{Currency: c, Micros: o.Yearly}
	if o.Tax.Name != "" {
		out.Tax = &orderTax{Name: o.Tax.Name, Country: o.Tax.Country, Rate: o.Tax.Rate, Amount: money.Amount{Currency: c, Micros: o.Tax.Micros}}
	}
}

func showWay(w *cashier.Way, o shop.Order) *way {
	if w == nil {
		return nil
	}
	out := wayOf(w)
	out.Amount = amount(o.AmountDue)
	return out
}

func (f *face) payOrder(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Method string `json:"method" enum:"wallet,card,bank_transfer"`
	}
}) (*body[order], error) {
	o, _, err := f.Cashier.Pay(ctx, actor(ctx), in.ID, payment.Method(in.Body.Method))
	return f.answerOrder(ctx, o, err)
}

func (f *face) withdrawOrder(ctx context.Context, in *byHolder) (*body[order], error) {
	who, err := f.freshly(ctx, in.password())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	o, err := f.Shop.Withdraw(ctx, who, in.ID)
	return f.answerOrder(ctx, o, err)
}

func showIncoming(x payment.Incoming) incoming {
	c := x.Amount.Currency
	return incoming{ID: x.ID, Method: string(x.Method), Amount: x.Amount, State: string(x.State), Account: x.Account, Order: x.Sale(), Payer: x.Payer, Reference: x.Reference,
		Note: x.Note, SentBack: money.Amount{Currency: c, Micros: x.SentBack}, Taken: money.Amount{Currency: c, Micros: x.Taken}, Dispute: x.Dispute, Received: x.Received.UTC()}
}

func (f *face) listPayments(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"new,unmatched,booked,used,kept" doc:"Only these"`
}) (*body[list[incoming]], error) {
	items, next, err := f.Cashier.Payments(ctx, actor(ctx), cashier.Filter{State: payment.IncomingState(in.State), Before: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, showIncoming), nil
}

func (f *face) assignPayment(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"200"`
	Body struct {
		strictly

		Account string `json:"account,omitempty" doc:"A member's account id or e-mail address"`
		Order   string `json:"order_id,omitempty" doc:"Or the order it was for"`
	}
}) (*body[incoming], error) {
	x, err := f.Cashier.Assign(ctx, actor(ctx), in.ID, in.Body.Account, in.Body.Order)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[incoming]{showIncoming(x)}, nil
}

// webhook takes the signed messages of the card company. Whatever is answered
// with an error is sent again by it.
func (f *face) webhook(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/webhooks/stripe" || f.Card == nil {
		writeProblem(w, http.StatusNotFound, "no_such_address", "Nobody takes messages at this address.")
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeProblem(w, http.StatusMethodNotAllowed, "method", "Messages come by POST.")
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		writeProblem(w, http.StatusRequestEntityTooLarge, "too_large", "The body is larger than 1 MB.")
		return
	}
	e, err := f.Card.Message(text, r.Header.Get("Stripe-Signature"))
	if err != nil { // not 422: whoever wrote it is not the card company, or we cannot read it
		f.Log.WarnContext(r.Context(), "a message that is not the card company's", "from", r.RemoteAddr, "error", err)
		reason := fault.ReasonOf(err)
		writeProblem(w, http.StatusBadRequest, reason.Code, reason.Text)
		return
	}
	if err := f.Cashier.Event(r.Context(), e); err != nil {
		f.Log.ErrorContext(r.Context(), "a message of the card company", "event", e.ID, "kind", e.Kind, "error", err)
		reason := fault.ReasonOf(err)
		writeProblem(w, httpstatus.Of(fault.KindOf(err)), reason.Code, reason.Text)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// statementOut is a bank statement with what its lines do.
type statementOut struct {
	ID      string           `json:"id,omitempty" doc:"Empty: it has wrong lines and was not kept"`
	Name    string           `json:"name"`
	Applied *time.Time       `json:"applied_at,omitempty"`
	Counts  map[string]int   `json:"counts" doc:"Lines by what they do"`
	Lines   []statementLine  `json:"lines"`
	Errors  []statementFault `json:"errors,omitempty" doc:"Wrong lines; with any, nothing is booked"`
}

type statementLine struct {
	Row    int          `json:"row"`
	Will   string       `json:"will" enum:"pays,wallet,unmatched,known,skipped"`
	Why    string       `json:"why,omitempty"`
	Date   string       `json:"date"`
	Amount money.Amount `json:"amount"`
	Payer  string       `json:"payer,omitempty"`
	Text   string       `json:"text,omitempty"`
	Order  string       `json:"order_id,omitempty"`
	Wallet string       `json:"account,omitempty" doc:"Whose wallet it is added to"`
	Key    string       `json:"payment_id"`
}

type statementFault struct {
	Row  int    `json:"row" doc:"0: the whole file"`
	Text string `json:"text"`
}

func showStatement(p cashier.Preview) statementOut {
	out := statementOut{Name: p.Name, Applied: when(p.Applied), Counts: p.Counts, Lines: []statementLine{}}
	if len(p.Faults) == 0 {
		out.ID = p.ID
	}
	if out.Counts == nil {
		out.Counts = map[string]int{}
	}
	for _, v := range p.Verdicts {
		line := statementLine{Row: v.Row, Will: v.Will, Why: v.Why, Date: v.Date.Format(time.DateOnly), Amount: v.Amount, Payer: v.Payer, Text: v.Text, Order: v.Order, Key: v.Key}
		if account, ok := payment.TopUpOf(v.Order); ok {
			line.Order, line.Wallet = "", account
		}
		out.Lines = append(out.Lines, line)
	}
	for _, x := range p.Faults {
		out.Errors = append(out.Errors, statementFault{x.Row, x.Text})
	}
	return out
}

func (f *face) answerStatement(ctx context.Context, p cashier.Preview, err error) (*body[statementOut], error) {
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[statementOut]{showStatement(p)}, nil
}

// uploadStatement answers wrong lines as a problem with each of them.
func (f *face) uploadStatement(ctx context.Context, in *struct {
	Name    string `query:"name" maxLength:"200" doc:"The file's name"`
	RawBody []byte `contentType:"application/octet-stream"`
}) (*body[statementOut], error) {
	p, err := f.Statements.Upload(ctx, actor(ctx), in.Name, in.RawBody)
	if err == nil && len(p.Faults) > 0 {
		wrong := fault.New(fault.Invalid, "statement", "The statement has wrong lines; nothing was booked or kept.")
		for _, x := range p.Faults {
			_ = wrong.WithFields(fault.Field{Name: "line " + strconv.Itoa(x.Row), Text: x.Text})
		}
		err = wrong
	}
	return f.answerStatement(ctx, p, err)
}

func (f *face) getStatement(ctx context.Context, in *ByID) (*body[statementOut], error) {
	p, err := f.Statements.Preview(ctx, actor(ctx), in.ID)
	return f.answerStatement(ctx, p, err)
}

func (f *face) applyStatement(ctx context.Context, in *ByID) (*body[statementOut], error) {
	p, err := f.Statements.Apply(ctx, actor(ctx), in.ID)
	return f.answerStatement(ctx, p, err)
}
