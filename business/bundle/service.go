package bundle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
)

// Tx is one transaction. Whoever touches allowances locks them before what is held
// of money and before accounts of the book.
type Tx interface {
	ledger.Tx
	// Package reads one, of which nobody changes the state until the end.
	Package(ctx context.Context, id string) (Package, bool, error)
	// LockAllowance reads one that nobody else changes until the end.
	LockAllowance(ctx context.Context, id string) (Allowance, bool, error)
	// CountLive counts those of an account that are not over.
	CountLive(ctx context.Context, account string, at time.Time) (int, error)
	// AddAllowance keeps a period, unless there is one.
	AddAllowance(ctx context.Context, a Allowance) (fresh bool, err error)
	// PutAllowance keeps all of one but what calls use of it.
	PutAllowance(ctx context.Context, a Allowance) error
	// Tell queues a letter to an account, once for each key.
	Tell(ctx context.Context, account, kind, key string, fields map[string]string) error
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Packages(ctx context.Context) ([]Package, error)
	Allowance(ctx context.Context, id string) (Allowance, bool, error)
	AddPackage(ctx context.Context, p Package) error
	SetState(ctx context.Context, id string, s State, at time.Time) (found bool, err error)
	// Allowances lists those of an account, the latest end first.
	Allowances(ctx context.Context, account string, limit int) ([]Allowance, error)
	// Due lists by id after one what is to be seen to: what ends before an instant,
	// of which what was earned was not booked since a day, or whose holder is to be
	// told how much is used.
	Due(ctx context.Context, ends time.Time, day int64, after string, limit int) ([]string, error)
}

// Config is what belongs to this house.
type Config struct {
	Currency money.Currency
	Link     func(path string) string // where people reach a page
	// Tax is what tax is on the price of a package; nil: none.
	Tax func(ctx context.Context, account string, net money.Amount) (shop.Tax, error)
	// Buyer says why an account may not buy now; nil: everybody may.
	Buyer func(ctx context.Context, account string) error
	Log   *slog.Logger
	Now   func() time.Time
}

// Service sells packages and sees to their periods.
type Service struct {
	store   Store
	book    Book
	cfg     Config
	touched chan string
}

// Book is the ledger.
type Book interface {
	PostIn(ctx context.Context, tx ledger.Tx, p ledger.Posting) (ledger.Posted, error)
}

// New returns the service; Run has to run for members to be told at once, and
// Renew to be called now and then.
func New(store Store, book Book, cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, book: book, cfg: cfg, touched: make(chan string, 1024)}
}

// All lists every package, for the operator.
func (s *Service) All(ctx context.Context, by member.Actor) ([]Package, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.store.Packages(ctx)
}

// Offer is a package as it can be bought.
type Offer struct {
	Package

	Tax   shop.Tax
	Total money.Amount // with tax
}

// Offers are the packages on sale, as an actor would pay them.
func (s *Service) Offers(ctx context.Context, by member.Actor) ([]Offer, error) {
	list, err := s.store.Packages(ctx)
	if err != nil {
		return nil, err
	}
	out := []Offer{}
	for _, p := range list {
		if p.State != OnSale {
			continue
		}
		t, err := s.tax(ctx, by.Account, p.Price)
		if err != nil {
			return nil, err
		}
		total := p.Price
		total.Micros += t.Micros
		out = append(out, Offer{p, t, total})
	}
	return out, nil
}

func (s *Service) tax(ctx context.Context, account string, net money.Amount) (shop.Tax, error) {
	if s.cfg.Tax == nil || account == "" {
		return shop.Tax{}, nil
	}
	return s.cfg.Tax(ctx, account, net)
}

