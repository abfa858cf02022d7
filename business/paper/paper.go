// Package paper writes invoices, credit notes and receipts. A paper is written
// once for a sale, once for its refund and once for money added to a wallet, holds everything it says, and is never
// changed; those of a month of calls are written by package billing with what is here. Its number has no gaps within a year: it is taken in the transaction
// that stores the paper.
package paper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
)

// Kind is the class of a paper.
type Kind string

// The classes.
const (
	Invoice    Kind = "invoice"
	CreditNote Kind = "credit_note"
	// Receipt is of money added to a wallet. It is no invoice: nothing is sold yet,
	// and what it will buy, and where, is not known, so no tax is due before it is
	// spent (a voucher for many purposes).
	Receipt Kind = "receipt"
	// Statement says what a wallet is below zero where no calls are to be invoiced.
	// It taxes nothing: what it names has invoices of its own.
	Statement Kind = "statement"
)

// Paper is one.
type Paper struct {
	Number  string // "2026-000001", "2026-C000001"
	Kind    Kind
	Order   string // or the rental of a telephone number, or the payment a receipt is of, or whose calls
	Period  string // of a renewal: the day its year begins; of calls: their month; "" is the sale
	Account string
	Issued  time.Time
	Data    Data
}

// Data is what stands on it.
type Data struct {
	Seller Party        `json:"seller"`
	Buyer  Party        `json:"buyer"`
	Lines  []Line       `json:"lines"`
	Net    money.Amount `json:"net"`
	Tax    Tax          `json:"tax"`
	Total  money.Amount `json:"total"`
	World  string       `json:"number"` // the world number, as it is typed
	// Telephone is the telephone number that was rented for it; "" on the paper
	// of an order.
	Telephone string    `json:"telephone,omitempty"`
	Package   string    `json:"package,omitempty"` // its name, of minutes that were bought
	Paid      time.Time `json:"paid_at"`
	Method    string    `json:"method"`
	Invoice   string    `json:"invoice,omitempty"` // what a credit note turns back
	Reason    string    `json:"reason,omitempty"`  // of a credit note: why, as the operator wrote it
	// Month is that of the calls it is for ("2026-11"). Its lines are with their tax.
	Month    string `json:"month,omitempty"`
	Account  *Owed  `json:"statement,omitempty"`
	Language string `json:"language"`
}

// Owed is what became of a wallet on credit since the paper before.
type Owed struct {
	Before   money.Amount `json:"before"`
	Payments money.Amount `json:"payments"` // and what else came back
	Fees     []Fee        `json:"fees"`
	Calls    money.Amount `json:"calls"`
	After    money.Amount `json:"after"`
	Asked    money.Amount `json:"to_pay"`
	Due      time.Time    `json:"due_at"`
	Bank     *Bank        `json:"bank,omitempty"` // where it can be sent
}

// Fee is what was bought otherwise, with an invoice of its own.
type Fee struct {
	Invoice string       `json:"invoice,omitempty"`
	Text    string       `json:"text"` // of the book
	Amount  money.Amount `json:"amount"`
}

// Bank is an account to pay into, and the payer's reference.
type Bank struct {
	Holder    string `json:"holder"`
	IBAN      string `json:"iban"`
	BIC       string `json:"bic,omitempty"`
	Name      string `json:"name"`
	Reference string `json:"reference"`
}

// Party is a side of the sale.
type Party struct {
	Name    string `json:"name"`
	Company string `json:"company,omitempty"`
	Address string `json:"address,omitempty"`
	Country string `json:"country,omitempty"`
	TaxID   string `json:"tax_id,omitempty"`
	Email   string `json:"email,omitempty"`
}

// Line is one thing sold. What it is, is a code: setup, yearly or calls.
type Line struct {
	What    string       `json:"what"`
	Kind    string       `json:"kind"`                       // individual, company, telephone; of calls: pstn, onnet, partner, forwarded, internet, other
	Country string       `json:"country,omitempty"`          // of calls: where to
	Calls   int64        `json:"calls,omitempty"`            // how many
	Seconds int64        `json:"duration_seconds,omitempty"` // of talking
	Amount  money.Amount `json:"amount"`
}

// Tax is the tax in the total.
type Tax struct {
	Name   string       `json:"name,omitempty"`
	Rate   int64        `json:"rate_ppm,omitempty"`
	Amount money.Amount `json:"amount"`
}

