package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	downloading "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// downloads has the browser put what it downloads into a folder.
func (w walker) downloads(dir string) {
	w.t.Helper()
	w.do("take downloads", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, downloading.SetDownloadBehavior, downloading.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir})
		return chromedp.Void{}, err
	})
}

const passphrase = "four words nobody knows"

// writesCard has a member write the file of his only card, and returns its path.
func (w walker) writesCard(dir string) string {
	w.t.Helper()
	w.downloads(dir)
	w.do("a browser that cannot ask where", discard(chromedp.Evaluate[bool](`window.showSaveFilePicker = undefined, true`)))
	w.fill(`form[data-write] input[name="passphrase"]`, passphrase)
	w.fill(`form[data-write] input[name="again"]`, passphrase)
	w.press(`form[data-write] button`)
	w.says(`form[data-write] .say`, "The file is written")
	w.says("[data-state]", "written")
	w.until("the card is no longer unwritten", `!document.querySelector("[data-state]").innerText.includes("not")`)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if list, _ := filepath.Glob(filepath.Join(dir, "*.callisto-card")); len(list) == 1 {
			return list[0]
		}
	}
	w.t.Fatal("no file was downloaded")
	return ""
}

// sits fills in where a terminal is, and the passphrase.
func (w walker) sits(pass string) {
	w.t.Helper()
	w.choose("#place", "US")
	w.fill("#address", "12 Main Street, Springfield")
	w.fill("#passphrase", pass)
	w.press("#card-go")
}

// TestAnIDCardMakesATerminalHis: a member orders a card and writes its file in
// his browser; in another browser the file and its passphrase make a telephone,
// and no account; a copy elsewhere asks before it takes over; it ends from afar,
// and when a watched card is taken out: then, within two seconds, his own terminal
// rings, which did not while he had calls ring at the other alone.
func TestAnIDCardMakesATerminalHis(t *testing.T) {
	d := company(t)
	m := d.Members[0]
	w := walker{t, browser(t), d.HTTP}
	w.signIn(m.Email, m.Password)
	w.open("/cards?lang=en")
	w.submit(`#order button`)
	w.see(`form[data-write]`)
	file := w.writesCard(t.TempDir())
	line := api(t, d, m.APIKey, "GET", "/api/v1/members", nil, 200)["items"].([]any)[0].(map[string]any)["id"].(string)
	api(t, d, m.APIKey, "PUT", "/api/v1/members/"+line+"/card-choice", map[string]any{"only_here": true, "hours": 1}, 200)
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), strings.ReplaceAll(m.Number, " ", "")) || strings.Contains(string(text), m.Name) {
		t.Errorf("the file tells whose it is, or cannot be read: %v\n%s", err, text)
	}
	w.shoot("cards")

	o := walker{t, browser(t), d.HTTP}
	o.open("/terminal?lang=en")
	o.do("the file", chromedp.SetUploadFiles(chromedp.CSS("#card-file"), []string{file}))
	o.shoot("terminal")
	o.sits("not the passphrase")
	o.says(".wrong", "not the passphrase")
	o.fill("#passphrase", passphrase)
	o.press("#card-go")
	o.says("#terminal", "Signed in here")
	o.says("#terminal h1", strings.ReplaceAll(m.Number, " ", " "))
	o.registered()
	o.says(".phone-bar", m.Number)
	o.shoot("terminal-open")
	o.open("/wallet")
	if at := o.path(); at != "/sign-in" {
		t.Errorf("with a card one sees %s", at)
	}
	o.open("/terminal") // loaded anew, it is still his
	o.says("#terminal", "Signed in here")
	o.registered()

	c := walker{t, browser(t), d.HTTP} // a copy of the file, on another stick
	c.open("/terminal?lang=en")
	c.do("a stick", discard(chromedp.Evaluate[bool](`window.stick = (async () => {
		const root = await navigator.storage.getDirectory(), h = await root.getFileHandle("my.callisto-card", {create: true}), f = await h.createWritable();
		await f.write(`+strconv.Quote(string(text))+`); await f.close();
		window.showOpenFilePicker = async () => [h];
		window.pull = () => root.removeEntry("my.callisto-card");
		window.plugged = true;
	})(), true`)))
	c.until("the stick", "window.plugged")
	c.press("#watch-pick")
	c.says("#card-chosen", "taken out")
	c.sits(passphrase)
	c.says(".wrong", "signed in at another terminal: 12 Main Street, Springfield")
	c.shoot("terminal-in-use")
	c.press("#take")
	c.says("#terminal", "Take the card out, and you are signed out")
	c.registered()
	o.says("#terminal", "signed in at another terminal: you are signed out here")

	w.open("/cards")
	w.says("#sign-ins", "12 Main Street, Springfield")
	w.says("#sign-ins", "signed in now")
	w.shoot("cards-signed-in")
	desk := newDesk(t, accountAt(d.Members[1], d.Members[1].SIPDomain, "udp"), d.Members[1].Number, 700, freePair(t))
	desk.until("200 OK")
	desk.call(m.Number)
	c.stage("incoming") // there, and at his own browser not
	w.idle()
	desk.hangUp()
	c.idle()
	pulled := time.Now()
	c.do("pull the stick", discard(chromedp.Evaluate[bool](`window.pull(), true`)))
	c.says("#terminal", "The card was taken out")
	noticed := time.Since(pulled)
	desk.call(m.Number)
	w.stage("incoming")
	if rang := time.Since(pulled); rang > 2*time.Second {
		t.Errorf("it took %s to notice that the card is gone, and %s until his other terminal rang", noticed, rang)
	} else {
		t.Logf("noticed after %s, the other terminal rang after %s", noticed, rang)
	}
	desk.hangUp()
	w.idle()

	o.open("/terminal?lang=en")
	o.do("the file", chromedp.SetUploadFiles(chromedp.CSS("#card-file"), []string{file}))
	o.fill("#passphrase", passphrase)
	o.press("#card-go") // where it is was kept by the terminal
	o.says("#terminal", "Signed in here")
	w.open("/cards")
	w.submit(`#sign-ins td form button`)
	w.says("[role=status]", "Signed out")
	o.open("/terminal")
	o.says("#terminal", "signed out from your page")
	o.do("the file", chromedp.SetUploadFiles(chromedp.CSS("#card-file"), []string{file}))
	w.submit(`form[action$="/revoke"] button`)
	o.fill("#passphrase", passphrase)
	o.press("#card-go")
	o.says(".wrong", "revoked")
}
