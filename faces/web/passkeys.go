package web

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/faces/httpstatus"
	"github.com/callisto-tel/callisto/faces/source"
	"github.com/callisto-tel/callisto/platform/passkey"
)

// site is whose passkeys browsers give us: our domain by https, or this machine by its name. An address of digits has none.
func (f *face) site(r *http.Request) (passkey.Site, bool) {
	if u, err := url.Parse(f.Origin); err == nil && u.Scheme == "https" {
		return passkey.Site{Domain: u.Hostname(), Origin: "https://" + u.Host}, net.ParseIP(u.Hostname()) == nil
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return passkey.Site{Domain: host, Origin: "http://" + r.Host}, host == "localhost"
}

func noSite() error {
	return fault.New(fault.Unavailable, "passkey_site", "Passkeys work where these pages are reached by https.")
}

// scripted answers a script: with JSON, or with the words to show.
func (f *face) scripted(w http.ResponseWriter, r *http.Request, p *page, v any, err error) (templ.Component, error) {
	status := http.StatusOK
	if err != nil {
		reason := fault.ReasonOf(err)
		if status = httpstatus.Of(fault.KindOf(err)); status == http.StatusInternalServerError {
			f.Log.ErrorContext(r.Context(), "page", "path", source.Path(r), "error", err)
		}
		answer := map[string]string{"error": p.say(reason.Text), "code": reason.Code}
		if fields := fault.FieldsOf(err); len(fields) > 0 {
			answer["error"], answer["field"] = p.say(fields[0].Text), fields[0].Name
		}
		if reason.Code == "prove_again" {
			answer["to"] = withNext(provePath, p.Back)
		}
		v = answer
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
	return nil, nil
}

// answerOf reads what the script brings from the browser: the token and the name in the address, the answer in the body.
func answerOf(r *http.Request) (token, name string, answer []byte, err error) {
	q := r.URL.Query()
	answer, err = io.ReadAll(r.Body)
	if err != nil {
		err = fault.New(fault.Invalid, "passkey_refused", "The passkey was not accepted. Try again, or sign in with your password.")
	}
	return q.Get("token"), q.Get("name"), answer, err
}

func (f *face) beginPasskey(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if err := p.must(); err != nil || !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	if err := f.Sessions.Fresh(p.Who); err != nil { // before the browser makes one that we would not keep
		return f.scripted(w, r, p, nil, err)
	}
	q, err := f.Passkeys.BeginAdd(r.Context(), p.Who, site)
	return f.scripted(w, r, p, q, err)
}

func (f *face) addPasskey(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if err := p.must(); err != nil || !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	token, name, answer, err := answerOf(r)
	if err == nil {
		err = f.Passkeys.Add(r.Context(), p.Who, site, token, name, answer)
	}
	return f.scripted(w, r, p, map[string]string{"to": "/account?done=passkeys#passkeys"}, err)
}

func (f *face) renamePasskey(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.did(r, p, "passkeys", f.Ring.RenamePasskey(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("name")))
}

func (f *face) removePasskey(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.did(r, p, "passkeys", f.Ring.RemovePasskey(r.Context(), p.Who, r.PathValue("id")))
}

func (f *face) beginPasskeySignIn(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	q, err := f.Passkeys.Begin(r.Context(), "", site)
	return f.scripted(w, r, p, q, err)
}

func (f *face) passkeySignIn(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	token, _, answer, err := answerOf(r)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	s, who, err := f.Passkeys.SignIn(r.Context(), site, token, answer, source.Of(r))
	if err == nil {
		f.setSession(w, s)
	}
	return f.scripted(w, r, p, map[string]string{"to": homeOf(who, r.URL.Query().Get("next"))}, err)
}

func (f *face) beginPasskeyProof(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if err := p.must(); err != nil || !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	q, err := f.Passkeys.Begin(r.Context(), p.Who.Account, site)
	return f.scripted(w, r, p, q, err)
}

func (f *face) passkeyProof(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	site, ok := f.site(r)
	if err := p.must(); err != nil || !ok {
		return f.scripted(w, r, p, nil, noSite())
	}
	token, _, answer, err := answerOf(r)
	if err == nil {
		err = f.Passkeys.Prove(r.Context(), p.Who, site, token, answer)
	}
	next := r.URL.Query().Get("next")
	if strings.HasPrefix(next, "/prove") && !waitsAt(next) {
		next = ""
	}
	return f.scripted(w, r, p, map[string]string{"to": localPath(next)}, err)
}