// Number writes a paper's number.
func Number(k Kind, year, seq int) string {
	letter := ""
	switch k {
	case CreditNote:
		letter = "C"
	case Receipt:
		letter = "R"
	case Statement:
		letter = "S"
	}
	return fmt.Sprintf("%d-%s%06d", year, letter, seq)
}

// Tx is one transaction of papers.
type Tx interface {
	// OfOrder is the paper of a kind that an order has, of the sale or of one
	// year's fee.
	OfOrder(ctx context.Context, order, period string, k Kind) (Paper, bool, error)
	// Next takes the next number of a kind and year.
	Next(ctx context.Context, k Kind, year int) (int, error)
	Insert(ctx context.Context, p Paper) error
	Dequeue(ctx context.Context, topic, key string) error
	// Write queues a letter to an account, once for each key.
	Write(ctx context.Context, account, kind, key string, fields map[string]string) error
}

// Store keeps papers. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Tasks(ctx context.Context, topic string, limit int) ([]string, error)
	Paper(ctx context.Context, number string) (Paper, bool, error)
	// Papers lists an account's ("": all), newest first.
	Papers(ctx context.Context, account, before string, limit int) ([]Paper, error)
}

// Orders is what papers need of the shop.
type Orders interface {
	Order(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Events(ctx context.Context, by member.Actor, id string) ([]shop.Event, error)
}

// Renewals is the yearly fees that were paid.
type Renewals interface {
	Renewal(ctx context.Context, order string, day time.Time) (shop.Renewal, bool, error)
}

// Rents is what was paid for telephone numbers.
type Rents interface {
	Fee(ctx context.Context, rental string, day time.Time) (did.Fee, bool, error)
}

// Deposits is money that came from outside.
type Deposits interface {
	Deposit(ctx context.Context, id string) (payment.Incoming, bool, error)
}

// Accounts tells who a buyer is.
type Accounts interface {
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
}

// Office writes papers.
type Office struct {
	store    Store
	orders   Orders
	renewals Renewals
	rents    Rents
	deposits Deposits
	accounts Accounts
	seller   Party
	link     func(path string) string
	now      func() time.Time
	credit   func(ctx context.Context, account string) (bool, error)
	packages Packages // nil: none are sold
	cards    Cards    // nil: none are sold
}

// Packages is minutes that were bought.
type Packages interface {
	Allowance(ctx context.Context, id string) (bundle.Allowance, bool, error)
}

// Invoices has the office write an invoice for each period of a package.
func (o *Office) Invoices(p Packages) { o.packages = p }

// packaged writes the invoice of a period of a package.
func (o *Office) packaged(ctx context.Context, id string) (Paper, error) {
	a, found, err := o.packages.Allowance(ctx, id)
	if err != nil || !found {
		return Paper{}, errors.Join(err, fmt.Errorf("there is no package %q", id))
	}
	data, err := o.Blank(ctx, a.Account, a.Price(), a.Tax)
	if err != nil {
		return Paper{}, err
	}
	data.Package, data.Paid = a.NameIn(data.Language), a.Begins
	data.Lines = []Line{{What: "package", Kind: "minutes", Amount: a.Net}}
	if data.Method, err = o.method(ctx, a.Account, "wallet"); err != nil {
		return Paper{}, err
	}
	return o.write(ctx, job{Invoice, shop.Order{ID: a.ID, Account: a.Account}, a.Begins.UTC().Format(time.DateOnly), bundle.TopicPaper, id}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, a.Account, data.thanks("rent_receipt"), "receipt:"+id, map[string]string{
			"number": data.Package, "amount": data.Total.String(), "paper": p.Number, "link": o.link("/invoices/" + p.Number)})
	})
}

// Cards is ID cards that were ordered.
type Cards interface {
	Card(ctx context.Context, id string) (idcard.Card, bool, error)
}

// InvoicesOf has the office write an invoice for each ID card that cost something.
func (o *Office) InvoicesOf(c Cards) { o.cards = c }

// carded writes the invoice of an ID card.
func (o *Office) carded(ctx context.Context, id string) (Paper, error) {
	c, found, err := o.cards.Card(ctx, id)
	if err != nil || !found {
		return Paper{}, errors.Join(err, fmt.Errorf("there is no ID card %q", id))
	}
	data, err := o.Blank(ctx, c.Account, c.Price(), c.Tax)
	if err != nil {
		return Paper{}, err
	}
	data.World, data.Paid = c.Number.Display(), c.Created
	data.Lines = []Line{{What: "card", Kind: string(c.Kind), Amount: c.Net}}
	if data.Method, err = o.method(ctx, c.Account, "wallet"); err != nil {
		return Paper{}, err
	}
	return o.write(ctx, job{Invoice, shop.Order{ID: c.ID, Account: c.Account}, "", idcard.TopicPaper, id}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, c.Account, data.thanks("rent_receipt"), "receipt:"+id, map[string]string{
			"number": data.World, "amount": data.Total.String(), "paper": p.Number, "link": o.link("/invoices/" + p.Number)})
	})
}

