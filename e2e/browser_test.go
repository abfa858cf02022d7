package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browser starts a Chromium of its own. It is part of the test, so a machine without one fails it.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("this test drives Chromium, which is not installed: run scripts/install-test-tools, or apt-get install chromium")
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), append(more,
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
		chromedp.NoSandbox, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("force-prefers-reduced-motion", true), // a click must not chase a page that is still scrolling
		chromedp.WindowSize(1280, 900))...)
	ctx, stop := chromedp.NewContext(alloc)
	ctx, stopTimer := context.WithTimeout(ctx, 9*time.Minute)
	t.Cleanup(func() {
		stopTimer()
		_ = chromedp.Cancel(ctx)
		stop()
		stopAlloc()
	})
	if err := chromedp.Do(ctx, aside(true)); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// aside leaves the service worker out of the way, or lets it in: what goes
// through it is counted as large as it is unpacked.
func aside(on bool) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: on})
		return chromedp.Void{}, err
	}
}

// walker does steps in a browser and says which one failed.
type walker struct {
	t    *testing.T
	ctx  context.Context
	base string
}

func (w walker) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		shown, cancelShown := context.WithTimeout(w.ctx, 5*time.Second)
		defer cancelShown()
		where, _ := chromedp.Run(shown, chromedp.Location())
		text, _ := chromedp.Run(shown, chromedp.Text(chromedp.CSS("body")))
		w.t.Fatalf("%s: %v\nat %s the page says:\n%s", what, err, where, text)
	}
}

func (w walker) open(path string) {
	w.t.Helper()
	w.do("open "+path, chromedp.Navigate(w.base+path), chromedp.WaitVisible(chromedp.CSS("main")))
}

// press clicks and waits for the page that follows.
func (w walker) press(selector string) {
	w.t.Helper()
	w.do("press "+selector, chromedp.WaitVisible(chromedp.CSS(selector)),
		discard(chromedp.Evaluate[bool]("document.querySelector("+strconv.Quote(selector)+").scrollIntoView({block: 'center', behavior: 'instant'}), true")), // not below the telephone
		chromedp.Click(chromedp.CSS(selector)))
}

func (w walker) fill(selector, value string) {
	w.t.Helper()
	w.do("fill "+selector, chromedp.WaitVisible(chromedp.CSS(selector)), discard(chromedp.Evaluate[bool]("document.querySelector("+strconv.Quote(selector)+").value = '', true")), chromedp.SendKeys(chromedp.CSS(selector), value))
}

func (w walker) choose(selector, value string) {
	w.t.Helper()
	w.do("choose "+value, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SetValue(chromedp.CSS(selector), value),
		discard(chromedp.Evaluate[bool](`document.querySelector("`+selector+`").dispatchEvent(new Event("change", {bubbles: true}))`)))
}

func (w walker) see(selector string) {
	w.t.Helper()
	w.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

func (w walker) text(selector string) string {
	w.t.Helper()
	return strings.TrimSpace(ask(w, "read "+selector, chromedp.Text(chromedp.CSS(selector))))
}

// says waits until an element has a text in it.
func (w walker) says(selector, want string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s says %q", selector, want), fmt.Sprintf("document.querySelector(%s)?.innerText.replace(/\\s+/g, ' ').includes(%s)",
		strconv.Quote(selector), strconv.Quote(strings.Join(strings.Fields(want), " "))))
}

// until waits for something to be true on the page, over the pages that come
// and go meanwhile.
func (w walker) until(what, expression string) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-tick.C {
		ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if err == nil && ok {
			return
		}
	}
	where, _ := chromedp.Run(w.ctx, chromedp.Location())
	text, _ := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS("body")))
	w.t.Fatalf("never came: %s\nat %s the page says:\n%s", what, where, text)
}

// submit presses what leads to another page, and waits until that one is there.
func (w walker) submit(selector string) {
	w.t.Helper()
	// The telephone of members stays while the page around it is exchanged.
	w.do("mark the page", discard(chromedp.Evaluate[bool](`(document.querySelector("main") || document.body).left = true`)))
	w.press(selector)
	w.until("what follows "+selector, `!(document.querySelector("main") || document.body).left && document.readyState === "complete" && !document.documentElement.hasAttribute("aria-busy")`)
}

func (w walker) path() string {
	w.t.Helper()
	u, err := url.Parse(ask(w, "read the address", chromedp.Location()))
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Path
}

// shoot takes pictures of the page by day, by night and on a telephone into SCREENS, where that is set.
func (w walker) shoot(name string) {
	w.t.Helper()
	dir := os.Getenv("SCREENS")
	if dir == "" {
		return
	}
	for _, as := range []struct {
		suffix, scheme string
		width          int64
	}{{"", "light", 1280}, {"-night", "dark", 1280}, {"-phone", "light", 390}} {
		w.do("picture of "+name, look(as.scheme), chromedp.EmulateViewport(as.width, 900), discard(chromedp.Poll[bool](`document.fonts.status === "loaded"`)))
		png := w.picture(name, as.width)
		if err := os.WriteFile(filepath.Join(dir, name+as.suffix+".png"), png, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	w.do("back to the window", look("light"), chromedp.ResetViewport())
}

// picture takes the whole page, by a window as high as it is: what Chromium
// takes beyond the window is shifted on some pages that run from the right.
func (w walker) picture(name string, width int64) []byte {
	w.t.Helper()
	high := ask(w, "height of "+name, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	w.do("window for "+name, chromedp.EmulateViewport(width, max(high, 900)))
	return ask(w, "picture of "+name, chromedp.CaptureScreenshot())
}

// glance takes a picture of what fits into the window, for the README.
func (w walker) glance(name string) {
	w.t.Helper()
	dir := os.Getenv("SCREENS")
	if dir == "" {
		return
	}
	w.do("picture of "+name, look("light"), chromedp.EmulateViewport(1280, 900), chromedp.Blur(chromedp.CSS("#digits")))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), ask(w, "picture of "+name, chromedp.CaptureScreenshot()), 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.do("back to the window", chromedp.ResetViewport())
}

// look sets the colour scheme the page is asked to use.
func look(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// ask does one step that has an answer.
func ask[T any](w walker, what string, a chromedp.Action[T]) T {
	w.t.Helper()
	var out T
	w.do(what, func(ctx context.Context, t *chromedp.Target) (_ chromedp.Void, err error) {
		out, err = a(ctx, t)
		return
	})
	return out
}

// discard does a step for its effect only.
func discard[T any](a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := a(ctx, t)
		return chromedp.Void{}, err
	}
}
