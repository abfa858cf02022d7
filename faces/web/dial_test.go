package web

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// ofMember is a page of a member's, who has the telephone on it.
func ofMember(t *testing.T) *page {
	t.Helper()
	return &page{Tongue: all(t).by["en"], f: &face{}, Who: member.Actor{Account: "acc_1", Role: member.Customer}}
}

// TestTheTelephoneOfThePageIsGivenTheNumber, without a host of ours at which it
// would be somebody else's address; who has no telephone there opens a program.
func TestTheTelephoneOfThePageIsGivenTheNumber(t *testing.T) {
	const domain = "127.0.0.1:60304"
	desk := &page{Who: member.Actor{Account: "acc_op", Role: member.Operator}}
	for call, want := range map[string]string{
		"sip:+4930901820@" + domain: "tel:+4930901820", "sip:5550100%2382@" + domain: "tel:5550100%2382", "sip:ann@tel.example": "sip:ann@tel.example", "": "",
	} {
		x := dialled{Call: call, Domain: domain}
		if got := x.pressed(ofMember(t)); got != want {
			t.Errorf("%q is given as %q, want %q", call, got, want)
		}
		if got := x.pressed(desk); got != call {
			t.Errorf("without a telephone %q is %q", call, got)
		}
		var b strings.Builder
		p := ofMember(t)
		if err := dialFound(p, x).Render(p.rendering(t.Context()), &b); err != nil || call != "" && !strings.Contains(b.String(), `href="`+want+`"`) {
			t.Errorf("%v, and the page says %s", err, b.String())
		}
	}
}

// TestACallIsCalledBack, and its number kept, where there is one to see.
func TestACallIsCalledBack(t *testing.T) {
	p := ofMember(t)
	me := cdr.Party{Account: "acc_1", Number: numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}}
	him := cdr.Party{Text: "+82 2 555 1234"}
	for _, x := range []struct {
		r           cdr.Record
		names       contact.Names
		again, keep bool
	}{
		{r: cdr.Record{From: him, To: me}, again: true, keep: true},
		{r: cdr.Record{From: me, To: him}, again: true, keep: true},
		{r: cdr.Record{From: me, To: him}, names: contact.NamesOf([]contact.Contact{{Name: "Mum", Number: "+8225551234"}}), again: true},
		{r: cdr.Record{From: him, To: me, Withheld: true}},
	} {
		var b strings.Builder
		if err := callAgain(p, x.r, x.names).Render(p.rendering(t.Context()), &b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), `href="tel:+82%202%20555%201234"`); got != x.again {
			t.Errorf("%+v: called back %t: %s", x.r, got, b.String())
		}
		if got := strings.Contains(b.String(), `href="/contacts?number=%2B82+2+555+1234"`); got != x.keep {
			t.Errorf("%+v: kept %t: %s", x.r, got, b.String())
		}
	}
	if list := recentOf([]cdr.Record{{From: him, To: me, Withheld: true}}, "acc_1", contact.Names{}); len(list) != 0 {
		t.Errorf("the telephone offers a withheld number: %+v", list)
	}
}

// TestOtherBrowsersAreOtherThanOnesNamed: where none has a row of its own, the one
// that shows the page is among them.
func TestOtherBrowsersAreOtherThanOnesNamed(t *testing.T) {
	p, rest := ofMember(t), bell.Row{Kind: bell.KindBrowser, Now: bell.Verdict{Rings: true}}
	if got := p.ringName(&ringsData{Rows: []bell.Row{rest}}, rest); got != "Your browsers, this one included" {
		t.Errorf("alone it is %q", got)
	}
	if got := p.ringName(&ringsData{}, bell.Row{Kind: bell.KindBrowser}); got != "Other browsers" {
		t.Errorf("where none is open it is %q", got)
	}
	if got := p.ringName(&ringsData{Rows: []bell.Row{{Kind: bell.KindBrowser, Browser: "brw_1"}, rest}}, rest); got != "Other browsers" {
		t.Errorf("beside one it is %q", got)
	}
}

// TestMoneyAtAGlanceIsInCoins, and never more than there is.
func TestMoneyAtAGlanceIsInCoins(t *testing.T) {
	for a, want := range map[money.Amount]int64{
		{Currency: "USD", Micros: 9_871_234}: 9_870_000, {Currency: "USD", Micros: -1_234}: -10_000, {Currency: "USD", Micros: -10_000}: -10_000,
		{Currency: "KRW", Micros: 1_999_999}: 1_000_000, {Currency: "KWD", Micros: 1_234_567}: 1_234_000,
	} {
		if got := inCoins(a); got.Micros != want || got.Currency != a.Currency {
			t.Errorf("%s is shown as %s", a, got)
		}
	}
}

// TestAPageIsNamedOnceInItsSentence: the link stands after it.
func TestAPageIsNamedOnceInItsSentence(t *testing.T) {
	for tag, tongue := range all(t).by {
		p := &page{Tongue: tongue}
		if said := p.T("idcard.desk_phone"); strings.Contains(said, "{page}") || !strings.Contains(said, "{code}") {
			t.Errorf("%s says %s", tag, said)
		}
	}
}
