package node_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

// declines has a telephone ring for the next call on its connection, and say status
// as if somebody had pressed the key.
func declines(t *testing.T, conn net.Conn, in *bufio.Reader, status string) {
	t.Helper()
	invite := message(t, in)
	for !strings.HasPrefix(invite, "INVITE ") {
		invite = message(t, in)
	}
	var same strings.Builder
	for line := range strings.SplitSeq(invite, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "To":
			line += ";tag=d"
			fallthrough
		case "Via", "From", "Call-ID", "CSeq":
			same.WriteString(line + "\r\n")
		}
	}
	for _, s := range []string{"180 Ringing", status} {
		if _, err := fmt.Fprintf(conn, "SIP/2.0 %s\r\n%sContent-Length: 0\r\n\r\n", s, same.String()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatIsSaidOfMissedCalls: each page has their number until the history was
// looked at, who is a contact has his name there, over the API and in the letter;
// what was declined was not missed, whichever way a telephone says it.
func TestWhatIsSaidOfMissedCalls(t *testing.T) {
	r := start(t, t.TempDir())
	minji, jun, key := str(r.dev, "members", 0, "number"), r.phone(1), str(r.dev, "members", 1, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, key, "PUT", "/api/v1/members/"+line+"/forwarding", obj{})
	r.want(t, 200, key, "PUT", "/api/v1/members/"+line+"/missed-calls", obj{"mail": true})
	r.want(t, 201, key, "POST", "/api/v1/contacts", obj{"name": "Minji at work", "number": strings.ReplaceAll(minji, " ", "-")})
	his := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	page := func(path string) string {
		t.Helper()
		status, html := his.get(path)
		if status != 200 {
			t.Fatal(path, status)
		}
		return html
	}
	const one = `data-missed><span class="sr">Missed calls: </span><span>1</span>`
	r.rawCall(t, r.phone(0), "755014282").until("SIP/2.0 480")
	until(t, "it is said on a page", func() bool { return strings.Count(page("/lines"), one) == 2 }) // above, and in the telephone
	if _, known := his.get("/phone/known"); !strings.Contains(known, `"missed":1`) || !strings.Contains(known, `"kind":"missed"`) || !strings.Contains(known, `"purse":"`) {
		t.Errorf("the telephone is told %s", known)
	}
	calls := r.want(t, 200, key, "GET", "/api/v1/calls", nil)
	if str(calls.body, "items", 0, "name") != "Minji at work" || at(calls.body, "items", 0, "missed") != true {
		t.Errorf("his calls: %s", calls.raw)
	}
	if got := r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/calls", nil); at(got.body, "items", 0, "missed") != false || str(got.body, "items", 0, "name") != "" {
		t.Errorf("the caller's: %s", got.raw)
	}
	if one := page("/calls/" + str(calls.body, "items", 0, "id")); !strings.Contains(one, "<bdi>Minji at work</bdi>") {
		t.Error("the page of the call does not name her")
	}
	if all := page("/calls"); !strings.Contains(all, "<bdi>Minji at work</bdi>") || !strings.Contains(all, "Missed call, ") || strings.Contains(all, one) {
		t.Errorf("the history: %s", all)
	}
	if strings.Contains(page("/lines"), one) {
		t.Error("he has looked, and is still told")
	}
	until(t, "the letter names her", func() bool {
		return strings.Contains(r.mails(t, str(r.dev, "members", 1, "email")), "Minji at work, "+minji)
	})

	conn, in, _ := r.registersWith(t, jun, "")
	defer conn.Close() //nolint:errcheck // a test's
	for i, status := range []string{"486 Busy Here", "603 Decline"} {
		call := r.rawCall(t, r.phone(0), "755014282")
		declines(t, conn, in, status)
		call.until("SIP/2.0 " + status[:3])
		until(t, "it is in the history", func() bool {
			calls = r.want(t, 200, key, "GET", "/api/v1/calls", nil)
			return str(calls.body, "items", i+1, "id") != ""
		})
		if str(calls.body, "items", 0, "cause") != "declined" || at(calls.body, "items", 0, "missed") != false {
			t.Errorf("%s: %s", status, calls.raw)
		}
		if got := r.want(t, 200, key, "GET", "/api/v1/me/missed-calls", nil); num(got.body, "waiting") != 0 {
			t.Errorf("%s: waiting %s", status, got.raw)
		}
		told := map[string]string{"486 Busy Here": "busy", "603 Decline": "declined"}[status]
		if got := r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/calls", nil); str(got.body, "items", 0, "cause") != told {
			t.Errorf("%s: the caller reads %s", status, got.raw)
		}
	}
}
