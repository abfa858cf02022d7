package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/faces/httpstatus"
	"github.com/callisto-tel/callisto/faces/source"
)

// A form that is only for its holder may be refused until he has proved that it
// is he. What he typed is not typed again for that: the browser carries the form
// meanwhile, sealed for this session, and it is carried out after the proof.

const (
	provePath   = "/prove"
	againPath   = provePath + "?again=1" // where the proof is asked for because of a form
	againCookie = "again"
	mostWaiting = 2 << 10 // of a form; what is sealed has to fit into a cookie
)

// again is a form that waits for its sender's proof.
type again struct {
	Path  string     `json:"path"`
	Form  url.Values `json:"form"`
	Back  string     `json:"back"` // the page it is on
	Until time.Time  `json:"until"`
}

// askProof sends whoever has to prove himself to where he does, and keeps the form that he sent.
func (f *face) askProof(w http.ResponseWriter, r *http.Request, p *page) {
	to := provePath
	purpose, ok := f.sealedFor(r, p)
	text, err := json.Marshal(again{Path: r.URL.RequestURI(), Form: r.PostForm, Back: p.Back, Until: f.Now().Add(showFor)})
	if ok && err == nil && r.Method == http.MethodPost && r.MultipartForm == nil && len(text) <= mostWaiting {
		f.setAgain(w, base64.RawURLEncoding.EncodeToString(f.Seal.Seal(text, "again: "+purpose)), int(showFor/time.Second))
		to = againPath
	}
	lead(w, r, withNext(to, p.Back))
}

// formName is what its page calls a form that waits; "" of one that has no name here.
func (f *face) formName(p *page, sentTo string) string {
	at, _, _ := strings.Cut(sentTo, "?")
	switch strings.TrimPrefix(f.answers(http.MethodPost, at), "POST ") {
	case "/access":
		return p.T("access.known")
	case "/access/pin", "/access/pin/unlock":
		return p.T("access.pin")
	case "/account/email":
		return p.T("sign_up.email")
	case "/account/keys":
		return p.T("account.keys")
	case "/account/passkeys/{id}/remove":
		return p.T("passkey.title")
	case "/account/erase":
		return p.T("erase.title")
	case "/orders/{id}/withdraw":
		return p.T("withdraw.title")
	case "/orders/{id}/offer":
		return p.T("care.give_on")
	case "/orders/{id}/give-up":
		return p.T("care.give_up")
	case "/lines/{id}/telephone/{e164}/let-go":
		return p.T("telephone.title")
	default:
		return ""
	}
}

func (f *face) setAgain(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme the outside uses
		Name: againCookie, Value: value, Path: provePath, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: f.Secure,
	})
}

// waiting is the form that waits, if this proof is asked for because of it.
func (f *face) waiting(r *http.Request, p *page) (x again, ok bool) {
	purpose, ok := f.sealedFor(r, p)
	c, err := r.Cookie(againCookie)
	if !ok || err != nil || r.FormValue("again") == "" {
		return x, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return x, false
	}
	text, err := f.Seal.Open(sealed, "again: "+purpose)
	if err != nil || json.Unmarshal(text, &x) != nil || !f.Now().Before(x.Until) || x.Back != r.FormValue("next") {
		return again{}, false
	}
	return x, true
}

// goOn carries out the form that waited, as if it had just been sent.
func (f *face) goOn(w http.ResponseWriter, r *http.Request, p *page, x again) {
	f.setAgain(w, "", -1)
	body := x.Form.Encode()
	sent := r.Clone(context.WithValue(r.Context(), actorKey{}, p.Who))
	at, err := url.Parse(x.Path)
	if err != nil { // it is ours
		lead(w, r, x.Back)
		return
	}
	sent.URL, sent.RequestURI, sent.Form, sent.PostForm = at, x.Path, nil, nil
	sent.Body, sent.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	sent.Header.Set("Referer", x.Back)
	f.pages.ServeHTTP(w, sent)
}

// afterPasskey has the script come back here where a form waits: only a form may send it.
func (e entry) afterPasskey() entry {
	if e.Waits {
		e.Next = withNext(againPath, e.Next)
	}
	return e
}

// waitsAt reports whether an address is the one that afterPasskey makes.
func waitsAt(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Path == provePath && u.Query().Get("again") != ""
}

func (f *face) proveForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.proofAsked(r, p, nil), nil
}

func (f *face) proofAsked(r *http.Request, p *page, wrong map[string]string) templ.Component {
	p.Title, p.Next = p.T("prove.title"), r.FormValue("next")
	_, site := f.site(r)
	x, waits := f.waiting(r, p)
	e := entry{Next: p.Next, Errors: wrong, Site: site, Waits: waits}
	if waits {
		e.Form, e.Fresh = f.formName(p, x.Path), f.Sessions.Fresh(p.Who) == nil
	}
	return provePage(p, e)
}

func (f *face) prove(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	x, waits := f.waiting(r, p)
	if !waits || f.Sessions.Fresh(p.Who) != nil {
		who, err := f.Sessions.Prove(r.Context(), p.Who, r.PostFormValue("password"), source.Of(r))
		if err != nil {
			switch k := fault.KindOf(err); k {
			case fault.Invalid, fault.Limited:
				p.Status = httpstatus.Of(k)
				return f.proofAsked(r, p, p.errorsOf(err)), nil
			default:
				return nil, err
			}
		}
		p.Who = who
	}
	if waits {
		f.goOn(w, r, p, x)
		return nil, nil
	}
	return nil, redirect{localPath(r.PostFormValue("next"))}
}
