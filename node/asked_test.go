package node_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestACarrierIsRemovedOnceThatWasSaid: the page asks first and says what goes;
// then it says what is gone.
func TestACarrierIsRemovedOnceThatWasSaid(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op := str(r.dev, "operator", "api_key")
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	c := r.want(t, 201, op, "POST", "/api/v1/carriers", obj{"center": "KR", "name": "Seoul Tel", "presents": "+82 2 555 0100", "trunks": []any{obj{"host": "127.0.0.1:9"}}})
	id := str(c.body, "id")
	if _, text := boss.get("/operator/carriers"); !strings.Contains(text, "Seoul Tel goes, with its rules") || strings.Contains(text, "was removed") {
		t.Error("it is not said what goes")
	}
	if _, text := boss.get("/operator/carriers?removed=" + id + "&name=Seoul+Tel"); strings.Contains(text, "was removed") {
		t.Error("what is there is called removed")
	}
	if status, text, at := boss.post("/operator/carriers/"+id+"/remove", nil); status != 200 || at.Path != "/operator/carriers" || !strings.Contains(text, "Seoul Tel was removed.") {
		t.Errorf("removed: %d %s", status, at)
	}
}

// TestATestCallSaysOfWhichTrunk, and that a busy number is no fault of it. Who
// then comes to the address of the form by a link finds the page it is on.
func TestATestCallSaysOfWhichTrunk(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	at := "/operator/carriers/trk_test_KR/test"
	_, text, _ := boss.post(at, url.Values{"number": {"+82 2 555 0486"}})
	if !strings.Contains(text, "The carrier works; the number was busy") || !strings.Contains(text, `value="+82 2 555 0486"`) || !strings.Contains(text, "udp:127.0.0.1:") {
		t.Error("what was tested is not said")
	}
	for address, page := range map[string]string{at + "?lang=en": "Carriers", "/names/nam_1/check": "Names", "/operator/taxes/x/remove": "Taxes"} {
		if status, text := boss.get(address); status != 200 || !strings.Contains(text, "<h1>"+page) {
			t.Errorf("%s leads to %d", address, status)
		}
	}
	if status, _ := boss.get("/nowhere/x/remove"); status != 404 {
		t.Errorf("what is nowhere: %d", status)
	}
}

// TestATelephoneNumberIsRentedOnceItsPriceWasSaid.
func TestATelephoneNumberIsRentedOnceItsPriceWasSaid(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	minji := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	line := "/lines/" + str(r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/members", nil).body, "items", 0, "id") + "/telephone"
	ask := line + "/+8225550160/rent"
	if _, text := minji.get(line); !strings.Contains(text, `href="`+strings.ReplaceAll(ask, "+", "&#43;")+`"`) && !strings.Contains(text, `href="`+ask+`"`) || strings.Contains(text, `name="e164"`) {
		t.Error("the list rents at once")
	}
	status, text := minji.get(ask)
	for _, want := range []string{"Rent +82 2 555 0160", "Now, from your wallet", "13.00", "12.00", "In your wallet now", "Left in it then"} {
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%q is not said (%d)", want, status)
		}
	}
	_, text, at := minji.post(line, url.Values{"e164": {"+8225550160"}})
	if !strings.Contains(text, "+82 2 555 0160 is yours until 20") {
		t.Errorf("at %s it is not said whose it is", at)
	}
	if status, text := minji.get(ask); status != 409 || !strings.Contains(text, "+82 2 555 0160 is yours already.") {
		t.Errorf("asked again: %d", status)
	}
	if _, text := minji.get(line + "?rented=%2B8225550161"); strings.Contains(text, "is yours until") {
		t.Error("what he does not have is called his")
	}
}

