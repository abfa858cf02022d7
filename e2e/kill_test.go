package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kills is how often the company is killed; make test-more does it more often.
func kills(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil {
		return n
	}
	return 20
}

// timed is what the callers' program knows of one call.
type timed struct{ answered, ended time.Time }

// TestChargesSurviveAKill: calls come and go while the company is killed without a
// word, at an instant of its own each time. Started again with the same data,
// each answered call has been charged once, for as long as it lasted to five
// seconds; nothing is held, and the books are right.
func TestChargesSurviveAKill(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(20, 26))
	dir := t.TempDir()
	sip := "127.0.0.1:" + strconv.Itoa(freeSIP(t))
	d, _, kill := running(t, dir, "--sip", sip)
	api(t, d, d.Operator.APIKey, "PUT", "/api/v1/carriers/members/rates", map[string]any{"items": []any{map[string]any{"prefix": "", "micros": 60_000}}}, 204)
	for round := range kills(t) {
		done := callers(t, d, round, sip)
		<-time.After(time.Duration(500+rng.IntN(6500)) * time.Millisecond)
		kill()
		killed := time.Now()
		calls := done()
		d, _, kill = running(t, dir, "--sip", sip)
		charged(t, d, round, calls, killed)
	}
	if out, err := exec.Command(binary(t), "ledger", "verify", "--data", dir).CombinedOutput(); err != nil || !strings.Contains(string(out), " 0 holds") {
		t.Errorf("ledger verify: %v\n%s", err, out)
	}
}

// callers has a hundred calls made by four members, one each 80 ms, to numbers that
// tell them apart; done ends them and tells what was known of each.
func callers(t *testing.T, d dev, round int, sip string) (done func() map[string]timed) {
	t.Helper()
	const calls = 100
	dir := t.TempDir()
	var fields strings.Builder
	fields.WriteString("SEQUENTIAL\n")
	for i := range calls {
		m := d.Members[i%2]
		fmt.Fprintf(&fields, "%s;[authentication username=%s password=%s];+49309%02d%03d\n", m.SIPUser, m.SIPUser, m.SIPPassword, round%100, i)
	}
	inf, log := filepath.Join(dir, "fields.csv"), filepath.Join(dir, "log")
	if err := os.WriteFile(inf, []byte(fields.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t, "sipp"), sip, "-sf", "testdata/caller-timed.xml", "-inf", inf, "-i", "127.0.0.1", "-m", strconv.Itoa(calls), "-r", "1", "-rp", "125",
		"-nostdin", "-trace_logs", "-log_file", log)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() map[string]timed {
		t.Helper()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]timed{}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) < 3 {
				continue
			}
			number, what := f[len(f)-1], f[len(f)-2]
			secs, err := strconv.ParseFloat(f[len(f)-3], 64)
			if err != nil {
				continue
			}
			x := out[number]
			at := time.UnixMicro(int64(secs * 1e6))
			if what == "answered" {
				x.answered = at
			} else {
				x.ended = at
			}
			out[number] = x
		}
		return out
	}
}

// charged holds the histories against what the callers know.
func charged(t *testing.T, d dev, round int, calls map[string]timed, killed time.Time) {
	t.Helper()
	found := map[string][]map[string]any{}
	for _, m := range d.Members[:2] {
		for cursor := ""; ; {
			page := api(t, d, m.APIKey, "GET", "/api/v1/calls?limit=200&cursor="+cursor, nil, 200)
			for _, x := range page["items"].([]any) {
				x := x.(map[string]any)
				number := x["dialled"].(string)
				found[number] = append(found[number], x)
			}
			if cursor, _ = page["next"].(string); cursor == "" {
				break
			}
		}
	}
	answered := 0
	for number, c := range calls {
		if c.answered.IsZero() {
			continue
		}
		answered++
		rows := found[number]
		if len(rows) != 1 || rows[0]["answer"] == nil {
			t.Errorf("round %d: %s was answered and has %d records: %v", round, number, len(rows), rows)
			continue
		}
		end := c.ended
		if end.IsZero() {
			end = killed
		}
		lasted, recorded := end.Sub(c.answered).Seconds(), rows[0]["duration_seconds"].(float64)
		if recorded < lasted-5 || recorded > lasted+1 {
			t.Errorf("round %d: %s lasted %.1f s, and %.1f are recorded", round, number, lasted, recorded)
		}
		charge := rows[0]["charge"].(map[string]any)["micros"].(float64)
		if want := 1000 * max(1, float64(int64(recorded+0.999999))); charge != want {
			t.Errorf("round %d: %s lasted %.3f s and cost %.0f, want %.0f", round, number, recorded, charge, want)
		}
	}
	if answered == 0 && round > 3 {
		t.Logf("round %d: nothing was answered before the kill", round)
	}
	t.Logf("round %d: %d answered calls", round, answered)
}
