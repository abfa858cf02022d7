package node_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAMemberAddsMoney goes through the pages as a browser does, and over the API.
func TestAMemberAddsMoney(t *testing.T) {
	r, fake := withMoney(t)
	fake.Hold(true) // no message comes: the member himself brings the news
	p := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	key := str(r.dev, "members", 0, "api_key")
	_, page := p.get("/wallet")
	for _, want := range []string{"Add money by card", "Add money by bank transfer", `value="25.00"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not offer %q", want)
		}
	}
	for typed, want := range map[string]string{"3": "5.00", "a lot": "5.00", "1e9": "5.00"} {
		if status, page, _ := p.post("/wallet/top-up", url.Values{"amount": {typed}}); status != 422 || !strings.Contains(page, want) || !strings.Contains(page, typed) {
			t.Errorf("%q: %d %s", typed, status, page)
		}
	}
	status, page, where := p.post("/wallet/top-up", url.Values{"amount": {"25.00"}})
	if status != 200 || !strings.HasPrefix(where.Path, "/pay/cs_") || !strings.Contains(page, "Callisto wallet") {
		t.Fatalf("%d at %s: %s", status, where, page)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, where.String(), strings.NewReader("do=pay"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, page, where = p.do(req)
	if status != 200 || where.Path != "/wallet" || !strings.Contains(page, "$125.00") || !strings.Contains(page, "Thank you") {
		t.Errorf("%d at %s: %s", status, where, page)
	}
	r.await(t, "the receipt", func() bool {
		list := r.want(t, 200, key, "GET", "/api/v1/invoices", nil)
		return str(list.body, "items", 0, "kind") == "receipt"
	})
	number := str(r.want(t, 200, key, "GET", "/api/v1/invoices", nil).body, "items", 0, "number")
	if status, page = p.get("/invoices/" + number); status != 200 || !strings.Contains(page, "no invoice") || !strings.Contains(page, "$25.00") {
		t.Errorf("the receipt: %d %s", status, page)
	}
	if status, page = p.get("/invoices/" + number + ".pdf"); status != 200 || !strings.HasPrefix(page, "%PDF") {
		t.Errorf("the receipt's file: %d", status)
	}
	if status, page = p.get("/invoices"); status != 200 || !strings.Contains(page, number) {
		t.Errorf("the list of papers: %d", status)
	}
	status, page, _ = p.post("/wallet/transfer", nil)
	if status != 200 || !strings.Contains(page, "DE89 3704") || !strings.Contains(page, "data-reference=\"RF") {
		t.Errorf("the reference: %d %s", status, page)
	}
	over := r.want(t, 201, key, "POST", "/api/v1/wallet/top_ups", obj{"method": "bank_transfer"})
	if ref := str(over.body, "reference"); !strings.Contains(page, `data-reference="`+ref+`"`) {
		t.Errorf("over the API: %s", over.raw)
	}
	r.want(t, 422, key, "POST", "/api/v1/wallet/top_ups", obj{"method": "card", "amount": "2"})
	card := r.want(t, 201, key, "POST", "/api/v1/wallet/top_ups", obj{"method": "card", "amount": "40"})
	if str(card.body, "url") == "" || at(card.body, "amount", "micros") != 40e6 {
		t.Errorf("a card over the API: %s", card.raw)
	}
	if offer := r.want(t, 200, key, "GET", "/api/v1/wallet/top_up", nil); str(offer.body, "methods", 0) != "card" || at(offer.body, "least", "micros") != 5e6 {
		t.Errorf("the offer: %s", offer.raw)
	}
}
