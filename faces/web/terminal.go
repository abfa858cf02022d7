package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/terminal"
	"github.com/callisto-tel/callisto/faces/source"
	"github.com/callisto-tel/callisto/platform/passkey"
)

// Terminals sign the holders of cards in and out.
type Terminals interface {
	Ask(ctx context.Context, certificate string, from idcard.From) (nonce string, err error)
	SignIn(ctx context.Context, a idcard.Answer) (idcard.Opened, error)
	Proved(ctx context.Context, account, origin string) (ticket string, lines []idcard.Line, err error)
	Enter(ctx context.Context, ticket, membership string, from idcard.From) (idcard.Opened, error)
	At(ctx context.Context, token string) (idcard.SignIn, error)
	Seen(ctx context.Context, token string) (idcard.SignIn, error)
	Leave(ctx context.Context, token string, removed bool) error
}

func (f *face) terminalRoutes() map[string]handler {
	return map[string]handler{
		"GET /terminal":                f.terminal,
		"POST /terminal/ask":           f.askCard,
		"POST /terminal/sign-in":       f.cardSignIn,
		"POST /terminal/passkey/begin": f.beginPasskeySignIn,
		"POST /terminal/passkey":       f.terminalPasskey,
		"POST /terminal/enter":         f.enterTerminal,
		"POST /terminal/beat":          f.terminalBeat,
		"POST /terminal/sign-out":      f.terminalSignOut,
	}
}

// The cookie of a sign-in with a card is of its own kind: it opens a telephone
// and its own end, and no page of the account.
const (
	cardCookie       = "terminal"
	secureCardCookie = "__Host-terminal"
)

func (f *face) cardCookie() string {
	if f.Secure {
		return secureCardCookie
	}
	return cardCookie
}

// setTerminal gives the terminal its sign-in; "" takes it away.
func (f *face) setTerminal(w http.ResponseWriter, token string) {
	c := &http.Cookie{Name: f.cardCookie(), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: f.Secure} //nolint:gosec // as setSession
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// terminalAt is the sign-in of this terminal, if it has one.
func (f *face) terminalAt(r *http.Request) (token string, s idcard.SignIn, err error) {
	c, err := r.Cookie(f.cardCookie())
	if err != nil || c.Value == "" {
		return "", s, idcard.Nobody()
	}
	s, err = f.Terminals.At(r.Context(), c.Value)
	return c.Value, s, err
}

// CardPhones makes passes for terminals at which a card is signed in.
type CardPhones interface {
	CardPhone(ctx context.Context, s idcard.SignIn) (terminal.Phone, error)
}

// withCard is the sign-in with a card that asks for a telephone: of a page of a
// terminal, or of a browser in which nobody has an account open.
func (f *face) withCard(r *http.Request, p *page) (idcard.SignIn, bool) {
	if p.SignedIn() && !strings.HasPrefix(pageOf(r.Header.Get("Referer")), "/terminal") {
		return idcard.SignIn{}, false
	}
	_, s, err := f.terminalAt(r)
	return s, err == nil && s.Live()
}

// pagesOf is the origin of these pages, as a browser knows it.
func (f *face) pagesOf(r *http.Request) string { return source.Origin(f.Origin, r) }

// fromOf is where a terminal is.
func (f *face) fromOf(r *http.Request, country, address string) idcard.From {
	s := source.Of(r)
	return idcard.From{Place: country, Address: address, Network: networkOf(s.Address), Browser: s.Browser, Origin: f.pagesOf(r)}
}

// networkOf is an address without what tells one household from the next.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	n, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return n.String()
}

func readJSON(r *http.Request, v any) error {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		return fault.New(fault.Invalid, "json", "The request could not be read. Load the page anew, then try again.")
	}
	return nil
}

// terminalData is the page of a terminal.
type terminalData struct {
	At      *idcard.SignIn // who is signed in
	Ended   string         // how a sign-in ended that was here
	Country string         // where it probably is
	Passkey bool
}

func (f *face) terminal(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Title, p.Secret = p.T("terminal.title"), true
	p.Who = member.Actor{} // whose account is open in this browser does not matter here
	d := terminalData{Country: f.likely(p)}
	_, d.Passkey = f.site(r)
	_, s, err := f.terminalAt(r)
	switch {
	case err == nil && s.Live():
		d.At = &s
	case err == nil:
		d.Ended = s.How
		f.setTerminal(w, "")
	case fault.KindOf(err) != fault.Unproven:
		return nil, err
	}
	return terminalPage(p, d), nil
}

