package tariff

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the goldens") //nolint:gochecknoglobals // a flag

// TestPreviews holds testdata/*.preview: an old list, a new one, and what changes.
func TestPreviews(t *testing.T) {
	files, err := filepath.Glob("testdata/*.preview")
	if err != nil || len(files) < 6 {
		t.Fatal(len(files), "goldens", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.SplitN(string(raw), "---\n", 4)
			if len(parts) != 4 {
				t.Fatal("bands, the old list, the new one, the preview")
			}
			bands, err := ParseBands(parts[0])
			if err != nil {
				t.Fatal(err)
			}
			old, err := Read(parts[1], usd(bands...))
			if err != nil {
				t.Fatal(err)
			}
			next, err := Read(parts[2], usd(bands...))
			if err != nil {
				t.Fatal(err)
			}
			same := func(n int64) int64 { return n }
			p := compare(old, next, same, same)
			var b strings.Builder
			for _, what := range []string{IsNew, IsRemoved, IsDearer, IsCheaper, IsOther, IsUnchanged} {
				fmt.Fprintf(&b, "%s %d\n", what, p.Counts[what])
			}
			for _, c := range p.Changes {
				fmt.Fprintf(&b, "%s %q %s: %d+%d %s → %d+%d %s (%d)\n", c.What, c.Prefix, c.Band, c.Old.Connect, c.Old.Minute, Steps(c.Old), c.New.Connect, c.New.Minute, Steps(c.New), c.Percent)
			}
			for _, s := range p.Steps {
				if s.Lines > 0 {
					fmt.Fprintf(&b, "from %d to %d: %d\n", s.From, s.To, s.Lines)
				}
			}
			if b.String() == parts[3] {
				return
			}
			if *update {
				if err := os.WriteFile(f, []byte(strings.Join(parts[:3], "---\n")+"---\n"+b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("got\n%swant\n%s", b.String(), parts[3])
		})
	}
}

// TestOnlyTheLargestChangesAreListed, whatever their number.
func TestOnlyTheLargestChangesAreListed(t *testing.T) {
	var a, b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&a, "%d,1.0000\n", 10_000+i)
		fmt.Fprintf(&b, "%d,%d.5000\n", 10_000+i, 1+(i*7919)%5000)
	}
	old, err := Read(a.String(), usd())
	if err != nil {
		t.Fatal(err)
	}
	next, err := Read(b.String(), usd())
	if err != nil {
		t.Fatal(err)
	}
	same := func(n int64) int64 { return n }
	p := compare(old, next, same, same)
	if len(p.Changes) != mostChanges || p.More != 5000-mostChanges || p.Changes[0].New.Minute != 5000_500_000 || p.Changes[mostChanges-1].New.Minute != 4901_500_000 {
		t.Errorf("%d changes, %d more, from %+v to %+v", len(p.Changes), p.More, p.Changes[0], p.Changes[len(p.Changes)-1])
	}
}
