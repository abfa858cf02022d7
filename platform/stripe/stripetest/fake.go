// Package stripetest is a small Stripe for tests: it keeps sessions, payments,
// refunds and disputes, has a page where one can pay, and sends signed messages
// that a test may hold back, repeat and send in another order. It shares no
// code with the gateway it tests.
package stripetest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fake is one account at the small Stripe.
type Fake struct {
	Key, Secret string
	Now         func() time.Time

	mu       sync.Mutex
	base     string // where this server is reached
	hook     string // where messages go
	count    int
	sessions map[string]*Session
	keys     map[string]answered // by Idempotency-Key
	refunds  map[string]int64    // by payment
	events   []Event
	held     bool
	broken   int // how many of the next requests fail
	lost     int // of how many the answers are
	calls    []string
	mux      *http.ServeMux
	vault    vault
}

type answered struct {
	body    string // of the request
	reply   map[string]any
	refused *problem
}

// Session is a checkout session.
type Session struct {
	ID, Status, PaymentStatus, Payment string
	Currency                           string
	Amount, Expires                    int64
	Success, Cancel, What              string
	Metadata                           map[string]string
	Reference                          string
	Mode, Customer, Card               string // of one that saves a card
}

// Event is a message, as it is sent.
type Event struct {
	ID, Type string
	Body     []byte
}

// New returns a fake that knows its key and the secret of its messages.
func New(key, secret string) *Fake {
	f := &Fake{Key: key, Secret: secret, Now: time.Now, sessions: map[string]*Session{}, keys: map[string]answered{}, refunds: map[string]int64{}, mux: http.NewServeMux()}
	f.mux.HandleFunc("POST /v1/checkout/sessions", f.api(f.create))
	f.mux.HandleFunc("GET /v1/checkout/sessions", f.api(f.find))
	f.mux.HandleFunc("GET /v1/checkout/sessions/{id}", f.api(f.get))
	f.mux.HandleFunc("POST /v1/checkout/sessions/{id}/expire", f.api(f.expire))
	f.mux.HandleFunc("POST /v1/refunds", f.api(f.refund))
	f.vaultRoutes()
	f.mux.HandleFunc("GET /pay/{id}", f.page)
	f.mux.HandleFunc("POST /pay/{id}", f.payForm)
	return f
}

// Listens says where this server is reached and where its messages go.
func (f *Fake) Listens(base, hook string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.base, f.hook = base, hook
}

// Hold keeps messages back from now on, or no more.
func (f *Fake) Hold(held bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = held
}

// Break lets the next n requests fail with a 500.
func (f *Fake) Break(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = n
}

// Lose lets the next n requests that do something be done, and the answer fail.
func (f *Fake) Lose(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost = n
}

// Events are all messages so far, sent or held back.
func (f *Fake) Events() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Event(nil), f.events...)
}

// Calls are the requests that were answered anew: "POST /v1/refunds".
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

// Session returns a session.
func (f *Fake) Session(id string) (Session, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sessions[id]
	if !ok {
		return Session{}, false
	}
	return *s, true
}

// Refunded is what was sent back of a payment.
func (f *Fake) Refunded(payment string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refunds[payment]
}

func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// problem is an error as Stripe tells it.
type problem struct {
	status     int
	code, text string
	intent     map[string]any // of a card that was refused
}

// api checks the key, the form and the idempotency key of a request.
func (f *Fake) api(do func(r *http.Request) (map[string]any, *problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fail := func(p problem) {
			w.WriteHeader(p.status)
			e := map[string]any{"type": "invalid_request_error", "code": p.code, "message": p.text}
			if p.intent != nil {
				e["type"], e["payment_intent"] = "card_error", p.intent
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"error": e})
		}
		if r.Header.Get("Authorization") != "Bearer "+f.Key {
			fail(problem{status: 401, code: "api_key", text: "Invalid API key"})
			return
		}
		if err := r.ParseForm(); err != nil {
			fail(problem{status: 400, code: "form", text: err.Error()})
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.broken > 0 {
			f.broken--
			w.WriteHeader(500)
			_, _ = w.Write([]byte(`{"error":{"type":"api_error","message":"broken for a test"}}`))
			return
		}
		body := r.URL.Path + "?" + r.Form.Encode()
		key := r.Header.Get("Idempotency-Key")
		if old, ok := f.keys[key]; ok && r.Method == http.MethodPost {
			if old.body != body {
				fail(problem{status: 400, code: "idempotency_key_in_use", text: "Keys for idempotent requests can only be used with the same parameters they were first used with."})
				return
			}
			if old.refused != nil {
				fail(*old.refused)
				return
			}
			_ = json.NewEncoder(w).Encode(old.reply)
			return
		}
		reply, p := do(r)
		if p != nil {
			if p.intent != nil && key != "" { // a refusal is an answer as well
				f.keys[key] = answered{body: body, refused: p}
			}
			fail(*p)
			return
		}
		if f.lost > 0 && r.Method == http.MethodPost { // it is done, and nobody learns of it
			f.lost--
			if key != "" {
				f.keys[key] = answered{body: body, reply: reply}
			}
			w.WriteHeader(500)
			_, _ = w.Write([]byte(`{"error":{"type":"api_error","message":"lost for a test"}}`))
			return
		}
		f.calls = append(f.calls, r.Method+" "+r.URL.Path)
		if key != "" && r.Method == http.MethodPost {
			f.keys[key] = answered{body: body, reply: reply}
		}
		_ = json.NewEncoder(w).Encode(reply)
	}
}

