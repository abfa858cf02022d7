package edge

import "testing"

func TestClipLeavesWhatEveryDatabaseTakes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2555123482", "2555123482"}, {"12345", "12345"}, {"a\x00b", "ab"}, {"a\xffb", "ab"}, {"123456789é", "123456789"},
	} {
		if got := clip(c.in, 10); got != c.want {
			t.Errorf("clip(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAStrangerIsShownByAPlainAddress(t *testing.T) {
	for in, want := range map[string]string{
		"bob.smith+home": "bob.smith+home", "+13125550100": "+13125550100", "5550100#82": "5550100#82", "": "",
		"\r\n\r\nPay now: https://evil.example/x": "", "\x1b[2J": "", "a\u202eb": "", "a b": "", "pay@evil": "",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q is shown as %q", in, got)
		}
	}
}
