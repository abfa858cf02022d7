package node_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestTermsOfAMember are agreed by the operator on his page and over the API; the
// member sees them, and a suspended one begins no call that costs.
func TestTermsOfAMember(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 600_000)
	op, key := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key")
	id := str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	file := "/operator/members/" + id
	if status, page, _ := boss.post(file+"/terms", url.Values{"kind": {"postpaid"}, "credit": {"no"}, "days": {"14"}}); status != 422 || !strings.Contains(page, "credit limit above zero") {
		t.Errorf("no limit: %d %s", status, page)
	}
	status, page, where := boss.post(file+"/terms", url.Values{"kind": {"postpaid"}, "credit": {"50"}, "days": {"14"}})
	if status != 200 || where.Path != file || !strings.Contains(page, "$150.00") || !strings.Contains(page, "Terms agreed") {
		t.Errorf("terms: %d %s", status, page)
	}
	w := r.want(t, 200, key, "GET", "/api/v1/wallet", nil)
	if str(w.body, "terms") != "postpaid" || at(w.body, "credit_limit", "micros") != 50e6 || at(w.body, "available", "micros") != 150e6 || at(w.body, "balance", "micros") != 100e6 || at(w.body, "payment_days") != 14.0 {
		t.Errorf("the wallet: %s", w.raw)
	}
	r.want(t, 403, key, "PUT", "/api/v1/accounts/"+id+"/terms", obj{"terms": "postpaid", "credit_limit": "1000", "payment_days": 1})
	if got := r.want(t, 200, op, "PUT", "/api/v1/accounts/"+id+"/terms", obj{"terms": "prepaid"}); at(got.body, "available", "micros") != 100e6 {
		t.Errorf("prepaid again: %s", got.raw)
	}
	if status, page, _ = boss.post(file+"/suspend", url.Values{"text": {"Your invoice is overdue."}}); status != 200 || !strings.Contains(page, "Your invoice is overdue.") {
		t.Errorf("suspended: %d %s", status, page)
	}
	ann := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if _, page = ann.get("/wallet"); !strings.Contains(page, "Your invoice is overdue.") || !strings.Contains(page, `value="5.00"`) {
		t.Errorf("the member's page: %s", page)
	}
	r.want(t, 204, op, "POST", "/api/v1/accounts/"+id+"/suspension", obj{})
	if status, page, _ = ann.post("/wallet/notice", url.Values{"amount": {"7,50"}}); status != 200 || !strings.Contains(page, `value="7.50"`) {
		t.Errorf("the notice: %d %s", status, page)
	}
	if status, page, _ = ann.post("/wallet/notice", url.Values{"amount": {"lots"}}); status != 422 || !strings.Contains(page, `value="lots"`) {
		t.Errorf("a wrong notice: %d %s", status, page)
	}
	r.want(t, 204, key, "PUT", "/api/v1/wallet/notice", obj{"off": true})
	if w := r.want(t, 200, key, "GET", "/api/v1/wallet", nil); strings.Contains(w.raw, "notice_below") || strings.Contains(w.raw, "suspended") {
		t.Errorf("off: %s", w.raw)
	}
	r.want(t, 422, key, "PUT", "/api/v1/wallet/notice", obj{"below": "x"})
}
