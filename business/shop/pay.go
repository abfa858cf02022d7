package shop

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// A sale is three steps on (possibly) two databases: the hub marks the order
// as settling and leaves a task in its outbox; the ledger posts, keyed by the
// order; the hub sells. A crash between any two leaves the task, and Resume
// goes on where it stood: every step may run again.

// Pay settles an order from the wallet and ends in state sold. Other ways to
// pay are the cashier's.
func (s *Service) Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (Order, error) {
	if err := (payment.Offer{}).Check(m); err != nil {
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
		}
		if err := s.payable(o); err != nil {
			return err
		}
		o.Settling, o.Method = true, string(m)
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

// payable says why an order cannot be paid now.
func (s *Service) payable(o Order) error {
	switch {
	case o.State != AwaitingPayment:
		return o.wrongState("awaiting payment")
	case o.Settling:
		return fault.New(fault.Conflict, "paying", "A payment of this order is being entered. Look again in a moment.")
	case !s.now().Before(o.HeldUntil):
		return holdOver(o)
	default:
		return nil
	}
}

// Payable returns an order that can be paid now.
func (s *Service) Payable(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.Order(ctx, by, id)
	if err != nil {
		return o, err
	}
	return o, s.payable(o)
}

// Start notes that the buyer went to pay outside, and keeps the number for him
// until then if that is later: by card once, and by bank until one day only.
func (s *Service) Start(ctx context.Context, by member.Actor, id string, m payment.Method, until time.Time) (Order, error) {
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if o, err = s.open(ctx, tx, by, id); err != nil {
			return err
		}
		if err := s.payable(o); err != nil {
			return err
		}
		if o.Method == string(m) && (m == payment.BankTransfer || !o.HeldUntil.Before(until)) {
			return nil // begun before
		}
		if until.After(o.HeldUntil) && (m == payment.BankTransfer || !o.Extended) {
			o.HeldUntil, o.Extended = until, true
		}
		o.Method = string(m)
		return s.move(ctx, tx, &o, "payment_started", string(m), by)
	})
	return o, err
}

// Funds is money from outside that lies in the buyer's wallet, for an order.
type Funds struct {
	Key    string // of the incoming money
	Method payment.Method
	Amount money.Amount
}

// Received pays an order with money that has come for it. If that cannot be,
// why says the reason, and the money stays where it is. It may run again.
func (s *Service) Received(ctx context.Context, id string, m Funds) (o Order, why string, err error) {
	err = s.store.Do(ctx, func(tx Tx) (err error) {
		why = ""
		if o, err = s.open(ctx, tx, member.System(), id); err != nil {
			return err
		}
		if o.PaidBy == m.Key {
			return nil // ours already: go on
		}
		if cannot := s.payable(o); cannot != nil {
			why = fault.ReasonOf(cannot).Text
			return nil
		}
		if m.Amount != o.AmountDue {
			why = fmt.Sprintf("%s is due, and %s came.", o.AmountDue, m.Amount)
			return nil
		}
		o.Settling, o.PaidBy, o.Method = true, m.Key, string(m.Method)
		if err := tx.Enqueue(ctx, topicPay, id); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, "payment_received", m.Amount.String(), member.System())
	})
	if err != nil || why != "" {
		return o, why, err
	}
	o, err = s.settle(ctx, member.System(), id)
	if err != nil && fault.KindOf(err) == fault.Unpaid {
		return o, fault.ReasonOf(err).Text, nil
	}
	return o, "", err
}

// Note adds an event to an order, once.
func (s *Service) Note(ctx context.Context, id, code, text string) error {
	events, err := s.store.Events(ctx, id)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Code == code && e.Text == text {
			return nil
		}
	}
	return s.store.Do(ctx, func(tx Tx) error {
		o, err := s.open(ctx, tx, member.System(), id)
		if err != nil {
			return err
		}
		return s.event(ctx, tx, o, code, text, member.System())
	})
}

