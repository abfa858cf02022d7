package node_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestWhatIsShownOnceSurvivesAnotherLanguage registers a number: its page shows
// the SIP password again when the language is changed or the page reloaded, to
// this session alone and not after its end.
func TestWhatIsShownOnceSurvivesAnotherLanguage(t *testing.T) {
	r := start(t, t.TempDir())
	email, password, key := str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"), str(r.dev, "members", 1, "api_key")
	id := r.choose(t, key, "36")
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
	p, elsewhere := r.signIn(t, email, password), r.signIn(t, email, password)
	status, page, at := p.post("/orders/"+id+"/register", url.Values{"contact_pstn": {"+82 2 312 3456"}, "name": {"Ana"}, "country": {"US"},
		"languages": {"es"}, "email": {email}, "time_zone": {"America/Chicago"}})
	if status != 200 || at.Path != "/orders/"+id+"/registered" {
		t.Fatalf("registering: %d at %s", status, at)
	}
	secret := shownAs(t, page, "sip-password")
	if !regexp.MustCompile(`class="purse"[^>]*>\s*<bdi`).MatchString(page) {
		t.Error("the header has lost the wallet")
	}
	for _, again := range []string{at.Path, at.Path + "?lang=ko", at.Path + "?lang=ar"} {
		if status, page = p.get(again); status != 200 || shownAs(t, page, "sip-password") != secret {
			t.Errorf("%s: %d without the password", again, status)
		}
	}
	if _, page = elsewhere.get(at.Path); strings.Contains(page, secret) {
		t.Error("another session sees it")
	}
	address, err := url.Parse(r.base)
	if err != nil {
		t.Fatal(err)
	}
	carried := ""
	for _, c := range p.http.Jar.Cookies(address) {
		if c.Name == "once" {
			carried = c.Value
			elsewhere.http.Jar.SetCookies(address, []*http.Cookie{c})
		}
	}
	if carried == "" || strings.Contains(carried, secret) {
		t.Errorf("what the browser carries: %q", carried)
	}
	if _, page = elsewhere.get(at.Path); strings.Contains(page, secret) {
		t.Error("another session opens what was sealed for this one")
	}

	p.get("/?lang=en")
	_, page, _ = p.post("/account/keys", url.Values{"name": {"script"}})
	made := shownAs(t, page, "new-key")
	if _, page = p.get("/account?lang=ko"); shownAs(t, page, "new-key") != made {
		t.Error("the API key is gone in another language")
	}
	p.post("/sign-out", nil)
	p.post("/sign-in", url.Values{"email": {email}, "password": {password}})
	if _, page = p.get("/account"); strings.Contains(page, made) {
		t.Error("shown after signing out")
	}
}

// TestLettingGoAsksForProof lets a day go by: what loses a number asks for the
// password again, on the pages as by the API.
func TestLettingGoAsksForProof(t *testing.T) {
	r := start(t, t.TempDir())
	email, password, key := str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"), str(r.dev, "members", 1, "api_key")
	id := r.choose(t, key, "37")
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
	p := r.signIn(t, email, password)
	p.post("/dev/clock", url.Values{"days": {"1"}})
	for _, act := range []string{"withdraw", "give-up"} {
		if _, _, at := p.post("/orders/"+id+"/"+act, nil); at.Path != "/prove" {
			t.Errorf("%s by a browser left open went on to %s", act, at)
		}
		r.want(t, 403, key, "POST", "/api/v1/orders/"+id+"/"+act, nil)
	}
	if o := r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil); str(o.body, "state") != "sold" {
		t.Errorf("after that: %s", o.raw)
	}
	p.post("/prove", url.Values{"password": {password}})
	if _, _, at := p.post("/orders/"+id+"/withdraw", nil); at.Path != "/orders/"+id {
		t.Errorf("with the password: %s", at)
	}
	if o := r.want(t, 200, key, "GET", "/api/v1/orders/"+id, nil); str(o.body, "state") != "refunded" {
		t.Errorf("withdrawn: %s", o.raw)
	}
}

// shownAs is what a page shows to be copied.
func shownAs(t *testing.T, page, id string) string {
	t.Helper()
	m := regexp.MustCompile(`<dd id="` + id + `"[^>]*>([^<]+)</dd>`).FindStringSubmatch(page)
	if m == nil {
		t.Errorf("the page shows no %s", id)
		return "nothing"
	}
	return m[1]
}
