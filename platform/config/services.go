package config

import (
	"errors"
	"fmt"
	"net/mail"
	"strconv"
)

// Mail is the mail server that takes the house's letters. Without a host none
// are sent; they wait.
type Mail struct {
	Host     string `yaml:"host"`
	Port     string `yaml:"port"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	From     string `yaml:"from"`
	TLS      string `yaml:"tls"`
}

func (m *Mail) check() error {
	if m.Host == "" {
		if m.User != "" || m.From != "" {
			return errors.New("mail.host: name the mail server, or leave all of mail out")
		}
		return nil
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return fmt.Errorf("mail.from: %q is no address like Callisto <mail@tel.example>", m.From)
	}
	if n, err := strconv.Atoi(m.Port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("mail.port: %q is no port", m.Port)
	}
	switch m.TLS {
	case "starttls", "tls":
	case "none":
		if m.Password != "" {
			return errors.New("mail.tls: none would send the password in clear; use starttls or tls")
		}
	default:
		return fmt.Errorf("mail.tls: %q is none of starttls, tls, none", m.TLS)
	}
	return nil
}

// serviceSettings document the keys of outside services.
func serviceSettings() []Setting {
	return []Setting{
		{"mail.host", "CALLISTO_MAIL_HOST", "", "Mail server that takes our letters (SMTP). Without one no letter is sent; all wait, and show under /operator/letters."},
		{"mail.port", "CALLISTO_MAIL_PORT", "587", "Its port."},
		{"mail.user", "CALLISTO_MAIL_USER", "", "User name at the mail server; empty: no sign-in."},
		{"mail.password", "CALLISTO_MAIL_PASSWORD", "", "Its password."},
		{"mail.from", "CALLISTO_MAIL_FROM", "", "Sender of the letters: `Callisto <mail@tel.example>`."},
		{"mail.tls", "CALLISTO_MAIL_TLS", "starttls", "starttls, tls (from the first byte) or none."},
	}
}

// serviceTargets are where those keys are kept.
func (c *Config) serviceTargets() map[string]*string {
	return map[string]*string{
		"mail.host": &c.Mail.Host, "mail.port": &c.Mail.Port, "mail.user": &c.Mail.User, "mail.password": &c.Mail.Password,
		"mail.from": &c.Mail.From, "mail.tls": &c.Mail.TLS,
	}
}

func (c *Config) checkServices() error {
	return c.Mail.check()
}