// TestTheTestCarrierCallsARentedNumber, and hangs up when the call came back to
// itself; the page says how a trunk of one's own reaches it, and who was refused.
func TestTheTestCarrierCallsARentedNumber(t *testing.T) {
	r := start(t, t.TempDir())
	op, jun := str(r.dev, "operator", "api_key"), str(r.dev, "members", 1, "api_key")
	id := str(r.want(t, 200, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 201, jun, "POST", "/api/v1/members/"+id+"/telephone_numbers", obj{"e164": "+8225550160"})
	r.want(t, 200, jun, "PUT", "/api/v1/members/"+id+"/forwarding", obj{"always": []string{"+82 2 555 6789"}})
	b := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if status, text, _ := b.post("/dev/carrier", url.Values{"number": {"+82 2 555 0161"}, "from": {"+82 10 1234 5678"}}); status != 404 || !strings.Contains(text, "is no number of ours") {
		t.Errorf("a number that nobody rents: %d", status)
	}
	if status, _, _ := b.post("/dev/carrier", url.Values{"number": {"+82 2 555 0160"}, "from": {"+82 10 1234 5678"}}); status != 200 {
		t.Errorf("a rented number: %d", status)
	}
	until(t, "it hung up on itself", func() bool {
		_, text := b.get("/dev/carrier")
		return strings.Contains(text, "was forwarded back to itself")
	})
	_, text := b.get("/dev/carrier")
	_, door, _ := strings.Cut(text, "Reach it by a trunk of your own")
	if !strings.Contains(door, "carrier.callisto.test") || !strings.Contains(door, "127.0.0.1:") || !strings.Contains(text, "+82 10 1234 5678") {
		t.Error("the way to it is not said")
	}
	_, host, _ := strings.Cut(door, "127.0.0.1:")
	host, _, _ = strings.Cut(host, "<")
	c := r.want(t, 201, op, "POST", "/api/v1/carriers", obj{"center": "KR", "name": "Wrong", "presents": "+82 2 555 0100", "trunks": []any{obj{"host": "127.0.0.1:" + host, "user": "callisto", "password": "not it"}}})
	if x := r.want(t, 200, op, "POST", "/api/v1/carriers/"+str(c.body, "id")+"/test", obj{"number": "+82 2 555 1234"}); str(x.body, "code") != "unproven" {
		t.Errorf("a wrong password: %s", x.raw)
	}
	if _, text := b.get("/dev/carrier"); !strings.Contains(text, "refused: wrong user or password") {
		t.Error("who was refused is not shown")
	}
}

// TestTheRatesPageSaysWhatHasNoPrice: in dev it is free.
func TestTheRatesPageSaysWhatHasNoPrice(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text := boss.get("/operator/carriers/members/rates"); !strings.Contains(text, "without a price is free") || !strings.Contains(text, "in callisto serve it is not connected") {
		t.Error("it is not said")
	}
}

// TestAPriceListStaysWhereItWasPasted, and is read by its heading.
func TestAPriceListStaysWhereItWasPasted(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	const at = "/operator/carriers/members/rates"
	if _, text := boss.get(at); !strings.Contains(text, "price of a minute in USD") || !strings.Contains(text, "8210,0.035") {
		t.Error("the format is not said")
	}
	wrong := "destination,code,rate\nKorea,82,$0.01\nKorea again,82,0.02\n"
	if status, text, _ := boss.post(at, url.Values{"csv": {wrong}}); status != 422 || !strings.Contains(text, "stands in line 2 already.") || !strings.Contains(text, "\nKorea again,82,0.02\n</textarea>") {
		t.Errorf("a list with a prefix twice: %d", status)
	}
	good := "destination,code,rate\nNorth America,1,$0.01\nCanada,1204,0.02 USD\n"
	if _, text, _ := boss.post(at, url.Values{"csv": {good}}); !strings.Contains(text, "2 new, 0 removed") || !strings.Contains(text, "United States, Canada, ") || !strings.Contains(text, "</bdi> Canada") || !strings.Contains(text, "1204,0.02,,1/1,,\n</textarea>") {
		t.Error("the list is not previewed")
	}
}

// TestUnknownFieldsAreRefused: what is misspelt is not lost without a word.
func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op := str(r.dev, "operator", "api_key")
	in := obj{"center": "KR", "name": "Seoul Tel", "presents": "+82 2 555 0100", "profile": "twilio", "trunks": []any{obj{"host": "127.0.0.1:9"}}}
	x := r.want(t, 422, op, "POST", "/api/v1/carriers", in)
	if !strings.Contains(str(x.body, "detail"), "There is no field “profile”") {
		t.Errorf("an unknown field: %s", x.raw)
	}
	delete(in, "profile")
	in["trunks"] = []any{obj{"host": "127.0.0.1:9", "pasword": "x"}}
	if x := r.want(t, 422, op, "POST", "/api/v1/carriers", in); !strings.Contains(x.raw, "pasword") {
		t.Errorf("one within: %s", x.raw)
	}
	in["trunks"] = []any{obj{"host": "127.0.0.1:9"}}
	delete(in, "presents")
	if x := r.want(t, 422, op, "POST", "/api/v1/carriers", in); !strings.Contains(x.raw, "Say which number our calls show there") {
		t.Errorf("no number to show: %s", x.raw)
	}
	for _, c := range []struct {
		method, path string
		body         obj
	}{ // what would give all of an invoice back, or let reminders go on
		{"POST", "/api/v1/invoices/2026-000001/credit_notes", obj{"ammount": obj{"currency": "USD", "micros": 10_000}, "reason": "Bad sound"}},
		{"POST", "/api/v1/invoices/2026-000001/write_off", obj{"note": "Bankrupt", "amount": "1.00"}},
		{"PUT", "/api/v1/accounts/acc_x/dunning", obj{"until": "2099-01-01", "note": "She called"}},
		{"PUT", "/api/v1/carriers/car_x/payee", obj{"name": "Berlin", "iban": "DE89370400440532013000", "swift": "COBADEFF"}},
		{"POST", "/api/v1/payments/inc_x/assign", obj{"account": "acc_x", "order": "ord_x"}},
		{"POST", "/api/v1/orders/ord_x/payments", obj{"method": "wallet", "currency": "KRW"}},
		{"POST", "/api/v1/carrier-statements/sta_x/remove", obj{"why": "Sent twice", "month": "2026-11"}},
	} {
		if x := r.want(t, 422, op, c.method, c.path, c.body); !strings.Contains(str(x.body, "detail"), "There is no field") {
			t.Errorf("%s %s: %s", c.method, c.path, x.raw)
		}
	}
}