// OnCredit has the office say of accounts that pay later that something was
// charged, and not that it was paid.
func (o *Office) OnCredit(f func(ctx context.Context, account string) (bool, error)) { o.credit = f }

// method is how something was paid; from a wallet on credit it was not yet.
func (o *Office) method(ctx context.Context, account, method string) (string, error) {
	if method != "wallet" || o.credit == nil {
		return method, nil
	}
	later, err := o.credit(ctx, account)
	if later {
		method = "account"
	}
	return method, err
}

// thanks is the kind of the letter that brings an invoice.
func (d *Data) thanks(kind string) string {
	if d.Method == "account" {
		return "receipt_credit"
	}
	return kind
}

// New returns the office.
func New(store Store, orders Orders, renewals Renewals, rents Rents, deposits Deposits, accounts Accounts, seller Party, link func(path string) string, now func() time.Time) *Office {
	return &Office{store: store, orders: orders, renewals: renewals, rents: rents, deposits: deposits, accounts: accounts, seller: seller, link: link, now: now}
}

// ForOrder is an order's invoice, written now if it was not yet.
func (o *Office) ForOrder(ctx context.Context, by member.Actor, order string) (Paper, error) {
	x, err := o.orders.Order(ctx, by, order)
	if err != nil {
		return Paper{}, err
	}
	if x.AmountDue.Zero() || x.State != shop.Sold && x.State != shop.Refunded && !o.wasSold(ctx, x.ID) {
		return Paper{}, fault.New(fault.Unknown, "no_receipt", "There is no receipt of this order: nothing was paid for it.")
	}
	return o.invoice(ctx, x)
}

// wasSold reports whether an order that ended was a sale once: its number was
// given on, or given up.
func (o *Office) wasSold(ctx context.Context, order string) bool {
	events, err := o.orders.Events(ctx, member.System(), order)
	return err == nil && slices.ContainsFunc(events, func(e shop.Event) bool { return e.State == shop.Sold })
}

// invoice writes the invoice of a sale.
func (o *Office) invoice(ctx context.Context, x shop.Order) (Paper, error) {
	data, err := o.data(ctx, x)
	if err != nil {
		return Paper{}, err
	}
	return o.write(ctx, job{Invoice, x, "", shop.TopicPaper, x.ID}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, x.Account, data.thanks("receipt"), "receipt:"+x.ID, map[string]string{
			"number": x.Number.Display(), "amount": x.AmountDue.String(), "paper": p.Number, "link": o.link("/orders/" + x.ID)})
	})
}

// creditNote writes the credit note of a refund, after the invoice.
func (o *Office) creditNote(ctx context.Context, x shop.Order) (Paper, error) {
	inv, err := o.invoice(ctx, x)
	if err != nil {
		return Paper{}, err
	}
	data := inv.Data
	data.Invoice, data.Paid = inv.Number, o.now()
	way := "The money is in your wallet"
	if x.PaidBy != "" && x.Method == "card" {
		way = "It goes back to your card"
	}
	return o.write(ctx, job{CreditNote, x, "", shop.TopicCredit, x.ID}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, x.Account, "credit_note", "credit_note:"+x.ID, map[string]string{
			"number": x.Number.Display(), "amount": x.AmountDue.String(), "way": way, "paper": p.Number, "link": o.link("/orders/" + x.ID)})
	})
}

