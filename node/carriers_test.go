package node_test

import (
	"strings"
	"testing"
)

func TestTheOperatorSetsCarriersUp(t *testing.T) {
	r := start(t, t.TempDir())
	op, ada := str(r.dev, "operator", "api_key"), str(r.dev, "members", 2, "api_key")
	before := len(at(r.want(t, 200, op, "GET", "/api/v1/carriers", nil).body, "items").([]any))
	trunk := obj{"host": "127.0.0.1:9", "user": "callisto", "password": "a secret of theirs"}
	in := obj{"center": "KR", "name": "Seoul Tel", "trunks": []any{trunk}, "presents": "+82 2 555 0100"}
	made := r.want(t, 201, op, "POST", "/api/v1/carriers", in)
	id := str(made.body, "id")
	if !strings.HasPrefix(id, "car_") || str(made.body, "trunks", 0, "transport") != "udp" || str(made.body, "out", "format") != "+E164" || at(made.body, "trunks", 0, "password") != true {
		t.Errorf("made %s", made.raw)
	}
	list := r.want(t, 200, op, "GET", "/api/v1/carriers", nil)
	if n := len(at(list.body, "items").([]any)); n != before+1 || strings.Contains(list.raw+made.raw, "a secret") {
		t.Errorf("listed %s", list.raw)
	}
	trunk["transport"], trunk["id"] = "tcp", str(made.body, "trunks", 0, "id")
	delete(trunk, "password")
	if changed := r.want(t, 200, op, "PUT", "/api/v1/carriers/"+id, in); at(changed.body, "trunks", 0, "password") != true || str(changed.body, "trunks", 0, "transport") != "tcp" {
		t.Errorf("changed %s", changed.raw)
	}
	report := r.want(t, 200, op, "POST", "/api/v1/carriers/"+str(made.body, "trunks", 0, "id")+"/test", obj{"number": "+82 2 555 1234"})
	if at(report.body, "ok") != false || str(report.body, "code") != "refused" || !strings.Contains(str(report.body, "text"), "127.0.0.1:9") {
		t.Errorf("tested %s", report.raw)
	}
	r.want(t, 422, op, "POST", "/api/v1/carriers/"+id+"/test", obj{"number": "112"})
	r.want(t, 422, op, "POST", "/api/v1/carriers", obj{"center": "KR", "name": "X", "trunks": []any{obj{"host": "nowhere"}}, "presents": "+82 2 555 0100"})
	r.want(t, 401, "", "GET", "/api/v1/carriers", nil)
	r.want(t, 403, ada, "GET", "/api/v1/carriers", nil)
	r.want(t, 403, ada, "POST", "/api/v1/carriers", in)
	r.want(t, 403, ada, "DELETE", "/api/v1/carriers/"+id, nil)
	r.want(t, 204, op, "DELETE", "/api/v1/carriers/"+id, nil)
	r.want(t, 404, op, "DELETE", "/api/v1/carriers/"+id, nil)
}
