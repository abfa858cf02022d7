package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestHelpIsAskedForInEitherWay: `callisto help CMD` says what `callisto CMD --help`
// does, and what is no command is told so.
func TestHelpIsAskedForInEitherWay(t *testing.T) {
	said := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if err := Run(t.Context(), args, &out, &errs); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		return out.String()
	}
	for _, c := range []struct{ command, want string }{{"", "Run a telephone company"}, {"dev", "--sip=HOST:PORT"}, {"route explain", "--country=ISO"}, {"ledger", "verify"}} {
		words := strings.Fields(c.command)
		got := said(append([]string{"help"}, words...)...)
		if !strings.Contains(got, c.want) || got != said(append(words, "--help")...) {
			t.Errorf("help %s says %q", c.command, got)
		}
	}
	if got := said("help", "--help"); !strings.Contains(got, "Say what a command does") {
		t.Errorf("help of help says %q", got)
	}
	if err := Run(t.Context(), []string{"help", "nonsense"}, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("help of no command: %v", err)
	}
}
