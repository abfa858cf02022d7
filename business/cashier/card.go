package cashier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
)

// Event works on a message of the provider. Messages come twice, late and in
// any order; each is worked on once.
func (s *Service) Event(ctx context.Context, e payment.Event) error {
	seen := false
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		seen, err = tx.Noted(ctx, e.ID)
		return err
	})
	switch {
	case err != nil || seen:
		return err
	case e.Session != nil && e.Failed:
		return s.failed(ctx, e, payment.Failed, "The payment by card failed.")
	case e.Session != nil:
		return s.session(ctx, *e.Session, e)
	case e.Setup != "":
		account, found, err := s.store.SetupOf(ctx, e.Setup)
		if err != nil {
			return err
		}
		if !found {
			return s.note(ctx, e)
		}
		return s.lookCard(ctx, account, e)
	case e.Charged != nil:
		return s.refilled(ctx, *e.Charged, e)
	case e.Refund != nil:
		return s.takenBack(ctx, e)
	case e.Dispute != nil:
		return s.disputed(ctx, e)
	default:
		return s.note(ctx, e)
	}
}

func (s *Service) note(ctx context.Context, e payment.Event) error {
	return s.store.Do(ctx, func(tx Tx) error {
		_, err := tx.NoteEvent(ctx, e.ID, e.Kind, s.cfg.Now())
		return err
	})
}

// session works on what the provider says of a checkout: in a message (e.ID is
// set) or because it was asked.
func (s *Service) session(ctx context.Context, x payment.Session, e payment.Event) error {
	switch {
	case x.Complete && x.Paid:
		return s.paid(ctx, x, e)
	case x.Expired:
		return s.failed(ctx, payment.Event{ID: e.ID, Kind: e.Kind, Session: &x}, payment.Expired, "The card payment was not made in time.")
	case x.Complete: // the money takes days
		return s.store.Do(ctx, func(tx Tx) error {
			c, found, err := tx.CheckoutOf(ctx, x.ID)
			if err != nil {
				return err
			}
			if found && (c.State == payment.Open || c.State == payment.Opening) {
				c.State, c.Look = payment.Pending, s.cfg.Now().Add(time.Hour)
				if err := tx.ChangeCheckout(ctx, c); err != nil {
					return err
				}
			}
			return s.noted(ctx, tx, e)
		})
	default:
		return nil
	}
}

func (s *Service) noted(ctx context.Context, tx Tx, e payment.Event) error {
	if e.ID == "" {
		return nil
	}
	_, err := tx.NoteEvent(ctx, e.ID, e.Kind, s.cfg.Now())
	return err
}

// paid takes the money of a session. Whose it is says our own checkout; a
// session that is none of ours is nobody's money.
func (s *Service) paid(ctx context.Context, x payment.Session, e payment.Event) error {
	if x.Payment == "" || x.Amount.Micros <= 0 {
		return fault.New(fault.Invalid, "event", "The message of the card company names no payment.")
	}
	c, known, err := s.checkoutOf(ctx, x.ID)
	if err != nil {
		return err
	}
	in := payment.Incoming{ID: payment.CardID(x.Payment), Method: payment.Card, Amount: x.Amount, Payer: x.Payer, Reference: x.ID}
	if known {
		in.Account, in.Order = c.Account, c.Order
	} else if account, ok := payment.TopUpOf(x.Order); ok {
		if _, err := s.accounts.Find(ctx, account); err == nil {
			in.Account, in.Order = account, x.Order
		} else if fault.KindOf(err) != fault.Unknown {
			return err
		}
	} else if o, err := s.shop.Order(ctx, member.System(), x.Order); err == nil {
		in.Account, in.Order = o.Account, o.ID
	} else if fault.KindOf(err) != fault.Unknown {
		return err
	}
	return s.take(ctx, in, func(tx Tx) error {
		if known {
			c.State, c.Look = payment.Paid, time.Time{}
			if err := tx.ChangeCheckout(ctx, c); err != nil {
				return err
			}
		}
		return s.noted(ctx, tx, e)
	})
}

func (s *Service) checkoutOf(ctx context.Context, session string) (c payment.Checkout, found bool, err error) {
	err = s.store.Do(ctx, func(tx Tx) (err error) {
		c, found, err = tx.CheckoutOf(ctx, session)
		return err
	})
	return c, found, err
}

