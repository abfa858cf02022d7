package node_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestTheOperatorSetsCarriersUp(t *testing.T) {
	r := start(t, t.TempDir())
	op, ada := str(r.dev, "operator", "api_key"), str(r.dev, "members", 2, "api_key")
	before := len(at(r.want(t, 200, op, "GET", "/api/v1/carriers", nil).body, "items").([]any))
	trunk := obj{"host": "127.0.0.1:9", "user": "callisto", "password": "a secret of theirs"}
	in := obj{"center": "KR", "name": "Seoul Tel", "trunks": []any{trunk}, "presents": "+82 2 555 0100"}
	made := r.want(t, 201, op, "POST", "/api/v1/carriers", in)
	id := str(made.body, "id")
	if !strings.HasPrefix(id, "car_") || str(made.body, "trunks", 0, "transport") != "udp" || str(made.body, "out", "format") != "+E164" || at(made.body, "trunks", 0, "password") != true {
		t.Errorf("made %s", made.raw)
	}
	list := r.want(t, 200, op, "GET", "/api/v1/carriers", nil)
	if n := len(at(list.body, "items").([]any)); n != before+1 || strings.Contains(list.raw+made.raw, "a secret") {
		t.Errorf("listed %s", list.raw)
	}
	trunk["transport"], trunk["id"] = "tcp", str(made.body, "trunks", 0, "id")
	delete(trunk, "password")
	if changed := r.want(t, 200, op, "PUT", "/api/v1/carriers/"+id, in); at(changed.body, "trunks", 0, "password") != true || str(changed.body, "trunks", 0, "transport") != "tcp" {
		t.Errorf("changed %s", changed.raw)
	}
	report := r.want(t, 200, op, "POST", "/api/v1/carriers/"+str(made.body, "trunks", 0, "id")+"/test", obj{"number": "+82 2 555 1234"})
	if at(report.body, "ok") != false || str(report.body, "code") != "refused" || !strings.Contains(str(report.body, "text"), "127.0.0.1:9") {
		t.Errorf("tested %s", report.raw)
	}
	r.want(t, 422, op, "POST", "/api/v1/carriers/"+id+"/test", obj{"number": "112"})
	r.want(t, 422, op, "POST", "/api/v1/carriers", obj{"center": "KR", "name": "X", "trunks": []any{obj{"host": "nowhere"}}, "presents": "+82 2 555 0100"})
	r.want(t, 401, "", "GET", "/api/v1/carriers", nil)
	r.want(t, 403, ada, "GET", "/api/v1/carriers", nil)
	r.want(t, 403, ada, "POST", "/api/v1/carriers", in)
	r.want(t, 403, ada, "DELETE", "/api/v1/carriers/"+id, nil)
	r.want(t, 204, op, "DELETE", "/api/v1/carriers/"+id, nil)
	r.want(t, 404, op, "DELETE", "/api/v1/carriers/"+id, nil)
}

// TestTheOperatorSaysWhomAZoneIsBelievedFor: else a partner with a zone is not
// kept, on the page and by the API.
func TestTheOperatorSaysWhomAZoneIsBelievedFor(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	op := str(r.dev, "operator", "api_key")
	form := url.Values{"name": {"Partner"}, "kind": {"partner"}, "center": {"KR"}, "t0_host": {"127.0.0.1:9"}, "enum": {"e164.partner.example"}}
	if status, text, _ := boss.post("/operator/carriers/new", form); status != 422 || !strings.Contains(text, "Say for which numbers the zone is asked") {
		t.Errorf("for nobody: %d", status)
	}
	body := obj{"name": "Partner", "kind": "partner", "center": "KR", "trunks": []any{obj{"host": "127.0.0.1:9"}}, "enum": "e164.partner.example"}
	if x := r.want(t, 422, op, "POST", "/api/v1/carriers", body); !strings.Contains(x.raw, `"enum"`) {
		t.Errorf("by the API: %s", x.raw)
	}
	form.Set("enum_all", "1")
	if _, _, at := boss.post("/operator/carriers/new", form); at.Path != "/operator/carriers" {
		t.Fatalf("it was not kept: %s", at)
	}
	c := at(r.want(t, 200, op, "GET", "/api/v1/carriers", nil).body, "items", 0).(obj)
	if c["enum_all"] != true {
		t.Errorf("believed for every number: %v", c)
	}
	if _, text := boss.get("/operator/carriers/" + str(c, "id")); !strings.Contains(text, `name="enum_all" value="1" checked`) {
		t.Error("the page does not say so")
	}
	body["ranges"] = []string{"+82 70 123"}
	if x := r.want(t, 200, op, "PUT", "/api/v1/carriers/"+str(c, "id"), body); at(x.body, "enum_all") != false || str(x.body, "ranges", 0) != "8270123" {
		t.Errorf("within its ranges: %s", x.raw)
	}
}

