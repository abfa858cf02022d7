package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/payment"
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

// How the port of the pages is secured.
const (
	TLSProxy = "proxy" // not by us: a proxy in front does it
	TLSAcme  = "acme"  // with a certificate fetched and renewed by itself
	TLSFiles = "files" // with one from files
)

// TLS secures the port of the pages.
type TLS struct {
	Mode      string `yaml:"mode"`
	Cert      string `yaml:"cert"`
	Key       string `yaml:"key"`
	Email     string `yaml:"email"`
	Directory string `yaml:"directory"`
	Root      string `yaml:"directory_root"`
}

func (t *TLS) check(address string) error {
	switch t.Mode {
	case "", TLSProxy:
		return nil
	case TLSFiles:
		if t.Cert == "" || t.Key == "" {
			return errors.New("tls.mode is files: name tls.cert and tls.key")
		}
		return nil
	case TLSAcme:
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Hostname() == "" {
			return errors.New("tls.mode is acme: set url to the name the certificate is for, https://tel.example")
		}
		if u, err := url.Parse(t.Directory); t.Directory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("tls.directory: %q is no address like https://acme.example/directory", t.Directory)
		}
		return nil
	default:
		return fmt.Errorf("tls.mode: %q is none of proxy, acme, files", t.Mode)
	}
}

// Stripe is an account at the card company. Without a key no cards are offered.
type Stripe struct {
	SecretKey     string `yaml:"secret_key"`
	WebhookSecret string `yaml:"webhook_secret"`
	APIBase       string `yaml:"api_base"`
}

func (s *Stripe) check() error {
	if (s.SecretKey == "") != (s.WebhookSecret == "") {
		return errors.New("stripe: secret_key and webhook_secret belong together: without the second a payment is not heard of")
	}
	if u, err := url.Parse(s.APIBase); s.APIBase != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("stripe.api_base: %q is no address like https://api.stripe.com", s.APIBase)
	}
	return nil
}

// Bank is the account that transfers go to. Without one none are offered.
type Bank struct {
	Name   string `yaml:"name"`
	IBAN   string `yaml:"iban"`
	BIC    string `yaml:"bic"`
	Holder string `yaml:"holder"`
}

func (b *Bank) check() error {
	if *b == (Bank{}) {
		return nil
	}
	if !payment.CheckIBAN(b.IBAN) {
		return fmt.Errorf("bank.iban: %q is no IBAN with the right check digits", b.IBAN)
	}
	if b.Holder == "" || b.Name == "" {
		return errors.New("bank: name (of the bank) and holder are needed too; payers have to write them")
	}
	return nil
}

// Seller is who sells, for receipts and invoices.
type Seller struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	TaxID   string `yaml:"tax_id"`
	Email   string `yaml:"email"`
}

