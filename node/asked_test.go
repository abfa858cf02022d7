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
