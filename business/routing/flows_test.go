package routing

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/location"
)

// TestOtherFlows: a telephone that was not reached by one flow is tried by its
// next, the one used last first; who rang, or has no flows, is not rung again.
func TestOtherFlows(t *testing.T) {
	t.Parallel()
	at := func(id, instance string, flow uint32, used int64) location.Binding {
		return location.Binding{ID: id, DeviceID: "desk", InstanceID: instance, RegID: flow, Updated: time.Unix(used, 0)}
	}
	one, two, three := at("1", "a", 1, 3), at("2", "a", 2, 1), at("3", "a", 3, 2)
	single, alone, other := at("4", "b", 0, 9), at("5", "", 1, 9), at("6", "c", 1, 9)
	found := []location.Binding{one, two, three, single, alone, other}
	ended := func(c cdr.Cause, list ...location.Binding) (out []Outcome) {
		for _, b := range list {
			out = append(out, Outcome{Target: Target{Kind: ToBinding, Binding: b}, Cause: c})
		}
		return out
	}
	ids := func(list []location.Binding) (s string) {
		for i := range list {
			s += list[i].ID
		}
		return s
	}
	for name, x := range map[string]struct {
		tried []Outcome
		want  string
	}{
		"nobody was tried":                    {nil, ""},
		"its flow is dead":                    {ended(cdr.Unavailable, one), "3"},
		"nothing came back":                   {ended(cdr.Timeout, one), "3"},
		"it failed":                           {ended(cdr.Failed, one), "3"},
		"two are dead":                        {ended(cdr.Unavailable, one, three), "2"},
		"all are dead":                        {ended(cdr.Unavailable, one, two, three), ""},
		"it is busy":                          {ended(cdr.Busy, one), ""},
		"nobody answered":                     {ended(cdr.NoAnswer, one), ""},
		"it declined by its second":           {append(ended(cdr.Unavailable, one), ended(cdr.Declined, three)...), ""},
		"who has one way has no other":        {ended(cdr.Unavailable, single), ""},
		"who says no instance is nobody else": {ended(cdr.Unavailable, alone), ""},
	} {
		if got := ids(otherFlows(found, x.tried)); got != x.want {
			t.Errorf("%s: by %q, want %q", name, got, x.want)
		}
	}
	if got := ids(oneFlowEach(found)); got != "1456" {
		t.Errorf("at first by %q", got)
	}
}
