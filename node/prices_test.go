package node_test

import (
	"math"
	"strings"
	"testing"
	"time"
)

// TestACallIsExplained: a list is read, looked at and taken; a call is charged by
// it, with its fee and its steps; its page says each line; and the list before is
// back with one step.
func TestACallIsExplained(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, key := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key")
	r.priced(t, 600_000)
	draft := r.want(t, 201, op, "POST", "/api/v1/decks/members/drafts", obj{"csv": "prefix,price,connect,increments,band\n49,0.12,0.05,60/6,\n49,0.02,,60/60,never\n", "bands": "never = Mon 00:00-00:01"})
	if at(draft.body, "counts", "new") != 2.0 || at(draft.body, "counts", "removed") != 1.0 {
		t.Errorf("the preview: %s", draft.raw)
	}
	r.want(t, 422, op, "POST", "/api/v1/decks/members/drafts", obj{"csv": "49,0.1\n49,0.2"})
	r.want(t, 404, op, "POST", "/api/v1/decks/car_none/drafts", obj{"csv": "49,0.1"})
	r.want(t, 403, key, "POST", "/api/v1/decks/members/drafts", obj{"csv": "49,0.1"})
	taken := r.want(t, 201, op, "POST", "/api/v1/decks/members/versions", obj{"draft": str(draft.body, "draft"), "note": "spring"})
	r.want(t, 404, op, "POST", "/api/v1/decks/members/versions", obj{"draft": str(draft.body, "draft")})

	number := str(r.dev, "members", 0, "number")
	x := r.want(t, 200, key, "POST", "/api/v1/rate/explain", obj{"to": "+4930901820", "from": number, "seconds": 61, "at": "2027-01-05T12:00:00Z"})
	if micros(at(x.body, "charge", "micros")) != 50_000+120_000*66/60 || str(x.body, "time_zone") != "Asia/Seoul" || str(x.body, "prefix") != "49" {
		t.Errorf("explained: %s", x.raw)
	}
	r.want(t, 403, key, "POST", "/api/v1/rate/explain", obj{"to": "+4930901820", "from": str(r.dev, "members", 1, "number")})
	r.want(t, 403, key, "POST", "/api/v1/rate/explain", obj{"to": "+4930901820", "plan": "members"})
	before := r.want(t, 200, key, "POST", "/api/v1/routes/explain", obj{"from": number, "to": "+4930901820"})
	if at(before.body, "price", "connect_micros") != 50_000.0 || at(before.body, "price", "first_seconds") != 60.0 || str(before.body, "price", "other_times", 0, "band") != "never" {
		t.Errorf("before the call: %s", before.raw)
	}

	r.dials(t, r.phone(0), "+4930901820")
	id := ""
	r.await(t, "the call in the history", func() bool {
		id = str(r.want(t, 200, key, "GET", "/api/v1/calls", nil).body, "items", 0, "id")
		return id != ""
	})
	call := at(r.want(t, 200, key, "GET", "/api/v1/calls", nil).body, "items", 0)
	lasted, _ := at(call, "duration_seconds").(float64)
	if want := 50_000 + 120_000*int64(max(60, 60+6*math.Ceil((math.Ceil(lasted)-60)/6)))/60; micros(at(call, "charge", "micros")) != want {
		t.Errorf("%f seconds: %v, want %d", lasted, call, want)
	}
	minji := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if _, page := minji.get("/calls/" + id); !strings.Contains(page, "To connect: $0.05.") && !strings.Contains(page, "To connect: 0.05 USD.") || !strings.Contains(page, "0.17 USD") && !strings.Contains(page, "$0.17") {
		t.Errorf("the page of the call: %s", page)
	}
	if _, page := minji.get("/calls?to=%2B49+30+901820"); !strings.Contains(page, "$0.05 to connect") || !strings.Contains(page, "charged in steps of 60 and then 6 seconds") {
		t.Error("the dial field does not say the price")
	}
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	if _, page := minji.get("/lines/" + line + "/calls?number=%2B49+30+901820"); !strings.Contains(page, "$0.17") {
		t.Error("what sending calls on costs is said without what it costs to connect")
	}
	r.want(t, 200, key, "PATCH", "/api/v1/me", obj{"time_zone": "America/Phoenix"}) // where it is 16 hours earlier, all year
	if _, page := minji.get("/calls?to=%2B49+30+901820"); !strings.Contains(page, "never (Sun 08:00-08:01): ") || !strings.Contains(page, "by the clock of America/Phoenix") {
		t.Error("the dial field says time bands by another clock than the reader's")
	}

	r.want(t, 200, op, "POST", "/api/v1/decks/members/versions/"+str(taken.body, "items", 0, "id")+"/withdraw", nil)
	list := r.want(t, 200, op, "GET", "/api/v1/decks/members/versions", nil)
	if str(list.body, "items", 0, "state") != "withdrawn" || str(list.body, "items", 1, "state") != "in_force" || str(list.body, "items", 0, "note") != "spring" {
		t.Errorf("the lists: %s", list.raw)
	}
	x = r.want(t, 200, op, "POST", "/api/v1/rate/explain", obj{"to": "+4930901820", "country": "KR", "seconds": 60})
	if micros(at(x.body, "charge", "micros")) != 600_000 {
		t.Errorf("after that: %s", x.raw)
	}
	if _, page := minji.get("/calls/" + id); !strings.Contains(page, "the longest that the list has for it") || !strings.Contains(page, "66 seconds") && !strings.Contains(page, "60 seconds are charged") {
		t.Errorf("the list that was withdrawn does not explain the call any more: %s", page)
	}
	kept := r.want(t, 200, op, "GET", "/api/v1/cdrs?call="+str(call, "call_id"), nil)
	if str(kept.body, "items", 0, "decision", "version") != str(taken.body, "items", 0, "id") || str(kept.body, "items", 0, "decision", "prefix") != "49" || str(kept.body, "items", 0, "decision", "number") != "+4930901820" {
		t.Errorf("the record: %s", kept.raw)
	}
	later := r.want(t, 201, op, "POST", "/api/v1/decks/members/drafts", obj{"csv": "49,0.30"})
	r.want(t, 201, op, "POST", "/api/v1/decks/members/versions", obj{"draft": str(later.body, "draft"), "from": time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339Nano)})
	r.await(t, "the list that begins by itself", func() bool {
		x := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": number, "to": "+4930901820"})
		return micros(at(x.body, "price", "micros")) == 300_000
	})
}

