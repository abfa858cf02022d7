package settlement

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/payment"
)

// Service settles.
type Service struct {
	store      Store
	statements Statements
	payouts    Payouts
	book       Book
	decks      Decks
	cfg        Config
	now        func() time.Time
}

// Config is what this house has set up.
type Config struct {
	Bank *payment.BankAccount                    // from which carriers are paid; nil: no payment files
	Zone func(n numbering.Number) *time.Location // of a caller of ours; nil: UTC
	Log  *slog.Logger
	Now  func() time.Time
}

// New returns a service.
func New(store Store, statements Statements, payouts Payouts, book Book, decks Decks, cfg Config) *Service {
	if cfg.Zone == nil {
		cfg.Zone = func(numbering.Number) *time.Location { return time.UTC }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, statements: statements, payouts: payouts, book: book, decks: decks, cfg: cfg, now: cfg.Now}
}

// atOnce is how many records are worked on in one transaction.
const atOnce = 200

// Accrue prices and books the legs of every record that is due, and returns how
// many lines that were. A record is due in the transaction that keeps it, so a
// crash loses nothing, and a leg is one line however often it is worked on.
func (s *Service) Accrue(ctx context.Context) (lines int, err error) {
	for {
		ids, records, err := s.store.Due(ctx, atOnce)
		if err != nil || len(ids) == 0 {
			return lines, err
		}
		var list []Line
		for i := range records {
			list = append(list, linesOf(&records[i], s.cfg.Zone(records[i].From.Number))...)
		}
		for i := range list {
			if list[i].Price, err = s.price(ctx, &list[i]); err != nil {
				return lines, err
			}
		}
		n := 0
		err = s.store.Do(ctx, func(tx Tx) (err error) {
			if n, err = s.keep(ctx, tx, list); err != nil {
				return err
			}
			return tx.Drop(ctx, ids)
		})
		if err != nil {
			return lines, err
		}
		lines += n
	}
}

// linesOf are the answered legs of a record with carriers. A line is named by the
// call, the trunk and the number, for two centers may tell of the same leg.
func linesOf(r *cdr.Record, zone *time.Location) (list []Line) {
	for i := range r.Legs {
		l := &r.Legs[i]
		if !r.Carries(l) {
			continue
		}
		number := l.To
		if number == "" {
			number = l.Number
		}
		list = append(list, Line{
			ID: r.CallID + "." + l.Trunk + "." + digits(number), Carrier: l.Carrier, Trunk: l.Trunk, Direction: Out, Call: r.CallID, Number: number, Answer: l.Answer, Lasted: max(0, l.End.Sub(l.Answer)),
			Zone: zone.String(),
		})
	}
	if r.Side == cdr.Entry && r.Carrier != "" && r.Answered() {
		list = append(list, Line{
			ID: r.CallID + ".in." + r.Trunk, Carrier: r.Carrier, Trunk: r.Trunk, Direction: In, Call: r.CallID, Number: called(r), Answer: r.Answer, Lasted: r.Duration(), Zone: zone.String(),
		})
	}
	return list
}

// called is the number that a call which came in was for.
func called(r *cdr.Record) string {
	if text := strings.ReplaceAll(r.To.Text, " ", ""); strings.HasPrefix(text, "+") {
		return text
	}
	if n := r.To.Number.Canonical(); n != "" {
		return n
	}
	return r.Dialled
}

// price asks the deck. What costs no money says so by a price of nothing.
func (s *Service) price(ctx context.Context, l *Line) (Price, error) {
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		return Price{}, fmt.Errorf("the time zone of the call %s: %w", l.Call, err)
	}
	return s.decks.CostOf(ctx, Owner(l.Carrier, l.Direction), strings.TrimPrefix(l.Number, "+"), l.Answer.In(zone), l.Lasted)
}

// group is lines that one posting books.
type group struct {
	carrier   string
	direction Direction
	month     Month
	currency  money.Currency
}

func (l *Line) group() group {
	return group{l.Carrier, l.Direction, MonthOf(l.Answer), l.Price.Amount.Currency}
}

// keep stores lines and books those that are fresh, a posting for each carrier,
// month and currency.
func (s *Service) keep(ctx context.Context, tx Tx, list []Line) (fresh int, err error) {
	groups := map[group][]Line{}
	var order []group
	for _, l := range list {
		ok, err := tx.PutLine(ctx, l)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		fresh++
		if l.Price.Amount.Zero() {
			continue
		}
		g := l.group()
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], l)
	}
	for _, g := range order {
		if err := s.bookGroup(ctx, tx, g, groups[g]); err != nil {
			return 0, err
		}
	}
	return fresh, nil
}

