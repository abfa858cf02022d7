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
	for act, form := range map[string]string{"withdraw": "Withdraw from this sale", "give-up": "Give this number up"} {
		if _, page, at := p.post("/orders/"+id+"/"+act, nil); at.Path != "/prove" || !strings.Contains(page, "What you sent under “"+form+"” is kept") {
			t.Errorf("%s by a browser left open went on to %s, or does not say what waits", act, at)
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

// TestWhatWasTypedWaitsForTheProof sends forms that are only for their holder from
// a browser left open: they are carried out once he has proved that it is he, and
// what he typed is in no address and on no page.
func TestWhatWasTypedWaitsForTheProof(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	card := r.stick(t, 1)
	email, password := str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password")
	p := r.signIn(t, email, password)
	if _, page := p.get("/cards"); !strings.Contains(page, `data-write="/cards/`+card.card+`/write"`) {
		t.Error("a card cannot be written by who has just signed in")
	}
	named := *r // passkeys are of a name
	named.base = strings.Replace(r.base, "127.0.0.1", "localhost", 1)
	adds := named.signIn(t, email, password)
	if _, page := adds.get("/account"); !strings.Contains(page, `data-passkey="create"`) {
		t.Error("a passkey cannot be added by who has just signed in")
	}
	p.post("/dev/clock", url.Values{"days": {"1"}})
	if _, page := adds.get("/account"); strings.Contains(page, `data-passkey="create"`) || !strings.Contains(page, "/prove?next="+url.QueryEscape("/account#passkeys")) {
		t.Error("a passkey is named before the proof")
	}
	if _, page := p.get("/cards"); strings.Contains(page, "data-write=") || !strings.Contains(page, "/prove?next="+url.QueryEscape("/cards#"+card.card)) {
		t.Error("a passphrase is asked for before the proof")
	}

	const digits = "482915"
	_, page, at := p.post("/access/pin", url.Values{"pin": {digits}})
	if at.Path != "/prove" || !strings.Contains(page, "What you sent under “PIN” is kept") || strings.Contains(page+at.String(), digits) {
		t.Fatalf("the form does not wait, or is seen, at %s", at)
	}
	on := url.Values{"next": {at.Query().Get("next")}, "again": {at.Query().Get("again")}, "password": {"wrong"}}
	if _, page, _ = p.post("/prove", on); !strings.Contains(page, `id="waits"`) || !strings.Contains(page, "The password is not right") {
		t.Errorf("with a wrong password: %s", page)
	}
	if _, page = p.get("/access"); strings.Contains(page, "/access/pin/remove") {
		t.Error("the PIN was set without a proof")
	}
	on.Set("password", password)
	if _, page, at = p.post("/prove", on); at.Path != "/access" || !strings.Contains(page, "Saved.") || !strings.Contains(page, "/access/pin/remove") {
		t.Errorf("after the proof: %s", at)
	}

	// By a passkey he comes back with the proof given; another proof carries nothing out.
	p.post("/access/pin/remove", nil)
	p.post("/dev/clock", url.Values{"days": {"1"}})
	_, _, at = p.post("/access/pin", url.Values{"pin": {digits}})
	p.post("/prove", url.Values{"password": {password}, "next": {"/cards"}})
	if _, page = p.get("/access"); strings.Contains(page, "/access/pin/remove") {
		t.Error("a form he had left was carried out by another proof")
	}
	if _, page = p.get(at.RequestURI()); strings.Contains(page, `name="password"`) || !strings.Contains(page, `id="waits"`) {
		t.Error("the proof is asked for twice")
	}
	if _, page, at = p.post("/prove", url.Values{"next": {at.Query().Get("next")}, "again": {"1"}}); at.Path != "/access" || !strings.Contains(page, "/access/pin/remove") {
		t.Errorf("with the proof: %s", at)
	}
}
