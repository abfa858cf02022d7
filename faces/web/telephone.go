package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Telephones rents telephone numbers out.
type Telephones interface {
	OnOffer(ctx context.Context, country, after string, limit int) ([]did.Number, error)
	Of(ctx context.Context, by member.Actor, membership string) ([]did.Number, error)
	// ToRent is a number that could be rented now for a membership.
	ToRent(ctx context.Context, by member.Actor, membership, e164 string) (did.Number, error)
	Gross(ctx context.Context, account string, kind numbering.Kind, micros int64) (money.Amount, error)
	Rent(ctx context.Context, by member.Actor, membership, e164 string) (did.Number, error)
	LetGo(ctx context.Context, by member.Actor, membership, e164 string) error
}

// TelephoneStock is the operator's side of it.
type TelephoneStock interface {
	ReadList(carrier, text string) []did.Line
	Put(ctx context.Context, by member.Actor, carrier string, list []did.Number) error
	Stock(ctx context.Context, by member.Actor, f did.Filter) ([]did.Number, error)
	Remove(ctx context.Context, by member.Actor, e164 string) error
}

func (f *face) telephoneRoutes() map[string]handler {
	return map[string]handler{
		"GET /lines/{id}/telephone":                f.telephone,
		"GET /lines/{id}/telephone/{e164}/rent":    f.askRent,
		"POST /lines/{id}/telephone":               f.rentTelephone,
		"POST /lines/{id}/telephone/{e164}/let-go": f.letTelephoneGo,
		"GET /operator/telephones":                 f.staffOnly(f.telephoneStock),
		"POST /operator/telephones":                f.staffOnly(f.putTelephones),
		"POST /operator/telephones/{e164}/remove":  f.staffOnly(f.removeTelephone),
	}
}

// telephoneData is the page on which a member rents a telephone number.
type telephoneData struct {
	member.Membership
	Mine      []telephoneOffer
	Offers    []telephoneOffer
	Country   string
	Countries []choice
	After     string // where the next page begins
	Done      bool
	Rented    *did.Number // just now
	Problem   string
	OwnPhone  bool
}

// telephoneOffer is a number on offer, or his, with what it costs him, with tax.
type telephoneOffer struct {
	did.Number
	Today, Yearly money.Amount
}

func (f *face) telephone(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.telephoneShown(r, p, "")
}

func (f *face) telephoneShown(r *http.Request, p *page, problem string) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	d := telephoneData{Membership: m, Country: r.FormValue("country"), Countries: p.countries(), Done: r.URL.Query().Has("done"), Problem: problem}
	mine, err := f.Telephones.Of(r.Context(), p.Who, m.ID)
	if err != nil {
		return nil, err
	}
	for _, n := range mine {
		x := telephoneOffer{Number: n}
		if x.Yearly, err = f.Telephones.Gross(r.Context(), n.Account, n.For.Kind, n.NextFee()); err != nil {
			return nil, err
		}
		d.Mine = append(d.Mine, x)
		if n.State == did.Rented && n.E164 == r.URL.Query().Get("rented") {
			d.Rented = &n
		}
	}
	const some = 20
	list, err := f.Telephones.OnOffer(r.Context(), d.Country, r.FormValue("after"), some)
	if err != nil {
		return nil, err
	}
	if len(list) == some {
		d.After = list[some-1].E164
	}
	for _, n := range list {
		x := telephoneOffer{Number: n}
		if x.Today, err = f.Telephones.Gross(r.Context(), m.Account, m.Number.Kind, n.Setup+n.Yearly); err != nil {
			return nil, err
		}
		if x.Yearly, err = f.Telephones.Gross(r.Context(), m.Account, m.Number.Kind, n.Yearly); err != nil {
			return nil, err
		}
		d.Offers = append(d.Offers, x)
	}
	o, err := f.Orders.Order(r.Context(), p.Who, m.Order)
	if err != nil {
		return nil, err
	}
	d.OwnPhone = o.Proved && m.Number.Kind == numbering.Individual
	p.Title = p.T("telephone.title")
	return telephonePage(p, d), nil
}

// rings reports whether any telephone number rings the line now.
func (d telephoneData) rings() bool {
	for _, n := range d.Mine {
		if n.State.Rings() {
			return true
		}
	}
	return false
}

// rentData is what a member agrees to before a number is his.
type rentData struct {
	member.Membership
	telephoneOffer

	Wallet, Left money.Amount // what is in it now, and would be then
	Enough       bool
}

