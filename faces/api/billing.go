package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Bills are what members are asked for their calls.
type Bills interface {
	Bill(ctx context.Context, by member.Actor, number string) (billing.Bill, error)
	Calls(ctx context.Context, by member.Actor, number string, after int64, limit int) ([]billing.Call, int64, error)
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

func (f *face) registerBilling() {
	reg := func(method, path, id, part, summary string, status int) huma.Operation {
		o := own(op(method, path, id, part, summary, status))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/invoices/{id}/calls", "invoice-calls", "Orders", "The calls of an invoice, in the order they were booked", 0), f.invoiceCalls)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/invoices/{id}/bill", "invoice-bill", "Orders", "What an invoice of calls, or a statement, asks for, and what became of it", 0), f.invoiceBill)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/receivables", "receivables", "Orders", "Invoices that are not paid, the oldest first", 0), f.receivables)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/invoices/{id}/credit_notes", "credit-invoice", "Operator", "Give an invoice of calls back, or a part of it, into the wallet", http.StatusCreated), f.creditInvoice)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/invoices/{id}/write_off", "write-off-invoice", "Operator", "Give up what is left of an invoice, and of those before it", 0), f.writeOff)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/accounts/{id}/dunning", "get-dunning", "Operator", "How an account stands with reminders", 0), f.getDunning)
	huma.Register(f.api, reg(http.MethodPut, "/api/v1/accounts/{id}/dunning", "set-dunning", "Operator", "Keep reminders from an account until a day, or let them go on", http.StatusNoContent), f.setDunning)
}

// BilledCall is one call of an invoice.
type BilledCall struct {
	Booked  time.Time    `json:"booked_at"`
	Answer  *time.Time   `json:"answer" doc:"null: there is no record of the call"`
	Number  string       `json:"number"`
	Kind    string       `json:"kind" enum:"pstn,onnet,partner,forwarded,internet,other"`
	Country string       `json:"country,omitempty" doc:"Where to, ISO"`
	Seconds float64      `json:"duration_seconds"`
	Amount  money.Amount `json:"amount" doc:"With its tax"`
}

