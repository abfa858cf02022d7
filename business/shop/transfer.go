package shop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Transfer is a number on its way to another account (S7). The giver offers
// it to an e-mail address; who is signed in with that address takes it.
type Transfer struct {
	ID      string
	Order   string
	Giver   string
	Email   string // of whom it is offered to
	State   string // offered, accepted, withdrawn, expired
	Expires time.Time
	Created time.Time
}

// TransferFor is how long an offer stands.
const TransferFor = 7 * 24 * time.Hour

// MostOffers is how many offers an account may make in a day: each is a letter
// to whom the giver likes.
const MostOffers = 10

// Transfers are the rows of transfers, in a transaction.
type Transfers interface {
	// InsertTransfer is false if the order is offered already.
	InsertTransfer(ctx context.Context, t Transfer, hash string) (bool, error)
	Transfer(ctx context.Context, hash string) (Transfer, bool, error)
	OfferOf(ctx context.Context, order string) (Transfer, bool, error)
	// EndTransfer is false if it is offered no more.
	EndTransfer(ctx context.Context, id, state string) (bool, error)
	// Offers counts what a giver has offered since then.
	Offers(ctx context.Context, giver string, since time.Time) (int, error)
	// Handover moves the claims of an order to another.
	Handover(ctx context.Context, from, to string) error
}

func transferHash(token string) string {
	sum := sha256.Sum256([]byte("transfer " + token))
	return hex.EncodeToString(sum[:])
}

// Offer offers a sold number to whoever has an e-mail address. The letter
// carries the only copy of the token.
func (s *Service) Offer(ctx context.Context, by member.Actor, id, email string) (Transfer, error) {
	o, err := s.mineSold(ctx, by, id)
	if err != nil {
		return Transfer{}, err
	}
	if o.Standing != InService {
		return Transfer{}, fault.New(fault.Conflict, "not_in_service", "Only a number in service, with its fee paid, can be given on.")
	}
	if o.Proved {
		return Transfer{}, fault.New(fault.Conflict, "own_phone", "%s is your own telephone number, proved by you. Whoever has that telephone next proves it himself and requests it, once you have given it up.", o.Number.Display())
	}
	if by.Role != member.Operator && len(s.rules().papersFor(&o)) > 0 {
		return Transfer{}, fault.New(fault.Conflict, "papers", "Whoever has %s shows papers first, so you cannot give it on by yourself. Write to the operator.", o.Number.Display())
	}
	email = strings.ToLower(strings.TrimSpace(email))
	if at := strings.IndexByte(email, '@'); at < 1 || at == len(email)-1 || len(email) > 254 || strings.ContainsAny(email, " \"<>(),:;\\[]\r\n") {
		return Transfer{}, badField("email", "Write an e-mail address, as in ann@example.com.")
	}
	now := s.now()
	token := ident.Secret(20)
	t := Transfer{ID: ident.New("trf", now), Order: id, Giver: o.Account, Email: email, State: "offered", Expires: now.Add(TransferFor), Created: now}
	return t, s.change(ctx, id, func(tx Tx, x *Order) error {
		if old, open, err := tx.OfferOf(ctx, id); err != nil {
			return err
		} else if open && !now.Before(old.Expires) {
			if _, err := tx.EndTransfer(ctx, old.ID, "expired"); err != nil {
				return err
			}
		}
		if made, err := tx.Offers(ctx, o.Account, now.Add(-day)); err != nil {
			return err
		} else if made >= MostOffers {
			return fault.New(fault.Limited, "too_many_offers", "You have offered numbers %d times within a day. Each offer is a letter to somebody; make the next one tomorrow.", made)
		}
		fresh, err := tx.InsertTransfer(ctx, t, transferHash(token))
		if err != nil {
			return err
		}
		if !fresh {
			return fault.New(fault.Conflict, "offered", "%s is offered to somebody already. Take that offer back first.", o.Number.Display())
		}
		if err := tx.WriteTo(ctx, email, "transfer_offered", "transfer:"+t.ID, map[string]string{
			"number": o.Number.Display(), "from": by.Name, "link": s.base.URL + "/transfers/" + token, "date": t.Expires.Format(renewalPattern),
		}); err != nil {
			return err
		}
		return s.move(ctx, tx, x, "offered", "", by) // to whom, the offer says: what happened stays when he is forgotten
	})
}

// OfferOf is the open offer of an order; nil if there is none.
func (s *Service) OfferOf(ctx context.Context, by member.Actor, id string) (*Transfer, error) {
	var out *Transfer
	return out, s.store.Do(ctx, func(tx Tx) error {
		out = nil
		if _, err := s.open(ctx, tx, by, id); err != nil {
			return err
		}
		t, open, err := tx.OfferOf(ctx, id)
		if open && s.now().Before(t.Expires) {
			out = &t
		}
		return err
	})
}

