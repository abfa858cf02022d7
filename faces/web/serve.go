package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/prompt"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/statement"
	"github.com/callisto-tel/callisto/faces/freight"
	"github.com/callisto-tel/callisto/faces/httpstatus"
	"github.com/callisto-tel/callisto/faces/source"
)

const (
	cookieName       = "session"
	secureCookieName = "__Host-session"
	mostBody         = 64 << 10
)

// A handler answers with what to show, or with an error that serve turns into a page.
type handler func(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error)

// page is what every page knows.
type page struct {
	f       *face
	Who     member.Actor
	Purse   money.Amount
	Missed  int // calls that a member has not looked at yet
	Path    string
	URL     string
	Title   string
	Status  int
	Secret  bool // holds something shown once: nobody may keep it
	Console bool // a page of the operator's desk
	Part    bool // asked for by htmx: only the part
	Tongue  *tongue
	Back    string // a page of its own: this one, or the one whose form this answers
	Next    string // where whoever signs in from here wants to
	Joined  string // the address to which the letter of an account just opened went
}

// Operator reports whether the operator's staff is.
func (p *page) Operator() bool { return p.Who.Role == member.Operator }

// SignedIn reports whether somebody is.
func (p *page) SignedIn() bool { return p.Who.Account != "" }

// Phone reports whether the page has the browser phone: staff has no number.
func (p *page) Phone() bool { return p.SignedIn() && !p.Operator() }

// errSignIn sends a visitor to the sign-in page and back.
var errSignIn = errors.New("sign in first")

// errTooLarge is a form with more in it than any of our pages sends.
var errTooLarge = errors.New("the form is too large")

// redirect is answered by going somewhere else.
type redirect struct{ to string }

func (r redirect) Error() string { return "go to " + r.to }

func (f *face) serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := f.pageFor(r)
		c, err := templ.Component(nil), f.readForm(r)
		if err == nil {
			c, err = h(w, r, p)
		}
		if err != nil {
			c = f.failed(w, r, p, err)
		}
		if c == nil {
			return
		}
		if p.SignedIn() && !p.Part {
			f.readPurse(r.Context(), p)
			f.readJoined(w, r, p)
			f.readMissed(r.Context(), p)
		}
		var b bytes.Buffer
		if err := c.Render(p.rendering(r.Context()), &b); err != nil {
			f.Log.ErrorContext(r.Context(), "page", "path", source.Path(r), "error", err)
			http.Error(w, p.T("error.internal"), http.StatusInternalServerError)
			return
		}
		send(w, r, p, b.Bytes())
	}
}

// rendering tells small templates the language.
func (p *page) rendering(ctx context.Context) context.Context {
	return context.WithValue(ctx, tongueKey{}, p.Tongue)
}

// readForm reads a form before its page does, so that one too large is told
// from one that is empty. Files are read by the pages that take them.
func (f *face) readForm(r *http.Request) error {
	unreadable := fault.New(fault.Invalid, "form", "The form could not be read. Try again.")
	if strings.Contains(r.RequestURI, "%00") { // PostgreSQL keeps no text with it
		return unreadable
	}
	if r.Method != http.MethodPost || strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return nil
	}
	err := r.ParseForm()
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return errTooLarge
	}
	if err != nil {
		return unreadable
	}
	for _, values := range r.PostForm {
		if slices.ContainsFunc(values, func(v string) bool { return strings.ContainsRune(v, 0) }) {
			return unreadable
		}
	}
	return nil
}

func send(w http.ResponseWriter, r *http.Request, p *page, html []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Language", p.Tongue.Tag)
	h.Add("Vary", "Cookie, HX-Request, Accept-Encoding, Accept-Language")
	if p.SignedIn() || p.Secret {
		h.Set("Cache-Control", "no-store")
	}
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	// Secrets are not compressed together with what a visitor could put beside them.
	if p.Secret || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(p.Status)
		_, _ = w.Write(html)
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(p.Status)
	z := gzip.NewWriter(w)
	_, _ = z.Write(html)
	_ = z.Close()
}

