package wallet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Tx is one transaction.
type Tx interface {
	// Wallet reads a wallet's account of the book, that nobody else changes until the
	// end of the transaction, with the number of its entries.
	Wallet(ctx context.Context, id string) (a ledger.Account, entries int64, found bool, err error)
	// SetFloor says how low it may go.
	SetFloor(ctx context.Context, id string, floor int64) error
	TermsTx
	RefillTx
	Watch(ctx context.Context, account string) (Watch, error)
	PutWatch(ctx context.Context, w Watch) error
	// Highest is the highest balance after entries beyond a number; none: false.
	Highest(ctx context.Context, id string, beyond int64) (int64, bool, error)
	// Tell queues a letter to an account, and an event to programs that want it, once
	// for each key.
	Tell(ctx context.Context, n News) error
	Dequeue(ctx context.Context, topic, key string) error
}

// TermsTx is what a transaction may do with terms.
type TermsTx interface {
	// Terms are an account's as this transaction sees them; false: none were agreed.
	Terms(ctx context.Context, account string) (Terms, bool, error)
	PutTerms(ctx context.Context, t Terms, by member.Remark) error
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Terms(ctx context.Context, account string) (Terms, bool, error)
	Watched(ctx context.Context, account string) (Watch, error)
	// Moved lists accounts whose wallets have entries that were not looked at, by
	// id after one.
	Moved(ctx context.Context, c money.Currency, after string, limit int) ([]string, error)
	Account(ctx context.Context, id string) (ledger.Account, bool, error)
	// Wanting lists accounts whose rule says that money is to be added, by id after
	// one; or only an account, if it is such a one.
	Wanting(ctx context.Context, c money.Currency, account, after string, limit int) ([]string, error)
	Tasks(ctx context.Context, topic string, limit int) ([]string, error)
}

// Config is what belongs to this house.
type Config struct {
	Currency money.Currency
	Link     func(path string) string // where people reach a page
	Open     func(ctx context.Context, account string) error
	Ordered  func() // may be nil: money was ordered for a wallet
	Log      *slog.Logger
	Now      func() time.Time
}

// Service is what holds for wallets.
type Service struct {
	store   Store
	cfg     Config
	touched chan touch
}

// touch is a wallet from which something went.
type touch struct {
	account string
	cut     string // a call to it was cut because the money was used up
	task    string // that says so
	held    bool   // nothing went, but is held
}

// New returns the service; Run has to run for members to be told.
func New(store Store, cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, cfg: cfg, touched: make(chan touch, 1024)}
}

func (s *Service) id(account string) string { return ledger.WalletID(account, s.cfg.Currency) }

func (s *Service) amount(micros int64) money.Amount {
	return money.Amount{Currency: s.cfg.Currency, Micros: micros}
}

// Of is a wallet with its terms; staff may see everybody's.
func (s *Service) Of(ctx context.Context, by member.Actor, account string) (v View, err error) {
	if !by.May(account) {
		return v, fault.New(fault.Forbidden, "not_yours", "This is the wallet of somebody else.")
	}
	if v.Terms, err = s.TermsOf(ctx, account); err != nil {
		return v, err
	}
	w, err := s.store.Watched(ctx, account)
	if err != nil {
		return v, err
	}
	v.Notice = w.notice(s.cfg.Currency)
	a, _, err := s.store.Account(ctx, s.id(account))
	v.Balance, v.Held, v.Available = s.amount(a.Balance), s.amount(a.Held), s.amount(a.Available())
	return v, err
}

// TermsOf are an account's, for who writes its invoices.
func (s *Service) TermsOf(ctx context.Context, account string) (Terms, error) {
	t, found, err := s.store.Terms(ctx, account)
	return s.terms(account, t, found), err
}

// terms are those agreed, or what holds where none were.
func (s *Service) terms(account string, t Terms, found bool) Terms {
	if !found {
		t = Terms{Account: account, Kind: Prepaid}
	}
	t.Credit.Currency = s.cfg.Currency
	return t
}

