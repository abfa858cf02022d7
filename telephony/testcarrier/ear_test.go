package testcarrier

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

func prompts() map[string][]byte {
	m := map[string][]byte{}
	for name, ulaw := range media.Spoken {
		m[name] = ulaw
	}
	return m
}

// sentence is what a call says: a phrase, the code, a phrase, the code again.
func sentence(p map[string][]byte, language, code string) []byte {
	var b []byte
	say := func(name string) {
		d := p[language+"/"+name]
		b = append(b, d...)
		for len(b)%frame != 0 {
			b = append(b, 0xFF)
		}
	}
	for _, phrase := range []string{"code", "again"} {
		say(phrase)
		for _, d := range code {
			say("digit/" + string(d))
		}
	}
	say("goodbye")
	return b
}

// TestTheEarHearsEveryLanguage: whatever the code and the language, in both
// encodings, and through noise, another level and a packet boundary elsewhere.
func TestTheEarHearsEveryLanguage(t *testing.T) {
	p := prompts()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, language := range strings.Fields("en ko es fr de zh ja ar") {
		for _, code := range []string{"012345", "678900", "119999"} {
			for _, spoilt := range []bool{false, true} {
				if spoilt && (code != "678900" || !strings.Contains("es zh ar", language)) {
					continue // it is slow work
				}
				e := newEar()
				b := sentence(p, language, code)
				payload := uint8(0)
				if spoilt {
					payload = 8
					b = append(make([]byte, 77), b...)
					for i := range 77 {
						b[i] = 0xFF
					}
					b = rtp.Alaw(b)
				}
				for at := 0; at < len(b); at += frame {
					packet := b[at:min(at+frame, len(b))]
					if spoilt {
						noisy := append([]byte(nil), packet...)
						for i := range noisy {
							if rng.IntN(20) == 0 {
								noisy[i] ^= 0x04
							}
						}
						packet = noisy
					}
					e.hear(payload, packet)
				}
				for range 100 {
					e.hear(0, nil)
				}
				if len(e.codes) != 2 || e.codes[0] != code || e.codes[1] != code {
					t.Errorf("%s %s, spoilt %v: heard %v, then %q", language, code, spoilt, e.codes, e.run)
				}
			}
		}
	}
}

// TestTheEarHearsNothingInOtherWords: no phrase of any language sounds like a
// digit. Numbers, amounts and minutes are no phrases: “one” of an amount is meant
// to sound like the digit, and codes are not spoken with them.
func TestTheEarHearsNothingInOtherWords(t *testing.T) {
	for name, ulaw := range prompts() {
		if kind := strings.Split(name, "/")[1]; kind == "digit" || kind == "num" || kind == "money" || kind == "minute" {
			continue
		}
		e := newEar()
		for at := 0; at < len(ulaw); at += frame {
			e.hear(0, ulaw[at:min(at+frame, len(ulaw))])
		}
		for range 100 {
			e.hear(0, nil)
		}
		if e.run != "" || len(e.codes) != 0 {
			t.Errorf("%s sounds like %q", name, e.run)
		}
	}
}