func (f *face) pageFor(r *http.Request) *page {
	p := &page{f: f, Path: r.URL.Path, URL: r.URL.RequestURI(), Part: r.Header.Get("HX-Request") == "true", Next: r.URL.Query().Get("next")}
	p.Who, _ = r.Context().Value(actorKey{}).(member.Actor)
	p.Tongue, p.Back = f.tongueOf(r, p.Who.Language), p.URL
	if r.Method != http.MethodGet {
		p.Back = pageOf(r.Header.Get("Referer"))
	}
	return p
}

func (f *face) readPurse(ctx context.Context, p *page) {
	a, err := f.Wallet.Balance(ctx, ledger.WalletID(p.Who.Account, f.Currency))
	if err != nil && fault.KindOf(err) != fault.Unknown { // an operator has no wallet
		f.Log.WarnContext(ctx, "balance", "error", err)
		return
	}
	p.Purse = a
}

func (f *face) readMissed(ctx context.Context, p *page) {
	if !p.Phone() {
		return
	}
	n, err := f.Missed.AllWaiting(ctx, p.Who)
	if err != nil {
		f.Log.WarnContext(ctx, "missed calls", "error", err)
	}
	p.Missed = n
}

// lead sends a visitor on. The script that turns pages around the telephone is
// told where to, because what a browser follows by itself a script cannot stop:
// an answer may lead to where one pays, which opens beside a call.
func lead(w http.ResponseWriter, r *http.Request, to string) {
	if r.Header.Get("Callisto-Turn") == "" {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	w.Header().Set("Callisto-To", to)
	w.WriteHeader(http.StatusNoContent)
}

// failed turns an error into a page or a redirect.
func (f *face) failed(w http.ResponseWriter, r *http.Request, p *page, err error) templ.Component {
	if go2, ok := errors.AsType[redirect](err); ok {
		lead(w, r, go2.to)
		return nil
	}
	if errors.Is(err, errSignIn) {
		back := p.URL
		if r.Method != http.MethodGet {
			back = localPath(r.PostFormValue("back"))
		}
		if p.Part { // the whole page goes there, not the part
			w.Header().Set("HX-Redirect", withNext("/sign-in", pageOf(r.Header.Get("HX-Current-URL"))))
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		lead(w, r, withNext("/sign-in", back))
		return nil
	}
	if errors.Is(err, errTooLarge) {
		p.Status, p.Title = http.StatusRequestEntityTooLarge, p.T("error.title")
		return errorPage(p, p.T("error.title"), p.T("error.too_large"))
	}
	reason := fault.ReasonOf(err)
	if reason.Code == "prove_again" && !p.Part { // and back to where the form is
		f.askProof(w, r, p)
		return nil
	}
	p.Status, p.Title = httpstatus.Of(fault.KindOf(err)), p.T("error.title")
	if p.Status == http.StatusInternalServerError {
		f.Log.ErrorContext(r.Context(), "page", "path", source.Path(r), "error", err)
	}
	if p.Part { // what is on the screen stays there
		w.Header().Set("HX-Reswap", "none")
		w.WriteHeader(p.Status)
		return nil
	}
	if p.Status == http.StatusNotFound {
		return errorPage(p, p.T("error.lost"), p.say(reason.Text))
	}
	return errorPage(p, p.T("error.title"), p.say(reason.Text))
}

// pageOf is the page on which a form was sent or htmx asked for a part.
func pageOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path == "" {
		return "/lines"
	}
	return localPath(u.RequestURI())
}

func (f *face) nothingHere(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if above := f.pageAbove(r); above != "" {
		return nil, redirect{above}
	}
	return nil, fault.New(fault.Unknown, "no_page", "%s", p.T("error.no_page"))
}

// pageAbove is the page to which a form belongs that is sent to this address:
// whoever comes by the address itself, as when he changes the language of what
// answered the form, belongs there. "" of every other address.
func (f *face) pageAbove(r *http.Request) string {
	if r.Method != http.MethodGet || f.answers(http.MethodPost, r.URL.Path) == "" {
		return ""
	}
	for at := path.Dir(r.URL.Path); len(at) > 1; at = path.Dir(at) {
		if f.answers(http.MethodGet, at) != "" {
			return at
		}
	}
	return ""
}

// answers is the pattern by which an address is answered; "" of none of ours.
func (f *face) answers(method, address string) string {
	_, pattern := f.pages.Handler(&http.Request{Method: method, URL: &url.URL{Path: address}})
	if pattern == "/" {
		return ""
	}
	return pattern
}

// mostOf is how large a request may be: only pages that take files and lists take
// much, and the longest lists only of the operator.
func mostOf(r *http.Request, who member.Actor) int64 {
	switch {
	case strings.HasSuffix(r.URL.Path, "/documents"):
		return shop.MostDocument + mostBody
	case r.URL.Path == "/operator/payments/statements":
		return statement.Most + mostBody
	case r.URL.Path == "/operator/numbers/import":
		return mostBlockFile + mostBody
	case who.Role != member.Operator:
		return mostBody
	case strings.HasPrefix(r.URL.Path, "/operator/carriers/") && strings.HasSuffix(r.URL.Path, "/rates"):
		return mostRates + mostBody
	case r.URL.Path == "/operator/prompts":
		return prompt.MostBytes + mostBody
	case strings.HasPrefix(r.URL.Path, "/operator/settlement/carriers/") && strings.HasSuffix(r.URL.Path, "/statement"):
		return settlement.MostBytes + mostBody
	case r.URL.Path == "/operator/limits/destinations":
		return guard.MostList + mostBody
	case r.URL.Path == "/operator/telephones":
		return did.MostList + mostBody
	default:
		return mostBody
	}
}

type actorKey struct{}

// withSession finds who is signed in. A session that is over is no error: the visitor is simply not signed in.
func (f *face) withSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var who member.Actor
		if c, err := r.Cookie(f.cookie()); err == nil && c.Value != "" {
			signed, err := f.Accounts.Session(r.Context(), c.Value)
			switch {
			case err == nil:
				who = signed
				r = r.WithContext(context.WithValue(r.Context(), actorKey{}, who))
			case fault.KindOf(err) == fault.Internal:
				f.Log.ErrorContext(r.Context(), "session", "error", err)
			}
		}
		most := mostOf(r, who)
		if most > mostBody && who.Role == member.Operator {
			freight.Receive(w)
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

func (f *face) cookie() string {
	if f.Secure {
		return secureCookieName
	}
	return cookieName
}

func (f *face) setSession(w http.ResponseWriter, s member.Session) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme the outside uses: `callisto dev` is plain http on this machine
		Name: f.cookie(), Value: s.Token, Path: "/", Expires: s.Expires, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: f.Secure,
	})
}