// serviceSettings document the keys of outside services.
func serviceSettings() []Setting {
	return append([]Setting{
		{"tls.mode", "CALLISTO_TLS_MODE", "proxy", "Who secures the port of the pages: proxy (a proxy in front), acme (we, with a certificate fetched and renewed by itself for the host of url), files (we, with tls.cert and tls.key)."},
		{"tls.cert", "CALLISTO_TLS_CERT", "", "Certificate and its chain, PEM; read again when the file changes."},
		{"tls.key", "CALLISTO_TLS_KEY", "", "Its key, PEM."},
		{"tls.email", "CALLISTO_TLS_EMAIL", "", "Where the certificate authority writes to, with acme."},
		{"tls.directory", "CALLISTO_TLS_DIRECTORY", "", "Another ACME directory than that of Let's Encrypt, https://…"},
		{"tls.directory_root", "CALLISTO_TLS_DIRECTORY_ROOT", "", "Certificate (PEM) of the authority behind the address of that directory, if this machine does not know it."},
		{"mail.host", "CALLISTO_MAIL_HOST", "", "Mail server that takes our letters (SMTP). Without one no letter is sent; all wait, and show under /operator/letters."},
		{"mail.port", "CALLISTO_MAIL_PORT", "587", "Its port."},
		{"mail.user", "CALLISTO_MAIL_USER", "", "User name at the mail server; empty: no sign-in."},
		{"mail.password", "CALLISTO_MAIL_PASSWORD", "", "Its password."},
		{"mail.from", "CALLISTO_MAIL_FROM", "", "Sender of the letters: `Callisto <mail@tel.example>`."},
		{"mail.tls", "CALLISTO_MAIL_TLS", "starttls", "starttls, tls (from the first byte) or none."},
		{"stripe.secret_key", "CALLISTO_STRIPE_SECRET_KEY", "", "Secret key at Stripe (sk_…). Without one no cards are offered."},
		{"stripe.webhook_secret", "CALLISTO_STRIPE_WEBHOOK_SECRET", "", "Signing secret (whsec_…) of the webhook URL/webhooks/stripe, with the events checkout.session.*, payment_intent.succeeded, charge.refunded and charge.dispute.*."},
		{"stripe.api_base", "CALLISTO_STRIPE_API_BASE", "", "Another address of Stripe's API, for tests."},
		{"bank.name", "CALLISTO_BANK_NAME", "", "Bank of the account that transfers go to. Without an account none are offered."},
		{"bank.iban", "CALLISTO_BANK_IBAN", "", "Its IBAN."},
		{"bank.bic", "CALLISTO_BANK_BIC", "", "Its BIC."},
		{"bank.holder", "CALLISTO_BANK_HOLDER", "", "Whose account it is."},
		{"seller.name", "CALLISTO_SELLER_NAME", "", "Who sells, as on receipts and invoices."},
		{"seller.address", "CALLISTO_SELLER_ADDRESS", "", "The seller's address; lines end with a comma."},
		{"seller.tax_id", "CALLISTO_SELLER_TAX_ID", "", "The seller's tax number."},
		{"seller.email", "CALLISTO_SELLER_EMAIL", "", "Where buyers write to."},
		{"internet.domain", "CALLISTO_INTERNET_DOMAIN", "", "Domain of our SIP addresses: others are called by sip:NUMBER@DOMAIN. Empty: the host of url."},
		{"internet.dns", "CALLISTO_INTERNET_DNS", "", "DNS servers to ask, HOST:PORT with commas between. Empty: those of the system."},
		{"internet.near", "CALLISTO_INTERNET_NEAR", "", "Networks of loopback, such as 127.0.0.0/8, where other people's SIP services may be: for trials on one machine, never in service. No call goes to a private address."},
		{"internet.open", "CALLISTO_INTERNET_OPEN", "false", "true: anybody on the Internet may call sip:NUMBER@DOMAIN, of the numbers that ENUM tells of, and nothing else."},
		{"turn.urls", "CALLISTO_TURN_URLS", "", "Relays that browsers may use where a network lets no UDP through to us: turn:relay.example:3478 turns:relay.example:443?transport=tcp (RFC 7065). Empty: none."},
		{"turn.secret", "CALLISTO_TURN_SECRET", "", "What those relays share with us: names and passwords for half a day are made with it (coturn: use-auth-secret, static-auth-secret)."},
		{"dns.listen", "CALLISTO_DNS_LISTEN", "", "Address of the DNS listener, UDP and TCP, where our numbers are looked up (ENUM, RFC 6116); empty: none."},
		{"dns.zone", "CALLISTO_DNS_ZONE", "", "The zone it answers for, delegated to it: e164.tel.example."},
		{"billing.reminder_days", "CALLISTO_BILLING_REMINDER_DAYS", "3", "How many days after the last one for paying a member on credit is reminded of an invoice."},
		{"billing.last_reminder_days", "CALLISTO_BILLING_LAST_REMINDER_DAYS", "10", "After how many he gets the last reminder."},
		{"billing.suspension_days", "CALLISTO_BILLING_SUSPENSION_DAYS", "17", "After how many calls that cost are stopped until it is paid."},
		{"accounting.chart", "CALLISTO_ACCOUNTING_CHART", "skr03", "Chart of accounts of the accounting export: skr03 or skr04."},
		{"accounting.accounts", "CALLISTO_ACCOUNTING_ACCOUNTS", "", "What is otherwise than in the chart, by the beginning of the account in the book: `wallet=1710, revenue:calls=8201`; docs/invoices.md lists them."},
		{"accounting.year_begins", "CALLISTO_ACCOUNTING_YEAR_BEGINS", "01-01", "First day of the financial year, month and day."},
		{"accounting.datev_consultant", "CALLISTO_ACCOUNTING_DATEV_CONSULTANT", "", "Number of the consultant at DATEV; without it and the next no file for DATEV is written."},
		{"accounting.datev_client", "CALLISTO_ACCOUNTING_DATEV_CLIENT", "", "Number of the client at DATEV."},
		{"withdrawal_days", "CALLISTO_WITHDRAWAL_DAYS", "14", "How many days a buyer may withdraw from a sale whose number was never registered; 0: not at all."},
	}, guardSettings()...)
}

