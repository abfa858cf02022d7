package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

func (f *face) operatorRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator":                      f.staffOnly(f.overview),
		"GET /operator/orders":               f.staffOnly(f.queue),
		"GET /operator/orders/{id}":          f.staffOnly(f.case_),
		"POST /operator/orders/{id}/{act}":   f.staffOnly(f.decide),
		"GET /operator/numbers":              f.staffOnly(f.stock),
		"POST /operator/numbers/{what}":      f.staffOnly(f.changeStock),
		"POST /operator/numbers/{what}/{id}": f.staffOnly(f.changeStock),
		"GET /operator/numbers/import":       f.staffOnly(f.blockFile),
		"POST /operator/numbers/import":      f.staffOnly(f.takeBlockFile),
		"GET /operator/prices":               f.staffOnly(f.prices),
	}
}

// staffOnly lets only the operator's staff see a page, in the console's frame.
func (f *face) staffOnly(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
		if err := p.mustOperator(); err != nil {
			return nil, err
		}
		p.Console = true
		return h(w, r, p)
	}
}

// tally is one number of the overview that something can be done about.
type tally struct {
	To    string
	Key   string
	Count string
	Warn  bool
}

func (f *face) overview(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	var tallies []tally
	for _, s := range []shop.State{shop.InReview, shop.AwaitingPayment, shop.Approved} {
		list, next, err := f.Staff.Queue(r.Context(), p.Who, s, "", 100)
		if err != nil {
			return nil, err
		}
		count := strconv.Itoa(len(list))
		if next != "" {
			count += "+"
		}
		tallies = append(tallies, tally{To: "/operator/orders?state=" + string(s), Key: p.stateKey(s), Count: count, Warn: s == shop.InReview && len(list) > 0})
	}
	c, err := f.Desk.Catalogue(r.Context(), p.Who)
	if err != nil {
		return nil, err
	}
	broken := 0
	for _, b := range c.Blocks {
		if b.Fault != "" {
			broken++
		}
	}
	unsent, err := f.unsent(r.Context())
	if err != nil {
		return nil, err
	}
	stray, _, err := f.Cashier.Payments(r.Context(), p.Who, cashier.Filter{State: payment.Unmatched, Limit: 100})
	if err != nil {
		return nil, err
	}
	alerts, _, err := f.Alerts.AlertsOf(r.Context(), p.Who, guard.AlertFilter{State: guard.Raised, Limit: 100})
	if err != nil {
		return nil, err
	}
	tallies = append(tallies,
		tally{To: "/operator/alerts", Key: "operator.alerts", Count: strconv.Itoa(len(alerts)), Warn: len(alerts) > 0},
		tally{To: "/operator/payments#unmatched", Key: "operator.stray", Count: strconv.Itoa(len(stray)), Warn: len(stray) > 0},
		tally{To: "/operator/numbers", Key: "operator.blocks", Count: strconv.Itoa(len(c.Blocks)), Warn: broken > 0},
		tally{To: "/operator/letters", Key: "operator.letters", Count: strconv.Itoa(len(unsent)), Warn: len(unsent) > 0})
	p.Title = p.T("operator.title")
	return overviewPage(p, tallies, c), nil
}

// queueData is a list of orders in a state.
type queueData struct {
	State  shop.State
	Orders []shop.Order
	Next   string
}

func (f *face) queue(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := queueData{State: shop.State(r.URL.Query().Get("state"))}
	if d.State == "" {
		d.State = shop.InReview
	}
	if !p.Tongue.has("state." + string(d.State)) {
		return nil, fault.New(fault.Unknown, "no_page", "%s", p.T("error.no_page"))
	}
	var err error
	if d.Orders, d.Next, err = f.Staff.Queue(r.Context(), p.Who, d.State, r.URL.Query().Get("cursor"), perPage); err != nil {
		return nil, err
	}
	p.Title = p.T("operator.orders")
	return queuePage(p, d), nil
}

