package shop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// A sold number with a yearly fee is renewed from the wallet, at the price of
// that time: the reminder fixes it. It is more than the year before only if the
// letter a month ahead said so; what is cheaper by then is cheaper. Reminders
// come 30, 7 and 1 days before; an unpaid number keeps ringing in grace for 30
// days, then rests in quarantine for 90, where its holder can still take it
// back, and after that it is free. A number given up rests too, so that calls
// meant for the old holder do not reach a new one.

const (
	year           = 365 * 24 * time.Hour
	day            = 24 * time.Hour
	graceFor       = 30 * day
	quarantineFor  = 90 * day
	longestRemind  = 30 // days
	raiseNotice    = 28 * day
	renewalPattern = "2 January 2006"
)

// reminders are the days before the fee is due on which the holder is told.
func reminders() []int { return []int{1, 7, longestRemind} }

// Fees is what the yearly fee needs of the ledger; it is idempotent by key.
type Fees interface {
	PayFee(ctx context.Context, key string, x ledger.Sale) error
}

// Renewal is a yearly fee that was paid.
type Renewal struct {
	Order string
	From  time.Time // the year it is for begins
	Net   money.Amount
	Tax   Tax
	Paid  time.Time
}

// Gross is what was paid.
func (r Renewal) Gross() money.Amount {
	return money.Amount{Currency: r.Net.Currency, Micros: r.Net.Micros + r.Tax.Micros}
}

// Ref names a renewal in the outbox and on its invoice.
func (r Renewal) Ref() string { return r.Order + " " + r.From.UTC().Format(time.DateOnly) }

// Renewals are the rows of fees paid, in a transaction.
type Renewals interface {
	InsertRenewal(ctx context.Context, r Renewal) error
}

// Renew does for every number what is due today and returns how many it
// touched. Call it now and then; calling it twice changes nothing.
func (s *Service) Renew(ctx context.Context) (int, error) {
	var failures []error
	done := 0
	for after := ""; ; {
		list, err := s.store.Tenures(ctx, s.now().Add(longestRemind*day), after, 200)
		if err != nil || len(list) == 0 {
			return done, errors.Join(append(failures, err)...)
		}
		for _, o := range list {
			after = o.ID
			touched, err := s.renew(ctx, o)
			if err != nil && fault.ReasonOf(err).Code != "order_changed" {
				failures = append(failures, fmt.Errorf("renew %s: %w", o.ID, err))
			}
			if touched {
				done++
			}
		}
	}
}

// renew takes one number a step further.
func (s *Service) renew(ctx context.Context, o Order) (bool, error) {
	left := o.Until.Sub(s.now())
	switch o.Standing {
	case InService:
		if left <= 0 {
			return true, s.collect(ctx, o)
		}
		return s.remind(ctx, o, left)
	case Grace:
		if left <= -graceFor {
			return true, s.rest(ctx, o.ID, member.System(), "quarantined", "The yearly fee was not paid.")
		}
		if late := -int(left / day); late > o.Reminded { // once a day
			return true, s.collect(ctx, o)
		}
	case Quarantined:
		if left <= 0 {
			return true, s.restock(ctx, o.ID)
		}
	case Suspended, Unproved: // its time stands still until the operator decides
	}
	return false, nil
}

func (s *Service) remind(ctx context.Context, o Order, left time.Duration) (bool, error) {
	for _, days := range reminders() {
		if left > time.Duration(days)*day || o.Reminded > 0 && o.Reminded <= days {
			continue
		}
		return true, s.announce(ctx, o, days, left)
	}
	return false, nil
}

// announce writes to the holder what the next year costs, which holds from then
// on. In time, and for the first time, it may be more than the year before.
func (s *Service) announce(ctx context.Context, o Order, days int, left time.Duration) error {
	fee, kind, fields := s.rules().renewal(&o), "renewal_due", map[string]string{"date": o.Until.Format(renewalPattern)}
	if o.Reminded > 0 || left < raiseNotice {
		fee = min(fee, o.Fee)
	}
	if fee > o.Fee {
		kind = "renewal_dearer"
		before, _, err := s.gross(ctx, o, o.Fee)
		if err != nil {
			return err
		}
		fields["before"] = before.String()
	}
	amount, _, err := s.gross(ctx, o, fee)
	if err != nil {
		return err
	}
	fields["amount"] = amount.String()
	return s.change(ctx, o.ID, func(tx Tx, now *Order) error {
		if now.Reminded != o.Reminded || !now.Until.Equal(o.Until) {
			return nil // somebody was quicker
		}
		now.Reminded, now.Fee = days, fee
		if err := s.write(ctx, tx, *now, kind, fmt.Sprintf("renewal:%s:%s:%d", o.ID, o.Until.Format(time.DateOnly), days), fields); err != nil {
			return err
		}
		return s.move(ctx, tx, now, "renewal_due", o.Until.Format(renewalPattern), member.System())
	})
}

