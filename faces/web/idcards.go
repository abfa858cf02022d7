package web

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"rsc.io/qr"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// IDCards are a member's ID cards.
type IDCards interface {
	Offers(ctx context.Context, by member.Actor) ([]idcard.Offer, error)
	Order(ctx context.Context, by member.Actor, o idcard.Order) (idcard.Card, error)
	Card(ctx context.Context, by member.Actor, id string) (idcard.Card, error)
	Cards(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]idcard.Card, string, error)
	Write(ctx context.Context, by member.Actor, id, algorithm, key string) (idcard.Card, string, error)
	Revoke(ctx context.Context, by member.Actor, id string) error
}

// CardChoices is what their holders want of sign-ins, and what there were.
type CardChoices interface {
	Choice(ctx context.Context, by member.Actor, membership string) (idcard.Choice, error)
	SetChoice(ctx context.Context, by member.Actor, membership string, c idcard.Choice) error
	SignIns(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]idcard.SignIn, string, error)
	End(ctx context.Context, by member.Actor, id string) error
	Guests(ctx context.Context, by member.Actor) ([]idcard.SignIn, error)
}

// CardDesk is what the operator does with cards.
type CardDesk interface {
	SetOffer(ctx context.Context, by member.Actor, o idcard.Offer) error
	MarkSent(ctx context.Context, by member.Actor, id string) error
}

// CardPress draws a card as PDF.
type CardPress interface {
	IDCard(c idcard.Card, page, language string) ([]byte, error)
}

func (f *face) idCardRoutes() map[string]handler {
	return map[string]handler{
		"GET /cards":                        f.idCards,
		"POST /cards":                       f.orderCard,
		"POST /cards/{id}/write":            f.writeCard,
		"POST /cards/{id}/revoke":           f.revokeCard,
		"GET /cards/{id}/card.svg":          f.cardPicture,
		"GET /cards/{id}/card.pdf":          f.cardPaper,
		"POST /cards/choice":                f.chooseCard,
		"POST /cards/sign-ins/end":          f.endCardSignIns,
		"GET /operator/cards":               f.staffOnly(f.cardDesk),
		"POST /operator/cards":              f.staffOnly(f.setCardOffer),
		"POST /operator/cards/{id}/sent":    f.staffOnly(f.cardSent),
		"POST /operator/cards/{id}/revoked": f.staffOnly(f.deskRevokesCard),
	}
}

// chosenLine is a number and what its holder wants of sign-ins to it.
type chosenLine struct {
	member.Membership
	idcard.Choice
}

// idCardsData is the page of a member's cards.
type idCardsData struct {
	Cards   []idcard.Card
	SignIns []idcard.SignIn
	Next    string
	Lines   []chosenLine
	Offers  []idcard.Offer
	Once    string
	Done    string
	Typed   map[string]string
	Errors  map[string]string
}

// Live are the sign-ins that last.
func (d idCardsData) Live() []idcard.SignIn {
	return slices.DeleteFunc(slices.Clone(d.SignIns), func(s idcard.SignIn) bool { return !s.Live() })
}

func (f *face) idCards(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.idCardsShown(r, p, idCardsData{Done: r.URL.Query().Get("done")})
}

func (f *face) idCardsShown(r *http.Request, p *page, d idCardsData) (_ templ.Component, err error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	p.Title = p.T("idcard.title")
	ctx := r.Context()
	if d.Cards, _, err = f.IDCards.Cards(ctx, p.Who, p.Who.Account, "", 100); err != nil {
		return nil, err
	}
	if d.SignIns, d.Next, err = f.CardChoices.SignIns(ctx, p.Who, p.Who.Account, r.URL.Query().Get("cursor"), 20); err != nil {
		return nil, err
	}
	if d.Offers, err = f.IDCards.Offers(ctx, p.Who); err != nil {
		return nil, err
	}
	lines, err := f.Members.Memberships(ctx, p.Who, p.Who.Account)
	if err != nil {
		return nil, err
	}
	for _, m := range lines {
		c, err := f.CardChoices.Choice(ctx, p.Who, m.ID)
		if err != nil {
			return nil, err
		}
		d.Lines = append(d.Lines, chosenLine{m, c})
	}
	d.Once = idcard.NewOrder(f.Now())
	return idCardsPage(p, d), nil
}

// idCardsRefused shows the page with what was wrong.
func (f *face) idCardsRefused(r *http.Request, p *page, err error) (templ.Component, error) {
	switch k := fault.KindOf(err); k {
	case fault.Invalid, fault.Conflict, fault.Unpaid, fault.Limited:
		p.Status = httpstatus.Of(k)
		d := idCardsData{Errors: p.errorsOf(err), Typed: map[string]string{}}
		for _, name := range []string{"membership", "kind", "postal", "hours"} {
			d.Typed[name] = r.PostFormValue(name)
		}
		if len(fault.FieldsOf(err)) == 0 {
			d.Errors[""] = p.why(err)
		}
		return f.idCardsShown(r, p, d)
	default:
		return nil, err
	}
}