// Add puts a package on sale.
func (s *Service) Add(ctx context.Context, by member.Actor, p Package) (Package, error) {
	if err := by.OperatorOnly(); err != nil {
		return p, err
	}
	if bad := p.check(); len(bad) > 0 {
		return p, fault.Fields(bad...)
	}
	now := s.cfg.Now()
	p.ID, p.Price.Currency, p.State, p.Created, p.Changed = ident.New("pkg", now), s.cfg.Currency, OnSale, now, now
	return p, s.store.AddPackage(ctx, p)
}

// Seconds are those of minutes as somebody gave them. Beyond what a package may
// have nothing is formed of them, which may be another number: they are refused.
func Seconds(minutes int64) int64 { return max(0, min(minutes, MostMinutes+1)) * 60 }

// named reports whether a text can be a name, on a page as in a table.
func named(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= mostName && !strings.ContainsFunc(s, unicode.IsControl)
}

// check says what is wrong, and brings prefixes and names into order.
func (p *Package) check() (bad []fault.Field) {
	wrong := func(field, text string, args ...any) {
		bad = append(bad, fault.Field{Name: field, Text: fault.New(fault.Invalid, "fields", text, args...).Reason.Text})
	}
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" || !named(p.Name) {
		wrong("name", "Give a name of at most %d letters.", mostName)
	}
	names := map[string]string{}
	for language, name := range p.Names {
		if name = strings.TrimSpace(name); name != "" {
			names[language] = name
		}
		if !named(name) || !named(language) || len(language) > 8 {
			wrong("names", "Give a name of at most %d letters.", mostName)
		}
	}
	p.Names = names
	if p.Price.Micros <= 0 || p.Price.Micros > 1_000_000*money.Micros {
		wrong("price", "Give a price above zero.")
	}
	if p.Seconds <= 0 || p.Seconds > MostMinutes*60 {
		wrong("minutes", "Give from 1 to %d minutes.", MostMinutes)
	}
	if p.Days < 0 || p.Days > MostDays {
		wrong("days", "Give from 1 to %d days, or none for a month.", MostDays)
	}
	slices.Sort(p.Prefixes)
	p.Prefixes = slices.Compact(p.Prefixes)
	covers := false
	for _, x := range p.Prefixes {
		digits, not := strings.CutPrefix(x, "-")
		covers = covers || !not
		if strings.Trim(digits, "0123456789") != "" || len(digits) > 15 || not && digits == "" {
			wrong("prefixes", "%s is no prefix. Write the digits after the +, as 49; with a minus in front of those that are not covered, as -49900; * is everywhere.", x)
			break
		}
	}
	if len(bad) == 0 && (!covers || len(p.Prefixes) > MostPrefixes) {
		wrong("prefixes", "Give from 1 to %d prefixes of the telephone numbers that the package is for.", MostPrefixes)
	}
	return bad
}

// ReadPrefixes reads prefixes as people write them: apart by spaces, commas or
// lines, with or without +; * is everywhere.
func ReadPrefixes(text string) Prefixes {
	out := Prefixes{}
	for _, x := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }) {
		x = strings.ReplaceAll(strings.ReplaceAll(x, "+", ""), "−", "-")
		if x == "*" {
			x = ""
		}
		out = append(out, x)
	}
	return out
}

// Text writes them as ReadPrefixes reads them.
func (p Prefixes) Text() string {
	out := make([]string, len(p))
	for i, x := range p {
		digits, not := strings.CutPrefix(x, "-")
		switch {
		case x == "":
			out[i] = "*"
		case not:
			out[i] = "-" + digits
		default:
			out[i] = "+" + digits
		}
	}
	return strings.Join(out, ", ")
}

func unknownPackage(id string) error {
	return fault.New(fault.Unknown, "package_unknown", "There is no package %s.", id)
}

// SetState takes a package off sale, ends its renewals, or puts it on sale again.
// What members bought stays theirs to its end.
func (s *Service) SetState(ctx context.Context, by member.Actor, id string, to State) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if to != OnSale && to != Kept && to != Ended {
		return fault.New(fault.Invalid, "state", "A package is on sale, kept by who has it, or ended.")
	}
	found, err := s.store.SetState(ctx, id, to, s.cfg.Now())
	if err == nil && !found {
		err = unknownPackage(id)
	}
	return err
}