// WithdrawOffer takes an offer back.
func (s *Service) WithdrawOffer(ctx context.Context, by member.Actor, id string) error {
	if _, err := s.mineSold(ctx, by, id); err != nil {
		return err
	}
	return s.change(ctx, id, func(tx Tx, x *Order) error {
		t, open, err := tx.OfferOf(ctx, id)
		if err != nil || !open {
			return err
		}
		if _, err := tx.EndTransfer(ctx, t.ID, "withdrawn"); err != nil {
			return err
		}
		return s.move(ctx, tx, x, "offer_withdrawn", "", by)
	})
}

// Offered shows an offer to whom it was made: the token must be known and the
// address be that of the account.
func (s *Service) Offered(ctx context.Context, by member.Actor, email, token string) (Transfer, Order, error) {
	var t Transfer
	var o Order
	err := s.store.Do(ctx, func(tx Tx) error {
		var found bool
		var err error
		if t, found, err = tx.Transfer(ctx, transferHash(token)); err != nil {
			return err
		}
		if !found || t.State != "offered" || !s.now().Before(t.Expires) {
			return fault.New(fault.Unknown, "transfer_over", "This offer is over or was taken back. Ask for a new one.")
		}
		if by.Account == "" || !strings.EqualFold(email, t.Email) {
			return fault.New(fault.Forbidden, "transfer_other", "The number is offered to another e-mail address. Sign in with the account of the address that got the letter.")
		}
		o, _, err = tx.Order(ctx, t.Order)
		return err
	})
	return t, o, err
}

// Accept takes an offered number. The giver's registration and telephones end;
// the taker gets an order of his own, sold for nothing, and registers anew.
func (s *Service) Accept(ctx context.Context, by member.Actor, email, token string) (Order, error) {
	t, _, err := s.Offered(ctx, by, email, token)
	if err != nil {
		return Order{}, err
	}
	var old, mine Order
	err = s.store.Do(ctx, func(tx Tx) error {
		var found bool
		old, found, err = tx.Order(ctx, t.Order)
		if err != nil {
			return err
		}
		if !found || old.State != Sold || old.Settling || old.Standing != InService {
			return fault.New(fault.Conflict, "not_in_service", "The number is not in service any more, so it cannot be taken over.")
		}
		if old.Account == by.Account {
			return fault.New(fault.Conflict, "transfer_self", "%s is yours already.", old.Number.Display())
		}
		if ended, err := tx.EndTransfer(ctx, t.ID, "accepted"); err != nil {
			return err
		} else if !ended {
			return fault.New(fault.Conflict, "transfer_over", "This offer is over or was taken back. Ask for a new one.")
		}
		mine, err = s.handOver(ctx, tx, by, &old)
		if err != nil {
			return err
		}
		fields := map[string]string{"number": old.Number.Display(), "to": by.Name, "link": s.base.URL + "/orders/" + old.ID}
		return tx.Write(ctx, old.Account, "number_transferred", "transferred:"+t.ID, fields)
	})
	if err != nil {
		return Order{}, err
	}
	if err := s.publish.Released(ctx, old); err != nil {
		return mine, err
	}
	return mine, s.publish.Sold(ctx, mine)
}

// handOver ends the giver's order and makes the taker's, with every step of a
// sale and no price.
func (s *Service) handOver(ctx context.Context, tx Tx, by member.Actor, old *Order) (Order, error) {
	now := s.now()
	mine := *old
	mine.ID, mine.Account, mine.State, mine.Version, mine.Created, mine.Updated = ident.New("ord", now), by.Account, Requested, 0, now, now
	mine.Setup, mine.Tax, mine.AmountDue, mine.Method, mine.Extended = 0, Tax{}, money.Amount{Currency: old.AmountDue.Currency}, "", false
	if err := tx.InsertOrder(ctx, mine); err != nil {
		return mine, err
	}
	if err := tx.EndRegistration(ctx, old.ID, now); err != nil {
		return mine, err
	}
	if err := tx.Handover(ctx, old.ID, mine.ID); err != nil {
		return mine, err
	}
	old.State, old.Until, old.Standing = Cancelled, time.Time{}, InService
	if err := s.move(ctx, tx, old, "transferred", "", by); err != nil {
		return mine, err
	}
	for _, step := range []struct {
		state State
		code  string
	}{{Requested, "requested"}, {Approved, "approved"}, {Approved, "selected"}, {AwaitingPayment, "settlement_requested"}, {Paid, "paid"}, {Sold, "sold"}} {
		mine.State = step.state
		if err := s.move(ctx, tx, &mine, step.code, "", by); err != nil {
			return mine, err
		}
	}
	return mine, nil
}