// next is the fee of the next year: what was announced, else today's price if
// that is not more than the year before.
func (s *Service) next(o Order) int64 {
	if o.Reminded > 0 || o.Standing == Quarantined {
		return o.Fee
	}
	return min(o.Fee, s.rules().renewal(&o))
}

// gross is a fee with its tax.
func (s *Service) gross(ctx context.Context, o Order, fee int64) (money.Amount, Tax, error) {
	r := Renewal{Net: money.Amount{Currency: o.AmountDue.Currency, Micros: fee}}
	var err error
	if taxes := s.rules().Taxes; taxes != nil && fee > 0 {
		r.Tax, err = taxes.TaxOn(ctx, o.Account, o.Number.Kind, r.Net)
	}
	return r.Gross(), r.Tax, err
}

// collect takes the fee of the next year, or notes that it could not.
func (s *Service) collect(ctx context.Context, o Order) error {
	r, err := s.fee(ctx, o, o.Until)
	unpaid := err != nil && fault.KindOf(err) == fault.Unpaid
	if err != nil && !unpaid {
		return err
	}
	return s.change(ctx, o.ID, func(tx Tx, now *Order) error {
		if !now.Until.Equal(o.Until) || !now.Standing.Rings() {
			return nil // somebody was quicker
		}
		now.Fee = r.Net.Micros
		if !unpaid {
			now.Standing, now.Until, now.Reminded = InService, o.Until.Add(year), 0
			if err := s.paidFor(ctx, tx, r); err != nil {
				return err
			}
			return s.move(ctx, tx, now, "renewed", now.Until.Format(renewalPattern), member.System())
		}
		last := o.Until.Add(graceFor)
		first := now.Standing == InService
		now.Standing, now.Reminded = Grace, max(1, int(s.now().Sub(o.Until)/day))
		if !first {
			_, err := tx.ChangeOrder(ctx, *now) // tried again, in vain: no news
			return err
		}
		if err := s.write(ctx, tx, *now, "renewal_failed", fmt.Sprintf("unpaid:%s:%s", o.ID, o.Until.Format(time.DateOnly)), map[string]string{
			"date": last.Format(renewalPattern), "amount": r.Gross().String(),
		}); err != nil {
			return err
		}
		return s.move(ctx, tx, now, "renewal_failed", fault.ReasonOf(err).Text, member.System())
	})
}

// fee books the fee of the year that begins at from, once.
func (s *Service) fee(ctx context.Context, o Order, from time.Time) (r Renewal, err error) {
	r = Renewal{Order: o.ID, From: from, Net: money.Amount{Currency: o.AmountDue.Currency, Micros: s.next(o)}, Paid: s.now()}
	if r.Net.Zero() {
		return r, nil
	}
	if _, r.Tax, err = s.gross(ctx, o, r.Net.Micros); err != nil {
		return r, err
	}
	memo := "World number " + o.Number.Display() + ", from " + from.Format(renewalPattern)
	return r, s.fees.PayFee(ctx, fmt.Sprintf("renewal:%s:%s", o.ID, from.Format(time.DateOnly)),
		ledger.Sale{Owner: o.Account, Order: o.ID, Memo: memo, Price: r.Gross(), Tax: r.Tax.Micros, Country: r.Tax.Country})
}

// paidFor notes a fee that was paid, and leaves the task to write its invoice.
func (s *Service) paidFor(ctx context.Context, tx Tx, r Renewal) error {
	if r.Net.Zero() {
		return nil
	}
	if err := tx.InsertRenewal(ctx, r); err != nil {
		return err
	}
	return tx.Enqueue(ctx, TopicRenewal, r.Ref())
}

// change reads a sold order and changes it in one transaction.
func (s *Service) change(ctx context.Context, id string, f func(tx Tx, o *Order) error) error {
	return s.store.Do(ctx, func(tx Tx) error {
		o, found, err := tx.Order(ctx, id)
		if err != nil || !found || o.State != Sold || o.Settling {
			return err
		}
		return f(tx, &o)
	})
}

// write posts a letter to the holder with the transaction that gives cause to it.
func (s *Service) write(ctx context.Context, tx Tx, o Order, kind, key string, fields map[string]string) error {
	fields["number"], fields["link"] = o.Number.Display(), s.base.URL+"/orders/"+o.ID
	return tx.Write(ctx, o.Account, kind, key, fields)
}

