// Package config is what an operator may set: one YAML file, CALLISTO_…
// variables over it, checked before anything starts. `callisto dev` needs none
// of it.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Center is one communication center.
type Center struct {
	ID        string   `yaml:"id"`
	Name      string   `yaml:"name"`
	Countries []string `yaml:"countries"`
	SIP       string   `yaml:"sip,omitempty"`
}

// Config is everything one can set.
type Config struct {
	Data     string   `yaml:"data"`
	HTTP     string   `yaml:"http"`
	SIP      string   `yaml:"sip"`
	SIPTLS   string   `yaml:"sip_tls"`
	WebPort  string   `yaml:"web_port"`
	Database string   `yaml:"database"`
	URL      string   `yaml:"url"`
	Currency string   `yaml:"currency"`
	Centers  []Center `yaml:"centers"`
	Log      string   `yaml:"log"`
	TLS      TLS      `yaml:"tls"`
	Mail     Mail     `yaml:"mail"`
	Stripe   Stripe   `yaml:"stripe"`
	Bank     Bank     `yaml:"bank"`
	Seller   Seller   `yaml:"seller"`
	Internet Internet `yaml:"internet"`
	DNS      DNS      `yaml:"dns"`
	TURN     TURN     `yaml:"turn"`
	Guard    Guard    `yaml:"guard"`
	Billing  Billing  `yaml:"billing"`

	Accounting Accounting `yaml:"accounting"`

	WithdrawalDays string `yaml:"withdrawal_days"`

	// Dev is set by `callisto dev` alone: sample members, a promotion for new accounts, nobody banned on loopback.
	Dev bool `yaml:"-"`
}

// Setting documents one key, for the reference and for Load's errors.
type Setting struct{ Key, Env, Default, Text string }

// Settings lists every key in the order of the reference.
func Settings() []Setting {
	return append([]Setting{
		{"data", "CALLISTO_DATA", "", "Folder of everything this node keeps: SQLite files, certificates, the SIP realm. One node per folder."},
		{"http", "CALLISTO_HTTP", "127.0.0.1:8080", "Address of the shop, the pages and the HTTP API; port 0 takes a free one."},
		{"sip", "CALLISTO_SIP", "127.0.0.1:5060", "Address where the first center's telephones register, UDP and TCP; further centers take the next free ports unless they name their own."},
		{"sip_tls", "CALLISTO_SIP_TLS", "", "Address where the first center's telephones register over TLS, usually port 5061, with the certificate of the pages (tls.mode acme, or tls.cert and tls.key); further centers take the next free ports. Empty: no telephone registers over TLS."},
		{"web_port", "CALLISTO_WEB_PORT", "16380", "UDP port for the sound of all browsers, at the address of sip; a firewall has to let it through. 0 takes a free one."},
		{"database", "CALLISTO_DATABASE", "", "postgres://user:password@host/name, of which each process takes up to 32 connections; empty keeps everything in SQLite under data."},
		{"url", "CALLISTO_URL", "", "How the outside reaches the pages, for links: https://tel.example."},
		{"currency", "CALLISTO_CURRENCY", "USD", "Currency of the wallets, ISO 4217."},
		{"centers", "", "", "The communication centers that are open from the start: id, name, countries (ISO codes, the main one first), sip (optional address). Others are opened from the operator's page, none need be here."},
		{"log", "CALLISTO_LOG", "info", "debug, info, warn or error."},
	}, serviceSettings()...)
}

// DevCenters are the two centers of `callisto dev`.
func DevCenters() []Center {
	return []Center{
		{ID: "KR", Name: "Korea", Countries: []string{"KR"}},
		{ID: "US", Name: "United States", Countries: []string{"US"}},
	}
}

// Dev returns the configuration of `callisto dev`, where measurements call with one
// telephone as often as the machine can.
func Dev(data, http, sip, database string) (Config, error) {
	c := Config{Data: data, HTTP: http, SIP: sip, Database: database, Currency: "USD", Log: "info", Centers: DevCenters(), Dev: true,
		Guard: Guard{TelephoneCalls: "0", AccountCalls: "0"}}
	return c, c.check()
}

