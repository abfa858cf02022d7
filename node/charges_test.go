package node_test

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/lab"
)

// priced sets what members pay a minute for calls to ordinary telephones.
func (r *running) priced(t *testing.T, micros int64) {
	t.Helper()
	op := str(r.dev, "operator", "api_key")
	r.want(t, 204, op, "PUT", "/api/v1/carriers/members/rates", obj{"items": []any{obj{"prefix": "", "micros": micros}}})
	r.want(t, 422, op, "PUT", "/api/v1/carriers/members/rates", obj{"rates": []any{}})
}

func micros(v any) int64 {
	f, _ := v.(float64)
	return int64(f)
}

func (r *running) has(t *testing.T, key string) int64 {
	t.Helper()
	return micros(at(r.want(t, 200, key, "GET", "/api/v1/wallet", nil).body, "balance", "micros"))
}

// TestACallIsCharged by the second, to the caller, once; it is in his history and
// the books are right.
func TestACallIsCharged(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 600_000)
	key := str(r.dev, "members", 0, "api_key")
	r.dials(t, r.phone(0), "+4930901820")
	if w := r.want(t, 200, key, "GET", "/api/v1/wallet", nil); micros(at(w.body, "available", "micros")) > micros(at(w.body, "balance", "micros")) {
		t.Errorf("more is available than there is: %s", w.raw)
	}
	var call map[string]any
	r.await(t, "the call in the history", func() bool {
		list, _ := at(r.want(t, 200, key, "GET", "/api/v1/calls", nil).body, "items").([]any)
		if len(list) != 1 {
			return false
		}
		call, _ = list[0].(map[string]any)
		return true
	})
	charge := micros(at(call, "charge", "micros"))
	if lasted, _ := at(call, "duration_seconds").(float64); charge != 10_000*int64(math.Ceil(lasted)) || charge == 0 {
		t.Errorf("at 0.60 a minute by the second: %v", call)
	}
	left := r.has(t, key)
	if left != 100_000_000-charge {
		t.Errorf("the wallet has %d", left)
	}
	lines := r.want(t, 200, key, "GET", "/api/v1/wallet/history", nil)
	if micros(at(lines.body, "items", 0, "amount", "micros")) != -charge || str(lines.body, "items", 0, "text") != "Call to +49 30 901820" {
		t.Errorf("the wallet's history: %s", lines.raw)
	}
	// Forwarded, it costs the one who has it so, and nobody else sees that.
	jun := str(r.dev, "members", 1, "api_key")
	line := str(r.want(t, 200, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, jun, "PUT", "/api/v1/members/"+line+"/forwarding", obj{"always": []any{"+82 2 555 6789"}})
	r.dials(t, r.phone(0), "755014282")
	r.await(t, "the charge of the forwarded call", func() bool { return r.has(t, jun) < 100_000_000 })
	if has := r.has(t, key); has != left {
		t.Errorf("the caller has %d, and had %d", has, left)
	}
	mine, his := r.want(t, 200, key, "GET", "/api/v1/calls", nil), r.want(t, 200, jun, "GET", "/api/v1/calls", nil)
	if micros(at(mine.body, "items", 0, "charge", "micros")) != 0 || micros(at(his.body, "items", 0, "charge", "micros")) != 100_000_000-r.has(t, jun) {
		t.Errorf("the caller sees %s, who forwards %s", mine.raw, his.raw)
	}
	holder := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	_, page := holder.get("/calls/" + str(his.body, "items", 0, "id"))
	for _, want := range []string{"You have your calls sent on to this number", "+82 2 555 6789", "No line of it names +8225556789", "Together, rounded half up"} {
		if !strings.Contains(page, want) {
			t.Errorf("who forwards does not read %q: %s", want, page)
		}
	}
	caller := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if _, page := caller.get("/calls/" + str(mine.body, "items", 0, "id")); strings.Contains(page, "555 6789") {
		t.Error("the caller reads where his call was sent on")
	}
}

// TestWhatComesAgainIsPaidOnce: a telephone that answers do not reach sends its
// INVITE and its BYE again, and hangs up once more when the call is over.
func TestWhatComesAgainIsPaidOnce(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 600_000)
	key := str(r.dev, "members", 0, "api_key")
	const calls = 10
	lab.SIPp{
		Scenario: scenarios + "caller-again.xml", Users: []lab.Member{r.phone(0)}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: calls, Rate: 20,
		Extra: func(int) string { return "+4930901820" },
	}.Run(t)
	var list []any
	r.await(t, "the calls in the history", func() bool {
		list, _ = at(r.want(t, 200, key, "GET", "/api/v1/calls?limit=100", nil).body, "items").([]any)
		return len(list) >= calls
	})
	var charged int64
	for _, x := range list {
		lasted, _ := at(x, "duration_seconds").(float64)
		charge := micros(at(x, "charge", "micros"))
		if charge != 10_000*int64(math.Ceil(lasted)) || charge == 0 {
			t.Errorf("at 0.60 a minute by the second: %v", x)
		}
		charged += charge
	}
	w := r.want(t, 200, key, "GET", "/api/v1/wallet", nil)
	if len(list) != calls || micros(at(w.body, "balance", "micros")) != 100_000_000-charged || micros(at(w.body, "held", "micros")) != 0 {
		t.Errorf("%d calls for %d: %s", len(list), charged, w.raw)
	}
	paid := 0
	lines, _ := at(r.want(t, 200, key, "GET", "/api/v1/wallet/history?limit=100", nil).body, "items").([]any)
	for _, l := range lines {
		if str(l, "kind") == "call" {
			paid++
		}
	}
	if paid != calls {
		t.Errorf("the wallet paid for %d calls", paid)
	}
}

// TestTheBooksAreChecked at the start, and the operator's page says how that went.
func TestTheBooksAreChecked(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	r.await(t, "the check of the books", func() bool {
		_, text := boss.get("/operator")
		return strings.Contains(text, "The books are right: ")
	})
}

// TestCallsEndWithTheMoney: fifty at once on 100.00 at 1.00 a second. What they
// cost is never more, each ends at most a second after what was held for it, and
// the rest are told that there is no money.
func TestCallsEndWithTheMoney(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 60_000_000)
	key := str(r.dev, "members", 0, "api_key")
	phone := r.phone(0)
	r.want(t, 200, str(r.dev, "operator", "api_key"), "GET", "/api/v1/carriers", nil)
	finished := lab.SIPp{
		Scenario: scenarios + "caller-cut.xml", Users: []lab.Member{phone}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 50, Rate: 50,
		Extra: func(int) string { return "+4930901820" },
	}.Begin(t)
	deadline := time.Now().Add(2 * time.Minute)
	for r.has(t, key) > 999_999 && time.Now().Before(deadline) {
		if has := r.has(t, key); has < 0 {
			t.Fatalf("the wallet has %d", has)
		}
	}
	finished()
	list, _ := at(r.want(t, 200, key, "GET", "/api/v1/calls?limit=100", nil).body, "items").([]any)
	var charged int64
	var talked float64
	for _, x := range list {
		charged += micros(at(x, "charge", "micros"))
		if s, _ := at(x, "seconds").(float64); s > 0 {
			talked += s
			if cost := micros(at(x, "charge", "micros")); s > float64(cost)/1e6+1 {
				t.Errorf("it was cut after %f seconds, and %d was held", s, cost)
			}
		}
	}
	if charged > 100_000_000 || charged+r.has(t, key) != 100_000_000 || len(list) != 50 {
		t.Errorf("%d calls, %f seconds, charged %d", len(list), talked, charged)
	}
}
