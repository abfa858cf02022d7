package node_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestWhereCallsGoOnIsSaid: the telephone that rings when the member is away, which
// nobody has proved, is named by the number's pages, the API and explain, as dev
// uses it; he adds another, hears its price, and switches all of it off.
func TestWhereCallsGoOnIsSaid(t *testing.T) {
	r := start(t, t.TempDir())
	key, op := str(r.dev, "members", 1, "api_key"), str(r.dev, "operator", "api_key")
	id := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	shows := func(path string, want bool, texts ...string) {
		t.Helper()
		_, page := jun.get(path)
		for _, text := range texts {
			if strings.Contains(page, text) != want {
				t.Errorf("%s has %q: %t", path, text, !want)
			}
		}
	}
	explained := func() string {
		return r.want(t, 200, op, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 0, "number"), "to": "755014282"}).raw
	}
	calls, rings, edit := "/lines/"+id+"/calls", "/lines/"+id+"/rings", "/lines/"+id+"/edit"
	used := "calls are sent on to it here all the same"

	shows(edit, true, used, "sent on to numbers that nobody has proved")
	shows(rings, true, "+82 2 555 6789", "Rings when nothing else can be reached", used)
	shows(calls, true, "You have not chosen yet", used, "When no telephone is signed in")
	if got := r.want(t, 200, key, "GET", "/api/v1/members/"+id+"/ringing", nil); !strings.Contains(got.raw, `"name":"+8225556789","unproved":true,"now":{"rings":true,"why":"unreachable"}`) {
		t.Errorf("what rings: %s", got.raw)
	}
	if got := r.want(t, 200, key, "GET", "/api/v1/members/"+id, nil); at(got.body, "numbers", 0, "proved") != false || at(got.body, "numbers", 0, "used") != true {
		t.Errorf("his numbers: %s", got.raw)
	}
	if got := explained(); !strings.Contains(got, "sent on to +8225556789") || !strings.Contains(got, "Nobody has proved +8225556789") {
		t.Errorf("of who is away: %s", got)
	}
	r.answers(t, r.phone(1), "called.xml")
	if got := explained(); !strings.Contains(got, "When no terminal can be reached, the call goes on to +8225556789") {
		t.Errorf("of who is there: %s", got)
	}

	shows(calls+"?number=%2B49+30+901820", true, "+49 30 901820", "Free here")
	if status, page, _ := jun.post("/lines/"+id+"/numbers", url.Values{"number": {"030 901820"}}); status != 422 || !strings.Contains(page, `aria-invalid="true"`) || !strings.Contains(page, `value="030 901820"`) || !strings.Contains(page, "Write a telephone number with the +") {
		t.Errorf("a number without its country: %d", status)
	}
	if status, _, to := jun.post("/lines/"+id+"/numbers", url.Values{"number": {"+49 30 901820"}}); status != 200 || to.Path != "/proofs/new" || to.Query().Get("number") != "+4930901820" || to.Query().Get("purpose") != "other_voip" {
		t.Errorf("adding one leads to %s", to)
	}
	if status, page, _ := jun.post("/lines/"+id+"/numbers", url.Values{"number": {"+4930901820"}}); status != 422 || !strings.Contains(page, "one of the numbers listed here already") {
		t.Errorf("adding it again: %d", status)
	}
	if status, _, _ := jun.post("/lines/"+id+"/forwarding", url.Values{"no_answer": {"+4930901820"}, "after_seconds": {"15"}}); status != 200 {
		t.Errorf("choosing it: %d", status)
	}
	shows(rings, true, "+49 30 901820", "Rings when nobody answers")
	shows(rings, false, "+82 2 555 6789")
	if status, page, _ := jun.post("/lines/"+id+"/forwarding", url.Values{"busy": {"+82 2 555 0000"}}); status != 422 || !strings.Contains(page, `<p class="wrong">`) {
		t.Errorf("choosing a number that is not his: %d", status)
	}
	if status, _, _ := jun.post("/lines/"+id+"/forwarding", url.Values{}); status != 200 {
		t.Errorf("switching it off: %d", status)
	}
	shows(calls, true, "No call is sent on now")
	shows(rings, false, "+82 2 555 6789", "+49 30 901820")
	if got := explained(); strings.Contains(got, "goes on to") {
		t.Errorf("switched off: %s", got)
	}
}
