package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// signIn signs in as somebody, whoever was signed in before.
func (w walker) signIn(email, password string) {
	w.t.Helper()
	w.do("forget who was here", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{})
		return chromedp.Void{}, err
	})
	w.open("/sign-in?lang=en")
	w.fill("#email", email)
	w.fill("#password", password)
	w.submit("main form button")
}

// attach puts a file into a file field.
func (w walker) attach(selector, name, content string) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.do("attach "+name, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SetUploadFiles(chromedp.CSS(selector), []string{path}))
}

// desk goes through the operator's menu by keyboard, and on a telephone.
func (w walker) desk() {
	w.t.Helper()
	focus := func(n int) {
		w.do("focus", discard(chromedp.Evaluate[bool](`document.querySelectorAll(".desk summary")[`+strconv.Itoa(n)+`].focus(), true`)))
	}
	focus(2)
	w.keys("\r")
	w.see(`.desk a[href="/operator/payments"]`)
	w.shoot("desk-menu")
	w.keys("\x1b")
	w.until("Escape closes it, and the focus is where it was", `!document.querySelector(".desk details[open]") && document.activeElement === document.querySelectorAll(".desk summary")[2]`)
	focus(0)
	w.keys("\r")
	focus(3)
	w.keys("\r")
	w.until("one is open at a time", `document.querySelectorAll(".desk details[open]").length === 1 && document.querySelectorAll(".desk details")[3].open`)
	w.do("a telephone's window", chromedp.EmulateViewport(360, 780))
	w.see(`.desk a[href="/operator/carriers"]`)
	if wide := ask(w, "how wide it is", chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > 360 {
		w.t.Errorf("the menu is %d pixels wide on a telephone", wide)
	}
	w.do("back to the window", chromedp.ResetViewport())
	w.submit(`.desk a[href="/operator/carriers"]`)
	w.until("its heading is marked", `document.querySelectorAll(".desk summary")[3].ariaCurrent === "true"`)
}

// TestAReviewWithPapers: the operator asks for a document, the company shows
// it, the operator asks on, approves one request and rejects another; buyer and
// operator see every step.
func TestAReviewWithPapers(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.signIn(d.Operator.Email, d.Operator.Password)
	w.open("/operator")
	w.desk()
	w.open("/operator/numbers")
	w.choose("#p-kind", "company")
	w.choose("#p-country", "KR")
	w.fill("#p-name", "Extract from the register of companies")
	w.submit(`form[action="/operator/numbers/paper"] button`)
	w.says("main", "Extract from the register of companies")

	ask := func(national string) string {
		w.signIn(d.Company.Email, d.Company.Password)
		w.open("/request?kind=company&country=KR&national=" + national)
		w.submit(`form[action="/orders"] button`)
		w.see(`[data-state="in_review"]`)
		return w.path()
	}
	first := ask("5550177")
	w.attach("#file", "register.pdf", "<html>no PDF at all</html>")
	w.submit(`form[action$="/documents"] button`)
	w.says("[role=alert]", "no PDF")
	w.attach("#file", "register.pdf", "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
	w.submit(`form[action$="/documents"] button`)
	w.says("#documents", "register.pdf")
	w.shoot("review-buyer")
	second := ask("5550188")

	w.signIn(d.Operator.Email, d.Operator.Password)
	w.open("/operator/orders")
	w.says("tbody", "5550177")
	w.shoot("operator-queue")
	w.open("/operator" + first)
	w.says(".docs", "register.pdf")
	w.fill(`form[action$="/ask"] textarea`, "Please add the second page.")
	w.submit(`form[action$="/ask"] button`)
	w.says(".steps", "second page")
	w.fill(`form[action$="/note"] textarea`, "Called them, genuine.")
	w.submit(`form[action$="/note"] button`)
	w.says(".note", "genuine")
	w.shoot("operator-case")
	w.submit(`form[action$="/approve"] button`)
	w.says(".stamp", "Approved")
	w.open("/operator" + second)
	w.fill(`form[action$="/reject"] textarea`, "The name belongs to somebody else.")
	w.submit(`form[action$="/reject"] button`)
	w.says(".stamp", "Rejected")

	w.signIn(d.Company.Email, d.Company.Password)
	w.open(second)
	w.says("#rejected", "belongs to somebody else")
	w.shoot("rejected-by-a-person")
	w.open(first)
	w.see(`[data-state="approved"]`)
	w.says(".steps", "second page")
	if strings.Contains(w.text("main"), "genuine") {
		t.Error("the buyer reads the staff's notes")
	}
	w.submit(`form[action$="/select"] button`)
	w.see(`[data-state="awaiting_payment"]`)
	w.submit(`form:has(input[value="wallet"]) button`)
	w.see(`[data-state="sold"]`)
	letterTo(t, d.HTTP, d.Company.Email, "5550177#82")
}

// TestPayByBankTransferInTheBrowser: the order says what to transfer, the
// operator brings the bank's statement in, and the number is sold.
func TestPayByBankTransferInTheBrowser(t *testing.T) {
	for k, v := range map[string]string{"NAME": "First Bank", "IBAN": "DE89370400440532013000", "BIC": "COBADEFFXXX", "HOLDER": "Callisto Ltd"} {
		t.Setenv("CALLISTO_BANK_"+k, v)
	}
	d := company(t)
	id := order(t, d, d.Members[0].APIKey, "64")
	w := walker{t, browser(t), d.HTTP}
	w.signIn(d.Members[0].Email, d.Members[0].Password)
	w.open("/orders/" + id)
	w.submit(`form:has(input[value="bank_transfer"]) button`)
	w.see("#transfer")
	w.shoot("pay-transfer")
	reference := ask(w, "read the reference", chromedp.Evaluate[string](`document.querySelector("[data-reference]").dataset.reference`))
	due := api(t, d, d.Members[0].APIKey, "GET", "/api/v1/orders/"+id, nil, 200)["amount_due"].(map[string]any)["micros"].(float64)

	w.signIn(d.Operator.Email, d.Operator.Password)
	w.open("/operator/payments")
	w.attach("input[type=file]", "statement.csv", fmt.Sprintf("date,amount,currency,payer,account,reference,id\n%s,%.2f,USD,Minji Kim,DE02120300000000202051,%s,b-1\n%s,7.00,USD,Nobody,DE02120300000000202051,hello,b-2\n",
		time.Now().Format(time.DateOnly), due/1e6, reference, time.Now().Format(time.DateOnly)))
	w.submit(`form[action="/operator/payments/statements"] button`)
	w.see(`form[action$="/apply"] button`)
	w.says("tbody", "Minji Kim")
	w.shoot("operator-statement")
	w.submit(`form[action$="/apply"] button`)
	w.open("/operator/payments")
	w.says("main", "7.00")
	w.shoot("operator-payments")
	w.fill(`form[action$="/assign"] input[name=to]`, d.Members[1].Email)
	w.submit(`form[action$="/assign"] button`)

	w.signIn(d.Members[0].Email, d.Members[0].Password)
	w.open("/orders/" + id)
	w.see(`[data-state="sold"]`)
	w.open("/orders/" + id + "/receipt")
	w.shoot("receipt")
	wallet := api(t, d, d.Members[1].APIKey, "GET", "/api/v1/wallet", nil, 200)["balance"].(map[string]any)["micros"].(float64)
	if wallet != 107e6 {
		t.Errorf("the money that was nobody's: the wallet holds %v", wallet)
	}
}

// TestANumbersLater years: renewal by the calendar, giving on, giving up, a
// refund.
func TestANumbersLaterYears(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.signIn(d.Operator.Email, d.Operator.Password)
	w.open("/operator/prices")
	w.fill("#x-setup", "5.00")
	w.fill("#x-yearly", "12.00")
	w.choose("#x-kind", "individual")
	w.choose("#x-country", "KR")
	w.submit(`form[action="/operator/numbers/price"] button`)
	w.says("tbody", "12")
	w.shoot("operator-prices")

	buyer, taker := d.Members[2], d.Members[3]
	buy := func(contains string) string {
		id := order(t, d, buyer.APIKey, contains)
		api(t, d, buyer.APIKey, "POST", "/api/v1/orders/"+id+"/payments", map[string]any{"method": "wallet"}, 200)
		return id
	}
	kept, refunded := buy("67"), buy("68")
	w.signIn(buyer.Email, buyer.Password)
	w.open("/orders/" + kept)
	w.says("#care", "12")
	w.shoot("order-care")
	w.until("what opens shows that it does", `[...document.querySelectorAll("main summary")].every(s => getComputedStyle(s, "::before").content.includes("+"))`)
	w.open("/dev/clock")
	w.fill("#days", "340")
	w.submit(`form[action="/dev/clock"] button`)
	w.see("#days")
	w.signIn(buyer.Email, buyer.Password) // a session lasts 30 days
	w.open("/orders/" + kept)
	w.says(".steps", "Fee due soon")
	letterTo(t, d.HTTP, buyer.Email, "is due on") // Ada reads English
	w.open("/dev/clock")
	w.fill("#days", "27")
	w.submit(`form[action="/dev/clock"] button`)
	w.see("#days")
	w.open("/orders/" + kept)
	w.says(".steps", "Renewed until")
	w.open("/invoices")
	w.shoot("invoices-years")

	w.signIn(buyer.Email, buyer.Password) // giving on asks for a fresh sign-in
	w.open("/orders/" + kept)
	w.press("#care .sure summary")
	w.fill("#to", taker.Email)
	w.submit(`form[action$="/offer"] button`)
	w.says(".steps", "Offered to")
	link := letterTo(t, d.HTTP, taker.Email, "gives you the number")
	w.signIn(taker.Email, taker.Password)
	w.open(link[strings.Index(link, "/transfers/"):])
	w.shoot("gift")
	w.submit(`form[action^="/transfers/"] button`)
	w.see(`[data-state="sold"]`)
	w.press("#care details:last-of-type summary")
	w.submit(`form[action$="/give-up"] button`)
	w.see(`[data-standing="quarantined"]`)
	w.shoot("resting")
	w.submit(`form[action$="/take-back"] button`)
	w.says(".steps", "Taken back")

	w.signIn(d.Operator.Email, d.Operator.Password)
	w.open("/operator/orders/" + refunded)
	w.fill(`form[action$="/refund"] textarea`, "A mistake of ours.")
	w.submit(`form[action$="/refund"] button`)
	w.says(".stamp", "Refunded")
	w.shoot("operator-refunded")
	api(t, d, d.Operator.APIKey, "GET", "/api/v1/orders/"+refunded, nil, 200)
	verifyBooks(t, d)
}

// verifyBooks runs `callisto ledger verify` beside the company.
func verifyBooks(t *testing.T, d dev) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary(t), "ledger", "verify", "--data", d.dir).CombinedOutput()
	if err != nil {
		t.Errorf("the books: %v\n%s", err, out)
	}
}

