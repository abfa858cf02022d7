package e2e

import "testing"

// TestProveAnOwnTelephoneInTheBrowser: from the request of an existing number over the call and its code to the
// number on hold.
func TestProveAnOwnTelephoneInTheBrowser(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.open("/sign-in?lang=en&next=/request%3Fkind=individual%26country=KR%26national=23161234")
	w.fill("#email", d.Members[0].Email)
	w.fill("#password", d.Members[0].Password)
	w.press("main form button[type=submit]")
	w.says("#refused", "prove it")
	w.says("#price", "5.00")
	w.shoot("proof-needed")
	w.press("#refused .button")
	w.see("#number")
	w.shoot("proof-new")
	w.press("main form button")
	w.see("#proof .ladder")
	w.shoot("proof-calling")
	at := w.path()
	w.see("#code")
	w.open("/dev/carrier")
	w.see("#calls .code")
	code := w.text("#calls tbody tr:first-child .code")
	w.shoot("dev-carrier")
	w.open(at)
	w.fill("#code", "12")
	w.press("main form button")
	w.see(`#code[aria-invalid="true"]`)
	w.shoot("proof-wrong")
	w.fill("#code", code)
	w.press("main form button")
	w.see("#proved")
	w.shoot("proved")
	w.press("#proved .button")
	w.says("#price", "5.00") // an easy number, but his own
	w.submit(`form[action="/orders"] button`)
	w.see(`[data-state="approved"]`)
	w.says(".card.key", "ordinary telephone number") // told before payment: in the US its digits are another's
	w.shoot("own-phone-approved")
}
