package web

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// TestWhoseFaultAFailedCallIs: a carrier's is not ours.
func TestWhoseFaultAFailedCallIs(t *testing.T) {
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{Tongue: all.by["en"], Who: member.Actor{Account: "acc_1"}}
	me := cdr.Party{Account: "acc_1"}
	ours := cdr.Party{Number: numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "25551234"}}
	for _, x := range []struct {
		r    cdr.Record
		want string
	}{
		{cdr.Record{From: me, To: cdr.Party{Text: "+82 2 555 0503"}, Cause: cdr.Failed}, "The other network failed"},
		{cdr.Record{From: me, To: ours, Cause: cdr.Failed}, "Failed on our side"},
		{cdr.Record{From: cdr.Party{Text: "+82 2 555 0503"}, To: me, Cause: cdr.Failed}, "Failed on our side"},
		{cdr.Record{From: me, To: cdr.Party{Text: "+82 2 555 0486"}, Cause: cdr.Busy}, "Busy"},
		{cdr.Record{From: me, To: cdr.Party{Text: "+82 2 555 1234"}, Answer: time.Unix(1, 0), Cause: cdr.Normal}, "Spoken"},
	} {
		if got := p.ended(x.r); got != x.want {
			t.Errorf("%+v: %q", x.r, got)
		}
	}
}

// TestWhatWasMissed: who was called and could not take it missed it, whoever ended
// it; what he declined, or took on another telephone, he did not.
func TestWhatWasMissed(t *testing.T) {
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{Tongue: all.by["en"], Who: member.Actor{Account: "acc_1"}}
	me := cdr.Party{Account: "acc_1", Number: numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}}
	caller := cdr.Party{Text: "+82 2 555 1234"}
	names := contact.NamesOf([]contact.Contact{{Name: "Mum", Number: "+8225551234"}})
	for _, x := range []struct {
		r               cdr.Record
		said, dot, kind string
	}{
		{cdr.Record{Cause: cdr.Cancelled}, "Missed call", "dot missed", "missed"},
		{cdr.Record{Cause: cdr.NoAnswer}, "Missed call", "dot missed", "missed"},
		{cdr.Record{Cause: cdr.Busy, Status: 486}, "Missed call, you were busy", "dot missed", "missed"},
		{cdr.Record{Cause: cdr.Unavailable}, "Missed call, no telephone of yours was reachable", "dot missed", "missed"},
		{cdr.Record{Cause: cdr.Declined, Status: 603}, "Declined", "dot", "in"},
		{cdr.Record{Cause: cdr.Declined, Status: 486}, "Declined", "dot", "in"},
		{cdr.Record{Cause: cdr.Normal, Answer: time.Unix(1, 0)}, "Spoken", "dot connected", "in"},
	} {
		x.r.From, x.r.To = caller, me
		if got := p.ended(x.r); got != x.said {
			t.Errorf("%v: %q", x.r.Cause, got)
		}
		if got := callDot(x.r, "acc_1"); got != x.dot {
			t.Errorf("%v: %q", x.r.Cause, got)
		}
		if got := recentOf([]cdr.Record{x.r}, "acc_1", names); got[0].Kind != x.kind || got[0].Name != "Mum" {
			t.Errorf("%v: %+v", x.r.Cause, got)
		}
	}
	mine := cdr.Record{From: me, To: caller, Cause: cdr.Cancelled}
	if p.ended(mine) != "Hung up before the answer" || callDot(mine, "acc_1") != "dot missed" || recentOf([]cdr.Record{mine}, "acc_1", names)[0].Kind != "out" {
		t.Errorf("a call of his own: %q", p.ended(mine))
	}
}

// TestAHiddenNumberIsNotInTheHistory: a temporary address stands there, cut to what
// a line has room for, and is what is offered to be dialled again.
func TestAHiddenNumberIsNotInTheHistory(t *testing.T) {
	one := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}
	r := cdr.Record{From: cdr.Party{Account: "acc_1"}, To: cdr.Party{Account: "acc_2", Number: one}, Dialled: "tgruu.c4j2k0aaaabbbbcccc"}
	if got := other(r, "acc_1"); got != "tgruu.c4j2k0aaaa…" {
		t.Errorf("the history has %q", got)
	}
	if got := otherSide(&r, "acc_1"); got != r.Dialled {
		t.Errorf("the telephone offers %q", got)
	}
}