// Load reads a YAML file and the environment over it.
func Load(file string, env func(string) string) (Config, error) {
	c := Config{}
	text, err := os.ReadFile(file)
	if err != nil {
		return c, fmt.Errorf("cannot read the configuration: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%s: %s", file, plain(err))
	}
	targets := map[string]*string{
		"data": &c.Data, "http": &c.HTTP, "sip": &c.SIP, "sip_tls": &c.SIPTLS, "web_port": &c.WebPort, "database": &c.Database, "url": &c.URL, "currency": &c.Currency, "log": &c.Log,
	}
	maps.Copy(targets, c.serviceTargets())
	for _, s := range Settings() {
		target := targets[s.Key]
		if target == nil {
			continue
		}
		if v := env(s.Env); v != "" {
			*target = v
		}
		if *target == "" {
			*target = s.Default
		}
	}
	if c.Data == "" {
		return c, fmt.Errorf("%s: data is not set; name a folder, for example data: /var/lib/callisto", file)
	}
	return c, c.check()
}

// plain turns the decoder's words into ours: the line and what is wrong there.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	unknown := regexp.MustCompile(`field (\S+) not found in type \S+`)
	return unknown.ReplaceAllString(text, "$1 is no setting")
}

func (c *Config) check() error {
	for name, addr := range map[string]string{"http": c.HTTP, "sip": c.SIP} {
		if err := checkAddress(addr); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if c.SIPTLS != "" {
		if err := checkAddress(c.SIPTLS); err != nil {
			return fmt.Errorf("sip_tls: %w", err)
		}
		if c.TLS.Mode != TLSAcme && (c.TLS.Cert == "" || c.TLS.Key == "") {
			return errors.New("sip_tls: telephones check the certificate: set tls.mode to acme, or name tls.cert and tls.key")
		}
	}
	if _, err := c.SoundPort(); err != nil {
		return err
	}
	if !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(c.Currency) {
		return fmt.Errorf("currency: %q is no ISO 4217 code like USD", c.Currency)
	}
	if c.Database != "" {
		u, err := url.Parse(c.Database)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return errors.New("database: give a URL like postgres://user:password@host/name, or nothing for SQLite")
		}
	}
	seen := map[string]string{}
	for _, x := range c.Centers {
		if x.ID == "" || len(x.Countries) == 0 {
			return errors.New("centers: each needs an id and at least one country")
		}
		if x.SIP != "" {
			if err := checkAddress(x.SIP); err != nil {
				return fmt.Errorf("centers: %s: sip: %w", x.ID, err)
			}
		}
		for _, iso := range x.Countries {
			if !regexp.MustCompile(`^[A-Z]{2}$`).MatchString(iso) {
				return fmt.Errorf("centers: %s: %q is no country code like KR", x.ID, iso)
			}
			if other := seen[iso]; other != "" {
				return fmt.Errorf("centers: %s belongs to both %s and %s", iso, other, x.ID)
			}
			seen[iso] = x.ID
		}
	}
	if err := c.checkServices(); err != nil {
		return err
	}
	var err error
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

func checkAddress(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return fmt.Errorf("%q is no address like 127.0.0.1:8080", addr)
	}
	return nil
}

// Redacted is a database URL without its password, for logs and errors.
func Redacted(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return "postgres://…"
	}
	return u.Redacted()
}

// Reference writes the settings as Markdown, for docs/config.md.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nWritten by `make gendoc` from the code; do not edit. `callisto serve --config callisto.yaml` reads one YAML file; a variable of the environment wins over it. A key that is not listed here is an error.\n\n| key | variable | default | |\n|---|---|---|---|\n")
	for _, s := range Settings() {
		b.WriteString("| `" + s.Key + "` | " + code(s.Env) + " | " + code(s.Default) + " | " + s.Text + " |\n")
	}
	b.WriteString("\n```yaml\ndata: /var/lib/callisto\nhttp: 127.0.0.1:8080\nsip: 192.0.2.10:5060\ndatabase: postgres://callisto@localhost/callisto\nurl: https://tel.example\ncurrency: USD\ncenters:\n  - {id: KR, name: Korea, countries: [KR]}\n  - {id: US, name: United States, countries: [US]}\nmail: {host: mail.example, user: callisto, password: secret, from: Callisto <mail@tel.example>}\n```\n")
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
