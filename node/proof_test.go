package node_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// page reads a page as a visitor.
func (r *running) page(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test's
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// until asks again until it is so: for long, since a machine that runs other tests
// beside hears a spoken code late.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.After(90 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(what + ": not within 90 s")
		}
	}
}

var heardCode = regexp.MustCompile(`(?s)<td class="n"><bdi[^>]*>([^<]*)</bdi>.*?<td>(?:<bdi class="num code"[^>]*>(\d{6})<|<span)`) //nolint:gochecknoglobals // constant

// heard waits for the code that the test carrier heard at a number.
func (r *running) heard(t *testing.T, number string) (code string) {
	t.Helper()
	until(t, "the test carrier hears the code for "+number, func() bool {
		_, text := r.page(t, "/dev/carrier")
		for _, m := range heardCode.FindAllStringSubmatch(text, -1) {
			if strings.ReplaceAll(m[1], " ", "") == number && m[2] != "" {
				code = m[2]
				return true
			}
		}
		return false
	})
	return code
}

// proved proves a telephone as its holder would: a call, a key, a code.
func (r *running) proved(t *testing.T, key, number, purpose string) string {
	t.Helper()
	begun := r.want(t, 201, key, "POST", "/api/v1/proofs", obj{"number": number, "purpose": purpose, "language": "ko"})
	id := str(begun.body, "id")
	code := r.heard(t, strings.ReplaceAll(number, " ", ""))
	got := r.want(t, 200, key, "GET", "/api/v1/proofs/"+id, nil)
	if str(got.body, "state") != "spoken" || strings.Contains(got.raw+begun.raw, code) {
		t.Errorf("the proof is %s", got.raw)
	}
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	if x := r.want(t, 409, key, "POST", "/api/v1/proofs/"+id+"/confirm", obj{"code": wrong}); str(x.body, "code") != "code_wrong" {
		t.Errorf("a wrong code: %s", x.raw)
	}
	if x := r.want(t, 200, key, "POST", "/api/v1/proofs/"+id+"/confirm", obj{"code": code}); str(x.body, "state") != "proved" || at(x.body, "guesses_left") != 3.0 {
		t.Errorf("the code: %s", x.raw)
	}
	r.want(t, 409, key, "POST", "/api/v1/proofs/"+id+"/confirm", obj{"code": code})
	return id
}

// TestAnOwnTelephoneIsProvedAndBought goes the whole way, by the API: the shop
// asks for a proof, a call leaves by the carrier, the code that was heard there
// proves the number, and the shop sells it, with what collides switched off.
func TestAnOwnTelephoneIsProvedAndBought(t *testing.T) {
	r := start(t, t.TempDir())
	up := r.want(t, 201, "", "POST", "/api/v1/accounts", obj{"name": "Ana", "email": "ana@callisto.example", "password": "a long enough one", "country": "KR"})
	key, other := str(up.body, "api_key"), str(r.dev, "members", 2, "api_key")
	ask := obj{"kind": "individual", "country": "KR", "national": "23151234"}
	if x := r.want(t, 201, key, "POST", "/api/v1/orders", ask); str(x.body, "state") != "rejected" || str(x.body, "reason", "code") != "proof_needed" {
		t.Fatalf("without a proof: %s", x.raw)
	}
	id := r.proved(t, key, "+82 2 315 1234", "own_phone")
	r.want(t, 404, other, "GET", "/api/v1/proofs/"+id, nil)
	if x := r.want(t, 201, other, "POST", "/api/v1/orders", ask); str(x.body, "reason", "code") != "proof_needed" {
		t.Errorf("another account, without a proof of its own: %s", x.raw)
	}
	order := r.want(t, 201, key, "POST", "/api/v1/orders", ask)
	if str(order.body, "state") != "approved" || str(order.body, "reason", "code") != "typed_form_off" || !strings.Contains(order.raw, "US") {
		t.Fatalf("with the proof: %s", order.raw)
	}
	oid := str(order.body, "id")
	r.want(t, 200, key, "POST", "/api/v1/orders/"+oid+"/select", nil)
	if x := r.want(t, 200, key, "POST", "/api/v1/orders/"+oid+"/payments", obj{"method": "wallet"}); str(x.body, "state") != "sold" {
		t.Errorf("paid: %s", x.raw)
	}
	if x := r.want(t, 201, other, "POST", "/api/v1/orders", ask); str(x.body, "state") != "rejected" {
		t.Errorf("sold twice: %s", x.raw)
	}

	root := obj{"kind": "company", "country": "US", "national": "3125550177"}
	r.proved(t, other, "+1 312 555 0177", "root")
	if x := r.want(t, 201, other, "POST", "/api/v1/orders", obj{"kind": "individual", "country": "US", "national": "3125550177"}); str(x.body, "reason", "code") != "proof_needed" {
		t.Errorf("a proof for another purpose: %s", x.raw)
	}
	if x := r.want(t, 201, other, "POST", "/api/v1/orders", root); str(x.body, "state") != "approved" && str(x.body, "state") != "in_review" {
		t.Errorf("a root that is a telephone: %s", x.raw)
	}
	for number, status := range map[string]int{"+82 112": 422, "112": 422, "+82 60 700 1234": 422} {
		r.want(t, status, key, "POST", "/api/v1/proofs", obj{"number": number, "purpose": "own_phone"})
	}
	r.want(t, 401, "", "POST", "/api/v1/proofs", obj{"number": "+8225551234", "purpose": "own_phone"})
}

