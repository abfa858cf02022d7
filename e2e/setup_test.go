package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestATelephoneIsSetUp in the browser: the code for an app shows, the address for
// a desk telephone after a wrong MAC address was told, and a link is taken back.
func TestATelephoneIsSetUp(t *testing.T) {
	d := company(t)
	me := d.Members[1]
	line := api(t, d, me.APIKey, "GET", "/api/v1/members", nil, 200)["items"].([]any)[0].(map[string]any)["id"].(string)
	w := walker{t, browser(t), d.HTTP}
	w.signIn(me.Email, me.Password)
	w.open("/lines/" + line + "/setup")
	w.fill("#setup-name", "Mobile")
	w.submit("main form.tidy button")
	w.see("#made img")
	w.sees(sight{"", "line-setup-code", "/lines/" + line + "/setup"})
	w.open("/lines/" + line + "/setup?lang=en&kind=yealink")
	w.fill("#setup-name", "Desk")
	w.fill("#setup-mac", "12:34")
	w.submit("main form.tidy button")
	w.says("main [role=alert]", "MAC address")
	w.fill("#setup-mac", "00:15:65:ab:cd:ef")
	w.submit("main form.tidy button")
	w.says("#setup-url", "/p/")
	if ask(w, "look for a code", chromedp.Evaluate[bool](`document.querySelector("#made img") !== null`)) {
		t.Error("a desk telephone has a code")
	}
	w.submit("#links form button")
	w.says("main [role=status]", "taken back")
}
