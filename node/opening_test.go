package node_test

import (
	"net"
	"net/http"
	"testing"
)

// TestAnOperatorOpensACountry goes through the whole flow on a running node:
// nothing of the country is sold or routed before the start, all of it after,
// also when the node was stopped in between.
func TestAnOperatorOpensACountry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir)
	boss, jun := str(r.dev, "operator", "api_key"), str(r.dev, "members", 1, "api_key")
	r.want(t, http.StatusForbidden, jun, "POST", "/api/v1/openings", obj{"country": "JP", "name": "Japan"})
	begun := r.want(t, http.StatusCreated, boss, "POST", "/api/v1/openings", obj{"country": "JP", "name": "Japan"})
	sip := str(begun.body, "sip")
	if c, err := net.Dial("tcp", sip); err != nil {
		t.Errorf("the center does not listen at %q: %v", sip, err)
	} else {
		_ = c.Close()
	}
	order := obj{"kind": "individual", "country": "JP", "national": "702846"}
	if a := r.want(t, http.StatusCreated, jun, "POST", "/api/v1/orders", order); str(a.body, "reason", "code") != "country_closed" {
		t.Errorf("sold before the start: %s", a.raw)
	}
	r.want(t, http.StatusNoContent, boss, "PUT", "/api/v1/catalogue/systems/JP", obj{"individual": true})
	r.want(t, http.StatusCreated, boss, "POST", "/api/v1/catalogue/blocks", obj{"kind": "individual", "country": "JP", "prefix": "70", "length": 6})
	r.want(t, http.StatusOK, boss, "PUT", "/api/v1/openings/JP", obj{"carrier": "car_test_JP", "emergency": "none"})
	r.want(t, http.StatusConflict, boss, "POST", "/api/v1/openings/JP/start", nil)
	if a := r.want(t, http.StatusOK, boss, "POST", "/api/v1/openings/JP/test", obj{"number": "+81312345678"}); at(a.body, "tested_ok") != true {
		t.Errorf("the test call: %s", a.raw)
	}
	r.stop()
	r = start(t, dir) // a day passes
	if a := r.want(t, http.StatusCreated, jun, "POST", "/api/v1/orders", order); str(a.body, "reason", "code") != "country_closed" {
		t.Errorf("sold by a restart: %s", a.raw)
	}
	r.want(t, http.StatusOK, boss, "POST", "/api/v1/openings/JP/start", nil)
	o := r.want(t, http.StatusCreated, jun, "POST", "/api/v1/orders", order)
	if str(o.body, "state") != "approved" {
		t.Fatalf("not sold after the start: %s", o.raw)
	}
	id := str(o.body, "id")
	r.want(t, http.StatusOK, jun, "POST", "/api/v1/orders/"+id+"/select", nil)
	r.want(t, http.StatusOK, jun, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
	explain := func() answer {
		return r.want(t, http.StatusOK, boss, "POST", "/api/v1/routes/explain", obj{"from": str(r.dev, "members", 1, "number"), "to": "702846 81", "country": "KR"})
	}
	if a := explain(); str(a.body, "kind") != "onnet" || str(a.body, "center") != "JP" {
		t.Errorf("not routed: %s", a.raw)
	}
	r.stop()
	r = start(t, dir)
	if a := explain(); str(a.body, "kind") != "onnet" || str(a.body, "center") != "JP" {
		t.Errorf("not routed after a restart: %s", a.raw)
	}
}
