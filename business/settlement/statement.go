package settlement

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Statement is what a carrier asks for a month, or says it owes.
type Statement struct {
	ID        string
	Carrier   string
	Direction Direction
	Month     Month
	Currency  money.Currency
	Lines     int64
	Theirs    int64 // micros: what they ask
	Ours      int64 // what we said when it was compared last
	State     StatementState
	Disputed  int64   // of theirs, that we do not accept for now
	Causes    []Cause // for which
	Agreed    int64   // what both agreed on
	Note      string
	By        string // who acted last
	At        time.Time
}

// StatementState is how a statement stands.
type StatementState string

// The states.
const (
	Open     StatementState = "open"     // compared, nothing decided
	Disputed StatementState = "disputed" // we do not accept a part, and said so
	Agreed   StatementState = "agreed"   // its amount is booked
)

// Statements keep statements.
type Statements interface {
	// PutStatement keeps a new one with its lines as they were read.
	PutStatement(ctx context.Context, s Statement, lines []Theirs) error
	// Statements lists those of a carrier and month, the latest first; of all
	// carriers if none is named.
	Statements(ctx context.Context, carrier string, m Month) ([]Statement, error)
	Statement(ctx context.Context, id string) (Statement, bool, error)
	StatementLines(ctx context.Context, id string) ([]Theirs, error)
	Removed(ctx context.Context, carrier string, m Month) ([]Statement, error)
}

// mostOurs bounds how many lines of ours are compared.
const mostOurs = 2 * MostLines

// Import reads a carrier's statement of a month, compares it with our lines, and
// keeps it.
func (s *Service) Import(ctx context.Context, by member.Actor, x Statement, text string) (Statement, Match, error) {
	if err := by.OperatorOnly(); err != nil {
		return x, Match{}, err
	}
	if x.Carrier == "" || x.Direction != Out && x.Direction != In {
		return x, Match{}, fault.New(fault.Invalid, "statement", "Say whose statement it is, and whether of calls they carried or of calls they sent.")
	}
	if len(x.Currency) != 3 {
		return x, Match{}, fault.New(fault.Invalid, "currency", "Say in which currency the statement is, by its three letters.").WithFields(fault.Field{Name: "currency", Text: "Three letters, as EUR."})
	}
	theirs, err := Read(text, x.Month, x.Currency)
	if err != nil {
		return x, Match{}, err
	}
	m, err := s.compare(ctx, x, theirs)
	if err != nil {
		return x, m, err
	}
	x.ID, x.State, x.By, x.At = ident.New("sta", s.now()), Open, by.Name, s.now()
	x.Lines, x.Theirs, x.Ours = int64(len(theirs)), 0, 0
	for _, sum := range m.Sums {
		x.Theirs += sum.Theirs
		x.Ours += sum.Ours
	}
	return x, m, s.statements.PutStatement(ctx, x, theirs)
}

// compare matches lines with ours of the month and the hours around it, for their
// clock may be in another zone; of those around it, what they do not name is no
// difference.
func (s *Service) compare(ctx context.Context, x Statement, theirs []Theirs) (Match, error) {
	from, to := x.Month.Span()
	var ours []Line
	for _, month := range []Month{MonthOf(from.Add(-time.Hour)), x.Month, MonthOf(to)} {
		err := s.store.Each(ctx, Filter{Carrier: x.Carrier, Direction: x.Direction, Month: month}, func(l Line) error {
			if l.Answer.Before(from.Add(-mostShift*time.Hour)) || l.Answer.After(to.Add(mostShift*time.Hour)) || l.Price.Known && l.Price.Amount.Currency != x.Currency {
				return nil
			}
			if ours = append(ours, l); len(ours) > mostOurs {
				return fault.New(fault.Limited, "statement_large", "There are more than %d calls of this carrier in a month; they are not compared.", mostOurs)
			}
			return nil
		})
		if err != nil {
			return Match{}, err
		}
	}
	return Compare(ours, theirs, x.Currency).within(from, to), nil
}

// within leaves out what only we have and what their clock puts into another month.
func (m Match) within(from, to time.Time) Match {
	from, to = from.Add(-m.Shift), to.Add(-m.Shift)
	m.Pairs = slices.DeleteFunc(m.Pairs, func(p Pair) bool {
		if p.Cause != OnlyOurs || !p.Ours.Answer.Before(from) && p.Ours.Answer.Before(to) {
			return false
		}
		sum := m.Sums[OnlyOurs]
		sum.Lines--
		sum.Ours -= p.Ours.Price.Amount.Micros
		if m.Sums[OnlyOurs] = sum; sum.Lines == 0 {
			delete(m.Sums, OnlyOurs)
		}
		return true
	})
	return m
}

