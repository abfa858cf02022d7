package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/platform/stripe/stripetest"
)

// withMoney is a node that takes cards, at a small Stripe, and transfers.
func withMoney(t *testing.T) (*running, *stripetest.Fake) {
	t.Helper()
	fake := stripetest.New("sk_test_1", "whsec_1")
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	r := startWith(t, t.TempDir(), func(c *config.Config) {
		c.Stripe = config.Stripe{SecretKey: "sk_test_1", WebhookSecret: "whsec_1", APIBase: srv.URL}
		c.Bank = config.Bank{Name: "Example Bank", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX", Holder: "Callisto"}
		c.Seller = config.Seller{Name: "Callisto Example Ltd", Address: "1 Example Street, Seoul", TaxID: "KR-123", Email: "sales@callisto.example"}
	})
	fake.Listens(srv.URL, r.base+"/webhooks/stripe")
	return r, fake
}

// await asks until an answer is as it should be.
func (r *running) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("in vain: " + what)
		}
	}
}

// choose requests a free number and selects it.
func (r *running) choose(t *testing.T, key, contains string) string {
	t.Helper()
	found := r.want(t, 200, "", "GET", "/api/v1/numbers?country=KR&kind=individual&limit=1&contains="+contains, nil)
	o := r.want(t, 201, key, "POST", "/api/v1/orders", obj{"kind": "individual", "country": "KR", "national": str(found.body, "items", 0, "national")})
	id := str(o.body, "id")
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/select", nil)
	return id
}

func TestACardOverHTTP(t *testing.T) {
	r, fake := withMoney(t)
	key, operator := str(r.dev, "members", 1, "api_key"), str(r.dev, "operator", "api_key")
	id := r.choose(t, key, "31")
	begun := r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "card"})
	page := str(begun.body, "payment", "url")
	if str(begun.body, "state") != "awaiting_payment" || page == "" || str(begun.body, "payment", "expires_at") == "" || str(begun.body, "payment", "method") != "card" {
		t.Fatal(begun.raw)
	}
	if again := r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "card"}); str(again.body, "payment", "url") != page {
		t.Errorf("another session: %s", again.raw)
	}
	res, err := http.PostForm(page, url.Values{"do": {"pay"}}) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Request.URL.Path != "/sign-in" || !strings.Contains(res.Request.URL.RawQuery, id) { // back at the order, where this program is not signed in
		t.Errorf("the buyer came back to %s", res.Request.URL)
	}
	r.await(t, "the sale", func() bool {
		return str(r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil).body, "state") == "sold"
	})
	for _, e := range fake.Events() { // again, ten times
		for range 10 {
			if status, err := fake.Send(e); status != 200 || err != nil {
				t.Errorf("a replay: %d %v", status, err)
			}
		}
	}
	if got := r.want(t, 200, key, "GET", "/api/v1/wallet", nil); at(got.body, "balance", "micros") != 100e6 {
		t.Errorf("the wallet: %s", got.raw)
	}
	list := r.want(t, 200, operator, "GET", "/api/v1/payments", nil)
	if str(list.body, "items", 0, "state") != "used" || str(list.body, "items", 0, "order_id") != id || at(list.body, "items", 1) != nil {
		t.Errorf("payments: %s", list.raw)
	}
	r.want(t, 403, key, "GET", "/api/v1/payments", nil)
	r.want(t, 200, operator, "POST", "/api/v1/orders/"+id+"/refund", obj{"why": "please"})
	r.await(t, "the money's way back", func() bool {
		events := r.want(t, 200, key, "GET", "/api/v1/orders/"+id+"/events", nil)
		return strings.Contains(events.raw, `"sent_back"`)
	})
	if report, err := node.VerifyLedger(context.Background(), r.dir, ""); err != nil || !report.OK() {
		t.Errorf("%+v %v", report, err)
	}
}

