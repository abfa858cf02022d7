package e2e

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// dials calls a number from the telephone of the page.
func (w walker) dials(number string) {
	w.t.Helper()
	if ask(w, "look for the field", chromedp.Evaluate[bool](`document.querySelector("[data-part=panel]").hidden`)) {
		w.press(`[data-part=bar]`)
	}
	w.fill("#phone-to", number)
	w.says(".phone-found", strings.Fields(number)[0])
	w.press(`[data-part=dial] button`)
}

// idle waits until the page has no call.
func (w walker) idle() {
	w.t.Helper()
	w.until("it has no call", `document.querySelector(".phone-call") === null`)
}

// other is a sample member whom none of the links of dev is for.
func other(t *testing.T, d dev) member {
	t.Helper()
	for _, m := range d.Members {
		if m.Number != d.Phones[0].Number && m.Number != d.Phones[1].Number {
			return m
		}
	}
	t.Fatal("the links of dev are for all members")
	return member{}
}

// opens signs in at the telephone of a link that dev printed.
func (w walker) opens(link string) {
	w.t.Helper()
	w.do("open the link", chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#phone-to")))
	w.registered()
}

// TestACallOutlivesItsPage: between a page and a SIP telephone, both heard; the page
// is loaded anew, and its connection breaks; the call goes on.
func TestACallOutlivesItsPage(t *testing.T) {
	d := company(t)
	m := other(t, d)
	desk := phone(t, m.SIPUser, m.SIPPassword, m.SIPDomain, "udp", 700, 90, "")
	desk.until("200 OK")
	w := speaker(t, d.HTTP, 440)
	w.opens(d.Phones[0].URL)
	w.dials(m.Number)
	w.stage("connected")
	w.hears(700)

	w.do("load the page anew", chromedp.Reload())
	w.registered()
	w.stage("connected")
	w.hears(700)

	w.do("the network changes", discard(chromedp.Evaluate[bool](`dispatchEvent(new Event("offline")), true`)))
	w.until("the connection is lost", dock+`?.dataset.link === "lost"`)
	w.do("and is back", discard(chromedp.Evaluate[bool](`window.back = performance.now(), dispatchEvent(new Event("online")), true`)))
	w.registered()
	if ms := ask(w, "how long it took", chromedp.Evaluate[float64](`performance.now() - window.back`)); ms > 5000 {
		t.Errorf("the telephone was back after %.0f ms", ms)
	}
	w.stage("connected")
	w.hears(700)
	w.press(`[data-do=hangUp]:not([hidden])`)
	w.idle()
	desk.until("terminated")
	if loud, hertz := desk.heard(); loud < 0.05 || hertz < 400 || hertz > 480 {
		t.Errorf("the telephone heard %.0f Hz at %.3f, want 440\n%s", hertz, loud, desk.out.String())
	}
}

// TestCallsArePassedOnAndJoined: from page to page; to a SIP telephone without a
// word, and after asking.
func TestCallsArePassedOnAndJoined(t *testing.T) {
	d := company(t)
	m := other(t, d)
	desk := phone(t, m.SIPUser, m.SIPPassword, m.SIPDomain, "udp", 700, 90, "")
	desk.until("200 OK")
	a, b := speaker(t, d.HTTP, 440), speaker(t, d.HTTP, 1000)
	a.opens(d.Phones[0].URL)
	b.opens(d.Phones[1].URL)
	a.dials(d.Phones[1].Number)
	b.stage("incoming")
	b.press(`[data-do=answer]`)
	a.stage("connected")
	a.hears(1000)

	a.press(`[data-do=give]:not([hidden])`)
	a.fill(`[data-part=give-to]`, m.Number)
	a.press(`[data-part=give] button`)
	a.idle()
	b.stage("connected")
	b.hears(700)

	b.dials(d.Phones[0].Number) // he asks her, while the telephone waits
	a.stage("incoming")
	a.press(`[data-do=answer]`)
	a.stage("connected")
	a.hears(1000)
	second := `[...document.querySelectorAll(".phone-call")].findIndex(c => c.dataset.stage === "connected")`
	b.until("the second call is there", second+` >= 0 && document.querySelectorAll(".phone-call").length === 2`)
	n := ask(b, "which call is the second", chromedp.Evaluate[int](second))
	b.press(`.phone-call:nth-child(` + strconv.Itoa(n+1) + `) [data-do=join]`)
	b.idle()
	a.hears(700)
	a.press(`[data-do=hangUp]:not([hidden])`)
	a.idle()
	desk.until("terminated")
}