// TestPlansAndExchangeRatesOverTheAPI: an account pays by the plan it is given;
// a carrier's list is in euros once there is a rate.
func TestPlansAndExchangeRatesOverTheAPI(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op := str(r.dev, "operator", "api_key")
	r.priced(t, 600_000)
	plan := str(r.want(t, 201, op, "POST", "/api/v1/plans", obj{"name": "Gold"}).body, "id")
	r.want(t, 204, op, "PUT", "/api/v1/carriers/"+plan+"/rates", obj{"items": []any{obj{"prefix": "49", "micros": 60_000, "next_seconds": 60}}})
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	_, found := boss.get("/operator/members?q=minji")
	_, account, _ := strings.Cut(found, "/operator/members/")
	account, _, _ = strings.Cut(account, `"`)
	r.want(t, 204, op, "PUT", "/api/v1/accounts/"+account+"/plan", obj{"plan": plan})
	for i, want := range []int64{60_000, 600_000} {
		x := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", i, "number"), "to": "+4930901820"})
		if micros(at(x.body, "price", "micros")) != want {
			t.Errorf("member %d: %s", i, x.raw)
		}
	}
	euros := obj{"csv": "49,0.01", "currency": "EUR"}
	if x := r.want(t, 422, op, "POST", "/api/v1/decks/car_test_KR/drafts", euros); !strings.Contains(x.raw, "There is no exchange rate for EUR now.") {
		t.Errorf("without a rate: %s", x.raw)
	}
	r.want(t, 422, op, "POST", "/api/v1/exchange-rates", obj{"items": []any{obj{"currency": "EUR", "rate": "-1"}}})
	r.want(t, 204, op, "POST", "/api/v1/exchange-rates", obj{"items": []any{obj{"currency": "EUR", "rate": "1.25"}}})
	draft := r.want(t, 201, op, "POST", "/api/v1/decks/car_test_KR/drafts", euros)
	r.want(t, 201, op, "POST", "/api/v1/decks/car_test_KR/versions", obj{"draft": str(draft.body, "draft")})
	x := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 0, "number"), "to": "+4930901820"})
	if !strings.Contains(x.raw, "Test carrier asks 0.0375 USD for three minutes.") {
		t.Errorf("in the house's currency: %s", x.raw)
	}
	if x := r.want(t, 200, op, "POST", "/api/v1/rate/explain", obj{"to": "+4930901820", "plan": "car_test_KR", "seconds": 60}); micros(at(x.body, "charge", "micros")) != 10_000 || str(x.body, "charge", "currency") != "EUR" {
		t.Errorf("what the carrier asks: %s", x.raw)
	}
}

// TestTheHourOfForwarding: what calls that ring on cost is said by the time of day
// of the member's number, as it is charged.
func TestTheHourOfForwarding(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op := str(r.dev, "operator", "api_key")
	seoul := time.Now().UTC().Add(9 * time.Hour)
	hour := func(off time.Duration) string { return seoul.Add(off).Format("15:04") }
	draft := r.want(t, 201, op, "POST", "/api/v1/decks/members/drafts", obj{
		"csv": "prefix,price,band\n82,0.11,\n82,0.77,here\n", "bands": "here = Mon-Sun " + hour(-time.Hour) + "-" + hour(time.Hour),
	})
	r.want(t, 201, op, "POST", "/api/v1/decks/members/versions", obj{"draft": str(draft.body, "draft")})
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	line := str(r.want(t, 200, str(r.dev, "members", 1, "api_key"), "GET", "/api/v1/members", nil).body, "items", 0, "id")
	if _, page := jun.get("/lines/" + line + "/calls"); !strings.Contains(page, "0.77") || strings.Contains(page, "0.11") {
		t.Error("calls that ring on are not priced by the hour in Seoul")
	}
}