func TestMessagesFromElsewhere(t *testing.T) {
	r, fake := withMoney(t)
	send := func(method, path, signature string, body []byte) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, r.base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Stripe-Signature", signature)
		req.Header.Set("Origin", "https://evil.example")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		return answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_1","status":"complete","payment_status":"paid","payment_intent":"pi_1","amount_total":700,"currency":"usd"}}}`)
	for _, c := range []struct {
		name, method, path, signature string
		body                          []byte
		status                        int
		code                          string
	}{
		{"unsigned", "POST", "/webhooks/stripe", "", body, 400, "signature"},
		{"another secret", "POST", "/webhooks/stripe", stripetest.New("", "x").Sign(body, time.Now()), body, 400, "signature"},
		{"old", "POST", "/webhooks/stripe", fake.Sign(body, time.Now().Add(-10*time.Minute)), body, 400, "signature"},
		{"no JSON", "POST", "/webhooks/stripe", fake.Sign([]byte("nope"), time.Now()), []byte("nope"), 400, "signature"},
		{"GET", "GET", "/webhooks/stripe", "", nil, 405, "method"},
		{"another address", "POST", "/webhooks/paypal", "", body, 404, "no_such_address"},
		{"large", "POST", "/webhooks/stripe", "", bytes.Repeat([]byte("x"), 2<<20), 413, "too_large"},
	} {
		got := send(c.method, c.path, c.signature, c.body)
		if got.status != c.status || !strings.Contains(got.raw, `"`+c.code+`"`) || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", c.name, got.status, got.raw)
		}
	}
	operator := str(r.dev, "operator", "api_key")
	if list := r.want(t, 200, operator, "GET", "/api/v1/payments", nil); strings.Contains(list.raw, "pi_1") {
		t.Errorf("stored: %s", list.raw)
	}
	if got := send("POST", "/webhooks/stripe", fake.Sign(body, time.Now()), body); got.status != 200 {
		t.Errorf("the same, signed: %d %s", got.status, got.raw)
	}
	list := r.want(t, 200, operator, "GET", "/api/v1/payments?state=unmatched", nil)
	if str(list.body, "items", 0, "id") != "card:pi_1" {
		t.Fatalf("unmatched: %s", list.raw)
	}
	email := str(r.dev, "members", 0, "email")
	r.want(t, 422, operator, "POST", "/api/v1/payments/card:pi_1/assign", obj{})
	r.want(t, 200, operator, "POST", "/api/v1/payments/card:pi_1/assign", obj{"account": email})
	r.want(t, 409, operator, "POST", "/api/v1/payments/card:pi_1/assign", obj{"account": email})
	if got := r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/wallet", nil); at(got.body, "balance", "micros") != 107e6 {
		t.Errorf("the wallet: %s", got.raw)
	}
}

// person is somebody with a browser.
type person struct {
	t    *testing.T
	r    *running
	http *http.Client
}

func (r *running) signIn(t *testing.T, email, password string) person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := person{t, r, &http.Client{Jar: jar}}
	p.get("/sign-in?lang=en") // the sample members have languages of their own
	status, page, _ := p.post("/sign-in", url.Values{"email": {email}, "password": {password}})
	if status != 200 {
		t.Fatalf("signing in: %d %s", status, page)
	}
	return p
}

func (p person) do(req *http.Request) (int, string, *url.URL) {
	p.t.Helper()
	res, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(raw), res.Request.URL
}

func (p person) get(path string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.r.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	status, page, _ := p.do(req)
	return status, page
}

func (p person) post(path string, form url.Values) (int, string, *url.URL) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.r.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(req)
}

