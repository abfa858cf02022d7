package media

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

// TestPromptsAreComplete: what speech can say is recorded and nothing else, loud
// enough, and no longer than anybody listens.
func TestPromptsAreComplete(t *testing.T) {
	wanted := map[string]string{}
	for _, r := range speech.Recordings() {
		wanted[r.Name] = r.Text
	}
	for name, ulaw := range Spoken {
		if _, ok := wanted[name]; !ok {
			t.Errorf("%s is recorded, and nothing says it", name)
		}
		delete(wanted, name)
		sum, peak := 0.0, 0.0
		for _, b := range ulaw {
			v := float64(rtp.Linear(0, b)) / 32768
			sum += v * v
			peak = max(peak, math.Abs(v))
		}
		level := 10 * math.Log10(sum/float64(len(ulaw)))
		long := time.Duration(len(ulaw)) * time.Second / 8000
		_, what, _ := strings.Cut(name, "/")
		least, most := 500*time.Millisecond, 7*time.Second
		switch kind, _, _ := strings.Cut(what, "/"); kind {
		case "digit":
			most = 1200 * time.Millisecond
		case "num", "money", "minute":
			least, most = 90*time.Millisecond, 1500*time.Millisecond
		case "refused": // they say what to do instead
			most = 9 * time.Second
		}
		if level < -22 || level > -12 || peak > 0.99 || long < least || long > most {
			t.Errorf("%s: %.1f dB, peak %.2f, %v", name, level, peak, long)
		}
	}
	for name, text := range wanted {
		t.Errorf("%s is not recorded: %q. Run scripts/prompts.", name, text)
	}
	if _, ok := NewPrompts().get("ja/digit/7"); !ok {
		t.Error("a prompt is not found")
	}
}

// TestARecordingTakesThePlace of what is spoken, until it is taken away.
func TestARecordingTakesThePlace(t *testing.T) {
	p := NewPrompts()
	before, _ := p.get("en/hello")
	p.Replace(map[string][]byte{"en/hello": {0x80, 0x81}})
	if now, ok := p.get("en/hello"); !ok || string(now.ulaw) != "\x80\x81" || len(now.alaw) != 2 {
		t.Errorf("it plays %v", now)
	}
	p.Replace(nil)
	if now, _ := p.get("en/hello"); len(now.ulaw) != len(before.ulaw) {
		t.Error("what is spoken does not come back")
	}
}
