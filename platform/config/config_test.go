package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