// Statement reads one and compares it again, for there may be new prices.
func (s *Service) Statement(ctx context.Context, by member.Actor, id string) (Statement, Match, error) {
	if err := by.OperatorOnly(); err != nil {
		return Statement{}, Match{}, err
	}
	x, err := s.statement(ctx, id)
	if err != nil {
		return x, Match{}, err
	}
	theirs, err := s.statements.StatementLines(ctx, id)
	if err != nil {
		return x, Match{}, err
	}
	m, err := s.compare(ctx, x, theirs)
	return x, m, err
}

func (s *Service) statement(ctx context.Context, id string) (Statement, error) {
	x, found, err := s.statements.Statement(ctx, id)
	if err == nil && !found {
		err = fault.New(fault.Unknown, "statement_unknown", "There is no such statement.")
	}
	return x, err
}

// Statements lists those of a month.
func (s *Service) Statements(ctx context.Context, by member.Actor, carrier string, m Month) ([]Statement, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.statements.Statements(ctx, carrier, m)
}

// Dispute says for which causes what they ask beyond what we say is not accepted.
func (s *Service) Dispute(ctx context.Context, by member.Actor, id string, causes []Cause, note string) (Statement, error) {
	x, m, err := s.Statement(ctx, by, id)
	if err != nil {
		return x, err
	}
	disputed := int64(0)
	for _, c := range causes {
		if !slices.Contains(Causes(), c) || c == Same {
			return x, fault.New(fault.Invalid, "cause", "%q is no cause of a difference.", string(c))
		}
		disputed += max(0, m.Sums[c].Theirs-m.Sums[c].Ours)
	}
	if disputed == 0 {
		return x, fault.New(fault.Invalid, "nothing_disputed", "Choose the differences that you do not accept; there must be something in them that they ask for and we do not owe.")
	}
	return s.decide(ctx, by, id, func(old *Statement) error {
		old.State, old.Causes, old.Note, old.Disputed = Disputed, causes, note, disputed
		return nil
	})
}

// mostAgreed bounds an amount, so that no balance overflows: a hundred thousand
// million units.
const mostAgreed = 1e17

// Agree books the amount of a statement that both agreed on: what it differs from
// what our lines came to is posted once, and the statement is closed.
func (s *Service) Agree(ctx context.Context, by member.Actor, id string, micros int64, note string) (Statement, error) {
	if micros < 0 {
		return Statement{}, fault.New(fault.Invalid, "amount", "The amount is below zero.")
	}
	if micros > mostAgreed {
		return Statement{}, fault.New(fault.Invalid, "amount", "The amount is larger than any statement.")
	}
	return s.decide(ctx, by, id, func(x *Statement) error {
		x.State, x.Agreed, x.Note = Agreed, micros, note
		return nil
	})
}

// decide changes a statement that is not agreed, and books it when it is.
func (s *Service) decide(ctx context.Context, by member.Actor, id string, change func(*Statement) error) (x Statement, err error) {
	if err := by.OperatorOnly(); err != nil {
		return x, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		var found bool
		if x, found, err = tx.LockStatement(ctx, id); err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Unknown, "statement_unknown", "There is no such statement.")
		}
		if x.State == Agreed {
			return fault.New(fault.Conflict, "statement_agreed", "The statement is agreed and booked already.")
		}
		if err := change(&x); err != nil {
			return err
		}
		x.Note = strings.TrimSpace(x.Note)
		if len(x.Note) > 2000 {
			return fault.New(fault.Invalid, "note", "The note is longer than 2000 bytes.")
		}
		x.By, x.At = by.Name, s.now()
		if x.State == Agreed {
			other, taken, err := tx.AgreedStatement(ctx, x.Carrier, x.Direction, x.Month, x.Currency)
			if err != nil {
				return err
			}
			if taken {
				return fault.New(fault.Conflict, "month_agreed", "For this month, direction and currency the statement %s is agreed already.", other)
			}
			if err := s.adjust(ctx, tx, &x); err != nil {
				return err
			}
		}
		return tx.ChangeStatement(ctx, x)
	})
	return x, err
}

// adjust books what was agreed beyond, or below, what our lines came to.
func (s *Service) adjust(ctx context.Context, tx Tx, x *Statement) error {
	debit, credit, err := s.open(ctx, tx, group{x.Carrier, x.Direction, x.Month, x.Currency})
	if err != nil {
		return err
	}
	booked, err := tx.Booked(ctx, x.Carrier, x.Direction, x.Month, x.Currency)
	if err != nil {
		return err
	}
	x.Ours = booked
	d := money.Amount{Currency: x.Currency, Micros: x.Agreed - booked}
	if d.Zero() {
		return nil
	}
	_, err = s.book.PostIn(ctx, tx, ledger.Posting{
		Key: "statement:" + x.ID, Kind: "adjustment", Ref: x.Carrier, Memo: fmt.Sprintf("Agreed for %s", x.Month),
		Entries: []ledger.Entry{{Account: debit, Amount: d.Neg()}, {Account: credit, Amount: d}},
	})
	return err
}
