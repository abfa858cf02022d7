package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Internet is how calls go to other people's SIP services, and how we are found.
type Internet struct {
	Domain string `yaml:"domain"`
	DNS    string `yaml:"dns"`
	Near   string `yaml:"near"`
	Open   string `yaml:"open"`
}

// DNS is where our numbers are looked up.
type DNS struct {
	Listen string `yaml:"listen"`
	Zone   string `yaml:"zone"`
}

func (d *DNS) check() error {
	if d.Listen == "" {
		return nil
	}
	if err := checkAddress(d.Listen); err != nil {
		return fmt.Errorf("dns.listen: %w", err)
	}
	if strings.Trim(d.Zone, ".") == "" || strings.ContainsAny(d.Zone, "/@: ") {
		return fmt.Errorf("dns.zone: %q is no domain name like e164.tel.example", d.Zone)
	}
	return nil
}

func (i *Internet) check() error {
	for _, s := range i.Servers() {
		if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
			return fmt.Errorf("internet.dns: %q is no address like 192.0.2.53:53", s)
		}
	}
	for _, s := range list(i.Near) {
		p, err := netip.ParsePrefix(s)
		if err != nil || !p.Addr().IsLoopback() || p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 128 {
			return fmt.Errorf("internet.near: %q is no network of loopback like 127.0.0.0/8", s)
		}
	}
	if _, err := strconv.ParseBool(i.Open); i.Open != "" && err != nil {
		return fmt.Errorf("internet.open: %q is neither true nor false", i.Open)
	}
	if strings.ContainsAny(i.Domain, "/@: ") {
		return fmt.Errorf("internet.domain: %q is no domain name like tel.example", i.Domain)
	}
	return nil
}

// IsOpen reports whether anybody may call numbers of ours.
func (i *Internet) IsOpen() bool {
	open, err := strconv.ParseBool(i.Open)
	return open && err == nil
}

// Servers are the DNS servers to ask.
func (i *Internet) Servers() []string { return list(i.DNS) }

// Nearby are the networks of loopback that may be called.
func (i *Internet) Nearby() (out []netip.Prefix) {
	for _, s := range list(i.Near) {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func list(s string) (out []string) {
	for _, x := range strings.Split(s, ",") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// SIPDomain is the domain of our SIP addresses; "" if nothing says one.
func (c *Config) SIPDomain() string {
	if c.Internet.Domain != "" {
		return strings.ToLower(c.Internet.Domain)
	}
	if u, err := url.Parse(c.URL); err == nil {
		return strings.ToLower(u.Hostname())
	}
	return ""
}
