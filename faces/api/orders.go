package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// order is an order as programs see it.
type order struct {
	ID        string        `json:"id"`
	Kind      string        `json:"kind" enum:"individual,company"`
	Country   string        `json:"country" doc:"ISO 3166-1 alpha-2"`
	National  string        `json:"national"`
	Number    string        `json:"number" doc:"As it is typed: country code last"`
	Countries []string      `json:"countries,omitempty" doc:"A company's further offices"`
	State     string        `json:"state" enum:"requested,in_review,approved,rejected,awaiting_payment,paid,sold,expired,cancelled,refunded"`
	Reason    *fault.Reason `json:"reason" doc:"Why it was rejected, or what to know of an approval"`
	AmountDue *money.Amount `json:"amount_due"`
	Setup     *money.Amount `json:"setup,omitempty" doc:"What of it is paid once"`
	NextFee   *money.Amount `json:"next_fee,omitempty" doc:"The yearly fee due at renews_at, without tax: as the last reminder said, else as the year before or less"`
	Yearly    *money.Amount `json:"yearly,omitempty" doc:"What of it is for the first year"`
	Tax       *orderTax     `json:"tax,omitempty" doc:"What of it is tax"`
	HeldUntil *time.Time    `json:"held_until" doc:"Until when the number is kept for you"`
	Standing  string        `json:"standing,omitempty" enum:"grace,suspended,unproved,quarantined" doc:"Of a sold number; none: in service"`
	Until     *time.Time    `json:"renews_at,omitempty" doc:"When the next yearly fee is due; in quarantine, when the number is free"`
	Papers    []paper       `json:"papers,omitempty" doc:"What you have to show"`
	Approval  *approval     `json:"approval,omitempty" doc:"What was approved; from the final selection on"`
	Payment   *way          `json:"payment,omitempty" doc:"How to go on with a payment that was begun"`
	Methods   []string      `json:"payment_methods,omitempty" doc:"Ways to pay that are offered now"`
	Created   time.Time     `json:"created_at"`
	Updated   time.Time     `json:"updated_at"`
}

// approval is the approval data of the final selection (S2).
type approval struct {
	Number        string    `json:"number"`
	International string    `json:"e164,omitempty" doc:"The + form"`
	ApprovedAt    time.Time `json:"approved_at"`
	ApprovedBy    string    `json:"approved_by" doc:"system, or the account of who reviewed it"`
	SelectedAt    time.Time `json:"selected_at"`
}

// orderEvent is one stored step.
type orderEvent struct {
	Seq   int       `json:"seq"`
	State string    `json:"state" doc:"The state it led to"`
	Code  string    `json:"code" doc:"What happened"`
	Text  string    `json:"text"`
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

type orderIn struct {
	Kind      string   `json:"kind" enum:"individual,company" doc:"Which number system"`
	Country   string   `json:"country" doc:"ISO code (KR) or calling code (82)"`
	National  string   `json:"national" doc:"Area code and subscriber number, or the root"`
	Countries []string `json:"countries,omitempty" doc:"A company's further offices (ISO codes)"`
	Refuse    bool     `json:"refuse,omitempty" doc:"Refuse calls for other countries instead of sending them to the home office"`
}

func (f *face) registerOrders() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	formOp := op(http.MethodGet, "/api/v1/orders/form", "order-form", "Orders", "The fields of an order", 0)
	huma.Register(f.api, formOp, func(_ context.Context, in *struct {
		Kind string `query:"kind" enum:"individual,company" default:"individual"`
	}) (*body[form.Form], error) {
		kind, err := numbering.ParseKind(in.Kind)
		if err != nil {
			return nil, f.fail(context.Background(), badKind(in.Kind))
		}
		return &body[form.Form]{f.Shop.Form(kind)}, nil
	})
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders", "request-number", "Orders", "Request a number: approved and held, rejected with a reason, or in review", http.StatusCreated)), f.requestNumber)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/orders", "list-orders", "Orders", "Your orders, newest first", 0)), f.listOrders)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/orders/{id}", "get-order", "Orders", "One order", 0)), f.getOrder)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/orders/{id}/events", "order-events", "Orders", "Every stored step of an order", 0)), f.orderEvents)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders/{id}/select", "select-order", "Orders", "The final selection: approval data and the amount due", 0)), f.selectOrder)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders/{id}/cancel", "cancel-order", "Orders", "Give up an unpaid order; the number is free again", 0)), f.cancelOrder)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders/{id}/review", "review-order", "Operator", "Decide an order in review", 0)), f.reviewOrder)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/orders/{id}/refund", "refund-order", "Operator", "Turn a sale back", 0)), f.refundOrder)
}

