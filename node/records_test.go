package node_test

import (
	"encoding/csv"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/lab"
	"github.com/callisto-tel/callisto/node"
)

// TestTheRecordsOfACall: a telephone calls the test carrier's busy number. The
// caller reads how it went, the operator finds every leg, both take it out as a
// file, and nobody else reads it.
func TestTheRecordsOfACall(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, mine, other := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key"), str(r.dev, "members", 1, "api_key")
	phone := lab.Member{User: str(r.dev, "members", 0, "sip_user"), Password: str(r.dev, "members", 0, "sip_password")}
	at0 := netip.MustParseAddr("127.0.0.1")
	lab.SIPp{Scenario: scenarios + "caller-refused.xml", Users: []lab.Member{phone}, Local: lab.FreePort(t, at0), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225550486" }}.Run(t)
	var own answer
	for deadline := time.Now().Add(5 * time.Second); ; {
		if own = r.want(t, 200, mine, "GET", "/api/v1/calls", nil); len(at(own.body, "items").([]any)) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no record")
		}
		<-time.After(50 * time.Millisecond)
	}
	if str(own.body, "items", 0, "cause") != "busy" || str(own.body, "items", 0, "hung_up_by") != "called" || at(own.body, "items", 0, "q850") != 17.0 || at(own.body, "items", 0, "sip_status") != 486.0 {
		t.Errorf("the caller reads %s", own.raw)
	}
	id := str(own.body, "items", 0, "call_id")
	for _, query := range []string{"number=%2B82+2+555+0486", "call=" + id, "cause=busy", "account=" + str(r.want(t, 200, mine, "GET", "/api/v1/me", nil).body, "id"), "carrier=car_test_KR", "from=2020-01-01"} {
		if got := r.want(t, 200, op, "GET", "/api/v1/cdrs?"+query, nil); len(at(got.body, "items").([]any)) != 1 {
			t.Errorf("by %s: %s", query, got.raw)
		}
	}
	for _, query := range []string{"number=4711", "call=call_x", "cause=normal", "account=acc_x", "carrier=car_x", "to=2020-01-01", "side=visit"} {
		if got := r.want(t, 200, op, "GET", "/api/v1/cdrs?"+query, nil); len(at(got.body, "items").([]any)) != 0 {
			t.Errorf("by %s: %s", query, got.raw)
		}
	}
	whole := r.want(t, 200, op, "GET", "/api/v1/cdrs/"+id, nil)
	if leg := at(whole.body, "items", 0, "legs", 0); str(leg, "kind") != "trunk" || at(leg, "sip_status") != 486.0 || str(leg, "number") == "" {
		t.Errorf("the operator reads %s", whole.raw)
	}
	for _, path := range []string{"/api/v1/cdrs", "/api/v1/cdrs/" + id, "/api/v1/cdrs/export"} {
		r.want(t, 403, mine, "GET", path, nil)
	}
	r.want(t, 404, op, "GET", "/api/v1/cdrs/call_nowhere", nil)
	r.want(t, 422, op, "GET", "/api/v1/cdrs?from=yesterday", nil)
	rows, err := csv.NewReader(strings.NewReader(r.want(t, 200, mine, "GET", "/api/v1/calls/export?format=csv", nil).raw)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][8] != "busy" || rows[1][13] != "'+82 2 555 0486" {
		t.Error(rows, err)
	}
	if got := r.want(t, 200, other, "GET", "/api/v1/calls/export", nil).raw; got != "" {
		t.Errorf("another member takes out %s", got)
	}
	var v cdr.RecordView
	if err := json.Unmarshal([]byte(r.want(t, 200, op, "GET", "/api/v1/cdrs/export?cause=busy", nil).raw), &v); err != nil || v.CallID != id || len(v.Legs) != 1 {
		t.Error(v, err)
	}
	boss, minji := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password")), r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	stranger := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	story := "/calls/" + str(own.body, "items", 0, "id")
	if status, text := minji.get(story); status != 200 || !strings.Contains(text, "Busy.") || !strings.Contains(text, "SIP 486") || !strings.Contains(text, "Q.850 17") {
		t.Errorf("the caller's page: %d", status)
	}
	if status, _ := stranger.get(story); status != 404 {
		t.Errorf("a stranger sees the call: %d", status)
	}
	if status, text := boss.get("/operator/calls?number=555+0486"); status != 200 || strings.Contains(text, id) {
		t.Errorf("a part of a number is taken for it: %d", status)
	}
	if status, text := boss.get("/operator/calls?number=%2B8225550486&from=2020-01-01"); status != 200 || !strings.Contains(text, "/operator/calls/"+id) {
		t.Errorf("the operator does not find it: %d", status)
	}
	if status, text := boss.get("/operator/calls/" + id); status != 200 || !strings.Contains(text, "Test carrier KR") || !strings.Contains(text, "SIP 486") {
		t.Errorf("the operator's page: %d", status)
	}
	if status, _ := minji.get("/operator/calls/" + id); status != 403 {
		t.Errorf("a member on the operator's page: %d", status)
	}
	if status, text := boss.get("/operator/calls/export?format=csv&cause=busy"); status != 200 || !strings.Contains(text, id) {
		t.Errorf("the operator's file: %d", status)
	}
	r.rawCall(t, phone, "888").until("SIP/2.0 404")
	until(t, "what was dialled in vain is there", func() bool {
		_, text := boss.get("/operator/calls?cause=not_found")
		return strings.Contains(text, `<td><bdi class="num" dir="ltr">888</bdi></td>`) && strings.Contains(text, "Test carrier US</option>")
	})
	n := 0
	if err := node.ExportCalls(t.Context(), r.dir, "", cdr.Filter{}, func(*cdr.Record) error { n++; return nil }); err != nil || n != 2 {
		t.Error(n, err)
	}
}