// states are those an operator looks through, those that wait for him first.
func states() []shop.State {
	return []shop.State{shop.InReview, shop.Approved, shop.AwaitingPayment, shop.Sold, shop.Rejected, shop.Expired, shop.Cancelled, shop.Refunded}
}

// file is an order with everything a decision needs.
type orderCase struct {
	shop.Order
	Events    []shop.Event
	Documents []shop.Document
	Papers    []shop.Paper
	Notes     []shop.Note
	Buyer     member.Account
	Others    []shop.Order // of the same buyer
	Problem   string
}

// paper is what a document was shown for.
func (c orderCase) paper(id string) string {
	for _, p := range c.Papers {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

// missing are the papers that nobody has shown yet.
func missing(papers []shop.Paper, shown []shop.Document) (out []shop.Paper) {
	for _, p := range papers {
		there := false
		for _, d := range shown {
			there = there || d.Paper == p.ID
		}
		if !there {
			out = append(out, p)
		}
	}
	return out
}

func (f *face) caseOf(r *http.Request, p *page) (c orderCase, err error) {
	ctx, id := r.Context(), r.PathValue("id")
	if c.Order, err = f.Orders.Order(ctx, p.Who, id); err != nil {
		return c, err
	}
	var errs [5]error
	c.Events, errs[0] = f.Orders.Events(ctx, p.Who, id)
	c.Documents, errs[1] = f.Files.List(ctx, p.Who, id)
	c.Notes, errs[2] = f.Files.Notes(ctx, p.Who, id)
	c.Buyer, errs[3] = f.Accounts.Account(ctx, p.Who, c.Account)
	c.Others, _, errs[4] = f.Orders.Orders(ctx, p.Who, c.Account, "", perPage)
	c.Papers = f.Files.Papers(c.Order)
	return c, errors.Join(errs[:]...)
}

func (f *face) case_(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	c, err := f.caseOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = c.Number.Display()
	return casePage(p, c), nil
}

// decide does what staff decided about an order and shows it again.
func (f *face) decide(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	ctx, id, text := r.Context(), r.PathValue("id"), strings.TrimSpace(r.PostFormValue("text"))
	var err error
	switch r.PathValue("act") {
	case "approve":
		_, err = f.Staff.Review(ctx, p.Who, id, true, text)
	case "reject":
		_, err = f.Staff.Review(ctx, p.Who, id, false, text)
	case "ask":
		err = f.Files.Ask(ctx, p.Who, id, text)
	case "note":
		err = f.Files.Note(ctx, p.Who, id, text)
	case "suspend":
		_, err = f.Staff.Suspend(ctx, p.Who, id, true, text)
	case "resume":
		_, err = f.Staff.Suspend(ctx, p.Who, id, false, text)
	case "prove":
		_, err = f.Staff.AskProof(ctx, p.Who, id, text)
	case "refund":
		_, err = f.Staff.Refund(ctx, p.Who, id, text)
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil {
		return nil, redirect{"/operator/orders/" + id}
	}
	if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid && k != fault.Unavailable {
		return nil, err
	}
	c, cerr := f.caseOf(r, p)
	if cerr != nil {
		return nil, cerr
	}
	p.Status, p.Title, c.Problem = httpstatus.Of(fault.KindOf(err)), c.Number.Display(), p.fieldText(err)
	return casePage(p, c), nil
}

// stockData is the catalogue with what was typed into its forms.
type stockData struct {
	shop.Catalogue
	Countries []choice // with a center
	Proposals []shop.Block
	Typed     url.Values
	Wrong     map[string]string // what is wrong with it, by field
	Problem   string
}

func (f *face) stockOf(r *http.Request, p *page) (d stockData, err error) {
	d.Countries, d.Typed = p.countries(), url.Values{"country": r.URL.Query()["country"]}
	begun, err := f.Openings.List(r.Context(), p.Who)
	if err != nil {
		return d, err
	}
	for _, o := range begun { // stock and prices come before the start
		if !o.Open() {
			d.Countries = append(d.Countries, choice{o.Country, p.Tongue.country(o.Country)})
		}
	}
	d.Catalogue, err = f.Desk.Catalogue(r.Context(), p.Who)
	return d, err
}

// systemOf is what is sold in a country.
func (d stockData) systemOf(iso string) shop.System {
	for _, s := range d.Systems {
		if s.Country == iso {
			return s
		}
	}
	return shop.System{Country: iso}
}

func (d stockData) block(id string) shop.Block {
	for _, b := range d.Blocks {
		if b.ID == id {
			return b
		}
	}
	return shop.Block{}
}

func (f *face) stock(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.stockOf(r, p)
	if err != nil {
		return nil, err
	}
	if err := f.propose(r, p, &d); err != nil {
		return nil, err
	}
	p.Title = p.T("operator.numbers")
	return stockPage(p, d), nil
}

// propose finds a block that could be taken for each country, as not every
// operator knows the plans by heart.
func (f *face) propose(r *http.Request, p *page, d *stockData) error {
	for _, c := range d.Countries {
		b, found, err := f.Desk.Propose(r.Context(), p.Who, c.Value)
		if err != nil {
			return err
		}
		if found {
			d.Proposals = append(d.Proposals, b)
		}
	}
	return nil
}

func (f *face) prices(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.stockOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("operator.prices")
	return pricesPage(p, d), nil
}

// changeStock does one change of the catalogue.
func (f *face) changeStock(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "form", "%s", p.T("error.form"))
	}
	ctx, v, id, what := r.Context(), r.PostForm, r.PathValue("id"), r.PathValue("what")
	kind, _ := numbering.ParseKind(v.Get("kind"))
	country := strings.ToUpper(v.Get("country"))
	back, err := "/operator/numbers", error(nil)
	switch what {
	case "system":
		err = f.Desk.SetSystem(ctx, p.Who, shop.System{Country: id, Individual: v.Get("individual") != "", OwnPhone: v.Get("own_phone") != "", Company: v.Get("company") != ""})
	case "block":
		length, _ := strconv.Atoi(v.Get("length"))
		_, err = f.Desk.AddBlock(ctx, p.Who, shop.Block{Kind: kind, Country: country, Prefix: keepDigits(v.Get("prefix")), Length: length, Note: v.Get("note")})
	case "close", "open":
		err = f.Desk.CloseBlock(ctx, p.Who, id, what == "close")
	case "reserve":
		err = f.Desk.Reserve(ctx, p.Who, v.Get("digits"), v.Get("why"))
	case "unreserve":
		err = f.Desk.Unreserve(ctx, p.Who, v.Get("digits"))
	case "paper":
		err = f.Desk.AskPaper(ctx, p.Who, shop.Paper{Country: country, Kind: kind, Name: v.Get("name")})
	case "paperless":
		err = f.Desk.DropPaper(ctx, p.Who, id)
	case "review":
		err = f.Desk.SetReview(ctx, p.Who, shop.Review{Company: v.Get("company") != "", Premium: v.Get("premium") != ""})
	case "price":
		back = "/operator/prices"
		err = f.setPrice(r, p, kind, country)
	case "priceless":
		back = "/operator/prices"
		err = f.Desk.DropPrice(ctx, p.Who, id)
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil {
		return nil, redirect{back}
	}
	if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid {
		return nil, err
	}
	d, derr := f.stockOf(r, p)
	if derr != nil {
		return nil, derr
	}
	p.Status, d.Typed, d.Problem = httpstatus.Of(fault.KindOf(err)), v, p.fieldText(err)
	if back == "/operator/prices" {
		d.Wrong = p.errorsOf(err)
		d.Problem = d.Wrong[""]
		p.Title = p.T("operator.prices")
		return pricesPage(p, d), nil
	}
	if err := f.propose(r, p, &d); err != nil {
		return nil, err
	}
	p.Title = p.T("operator.numbers")
	return stockPage(p, d), nil
}

func (f *face) setPrice(r *http.Request, p *page, kind numbering.Kind, country string) error {
	var wrong []fault.Field
	read := func(name string) int64 {
		micros, err := money.ReadMicros(r.PostForm.Get(name))
		switch {
		case errors.Is(err, money.ErrTwoWays):
			wrong = append(wrong, fault.Field{Name: name, Text: "This can be read in two ways. Write it with two decimals, like 5.00 or 5,00, and thousands without a mark."})
		case err != nil:
			wrong = append(wrong, fault.Field{Name: name, Text: "Write an amount like 5.00 or 5,00."})
		}
		return micros
	}
	setup, yearly := read("setup"), read("yearly")
	if len(wrong) > 0 {
		return fault.Fields(wrong...)
	}
	return f.Desk.SetPrice(r.Context(), p.Who, shop.PriceRule{Block: r.PostForm.Get("block"), Country: country, Kind: kind,
		Class: shop.Class(r.PostForm.Get("class")), Setup: setup, Yearly: yearly})
}

// importData is a file of blocks and what its lines would do.
type importData struct {
	Text    string
	Lines   []shop.BlockLine
	Problem string
}

// Good reports whether the file can be taken as it is.
func (d importData) Good() bool {
	fresh := 0
	for _, l := range d.Lines {
		if l.Fault != "" {
			return false
		}
		if !l.Known {
			fresh++
		}
	}
	return fresh > 0
}

func (f *face) blockFile(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("operator.import")
	return importPage(p, importData{}), nil
}

const mostBlockFile = 2 << 20

// takeBlockFile previews a file, and takes it once the preview was confirmed.
func (f *face) takeBlockFile(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("operator.import")
	text, err := formText(r, "file", "csv", mostBlockFile)
	if err != nil {
		return nil, err
	}
	d := importData{Text: text}
	if d.Lines, err = f.Desk.PreviewBlocks(r.Context(), p.Who, strings.NewReader(text)); err == nil && r.PostFormValue("take") != "" {
		if _, err = f.Desk.ImportBlocks(r.Context(), p.Who, strings.NewReader(text)); err == nil {
			return nil, redirect{"/operator/numbers"}
		}
	}
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return nil, err
		}
		p.Status, d.Problem = http.StatusUnprocessableEntity, p.why(err)
	}
	return importPage(p, d), nil
}

// formText reads a text that was sent as a file or typed into a field.
func formText(r *http.Request, file, field string, most int64) (string, error) {
	body, _, err := upload(r, file, most)
	if err != nil {
		return "", err
	}
	if len(body) > 0 {
		return string(body), nil
	}
	return strings.ReplaceAll(r.PostFormValue(field), "\r\n", "\n"), nil
}

// upload reads a file of a form; a form without one is none.
func upload(r *http.Request, field string, most int64) (body []byte, name string, err error) {
	big := tooLarge(most >> 20)
	if err := r.ParseMultipartForm(most); err != nil { //nolint:gosec // withSession bounds every body
		if _, is := errors.AsType[*http.MaxBytesError](err); is {
			return nil, "", big
		}
		if !errors.Is(err, http.ErrNotMultipart) {
			return nil, "", fault.New(fault.Invalid, "form", "The form could not be read. Try again.")
		}
		return nil, "", nil
	}
	x, head, err := r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "form", "The form could not be read. Try again.")
	}
	body, err = io.ReadAll(io.LimitReader(x, most+1))
	if err = errors.Join(err, x.Close()); err != nil {
		return nil, "", err
	}
	if int64(len(body)) > most {
		return nil, "", big
	}
	return body, head.Filename, nil
}