func (f *face) showOrder(o shop.Order) order {
	out := order{
		ID: o.ID, Kind: o.Number.Kind.String(), Country: o.Country, National: o.Number.National, Number: o.Number.Display(),
		Countries: o.Countries, State: string(o.State), Reason: reason(o.Reason), AmountDue: amount(o.AmountDue),
		HeldUntil: when(o.HeldUntil), Created: o.Created.UTC(), Updated: o.Updated.UTC(),
	}
	f.showParts(&out, o)
	if o.State == shop.InReview {
		for _, p := range f.Files.Papers(o) {
			out.Papers = append(out.Papers, paper{ID: p.ID, Country: p.Country, Kind: kindName(p.Kind), Name: p.Name})
		}
	}
	if o.State == shop.Sold {
		out.Standing, out.Until = string(o.Standing), when(o.Until)
		if o.Fee > 0 {
			out.NextFee = &money.Amount{Currency: o.AmountDue.Currency, Micros: o.Fee}
		}
	}
	if o.State == shop.Approved || o.State == shop.AwaitingPayment {
		for _, m := range f.Cashier.Offer().Methods() {
			out.Methods = append(out.Methods, string(m))
		}
	}
	return out
}

// showWhole adds what is in the order's steps.
func (f *face) showWhole(ctx context.Context, o shop.Order) (*body[order], error) {
	out := f.showOrder(o)
	w, err := f.Cashier.Way(ctx, o)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out.Payment = showWay(w, o)
	if slices.Contains([]shop.State{shop.AwaitingPayment, shop.Paid, shop.Sold}, o.State) {
		events, err := f.Orders.Events(ctx, actor(ctx), o.ID)
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		a := approval{Number: out.Number, International: o.Number.E164()}
		for _, e := range events {
			if e.State == shop.Approved && a.ApprovedAt.IsZero() {
				a.ApprovedAt, a.ApprovedBy = e.At.UTC(), e.Actor
			}
			if e.State == shop.AwaitingPayment && a.SelectedAt.IsZero() {
				a.SelectedAt = e.At.UTC()
			}
		}
		out.Approval = &a
	}
	return &body[order]{out}, nil
}

func (f *face) answerOrder(ctx context.Context, o shop.Order, err error) (*body[order], error) {
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.showWhole(ctx, o)
}

func (f *face) requestNumber(ctx context.Context, in *struct{ Body orderIn }) (*body[order], error) {
	kind, err := numbering.ParseKind(in.Body.Kind)
	if err != nil {
		return nil, f.fail(ctx, badKind(in.Body.Kind))
	}
	o, err := f.Shop.Request(ctx, actor(ctx), shop.Request{
		Kind: kind, Country: in.Body.Country, National: in.Body.National, Countries: in.Body.Countries, Refuse: in.Body.Refuse,
	})
	return f.answerOrder(ctx, o, err)
}

func (f *face) listOrders(ctx context.Context, in *struct {
	Paging
	All   bool   `query:"all" doc:"Operators: everybody's"`
	State string `query:"state" enum:"requested,in_review,approved,rejected,awaiting_payment,paid,sold,expired,cancelled,refunded" doc:"Operators: everybody's in this state, oldest first"`
}) (*body[list[order]], error) {
	who := actor(ctx)
	if in.State != "" {
		items, next, err := f.Orders.Queue(ctx, who, shop.State(in.State), in.Cursor, in.Limit)
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		return page(items, next, f.showOrder), nil
	}
	account := who.Account
	if in.All && who.Role == "operator" {
		account = ""
	}
	items, next, err := f.Orders.Orders(ctx, who, account, in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, f.showOrder), nil
}

func (f *face) getOrder(ctx context.Context, in *ByID) (*body[order], error) {
	o, err := f.Orders.Order(ctx, actor(ctx), in.ID)
	return f.answerOrder(ctx, o, err)
}

func (f *face) orderEvents(ctx context.Context, in *ByID) (*body[list[orderEvent]], error) {
	events, err := f.Orders.Events(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(events, "", func(e shop.Event) orderEvent {
		return orderEvent{Seq: e.Seq, State: string(e.State), Code: e.Code, Text: e.Text, Actor: e.Actor, At: e.At.UTC()}
	}), nil
}

func (f *face) selectOrder(ctx context.Context, in *ByID) (*body[order], error) {
	o, err := f.Shop.Select(ctx, actor(ctx), in.ID)
	return f.answerOrder(ctx, o, err)
}

func (f *face) cancelOrder(ctx context.Context, in *ByID) (*body[order], error) {
	o, err := f.Orders.Cancel(ctx, actor(ctx), in.ID)
	return f.answerOrder(ctx, o, err)
}

func (f *face) reviewOrder(ctx context.Context, in *struct {
	ByID
	Body struct {
		Approve bool   `json:"approve"`
		Why     string `json:"why,omitempty" doc:"Shown to the buyer"`
	}
}) (*body[order], error) {
	o, err := f.Orders.Review(ctx, actor(ctx), in.ID, in.Body.Approve, in.Body.Why)
	return f.answerOrder(ctx, o, err)
}

func (f *face) refundOrder(ctx context.Context, in *struct {
	ByID
	Body struct {
		Why string `json:"why" doc:"Shown to the buyer"`
	}
}) (*body[order], error) {
	o, err := f.Orders.Refund(ctx, actor(ctx), in.ID, in.Body.Why)
	return f.answerOrder(ctx, o, err)
}