// failed closes a checkout that came to nothing, and frees the number.
func (s *Service) failed(ctx context.Context, e payment.Event, state payment.CheckoutState, why string) error {
	order := ""
	err := s.store.Do(ctx, func(tx Tx) error {
		order = ""
		c, found, err := tx.CheckoutOf(ctx, e.Session.ID)
		if err != nil {
			return err
		}
		if found && c.State != payment.Paid && c.State != payment.Failed {
			if newer, open, err := tx.OpenCheckout(ctx, c.Order); err != nil {
				return err
			} else if !open || newer.ID == c.ID {
				order = c.Order
			}
			c.State, c.Look = state, time.Time{}
			if err := tx.ChangeCheckout(ctx, c); err != nil {
				return err
			}
		}
		return s.noted(ctx, tx, e)
	})
	if _, ok := payment.TopUpOf(order); ok || err != nil || order == "" {
		return err
	}
	return s.shop.Abandon(ctx, order, payment.Card, why)
}

// look asks the provider about checkouts that stay open, and closes those
// whose order does not want them any more.
func (s *Service) look(ctx context.Context) error {
	now := s.cfg.Now()
	list, err := s.store.Looks(ctx, now, 20)
	if err != nil {
		return err
	}
	var failures []error
	for _, c := range list {
		err := s.store.Do(ctx, func(tx Tx) error { // whatever comes of it, not again at once
			c.Look = now.Add(lookEvery)
			if c.State == payment.Pending {
				c.Look = now.Add(time.Hour)
			}
			return tx.ChangeCheckout(ctx, c)
		})
		if err == nil {
			err = s.ask(ctx, c)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("ask about the checkout %s: %w", c.ID, err))
		}
	}
	return errors.Join(failures...)
}

func (s *Service) ask(ctx context.Context, c payment.Checkout) error {
	x, err := s.cfg.Gateway.Session(ctx, c.Session)
	if err != nil {
		return err
	}
	if !x.Complete && !x.Expired {
		wanted, err := s.wanted(ctx, c)
		if err != nil {
			return err
		}
		if !wanted || s.cfg.Now().After(c.Expires) {
			return s.cfg.Gateway.Expire(ctx, c.Session)
		}
	}
	return s.session(ctx, x, payment.Event{})
}

// wanted reports whether a checkout may still be paid.
func (s *Service) wanted(ctx context.Context, c payment.Checkout) (bool, error) {
	if _, ok := payment.TopUpOf(c.Order); ok {
		return c.State != payment.Expired, nil
	}
	o, err := s.shop.Order(ctx, member.System(), c.Order)
	return o.State == shop.AwaitingPayment, err
}

// Look asks the provider now whether an order was paid, for a buyer who comes
// back from there before its message does.
func (s *Service) Look(ctx context.Context, order string) error {
	if s.cfg.Gateway == nil {
		return nil
	}
	var c payment.Checkout
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		c, _, err = tx.OpenCheckout(ctx, order)
		return err
	})
	if err != nil || c.State != payment.Open {
		return err
	}
	return s.ask(ctx, c)
}

// sendBack sends the money of a refunded order back to the card it came from.
// Where that is impossible for good, it goes into the wallet instead.
func (s *Service) sendBack(ctx context.Context, order string) error {
	o, err := s.shop.Order(ctx, member.System(), order)
	if err != nil {
		return err
	}
	in, err := s.incoming(ctx, o.PaidBy)
	if err != nil {
		return err
	}
	if in.Dispute == "open" {
		return nil // whose the money is, its end says
	}
	if in.Dispute == "lost" {
		in.Taken = in.Amount.Micros
	}
	rest := in.Amount
	if in.Taken > 0 {
		if rest, err = s.wentBefore(ctx, order, in); err != nil {
			return err
		}
	}
	if rest.Micros <= 0 {
		return s.sentBack(ctx, order)
	}
	err = s.store.Do(ctx, func(tx Tx) error { // before, so that its message is known for ours
		return s.keep(ctx, tx, in.ID, func(x *payment.Incoming) { x.SentBack = rest.Micros })
	})
	if err != nil {
		return err
	}
	if s.cfg.Gateway == nil {
		return fault.New(fault.Unavailable, "card_unavailable", "Cards are not set up any more; the refund of %s waits.", order)
	}
	_, paymentID, _ := strings.Cut(in.ID, ":")
	err = s.cfg.Gateway.Refund(ctx, paymentID, rest, "refund:"+order)
	if err != nil && fault.KindOf(err) != fault.Conflict {
		return err // again later
	}
	if err != nil {
		return s.sendToWallet(ctx, o, in.ID, rest, fault.ReasonOf(err).Text)
	}
	if err := s.shop.Note(ctx, order, "sent_back", rest.String()+" went back to the card."); err != nil {
		return err
	}
	return s.sentBack(ctx, order)
}

