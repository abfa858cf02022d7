package web

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
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
