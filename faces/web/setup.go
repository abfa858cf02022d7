package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"rsc.io/qr"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/faces/httpstatus"
	"github.com/callisto-tel/callisto/faces/provision"
	"github.com/callisto-tel/callisto/faces/source"
)

// Setups are links by which telephones fetch their settings.
type Setups interface {
	Make(ctx context.Context, by member.Actor, membership string, a setup.Ask) (setup.Made, error)
	Links(ctx context.Context, by member.Actor, membership string) ([]setup.Link, error)
	TakeBack(ctx context.Context, by member.Actor, id string) (setup.Link, error)
	Paced(source string) error
	Fetch(ctx context.Context, token string, c setup.Caller, w setup.Want) (setup.Account, error)
}

// Describer says where a telephone registers and how.
type Describer interface {
	Describe(a setup.Account) provision.Account
}

func (f *face) setupRoutes() map[string]handler {
	return map[string]handler{
		"GET /lines/{id}/setup":    f.setUp,
		"POST /lines/{id}/setup":   f.makeSetup,
		"POST /setups/{id}/revoke": f.takeSetupBack,
		"GET /lines/{id}/card.vcf": f.lineCard,
		"GET /p/{token}/{file...}": f.telephoneFile,
	}
}

// byHand is the choice that is no link.
const byHand = "hand"

// setupData is the page on which telephones are set up.
type setupData struct {
	member.Membership
	Devices []member.Device // that can be set up anew
	Links   []setup.Link
	Names   map[string]string // of the devices of the links
	Chosen  string            // whose telephone
	Typed   url.Values
	Errors  map[string]string
	Made    *setup.Made // shown this once
	URL     string
	Code    string // its QR code, as an image
	Hand    *provision.Account
	Domain  string   // of the number's address
	Tels    []string // of ordinary telephones
	Back    bool     // a link was taken back
}

func (f *face) setupOf(r *http.Request, p *page) (d setupData, err error) {
	if err := p.must(); err != nil {
		return d, err
	}
	if d.Membership, err = f.Members.Membership(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return d, err
	}
	all, err := f.Members.Devices(r.Context(), p.Who, d.ID)
	if err != nil {
		return d, err
	}
	d.Names = map[string]string{}
	for _, x := range all {
		d.Names[x.ID] = p.deviceName(x)
		if x.Kind == member.Telephone && x.Revoked.IsZero() {
			d.Devices = append(d.Devices, x)
		}
	}
	d.Domain = f.Reader.SIPDomain(d.Country)
	d.Chosen, d.Typed, d.Errors = string(setup.Linphone), url.Values{}, map[string]string{}
	if d.Tels, err = f.telLinks(r.Context(), p, d.ID); err != nil {
		return d, err
	}
	if d.Links, err = f.Setups.Links(r.Context(), p.Who, d.ID); err != nil {
		return d, err
	}
	p.Title = p.T("setup.title")
	return d, nil
}

func (f *face) setUp(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.setupOf(r, p)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	d.Back = q.Has("back")
	if k := q.Get("kind"); k == byHand || slices.Contains(setup.Kinds(), setup.Kind(k)) {
		d.Chosen = k
	}
	d.Typed.Set("device", q.Get("device"))
	if x, ok := f.shown(r, p); ok {
		f.showSetup(r, &d, x)
	}
	return setupPage(p, d), nil
}

// showSetup shows what was just made.
func (f *face) showSetup(r *http.Request, d *setupData, x once) {
	for i := range d.Links {
		if l := d.Links[i]; l.ID == x.Of && l.State(f.Now()) == setup.Waiting {
			d.Made = &setup.Made{Link: l, Token: x.Secret}
			d.URL = source.Origin(f.Origin, r) + d.Made.Path()
			if code, err := qr.Encode(d.URL, qr.M); err == nil && l.Kind == setup.Linphone {
				d.Code = "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG()) // a tenth of what its SVG weighs, and a page with a secret goes out unpacked
			}
			return
		}
	}
	for _, x2 := range d.Devices {
		if x2.ID == x.Of {
			a := f.Describer.Describe(setup.Account{SIPUser: x2.SIPUser, Password: x.Secret, Name: d.Name, Number: x2.Number, Country: x2.Country, Device: x2.ID, Sound: x2.Sound})
			d.Hand = &a
		}
	}
}