// Abandon frees the number of an order whose payment outside came to nothing,
// unless it is being paid in another way.
func (s *Service) Abandon(ctx context.Context, id string, m payment.Method, why string) error {
	return s.store.Do(ctx, func(tx Tx) error {
		o, err := s.open(ctx, tx, member.System(), id)
		if err != nil || o.State != AwaitingPayment || o.Settling || o.Method != string(m) {
			return err
		}
		return s.release(ctx, tx, &o, Expired, "payment_failed", why, member.System())
	})
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
			err := s.book.PayFromWallet(ctx, ledger.Sale{Owner: o.Account, Order: o.ID, Memo: memo, Price: o.AmountDue, Tax: o.Tax.Micros, Country: o.Tax.Country})
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
			o.Settling, o.HeldUntil = false, time.Time{}
			s.begin(&o)
			if err := s.leavePaper(ctx, tx, o, TopicPaper); err != nil {
				return err
			}
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
		o.Settling, o.PaidBy = false, ""
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

// leavePaper leaves the task to write the paper of a sale or a refund.
func (s *Service) leavePaper(ctx context.Context, tx Tx, o Order, topic string) error {
	if o.AmountDue.Zero() {
		return nil
	}
	return tx.Enqueue(ctx, topic, o.ID)
}

// Refund turns a sale back by a reversing posting and frees the number.
func (s *Service) Refund(ctx context.Context, by member.Actor, id, why string) (Order, error) {
	if by.Role != member.Operator {
		return Order{}, fault.New(fault.Forbidden, "operator_only", "Only the operator gives refunds. Ask for one.")
	}
	return s.refund(ctx, by, id, "refund_started", why, func(Tx, Order) error { return nil })
}

// WithdrawFor is how long a buyer may withdraw from a sale, unless the operator
// says otherwise.
const WithdrawFor = 14 * 24 * time.Hour

// Withdraw turns a sale back for its buyer, within the time the policy gives
// him, and only if he never registered the number.
func (s *Service) Withdraw(ctx context.Context, by member.Actor, id string) (Order, error) {
	return s.refund(ctx, by, id, "withdrawn", "", func(tx Tx, o Order) error {
		if o.AmountDue.Zero() { // one that was given on, too: it must rest before others have it
			return fault.New(fault.Conflict, "nothing_paid", "Nothing was paid for this order, so there is nothing to withdraw from. Give the number up instead.")
		}
		if o.Standing == Suspended { // it would be for sale at once, also to his friends
			return suspended(o)
		}
		sold, until, err := s.withdrawable(ctx, tx, o)
		switch {
		case err != nil:
			return err
		case sold && !s.now().Before(until):
			return fault.New(fault.Conflict, "withdrawal_over", "One could withdraw from this sale until %s. Ask the operator.", until.UTC().Format("2 January 2006, 15:04 UTC"))
		}
		used, err := tx.Registered(ctx, o.ID)
		if err == nil && used {
			return fault.New(fault.Conflict, "withdrawal_used", "%s was registered, so the sale cannot be withdrawn from. Ask the operator.", o.Number.Display())
		}
		return err
	})
}

func (s *Service) withdrawable(ctx context.Context, tx Tx, o Order) (sold bool, until time.Time, err error) {
	at, sold, err := tx.Reached(ctx, o.ID, Sold)
	length := s.rules().Withdraw
	if length == 0 {
		length = WithdrawFor
	}
	return sold, at.Add(length), err
}

// WithdrawUntil is until when a sale can be withdrawn from; zero if it cannot.
func (s *Service) WithdrawUntil(ctx context.Context, by member.Actor, id string) (time.Time, error) {
	var out time.Time
	err := s.store.Do(ctx, func(tx Tx) error {
		out = time.Time{}
		o, err := s.open(ctx, tx, by, id)
		if err != nil || o.State != Sold || o.Settling || o.AmountDue.Zero() || o.Standing == Suspended {
			return err
		}
		used, err := tx.Registered(ctx, id)
		if err != nil || used {
			return err
		}
		sold, until, err := s.withdrawable(ctx, tx, o)
		if sold && s.now().Before(until) {
			out = until
		}
		return err
	})
	return out, err
}

// refund begins to turn a sale back, and does it.
func (s *Service) refund(ctx context.Context, by member.Actor, id, code, why string, check func(Tx, Order) error) (Order, error) {
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
		if err := check(tx, o); err != nil {
			return err
		}
		o.Settling = true
		if err := tx.Enqueue(ctx, topicRefund, id); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, code, why, by)
	})
	if err != nil || o.State == Refunded {
		return o, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	return s.settleRefund(ctx, by, id)
}

// sendsBack is the method a refund goes back by; "" is the wallet. A bank
// transfer is not sent back: only its sender knows his account for sure.
func (o Order) sendsBack() string {
	if o.PaidBy != "" && o.Method == string(payment.Card) {
		return o.Method
	}
	return ""
}

func (s *Service) settleRefund(ctx context.Context, by member.Actor, id string) (Order, error) {
	o, err := s.Order(ctx, member.System(), id)
	if err != nil || o.State != Sold || !o.Settling {
		return o, err // somebody was quicker: by now the number may be another's
	}
	if !o.AmountDue.Zero() {
		if err := s.book.RefundOrder(ctx, id, "Refund of "+o.Number.Display(), o.sendsBack()); err != nil {
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
		if o.sendsBack() != "" {
			if err := tx.Enqueue(ctx, TopicSendBack, id); err != nil {
				return err
			}
		}
		if err := s.leavePaper(ctx, tx, o, TopicCredit); err != nil {
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
