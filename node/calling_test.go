package node_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/lab"
)

// phone is a sample member's telephone, played by SIPp.
func (r *running) phone(i int) lab.Member {
	return lab.Member{User: str(r.dev, "members", i, "sip_user"), Password: str(r.dev, "members", i, "sip_password")}
}

// sipAt is where telephones of a country register.
func (r *running) sipAt(country string) netip.AddrPort {
	return netip.MustParseAddrPort(str(r.dev, "centers", country, "sip"))
}

const scenarios = "../../lab/testdata/" // lab looks in the folder testdata of the package

// dials has a telephone of Korea call, answered or the test fails.
func (r *running) dials(t *testing.T, from lab.Member, number string) {
	t.Helper()
	lab.SIPp{Scenario: scenarios + "caller.xml", Users: []lab.Member{from}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return number }}.Run(t)
}

// answers registers a telephone that does what a scenario says.
func (r *running) answers(t *testing.T, m lab.Member, scenario string, args ...string) {
	t.Helper()
	local := netip.MustParseAddr("127.0.0.1")
	at := lab.FreePort(t, local)
	lab.SIPp{Scenario: scenarios + scenario, Users: []lab.Member{m}, Local: at, Remote: r.sipAt("KR"), Calls: 1, Rate: 1, Args: args}.Serve(t)
	lab.SIPp{Scenario: scenarios + "register.xml", Users: []lab.Member{m}, Local: lab.FreePort(t, local), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return at.String() }}.Run(t)
}

// rang fails the test unless the test carrier was called at a number.
func (r *running) rang(t *testing.T, number string, times int) {
	t.Helper()
	_, page := r.page(t, "/dev/carrier")
	if got := strings.Count(strings.ReplaceAll(page, " ", ""), number+"</bdi>"); got != times {
		t.Errorf("the test carrier rang %s %d times, want %d", number, got, times)
	}
}

// TestCallsRingOn: over SIP, to the test carrier: when the member is nowhere
// (which needs no choice), busy, does not answer, and always.
func TestCallsRingOn(t *testing.T) {
	r := start(t, t.TempDir())
	minji, jun := r.phone(0), r.phone(1)
	key := str(r.dev, "members", 1, "api_key")
	line := r.want(t, 200, key, "GET", "/api/v1/members", nil)
	id := str(line.body, "items", 0, "id")
	if got := str(line.body, "items", 0, "forwarding", "unreachable", 0); got != "+8225556789" {
		t.Fatalf("unless he chooses, calls ring on at %q: %s", got, line.raw)
	}
	forward := "/api/v1/members/" + id + "/forwarding"
	called := func() { t.Helper(); r.dials(t, minji, "755014282") }

	called() // nowhere
	r.rang(t, "+8225556789", 1)
	r.answers(t, jun, "called.xml")
	called() // he answers
	r.rang(t, "+8225556789", 1)
	r.want(t, 200, key, "PUT", forward, obj{"busy": []string{"+82 2 555 6789"}})
	r.answers(t, jun, "gateway-busy.xml")
	called()
	r.rang(t, "+8225556789", 2)
	r.want(t, 200, key, "PUT", forward, obj{"no_answer": []string{"+82 2 555 6789"}, "after_seconds": 5})
	r.answers(t, jun, "rings.xml")
	began := time.Now()
	called()
	if waited := time.Since(began); waited < 5*time.Second || waited > 15*time.Second {
		t.Errorf("it rang on after %s", waited)
	}
	r.rang(t, "+8225556789", 3)
	r.want(t, 200, key, "PUT", forward, obj{"always": []string{"+82 2 555 6789"}})
	called()
	r.rang(t, "+8225556789", 4)

	r.want(t, 422, key, "PUT", forward, obj{"always": []string{"+82 2 555 0000"}})
	r.want(t, 422, key, "PUT", forward, obj{"after_seconds": 3})
	r.want(t, 404, str(r.dev, "members", 2, "api_key"), "PUT", forward, obj{})
	if got := r.want(t, 200, key, "GET", "/api/v1/members/"+id, nil); str(got.body, "forwarding", "always", 0) != "+8225556789" {
		t.Errorf("after wrong changes: %s", got.raw)
	}
}

// TestAnOwnTelephoneRingsBeforeItIsRegistered: the number is sold, and calls to
// it go to the telephone it is (M1).
func TestAnOwnTelephoneRingsBeforeItIsRegistered(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 2, "api_key")
	r.proved(t, key, "+82 2 316 1234", "own_phone")
	o := r.want(t, 201, key, "POST", "/api/v1/orders", obj{"kind": "individual", "country": "KR", "national": "23161234"})
	r.want(t, 200, key, "POST", "/api/v1/orders/"+str(o.body, "id")+"/select", nil)
	r.want(t, 200, key, "POST", "/api/v1/orders/"+str(o.body, "id")+"/payments", obj{"method": "wallet"})
	r.dials(t, r.phone(0), "2316123482")
	r.rang(t, "+8223161234", 2) // the proof, and the call
}

