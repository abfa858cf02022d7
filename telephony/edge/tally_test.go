package edge

import (
	"strings"
	"testing"
)

// TestCallsAreCountedByTelephoneAndAccount: as many as are allowed are let through, and
// an emergency call is bounded by nothing but others of its kind.
func TestCallsAreCountedByTelephoneAndAccount(t *testing.T) {
	b := &board{edge: &Edge{cfg: Config{Together: 2, OfAccount: 3}}, menus: tally{}, urgent: tally{}, placed: tally{}}
	one, two, other := placer{device: "dev_1", account: "acc_1"}, placer{device: "dev_2", account: "acc_1"}, placer{device: "dev_3", account: "acc_2"}
	places := func(p placer, urgent bool) *call {
		c := &call{}
		p.urgent = urgent
		b.enters(c, p)
		return c
	}
	said := func(p placer, urgent bool, want string) {
		t.Helper()
		p.urgent = urgent
		if got := b.full(p); got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
	first := places(one, false)
	said(one, false, "")
	places(one, false)
	said(one, false, "This telephone has as many calls as one may have at once (2)")
	said(two, false, "")
	places(two, false)
	said(two, false, "The telephones of this account have as many calls as they may have at once (3)")
	said(other, false, "")
	b.leaves(first)
	said(one, false, "")
	b.leaves(first) // once is enough
	if b.placed["dev_1"] != 1 || b.placed["acc_1"] != 2 {
		t.Errorf("counted are %v", b.placed)
	}
	for range mostUrgent {
		said(one, true, "")
		places(one, true)
	}
	said(one, true, "This telephone has as many emergency calls as one may have at once (10)")
	said(two, true, "")
	for range mostUrgentOfAccount - mostUrgent {
		places(two, true)
	}
	said(placer{device: "dev_4", account: "acc_1"}, true, "The telephones of this account have as many emergency calls as they may have at once (50)")
	said(one, false, "")
	said(other, true, "")
	b.edge.cfg = Config{}
	places(one, false)
	places(one, false)
	said(one, false, "")
}