func (f *face) orderCard(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	c, err := f.IDCards.Order(r.Context(), p.Who, idcard.Order{Membership: r.PostFormValue("membership"), Kind: idcard.Kind(r.PostFormValue("kind")), Postal: r.PostFormValue("postal"), Once: r.PostFormValue("once")})
	if err != nil {
		return f.idCardsRefused(r, p, err)
	}
	return nil, redirect{"/cards?done=ordered#" + c.ID}
}

// written is what the script puts into the file.
type written struct {
	Certificate string `json:"certificate"`
	Card        string `json:"card"`
	Site        string `json:"site"`
	Name        string `json:"name"` // of the file
}

// writeCard takes the public half of a key that the browser made. The other
// half, and the passphrase, stay there.
func (f *face) writeCard(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return f.scripted(w, r, p, nil, p.signedIn())
	}
	var in struct{ Algorithm, Key string }
	if err := readJSON(r, &in); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	c, certificate, err := f.IDCards.Write(r.Context(), p.Who, r.PathValue("id"), in.Algorithm, in.Key)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	return f.scripted(w, r, p, written{certificate, c.ID, f.pagesOf(r), cardFileName(&c)}, nil)
}

// cardFileName is what the file is called: not after its number or its holder,
// for whoever finds it need not know.
func cardFileName(c *idcard.Card) string { return c.ID[len(c.ID)-6:] + ".callisto-card" }

// revokeCard is one click: whoever has lost a card has no time.
func (f *face) revokeCard(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.IDCards.Revoke(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return nil, err
	}
	return nil, redirect{"/cards?done=revoked#" + r.PathValue("id")}
}

func (f *face) chooseCard(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	hours, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(r.PostFormValue("hours")), ",", ".", 1), 64)
	if err != nil || hours < 0 || hours > 1000 {
		hours = 0 // refused
	}
	c := idcard.Choice{Only: r.PostFormValue("only") == "1", Stay: time.Duration(hours*60) * time.Minute}
	if err := f.CardChoices.SetChoice(r.Context(), p.Who, r.PostFormValue("membership"), c); err != nil {
		return f.idCardsRefused(r, p, err)
	}
	return nil, redirect{"/cards?done=saved"}
}

// endCardSignIns ends one from afar, or all.
func (f *face) endCardSignIns(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.CardChoices.End(r.Context(), p.Who, r.PostFormValue("id")); err != nil {
		return nil, err
	}
	if next := r.PostFormValue("next"); next != "" {
		return nil, redirect{localPath(next)}
	}
	return nil, redirect{"/cards?done=ended#sign-ins"}
}

// guestAt is who else is signed in at a telephone, nil for nobody.
func guestAt(guests []idcard.SignIn, device string) *idcard.SignIn {
	i := slices.IndexFunc(guests, func(s idcard.SignIn) bool { return s.Host == device && device != "" })
	if i < 0 {
		return nil
	}
	return &guests[i]
}

// cardDeskData is the operator's page of cards.
type cardDeskData struct {
	Offers []idcard.Offer
	Cards  []idcard.Card
	Next   string
	Typed  map[string]string
	Errors map[string]string
}

func (f *face) cardDesk(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.cardDeskShown(r, p, cardDeskData{})
}

func (f *face) cardDeskShown(r *http.Request, p *page, d cardDeskData) (_ templ.Component, err error) {
	p.Title = p.T("operator.cards")
	if d.Offers, err = f.IDCards.Offers(r.Context(), p.Who); err != nil {
		return nil, err
	}
	d.Cards, d.Next, err = f.IDCards.Cards(r.Context(), p.Who, "", r.URL.Query().Get("cursor"), perPage)
	return cardDeskPage(p, d), err
}