func (f *face) makeSetup(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.setupOf(r, p)
	if err != nil {
		return nil, err
	}
	v := r.PostForm
	kind, device, name := v.Get("kind"), v.Get("device"), strings.TrimSpace(v.Get("name"))
	made, err := "", error(nil)
	secret := ""
	switch {
	case kind == byHand && device != "":
		var x member.NewDevice
		x, err = f.Lines.NewPassword(r.Context(), p.Who, device)
		made, secret = x.Device.ID, x.Password
	case kind == byHand:
		var x member.NewDevice
		x, err = f.Members.AddDevice(r.Context(), p.Who, d.ID, name, v.Get("country"))
		made, secret = x.Device.ID, x.Password
	default:
		var x setup.Made
		x, err = f.Setups.Make(r.Context(), p.Who, d.ID, setup.Ask{Kind: setup.Kind(kind), MAC: v.Get("mac"), Name: name, Device: device, Country: v.Get("country")})
		made, secret = x.Link.ID, x.Token
	}
	if err == nil {
		f.show(w, r, p, once{Page: "/lines/" + d.ID + "/setup", Of: made, Secret: secret})
		return nil, redirect{"/lines/" + d.ID + "/setup#made"}
	}
	k := fault.KindOf(err)
	if k == fault.Internal || k == fault.Unknown {
		return nil, err
	}
	p.Status = httpstatus.Of(k)
	d.Chosen, d.Typed, d.Errors = kind, v, p.errorsOf(err)
	return setupPage(p, d), nil
}

func (f *face) takeSetupBack(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	l, err := f.Setups.TakeBack(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return nil, redirect{"/lines/" + l.Membership + "/setup?back=1#links"}
}

// telephoneFile serves a telephone its settings, and tells everybody else why not.
func (f *face) telephoneFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	from := source.Of(r)
	kind, mac := provision.Phone(from.Browser)
	file, err := []byte(nil), f.fetchable(r, from.Address)
	contentType := ""
	if err == nil {
		want, known := provision.File(r.PathValue("file"))
		if !known { // telephones ask for several files: what is no name of ours is not there
			err = fault.New(fault.Unknown, "setup_file", "There is no such file here. A telephone asks for its own by itself: type the address of the link into it as it is.")
		} else {
			c := setup.Caller{Kind: kind, MAC: mac, Agent: from.Browser, Network: networkOf(from.Address), Header: r.Header.Get("X-Linphone-Provisioning") != ""}
			var a setup.Account
			if a, err = f.Setups.Fetch(r.Context(), r.PathValue("token"), c, want); err == nil {
				file, contentType = provision.Write(want, f.Describer.Describe(a))
			}
		}
	}
	if err == nil {
		h.Set("Content-Type", contentType)
		h.Set("Content-Length", strconv.Itoa(len(file)))
		_, err = w.Write(file) //nolint:gosec // a file of settings, escaped by who wrote it, and no page
		if err != nil {
			f.Log.InfoContext(r.Context(), "a telephone went away while it fetched its settings")
		}
		return nil, nil //nolint:nilnil // it is answered
	}
	if kind == "" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.Secret = true // the address is one
		return nil, err
	}
	status := httpstatus.Of(fault.KindOf(err))
	if status == http.StatusInternalServerError {
		f.Log.ErrorContext(r.Context(), "settings of a telephone", "error", err)
	}
	if status == http.StatusTooManyRequests {
		h.Set("Retry-After", "60")
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(fault.ReasonOf(err).Text + "\n"))
	return nil, nil //nolint:nilnil // it is answered
}

