package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAMissedCallIsCounted: a call that nobody takes while a page is open is counted
// in its menu and on its telephone, without a step of its reader's, until he opens
// the history.
func TestAMissedCallIsCounted(t *testing.T) {
	d, stop := companyIn(t, t.TempDir())
	defer stop()
	caller, m := d.Members[0], d.Members[1]
	api(t, d, m.APIKey, "POST", "/api/v1/contacts", map[string]any{"name": "Minji at work", "number": caller.Number}, 201)
	w := walker{t, browser(t, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true)), d.HTTP}
	w.signIn(m.Email, m.Password)
	w.open("/lines")
	w.registered()
	const counts = `[...document.querySelectorAll("[data-missed]")].filter((c) => c.checkVisibility() && c.lastElementChild.textContent === "1").length`
	if n := ask(w, "count", chromedp.Evaluate[int](counts)); n != 0 {
		t.Errorf("%d counts before anybody called", n)
	}
	phone(t, caller.SIPUser, caller.SIPPassword, caller.SIPDomain, "udp", 440, 9, "/dial sip:"+strings.ReplaceAll(m.Number, " ", "")+"@"+caller.SIPDomain)
	w.stage("incoming")
	w.until("it is counted in the menu and on the telephone", counts+` === 2`)
	for _, scheme := range []string{"light", "dark"} {
		for _, at := range []int64{1280, 390} {
			w.do("another window", look(scheme), chromedp.EmulateViewport(at, 900))
			if is := ask(w, "measure", chromedp.Evaluate[string](`[...document.querySelectorAll("[data-missed]")].map((c) => {
				const high = (e) => e.getBoundingClientRect().height, around = c.parentElement, before = high(around);
				const at = high(c) / parseFloat(getComputedStyle(around).fontSize);
				c.hidden = true;
				const grows = before - high(around);
				c.hidden = false;
				return at > 0.8 && at < 1.4 && grows === 0 ? "" : at.toFixed(1) + " lines high, grows by " + grows;
			}).join("")`)); is != "" {
				t.Errorf("the count in a window of %d, %s: %s", at, scheme, is)
			}
		}
	}
	w.do("back to the window", look("light"), chromedp.ResetViewport())
	w.inspect("missed")
	w.shoot("missed")
	w.follow(`.top a[href="/calls"]`)
	w.says("main td", "Minji at work")
	w.until("it is counted no more", counts+` === 0`)
}
