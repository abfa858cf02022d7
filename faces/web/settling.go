package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// CarrierStatements are what carriers ask for.
type CarrierStatements interface {
	Import(ctx context.Context, by member.Actor, x settlement.Statement, text string) (settlement.Statement, settlement.Match, error)
	Statement(ctx context.Context, by member.Actor, id string) (settlement.Statement, settlement.Match, error)
	Statements(ctx context.Context, by member.Actor, carrier string, m settlement.Month) ([]settlement.Statement, error)
	Dispute(ctx context.Context, by member.Actor, id string, causes []settlement.Cause, note string) (settlement.Statement, error)
	Agree(ctx context.Context, by member.Actor, id string, micros int64, note string) (settlement.Statement, error)
	Remove(ctx context.Context, by member.Actor, id, why string) (settlement.Statement, error)
	Removed(ctx context.Context, by member.Actor, carrier string, m settlement.Month) ([]settlement.Statement, error)
}

// Payouts pay carriers.
type Payouts interface {
	Payee(ctx context.Context, by member.Actor, carrier string) (settlement.Payee, error)
	SetPayee(ctx context.Context, by member.Actor, p settlement.Payee) error
	Order(ctx context.Context, by member.Actor, carrier string, amount money.Amount, reference, once string) (settlement.Payout, error)
	Done(ctx context.Context, by member.Actor, id string) (settlement.Payout, error)
	Cancel(ctx context.Context, by member.Actor, id string) (settlement.Payout, error)
	Payouts(ctx context.Context, by member.Actor, state settlement.PayoutState) ([]settlement.Payout, error)
	PayoutFiles
}

// PayoutFiles set debts against each other, and write the file for the bank.
type PayoutFiles interface {
	Net(ctx context.Context, by member.Actor, carrier string, c money.Currency) (settlement.Payout, error)
	File(ctx context.Context, by member.Actor) ([]byte, error)
}

// settledData is a carrier's month, and what is open with it.
type settledData struct {
	monthOf
	ID, Name   string
	Known      bool // it is not removed
	Totals     []settlement.Total
	Unpriced   bool
	Balances   []settlement.Balance
	Statements []settlement.Statement
	Removed    []settlement.Statement
	Payee      settlement.Payee
	Payouts    []settlement.Payout
	Once       string
	Typed      url.Values
	Problem    string
	Wrong      []fault.Field
	Priced     string
}

// Address is that of the page.
func (d *settledData) Address() string { return settledAddress(d.ID) }

// Due is what of a balance can be ordered, to the smallest coin.
func (d *settledData) Due(b settlement.Balance) string {
	left := b.Payable - b.Ordered
	left -= left % b.Currency.Unit()
	if left <= 0 {
		return ""
	}
	return money.Amount{Micros: left}.String()
}

func (f *face) settledCarrier(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showSettled(r, p, settledData{})
}

// toSettled leads from the address of a form to the page it is on.
func (f *face) toSettled(_ http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	return nil, redirect{settledAddress(r.PathValue("id"))}
}

func (f *face) showSettled(r *http.Request, p *page, d settledData) (templ.Component, error) {
	d.ID, d.Priced, d.Once = r.PathValue("id"), r.URL.Query().Get("priced"), settlement.NewPayout(f.Now())
	if _, err := strconv.Atoi(d.Priced); err != nil {
		d.Priced = ""
	}
	names, ids, err := f.carrierNames(r, p)
	if err != nil {
		return nil, err
	}
	d.Name, d.Known = names.of(d.ID), slices.Contains(ids, d.ID)
	if d.monthOf, err = f.monthOf(r); err != nil {
		if d.Problem == "" {
			return nil, err
		}
		r.Form.Del("month") // it is said already
		d.monthOf, _ = f.monthOf(r)
	}
	if d.Totals, err = f.Settlement.Totals(r.Context(), p.Who, d.ID, d.Month); err != nil {
		return nil, err
	}
	if d.Balances, err = f.Settlement.Balances(r.Context(), p.Who, d.ID); err != nil {
		return nil, err
	}
	if !d.Known && len(d.Totals) == 0 && len(d.Balances) == 0 {
		return f.nothingHere(nil, r, p)
	}
	for _, t := range d.Totals {
		d.Unpriced = d.Unpriced || t.Unpriced > 0
	}
	if d.Statements, err = f.Asked.Statements(r.Context(), p.Who, d.ID, d.Month); err != nil {
		return nil, err
	}
	if d.Removed, err = f.Asked.Removed(r.Context(), p.Who, d.ID, d.Month); err != nil {
		return nil, err
	}
	if d.Payee, err = f.Payouts.Payee(r.Context(), p.Who, d.ID); err != nil {
		return nil, err
	}
	all, err := f.Payouts.Payouts(r.Context(), p.Who, "")
	for _, x := range all {
		if x.Carrier == d.ID && len(d.Payouts) < 20 {
			d.Payouts = append(d.Payouts, x)
		}
	}
	p.Title = d.Name
	return settledPage(p, d), err
}

