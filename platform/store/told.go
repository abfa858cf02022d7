package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
)

// What events tell, each in the transaction that stores what it tells of.

type toldOrder struct {
	ID        string       `json:"id"`
	Account   string       `json:"account_id"`
	Kind      string       `json:"kind"`
	Country   string       `json:"country"`
	National  string       `json:"national"`
	Number    string       `json:"number"`
	Countries []string     `json:"countries,omitempty"`
	State     string       `json:"state"`
	Code      string       `json:"code"`
	Reason    string       `json:"reason,omitempty"`
	AmountDue money.Amount `json:"amount_due"`
	Method    string       `json:"payment_method,omitempty"`
}

// tellOrder tells that an order came to another state, as its last event says.
func tellOrder(ctx context.Context, q querier, e shop.Event) error {
	kind := hook.Order(string(e.State))
	if want, err := hooked(ctx, q, kind); err != nil || !want {
		return err
	}
	var seq int
	var was string
	err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE((SELECT state FROM order_event WHERE order_id = $1 ORDER BY seq DESC LIMIT 1 OFFSET 1), '') FROM order_event WHERE order_id = $1`, e.Order).Scan(&seq, &was)
	if err != nil || was == string(e.State) {
		return err
	}
	o, found, err := shopTx{q: q}.Order(ctx, e.Order)
	if err != nil || !found {
		return err
	}
	x := toldOrder{ID: o.ID, Account: o.Account, Kind: o.Number.Kind.String(), Country: o.Country, National: o.Number.National, Number: o.Number.Display(), Countries: o.Countries,
		State: string(e.State), Code: e.Code, AmountDue: o.AmountDue, Method: o.Method}
	if e.State == shop.Rejected {
		x.Reason = o.Reason.Text
	}
	return tellAs(ctx, q, kind, fmt.Sprintf("evt_%s_%d", o.ID, seq), o.ID, x, e.At)
}

type toldTopUp struct {
	Account   string       `json:"account_id"`
	Amount    money.Amount `json:"amount"`
	Method    string       `json:"method"`
	Payment   string       `json:"payment_id"`
	Automatic bool         `json:"automatic"`
}

func (t paymentTx) ToppedUp(ctx context.Context, in payment.Incoming, now time.Time) error {
	x := toldTopUp{in.Account, in.Amount, string(in.Method), in.ID, strings.HasPrefix(in.Reference, "act_")}
	return tellAs(ctx, t.q, hook.ToppedUp, "evt_"+strings.ReplaceAll(in.ID, ":", "_"), in.Account, x, now)
}

type toldAlert struct {
	ID       string         `json:"id"`
	Kind     string         `json:"kind"`
	Subject  string         `json:"subject"`
	First    time.Time      `json:"first"`
	Last     time.Time      `json:"last"`
	Calls    int            `json:"calls"`
	Text     string         `json:"text,omitempty"`
	Evidence guard.Evidence `json:"evidence"`
}

func tellAlert(ctx context.Context, q querier, a guard.Alert) error {
	x := toldAlert{a.ID, string(a.Kind), a.Subject, a.First.UTC(), a.Last.UTC(), a.Count, a.Text, a.Evidence}
	return tellAs(ctx, q, hook.Alert, "evt_"+a.ID, a.Subject, x, a.Changed)
}