// TestARentedNumberLeadsToItsHoldersPage, as his world number does.
func TestARentedNumberLeadsToItsHoldersPage(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 0, "api_key")
	id := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 201, key, "POST", "/api/v1/members/"+id+"/telephone_numbers", obj{"e164": "+8225550160"})
	b := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if _, _, at := b.post("/lines/"+id+"/publish", url.Values{"name": {"Minji the Potter"}, "web": {"https://minji.example"}}); at.Query().Get("done") == "" {
		t.Fatalf("nothing was published: %s", at)
	}
	for _, number := range []string{"+8225550160", "2555123482"} {
		if status, text := b.get("/n/" + number); status != 200 || !strings.Contains(text, "Minji the Potter") {
			t.Errorf("%s: %d", number, status)
		}
	}
	if status, _ := b.get("/n/+8225550161"); status != 404 {
		t.Errorf("a number that nobody rents: %d", status)
	}
}

// TestAnExplanationNamesEachCarrier, what it asks, and who was left out; an
// emergency call is not a question of price.
func TestAnExplanationNamesEachCarrier(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op := str(r.dev, "operator", "api_key")
	for name, rates := range map[string][]any{"Seoul Tel": {obj{"prefix": "82", "micros": 10_000}}, "Busan Tel": {obj{"prefix": "81", "micros": 1}}} {
		id := str(r.want(t, 201, op, "POST", "/api/v1/carriers", obj{"center": "KR", "name": name, "presents": "+82 2 555 0100", "trunks": []any{obj{"host": "127.0.0.1:9"}}}).body, "id")
		r.want(t, 204, op, "PUT", "/api/v1/carriers/"+id+"/rates", obj{"items": rates})
	}
	from := str(r.dev, "members", 0, "number")
	x := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": from, "to": "+82 10 9876 5432"})
	for _, want := range []string{"Seoul Tel asks 0.03 USD for three minutes.", "Test carrier has no price list: it comes after", "Busan Tel has no price for +821098765432: it is left out.", `"carrier_name":"Seoul Tel"`, `"host":"127.0.0.1:9"`} {
		if !strings.Contains(x.raw, want) {
			t.Errorf("%q is not in %s", want, x.raw)
		}
	}
	x = r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": from, "to": "911", "country": "US"})
	if str(x.body, "kind") != "emergency" || strings.Contains(x.raw, "cheapest") || !strings.Contains(x.raw, "has the trunk for emergency calls") {
		t.Errorf("an emergency call: %s", x.raw)
	}
	if x := r.want(t, 422, op, "POST", "/api/v1/routes/explain", obj{"from": "9 999 9999 82", "to": "911"}); !strings.Contains(x.raw, "No member has the number") {
		t.Errorf("nobody: %s", x.raw)
	}
	r.want(t, 403, str(r.dev, "members", 0, "api_key"), "POST", "/api/v1/routes/explain", obj{"from": "9 999 9999 82", "to": "911"})
}
