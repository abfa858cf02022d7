package e2e

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTheWarningIsHeard: a telephone whose money lasts for twenty seconds hears two
// short tones ten seconds before the end, and then the end; nothing is left, and
// nothing was lent.
func TestTheWarningIsHeard(t *testing.T) {
	t.Parallel()
	d := company(t)
	api(t, d, d.Operator.APIKey, "PUT", "/api/v1/carriers/members/rates", map[string]any{"items": []any{map[string]any{"prefix": "", "micros": 300_000_000}}}, 204) // 5.00 a second
	m := d.Members[0]
	caller := phone(t, m.SIPUser, m.SIPPassword, m.SIPDomain, "udp", 400, 40, "d +49309010101") // an echo
	caller.until("Call established")
	answered := time.Now()
	caller.until("terminated")
	if lasted := time.Since(answered); lasted < 18*time.Second || lasted > 22*time.Second {
		t.Errorf("100.00 at 5.00 a second lasted %s", lasted)
	}
	call := lastCall(t, d, m.APIKey)
	if call["cause"] != "unpaid" || call["charge"].(map[string]any)["micros"].(float64) != 100e6 {
		t.Errorf("%v", call)
	}
	if w := api(t, d, m.APIKey, "GET", "/api/v1/wallet", nil, 200); w["balance"].(map[string]any)["micros"].(float64) != 0 {
		t.Errorf("%v", w)
	}
	select {
	case <-caller.ended: // what it heard is on disk
	case <-time.After(40 * time.Second):
		t.Fatal("the telephone does not leave")
	}
	sound := caller.samples()
	var on []float64 // seconds in which 1400 Hz is louder than anything else
	const window = 400
	for i := 0; i+window <= len(sound); i += window {
		if w := sound[i : i+window]; pitch(w, 1400) > 0.05 && pitch(w, 1400) > 2*pitch(w, 400) {
			on = append(on, float64(i)/8000)
		}
	}
	end := float64(len(sound)) / 8000
	if len(on) < 5 || len(on) > 10 || end-on[0] < 8 || end-on[0] > 12 || on[len(on)-1]-on[0] > 0.8 {
		t.Errorf("of %.1f s the warning was heard at %.2f", end, on)
	}
}

// samples is what the telephone received, between -1 and 1, 8000 a second.
func (p *softphone) samples() []float64 {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if err != nil || len(files) == 0 {
		p.t.Fatalf("the telephone kept no sound: %v\n%s", err, p.out.String())
	}
	b, err := os.ReadFile(files[len(files)-1])
	if err != nil || len(b) < 44 {
		p.t.Fatal(len(b), err)
	}
	out := make([]float64, 0, len(b)/2)
	for b = b[44:]; len(b) >= 2; b = b[2:] {
		out = append(out, float64(int16(uint16(b[0])|uint16(b[1])<<8))/32768)
	}
	return out
}

// pitch is how loud a tone is in samples (Goertzel).
func pitch(x []float64, hertz float64) float64 {
	k := 2 * math.Cos(2*math.Pi*hertz/8000)
	var a, b float64
	for _, v := range x {
		a, b = v+k*a-b, a
	}
	return 2 * math.Sqrt(max(0, a*a+b*b-k*a*b)) / float64(len(x))
}
