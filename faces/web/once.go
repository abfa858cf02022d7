package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/callisto-tel/callisto/business/member"
)

// What is made once – a telephone's password, an API key – is kept by nobody
// in clear text. Its page must yet survive a change of language or a reload:
// so the browser carries it for a few minutes, sealed for this session alone,
// in a cookie that scripts cannot read and only we can open.

// showFor is how long it can be looked at.
const showFor = 10 * time.Minute

const onceCookie = "once"

// Sealer seals what only this house can open again.
type Sealer interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// once is a secret just made, and what it is of.
type once struct {
	Of     string    `json:"of"`   // the id of a telephone or an API key
	Page   string    `json:"page"` // where it is shown
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"`
}

// sealedFor binds it to who is signed in here.
func (f *face) sealedFor(r *http.Request, p *page) (string, bool) {
	c, err := r.Cookie(f.cookie())
	if err != nil || !p.SignedIn() {
		return "", false
	}
	return "shown once to " + p.Who.Account + " in " + c.Value, true
}

// show hands the browser a secret for the page it is sent to next.
func (f *face) show(w http.ResponseWriter, r *http.Request, p *page, x once) {
	purpose, ok := f.sealedFor(r, p)
	if !ok {
		return
	}
	x.Until = f.Now().Add(showFor)
	text, err := json.Marshal(x) //nolint:gosec // it is sealed before it leaves
	if err != nil {
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme the outside uses
		Name: onceCookie, Value: base64.RawURLEncoding.EncodeToString(f.Seal.Seal(text, purpose)), Path: "/", MaxAge: int(showFor / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: f.Secure,
	})
}

// shown is the secret that was just made in this session, if its time is not over.
func (f *face) shown(r *http.Request, p *page) (x once, ok bool) {
	purpose, ok := f.sealedFor(r, p)
	c, err := r.Cookie(onceCookie)
	if !ok || err != nil {
		return x, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return x, false
	}
	text, err := f.Seal.Open(sealed, purpose)
	if err != nil || json.Unmarshal(text, &x) != nil || !f.Now().Before(x.Until) || x.Page != p.Path {
		return once{}, false
	}
	p.Secret = true
	return x, true
}

// shownOf is the password just made of one of these telephones.
func (f *face) shownOf(r *http.Request, p *page, devices []member.Device) *credential {
	x, ok := f.shown(r, p)
	if !ok {
		return nil
	}
	for _, d := range devices {
		if d.ID == x.Of && d.Revoked.IsZero() {
			c := f.credentialOf(member.NewDevice{Device: d, Password: x.Secret}, d.Country)
			return &c
		}
	}
	return nil
}
