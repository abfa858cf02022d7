package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// authenticator gives the browser a passkey device that says yes and checks its holder.
func authenticator() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return err
	})
}

// TestAPasskeyTakesThePlaceOfThePassword adds one in Chromium, signs in with it, and removes it.
func TestAPasskeyTakesThePlaceOfThePassword(t *testing.T) {
	d := company(t)
	w := walker{t, browser(t), strings.Replace(d.HTTP, "127.0.0.1", "localhost", 1)}
	w.do("a passkey device", authenticator())
	w.open("/sign-in?lang=en")
	w.fill("#email", d.Members[0].Email)
	w.fill("#password", d.Members[0].Password)
	w.press("main form button")
	w.see(".purse")
	w.open("/account?lang=en")
	w.fill(`#passkeys form[data-passkey] input`, "my laptop")
	w.press(`#passkeys form[data-passkey] button`)
	w.see("#passkeys .device")
	w.says("#passkeys .device", "my laptop")
	w.shoot("passkey")
	w.press(".who form button")
	w.see(`.who a[href="/sign-in"]`)
	w.open("/sign-in?next=/account")
	w.shoot("sign-in-passkey")
	w.press(`form[data-passkey="get"] button`)
	w.see("#passkeys .device time")
	w.says("h1", d.Members[0].Name)

	w.open("/prove?next=/calls")
	w.press(`form[data-passkey="get"] button`)
	w.see(`nav a[href="/calls"][aria-current]`)

	// At a terminal it makes a telephone, and opens no account.
	w.press(".who form button")
	w.see(`.who a[href="/sign-in"]`)
	w.open("/terminal?lang=en")
	w.choose("#place", "KR")
	w.fill("#address", "Sejong-daero 110, Seoul")
	w.press("#by-passkey")
	w.says("#terminal", "Signed in here")
	w.registered()
	w.open("/account")
	if at := w.path(); at != "/sign-in" {
		t.Errorf("a passkey at a terminal opens %s", at)
	}
	w.open("/terminal")
	w.submit(`#terminal form[action="/terminal/sign-out"] button`)
	w.see("#card-form")
	w.open("/sign-in?next=/account")
	w.press(`form[data-passkey="get"] button`)
	w.see("#passkeys .device time")

	w.open("/account")
	w.press("#passkeys .device summary")
	w.press(`#passkeys .device form[action$="/remove"] button`)
	w.see(`#passkeys [role=status]`)
	w.open("/account")
	if n := ask(w, "count", chromedp.Evaluate[int](`document.querySelectorAll("#passkeys .device").length`)); n != 0 {
		t.Errorf("%d passkeys after removing the only one", n)
	}
	w.press(".who form button")
	w.see(`.who a[href="/sign-in"]`)
	w.open("/sign-in?lang=en")
	w.press(`form[data-passkey="get"] button`)
	w.see(`form[data-passkey="get"] .wrong`)
	w.says(`form[data-passkey="get"] .wrong`, "not accepted")
}
