package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/faces/httpstatus"
	"github.com/callisto-tel/callisto/faces/source"
)

// accountData is the page of an account. What was refused stands at the form it was typed into.
type accountData struct {
	member.Account
	Profile  []input
	Keys     []member.APIKey
	Sessions []member.Session
	Passkeys []member.Passkey
	Site     bool // passkeys work at this address
	NewKey   string
	Done     string // what was just done
	At       string // the form that was refused
	Errors   map[string]string
}

// wrong is what to say at a form.
func (d accountData) wrong(form, field string) string {
	if d.At != form {
		return ""
	}
	return d.Errors[field]
}

func (f *face) accountOf(r *http.Request, p *page) (accountData, error) {
	d := accountData{Done: r.URL.Query().Get("done")}
	if err := p.must(); err != nil {
		return d, err
	}
	var err error
	if d.Account, err = f.Accounts.Account(r.Context(), p.Who, p.Who.Account); err != nil {
		return d, err
	}
	if d.Keys, err = f.Keys.APIKeys(r.Context(), p.Who, p.Who.Account); err != nil {
		return d, err
	}
	d.Keys = slices.DeleteFunc(d.Keys, func(k member.APIKey) bool { return !k.Revoked.IsZero() })
	if d.Sessions, err = f.Sessions.Sessions(r.Context(), p.Who, p.Who.Account); err != nil {
		return d, err
	}
	if d.Passkeys, err = f.Ring.Passkeys(r.Context(), p.Who, p.Who.Account); err != nil {
		return d, err
	}
	_, d.Site = f.site(r)
	d.Profile = p.inputs(f.Accounts.ProfileForm(), profileValues(d.Account), nil)
	p.Title = p.T("account.title")
	return d, nil
}

func profileValues(a member.Account) url.Values {
	return url.Values{
		"name": {a.Name}, "country": {a.Country}, "languages": a.Languages, "time_zone": {a.TimeZone}, "language": {a.Language},
		"company": {a.Business.Company}, "tax_id": {a.Business.TaxID}, "address": {a.Business.Address},
	}
}

func (f *face) account(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.accountOf(r, p)
	if err != nil {
		return nil, err
	}
	if x, ok := f.shown(r, p); ok && slices.ContainsFunc(d.Keys, func(k member.APIKey) bool { return k.ID == x.Of }) {
		d.NewKey = x.Secret
	}
	return accountPage(p, d), nil
}

// did goes back to the account's page, or shows it with what was refused at a form.
func (f *face) did(r *http.Request, p *page, form string, err error) (templ.Component, error) {
	if err == nil {
		return nil, redirect{"/account?done=" + form + "#" + form}
	}
	switch k := fault.KindOf(err); k {
	case fault.Invalid, fault.Limited, fault.Conflict:
		d, aerr := f.accountOf(r, p)
		if aerr != nil {
			return nil, aerr
		}
		d.At, d.Errors, p.Status = form, p.errorsOf(err), httpstatus.Of(k)
		if form == "profile" {
			d.Profile = p.inputs(f.Accounts.ProfileForm(), r.PostForm, d.Errors)
		}
		return accountPage(p, d), nil
	default:
		return nil, err
	}
}

func (f *face) changeProfile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	v := r.PostForm
	a, err := f.Accounts.ChangeProfile(r.Context(), p.Who, member.Profile{
		Name: v.Get("name"), Country: v.Get("country"), Languages: listOf(v["languages"]), TimeZone: v.Get("time_zone"), Language: v.Get("language"),
		Business: member.Business{Company: v.Get("company"), TaxID: v.Get("tax_id"), Address: v.Get("address")},
	})
	if err == nil && f.tongues.by[a.Language] != nil {
		f.keepTongue(w, a.Language) // or the switch would go on to decide
	}
	return f.did(r, p, "profile", err)
}

func (f *face) resend(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.did(r, p, "confirmation", f.Identity.Resend(r.Context(), p.Who))
}

func (f *face) moveEmail(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.did(r, p, "email", f.Identity.MoveEmail(r.Context(), p.Who, r.PostFormValue("email")))
}