// TestATelephoneThatIsBusyProvesNothing: what the carrier says is told.
func TestATelephoneThatIsBusyProvesNothing(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 0, "api_key")
	for _, number := range []string{"+82 2 555 0486", "+82 2 555 0302", "+82 2 556 0503"} {
		id := str(r.want(t, 201, key, "POST", "/api/v1/proofs", obj{"number": number, "purpose": "contact"}).body, "id")
		until(t, number+" fails", func() bool {
			return str(r.want(t, 200, key, "GET", "/api/v1/proofs/"+id, nil).body, "state") == "failed"
		})
		want := map[bool]string{true: "call_busy", false: "call_failed"}[strings.HasSuffix(number, "0486")]
		if x := r.want(t, 200, key, "GET", "/api/v1/proofs/"+id, nil); str(x.body, "reason", "code") != want || str(x.body, "reason", "text") == "" {
			t.Errorf("%s: %s", number, x.raw)
		}
	}
	report := r.want(t, 200, str(r.dev, "operator", "api_key"), "POST", "/api/v1/carriers/car_test_KR/test", obj{"number": "+82 2 555 1234"})
	if at(report.body, "ok") != true || at(report.body, "heard") != true || str(report.body, "code") != "answered" {
		t.Errorf("a test call: %s", report.raw)
	}
	r.want(t, 409, str(r.dev, "operator", "api_key"), "DELETE", "/api/v1/carriers/car_test_KR", nil)
}

// TestARentedTelephoneIsNobodysOwn: whoever rents a number can hear a code at it,
// and could else buy it for ever, or be found at it after he let it go.
func TestARentedTelephoneIsNobodysOwn(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 0, "api_key")
	r.proved(t, key, "+82 2 555 0161", "own_phone")
	r.proved(t, key, "+82 2 555 0162", "contact")
	ask := obj{"kind": "individual", "country": "KR", "national": "25550161"}
	if x := r.want(t, 201, key, "POST", "/api/v1/orders", ask); str(x.body, "state") != "rejected" || str(x.body, "reason", "code") != "proof_needed" {
		t.Errorf("a number that is rented out is sold: %s", x.raw)
	}
	if x := r.want(t, 403, key, "POST", "/api/v1/names", obj{"name": "minji@example.org", "number": "+82 2 555 0162"}); str(x.body, "code") != "number_not_yours" {
		t.Errorf("a name stands for it: %s", x.raw)
	}
}