func (f *face) invoiceCalls(ctx context.Context, in *struct {
	ByID
	Paging
}) (*body[list[BilledCall]], error) {
	after := int64(0)
	if in.Cursor != "" {
		var err error
		if after, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || after < 0 {
			return nil, f.fail(ctx, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page."))
		}
	}
	items, next, err := f.Bills.Calls(ctx, actor(ctx), in.ID, after, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	cursor := ""
	if next > 0 {
		cursor = strconv.FormatInt(next, 10)
	}
	return page(items, cursor, func(c billing.Call) BilledCall {
		return BilledCall{Booked: c.Booked.UTC(), Answer: when(c.Answer), Number: c.To, Kind: c.Kind, Country: c.Country, Seconds: c.Lasted.Seconds(), Amount: c.Amount}
	}), nil
}

// Bill is what an invoice asks for.
type Bill struct {
	Number   string        `json:"number"`
	Account  string        `json:"account_id"`
	Month    string        `json:"month"`
	Calls    money.Amount  `json:"calls" doc:"With their tax"`
	Tax      money.Amount  `json:"tax"`
	Credited money.Amount  `json:"credited"`
	Asked    money.Amount  `json:"to_pay" doc:"What the wallet was below zero, with what earlier invoices asked"`
	Left     *money.Amount `json:"left,omitempty" doc:"Of it, still to be paid"`
	Own      *money.Amount `json:"left_of_its_own,omitempty" doc:"Of that, what no earlier invoice asks for"`
	Issued   time.Time     `json:"issued_at"`
	Due      string        `json:"due" format:"date" doc:"The last day for paying, UTC"`
	State    string        `json:"state" enum:"open,due,overdue,paid,written_off"`
	Step     int           `json:"reminders" doc:"How many were sent; with the third, calls that cost are stopped"`
	Credits  []CreditNote  `json:"credit_notes,omitempty"`
}

// CreditNote is part of an invoice that was given back.
type CreditNote struct {
	ID     string       `json:"id"`
	Number string       `json:"number"`
	Amount money.Amount `json:"amount"`
	Tax    money.Amount `json:"tax"`
	Reason string       `json:"reason"`
	At     time.Time    `json:"at"`
}

func (f *face) showBill(b billing.Bill) Bill {
	amount := func(n int64) money.Amount { return money.Amount{Currency: b.Currency, Micros: n} }
	return Bill{
		Number: b.Number, Account: b.Account, Month: string(b.Month), Calls: amount(b.Calls), Tax: amount(b.Tax), Credited: amount(b.Credited), Asked: amount(b.Asked), Issued: b.Issued.UTC(), Due: b.LastDay(),
		State: string(b.At(f.Now())), Step: b.Step,
	}
}

func showCredit(c billing.Credit, currency money.Currency) CreditNote {
	return CreditNote{c.ID, c.Paper, money.Amount{Currency: currency, Micros: c.Micros}, money.Amount{Currency: currency, Micros: c.Tax}, c.Reason, c.At.UTC()}
}

func (f *face) invoiceBill(ctx context.Context, in *ByID) (*body[Bill], error) {
	who := actor(ctx)
	b, err := f.Bills.Bill(ctx, who, in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := f.showBill(b)
	credits, err := f.Bills.Credits(ctx, who, in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	for _, c := range credits {
		out.Credits = append(out.Credits, showCredit(c, b.Currency))
	}
	claims, err := f.Bills.Claims(ctx, who, b.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	for _, c := range claims {
		if c.Number == b.Number {
			out.Left, out.Own = &money.Amount{Currency: b.Currency, Micros: c.Left}, &money.Amount{Currency: b.Currency, Micros: c.Own}
		}
	}
	return &body[Bill]{out}, nil
}

func (f *face) receivables(ctx context.Context, in *struct {
	All bool `query:"all" doc:"Operators: everybody's"`
}) (*body[list[Bill]], error) {
	who := actor(ctx)
	account := who.Account
	if in.All {
		account = ""
	}
	claims, err := f.Bills.Claims(ctx, who, account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(claims, "", func(c billing.Claim) Bill {
		b := f.showBill(c.Bill)
		b.Left, b.Own = &money.Amount{Currency: c.Currency, Micros: c.Left}, &money.Amount{Currency: c.Currency, Micros: c.Own}
		return b
	}), nil
}

func (f *face) creditInvoice(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Amount *money.Amount `json:"amount,omitempty" doc:"With its tax; left out: all that is left of the invoice"`
		Reason string        `json:"reason" maxLength:"200" doc:"As the member reads it"`
		Once   string        `json:"once,omitempty" doc:"An id for the credit note, as crn_ and 16 letters of 0-9a-v: sent again with it, the credit is the same"`
	}
}) (*body[CreditNote], error) {
	c, err := f.Dunning.Credit(ctx, actor(ctx), in.ID, in.Body.Amount, in.Body.Reason, in.Body.Once)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[CreditNote]{showCredit(c, f.Currency)}, nil
}

func (f *face) writeOff(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Note string `json:"note" maxLength:"200" doc:"Why; it stands in the member's file"`
	}
}) (*body[Bill], error) {
	b, err := f.Dunning.WriteOff(ctx, actor(ctx), in.ID, in.Body.Note)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Bill]{f.showBill(b)}, nil
}

// dunning is how an account stands with reminders.
type dunning struct {
	Until     string `json:"paused_until,omitempty" format:"date" doc:"No reminders up to this day; left out: they go on"`
	Note      string `json:"note,omitempty" maxLength:"200"`
	Suspended string `json:"suspended,omitempty" readOnly:"true" doc:"Why they have stopped calls that cost"`
}

func (f *face) getDunning(ctx context.Context, in *ByID) (*body[dunning], error) {
	s, err := f.Dunning.Standing(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := dunning{Note: s.Note, Suspended: s.Dunned}
	if !s.Paused.IsZero() {
		out.Until = s.Paused.Add(-time.Second).UTC().Format(time.DateOnly)
	}
	return &body[dunning]{out}, nil
}

func (f *face) setDunning(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Until string `json:"paused_until,omitempty" format:"date" doc:"No reminders up to this day; left out: they go on"`
		Note  string `json:"note,omitempty" maxLength:"200" doc:"Why not"`
	}
}) (*struct{}, error) {
	var until time.Time
	if in.Body.Until != "" {
		day, err := time.Parse(time.DateOnly, in.Body.Until)
		if err != nil {
			day = time.Unix(1, 0) // refused with what is possible
		}
		until = day.AddDate(0, 0, 1)
	}
	return nil, f.fail(ctx, f.Dunning.Pause(ctx, actor(ctx), in.ID, until, in.Body.Note))
}
