package numbering

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"testing"
)

// TestNoTwoMeanings sells random valid numbers of every country through Refuse
// and then dials every sold form in every country with a center: nothing may
// be both ours and somebody else's (N4).
func TestNoTwoMeanings(t *testing.T) {
	p := load(t)
	rng := rand.New(rand.NewPCG(4, 2026))
	centers := []string{"KR", "US", "DE", "JP", "IT", "FR", "GB", "ES"}
	sold := map[string]Number{} // every claimed form
	typed := map[string]Number{}
	asked, refusedDialable := 0, 0
	grounds := Grounds{Countries: centers, Claimed: func(f string) (Number, bool) { n, ok := sold[f]; return n, ok }}
	for _, iso := range p.Countries() {
		for range 12 {
			n, ok := randomNumber(p, rng, iso)
			if !ok {
				continue
			}
			asked++
			reason, off, refused := p.Refuse(n, grounds)
			if refused {
				if reason.Text == "" || reason.Code == "" {
					t.Fatalf("%v refused without a reason", n)
				}
				if strings.Contains(reason.Text, "when dialled") {
					refusedDialable++
				}
				continue
			}
			if len(off) > 0 {
				t.Fatalf("%v: switched off without a proof", n)
			}
			for _, f := range Forms(n) {
				if other, taken := sold[f]; taken {
					t.Fatalf("%q is %v and %v", f, other, n)
				}
				sold[f] = n
			}
			typed[n.Canonical()] = n
		}
	}
	for digits, n := range typed {
		for _, iso := range centers {
			if r := p.Read(digits, iso); r.Kind != NoReading {
				t.Errorf("%s is sold as %v and reads %+v", digits, n, r)
			}
			if rest, abroad := p.Abroad(digits, iso); abroad {
				if other, taken := sold["+"+rest]; taken {
					t.Errorf("%s typed in %s is %v and the + form of %v", digits, iso, n, other)
				}
			}
		}
	}
	if share := float64(refusedDialable) / float64(asked); share > 0.20 {
		t.Errorf("strict dialability refused %.0f %% of %d, N4 says 0 to 20", share*100, asked)
	}
	t.Logf("asked %d, sold %d, refused as dialable %d", asked, len(typed), refusedDialable)
}

// randomNumber draws from the pattern of valid numbers of a country.
func randomNumber(p *Plans, rng *rand.Rand, iso string) (Number, bool) {
	r := p.regions[iso]
	if r.ownable == nil {
		return Number{}, false
	}
	re, err := syntax.Parse(r.ownable.source, syntax.Perl)
	if err != nil {
		return Number{}, false
	}
	re = re.Simplify()
	for range 50 {
		s := draw(re, rng)
		if _, ok := p.Valid(r.code, s); ok {
			return Number{Kind: Individual, CallingCode: r.code, National: s}, true
		}
	}
	return Number{}, false
}

func draw(re *syntax.Regexp, rng *rand.Rand) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		i := rng.IntN(len(re.Rune)/2) * 2
		return string(re.Rune[i] + rune(rng.IntN(int(re.Rune[i+1]-re.Rune[i])+1)))
	case syntax.OpCapture:
		return draw(re.Sub[0], rng)
	case syntax.OpQuest:
		if rng.IntN(2) == 0 {
			return ""
		}
		return draw(re.Sub[0], rng)
	case syntax.OpAlternate:
		return draw(re.Sub[rng.IntN(len(re.Sub))], rng)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(draw(sub, rng))
		}
		return b.String()
	default:
		return ""
	}
}

// TestEveryRegionHasEmergencyCodes holds N6.
func TestEveryRegionHasEmergencyCodes(t *testing.T) {
	p := load(t)
	for _, iso := range p.Countries() {
		for _, c := range []string{"112", "911"} {
			if !p.Emergency(c, iso) {
				t.Errorf("%s is no emergency code in %s", c, iso)
			}
		}
	}
	for iso, codes := range missingEmergency() {
		for _, c := range codes {
			if p.Read(c, iso).Kind != EmergencyCode {
				t.Errorf("%s in %s", c, iso)
			}
		}
	}
}

func FuzzParseTyped(f *testing.F) {
	for _, s := range []string{"2555123482", "+82 2", "5550100%2382", "*97", "sip:a@b", "%", "%2", "a.b", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typed, err := ParseTyped(s)
		if err != nil {
			return
		}
		switch typed.Kind {
		case Digits, Plus:
			if !allDigits(typed.Text) {
				t.Fatalf("%q gave %+v", s, typed)
			}
		case Rooted:
			root, cc, _ := strings.Cut(typed.Text, "#")
			if !allDigits(root) || !allDigits(cc) {
				t.Fatalf("%q gave %+v", s, typed)
			}
		}
	})
}
