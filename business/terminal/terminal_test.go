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
	pass, until := p.Issue("2555123482-2")
	if until != now.Add(terminal.PassFor) {
		t.Errorf("it is good until %s", until)
	}
	now = until.Add(-time.Second)
	if user, ok := p.Open([]byte(pass)); !ok || user != "2555123482-2" {
		t.Errorf("a second before its end it opens %q, %v", user, ok)
	}
	now = until
	if user, ok := p.Open([]byte(pass)); ok {
		t.Errorf("after its end it opens %q", user)
	}
	now = until.Add(-time.Minute)
	for _, bad := range []string{"", "=", strings.Repeat("A", 300), pass[:8], "x" + pass} {
		if user, ok := p.Open([]byte(bad)); ok {
			t.Errorf("%q opens %q", bad, user)
		}
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
