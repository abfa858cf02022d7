package node_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/platform/stripe/stripetest"
)

// savesCard goes to the card company from the wallet, and comes back.
func (p person) savesCard(t *testing.T, mood stripetest.Mood) (page string) {
	t.Helper()
	status, text, where := p.post("/wallet/card", nil)
	if status != 200 || !strings.HasPrefix(where.Path, "/pay/cs_") {
		t.Fatalf("%d at %s: %s", status, where, text)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, where.String(), strings.NewReader("do="+string(mood)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, text, where = p.do(req)
	if status != 200 || where.Path != "/wallet" {
		t.Fatalf("%d at %s: %s", status, where, text)
	}
	return text
}

// TestAWalletIsFilledByItself goes through the pages as a browser does, and over the API.
func TestAWalletIsFilledByItself(t *testing.T) {
	t.Parallel()
	r, fake := withMoney(t)
	p := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	key, account := str(r.dev, "members", 0, "api_key"), ""
	account = str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")
	if _, page := p.get("/wallet"); !strings.Contains(page, "Save a card") || strings.Contains(page, "Remove the card") {
		t.Error("the page does not offer to save a card")
	}
	if none := r.want(t, 200, key, "GET", "/api/v1/wallet/auto_top_up", nil); at(none.body, "possible") != true || at(none.body, "on") != false || at(none.body, "card") != nil {
		t.Errorf("before: %s", none.raw)
	}
	r.want(t, 409, key, "PUT", "/api/v1/wallet/auto_top_up", obj{"below": "10", "add": "20", "most": "100"})
	if page := p.savesCard(t, stripetest.Good); !strings.Contains(page, "visa •••• 4242") || !strings.Contains(page, "2030-04") || !strings.Contains(page, "Switch on") {
		t.Errorf("after a card was saved: %s", page)
	}
	rule := func(below, add, most string) url.Values {
		return url.Values{"below": {below}, "add": {add}, "most": {most}}
	}
	for _, bad := range []url.Values{rule("", "20", "100"), rule("10", "4", "100"), rule("10", "20", "x")} {
		if status, page, _ := p.post("/wallet/auto", bad); status != 422 || !strings.Contains(page, `aria-invalid="true"`) {
			t.Errorf("%v: %d", bad, status)
		}
	}
	r.want(t, 403, key, "PUT", "/api/v1/wallet/auto_top_up", obj{"below": "10", "add": "20", "most": "100"}) // a key alone does not
	if status, page, _ := p.post("/wallet/auto", rule("150", "150", "300")); status != 200 || !strings.Contains(page, "Switch off") {
		t.Errorf("switched on: %d %s", status, page)
	}
	r.await(t, "the money", func() bool { return r.has(t, key) == 250e6 }) // less than 150 was there
	v := r.want(t, 200, str(r.dev, "operator", "api_key"), "GET", "/api/v1/accounts/"+account+"/auto_top_up", nil)
	if at(v.body, "on") != true || at(v.body, "added", "micros") != 150e6 || str(v.body, "card", "last4") != "4242" {
		t.Errorf("the operator reads: %s", v.raw)
	}
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, page := boss.get("/operator/members/" + account); !strings.Contains(page, "visa •••• 4242") {
		t.Error("the operator does not see the card")
	}
	if intents := fake.Intents(); len(intents) != 1 || intents[0].Amount != 15000 {
		t.Errorf("charged: %+v", intents)
	}
	r.want(t, 204, key, "DELETE", "/api/v1/wallet/auto_top_up", nil)
	again := r.want(t, 200, key, "PUT", "/api/v1/wallet/auto_top_up", obj{"below": "10", "add": "20", "most": "100", "password": str(r.dev, "members", 0, "password")})
	if at(again.body, "on") != true || at(again.body, "add", "micros") != 20e6 {
		t.Errorf("over the API: %s", again.raw)
	}
	if status, page, _ := p.post("/wallet/card/remove", nil); status != 200 || !strings.Contains(page, "Save a card") {
		t.Errorf("removed: %d", status)
	}
	r.await(t, "the card company to forget it", func() bool { return fake.Attached() == 0 })
}

// TestACallLastsAsTheMoneyComes: 100.00 at 2,000.00 a minute are three seconds. The
// wallet is filled once while it lasts, and so it lasts six.
func TestACallLastsAsTheMoneyComes(t *testing.T) {
	t.Parallel()
	r, _ := withMoney(t)
	r.priced(t, 2_000_000_000)
	p := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	key := str(r.dev, "members", 0, "api_key")
	p.savesCard(t, stripetest.Good)
	if status, page, _ := p.post("/wallet/auto", url.Values{"below": {"60"}, "add": {"100"}, "most": {"100"}}); status != 200 {
		t.Fatalf("%d %s", status, page)
	}
	r.tries(t, r.phone(0), "+4930901820", 1)
	var call any
	r.await(t, "the call in the history", func() bool {
		call = at(r.want(t, 200, key, "GET", "/api/v1/calls", nil).body, "items", 0)
		return call != nil
	})
	if lasted, _ := at(call, "duration_seconds").(float64); lasted < 5.9 || lasted > 7 || micros(at(call, "charge", "micros")) != 200e6 || str(call, "cause") != "unpaid" {
		t.Errorf("%v", call)
	}
	if has := r.has(t, key); has != 0 {
		t.Errorf("%d is left", has)
	}
	r.await(t, "the letter", func() bool { return strings.Contains(r.mails(t, str(r.dev, "members", 0, "email")), "+49 30 901820") })
}
