package e2e

import (
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestACallIsToldAndReachedByKeys: a call is placed, answered and pressed keys in by
// the keyboard alone; the page says who calls, that the microphone is off and how the
// call ended; who signs out is asked, and hangs up.
func TestACallIsToldAndReachedByKeys(t *testing.T) {
	d := company(t)
	api(t, d, d.Operator.APIKey, "PUT", "/api/v1/carriers/members/rates", map[string]any{"items": []any{map[string]any{"prefix": "", "micros": 1_500_000_000}}}, 204) // 25.00 a second
	i := slices.IndexFunc(d.Members, func(m member) bool { return m.Number == d.Phones[1].Number })
	api(t, d, d.Members[i].APIKey, "POST", "/api/v1/contacts", map[string]any{"name": "Minji at work", "number": d.Phones[0].Number}, 201)
	a, b := speaker(t, d.HTTP, 440), speaker(t, d.HTTP, 1000)
	a.opens(d.Phones[0].URL)
	b.opens(d.Phones[1].URL)
	b.open("/lines")
	b.registered()

	a.types(d.Phones[1].Number)
	a.keys("\r")
	a.until("a call that is placed has the focus", `document.activeElement.dataset.do === "hangUp"`)
	b.stage("incoming")
	b.until("the tab says who calls", `document.title.startsWith("☎ Minji at work · ")`)
	b.until("a screen reader says who calls", `document.querySelector("[data-part=said]").textContent.includes("Minji at work")`)
	b.do("to the link", chromedp.Focus(chromedp.CSS(`.skip[href="#phone-bar"]`)))
	b.keys("\r")
	b.until("the link leads to what answers", `document.activeElement.dataset.do === "answer"`)
	b.keys("\r")
	a.stage("connected")
	b.stage("connected")
	b.until("the tab has its title again", `document.title.length > 0 && !document.title.includes("☎")`)
	a.do("to nothing", discard(chromedp.Evaluate[bool](`document.activeElement.blur(), true`)))
	a.keys("1#")
	a.says("[data-part=pressed]", "1#")
	a.press(`[data-do=mute]:not([hidden])`)
	a.says(".phone-call", "microphone off")
	a.says(".phone-bar", "microphone off")
	a.shoot("dock-muted")

	const out = `form[action="/sign-out"] button`
	a.do("he will not", discard(chromedp.Evaluate[bool](`window.confirm = (q) => { window.asked = q; return false; }, true`)))
	a.press(out)
	a.until("he is asked", `window.asked?.includes("Hang up and sign out?")`)
	a.stage("connected")
	a.do("he will", discard(chromedp.Evaluate[bool](`window.confirm = () => true, true`)))
	a.submit(out)
	b.says("[data-part=problem]", "The other side hung up after 0:")
	b.idle()
	b.shoot("dock-ended")

	before := b.text(".purse")
	b.dials("+49 30 9010101") // an echo
	b.stage("connected")
	b.says("[data-part=problem]", "the money in your wallet is used up")
	b.until("the balance is what it is now", `document.querySelector(".purse").innerText.trim() !== `+strconv.Quote(before))
}

// TestATelephoneEndsWithItsSession: whoever has lost the machine he is signed in at
// ends that from another one, and the telephone there calls no more.
func TestATelephoneEndsWithItsSession(t *testing.T) {
	d := company(t)
	i := slices.IndexFunc(d.Members, func(m member) bool { return m.Number == d.Phones[0].Number })
	lost, other := speaker(t, d.HTTP, 440), speaker(t, d.HTTP, 1000)
	lost.opens(d.Phones[0].URL)
	other.opens(d.Phones[1].URL)
	lost.dials(d.Phones[1].Number)
	other.stage("incoming")
	other.press(`[data-do=answer]`)
	lost.stage("connected")
	other.stage("connected")

	here := walker{t, browser(t), d.HTTP}
	here.signIn(d.Members[i].Email, d.Members[i].Password)
	here.open("/account")
	here.submit(`form[action="/account/sessions/end"] button`)
	other.idle()
	lost.idle()
	lost.until("it is off", dock+`.dataset.link === "off"`)
	lost.says("[data-part=why]", "Sign in first")
	here.open("/lines")
	here.registered()
}

// TestACallOutlivesItsPass: where there is no next pass, whoever talks talks on; then
// the telephone is off and says why.
func TestACallOutlivesItsPass(t *testing.T) {
	d := company(t)
	a, b := speaker(t, d.HTTP, 440), speaker(t, d.HTTP, 1000)
	a.beforehand(`{
		const later = setTimeout, ask = fetch;
		window.passes = 0;
		window.setTimeout = (f, ms, ...more) => later(f, ms > 300_000 ? 1000 : ms, ...more);
		window.fetch = async (to, how) => to !== "/phone/pass" || !window.over ? ask(to, how) : (++window.passes, new Response('{"error":"The number is paused."}', { status: 403 }));
	}`)
	a.opens(d.Phones[0].URL)
	b.opens(d.Phones[1].URL)
	a.dials(d.Phones[1].Number)
	b.stage("incoming")
	b.press(`[data-do=answer]`)
	a.stage("connected")
	a.do("no pass from now on", discard(chromedp.Evaluate[bool](`window.over = true`)))
	a.until("it was refused, and asks again", `window.passes >= 3`)
	a.stage("connected")
	a.says("[data-part=why]", "The number is paused.")
	b.press(`[data-do=hangUp]:not([hidden])`)
	a.idle()
	a.until("it is off", dock+`.dataset.link === "off"`)
}
