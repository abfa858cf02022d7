package node_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// skips lets days of dev go by.
func (r *running) skips(t *testing.T, days string) {
	t.Helper()
	res, err := http.PostForm(r.base+"/dev/clock", url.Values{"days": {days}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s days did not go by: %d", days, res.StatusCode)
	}
}

// TestAMonthOfCallsIsAskedFor: a real call is on the invoice of its month, taxed,
// with a letter; who is on credit is reminded, suspended, and may call again as
// soon as he has paid, by a credit note here; pages and API say so.
func TestAMonthOfCallsIsAskedFor(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 1_200_000_000)
	op, key, email := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key"), str(r.dev, "members", 0, "email")
	id := str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")
	r.want(t, 200, op, "PUT", "/api/v1/accounts/"+id+"/terms", obj{"terms": "postpaid", "credit_limit": "500", "payment_days": 14})
	r.want(t, 200, op, "PUT", "/api/v1/accounts/"+id+"/limits", obj{"class": "trusted"})
	r.want(t, 201, op, "POST", "/api/v1/taxes", obj{"country": "KR", "kind": "calls", "name": "VAT", "rate_ppm": 100_000, "valid_from": "2026-01-01"})
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	for i := range 5 { // 13.00 each
		r.want(t, 201, key, "POST", "/api/v1/members/"+line+"/telephone_numbers", obj{"e164": fmt.Sprintf("+8225550%d", 160+i)})
	}
	before := r.has(t, key)
	for range 2 {
		r.dials(t, r.phone(0), "+4930901820")
	}
	r.await(t, "both calls in the book", func() bool { return r.has(t, key) <= before-40_000_000 })
	owed := -r.has(t, key)
	spent := before + owed
	r.skips(t, "32")
	var invoice obj
	for _, x := range at(r.want(t, 200, key, "GET", "/api/v1/invoices", nil).body, "items").([]any) {
		if str(x, "month") != "" {
			invoice, _ = x.(map[string]any)
		}
	}
	number := str(invoice, "number")
	if micros(at(invoice, "total", "micros")) != spent || str(invoice, "lines", 0, "country") != "DE" || micros(at(invoice, "lines", 0, "calls")) != 2 || str(invoice, "tax", "name") != "VAT" ||
		micros(at(invoice, "net", "micros"))+micros(at(invoice, "tax", "amount", "micros")) != spent {
		t.Fatalf("%v", invoice)
	}
	bill := r.want(t, 200, key, "GET", "/api/v1/invoices/"+number+"/bill", nil)
	if micros(at(bill.body, "left", "micros")) < owed || str(bill.body, "state") == "paid" {
		t.Errorf("%s", bill.raw)
	}
	if calls := r.want(t, 200, key, "GET", "/api/v1/invoices/"+number+"/calls?limit=1", nil); str(calls.body, "items", 0, "number") != "+49 30 901820" || str(calls.body, "next") == "" {
		t.Errorf("%s", calls.raw)
	}
	other := str(r.dev, "members", 1, "api_key")
	for _, path := range []string{"", "/bill", "/calls"} {
		r.want(t, 404, other, "GET", "/api/v1/invoices/"+number+path, nil)
	}
	r.want(t, 403, other, "GET", "/api/v1/receivables?all=true", nil)
	r.want(t, 403, key, "POST", "/api/v1/invoices/"+number+"/credit_notes", obj{"reason": "mine"})
	r.want(t, 422, op, "POST", "/api/v1/invoices/"+number+"/credit_notes", obj{"reason": "a misspelt amount is not all of it", "ammount": obj{"currency": "USD", "micros": 10_000}})
	ann := r.signIn(t, email, str(r.dev, "members", 0, "password"))
	for path, words := range map[string][]string{
		"/invoices/" + number: {"Calls in ", "Germany", "VAT 10", "The wallet since", "+82 2 555 0160", "/calls", "To pay"}, "/invoices/" + number + "/calls": {"+49 30 901820", "Calls to Germany"}, "/wallet": {number, "Invoices to pay"}, "/invoices": {number},
	} {
		status, page := ann.get(path)
		if holds(t, path, page, words); status != 200 {
			t.Errorf("%s is %d", path, status)
		}
	}
	if _, file := ann.get("/invoices/" + number + "/calls.csv"); !strings.Contains(file, ",'+49 30 901820,pstn,DE,") || strings.Count(file, "\n") != 3 {
		t.Errorf("%s", file)
	}
	_, pdf := ann.get("/invoices/" + number + ".pdf")
	holds(t, "the file", readPDF(t, pdf), []string{number, "독일행 통화", "2026-000005"})
	r.await(t, "the letter", func() bool { return strings.Contains(r.mails(t, email), number+".pdf") })

	r.skips(t, "40")
	if w := r.want(t, 200, key, "GET", "/api/v1/wallet", nil); !strings.Contains(str(w.body, "suspended"), number) {
		t.Errorf("not suspended: %s", w.raw)
	}
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, page := boss.get("/operator/receivables"); !strings.Contains(page, number) || !strings.Contains(page, "overdue") {
		t.Errorf("%s", page)
	}
	desk := "/operator/receivables/" + number
	for do, form := range map[string]url.Values{"credit": {"amount": {"x"}, "reason": {"Bad sound"}}, "pause": {"until": {"2020-01-01"}, "note": {"x"}}, "write-off": {"note": {""}}} {
		if status, page, _ := boss.post(desk+"/"+do, form); status != 422 || !strings.Contains(page, `role="alert"`) && !strings.Contains(page, `class="wrong`) {
			t.Errorf("%s: %d", do, status)
		}
	}
	if status, page, _ := boss.post(desk+"/credit", url.Values{"all": {"1"}, "reason": {"Bad sound"}}); status != 200 || !strings.Contains(page, "Bad sound") {
		t.Errorf("the credit note: %d %s", status, page)
	}
	r.await(t, "the end of the suspension", func() bool {
		return str(r.want(t, 200, key, "GET", "/api/v1/wallet", nil).body, "suspended") == ""
	})
	if bill = r.want(t, 200, key, "GET", "/api/v1/invoices/"+number+"/bill", nil); str(bill.body, "state") != "paid" || micros(at(bill.body, "credited", "micros")) != spent || str(bill.body, "credit_notes", 0, "number") == "" {
		t.Errorf("%s", bill.raw)
	}
	for path, status := range map[string]int{desk: 200, "/operator/receivables/2026-999999": 404, "/invoices/" + number + "/calls?cursor=x": 422} {
		if got, _ := boss.get(path); got != status {
			t.Errorf("%s: %d", path, got)
		}
	}
	ann = r.signIn(t, email, str(r.dev, "members", 0, "password"))
	if got, _ := ann.get(desk); got != 403 && got != 404 {
		t.Errorf("a member at %s: %d", desk, got)
	}
	accounts(t, r, boss, key)
}

