package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const dock = `document.querySelector("phone-dock")`

// registered waits until the browser phone of a page is.
func (w walker) registered() {
	w.t.Helper()
	w.until("the telephone registers", dock+`?.dataset.link === "ready"`)
}

// beforehand runs a script in every page before its own.
func (w walker) beforehand(script string) {
	w.t.Helper()
	w.do("a script beforehand", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

// follow presses a link or button and waits for the page that takes the place of
// this one around the telephone.
func (w walker) follow(selector string) {
	w.t.Helper()
	w.do("mark the window", discard(chromedp.Evaluate[bool](`window.stays = true`)))
	w.submit(selector)
	if !ask(w, "look whether the window stayed", chromedp.Evaluate[bool](`window.stays === true`)) {
		w.t.Errorf("%s left the page, and with it the telephone", selector)
	}
}

// TestTheTelephoneStaysWhilePagesTurn: links, forms, Back and another language
// exchange what is around it; a second tab shows the same, and leads when the
// first is gone.
func TestTheTelephoneStaysWhilePagesTurn(t *testing.T) {
	d, stop := companyIn(t, t.TempDir())
	m := d.Members[0]
	w := walker{t, browser(t, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true)), d.HTTP}
	w.open("/")
	if ask(w, "look for the telephone", chromedp.Evaluate[bool](dock+` !== null || performance.getEntriesByType("resource").some(e => e.name.includes("phone.js"))`)) {
		t.Error("a visitor loads the telephone")
	}
	w.signIn(m.Email, m.Password)
	w.registered()
	w.says(".phone-bar", m.Number)

	w.follow(`.top a[href="/calls"]`)
	if w.path() != "/calls" {
		t.Errorf("the address is %s", w.path())
	}
	w.follow(`.top a[href="/account"]`)
	w.fill("#f-name", "Minji of the Test")
	w.follow(`form[action="/account/profile"] button`)
	w.says(".top .name", "Minji of the Test")
	w.do("mark the page", discard(chromedp.Evaluate[bool](`history.back(), true`)))
	w.until("Back", `location.pathname === "/account" || location.pathname === "/calls"`)
	w.follow(`.tongues a[hreflang="ko"]`)
	w.says(".phone-bar", "준비됨")
	w.follow(`.tongues a[hreflang="en"]`)
	w.registered()
	w.shoot("dock-idle")

	// Before it is dialled: who, what time it is there, what it costs. By keyboard alone.
	w.do("focus", discard(chromedp.Evaluate[bool](`document.querySelector(".phone-bar").focus(), true`)))
	w.keys("\r")
	w.see("#phone-to")
	w.keys("+49 30 901820")
	w.says(".phone-found", "Germany")
	w.says(".phone-found", "there")
	w.shoot("dock-dial")
	w.keys("\x1b")
	w.until("Escape closes it and the focus is where it was", `document.querySelector("#phone-panel").hidden && document.activeElement.matches(".phone-bar")`)

	w.open("/calls")
	w.registered()
	w.press(".phone-bar")
	w.see("#phone-to")
	w.inspect("dock-open")

	// A second tab follows, and leads when the first is gone.
	w.open("/contacts")
	w.fill("#c-name", "Mum")
	w.fill("#c-number", "+49 30 901820")
	w.follow(`form[action="/contacts"] button`)
	w.says("main .docs", "Mum")
	w.press(".phone-bar")
	w.until("the telephone knows her", `[...document.querySelectorAll("[data-part=contacts] button")].some(b => b.textContent.includes("Mum"))`)
	second, closeSecond := chromedp.NewContext(w.ctx)
	defer closeSecond()
	if err := chromedp.Do(second, aside(true)); err != nil { // opens it
		t.Fatal(err)
	}
	w2 := walker{t, second, d.HTTP}
	w2.open("/lines")
	w2.registered()
	if ask(w2, "who leads", chromedp.Evaluate[string](dock+`.dataset.leads`)) != "false" {
		t.Error("two tabs lead")
	}
	w.do("leave", chromedp.Navigate("about:blank"))
	w2.until("the second leads", dock+`.dataset.leads === "true" && `+dock+`.dataset.link === "ready"`)
	w2.do("reload", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, page.Reload, page.ReloadParams{})
		return chromedp.Void{}, err
	})
	w2.registered()
	w2.open("/lines?lang=ar")
	w2.registered()
	w2.says(".phone-bar", "جاهز")
	w2.shoot("dock-ar")
	w2.inspect("dock-ar")
	const edge = `((e) => { const r = document.createRange(); r.selectNodeContents(e); return Math.round(r.getBoundingClientRect().right); })`
	w2.press(".phone-bar")
	w2.press("[data-part=contacts-none] ~ p, phone-dock details:nth-of-type(2) summary")
	w2.until("a name in Latin letters stands where Arabic begins", `((b) => b && Math.abs(`+edge+`(b.querySelector(".phone-first")) - b.getBoundingClientRect().right) < 3)(document.querySelector("[data-part=contacts] button"))`)
	w2.fill("#phone-to", "+49 30 901820")
	w2.until("a number runs as it is written", `/\u2066\+49[\d ]+\u2069/.test(document.querySelector(".phone-found .phone-name")?.textContent ?? "")`)
	w2.until("the number stands where Arabic ends", `document.querySelector(".phone-bar [data-part=number]").getBoundingClientRect().left - document.querySelector(".phone-bar").getBoundingClientRect().left < 24`)
	w2.shoot("dock-ar-open")
	if high := ask(w2, "what scrolls", chromedp.Evaluate[int64](`((p) => p.scrollHeight - p.clientHeight)(document.querySelector(".phone"))`)); high > 0 {
		t.Errorf("the telephone is %d pixels higher than itself", high)
	}

	// Where nobody answers, there is a page that says so.
	w2.do("let the worker in", aside(false))
	ask(w2, "wait for the worker", chromedp.Evaluate[bool](`navigator.serviceWorker.ready.then(() => true)`, chromedp.EvalAwaitPromise))
	w2.open("/lines")
	w2.until("the worker is there", `navigator.serviceWorker.controller !== null`)
	stop()
	w2.do("ask for a page", chromedp.Navigate(d.HTTP+"/lines"))
	w2.until("the page of no connection", `document.querySelector("main h1") !== null && document.querySelector("phone-dock") === null && getComputedStyle(document.querySelector(".button")).borderStyle === "solid"`)
}

