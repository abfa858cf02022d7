package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// dials calls a number from the telephone of the page, and sees who it is before.
func (w walker) dials(number string) {
	w.t.Helper()
	w.types(number)
	w.says(".phone-found", strings.Fields(number)[0])
	w.press(`[data-part=dial] button`)
}

// types puts a number into the field of the telephone.
func (w walker) types(number string) {
	w.t.Helper()
	if ask(w, "look for the field", chromedp.Evaluate[bool](`document.querySelector("[data-part=panel]").hidden`)) {
		w.press(`[data-part=bar]`)
	}
	w.fill("#phone-to", number)
}

// idle waits until the page has no call.
func (w walker) idle() {
	w.t.Helper()
	w.until("it has no call", `document.querySelector(".phone-call") === null`)
}

// with waits until the one call of the page is shown to be with a number, and with
// another no more.
func (w walker) with(number, before string) {
	w.t.Helper()
	w.says(".phone-call", number)
	if strings.Contains(ask(w, "read the call", chromedp.Evaluate[string](`document.querySelector(".phone-call").textContent`)), before) {
		w.t.Errorf("the call is shown with %s still", before)
	}
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

	const name = `(heard.filter(p => p.connectionState === "connected").at(-1)?.remoteDescription.sdp.match(/a=ice-ufrag:(\S+)/) ?? [])[1]`
	ours := ask(w, "what we are called in ICE", chromedp.Evaluate[string](name))
	w.do("the network changes", discard(chromedp.Evaluate[bool](`dispatchEvent(new Event("offline")), true`)))
	w.until("the connection is lost", dock+`?.dataset.link === "lost"`)
	w.do("and is back", discard(chromedp.Evaluate[bool](`window.back = performance.now(), dispatchEvent(new Event("online")), true`)))
	w.registered()
	if ms := ask(w, "how long it took", chromedp.Evaluate[float64](`performance.now() - window.back`)); ms > 5000 {
		t.Errorf("the telephone was back after %.0f ms", ms)
	}
	w.until("ICE begins anew", "("+name+" ?? "+strconv.Quote(ours)+") !== "+strconv.Quote(ours))
	w.stage("connected")
	w.hears(700)
	w.press(`[data-do=hangUp]:not([hidden])`)
	w.idle()
	desk.until("terminated")
	if loud, hertz := desk.heard(); loud < 0.05 || hertz < 400 || hertz > 480 {
		t.Errorf("the telephone heard %.0f Hz at %.3f, want 440\n%s", hertz, loud, desk.out.String())
	}
}

// sounds is how loud the call of a page is, in dB of its loudest tone; silence is
// -200.
func (w walker) sounds() float64 {
	w.t.Helper()
	return ask(w, "listen", chromedp.Evaluate[float64](`listen().then(([, level]) => level === 0 ? -200 : Math.max(level, -200))`, chromedp.EvalAwaitPromise))
}