// accounts looks at what accountants get.
func accounts(t *testing.T, r *running, boss person, key string) {
	t.Helper()
	r.want(t, 403, key, "GET", "/api/v1/accounting?from=2026-11", nil)
	op := str(r.dev, "operator", "api_key")
	month := time.Now().UTC().Format("2006-01")
	debit, credit := int64(0), int64(0)
	for _, x := range at(r.want(t, 200, op, "GET", "/api/v1/accounting?from="+month, nil).body, "items").([]any) {
		debit, credit = debit+micros(at(x, "debit_micros")), credit+micros(at(x, "credit_micros"))
	}
	if debit == 0 || debit != credit {
		t.Errorf("debits %d, credits %d", debit, credit)
	}
	if _, file := boss.get("/operator/accounting/file?format=csv&from=" + month); !strings.Contains(file, "posting,day,kind,") || !strings.Contains(file, ",call,") {
		t.Errorf("%s", file)
	}
	if status, page := boss.get("/operator/accounting/file?format=datev&from=" + month); status != 503 || !strings.Contains(page, "accounting.datev_client") {
		t.Errorf("DATEV without its numbers: %d", status)
	}
	if status, page := boss.get("/operator/accounting?from=" + month + "-01&to=2019-01-01"); status != 422 || !strings.Contains(page, "not before the first") {
		t.Errorf("days that are none: %d", status)
	}
	if status, page := boss.get("/operator/accounting?from=" + month + "-01&to=" + time.Now().UTC().Format(time.DateOnly)); status != 200 || !strings.Contains(page, "revenue:calls") {
		t.Errorf("the page: %d", status)
	}
}
