package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/business/wallet"
)

// quiet is how long after the end of a month its invoices are written: what was
// booked in it is to be seen by everybody.
const quiet = 10 * time.Minute

// Turn does what the calendar asks for: invoices of the months that have ended,
// and reminders.
func (s *Service) Turn(ctx context.Context) error {
	return errors.Join(s.issueAll(ctx), s.remindAll(ctx))
}

// issueAll writes the invoices of every month that has ended and is not finished.
// One that fails is tried again, and the months after it wait.
func (s *Service) issueAll(ctx context.Context) error {
	open := settlement.MonthOf(s.cfg.Now().Add(-quiet)) // the one that has not ended
	from, _ := open.Span()
	last := settlement.MonthOf(from.AddDate(0, -1, 0))
	done, err := s.store.Finished(ctx)
	if err != nil {
		return err
	}
	next := last
	if done != "" {
		_, to := done.Span()
		next = settlement.MonthOf(to)
	} else if first, err := s.store.First(ctx, s.cfg.Currency); err != nil {
		return err
	} else if m := settlement.MonthOf(first); !first.IsZero() && m < next {
		next = m
	}
	for m := next; m <= last; {
		if err := s.issueMonth(ctx, m); err != nil {
			return fmt.Errorf("the invoices of %s: %w", m, err)
		}
		_, to := m.Span()
		m = settlement.MonthOf(to)
	}
	return nil
}

func (s *Service) issueMonth(ctx context.Context, m settlement.Month) error {
	accounts, err := s.store.Unbilled(ctx, s.cfg.Currency, m)
	if err != nil {
		return err
	}
	var failures []error
	for _, a := range accounts {
		if err := s.issue(ctx, a, m); err != nil {
			failures = append(failures, fmt.Errorf("account %s: %w", a, err))
		}
	}
	if len(failures) > 0 {
		return errors.Join(failures...)
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Finish(ctx, m, s.cfg.Now()) })
}

// draft is an invoice before it has its number.
type draft struct {
	from  Standing
	bill  Bill
	kind  paper.Kind
	data  paper.Data
	terms wallet.Terms
	moves []Move
	after int64 // the balance with which it ends
}

// issue writes the invoice of an account's month, if there is something to ask or
// to tell apart.
func (s *Service) issue(ctx context.Context, account string, m settlement.Month) error {
	d, needed, err := s.draft(ctx, account, m)
	if err != nil || !needed {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error {
		now, err := tx.LockStanding(ctx, account)
		if err != nil || now.Upto != d.from.Upto || now.Month != d.from.Month { // somebody else was quicker
			return err
		}
		return s.write(ctx, tx, d, now)
	})
}

// draft reads what an invoice says. Entries that are there never change.
func (s *Service) draft(ctx context.Context, account string, m settlement.Month) (d draft, needed bool, err error) {
	if d.from, err = s.store.Standing(ctx, account); err != nil || d.from.Month >= m {
		return d, false, err
	}
	_, end := m.Span()
	upto, balance, err := s.store.End(ctx, s.wallet(account), end)
	if err != nil || upto <= d.from.Upto {
		return d, false, err
	}
	var sum summary
	err = s.store.Charges(ctx, account, s.wallet(account), d.from.Upto, upto, 0, func(c Charge) error {
		sum.add(s.call(account, c))
		return nil
	})
	if err != nil {
		return d, false, err
	}
	if d.terms, err = s.terms.TermsOf(ctx, account); err != nil {
		return d, false, err
	}
	unit := s.cfg.Currency.Unit()
	d.after = balance
	d.bill = Bill{
		Account: account, Month: m, Currency: s.cfg.Currency, After: d.from.Upto, Upto: upto, Calls: sum.total, Asked: (max(0, -balance) + unit - 1) / unit * unit,
		Issued: s.cfg.Now(), State: Open,
	}
	d.bill.Due = s.due(d.terms)
	if d.moves, err = s.store.Moves(ctx, s.wallet(account), d.bill.After, upto); err != nil {
		return d, false, err
	}
	if d.kind = paper.Invoice; len(sum.lines) == 0 {
		took := slices.ContainsFunc(d.moves, func(m Move) bool { return m.Micros < 0 })
		if d.kind = paper.Statement; d.bill.Asked == 0 || !took { // nothing new is asked
			return d, false, nil
		}
	}
	if d.bill.Asked == 0 {
		d.bill.State, d.bill.Ended = Paid, d.bill.Issued
	}
	return d, true, s.words(ctx, &d, sum, balance, end)
}

// due is the end of the last day on which what is issued now can be paid.
func (s *Service) due(t wallet.Terms) time.Time {
	now := s.cfg.Now().UTC()
	return time.Date(now.Year(), now.Month(), now.Day()+t.Days+1, 0, 0, 0, 0, time.UTC)
}

