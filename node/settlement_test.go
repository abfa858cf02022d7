package node_test

import (
	"strings"
	"testing"
	"time"
)

// TestACarrierIsOwedWhatItCarried: a real call leaves by the carrier of dev; it is a
// line of its month, booked; a statement that asks for it twice is compared.
func TestACarrierIsOwedWhatItCarried(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.priced(t, 600_000)
	op := str(r.dev, "operator", "api_key")
	id := str(r.want(t, 200, op, "GET", "/api/v1/carriers", nil).body, "items", 0, "id")
	for _, owner := range []string{id, "in:" + id} {
		r.want(t, 204, op, "PUT", "/api/v1/carriers/"+owner+"/rates", obj{"items": []any{obj{"prefix": "49", "micros": 60_000, "first_seconds": 60, "next_seconds": 60}}})
	}
	r.dials(t, r.phone(0), "+4930901820")
	month := "/api/v1/settlement/" + time.Now().UTC().Format("2006-01")
	var line obj
	r.await(t, "the line of the call", func() bool {
		line, _ = at(r.want(t, 200, op, "GET", month+"/lines", nil).body, "items", 0).(map[string]any)
		return line != nil
	})
	if str(line, "carrier") != id || str(line, "number") != "+4930901820" || micros(line["micros"]) != 60_000 || micros(line["charged_seconds"]) != 60 || str(line, "prefix") != "49" || str(line, "posting") == "" || str(line, "version") == "" {
		t.Errorf("%v", line)
	}
	owed := r.want(t, 200, op, "GET", "/api/v1/carriers/"+id+"/balances", nil)
	if micros(at(owed.body, "items", 0, "payable_micros")) != 60_000 {
		t.Errorf("%s", owed.raw)
	}
	key := str(r.dev, "members", 0, "api_key")
	paid := 100_000_000 - r.has(t, key)
	margin := r.want(t, 200, op, "GET", month+"/margins?by=customer", nil)
	if micros(at(margin.body, "items", 0, "revenue_micros")) != paid || micros(at(margin.body, "items", 0, "cost_micros")) != 60_000 || micros(at(margin.body, "items", 0, "margin_micros")) != paid-60_000 {
		t.Errorf("paid %d: %s", paid, margin.raw)
	}
	when, err := time.Parse(time.RFC3339, str(line, "answer"))
	if err != nil {
		t.Fatal(err)
	}
	row := when.Format("2006-01-02 15:04:05") + ",004930901820,60,0.06\n"
	x := r.want(t, 201, op, "POST", "/api/v1/carriers/"+id+"/statements", obj{"month": when.Format("2006-01"), "currency": "USD", "text": "time,number,seconds,amount\n" + row + row})
	if micros(at(x.body, "theirs_micros")) != 120_000 || micros(at(x.body, "ours_micros")) != 60_000 || str(x.body, "differences", 0, "cause") != "twice" {
		t.Errorf("%s", x.raw)
	}
	statement := "/api/v1/carrier-statements/" + str(x.body, "id")
	r.want(t, 200, op, "POST", statement+"/dispute", obj{"causes": []any{"twice"}, "note": "Asked for twice"})
	if x := r.want(t, 200, op, "POST", statement+"/agree", obj{"micros": 60_000}); str(x.body, "state") != "agreed" {
		t.Errorf("%s", x.raw)
	}
	if p := r.want(t, 503, op, "GET", "/api/v1/payouts/file", nil); !strings.Contains(p.raw, "bank") {
		t.Errorf("%s", p.raw)
	}
	r.want(t, 403, key, "GET", month, nil)
}
