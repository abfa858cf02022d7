package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
)

// Bell is what rings closed browsers and tells of missed calls.
type Bell interface {
	Key() string
	Ring(ctx context.Context, by member.Actor, s bell.Subscription, instance, name string) error
	Hush(ctx context.Context, by member.Actor, endpoint string) error
	Remove(ctx context.Context, by member.Actor, id string) error
	Choice(ctx context.Context, by member.Actor, membership string) (bell.Choice, error)
	Choose(ctx context.Context, by member.Actor, membership string, c bell.Choice) error
	Ringing(ctx context.Context, by member.Actor, membership string) ([]bell.Row, error)
}

// Missed is the calls that a member missed and has not looked at.
type Missed interface {
	AllWaiting(ctx context.Context, by member.Actor) (int, error)
	Looked(ctx context.Context, by member.Actor, upTo time.Time) error
}

func (f *face) ringRoutes() map[string]handler {
	return map[string]handler{
		"GET /phone/push":                   f.pushKey,
		"POST /phone/push":                  f.pushOn,
		"POST /phone/push/off":              f.pushOff,
		"GET /lines/{id}/rings":             f.rings,
		"POST /lines/{id}/rings":            f.missedChoice,
		"POST /lines/{id}/rings/{b}/remove": f.removeBrowser,
	}
}

// pushKey is what a browser subscribes with.
func (f *face) pushKey(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.scripted(w, r, p, map[string]string{"key": f.Bell.Key()}, p.signedIn())
}

// pushSubscription is a browser's, as its script has it (W3C Push API §8).
type pushSubscription struct {
	Endpoint string `json:"endpoint"`
	P256DH   string `json:"p256dh"`
	Auth     string `json:"auth"`
	Instance string `json:"instance"`
}

func (f *face) pushOn(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.signedIn(); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	var in pushSubscription
	if err := readJSON(r, &in); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	err := f.Bell.Ring(r.Context(), p.Who, bell.Subscription{Endpoint: in.Endpoint, P256DH: in.P256DH, Auth: in.Auth}, in.Instance, r.UserAgent())
	return f.scripted(w, r, p, map[string]bool{"rings": true}, err)
}

func (f *face) pushOff(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.signedIn(); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	var in pushSubscription
	if err := readJSON(r, &in); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	return f.scripted(w, r, p, map[string]bool{"rings": false}, f.Bell.Hush(r.Context(), p.Who, in.Endpoint))
}

// ringsData is the page of what rings for a number.
type ringsData struct {
	member.Membership
	Rows   []bell.Row
	Choice bell.Choice
	Email  string
	Done   bool
	Guests []idcard.SignIn // of others at his telephones
}

func (f *face) rings(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	m, err := f.Members.Membership(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if m.Account != p.Who.Account { // what rings for whom is for its holder to see
		return f.nothingHere(nil, r, p)
	}
	d := ringsData{Membership: m, Done: r.URL.Query().Has("done")}
	if d.Rows, err = f.Bell.Ringing(r.Context(), p.Who, m.ID); err != nil {
		return nil, err
	}
	if d.Choice, err = f.Bell.Choice(r.Context(), p.Who, m.ID); err != nil {
		return nil, err
	}
	if d.Guests, err = f.CardChoices.Guests(r.Context(), p.Who); err != nil {
		return nil, err
	}
	a, err := f.Accounts.Account(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return nil, err
	}
	d.Email = a.Email
	p.Title = p.T("rings.title")
	return ringsPage(p, d), nil
}

func (f *face) missedChoice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	id := r.PathValue("id")
	if err := f.Bell.Choose(r.Context(), p.Who, id, bell.Choice{Push: r.PostForm.Has("push"), Mail: r.PostForm.Has("mail")}); err != nil {
		return nil, err
	}
	return nil, redirect{"/lines/" + id + "/rings?done=1"}
}

func (f *face) removeBrowser(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Bell.Remove(r.Context(), p.Who, r.PathValue("b")); err != nil {
		return nil, err
	}
	return nil, redirect{"/lines/" + r.PathValue("id") + "/rings?done=1"}
}

// anyBrowser reports whether any rings by notifications, and so has a row of its own.
func (d *ringsData) anyBrowser() bool {
	return slices.ContainsFunc(d.Rows, func(x bell.Row) bool { return x.Browser != "" })
}

// ringName is what a row of the table is called.
func (p *page) ringName(d *ringsData, x bell.Row) string {
	switch x.Kind {
	case bell.KindBrowser:
		if x.Browser == "" {
			if x.Now.Rings && !d.anyBrowser() { // this one may be the one that is open
				return p.T("rings.browsers")
			}
			return p.T("rings.other_browsers")
		}
		if name := strings.TrimSpace(browserName(x.Name)); name != "" {
			return name
		}
		return p.T("rings.browser")
	case bell.KindTelephone:
		return p.deviceName(member.Device{Name: x.Name})
	case bell.KindCard:
		return p.deviceName(member.Device{Name: x.Name, Kind: member.Card})
	case bell.KindForward:
		return x.Name
	default:
		return p.T("rings.ordinary")
	}
}

// ringIcon is a sign for whether it rings, beside the words.
func ringIcon(v bell.Verdict) string {
	switch {
	case !v.Rings:
		return "✕"
	case v.Why == bell.WhyPush || v.Why == bell.WhyWoken || v.Why == bell.WhyNoAnswer || v.Why == bell.WhyBusy || v.Why == bell.WhyUnreachable:
		return "◔"
	default:
		return "✓"
	}
}
