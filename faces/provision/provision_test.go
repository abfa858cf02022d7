package provision_test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/faces/provision"
)

var update = flag.Bool("update", false, "rewrite golden files") //nolint:gochecknoglobals // how `make golden` asks

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func sample(t *testing.T) provision.Account {
	t.Helper()
	return provision.Account{
		Domain: "sip.example:5060", User: "2555123482-2", AuthUser: "2555123482-2", Password: "abcd2345efgh", Host: "sip.example", Port: 5061, Transport: provision.TLS,
		Sound: provision.SoundMay, Name: "Minji Kim", Label: "2 555 1234 82", Language: "de-CH", Zone: zone(t, "Europe/Berlin"), Codes: []string{"110", "112"},
		Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Root: "https://tel.example/root.pem",
	}
}

// all are the files of an account.
func all(a provision.Account) map[string][]byte {
	return map[string][]byte{
		"linphone.xml": provision.Linphone(a), "y000000000000.cfg": provision.YealinkCommon(a), "001565abcdef.cfg": provision.Yealink(a),
		"cfg000b82abcdef.xml": provision.Grandstream("000b82abcdef", a), "snom-000413abcdef.xml": provision.Snom(a),
	}
}

func TestGolden(t *testing.T) {
	for name, got := range all(sample(t)) {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is\n%s", name, got)
		}
	}
}

// settings reads a file as its telephone does.
func settings(t *testing.T, name string, file []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	if strings.HasSuffix(name, ".cfg") {
		for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); {
			if name, value, ok := strings.Cut(lines.Text(), " = "); ok {
				if _, twice := out[name]; twice {
					t.Errorf("%s is set twice", name)
				}
				out[name] = value
			} else if lines.Text() != "#!version:1.0.0.1" {
				t.Errorf("the line %q sets nothing", lines.Text())
			}
		}
		return out
	}
	path, dec := []string{}, xml.NewDecoder(bytes.NewReader(file))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s is no XML: %v\n%s", name, err, file)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			at := x.Name.Local
			for _, a := range x.Attr {
				if a.Name.Local == "name" {
					at = a.Value
				}
			}
			path = append(path, at)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if text := strings.TrimSpace(string(x)); text != "" {
				out[strings.Join(path[max(0, len(path)-2):], ".")] = text
			}
		}
	}
}

// TestNamesSetNothing: whatever somebody calls himself is his name, on one line,
// and nothing more; the other settings are what they are without it.
func TestNamesSetNothing(t *testing.T) {
	plain := sample(t)
	for _, name := range []string{
		"Kim & Sons <b>", `a "quoted" \ name`, "Minji\nauto_provision.server.url = http://evil.example/\r\naccount.1.password = x", "%NULL%", "%EMPTY%", "100 % Kim",
		"]]></entry><entry name=\"x\">", "\u2028account.1.enable = 0", "a\x00b\x1bc", "=", "# none", "\u202eevil", strings.Repeat("김", 90), "\xff\xfe", "",
	} {
		evil := plain
		evil.Name, evil.Label = name, name
		for file, got := range all(evil) {
			a, b := settings(t, file, got), settings(t, file, all(plain)[file])
			for k, v := range b {
				if !strings.Contains(v, plain.Name) && !strings.Contains(v, plain.Label) && a[k] != v {
					t.Errorf("%q as a name makes %s in %s %q", name, k, file, a[k])
				}
			}
			for k, v := range a {
				if _, known := b[k]; !known {
					t.Errorf("%q as a name sets %s in %s to %q", name, k, file, v)
				}
				if strings.ContainsAny(v, "\x00\x1b\r\n\u2028\u202e") || strings.HasSuffix(file, ".cfg") && strings.HasPrefix(v, "%") && v != "%EMPTY%" {
					t.Errorf("%q as a name leaves %q in %s of %s", name, v, k, file)
				}
			}
		}
	}
	kept := plain
	kept.Name = "Kim & Sons <b>"
	if got := settings(t, "x.xml", provision.Snom(kept))["phone-settings.user_realname"]; got != kept.Name {
		t.Errorf("the name arrives as %q", got)
	}
}

// TestWithoutAPassword nothing is said of one, so that the telephone keeps its own.
func TestWithoutAPassword(t *testing.T) {
	a := sample(t)
	a.Password = ""
	for name, file := range all(a) {
		for k := range settings(t, name, file) {
			if strings.Contains(k, "pass") || strings.HasSuffix(k, "P34") {
				t.Errorf("%s sets %s", name, k)
			}
		}
	}
}

// TestTheWholeNumberIsWaitedFor reads the digit maps as their makers describe
// them: each number that we dial is matched, and none of them is sent off before
// the telephone has waited for more.
func TestTheWholeNumberIsWaitedFor(t *testing.T) {
	y := settings(t, "y.cfg", provision.YealinkCommon(sample(t)))
	g := settings(t, "g.xml", provision.Grandstream("000b82abcdef", sample(t)))
	s := settings(t, "s.xml", provision.Snom(sample(t)))
	if y["features.key_as_send"] != "0" || g["config.P72"] != "0" || s["phone-settings.user_dp_str"] != "" || s["phone-settings.overlap_dialing"] != "off" {
		t.Error("# sends")
	}
	maps := map[string][]string{"yealink": strings.Split(y["dialplan.digitmap.string"], "|"), "grandstream": strings.Split(strings.Trim(g["config.P290"], "{ }"), "|")}
	for maker, rules := range maps {
		for _, dialled := range []string{"2555123482", "5550100#82", "5550100*82", "*55", "*67", "*8225551234", "*31#25551234", "#31#25551234", "*67*5550100", "0013125550142", "+4930901820", "#31#+4930901820", "112", "7", "02555"} {
			matched := false
			for _, rule := range rules {
				rule = strings.TrimSpace(rule)
				wait := strings.HasSuffix(rule, "T") || strings.HasSuffix(rule, "+") // what goes on is waited for
				if !wait {
					t.Errorf("%s: the rule %s sends at once", maker, rule)
				}
				matched = matched || pattern(rule).MatchString(dialled)
			}
			if !matched {
				t.Errorf("%s: %s is matched by none of %q", maker, dialled, rules)
			}
		}
	}
}

