package edge

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/member"
)

// TestCallsAreCountedByTelephoneAndAccount: as many as are allowed are let through, and
// an emergency call is bounded by nothing but others of its kind.
func TestCallsAreCountedByTelephoneAndAccount(t *testing.T) {
	b := &board{edge: &Edge{cfg: Config{Together: 2, OfAccount: 3}}, menus: tally{}, urgent: tally{}, placed: tally{}}
	one, two := &member.Credential{Device: "dev_1", Account: "acc_1"}, &member.Credential{Device: "dev_2", Account: "acc_1"}
	other := &member.Credential{Device: "dev_3", Account: "acc_2"}
	places := func(cred *member.Credential, urgent bool) *call {
		c := &call{}
		b.enters(c, placer{cred.Device, cred.Account, urgent})
		return c
	}
	said := func(cred *member.Credential, urgent bool, want string) {
		t.Helper()
		if got := b.full(cred, urgent); got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%s, urgent %t: %q, want %q", cred.Device, urgent, got, want)
		}
	}
	first := places(one, false)
	said(one, false, "")
	places(one, false)
	said(one, false, "This telephone has 2 calls")
	said(two, false, "")
	places(two, false)
	said(two, false, "The telephones of this account have 3 calls")
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
	said(one, true, "This telephone has 10 emergency calls")
	said(two, true, "")
	for range mostUrgentOfAccount - mostUrgent {
		places(two, true)
	}
	said(&member.Credential{Device: "dev_4", Account: "acc_1"}, true, "The telephones of this account have 50 emergency calls")
	said(one, false, "")
	said(other, true, "")
	b.edge.cfg = Config{}
	places(one, false)
	places(one, false)
	said(one, false, "")
}