// serviceTargets are where those keys are kept.
func (c *Config) serviceTargets() map[string]*string {
	targets := map[string]*string{
		"tls.mode": &c.TLS.Mode, "tls.cert": &c.TLS.Cert, "tls.key": &c.TLS.Key, "tls.email": &c.TLS.Email, "tls.directory": &c.TLS.Directory, "tls.directory_root": &c.TLS.Root,
		"mail.host": &c.Mail.Host, "mail.port": &c.Mail.Port, "mail.user": &c.Mail.User, "mail.password": &c.Mail.Password,
		"mail.from": &c.Mail.From, "mail.tls": &c.Mail.TLS,
		"stripe.secret_key": &c.Stripe.SecretKey, "stripe.webhook_secret": &c.Stripe.WebhookSecret, "stripe.api_base": &c.Stripe.APIBase,
		"bank.name": &c.Bank.Name, "bank.iban": &c.Bank.IBAN, "bank.bic": &c.Bank.BIC, "bank.holder": &c.Bank.Holder,
		"seller.name": &c.Seller.Name, "seller.address": &c.Seller.Address, "seller.tax_id": &c.Seller.TaxID, "seller.email": &c.Seller.Email,
		"withdrawal_days":  &c.WithdrawalDays,
		"accounting.chart": &c.Accounting.Chart, "accounting.accounts": &c.Accounting.Accounts, "accounting.year_begins": &c.Accounting.Year, "accounting.datev_consultant": &c.Accounting.Consultant,
		"accounting.datev_client": &c.Accounting.Client, "billing.reminder_days": &c.Billing.Reminder, "billing.last_reminder_days": &c.Billing.Last, "billing.suspension_days": &c.Billing.Suspension,
		"internet.domain": &c.Internet.Domain, "internet.dns": &c.Internet.DNS, "internet.near": &c.Internet.Near, "internet.open": &c.Internet.Open,
		"dns.listen": &c.DNS.Listen, "dns.zone": &c.DNS.Zone,
		"turn.urls": &c.TURN.Addresses, "turn.secret": &c.TURN.Secret,
	}
	for _, f := range c.Guard.fields() {
		targets["guard."+f.key] = f.at
	}
	return targets
}

// Services takes what the environment says of outside services, over what is
// set. `callisto dev` has no other way to be told.
func (c *Config) Services(env func(string) string) error {
	targets := c.serviceTargets()
	for _, s := range serviceSettings() {
		if v := env(s.Env); v != "" {
			*targets[s.Key] = v
		}
		if target := targets[s.Key]; *target == "" {
			*target = s.Default
		}
	}
	return c.checkServices()
}

func (c *Config) checkServices() error {
	if days, err := strconv.Atoi(c.WithdrawalDays); c.WithdrawalDays != "" && (err != nil || days < 0 || days > 365) {
		return fmt.Errorf("withdrawal_days: %q is no number of days from 0 to 365", c.WithdrawalDays)
	}
	for _, check := range []func() error{func() error { return c.TLS.check(c.URL) }, c.Mail.check, c.Stripe.check, c.Bank.check, c.Internet.check, c.DNS.check, c.TURN.check, c.Guard.check, c.Billing.check, c.Accounting.check} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// Withdrawal is for how long a buyer may withdraw.
func (c *Config) Withdrawal() time.Duration {
	days, err := strconv.Atoi(c.WithdrawalDays)
	if err != nil { // not set
		days = 14
	}
	return time.Duration(days) * 24 * time.Hour
}
