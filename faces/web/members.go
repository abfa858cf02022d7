package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/idcard"
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
	Home    string
}

// deviceName is what its holder calls a telephone.
func (p *page) deviceName(d member.Device) string {
	switch {
	case d.Name == member.FirstTelephone:
		return p.T("lines.first")
	case d.Kind == member.Browser && d.Name == member.BrowserPhone:
		return p.T("lines.browser")
	case d.Kind == member.Card && d.Name == member.CardTerminal:
		return p.T("idcard.one")
	case d.Kind == member.Card && d.Name == member.PasskeyTerminal:
		return p.T("idcard.way.passkey")
	case d.Kind == member.Card && d.Name == member.KeypadTerminal:
		return p.T("idcard.way.telephone")
	default:
		return d.Name
	}
}

type linesData struct {
	Lines   []line
	Waiting []shop.Order // bought, not registered
	New     *credential  // a telephone just added
	NewOf   string       // its membership, or the one to which none could be added
	Problem string
	Done    bool
	Guests  []idcard.SignIn // of others at his telephones
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
	if d.Guests, err = f.CardChoices.Guests(r.Context(), p.Who); err != nil {
		return d, err
	}
	registered := map[string]bool{}
	for _, m := range ms {
		registered[m.Order] = true
		if m, err = f.Lines.NumbersProved(r.Context(), p.Who, m.ID); err != nil { // a proof lasts a day, what it proved stays
			return d, err
		}
		devices, err := f.Members.Devices(r.Context(), p.Who, m.ID)
		if err != nil {
			return d, err
		}
		d.Lines = append(d.Lines, line{Membership: m, Devices: devices, Home: f.Reader.Home(m.Country)})
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
	for _, l := range d.Lines {
		if c := f.shownOf(r, p, l.Devices); c != nil {
			d.New, d.NewOf = c, l.ID
		}
	}
	p.Title, d.Done = p.T("lines.title"), r.URL.Query().Has("done")
	return linesPage(p, d), nil
}

func (f *face) addDevice(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	m, err := f.Members.Membership(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	dev, adderr := f.Members.AddDevice(r.Context(), p.Who, m.ID, strings.TrimSpace(r.PostFormValue("name")), r.PostFormValue("country"))
	if adderr == nil {
		f.show(w, r, p, once{Page: "/lines", Of: dev.Device.ID, Secret: dev.Password})
		return nil, redirect{"/lines#" + m.ID}
	}
	if fault.KindOf(adderr) != fault.Invalid && fault.KindOf(adderr) != fault.Limited {
		return nil, adderr
	}
	d, err := f.linesOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title, d.NewOf = p.T("lines.title"), m.ID
	p.Status, d.Problem = httpstatus.Of(fault.KindOf(adderr)), p.fieldText(adderr)
	return linesPage(p, d), nil
}

func (p *page) fieldText(err error) string {
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		return p.say(fields[0].Text)
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

func (f *face) calls(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	history, err := f.Calls.History(r.Context(), p.Who.Account, r.URL.Query().Get("cursor"), perPage)
	if err != nil {
		return nil, err
	}
	d, err := f.dial(r, p)
	if err != nil {
		return nil, err
	}
	why, err := f.whyRefused(r.Context(), p, history.Items)
	if err != nil {
		return nil, err
	}
	if err := f.looked(r.Context(), p, history.Items); err != nil {
		return nil, err
	}
	names, err := f.names(r.Context(), p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("calls.title")
	return callsPage(p, d, history, names, why), nil
}

// looked notes that a member has seen the calls that he missed: the lamps of his
// telephones go out.
func (f *face) looked(ctx context.Context, p *page, shown []cdr.Record) error {
	var last time.Time
	for i := range shown {
		if r := &shown[i]; r.Missed() && r.To.Account == p.Who.Account && r.End.After(last) {
			last = r.End
		}
	}
	if last.IsZero() {
		return nil
	}
	return f.Missed.Looked(ctx, p.Who, last)
}

// outgoing reports whether a call of the history was made by the account.
func outgoing(r cdr.Record, account string) bool { return r.From.Account == account }

func (f *face) about(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("about.title")
	return aboutPage(p, p.countries()), nil
}

// ended is how a call ended. What failed on its way to somebody who is not ours
// failed in his network, or in a carrier's.
func (p *page) ended(r cdr.Record) string {
	switch out := outgoing(r, p.Who.Account); {
	case out && r.Cause == cdr.Failed && r.To.Number.Zero():
		return p.T("cause.failed_there")
	case out || !r.Missed():
		return p.T("cause." + r.CauseFor(p.Who.Account).String())
	case r.Cause == cdr.Busy:
		return p.T("cause.missed_busy")
	case r.Cause == cdr.Unavailable:
		return p.T("cause.missed_away")
	default:
		return p.T("cause.missed")
	}
}
