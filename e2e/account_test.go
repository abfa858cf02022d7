package e2e

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// letterTo waits for a letter to an address and returns the first link in it.
func letterTo(t *testing.T, base, to, subject string) string {
	t.Helper()
	read := func(path string) string {
		r, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-tick.C {
		for _, m := range regexp.MustCompile(`href="(/dev/mail/\d+)"`).FindAllStringSubmatch(read("/dev/mail?to="+to), -1) {
			if page := read(m[1]); strings.Contains(page, subject) && strings.Contains(page, to) {
				if link := regexp.MustCompile(`https?://[^\s"<]+(?:token=|/transfers/|/orders/)[a-z0-9_]+`).FindString(page); link != "" {
					return link
				}
			}
		}
	}
	t.Fatalf("no letter “%s” came to %s", subject, to)
	return ""
}

// TestAnAccountInTheBrowser opens an account, confirms its address, forgets the password, and reads the pages in another language.
func TestAnAccountInTheBrowser(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.open("/sign-up")
	w.fill("#f-name", "Zoe Martin")
	w.fill("#f-email", "zoe@callisto.example")
	w.fill("#f-password", "four words in a row")
	w.press("main form button")
	w.see(".purse")
	w.open("/account")
	w.see("#confirmation")
	w.shoot("account")
	w.do("open the letter's link", chromedp.Navigate(letterTo(t, d.HTTP, "zoe@callisto.example", "Confirm your e-mail address")))
	w.shoot("confirm")
	w.press("main form button")
	w.see(`main a[href="/account"]`)
	w.says("h1", "confirmed")
	w.open("/account")
	w.says("#email", "zoe@callisto.example")
	if n := ask(w, "count", chromedp.Evaluate[int](`document.querySelectorAll("#confirmation").length`)); n != 0 {
		t.Error("the address is confirmed, and the page still asks for it")
	}
	w.press(`footer a[hreflang="ar"]`)
	w.see(`html[dir="rtl"][lang="ar"]`)
	w.shoot("account-ar")
	for _, page := range []string{"/", "/numbers?digits=42", "/lines", "/wallet", "/calls", "/orders", "/about", "/request"} {
		w.open(page)
		w.see(`html[dir="rtl"]`)
		w.shoot("ar" + strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(page))
	}
	w.open("/account?lang=de")
	w.see(`html[lang="de"]`)
	if name := ask(w, "a country", chromedp.Evaluate[string](`document.querySelector("#f-country option[value=AT]").textContent`)); name != "Österreich" {
		t.Errorf("Austria is %q in German", name)
	}
	w.open("/?lang=en")
	w.press(".who form button")
	w.see(`.who a[href="/sign-in"]`)
	w.open("/forgot")
	w.fill("#email", "zoe@callisto.example")
	w.press("main form button")
	w.see("main .say.good")
	w.says("main", "zoe@callisto.example")
	w.do("open the letter's link", chromedp.Navigate(letterTo(t, d.HTTP, "zoe@callisto.example", "Choose a new password")))
	w.shoot("reset")
	w.fill("#password", "other words in a row")
	w.press("main form button")
	w.see(`main a[href="/forgot"]`)
	w.fill("#email", "zoe@callisto.example")
	w.fill("#password", "other words in a row")
	w.press("main form button")
	w.see(".purse")
}

// TestALineIsChangedAndAnAccountErased edits what is known of a number, gives a telephone another password, and ends the account.
func TestALineIsChangedAndAnAccountErased(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.open("/sign-in?lang=en")
	w.fill("#email", d.Company.Email)
	w.fill("#password", d.Company.Password)
	w.press("main form button")
	w.see(".purse")
	w.open("/lines")
	w.press(`.line header a[href$="/edit"]`)
	w.see("#f-name")
	w.shoot("line-edit")
	w.fill("#f-name", "Han River Trade")
	w.fill("#f-city_US", "Chicago")
	w.choose("#f-time_zone_US", "America/Chicago")
	send := discard(chromedp.Evaluate[bool](`document.querySelector("main form").requestSubmit() || true`)) // the page is long, and scrolls softly
	w.do("save", send)
	w.see("[role=status]")
	w.says(".device", "Not proved")
	w.fill("#f-email", "no address")
	w.do("save", send)
	w.see(`[aria-invalid="true"]`)
	w.shoot("line-edit-wrong")
	w.open("/lines")
	w.says(".line header", "Han River Trade")
	w.press(".sure summary")
	w.press(`.sure form[action*="/password"] button`)
	w.see("#sip-password")
	if got := w.text("#sip-password"); len(got) < 20 {
		t.Errorf("the new password is %q", got)
	}
	w.open("/account/erase")
	w.shoot("erase")
	w.says("main", "100.00")
	w.press(`input[name="give_up"]`)
	w.press("main form button[type=submit]")
	w.see(`.who a[href="/sign-in"]`)
	w.says("h1", "erased")
	w.open("/sign-in?lang=en")
	w.fill("#email", d.Company.Email)
	w.fill("#password", d.Company.Password)
	w.press("main form button")
	w.see("[role=alert]")
}
