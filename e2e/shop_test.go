package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestBuyANumberInTheBrowser is the whole way of a person: sign up, find, request, select, pay, register, get a SIP account.
func TestBuyANumberInTheBrowser(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}

	w.open("/")
	w.shoot("home")
	w.fill("#digits", "1234")
	w.see("#results mark")
	w.glance("shop")
	w.open("/numbers?digits=abc")
	w.says("#results", "digits only")
	w.open("/about")
	w.shoot("about")
	w.open("/sign-up")
	w.fill("#f-name", "Hana Lee")
	w.fill("#f-email", "hana@callisto.example")
	w.fill("#f-password", "short")
	w.choose("#f-country", "KR")
	w.press("main form button")
	w.see(".wrong")
	w.shoot("sign-up-wrong")
	w.fill("#f-password", "four words in a row")
	w.press("main form button")
	w.see(".purse")
	w.says(".purse", "50.00")

	w.open("/numbers")
	w.choose("#country", "KR")
	w.fill("#digits", "42")
	w.see("#results mark")
	w.says("#results tbody tr:first-child .iso", "KR")
	w.shoot("search")
	w.press("#results tbody tr:first-child .button")
	w.see(".card.key button[type=submit]")
	w.shoot("number")
	w.press(".card.key button[type=submit]")
	w.see(`[data-state="approved"]`)
	number := w.text("h1.big")
	w.shoot("approved")
	w.press(".card.key button[type=submit]")
	w.see(`[data-state="awaiting_payment"]`)
	w.says(".card.key", "Amount due")
	w.shoot("pay")
	w.press(".card.key button[type=submit]")
	w.see(`[data-state="sold"]`)
	w.says(".steps", "Requested")
	w.says(".steps", "Final selection")
	w.says(".steps", "Sold")
	w.shoot("sold")
	order := w.path()
	w.open(order + "/receipt")
	w.says("main", "hana@callisto.example")
	w.shoot("receipt")

	w.open(order + "/register")
	w.fill("#f-contact_pstn", "12")
	w.press("main form button.button")
	w.see(`#f-contact_pstn[aria-invalid="true"]`)
	w.shoot("register-wrong")
	w.fill("#f-contact_pstn", "+82 2 312 3456")
	w.choose("#f-country", "KR")
	w.choose("#f-languages", "ko")
	w.choose("#f-time_zone", "Asia/Seoul")
	w.press("main form button.button")
	w.see("#sip-password")
	if got := w.text("h1.big"); got != number {
		t.Errorf("registered %q, bought %q", got, number)
	}
	user, password := w.text("#sip-user"), w.text("#sip-password")
	if !regexp.MustCompile(`^\d+82-1$`).MatchString(user) || len(password) < 12 {
		t.Errorf("the SIP account is %q / %q", user, password)
	}
	w.until("the telephone comes on by itself", `document.querySelector("phone-dock").dataset.link === "ready"`)
	w.until("nothing was asked for in vain", `performance.getEntriesByType("resource").every((e) => (e.responseStatus || 200) < 400 || e.responseStatus === 422)`)
	w.press(`a[href="#phone"]`)
	w.see("#phone-to")
	w.shoot("registered")

	w.open("/lines")
	w.says(".device", user)
	if strings.Contains(w.text("main"), password) {
		t.Error("the password is shown a second time")
	}
	w.fill(`.line > .add input[name=name]`, "kitchen")
	w.submit(".line > .add button")
	w.see("#sip-password")
	w.shoot("lines")
	w.press(".sure summary") // revoking asks first
	w.see(".sure[open] form button")
	w.shoot("lines-revoke")
	w.open("/orders")
	w.says("tbody", "Sold to you")
	w.shoot("orders")
	w.open("/api/docs")
	w.shoot("docs")
	w.open("/request?kind=company&national=5550199")
	w.shoot("request")
	w.open("/wallet")
	w.shoot("wallet")
	w.open("/calls")
	w.says("main", "No calls yet")
	w.open("/account")
	w.shoot("account")
	w.open("/no/such/page")
	w.says("h1", "Nobody answers")
	w.shoot("lost")
}

// TestARefusedRequestSaysWhy asks for a number somebody has.
func TestARefusedRequestSaysWhy(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.open("/request?lang=en")
	w.choose("#country", "KR")
	w.fill("#national", "7550142")
	w.press("main form button.button")
	w.see("#refused") // before anybody signs in or an order is made
	w.says("#refused", "755 0142 82 is on hold or sold already")
	w.shoot("refused")
	w.open("/request?kind=individual&country=KR&national=112")
	w.says("#refused", "112 is an emergency number in KR")

	free := api(t, d, "", "GET", "/api/v1/numbers?country=KR&limit=1", nil, 200)["items"].([]any)[0].(map[string]any)["national"].(string)
	w.open("/request?country=KR&national=" + free)
	w.says("#price", "5.00")
	w.submit(`form[action="/orders"] button`)
	w.see("#email") // not signed in: first that, then back to what was asked for
	w.fill("#email", d.Members[0].Email)
	w.fill("#password", d.Members[0].Password)
	w.press("main form button.button")
	w.see("#price")
	taken := api(t, d, d.Members[1].APIKey, "POST", "/api/v1/orders", map[string]any{"kind": "individual", "country": "KR", "national": free}, 201)
	if taken["state"] != "approved" {
		t.Fatalf("somebody was quicker: %v", taken)
	}
	w.submit(`form[action="/orders"] button`)
	w.says("#rejected", "is on hold or sold already")
	if words := w.text("#rejected"); strings.Contains(words, "held") {
		t.Errorf("a code is no reason: %s", words)
	}
	w.shoot("rejected")
}

// TestACompanyBuysANumberForTwoCountries: one root, an office in each country, and each office's telephone.
func TestACompanyBuysANumberForTwoCountries(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.open("/sign-up")
	w.fill("#f-name", "Ortega Tools")
	w.fill("#f-email", "ortega@callisto.example")
	w.fill("#f-password", "four words in a row")
	w.choose("#f-country", "KR")
	w.press("main form button")
	w.see(".purse")
	w.open("/numbers?kind=company&country=KR&contains=77")
	w.press("#results tbody tr:first-child .button")
	w.see(`input[name=countries][value=US]`)
	w.press(`input[name=countries][value=US]`)
	w.shoot("number-company")
	w.press(".card.key button[type=submit]")
	w.see(`[data-state="approved"]`)
	w.press(".card.key button[type=submit]")
	w.see(`[data-state="awaiting_payment"]`)
	w.press(".card.key button[type=submit]")
	w.see(`[data-state="sold"]`)
	w.open(w.path() + "/register")
	w.fill("#f-identification", "KR-110-81-12345")
	w.choose("#f-languages", "ko")
	w.choose("#f-time_zone", "Asia/Seoul")
	w.fill("#f-city_KR", "Seoul")
	w.choose("#f-languages_KR", "ko")
	w.fill("#f-city_US", "Chicago")
	w.choose("#f-languages_US", "en")
	w.shoot("register-company")
	w.press("main form button.button")
	w.see("#sip-password")
	w.open("/lines")
	w.choose(".line > .add select[name=country]", "US")
	w.fill(".line > .add input[name=name]", "Chicago desk")
	w.submit(".line > .add button")
	w.see("#sip-password")
	if user := w.text("#sip-user"); !strings.HasSuffix(user[:len(user)-1], "-1-") {
		t.Errorf("the SIP account of the American office is %q, want root-1-N", user)
	}
	w.shoot("lines-company")
}