// TestTheOperatorEditsACarrierOnItsPage: from a profile, with a mistake, kept,
// changed, with a second trunk, tested by it, and with what its calls cost.
func TestTheOperatorEditsACarrierOnItsPage(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	op := str(r.dev, "operator", "api_key")
	if status, text := boss.get("/operator/carriers/new?profile=twilio"); status != 200 || !strings.Contains(text, "NAME.pstn.twilio.com:5060") || !strings.Contains(text, "Elastic SIP Trunking") {
		t.Fatalf("a profile: %d", status)
	}
	form := url.Values{
		"name": {"Seoul Tel"}, "kind": {"pstn"}, "center": {"KR"}, "presents": {"+82 2 555 0100"}, "shows": {"own"}, "out": {"national"}, "out_rules": {"+=00\n00=+"},
		"t0_host": {"127.0.0.1:9"}, "t0_transport": {"tcp"}, "t0_user": {"callisto"}, "t0_password": {"a secret of theirs"}, "t0_capacity": {"ten"},
	}
	if status, text, _ := boss.post("/operator/carriers/new", form); status != 422 || !strings.Contains(text, "0 (no limit) to 100000.") || !strings.Contains(text, "Seoul Tel") || strings.Contains(text, "a secret") {
		t.Errorf("a mistake: %d", status)
	}
	form.Set("t0_capacity", "10")
	// Each fault stands at its trunk, and what was typed stays.
	both := url.Values{"t1_host": {"127.0.0.1:10"}, "t1_transport": {"pigeon"}, "t2_host": {"127.0.0.1:11"}, "t2_rate": {"many"}, "sells": {"1,000"}}
	for name, v := range form {
		both[name] = v
	}
	_, text, _ := boss.post("/operator/carriers/new", both)
	if err := wrongAt(text, "t2_rate"); err != "0 (no limit) to 100000." || wrongAt(text, "t0_rate") != "" || !strings.Contains(text, `value="many"`) {
		t.Errorf("a wrong number is marked %q", err)
	}
	if err := wrongAt(text, "sells"); !strings.Contains(err, "read in two ways") || !strings.Contains(text, `value="1,000"`) {
		t.Errorf("an amount of two readings is marked %q", err)
	}
	both.Set("t2_rate", "5")
	both.Set("sells", "0,035")
	_, text, _ = boss.post("/operator/carriers/new", both)
	if err := wrongAt(text, "t1_transport"); err != "Choose udp, tcp or tls." || wrongAt(text, "t0_transport") != "" || wrongAt(text, "t2_transport") != "" || !strings.Contains(text, `value="0.035"`) {
		t.Errorf("a wrong transport is marked %q", err)
	}
	if status, text := boss.get("/operator/carriers/car_none"); status != 404 || !strings.Contains(text, "There is no such carrier.") {
		t.Errorf("no such carrier: %d", status)
	}
	form.Set("preview", "1")
	if status, text, _ := boss.post("/operator/carriers/new", form); status != 200 || !strings.Contains(text, ">0013125550142<") {
		t.Errorf("what the rules do is not shown: %d", status)
	}
	form.Del("preview")
	if _, _, at := boss.post("/operator/carriers/new", form); at.Path != "/operator/carriers" {
		t.Fatalf("it was not kept: %s", at)
	}
	c := at(r.want(t, 200, op, "GET", "/api/v1/carriers", nil).body, "items", 0).(obj)
	id := str(c, "id")
	form.Set("t0_id", str(c, "trunks", 0, "id"))
	form.Set("t0_password", "") // it stays
	form.Set("t1_host", "127.0.0.1:10")
	form.Set("t1_from", "192.0.2.0/28, 198.51.100.7")
	boss.post("/operator/carriers/"+id, form)
	c = at(r.want(t, 200, op, "GET", "/api/v1/carriers", nil).body, "items", 0).(obj)
	if at(c, "trunks", 0, "password") != true || str(c, "trunks", 0, "id") != form.Get("t0_id") || str(c, "trunks", 1, "from", 1) != "198.51.100.7" {
		t.Errorf("changed: %v", c)
	}
	if _, text, _ := boss.post("/operator/carriers/"+str(c, "trunks", 1, "id")+"/test", url.Values{"number": {"+82 2 555 4321"}}); !strings.Contains(text, "127.0.0.1:10") {
		t.Error("the second trunk was not tested")
	}

	list := url.Values{"csv": {"prefix,price\n82,0.01\n8210,0.02\n1,0.004"}}
	if _, text, _ := boss.post("/operator/carriers/"+id+"/rates", list); !strings.Contains(text, "3 new, 0 removed") || !strings.Contains(text, "South Korea") {
		t.Error("the list is not previewed")
	} else if _, draft, ok := strings.Cut(text, `name="draft" value="`); ok {
		draft, _, _ = strings.Cut(draft, `"`)
		boss.post("/operator/carriers/"+id+"/rates", url.Values{"draft": {draft}, "note": {"as agreed"}})
	}
	list.Set("csv", "82,0.01\n8210,0.03")
	if _, text, _ := boss.post("/operator/carriers/"+id+"/rates", list); !strings.Contains(text, "0 new, 1 removed, 1 dearer, 0 cheaper, 0 changed otherwise, 1 unchanged") || !strings.Contains(text, "+50.0") || !strings.Contains(text, "as agreed") {
		t.Error("the second list is not compared")
	}
	if status, text, _ := boss.post("/operator/carriers/"+id+"/rates", url.Values{"csv": {"82,0.01\n83,much"}}); status != 422 || !strings.Contains(text, "as in 8210,0.035") {
		t.Errorf("a bad line: %d", status)
	}
	if _, text := boss.get("/operator/carriers/" + id + "/rates.csv"); text != "prefix,price,connect,increments,free,band\n1,0.004,,1/1,,\n82,0.01,,1/1,,\n8210,0.02,,1/1,,\n" {
		t.Errorf("the file: %q", text)
	}
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	for _, path := range []string{"/operator/carriers/" + id, "/operator/carriers/" + id + "/rates", "/operator/carriers/" + id + "/rates.csv"} {
		if status, _ := jun.get(path); status == 200 {
			t.Errorf("a member sees %s", path)
		}
	}
	// The cheapest takes the call now.
	x := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 0, "number"), "to": "010 9876 5432", "country": "KR"})
	if str(x.body, "kind") != "pstn" || str(x.body, "legs", 0, "carrier") != id || str(x.body, "legs", 0, "number") != "01098765432" || at(x.body, "price", "micros") != 0.0 {
		t.Errorf("explained %s", x.raw)
	}
	r.want(t, 204, op, "PUT", "/api/v1/carriers/members/rates", obj{"items": []any{obj{"prefix": "82", "micros": 30_000}}})
	if got := r.want(t, 200, op, "GET", "/api/v1/carriers/members/rates", nil); at(got.body, "items", 0, "micros") != 30_000.0 {
		t.Errorf("what members pay: %s", got.raw)
	}
	r.want(t, 422, op, "PUT", "/api/v1/carriers/members/rates", obj{"items": []any{obj{"prefix": "8a", "micros": 1}}})
	r.want(t, 422, op, "PUT", "/api/v1/carriers/members/rates", obj{"items": []any{obj{"prefix": "82"}}}) // no price is not free
	r.want(t, 403, str(r.dev, "members", 0, "api_key"), "PUT", "/api/v1/carriers/members/rates", obj{"items": []any{}})
	r.want(t, 404, op, "GET", "/api/v1/carriers/car_none/rates", nil)
	mine := r.want(t, 200, str(r.dev, "members", 0, "api_key"), "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 0, "number"), "to": "010 9876 5432", "country": "KR"})
	if strings.Contains(mine.raw, id) || strings.Contains(mine.raw, "Seoul Tel") || len(at(mine.body, "steps").([]any)) == 0 {
		t.Errorf("a member reads %s", mine.raw)
	}
}