// Allowances lists what an account has bought, what holds now first.
func (s *Service) Allowances(ctx context.Context, by member.Actor, account string) ([]Allowance, error) {
	if !by.May(account) {
		return nil, fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	return s.store.Allowances(ctx, account, 100)
}

// Left is what packages of an account have for calls to a number, beside what is
// held for calls under way: in all, and the name of the one that is used first.
func (s *Service) Left(ctx context.Context, account, e164 string) (seconds int64, name string, err error) {
	if e164 == "" {
		return 0, "", nil
	}
	list, err := s.store.Allowances(ctx, account, 100)
	now := s.cfg.Now()
	list = Pick(slices.DeleteFunc(list, func(a Allowance) bool { return !a.Live(now) || a.Available() <= 0 }), e164)
	if err != nil || len(list) == 0 {
		return 0, "", err
	}
	return Available(list), list[0].Name, nil
}

// NewPurchase is an id that a purchase may have: sent again with it, it is the
// same purchase.
func NewPurchase(now time.Time) string { return ident.New("alw", now) }

// Buy buys a package for the actor's account, from its wallet. once may be the id
// that the purchase gets.
func (s *Service) Buy(ctx context.Context, by member.Actor, id, once string) (out Allowance, err error) {
	now := s.cfg.Now().UTC()
	if once == "" {
		once = NewPurchase(now)
	}
	if !ident.Is("alw", once) {
		return out, fault.New(fault.Invalid, "once", "The id of the purchase is alw_ and 16 letters of 0-9a-v.")
	}
	if by.Account == "" || by.Role == member.Operator {
		return out, fault.New(fault.Forbidden, "members_only", "Packages are for members: an operator has no wallet.")
	}
	may, err := s.maySell(ctx, by.Account, id)
	if err != nil {
		return out, err
	}
	buy := func(tx Tx) error {
		out = Allowance{ID: once, Purchase: once, Account: by.Account, Anchor: now, Begins: now}
		fresh, err := s.buyIn(ctx, tx, id, may, &out)
		if err != nil || fresh {
			return err
		}
		if out, _, err = tx.LockAllowance(ctx, once); err == nil && (out.Account != by.Account || out.Package != id) {
			err = fault.New(fault.Conflict, "once_reused", "This purchase was made already, of something else.")
		}
		return err
	}
	if err = s.store.Do(ctx, buy); errors.Is(err, errBought) {
		err = s.store.Do(ctx, buy)
	}
	return out, err
}

// errBought says that the same purchase was made while this one waited for its
// wallet, after which no allowance may be locked any more.
var errBought = errors.New("the same purchase was made at this moment")

// terms are what holds for a sale, looked up before its transaction.
type terms struct {
	asked bool
	tax   shop.Tax
	no    error // why not
}

// maySell looks up what tax is on a package, and whether an account may buy it.
func (s *Service) maySell(ctx context.Context, account, id string) (t terms, err error) {
	list, err := s.store.Packages(ctx)
	at := slices.IndexFunc(list, func(p Package) bool { return p.ID == id })
	if err != nil || at < 0 {
		return t, errors.Join(err, unknownPackage(id))
	}
	if t.asked = true; s.cfg.Buyer != nil {
		t.no = s.cfg.Buyer(ctx, account)
	}
	t.tax, err = s.tax(ctx, account, list[at].Price)
	return t, err
}

func (s *Service) buyIn(ctx context.Context, tx Tx, id string, t terms, out *Allowance) (fresh bool, err error) {
	if _, found, err := tx.LockAllowance(ctx, out.ID); err != nil || found {
		return false, err
	}
	p, found, err := tx.Package(ctx, id)
	if err != nil || !found {
		return false, errors.Join(err, unknownPackage(id))
	}
	if p.State != OnSale {
		return false, fault.New(fault.Conflict, "package_off", "The package %s is not for sale any more.", p.Name)
	}
	if t.no != nil {
		return false, t.no
	}
	// Purchases of an account are counted one after the other, where they are paid.
	if _, _, err := tx.Lock(ctx, ledger.WalletID(out.Account, s.cfg.Currency)); err != nil {
		return false, err
	}
	n, err := tx.CountLive(ctx, out.Account, out.Begins)
	if err != nil {
		return false, err
	}
	if n >= MostLive {
		return false, fault.New(fault.Conflict, "packages_many", "You have %d packages. One has to end before you can buy another.", n)
	}
	out.Renews = p.Renews
	if fresh, err = s.sell(ctx, tx, p, t.tax, out); err == nil && !fresh {
		err = errBought
	}
	return fresh, err
}

// sell books the price of a period and keeps it; fresh is false if there is one
// already, which then was paid for.
func (s *Service) sell(ctx context.Context, tx Tx, p Package, t shop.Tax, a *Allowance) (fresh bool, err error) {
	a.Package, a.Name, a.Names, a.Prefixes, a.Net, a.Tax, a.Total = p.ID, p.Name, p.Names, p.Prefixes, p.Price, t, p.Seconds
	a.Step++
	a.Ends, a.Looked = ends(a.Anchor, p.Days, a.Step), day(s.cfg.Now())
	if fresh, err = tx.AddAllowance(ctx, *a); err != nil || !fresh {
		return fresh, err
	}
	c := p.Price.Currency
	entries := []ledger.Entry{
		{Account: ledger.WalletID(a.Account, c), Amount: a.Price().Neg()}, {Account: ledger.DeferredAccount("packages", c), Amount: a.Net},
	}
	if a.Tax.Micros != 0 {
		account := ledger.TaxAccount(a.Tax.Country, c)
		if err := tx.Open(ctx, ledger.Account{ID: account, Kind: ledger.Clearing, Currency: c, Floor: ledger.Unbounded, Opened: s.cfg.Now()}); err != nil {
			return false, err
		}
		entries = append(entries, ledger.Entry{Account: account, Amount: money.Amount{Currency: c, Micros: a.Tax.Micros}})
	}
	_, err = s.book.PostIn(ctx, tx, ledger.Posting{
		Key: fmt.Sprintf("package:%s:%d", a.Purchase, a.Period), Kind: "package", Ref: a.ID, Memo: "Package " + p.Name, Entries: entries,
	})
	return true, err
}

// Wish is what the holder of a purchase wants of it.
type Wish struct {
	Renews *bool // it goes on by itself after its end
	Quiet  *bool // no letter says how much is used
}

// SetWish has the holder of a purchase stop its renewal, or say whether he is told
// how much is used of it.
func (s *Service) SetWish(ctx context.Context, by member.Actor, id string, w Wish) (out Allowance, err error) {
	err = s.store.Do(ctx, func(tx Tx) error {
		a, found, err := tx.LockAllowance(ctx, id)
		if err != nil {
			return err
		}
		if !found || !by.May(a.Account) {
			return fault.New(fault.Unknown, "allowance_unknown", "There is no such package of yours.")
		}
		if w.Quiet != nil {
			a.Quiet = *w.Quiet
		}
		if w.Renews != nil && *w.Renews != a.Renews {
			p, _, err := tx.Package(ctx, a.Package)
			if err != nil {
				return err
			}
			if *w.Renews && (!p.Renews || p.State == Ended || a.Closed || !a.Ends.After(s.cfg.Now())) {
				return fault.New(fault.Conflict, "package_once", "The package %s cannot be renewed. Buy it again, if it is for sale.", p.Name)
			}
			a.Renews = *w.Renews
		}
		out = a
		return tx.PutAllowance(ctx, a)
	})
	return out, err
}
