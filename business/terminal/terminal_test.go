package terminal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/terminal"
)

// box opens what it sealed for the same purpose.
type box struct{}

func (box) Seal(plain []byte, purpose string) []byte {
	return append([]byte(purpose+"|"), plain...)
}

func (box) Open(sealed []byte, purpose string) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte(purpose+"|"))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

// TestAPassEnds after its minutes, to the second, and is for one SIP user.
func TestAPassEnds(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := terminal.New(box{}, func() time.Time { return now })
	pass, until := p.Issue(terminal.Pass{SIPUser: "2555123482-2", Session: "ses_1"})
	if until != now.Add(terminal.PassFor) {
		t.Errorf("it is good until %s", until)
	}
	now = until.Add(-time.Second)
	if x, ok := p.Open([]byte(pass)); !ok || x.SIPUser != "2555123482-2" || x.Session != "ses_1" {
		t.Errorf("a second before its end it opens %q, %v", x, ok)
	}
	now = until
	if user, ok := p.Open([]byte(pass)); ok {
		t.Errorf("after its end it opens %q", user.SIPUser)
	}
	now = until.Add(-time.Minute)
	for _, bad := range []string{"", "=", strings.Repeat("A", 300), pass[:8], "x" + pass} {
		if user, ok := p.Open([]byte(bad)); ok {
			t.Errorf("%q opens %q", bad, user)
		}
	}
}

// TestAPassEndsWithItsSession, and what is kept of ended sessions goes with their
// last pass.
func TestAPassEndsWithItsSession(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := terminal.New(box{}, func() time.Time { return now })
	opens := func(pass string) bool { _, ok := p.Open([]byte(pass)); return ok }
	issue := func(session string) string {
		pass, _ := p.Issue(terminal.Pass{SIPUser: "u", Session: session})
		return pass
	}
	first, second, lasting := issue("ses_1"), issue("ses_2"), issue("")
	p.End([]string{"ses_1"})
	if opens(first) || !opens(second) || !opens(lasting) {
		t.Errorf("one of the session that ended opens: %v, another's %v, a device's %v", opens(first), opens(second), opens(lasting))
	}
	if x, ok := p.Open([]byte(first)); ok || x.Session != "ses_1" {
		t.Errorf("of a session that ended it says %+v, %v", x, ok)
	}
	late := issue("ses_1") // asked for before it ended
	now = now.Add(terminal.PassFor - time.Second)
	p.End([]string{"ses_3"})
	if opens(late) {
		t.Error("a pass that was made while its session ended opens")
	}
	now = now.Add(time.Second)
	p.End([]string{"ses_4"})
	if got := p.Ended(); got != 2 {
		t.Errorf("%d ended sessions are remembered, not the two of the last ten minutes", got)
	}
}

// TestARelayKnowsTheNames that we give, as coturn computes them:
//
//	printf 1795737600:acc_1 | openssl dgst -sha1 -hmac secret -binary | base64
func TestARelayKnowsTheNames(t *testing.T) {
	now := time.Unix(1795737600-12*3600, 0)
	got := terminal.Relay{URLs: []string{"turn:relay.example:3478"}, Secret: "secret"}.Servers("acc_1", now)
	if len(got) != 1 || got[0].Username != "1795737600:acc_1" || got[0].Credential != "+JPBj7M/XYv1qkYWF93B6+Mw+eQ=" {
		t.Errorf("%+v", got)
	}
	if got := (terminal.Relay{}).Servers("acc_1", now); got == nil || len(got) != 0 { // a browser wants a list
		t.Errorf("without relays: %+v", got)
	}
}
