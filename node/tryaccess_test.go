package node_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/lab"
)

// TestAnAccessNumberIsTriedInDev: the sample company has some, the test carrier
// calls one, presses number and PIN, and hears what is said; a member's own telephone
// is answered here, free, and known.
func TestAnAccessNumberIsTriedInDev(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 1, "api_key")
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	_, page := jun.get("/access")
	for _, want := range []string{"+82 2 555 0190", "+1 312 555 0190", "/dev/carrier?number=", "/proofs/new?number=%2B8225556789&amp;purpose=contact"} {
		if !strings.Contains(page, want) {
			t.Errorf("/access does not have %q", want)
		}
	}
	if status, text, _ := jun.post("/access/pin", url.Values{"pin": {"271828"}}); !strings.Contains(text, "Saved.") {
		t.Fatalf("the PIN is not set: %d", status)
	}
	calls := func(from, keys string, heard ...string) {
		t.Helper()
		if status, _, _ := jun.post("/dev/carrier", url.Values{"number": {"+82 2 555 0190"}, "from": {from}, "keys": {keys}}); status != 200 {
			t.Fatalf("calling with %s: %d", keys, status)
		}
		r.await(t, "what is heard after "+keys, func() bool {
			_, page := jun.get("/dev/carrier")
			for _, want := range heard {
				if !strings.Contains(page, want) {
					return false
				}
			}
			return true
		})
	}
	calls("+82 10 1234 5678", "999#111111#", "pressed:", "999#111111#")
	calls("+82 10 1234 5678", "755014282#271828#025550486#", "755014282#271828#025550486#", "+82 2 555 0486")
	calls("+82 10 1234 5678", "755014282#271828#*56#", "부재중 전화가 없습니다.")
	_, page = jun.get("/dev/carrier")
	for _, want := range []string{"번호를 누르고 우물 정자를 누르세요.", "비밀번호를 누르세요.", "맞지 않습니다."} { // as the access number of Korea speaks
		if !strings.Contains(page, want) {
			t.Errorf("it was not told %q", want)
		}
	}
	r.await(t, "the call that was made from there", func() bool {
		list := r.want(t, 200, key, "GET", "/api/v1/calls", nil)
		return str(list.body, "items", 0, "to") == "+82 2 555 0486" && str(list.body, "items", 0, "cause") == "busy"
	})
	for _, wrong := range []url.Values{{"number": {"+82 2 555 0190"}, "from": {"+82 10 1234 5678"}, "keys": {"12A"}}, {"number": {"+82 2 555 0191"}, "from": {"+82 10 1234 5678"}}} {
		if status, text, _ := jun.post("/dev/carrier", wrong); status < 400 || status > 499 || !strings.Contains(text, `role="alert"`) {
			t.Errorf("%v: %d", wrong, status)
		}
	}

	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	for _, path := range []string{"/operator/access", "/operator/telephones"} {
		if _, text := boss.get(path); !strings.Contains(text, "<bdi>Test carrier US</bdi>") || !strings.Contains(text, "<bdi>Test carrier KR</bdi>") {
			t.Errorf("%s does not tell the test carriers of two countries apart", path)
		}
	}

	asked := r.want(t, 200, key, "POST", "/api/v1/routes/explain", obj{"from": "755 0142 82", "to": "+1 312 555 0190"})
	if str(asked.body, "kind") != "feature" || str(asked.body, "code") != "access_number" || !strings.Contains(asked.raw, "the house itself answers") {
		t.Errorf("explained as %s", asked.raw)
	}
	r.want(t, 204, key, "PUT", "/api/v1/me/short-numbers/2", obj{"to": "+82 2 555 0486"})
	r.dialsAndPresses(t, r.phone(1), "+13125550190", "2#")
	op := str(r.dev, "operator", "api_key")
	var call, menu any
	r.await(t, "the records of his own call and of that from there", func() bool {
		call, menu = nil, nil
		list, _ := at(r.want(t, 200, op, "GET", "/api/v1/cdrs", nil).body, "items").([]any)
		for _, x := range list {
			switch {
			case str(x, "dialled") == "+13125550190" && str(x, "side") == "origin":
				menu = x
			case str(x, "dialled") == "+8225550486":
				call = x
			}
		}
		return call != nil && menu != nil
	})
	if str(menu, "from") != "755 0142 82" || str(menu, "cause") != "normal" || at(menu, "legs") != nil || at(menu, "charge") != nil {
		t.Errorf("his own call went out, or cost: %v", menu)
	}
	if str(call, "to") != "+82 2 555 0486" || str(call, "cause") != "busy" || str(call, "legs", 0, "kind") != "access" || str(call, "legs", 0, "number") != "755 0142 82" {
		t.Errorf("the call from there: %v", call)
	}
}

// dialsAndPresses has a telephone of Korea call and press keys, once it has heard all
// there is to hear.
func (r *running) dialsAndPresses(t *testing.T, from lab.Member, number, keys string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "lab", "testdata", "caller.xml"))
	if err != nil {
		t.Fatal(err)
	}
	presses := fmt.Sprintf(`<pause milliseconds="10000"/><nop><action><exec play_dtmf=%q/></action></nop><pause milliseconds="8000"/>`, keys)
	scenario := strings.NewReplacer(`<pause milliseconds="300"/>`, presses, "RTP/AVP 0 101", "RTP/AVP 0 96", "rtpmap:101 ", "rtpmap:96 ").Replace(string(text))
	file := filepath.Join(t.TempDir(), "presses.xml")
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(here, file)
	if err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddr("127.0.0.1")
	lab.SIPp{Scenario: rel, Users: []lab.Member{from}, Local: lab.FreePort(t, local), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return number }, Args: []string{"-mp", strconv.Itoa(int(lab.FreePort(t, local).Port()))}}.Run(t)
}
