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

// TestWithWhichNumberHeCalls: a member with two numbers chooses, this browser
// remembers, and both ring in it.
func TestWithWhichNumberHeCalls(t *testing.T) {
	d, stop := companyIn(t, t.TempDir())
	defer stop()
	m := d.Members[1]
	o := order(t, d, m.APIKey, "63")
	api(t, d, m.APIKey, "POST", "/api/v1/orders/"+o+"/payments", map[string]any{"method": "wallet"}, 200)
	line := api(t, d, m.APIKey, "POST", "/api/v1/members", map[string]any{"order_id": o, "name": "Jun Park", "email": m.Email, "country": "KR", "languages": []any{"ko"},
		"time_zone": "Asia/Seoul", "identification": "Jun Park, Seoul"}, 201)
	second, id := line["number"].(string), line["id"].(string)
	w := walker{t, browser(t, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true)), d.HTTP}
	// The other number is out of service at first, and passes are renewed at once.
	w.beforehand(`if (sessionStorage.served !== "yes") {
		const { fetch, setTimeout } = window;
		window.refused = 0;
		window.setTimeout = (f, ms, ...more) => setTimeout(f, ms === 15_000 ? 300 : ms, ...more);
		window.fetch = async (to, how) => {
			if (to !== "/phone/pass" || sessionStorage.served === "yes") return fetch(to, how);
			if (how.body.get("line") === "` + id + `") return window.refused++, Response.json({error: "out of service"}, {status: 409});
			return Response.json({...await (await fetch(to, how)).json(), for: 0});
		};
	}`)
	w.signIn(m.Email, m.Password)
	w.open("/calls")
	w.registered()
	w.until("its pass is asked for again and again", `window.refused > 1`)
	w.do("it is back in service", discard(chromedp.Evaluate[bool](`sessionStorage.served = "yes", true`)))
	w.says(".phone-bar", m.Number)
	w.press(".phone-bar")
	w.until("there is a choice", `document.querySelectorAll("#phone-with option").length === 2 && document.querySelector("#phone-with").checkVisibility()`)
	w.until("the other number rings here too", `(fetch("/lines/`+id+`/rings").then((r) => r.text()).then((t) => { window.otherRings = t.includes("Rings: a page is open there"); }), window.otherRings === true)`)
	w.do("choose", discard(chromedp.Evaluate[bool](`(() => { const s = document.querySelector("#phone-with"); s.value = "`+id+`"; s.dispatchEvent(new Event("change")); return true; })()`)))
	w.says(".phone-bar", second)
	w.registered()
	w.open("/lines") // loaded anew
	w.registered()
	w.says(".phone-bar", second)
	w.press(".phone-bar")
	w.inspect("dock-line")
}
