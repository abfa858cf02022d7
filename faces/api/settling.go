package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
)

func (f *face) registerSettlement() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, status))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/settlement/{month}", "settlement-totals", "What the answered calls of a month come to, by carrier and direction", 0), f.settledTotals)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/settlement/{month}/lines", "settlement-lines", "Every answered call with a carrier, and what it costs", 0), f.settledLines)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/settlement/{month}/margins", "settlement-margins", "What calls that left brought in and cost, in the house's currency", 0), f.margins)
	huma.Register(f.api, lengthy(reg(http.MethodPost, "/api/v1/settlement/{month}/reprice", "reprice-lines", "Price the calls of a month that had no price when they ended", 0), 0), f.reprice)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/carriers/{id}/balances", "carrier-balances", "What we owe a carrier and it owes us", 0), f.balances)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/carriers/{id}/netting", "net-carrier", "Set what we owe a carrier against what it owes us", http.StatusCreated), f.net)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/carriers/{id}/payee", "get-payee", "Where a carrier's money goes", 0), f.getPayee)
	huma.Register(f.api, reg(http.MethodPut, "/api/v1/carriers/{id}/payee", "set-payee", "Say where a carrier's money goes", http.StatusNoContent), f.setPayee)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/carriers/{id}/payouts", "order-payout", "Order a payment of what we owe a carrier", http.StatusCreated), f.orderPayout)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/payouts", "list-payouts", "Payments to carriers, the latest first; 500 at most", 0), f.listPayouts)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/payouts/file", "payout-file", "The ordered payments in euros as a SEPA credit transfer file (ISO 20022 pain.001.001.09)", 0), f.payoutFile)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/payouts/{id}/paid", "payout-paid", "The bank made a payment: book it", 0), f.payoutPaid)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/payouts/{id}/cancel", "cancel-payout", "A payment was not made: forget it", 0), f.cancelPayout)
	imp := lengthy(reg(http.MethodPost, "/api/v1/carriers/{id}/statements", "import-carrier-statement", "Compare a carrier's statement of a month with our lines, and keep it", http.StatusCreated), 2*settlement.MostBytes)
	huma.Register(f.api, imp, f.importStatement)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/carrier-statements", "list-carrier-statements", "Statements of carriers for a month", 0), f.listCarrierStatements)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/carrier-statements/{id}", "get-carrier-statement", "A statement, compared with our lines as they are now", 0), f.getCarrierStatement)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/carrier-statements/{id}/dispute", "dispute-statement", "Say for which causes a statement is not accepted", 0), f.disputeStatement)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/carrier-statements/{id}/agree", "agree-statement", "Book the amount that both agreed on, once", 0), f.agreeStatement)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/carrier-statements/{id}/remove", "remove-statement", "Forget a statement that is neither disputed nor agreed; who did and why is kept", http.StatusNoContent), f.removeStatement)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/removed-carrier-statements", "removed-carrier-statements", "Statements of a month that were removed, with who did and why", 0), f.removedStatements)
}

// ByMonth names a month.
type ByMonth struct {
	Month string `path:"month" doc:"2026-11, in UTC"`
}

func (f *face) settledTotals(ctx context.Context, in *struct {
	ByMonth
	Carrier string `query:"carrier"`
}) (*body[list[settled]], error) {
	m, err := settlement.ParseMonth(in.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	all, err := f.Settlement.Totals(ctx, actor(ctx), in.Carrier, m)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(t settlement.Total) settled {
		return settled{t.Carrier, string(t.Direction), string(t.Currency), t.Calls, t.Seconds, t.Micros, t.House, t.Unpriced}
	}), nil
}

