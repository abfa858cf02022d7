package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

var tables storetest.Folder //nolint:gochecknoglobals // of every data folder, made once

// running is a node of the test's own, on free ports.
type running struct {
	*node.Node
	dir  string
	base string
	dev  map[string]any
	stop func()
}

func start(t *testing.T, dir string) *running {
	t.Helper()
	return startWith(t, dir, func(*config.Config) {})
}

// startWith starts a node that has more set than `callisto dev`.
func startWith(t *testing.T, dir string, set func(*config.Config)) *running {
	t.Helper()
	tables.In(t, dir)
	cfg, err := config.Dev(dir, "127.0.0.1:0", "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	set(&cfg)
	n, err := node.New(t.Context(), cfg, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
			if err := n.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	select {
	case <-n.Ready():
	case err := <-ended:
		ended <- err
		t.Fatalf("the node ended before it was ready: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the node is not ready after a minute")
	}
	r := &running{Node: n, dir: dir, base: "http://" + n.HTTPAddr(), stop: stop}
	text, err := os.ReadFile(filepath.Join(dir, "dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r.dev); err != nil {
		t.Fatal(err)
	}
	return r
}

// obj and at read an answer without a type for each.
type obj = map[string]any

func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(obj)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func str(v any, path ...any) string { s, _ := at(v, path...).(string); return s }

type answer struct {
	status int
	header http.Header
	body   obj
	raw    string
}

func (r *running) call(t *testing.T, key, method, path string, body any, headers ...string) answer {
	t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, r.base+path, in)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body)
	return a
}

func (r *running) want(t *testing.T, status int, key, method, path string, body any, headers ...string) answer {
	t.Helper()
	a := r.call(t, key, method, path, body, headers...)
	if a.status != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.raw)
	}
	return a
}

func TestDevFileIsWhatTheContractSays(t *testing.T) {
	r := start(t, t.TempDir())
	r.want(t, 200, "", "GET", "/readyz", nil)
	r.want(t, 200, "", "GET", "/healthz", nil)
	countries := map[string]int{}
	members, _ := r.dev["members"].([]any)
	for _, m := range members {
		for _, k := range []string{"name", "email", "password", "number", "e164", "country", "sip_user", "sip_password", "api_key"} {
			if str(m, k) == "" {
				t.Errorf("%s of %s is empty", k, str(m, "name"))
			}
		}
		countries[str(m, "country")]++
		if got := r.want(t, 200, str(m, "api_key"), "GET", "/api/v1/wallet", nil); at(got.body, "balance", "micros") != 100e6 {
			t.Errorf("%s has %v", str(m, "name"), got.body)
		}
	}
	if countries["KR"] < 2 || countries["US"] < 2 {
		t.Errorf("members by country: %v", countries)
	}
	if str(r.dev, "members", 0, "number") != "2 555 1234 82" || str(r.dev, "members", 0, "sip_user") != "2555123482-1" {
		t.Errorf("the first member is %v", members[0])
	}
	if str(r.dev, "company", "number") != "5550100#82" || str(r.dev, "operator", "api_key") == "" {
		t.Errorf("company %v, operator %v", r.dev["company"], r.dev["operator"])
	}
	if at(r.dev, "centers", "KR") == nil || at(r.dev, "centers", "US") == nil {
		t.Errorf("centers: %v", r.dev["centers"])
	}
}

func TestTheSameFolderKeepsItsMembers(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	for _, e164 := range []string{"+8225550190", "+13125550190"} {
		first.want(t, 204, str(first.dev, "operator", "api_key"), "DELETE", "/api/v1/access-numbers/"+e164, nil)
	}
	first.stop()
	second := start(t, dir)
	if list := second.want(t, 200, str(second.dev, "operator", "api_key"), "GET", "/api/v1/access-numbers", nil); strings.Contains(list.raw, "e164") {
		t.Errorf("access numbers that were removed are there again: %s", list.raw)
	}
	for _, k := range []string{"company", "operator"} {
		a, b := first.dev[k], second.dev[k]
		delete(a.(obj), "sip_domain")
		delete(b.(obj), "sip_domain")
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s changed over a restart: %v, %v", k, a, b)
		}
	}
	for i, m := range first.dev["members"].([]any) {
		for _, k := range []string{"password", "number", "sip_user", "sip_password", "api_key"} {
			if str(m, k) != str(second.dev, "members", i, k) {
				t.Errorf("%s of %s changed over a restart", k, str(m, "name"))
			}
		}
	}
	second.want(t, 200, str(second.dev, "members", 0, "api_key"), "GET", "/api/v1/me", nil)
	if got := second.want(t, 200, str(second.dev, "members", 0, "api_key"), "GET", "/api/v1/wallet", nil); at(got.body, "balance", "micros") != 100e6 {
		t.Errorf("the credit was given again: %v", got.body)
	}
}

