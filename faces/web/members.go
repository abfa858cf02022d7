package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// registerable is the registration's fields a person fills in: the order is known from the address.
func registerable(f *face) form.Form {
	var out form.Form
	for _, x := range f.Members.Form().Fields {
		if x.Name != "order_id" && x.Name != "offices" {
			out.Fields = append(out.Fields, x)
		}
	}
	return out
}

// line is one number of a member with its telephones.
type line struct {
	member.Membership
	Devices []member.Device
	Domain  string
	Home    string
}

type linesData struct {
	Lines   []line
	Waiting []shop.Order // bought, not registered
	New     *credential  // a telephone just added
	NewOf   string       // its membership
	Problem string
}

func (f *face) linesOf(r *http.Request, p *page) (linesData, error) {
	var d linesData
	if err := p.must(); err != nil {
		return d, err
	}
	ms, err := f.Members.Memberships(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return d, err
	}
	registered := map[string]bool{}
	for _, m := range ms {
		registered[m.Order] = true
		devices, err := f.Members.Devices(r.Context(), p.Who, m.ID)
		if err != nil {
			return d, err
		}
		d.Lines = append(d.Lines, line{Membership: m, Devices: devices, Domain: f.Reader.SIPDomain(m.Country), Home: f.Reader.Home(m.Country)})
	}
	for cursor := ""; ; {
		list, next, err := f.Orders.Orders(r.Context(), p.Who, p.Who.Account, cursor, 100)
		if err != nil {
			return d, err
		}
		for _, o := range list {
			if o.State == shop.Sold && !registered[o.ID] {
				d.Waiting = append(d.Waiting, o)
			}
		}
		if cursor = next; cursor == "" {
			return d, nil
		}
	}
}

func (f *face) lines(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.linesOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("lines.title")
	return linesPage(p, d), nil
}

func (f *face) addDevice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	m, err := f.Members.Membership(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	country := r.PostFormValue("country")
	dev, adderr := f.Members.AddDevice(r.Context(), p.Who, m.ID, strings.TrimSpace(r.PostFormValue("name")), country)
	if adderr != nil && fault.KindOf(adderr) != fault.Invalid && fault.KindOf(adderr) != fault.Limited {
		return nil, adderr
	}
	d, err := f.linesOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title, d.NewOf = p.T("lines.title"), m.ID
	if adderr != nil {
		p.Status, d.Problem = httpstatus.Of(fault.KindOf(adderr)), p.fieldText(adderr)
	} else {
		if country == "" {
			country = m.Country
		}
		c := f.credentialOf(dev, country)
		p.Secret, d.New = true, &c
	}
	f.readPurse(r.Context(), p)
	return linesPage(p, d), nil
}

func (p *page) fieldText(err error) string {
	for _, text := range p.errorsOf(err) {
		return text
	}
	return p.why(err)
}

func (f *face) revokeDevice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Members.RevokeDevice(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	return nil, redirect{"/lines"}
}

func (f *face) wallet(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	lines, next, err := f.Wallet.History(r.Context(), ledger.WalletID(p.Who.Account, f.Currency), r.URL.Query().Get("cursor"), perPage)
	if err != nil && fault.KindOf(err) != fault.Unknown {
		return nil, err
	}
	p.Title = p.T("wallet.title")
	return walletPage(p, lines, next), nil
}

func (f *face) calls(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	history, err := f.Calls.History(r.Context(), p.Who.Account, r.URL.Query().Get("cursor"), perPage)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("calls.title")
	return callsPage(p, history), nil
}

// outgoing reports whether a call of the history was made by the account.
func outgoing(r cdr.Record, account string) bool { return r.From.Account == account }

func (f *face) about(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("about.title")
	return aboutPage(p, p.countries()), nil
}

type accountData struct {
	member.Account
	Keys   []member.APIKey
	NewKey string
}

func (f *face) accountOf(r *http.Request, p *page) (accountData, error) {
	var d accountData
	if err := p.must(); err != nil {
		return d, err
	}
	var err error
	if d.Account, err = f.Accounts.Account(r.Context(), p.Who, p.Who.Account); err != nil {
		return d, err
	}
	d.Keys, err = f.Keys.APIKeys(r.Context(), p.Who, p.Who.Account)
	return d, err
}

func (f *face) account(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.accountOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("account.title")
	return accountPage(p, d), nil
}

func (f *face) newKey(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" {
		name = p.T("account.key_unnamed")
	}
	clear, _, err := f.Keys.NewAPIKey(r.Context(), p.Who, p.Who.Account, name)
	if err != nil {
		return nil, err
	}
	d, err := f.accountOf(r, p)
	if err != nil {
		return nil, err
	}
	d.NewKey, p.Secret, p.Title = clear, true, p.T("account.title")
	f.readPurse(r.Context(), p)
	return accountPage(p, d), nil
}

func (f *face) revokeKey(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Keys.RevokeAPIKey(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	return nil, redirect{"/account"}
}

// entry is the sign-in and the sign-up page.
type entry struct {
	Next   string
	Values url.Values
	Errors map[string]string
	Inputs []input
}

func (f *face) signInForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if p.SignedIn() {
		return nil, redirect{localPath(r.URL.Query().Get("next"))}
	}
	p.Title = p.T("sign_in.title")
	return signInPage(p, entry{Next: r.URL.Query().Get("next"), Values: url.Values{}}), nil
}

func (f *face) signIn(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	s, _, err := f.Accounts.SignIn(r.Context(), strings.TrimSpace(r.PostFormValue("email")), r.PostFormValue("password"))
	if err != nil {
		switch k := fault.KindOf(err); k {
		case fault.Unproven, fault.Invalid, fault.Limited, fault.Forbidden:
			p.Status, p.Title = httpstatus.Of(k), p.T("sign_in.title")
			return signInPage(p, entry{Next: r.PostFormValue("next"), Values: r.PostForm, Errors: map[string]string{"": p.why(err)}}), nil
		default:
			return nil, err
		}
	}
	f.setSession(w, s)
	return nil, redirect{localPath(r.PostFormValue("next"))}
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
		return nil, redirect{localPath(r.URL.Query().Get("next"))}
	}
	p.Title = p.T("sign_up.title")
	return signUpPage(p, entry{Next: r.URL.Query().Get("next"), Inputs: p.inputs(signUpForm(p), url.Values{}, nil)}), nil
}

func (f *face) signUp(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	v := r.PostForm
	in := member.SignUp{
		Name: strings.TrimSpace(v.Get("name")), Email: strings.TrimSpace(v.Get("email")), Password: v.Get("password"), Country: v.Get("country"),
		Language: p.Tongue.Tag, TimeZone: v.Get("time_zone"),
	}
	_, err := f.Accounts.SignUp(r.Context(), in)
	if err != nil {
		switch k := fault.KindOf(err); k {
		case fault.Invalid, fault.Conflict, fault.Limited:
			wrong := p.errorsOf(err)
			v.Del("password")
			p.Status, p.Title = httpstatus.Of(k), p.T("sign_up.title")
			return signUpPage(p, entry{Next: v.Get("next"), Values: v, Errors: wrong, Inputs: p.inputs(signUpForm(p), v, wrong)}), nil
		default:
			return nil, err
		}
	}
	s, _, err := f.Accounts.SignIn(r.Context(), in.Email, in.Password)
	if err != nil {
		return nil, err
	}
	f.setSession(w, s)
	next := v.Get("next")
	if next == "" {
		next = "/"
	}
	return nil, redirect{localPath(next)}
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
