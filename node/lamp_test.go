package node_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/lab"
)

// TestALampIsLitByAMissedCall: a telephone asks what waits for it; a call that it
// misses lights its lamp, and when its holder looks at his calls it goes out.
func TestALampIsLitByAMissedCall(t *testing.T) {
	r := start(t, t.TempDir())
	jun, key := r.phone(1), str(r.dev, "members", 1, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, key, "PUT", "/api/v1/members/"+line+"/forwarding", obj{}) // else his own telephone takes the call
	seen := filepath.Join(t.TempDir(), "messages")
	told := func(text string) {
		t.Helper()
		until(t, "the telephone is told "+text, func() bool {
			all, err := os.ReadFile(seen)
			return err == nil && strings.Contains(string(all), text)
		})
	}
	finished := lab.SIPp{
		Scenario: scenarios + "lamp.xml", Users: []lab.Member{jun}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Args: []string{"-trace_msg", "-message_file", seen},
	}.Begin(t)
	told("Messages-Waiting: no")
	if got := r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil); num(got.body, "waiting") != 0 {
		t.Errorf("waiting: %s", got.raw)
	}
	call := r.rawCall(t, r.phone(0), "755014282")
	call.until("SIP/2.0 480") // nothing of his is registered
	told("Messages-Waiting: yes")
	told("Message-Account: sip:*56@" + r.sipAt("KR").Addr().String())
	if got := r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil); num(got.body, "waiting") != 1 {
		t.Errorf("waiting: %s", got.raw)
	}
	if got := r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/me/missed-calls", nil); num(got.body, "waiting") != 0 {
		t.Errorf("the caller missed nothing: %s", got.raw)
	}
	if status, _ := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password")).asks("GET", "/calls", nil); status != 200 {
		t.Fatal(status)
	}
	finished() // it was told that nothing waits any more
	if got := r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil); num(got.body, "waiting") != 0 {
		t.Errorf("waiting: %s", got.raw)
	}

	// So does a program.
	r.rawCall(t, r.phone(0), "755014282").until("SIP/2.0 480")
	until(t, "another one waits", func() bool {
		return num(r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil).body, "waiting") == 1
	})
	r.want(t, 204, key, "POST", "/api/v1/me/missed-calls/seen", nil)
	if got := r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil); num(got.body, "waiting") != 0 {
		t.Errorf("waiting: %s", got.raw)
	}

	// And so does a telephone that has them read out.
	r.rawCall(t, r.phone(0), "755014282").until("SIP/2.0 480")
	until(t, "a third one waits", func() bool {
		return num(r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil).body, "waiting") == 1
	})
	r.rawCall(t, jun, "*56").until("SIP/2.0 200")
	until(t, "it was read out", func() bool {
		return num(r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil).body, "waiting") == 0
	})
}

// TestARemovedTelephoneCallsNoMore, though it is in a menu of the house: what it
// asks for there ends its call.
func TestARemovedTelephoneCallsNoMore(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	jun, key := r.phone(1), str(r.dev, "members", 1, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, key, "PUT", "/api/v1/members/"+line+"/forwarding", obj{})
	r.rawCall(t, r.phone(0), "755014282").until("SIP/2.0 480")
	waiting := func() float64 {
		return num(r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil).body, "waiting")
	}
	until(t, "a missed call waits", func() bool { return waiting() == 1 })
	r.answers(t, r.phone(0), "called.xml")
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.waits(t, jun, "*56", filepath.Join(t.TempDir(), "up"), "/6000", "1/100") // call back
	}()
	until(t, "it is read out", func() bool { return waiting() == 0 })
	devices, _ := at(r.want(t, 200, key, "GET", "/api/v1/members/"+line+"/devices", nil).body, "items").([]any)
	for _, d := range devices {
		if str(d, "sip_user") == jun.User {
			r.want(t, 204, key, "DELETE", "/api/v1/devices/"+str(d, "id"), nil)
		}
	}
	<-over
	if all := r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/calls", nil); strings.Contains(all.raw, `"direction":"in"`) {
		t.Errorf("it called: %s", all.raw)
	}
}

// TestOneTelephoneInManyMenus: eight are answered at once, and those of others too.
func TestOneTelephoneInManyMenus(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	for range 8 {
		r.rawCall(t, r.phone(0), "*55").until("SIP/2.0 200")
	}
	r.rawCall(t, r.phone(0), "*55").until("SIP/2.0 486")
	r.rawCall(t, r.phone(1), "*55").until("SIP/2.0 200")
}