// trunk has the operator set a carrier up whose calls come from a port, and
// returns its id and a function by which it calls.
func (r *running) trunk(t *testing.T) (id string, calls func(called, caller string)) {
	t.Helper()
	gateway := lab.FreePort(t, netip.MustParseAddr("127.0.0.1"))
	made := r.want(t, 201, str(r.dev, "operator", "api_key"), "POST", "/api/v1/carriers", obj{
		"center": "US", "name": "Chicago Tel", "presents": "+13125550100", "reach": []string{"*"},
		"trunks": []any{obj{"host": gateway.String(), "from": []string{gateway.String()}}},
	})
	return str(made.body, "id"), func(called, caller string) {
		t.Helper()
		lab.SIPp{Scenario: scenarios + "trunk-caller.xml", Users: make([]lab.Member, 1), Local: gateway, Remote: r.sipAt("US"), Calls: 1, Rate: 1,
			Extra: func(int) string { return called + ";" + caller }}.Run(t)
	}
}

// TestHeIsKnownByHisTelephone: a call from a proved contact telephone comes in
// as the member's, and from one that is not proved as a stranger's.
func TestHeIsKnownByHisTelephone(t *testing.T) {
	r := start(t, t.TempDir())
	key, minji := str(r.dev, "members", 1, "api_key"), str(r.dev, "members", 0, "api_key")
	_, calls := r.trunk(t)
	from := func(want string) {
		t.Helper()
		r.answers(t, r.phone(0), "called.xml")
		calls("+8225551234", "+8225556789")
		until(t, "the call is in the history as from "+want, func() bool {
			return str(r.want(t, 200, minji, "GET", "/api/v1/calls", nil).body, "items", 0, "from") == want
		})
	}
	from("+82 2 555 6789")
	r.proved(t, key, "+82 2 555 6789", "contact")
	from("755 0142 82")
	line := r.want(t, 200, key, "GET", "/api/v1/members", nil)
	r.want(t, 200, key, "PATCH", "/api/v1/members/"+str(line.body, "items", 0, "id"), obj{"contact_pstn": "+82 2 555 7777"})
	from("+82 2 555 6789")
}

