package publish

import "testing"

// TestHostsAreShownAsTheyAreLookedUp: a look-alike of a name that people know
// shows that it is none.
func TestHostsAreShownAsTheyAreLookedUp(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"www.example.com":                  "https://www.example.com",
		"https://www.example.com/a?b=c#d":  "https://www.example.com/a?b=c#d",
		"https://a_b.example.com":          "https://a_b.example.com",
		"http://192.0.2.7:8080/":           "http://192.0.2.7:8080/",
		"https://раypаl.example/x":         "https://xn--ypl-5cdc6g.example/x", // Cyrillic р, а
		"https://r%C3%A4tsel.example:8443": "https://xn--rtsel-gra.example:8443",
		"https://rätsel.example/ü":         "https://xn--rtsel-gra.example/%C3%BC",
		"https://xn--rtsel-gra.example":    "https://xn--rtsel-gra.example",
		"https://한국.example":               "https://xn--3e0b707e.example",
		"https://example。com":              "",
		"https://\u2024.example":           "",
		"https://user@rätsel.example":      "",
		"https://a\u0627b.example":         "",
	} {
		got, ok := site(in)
		if ok != (want != "" || in == "") || ok && got != want {
			t.Errorf("%s: %q %t, want %q", in, got, ok, want)
		}
	}
	for in, want := range map[string]string{"ann@example.com": "ann@example.com", "änn@rätsel.example": "änn@xn--rtsel-gra.example", "ann@a\u0627b.example": ""} {
		if got, ok := mailbox(in); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %t, want %q", in, got, ok, want)
		}
	}
}
