package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/shop"
)

const perPage = 20

// first as a next page means the first page of the whole list.
const first = "first"

// finder is the state of the search: all of it is in the address.
type finder struct {
	Country   string
	Kind      numbering.Kind
	Where     string // contains, starts, ends
	Digits    string
	Class     shop.Class
	Cursor    string
	Countries []choice
}

func (f *face) finderOf(r *http.Request, p *page) finder {
	q := r.URL.Query()
	s := finder{Country: strings.ToUpper(q.Get("country")), Kind: numbering.Individual, Where: "contains", Digits: q.Get("digits"), Cursor: q.Get("cursor")}
	if k, err := numbering.ParseKind(q.Get("kind")); err == nil {
		s.Kind = k
	}
	if w := q.Get("where"); w == "starts" || w == "ends" {
		s.Where = w
	}
	if c := shop.Class(q.Get("class")); slices.Contains(shop.Classes(), c) {
		s.Class = c
	}
	s.Countries = p.countries()
	if iso, ok := f.Reader.CountryOf(s.Country); ok {
		s.Country = iso
	}
	return s
}

// countries are those with a center, in the order of the reader's language.
func (p *page) countries() []choice {
	out := []choice{}
	for _, iso := range p.f.Reader.Countries() {
		out = append(out, choice{iso, p.Tongue.country(iso)})
	}
	p.Tongue.sort(out)
	return out
}

// address is the search as a link.
func (s finder) address(cursor string) string {
	q := url.Values{}
	for k, v := range map[string]string{"country": s.Country, "digits": s.Digits, "class": string(s.Class), "cursor": cursor} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if s.Kind == numbering.Company {
		q.Set("kind", s.Kind.String())
	}
	if s.Where != "contains" {
		q.Set("where", s.Where)
	}
	if len(q) == 0 {
		return "/numbers"
	}
	return "/numbers?" + q.Encode()
}

func (s finder) query() shop.Query {
	pattern := keepDigits(s.Digits)
	q := shop.Query{Country: s.Country, Kind: s.Kind, Class: s.Class, Cursor: s.Cursor, Limit: perPage}
	switch s.Where {
	case "starts":
		q.Starts = pattern
	case "ends":
		q.Ends = pattern
	default:
		q.Contains = pattern
	}
	return q
}

// keepDigits takes the punctuation out of what people type, leaving digits and wildcards.
func keepDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '*' || r == '?' {
			return r
		}
		return -1
	}, s)
}

// found is what the search shows.
type found struct {
	finder
	Items   []shop.StockItem
	Next    string
	Nearest bool   // nothing matched: these are near
	Problem string // the pattern cannot be searched for
	Bare    bool   // nothing is sold here at all
}

func (f *face) find(r *http.Request, p *page, s finder) (found, error) {
	out := found{finder: s}
	if typed := strings.TrimSpace(s.Digits); typed != "" && (keepDigits(typed) == "" || strings.ContainsFunc(typed, unicode.IsLetter)) {
		out.Problem = p.T("search.digits")
		return out, nil
	}
	list, err := f.Shop.Search(r.Context(), s.query())
	if err != nil {
		if fault.KindOf(err) == fault.Invalid {
			out.Problem = p.why(err)
			return out, nil
		}
		return out, err
	}
	out.Items, out.Next = list.Items, list.Next
	if len(out.Items) > 0 || s.Cursor != "" {
		return out, nil
	}
	// No match: the nearest are those that share ever less of what was typed.
	for near := keepDigits(s.Digits); len(near) > 2; {
		near = near[:len(near)-1]
		try := s
		try.Digits, try.Where = near, s.Where
		q := try.query()
		q.Limit = 8
		p, err := f.Shop.Search(r.Context(), q)
		if err != nil {
			return out, err
		}
		if len(p.Items) > 0 {
			out.Items, out.Nearest = p.Items, true
			return out, nil
		}
	}
	out.Bare, err = f.bare(r)
	return out, err
}

// bare reports whether no number of any kind or country is for sale.
func (f *face) bare(r *http.Request) (bool, error) {
	p, err := f.Shop.Search(r.Context(), shop.Query{Limit: 1})
	return err == nil && len(p.Items) == 0 && p.Next == "", err
}

func (f *face) home(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	out := found{finder: f.finderOf(r, p), Next: first}
	for _, c := range out.Countries { // a few of each country, not eight of the first
		page, err := f.Shop.Search(r.Context(), shop.Query{Country: c.Value, Kind: numbering.Individual, Limit: max(2, 8/len(out.Countries))})
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, page.Items...)
	}
	if len(out.Items) == 0 {
		var err error
		if out.Bare, err = f.bare(r); err != nil {
			return nil, err
		}
	}
	p.Title = p.T("home.title")
	return homePage(p, out), nil
}

func (f *face) search(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	found, err := f.find(r, p, f.finderOf(r, p))
	if err != nil {
		return nil, err
	}
	p.Title = p.T("search.title")
	if p.Part {
		w.Header().Set("HX-Replace-Url", found.address(found.Cursor))
		return results(p, found), nil
	}
	return searchPage(p, found), nil
}

// offer is the page of one number.
type offer struct {
	Item      shop.StockItem
	InStock   bool
	Form      form.Form
	Values    url.Values
	Errors    map[string]string
	Countries []choice
}