// words fills what stands on the paper. The rate of the month's last day counts
// for all of it: a month is one supply.
func (s *Service) words(ctx context.Context, d *draft, sum summary, balance int64, end time.Time) error {
	total := s.amount(sum.total)
	rule, err := s.taxes.OnCalls(ctx, d.bill.Account, end.Add(-time.Nanosecond))
	if err != nil {
		return err
	}
	t := shop.Tax{Name: rule.Name, Rate: rule.Rate, Country: rule.Country, Micros: tax.Within(total, rule.Rate).Micros}
	if d.kind == paper.Statement {
		total, t = s.amount(d.bill.Asked), shop.Tax{}
	}
	if d.data, err = s.drafts.Blank(ctx, d.bill.Account, total, t); err != nil {
		return err
	}
	d.bill.Tax, d.bill.TaxOf = t.Micros, t.Country
	d.data.Lines, d.data.Month = sum.list(), string(d.bill.Month)
	if d.terms.Kind != wallet.Postpaid && d.bill.Asked == 0 {
		d.data.Method, d.data.Paid = "wallet", end.Add(-time.Nanosecond)
		return nil
	}
	a := s.statement(d.from.Balance, sum.total, balance, d.moves)
	a.Asked, a.Due = s.amount(d.bill.Asked), d.bill.Due.Add(-time.Second)
	if d.data.Account = a; d.bill.Asked == 0 {
		d.data.Method, d.data.Paid = "wallet", end.Add(-time.Nanosecond)
		return nil
	}
	a.Bank, err = s.cfg.Bank(ctx, d.bill.Account)
	return err
}

// orderOf is under which name the papers of an account's calls are kept.
func orderOf(account string) string { return "calls:" + account }

func (s *Service) write(ctx context.Context, tx Tx, d draft, now Standing) error {
	year := d.bill.Issued.UTC().Year()
	seq, err := tx.Next(ctx, d.kind, year)
	if err != nil {
		return err
	}
	b := d.bill
	b.Number = paper.Number(d.kind, year, seq)
	err = tx.Insert(ctx, paper.Paper{Number: b.Number, Kind: d.kind, Order: orderOf(b.Account), Period: string(b.Month), Account: b.Account, Issued: b.Issued, Data: d.data})
	if err != nil {
		return err
	}
	if err := tx.PutBill(ctx, b); err != nil {
		return err
	}
	now.Month, now.Upto, now.Balance, now.Seen = b.Month, b.Upto, d.after, 0
	if err := tx.PutStanding(ctx, now); err != nil {
		return err
	}
	if b.Tax != 0 {
		if err := s.bookTax(ctx, tx, b); err != nil {
			return err
		}
	}
	kind := "calls_paid"
	switch {
	case d.kind == paper.Statement:
		kind = "calls_statement"
	case b.Asked > 0:
		kind = "calls_invoice"
	}
	fields := s.fields(b, b.Asked)
	fields["paper"], fields["total"] = b.Number, s.amount(b.Calls).String()
	if err := tx.Write(ctx, b.Account, kind, "bill:"+b.Number, fields); err != nil {
		return err
	}
	return tx.Event(ctx, hook.Invoiced, b.Number, b, b.Issued)
}

// fields are what letters about a bill say.
func (s *Service) fields(b Bill, amount int64) map[string]string {
	return map[string]string{
		"number": b.Number, "month": string(b.Month), "amount": s.amount(amount).String(), "date": b.LastDay(), "link": s.cfg.Link("/invoices/" + b.Number),
	}
}

// revenueOf is the part of the revenue that the tax of an invoice is taken from.
// Each call's own part would be as right: only their sum is the revenue.
func revenueOf(b Bill) string { return ledger.CallRevenueAccount(b.Currency, b.Number) }

// bookTax takes the tax that was in the charges out of the revenue.
func (s *Service) bookTax(ctx context.Context, tx Tx, b Bill) error {
	account := ledger.TaxAccount(b.TaxOf, b.Currency)
	if err := tx.Open(ctx, ledger.Account{ID: account, Kind: ledger.Clearing, Currency: b.Currency, Floor: ledger.Unbounded, Opened: s.cfg.Now()}); err != nil {
		return err
	}
	amount := money.Amount{Currency: b.Currency, Micros: b.Tax}
	_, err := s.book.PostIn(ctx, tx, ledger.Posting{
		Key: "calltax:" + b.Account + ":" + string(b.Month), Kind: "tax", Ref: b.Number, Memo: "Tax in invoice " + b.Number,
		Entries: []ledger.Entry{{Account: revenueOf(b), Amount: amount.Neg()}, {Account: account, Amount: amount}},
	})
	return err
}

// NewCredit is an id for a credit note that is to be written once.
func NewCredit(now time.Time) string { return ident.New("crn", now) }