func TestABadStartGivesOneLine(t *testing.T) {
	r := start(t, t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, data, http, db, want string }{
		{"port in use", t.TempDir(), taken.Addr().String(), "", "is taken by"},
		{"folder is a file", filepath.Join(file, "sub"), "127.0.0.1:0", "", "cannot make the folder"},
		{"folder in use", r.dir, "127.0.0.1:0", "", "used by another callisto"},
		{"no database", t.TempDir(), "127.0.0.1:0", "postgres://nobody:secret@127.0.0.1:1/none", "127.0.0.1"},
	} {
		cfg, err := config.Dev(c.data, c.http, "127.0.0.1:0", c.db)
		if err != nil {
			t.Fatal(err)
		}
		n, err := node.New(t.Context(), cfg, node.Options{})
		if err == nil {
			_ = n.Close()
			t.Errorf("%s: started", c.name)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, "\n") || strings.Contains(text, "secret") {
			t.Errorf("%s: %q, want one line with %q and no password", c.name, text, c.want)
		}
	}
	r.want(t, 200, "", "GET", "/readyz", nil)
}

func TestTheBookIsRightWhileTheNodeRuns(t *testing.T) {
	r := start(t, t.TempDir())
	report, err := node.VerifyLedger(t.Context(), r.dir, "")
	if err != nil || !report.OK() || report.Postings < 6 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := node.VerifyLedger(t.Context(), filepath.Join(r.dir, "nowhere"), ""); err == nil {
		t.Error("a folder that is not there was verified")
	}
}

func TestASaleThroughTheAPI(t *testing.T) {
	r := start(t, t.TempDir())
	up := r.want(t, 201, "", "POST", "/api/v1/accounts", obj{"name": "Ana", "email": "ana@callisto.example", "password": "a long enough one", "country": "US"})
	key := str(up.body, "api_key")
	if got := r.want(t, 200, key, "GET", "/api/v1/wallet", nil); at(got.body, "balance", "micros") != 50e6 || str(got.body, "balance", "currency") != "USD" {
		t.Errorf("a new account has %s", got.raw)
	}
	found := r.want(t, 200, "", "GET", "/api/v1/numbers?country=KR&kind=individual&contains=42&limit=3", nil)
	if n := len(at(found.body, "items").([]any)); n != 3 || str(found.body, "next") == "" {
		t.Fatalf("%d items: %s", n, found.raw)
	}
	more := r.want(t, 200, "", "GET", "/api/v1/numbers?country=82&contains=42&limit=3&cursor="+str(found.body, "next"), nil)
	if str(more.body, "items", 0, "number") == str(found.body, "items", 0, "number") {
		t.Error("the second page is the first")
	}
	national := str(found.body, "items", 0, "national")
	ask := obj{"kind": "individual", "country": "KR", "national": national}
	order := r.want(t, 201, key, "POST", "/api/v1/orders", ask, "Idempotency-Key", "one")
	if str(order.body, "state") != "approved" || str(order.body, "held_until") == "" || str(order.body, "number") != str(found.body, "items", 0, "number") {
		t.Fatalf("the order is %s", order.raw)
	}
	again := r.want(t, 201, key, "POST", "/api/v1/orders", ask, "Idempotency-Key", "one")
	if again.raw != order.raw || again.header.Get("Idempotent-Replay") != "true" {
		t.Errorf("the same key and body: %s", again.raw)
	}
	r.want(t, 422, key, "POST", "/api/v1/orders", obj{"kind": "company"}, "Idempotency-Key", "one")
	r.want(t, 400, key, "POST", "/api/v1/orders", ask, "Idempotency-Key", "caf\xe9")
	held := r.want(t, 201, key, "POST", "/api/v1/orders", ask) // without a key, also its holder hears “held”
	if str(held.body, "state") != "rejected" || str(held.body, "reason", "code") != "held" || str(held.body, "reason", "text") == "" {
		t.Errorf("a held number: %s", held.raw)
	}
	id := str(order.body, "id")
	selected := r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/select", nil)
	if str(selected.body, "state") != "awaiting_payment" || str(selected.body, "approval", "approved_at") == "" || at(selected.body, "amount_due", "micros") == nil {
		t.Errorf("the final selection: %s", selected.raw)
	}
	r.want(t, 503, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "card"})
	r.want(t, 422, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "shells"})
	paid := r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
	if str(paid.body, "state") != "sold" {
		t.Errorf("paid: %s", paid.raw)
	}
	events := r.want(t, 200, key, "GET", "/api/v1/orders/"+id+"/events", nil)
	states := ""
	for i := range at(events.body, "items").([]any) {
		states += str(events.body, "items", i, "state") + " "
	}
	if !strings.HasPrefix(states, "requested approved ") || !strings.HasSuffix(states, "paid sold ") {
		t.Errorf("the steps are %s", states)
	}

	wrong := r.want(t, 422, key, "POST", "/api/v1/members", obj{"order_id": id, "name": "", "email": "no", "country": "Mars"})
	fields := map[string]bool{}
	for i := range at(wrong.body, "errors").([]any) {
		fields[str(wrong.body, "errors", i, "field")] = true
	}
	for _, f := range []string{"name", "email", "country", "time_zone"} {
		if !fields[f] {
			t.Errorf("no word about %s: %s", f, wrong.raw)
		}
	}
	if ct := wrong.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("a problem is %s", ct)
	}
	line := r.want(t, 201, key, "POST", "/api/v1/members", obj{
		"order_id": id, "contact_pstn": "+82 2 312 3456", "name": "Ana", "country": "US", "languages": []string{"es"}, "email": "ana@callisto.example", "time_zone": "America/Chicago",
	})
	if str(line.body, "sip_user") == "" || str(line.body, "sip_password") == "" {
		t.Errorf("the registration: %s", line.raw)
	}
	r.rings(t, key, line)
}

