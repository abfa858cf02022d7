package node_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/lab"
)

// pressing is a caller from outside who presses keys.
type pressing struct {
	*running

	gateway netip.AddrPort
	carrier string
}

// pressing sets up a carrier of the United States and an access number that it
// brings.
func (r *running) pressing(t *testing.T) *pressing {
	t.Helper()
	p := &pressing{running: r, gateway: lab.FreePort(t, netip.MustParseAddr("127.0.0.1"))}
	op := str(r.dev, "operator", "api_key")
	p.carrier = str(r.want(t, 201, op, "POST", "/api/v1/carriers", obj{
		"center": "US", "name": "Chicago Tel", "presents": "+13125550100", "reach": []string{"*"},
		"trunks": []any{obj{"host": p.gateway.String(), "from": []string{p.gateway.String()}}},
	}).body, "id")
	r.want(t, 204, op, "PUT", "/api/v1/access-numbers/+13125550190", obj{"carrier": p.carrier})
	return p
}

const accessNumber = "+13125550190"

// calls has SIPp call the access number as a telephone, and press keys with
// pauses between: "keys/milliseconds". It hangs up at the end, unless we do.
func (p *pressing) calls(t *testing.T, from string, weHangUp bool, steps ...string) {
	t.Helper()
	p.callAtOnce(t, []string{from}, weHangUp, steps...)
}

// callAtOnce is the same of several telephones.
func (p *pressing) callAtOnce(t *testing.T, from []string, weHangUp bool, steps ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "lab", "testdata", "trunk-caller.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range steps {
		keys, pause, _ := strings.Cut(s, "/")
		fmt.Fprintf(&b, "  <nop><action><exec play_dtmf=%q/></action></nop>\n  <pause milliseconds=%q/>\n", keys, pause)
	}
	scenario := strings.Replace(string(text), `<pause milliseconds="300"/>`, `<pause milliseconds="600"/>`+"\n"+b.String(), 1)
	scenario = strings.Replace(scenario, "RTP/AVP 0\n", "RTP/AVP 0 96\n", 1)
	scenario = strings.Replace(scenario, "a=rtpmap:0 PCMU/8000\n", "a=rtpmap:0 PCMU/8000\na=rtpmap:96 telephone-event/8000\n", 1)
	if weHangUp {
		at := strings.Index(scenario, `<send retrans="500"><![CDATA[`+"\nBYE")
		scenario = scenario[:at] + `<recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`
	}
	file := filepath.Join(t.TempDir(), "press.xml")
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
	lab.SIPp{Scenario: rel, Users: make([]lab.Member, len(from)), Local: p.gateway, Remote: p.sipAt("US"), Calls: len(from), Rate: len(from),
		Extra: func(i int) string { return accessNumber + ";" + from[i] }}.Run(t)
}

// made waits for so many calls of a member and returns them, the latest first.
func (p *pressing) made(t *testing.T, key string, n int) []any {
	t.Helper()
	var list []any
	p.await(t, fmt.Sprintf("%d calls in the history", n), func() bool {
		list, _ = at(p.want(t, 200, key, "GET", "/api/v1/calls", nil).body, "items").([]any)
		return len(list) >= n
	})
	return list
}

