package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/faces/api"
)

func TestBodyThatIsNoJSON(t *testing.T) {
	mux := http.NewServeMux()
	api.Mount(mux, api.Deps{Version: "1"})
	for _, c := range []struct {
		name, kind, body string
		status           int
		detail           string
	}{
		{"form", "application/x-www-form-urlencoded", `{}`, 415, "Send JSON with the header Content-Type: application/json."},
		{"broken", "application/json", `nope`, 422, "The body is no valid JSON: "},
		{"cut", "application/json; charset=utf-8", `{"name":`, 422, "The body is no valid JSON: "},
		{"wrong kind", "application/json", `{"name":5}`, 422, "The field “name” cannot be a number."},
		{"NUL", "application/json", `{"name":"a\u0000"}`, 422, "There is a character U+0000"},
		{"not quite NUL", "application/json", `{"name":"a\\u0000","email":5}`, 422, "The field “email” cannot be a number."},
		{"no object", "", `[1]`, 422, "The body must be a JSON object, not an array."},
		{"nothing", "application/json", ``, 400, "The body is missing: send JSON."},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/accounts", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			var p api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v in %s", err, w.Body)
			}
			if w.Code != c.status || p.Status != c.status || !strings.HasPrefix(p.Detail, c.detail) {
				t.Errorf("%d %q, want %d %q", w.Code, p.Detail, c.status, c.detail)
			}
		})
	}
}

// Answers share fields by embedding; the reference must show those too.
func TestReferenceListsSharedFields(t *testing.T) {
	_, rest, _ := strings.Cut(api.Reference("1"), "### `POST /api/v1/accounts`")
	_, rest, _ = strings.Cut(rest, "Answer 201")
	answer, _, _ := strings.Cut(rest, "###")
	for _, field := range []string{"api_key", "id", "name", "email", "role"} {
		if !strings.Contains(answer, "| `"+field+"` |") {
			t.Errorf("the answer of POST /accounts lacks %s:\n%s", field, answer)
		}
	}
}