// yearly writes the invoice of a yearly fee; ref is its name in the outbox.
func (o *Office) yearly(ctx context.Context, ref string) (Paper, error) {
	order, day, _ := strings.Cut(ref, " ")
	from, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return Paper{}, fmt.Errorf("the renewal %q: %w", ref, err)
	}
	r, found, err := o.renewals.Renewal(ctx, order, from)
	if err != nil || !found {
		return Paper{}, errors.Join(err, fmt.Errorf("there is no renewal %q", ref))
	}
	x, err := o.orders.Order(ctx, member.System(), order)
	if err != nil {
		return Paper{}, err
	}
	// The paper is that of an order which is this year's fee alone.
	x.Setup, x.Yearly, x.Tax, x.AmountDue, x.Method = 0, r.Net.Micros, r.Tax, r.Gross(), "wallet"
	data, err := o.data(ctx, x)
	if err != nil {
		return Paper{}, err
	}
	data.Paid = r.Paid
	return o.write(ctx, job{Invoice, x, day, shop.TopicRenewal, ref}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, x.Account, data.thanks("receipt"), "receipt:"+ref, map[string]string{
			"number": x.Number.Display(), "amount": x.AmountDue.String(), "paper": p.Number, "link": o.link("/orders/" + x.ID)})
	})
}

// rented writes the invoice of a year of a telephone number; ref is its name in
// the outbox.
func (o *Office) rented(ctx context.Context, ref string) (Paper, error) {
	rental, day, _ := strings.Cut(ref, " ")
	from, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return Paper{}, fmt.Errorf("the fee %q: %w", ref, err)
	}
	f, found, err := o.rents.Fee(ctx, rental, from)
	if err != nil || !found {
		return Paper{}, errors.Join(err, fmt.Errorf("there is no fee %q", ref))
	}
	amount := func(micros int64) money.Amount { return money.Amount{Currency: f.Currency, Micros: micros} }
	data, err := o.Blank(ctx, f.Account, amount(f.Setup+f.Yearly+f.Tax.Micros), f.Tax)
	if err != nil {
		return Paper{}, err
	}
	data.World, data.Telephone, data.Paid = f.For.Display(), numbering.Spaced(f.E164), f.Paid
	if data.Method, err = o.method(ctx, f.Account, "wallet"); err != nil {
		return Paper{}, err
	}
	data.lines("telephone", amount(f.Setup), amount(f.Yearly))
	return o.write(ctx, job{Invoice, shop.Order{ID: f.Rental, Account: f.Account}, day, did.TopicFee, ref}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, f.Account, data.thanks("rent_receipt"), "receipt:"+ref, map[string]string{
			"number": data.Telephone, "amount": data.Total.String(), "paper": p.Number, "link": o.link("/invoices/" + p.Number)})
	})
}

// deposited writes the receipt of money that was added to a wallet.
func (o *Office) deposited(ctx context.Context, id string) (Paper, error) {
	in, found, err := o.deposits.Deposit(ctx, id)
	if err != nil || !found {
		return Paper{}, errors.Join(err, fmt.Errorf("there is no payment %q", id))
	}
	data, err := o.Blank(ctx, in.Account, in.Amount, shop.Tax{})
	if err != nil {
		return Paper{}, err
	}
	data.Method, data.Paid = string(in.Method), in.Received
	data.Lines = []Line{{What: "top_up", Kind: "wallet", Amount: in.Amount}}
	return o.write(ctx, job{Receipt, shop.Order{ID: in.ID, Account: in.Account}, "", payment.TopicReceipt, id}, data, func(tx Tx, p Paper) error {
		return tx.Write(ctx, in.Account, "top_up", "receipt:"+in.ID, map[string]string{
			"amount": in.Amount.String(), "paper": p.Number, "link": o.link("/wallet")})
	})
}

// job is a paper to be written, and the task that asks for it.
type job struct {
	kind       Kind
	order      shop.Order
	period     string
	topic, ref string
}

// write stores a paper with its number, its letter, and the end of its task,
// or returns the one there is.
func (o *Office) write(ctx context.Context, j job, data Data, post func(Tx, Paper) error) (Paper, error) {
	var p Paper
	err := o.store.Do(ctx, func(tx Tx) error {
		var found bool
		var err error
		now := o.now()
		year := now.UTC().Year()
		seq, err := tx.Next(ctx, j.kind, year) // also holds off whoever writes at the same moment
		if err != nil {
			return err
		}
		if p, found, err = tx.OfOrder(ctx, j.order.ID, j.period, j.kind); err != nil {
			return err
		}
		if found {
			return errWritten
		}
		p = Paper{Number: Number(j.kind, year, seq), Kind: j.kind, Order: j.order.ID, Period: j.period, Account: j.order.Account, Issued: now, Data: data}
		if err := tx.Insert(ctx, p); err != nil {
			return err
		}
		if err := post(tx, p); err != nil {
			return err
		}
		return tx.Dequeue(ctx, j.topic, j.ref)
	})
	if errors.Is(err, errWritten) { // the number taken was given back with the transaction
		return p, o.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, j.topic, j.ref) })
	}
	return p, err
}