func (f *face) offerOf(r *http.Request, p *page, country string, kind numbering.Kind, national string) (offer, error) {
	o := offer{Form: f.Shop.Form(kind), Values: url.Values{}, Errors: map[string]string{}, Countries: p.countries()}
	o.Item.Country, o.Item.Number.Kind, o.Item.Number.National = country, kind, national
	if national == "" {
		return o, nil
	}
	list, err := f.Shop.Search(r.Context(), shop.Query{Country: country, Kind: kind, Starts: national, Limit: 5})
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return o, err
	}
	for _, i := range list.Items {
		if i.Number.National == national {
			o.Item, o.InStock = i, true
		}
	}
	return o, nil
}

func (f *face) number(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	country, ok := f.Reader.CountryOf(strings.ToUpper(r.PathValue("country")))
	kind := kindOfForm(r.URL.Query().Get("kind"))
	national := keepDigits(r.PathValue("national"))
	if !ok || national == "" {
		return nil, fault.New(fault.Unknown, "no_number", "%s", p.T("number.nowhere"))
	}
	o, err := f.offerOf(r, p, country, kind, national)
	if err != nil {
		return nil, err
	}
	if !o.InStock {
		return nil, redirect{"/request?" + url.Values{"country": {country}, "kind": {kind.String()}, "national": {national}}.Encode()}
	}
	p.Title = o.Item.Number.Display()
	return numberPage(p, o), nil
}

func kindOfForm(s string) numbering.Kind {
	if k, err := numbering.ParseKind(s); err == nil {
		return k
	}
	return numbering.Individual
}

// quoted is the page of a number that is named, not picked.
type quoted struct {
	shop.Quote
	offer
}

// Open reports whether it can be asked for now.
func (q quoted) Open() bool { return q.State != shop.Rejected }

// NeedsProof reports whether it could be, by its holder.
func (q quoted) NeedsProof() bool { return q.Reason.Code == "proof_needed" }

func (q quoted) purpose() proof.Purpose {
	if q.Quote.Item.Number.Kind == numbering.Company {
		return proof.Root
	}
	return proof.OwnPhone
}

// askForm asks which number; once that is known, it shows what that costs and what would be answered.
func (f *face) askForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	q := r.URL.Query()
	o, err := f.offerOf(r, p, strings.ToUpper(q.Get("country")), kindOfForm(q.Get("kind")), "")
	if err != nil {
		return nil, err
	}
	o.Values, p.Title = q, p.T("request.title")
	if q.Get("national") == "" || q.Get("country") == "" {
		return requestPage(p, o), nil
	}
	quote, err := f.Terms.Quote(r.Context(), p.Who, shop.Request{Kind: kindOfForm(q.Get("kind")), Country: strings.ToUpper(q.Get("country")), National: q.Get("national")})
	switch {
	case fault.KindOf(err) == fault.Invalid && err != nil:
		o.Errors, p.Status = p.errorsOf(err), http.StatusUnprocessableEntity
		return requestPage(p, o), nil
	case err != nil:
		return nil, err
	}
	o.Item, p.Title = quote.Item, quote.Item.Number.Display()
	return quotePage(p, quoted{quote, o}), nil
}

func (f *face) request(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	kind := kindOfForm(r.PostForm.Get("kind"))
	in := shop.Request{
		Kind: kind, Country: strings.ToUpper(r.PostForm.Get("country")), National: r.PostForm.Get("national"),
		Countries: upper(r.PostForm["countries"]), Refuse: r.PostForm.Get("refuse") != "",
	}
	if !p.SignedIn() {
		back := url.Values{"country": {in.Country}, "kind": {kind.String()}, "national": {in.National}}
		return nil, redirect{withNext("/sign-in", "/request?"+back.Encode())}
	}
	order, err := f.Shop.Request(r.Context(), p.Who, in)
	if err == nil {
		return nil, redirect{"/orders/" + order.ID}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	o, ferr := f.offerOf(r, p, in.Country, kind, "")
	if ferr != nil {
		return nil, ferr
	}
	o.Values, o.Errors = r.PostForm, p.errorsOf(err)
	p.Status, p.Title = http.StatusUnprocessableEntity, p.T("request.title")
	return requestPage(p, o), nil
}

func upper(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.ToUpper(strings.TrimSpace(s)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func offerAddress(i shop.StockItem) string {
	to := "/numbers/" + url.PathEscape(i.Country) + "/" + url.PathEscape(i.Number.National)
	if i.Number.Kind == numbering.Company {
		to += "?kind=company"
	}
	return to
}

// askAddress is the request of exactly what was typed.
func askAddress(s finder) string {
	q := url.Values{"kind": {s.Kind.String()}}
	if s.Country != "" {
		q.Set("country", s.Country)
	}
	if d := keepDigits(s.Digits); d != "" && !strings.ContainsAny(d, "*?") {
		q.Set("national", d)
	}
	return "/request?" + q.Encode()
}

// nextCursor is the next page of the results; the home page shows only the first rows, so its next page is the first.
func nextCursor(s found) string {
	if s.Next == first {
		return ""
	}
	return s.Next
}

// priceList shows what numbers cost, by country, kind and class.
func (f *face) priceList(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("prices.title")
	return priceListPage(p, f.Terms.PriceList()), nil
}

func (f *face) terms(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("terms.title")
	return termsPage(p), nil
}

// needs is what a buyer of a number has to show.
func (p *page) needs(i shop.StockItem) string {
	papers := p.f.Terms.PapersNeeded(i.Country, i.Number.Kind)
	if len(papers) == 0 {
		return p.T("needs." + i.Number.Kind.String())
	}
	names := make([]string, 0, len(papers))
	for _, x := range papers {
		names = append(names, p.say(x.Name))
	}
	return strings.Join(names, ", ")
}
