package web

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/member"
)

// TestAnUnprovedNumberIsUsedInDevAlone, and its page says so.
func TestAnUnprovedNumberIsUsedInDevAlone(t *testing.T) {
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	for dev, want := range map[bool]string{true: "calls are sent on to it here all the same", false: "Not proved, so not used"} {
		f := &face{}
		f.Dev = dev
		p := &page{Tongue: all.by["en"], f: f}
		var b strings.Builder
		if err := ownNumber(p, member.Own{Text: "+82 2 555 6789", E164: "+8225556789", Dial: "+8225556789", Purpose: member.ForContact}).Render(p.rendering(t.Context()), &b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) || !strings.Contains(b.String(), "/proofs/new") {
			t.Errorf("in dev %t it says %s", dev, b.String())
		}
	}
}

// TestANumberThatDoesNotRingIsNotSaidToBeCalled: why it does not is said beside it.
func TestANumberThatDoesNotRingIsNotSaidToBeCalled(t *testing.T) {
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	for rings, want := range map[bool]int{true: 1, false: 0} {
		p := &page{Tongue: all.by["en"], f: &face{}}
		var b strings.Builder
		if err := ringWho(p, ringsData{}, bell.Row{Kind: bell.KindForward, Name: "+8225556789", Unproved: true, Now: bell.Verdict{Rings: rings}}).Render(p.rendering(t.Context()), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), p.T("calling.unproved_dev")) != want {
			t.Errorf("where it rings %t it says %s", rings, b.String())
		}
	}
}