// wrongAt is what a page marks at a field; "" if nothing.
func wrongAt(page, field string) string {
	_, after, _ := strings.Cut(page, `id="k-`+field+`"`)
	label, _, _ := strings.Cut(after, "</label>")
	_, mark, _ := strings.Cut(label, `class="wrong"`)
	_, text, _ := strings.Cut(mark, ">")
	text, _, _ = strings.Cut(text, "<")
	return text
}

// TestACarrierThatIsStillNeeded: it stays while it brings telephone numbers or a
// country has no other; what it brings while it is closed is not rented.
func TestACarrierThatIsStillNeeded(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, jun := str(r.dev, "operator", "api_key"), str(r.dev, "members", 1, "api_key")
	carrier := func(name string) (string, obj) {
		in := obj{"center": "US", "name": name, "presents": "+13125550100", "trunks": []any{obj{"host": "127.0.0.1:9"}}}
		return str(r.want(t, 201, op, "POST", "/api/v1/carriers", in).body, "id"), in
	}
	a, in := carrier("Chicago Tel")
	b, _ := carrier("Illinois Tel")
	r.want(t, 422, op, "POST", "/api/v1/telephone_numbers/stock", obj{"carrier": a, "numbers": []any{obj{"e164": "+13125550170", "area": "Chicago"}}})
	stock := func(carrier string) {
		r.want(t, 204, op, "POST", "/api/v1/telephone_numbers/stock", obj{"carrier": carrier, "numbers": []any{obj{"e164": "+13125550170", "setup_micros": 0, "yearly_micros": 1_000_000}}})
	}
	stock(a)
	at := "/api/v1/access-numbers/+13125550190"
	r.want(t, 204, op, "PUT", at, obj{"carrier": a})
	if refused := r.want(t, 409, op, "DELETE", "/api/v1/carriers/"+a, nil); str(refused.body, "code") != "carrier_brings_numbers" {
		t.Errorf("removed with its numbers: %s", refused.raw)
	}
	in["closed"] = true
	r.want(t, 200, op, "PUT", "/api/v1/carriers/"+a, in)
	line := "/api/v1/members/" + str(r.want(t, 200, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id") + "/telephone_numbers"
	if refused := r.want(t, 409, jun, "POST", line, obj{"e164": "+13125550170"}); str(refused.body, "code") != "telephone_number_unserved" {
		t.Errorf("rented of a closed carrier: %s", refused.raw)
	}
	stock(b)
	if refused := r.want(t, 409, op, "DELETE", "/api/v1/carriers/"+a, nil); str(refused.body, "code") != "carrier_brings_access" || !strings.Contains(refused.raw, "Chicago Tel brings the access number +13125550190") {
		t.Errorf("removed with its access number: %s", refused.raw)
	}
	r.want(t, 204, op, "PUT", at, obj{"carrier": b})
	r.want(t, 204, op, "DELETE", "/api/v1/carriers/"+a, nil)
	r.want(t, 409, op, "DELETE", "/api/v1/carriers/"+b, nil)
	r.want(t, 204, op, "DELETE", at, nil)

	// His own number is shown with its tax, as it was offered.
	r.want(t, 201, op, "POST", "/api/v1/taxes", obj{"country": "US", "kind": "individual", "name": "Tax", "rate_ppm": 100_000, "valid_from": "2026-01-01"})
	r.want(t, 201, op, "POST", "/api/v1/taxes", obj{"country": "KR", "kind": "individual", "name": "Tax", "rate_ppm": 100_000, "valid_from": "2026-01-01"})
	r.want(t, 201, jun, "POST", line, obj{"e164": "+13125550170"})
	page := strings.Replace(strings.TrimPrefix(line, "/api/v1/members"), "telephone_numbers", "telephone", 1)
	if _, text := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password")).get("/lines" + page); !strings.Contains(text, "1.10") {
		t.Error("his own number is shown without its tax")
	}

	c, _ := carrier("Tokyo Tel")
	r.want(t, 201, op, "POST", "/api/v1/openings", obj{"country": "JP", "name": "Japan"})
	r.want(t, 200, op, "PUT", "/api/v1/openings/JP", obj{"carrier": "car_test_JP", "emergency": c})
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if status, text, _ := boss.post("/operator/carriers/"+c+"/remove", nil); status != 409 || !strings.Contains(text, "Japan is being opened with Tokyo Tel.") {
		t.Errorf("removed while a country is opened with it: %d", status)
	}
	r.want(t, 200, op, "PUT", "/api/v1/openings/JP", obj{"emergency": "none"})
	r.want(t, 204, op, "DELETE", "/api/v1/carriers/"+c, nil)
}

// TestAWithheldNumberIsNotExplainedAsShown, neither to programs nor on the page.
func TestAWithheldNumberIsNotExplainedAsShown(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, minji := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key")
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	from := str(r.dev, "members", 0, "number")
	shown := func() (program string, page bool) {
		_, text := boss.get("/operator/explain?" + url.Values{"from": {from}, "to": {"+82 10 9876 5432"}}.Encode())
		x := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": from, "to": "+82 10 9876 5432"})
		program, _ = at(x.body, "legs", 0).(obj)["shows"].(string)
		return program, strings.Contains(text, "showing <bdi")
	}
	if program, page := shown(); program == "" || !page {
		t.Fatalf("as a rule it is shown: %q %t", program, page)
	}
	line := str(r.want(t, 200, minji, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, minji, "PUT", "/api/v1/members/"+line+"/caller_id", obj{"withhold": true})
	if program, page := shown(); program != "" || page {
		t.Errorf("withheld: %q %t", program, page)
	}
}