// fetchable says whether anything is served over this connection: only what is
// secure, or on the machine of `callisto dev`, and not too often.
func (f *face) fetchable(r *http.Request, from string) error {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	near := err == nil && remote.Addr().Unmap().IsLoopback()
	if r.TLS == nil && (!f.Secure || r.Header.Get("X-Forwarded-Proto") == "http") && (!f.Dev || !near) {
		return fault.New(fault.Forbidden, "setup_plain", "Settings hold a password, and are served over https only. Begin the address with https://.")
	}
	if r.Method != http.MethodGet { // nothing is taken by looking whether it is there
		return fault.New(fault.Invalid, "setup_method", "A telephone fetches its settings with GET.")
	}
	return f.Setups.Paced(from)
}

// lineCard is a number as an entry of an address book (RFC 6350).
func (f *face) lineCard(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	m, err := f.Members.Membership(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`, "\r", "")
	b := "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:" + text.Replace(m.Name) + "\r\n"
	tels, err := f.telLinks(r.Context(), p, m.ID)
	if err != nil {
		return nil, err
	}
	for _, tel := range tels {
		b += "TEL;VALUE=uri;TYPE=voice:" + tel + "\r\n"
	}
	b += "IMPP:" + sipLink(m, f.Reader.SIPDomain(m.Country)) + "\r\nEND:VCARD\r\n"
	w.Header().Set("Content-Type", "text/vcard; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+m.Number.UserPart()+`.vcf"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write([]byte(b)) //nolint:gosec // a vCard, to be kept, and no page
	return nil, err
}

// sipLink is a number as an address that other telephones call (RFC 3261 §19.1):
// a # in it is %23.
func sipLink(m member.Membership, domain string) string {
	return "sip:" + strings.ReplaceAll(m.Number.Canonical(), "#", "%23") + "@" + domain
}

// telLinks are the telephone numbers that ring a number, as tel URIs (RFC 3966):
// a world number is none of ordinary telephones.
func (f *face) telLinks(ctx context.Context, p *page, membership string) (out []string, err error) {
	list, err := f.Telephones.Of(ctx, p.Who, membership)
	for _, n := range list {
		if n.State.Rings() {
			out = append(out, "tel:"+n.E164)
		}
	}
	return out, err
}

// setupState is how far a link is, in words.
func (p *page) setupState(l setup.Link, now time.Time) string {
	switch l.State(now) {
	case setup.Revoked:
		return p.T("setup.state.revoked")
	case setup.Expired:
		return p.T("setup.state.expired")
	case setup.Fetched:
		return p.T("setup.state.fetched")
	default:
		return p.T("setup.state.waiting")
	}
}

// maker is whose telephone a kind is.
func (p *page) maker(k string) string {
	switch setup.Kind(k) {
	case setup.Linphone:
		return "Linphone"
	case setup.Yealink:
		return "Yealink"
	case setup.Grandstream:
		return "Grandstream"
	case setup.Snom:
		return "Snom"
	default:
		return p.T("setup.kind.hand")
	}
}

// setupKinds are the choices of the form.
func setupKinds() (out []string) {
	for _, k := range setup.Kinds() {
		out = append(out, string(k))
	}
	return append(out, byHand)
}

// setupHow says where the address is typed in.
func (p *page) setupHow(k setup.Kind) string {
	switch k {
	case setup.Yealink:
		return p.T("setup.how.yealink")
	case setup.Grandstream:
		return p.T("setup.how.grandstream")
	case setup.Snom:
		return p.T("setup.how.snom")
	default:
		return p.T("setup.how.linphone")
	}
}

func soundWords(p *page, sound string) string {
	switch sound {
	case provision.SoundMust, provision.SoundDTLS:
		return p.T("setup.sound.must")
	case provision.SoundPlain:
		return p.T("setup.sound.never")
	default:
		return p.T("setup.sound.may")
	}
}