func (f *Fake) id(prefix string) string {
	f.count++
	return fmt.Sprintf("%s_test_%06d", prefix, f.count)
}

func (f *Fake) create(r *http.Request) (map[string]any, *problem) {
	v := r.Form
	if v.Get("mode") == "setup" {
		return f.setup(r)
	}
	expires, _ := strconv.ParseInt(v.Get("expires_at"), 10, 64)
	unit, err := strconv.ParseInt(v.Get("line_items[0][price_data][unit_amount]"), 10, 64)
	now := f.Now().Unix()
	switch {
	case v.Get("mode") != "payment":
		return nil, &problem{status: 400, code: "mode", text: "mode must be payment"}
	case err != nil || unit < 1:
		return nil, &problem{status: 400, code: "amount", text: "unit_amount must be a positive integer"}
	case expires < now+30*60 || expires > now+24*60*60:
		return nil, &problem{status: 400, code: "expires_at", text: "The expires_at timestamp must be between 30 minutes and 24 hours from Checkout Session creation."}
	case !strings.HasPrefix(v.Get("success_url"), "http") || !strings.HasPrefix(v.Get("cancel_url"), "http"):
		return nil, &problem{status: 400, code: "url_invalid", text: "Not a valid URL"}
	case v.Get("line_items[0][price_data][product_data][name]") == "" || v.Get("line_items[0][quantity]") != "1":
		return nil, &problem{status: 400, code: "line_items", text: "line_items need a name and a quantity"}
	}
	s := &Session{ID: f.id("cs"), Status: "open", PaymentStatus: "unpaid", Currency: v.Get("line_items[0][price_data][currency]"), Amount: unit, Expires: expires,
		Success: v.Get("success_url"), Cancel: v.Get("cancel_url"), What: v.Get("line_items[0][price_data][product_data][name]"), Metadata: map[string]string{}, Reference: v.Get("client_reference_id")}
	for k := range v {
		if name, ok := strings.CutPrefix(k, "metadata["); ok {
			s.Metadata[strings.TrimSuffix(name, "]")] = v.Get(k)
		}
	}
	f.sessions[s.ID] = s
	return f.show(s), nil
}

func (f *Fake) show(s *Session) map[string]any {
	out := map[string]any{"id": s.ID, "object": "checkout.session", "status": s.Status, "payment_status": s.PaymentStatus, "currency": s.Currency, "amount_total": s.Amount,
		"expires_at": s.Expires, "metadata": s.Metadata, "client_reference_id": s.Reference, "url": nil, "payment_intent": nil, "mode": "payment"}
	if s.Status == "open" {
		out["url"] = f.base + "/pay/" + s.ID
	}
	if s.Payment != "" {
		out["payment_intent"] = s.Payment
		out["customer_details"] = map[string]any{"email": "buyer@example.com"}
	}
	if s.Mode == "setup" {
		f.showSetup(s, false, out)
	}
	return out
}

func (f *Fake) lapse(s *Session) {
	if s.Status == "open" && f.Now().Unix() >= s.Expires {
		s.Status = "expired"
	}
}

func (f *Fake) get(r *http.Request) (map[string]any, *problem) {
	s, ok := f.sessions[r.PathValue("id")]
	if !ok {
		return nil, &problem{status: 404, code: "resource_missing", text: "No such checkout.session"}
	}
	f.lapse(s)
	out := f.show(s)
	if s.Mode == "setup" {
		f.showSetup(s, r.Form.Get("expand[0]") == "setup_intent.payment_method", out)
	}
	return out, nil
}

func (f *Fake) find(r *http.Request) (map[string]any, *problem) {
	data := []any{}
	for _, s := range f.sessions {
		if s.Payment != "" && s.Payment == r.Form.Get("payment_intent") {
			data = append(data, f.show(s))
		}
	}
	return map[string]any{"object": "list", "data": data, "has_more": false, "url": "/v1/checkout/sessions"}, nil
}

func (f *Fake) expire(r *http.Request) (map[string]any, *problem) {
	s, ok := f.sessions[r.PathValue("id")]
	if !ok {
		return nil, &problem{status: 404, code: "resource_missing", text: "No such checkout.session"}
	}
	if f.lapse(s); s.Status != "open" {
		return nil, &problem{status: 400, code: "", text: "Only Checkout Sessions with a status in [\"open\"] can be expired."}
	}
	s.Status = "expired"
	f.send("checkout.session.expired", f.show(s))
	return f.show(s), nil
}

