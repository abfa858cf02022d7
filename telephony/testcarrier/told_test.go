package testcarrier

import (
	"slices"
	"testing"

	"github.com/callisto-tel/callisto/telephony/rtp"
)

// TestItRecognisesWhatIsSaid, in both encodings and after silence, and of a sentence
// that breaks off enough is enough.
func TestItRecognisesWhatIsSaid(t *testing.T) {
	t.Parallel()
	p := prompts()
	for payload, quietly := range map[uint8]byte{0: 0xFF, 8: 0xD5} {
		x := told{}
		x.learn(payload)
		var said []string
		say := func(name string, frames int) {
			sound := p[name]
			if payload == 8 {
				sound = rtp.Alaw(sound)
			}
			for i := 0; i*frame < len(sound) && i < frames; i++ {
				f := slices.Clone(sound[i*frame : min(len(sound), (i+1)*frame)])
				for len(f) < frame {
					f = append(f, quietly)
				}
				if text := x.hear(f); text != "" {
					said = append(said, text)
				}
			}
		}
		hush := make([]byte, frame)
		for i := range hush {
			hush[i] = quietly
		}
		x.hear(hush)
		for _, name := range []string{"en/access/welcome", "en/access/balance", "en/num/10", "ko/access/dial"} {
			say(name, 1000)
		}
		say("en/access/locked", 45) // and then a key was pressed
		said = append(said, x.hear(hush))
		if want := []string{"Welcome to Callisto.", "Your balance is", "ten", "거실 번호를 누르세요.", "Your PIN is locked. You can unlock it on your page."}; !slices.Equal(said, want) {
			t.Errorf("in encoding %d it hears %q", payload, said)
		}
	}
}

// TestKeysArePressedInParts: up to each #, two of which belong together.
func TestKeysArePressedInParts(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string][]press{
		"":               nil,
		"999#111111#":    {{"999#", 0}, {"111111#", 0}},
		"1#,,57##2# 3":   {{"1#", 0}, {"57##", 200}, {"2#", 0}, {"3", 0}},
		"5550100*82#":    {{"5550100*82#", 0}},
		"12,34":          {{"12", 0}, {"34", 100}},
		"#":              {{"#", 0}},
		",":              nil,
		"271828# , *56#": {{"271828#", 0}, {"*56#", 100}},
	} {
		if got := presses(keys); !slices.Equal(got, want) {
			t.Errorf("%q is pressed as %+v", keys, got)
		}
	}
	if !CanPress("1#,* 0") || CanPress("12A") || CanPress("1234567890123456789012345678901234567890123456789012345678901") {
		t.Error("what can be pressed is not told from what cannot")
	}
}
