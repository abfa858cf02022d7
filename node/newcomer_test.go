package node_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visitor is somebody who comes for the first time.
func (r *running) visitor(t *testing.T) person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return person{t, r, &http.Client{Jar: jar}}
}

// TestANewcomer signs up from a page he wants to come back to, is told of the
// letter once, asks for no telephone in vain, and registers a number in his zone.
func TestANewcomer(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	ines := r.visitor(t)
	_, page := ines.get("/")
	for _, to := range []string{"/calls#phone", "/lines", "/terminal", "/access"} {
		if _, ways, _ := strings.Cut(page, `<p id="ways">`); !strings.Contains(ways, `<a href="`+to+`">`) {
			t.Errorf("the third step has no way to %s", to)
		}
	}
	wanted := "/numbers/US/75501499"
	next := `"/sign-up?next=` + url.QueryEscape(wanted) + `"`
	if _, page = ines.get("/sign-in?next=" + wanted); strings.Count(page, next) != 2 {
		t.Error("the header forgets where he wants to")
	}
	if _, page, _ = ines.post("/sign-in", url.Values{"email": {"ines@callisto.example"}, "password": {"no"}, "next": {wanted}}); strings.Count(page, next) != 2 {
		t.Error("the header forgets it with a wrong password")
	}

	_, page, at := ines.post("/sign-up", url.Values{"name": {"Ines"}, "email": {"ines@callisto.example"}, "password": {"correct horse"}, "country": {"US"}, "next": {wanted}})
	if at.Path != wanted || !strings.Contains(page, `id="joined"`) || !strings.Contains(page, "We have written to ines@callisto.example") || !strings.Contains(page, `"/dev/mail"`) {
		t.Errorf("at %s nothing is said of the letter", at)
	}
	if _, page = ines.get(wanted); strings.Contains(page, `id="joined"`) {
		t.Error("it is said twice")
	}
	if status, got := ines.tells("/phone/pass", obj{}); status != 200 || !strings.HasPrefix(str(got, "none"), "You have no number") || got["pass"] != nil {
		t.Errorf("a telephone without a number: %d %v", status, got)
	}

	_, page, _ = ines.post("/account/keys", url.Values{"name": {"script"}})
	key := shownAs(t, page, "new-key")
	id := r.choose(t, key, "38")
	r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
	for zone, want := range map[string]string{"": "America/New_York", "UTC": "America/New_York", "Asia/Seoul": "America/New_York", "America/Denver": "America/Denver"} {
		r.want(t, 200, key, "PATCH", "/api/v1/me", obj{"time_zone": zone})
		_, page = ines.get("/orders/" + id + "/register")
		if !strings.Contains(page, `<option value="`+want+`" selected>`) {
			t.Errorf("of %q the form makes another zone than %s", zone, want)
		}
		if asks := strings.Contains(page, `data-zone="America/New_York `); asks != (zone == "") {
			t.Errorf("the browser is asked for its zone: %v, with %q in the account", asks, zone)
		}
	}
	_, page, at = ines.post("/orders/"+id+"/register", url.Values{"contact_pstn": {"+1 312 555 0177"}, "name": {"Ines"}, "country": {"US"}, "languages": {"en"},
		"email": {"ines@callisto.example"}, "time_zone": {"America/Denver"}})
	if !strings.HasSuffix(at.Path, "/registered") {
		t.Fatalf("registering led to %s", at)
	}
	for _, to := range []string{`"#phone"`, `/setup"`, `"/cards"`, `"/access"`} {
		if !strings.Contains(page, to) {
			t.Errorf("the page of a number that is ready has no way to %s", to)
		}
	}
	if status, got := ines.tells("/phone/pass", obj{}); status != 200 || str(got, "pass") == "" {
		t.Errorf("its telephone: %d %v", status, got)
	}
	if _, page = ines.get("/wallet"); strings.Count(page, "A gift to begin with.") != 1 {
		t.Error("the wallet does not say what the welcome credit is")
	}
	if status, page, _ := ines.post("/contacts", url.Values{"name": {"Mum"}, "number": {"my mother"}}); status != 422 || !strings.Contains(page, "5550100#82 or +49 30 901820") {
		t.Errorf("a contact that cannot be called: %d", status)
	}

	// A day later by the company's clock, which is not the browser's.
	ines.post("/dev/clock", url.Values{"days": {"1"}})
	if status, got := ines.tells("/phone/pass", obj{}); status != 200 || !isWithin(got["for"], 1, 600) {
		t.Errorf("how long a pass is good: %d %v", status, got["for"])
	}
	_, page = ines.get("/orders/" + r.choose(t, key, "39"))
	if m := regexp.MustCompile(`data-left="([1-9]\d{0,3})"`).FindStringSubmatch(page); m == nil {
		t.Errorf("how long the number is held: %v", m)
	}
}

func isWithin(v any, low, high float64) bool {
	n, is := v.(float64)
	return is && n >= low && n <= high
}