// TestHeCallsFromAnyTelephone: known by the telephone that he has proved, he dials
// a number by keypad and its keys reach the other side; two # end that call, and he
// dials again, a number that is busy. Each is his own call, charged to him.
func TestHeCallsFromAnyTelephone(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 1, "api_key")
	p := r.pressing(t)
	r.proved(t, key, "+82 2 555 6789", "contact")
	r.priced(t, 600_000)
	r.want(t, 204, key, "PUT", "/api/v1/me/access", obj{"recognise": true, "ask_pin": false, "say_price": false, "ring_back": false, "password": str(r.dev, "members", 1, "password")})
	r.want(t, 204, key, "PUT", "/api/v1/me/short-numbers/1", obj{"to": "+82 2 555 0103"})
	r.want(t, 204, key, "PUT", "/api/v1/me/short-numbers/2", obj{"to": "+82 2 555 0486"})
	before := r.has(t, key)
	p.calls(t, "+8225556789", false, "1#/4000", "57/1800", "##/1800", "2#/3000")
	list := p.made(t, key, 2)
	if got := []string{str(list[1], "to"), str(list[1], "cause"), str(list[0], "to"), str(list[0], "cause")}; strings.Join(got, "|") != "+82 2 555 0103|normal|+82 2 555 0486|busy" {
		t.Errorf("his calls: %v", got)
	}
	charge := micros(at(list[1], "charge", "micros"))
	if charge == 0 || r.has(t, key) != before-charge || micros(at(list[0], "charge", "micros")) != 0 {
		t.Errorf("he had %d, has %d and was charged %d", before, r.has(t, key), charge)
	}
	op := str(r.dev, "operator", "api_key")
	p.await(t, "the call that came in, with both that were made from it", func() bool {
		raw := r.want(t, 200, op, "GET", "/api/v1/cdrs", nil).raw
		return strings.Contains(raw, `"side":"entry"`) && strings.Count(raw, `"kind":"access"`) == 2
	})
	if _, page := r.page(t, "/dev/carrier"); !strings.Contains(page, "57") {
		t.Error("the keys did not reach the other side")
	}

	// Elsewhere he presses his number and his PIN; who knows the way need not wait.
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if _, text, _ := jun.post("/access/pin", url.Values{"pin": {"271828"}}); !strings.Contains(text, "Saved.") {
		t.Errorf("the PIN is not set: %s", text)
	}
	p.calls(t, "+16465550199", false, "755014282#2718282#/12500")
	if list := p.made(t, key, 3); str(list[0], "to") != "+82 2 555 0486" || str(list[0], "cause") != "busy" {
		t.Errorf("by number and PIN he called %v", list[0])
	}
	if raw := r.want(t, 200, op, "GET", "/api/v1/cdrs", nil).raw; strings.Contains(raw, "27182") {
		t.Errorf("a record tells the PIN: %s", raw)
	}

	// He has himself rung and connected: whoever answers presses 1, and the one he
	// calls then hangs up after five seconds. Both calls are his.
	asks := obj{"number": "755 0142 82", "telephone": "+82 2 555 6789", "to": "+82 2 555 0104"}
	r.want(t, 403, str(r.dev, "members", 0, "api_key"), "POST", "/api/v1/me/call-back", asks)
	r.want(t, 403, key, "POST", "/api/v1/me/call-back", obj{"number": "755 0142 82", "telephone": "+82 2 555 7777", "to": "1"})
	r.want(t, 202, key, "POST", "/api/v1/me/call-back", asks)
	list = p.made(t, key, 4)
	if str(list[0], "to") != "+82 2 555 0104" || str(list[0], "cause") != "normal" || micros(at(list[0], "charge", "micros")) == 0 {
		t.Errorf("called back, he was connected with %v", list[0])
	}
	r.rang(t, "+8225556789", 2) // the proof, and now
}

// TestManyGuessPINs from ever new telephones: nobody is asked for one any more, and
// the operator reads of it.
func TestManyGuessPINs(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	p := r.pressing(t)
	staff := str(r.dev, "operator", "api_key")
	var id string
	told := func() bool {
		got := r.want(t, 200, staff, "GET", "/api/v1/alerts?kind=guesses", nil).body
		id = str(got, "items", 0, "id")
		return id != "" && str(got, "items", 0, "subject") == p.carrier
	}
	guesses := func(round int, steps ...string) {
		var from []string
		for i := range (pin.MostByCarrier + 2) / 3 {
			from = append(from, fmt.Sprintf("+164655%05d", 100*round+i))
		}
		p.callAtOnce(t, from, true, steps...)
	}
	// SIPp presses by the clock and does not hear when it is asked: on a slow machine
	// some of its keys come too early and are thrown away, so more telephones try. They
	// try once, for whoever is hung up on while SIPp waits to press is a failure to it.
	guesses(0, "999#111111#/9000", "999#111111#/9000", "999#111111#/100")
	for round := 1; round < 6 && !told(); round++ {
		guesses(round, "999#111111#/100")
	}
	r.await(t, "the alert", told)
	r.await(t, "the letter", func() bool {
		text := r.mails(t, str(r.dev, "operator", "email"))
		return strings.Contains(text, "/operator/alerts/"+id) && strings.Contains(text, "Chicago Tel")
	})
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text := boss.get("/operator/alerts/" + id); !strings.Contains(text, "Somebody tries PINs") || strings.Contains(text, "/operator/members/"+p.carrier) {
		t.Errorf("the alert says %s", text)
	}
	if _, text := boss.get("/operator/alerts"); !strings.Contains(text, "50 wrong PINs by one carrier") {
		t.Error("the page does not say when there is one")
	}
}
