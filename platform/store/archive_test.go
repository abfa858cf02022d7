package store_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

// TestRecordsAreFound by what one knows of a call, on pages that lose none and
// repeat none.
func TestRecordsAreFound(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		db := storetest.Open(t, cfg)
		calls := db.Calls()
		var all []cdr.Record
		for i := range 40 {
			r := full(i%8, "acc_a") // several begin at the same instant
			r.ID, r.CallID = fmt.Sprintf("cdr_%03d", i), fmt.Sprintf("call_%03d", i/2)
			if i%2 == 1 {
				r.Side, r.Center, r.From.Account, r.To.Account = cdr.Exit, "US", "", "acc_b"
				r.Withheld, r.Cause, r.Answer, r.Carrier = true, cdr.Busy, time.Time{}, "car_9"
			}
			all = append(all, r)
		}
		if err := calls.AppendRecords(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		start := all[0].Start
		for name, x := range map[string]struct {
			f    cdr.Filter
			want int
		}{
			"all": {cdr.Filter{}, 40}, "account": {cdr.Filter{Account: "acc_a"}, 20}, "called": {cdr.Filter{Account: "acc_b"}, 20},
			"call": {cdr.Filter{Call: "call_003"}, 2}, "record": {cdr.Filter{Call: "cdr_003"}, 1}, "carrier": {cdr.Filter{Carrier: "car_9"}, 20},
			"cause": {cdr.Filter{Cause: "busy"}, 20}, "side": {cdr.Filter{Side: cdr.Exit}, 20}, "unanswered": {cdr.Filter{Unanswered: true}, 20},
			"country first": {cdr.Filter{Number: "+82 700-2846"}, 40}, "country last": {cdr.Filter{Number: "700284682"}, 40}, "as written": {cdr.Filter{Number: "+1 312 555 0142"}, 40},
			"dialled": {cdr.Filter{Number: "1312"}, 40}, "nobody": {cdr.Filter{Number: "999"}, 0},
			"withheld is not found by the called": {cdr.Filter{Account: "acc_b", Number: "+82 700 2846"}, 0}, "and by the caller": {cdr.Filter{Account: "acc_a", Number: "+82 700 2846"}, 20},
			"period": {cdr.Filter{Since: start.Add(time.Minute), Before: start.Add(3 * time.Minute)}, 10},
		} {
			var got []string
			cursor := ""
			for {
				p, err := calls.Search(t.Context(), x.f, cursor, 7)
				if err != nil {
					t.Fatal(name, err)
				}
				for _, r := range p.Items {
					got = append(got, fmt.Sprintf("%d %s", r.Start.Unix(), r.ID))
				}
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			sorted := slices.Clone(got)
			slices.Sort(sorted)
			slices.Reverse(sorted)
			if len(got) != x.want || !slices.Equal(got, slices.Compact(sorted)) {
				t.Errorf("%s: %d found, want %d: %v", name, len(got), x.want, got)
			}
			var back []string
			if err := calls.Each(t.Context(), x.f, func(r *cdr.Record) error {
				back = append(back, fmt.Sprintf("%d %s", r.Start.Unix(), r.ID))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			slices.Reverse(back)
			if !slices.Equal(got, back) {
				t.Errorf("%s: the export has %v", name, back)
			}
		}
		for _, f := range []cdr.Filter{{Number: "abc"}, {Cause: "bored"}, {Since: start, Before: start}} {
			if _, err := calls.Search(t.Context(), f, "", 7); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", f, err)
			}
		}
		if _, err := calls.Search(t.Context(), cdr.Filter{}, "x'; DROP TABLE cdr; --", 7); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		if list, err := calls.Call(t.Context(), "call_004"); err != nil || len(list) != 2 {
			t.Error(list, err)
		}
	})
}

// TestAnExport of more than one page, in both formats.
func TestAnExport(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		db := storetest.Open(t, cfg)
		calls := db.Calls()
		const n = 2500
		var all []cdr.Record
		for i := range n {
			r := full(i%60, "acc_a")
			r.ID, r.CallID, r.Dialled = fmt.Sprintf("cdr_%05d", i), fmt.Sprintf("call_%05d", i), `=HYPERLINK("http://x","y")`
			all = append(all, r)
		}
		if err := calls.AppendRecords(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		write := func(format cdr.Format, account string) *bytes.Buffer {
			var b bytes.Buffer
			w := cdr.NewWriter(&b, format, account)
			if err := calls.Each(t.Context(), cdr.Filter{Account: account}, w.Write); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return &b
		}
		rows, err := csv.NewReader(write(cdr.CSV, "")).ReadAll()
		if err != nil || len(rows) != n+1 || !slices.Equal(rows[0], cdr.Columns(false)) {
			t.Fatal(len(rows), err)
		}
		seen := map[string]bool{}
		for _, row := range rows[1:] {
			seen[row[0]] = true
			for i, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Fatalf("%s is %q", rows[0][i], cell)
				}
			}
		}
		if len(seen) != n {
			t.Errorf("%d different records", len(seen))
		}
		own, err := csv.NewReader(write(cdr.CSV, "acc_a")).ReadAll()
		if err != nil || len(own) != n+1 || !slices.Equal(own[0], cdr.Columns(true)) || own[1][2] != "out" || own[1][16] != "5.00" && own[1][16] != "0.05" {
			t.Fatal(len(own), err, own[1])
		}
		dec, count := json.NewDecoder(write(cdr.NDJSON, "")), 0
		for dec.More() {
			var v cdr.RecordView
			if err := dec.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if count++; len(v.Legs) != 2 || v.Quality == nil || v.Dialled[0] != '=' {
				t.Fatalf("%+v", v)
			}
		}
		if count != n {
			t.Error(count)
		}
	})
}