func (f *face) settledLines(ctx context.Context, in *struct {
	ByMonth
	Paging
	Carrier   string `query:"carrier"`
	Direction string `query:"direction" enum:"out,in"`
	Unpriced  bool   `query:"unpriced" doc:"Only those that no deck had a price for"`
}) (*body[list[settledLine]], error) {
	m, err := settlement.ParseMonth(in.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	p, err := f.Settlement.Lines(ctx, actor(ctx), settlement.Filter{
		Carrier: in.Carrier, Direction: settlement.Direction(in.Direction), Month: m, Unpriced: in.Unpriced, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(p.Items, p.Next, showSettledLine), nil
}

func (f *face) margins(ctx context.Context, in *struct {
	ByMonth
	By string `query:"by" enum:"carrier,destination,customer" default:"carrier" doc:"destination: by the prefix of the carrier's deck"`
}) (*body[list[margin]], error) {
	m, err := settlement.ParseMonth(in.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	all, err := f.Settlement.Margins(ctx, actor(ctx), m, settlement.MarginBy(in.By))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(x settlement.Margin) margin {
		return margin{x.Key, x.Calls, x.Seconds, x.Revenue, x.Cost, x.Revenue - x.Cost}
	}), nil
}

func (f *face) reprice(ctx context.Context, in *struct {
	ByMonth
	Body struct {
		strictly

		Carrier string `json:"carrier"`
	}
}) (*body[repriced], error) {
	m, err := settlement.ParseMonth(in.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	n, err := f.Settlement.Reprice(ctx, actor(ctx), in.Body.Carrier, m)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[repriced]{repriced{n}}, nil
}

type repriced struct {
	Priced int `json:"priced" doc:"How many calls have a price now that had none"`
}

func (f *face) balances(ctx context.Context, in *ByID) (*body[list[owing]], error) {
	all, err := f.Settlement.Balances(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(b settlement.Balance) owing {
		return owing{string(b.Currency), b.Payable, b.Ordered, b.Receivable}
	}), nil
}

func (f *face) net(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Currency string `json:"currency"`
	}
}) (*body[payout], error) {
	return f.payoutOf(ctx)(f.Payouts.Net(ctx, actor(ctx), in.ID, money.Currency(in.Body.Currency)))
}

// payoutOf answers with a payout.
func (f *face) payoutOf(ctx context.Context) func(settlement.Payout, error) (*body[payout], error) {
	return func(p settlement.Payout, err error) (*body[payout], error) {
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		return &body[payout]{showPayout(p)}, nil
	}
}

func (f *face) getPayee(ctx context.Context, in *ByID) (*body[payee], error) {
	p, err := f.Payouts.Payee(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[payee]{payee{p.Name, p.IBAN, p.BIC}}, nil
}

func (f *face) setPayee(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly
		payee
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Payouts.SetPayee(ctx, actor(ctx), settlement.Payee{Carrier: in.ID, Name: in.Body.Name, IBAN: in.Body.IBAN, BIC: in.Body.BIC}))
}

func (f *face) orderPayout(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Amount    money.Amount `json:"amount"`
		Reference string       `json:"reference,omitempty" doc:"What the carrier reads with the money: its invoice's number"`
		Once      string       `json:"once,omitempty" doc:"An id for the payment, as out_ and 16 letters of 0-9a-v: sent again with it, the order is the same"`
	}
}) (*body[payout], error) {
	return f.payoutOf(ctx)(f.Payouts.Order(ctx, actor(ctx), in.ID, in.Body.Amount, in.Body.Reference, in.Body.Once))
}

func (f *face) listPayouts(ctx context.Context, in *struct {
	State string `query:"state" enum:"ordered,paid,cancelled"`
}) (*body[list[payout]], error) {
	all, err := f.Payouts.Payouts(ctx, actor(ctx), settlement.PayoutState(in.State))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", showPayout), nil
}

