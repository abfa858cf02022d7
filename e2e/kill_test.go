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
// seconds, to a package as long as there is one and then in money; nothing is held,
// and the books are right. With SQLite that is so as
// soon as it is up again: it is alone with its data. With PostgreSQL the killed
// one might be another machine's, and is given its time to say that it lives.
func TestChargesSurviveAKill(t *testing.T) {
	for name, c := range map[string]struct {
		seed  uint64
		alone bool
		more  func(*testing.T) []string
	}{
		"SQLite":     {20, true, func(*testing.T) []string { return nil }},
		"PostgreSQL": {21, false, func(t *testing.T) []string { return []string{"--db", postgres(t)} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(c.seed, 26))
			dir, sip, db := t.TempDir(), "127.0.0.1:"+strconv.Itoa(freePair(t)), c.more(t)
			args := append([]string{"--sip", sip}, db...)
			d, _, kill := running(t, dir, args...)
			api(t, d, d.Operator.APIKey, "PUT", "/api/v1/carriers/members/rates", map[string]any{"items": []any{map[string]any{"prefix": "", "micros": 60_000}}}, 204)
			pack := api(t, d, d.Operator.APIKey, "POST", "/api/v1/packages", map[string]any{"name": "World 10", "price": "1.00", "minutes": 10, "prefixes": []any{"49"}}, 201)
			api(t, d, d.Members[1].APIKey, "POST", "/api/v1/me/packages", map[string]any{"package": pack["id"]}, 201)
			var rounds []round
			for n := range kills(t) {
				done := callers(t, d, n, sip)
				<-time.After(time.Duration(500+rng.IntN(6500)) * time.Millisecond)
				kill()
				killed := time.Now()
				rounds = append(rounds, round{n, done(), killed})
				d, _, kill = running(t, dir, args...)
				if c.alone {
					charged(t, d, rounds)
					recordedOnce(t, d, rounds)
					rounds = nil
				}
			}
			verify := append([]string{"ledger", "verify", "--data", dir}, db...)
			for range 30 { // until those of the last are taken for dead
				if out, err := exec.Command(binary(t), verify...).CombinedOutput(); err != nil {
					t.Fatalf("ledger verify: %v\n%s", err, out)
				} else if c.alone || strings.Contains(string(out), " 0 holds") {
					break
				}
				<-time.After(time.Second)
			}
			charged(t, d, rounds)
			usedOnce(t, d)
			if out, err := exec.Command(binary(t), verify...).CombinedOutput(); err != nil || !strings.Contains(string(out), " 0 holds") {
				t.Errorf("ledger verify: %v\n%s", err, out)
			}
		})
	}
}

// round is what the callers know of the calls before one kill.
type round struct {
	n      int
	calls  map[string]timed
	killed time.Time
}

// callers has a hundred calls made by four members, one each 80 ms, to numbers that
// tell them apart; done ends them and tells what was known of each.
func callers(t *testing.T, d dev, n int, sip string) (done func() map[string]timed) {
	t.Helper()
	const calls = 100
	dir := t.TempDir()
	var fields strings.Builder
	fields.WriteString("SEQUENTIAL\n")
	for i := range calls {
		m := d.Members[i%2]
		fmt.Fprintf(&fields, "%s;[authentication username=%s password=%s];+49309%03d%03d\n", m.SIPUser, m.SIPUser, m.SIPPassword, n, i)
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

// recordedOnce holds the records of all centers against what the callers know:
// each answered call has one of its own center, and none has two.
func recordedOnce(t *testing.T, d dev, rounds []round) {
	t.Helper()
	seen, origin := map[string]int{}, map[string]int{}
	for cursor := ""; ; {
		page := api(t, d, d.Operator.APIKey, "GET", "/api/v1/cdrs?limit=200&cursor="+cursor, nil, 200)
		for _, x := range page["items"].([]any) {
			x := x.(map[string]any)
			seen[fmt.Sprint(x["call_id"], x["side"], x["center"])]++
			if x["side"] == "origin" && x["answer"] != nil {
				origin[fmt.Sprint(x["dialled"])]++
			}
		}
		if cursor, _ = page["next"].(string); cursor == "" {
			break
		}
	}
	for which, n := range seen {
		if n != 1 {
			t.Errorf("%s has %d records", which, n)
		}
	}
	for _, r := range rounds {
		for number, x := range r.calls {
			if n := origin[number]; !x.answered.IsZero() && n != 1 {
				t.Errorf("the answered call to %s has %d records", number, n)
			}
		}
	}
}

// charged holds the histories against what the callers know.
func charged(t *testing.T, d dev, rounds []round) {
	t.Helper()
	if len(rounds) == 0 {
		return
	}
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
	for _, r := range rounds {
		answered := 0
		for number, c := range r.calls {
			if c.answered.IsZero() {
				continue
			}
			answered++
			end := c.ended
			if end.IsZero() {
				end = r.killed
			}
			once(t, fmt.Sprintf("round %d: %s", r.n, number), found[number], end.Sub(c.answered).Seconds())
		}
		t.Logf("round %d: %d answered calls", r.n, answered)
	}
}

// once holds the records of an answered call against how long it lasted.
func once(t *testing.T, what string, rows []map[string]any, lasted float64) {
	t.Helper()
	if len(rows) != 1 || rows[0]["answer"] == nil {
		t.Errorf("%s was answered and has %d records: %v", what, len(rows), rows)
		return
	}
	recorded := rows[0]["duration_seconds"].(float64)
	if recorded < lasted-5 || recorded > lasted+1 {
		t.Errorf("%s lasted %.1f s, and %.1f are recorded", what, lasted, recorded)
	}
	charge := rows[0]["charge"].(map[string]any)["micros"].(float64) + 1000*packaged(rows[0])
	if want := 1000 * max(1, float64(int64(recorded+0.999999))); charge != want {
		t.Errorf("%s lasted %.3f s and cost %.0f, want %.0f", what, recorded, charge, want)
	}
}

// packaged is how many seconds of a call a package paid for.
func packaged(row map[string]any) (seconds float64) {
	list, _ := row["packages"].([]any)
	for _, x := range list {
		seconds += x.(map[string]any)["seconds"].(float64)
	}
	return seconds
}

// usedOnce holds what is used of the package against what the records say.
func usedOnce(t *testing.T, d dev) {
	t.Helper()
	key, sum := d.Members[1].APIKey, 0.0
	for cursor := ""; ; {
		page := api(t, d, key, "GET", "/api/v1/calls?limit=200&cursor="+cursor, nil, 200)
		for _, x := range page["items"].([]any) {
			sum += packaged(x.(map[string]any))
		}
		if cursor, _ = page["next"].(string); cursor == "" {
			break
		}
	}
	mine := api(t, d, key, "GET", "/api/v1/me/packages", nil, 200)["items"].([]any)[0].(map[string]any)
	if used := mine["seconds_used"].(float64); used != sum || used == 0 || used > 600 || mine["seconds_held"].(float64) != 0 {
		t.Errorf("by the records %v seconds of the package are used: %v", sum, mine)
	}
}