func (f *Fake) refund(r *http.Request) (map[string]any, *problem) {
	pay := r.Form.Get("payment_intent")
	amount, err := strconv.ParseInt(r.Form.Get("amount"), 10, 64)
	s := f.paidBy(pay)
	switch {
	case s == nil:
		return nil, &problem{status: 404, code: "resource_missing", text: "No such payment_intent"}
	case err != nil || amount < 1 || f.refunds[pay]+amount > s.Amount:
		return nil, &problem{status: 400, code: "charge_already_refunded", text: "Charge has already been refunded."}
	}
	f.giveBack(s, amount)
	return map[string]any{"id": f.id("re"), "object": "refund", "status": "succeeded", "amount": amount, "payment_intent": pay, "currency": s.Currency}, nil
}

func (f *Fake) paidBy(payment string) *Session {
	for _, s := range f.sessions {
		if s.Payment != "" && s.Payment == payment {
			return s
		}
	}
	return nil
}

func (f *Fake) giveBack(s *Session, amount int64) {
	f.refunds[s.Payment] += amount
	f.send("charge.refunded", map[string]any{"id": "ch_" + s.Payment, "object": "charge", "payment_intent": s.Payment, "amount": s.Amount, "amount_refunded": f.refunds[s.Payment], "currency": s.Currency})
}

// Pay pays a session as a card does; with later, as a way that takes days.
func (f *Fake) Pay(id string, later bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sessions[id]
	if !ok {
		return fmt.Errorf("no session %s", id)
	}
	if f.lapse(s); s.Status != "open" {
		return fmt.Errorf("the session is %s", s.Status)
	}
	s.Status, s.Payment = "complete", f.id("pi")
	if !later {
		s.PaymentStatus = "paid"
	}
	f.send("checkout.session.completed", f.show(s))
	return nil
}

// Arrive ends a payment that took days.
func (f *Fake) Arrive(id string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[id]
	if !ok {
		f.send("checkout.session.async_payment_failed", f.show(s))
		return
	}
	s.PaymentStatus = "paid"
	f.send("checkout.session.async_payment_succeeded", f.show(s))
}

// Lapse ends a session whose time is over.
func (f *Fake) Lapse(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[id]
	s.Status = "expired"
	f.send("checkout.session.expired", f.show(s))
}

// GiveBack refunds at the provider, as from its own pages.
func (f *Fake) GiveBack(id string, amount int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.giveBack(f.sessions[id], amount)
}

// Dispute opens or closes a dispute of a session's payment.
func (f *Fake) Dispute(id, status string, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[id]
	kind := "charge.dispute.created"
	if closed {
		kind = "charge.dispute.closed"
	}
	f.send(kind, map[string]any{"id": "dp_" + s.Payment, "object": "dispute", "payment_intent": s.Payment, "charge": "ch_" + s.Payment, "amount": s.Amount, "currency": s.Currency, "status": status})
}

// send makes a message and sends it, unless messages are held back. The lock is held.
func (f *Fake) send(kind string, object any) {
	f.count++
	e := Event{ID: fmt.Sprintf("evt_test_%06d", f.count), Type: kind}
	body, err := json.Marshal(map[string]any{"id": e.ID, "object": "event", "type": kind, "created": f.Now().Unix(), "api_version": "2026-03-25.dahlia",
		"livemode": false, "pending_webhooks": 1, "data": map[string]any{"object": object}})
	if err != nil {
		panic(err) // plain maps always can
	}
	e.Body = body
	f.events = append(f.events, e)
	if f.held || f.hook == "" {
		return
	}
	hook := f.hook
	go func() { _, _ = f.post(hook, e, f.Now()) }()
}

// Sign is the Stripe-Signature of a body at a time.
func (f *Fake) Sign(body []byte, at time.Time) string {
	m := hmac.New(sha256.New, []byte(f.Secret))
	fmt.Fprintf(m, "%d.", at.Unix())
	m.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(m.Sum(nil)))
}

// Send sends a message now and returns the status of the answer.
func (f *Fake) Send(e Event) (int, error) {
	f.mu.Lock()
	hook := f.hook
	f.mu.Unlock()
	return f.post(hook, e, f.Now())
}

func (f *Fake) post(hook string, e Event, at time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(e.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", f.Sign(e.Body, at))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (f *Fake) page(w http.ResponseWriter, r *http.Request) {
	s, ok := f.Session(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if s.Mode == "setup" {
		_ = savePage().Execute(w, s)
		return
	}
	t := template.Must(template.New("").Parse(`<!DOCTYPE html><title>Pay</title><main><h1>{{.What}}</h1><p>{{.Amount}} {{.Currency}}</p>
<form method="post"><button name="do" value="pay">Pay</button> <button name="do" value="cancel">Back</button></form></main>`))
	_ = t.Execute(w, s)
}

func (f *Fake) payForm(w http.ResponseWriter, r *http.Request) {
	s, ok := f.Session(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	to := s.Cancel
	if m, ok := mood(r.PostFormValue("do")); ok && s.Mode == "setup" {
		if err := f.Save(s.ID, m); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		to = s.Success
	}
	if r.PostFormValue("do") == "pay" {
		if err := f.Pay(s.ID, false); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		to = s.Success
	}
	u, err := url.Parse(to)
	if err != nil {
		http.Error(w, "no such address", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, u.String(), http.StatusSeeOther) //nolint:gosec // a test's page sends back where it was told
}