// rings checks that the new number is known to routing at once.
func (r *running) rings(t *testing.T, key string, line answer) {
	t.Helper()
	ask := obj{"from": str(line.body, "number"), "to": "2 555 1234 82", "country": "US"}
	got := r.want(t, 200, key, "POST", "/api/v1/routes/explain", ask)
	if str(got.body, "kind") != "onnet" || str(got.body, "number") != "2 555 1234 82" || str(got.body, "center") != "KR" || at(got.body, "price", "per_seconds") == nil {
		t.Errorf("explain: %s", got.raw)
	}
	minji := str(r.dev, "members", 0, "api_key")
	for to, kind := range map[string]string{str(line.body, "number"): "onnet", "112": "emergency", "*97": "feature", "5550100": "onnet", "999999999999": "none"} {
		got := r.want(t, 200, minji, "POST", "/api/v1/routes/explain", obj{"from": "2 555 1234 82", "to": to, "country": "KR"})
		if str(got.body, "kind") != kind {
			t.Errorf("%s is %s, want %s: %s", to, str(got.body, "kind"), kind, got.raw)
		}
	}
	devices := r.want(t, 200, key, "GET", "/api/v1/members/"+str(line.body, "id")+"/devices", nil)
	r.want(t, 204, key, "DELETE", "/api/v1/devices/"+str(devices.body, "items", 0, "id"), nil)
}

func TestNothingIsSaidOfOthers(t *testing.T) {
	r := start(t, t.TempDir())
	ada, minji := str(r.dev, "members", 2, "api_key"), str(r.dev, "members", 0, "api_key")
	orders := r.want(t, 200, minji, "GET", "/api/v1/orders", nil)
	id := str(orders.body, "items", 0, "id")
	members := r.want(t, 200, minji, "GET", "/api/v1/members", nil)
	mem := str(members.body, "items", 0, "id")
	anonymous := strings.NewReplacer(id, "", mem, "", "ord_0000000000000000", "", "mem_0000000000000000", "")
	for _, c := range []struct {
		method, mine, nobodys string
		body                  any
	}{
		{"GET", "/api/v1/orders/" + id, "/api/v1/orders/ord_0000000000000000", nil},
		{"POST", "/api/v1/orders/" + id + "/select", "/api/v1/orders/ord_0000000000000000/select", nil},
		{"GET", "/api/v1/members/" + mem, "/api/v1/members/mem_0000000000000000", nil},
		{"GET", "/api/v1/members/" + mem + "/devices", "/api/v1/members/mem_0000000000000000/devices", nil},
	} {
		a, b := r.call(t, ada, c.method, c.mine, c.body), r.call(t, ada, c.method, c.nobodys, c.body)
		if a.status != b.status || a.status < 400 || anonymous.Replace(a.raw) != anonymous.Replace(b.raw) {
			t.Errorf("%s %s tells somebody else's from nobody's: %d %s, %d %s", c.method, c.mine, a.status, a.raw, b.status, b.raw)
		}
	}
	a := r.call(t, ada, "POST", "/api/v1/routes/explain", obj{"from": "2 555 1234 82", "to": "112"})
	b := r.call(t, ada, "POST", "/api/v1/routes/explain", obj{"from": "2 555 1235 82", "to": "112"})
	if a.status != 403 || strings.ReplaceAll(a.raw, "1234", "1235") != b.raw {
		t.Errorf("explain tells who exists: %s, %s", a.raw, b.raw)
	}
	none, bad := r.call(t, "", "GET", "/api/v1/me", nil), r.call(t, "ck_wrong", "GET", "/api/v1/me", nil)
	if none.status != 401 || none.raw != bad.raw || none.header.Get("WWW-Authenticate") == "" {
		t.Errorf("no key: %d %s; a wrong one: %s", none.status, none.raw, bad.raw)
	}
	unknown := r.call(t, "", "POST", "/api/v1/sessions", obj{"email": "nobody@callisto.example", "password": "x"})
	wrong := r.call(t, "", "POST", "/api/v1/sessions", obj{"email": str(r.dev, "members", 0, "email"), "password": "x"})
	if unknown.status != 401 || unknown.raw != wrong.raw {
		t.Errorf("signing in tells who exists: %s, %s", unknown.raw, wrong.raw)
	}
}

