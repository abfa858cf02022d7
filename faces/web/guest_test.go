package web

import (
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/idcard"
)

// TestTheOwnerSeesTheGuestAtHisTelephone, until when, and can end it.
func TestTheOwnerSeesTheGuestAtHisTelephone(t *testing.T) {
	p := ofMember(t)
	guests := []idcard.SignIn{{ID: "sgn_1", Host: "dev_1", Until: time.Date(2031, 5, 1, 18, 0, 0, 0, time.UTC)}}
	for device, want := range map[string]bool{"dev_1": true, "dev_2": false, "": false} {
		var b strings.Builder
		if err := guestHere(p, guestAt(guests, device), "/lines?done=1").Render(p.rendering(t.Context()), &b); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"A guest is signed in here until", "2031-05-01 18:00 UTC", `name="id" value="sgn_1"`, "End it"} {
			if strings.Contains(b.String(), text) != want {
				t.Errorf("at %q: %q is said %t: %s", device, text, !want, b.String())
			}
		}
	}
}

// TestAWalletNothingCanBePaidIntoSaysSo, and in dev what to set.
func TestAWalletNothingCanBePaidIntoSaysSo(t *testing.T) {
	for _, dev := range []bool{false, true} {
		for _, open := range []bool{false, true} {
			p := ofMember(t)
			p.f.Dev = dev
			d := walletData{}
			d.Offer.Bank = open
			var b strings.Builder
			if err := topUpClosed(p, d).Render(p.rendering(t.Context()), &b); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), "Nothing can be paid in here") == open || strings.Contains(b.String(), "stripe.secret_key") != (dev && !open) {
				t.Errorf("dev %t, open %t: %s", dev, open, b.String())
			}
		}
	}
}