// bookGroup books lines of one carrier: under the id of the first, which no other
// group has, for a line is kept once. What both agreed on for a month is all that is
// owed for it: a line that comes later, or has its price later, is not booked beside
// it. Agree waits for the same account, so that each line is either in the sum that
// it looks at, or finds the month agreed.
func (s *Service) bookGroup(ctx context.Context, tx Tx, g group, list []Line) error {
	sum := money.Amount{Currency: g.currency}
	for _, l := range list {
		var err error
		if sum, err = sum.Add(l.Price.Amount); err != nil {
			return err
		}
	}
	debit, credit, err := s.open(ctx, tx, g)
	if err != nil {
		return err
	}
	if _, agreed, err := tx.AgreedStatement(ctx, g.carrier, g.direction, g.month, g.currency); err != nil || agreed {
		return err
	}
	posted, err := s.book.PostIn(ctx, tx, ledger.Posting{
		Key: "traffic:" + list[0].ID, Kind: "traffic", Ref: g.carrier, Memo: fmt.Sprintf("%d calls", len(list)),
		Entries: []ledger.Entry{{Account: debit, Amount: sum.Neg()}, {Account: credit, Amount: sum}},
	})
	for i := 0; i < len(list) && err == nil; i++ {
		err = tx.BookLine(ctx, list[i].ID, posted.ID)
	}
	return err
}

// open opens the accounts of a group. Until the end of the transaction nobody else
// books between them: the first is locked, which a posting locks first too.
func (s *Service) open(ctx context.Context, tx Tx, g group) (debit, credit string, err error) {
	from, to := accounts(g.carrier, g.direction, g.currency)
	for _, a := range []ledger.Account{from, to} {
		a.Opened = s.now()
		if err := tx.Open(ctx, a); err != nil {
			return "", "", err
		}
	}
	_, _, err = tx.Lock(ctx, from.ID)
	return from.ID, to.ID, err
}

// Reprice gives the lines of a month a price that had none, for decks may come
// late; it returns how many it found one for. A price that was booked stays.
func (s *Service) Reprice(ctx context.Context, by member.Actor, carrier string, m Month) (priced int, err error) {
	if err := by.OperatorOnly(); err != nil {
		return 0, err
	}
	f := Filter{Carrier: carrier, Month: m, Unpriced: true, Limit: atOnce}
	for {
		page, err := s.store.Lines(ctx, f)
		if err != nil {
			return priced, err
		}
		for _, l := range page.Items {
			if l.Price, err = s.price(ctx, &l); err != nil {
				return priced, err
			}
			if !l.Price.Known {
				continue
			}
			ok := false
			err := s.store.Do(ctx, func(tx Tx) (err error) {
				ok, err = s.repriced(ctx, tx, l)
				return err
			})
			if err != nil {
				return priced, err
			}
			if ok {
				priced++
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return priced, nil
		}
	}
}

// repriced is false if somebody else was quicker.
func (s *Service) repriced(ctx context.Context, tx Tx, l Line) (bool, error) {
	ok, err := tx.PriceLine(ctx, l.ID, l.Price)
	if err != nil || !ok || l.Price.Amount.Zero() {
		return ok, err
	}
	return true, s.bookGroup(ctx, tx, l.group(), []Line{l})
}

// Totals are what the calls of a month come to; of every carrier, if none is named.
func (s *Service) Totals(ctx context.Context, by member.Actor, carrier string, m Month) ([]Total, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.store.Totals(ctx, carrier, m)
}

// Lines lists them.
func (s *Service) Lines(ctx context.Context, by member.Actor, f Filter) (Page, error) {
	if err := by.OperatorOnly(); err != nil {
		return Page{}, err
	}
	f.Limit = min(max(f.Limit, 1), 500)
	return s.store.Lines(ctx, f)
}

// EachLine calls do with every line of a filter.
func (s *Service) EachLine(ctx context.Context, by member.Actor, f Filter, do func(Line) error) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	return s.store.Each(ctx, f, do)
}

// Margins are what calls of a month brought in and cost, the largest revenue first.
func (s *Service) Margins(ctx context.Context, by member.Actor, m Month, sum MarginBy) ([]Margin, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.store.Margins(ctx, m, sum, 500)
}

// Run accrues every so often until ctx ends.
func (s *Service) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := s.Accrue(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("what carriers are owed for their calls cannot be booked, and is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
