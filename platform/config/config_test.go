package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/guard"
)

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "callisto.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func noEnv(string) string { return "" }

func TestLoadFillsDefaultsAndLetsTheEnvironmentWin(t *testing.T) {
	file := write(t, "data: /var/lib/callisto\nhttp: 127.0.0.1:1\ncenters:\n  - {id: KR, name: Korea, countries: [KR]}\n")
	c, err := Load(file, func(k string) string { return map[string]string{"CALLISTO_HTTP": "127.0.0.1:2"}[k] })
	if err != nil {
		t.Fatal(err)
	}
	if port, err := c.SoundPort(); err != nil || port != 16380 {
		t.Errorf("the sound of browsers is at port %d: %v", port, err)
	}
	if c.HTTP != "127.0.0.1:2" || c.SIP != "127.0.0.1:5060" || c.Currency != "USD" || c.Dev {
		t.Errorf("got %+v", c)
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	kr := "centers:\n  - {id: KR, countries: [KR]}\n"
	for text, want := range map[string]string{
		"":                               "data is not set",
		"data: /x\ntls: {mode: magic}\n": "none of proxy, acme, files",
		"data: /x\ntls: {mode: files}\n": "name tls.cert",
		"data: /x\ntls: {mode: acme}\n":  "set url",
		"data: /x\nurl: https://t.example\ntls: {mode: acme, directory: acme.example}\n": "tls.directory",
		"dada: /x\n":                             "line 1: dada is no setting",
		"data: /x\nhttp: 80\n" + kr:              `http: "80" is no address`,
		"data: /x\ncurrency: dollars\n" + kr:     "no ISO 4217",
		"data: /x\ndatabase: mysql://x/y\n" + kr: "postgres://",
		"data: /x\ncenters:\n  - {id: KR, countries: [KR]}\n  - {id: K2, countries: [KR]}\n": "KR belongs to both KR and K2",
		"data: /x\ncenters:\n  - {id: KR, countries: [Korea]}\n":                             "no country code",
		"data: /x\nweb_port: high\n" + kr:                                                    `web_port: "high" is no port`,
		"data: /x\nturn: {urls: 'turn:relay.example:3478'}\n" + kr:                           "urls and secret belong together",
		"data: /x\nturn: {urls: 'stun:x.example', secret: s}\n" + kr:                         "no address like turn:",
	} {
		_, err := Load(write(t, text), noEnv)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want one line with %q", text, err, want)
		}
	}
}

func TestThePasswordOfTheDatabaseIsNotShown(t *testing.T) {
	if got := Redacted("postgres://u:secret@h/d"); strings.Contains(got, "secret") {
		t.Error(got)
	}
}

// TestTheGuardIsSet: what is not set is as usual, wrong numbers say which and what
// would be right.
func TestTheGuardIsSet(t *testing.T) {
	begin := "data: /var/lib/callisto\ncurrency: KRW\ncenters:\n  - {id: KR, countries: [KR]}\n"
	c, err := Load(write(t, begin), noEnv)
	if err != nil || c.Guard.Thresholds("KRW") != guard.UsualThresholds("KRW") || c.Guard.Pace() != guard.DefaultPace() {
		t.Fatalf("%+v %v", c.Guard, err)
	}
	if empty := (Config{}); empty.Guard.Thresholds("USD") != guard.UsualThresholds("USD") || empty.Guard.Pace() != guard.DefaultPace() {
		t.Errorf("of a house without a file: %+v", empty.Guard.Thresholds("USD"))
	}
	c, err = Load(write(t, begin+"guard: {wangiri_calls: 7, sim_box_minutes: 5, pumping_price: 250, spike_amount: 9000.50, pace_hour: 0}\n"),
		func(k string) string { return map[string]string{"CALLISTO_GUARD_SPIKE_TIMES": "9"}[k] })
	written, wrong := Load(write(t, begin+"guard: {telephone_calls: 6}\n"), func(k string) string { return map[string]string{"CALLISTO_GUARD_ACCOUNT_CALLS": "8"}[k] })
	dev, wrongDev := Dev(t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", "")
	if err := errors.Join(wrong, wrongDev); err != nil {
		t.Fatal(err)
	}
	calls := map[string][2]int{}
	for text, c := range map[string]Config{"": {}, "written": written, "5": {Guard: Guard{TelephoneCalls: "5", AccountCalls: "7"}}, "0": {Guard: Guard{TelephoneCalls: "0"}}, "dev": dev} {
		telephone, account := c.Together()
		calls[text] = [2]int{telephone, account}
	}
	if !maps.Equal(calls, map[string][2]int{"": {100, 500}, "written": {6, 8}, "5": {5, 7}, "0": {0, 500}, "dev": {0, 0}}) {
		t.Errorf("calls of one telephone: %v", calls)
	}
	want := guard.UsualThresholds("KRW")
	want.RingCalls, want.BoxTalk, want.PumpMinute, want.SpikeFloor, want.SpikeTimes = 7, 5*time.Minute, 250e6, 9000_500_000, 9
	if got := c.Guard.Thresholds("KRW"); err != nil || got != want || c.Guard.Pace().Hour != 0 {
		t.Errorf("%+v, want %+v: %v", got, want, err)
	}
	for text, want := range map[string]string{
		"wangiri_calls: 1":     `guard.wangiri_calls: "1" is no number from 2 to 100000`,
		"sim_box_hours: 25":    `guard.sim_box_hours: "25" is no number from 1 to 24`,
		"spike_times: often":   `guard.spike_times: "often" is no number`,
		"pumping_price: cheap": `guard.pumping_price: "cheap" is no amount above zero like 0.10`,
		"spike_amount: -1":     `guard.spike_amount: "-1" is no amount`,
		"pace_stop: -1":        `guard.pace_stop: "-1" is no number from 0`,
		"wangiry_calls: 3":     "wangiry_calls is no setting",
	} {
		if _, err := Load(write(t, begin+"guard: {"+text+"}\n"), noEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