func (s *Service) sentBack(ctx context.Context, order string) error {
	return s.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, shop.TopicSendBack, order) })
}

// wentBefore settles our claim with what the card company gave back without us,
// and returns what is left to send.
func (s *Service) wentBefore(ctx context.Context, order string, in payment.Incoming) (money.Amount, error) {
	c := in.Amount.Currency
	went := money.Amount{Currency: c, Micros: min(in.Taken, in.Amount.Micros)}
	claim := ledger.ClaimAccount(c)
	if in.Dispute == "lost" {
		claim = ledger.LossAccount(c)
	}
	err := s.book.Transfer(ctx, ledger.Transfer{Key: "claimed:" + order, Kind: "refund", Ref: order, Memo: "Given back before by the card company",
		From: ledger.ClearingAccount(string(payment.Card), c), To: claim, Amount: went})
	if err != nil {
		return went, err
	}
	return money.Amount{Currency: c, Micros: in.Amount.Micros - went.Micros}, s.shop.Note(ctx, order, "sent_back", went.String()+" had been given back by the card company before.")
}

// sendToWallet gives money back to the wallet that the provider will not take.
func (s *Service) sendToWallet(ctx context.Context, o shop.Order, id string, amount money.Amount, why string) error {
	err := s.book.Transfer(ctx, ledger.Transfer{Key: "returned:" + o.ID, Kind: "refund", Ref: o.ID, Memo: "Refund that could not go back to the card",
		From: ledger.ClearingAccount(string(payment.Card), amount.Currency), To: ledger.WalletID(o.Account, amount.Currency), Amount: amount})
	if err != nil {
		return err
	}
	if err := s.store.Do(ctx, func(tx Tx) error { return s.keep(ctx, tx, id, func(x *payment.Incoming) { x.SentBack = 0 }) }); err != nil {
		return err
	}
	if err := s.shop.Note(ctx, o.ID, "send_back_failed", "The money could not go back to the card and is in the wallet. "+why); err != nil {
		return err
	}
	return s.sentBack(ctx, o.ID)
}

func (s *Service) keep(ctx context.Context, tx Tx, id string, change func(*payment.Incoming)) error {
	in, found, err := tx.Incoming(ctx, id)
	if err != nil || !found {
		return err
	}
	change(&in)
	return tx.ChangeIncoming(ctx, in)
}

// known is the money of a payment at the provider. If its own message has not
// come yet, the provider is asked; ok is false for payments that are not ours.
func (s *Service) known(ctx context.Context, paymentID string) (in payment.Incoming, ok bool, err error) {
	for range 2 {
		in, err = s.incoming(ctx, payment.CardID(paymentID))
		if fault.KindOf(err) != fault.Unknown || err == nil {
			return in, err == nil, err
		}
		x, found, err := s.cfg.Gateway.SessionOf(ctx, paymentID)
		if err != nil {
			return in, false, err
		}
		if !found {
			c, found, err := s.cfg.Gateway.Charged(ctx, payment.AutoCharge{Payment: paymentID})
			if err != nil || !found || !c.Paid || c.Charge == "" {
				return in, false, err
			}
			if err := s.refilled(ctx, c, payment.Event{}); err != nil {
				return in, false, err
			}
			continue
		}
		if !x.Paid {
			return in, false, nil
		}
		if err := s.session(ctx, x, payment.Event{}); err != nil {
			return in, false, err
		}
	}
	return in, false, nil
}

