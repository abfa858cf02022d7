package web

import (
	"strings"
	"testing"

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
