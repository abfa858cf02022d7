package setup_test

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/setup"
)

func TestHardwareAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"00:15:65:AB:CD:EF": "001565abcdef", " 00-15-65-ab-cd-ef ": "001565abcdef", "0015.65ab.cdef": "001565abcdef", "001565ABCDEF": "001565abcdef",
		"": "", "00:15:65:AB:CD": "", "00:15:65:AB:CD:EG": "", "000000000000": "", "ff:ff:ff:ff:ff:ff": "", "001565abcdef00": "",
	} {
		if got := setup.CleanMAC(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
	if got := setup.ShownMAC("001565abcdef"); got != "00:15:65:AB:CD:EF" {
		t.Error(got)
	}
}

// TestWhoAsksTooOften waits, and nobody else does; without https there are no links at all.
func TestWhoAsksTooOften(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := setup.New(nil, nil, setup.Config{Now: func() time.Time { return now }, Open: func() bool { return false }})
	refused := 0
	for range 200 {
		if err := s.Paced("192.0.2.1"); fault.KindOf(err) == fault.Limited {
			refused++
		}
	}
	if refused != 80 || s.Paced("192.0.2.2") != nil {
		t.Errorf("of 200 at once %d were refused", refused)
	}
	if now = now.Add(2 * time.Second); s.Paced("192.0.2.1") != nil {
		t.Error("still refused")
	}
	_, err := s.Make(t.Context(), member.Actor{Account: "acc"}, "mem", setup.Ask{Kind: setup.Linphone})
	if fault.ReasonOf(err).Code != "setup_https" {
		t.Error(err)
	}
}
