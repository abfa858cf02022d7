package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Access is how members reach the house from any telephone.
type Access interface {
	Numbers() []access.Number
	Put(ctx context.Context, by member.Actor, n access.Number) error
	Remove(ctx context.Context, by member.Actor, e164 string) error
	Of(ctx context.Context, account string) (access.Settings, []access.Short, error)
	Set(ctx context.Context, by member.Actor, s access.Settings) error
	SetShort(ctx context.Context, by member.Actor, x access.Short) error
}

// PINs prove on a keypad that it is the member.
type PINs interface {
	Of(ctx context.Context, by member.Actor) (pin.State, error)
	Set(ctx context.Context, by member.Actor, digits string) error
	Remove(ctx context.Context, by member.Actor) error
	Unlock(ctx context.Context, by member.Actor) error
}

// CallBacks ring members.
type CallBacks interface {
	CallBack(ctx context.Context, by member.Actor, number, telephone, target string) (callID string, err error)
}

func (f *face) accessRoutes() map[string]handler {
	return map[string]handler{
		"GET /access":                  f.accessPage,
		"POST /access":                 f.setAccess,
		"POST /access/pin":             f.setPIN,
		"POST /access/pin/unlock":      f.unlockPIN,
		"POST /access/pin/remove":      f.removePIN,
		"POST /access/short":           f.setShort,
		"POST /access/back":            f.ringMe,
		"GET /operator/access":         f.staffOnly(f.accessDesk),
		"POST /operator/access":        f.staffOnly(f.putAccess),
		"POST /operator/access/remove": f.staffOnly(f.removeAccess),
	}
}

// accessData is how somebody calls from any telephone.
type accessData struct {
	Numbers  []access.Number
	Settings access.Settings
	Shorts   []access.Short
	PIN      pin.State
	Lines    []member.Membership
	Done     string
	Typed    url.Values
	Errors   map[string]string
}

func (f *face) accessOf(r *http.Request, p *page, err error) (templ.Component, error) {
	d := accessData{Numbers: f.Access.Numbers(), Typed: r.PostForm, Done: r.URL.Query().Get("done")}
	switch k := fault.KindOf(err); {
	case err == nil:
	case fault.ReasonOf(err).Code == "prove_again":
		return nil, err
	case k == fault.Invalid || k == fault.Conflict || k == fault.Forbidden || k == fault.Limited || k == fault.Unavailable:
		p.Status, d.Errors = httpstatus.Of(k), p.errorsOf(err)
	default:
		return nil, err
	}
	p.Title = p.T("access.title")
	ctx := r.Context()
	if d.Settings, d.Shorts, err = f.Access.Of(ctx, p.Who.Account); err != nil {
		return nil, err
	}
	if d.PIN, err = f.PINs.Of(ctx, p.Who); err != nil {
		return nil, err
	}
	if d.Lines, err = f.Members.Memberships(ctx, p.Who, p.Who.Account); err != nil {
		return nil, err
	}
	return accessView(p, d), nil
}

func (f *face) accessPage(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return f.accessOf(r, p, nil)
}

// changes does something with the page, and shows it again.
func (f *face) changesAccess(r *http.Request, p *page, done string, do func(ctx context.Context) error) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := do(r.Context()); err != nil {
		return f.accessOf(r, p, err)
	}
	return nil, redirect{"/access?done=" + done}
}

func (f *face) setAccess(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	on := func(name string) bool { return r.PostFormValue(name) != "" }
	return f.changesAccess(r, p, "saved", func(ctx context.Context) error {
		return f.Access.Set(ctx, p.Who, access.Settings{Recognise: on("recognise"), AskPIN: on("ask_pin"), SayPrice: on("say_price"), RingBack: on("ring_back")})
	})
}

func (f *face) setPIN(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	digits := r.PostFormValue("pin")
	return f.changesAccess(r, p, "saved", func(ctx context.Context) error { return f.PINs.Set(ctx, p.Who, digits) })
}

func (f *face) unlockPIN(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.changesAccess(r, p, "saved", func(ctx context.Context) error { return f.PINs.Unlock(ctx, p.Who) })
}

func (f *face) removePIN(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.changesAccess(r, p, "saved", func(ctx context.Context) error { return f.PINs.Remove(ctx, p.Who) })
}

func (f *face) setShort(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	key, err := strconv.Atoi(r.PostFormValue("key"))
	if err != nil {
		key = 0 // which is told to be wrong
	}
	return f.changesAccess(r, p, "saved", func(ctx context.Context) error {
		return f.Access.SetShort(ctx, p.Who, access.Short{Key: key, To: r.PostFormValue("to")})
	})
}

func (f *face) ringMe(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.changesAccess(r, p, "rung", func(ctx context.Context) error {
		number, telephone, _ := strings.Cut(r.PostFormValue("line"), "|")
		_, err := f.CallBacks.CallBack(ctx, p.Who, number, telephone, r.PostFormValue("target"))
		return err
	})
}

// accessDeskData is the operator's page of access numbers.
type accessDeskData struct {
	Numbers  []access.Number
	Carriers []carrier.Carrier
	Typed    url.Values
	Errors   map[string]string
}

func (f *face) accessDeskWith(r *http.Request, p *page, err error) (templ.Component, error) {
	d := accessDeskData{Numbers: f.Access.Numbers(), Typed: r.PostForm}
	if err != nil {
		if k := fault.KindOf(err); k != fault.Invalid && k != fault.Unknown {
			return nil, err
		}
		p.Status, d.Errors = httpstatus.Of(fault.KindOf(err)), p.errorsOf(err)
	}
	p.Title = p.T("accessdesk.title")
	if d.Carriers, err = f.Carriers.Carriers(r.Context(), p.Who); err != nil {
		return nil, err
	}
	return accessDeskView(p, d), nil
}

func (f *face) accessDesk(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.accessDeskWith(r, p, nil)
}

func (f *face) putAccess(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	n := access.Number{E164: r.PostFormValue("e164"), Carrier: r.PostFormValue("carrier"), Language: r.PostFormValue("language")}
	if err := f.Access.Put(r.Context(), p.Who, n); err != nil {
		return f.accessDeskWith(r, p, err)
	}
	return nil, redirect{"/operator/access"}
}

func (f *face) removeAccess(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.Access.Remove(r.Context(), p.Who, r.PostFormValue("e164")); err != nil {
		return f.accessDeskWith(r, p, err)
	}
	return nil, redirect{"/operator/access"}
}

// provedAny reports whether any of his numbers has a telephone that he has proved.
func provedAny(d accessData) bool {
	return slices.ContainsFunc(d.Lines, func(m member.Membership) bool { return len(m.Proved) > 0 })
}

// unproved are the telephones of some numbers that their holder has not proved.
func unproved(lines []member.Membership) (list []member.Own) {
	for _, m := range lines {
		for _, o := range m.Own() {
			if !o.Proved && o.E164 != "" && !slices.ContainsFunc(list, func(x member.Own) bool { return x.E164 == o.E164 }) {
				list = append(list, o)
			}
		}
	}
	return list
}