// pattern is a rule as a regular expression: x a digit, x. none or more, x+ one or more.
func pattern(rule string) *regexp.Regexp {
	rule = strings.TrimSuffix(rule, "T")
	set := ""
	if strings.HasPrefix(rule, "[x*#+].") {
		set, rule = "[0-9*#+]*", strings.TrimPrefix(rule, "[x*#+].")
	}
	rule = strings.NewReplacer(`\+`, `\+`, "*", `\*`, "x", "[0-9]").Replace(rule)
	return regexp.MustCompile("^" + set + rule + "$")
}

// TestClocks: what telephones are told of time zones, with and without summer.
func TestClocks(t *testing.T) {
	for name, want := range map[string][3]string{
		"Asia/Seoul":          {"LTZ-9", "+9", ""},
		"Europe/Berlin":       {"LTZ-1LDT-2,M3.5.0/2,M10.5.0/3", "+1", "3600 03.05.07 02:00:00 10.05.07 03:00:00"},
		"America/New_York":    {"LTZ+5LDT+4,M3.2.0/2,M11.1.0/2", "-5", "3600 03.02.07 02:00:00 11.01.07 02:00:00"},
		"Australia/Sydney":    {"LTZ-10LDT-11,M10.1.0/2,M4.1.0/3", "+10", "3600 10.01.07 02:00:00 04.01.07 03:00:00"},
		"Asia/Kolkata":        {"LTZ-5:30", "+5:30", ""},
		"America/St_Johns":    {"LTZ+3:30LDT+2:30,M3.2.0/2,M11.1.0/2", "-3:30", "3600 03.02.07 02:00:00 11.01.07 02:00:00"},
		"Australia/Lord_Howe": {"LTZ-10:30LDT-11,M10.1.0/2,M4.1.0/2", "+10:30", "1800 10.01.07 02:00:00 04.01.07 02:00:00"},
	} {
		a := sample(t)
		a.Zone = zone(t, name)
		got := [3]string{
			settings(t, "g.xml", provision.Grandstream("000b82abcdef", a))["config.P246"], settings(t, "y.cfg", provision.YealinkCommon(a))["local_time.time_zone"],
			settings(t, "s.xml", provision.Snom(a))["phone-settings.dst"],
		}
		if got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// TestWhoAsks: telephones are known by what they say, files by their names.
func TestWhoAsks(t *testing.T) {
	for agent, want := range map[string][2]string{
		"Yealink SIP-T46S 66.86.0.15 00:15:65:AB:cd:ef":                                                                 {"yealink", "001565abcdef"},
		"yealink SIP-T28P 2.73.0.50 001565abcdef":                                                                       {"yealink", "001565abcdef"},
		"Yealink SIP-T46S 66.86.0.15":                                                                                   {"yealink", ""},
		"Grandstream Model HW GXP2170 V1.6A SW 1.0.11.48 DevId 000b82abcdef":                                            {"grandstream", "000b82abcdef"},
		"Mozilla/4.0 (compatible; snomD785-SIP 10.1.64.14 2010.12-00004-g9ba52f5 000413ABCDEF SXM:0 UXM:0 UXMC:0)":      {"snom", "000413abcdef"},
		"Linphone-Desktop/5.2.6 (Debian) LinphoneSDK/5.3.72":                                                            {"linphone", ""},
		"LinphoneAndroid/5.2 (Galaxy) LinphoneSDK/5.3":                                                                  {"linphone", ""},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Yealink": {"", ""},
		"curl/8.5.0": {"", ""}, "": {"", ""},
	} {
		if kind, mac := provision.Phone(agent); string(kind) != want[0] || mac != want[1] {
			t.Errorf("%s is %q %q", agent, kind, mac)
		}
	}
	for name, want := range map[string]setup.Want{
		"linphone.xml": {Kind: setup.Linphone}, "y000000000108.cfg": {Kind: setup.Yealink, Common: true}, "001565ABCDEF.cfg": {Kind: setup.Yealink, MAC: "001565abcdef"},
		"cfg000b82abcdef.xml": {Kind: setup.Grandstream, MAC: "000b82abcdef"}, "snom-000413abcdef.xml": {Kind: setup.Snom, MAC: "000413abcdef"}, "snomD785-000413ABCDEF.htm": {Kind: setup.Snom, MAC: "000413abcdef"},
	} {
		if got, ok := provision.File(name); !ok || got != want {
			t.Errorf("%s is %+v %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "y000000000108.boot", "cfg000b82abcdef", "cfg.xml", "../x", "linphone.xml/", "001565abcde.cfg", "x001565abcdef.cfg"} {
		if got, ok := provision.File(name); ok {
			t.Errorf("%q is %+v", name, got)
		}
	}
}