// rest takes a number out of service and keeps it from others for a while.
func (s *Service) rest(ctx context.Context, id string, by member.Actor, code, why string) error {
	var o Order
	err := s.change(ctx, id, func(tx Tx, x *Order) error {
		o = *x
		if o.Standing == Quarantined {
			return nil
		}
		o.Fee = s.next(o)
		o.Standing, o.Until, o.Reminded = Quarantined, s.now().Add(quarantineFor), 0
		if err := s.write(ctx, tx, o, "number_quarantined", fmt.Sprintf("rest:%s:%d", o.ID, o.Version), map[string]string{"date": o.Until.Format(renewalPattern)}); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, code, why, by)
	})
	if err != nil || o.ID == "" {
		return err
	}
	return s.publish.Paused(ctx, o)
}

// restock ends a quarantine: the number may be sold again.
func (s *Service) restock(ctx context.Context, id string) error {
	var o Order
	err := s.change(ctx, id, func(tx Tx, x *Order) error {
		o = *x
		if o.Standing != Quarantined || s.now().Before(o.Until) {
			o.ID = ""
			return nil
		}
		o.Standing, o.Until = InService, time.Time{}
		if err := tx.EndRegistration(ctx, id, s.now()); err != nil {
			return err
		}
		return s.release(ctx, tx, &o, Expired, "freed", "", member.System())
	})
	if err != nil || o.ID == "" {
		return err
	}
	return s.publish.Released(ctx, o)
}

// mineSold reads a sold order its holder may change.
func (s *Service) mineSold(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.Order(ctx, by, id)
	if err == nil && (o.State != Sold || o.Settling) {
		err = o.wrongState("sold")
	}
	return o, err
}

// GiveUp returns a number: it stops ringing and rests before others may have it.
func (s *Service) GiveUp(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.mineSold(ctx, by, id)
	if err != nil {
		return o, err
	}
	if o.Standing == Suspended {
		return o, suspended(o)
	}
	if err := s.rest(ctx, id, by, "given_up", ""); err != nil {
		return o, err
	}
	return s.Order(ctx, by, id)
}

func suspended(o Order) error {
	return fault.New(fault.Conflict, "suspended", "%s is suspended by the operator, so nothing of it can be changed. The order says why; write to the operator.", o.Number.Display())
}

// TakeBack ends a quarantine for the number's last holder, who pays the fee of
// the year that begins now.
func (s *Service) TakeBack(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.mineSold(ctx, by, id)
	if err != nil || o.Standing == InService {
		return o, err
	}
	if o.Standing != Quarantined {
		return o, fault.New(fault.Conflict, "not_resting", "%s is not resting; there is nothing to take back.", o.Number.Display())
	}
	r, err := s.fee(ctx, o, s.now().Truncate(day))
	if err != nil {
		return o, err
	}
	err = s.change(ctx, id, func(tx Tx, x *Order) error {
		if x.Standing != Quarantined {
			return nil
		}
		x.Standing, x.Until, x.Reminded = InService, s.due(*x), 0
		if err := s.paidFor(ctx, tx, r); err != nil {
			return err
		}
		return s.move(ctx, tx, x, "taken_back", "", by)
	})
	if err != nil {
		return o, err
	}
	if o, err = s.Order(ctx, by, id); err != nil || o.State != Sold || o.Standing != InService {
		return o, err
	}
	return o, s.publish.Resumed(ctx, o)
}

// due is when a number sold or taken back now has its next fee; never, if it
// has none.
func (s *Service) due(o Order) time.Time {
	if o.Fee == 0 {
		return time.Time{}
	}
	return s.now().Add(year)
}

// begin sets the dates of a number that is sold now.
func (s *Service) begin(o *Order) {
	o.Fee = o.Yearly
	o.Until = s.due(*o)
	if o.Proved {
		o.ProveBy = s.now().Add(proveFor)
	}
}

// Suspend stops a number while a dispute or abuse is looked at, or lets it
// ring again.
func (s *Service) Suspend(ctx context.Context, by member.Actor, id string, stop bool, why string) (Order, error) {
	if err := by.OperatorOnly(); err != nil {
		return Order{}, err
	}
	if stop && why == "" {
		return Order{}, badField("why", "Write why; the holder reads it.")
	}
	o, err := s.mineSold(ctx, by, id)
	if err != nil || stop == (o.Standing == Suspended) {
		return o, err
	}
	if o.Standing == Quarantined {
		return o, fault.New(fault.Conflict, "resting", "%s rests in quarantine and does not ring.", o.Number.Display())
	}
	err = s.change(ctx, id, func(tx Tx, x *Order) error {
		x.Standing = InService
		code := "resumed"
		if stop {
			x.Standing, code = Suspended, "suspended"
		}
		o = *x
		return s.move(ctx, tx, &o, code, why, by)
	})
	if err != nil {
		return o, err
	}
	if stop {
		return o, s.publish.Paused(ctx, o)
	}
	return o, s.publish.Resumed(ctx, o)
}
