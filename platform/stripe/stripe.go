// Package stripe takes cards through Stripe Checkout: it opens sessions, asks
// about them, sends money back, and reads Stripe's signed messages into the
// cashier's words. It keeps nothing.
package stripe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// Config is an account at Stripe.
type Config struct {
	SecretKey     string
	WebhookSecret string
	APIBase       string                   // "" is Stripe's own; tests give another
	Link          func(path string) string // where people reach a page
	Log           *slog.Logger
}

// Gateway is the way to Stripe.
type Gateway struct {
	cfg  Config
	back stripe.Backend
}

// Tolerance is how old a message may be, against replays.
const Tolerance = 5 * time.Minute

// New returns a gateway. It calls nobody yet.
func New(cfg Config) *Gateway {
	b := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: 20 * time.Second}, MaxNetworkRetries: stripe.Int64(2), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: quiet{cfg.Log},
	}
	if cfg.APIBase != "" {
		b.URL = stripe.String(cfg.APIBase)
	}
	return &Gateway{cfg: cfg, back: stripe.GetBackendWithConfig(stripe.APIBackend, b)}
}

// quiet lets only errors of Stripe's library into our log.
type quiet struct{ log *slog.Logger }

func (quiet) Debugf(string, ...any) {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warnf(string, ...any)  {}
func (q quiet) Errorf(format string, v ...any) {
	if q.log != nil {
		q.log.Warn("stripe: " + fmt.Sprintf(format, v...))
	}
}

// Open opens a session for a checkout.
func (g *Gateway) Open(ctx context.Context, c payment.Checkout, what string) (string, string, error) {
	minor, err := c.Amount.Minor()
	if err != nil {
		return "", "", err
	}
	page := g.cfg.Link("/orders/" + c.Order)
	if _, ok := payment.TopUpOf(c.Order); ok {
		page = g.cfg.Link("/wallet")
	}
	p := &stripe.CheckoutSessionParams{
		Params:             stripe.Params{Context: ctx, IdempotencyKey: stripe.String(c.ID)},
		Metadata:           map[string]string{"order": c.Order, "checkout": c.ID},
		Mode:               stripe.String(string(stripe.CheckoutSessionModePayment)),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		ClientReferenceID:  stripe.String(c.Order),
		SuccessURL:         stripe.String(page + "?paid=card"),
		CancelURL:          stripe.String(page),
		ExpiresAt:          stripe.Int64(c.Expires.Unix()),
		PaymentIntentData:  &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"order": c.Order}},
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String(strings.ToLower(string(c.Amount.Currency))), UnitAmount: stripe.Int64(minor),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(what)},
			},
		}},
	}
	var s stripe.CheckoutSession
	if err := g.back.Call(http.MethodPost, "/v1/checkout/sessions", g.cfg.SecretKey, p, &s); err != nil {
		return "", "", fmt.Errorf("open a checkout session: %w", plain(err))
	}
	return s.ID, s.URL, nil
}

// Session asks about a session.
func (g *Gateway) Session(ctx context.Context, id string) (payment.Session, error) {
	var s stripe.CheckoutSession
	err := g.back.Call(http.MethodGet, stripe.FormatURLPath("/v1/checkout/sessions/%s", id), g.cfg.SecretKey, &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}}, &s)
	if err != nil {
		return payment.Session{}, fmt.Errorf("read a checkout session: %w", plain(err))
	}
	return sessionOf(&s)
}

// SessionOf finds the session of a payment.
func (g *Gateway) SessionOf(ctx context.Context, paymentID string) (payment.Session, bool, error) {
	query := url.Values{"payment_intent": {paymentID}, "limit": {"1"}}.Encode()
	var list stripe.CheckoutSessionList
	err := g.back.CallRaw(http.MethodGet, "/v1/checkout/sessions", g.cfg.SecretKey, []byte(query), &stripe.Params{Context: ctx}, &list)
	switch {
	case err != nil && !missing(err):
		return payment.Session{}, false, fmt.Errorf("find a checkout session: %w", plain(err))
	case err != nil || len(list.Data) == 0:
		return payment.Session{}, false, nil
	}
	s, err := sessionOf(list.Data[0])
	return s, err == nil, err
}

// Expire closes a session; one that is over already is as good.
func (g *Gateway) Expire(ctx context.Context, id string) error {
	var s stripe.CheckoutSession
	err := g.back.Call(http.MethodPost, stripe.FormatURLPath("/v1/checkout/sessions/%s/expire", id), g.cfg.SecretKey, &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}}, &s)
	if e, ok := errors.AsType[*stripe.Error](err); ok && e.HTTPStatusCode == http.StatusBadRequest {
		return nil
	}
	if err != nil {
		return fmt.Errorf("close a checkout session: %w", plain(err))
	}
	return nil
}

