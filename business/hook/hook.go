// Package hook tells programs of others what happened here: the operator names an
// address, and each event is sent there, signed, at least once. What is to be
// sent is written in the transaction of what it tells of.
//
// Each address has a queue of its own, so that a slow one holds up nobody; what
// does not get through is tried again, more and more seldom, for some three days.
package hook

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	mrand "math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
)

// The types of events.
const (
	CallEnded = "call.ended" // the data is the call record
	WalletLow = "wallet.low" // little is left in a wallet, or a call was cut for want of money
	ToppedUp  = "wallet.topped_up"
	Invoiced  = "invoice.issued"  // an invoice of calls, or a statement, was written
	Unpaid    = "invoice.overdue" // one was not paid in time
	Alert     = "alert"           // something looks like fraud
	Tried     = "test"            // somebody wanted to see whether it arrives
	order     = "order."
)

// Order is the type of an order's coming to a state.
func Order(state string) string { return order + state }

// Types are those an address may be given for.
func Types() []string {
	out := []string{CallEnded, WalletLow, ToppedUp, Invoiced, Unpaid, Alert}
	for _, state := range []string{"requested", "in_review", "approved", "rejected", "awaiting_payment", "paid", "sold", "expired", "cancelled", "refunded"} {
		out = append(out, Order(state))
	}
	return out
}

// Endpoint is an address that events are sent to.
type Endpoint struct {
	ID       string
	URL      string
	Events   []string
	Sealed   string // the secret
	Created  time.Time
	Failing  time.Time // since when nothing has got through; zero: it does
	Disabled time.Time // zero: it is in use
	Why      string    // it is not
}

// State is how far a delivery is.
type State string

// The states.
const (
	Waiting State = "waiting"
	Sent    State = "sent"
	Dead    State = "dead" // given up
)

// Delivery is one event on its way to one address.
type Delivery struct {
	Endpoint string
	Event    string // its id, the same at every try and address
	Type     string
	Ref      string // of a call record: its id
	Body     string // of others: the whole
	Created  time.Time
	State    State
	Tries    int
	Due      time.Time
	Status   int    // of HTTP, the last; 0: none came
	Error    string // the last, in words
	Done     time.Time
	Claim    time.Time // until when it is ours to send
}

// Store keeps addresses and deliveries.
type Store interface {
	PutEndpoint(ctx context.Context, e Endpoint) error
	// DropEndpoint removes one with all of its deliveries.
	DropEndpoint(ctx context.Context, id string) (bool, error)
	Endpoints(ctx context.Context) ([]Endpoint, error)
	PutDelivery(ctx context.Context, d Delivery) error
	// Claim takes what is due at an address that is in use, the oldest first, and
	// puts it off until an instant, so that nobody else takes it meanwhile.
	Claim(ctx context.Context, endpoint string, now, until time.Time, limit int) ([]Delivery, error)
	// Deliveries are those of an address, or one of them, the newest first.
	Deliveries(ctx context.Context, endpoint, event, cursor string, limit int) ([]Delivery, string, error)
	Outcomes
}

// Outcomes keeps what came of deliveries.
type Outcomes interface {
	// Done keeps a try of a claim that still holds, and since when its address
	// fails: one that was queued again meanwhile stays queued.
	Done(ctx context.Context, d Delivery, failing time.Time) error
	// Disable has nothing more sent to an address that is in use, and says why.
	Disable(ctx context.Context, endpoint, why string, at time.Time) error
	// Body is what is sent of a delivery.
	Body(ctx context.Context, d Delivery) ([]byte, error)
	// Forget removes what was done with before an instant.
	Forget(ctx context.Context, before time.Time) error
}

// Sender sends one message. It returns the status, or why there was none in words
// that may be shown.
type Sender interface {
	Send(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error)
}

// Vault seals the secrets.
type Vault interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// Config describes a Service.
type Config struct {
	Store  Store
	Vault  Vault
	Sender Sender
	Plain  bool // http is taken on this machine: for trials
	Log    *slog.Logger
	Now    func() time.Time
}

// Service keeps addresses and sends.
type Service struct {
	cfg  Config
	poke chan struct{}
}

// New returns a service; Run sends.
func New(cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{cfg: cfg, poke: make(chan struct{}, 1)}
}

// mostEndpoints bounds what one call has to be sent to.
const mostEndpoints = 20

