package shop

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite testdata")
	os.Exit(m.Run())
}

func update() bool { return flag.Lookup("update").Value.String() == "true" }

// ledgerOfForms is the claims of a golden.
type ledgerOfForms map[string]numbering.Number

func (l ledgerOfForms) Claimed(_ context.Context, form string) (numbering.Number, bool, error) {
	n, taken := l[form]
	return n, taken, nil
}
func (l ledgerOfForms) Claim(context.Context, string, string, numbering.Number) (bool, error) {
	return true, nil
}
func (l ledgerOfForms) Unclaim(context.Context, string) error { return nil }

// TestPolicy runs testdata/*.policy: lines that say what is so (open: the
// countries with a center; closed, block, price, reserved, paper, review, sold), a
// line "ask: kind country digits [+further countries] [proved]" and "want:"
// with the verdict. A new case needs no Go.
func TestPolicy(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.policy")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".policy"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			given, want, ok := strings.Cut(strings.TrimRight(string(raw), "\n"), "\nwant: ")
			if !ok {
				t.Fatal("no line want:")
			}
			got := ruling(t, plans, given)
			if got == want {
				return
			}
			if update() {
				if err := os.WriteFile(file, []byte(given+"\nwant: "+got+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("\n got %s\nwant %s", got, want)
		})
	}
}

func ruling(t *testing.T, plans *numbering.Plans, given string) string {
	t.Helper()
	var c Catalogue
	var open []string
	claims := ledgerOfForms{}
	kind := func(s string) numbering.Kind {
		k, err := numbering.ParseKind(s)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	closed := map[string]bool{}
	for line := range strings.Lines(given) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, ": ")
		w := strings.Fields(rest)
		switch verb {
		case "open":
			open = w
		case "closed": // closed: KR company
			closed[w[0]+w[1]] = true
		case "block":
			var n int
			if _, err := fmt.Sscan(w[3], &n); err != nil {
				t.Fatal(err)
			}
			c.Blocks = append(c.Blocks, Block{ID: rest, Kind: kind(w[0]), Country: w[1], Prefix: w[2], Length: n, Closed: len(w) > 4})
		case "price": // of a kind alone
			c.Prices = append(c.Prices, PriceRule{ID: rest, Kind: kind(w[0])})
		case "reserved":
			c.Reserved = append(c.Reserved, Reserved{Digits: w[0]})
		case "paper":
			c.Papers = append(c.Papers, Paper{ID: rest, Kind: kind(w[0]), Country: w[1], Name: strings.Join(w[2:], " ")})
		case "review":
			c.Review = Review{Company: strings.Contains(rest, "company"), Premium: strings.Contains(rest, "premium")}
		case "sold":
			n := numbering.Number{Kind: kind(w[0]), CallingCode: plans.CallingCode(w[1]), National: w[2]}
			for _, f := range numbering.Forms(n) {
				claims[f] = n
			}
		case "ask":
			for _, iso := range open {
				c.Systems = append(c.Systems, System{Country: iso, Individual: !closed[iso+"individual"], Company: !closed[iso+"company"], OwnPhone: !closed[iso+"own_phone"]})
			}
			return judged(t, Policy{Plans: plans, Currency: "USD", Service: []string{"10082"}}.with(open, c), claims, w)
		default:
			t.Fatalf("%q is no line of a policy case", line)
		}
	}
	t.Fatal("nothing is asked")
	return ""
}

func judged(t *testing.T, p *Policy, claims Claims, w []string) string {
	t.Helper()
	r := Request{Country: w[1], National: w[2]}
	r.Kind, _ = numbering.ParseKind(w[0])
	s := &Service{now: func() time.Time { return time.Unix(0, 0) }}
	s.policy.Store(p)
	proved := false
	for _, x := range w[3:] {
		if iso, more := strings.CutPrefix(x, "+"); more {
			r.Countries = append(r.Countries, iso)
		}
		proved = proved || x == "proved"
	}
	o, err := s.order(member.System().Account, r)
	if err != nil {
		return "invalid: " + err.Error()
	}
	o.Proved = proved
	v, err := p.judge(t.Context(), claims, &o)
	if err != nil {
		t.Fatal(err)
	}
	out := string(v.state)
	if v.reason.Code != "" {
		out += " " + v.reason.Code + ": " + v.reason.Text
	}
	if len(v.off) > 0 {
		out += " [off in " + strings.Join(v.off, " ") + "]"
	}
	return out
}