// Refund sends money back. What Stripe will never do is a Conflict.
func (g *Gateway) Refund(ctx context.Context, paymentID string, amount money.Amount, key string) error {
	minor, err := amount.Minor()
	if err != nil {
		return err
	}
	var back stripe.Refund
	err = g.back.Call(http.MethodPost, "/v1/refunds", g.cfg.SecretKey, &stripe.RefundParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: stripe.String(key)}, PaymentIntent: stripe.String(paymentID), Amount: stripe.Int64(minor),
	}, &back)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*stripe.Error](err); ok && e.Type == stripe.ErrorTypeInvalidRequest && e.HTTPStatusCode < 500 && e.HTTPStatusCode != http.StatusUnauthorized &&
		e.HTTPStatusCode != http.StatusTooManyRequests && e.HTTPStatusCode != http.StatusConflict {
		return fault.Wrap(fault.Conflict, "refund_refused", "The card company refused the refund.", plain(err))
	}
	return fmt.Errorf("send money back: %w", plain(err))
}

// plain is an error of Stripe's in its own words, without what was asked.
func plain(err error) error {
	if e, ok := errors.AsType[*stripe.Error](err); ok {
		return fmt.Errorf("%s (%s, HTTP %d)", e.Msg, e.Code, e.HTTPStatusCode)
	}
	return err
}

func missing(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.HTTPStatusCode == http.StatusNotFound
}

// Message reads a signed message of Stripe's. A wrong or old signature is an
// error before anything in it is believed.
func (g *Gateway) Message(body []byte, signature string) (payment.Event, error) {
	raw, err := webhook.ConstructEventWithOptions(body, signature, g.cfg.WebhookSecret, webhook.ConstructEventOptions{Tolerance: Tolerance, IgnoreAPIVersionMismatch: true})
	if err != nil {
		return payment.Event{}, fault.Wrap(fault.Invalid, "signature", "This message is not signed by the card company, or its signature is too old. Nothing was stored.", err)
	}
	e := payment.Event{ID: raw.ID, Kind: string(raw.Type), At: time.Unix(raw.Created, 0).UTC()}
	if raw.Data == nil {
		return e, badMessage(errors.New("it has no data"))
	}
	object := raw.Data.Raw
	switch raw.Type {
	case stripe.EventTypeCheckoutSessionCompleted, stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded, stripe.EventTypeCheckoutSessionExpired, stripe.EventTypeCheckoutSessionAsyncPaymentFailed:
		var s stripe.CheckoutSession
		if err := read(object, &s); err != nil {
			return e, badMessage(err)
		}
		if s.Mode == stripe.CheckoutSessionModeSetup {
			e.Setup = s.ID
			return e, nil
		}
		x, err := sessionOf(&s)
		if err != nil {
			return e, badMessage(err)
		}
		e.Session, e.Failed = &x, raw.Type == stripe.EventTypeCheckoutSessionAsyncPaymentFailed
	case stripe.EventTypePaymentIntentSucceeded:
		var i stripe.PaymentIntent
		if err := read(object, &i); err != nil {
			return e, badMessage(err)
		}
		if i.Metadata["charge"] == "" {
			return e, nil // of a checkout, whose own message tells of it
		}
		x, err := chargedOf(&i)
		if err != nil {
			return e, badMessage(err)
		}
		e.Charged = &x
	case stripe.EventTypeChargeRefunded:
		var c stripe.Charge
		if err := read(object, &c); err != nil {
			return e, badMessage(err)
		}
		if c.PaymentIntent == nil {
			return e, nil // not of a checkout
		}
		total, err := amountOf(string(c.Currency), c.AmountRefunded)
		if err != nil {
			return e, badMessage(err)
		}
		e.Refund = &payment.Refund{Payment: c.PaymentIntent.ID, Total: total}
	case stripe.EventTypeChargeDisputeCreated, stripe.EventTypeChargeDisputeClosed:
		var d stripe.Dispute
		if err := read(object, &d); err != nil {
			return e, badMessage(err)
		}
		if d.PaymentIntent == nil {
			return e, nil
		}
		amount, err := amountOf(string(d.Currency), d.Amount)
		if err != nil {
			return e, badMessage(err)
		}
		e.Dispute = &payment.Dispute{ID: d.ID, Payment: d.PaymentIntent.ID, Amount: amount, Closed: raw.Type == stripe.EventTypeChargeDisputeClosed,
			Won: d.Status == stripe.DisputeStatusWon || d.Status == stripe.DisputeStatusWarningClosed}
	}
	return e, nil
}

func read(raw json.RawMessage, v any) error {
	return json.NewDecoder(bytes.NewReader(raw)).Decode(v)
}

func badMessage(err error) error {
	return fault.Wrap(fault.Invalid, "event", "The message of the card company cannot be understood. Nothing was stored.", err)
}

func amountOf(currency string, minor int64) (money.Amount, error) {
	if len(currency) != 3 {
		return money.Amount{}, fmt.Errorf("%q is no currency", currency)
	}
	return money.FromMinor(money.Currency(strings.ToUpper(currency)), minor)
}

func sessionOf(s *stripe.CheckoutSession) (payment.Session, error) {
	x := payment.Session{ID: s.ID, Order: s.Metadata["order"], Complete: s.Status == stripe.CheckoutSessionStatusComplete, Expired: s.Status == stripe.CheckoutSessionStatusExpired,
		Paid: s.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid}
	if s.PaymentIntent != nil {
		x.Payment = s.PaymentIntent.ID
	}
	if s.CustomerDetails != nil {
		x.Payer = s.CustomerDetails.Email
	}
	var err error
	if s.Currency != "" {
		x.Amount, err = amountOf(string(s.Currency), s.AmountTotal)
	}
	return x, err
}