// Add begins to send events to an address, and returns its secret, which is not
// shown again.
func (s *Service) Add(ctx context.Context, by member.Actor, address string, events []string) (e Endpoint, secret string, err error) {
	if err := by.OperatorOnly(); err != nil {
		return e, "", err
	}
	address = strings.TrimSpace(address)
	if err := s.check(address); err != nil {
		return e, "", err
	}
	if len(events) == 0 {
		events = Types()
	}
	for _, x := range events {
		if !slices.Contains(Types(), x) {
			return e, "", fault.New(fault.Invalid, "event_unknown", "There is no event %q.", x).WithFields(fault.Field{Name: "events", Text: "There is no such event."})
		}
	}
	all, err := s.cfg.Store.Endpoints(ctx)
	if err != nil {
		return e, "", err
	}
	if len(all) >= mostEndpoints {
		return e, "", fault.New(fault.Conflict, "too_many_webhooks", "There are %d addresses already. Remove one first.", len(all))
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crypto/rand.Read never fails
	now := s.cfg.Now()
	e = Endpoint{ID: ident.New("whk", now), URL: address, Events: events, Created: now}
	e.Sealed = base64.StdEncoding.EncodeToString(s.cfg.Vault.Seal(key, purpose(e.ID)))
	return e, "whsec_" + base64.StdEncoding.EncodeToString(key), s.cfg.Store.PutEndpoint(ctx, e)
}

func purpose(id string) string { return "webhook " + id }

// check refuses addresses that nothing is sent to. Where its name leads is looked
// at each time something is sent.
func (s *Service) check(address string) error {
	u, err := url.Parse(address)
	text := ""
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || len(address) > 500:
		text = "Write the whole address: https://example.com/calls."
	case u.User != nil || u.Fragment != "":
		text = "The address may hold no user, password or fragment: each message is signed."
	case u.Scheme == "http" && s.cfg.Plain:
	case u.Scheme != "https":
		text = "The address must begin with https://."
	}
	if text == "" {
		return nil
	}
	return fault.New(fault.Invalid, "url", "%s", text).WithFields(fault.Field{Name: "url", Text: text})
}

// Endpoints lists the addresses.
func (s *Service) Endpoints(ctx context.Context, by member.Actor) ([]Endpoint, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.cfg.Store.Endpoints(ctx)
}

