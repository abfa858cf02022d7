package node_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/lab"
	"github.com/callisto-tel/callisto/platform/config"
)

// tries has a telephone of Korea call so often at once, whatever comes of it.
func (r *running) tries(t *testing.T, from lab.Member, number string, calls int) {
	t.Helper()
	lab.SIPp{Scenario: scenarios + "caller-cut.xml", Users: []lab.Member{from}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: calls, Rate: max(1, calls),
		Extra: func(int) string { return number }}.Run(t)
}

// refusals are the codes of a member's refused calls, the latest first.
func (r *running) refusals(t *testing.T, key string) (codes []string) {
	t.Helper()
	list, _ := at(r.want(t, 200, key, "GET", "/api/v1/me/refused-calls?limit=200", nil).body, "items").([]any)
	for _, x := range list {
		codes = append(codes, str(x, "reason", "code"))
	}
	return codes
}

// TestCallsKeepToLimits: thirty calls at once at 1.00 a second, under a limit of
// 3.00 a day, cost no more; what is used up refuses the next, says so where its
// caller looks, and keeps nobody from an emergency call.
func TestCallsKeepToLimits(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 60_000_000)
	key, staff := str(r.dev, "members", 0, "api_key"), str(r.dev, "operator", "api_key")
	r.want(t, 200, key, "PUT", "/api/v1/me/limits", obj{"day_micros": 3_000_000, "calls": 10})
	raise := obj{"day_micros": 4_000_000}
	if got := r.want(t, 403, key, "PUT", "/api/v1/me/limits", raise); str(got.body, "code") != "prove_again" {
		t.Errorf("raised by a key alone: %s", got.raw)
	}
	raise["password"] = "a wrong one"
	r.want(t, 422, key, "PUT", "/api/v1/me/limits", raise)
	r.want(t, 422, key, "PUT", "/api/v1/me/limits", obj{"calls": 5, "dayly_micros": 1}) // a misspelt limit is not none
	r.want(t, 403, key, "PUT", "/api/v1/call-limits", obj{})
	r.want(t, 403, key, "GET", "/api/v1/refused-calls", nil)
	r.want(t, 403, key, "PUT", "/api/v1/destinations", obj{"csv": "1"})
	r.want(t, 403, key, "PUT", "/api/v1/accounts/"+str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")+"/limits", obj{"class": "trusted"})
	r.tries(t, r.phone(0), "+4930901820", 30)
	r.await(t, "the end of every call", func() bool {
		l := r.want(t, 200, key, "GET", "/api/v1/me/limits", nil)
		return micros(at(l.body, "held_micros")) == 0
	})
	if left := r.has(t, key); left < 97_000_000 || left > 98_000_000 {
		t.Errorf("the wallet has %d", left)
	}
	r.tries(t, r.phone(0), "+4930901821", 1)
	if codes := r.refusals(t, key); len(codes) == 0 || codes[0] != "cap_day" && codes[0] != "cap_short" {
		t.Errorf("refused by %v", codes)
	}
	minji := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if _, text := minji.get("/calls"); !strings.Contains(text, "Your limit") || !strings.Contains(text, `href="/account/limits"`) {
		t.Error("the history does not say why")
	}
	if got := r.want(t, 200, staff, "GET", "/api/v1/refused-calls", nil); str(got.body, "items", 0, "to") != "+49 30 901821" {
		t.Errorf("the operator sees %s", got.raw)
	}
	r.want(t, 200, key, "PUT", "/api/v1/me/limits", obj{"day_micros": 0, "calls": 0})
	r.dials(t, r.phone(0), "112")
	// The limits of who has his calls forwarded count, not the caller's.
	jun := str(r.dev, "members", 1, "api_key")
	line := str(r.want(t, 200, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, jun, "PUT", "/api/v1/members/"+line+"/forwarding", obj{"always": []any{"+82 2 555 6789"}})
	r.want(t, 200, jun, "PUT", "/api/v1/me/limits", obj{"minute_micros": 1})
	r.tries(t, r.phone(0), "755014282", 1)
	if codes := r.refusals(t, jun); len(codes) != 1 || codes[0] != "cap_minute" {
		t.Errorf("a forwarded call: %v", codes)
	}
	if has := r.has(t, jun); has != 100_000_000 {
		t.Errorf("who forwards has %d", has)
	}
}

// TestDestinationsAreOpenedByTheirCaller, who proves that it is he; the operator
// replaces the list after he saw what changes.
func TestDestinationsAreOpenedByTheirCaller(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 600_000)
	key, staff := str(r.dev, "members", 0, "api_key"), str(r.dev, "operator", "api_key")
	r.tries(t, r.phone(0), "+37120000000", 1)
	if codes := r.refusals(t, key); len(codes) != 1 || codes[0] != "destination_closed" {
		t.Fatalf("refused by %v", codes)
	}
	asked := obj{"from": str(r.dev, "members", 0, "number"), "to": "+37120000000"}
	before := r.want(t, 200, key, "POST", "/api/v1/routes/explain", asked)
	if str(before.body, "refused", "code") != "destination_closed" || str(before.body, "refused", "open") != "+3712" {
		t.Errorf("before the call: %s", before.raw)
	}
	if got := r.want(t, 200, key, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 0, "number"), "to": "+4930901820"}); at(got.body, "refused") != nil {
		t.Errorf("an open destination: %s", got.raw)
	}
	r.want(t, 403, key, "PUT", "/api/v1/me/destinations/LV", obj{})
	r.want(t, 422, key, "PUT", "/api/v1/me/destinations/LV", obj{"password": "a wrong one"})
	r.want(t, 204, key, "PUT", "/api/v1/me/destinations/LV", obj{"password": str(r.dev, "members", 0, "password")})
	r.want(t, 403, key, "PUT", "/api/v1/me/destinations/+1900", obj{"password": str(r.dev, "members", 0, "password")})
	if got := r.want(t, 200, staff, "POST", "/api/v1/routes/explain", asked); at(got.body, "refused") != nil {
		t.Errorf("it is opened: %s", got.raw)
	}
	r.dials(t, r.phone(0), "+37120000000")
	r.want(t, 204, key, "DELETE", "/api/v1/me/destinations/LV", nil)
	if got := r.want(t, 200, key, "GET", "/api/v1/me/limits", nil); strings.Contains(got.raw, `"LV"`) {
		t.Errorf("it stays open: %s", got.raw)
	}
	minji := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if _, text, at := minji.post("/account/limits/open", url.Values{"what": {"LV"}}); at.Path != "/account/limits" || !strings.Contains(text, "Saved.") {
		t.Errorf("opened on the page: %s", at)
	}
	if _, text := minji.get("/calls?to=%2B37120000000"); strings.Contains(text, "Open it here") {
		t.Error("the dial field says that an opened destination is closed")
	}
	minji.post("/account/limits/close", url.Values{"what": {"LV"}})
	if _, text := minji.get("/calls?to=%2B37120000000"); !strings.Contains(text, `href="/account/limits?open=%2B3712"`) {
		t.Error("the dial field does not say that a destination is closed")
	}
	minji.post("/account/limits", url.Values{"minute": {"0.10"}})
	if _, text := minji.get("/calls?to=%2B4930901820"); !strings.Contains(text, "The first minute of this call costs") {
		t.Error("the dial field does not say that a call is dearer than its caller allows")
	}
	chief := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text := chief.get("/operator/explain?to=%2B4930901820&from=" + url.QueryEscape(str(r.dev, "members", 0, "number"))); !strings.Contains(text, "It would be refused now.") || !strings.Contains(text, "The first minute of this call costs") {
		t.Error("the operator is not told that a call would be refused")
	}
	minji.post("/account/limits", url.Values{"minute": {""}})
	if status, text, _ := minji.post("/account/limits", url.Values{"day": {"abc"}, "calls": {"x"}}); status != 422 || !strings.Contains(text, "Write an amount like") || !strings.Contains(text, `value="abc"`) {
		t.Errorf("nonsense: %d", status)
	}
	if _, text, _ := minji.post("/account/limits", url.Values{"day": {"12,50"}}); !strings.Contains(text, `value="12.50"`) {
		t.Error("a limit with a decimal comma")
	}

	csv := "prefix,country,kind,never,note\n49,DE,other,no,=1+1\n"
	got := r.want(t, 200, staff, "PUT", "/api/v1/destinations", obj{"csv": csv, "preview": true})
	if n, _ := at(got.body, "changes").([]any); len(n) < 100 || at(got.body, "version") != 0.0 {
		t.Errorf("the preview: %s", got.raw)
	}
	r.want(t, 422, staff, "PUT", "/api/v1/destinations", obj{"csv": "x\ny\n"})
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text, _ := boss.post("/operator/limits/destinations", url.Values{"csv": {csv}}); !strings.Contains(text, "Put in force") {
		t.Error("no preview")
	}
	if _, text, at := boss.post("/operator/limits/destinations", url.Values{"csv": {csv}, "take": {"1"}, "version": {"0"}}); at.Path != "/operator/limits/destinations" || !strings.Contains(text, "+49") || strings.Contains(text, "+8816") {
		t.Error("it was not taken")
	}
	if status, _, _ := boss.post("/operator/limits/destinations", url.Values{"csv": {csv}, "take": {"1"}, "version": {"0"}}); status != 422 {
		t.Errorf("over a change that was not seen: %d", status)
	}
	r.tries(t, r.phone(0), "+4930901820", 1)
	if codes := r.refusals(t, key); len(codes) != 2 || codes[0] != "destination_closed" {
		t.Errorf("refused by %v", codes)
	}
}

