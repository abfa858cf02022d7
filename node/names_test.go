package node_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestTheOperatorPagesThroughNames, by program and on the page.
func TestTheOperatorPagesThroughNames(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, jun := str(r.dev, "operator", "api_key"), str(r.dev, "members", 1, "api_key")
	for _, name := range []string{"a.example", "b.example", "c.example"} {
		r.want(t, http.StatusCreated, jun, "POST", "/api/v1/names", obj{"name": name, "number": str(r.dev, "members", 1, "number")})
	}
	first := r.want(t, http.StatusOK, op, "GET", "/api/v1/names?all=true&limit=2", nil)
	second := r.want(t, http.StatusOK, op, "GET", "/api/v1/names?all=true&limit=2&cursor="+str(first.body, "next"), nil)
	if got := at(second.body, "items").([]any); len(got) != 1 || str(second.body, "items", 0, "name") != "c.example" || str(second.body, "next") != "" {
		t.Errorf("the second page: %s", second.raw)
	}
	r.want(t, http.StatusOK, op, "GET", "/api/v1/names", nil)
	r.want(t, http.StatusForbidden, jun, "GET", "/api/v1/names?all=true", nil)
	if mine := r.want(t, http.StatusOK, jun, "GET", "/api/v1/names?limit=1", nil); len(at(mine.body, "items").([]any)) != 3 {
		t.Errorf("his own: %s", mine.raw)
	}
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text := boss.get("/operator/names"); !strings.Contains(text, "a.example") || !strings.Contains(text, "c.example") {
		t.Error("the page lacks names")
	}
	if _, text := boss.get("/operator/names?cursor=" + str(first.body, "next")); strings.Contains(text, "a.example") || !strings.Contains(text, "c.example") {
		t.Error("the page does not begin where it was told to")
	}
}