func TestACardInTheBrowser(t *testing.T) {
	r, fake := withMoney(t)
	fake.Hold(true) // no message comes: the buyer himself brings the news
	p := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	id := r.choose(t, str(r.dev, "members", 1, "api_key"), "32")
	_, page := p.get("/orders/" + id)
	for _, want := range []string{"Pay from my wallet", "Pay by card", "Pay by bank transfer"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not offer %q", want)
		}
	}
	status, page, where := p.post("/orders/"+id+"/pay", url.Values{"method": {"card"}})
	if status != 200 || !strings.HasPrefix(where.Path, "/pay/cs_") {
		t.Fatalf("%d at %s: %s", status, where, page)
	}
	if _, page = p.get("/orders/" + id); !strings.Contains(page, "Go on to the card payment") {
		t.Error("the page forgot the payment that was begun")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, where.String(), strings.NewReader("do=pay"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, page, where = p.do(req)
	if status != 200 || where.Path != "/orders/"+id || !strings.Contains(page, `data-state="sold"`) {
		t.Errorf("%d at %s: %s", status, where, page)
	}
	if status, page, _ = p.post("/orders/"+id+"/pay", url.Values{"method": {"card"}}); status != 409 || !strings.Contains(page, "awaiting payment") {
		t.Errorf("the back button and a second payment: %d", status)
	}
	big := url.Values{"method": {"card"}, "x": {strings.Repeat("x", 2<<20)}}
	if status, page, _ = p.post("/orders/"+id+"/pay", big); status != 413 || !strings.Contains(page, "More was sent") {
		t.Errorf("a form of 2 MB: %d %s", status, page)
	}
}

// TestWhatIsNotSetUpIsNotThere: a plain dev takes no cards and no transfers.
func TestWhatIsNotSetUpIsNotThere(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 1, "api_key")
	id := r.choose(t, key, "33")
	o := r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil)
	if fmt.Sprint(at(o.body, "payment_methods")) != "[wallet]" {
		t.Errorf("offered: %s", o.raw)
	}
	for _, m := range []string{"card", "bank_transfer"} {
		if got := r.want(t, 503, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": m}); str(got.body, "code") != "method_unavailable" {
			t.Errorf("%s: %s", m, got.raw)
		}
	}
	r.want(t, 404, "", "POST", "/webhooks/stripe", obj{})
	p := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if _, page := p.get("/orders/" + id); strings.Contains(page, "by card") || strings.Contains(page, "bank transfer") {
		t.Error("the page speaks of ways that are not there")
	}
}

