package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// Customer opens a customer, of whom Stripe learns our id of the account alone.
func (g *Gateway) Customer(ctx context.Context, account string) (string, error) {
	p := &stripe.CustomerParams{Params: stripe.Params{Context: ctx, IdempotencyKey: stripe.String("customer:" + account)}, Metadata: map[string]string{"account": account}}
	var c stripe.Customer
	if err := g.back.Call(http.MethodPost, "/v1/customers", g.cfg.SecretKey, p, &c); err != nil {
		return "", fmt.Errorf("open a customer: %w", plain(err))
	}
	return c.ID, nil
}

// SaveCard opens a session in which a customer saves a card.
func (g *Gateway) SaveCard(ctx context.Context, account, customer, key string) (string, string, error) {
	page := g.cfg.Link("/wallet")
	p := &stripe.CheckoutSessionParams{
		Params:             stripe.Params{Context: ctx, IdempotencyKey: stripe.String(key)},
		Metadata:           map[string]string{"account": account},
		Mode:               stripe.String(string(stripe.CheckoutSessionModeSetup)),
		Customer:           stripe.String(customer),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		ClientReferenceID:  stripe.String(account),
		SuccessURL:         stripe.String(page + "?saved=card"),
		CancelURL:          stripe.String(page + "#auto"),
	}
	var s stripe.CheckoutSession
	if err := g.back.Call(http.MethodPost, "/v1/checkout/sessions", g.cfg.SecretKey, p, &s); err != nil {
		return "", "", fmt.Errorf("open a session to save a card: %w", plain(err))
	}
	return s.ID, s.URL, nil
}

// Saved asks what became of such a session.
func (g *Gateway) Saved(ctx context.Context, session string) (payment.Setup, error) {
	p := &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}}
	p.AddExpand("setup_intent.payment_method")
	var s stripe.CheckoutSession
	if err := g.back.Call(http.MethodGet, stripe.FormatURLPath("/v1/checkout/sessions/%s", session), g.cfg.SecretKey, p, &s); err != nil {
		return payment.Setup{}, fmt.Errorf("read a session that saves a card: %w", plain(err))
	}
	x := payment.Setup{Account: s.Metadata["account"], Done: s.Status == stripe.CheckoutSessionStatusComplete, Expired: s.Status == stripe.CheckoutSessionStatusExpired}
	if s.SetupIntent != nil && s.SetupIntent.PaymentMethod != nil && s.SetupIntent.PaymentMethod.Card != nil {
		m := s.SetupIntent.PaymentMethod
		x.Card = payment.SavedCard{Method: m.ID, Brand: string(m.Card.Brand), Last4: m.Card.Last4, Until: payment.CardUntil(m.Card.ExpYear, m.Card.ExpMonth)}
	}
	return x, nil
}

// Charge charges a saved card while its holder is away.
func (g *Gateway) Charge(ctx context.Context, c payment.AutoCharge) (payment.Charged, error) {
	minor, err := c.Amount.Minor()
	if err != nil {
		return payment.Charged{}, err
	}
	p := &stripe.PaymentIntentParams{
		Params:             stripe.Params{Context: ctx, IdempotencyKey: stripe.String(c.Key())},
		Amount:             stripe.Int64(minor),
		Currency:           stripe.String(strings.ToLower(string(c.Amount.Currency))),
		Customer:           stripe.String(c.Customer),
		PaymentMethod:      stripe.String(c.Method),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		OffSession:         stripe.Bool(true),
		Confirm:            stripe.Bool(true),
		Description:        stripe.String("Callisto wallet"),
		Metadata:           map[string]string{"order": payment.TopUp(c.Account), "charge": c.ID},
	}
	var i stripe.PaymentIntent
	err = g.back.Call(http.MethodPost, "/v1/payment_intents", g.cfg.SecretKey, p, &i)
	if err == nil {
		return chargedOf(&i)
	}
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok || e.HTTPStatusCode != http.StatusPaymentRequired {
		if ok && e.HTTPStatusCode == http.StatusBadRequest && e.Code == stripe.ErrorCodeResourceMissing { // the card is not there any more
			return payment.Charged{Refused: payment.AutoExpired, Text: e.Msg}, nil
		}
		return payment.Charged{}, fmt.Errorf("charge a card: %w", plain(err))
	}
	x := payment.Charged{Refused: payment.AutoDeclined, Text: e.Msg}
	switch {
	case e.Code == stripe.ErrorCodeAuthenticationRequired || e.DeclineCode == stripe.DeclineCodeAuthenticationRequired:
		x.Refused = payment.AutoConfirm
	case e.Code == stripe.ErrorCodeExpiredCard || e.DeclineCode == stripe.DeclineCodeExpiredCard:
		x.Refused = payment.AutoExpired
	}
	if e.PaymentIntent != nil {
		x.Payment = e.PaymentIntent.ID
	}
	return x, nil
}