// TestTheNumberIsWithheld as a rule, and shown in one call.
func TestTheNumberIsWithheld(t *testing.T) {
	r := start(t, t.TempDir())
	key, jun := str(r.dev, "members", 0, "api_key"), str(r.dev, "members", 1, "api_key")
	line := r.want(t, 200, key, "GET", "/api/v1/members", nil)
	r.want(t, 200, key, "PUT", "/api/v1/members/"+str(line.body, "items", 0, "id")+"/caller_id", obj{"withhold": true})
	r.want(t, 200, jun, "PUT", "/api/v1/members/"+str(r.want(t, 200, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id")+"/forwarding", obj{})
	for dialled, x := range map[string][2]string{"755014282": {"From: .Anonymous. <sip:anonymous@anonymous.invalid>", "2555123482"}, "*82755014282": {"From: .*2555123482@", "nonymous"}} {
		r.answers(t, r.phone(1), "gateway-sees.xml", "-key", "see", x[0], "-key", "unseen", x[1])
		r.dials(t, r.phone(0), dialled)
		r.await(t, "the history", func() bool {
			list := r.want(t, 200, jun, "GET", "/api/v1/calls", nil)
			if len(at(list.body, "items").([]any)) == 0 || str(list.body, "items", 0, "direction") != "in" {
				return false
			}
			return (str(list.body, "items", 0, "from") == "") == (dialled == "755014282")
		})
		if mine := r.want(t, 200, key, "GET", "/api/v1/calls", nil); str(mine.body, "items", 0, "from") == "" {
			t.Errorf("the caller does not know his own call: %s", mine.raw)
		}
	}
	r.want(t, 422, key, "PUT", "/api/v1/members/"+str(line.body, "items", 0, "id")+"/caller_id", obj{"shows": "+8225550111"})
}

// TestHisMotherRingsHim: the operator puts a carrier's telephone numbers into
// stock, a member rents one, and a call to it by that carrier rings his
// telephone; by another carrier it does not. His own calls show it if he likes.
func TestHisMotherRingsHim(t *testing.T) {
	r := start(t, t.TempDir())
	op, jun := str(r.dev, "operator", "api_key"), str(r.dev, "members", 1, "api_key")
	id, calls := r.trunk(t)
	r.want(t, 204, op, "POST", "/api/v1/telephone_numbers/stock", obj{"carrier": id, "numbers": []any{obj{"e164": "+1 312 555 0170", "area": "Chicago", "setup_micros": 0, "yearly_micros": 12_000_000}}})
	r.want(t, 403, jun, "POST", "/api/v1/telephone_numbers/stock", obj{"carrier": id, "numbers": []any{obj{"e164": "+13125550171", "setup_micros": 0, "yearly_micros": 0}}})
	r.want(t, 422, op, "POST", "/api/v1/telephone_numbers/stock", obj{"carrier": id, "numbers": []any{obj{"e164": "+1 312", "setup_micros": 0, "yearly_micros": 0}}})
	if offered := r.want(t, 200, "", "GET", "/api/v1/telephone_numbers?country=US&limit=200", nil); !strings.Contains(offered.raw, "+13125550170") {
		t.Fatalf("on offer: %s", offered.raw)
	}
	line := str(r.want(t, 200, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	rented := r.want(t, 201, jun, "POST", "/api/v1/members/"+line+"/telephone_numbers", obj{"e164": "+13125550170"})
	if str(rented.body, "state") != "rented" || str(rented.body, "number") != "755 0142 82" {
		t.Errorf("rented: %s", rented.raw)
	}
	r.want(t, 409, str(r.dev, "members", 0, "api_key"), "POST", "/api/v1/members/"+str(r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/members", nil).body, "items", 0, "id")+"/telephone_numbers", obj{"e164": "+13125550170"})
	r.answers(t, r.phone(1), "gateway-sees.xml", "-key", "see", "From: .*[+]16465550199", "-key", "unseen", "anonymous")
	calls("+13125550170", "+16465550199")

	r.want(t, 200, jun, "PUT", "/api/v1/members/"+line+"/caller_id", obj{"shows": "+1 312 555 0170"})
	explained := r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": "755 0142 82", "to": "+82 2 555 4321"})
	if str(explained.body, "legs", 0, "shows") != "+13125550170" {
		t.Errorf("his calls show: %s", explained.raw)
	}
	r.want(t, 204, jun, "DELETE", "/api/v1/members/"+line+"/telephone_numbers/+13125550170", nil)
	explained = r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": "755 0142 82", "to": "+82 2 555 4321"})
	if str(explained.body, "legs", 0, "shows") == "+13125550170" {
		t.Errorf("let go, it is still shown: %s", explained.raw)
	}
}

// TestTheDialFieldSaysWhoItIs: the name and the site that a number publishes,
// what time it is there and what a call costs, before anybody dials; in words
// where it cannot be called.
func TestTheDialFieldSaysWhoItIs(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	minji := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	key, id := str(r.dev, "members", 2, "api_key"), ""
	id = str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, key, "PUT", "/api/v1/members/"+id+"/published", obj{"name": "Ada's Workshop", "web": "https://ada.example"})
	ada := str(r.dev, "members", 2, "number")
	for to, want := range map[string][]string{
		ada:                      {"Ada&#39;s Workshop", "United States", "there", "free", `href="/go/`, `href="tel:`},
		"+49 30 901820":          {"An ordinary telephone", "+49 30 901820", "Germany", "there"},
		"755 0142 82":            {"A number of ours", "South Korea"},
		"1":                      {"It cannot be dialled", `class="say"`},
		strings.Repeat("1", 201): {"too long"},
	} {
		status, text := minji.get("/calls?to=" + url.QueryEscape(to))
		for _, w := range want {
			if status != 200 || !strings.Contains(text, w) {
				t.Errorf("%s: %d, and the page lacks %q", to, status, w)
			}
		}
	}
	// The page's telephone is given a number alone, and an address of others' as it is linked, whatever was typed.
	for to, want := range map[string]string{
		"ann@tel.example": "sip:ann@tel.example\"", "sips:a%40b@tel.example:5061?Subject=x": "sips:a%40b@tel.example:5061\"",
		"ann@t\u0435l.example": "sip:ann@xn--tl-nlc.example\"", "tel:+12025550143": "tel:+12025550143\"", "+49 30 901820": "tel:+4930901820\"",
	} {
		if _, text := minji.get("/calls?to=" + url.QueryEscape(to)); !strings.Contains(text, `href="`+want) {
			t.Errorf("%s leads elsewhere than to %s", to, want)
		}
	}
	if _, text := minji.get("/calls?to=1"); strings.Contains(text, `href="tel:`) {
		t.Error("what cannot be dialled is offered to be called")
	}
}