// settle does what a form of the page asks for.
func (f *face) settle(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id, to := r.PathValue("id"), ""
	var err error
	switch r.PathValue("do") {
	case "payee":
		err = f.Payouts.SetPayee(r.Context(), p.Who, settlement.Payee{Carrier: id, Name: r.PostFormValue("name"), IBAN: r.PostFormValue("iban"), BIC: r.PostFormValue("bic")})
	case "order":
		var amount money.Amount
		if amount, err = typedAmount(r.PostFormValue("amount"), money.Currency(r.PostFormValue("currency"))); err == nil {
			_, err = f.Payouts.Order(r.Context(), p.Who, id, amount, r.PostFormValue("reference"), r.PostFormValue("once"))
		}
		to = settlementPath + "/payouts"
	case "net":
		_, err = f.Payouts.Net(r.Context(), p.Who, id, money.Currency(r.PostFormValue("currency")))
	case "statement":
		var x settlement.Statement
		if x, err = f.takeStatement(r, p, id); err == nil {
			to = statementAddress(x.ID)
		}
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil {
		if to == "" {
			to = settledAddress(id)
		}
		return nil, redirect{to}
	}
	k := fault.KindOf(err)
	if k != fault.Invalid && k != fault.Conflict && k != fault.Limited {
		return nil, err
	}
	p.Status = httpstatus.Of(k)
	if len(r.PostForm.Get("csv")) > mostTyped {
		r.PostForm.Del("csv")
	}
	d := settledData{Typed: r.PostForm, Problem: p.why(err), Wrong: fault.FieldsOf(err)}
	if len(d.Wrong) == 1 && d.Wrong[0].Text == fault.ReasonOf(err).Text {
		d.Wrong = nil
	}
	return f.showSettled(r, p, d)
}

// takeStatement compares a statement that was pasted or uploaded.
func (f *face) takeStatement(r *http.Request, p *page, carrier string) (x settlement.Statement, err error) {
	text, err := formText(r, "file", "csv", settlement.MostBytes)
	if err != nil {
		return x, err
	}
	m, err := settlement.ParseMonth(r.PostFormValue("month"))
	if err != nil {
		return x, err
	}
	x, _, err = f.Asked.Import(r.Context(), p.Who, settlement.Statement{
		Carrier: carrier, Direction: settlement.Direction(r.PostFormValue("direction")), Month: m, Currency: money.Currency(strings.ToUpper(strings.TrimSpace(r.PostFormValue("currency")))),
	}, text)
	return x, err
}

func statementAddress(id string) string {
	return settlementPath + "/statements/" + url.PathEscape(id)
}

// statementData is a statement beside our lines.
type statementData struct {
	settlement.Statement
	Name    string
	Shift   string
	Causes  []causeRow
	Words   []string // the largest differences
	More    int      // that are not told
	Letter  string   // to the carrier
	Mail    string
	Typed   string
	Note    string
	Problem string
	Why     string // it is to be removed, as typed
}

// causeRow is what lines of one cause come to, and a bar from the middle of 300.
type causeRow struct {
	Cause               settlement.Cause
	Lines               int64
	Theirs, Ours, Delta string
	Asked               bool // they ask more than we say
	Can, Disputed       bool
	X, W                string
}

const (
	toldDifferences = 25
	toldInLetter    = 200
	mostMail        = 1500 // what programs take of an address
)

func (f *face) carrierStatement(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showStatement(r, p, statementData{})
}

func (f *face) toStatement(_ http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	return nil, redirect{statementAddress(r.PathValue("id"))}
}

func (f *face) showStatement(r *http.Request, p *page, d statementData) (templ.Component, error) {
	x, m, err := f.Asked.Statement(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	names, _, err := f.carrierNames(r, p)
	if err != nil {
		return nil, err
	}
	d.Statement, d.Name = x, names.of(x.Carrier)
	if m.Shift != 0 {
		d.Shift = strconv.FormatFloat(m.Shift.Hours(), 'f', -1, 64)
	}
	d.causes(p, m)
	for i := range m.Pairs[:min(len(m.Pairs), toldDifferences)] {
		d.Words = append(d.Words, p.differs(&m.Pairs[i], x.Currency))
	}
	d.More = len(m.Pairs) - len(d.Words)
	d.letter(p, m)
	if d.Typed == "" {
		sum := int64(0)
		for _, s := range m.Sums {
			sum += s.Ours
		}
		d.Typed = money.Amount{Micros: max(0, sum)}.String()
	}
	if d.Note == "" {
		d.Note = x.Note
	}
	p.Title = p.T("settle.statement")
	return carrierStatementPage(p, d), nil
}

// causes sums a comparison, and draws it.
func (d *statementData) causes(p *page, m settlement.Match) {
	most := int64(1)
	for _, s := range m.Sums {
		most = max(most, s.Theirs-s.Ours, s.Ours-s.Theirs)
	}
	for _, c := range settlement.Causes() {
		s, found := m.Sums[c]
		if !found {
			continue
		}
		delta := s.Theirs - s.Ours
		w := 150 * float64(max(delta, -delta)) / float64(most)
		x := 150.0
		if delta < 0 {
			x -= w
		}
		d.Causes = append(d.Causes, causeRow{
			Cause: c, Lines: s.Lines, Theirs: p.sum(d.Currency, s.Theirs), Ours: p.sum(d.Currency, s.Ours), Delta: p.more(d.Currency, delta), Asked: delta > 0,
			Can: delta > 0 && c != settlement.Same, Disputed: slices.Contains(d.Statement.Causes, c), X: strconv.FormatFloat(x, 'f', 1, 64), W: strconv.FormatFloat(w, 'f', 1, 64),
		})
	}
}

// more is a difference with its sign.
func (p *page) more(c money.Currency, micros int64) string {
	if micros > 0 {
		return "+" + p.sum(c, micros)
	}
	return p.sum(c, micros)
}

// differs says a difference in words.
func (p *page) differs(x *settlement.Pair, c money.Currency) string {
	var pairs []string
	add := func(name, text string) { pairs = append(pairs, name, text) }
	number, at := "", time.Time{}
	if o := x.Ours; o != nil {
		number, at = o.Number, o.Answer
		add("ours", p.sum(c, o.Price.Amount.Micros))
		add("our_seconds", strconv.FormatInt(o.Price.Seconds, 10))
	}
	if t := x.Theirs; t != nil {
		at = t.At
		if number == "" {
			number = t.Number
		}
		add("theirs", p.sum(c, t.Micros))
		add("their_seconds", strconv.FormatInt(t.Seconds, 10))
		add("line", strconv.Itoa(t.N))
	}
	return "\u2068" + number + "\u2069, " + at.UTC().Format("2006-01-02 15:04:05") + ": " + p.T("settle.differs_"+string(x.Cause), pairs...)
}

// letter is what the carrier may be told: of what is disputed, or else of what
// could be.
func (d *statementData) letter(p *page, m settlement.Match) {
	var of []settlement.Cause
	total := int64(0)
	for _, c := range d.Causes {
		if c.Can && (c.Disputed || len(d.Statement.Causes) == 0) {
			of, total = append(of, c.Cause), total+m.Sums[c.Cause].Theirs-m.Sums[c.Cause].Ours
		}
	}
	if len(of) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString(p.T("settle.letter", "month", string(d.Month), "lines", strconv.FormatInt(d.Lines, 10), "theirs", p.sum(d.Currency, d.Theirs), "sum", p.sum(d.Currency, total), "id", d.ID) + "\n\n")
	for _, c := range d.Causes {
		if slices.Contains(of, c.Cause) {
			b.WriteString(p.T("settle.letter_cause", "cause", p.T("settle.cause_"+string(c.Cause)), "lines", strconv.FormatInt(c.Lines, 10), "sum", c.Delta) + "\n")
		}
	}
	b.WriteString("\n")
	n := 0
	for i := range m.Pairs {
		if !slices.Contains(of, m.Pairs[i].Cause) {
			continue
		}
		if n++; n > toldInLetter {
			b.WriteString("…\n")
			break
		}
		b.WriteString(p.differs(&m.Pairs[i], d.Currency) + "\n")
	}
	d.Letter = b.String()
	body := []rune(d.Letter)
	text := string(body[:min(len(body), mostMail)])
	d.Mail = "mailto:?" + strings.ReplaceAll(url.Values{"subject": {p.T("settle.letter_subject", "month", string(d.Month))}, "body": {text}}.Encode(), "+", "%20")
}

func (f *face) decideStatement(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id, note := r.PathValue("id"), r.PostFormValue("note")
	var err error
	d := statementData{Note: note}
	switch r.PathValue("do") {
	case "dispute":
		var causes []settlement.Cause
		for _, c := range r.PostForm["cause"] {
			causes = append(causes, settlement.Cause(c))
		}
		_, err = f.Asked.Dispute(r.Context(), p.Who, id, causes, note)
	case "agree":
		d.Typed = r.PostFormValue("amount")
		var x settlement.Statement
		if x, _, err = f.Asked.Statement(r.Context(), p.Who, id); err != nil {
			return nil, err
		}
		var amount money.Amount
		if amount, err = typedAmount(d.Typed, x.Currency); err == nil {
			_, err = f.Asked.Agree(r.Context(), p.Who, id, amount.Micros, note)
		}
	case "remove":
		var x settlement.Statement
		d.Why = r.PostFormValue("why")
		if x, err = f.Asked.Remove(r.Context(), p.Who, id, d.Why); err == nil {
			return nil, redirect{settledAddress(x.Carrier) + monthText(x.Month)}
		}
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil {
		return nil, redirect{statementAddress(id)}
	}
	if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
		return nil, err
	}
	p.Status, d.Problem = httpstatus.Of(fault.KindOf(err)), p.why(err)
	return f.showStatement(r, p, d)
}

// payoutsData is payments to carriers.
type payoutsData struct {
	State   settlement.PayoutState
	List    []payoutRow
	Problem string
}

type payoutRow struct {
	settlement.Payout
	Carried string // the carrier's name
	Moved   bool   // it is paid to another account now than when this was ordered
}

func payoutStates() []settlement.PayoutState {
	return []settlement.PayoutState{settlement.Ordered, settlement.Paid, settlement.Cancelled}
}

func (f *face) payouts(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.showPayouts(r, p, payoutsData{State: settlement.PayoutState(r.URL.Query().Get("state"))})
}

func (f *face) toPayouts(http.ResponseWriter, *http.Request, *page) (templ.Component, error) {
	return nil, redirect{settlementPath + "/payouts"}
}

func (f *face) showPayouts(r *http.Request, p *page, d payoutsData) (templ.Component, error) {
	if !slices.Contains(payoutStates(), d.State) {
		d.State = settlement.Ordered
	}
	names, _, err := f.carrierNames(r, p)
	if err != nil {
		return nil, err
	}
	list, err := f.Payouts.Payouts(r.Context(), p.Who, d.State)
	if err != nil {
		return nil, err
	}
	now := map[string]settlement.Payee{}
	for _, x := range list {
		row := payoutRow{Payout: x, Carried: names.of(x.Carrier)}
		if x.State == settlement.Ordered {
			payee, known := now[x.Carrier]
			if !known {
				if payee, err = f.Payouts.Payee(r.Context(), p.Who, x.Carrier); err != nil {
					return nil, err
				}
				now[x.Carrier] = payee
			}
			row.Moved = payee.IBAN != x.Payee.IBAN
		}
		d.List = append(d.List, row)
	}
	p.Title = p.T("settle.payouts")
	return payoutsPage(p, d), nil
}

func (f *face) endPayout(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	var err error
	switch r.PathValue("do") {
	case "paid":
		_, err = f.Payouts.Done(r.Context(), p.Who, r.PathValue("id"))
	case "cancel":
		_, err = f.Payouts.Cancel(r.Context(), p.Who, r.PathValue("id"))
	default:
		return f.nothingHere(nil, r, p)
	}
	if err == nil {
		return nil, redirect{settlementPath + "/payouts"}
	}
	return f.payoutProblem(r, p, err)
}

func (f *face) payoutProblem(r *http.Request, p *page, err error) (templ.Component, error) {
	k := fault.KindOf(err)
	if k != fault.Conflict && k != fault.Unavailable && k != fault.Invalid {
		return nil, err
	}
	p.Status = httpstatus.Of(k)
	return f.showPayouts(r, p, payoutsData{Problem: p.why(err)})
}

// payoutFile is the ordered payments in euros for the bank.
func (f *face) payoutFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	file, err := f.Payouts.File(r.Context(), p.Who)
	if err != nil {
		return f.payoutProblem(r, p, err)
	}
	f.send(w, r, "pain.001.xml", "application/xml", func(to io.Writer) error { _, err := to.Write(file); return err })
	return nil, nil
}

func (f *face) payoutTable(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	state := settlement.PayoutState(r.URL.Query().Get("state"))
	if !slices.Contains(payoutStates(), state) {
		state = settlement.Ordered
	}
	list, err := f.Payouts.Payouts(r.Context(), p.Who, state)
	if err != nil {
		return nil, err
	}
	f.send(w, r, "payments-"+string(state)+".csv", "text/csv; charset=utf-8", func(to io.Writer) error { return settlement.WritePayouts(to, list) })
	return nil, nil
}

// typed is what was typed into a field, or else what stands there.
func (d *settledData) typed(name, was string) string {
	if v, ok := d.Typed[name]; ok && len(v) > 0 {
		return v[0]
	}
	return was
}