// takenBack books a refund that was made at the provider, not here: it is a
// claim of ours until the operator turns the sale back.
func (s *Service) takenBack(ctx context.Context, e payment.Event) error {
	in, ok, err := s.known(ctx, e.Refund.Payment)
	if err != nil {
		return err
	}
	if !ok {
		return s.note(ctx, e)
	}
	task := ""
	err = s.store.Do(ctx, func(tx Tx) error { // what each message adds to those before is told apart here, for several come at once
		task = ""
		x, found, err := tx.Incoming(ctx, in.ID)
		if err != nil {
			return err
		}
		if before := x.SentBack + x.Taken; found && e.Refund.Total.Micros > before && e.Refund.Total.Currency == x.Amount.Currency {
			task = fmt.Sprintf("%s %d %d", in.ID, before, e.Refund.Total.Micros)
			x.Taken = e.Refund.Total.Micros - x.SentBack
			if err := errors.Join(tx.ChangeIncoming(ctx, x), tx.Enqueue(ctx, topicTaken, task)); err != nil {
				return err
			}
		}
		return s.noted(ctx, tx, e)
	})
	if err != nil || task == "" {
		return err
	}
	return s.bookTaken(ctx, task)
}

// bookTaken books what was given back of a payment beyond what was before.
func (s *Service) bookTaken(ctx context.Context, task string) error {
	var id string
	var before, total int64
	if _, err := fmt.Sscanf(task, "%s %d %d", &id, &before, &total); err != nil {
		return fmt.Errorf("the task %q: %w", task, err)
	}
	in, err := s.incoming(ctx, id)
	if err != nil {
		return err
	}
	extra, all := money.Amount{Currency: in.Amount.Currency, Micros: total - before}, money.Amount{Currency: in.Amount.Currency, Micros: total}
	err = s.book.Transfer(ctx, ledger.Transfer{Key: fmt.Sprintf("taken:%s:%d", id, total), Kind: "claim", Ref: refOf(in), Memo: "Refunded at the card company",
		From: ledger.ClaimAccount(extra.Currency), To: ledger.ClearingAccount(string(payment.Card), extra.Currency), Amount: extra})
	if err != nil {
		return err
	}
	if _, err := s.recover(ctx, in, fmt.Sprintf("recovered:%s:%d", id, total), extra); err != nil {
		return err
	}
	if in.Sale() != "" {
		if err := s.shop.Note(ctx, in.Order, "refunded_outside", extra.String()+" was given back at the card company. Total "+all.String()+"."); err != nil {
			return err
		}
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, topicTaken, task) })
}

// disputed books what a payer contests: it leaves clearing at once, and comes
// back or is lost when the dispute closes.
func (s *Service) disputed(ctx context.Context, e payment.Event) error {
	d := e.Dispute
	in, ok, err := s.known(ctx, d.Payment)
	if err != nil {
		return err
	}
	if !ok {
		return s.note(ctx, e)
	}
	c := d.Amount.Currency
	clearing, claims := ledger.ClearingAccount(string(payment.Card), c), ledger.ClaimAccount(c)
	open := ledger.Transfer{Key: "dispute:" + d.ID, Kind: "claim", Ref: refOf(in), Memo: "Disputed by the payer", From: claims, To: clearing, Amount: d.Amount}
	if err := s.book.Transfer(ctx, open); err != nil { // also when its closing comes first
		return err
	}
	back := "recovered:" + d.ID
	took := money.Amount{Currency: c}
	if !d.Closed && in.Dispute == "" || d.Closed && !d.Won {
		if took, err = s.recover(ctx, in, back, d.Amount); err != nil {
			return err
		}
	}
	state, code, text := "open", "dispute_opened", d.Amount.String()+" is contested by the payer. ("+d.ID+")"
	if d.Closed {
		state, code, text = "lost", "dispute_lost", d.Amount.String()+" was lost. ("+d.ID+")"
		end := ledger.Transfer{Key: "dispute_end:" + d.ID, Kind: "claim", Ref: refOf(in), Memo: "Dispute lost", From: ledger.LossAccount(c), To: claims, Amount: d.Amount}
		if d.Won {
			state, code, text = "won", "dispute_won", d.Amount.String()+" is ours again. ("+d.ID+")"
			end.Memo, end.From, end.To = "Dispute won", clearing, claims
		}
		if err := s.book.Transfer(ctx, end); err != nil {
			return err
		}
		if err := s.restore(ctx, d, back, took); err != nil {
			return err
		}
	}
	if in.Sale() != "" {
		if err := s.shop.Note(ctx, in.Order, code, text); err != nil {
			return err
		}
	}
	return s.store.Do(ctx, func(tx Tx) error {
		err := s.keep(ctx, tx, in.ID, func(x *payment.Incoming) {
			if state != "open" || x.Dispute == "" { // its opening may come after its end
				x.Dispute = state
			}
		})
		if err != nil {
			return err
		}
		return s.noted(ctx, tx, e)
	})
}