func (f *face) dropSession(w http.ResponseWriter) {
	for _, name := range []string{f.cookie(), onceCookie} {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // as above
			Name: name, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: f.Secure,
		})
	}
}

// guard adds what protects a visitor: nothing from elsewhere is loaded, nobody frames us, forms come from our pages only.
func (f *face) guard(next http.Handler) http.Handler {
	csp := "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; " +
		"form-action " + strings.Join(append([]string{"'self'"}, f.PayHosts...), " ") + "; base-uri 'none'; frame-ancestors 'none'"
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := f.pageFor(r)
		var b bytes.Buffer
		p.Status, p.Title = http.StatusForbidden, p.T("error.title")
		if err := errorPage(p, p.T("error.title"), p.T("error.cross_origin")).Render(p.rendering(r.Context()), &b); err == nil {
			send(w, r, p, b.Bytes())
		}
	}))
	inner := protect.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), payment=(), microphone=(self), speaker-selection=(self)")
		if f.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		inner.ServeHTTP(w, r)
	})
}

// localPath accepts only an address of our own pages, so that nobody is sent elsewhere after signing in.
func localPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.Contains(s, "\\") {
		return "/lines"
	}
	return s
}

// withNext is the address of a page that leads on to another.
func withNext(to, next string) string {
	if next == "" {
		return to
	}
	mark := "?"
	if strings.Contains(to, mark) {
		mark = "&"
	}
	return to + mark + url.Values{"next": {next}}.Encode()
}

func (p *page) must() error {
	if !p.SignedIn() {
		return errSignIn
	}
	return nil
}