// TestACountryIsOpenedInTheBrowser goes through the operator's flow up to the
// start, and buys the first number of the country.
func TestACountryIsOpenedInTheBrowser(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.signIn(d.Operator.Email, d.Operator.Password)
	w.open("/operator/countries")
	w.choose("#o-country", "JP")
	w.submit(`form[action="/operator/countries"] button`)
	w.see(".flow")
	w.shoot("opening-begun")
	w.press(`form[action$="/systems"] input[name=individual]`)
	w.submit(`form[action$="/systems"] button`)
	w.see(".flow")
	w.submit(`.flow a[href*="#new-block"]`)
	w.fill("#b-prefix", "70")
	w.fill("#b-length", "6")
	w.submit(`#new-block button`)
	w.says("main", "70")
	w.shoot("operator-numbers")
	w.open("/operator/countries/JP")
	w.choose("#carrier", "car_test_JP")
	w.submit(`form[action$="/carrier"] button`)
	w.see(".flow")
	w.submit(`form[action$="/emergency"] button`)
	w.see(".flow")
	w.fill("#number", "+81 3 1234 5678")
	w.submit(`form[action$="/test"] button`)
	w.see(".flow .dot.connected")
	w.shoot("opening-tested")
	w.submit(`form[action$="/start"] button`)
	w.see("time")
	w.says(".flow", "Open since")
	w.signIn(d.Members[0].Email, d.Members[0].Password)
	w.open("/numbers?country=JP")
	w.submit("tbody .button")
	w.submit(`form[action="/orders"] button`)
	w.see(`[data-state="approved"]`)
}

