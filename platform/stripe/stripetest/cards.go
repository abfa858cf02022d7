package stripetest

import (
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

// Mood is how a card takes being charged while its holder is away.
type Mood string

// The moods.
const (
	Good    Mood = "good"
	Decline Mood = "card_declined"
	Confirm Mood = "authentication_required"
	Old     Mood = "expired_card"
)

// Card is one that a customer saved.
type Card struct {
	ID, Customer string
	Mood         Mood
	Last4        string
}

// Intent is a payment of a card whose holder is away.
type Intent struct {
	ID, Status, Currency, Customer, Method, Code string
	Amount                                       int64
	Metadata                                     map[string]string
}

// vault is customers with their cards, and what was charged to them.
type vault struct {
	customers map[string]bool
	cards     map[string]*Card
	intents   map[string]*Intent
	order     []string // of intents
	slow      bool     // payments take a while
}

func (f *Fake) vaultRoutes() {
	f.vault = vault{customers: map[string]bool{}, cards: map[string]*Card{}, intents: map[string]*Intent{}}
	f.mux.HandleFunc("POST /v1/customers", f.api(f.customer))
	f.mux.HandleFunc("DELETE /v1/customers/{id}", f.api(f.dropCustomer))
	f.mux.HandleFunc("POST /v1/payment_methods/{id}/detach", f.api(f.detach))
	f.mux.HandleFunc("POST /v1/payment_intents", f.api(f.intend))
	f.mux.HandleFunc("GET /v1/payment_intents", f.api(f.intentsOf))
	f.mux.HandleFunc("GET /v1/payment_intents/{id}", f.api(f.intent))
}

func (f *Fake) customer(*http.Request) (map[string]any, *problem) {
	id := f.id("cus")
	f.vault.customers[id] = true
	return map[string]any{"id": id, "object": "customer"}, nil
}

func (f *Fake) dropCustomer(r *http.Request) (map[string]any, *problem) {
	id := r.PathValue("id")
	if !f.vault.customers[id] {
		return nil, &problem{status: 404, code: "resource_missing", text: "No such customer"}
	}
	delete(f.vault.customers, id)
	for _, c := range f.vault.cards {
		if c.Customer == id {
			c.Customer = ""
		}
	}
	return map[string]any{"id": id, "object": "customer", "deleted": true}, nil
}

func (f *Fake) detach(r *http.Request) (map[string]any, *problem) {
	c := f.vault.cards[r.PathValue("id")]
	if c == nil || c.Customer == "" {
		return nil, &problem{status: 400, code: "", text: "The payment method you provided is not attached to a customer so detachment is impossible."}
	}
	c.Customer = ""
	return map[string]any{"id": c.ID, "object": "payment_method", "customer": nil}, nil
}

// setup checks a session in which a card is to be saved.
func (f *Fake) setup(r *http.Request) (map[string]any, *problem) {
	v := r.Form
	switch {
	case !f.vault.customers[v.Get("customer")]:
		return nil, &problem{status: 400, code: "resource_missing", text: "No such customer"}
	case v.Get("line_items[0][quantity]") != "":
		return nil, &problem{status: 400, code: "line_items", text: "You can not pass `line_items` in `setup` mode."}
	case v.Get("payment_method_types[0]") != "card":
		return nil, &problem{status: 400, code: "currency", text: "currency is required in setup mode without payment_method_types"}
	}
	s := &Session{ID: f.id("cs"), Mode: "setup", Status: "open", PaymentStatus: "no_payment_required", Customer: v.Get("customer"), Expires: f.Now().Unix() + 24*60*60,
		Success: v.Get("success_url"), Cancel: v.Get("cancel_url"), What: "Save a card", Metadata: map[string]string{"account": v.Get("metadata[account]")}, Reference: v.Get("client_reference_id")}
	f.sessions[s.ID] = s
	return f.show(s), nil
}

// showSetup adds what a session that saves a card says of it.
func (f *Fake) showSetup(s *Session, expand bool, out map[string]any) {
	out["mode"], out["currency"], out["amount_total"], out["customer"] = "setup", nil, nil, s.Customer
	if s.Card == "" {
		return
	}
	if !expand {
		out["setup_intent"] = "seti_" + s.ID
		return
	}
	c := f.vault.cards[s.Card]
	out["setup_intent"] = map[string]any{"id": "seti_" + s.ID, "object": "setup_intent", "status": "succeeded", "payment_method": map[string]any{
		"id": c.ID, "object": "payment_method", "type": "card", "customer": c.Customer, "card": map[string]any{"brand": "visa", "last4": c.Last4, "exp_month": 4, "exp_year": 2030}}}
}

// Save saves a card in a session, that will take being charged so.
func (f *Fake) Save(session string, mood Mood) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sessions[session]
	if !ok || s.Mode != "setup" {
		return fmt.Errorf("no session %s that saves a card", session)
	}
	if f.lapse(s); s.Status != "open" {
		return fmt.Errorf("the session is %s", s.Status)
	}
	c := &Card{ID: f.id("pm"), Customer: s.Customer, Mood: mood, Last4: map[Mood]string{Good: "4242", Decline: "0341", Confirm: "3184", Old: "0069"}[mood]}
	f.vault.cards[c.ID] = c
	s.Status, s.Card = "complete", c.ID
	f.send("checkout.session.completed", f.show(s))
	return nil
}

