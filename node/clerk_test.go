package node_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestStaffFindsAMemberAndKeepsHimOut goes through the desk's pages and their
// twins of the API.
func TestStaffFindsAMemberAndKeepsHimOut(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	key := str(r.dev, "operator", "api_key")
	email, password := str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password")
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	jun := r.signIn(t, email, password)
	one := r.want(t, 200, key, "GET", "/api/v1/accounts?search="+url.QueryEscape(email), nil)
	id := str(one.body, "items", 0, "id")
	if str(one.body, "items", 0, "email") != email || at(one.body, "items", 1) != nil {
		t.Fatalf("found: %s", one.raw)
	}
	for _, q := range []string{"", strings.ToUpper(email[:4]), str(r.dev, "members", 1, "number")} {
		if status, text := boss.get("/operator/members?q=" + url.QueryEscape(q)); status != 200 || !strings.Contains(text, "/operator/members/"+id) {
			t.Errorf("%q finds nobody: %d", q, status)
		}
	}
	if status, text := boss.get("/operator/members?q=nobody%25"); status != 200 || !strings.Contains(text, "Nobody was found") {
		t.Errorf("somebody is called nobody%%: %d", status)
	}
	first := r.want(t, 200, key, "GET", "/api/v1/accounts?limit=2", nil)
	second := r.want(t, 200, key, "GET", "/api/v1/accounts?limit=2&cursor="+str(first.body, "next"), nil)
	if str(first.body, "next") == "" || str(second.body, "items", 0, "id") == "" || str(second.body, "items", 0, "id") >= str(first.body, "items", 1, "id") {
		t.Errorf("the second page follows the first: %s, %s", first.raw, second.raw)
	}

	_, text := boss.get("/operator/members/" + id)
	for _, want := range []string{email, "50.00", "Welcome credit", `id="w-bar"`, "127.0.0.0/24", "/operator/orders/ord_"} {
		if !strings.Contains(text, want) {
			t.Errorf("the member's page lacks %q", want)
		}
	}
	if secret := str(r.dev, "members", 1, "api_key"); strings.Contains(text, secret) || strings.Contains(text, "argon2") {
		t.Error("the member's page shows a secret")
	}
	if status, _, _ := boss.post("/operator/members/"+id+"/bar", url.Values{"text": {" "}}); status != 422 {
		t.Errorf("suspended without a reason: %d", status)
	}
	if status, text, at := boss.post("/operator/members/"+id+"/bar", url.Values{"text": {"A stolen card."}}); status != 200 || at.Path != "/operator/members/"+id || !strings.Contains(text, "Sign-in suspended") {
		t.Errorf("suspending: %d at %s", status, at)
	}
	if _, _, at := jun.post("/lines/none/devices", nil); at.Path != "/sign-in" {
		t.Errorf("a session goes on: %s", at)
	}
	if status, text, _ := jun.post("/sign-in", url.Values{"email": {email}, "password": {password}}); status != 403 || !strings.Contains(text, "A stolen card.") {
		t.Errorf("signing in: %d", status)
	}
	if status, text, _ := jun.post("/sign-in", url.Values{"email": {email}, "password": {"wrong horse"}}); status == 403 || strings.Contains(text, "A stolen card.") {
		t.Errorf("who does not know the password learns of it: %d", status)
	}
	if a := r.want(t, 403, str(r.dev, "members", 1, "api_key"), "GET", "/api/v1/me", nil); str(a.body, "code") != "account_barred" {
		t.Errorf("an API key: %s", a.raw)
	}
	r.want(t, 409, key, "POST", "/api/v1/accounts/"+id+"/bar", obj{"stop": true, "why": "Twice."})
	r.want(t, 200, key, "POST", "/api/v1/accounts/"+id+"/bar", obj{"stop": false, "why": "It was his."})
	r.want(t, 409, key, "POST", "/api/v1/accounts/"+id+"/bar", obj{"stop": false})
	r.want(t, 200, str(r.dev, "members", 1, "api_key"), "GET", "/api/v1/me", nil)
	r.want(t, 204, key, "POST", "/api/v1/accounts/"+id+"/notes", obj{"text": "Called; he is nice."})
	file := r.want(t, 200, key, "GET", "/api/v1/accounts/"+id, nil)
	for i, want := range []string{"noted", "lifted", "barred"} {
		if str(file.body, "remarks", i, "code") != want {
			t.Errorf("remarks: %s", file.raw)
		}
	}
	if strings.Contains(r.want(t, 200, str(r.dev, "members", 1, "api_key"), "GET", "/api/v1/me", nil).raw, "nice") {
		t.Error("the member reads what staff wrote")
	}
	// The desk is not for members, and does not lock itself out.
	mine := str(r.dev, "members", 0, "api_key")
	r.want(t, 403, mine, "GET", "/api/v1/accounts", nil)
	r.want(t, 403, mine, "GET", "/api/v1/accounts/"+id, nil)
	r.want(t, 403, mine, "POST", "/api/v1/accounts/"+id+"/bar", obj{"stop": true, "why": "No."})
	self := str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")
	r.want(t, 409, key, "POST", "/api/v1/accounts/"+self+"/bar", obj{"stop": true, "why": "No."})
}
