package access_test

import (
	"testing"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/edge"
)

// TestAnAccessNumberFromATelephoneOfOurs: it is answered here, however it is dialled,
// and who calls is known without a PIN; his settings for strangers' telephones do
// not count.
func TestAnAccessNumberFromATelephoneOfOurs(t *testing.T) {
	d := newDesk(t)
	d.set = access.Settings{AskPIN: true, RingBack: true}
	own := routing.Party{Account: d.holder.Account, Device: "dev_1", Number: d.holder.Number, Country: "KR", Home: "KR"}
	for dialled, want := range map[string]bool{
		"+13125550190": true, "+1 312 555 0190": true, "00113125550190": true, "*6700113125550190": true,
		"+13125550191": false, "+442075550190": false, "755014282": false,
	} {
		a := routing.Attempt{Role: routing.Origin, Center: "KR", Dialled: dialled, DialCountry: "KR", Caller: own}
		if got := d.Answers(&a); got != want {
			t.Errorf("%s is answered: %t", dialled, got)
		}
	}
	a := routing.Attempt{Role: routing.Origin, Center: "KR", Dialled: "+13125550190", DialCountry: "KR", Caller: own}
	x := d.Takes(&a)
	asks, says := d.next(x, edge.Heard{})
	if asks != "dial" || says != "ko/access/welcome ko/access/balance ko/num/10 ko/num/2 ko/money/USD/1 ko/num/5 ko/num/10 ko/money/USD/minor/1 ko/access/dial" {
		t.Errorf("at %s he hears %s", asks, says)
	}
	if got, _ := d.next(x, at("dial", "7")); got != "call +4930901820" {
		t.Errorf("his short number is %s", got)
	}
	hidden := a
	hidden.Dialled = "*6700113125550190"
	withheld := a
	withheld.Caller.Private = true
	for a, want := range map[*routing.Attempt]bool{&a: false, &hidden: true, &withheld: true} {
		x := d.Takes(a)
		d.next(x, edge.Heard{})
		if n := x.Next(t.Context(), at("dial", "7")); n.Dial == nil || n.Dial.Caller.Private != want {
			t.Errorf("after %s, private %t, he calls as %+v", a.Dialled, a.Caller.Private, n.Dial)
		}
	}
	a.Caller.Device = "" // a call that was made from a menu
	if d.Answers(&a) {
		t.Error("a menu is answered by another")
	}
}
