package node_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
)

// TestAPromptIsReplaced by a recording of the operator's, listened to, and put back.
func TestAPromptIsReplaced(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op := str(r.dev, "operator", "api_key")
	const path = "/api/v1/prompts/ko/access%2Fdial"
	wav := binary.LittleEndian.AppendUint32([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data"), 32_000)
	for i := range 16_000 { // a second of 700 Hz at 16 kHz
		wav = binary.LittleEndian.AppendUint16(wav, uint16(int16(9000*math.Sin(2*math.Pi*700*float64(i)/16_000))))
	}
	put := func(key string, body []byte) (status int, answer string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("Content-Type", "audio/wav")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	own := r.want(t, 200, op, "GET", path, nil).raw
	if status, text := put(str(r.dev, "members", 0, "api_key"), wav); status != 403 {
		t.Errorf("a member replaces a prompt: %d %s", status, text)
	}
	if status, text := put(op, []byte("no sound at all")); status != 422 || !strings.Contains(text, "WAV") {
		t.Errorf("rubbish: %d %s", status, text)
	}
	if status, text := put(op, wav); status != 204 {
		t.Fatalf("the recording: %d %s", status, text)
	}
	if now := r.want(t, 200, op, "GET", path, nil).raw; now == own || len(now) < 15_900 || len(now) > 16_200 {
		t.Errorf("it sounds as before, or %d bytes long", len(now))
	}
	if list := r.want(t, 200, op, "GET", "/api/v1/prompts/ko", nil).raw; strings.Count(list, `"recorded"`) != 1 {
		t.Errorf("the list: %s", list)
	}
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, text := boss.get("/operator/prompts?language=ko"); strings.Count(text, "/operator/prompts/remove") != 1 {
		t.Errorf("the page: %s", text)
	}
	r.want(t, 204, op, "DELETE", path, nil)
	if now := r.want(t, 200, op, "GET", path, nil).raw; now != own {
		t.Error("the own prompt does not come back")
	}
}