// askRent says what a number costs, and asks.
func (f *face) askRent(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	d := rentData{Membership: m}
	if d.telephoneOffer.Number, err = f.Telephones.ToRent(r.Context(), p.Who, m.ID, r.PathValue("e164")); err != nil {
		if kind := fault.KindOf(err); kind != fault.Conflict && kind != fault.Limited {
			return nil, err
		}
		p.Status = httpstatus.Of(fault.KindOf(err))
		return f.telephoneShown(r, p, p.why(err))
	}
	n := d.telephoneOffer.Number
	var errs [3]error
	d.Today, errs[0] = f.Telephones.Gross(r.Context(), m.Account, m.Number.Kind, n.Setup+n.Yearly)
	d.Yearly, errs[1] = f.Telephones.Gross(r.Context(), m.Account, m.Number.Kind, n.Yearly)
	d.Wallet, errs[2] = f.Wallet.Balance(r.Context(), ledger.WalletID(m.Account, f.Currency))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	d.Left, d.Enough = d.Wallet, d.Wallet.Micros >= d.Today.Micros
	d.Left.Micros -= d.Today.Micros
	p.Title = p.T("telephone.rent_of", "number", numbering.Spaced(n.E164))
	return rentPage(p, d), nil
}

func (f *face) rentTelephone(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	n, err := f.Telephones.Rent(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("e164"))
	switch kind := fault.KindOf(err); {
	case err == nil:
		return nil, redirect{"/lines/" + r.PathValue("id") + "/telephone?" + url.Values{"rented": {n.E164}}.Encode()}
	case kind == fault.Conflict || kind == fault.Unpaid || kind == fault.Limited:
		p.Status = httpstatus.Of(kind)
		return f.telephoneShown(r, p, p.why(err))
	default:
		return nil, err
	}
}

func (f *face) letTelephoneGo(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if err := f.Sessions.Fresh(p.Who); err != nil {
		return nil, err
	}
	if err := f.Telephones.LetGo(r.Context(), p.Who, r.PathValue("id"), r.PathValue("e164")); err != nil {
		return nil, err
	}
	return nil, redirect{"/lines/" + r.PathValue("id") + "/telephone?done=1"}
}

// telephoneStockData is the operator's page of telephone numbers.
type telephoneStockData struct {
	List     []did.Number
	State    string
	After    string
	Carriers []carrier.Carrier
	Carrier  string
	Text     string
	Preview  []did.Line // nil: nothing was sent yet
	Done     bool
	Problem  string
}

// good reports whether every line of the preview can be taken.
func (d telephoneStockData) good() bool {
	for _, l := range d.Preview {
		if l.Fault != "" {
			return false
		}
	}
	return len(d.Preview) > 0
}

func (f *face) telephoneStock(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.telephoneStockShown(r, p, telephoneStockData{Done: r.URL.Query().Has("done")})
}

func (f *face) telephoneStockShown(r *http.Request, p *page, d telephoneStockData) (templ.Component, error) {
	var err error
	if d.Carriers, err = f.Carriers.Carriers(r.Context(), p.Who); err != nil {
		return nil, err
	}
	const some = 100
	d.State = r.URL.Query().Get("state")
	if d.List, err = f.TelStock.Stock(r.Context(), p.Who, did.Filter{State: did.State(d.State), After: r.URL.Query().Get("after"), Limit: some}); err != nil {
		return nil, err
	}
	if len(d.List) == some {
		d.After = d.List[some-1].E164
	}
	p.Title = p.T("telephone.stock")
	return telephoneStockPage(p, d), nil
}

// putTelephones shows what a list would do, and does it once that was confirmed.
func (f *face) putTelephones(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := telephoneStockData{Carrier: r.PostFormValue("carrier"), Text: r.PostFormValue("list")}
	d.Preview = f.TelStock.ReadList(d.Carrier, d.Text)
	if len(d.Preview) == 0 {
		p.Status, d.Problem = http.StatusUnprocessableEntity, p.T("telephone.list_empty")
	}
	if !d.good() || r.PostFormValue("confirm") == "" {
		return f.telephoneStockShown(r, p, d)
	}
	var list []did.Number
	for _, l := range d.Preview {
		list = append(list, l.Number)
	}
	if err := f.TelStock.Put(r.Context(), p.Who, d.Carrier, list); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		p.Status, d.Problem = http.StatusUnprocessableEntity, p.fieldText(err)
		return f.telephoneStockShown(r, p, d)
	}
	return nil, redirect{"/operator/telephones?done=1"}
}

func (f *face) removeTelephone(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.TelStock.Remove(r.Context(), p.Who, r.PathValue("e164")); err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/telephones?done=1"}
}

func telephoneStates() []string { return strings.Fields("free rented late resting") }
