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
