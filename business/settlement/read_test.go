package settlement

import (
	"fmt"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
)

// TestReadStatements as carriers of many countries write them.
func TestReadStatements(t *testing.T) {
	const want = "[{4930901820 2026-11-05 14:03:20 200 35000} {821012345678 2026-11-06 00:00:01 61 1234000}]"
	for name, text := range map[string]string{
		"plain":        "time,number,seconds,amount\n2026-11-05 14:03:20,4930901820,200,0.035\n2026-11-06 00:00:01,821012345678,61,1.2340\n",
		"german":       "\ufeffDate;Time;Called Number;Duration;Cost\r\n05.11.2026;14:03:20;+49 30 901820;0:03:20;0,035\r\n06.11.2026;00:00:01;+82 10 1234 5678;0:01:01;1,2340 EUR\r\n",
		"american":     "Call_Start,CLD,BillSec,Charge,Trunk\n\"11/05/2026 14:03:20\",004930901820,200,$0.035,x\n11/06/2026 00:00:01,00821012345678,61,$1.2340,x",
		"minutes":      "Timestamp\tDestination number\tBilled minutes\tTotal\n2026-11-05T14:03:20Z\t4930901820\t3.3333\t0.035\n2026-11-06T09:00:01+09:00\t821012345678\t1.0167\t1.2340",
		"without zero": "start time;to;duration;price\n20261105140320;4930901820;200;0,0350\n20261106000001;821012345678;61;1,2340",
	} {
		got, err := Read(text, "2026-11", "EUR")
		var b []string
		for _, x := range got {
			b = append(b, fmt.Sprintf("{%s %s %d %d}", digits(x.Number), x.At.Format("2006-01-02 15:04:05"), x.Seconds, x.Micros))
		}
		if text := "[" + strings.Join(b, " ") + "]"; err != nil || text != want {
			t.Errorf("%s: %s %v %+v", name, text, err, fault.FieldsOf(err))
		}
	}
	if got, err := Read("time;number;seconds;amount\n2026-11-05 14:03:20;1;1;1,234\n2026-11-05 14:03:20;1;1;-2,50", "2026-11", "EUR"); err != nil || got[0].Micros != 1_234_000 || got[1].Micros != -2_500_000 {
		t.Errorf("%+v %v", got, err)
	}
	// The day first, since in the other way the days are not in the month.
	got, err := Read("time,number,seconds,amount\n05/11/2026 14:03:20,1,1,1.00\n06/11/2026 14:03:20,1,1,1.00", "2026-11", "USD")
	if err != nil || got[1].At.Day() != 6 {
		t.Errorf("%+v %v", got, err)
	}
}

// TestBadStatementsSayWhatIsWrongWhere names lines, and keeps nothing.
func TestBadStatementsSayWhatIsWrongWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "statement_empty",
		"a,b,c\n1,2,3":                 "statement_heading",
		"time,number,seconds,amount\n": "statement_empty",
		"time,number,seconds,amount\n2026-11-05 14:03:20,49,200":             "line 2",
		"time,number,seconds,amount\n2026-11-05 14:03:20,x,200,1.00":         "line 2",
		"time,number,seconds,amount\n\n2026-11-05 14:03:20,49,0:99:00,1.00":  "line 3",
		"time,number,seconds,amount\n2026-11-05 14:03:20,49,-5,1.00":         "line 2",
		"time,number,seconds,amount\n2026-13-05 14:03:20,49,5,1.00":          "line 2",
		"time,number,seconds,amount\n2026-11-05 14:03:20,49,5,free":          "line 2",
		"time,number,seconds,amount\n31/02/2026 14:03:20,49,5,1.00":          "line 2",
		"time,number,seconds,amount\n=cmd|' /C calc'!A0,49,5,\x00":           "line 2",
		"time,number,seconds,amount\n2026-11-05 14:03:20,49,99999999999,1.0": "line 2",
	} {
		_, err := Read(text, "2026-11", "USD")
		got := fault.ReasonOf(err).Code
		if f := fault.FieldsOf(err); len(f) > 0 {
			got = f[0].Name
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("time,number,seconds,amount\n2026-11-05 14:03:20,4930901820,200,0.035\n")
	f.Add("date;time;to;minutes;total\n05/11/2026;14:03;1;3,3;1.234,5")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Read(text, "2026-11", "USD")
		if (err == nil) == (len(list) == 0) {
			t.Errorf("%d lines and %v", len(list), err)
		}
		for _, x := range list {
			if x.At.IsZero() || x.Seconds < 0 || digits(x.Number) == "" && x.Number == "" {
				t.Errorf("%+v", x)
			}
		}
	})
}