// Endpoint finds one.
func (s *Service) Endpoint(ctx context.Context, by member.Actor, id string) (Endpoint, error) {
	all, err := s.Endpoints(ctx, by)
	if err != nil {
		return Endpoint{}, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	return Endpoint{}, unknown(id)
}

func unknown(id string) error {
	return fault.New(fault.Unknown, "webhook_unknown", "There is no address %s.", id)
}

// Remove ends one, with what waits for it.
func (s *Service) Remove(ctx context.Context, by member.Actor, id string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	was, err := s.cfg.Store.DropEndpoint(ctx, id)
	if err == nil && !was {
		return unknown(id)
	}
	return err
}

// Use switches one off, or takes it into use again. While it is off nothing is
// queued for it; what waited is sent when it is on again.
func (s *Service) Use(ctx context.Context, by member.Actor, id string, on bool) (Endpoint, error) {
	e, err := s.Endpoint(ctx, by, id)
	switch {
	case err != nil:
		return e, err
	case on:
		e.Disabled, e.Failing, e.Why = time.Time{}, time.Time{}, ""
	case e.Disabled.IsZero():
		e.Disabled, e.Why = s.cfg.Now(), "The operator switched it off."
	}
	err = s.cfg.Store.PutEndpoint(ctx, e)
	s.wake()
	return e, err
}

// Try sends a test.
func (s *Service) Try(ctx context.Context, by member.Actor, id string) (Delivery, error) {
	if _, err := s.Endpoint(ctx, by, id); err != nil {
		return Delivery{}, err
	}
	now := s.cfg.Now()
	d := Delivery{Endpoint: id, Event: ident.New("evt", now), Type: Tried, Body: `{"message":"This is a test."}`, Created: now, State: Waiting, Due: now}
	err := s.cfg.Store.PutDelivery(ctx, d)
	s.wake()
	return d, err
}

// Resend sends one again, whatever came of it.
func (s *Service) Resend(ctx context.Context, by member.Actor, id, event string) (Delivery, error) {
	list, _, err := s.Deliveries(ctx, by, id, event, "", 1)
	if err != nil {
		return Delivery{}, err
	}
	if len(list) == 0 {
		return Delivery{}, fault.New(fault.Unknown, "delivery_unknown", "Nothing like %s was sent there.", event)
	}
	d := list[0]
	d.State, d.Tries, d.Due, d.Error, d.Status, d.Done = Waiting, 0, s.cfg.Now(), "", 0, time.Time{}
	err = s.cfg.Store.PutDelivery(ctx, d)
	s.wake()
	return d, err
}

// Deliveries are those of an address, the newest first.
func (s *Service) Deliveries(ctx context.Context, by member.Actor, id, event, cursor string, limit int) ([]Delivery, string, error) {
	if _, err := s.Endpoint(ctx, by, id); err != nil {
		return nil, "", err
	}
	return s.cfg.Store.Deliveries(ctx, id, event, cursor, min(max(limit, 1), 200))
}

func (s *Service) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Sign is the signature of a message, as Standard Webhooks has it: of id,
// timestamp and body by HMAC-SHA256.
func Sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// How sending goes.
const (
	every    = time.Second         // the queues are looked at
	lease    = time.Minute         // a claim lasts
	batch    = 20                  // is claimed at a time
	giveUp   = 5 * 24 * time.Hour  // an address that nothing gets through to is no longer used
	remember = 30 * 24 * time.Hour // deliveries that are done
)

// waits are the times between tries; with the last one a delivery is dead.
func waits() []time.Duration {
	return []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// Run sends until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	busy := map[string]chan struct{}{} // by address: closed when its queue was seen to
	var forgot time.Time
	for {
		if now := s.cfg.Now(); now.Sub(forgot) > time.Hour {
			forgot = now
			if err := s.cfg.Store.Forget(ctx, now.Add(-remember)); err != nil && ctx.Err() == nil {
				s.cfg.Log.Error("old deliveries of webhooks stay", "error", err)
			}
		}
		list, err := s.cfg.Store.Endpoints(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("webhooks are not sent", "error", err)
		}
		for _, e := range list {
			if done := busy[e.ID]; done != nil {
				select {
				case <-done:
				default:
					continue // it is still at it
				}
			}
			if !e.Disabled.IsZero() {
				continue
			}
			done := make(chan struct{})
			busy[e.ID] = done
			go func() {
				defer close(done)
				if err := s.Drain(ctx, e); err != nil && ctx.Err() == nil {
					s.cfg.Log.Error("webhooks are not sent", "endpoint", e.ID, "error", err)
				}
			}()
		}
		select {
		case <-ctx.Done():
			for _, done := range busy {
				<-done
			}
			return
		case <-tick.C:
		case <-s.poke:
		}
	}
}

// Drain sends what is due at one address.
func (s *Service) Drain(ctx context.Context, e Endpoint) error {
	sealed, err := base64.StdEncoding.DecodeString(e.Sealed)
	if err != nil {
		return err
	}
	key, err := s.cfg.Vault.Open(sealed, purpose(e.ID))
	if err != nil {
		return err
	}
	for ctx.Err() == nil && e.Disabled.IsZero() {
		now := s.cfg.Now()
		list, err := s.cfg.Store.Claim(ctx, e.ID, now, now.Add(lease), batch)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, d := range list {
			if s.cfg.Now().Sub(now) > lease/2 || !e.Disabled.IsZero() || ctx.Err() != nil {
				break // the claims run out; they come again
			}
			if err := s.send(ctx, &e, d, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// send tries one delivery and keeps what came of it.
func (s *Service) send(ctx context.Context, e *Endpoint, d Delivery, key []byte) error {
	body, err := s.cfg.Store.Body(ctx, d)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	status, err := s.cfg.Sender.Send(ctx, e.URL, map[string]string{
		"webhook-id": d.Event, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": Sign(key, d.Event, now, body),
	}, body)
	if ctx.Err() != nil {
		return nil // we end; the claim runs out and it is sent again
	}
	now = s.cfg.Now()
	d.Tries++
	d.Status, d.Error = status, ""
	ok := err == nil && status >= 200 && status < 300
	switch {
	case ok:
		d.State, d.Done, e.Failing = Sent, now, time.Time{}
	default:
		if err == nil {
			err = errors.New("The other side answered " + strconv.Itoa(status) + ".") //nolint:staticcheck,revive // words for people
		}
		d.Error = err.Error()
		if e.Failing.IsZero() {
			e.Failing = now
		}
		list := waits()
		if d.Tries > len(list) {
			d.State, d.Done = Dead, now
		} else {
			d.Due = now.Add(jitter(list[d.Tries-1]))
		}
	}
	if err := s.cfg.Store.Done(ctx, d, e.Failing); err != nil {
		return err
	}
	switch {
	case status == 410:
		e.Why = "The other side says that the address is gone (410)."
	case !e.Failing.IsZero() && now.Sub(e.Failing) > giveUp:
		e.Why = "Nothing got through for five days."
	default:
		return nil
	}
	e.Disabled = now
	s.cfg.Log.Warn("a webhook is no longer used", "endpoint", e.ID, "why", e.Why)
	return s.cfg.Store.Disable(ctx, e.ID, e.Why, now) // it may have been removed, or switched off, meanwhile
}

// jitter spreads tries by a tenth, so that they do not come all at once.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(mrand.Int64N(int64(d)/5+1)) - d/10
}
