package node_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestTheDeskSpeaksOfTheBuyer: who works at the desk lands there, and what was
// sold was not sold to him.
func TestTheDeskSpeaksOfTheBuyer(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	_, _, at := boss.post("/sign-in", url.Values{"email": {str(r.dev, "operator", "email")}, "password": {str(r.dev, "operator", "password")}})
	if at.Path != "/operator" {
		t.Errorf("the operator lands on %s", at)
	}
	if _, _, at := boss.post("/sign-in", url.Values{"email": {str(r.dev, "operator", "email")}, "password": {str(r.dev, "operator", "password")}, "next": {"/prices"}}); at.Path != "/prices" {
		t.Errorf("the operator wanted to see the prices and is on %s", at)
	}
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if _, _, at := jun.post("/sign-in", url.Values{"email": {str(r.dev, "members", 1, "email")}, "password": {str(r.dev, "members", 1, "password")}}); at.Path != "/lines" {
		t.Errorf("a member lands on %s", at)
	}
	sold := str(r.want(t, 200, str(r.dev, "members", 1, "api_key"), "GET", "/api/v1/orders", nil).body, "items", 0, "id")
	for _, path := range []string{"/operator", "/operator/orders?state=sold", "/operator/orders/" + sold} {
		if status, text := boss.get(path); status != 200 || strings.Contains(text, "Sold to you") || path != "/operator" && !strings.Contains(text, ">Sold<") {
			t.Errorf("%s: %d, and says that it was sold to the operator", path, status)
		}
	}
	if _, text := jun.get("/orders/" + sold); !strings.Contains(text, "Sold to you") {
		t.Error("the buyer does not read that it was sold to him")
	}
}

// TestACountryOfTheConfigurationHasAPage shows how a country does that nobody
// opened from the desk, and takes a test call by its carrier.
func TestACountryOfTheConfigurationHasAPage(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	key := str(r.dev, "operator", "api_key")
	status, text := boss.get("/operator/countries/KR")
	for _, want := range []string{"Open by the configuration", "Test carrier", `name="individual"`, "Calls leave by", "7••••••"} {
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%d, the page of Korea lacks %q", status, want)
		}
	}
	status, text, _ = boss.post("/operator/countries/KR/test", url.Values{"number": {"+8225551234"}})
	if status != 200 || !strings.Contains(text, `class="dot connected"`) {
		t.Errorf("the test call: %d %s", status, text)
	}
	if a := r.want(t, 200, key, "GET", "/api/v1/openings/KR", nil); a.body["open"] != true || a.body["started_at"] != nil || a.body["emergency"] != "car_test_KR" {
		t.Errorf("the API says %s", a.raw)
	}
	r.want(t, 409, key, "PUT", "/api/v1/openings/KR", obj{"carrier": "car_test_US"})
	r.want(t, 404, key, "GET", "/api/v1/openings/FR", nil)
	if status, _ := boss.get("/operator/countries/FR"); status != 404 {
		t.Errorf("a country that nobody opens: %d", status)
	}
}

// TestNothingIsOnSaleBeforeTheStart: systems and blocks of a country being
// opened say so, and its own telephones are no stock.
func TestNothingIsOnSaleBeforeTheStart(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	key := str(r.dev, "operator", "api_key")
	r.want(t, 201, key, "POST", "/api/v1/openings", obj{"country": "JP", "name": "Japan"})
	r.want(t, 204, key, "PUT", "/api/v1/catalogue/systems/JP", obj{"individual": true, "own_phone": true})
	if step(r.want(t, 200, key, "GET", "/api/v1/openings/JP", nil), "stock") {
		t.Error("people's own telephones count as stock")
	}
	row := regexp.MustCompile(`(?s)<tr>\s*<td><span class="iso">JP</span>.*?</tr>`)
	_, text := boss.get("/operator")
	if japan := row.FindString(text); japan == "" || strings.Contains(japan, "on sale") || !strings.Contains(japan, "not started") {
		t.Errorf("the overview says of Japan: %s", japan)
	}
	// The desk proposes a block, and takes it as it is proposed.
	_, text = boss.get("/operator/numbers?country=JP")
	b := r.want(t, 200, key, "GET", "/api/v1/catalogue/proposals/JP", nil)
	if !strings.Contains(text, "Take JP "+str(b.body, "prefix")) {
		t.Errorf("the page does not propose %s", b.raw)
	}
	r.want(t, 201, key, "POST", "/api/v1/catalogue/blocks", obj{"kind": "individual", "country": "JP", "prefix": b.body["prefix"], "length": b.body["length"]})
	if !step(r.want(t, 200, key, "GET", "/api/v1/openings/JP", nil), "stock") {
		t.Error("a block is no stock")
	}
	if again := r.want(t, 200, key, "GET", "/api/v1/catalogue/proposals/JP", nil); again.raw == b.raw {
		t.Errorf("proposed again, although it is in stock: %s", again.raw)
	}
	r.want(t, 403, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/catalogue/proposals/JP", nil)
	_, text = boss.get("/operator/numbers")
	if japan := regexp.MustCompile(`(?s)<tr>\s*<td>\s*<span class="iso">JP</span>.*?</tr>`).FindString(text); !strings.Contains(japan, "not started") || strings.Contains(japan, "on sale<") {
		t.Errorf("a block of Japan: %s", japan)
	}
}

func step(a answer, code string) bool {
	for i := range 7 {
		if str(a.body, "steps", i, "code") == code {
			return at(a.body, "steps", i, "done") == true
		}
	}
	return false
}

// TestTheDocumentationNamesThisHost: the first steps are to be pasted.
func TestTheDocumentationNamesThisHost(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	if _, text := r.page(t, "/api/docs"); !strings.Contains(text, "API="+r.base+"/api/v1 ") {
		t.Errorf("the example does not call %s", r.base)
	}
}
