package bundle

import (
	"slices"
	"testing"
	"time"
)

func TestPrefixes(t *testing.T) {
	p := ReadPrefixes("+49, 4930\n-49900;−4930111 33")
	for number, want := range map[string]string{"+4930901820": "4930", "+491": "49", "+33": "33", "+49900123": "-", "+4930111": "-", "+44": "-", "": "-"} {
		got, covered := p.Covers(number)
		if !covered {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
	if _, covered := ReadPrefixes("*, -1").Covers("+4930"); !covered {
		t.Error("everywhere is not everywhere")
	}
	if text := p.Text(); !slices.Equal(ReadPrefixes(text), p) {
		t.Errorf("%q is read as something else", text)
	}
}

// TestEnds: months by the calendar, from the first day on, and days.
func TestEnds(t *testing.T) {
	anchor := time.Date(2027, 10, 31, 13, 45, 0, 0, time.UTC)
	for _, x := range []struct {
		days, step int
		want       string
	}{{0, 1, "2027-11-30 13:45:00"}, {0, 2, "2027-12-31 13:45:00"}, {0, 4, "2028-02-29 13:45:00"}, {0, 5, "2028-03-31 13:45:00"}, {30, 2, "2027-12-30 13:45:00"}} {
		if got := ends(anchor, x.days, x.step).Format(time.DateTime); got != x.want {
			t.Errorf("%+v: %s", x, got)
		}
	}
}

func TestShare(t *testing.T) {
	for _, x := range [][4]int64{{1_000_000, 500, 600, 833_333}, {1_000_000, 600, 600, 1_000_000}, {1_000_000_000_000, 59_999_999, 60_000_000, 999_999_983_333}, {7, 1, 60, 0}} {
		if got := Share(x[0], x[1], x[2]); got != x[3] {
			t.Errorf("%v: %d", x, got)
		}
	}
}

func TestPick(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 1, n, 0, 0, 0, 0, time.UTC) }
	list := []Allowance{
		{ID: "wide", Ends: day(9), Prefixes: Prefixes{""}}, {ID: "narrow", Ends: day(9), Prefixes: Prefixes{"4930", "49"}},
		{ID: "soon", Ends: day(2), Prefixes: Prefixes{"49"}}, {ID: "not", Ends: day(1), Prefixes: Prefixes{"49", "-4930"}},
	}
	var got []string
	for _, a := range Pick(list, "+4930901820") {
		got = append(got, a.ID)
	}
	if !slices.Equal(got, []string{"soon", "narrow", "wide"}) {
		t.Error(got)
	}
}
