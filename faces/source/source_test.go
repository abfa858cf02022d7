package source

import (
	"net/http"
	"strings"
	"testing"
)

func TestOnlyAProxyHereIsBelieved(t *testing.T) {
	for _, c := range []struct{ remote, forwarded, want string }{ // a line each
		{"203.0.113.5:4711", "", "203.0.113.5"},
		{"203.0.113.5:4711", "198.51.100.1", "203.0.113.5"},
		{"127.0.0.1:4711", "192.0.2.9, 198.51.100.1", "198.51.100.1"},
		{"[::1]:4711", "2001:db8::1", "2001:db8::"},
		{"[2001:db8:1:2:3:4:5:6]:9", "", "2001:db8:1:2::"},
		{"[2001:db8:1:2:ffff::1]:9", "", "2001:db8:1:2::"},
		{"[::1]:9", "", "::1"},
		{"127.0.0.1:4711", "nonsense", "127.0.0.1"},
		{"[::ffff:203.0.113.5]:1", "", "203.0.113.5"},
		{"127.0.0.1:4711", "192.0.2.9\n198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:4711", "198.51.100.1\n192.0.2.9, 192.0.2.7", "192.0.2.7"},
		{"@", "", ""},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header["X-Forwarded-For"] = strings.Split(c.forwarded, "\n")
		}
		if got := Of(r).Address; got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestTheLogHoldsNoSecrets: what opens something by itself is left out of a path.
func TestTheLogHoldsNoSecrets(t *testing.T) {
	for path, want := range map[string]string{"/p/abcdefgh/linphone.xml": "/p/…", "/p/abcdefgh": "/p/…", "/transfers/abcdefgh": "/transfers/…", "/prices": "/prices", "/lines": "/lines"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://tel.example"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := Path(r); got != want {
			t.Errorf("%s is %s", path, got)
		}
	}
}
