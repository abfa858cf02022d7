package config

import "testing"

func TestTelephonesOverTLSNeedACertificate(t *testing.T) {
	for _, x := range []struct {
		sipTLS string
		tls    TLS
		ok     bool
	}{
		{"", TLS{}, true},
		{"0.0.0.0:5061", TLS{}, false},
		{"0.0.0.0:5061", TLS{Mode: TLSProxy, Cert: "c.pem", Key: "k.pem"}, true},
		{"0.0.0.0:5061", TLS{Mode: TLSAcme}, true},
		{"5061", TLS{Mode: TLSAcme}, false},
	} {
		c := Config{Data: "d", HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", SIPTLS: x.sipTLS, TLS: x.tls, Currency: "USD", URL: "https://tel.example"}
		if err := c.check(); (err == nil) != x.ok {
			t.Errorf("%q with %+v: %v", x.sipTLS, x.tls, err)
		}
	}
}