// likely is the country that whoever is here probably is in: of his language.
func (f *face) likely(p *page) string {
	if list := f.Reader.Countries(); len(list) == 1 {
		return list[0]
	}
	if p.Tongue.Tag == "ko" {
		if _, open := f.Reader.CountryOf("KR"); open {
			return "KR"
		}
	}
	return ""
}

func (f *face) askCard(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	var in struct{ Certificate string }
	if err := readJSON(r, &in); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	nonce, err := f.Terminals.Ask(r.Context(), in.Certificate, f.fromOf(r, "", ""))
	return f.scripted(w, r, p, map[string]string{"nonce": nonce}, err)
}

// opened gives the terminal its sign-in.
func (f *face) opened(w http.ResponseWriter, r *http.Request, p *page, o idcard.Opened, err error) (templ.Component, error) {
	if err == nil {
		f.setTerminal(w, o.Token)
	}
	return f.scripted(w, r, p, beatOf(&o.SignIn), err)
}

func (f *face) cardSignIn(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	var in struct {
		Certificate, Nonce, Signature, Country, Address string
		Watched, Take                                   bool
	}
	if err := readJSON(r, &in); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	f.leaveHere(r)
	o, err := f.Terminals.SignIn(r.Context(), idcard.Answer{Certificate: in.Certificate, Nonce: in.Nonce, Signature: in.Signature, Watched: in.Watched, Take: in.Take,
		From: f.fromOf(r, in.Country, in.Address)})
	return f.opened(w, r, p, o, err)
}

// leaveHere ends who was signed in at this terminal: another card takes its place.
func (f *face) leaveHere(r *http.Request) {
	token, s, err := f.terminalAt(r)
	if err != nil || !s.Live() {
		return
	}
	if err := f.Terminals.Leave(r.Context(), token, false); err != nil {
		f.Log.WarnContext(r.Context(), "a sign-in at a terminal could not be ended", "error", err)
	}
}

// terminalPasskey checks the answer of a passkey, and tells for which numbers it is good.
func (f *face) terminalPasskey(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	token, _, answer, err := answerOf(r)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	account, err := f.Holders.Holder(r.Context(), site, token, answer)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	var out struct {
		Ticket string        `json:"ticket"`
		Lines  []idcard.Line `json:"lines"`
	}
	out.Ticket, out.Lines, err = f.Terminals.Proved(r.Context(), account, f.pagesOf(r))
	return f.scripted(w, r, p, out, err)
}

// Holders tells whose passkey answered, without signing him in to his account.
type Holders interface {
	Holder(ctx context.Context, site passkey.Site, token string, answer []byte) (account string, err error)
}

func (f *face) enterTerminal(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	var in struct{ Ticket, Membership, Country, Address string }
	if err := readJSON(r, &in); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	f.leaveHere(r)
	o, err := f.Terminals.Enter(r.Context(), in.Ticket, in.Membership, f.fromOf(r, in.Country, in.Address))
	return f.opened(w, r, p, o, err)
}

// beat is what a terminal is told of its sign-in. How that ended its page says.
type beat struct {
	Live  bool `json:"live"`
	Every int  `json:"every"` // milliseconds to the next
}

func beatOf(s *idcard.SignIn) beat {
	b := beat{Live: s.Live(), Every: int(idcard.Beat / time.Millisecond)}
	if !s.Watched {
		b.Every *= 10
	}
	return b
}

// terminalBeat is how a terminal says that it, and the card, are still there.
func (f *face) terminalBeat(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	token, _, err := f.terminalAt(r)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	s, err := f.Terminals.Seen(r.Context(), token)
	return f.scripted(w, r, p, beatOf(&s), err)
}

// terminalSignOut ends it: by the button, or by a beacon of the script when the
// card was taken out or the page is left.
func (f *face) terminalSignOut(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	token, _, err := f.terminalAt(r)
	if err == nil {
		err = f.Terminals.Leave(r.Context(), token, r.URL.Query().Get("how") == "removed")
	}
	if err != nil && fault.KindOf(err) != fault.Unproven {
		return nil, err
	}
	if r.URL.Query().Has("how") { // the page stays, and says how
		w.WriteHeader(http.StatusNoContent)
		return nil, nil
	}
	return nil, redirect{"/terminal"}
}