func TestATransferOverHTTP(t *testing.T) {
	r, _ := withMoney(t)
	key, operator := str(r.dev, "members", 1, "api_key"), str(r.dev, "operator", "api_key")
	id := r.choose(t, key, "34")
	begun := r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "bank_transfer"})
	ref := str(begun.body, "payment", "reference")
	if ref == "" || str(begun.body, "payment", "bank", "iban") != "DE89370400440532013000" || at(begun.body, "payment", "amount", "micros") != 5e6 {
		t.Fatal(begun.raw)
	}
	p := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if _, page := p.get("/orders/" + id); !strings.Contains(page, `data-reference="`+ref+`"`) {
		t.Error("the page does not show the reference")
	}
	if status, _ := p.get("/operator/payments"); status != 403 {
		t.Errorf("a member sees the till: %d", status)
	}
	staff := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	bring := func(name, text string) (int, string, *url.URL) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, text)
		_ = w.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/operator/payments/statements", &b)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", w.FormDataContentType())
		return staff.do(req)
	}
	head := "date,amount,currency,payer,reference,id\n"
	for name, c := range map[string]struct {
		text, words string
		status      int
	}{
		"photo.csv": {"\x89PNG\r\n\x1a\n\x00\x00", "no bank statement", 422},
		"line.csv":  {head + "2026-11-24,5.00,USD,Jun," + ref + ",B-1\nyesterday,5.00,USD,Jun,x,B-2\n", "Line 3:", 422},
		"empty.csv": {"", "Choose the file", 422},
		"big.csv":   {strings.Repeat("x", 3<<20), "more than 2 MB", 413},
	} {
		if status, page, _ := bring(name, c.text); status != c.status && status != 422 || !strings.Contains(page, c.words) {
			t.Errorf("%s: %d, and no %q", name, status, c.words)
		}
	}
	status, page, where := bring("november.csv", head+"2026-11-24,5.00,USD,Jun,"+ref+",B-1\n2026-11-24,3.00,USD,Eve,hello,B-2\n")
	if status != 200 || !strings.Contains(page, `data-will="pays"`) || !strings.Contains(page, `data-will="unmatched"`) {
		t.Fatalf("the preview: %d at %s", status, where)
	}
	if state := str(r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil).body, "state"); state != "awaiting_payment" {
		t.Errorf("the preview made it %s", state)
	}
	for range 2 { // and the back button
		if status, page, _ = staff.post(where.Path+"/apply", nil); status != 200 || strings.Contains(page, `data-will="pays"`) {
			t.Errorf("applying: %d", status)
		}
	}
	if state := str(r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil).body, "state"); state != "sold" {
		t.Errorf("it is %s", state)
	}
	if _, page = staff.get("/operator/payments"); !strings.Contains(page, `id="unmatched"`) {
		t.Error("Eve's money is not shown")
	}
	list := r.want(t, 200, operator, "GET", "/api/v1/payments?state=unmatched", nil)
	if status, _, _ = staff.post("/operator/payments/"+str(list.body, "items", 0, "id")+"/assign", url.Values{"to": {"nobody@example.com"}}); status != 404 {
		t.Errorf("given to nobody: %d", status)
	}
	if status, page, _ = staff.post("/operator/payments/"+str(list.body, "items", 0, "id")+"/assign", url.Values{"to": {str(r.dev, "members", 0, "email")}}); status != 200 || strings.Contains(page, `id="unmatched"`) {
		t.Errorf("given to Minji: %d", status)
	}
	// The same by the API.
	up := r.call(t, operator, "POST", "/api/v1/statements?name=x.csv", nil)
	if up.status != 422 && up.status != 400 {
		t.Errorf("nothing was brought in: %d %s", up.status, up.raw)
	}
	camt := `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct><Ntry><Amt Ccy="USD">2.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt><AcctSvcrRef>B-9</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>` + ref + `</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`
	up = r.raw(t, operator, "/api/v1/statements?name=x.xml", camt)
	if up.status != 201 || str(up.body, "lines", 0, "will") != "wallet" {
		t.Fatalf("%d %s", up.status, up.raw)
	}
	done := r.want(t, 200, operator, "POST", "/api/v1/statements/"+str(up.body, "id")+"/apply", nil)
	if str(done.body, "lines", 0, "will") != "known" || str(done.body, "applied_at") == "" {
		t.Errorf("%s", done.raw)
	}
	if up = r.raw(t, operator, "/api/v1/statements", head+"x\n"); up.status != 422 || str(up.body, "errors", 0, "field") != "line 2" {
		t.Errorf("a wrong line: %d %s", up.status, up.raw)
	}
	if up = r.raw(t, key, "/api/v1/statements", camt); up.status != 403 {
		t.Errorf("a member: %d", up.status)
	}
	if report, err := node.VerifyLedger(context.Background(), r.dir, ""); err != nil || !report.OK() {
		t.Errorf("%+v %v", report, err)
	}
}

// raw sends a file to the API.
func (r *running) raw(t *testing.T, key, path, text string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(got)}
	_ = json.Unmarshal(got, &a.body)
	return a
}