// TestWhoCallsTooFastIsStopped for a while: the operator reads of it, sees it, and
// lets him call again.
func TestWhoCallsTooFastIsStopped(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 600_000)
	key, staff := str(r.dev, "members", 0, "api_key"), str(r.dev, "operator", "api_key")
	r.want(t, 422, staff, "PUT", "/api/v1/call-limits", obj{"new_days": -1})
	r.want(t, 200, staff, "PUT", "/api/v1/call-limits", obj{"known": obj{"calls": 20}, "new": obj{}, "trusted": obj{}, "pace": obj{"minute": 1, "stop": 60}})
	for range 2 {
		r.dials(t, r.phone(0), "+4930901820")
	}
	r.tries(t, r.phone(0), "+4930901820", 1)
	if codes := r.refusals(t, key); len(codes) == 0 || codes[0] != "calls_stopped" {
		t.Fatalf("refused by %v", codes)
	}
	r.want(t, 403, key, "GET", "/api/v1/alerts", nil)
	var id string
	r.await(t, "the alert", func() bool {
		id = str(r.want(t, 200, staff, "GET", "/api/v1/alerts?state=open", nil).body, "items", 0, "id")
		return id != ""
	})
	r.await(t, "the letter", func() bool {
		return strings.Contains(r.mails(t, str(r.dev, "operator", "email")), "/operator/alerts/"+id)
	})
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text := boss.get("/operator/alerts/" + id); !strings.Contains(text, "Too many calls came within a minute.") {
		t.Error("the alert does not say why")
	}
	if _, text, _ := boss.post("/operator/alerts/"+id, url.Values{"state": {"acknowledged"}, "note": {"asked him"}}); !strings.Contains(text, "asked him") {
		t.Error("the note is not kept")
	}
	if got := r.want(t, 200, staff, "GET", "/api/v1/alerts?state=acknowledged", nil); str(got.body, "items", 0, "note") != "asked him" {
		t.Errorf("%s", got.raw)
	}
	account := str(r.want(t, 200, key, "GET", "/api/v1/me", nil).body, "id")
	r.want(t, 403, key, "POST", "/api/v1/accounts/"+account+"/resume-calls", nil)
	r.want(t, 204, staff, "POST", "/api/v1/accounts/"+account+"/resume-calls", nil)
	r.dials(t, r.phone(0), "+4930901820")
}

// TestCallsAtOnceAreAsConfigured: what the operator wrote reaches the calls, those
// that cost nothing too.
func TestCallsAtOnceAreAsConfigured(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		guard config.Guard
		why   string
	}{
		"a telephone": {config.Guard{TelephoneCalls: "1", AccountCalls: "0"}, "486 This telephone has as many calls as one may have at once (1); end one of them"},
		"an account":  {config.Guard{TelephoneCalls: "0", AccountCalls: "1"}, "486 The telephones of this account have as many calls as they may have at once (1); end one of them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startWith(t, t.TempDir(), func(c *config.Config) { c.Guard = x.guard })
			r.rawCall(t, r.phone(0), "*55").until("SIP/2.0 200")
			r.rawCall(t, r.phone(0), "*55").until("SIP/2.0 " + x.why)
			r.rawCall(t, r.phone(1), "*55").until("SIP/2.0 200")
		})
	}
}