func (f *face) setCardOffer(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	o := idcard.Offer{Kind: idcard.Kind(r.PostFormValue("kind")), Offered: r.PostFormValue("offered") != ""}
	var ok error
	if o.Net.Micros, ok = money.ReadMicros(r.PostFormValue("price")); ok != nil {
		o.Net.Micros = -1 // refused
	}
	o.Years, _ = strconv.Atoi(strings.TrimSpace(r.PostFormValue("years")))
	err := f.CardDesk.SetOffer(r.Context(), p.Who, o)
	if err == nil {
		return nil, redirect{"/operator/cards"}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	p.Status = http.StatusUnprocessableEntity
	return f.cardDeskShown(r, p, cardDeskData{Errors: p.errorsOf(err), Typed: map[string]string{"kind": string(o.Kind), "price": r.PostFormValue("price"), "years": r.PostFormValue("years")}})
}

func (f *face) cardSent(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return nil, gone(f.CardDesk.MarkSent(r.Context(), p.Who, r.PathValue("id")), "/operator/cards")
}

func (f *face) deskRevokesCard(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return nil, gone(f.IDCards.Revoke(r.Context(), p.Who, r.PathValue("id")), "/operator/cards")
}

// gone is an error, or else a redirect.
func gone(err error, to string) error {
	if err != nil {
		return err
	}
	return redirect{to}
}

// cardState is how far a card is, as a key of the texts.
func (p *page) cardState(c *idcard.Card) string {
	if c.State != idcard.Revoked && c.Over(p.f.Now()) {
		return p.T("idcard.state.over")
	}
	return p.T("idcard.state." + string(c.State))
}

// asHours is how long a sign-in lasts, as its field has it.
func asHours(d time.Duration) string { return strconv.FormatFloat(d.Hours(), 'f', -1, 64) }

// publicPage is the address that a printed card leads to: of what its holder
// publishes, and nothing else. "" if he publishes nothing.
func (f *face) publicPage(r *http.Request, c *idcard.Card) (string, error) {
	x, err := f.Publisher.Of(r.Context(), c.Membership)
	if err != nil || x.Empty() {
		return "", err
	}
	return f.pagesOf(r) + "/n/" + publish.Address(c.Number), nil
}

// printable is a card that its holder, or the operator, may print.
func (f *face) printable(r *http.Request, p *page) (c idcard.Card, at string, err error) {
	if err = p.must(); err != nil {
		return c, "", err
	}
	if c, err = f.IDCards.Card(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return c, "", err
	}
	at, err = f.publicPage(r, &c)
	return c, at, err
}

func (f *face) cardPaper(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	c, at, err := f.printable(r, p)
	if err != nil {
		return nil, err
	}
	file, err := f.CardPress.IDCard(c, at, p.Tongue.Tag)
	if err != nil {
		return nil, err
	}
	sendFile(w, "id-card.pdf", "application/pdf", file)
	return nil, nil
}

func (f *face) cardPicture(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	c, at, err := f.printable(r, p)
	if err != nil {
		return nil, err
	}
	b, err := cardSVG(p, &c, at)
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(b)
	return nil, err
}

// cardSVG draws a card of 85.6×54 mm (ISO/IEC 7810 ID-1), in tenths of one.
func cardSVG(p *page, c *idcard.Card, at string) ([]byte, error) {
	start := 60
	if p.Tongue.Dir == "rtl" {
		start = 796
	}
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="85.6mm" height="54mm" viewBox="0 0 856 540" direction="` + p.Tongue.Dir + `" font-family="'IBM Plex Sans Variable','IBM Plex Sans','Noto Sans',Arial,sans-serif">` +
		`<path fill="#fff" d="M0 0h856v540H0z"/><path fill="#FFD21F" d="M0 0h856v35H0z"/>`)
	line := func(y, size, weight int, ink, text string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="%d" font-weight="%d" fill="%s" text-anchor="start">`, start, y, size, weight, ink)
		_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
		b.WriteString(`</text>`)
	}
	line(92, 28, 400, "#5A626B", strings.Join([]string{"Callisto", p.T("idcard.one")}, " · "))
	line(188, 62, 700, "#15181C", "\u2066"+c.Number.Display()+"\u2069")
	line(248, 38, 400, "#15181C", c.Holder)
	line(484, 28, 400, "#5A626B", p.T("idcard.valid_to", "date", "\u2066"+c.Until.UTC().Format(time.DateOnly)+"\u2069"))
	if at != "" {
		code, err := qr.Encode(at, qr.M)
		if err != nil {
			return nil, fmt.Errorf("draw the QR code of %s: %w", c.Number, err)
		}
		left := 566.0
		if p.Tongue.Dir == "rtl" {
			left = 60
		}
		fmt.Fprintf(&b, `<g transform="translate(%g 250) scale(%g)" shape-rendering="crispEdges"><path fill="#15181C" d="`, left, 230/float64(code.Size))
		b.Write(appendModules(nil, code, 0))
		b.WriteString(`"/></g>`)
	}
	b.WriteString(`</svg>`)
	return b.Bytes(), nil
}

// cardDone says what was done.
func (p *page) cardDone(what string) string {
	switch what {
	case "ordered", "revoked", "ended":
		return p.T("idcard.done." + what)
	default:
		return p.T("account.saved")
	}
}

// was is what a form of the desk holds: what was typed into it, if it was refused.
func (d cardDeskData) was(k idcard.Kind, field, now string) string {
	if d.Typed["kind"] == string(k) {
		return d.Typed[field]
	}
	return now
}

func (d cardDeskData) wrong(k idcard.Kind, field string) string {
	if d.Typed["kind"] == string(k) {
		return d.Errors[field]
	}
	return ""
}

// priceText is a price as its field has it.
func priceText(micros int64) string { return money.Amount{Micros: micros}.String() }
