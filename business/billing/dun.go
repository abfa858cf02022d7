package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// endless is later than every entry.
const endless = 200 // years

// Claim is a bill that is not paid, and what is left of it. That of an account's
// later bills has that of the earlier ones in it; Own has not.
type Claim struct {
	Bill
	Left int64
	Own  int64
}

// claims are what an account has been asked for and has not paid, the oldest
// first, with the last entry of its wallet.
func (s *Service) claims(ctx context.Context, account string) (list []Claim, seen int64, err error) {
	bills, err := s.store.Open(ctx, account)
	if err != nil || len(bills) == 0 {
		return nil, 0, err
	}
	seen, balance, err := s.store.End(ctx, s.wallet(account), s.cfg.Now().AddDate(endless, 0, 0))
	if err != nil {
		return nil, 0, err
	}
	moves, err := s.store.Moves(ctx, s.wallet(account), bills[0].Upto, seen)
	if err != nil {
		return nil, 0, err
	}
	before := int64(0)
	for _, b := range bills {
		c := Claim{Bill: b, Left: b.left(moves, balance)}
		c.Own = max(0, c.Left-before)
		before = max(before, c.Left)
		list = append(list, c)
	}
	return list, seen, nil
}

// Claims lists what is open, of an account or (operators) of all, the oldest
// first.
func (s *Service) Claims(ctx context.Context, by member.Actor, account string) ([]Claim, error) {
	if !by.May(account) {
		return nil, fault.New(fault.Forbidden, "not_yours", "These are the invoices of somebody else.")
	}
	bills, err := s.store.Open(ctx, account)
	if err != nil {
		return nil, err
	}
	left := map[string]Claim{}
	asked := map[string]bool{}
	for _, b := range bills {
		if asked[b.Account] {
			continue
		}
		asked[b.Account] = true
		list, _, err := s.claims(ctx, b.Account)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			left[c.Number] = c
		}
	}
	out := []Claim{}
	for _, b := range bills {
		if c, ok := left[b.Number]; ok && c.Left > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// Settle looks at accounts whose wallets have moved since they were asked for
// money: what is paid is paid, and who was suspended may call again, at once.
func (s *Service) Settle(ctx context.Context) error {
	accounts, err := s.store.Moved(ctx, s.cfg.Currency)
	for _, a := range accounts {
		if lerr := s.look(ctx, a); lerr != nil {
			err = errors.Join(err, fmt.Errorf("account %s: %w", a, lerr))
		}
	}
	return err
}

// remindAll looks at everybody who was asked for money.
func (s *Service) remindAll(ctx context.Context) error {
	bills, err := s.store.Open(ctx, "")
	asked := map[string]bool{}
	for _, b := range bills {
		if asked[b.Account] {
			continue
		}
		asked[b.Account] = true
		if lerr := s.look(ctx, b.Account); lerr != nil {
			err = errors.Join(err, fmt.Errorf("account %s: %w", b.Account, lerr))
		}
	}
	return err
}

// stepDue is when the next step of a bill is to be taken: the days of the
// configuration after the last for paying, and never sooner after the step before
// than those say, though a pause or a stop has kept it. False: there is none.
func (s *Service) stepDue(b Bill) (time.Time, bool) {
	if b.Step >= len(s.cfg.Steps) {
		return time.Time{}, false
	}
	at := b.Due.AddDate(0, 0, s.cfg.Steps[b.Step])
	if b.Step > 0 {
		if gap := b.Stepped.AddDate(0, 0, s.cfg.Steps[b.Step]-s.cfg.Steps[b.Step-1]); gap.After(at) {
			at = gap
		}
	}
	return at, true
}

// suspends is the step by which an account is suspended.
const suspends = len(Steps{})

// look notes what an account has paid, and takes the steps that are due, each
// once.
func (s *Service) look(ctx context.Context, account string) error {
	list, seen, err := s.claims(ctx, account)
	if err != nil || len(list) == 0 {
		return err
	}
	now := s.cfg.Now()
	return s.store.Do(ctx, func(tx Tx) error {
		st, err := tx.LockStanding(ctx, account)
		if err != nil {
			return err
		}
		held := false // by a bill that has suspended
		for _, c := range list {
			b, found, err := tx.LockBill(ctx, c.Number)
			if err != nil {
				return err
			}
			if !found || b.State != Open {
				continue
			}
			if b.Step != c.Step { // somebody else was quicker
				held = held || b.Step >= suspends
				continue
			}
			if c.Left == 0 {
				b.State, b.Ended = Paid, now
				if err := tx.ChangeBill(ctx, b); err != nil {
					return err
				}
				continue
			}
			if at, more := s.stepDue(b); more && !now.Before(at) && !now.Before(st.Paused) {
				if err := s.step(ctx, tx, &st, b, c.Left); err != nil {
					return err
				}
				b.Step++
			}
			held = held || b.Step >= suspends
		}
		if !held && st.Dunned != "" {
			if err := s.resume(ctx, tx, &st, list[len(list)-1].Bill); err != nil {
				return err
			}
		}
		st.Seen = seen
		return tx.PutStanding(ctx, st)
	})
}

// step takes the next step of a bill.
func (s *Service) step(ctx context.Context, tx Tx, st *Standing, b Bill, left int64) error {
	now := s.cfg.Now()
	b.Step++
	b.Stepped = now
	if err := tx.ChangeBill(ctx, b); err != nil {
		return err
	}
	fields := s.fields(b, left)
	kind := "bill_reminder"
	switch b.Step {
	case suspends - 1:
		kind = "bill_last_reminder"
		if at, more := s.stepDue(b); more {
			fields["until"] = at.UTC().Format(time.DateOnly)
		}
	case suspends:
		kind = "bill_suspended"
		if err := s.suspend(ctx, tx, st, b, left); err != nil {
			return err
		}
	}
	if err := tx.Write(ctx, b.Account, kind, fmt.Sprintf("bill:%s:%d", b.Number, b.Step), fields); err != nil {
		return err
	}
	if b.Step > 1 {
		return nil
	}
	return tx.Event(ctx, hook.Unpaid, b.Number, b, now)
}

// suspended is why an account may not call, which nobody changes until the end of
// the transaction: its wallet is locked.
func (s *Service) suspended(ctx context.Context, tx Tx, account string) (string, error) {
	if _, _, _, err := tx.Wallet(ctx, s.wallet(account)); err != nil {
		return "", err
	}
	t, _, err := tx.Terms(ctx, account)
	return t.Suspended, err
}

// suspend keeps an account from calls that cost. One that the operator has
// suspended stays so, for his reason.
func (s *Service) suspend(ctx context.Context, tx Tx, st *Standing, b Bill, left int64) error {
	if is, err := s.suspended(ctx, tx, b.Account); err != nil || is != "" {
		return err
	}
	why := fault.New(fault.Forbidden, "overdue", "Invoice %s is overdue: %s had to be paid by %s. Add it to the wallet, then calls are possible again.",
		b.Number, s.amount(left).String(), b.LastDay()).Reason.Text
	st.Dunned = why
	return s.terms.SuspendIn(ctx, tx, member.System(), b.Account, why)
}

// resume lets an account call again that reminders had suspended, unless the
// operator has suspended it for another reason since.
func (s *Service) resume(ctx context.Context, tx Tx, st *Standing, b Bill) error {
	why := st.Dunned
	st.Dunned = ""
	if is, err := s.suspended(ctx, tx, st.Account); err != nil || is != why {
		return err
	}
	if err := s.terms.SuspendIn(ctx, tx, member.System(), st.Account, ""); err != nil {
		return err
	}
	return tx.Write(ctx, st.Account, "bill_resumed", fmt.Sprintf("resumed:%s:%d", b.Number, s.cfg.Now().Unix()), s.fields(b, 0))
}

// Standing is how an account stands with reminders.
func (s *Service) Standing(ctx context.Context, by member.Actor, account string) (Standing, error) {
	if err := by.OperatorOnly(); err != nil {
		return Standing{}, err
	}
	return s.store.Standing(ctx, account)
}

// Pause keeps reminders from an account until the end of a day, with why; the zero
// time lets them go on.
func (s *Service) Pause(ctx context.Context, by member.Actor, account string, until time.Time, note string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if _, _, err := s.store.End(ctx, s.wallet(account), s.cfg.Now()); err != nil {
		return err
	}
	text := "Reminders go on"
	if !until.IsZero() {
		now := s.cfg.Now()
		if !until.After(now) || until.After(now.AddDate(1, 0, 1)) {
			return fault.Fields(fault.Field{Name: "until", Text: "Name a day from today on, within a year."})
		}
		var err error
		if note, err = reasoned("note", note); err != nil {
			return err
		}
		text = fmt.Sprintf("No reminders until %s: %s", until.Add(-time.Second).UTC().Format(time.DateOnly), note)
	}
	return s.store.Do(ctx, func(tx Tx) error {
		st, err := tx.LockStanding(ctx, account)
		if err != nil {
			return err
		}
		st.Paused, st.Note = until, note
		if err := tx.PutStanding(ctx, st); err != nil {
			return err
		}
		return tx.AddRemark(ctx, s.remark(by, account, text))
	})
}

func (s *Service) remark(by member.Actor, account, text string) member.Remark {
	now := s.cfg.Now()
	return member.Remark{ID: ident.New("rmk", now), Account: account, Code: "noted", Text: text, Actor: by.Account, Name: by.Name, At: now}
}

// BadDebtAccount is what will never be paid.
func BadDebtAccount(c money.Currency) string { return "cost:bad_debt:" + string(c) }

// WriteOff gives up what is left of a bill, and of those before it: it is a loss
// of ours, and the wallet is even again. Its tax stays as it was booked.
func (s *Service) WriteOff(ctx context.Context, by member.Actor, number, note string) (b Bill, err error) {
	if err := by.OperatorOnly(); err != nil {
		return b, err
	}
	if note, err = reasoned("note", note); err != nil {
		return b, err
	}
	if b, err = s.Bill(ctx, by, number); err != nil {
		return b, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		st, err := tx.LockStanding(ctx, b.Account)
		if err != nil {
			return err
		}
		if _, _, err := tx.Lock(ctx, s.wallet(b.Account)); err != nil { // nothing is paid meanwhile
			return err
		}
		if b, _, err = tx.LockBill(ctx, number); err != nil {
			return err
		}
		if b.State == WrittenOff {
			return nil
		}
		list, _, err := s.claims(ctx, b.Account)
		if err != nil {
			return err
		}
		left := int64(0)
		for _, c := range list {
			if c.Number == number {
				left = c.Left
			}
		}
		if left == 0 {
			return fault.New(fault.Conflict, "bill_paid", "Invoice %s is paid.", number)
		}
		if err := s.bookLoss(ctx, tx, b, left); err != nil {
			return err
		}
		for _, c := range list {
			if c.Upto > b.Upto {
				continue
			}
			c.State, c.Ended = WrittenOff, s.cfg.Now()
			if err := tx.ChangeBill(ctx, c.Bill); err != nil {
				return err
			}
			if c.Number == number {
				b = c.Bill
			}
		}
		if err := tx.AddRemark(ctx, s.remark(by, b.Account, fmt.Sprintf("Invoice %s written off, %s: %s", number, s.amount(left), note))); err != nil {
			return err
		}
		return tx.PutStanding(ctx, st)
	})
	return b, err
}

func (s *Service) bookLoss(ctx context.Context, tx Tx, b Bill, left int64) error {
	loss := BadDebtAccount(b.Currency)
	if err := tx.Open(ctx, ledger.Account{ID: loss, Kind: ledger.Cost, Currency: b.Currency, Floor: ledger.Unbounded, Opened: s.cfg.Now()}); err != nil {
		return err
	}
	_, err := s.book.PostIn(ctx, tx, ledger.Posting{
		Key: "writeoff:" + b.Number, Kind: "write_off", Ref: b.Number, Memo: "Written off: invoice " + b.Number,
		Entries: []ledger.Entry{{Account: loss, Amount: s.amount(-left)}, {Account: s.wallet(b.Account), Amount: s.amount(left)}},
	})
	return err
}