func (f *face) changePassword(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	err := f.Identity.ChangePassword(r.Context(), p.Who, r.PostFormValue("old"), r.PostFormValue("fresh"), source.Of(r))
	if fault.ReasonOf(err).Code == "password_wrong" {
		d, aerr := f.accountOf(r, p)
		if aerr != nil {
			return nil, aerr
		}
		d.At, d.Errors, p.Status = "password", map[string]string{"old": p.why(err)}, http.StatusUnprocessableEntity
		return accountPage(p, d), nil
	}
	return f.did(r, p, "password", err)
}

func (f *face) endSession(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.did(r, p, "sessions", f.Sessions.EndSession(r.Context(), p.Who, r.PathValue("id")))
}

func (f *face) endOtherSessions(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.did(r, p, "sessions", f.Sessions.EndOtherSessions(r.Context(), p.Who))
}

func (f *face) newKey(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" {
		name = p.T("account.key_unnamed")
	}
	clear, key, err := f.Keys.NewAPIKey(r.Context(), p.Who, p.Who.Account, name)
	if err != nil {
		return f.did(r, p, "keys", err)
	}
	f.show(w, r, p, once{Page: "/account", Of: key.ID, Secret: clear})
	return nil, redirect{"/account#keys"}
}

func (f *face) revokeKey(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Keys.RevokeAPIKey(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	return nil, redirect{"/account#keys"}
}

// entry is the sign-in and the sign-up page, and their neighbours.
type entry struct {
	Next   string
	Token  string
	Values url.Values
	Errors map[string]string
	Inputs []input
	Site   bool   // passkeys work at this address
	Waits  bool   // a form is carried out after the proof
	Form   string // what its page calls it
	Fresh  bool   // which was given
}

func (f *face) signInForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if p.SignedIn() {
		return nil, redirect{homeOf(p.Who, p.Next)}
	}
	p.Title = p.T("sign_in.title")
	_, site := f.site(r)
	return signInPage(p, entry{Next: p.Next, Values: url.Values{}, Site: site}), nil
}

func (f *face) signIn(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Next = r.PostFormValue("next")
	s, who, err := f.Accounts.SignIn(r.Context(), strings.TrimSpace(r.PostFormValue("email")), r.PostFormValue("password"), source.Of(r))
	if err != nil {
		switch k := fault.KindOf(err); k {
		case fault.Unproven, fault.Invalid, fault.Limited, fault.Forbidden:
			p.Status, p.Title = httpstatus.Of(k), p.T("sign_in.title")
			_, site := f.site(r)
			return signInPage(p, entry{Next: p.Next, Values: r.PostForm, Errors: map[string]string{"": p.why(err)}, Site: site}), nil
		default:
			return nil, err
		}
	}
	f.setSession(w, s)
	return nil, redirect{homeOf(who, p.Next)}
}

// homeOf is where somebody goes who has signed in: where he wanted to, or where
// his work is.
func homeOf(who member.Actor, next string) string {
	if next == "" && who.Role == member.Operator {
		return "/operator"
	}
	return localPath(next)
}

func signUpForm(p *page) form.Form {
	return form.Form{Fields: []form.Field{
		{Name: "name", Label: p.T("sign_up.name"), Type: "text", Required: true, Max: 100},
		{Name: "email", Label: p.T("sign_up.email"), Type: "email", Required: true, Max: 200},
		{Name: "password", Label: p.T("sign_up.password"), Type: "password", Required: true, Max: 200, Help: p.T("sign_up.password_help")},
		{Name: "country", Label: p.T("sign_up.country"), Type: "country"},
	}}
}

func (f *face) signUpForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if p.SignedIn() {
		return nil, redirect{localPath(p.Next)}
	}
	p.Title = p.T("sign_up.title")
	return signUpPage(p, entry{Next: p.Next, Inputs: p.inputs(signUpForm(p), url.Values{}, nil)}), nil
}

func (f *face) signUp(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	v := r.PostForm
	p.Next = v.Get("next")
	in := member.SignUp{
		Name: strings.TrimSpace(v.Get("name")), Email: strings.TrimSpace(v.Get("email")), Password: v.Get("password"), Country: v.Get("country"),
		Language: p.Tongue.Tag, TimeZone: v.Get("time_zone"), From: source.Of(r),
	}
	a, err := f.Accounts.SignUp(r.Context(), in)
	if err != nil {
		switch k := fault.KindOf(err); k {
		case fault.Invalid, fault.Conflict, fault.Limited:
			wrong := p.errorsOf(err)
			v.Del("password")
			p.Status, p.Title = httpstatus.Of(k), p.T("sign_up.title")
			return signUpPage(p, entry{Next: p.Next, Values: v, Errors: wrong, Inputs: p.inputs(signUpForm(p), v, wrong)}), nil
		default:
			return nil, err
		}
	}
	if a.ID == "" { // the rest is in the letter
		return p.wrote(p.T("letter.sign_up", "email", a.Email), p.T("letter.none_p", "email", a.Email)), nil
	}
	s, _, err := f.Accounts.SignIn(r.Context(), in.Email, in.Password, in.From)
	if err != nil {
		return nil, err
	}
	f.setSession(w, s)
	f.setJoined(w, joinedFor)
	return nil, redirect{localPath(cmp.Or(p.Next, "/"))}
}

