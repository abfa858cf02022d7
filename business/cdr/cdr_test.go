package cdr

import (
	"slices"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/numbering"
)

// TestWhatACallerIsTold: a telephone that is declined with 486 told him that it is
// busy, and his history says the same; its holder declined, and missed nothing.
func TestWhatACallerIsTold(t *testing.T) {
	one := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}
	r := Record{From: Party{Account: "ann"}, To: Party{Account: "bob", Number: one}, Cause: Declined, Status: 486}
	for account, want := range map[string]Cause{"ann": Busy, "bob": Declined, "": Declined} {
		if got := r.CauseFor(account); got != want {
			t.Errorf("%q is told %v", account, got)
		}
		if got := View(&r, account).Cause; got != want.String() {
			t.Errorf("%q sees %s", account, got)
		}
	}
	if r.Missed() {
		t.Error("what he declined, he missed")
	}
	r.Status = 603
	if r.CauseFor("ann") != Declined {
		t.Error("who was told 603 was declined")
	}
	r.From.Account = ""
	if r.Status = 486; r.CauseFor("") != Declined {
		t.Error("the operator is told what a stranger is told")
	}
}

// TestHowTheOtherPartyIsWritten: a withheld number in no way.
func TestHowTheOtherPartyIsWritten(t *testing.T) {
	one := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}
	r := Record{From: Party{Account: "ann", Number: one}, To: Party{Account: "bob", Text: "+82 2 555 1234"}, Dialled: "025551234", Start: time.Unix(1, 0)}
	if got := r.With("ann"); !slices.Contains(got, "+82 2 555 1234") || !slices.Contains(got, "025551234") {
		t.Errorf("the caller knows him as %q", got)
	}
	if got := r.With("bob"); !slices.Contains(got, "755 0142 82") || slices.Contains(got, "025551234") {
		t.Errorf("the called knows him as %q", got)
	}
	if r.Withheld = true; len(r.With("bob")) != 0 {
		t.Errorf("a withheld number is %q", r.With("bob"))
	}
}

// TestWhoHidesIsNotShown: who called a temporary address reads that, wherever his
// calls are listed; who was called, and the operator, read whose it is.
func TestWhoHidesIsNotShown(t *testing.T) {
	one := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}
	const hidden = "tgruu.c4j2k0"
	r := Record{From: Party{Account: "ann"}, To: Party{Account: "bob", Number: one}, Dialled: hidden}
	for account, want := range map[string]string{"ann": hidden, "bob": "755 0142 82", "": "755 0142 82"} {
		if got, called := View(&r, account).To, r.Called(account); got != want || called != want {
			t.Errorf("%q reads %q and %q", account, got, called)
		}
	}
	if got := r.With("ann"); len(got) != 1 || got[0] != hidden {
		t.Errorf("by his contacts he learns of %q", got)
	}
	if got := View(&r, "").Dialled; got != hidden {
		t.Errorf("the operator reads that %q was dialled", got)
	}
}
