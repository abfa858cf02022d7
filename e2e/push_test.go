package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestRingingAClosedBrowserIsSwitchedOn: what cannot be is told in words; what can
// is asked for when the button is pressed. Chromium without its maker's services
// has no push service, so only the step that subscribes is played by the test.
func TestRingingAClosedBrowserIsSwitchedOn(t *testing.T) {
	d, stop := companyIn(t, t.TempDir())
	defer stop()
	m := d.Members[0]
	w := walker{t, browser(t, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true)), d.HTTP}
	w.signIn(m.Email, m.Password)
	w.open("/lines")
	w.registered()
	w.follow(`a[href$="/rings"]`)
	w.says("h1", "What rings")
	w.says("#this-browser", "this browser does not ring")
	w.says("#what", "Rings: a page is open there")
	act := func(script string) { w.do("act", discard(chromedp.Evaluate[bool](script+`, true`))) }
	again := `document.dispatchEvent(new Event("page:turned"))`
	act(`Object.defineProperty(Notification, "permission", {configurable: true, get: () => "denied"}), ` + again)
	w.says("#this-browser", "Notifications were refused")
	act(`Object.defineProperty(Notification, "permission", {configurable: true, get: () => "default"}), Notification.requestPermission = async () => "default", ` + again)
	w.press(`#this-browser [data-push-on]`)
	w.says("#this-browser", "got no answer")
	act(`Notification.requestPermission = async () => "granted", PushManager.prototype.subscribe = async () => { throw new DOMException("no service", "AbortError") }`)
	w.press(`#this-browser [data-push-on]`)
	w.says("#this-browser", "push service of this browser cannot be reached")
	w.inspect("line-rings-off")

	act(`window.sub = null, crypto.subtle.generateKey({name: "ECDH", namedCurve: "P-256"}, true, ["deriveBits"]).then((k) => crypto.subtle.exportKey("raw", k.publicKey)).then((raw) => {
		PushManager.prototype.getSubscription = async () => window.sub;
		PushManager.prototype.subscribe = async (o) => window.sub = {endpoint: "http://127.0.0.1:9/push/1", options: {applicationServerKey: Uint8Array.from(atob(o.applicationServerKey.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)).buffer},
			getKey: (n) => n === "auth" ? new Uint8Array(16).buffer : raw, unsubscribe: async () => { window.sub = null; return true; }};
		window.subscribes = true;
	})`)
	w.until("the test's own push service", `window.subscribes === true`)
	w.press(`#this-browser [data-push-on]`)
	w.says("#this-browser", "This browser rings when it is closed")
	w.follow(`.overline a`)
	w.follow(`a[href$="/rings"]`)
	w.says("#what", "Rings by a notification")
	w.inspect("line-rings")
	w.press(`#this-browser [data-push-off]`)
	w.says("#this-browser", "this browser does not ring")
	w.follow(`#missed button[type=submit]`)
	w.says("main", "Saved")
	act(`delete window.PushManager, ` + again)
	w.says("#this-browser", "has no push messages")
}
