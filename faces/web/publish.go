package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"rsc.io/qr"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/faces/httpstatus"
	"github.com/callisto-tel/callisto/faces/source"
)

// Publisher is what numbers let everybody see.
type Publisher interface {
	Mine(ctx context.Context, by member.Actor, membership string) (publish.Card, error)
	Set(ctx context.Context, by member.Actor, membership string, c publish.Card) (publish.Card, error)
	Of(ctx context.Context, membership string) (publish.Card, error)
	Write(ctx context.Context, membership string, m publish.Message) error
}

func (f *face) publishRoutes() map[string]handler {
	return map[string]handler{
		"GET /n/{number}":          f.card,
		"POST /n/{number}/write":   f.writeTo,
		"GET /go/{number}":         f.goTo,
		"GET /n/{number}/qr.svg":   f.cardCode,
		"GET /lines/{id}/publish":  f.publishForm,
		"POST /lines/{id}/publish": f.publish,
	}
}

// cardData is the public page of a number.
type cardData struct {
	routing.Holder
	publish.Card
	Offices    []numbering.Number // of a bare root
	Sent       bool
	From, Body string
	Errors     map[string]string
}

// nothingPublished is said of a number of nobody and of one that publishes
// nothing alike.
func nothingPublished() error {
	return fault.New(fault.Unknown, "nothing_published", "There is nothing to see of this number.")
}

// published finds the number in an address: as it is typed with * for #, with
// a +, or a company's bare root.
func (f *face) published(r *http.Request) (d cardData, err error) {
	typed, err := numbering.ParseTyped(r.PathValue("number"))
	if err != nil {
		return d, nothingPublished()
	}
	var found bool
	d.Holder, found = routing.Find(f.Sold, r.PathValue("number"))
	if !found && typed.Kind == numbering.Plus {
		if l, rented := f.Rented.Line(typed.Text); rented && !l.Number.Zero() {
			d.Holder, found = f.Sold.Typed(l.Number.Canonical())
		}
	}
	if c, bare := f.Sold.Root(typed.Text); found && bare {
		for code := range c.Offices {
			d.Offices = append(d.Offices, numbering.Number{Kind: numbering.Company, CallingCode: code, National: c.Root})
		}
		slices.SortFunc(d.Offices, func(a, b numbering.Number) int { return strings.Compare(a.CallingCode, b.CallingCode) })
	}
	if !found {
		return d, nothingPublished()
	}
	if d.Card, err = f.Publisher.Of(r.Context(), d.Membership); err == nil && d.Empty() {
		err = nothingPublished()
	}
	return d, err
}

func (f *face) card(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.published(r)
	if err != nil {
		return nil, err
	}
	d.Sent = r.URL.Query().Has("sent")
	p.Title = d.Number.Display()
	return cardPage(p, d), nil
}

// cardCode is the address of a number's page as a QR code (ISO/IEC 18004), for
// paper and shop windows.
func (f *face) cardCode(w http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	d, err := f.published(r)
	if err != nil {
		return nil, err
	}
	code, err := qr.Encode(source.Origin(f.Origin, r)+"/n/"+publish.Address(d.Number), qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw the QR code of %s: %w", d.Number, err)
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err = w.Write(drawn(code)) //nolint:gosec // squares and numbers of ours
	return nil, err
}

// drawn is a code as SVG, with the quiet zone of four modules that readers need.
func drawn(code *qr.Code) []byte {
	const quiet = 4
	side := code.Size + 2*quiet
	b := fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, side, side)
	return append(appendModules(b, code, quiet), `"/></svg>`...)
}

// appendModules appends the black modules of a code as an SVG path, moved right
// and down.
func appendModules(b []byte, code *qr.Code, by int) []byte {
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				b = fmt.Appendf(b, "M%d %dh1v1h-1z", x+by, y+by)
			}
		}
	}
	return b
}

// goTo names the site a number leads to before anybody goes there.
func (f *face) goTo(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.published(r)
	if err == nil && d.Web == "" {
		err = nothingPublished()
	}
	if err != nil {
		return nil, err
	}
	p.Title = d.Number.Display()
	return goPage(p, d), nil
}

// host is where a published site is.
func (d cardData) host() string {
	u, err := url.Parse(d.Web)
	if err != nil {
		return ""
	}
	return u.Host
}

func (f *face) writeTo(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.published(r)
	if err != nil {
		return nil, err
	}
	d.From, d.Body = r.PostFormValue("from"), r.PostFormValue("text")
	err = f.Publisher.Write(r.Context(), d.Membership, publish.Message{From: d.From, Text: d.Body, Trap: r.PostFormValue("website"), Source: source.Of(r).Address})
	switch kind := fault.KindOf(err); {
	case err == nil:
		return nil, redirect{"/n/" + publish.Address(d.Number) + "?sent=1"}
	case kind == fault.Invalid || kind == fault.Limited:
		p.Status, p.Title, d.Errors = httpstatus.Of(kind), d.Number.Display(), p.errorsOf(err)
		return cardPage(p, d), nil
	default:
		return nil, err
	}
}

// publishData is the page on which a member publishes.
type publishData struct {
	member.Membership
	Card   publish.Card
	Done   bool
	Errors map[string]string
}

func (f *face) publishForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	c, err := f.Publisher.Mine(r.Context(), p.Who, m.ID)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("publish.title")
	return publishPage(p, publishData{Membership: m, Card: c, Done: r.URL.Query().Has("done")}), nil
}

func (f *face) publish(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	c := publish.Card{
		Name: r.PostFormValue("name"), Web: r.PostFormValue("web"), Email: r.PostFormValue("email"), Text: r.PostFormValue("text"), Form: r.PostFormValue("form") != "",
		Unlisted: r.PostFormValue("enum") == "",
	}
	if _, err := f.Publisher.Set(r.Context(), p.Who, m.ID, c); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		p.Status, p.Title = http.StatusUnprocessableEntity, p.T("publish.title")
		return publishPage(p, publishData{Membership: m, Card: c, Errors: p.errorsOf(err)}), nil
	}
	return nil, redirect{"/lines/" + m.ID + "/publish?done=1"}
}
