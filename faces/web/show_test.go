package web

import (
	"net/http"
	"testing"
	"time"
)

// TestACallLastsAsLongAsItIsCharged: a second begun is whole, as in its price.
func TestACallLastsAsLongAsItIsCharged(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", 8400 * time.Millisecond: "0:09", 9 * time.Second: "0:09", time.Minute - 1: "1:00", time.Hour + 61*time.Second: "1:01:01"} {
		if got := clock(d); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
}

// TestWhatIsLeftGoesByTheCompanysClock, which may be another than the browser's.
func TestWhatIsLeftGoesByTheCompanysClock(t *testing.T) {
	now := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	p := &page{f: &face{Deps: Deps{Now: func() time.Time { return now }}}}
	if got := p.left(now.Add(90 * time.Second)); got != "90" {
		t.Errorf("ninety seconds are %s", got)
	}
	if got := p.left(now.Add(-time.Hour)); got != "0" {
		t.Errorf("what is over has %s left", got)
	}
}

// TestTheDeskHasFewHeadings with each page under one of them.
func TestTheDeskHasFewHeadings(t *testing.T) {
	groups := deskGroups()
	if len(groups) > 6 {
		t.Errorf("%d headings", len(groups))
	}
	for _, g := range groups {
		for _, c := range g.Pages {
			for _, path := range []string{c.Value, c.Value + "/something"} {
				p, here := page{Path: path}, 0
				for _, other := range groups {
					if p.here(other) {
						here++
					}
				}
				if here != 1 || !p.here(g) || p.at("/operator") {
					t.Errorf("%s is under %d headings", path, here)
				}
			}
		}
	}
}

func TestWhereAFormWaits(t *testing.T) {
	made := entry{Next: "/account?x=1", Waits: true}.afterPasskey().Next
	for address, want := range map[string]bool{made: true, "/prove?next=%2Fx%3Fagain%3D1": false, "/prove": false, "/x?again=1": false} {
		if waitsAt(address) != want {
			t.Errorf("%s: %t", address, !want)
		}
	}
}

// TestAFormThatWaitsIsNamed as its page calls it, each that asks for a proof.
func TestAFormThatWaitsIsNamed(t *testing.T) {
	f := &face{tongues: all(t), pages: http.NewServeMux()}
	f.routes(f.pages)
	p := &page{f: f, Tongue: f.tongues.by["en"]}
	for sentTo, want := range map[string]string{
		"/access": "How you are known", "/access/pin": "PIN", "/access/pin/unlock": "PIN",
		"/account/email": "E-mail", "/account/keys": "API keys", "/account/passkeys/pk_1/remove": "Passkeys", "/account/erase": "Erase your account",
		"/orders/o_1/withdraw": "Withdraw from this sale", "/orders/o_1/offer": "Give it to somebody else", "/orders/o_1/give-up?lang=en": "Give this number up",
		"/lines/m_1/telephone/8225550100/let-go": "Ordinary telephone number", "/contacts": "",
	} {
		if got := f.formName(p, sentTo); got != want {
			t.Errorf("%s is %q, not %q", sentTo, got, want)
		}
	}
}
