package node_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/lab"
)

// TestACallIsToldToAWebhook: a call ends, and a program hears of it, signed; and
// a member has nothing to say in that.
func TestACallIsToldToAWebhook(t *testing.T) {
	t.Parallel()
	type message struct {
		id, at, signature string
		body              []byte
	}
	got := make(chan message, 10)
	there := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- message{r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), b}
	}))
	defer there.Close()
	r := start(t, t.TempDir())
	op, mine := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key")
	r.want(t, 403, mine, "POST", "/api/v1/webhooks", obj{"url": there.URL})
	r.want(t, 422, op, "POST", "/api/v1/webhooks", obj{"url": "ftp://example.com"})
	hk := r.want(t, 201, op, "POST", "/api/v1/webhooks", obj{"url": there.URL})
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(str(hk.body, "secret"), "whsec_"))
	if err != nil || len(key) != 32 {
		t.Fatal(hk.raw, err)
	}
	if listed := r.want(t, 200, op, "GET", "/api/v1/webhooks", nil); strings.Contains(listed.raw, "whsec_") {
		t.Errorf("the secret is shown again: %s", listed.raw)
	}
	at1 := "/api/v1/webhooks/" + str(hk.body, "id")
	next := func(kind string) message {
		t.Helper()
		select {
		case m := <-got:
			var x struct{ Type string }
			seconds, _ := strconv.ParseInt(m.at, 10, 64)
			if err := json.Unmarshal(m.body, &x); err != nil || x.Type != kind || m.signature != hook.Sign(key, m.id, time.Unix(seconds, 0), m.body) {
				t.Errorf("%v: %s, signed %s", err, m.body, m.signature)
			}
			return m
		case <-time.After(15 * time.Second):
			t.Fatalf("no message of %s came", kind)
			return message{}
		}
	}
	r.want(t, 202, op, "POST", at1+"/test", nil)
	next("test")
	phone := r.phone(0)
	lab.SIPp{Scenario: scenarios + "caller-refused.xml", Users: []lab.Member{phone}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225550486" }}.Run(t)
	m := next("call.ended")
	if !strings.Contains(string(m.body), `"cause":"busy"`) {
		t.Errorf("%s", m.body)
	}
	r.want(t, 202, op, "POST", at1+"/deliveries/"+m.id+"/resend", nil)
	if again := next("call.ended"); again.id != m.id {
		t.Errorf("%s came as %s", m.id, again.id)
	}
	r.want(t, 204, op, "DELETE", at1, nil)
	r.want(t, 404, op, "POST", at1+"/test", nil)
}