// download is a file as an answer.
type download struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (f *face) payoutFile(ctx context.Context, _ *struct{}) (*download, error) {
	file, err := f.Payouts.File(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &download{"application/xml", `attachment; filename="pain.001.xml"`, file}, nil
}

func (f *face) payoutPaid(ctx context.Context, in *ByID) (*body[payout], error) {
	return f.payoutOf(ctx)(f.Payouts.Done(ctx, actor(ctx), in.ID))
}

func (f *face) cancelPayout(ctx context.Context, in *ByID) (*body[payout], error) {
	return f.payoutOf(ctx)(f.Payouts.Cancel(ctx, actor(ctx), in.ID))
}

func (f *face) importStatement(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Month     string `json:"month" doc:"2026-11"`
		Direction string `json:"direction,omitempty" enum:"out,in" doc:"out unless said: of calls they carried"`
		Currency  string `json:"currency" doc:"Of the amounts"`
		Text      string `json:"text" doc:"CSV; the first line names the columns time, number, seconds and amount"`
	}
}) (*body[differences], error) {
	m, err := settlement.ParseMonth(in.Body.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	x := settlement.Statement{Carrier: in.ID, Direction: settlement.Direction(in.Body.Direction), Month: m, Currency: money.Currency(in.Body.Currency)}
	if x.Direction == "" {
		x.Direction = settlement.Out
	}
	x, match, err := f.Asked.Import(ctx, actor(ctx), x, in.Body.Text)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[differences]{showDifferences(x, match)}, nil
}

func (f *face) listCarrierStatements(ctx context.Context, in *struct {
	Month   string `query:"month" required:"true" doc:"2026-11"`
	Carrier string `query:"carrier"`
}) (*body[list[CarrierStatement]], error) {
	m, err := settlement.ParseMonth(in.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	all, err := f.Asked.Statements(ctx, actor(ctx), in.Carrier, m)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", showCarrierStatement), nil
}

func (f *face) getCarrierStatement(ctx context.Context, in *ByID) (*body[differences], error) {
	x, m, err := f.Asked.Statement(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[differences]{showDifferences(x, m)}, nil
}

func (f *face) disputeStatement(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Causes []string `json:"causes" nullable:"false" minItems:"1" enum:"duration,rate,unpriced,twice,only_theirs"`
		Note   string   `json:"note,omitempty" doc:"What the carrier was told"`
	}
}) (*body[CarrierStatement], error) {
	causes := make([]settlement.Cause, 0, len(in.Body.Causes))
	for _, c := range in.Body.Causes {
		causes = append(causes, settlement.Cause(c))
	}
	return f.statementOf(ctx)(f.Asked.Dispute(ctx, actor(ctx), in.ID, causes, in.Body.Note))
}

func (f *face) agreeStatement(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Micros int64  `json:"micros" minimum:"0" doc:"In the statement's currency"`
		Note   string `json:"note,omitempty"`
	}
}) (*body[CarrierStatement], error) {
	return f.statementOf(ctx)(f.Asked.Agree(ctx, actor(ctx), in.ID, in.Body.Micros, in.Body.Note))
}

func (f *face) removeStatement(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Why string `json:"why" minLength:"1" maxLength:"500"`
	}
}) (*struct{}, error) {
	_, err := f.Asked.Remove(ctx, actor(ctx), in.ID, in.Body.Why)
	return nil, f.fail(ctx, err)
}

// removedStatement is one that is not there any more.
type removedStatement struct {
	ID        string         `json:"id"`
	Carrier   string         `json:"carrier"`
	Direction string         `json:"direction" enum:"out,in"`
	Month     string         `json:"month"`
	Currency  money.Currency `json:"currency"`
	Lines     int64          `json:"lines"`
	Theirs    int64          `json:"theirs_micros" doc:"What they asked"`
	Why       string         `json:"why"`
	By        string         `json:"by"`
	At        time.Time      `json:"removed_at"`
}

func (f *face) removedStatements(ctx context.Context, in *struct {
	Month   string `query:"month" required:"true" doc:"2026-11"`
	Carrier string `query:"carrier"`
}) (*body[list[removedStatement]], error) {
	m, err := settlement.ParseMonth(in.Month)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	all, err := f.Asked.Removed(ctx, actor(ctx), in.Carrier, m)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(x settlement.Statement) removedStatement {
		return removedStatement{x.ID, x.Carrier, string(x.Direction), string(x.Month), x.Currency, x.Lines, x.Theirs, x.Note, x.By, x.At.UTC()}
	}), nil
}

func (f *face) statementOf(ctx context.Context) func(settlement.Statement, error) (*body[CarrierStatement], error) {
	return func(x settlement.Statement, err error) (*body[CarrierStatement], error) {
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		return &body[CarrierStatement]{showCarrierStatement(x)}, nil
	}
}
