package press

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/numbering"
)

// TestACardIsPrinted in every language, in the size of ISO/IEC 7810 ID-1, and
// says nothing that opens anything. SCREENS=DIR leaves them there.
func TestACardIsPrinted(t *testing.T) {
	p, err := New(func(path string) string { return "https://tel.example" + path })
	if err != nil {
		t.Fatal(err)
	}
	c := idcard.Card{ID: "card_0123456789abcdef", Number: numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "25551234"}, Holder: "김민지 Minji Kim",
		Until: time.Date(2031, 11, 26, 0, 0, 0, 0, time.UTC), Created: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)}
	for tag := range p.tongues {
		file, err := p.IDCard(c, "https://tel.example/n/2555123482", tag)
		if err != nil || !bytes.Contains(file, []byte("/MediaBox [0 0 242.646 153.071]")) { // 85.6 × 54 mm in points
			t.Errorf("%s: %v", tag, err)
		}
		bare, err := p.IDCard(c, "", tag)
		if err != nil || len(bare) >= len(file) {
			t.Errorf("%s: without a page there is no code: %v", tag, err)
		}
		if dir := os.Getenv("SCREENS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "id-card-"+tag+".pdf"), file, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