// Turn has every card take being charged so from now on; slow payments take a while.
func (f *Fake) Turn(mood Mood, slow bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.vault.slow = slow
	for _, c := range f.vault.cards {
		c.Mood = mood
	}
}

// Attached counts the cards that customers have.
func (f *Fake) Attached() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.vault.cards {
		if c.Customer != "" {
			n++
		}
	}
	return n
}

// Intents are the payments without a holder, in order.
func (f *Fake) Intents() (out []Intent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range f.vault.order {
		out = append(out, *f.vault.intents[id])
	}
	return out
}

// Finish ends a payment that takes a while.
func (f *Fake) Finish(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.vault.intents[id]
	i.Status = "succeeded"
	f.send("payment_intent.succeeded", i.show())
}

// DisputeIntent opens or closes a dispute of such a payment.
func (f *Fake) DisputeIntent(id, status string, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.vault.intents[id]
	kind := "charge.dispute.created"
	if closed {
		kind = "charge.dispute.closed"
	}
	f.send(kind, map[string]any{"id": "dp_" + id, "object": "dispute", "payment_intent": id, "charge": "ch_" + id, "amount": i.Amount, "currency": i.Currency, "status": status})
}

// intend charges a card whose holder is away.
func (f *Fake) intend(r *http.Request) (map[string]any, *problem) {
	v := r.Form
	amount, err := strconv.ParseInt(v.Get("amount"), 10, 64)
	c := f.vault.cards[v.Get("payment_method")]
	switch {
	case err != nil || amount < 1 || v.Get("currency") == "":
		return nil, &problem{status: 400, code: "parameter_invalid_integer", text: "Invalid integer: amount"}
	case v.Get("confirm") != "true" || v.Get("off_session") != "true":
		return nil, &problem{status: 400, code: "confirm", text: "here only payments without their payer are known"}
	case c == nil || c.Customer == "" || c.Customer != v.Get("customer"):
		return nil, &problem{status: 400, code: "resource_missing", text: "No such PaymentMethod"}
	}
	i := &Intent{ID: f.id("pi"), Status: "succeeded", Currency: v.Get("currency"), Amount: amount, Customer: c.Customer, Method: c.ID,
		Metadata: map[string]string{"order": v.Get("metadata[order]"), "charge": v.Get("metadata[charge]")}}
	f.vault.intents[i.ID] = i
	f.vault.order = append(f.vault.order, i.ID)
	if c.Mood != Good {
		i.Status, i.Code = "requires_payment_method", string(c.Mood)
		f.send("payment_intent.payment_failed", i.show())
		return nil, &problem{status: 402, code: i.Code, text: map[Mood]string{
			Decline: "Your card was declined.", Old: "Your card has expired.", Confirm: "Your card was declined. This transaction requires authentication."}[c.Mood], intent: i.show()}
	}
	if f.vault.slow {
		i.Status = "processing"
		return i.show(), nil
	}
	f.send("payment_intent.succeeded", i.show())
	return i.show(), nil
}

func (i *Intent) show() map[string]any {
	out := map[string]any{"id": i.ID, "object": "payment_intent", "status": i.Status, "amount": i.Amount, "amount_received": 0, "currency": i.Currency, "customer": i.Customer,
		"payment_method": i.Method, "metadata": i.Metadata}
	if i.Status == "succeeded" {
		out["amount_received"] = i.Amount
	}
	if i.Code != "" {
		out["last_payment_error"] = map[string]any{"type": "card_error", "code": i.Code}
	}
	return out
}

func (f *Fake) intent(r *http.Request) (map[string]any, *problem) {
	i := f.vault.intents[r.PathValue("id")]
	if i == nil {
		return nil, &problem{status: 404, code: "resource_missing", text: "No such payment_intent"}
	}
	return i.show(), nil
}

func (f *Fake) intentsOf(r *http.Request) (map[string]any, *problem) {
	data := []any{}
	for k := len(f.vault.order) - 1; k >= 0; k-- { // the newest first
		if i := f.vault.intents[f.vault.order[k]]; i.Customer == r.Form.Get("customer") {
			data = append(data, i.show())
		}
	}
	return map[string]any{"object": "list", "data": data, "has_more": false, "url": "/v1/payment_intents"}, nil
}

// savePage is the page on which a card is saved.
func savePage() *template.Template {
	return template.Must(template.New("").Parse(`<!DOCTYPE html><title>Save</title><main><h1>{{.What}}</h1>
<form method="post"><button name="do" value="good">4242</button> <button name="do" value="card_declined">Declined later</button> <button name="do" value="authentication_required">Asks later</button>
<button name="do" value="expired_card">Expired later</button> <button name="do" value="cancel">Back</button></form></main>`))
}

func mood(do string) (Mood, bool) {
	m := Mood(strings.TrimSpace(do))
	return m, m == Good || m == Decline || m == Confirm || m == Old
}
