package shop

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// A sale is three steps on (possibly) two databases: the hub marks the order
// as settling and leaves a task in its outbox; the ledger posts, keyed by the
// order; the hub sells. A crash between any two leaves the task, and Resume
// goes on where it stood: every step may run again.

// Pay settles an order; a wallet payment ends in state sold.
func (s *Service) Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (Order, error) {
	if err := payment.Check(m); err != nil {
		return Order{}, err
	}
	done := false
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		done = false
		if o, err = s.open(ctx, tx, by, id); err != nil {
			return err
		}
		switch {
		case o.State == Sold:
			done = true // paid before: the same answer, no second charge
			return nil
		case o.State == Paid, o.State == AwaitingPayment && o.Settling:
			return nil // somebody is at it, or was: finish it
		case o.State != AwaitingPayment:
			return o.wrongState("awaiting payment")
		case !s.now().Before(o.HeldUntil):
			return holdOver(o)
		}
		o.Settling = true
		if err := tx.Enqueue(ctx, topicPay, id); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, "payment_started", string(m), by)
	})
	if err != nil || done {
		return o, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	return s.settle(ctx, by, id)
}

// finish lets money that is on its way arrive, though the buyer hung up.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

// settle goes through what is left of a sale.
func (s *Service) settle(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.Order(ctx, member.System(), id)
	if err != nil {
		return Order{}, err
	}
	if o.State == AwaitingPayment && o.Settling {
		if !o.AmountDue.Zero() {
			memo := "World number " + o.Number.Display()
			err := s.book.PayFromWallet(ctx, o.Account, o.ID, memo, o.AmountDue)
			if fault.KindOf(err) == fault.Unpaid && err != nil {
				return s.unpaid(ctx, by, id, err)
			}
			if err != nil {
				return o, fmt.Errorf("book the price of %s: %w", id, err)
			}
		}
		if o, err = s.step(ctx, id, AwaitingPayment, Paid, "paid", by); err != nil {
			return o, err
		}
	}
	if o.State == Paid {
		if o, err = s.step(ctx, id, Paid, Sold, "sold", member.System()); err != nil {
			return o, err
		}
		if err := s.publish.Sold(ctx, o); err != nil {
			return o, fmt.Errorf("tell the centers of the sale of %s: %w", o.Number, err)
		}
	}
	return o, nil
}

// step moves a settling order on; if somebody else moved it first, that is as
// good.
func (s *Service) step(ctx context.Context, id string, from, to State, code string, by member.Actor) (Order, error) {
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		o, _, err = tx.Order(ctx, id)
		if err != nil || o.State != from {
			return err
		}
		o.State = to
		text := ""
		if to == Paid {
			text = o.AmountDue.String()
		}
		if to == Sold {
			o.Settling, o.HeldUntil, o.Until = false, time.Time{}, s.due(o)
			if err := tx.Dequeue(ctx, topicPay, id); err != nil {
				return err
			}
		}
		return s.move(ctx, tx, &o, code, text, by)
	})
	if fault.ReasonOf(err).Code == "order_changed" {
		return s.Order(ctx, member.System(), id)
	}
	return o, err
}

// unpaid puts an order back after the wallet had too little.
func (s *Service) unpaid(ctx context.Context, by member.Actor, id string, cause error) (Order, error) {
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		o, _, err = tx.Order(ctx, id)
		if err != nil || o.State != AwaitingPayment || !o.Settling {
			return err
		}
		o.Settling = false
		if err := tx.Dequeue(ctx, topicPay, id); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, "payment_failed", fault.ReasonOf(cause).Text, by)
	})
	if err != nil {
		return o, err
	}
	return o, cause
}

// Refund turns a sale back by a reversing posting and frees the number.
func (s *Service) Refund(ctx context.Context, by member.Actor, id, why string) (Order, error) {
	if by.Role != member.Operator {
		return Order{}, fault.New(fault.Forbidden, "operator_only", "Only the operator gives refunds. Ask for one.")
	}
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if o, err = s.open(ctx, tx, by, id); err != nil {
			return err
		}
		if o.State == Refunded || o.State == Sold && o.Settling {
			return nil
		}
		if o.State != Sold {
			return o.wrongState("sold")
		}
		o.Settling = true
		if err := tx.Enqueue(ctx, topicRefund, id); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, "refund_started", why, by)
	})
	if err != nil || o.State == Refunded {
		return o, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	return s.settleRefund(ctx, by, id)
}

func (s *Service) settleRefund(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.Order(ctx, member.System(), id)
	if err != nil || o.State != Sold || !o.Settling {
		return o, err // somebody was quicker: by now the number may be another's
	}
	if !o.AmountDue.Zero() {
		if err := s.book.RefundOrder(ctx, id, "Refund of "+o.Number.Display()); err != nil {
			return o, fmt.Errorf("turn back the price of %s: %w", id, err)
		}
	}
	if err := s.publish.Released(ctx, o); err != nil {
		return o, fmt.Errorf("tell the centers that %s is free: %w", o.Number, err)
	}
	err = s.store.Do(ctx, func(tx Tx) (err error) {
		o, _, err = tx.Order(ctx, id)
		if err != nil || o.State != Sold {
			return err
		}
		o.Settling = false
		if err := tx.Dequeue(ctx, topicRefund, id); err != nil {
			return err
		}
		if err := tx.EndRegistration(ctx, id, s.now()); err != nil {
			return err
		}
		return s.release(ctx, tx, &o, Refunded, "refunded", o.AmountDue.String(), by)
	})
	return o, err
}

// Grant gives an account a number for nothing: samples, and numbers whose
// control was proved outside. Only the operator may.
func (s *Service) Grant(ctx context.Context, by member.Actor, account string, r Request, proved bool) (Order, error) {
	if by.Role != member.Operator {
		return Order{}, fault.New(fault.Forbidden, "operator_only", "Only the operator gives numbers away.")
	}
	o, err := s.order(account, r)
	if err != nil {
		return Order{}, err
	}
	o.Proved, o.AmountDue = proved, money.Amount{Currency: o.AmountDue.Currency}
	if o, err = s.request(ctx, by, o); err != nil {
		return o, err
	}
	if o.State == InReview {
		if o, err = s.Review(ctx, by, o.ID, true, "granted"); err != nil {
			return o, err
		}
	}
	if o.State != Approved {
		return o, fault.New(fault.Conflict, o.Reason.Code, "%s", o.Reason.Text)
	}
	if o, err = s.Select(ctx, by, o.ID); err != nil {
		return o, err
	}
	return s.Pay(ctx, by, o.ID, payment.Wallet)
}