// TestBuyByKeyboardAlone buys a number without a mouse: Tab, letters, Enter.
func TestBuyByKeyboardAlone(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), d.HTTP}
	w.signIn(d.Members[2].Email, d.Members[2].Password)
	w.open("/numbers?country=KR")
	w.tabTo("tbody .button")
	w.keys("\r")
	w.see(`form[action="/orders"]`)
	w.tabTo(`form[action="/orders"] button`)
	w.keys("\r")
	w.see(`[data-state="approved"]`)
	w.tabTo(`form[action$="/select"] button`)
	w.keys("\r")
	w.see(`[data-state="awaiting_payment"]`)
	w.tabTo(`form:has(input[value="wallet"]) button`)
	w.keys("\r")
	w.see(`[data-state="sold"]`)
}

// tabTo presses Tab until an element has the focus, and sees to it that the
// focus shows.
func (w walker) tabTo(selector string) {
	w.t.Helper()
	for range 80 {
		w.keys("\t")
		if ask(w, "look at the focus", chromedp.Evaluate[bool](`document.activeElement.matches(`+"`"+selector+"`"+`)`)) {
			if !ask(w, "look at the outline", chromedp.Evaluate[bool](`getComputedStyle(document.activeElement).outlineStyle !== "none"`)) {
				w.t.Errorf("%s has the focus, but nothing shows it", selector)
			}
			return
		}
	}
	w.t.Fatalf("eighty times Tab, and %s never had the focus", selector)
}

func (w walker) keys(text string) {
	w.t.Helper()
	w.do("type", chromedp.KeyEvent(text))
}