func TestPapersOverHTTP(t *testing.T) {
	r, _ := withMoney(t)
	key, operator := str(r.dev, "members", 1, "api_key"), str(r.dev, "operator", "api_key")
	bad := r.want(t, 422, operator, "POST", "/api/v1/taxes", obj{"country": "XX", "kind": "person", "name": "", "rate_ppm": -1, "valid_from": "soon"})
	if errs, _ := at(bad.body, "errors").([]any); len(errs) != 5 {
		t.Errorf("wrong fields: %s", bad.raw)
	}
	r.want(t, 403, key, "GET", "/api/v1/taxes", nil)
	r.want(t, 201, operator, "POST", "/api/v1/taxes", obj{"country": "KR", "kind": "individual", "name": "VAT", "rate_ppm": 100000, "valid_from": "2026-01-01"})
	id := r.choose(t, key, "35")
	o := r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil)
	if at(o.body, "amount_due", "micros") != 5.5e6 || at(o.body, "tax", "amount", "micros") != 0.5e6 || str(o.body, "tax", "name") != "VAT" || at(o.body, "setup", "micros") != 5e6 {
		t.Errorf("the order: %s", o.raw)
	}
	p := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if _, page := p.get("/orders/" + id); !strings.Contains(page, "VAT 10 %") {
		t.Error("the page does not show the tax")
	}
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
	status, page := p.get("/orders/" + id + "/receipt")
	if status != 200 || !strings.Contains(page, "Callisto Example Ltd") || !strings.Contains(page, "VAT 10 %") || !strings.Contains(page, "Receipt") {
		t.Fatalf("the receipt: %d %s", status, page)
	}
	if status, page = p.get("/orders/" + id + "/receipt.pdf"); status != 200 || !strings.HasPrefix(page, "%PDF-") {
		t.Errorf("its file: %d", status)
	}
	list := r.want(t, 200, key, "GET", "/api/v1/invoices", nil)
	number := str(list.body, "items", 0, "number")
	if number == "" || str(list.body, "items", 0, "order_id") != id || at(list.body, "items", 0, "total", "micros") != 5.5e6 {
		t.Fatalf("invoices: %s", list.raw)
	}
	if status, page = p.get("/invoices/" + number + ".pdf"); status != 200 || !strings.HasPrefix(page, "%PDF-") {
		t.Errorf("the invoice as file: %d", status)
	}
	if status, page = p.get("/invoices"); status != 200 || !strings.Contains(page, number) {
		t.Errorf("the list: %d", status)
	}
	other := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	for _, path := range []string{"/invoices/" + number, "/invoices/" + number + ".pdf", "/orders/" + id + "/receipt", "/orders/" + id + "/receipt.pdf"} {
		if status, _ = other.get(path); status != 404 {
			t.Errorf("a stranger at %s: %d", path, status)
		}
	}
	r.want(t, 404, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/invoices/"+number, nil)
	r.await(t, "the letter with the invoice", func() bool {
		return strings.Contains(r.mails(t, str(r.dev, "members", 1, "email")), "invoice-"+number+".pdf")
	})
	r.want(t, 403, key, "POST", "/api/v1/orders/"+id+"/withdraw", nil) // a key alone does not
	mine := obj{"password": str(r.dev, "members", 1, "password")}
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/withdraw", mine)
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/withdraw", mine) // a second click
	r.await(t, "the credit note", func() bool {
		return strings.Contains(r.mails(t, str(r.dev, "members", 1, "email")), "credit-note-")
	})
	if got := r.want(t, 200, key, "GET", "/api/v1/wallet", nil); at(got.body, "balance", "micros") != 100e6 {
		t.Errorf("the wallet: %s", got.raw)
	}
	staff := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	for _, path := range []string{"/operator/taxes", "/operator/payments", "/operator/letters"} {
		if status, _ = staff.get(path); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
		if status, _ = p.get(path); status != 403 {
			t.Errorf("a member at %s: %d", path, status)
		}
	}
	if status, page, _ = staff.post("/operator/taxes", url.Values{"country": {"US"}, "kind": {"company"}, "name": {"Sales tax"}, "rate": {"8,875"}, "valid_from": {"2026-01-01"}}); status != 200 || !strings.Contains(page, "8.875 %") {
		t.Errorf("a tax by the page: %d", status)
	}
	if status, page, _ = staff.post("/operator/taxes", url.Values{"country": {"US"}, "kind": {"company"}, "name": {"x"}, "rate": {"a lot"}}); status != 422 || !strings.Contains(page, "percentage") {
		t.Errorf("a wrong tax: %d", status)
	}
}

// mails is what /dev/mail has for an address.
func (r *running) mails(t *testing.T, to string) string {
	t.Helper()
	return r.call(t, "", "GET", "/dev/mail.json?to="+url.QueryEscape(to), nil).raw
}