// TestTheTelephoneRenewsItsPass: the pass of a page is renewed long before it ends,
// and the telephone is ready as before, also when an answer or two are a proxy's page.
func TestTheTelephoneRenewsItsPass(t *testing.T) {
	t.Parallel()
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.beforehand(`{
		const later = setTimeout; // the first wait of more than five minutes takes a second
		let waited = false;
		window.setTimeout = (f, ms, ...more) => later(f, ms > 300_000 && !waited ? (waited = true, 1000) : ms, ...more);
		const ask = fetch;
		window.passes = 0;
		window.fetch = async (to, how) => to === "/phone/pass" && (++window.passes === 1 || window.passes === 3) ? new Response("<html>Bad gateway</html>") : ask(to, how);
	}`)
	w.signIn(d.Members[0].Email, d.Members[0].Password)
	w.open("/lines")
	w.registered()
	w.until("the pass is renewed", `window.passes >= 4`)
	w.registered()
}

// TestAMicrophoneThatCannotBeUsed: what to do is said where the browser refuses it, and
// where there is none; no call begins.
func TestAMicrophoneThatCannotBeUsed(t *testing.T) {
	d := company(t)
	for _, c := range []struct {
		name, want string
		flags      []chromedp.ExecAllocatorOption
	}{
		{"refused", "allow the microphone, and try again", []chromedp.ExecAllocatorOption{chromedp.Flag("use-fake-device-for-media-stream", true)}},
		{"none", "No microphone was found", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := walker{t, browser(t, c.flags...), d.HTTP}
			w.signIn(d.Members[0].Email, d.Members[0].Password)
			w.open("/lines")
			w.registered()
			w.types(d.Members[3].Number)
			w.press(`[data-part=dial] button`)
			w.says("[data-part=problem]", c.want)
			w.idle()
			if list := api(t, d, d.Members[3].APIKey, "GET", "/api/v1/calls", nil, 200)["items"].([]any); len(list) != 0 {
				t.Errorf("a call began: %v", list)
			}
		})
	}
}
