package numbering

import (
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
)

func TestOwnTelephones(t *testing.T) {
	p := load(t)
	for in, want := range map[string]string{
		"+82 2-555-1234":   "82 25551234",
		"+82 10 5550 1234": "82 1055501234",
		"+1 312 555 0142":  "1 3125550142",
		"+39 06 6982":      "39 066982",
	} {
		code, national, err := p.Own(in)
		if err != nil || code+" "+national != want {
			t.Errorf("%s: %s %s %v", in, code, national, err)
		}
	}
	for in, code := range map[string]string{
		"02 555 1234":      "number_form",
		"112":              "number_form",
		"+82112":           "number_invalid",
		"+999 123456":      "number_invalid",
		"+1 900 234 5678":  "not_a_telephone", // premium rate
		"+82 60 700 1234":  "not_a_telephone",
		"+44 871 234 5678": "not_a_telephone", // shared cost
		"+1 800 234 5678":  "not_a_telephone", // nobody's own: it rings where its holder pays
		"":                 "empty",
	} {
		if _, _, err := p.Own(in); fault.ReasonOf(err).Code != code {
			t.Errorf("%s: %v, want %s", in, err, code)
		}
	}
}

func TestDialledWithinTheCountry(t *testing.T) {
	p := load(t)
	for _, c := range [][3]string{{"KR", "25551234", "025551234"}, {"US", "3125550142", "3125550142"}, {"DE", "30123456", "030123456"}, {"ES", "912345678", "912345678"}, {"XX", "1", "1"}} {
		if got := p.Trunk(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}
