package node_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestLettersAreNotBytes: whoever writes in Korean may write as much as others.
func TestLettersAreNotBytes(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, jun := str(r.dev, "operator", "api_key"), str(r.dev, "members", 1, "api_key")
	write := func(n int) string { return strings.Repeat("가", n) }
	line := "/api/v1/members/" + str(r.want(t, http.StatusOK, jun, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	for _, x := range []struct {
		key, method, path string
		good, most        int
		body              func(text string) obj
	}{
		{jun, "PUT", line + "/published", http.StatusOK, 100, func(text string) obj { return obj{"name": text} }},
		{jun, "PUT", line + "/published", http.StatusOK, 1000, func(text string) obj { return obj{"text": text} }},
		{op, "POST", "/api/v1/openings", http.StatusCreated, 60, func(text string) obj { return obj{"country": "JP", "name": text} }},
		{op, "POST", "/api/v1/catalogue/blocks", http.StatusCreated, 200, func(text string) obj {
			return obj{"kind": "company", "country": "KR", "prefix": "55503", "length": 7, "note": text}
		}},
		{op, "POST", "/api/v1/telephone_numbers/stock", http.StatusNoContent, 60, func(text string) obj {
			return obj{"carrier": "car_test_KR", "numbers": []any{obj{"e164": "+8225550179", "area": text, "setup_micros": 0, "yearly_micros": 0}}}
		}},
	} {
		r.want(t, http.StatusUnprocessableEntity, x.key, x.method, x.path, x.body(write(x.most+1)))
		r.want(t, x.good, x.key, x.method, x.path, x.body(write(x.most)))
	}
}
