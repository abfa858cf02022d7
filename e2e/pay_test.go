package e2e

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"
)

// cardCompany starts the small Stripe as a program of its own.
func cardCompany(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fakestripe")
	build := exec.Command("go", "build", "-o", path, "./platform/stripe/stripetest/fakestripe")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(path, "-key", "sk_test_e2e", "-secret", "whsec_e2e")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// takesCards lets the next `callisto dev` take cards at an address.
func takesCards(t *testing.T, base string) {
	t.Helper()
	t.Setenv("CALLISTO_STRIPE_SECRET_KEY", "sk_test_e2e")
	t.Setenv("CALLISTO_STRIPE_WEBHOOK_SECRET", "whsec_e2e")
	t.Setenv("CALLISTO_STRIPE_API_BASE", base)
}

// saveCard has a member's wallet filled by itself.
func saveCard(t *testing.T, d dev, key, password string) {
	t.Helper()
	page := api(t, d, key, "POST", "/api/v1/wallet/card", nil, 201)["url"].(string)
	res, err := http.PostForm(page, url.Values{"do": {"good"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if v := api(t, d, key, "GET", "/api/v1/wallet/auto_top_up", nil, 200); v["card"] == nil {
		t.Fatalf("no card was saved: %v", v)
	}
	api(t, d, key, "PUT", "/api/v1/wallet/auto_top_up", map[string]any{"below": "10", "add": "25", "most": "100", "password": password}, 200)
}

// order requests a free number and selects it, as a sample member.
func order(t *testing.T, d dev, key, contains string) string {
	t.Helper()
	found := api(t, d, "", "GET", "/api/v1/numbers?country=KR&kind=individual&limit=1&contains="+contains, nil, 200)
	national := found["items"].([]any)[0].(map[string]any)["national"].(string)
	o := api(t, d, key, "POST", "/api/v1/orders", map[string]any{"kind": "individual", "country": "KR", "national": national}, 201)
	id := o["id"].(string)
	api(t, d, key, "POST", "/api/v1/orders/"+id+"/select", nil, 200)
	return id
}

// TestPayByCardInTheBrowser is a buyer who goes to the card company and comes back.
func TestPayByCardInTheBrowser(t *testing.T) {
	stripe := cardCompany(t)
	takesCards(t, stripe)
	d := company(t)
	res, err := http.Post(stripe+"/hook?to="+url.QueryEscape(d.HTTP+"/webhooks/stripe"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	id := order(t, d, d.Members[2].APIKey, "61")
	w := walker{t, browser(t), d.HTTP}
	w.open("/sign-in?lang=en")
	w.fill("#email", d.Members[2].Email)
	w.fill("#password", d.Members[2].Password)
	w.press("main form button")
	w.see(".purse")
	w.open("/orders/" + id)
	w.shoot("pay-ways")
	card := `form:has(input[value="card"]) button`
	w.press(card)
	w.see(`button[value="cancel"]`)
	w.press(`button[value="cancel"]`) // the buyer thinks again
	w.see(`[data-state="awaiting_payment"]`)
	w.says(card, "Go on")
	w.shoot("pay-begun")
	w.press(card)
	w.see(`button[value="pay"]`)
	w.press(`button[value="pay"]`)
	w.see(`[data-state="sold"]`)
	w.says(".steps", "Payment arrived")
	w.shoot("pay-sold")
	w.open("/orders/" + id + "/receipt")
	w.says("main", "Card")
	w.shoot("paper")
	w.open("/invoices")
	w.shoot("invoices")
	w.open("/wallet")
	w.says("main", "Paid in by card")
	w.press(`#auto form[action="/wallet/card"] button`)
	w.see(`button[value="good"]`)
	w.press(`button[value="good"]`)
	w.see(`#auto-below`)
	w.fill("#auto-below", "12")
	w.fill("#auto-add", "5")
	w.press(`#auto form[action="/wallet/auto"] button`)
	w.see("#auto-add-wrong")
	w.shoot("wallet-auto-wrong")
	w.fill("#auto-add", "25")
	w.press(`#auto form[action="/wallet/auto"] button`)
	w.see(`#auto form[action="/wallet/auto/stop"]`)
	w.shoot("wallet-auto")
	w.open("/orders/" + id)
	w.press("#withdraw summary")
	w.press("#withdraw form button")
	w.see(`[data-state="refunded"]`)
}

// TestStripeTakesWhatWeAsk holds our requests against Stripe's own description
// of its API, as stripe-mock checks them: it refuses unknown and missing
// parameters and wrong types.
func TestStripeTakesWhatWeAsk(t *testing.T) {
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	stub, err := server.NewStubServer(fixtures, spec, false, false)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := map[string]int{} // by what, the worst status
	ids := regexp.MustCompile(`/(cs|pm|cus|pi)_[^/]*`)
	mock := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := &status{ResponseWriter: rw, code: 200}
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/checkout/sessions/") { // the words are checked, the answer is ours: a card was saved
			rec.ResponseWriter = httptest.NewRecorder()
			_, _ = rw.Write([]byte(`{"id":"cs_1","object":"checkout.session","status":"complete","mode":"setup","setup_intent":{"id":"seti_1","object":"setup_intent","payment_method":
				{"id":"pm_1","object":"payment_method","card":{"brand":"visa","last4":"4242","exp_month":4,"exp_year":2030}}}}`))
		}
		stub.HandleRequest(rec, r)
		mu.Lock()
		defer mu.Unlock()
		what := r.Method + " " + ids.ReplaceAllString(r.URL.Path, "/ID")
		asked[what] = max(asked[what], rec.code)
		if rec.code >= 400 {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, rec.code, rec.body.String())
		}
	}))
	t.Cleanup(mock.Close)
	takesCards(t, mock.URL)
	d := company(t)
	key := d.Members[1].APIKey
	id := order(t, d, key, "62")
	begun := api(t, d, key, "POST", "/api/v1/orders/"+id+"/payments", map[string]any{"method": "card"}, 200)
	if begun["payment"] == nil {
		t.Fatal(begun)
	}
	// It never pays and sends no messages: that, with its own id of the session, is ours to say.
	api(t, d, d.Operator.APIKey, "GET", "/api/v1/payments", nil, 200)
	body := fmt.Sprintf(`{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_other","status":"complete","payment_status":"paid",
		"payment_intent":"pi_1","amount_total":%d,"currency":"usd","metadata":{"order":"%s"}}}}`, 500, id)
	at := time.Now().Unix()
	m := hmac.New(sha256.New, []byte("whsec_e2e"))
	fmt.Fprintf(m, "%d.%s", at, body)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.HTTP+"/webhooks/stripe", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(m.Sum(nil))))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if o := api(t, d, key, "GET", "/api/v1/orders/"+id, nil, 200); o["state"] != "sold" {
		t.Fatalf("the order is %v", o["state"])
	}
	api(t, d, d.Operator.APIKey, "POST", "/api/v1/orders/"+id+"/refund", map[string]any{"why": "please"}, 200)
	saver := d.Members[2]
	api(t, d, saver.APIKey, "POST", "/api/v1/wallet/card", nil, 201)
	if v := api(t, d, saver.APIKey, "GET", "/api/v1/wallet/auto_top_up", nil, 200); v["card"].(map[string]any)["last4"] != "4242" {
		t.Fatalf("the card is %v", v)
	}
	api(t, d, saver.APIKey, "PUT", "/api/v1/wallet/auto_top_up", map[string]any{"below": "500", "add": "500", "most": "1000", "password": saver.Password}, 200)
	wasAsked := func(what ...string) {
		t.Helper()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for late := time.After(30 * time.Second); ; {
			mu.Lock()
			waits := slices.ContainsFunc(what, func(w string) bool { return asked[w] != 200 })
			seen := maps.Clone(asked)
			mu.Unlock()
			if !waits {
				return
			}
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("%v is not asked for: %v", what, seen)
			}
		}
	}
	wasAsked("POST /v1/refunds", "POST /v1/payment_intents")
	api(t, d, saver.APIKey, "DELETE", "/api/v1/wallet/card", nil, 204)
	wasAsked("POST /v1/payment_methods/ID/detach", "POST /v1/checkout/sessions", "POST /v1/customers", "GET /v1/checkout/sessions/ID")
}

// status keeps what was answered.
type status struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (s *status) Write(p []byte) (int, error) {
	s.body.Write(p)
	return s.ResponseWriter.Write(p)
}