var errWritten = errors.New("the paper was written before") // a sentinel, never changed

// data is what stands on the paper of a sale.
func (o *Office) data(ctx context.Context, x shop.Order) (Data, error) {
	d, err := o.Blank(ctx, x.Account, x.AmountDue, x.Tax)
	if err != nil {
		return Data{}, err
	}
	events, err := o.orders.Events(ctx, member.System(), x.ID)
	if err != nil {
		return Data{}, err
	}
	c := x.AmountDue.Currency
	d.World = x.Number.Display()
	if d.Method, err = o.method(ctx, x.Account, x.Method); err != nil {
		return Data{}, err
	}
	for _, e := range events {
		if e.State == shop.Paid && d.Paid.IsZero() {
			d.Paid = e.At
		}
	}
	kind := x.Number.Kind.String()
	d.lines(kind, money.Amount{Currency: c, Micros: x.Setup}, money.Amount{Currency: c, Micros: x.Yearly})
	if len(d.Lines) == 0 { // an order older than prices in parts
		d.Lines = []Line{{What: "setup", Kind: kind, Amount: d.Net}}
	}
	return d, nil
}

// Blank is a paper with its parties and its sums.
func (o *Office) Blank(ctx context.Context, account string, total money.Amount, t shop.Tax) (Data, error) {
	a, err := o.accounts.Account(ctx, member.System(), account)
	if err != nil {
		return Data{}, err
	}
	c := total.Currency
	return Data{Seller: o.seller, Language: a.Language, Total: total,
		Net:   money.Amount{Currency: c, Micros: total.Micros - t.Micros},
		Tax:   Tax{Name: t.Name, Rate: t.Rate, Amount: money.Amount{Currency: c, Micros: t.Micros}},
		Buyer: Party{Name: a.Name, Company: a.Business.Company, Address: a.Business.Address, TaxID: a.Business.TaxID, Country: a.Country, Email: a.Email}}, nil
}

// lines are what was sold, as far as it was not free.
func (d *Data) lines(kind string, setup, yearly money.Amount) {
	for _, l := range []Line{{What: "setup", Kind: kind, Amount: setup}, {What: "yearly", Kind: kind, Amount: yearly}} {
		if !l.Amount.Zero() {
			d.Lines = append(d.Lines, l)
		}
	}
}

// Resume writes papers that wait to be written.
func (o *Office) Resume(ctx context.Context) error {
	var failures []error
	of := func(write func(context.Context, shop.Order) (Paper, error)) func(context.Context, string) (Paper, error) {
		return func(ctx context.Context, id string) (Paper, error) {
			x, err := o.orders.Order(ctx, member.System(), id)
			if err != nil {
				return Paper{}, err
			}
			return write(ctx, x)
		}
	}
	for _, x := range []struct {
		topic string
		write func(context.Context, string) (Paper, error)
	}{{bundle.TopicPaper, o.packaged}, {idcard.TopicPaper, o.carded}, {shop.TopicPaper, of(o.invoice)}, {shop.TopicRenewal, o.yearly}, {did.TopicFee, o.rented}, {shop.TopicCredit, of(o.creditNote)}, {payment.TopicReceipt, o.deposited}} {
		refs, err := o.store.Tasks(ctx, x.topic, 1000)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			if _, err := x.write(ctx, ref); err != nil {
				failures = append(failures, fmt.Errorf("the paper of %s: %w", ref, err))
			}
		}
	}
	return errors.Join(failures...)
}

// Paper is one of the actor's own.
func (o *Office) Paper(ctx context.Context, by member.Actor, number string) (Paper, error) {
	p, found, err := o.store.Paper(ctx, strings.ToUpper(number))
	if err != nil {
		return Paper{}, err
	}
	if !found || !by.May(p.Account) {
		return Paper{}, fault.New(fault.Unknown, "paper_unknown", "There is no invoice %s.", number)
	}
	return p, nil
}

// Papers lists an account's papers, newest first ("" and an operator: all).
func (o *Office) Papers(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]Paper, string, error) {
	if !by.May(account) {
		return nil, "", fault.New(fault.Forbidden, "not_yours", "These are the invoices of somebody else.")
	}
	limit = min(max(limit, 1), 200)
	list, err := o.store.Papers(ctx, account, cursor, limit+1)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	last := list[limit-1]
	return list[:limit], fmt.Sprintf("%d,%s", last.Issued.UnixMicro(), last.Number), nil
}
