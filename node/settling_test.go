package node_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestACarrierIsPaidFromTheDesk: a statement is compared on its page, disputed and
// agreed; a form that is sent twice orders one payment, which keeps the account it
// was ordered for. Months and amounts that are none are refused where they were
// typed, and members see nothing of it.
func TestACarrierIsPaidFromTheDesk(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	p := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	p.get("/?lang=en")
	carrier := "/operator/settlement/carriers/car_test_KR"
	expect := func(status int, form url.Values, path string, says ...string) (string, *url.URL) {
		t.Helper()
		got, page, at := p.post(path, form)
		if got != status {
			t.Errorf("%s %v: %d", path, form, got)
		}
		for _, s := range says {
			if !strings.Contains(page, s) {
				t.Errorf("%s %v does not say %q", path, form, s)
			}
		}
		return page, at
	}
	statement := url.Values{"month": {"2026-10"}, "direction": {"out"}, "currency": {"eur"}, "csv": {"time,number,seconds,amount\n2026-10-05 14:03:20,+4930901820,200,50.00\n2026-10-05 14:03:21,+4930901821,140,22.40\n"}}
	_, at := expect(200, statement, carrier+"/statement", "Remove")
	mistaken := at.Path
	expect(422, url.Values{"why": {" "}}, mistaken+"/remove", "Say in a few words")
	expect(200, url.Values{"why": {"Another month’s"}}, mistaken+"/remove", "Removed statements", "Another month’s")
	if got, _ := p.get(mistaken); got != 404 {
		t.Errorf("what was removed: %d", got)
	}
	key := str(r.dev, "operator", "api_key")
	gone := r.want(t, 200, key, "GET", "/api/v1/removed-carrier-statements?month=2026-10", nil)
	if str(gone.body, "items", 0, "why") != "Another month’s" || !strings.Contains(gone.raw, `"theirs_micros":72400000`) || str(gone.body, "items", 0, "by") == "" {
		t.Errorf("kept of it: %s", gone.raw)
	}
	_, at = expect(200, statement, carrier+"/statement", "we know of no such call; they ask", "Only they have it", "200 s")
	expect(422, url.Values{"note": {"x"}}, at.Path+"/dispute", "Choose the differences")
	expect(200, url.Values{"cause": {"only_theirs"}, "note": {"Not ours"}}, at.Path+"/dispute", "disputed", "Of it we do not accept")
	for _, amount := range []string{"", "x", "-1", "9223372036854775807", "9223372036854.775807"} {
		expect(422, url.Values{"amount": {amount}}, at.Path+"/agree", "amount")
	}
	expect(409, url.Values{"why": {"x"}}, at.Path+"/remove", "has to stay")
	expect(200, url.Values{"amount": {"72.40"}}, at.Path+"/agree", "agreed")
	expect(409, url.Values{"why": {"x"}}, at.Path+"/remove", "agreed and booked already")
	r.want(t, 409, key, "POST", "/api/v1/carrier-statements/"+at.Path[strings.LastIndex(at.Path, "/")+1:]+"/remove", obj{"why": "x"})
	r.want(t, 403, str(r.dev, "members", 0, "api_key"), "POST", "/api/v1/carrier-statements/x/remove", obj{"why": "x"})
	expect(409, url.Values{"amount": {"1"}}, at.Path+"/agree", "agreed and booked already")

	expect(422, url.Values{"name": {"Berlin Telecom"}, "iban": {"GB82 WEST 1234 5698 7654 33"}}, carrier+"/payee", "check digits")
	page, _ := expect(200, url.Values{"name": {"=Berlin"}, "iban": {"GB82 WEST 1234 5698 7654 32"}}, carrier+"/payee", "Order a payment")
	once := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(page)
	if once == nil {
		t.Fatal("the form carries nothing to order once by")
	}
	order := url.Values{"currency": {"EUR"}, "amount": {"20"}, "once": {once[1]}}
	for range 2 {
		expect(200, order, carrier+"/order")
	}
	expect(409, url.Values{"currency": {"EUR"}, "amount": {"72.40"}}, carrier+"/order", "52.40")
	expect(200, url.Values{"name": {"Berlin"}, "iban": {"DE89 3704 0044 0532 0130 00"}}, carrier+"/payee")
	_, page = p.get("/operator/settlement/payouts")
	if strings.Count(page, once[1]+"/paid") != 1 || !strings.Contains(page, "GB82WEST12345698765432") || strings.Contains(page, "DE89370400440532013000") || !strings.Contains(page, "has another account by now") {
		t.Error("the payments are not one, to the account of when it was ordered")
	}
	if _, file := p.get("/operator/settlement/payouts.csv"); !strings.Contains(file, ",'=Berlin,GB82WEST12345698765432,,EUR,20.00,") {
		t.Errorf("%s", file)
	}
	for range 2 {
		expect(200, nil, "/operator/settlement/payouts/"+once[1]+"/paid")
	}
	expect(409, nil, "/operator/settlement/payouts/"+once[1]+"/cancel", "booked as paid already")
	if _, page = p.get(carrier); !strings.Contains(page, "52.40") {
		t.Error("what is owed has not become less")
	}
	for path, status := range map[string]int{
		"/operator/settlement?month=0000-00": 422, "/operator/settlement?month=2026-10": 200, "/operator/settlement/statements/sta_0000000000000000": 404,
		"/operator/settlement/carriers/nobody": 404, carrier + "/lines?cursor=x": 422, "/operator/settlement/payouts.xml": 503, "/operator/settlement/margins?by=x": 422,
	} {
		if got, _ := p.get(path); got != status {
			t.Errorf("%s: %d", path, got)
		}
	}
	member := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	for _, path := range []string{"/operator/settlement", carrier, at.Path, "/operator/settlement/payouts.csv", carrier + "/lines.csv"} {
		if got, _ := member.get(path); got != 403 && got != 404 {
			t.Errorf("a member at %s: %d", path, got)
		}
	}
}
