package config

import "testing"

// TestNearIsLoopback: no setting opens a private network to calls.
func TestNearIsLoopback(t *testing.T) {
	for in, ok := range map[string]bool{
		"": true, "127.0.0.0/8": true, "127.0.0.1/32, ::1/128": true,
		"10.0.0.0/8": false, "0.0.0.0/0": false, "127.0.0.0/7": false, "::/0": false, "::1/64": false, "127.0.0.1": false, "169.254.0.0/16": false,
	} {
		if err := (&Internet{Near: in}).check(); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestInternetAndDNSSettings that cannot be meant are refused.
func TestInternetAndDNSSettings(t *testing.T) {
	for _, x := range []Internet{{DNS: "192.0.2.53"}, {Domain: "sip:tel.example"}, {Domain: "tel.example:5060"}, {Open: "maybe"}} {
		if x.check() == nil {
			t.Errorf("%+v is taken", x)
		}
	}
	for _, x := range []DNS{{Listen: "192.0.2.53"}, {Listen: "192.0.2.53:53"}, {Listen: "192.0.2.53:53", Zone: "e164 tel"}} {
		if x.check() == nil {
			t.Errorf("%+v is taken", x)
		}
	}
	if err := (&DNS{Listen: "192.0.2.53:53", Zone: "e164.tel.example."}).check(); err != nil {
		t.Error(err)
	}
	c := Config{URL: "https://Tel.Example:8443/x"}
	if d := c.SIPDomain(); d != "tel.example" {
		t.Errorf("%q", d)
	}
	if (&Internet{}).IsOpen() || !(&Internet{Open: "true"}).IsOpen() {
		t.Error("open unless said")
	}
}