// TestKeysAreHeard: a guest dials *55 at the page of another, hears the house speak,
// and gives his number and his PIN by the keys of the page; then his calls ring
// there too.
func TestKeysAreHeard(t *testing.T) {
	d := company(t)
	guest := other(t, d)
	api(t, d, guest.APIKey, "PUT", "/api/v1/me/pin", map[string]any{"pin": "482915", "password": guest.Password}, 204)
	w := speaker(t, d.HTTP, 440)
	w.opens(d.Phones[0].URL)
	w.types("*55")
	w.press(`[data-part=dial] button`)
	w.stage("connected")
	for end := time.Now().Add(20 * time.Second); w.sounds() < -60; {
		if time.Now().After(end) {
			t.Fatal("the house is not heard")
		}
	}
	w.press(`[data-do=pad]:not([hidden])`)
	for _, key := range strings.ReplaceAll(guest.Number, " ", "") + "#482915" {
		w.press(`[data-digit="` + string(key) + `"]`)
		if key == '#' {
			w.says("[data-part=pressed]", strings.ReplaceAll(guest.Number, " ", "")+"#")
		}
	}
	w.idle()
	list := api(t, d, guest.APIKey, "GET", "/api/v1/me/card-sign-ins", nil, 200)["items"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["way"] != "telephone" {
		t.Fatalf("the guest is not signed in: %v", list)
	}

	w.types("sam") // the answer quotes it
	w.press(`[data-part=dial] button`)
	w.says("[data-part=problem]", "Nobody has this number")
	w.idle()
	w.types("nobody@example.invalid")
	w.press(`[data-part=dial] button`)
	w.says("[data-part=problem]", "No telephone service was found at this address")
	w.idle()
	w.types("999999999999999")
	w.press(`[data-part=dial] button`)
	w.says("[data-part=problem]", "Nobody has this number")
	caller := speaker(t, d.HTTP, 1000)
	caller.opens(d.Phones[1].URL)
	caller.dials(guest.Number)
	w.stage("incoming")
	w.until("what went wrong before is forgotten", `document.querySelector("[data-part=problem]").hidden`)
	w.press(`[data-do=answer]`)
	caller.stage("connected")
	caller.hears(440)
	w.press(`[data-do=mute]:not([hidden])`)
	for end := time.Now().Add(20 * time.Second); caller.sounds() > -80; {
		if time.Now().After(end) {
			t.Fatal("a microphone that is off is heard")
		}
	}
	w.press(`[data-do=unmute]:not([hidden])`)
	caller.hears(440)
	caller.press(`[data-do=hangUp]:not([hidden])`)
	w.idle()
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
	b.with(m.Number, d.Phones[0].Number)

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
	a.with(m.Number, d.Phones[1].Number)
	a.press(`[data-do=hangUp]:not([hidden])`)
	a.idle()
	desk.until("terminated")
}

// TestWhoPassesACallOnSeesHowItGoes: what it costs him, that it rings there, why it
// came to nothing, and then the call is his as before; in the end that it is done.
func TestWhoPassesACallOnSeesHowItGoes(t *testing.T) {
	d := company(t)
	api(t, d, d.Operator.APIKey, "PUT", "/api/v1/carriers/members/rates", map[string]any{"items": []any{map[string]any{"prefix": "", "micros": 300_000}}}, 204)
	m := other(t, d)
	desk := phone(t, m.SIPUser, m.SIPPassword, m.SIPDomain, "udp", 700, 90, "")
	desk.until("200 OK")
	a, b := speaker(t, d.HTTP, 440), speaker(t, d.HTTP, 1000)
	a.opens(d.Phones[0].URL)
	b.opens(d.Phones[1].URL)
	a.dials(m.Number)
	a.stage("connected")
	a.hears(700)

	const give, found = `[data-do=give]:not([hidden])`, `.phone-call [data-part=give-found]`
	a.press(give)
	a.fill(`[data-part=give-to]`, "+49 30 901820")
	a.says(found, "Germany")
	a.says(found, "$0.30")
	a.says(found, "You pay for this call until it ends")
	a.shoot("dock-give")
	a.fill(`[data-part=give-to]`, d.Phones[1].Number)
	a.until("whom he passes it on to, for nothing", `(t => t.includes(`+strconv.Quote(d.Phones[1].Number)+`) && !t.includes("You pay"))(document.querySelector("`+found+`").textContent)`)
	a.press(`[data-part=give] button`)
	b.stage("incoming")
	a.says(`.phone-call [data-part=stage]`, "ringing")
	a.says(`.phone-call [data-part=stage]`, d.Phones[1].Number)
	a.says(`[data-part=said]`, "ringing")
	a.until("the call is not passed on twice", `document.querySelector("[data-do=give]").hidden && document.activeElement.closest(".phone-call") !== null`)
	a.shoot("dock-passing")
	b.press(`[data-as=decline]`)
	a.says("[data-part=problem]", "It is still yours. The call was declined.")
	a.says(`.phone-call [data-part=stage]`, "connected")
	a.hears(700)
	b.idle()

	a.press(give)
	a.fill(`[data-part=give-to]`, "999999999999999")
	a.press(`[data-part=give] button`)
	a.says("[data-part=problem]", "It is still yours. Nobody has this number")

	a.press(give)
	a.fill(`[data-part=give-to]`, d.Phones[1].Number)
	a.press(`[data-part=give] button`)
	b.stage("incoming")
	b.says(".phone-call", d.Phones[0].Number)
	b.press(`[data-do=answer]`)
	a.says("[data-part=problem]", "The call was transferred.")
	a.idle()
	b.hears(700)
	b.with(m.Number, d.Phones[0].Number)
	b.press(`[data-do=hangUp]:not([hidden])`)
	b.idle()
	desk.until("terminated")
}
