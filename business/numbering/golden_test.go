package numbering

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
)

// update rewrites the goldens from what the code says; read the diff.
func update() bool {
	return flag.Lookup("update") != nil && flag.Lookup("update").Value.String() == "true"
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite testdata")
	os.Exit(m.Run())
}

// TestGolden runs testdata/*.num: a line "typed|display|read|refuse|block:
// input" and a line "want: answer". A new case needs no Go.
func TestGolden(t *testing.T) {
	plans := load(t)
	files, err := filepath.Glob("testdata/*.num")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".num"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ask, want, ok := strings.Cut(strings.TrimRight(string(raw), "\n"), "\nwant: ")
			verb, in, ok2 := strings.Cut(ask, ": ")
			if !ok || !ok2 {
				t.Fatalf("%s: want two lines, the question and want:", file)
			}
			got := answer(t, plans, verb, in)
			if got == want {
				return
			}
			if update() {
				if err := os.WriteFile(file, []byte(verb+": "+in+"\nwant: "+got+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s %q\n got %q\nwant %q", verb, in, got, want)
		})
	}
}

func load(t testing.TB) *Plans {
	t.Helper()
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func answer(t *testing.T, p *Plans, verb, in string) string {
	t.Helper()
	words := strings.Fields(in)
	switch verb {
	case "typed":
		typed, err := ParseTyped(in)
		if err != nil {
			return "refused " + fault.ReasonOf(err).Code
		}
		names := []string{"", "digits", "plus", "rooted", "feature", "sos", "address", "domain", "uri"}
		return names[typed.Kind] + " " + typed.Text
	case "display":
		n := number(t, words)
		return n.Display() + " | " + n.Plus()
	case "read":
		r := p.Read(words[1], words[0])
		switch r.Kind {
		case EmergencyCode:
			return "emergency"
		case ShortCode:
			return "short"
		case Ordinary:
			return "ordinary " + ordinary(r.CallingCode, r.National)
		}
		return ""
	case "block":
		var length int
		for _, c := range words[2] {
			length = length*10 + int(c-'0')
		}
		if err := p.CheckBlock(words[0], words[1], length); err != nil {
			return fault.ReasonOf(err).Code
		}
		return "ok"
	case "refuse":
		return refusal(t, p, words)
	}
	t.Fatalf("unknown verb %q", verb)
	return ""
}

// refusal reads: KIND CC NATIONAL in ISO… [proved] [claimed KIND CC NATIONAL]
func refusal(t *testing.T, p *Plans, words []string) string {
	t.Helper()
	n := number(t, words)
	g := Grounds{}
	claims := map[string]Number{}
	for i := 4; i < len(words); i++ {
		switch words[i] {
		case "proved":
			g.Proved = true
		case "claimed":
			other := number(t, words[i+1:])
			for _, f := range Forms(other) {
				claims[f] = other
			}
			i += 3
		default:
			g.Countries = append(g.Countries, words[i])
		}
	}
	g.Claimed = func(form string) (Number, bool) { o, ok := claims[form]; return o, ok }
	reason, off, refused := p.Refuse(n, g)
	switch {
	case refused:
		return reason.Code + " " + reason.Text
	case len(off) > 0:
		return "ok typed form off in " + strings.Join(off, " ")
	}
	return "ok"
}

func number(t *testing.T, words []string) Number {
	t.Helper()
	k, err := ParseKind(words[0])
	if err != nil {
		t.Fatal(err)
	}
	return Number{Kind: k, CallingCode: words[1], National: words[2]}
}
