package e2e

import (
	"bytes"
	bits "encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tone writes a tone of some seconds as the microphone of a browser: 48 kHz, one
// channel, 16 bit.
func tone(t *testing.T, hertz float64) string {
	t.Helper()
	const rate, seconds = 48000, 4
	var b bytes.Buffer
	b.WriteString("RIFF")
	le := func(v any) { _ = bits.Write(&b, bits.LittleEndian, v) }
	le(uint32(36 + 2*rate*seconds))
	b.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16)} {
		le(v)
	}
	b.WriteString("data")
	le(uint32(2 * rate * seconds))
	for i := range rate * seconds {
		le(int16(9000 * math.Sin(2*math.Pi*hertz*float64(i)/rate)))
	}
	path := filepath.Join(t.TempDir(), "tone.wav")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ears sees every connection that a page makes, and gives its microphone as it is.
const ears = `{
	const Real = RTCPeerConnection;
	window.heard = [];
	window.RTCPeerConnection = function (...a) { const pc = new Real(...a); heard.push(pc); return pc; };
	window.RTCPeerConnection.prototype = Real.prototype;
	const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
	navigator.mediaDevices.getUserMedia = (c) => ask({ audio: { ...c.audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
	window.listen = async () => {
		const pc = heard.filter(p => p.connectionState === "connected").at(-1);
		const track = pc?.getReceivers().find(r => r.track.kind === "audio")?.track;
		if (!track) return [0, 0];
		const c = window.listener ??= new AudioContext({ sampleRate: 48000 });
		await c.resume();
		const a = c.createAnalyser();
		a.fftSize = 32768;
		a.smoothingTimeConstant = 0;
		c.createMediaStreamSource(new MediaStream([track])).connect(a);
		await new Promise(done => setTimeout(done, 900));
		const bins = new Float32Array(a.frequencyBinCount);
		a.getFloatFrequencyData(bins);
		let best = 0;
		bins.forEach((v, i) => { if (v > bins[best]) best = i; });
		return [best * 48000 / 32768, bins[best]];
	};
}`

// speaker is a browser whose microphone is a tone.
func speaker(t *testing.T, base string, hertz float64) walker {
	t.Helper()
	w := walker{t, browser(t, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", tone(t, hertz)), chromedp.Flag("autoplay-policy", "no-user-gesture-required")), base}
	w.beforehand(ears)
	return w
}

// hears waits until a tone is heard in the call of a page.
func (w walker) hears(hertz float64) {
	w.t.Helper()
	var last []float64
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		last = ask(w, "listen", chromedp.Evaluate[[]float64](`listen()`, chromedp.EvalAwaitPromise))
		if math.Abs(last[0]-hertz) <= 15 && last[1] > -60 {
			return
		}
	}
	stats := ask(w, "statistics", chromedp.Evaluate[string](`Promise.all(heard.map(async p => p.connectionState + " " + p.iceConnectionState + " " +
		JSON.stringify([...(await p.getStats()).values()].filter(s => /inbound|outbound|candidate-pair|transport/.test(s.type)))+ p.remoteDescription?.sdp)).then(a => a.join("\n"))`, chromedp.EvalAwaitPromise))
	w.t.Fatalf("a tone of %v Hz is not heard, but %v\n%s", hertz, last, stats)
}

// stage waits for a call to be at a stage, as the page shows it.
func (w walker) stage(stage string) {
	w.t.Helper()
	w.until("the call is "+stage, `document.querySelector(".phone-call")?.dataset.stage === `+strconv.Quote(stage))
}

// TestTheFirstMinute: the two links that dev prints open two telephones; one rings
// the other, and both hear each other, within a minute of the first start.
func TestTheFirstMinute(t *testing.T) {
	if _, err := built(); err != nil { // building it is no part of the minute
		t.Fatal(err)
	}
	begun := time.Now()
	d := company(t)
	if len(d.Phones) != 2 {
		t.Fatalf("dev prints %d links", len(d.Phones))
	}
	a, b := speaker(t, d.HTTP, 440), speaker(t, d.HTTP, 1000)
	for i, w := range []walker{a, b} {
		w.do("open the link", chromedp.Navigate(d.Phones[i].URL), chromedp.WaitVisible(chromedp.CSS("#phone-to")))
		w.registered()
	}
	a.says(".phone-found", d.Phones[1].Number)
	a.press(`[data-part=dial] button`)
	b.stage("incoming")
	b.says(".phone-call", d.Phones[0].Name)
	b.press(`[data-do=answer]`)
	a.stage("connected")
	b.stage("connected")
	b.hears(440)
	a.hears(1000)
	fmt.Printf("from the start to both heard: %.1f s\n", time.Since(begun).Seconds())
	if since := time.Since(begun); since > time.Minute {
		t.Errorf("the first call was heard after %v", since)
	}

	// The call goes on while pages turn; hold and mute are heard, and seen at the other side.
	a.follow(`.top a[href="/lines"]`)
	a.stage("connected")
	b.hears(440)
	a.shoot("dock-connected")
	a.press(`[data-do=hold]`)
	a.stage("held")
	a.press(`[data-do=resume]`)
	a.stage("connected")
	b.hears(440)
	a.press(`[data-do=hangUp]:not([hidden])`)
	b.until("it ends at both", `document.querySelector(".phone-call") === null`)
	a.until("it ends at both", `document.querySelector(".phone-call") === null`)
	w := walker{t, a.ctx, d.HTTP}
	w.open("/dev/phone/" + filepath.Base(d.Phones[0].URL))
	w.says("main", "opened once already")
}