func TestOneNumberOneBuyer(t *testing.T) {
	r := start(t, t.TempDir())
	keys := []string{}
	for i := range 4 {
		keys = append(keys, str(r.dev, "members", i, "api_key"))
	}
	var mu sync.Mutex
	states := map[string]int{}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			a := r.call(t, keys[i%4], "POST", "/api/v1/orders", obj{"kind": "individual", "country": "KR", "national": "7123456"})
			mu.Lock()
			defer mu.Unlock()
			states[fmt.Sprint(a.status, " ", str(a.body, "state"))]++
		})
	}
	wg.Wait()
	if states["201 approved"] != 1 || states["201 rejected"] != 39 {
		t.Errorf("40 at once: %v", states)
	}
}

func TestTheAPIDescribesItself(t *testing.T) {
	r := start(t, t.TempDir())
	spec := r.want(t, 200, "", "GET", "/api/openapi.json", nil)
	if !strings.HasPrefix(str(spec.body, "openapi"), "3.1") || at(spec.body, "paths", "/api/v1/orders/{id}/payments", "post") == nil {
		t.Errorf("openapi.json: %.200s", spec.raw)
	}
	docs := r.want(t, 200, "", "GET", "/api/docs", nil)
	if !strings.Contains(docs.raw, "/api/v1/routes/explain") || regexp.MustCompile(`(?i)(src|href|action)=["']?https?:|url\(["']?https?:|@import`).MatchString(docs.raw) {
		t.Error("the documentation page is not whole, or loads something from elsewhere")
	}
	r.want(t, 404, "", "GET", "/api/v1/nothing", nil)
	if got := r.call(t, "", "POST", "/api/v1/accounts", "no object"); got.status < 400 || got.status >= 500 || str(got.body, "code") == "" {
		t.Errorf("a body that is no object: %d %s", got.status, got.raw)
	}
}

func TestPagesAreGuarded(t *testing.T) {
	r := start(t, t.TempDir())
	home := r.want(t, 200, "", "GET", "/", nil)
	if csp := home.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is %q", csp)
	}
	if len(home.raw) > 100<<10 {
		t.Errorf("the home page has %d bytes", len(home.raw))
	}
	r.want(t, 403, "", "POST", "/sign-in", nil, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	r.want(t, 404, "", "GET", "/no/such/page", nil)
	for _, path := range []string{"/orders/%00", "/orders/%ff", "/api/v1/orders/%00", "/api/v1/orders?cursor=%00", "/numbers?contains=%zz&cursor=%00"} {
		r.want(t, 400, str(r.dev, "operator", "api_key"), "GET", path, nil)
	}
}

// TestTooMuchIsToldFromNothing: a form or a body that is far too large gets a
// page or a problem that says so, and nothing happens.
func TestTooMuchIsToldFromNothing(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 1, "api_key")
	big := strings.Repeat("7", 2<<20)
	res, err := http.Post(r.base+"/orders", "application/x-www-form-urlencoded", strings.NewReader("kind=individual&country=KR&national="+big))
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(page), "More was sent than this page takes") {
		t.Errorf("%d %v %.300s", res.StatusCode, err, page)
	}
	if a := r.call(t, key, "POST", "/api/v1/orders", obj{"kind": "individual", "country": "KR", "national": big}); a.status != http.StatusRequestEntityTooLarge || str(a.body, "code") != "too_large" {
		t.Errorf("%d %.300s", a.status, a.raw)
	}
	if a := r.want(t, 200, key, "GET", "/api/v1/orders", nil); len(at(a.body, "items").([]any)) != 1 {
		t.Errorf("something was ordered: %s", a.raw)
	}
	for _, odd := range []func() (*http.Response, error){
		func() (*http.Response, error) { return http.Get(r.base + "/numbers?digits=5%00") },
		func() (*http.Response, error) {
			return http.PostForm(r.base+"/sign-in", url.Values{"email": {"a\x00@example.com"}, "password": {"x"}})
		},
	} {
		res, err := odd()
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("U+0000: %d", res.StatusCode)
		}
	}
}
