package media

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/rtp"
)

// TestPromptsAreComplete: every language says the same things, loud enough and
// no longer than anybody listens.
func TestPromptsAreComplete(t *testing.T) {
	languages := map[string]int{}
	for name, ulaw := range Spoken {
		language, what, _ := strings.Cut(name, "/")
		if language != "en" || what != "carrier" {
			languages[language]++
		}
		sum, peak := 0.0, 0.0
		for _, b := range ulaw {
			v := float64(rtp.Linear(0, b)) / 32768
			sum += v * v
			peak = max(peak, math.Abs(v))
		}
		level := 10 * math.Log10(sum/float64(len(ulaw)))
		long := time.Duration(len(ulaw)) * time.Second / 8000
		most := 7 * time.Second
		switch {
		case strings.Contains(name, "digit"):
			most = 1200 * time.Millisecond
		case strings.Contains(name, "refused"): // they say what to do instead
			most = 9 * time.Second
		}
		if level < -22 || level > -15 || peak > 0.99 || long < 500*time.Millisecond || long > most {
			t.Errorf("%s: %.1f dB, peak %.2f, %v", name, level, peak, long)
		}
	}
	if len(languages) != 8 {
		t.Errorf("the languages are %v", languages)
	}
	for l, n := range languages {
		if n != 20 {
			t.Errorf("%s has %d prompts, want 20", l, n)
		}
	}
	if _, ok := NewPrompts().get("ja/digit/7"); !ok {
		t.Error("a prompt is not found")
	}
}
