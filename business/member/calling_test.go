package member

import (
	"slices"
	"testing"
)

// TestForwardingInForce: calls follow what he chose to telephones he has proved,
// in dev to any; without a choice, to all of them when he is away.
func TestForwardingInForce(t *testing.T) {
	t.Parallel()
	m := Membership{ContactPSTN: "+82 2 555 6789", OtherVoIP: []string{"+49 30 901820", "ann@example.com"}, Proved: []string{"+4930901820"}}
	for name, x := range map[string]struct {
		chosen   *Forwarding
		any      bool
		want     Forwarding
		unproved []string
	}{
		"no choice, served":    {nil, false, Forwarding{Unreachable: []string{"+4930901820"}}, []string{"+8225556789"}},
		"no choice, dev":       {nil, true, Forwarding{Unreachable: []string{"+8225556789", "+4930901820"}}, []string{"+8225556789"}},
		"switched off":         {&Forwarding{}, true, Forwarding{}, nil},
		"unproved, served":     {&Forwarding{Always: []string{"+8225556789"}, Busy: []string{"+4930901820"}}, false, Forwarding{Busy: []string{"+4930901820"}}, []string{"+8225556789"}},
		"unproved, dev":        {&Forwarding{Always: []string{"+8225556789"}}, true, Forwarding{Always: []string{"+8225556789"}}, []string{"+8225556789"}},
		"no longer his number": {&Forwarding{Always: []string{"+8225550000"}}, true, Forwarding{}, nil},
	} {
		m.Forward = x.chosen
		got, unproved := m.InForce(x.any)
		if !slices.Equal(got.Always, x.want.Always) || !slices.Equal(got.Busy, x.want.Busy) || !slices.Equal(got.Unreachable, x.want.Unreachable) || !slices.Equal(unproved, x.unproved) {
			t.Errorf("%s: %+v, unproved %q", name, got, unproved)
		}
		if got.None() != x.want.None() {
			t.Errorf("%s: it is none: %t", name, got.None())
		}
	}
}