// The page after a sign-up says once where its letter went.
const (
	joinedCookie = "joined"
	joinedFor    = 60 // seconds
)

func (f *face) setJoined(w http.ResponseWriter, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme the outside uses
		Name: joinedCookie, Value: "1", Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: f.Secure,
	})
}

func (f *face) readJoined(w http.ResponseWriter, r *http.Request, p *page) {
	if _, err := r.Cookie(joinedCookie); err != nil {
		return
	}
	f.setJoined(w, -1)
	a, err := f.Accounts.Account(r.Context(), p.Who, p.Who.Account)
	if err == nil && a.Confirmed.IsZero() {
		p.Joined = a.Email
	}
}

// wrote says that a letter is on its way, or that none can be sent.
func (p *page) wrote(sent, waits string) templ.Component {
	if !p.f.Mailing {
		p.Title = p.T("letter.none")
		return noMailPage(p, waits)
	}
	p.Title = p.T("letter.title")
	return letterPage(p, sent)
}

func (f *face) signOut(w http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	if c, err := r.Cookie(f.cookie()); err == nil {
		if err := f.Accounts.SignOut(r.Context(), c.Value); err != nil && fault.KindOf(err) == fault.Internal {
			return nil, err
		}
	}
	f.dropSession(w)
	return nil, redirect{"/"}
}

// confirmForm asks once more: what reads letters for people opens links too, and must not use them up.
func (f *face) confirmForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Title, p.Secret = p.T("confirm.title"), true
	return confirmPage(p, entry{Token: r.URL.Query().Get("token")}), nil
}

func (f *face) confirm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.Identity.Confirm(r.Context(), r.PostFormValue("token")); err != nil {
		return nil, err
	}
	p.Title = p.T("confirm.done")
	return confirmedPage(p), nil
}

func (f *face) forgotForm(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("forgot.title")
	return forgotPage(p, entry{Values: url.Values{}}), nil
}

func (f *face) forgot(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	email := strings.TrimSpace(r.PostFormValue("email"))
	if err := f.Identity.Recover(r.Context(), email, source.Of(r)); err != nil {
		switch k := fault.KindOf(err); k {
		case fault.Invalid, fault.Limited:
			p.Status, p.Title = httpstatus.Of(k), p.T("forgot.title")
			return forgotPage(p, entry{Values: r.PostForm, Errors: p.errorsOf(err)}), nil
		default:
			return nil, err
		}
	}
	return p.wrote(p.T("letter.forgot", "email", email), p.T("letter.none_forgot", "email", email)), nil
}

func (f *face) resetForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	token := r.URL.Query().Get("token")
	if err := f.Identity.ResetOpen(r.Context(), token); err != nil {
		return nil, err
	}
	p.Title, p.Secret = p.T("reset.title"), true
	return resetPage(p, entry{Token: token}), nil
}

func (f *face) reset(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	token := r.PostFormValue("token")
	if err := f.Identity.Reset(r.Context(), token, r.PostFormValue("password")); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		p.Title, p.Secret, p.Status = p.T("reset.title"), true, http.StatusUnprocessableEntity
		return resetPage(p, entry{Token: token, Errors: p.errorsOf(err)}), nil
	}
	return nil, redirect{"/sign-in"}
}

// browserName is a browser as people call it.
func browserName(agent string) string {
	pick := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	name := pick("Edg", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS/", "Firefox", "SamsungBrowser/", "Samsung Internet", "Chrome/", "Chrome", "CriOS/", "Chrome", "Safari/", "Safari")
	system := pick("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case name == "":
		short, _, _ := strings.Cut(agent, " ")
		return short
	case system == "":
		return name
	default:
		return name + ", " + system
	}
}