// Charged finds what became of a charge.
func (g *Gateway) Charged(ctx context.Context, c payment.AutoCharge) (payment.Charged, bool, error) {
	if c.Payment == "" {
		return g.findCharge(ctx, c)
	}
	var i stripe.PaymentIntent
	err := g.back.Call(http.MethodGet, stripe.FormatURLPath("/v1/payment_intents/%s", c.Payment), g.cfg.SecretKey, &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}}, &i)
	switch {
	case missing(err):
		return payment.Charged{}, false, nil
	case err != nil:
		return payment.Charged{}, false, fmt.Errorf("read a payment: %w", plain(err))
	}
	x, err := chargedOf(&i)
	return x, err == nil, err
}

// findCharge looks for a charge among the latest of its customer.
func (g *Gateway) findCharge(ctx context.Context, c payment.AutoCharge) (payment.Charged, bool, error) {
	query := url.Values{"customer": {c.Customer}, "limit": {"100"}}.Encode()
	var list stripe.PaymentIntentList
	if err := g.back.CallRaw(http.MethodGet, "/v1/payment_intents", g.cfg.SecretKey, []byte(query), &stripe.Params{Context: ctx}, &list); err != nil && !missing(err) {
		return payment.Charged{}, false, fmt.Errorf("find a payment: %w", plain(err))
	}
	var last *stripe.PaymentIntent
	for _, i := range list.Data {
		if i.Metadata["charge"] == c.ID && (last == nil || i.Status == stripe.PaymentIntentStatusSucceeded) {
			last = i
		}
	}
	if last == nil {
		return payment.Charged{}, false, nil
	}
	x, err := chargedOf(last)
	return x, err == nil, err
}

// chargedOf is what a payment says.
func chargedOf(i *stripe.PaymentIntent) (payment.Charged, error) {
	x := payment.Charged{Payment: i.ID, Charge: i.Metadata["charge"], Order: i.Metadata["order"]}
	switch i.Status {
	case stripe.PaymentIntentStatusSucceeded:
		x.Paid = true
	case stripe.PaymentIntentStatusRequiresAction:
		x.Refused = payment.AutoConfirm
	case stripe.PaymentIntentStatusRequiresPaymentMethod, stripe.PaymentIntentStatusCanceled:
		x.Refused = payment.AutoDeclined
		if e := i.LastPaymentError; e != nil && e.Code == stripe.ErrorCodeAuthenticationRequired {
			x.Refused = payment.AutoConfirm
		}
	}
	var err error
	x.Amount, err = amountOf(string(i.Currency), i.Amount)
	if x.Paid && err == nil && i.AmountReceived != 0 {
		x.Amount, err = money.FromMinor(x.Amount.Currency, i.AmountReceived)
	}
	return x, err
}

// Forget forgets a card, or a customer with all of his.
func (g *Gateway) Forget(ctx context.Context, id string) error {
	var err error
	if strings.HasPrefix(id, "cus_") {
		var c stripe.Customer
		err = g.back.Call(http.MethodDelete, stripe.FormatURLPath("/v1/customers/%s", id), g.cfg.SecretKey, &stripe.CustomerParams{Params: stripe.Params{Context: ctx}}, &c)
	} else {
		var m stripe.PaymentMethod
		err = g.back.Call(http.MethodPost, stripe.FormatURLPath("/v1/payment_methods/%s/detach", id), g.cfg.SecretKey, &stripe.PaymentMethodDetachParams{Params: stripe.Params{Context: ctx}}, &m)
	}
	if e, ok := errors.AsType[*stripe.Error](err); ok && (e.HTTPStatusCode == http.StatusNotFound || e.HTTPStatusCode == http.StatusBadRequest) {
		return nil // it is not there, or not attached
	}
	if err != nil {
		return fmt.Errorf("forget a card: %w", plain(err))
	}
	return nil
}
