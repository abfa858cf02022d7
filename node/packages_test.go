package node_test

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/lab"
)

// TestACallUsesAPackage that its caller bought on the page, and then his money. He
// reads beforehand what is left, and afterwards what it was charged; he is told by
// letter how much is used.
func TestACallUsesAPackage(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, key := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key")
	r.want(t, 204, op, "PUT", "/api/v1/carriers/members/rates", obj{"items": []any{obj{"prefix": "", "micros": 1_920_000_000, "connect_micros": 50_000, "first_seconds": 59, "next_seconds": 1}}})
	r.want(t, 201, op, "POST", "/api/v1/taxes", obj{"country": "KR", "kind": "calls", "name": "VAT", "rate_ppm": 100_000, "valid_from": "2026-01-01"})
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	form := url.Values{"name": {"World 1"}, "names": {"ko = 월드 1"}, "price": {"1.00"}, "minutes": {"1"}, "prefixes": {"+49, -49900"}}
	if status, page, _ := boss.post("/operator/packages", form); status != 200 || !strings.Contains(page, "World 1") || !strings.Contains(page, "-49900") {
		t.Fatalf("%d: %s", status, page)
	}
	form.Set("prefixes", "+49, four")
	if status, page, _ := boss.post("/operator/packages", form); status != 422 || !strings.Contains(page, "four is no prefix") || !strings.Contains(page, `value="World 1"`) {
		t.Errorf("a bad prefix: %d %s", status, page)
	}
	p := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	_, page := p.get("/packages")
	buy := url.Values{}
	for _, name := range []string{"package", "once"} {
		found := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("no %s: %s", name, page)
		}
		buy.Set(name, found[1])
	}
	for range 2 { // the button was pressed twice
		if status, page, _ := p.post("/packages", buy); status != 200 || !strings.Contains(page, "1 min of 1 min left") {
			t.Fatalf("%d: %s", status, page)
		}
	}
	if has := r.has(t, key); has != 98_900_000 {
		t.Errorf("the wallet has %d", has)
	}
	if _, page := p.get("/calls?to=" + url.QueryEscape("+4930901820")); !strings.Contains(page, "In your package World 1: 1 min left") {
		t.Errorf("beforehand: %s", page)
	}
	x := r.want(t, 200, key, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 0, "number"), "to": "+4930901820"})
	if micros(at(x.body, "package", "seconds_left")) != 60 {
		t.Errorf("over the API: %s", x.raw)
	}

	r.dials(t, r.phone(0), "+4930901820")
	first := r.calls(t, key, 1)
	if micros(at(first, "packages", 0, "seconds")) != 59 || micros(at(first, "charge", "micros")) != 0 || r.has(t, key) != 98_900_000 {
		t.Errorf("within the package: %v", first)
	}
	lab.SIPp{Scenario: scenarios + "caller-cut.xml", Users: []lab.Member{r.phone(0)}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+4930901820" }}.Run(t)
	second := r.calls(t, key, 2)
	lasted, _ := at(second, "duration_seconds").(float64)
	if micros(at(second, "packages", 0, "seconds")) != 1 || micros(at(second, "charge", "micros")) != 98_900_000 || r.has(t, key) != 0 || lasted < 3.5 || lasted > 5 {
		t.Errorf("one second of the package and three of 32.00, with nothing to connect, until both are over: %v", second)
	}
	_, page = p.get("/calls/" + str(second, "id"))
	for _, want := range []string{"0:01 from World 1", "The package World 1 pays for 1 seconds of it", "From there on it costs money: in steps of 1 seconds", "Together, rounded half up"} {
		if !strings.Contains(page, want) {
			t.Errorf("he does not read %q: %s", want, page)
		}
	}
	r.await(t, "the letter that it is used up, in his language", func() bool {
		_, page := r.page(t, "/dev/mail")
		return strings.Contains(page, "World 1을(를) 다 사용했습니다")
	})
	if mine := r.want(t, 200, key, "GET", "/api/v1/me/packages", nil); micros(at(mine.body, "items", 0, "seconds_used")) != 60 || micros(at(mine.body, "items", 0, "seconds_held")) != 0 {
		t.Errorf("%s", mine.raw)
	}
	r.want(t, 204, op, "PUT", "/api/v1/packages/"+buy.Get("package")+"/state", obj{"state": "ended"})
	r.want(t, 409, key, "POST", "/api/v1/me/packages", obj{"package": buy.Get("package")})
	r.want(t, 403, key, "POST", "/api/v1/packages", obj{"name": "x", "price": "1", "minutes": 1, "prefixes": []any{"49"}})
	everywhere := r.want(t, 201, op, "POST", "/api/v1/packages", obj{"name": "All", "price": "1", "minutes": 1, "prefixes": []any{"*"}})
	if str(everywhere.body, "prefixes", 0) != "*" {
		t.Errorf("everywhere is shown as %s", everywhere.raw)
	}
	id := str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")
	r.want(t, 204, op, "POST", "/api/v1/accounts/"+id+"/suspension", obj{"why": "An unpaid bill."})
	if got := r.want(t, 403, key, "POST", "/api/v1/me/packages", obj{"package": str(everywhere.body, "id")}); str(got.body, "code") != "suspended" {
		t.Errorf("minutes that he cannot use are sold: %s", got.raw)
	}
	r.want(t, 204, op, "PUT", "/api/v1/packages/"+str(everywhere.body, "id")+"/state", obj{"state": "ended"})
}

// calls waits until there are so many in the history, and gives the newest.
func (r *running) calls(t *testing.T, key string, n int) (newest map[string]any) {
	t.Helper()
	r.await(t, "the call in the history", func() bool {
		list, _ := at(r.want(t, 200, key, "GET", "/api/v1/calls", nil).body, "items").([]any)
		if len(list) == n {
			newest, _ = list[0].(map[string]any)
		}
		return len(list) == n
	})
	return newest
}