// SetTerms says on which terms an account spends. A limit below what is used of
// it, by money spent or held for calls under way, is refused: nothing that was
// promised is taken back. Who wants no more to be used suspends the account, which
// stays suspended whatever its terms become.
func (s *Service) SetTerms(ctx context.Context, by member.Actor, t Terms) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if err := s.check(&t); err != nil {
		return err
	}
	if err := s.cfg.Open(ctx, t.Account); err != nil {
		return err
	}
	t.Changed = s.cfg.Now()
	text := string(t.Kind)
	if t.Kind == Postpaid {
		text = fmt.Sprintf("%s, %s, %d days", t.Kind, t.Credit, t.Days)
	}
	return s.store.Do(ctx, func(tx Tx) error {
		a, _, found, err := tx.Wallet(ctx, s.id(t.Account))
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Unknown, "account_unknown", "There is no account %s.", t.Account)
		}
		if used := a.Held - a.Balance; used > t.Credit.Micros {
			wrong := fault.New(fault.Conflict, "credit_used", "%s of the credit is in use, %s of it for calls under way. The limit can be lowered to that and not further; suspend the account to stop new calls.",
				s.amount(used).String(), s.amount(min(used, a.Held)).String())
			return wrong.WithFields(fault.Field{Name: "credit", Text: wrong.Reason.Text})
		}
		old, _, err := tx.Terms(ctx, t.Account)
		if err != nil {
			return err
		}
		t.Suspended = old.Suspended
		if err := tx.SetFloor(ctx, a.ID, -t.Credit.Micros); err != nil {
			return err
		}
		return tx.PutTerms(ctx, t, s.remark(by, t.Account, "terms", text))
	})
}

func (s *Service) check(t *Terms) error {
	wrong := func(field, text string, args ...any) error {
		err := fault.New(fault.Invalid, "terms", text, args...)
		return err.WithFields(fault.Field{Name: field, Text: err.Reason.Text})
	}
	t.Credit.Currency = s.cfg.Currency
	switch {
	case t.Kind == Prepaid:
		t.Credit.Micros, t.Days = 0, 0
		return nil
	case t.Kind != Postpaid:
		return wrong("kind", "Terms are prepaid or postpaid.")
	case t.Credit.Micros <= 0 || t.Credit.Micros > MostCredit:
		return wrong("credit", "Give a credit limit above zero, up to %s.", s.amount(MostCredit).String())
	case t.Days < 0 || t.Days > MostDays:
		return wrong("payment_days", "Give from 0 to %d days to pay.", MostDays)
	}
	return nil
}

// Suspend keeps an account from beginning calls that cost, and says why; ""
// lets it again. Calls under way go on, and emergency calls are always free.
func (s *Service) Suspend(ctx context.Context, by member.Actor, account, why string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if why = strings.TrimSpace(why); utf8.RuneCountInString(why) > mostWhy {
		return fault.New(fault.Invalid, "why", "Say why in at most %d letters.", mostWhy)
	}
	if err := s.cfg.Open(ctx, account); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error { return s.SuspendIn(ctx, tx, by, account, why) })
}

// SuspendIn is Suspend in a transaction that does more.
func (s *Service) SuspendIn(ctx context.Context, tx Tx, by member.Actor, account, why string) error {
	if _, _, found, err := tx.Wallet(ctx, s.id(account)); err != nil || !found { // also holds off who changes it now
		return errors.Join(err, fault.New(fault.Unknown, "account_unknown", "There is no account %s.", account))
	}
	agreed, has, err := tx.Terms(ctx, account)
	t := s.terms(account, agreed, has)
	if err != nil || t.Suspended == why {
		return err
	}
	code := "suspended"
	if why == "" {
		code = "resumed"
	}
	t.Suspended, t.Changed = why, s.cfg.Now()
	return tx.PutTerms(ctx, t, s.remark(by, account, code, why))
}

func (s *Service) remark(by member.Actor, account, code, text string) member.Remark {
	now := s.cfg.Now()
	return member.Remark{ID: ident.New("rmk", now), Account: account, Code: code, Text: text, Actor: by.Account, Name: by.Name, At: now}
}
