// Package cashier takes money from outside. Whatever comes is booked once into
// a wallet, by the provider's own id; then it pays the order it came for, if
// that still can be paid. What comes late, twice or in another amount stays in
// the wallet; what nobody knows waits for the operator. Every step that was
// begun is in the outbox until it is done, so that a crash anywhere is finished
// by Resume.
package cashier

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
)

// Config is what this operator has set up.
type Config struct {
	Gateway  Gateway              // nil: no cards
	Bank     *payment.BankAccount // nil: no transfers
	Currency money.Currency
	Fresh    func(by member.Actor) error // refuses who has not proved himself just now; nil: nobody
	Wanted   func(account string)        // may be nil: it may be time to fill a wallet
	Link     func(path string) string    // where people reach a page
	Now      func() time.Time
}

// Service is the cashier.
type Service struct {
	store    Store
	shop     Shop
	book     Book
	accounts Accounts
	cfg      Config
}

// New returns the cashier.
func New(store Store, sh Shop, book Book, accounts Accounts, cfg Config) *Service {
	return &Service{store: store, shop: sh, book: book, accounts: accounts, cfg: cfg}
}

// Offer is which ways to pay are open.
func (s *Service) Offer() payment.Offer {
	return payment.Offer{Card: s.cfg.Gateway != nil, Bank: s.cfg.Bank != nil}
}

// Way is how the buyer goes on: an address to go to, or what to write on a
// bank transfer.
type Way struct {
	Method    payment.Method
	URL       string
	Expires   time.Time
	Bank      *payment.BankAccount
	Reference string
}

// SessionFor is how long a buyer may take at the card company, and HoldAfter
// how much longer his number is kept.
const (
	SessionFor = 35 * time.Minute
	HoldAfter  = 5 * time.Minute
	// shortest is what the provider demands of a session.
	shortest = 30*time.Minute + 30*time.Second
)

// BankDays is how many banking days a number is kept for a transfer.
const BankDays = 5

const (
	topicReceive = "payment.receive"
	topicTaken   = "payment.taken" // money that went back without us is to be booked
	lookEvery    = time.Minute
)

// Pay pays an order or begins to: from the wallet it is sold at once; by card
// and by bank the way says how to go on.
func (s *Service) Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (shop.Order, *Way, error) {
	if err := s.Offer().Check(m); err != nil {
		return shop.Order{}, nil, err
	}
	switch m {
	case payment.Card:
		return s.card(ctx, by, id)
	case payment.BankTransfer:
		return s.bank(ctx, by, id)
	default:
		o, err := s.shop.Pay(ctx, by, id, m)
		return o, nil, err
	}
}

// card opens a session at the provider, or returns the one that is open. The
// checkout is stored before the provider is asked, and asked with its id, so
// that two clicks and a crash between give one session.
func (s *Service) card(ctx context.Context, by member.Actor, id string) (shop.Order, *Way, error) {
	o, err := s.shop.Payable(ctx, by, id)
	if err != nil {
		return o, nil, err
	}
	c, err := s.checkout(ctx, o)
	if err != nil {
		return o, nil, err
	}
	if c.State == payment.Opening {
		if c, err = s.open(ctx, c, "World number "+o.Number.Display()); err != nil {
			return o, nil, err
		}
	}
	for range 5 { // the order may change at the same moment
		if o, err = s.shop.Start(ctx, by, id, payment.Card, c.Expires.Add(HoldAfter)); fault.ReasonOf(err).Code != "order_changed" {
			break
		}
	}
	if err != nil { // nobody may pay for what cannot be had
		return o, nil, errors.Join(err, s.cfg.Gateway.Expire(ctx, c.Session))
	}
	return o, &Way{Method: payment.Card, URL: c.URL, Expires: c.Expires}, nil
}

// open opens the session of a checkout at the provider.
func (s *Service) open(ctx context.Context, c payment.Checkout, what string) (payment.Checkout, error) {
	var err error
	if c.Session, c.URL, err = s.cfg.Gateway.Open(ctx, c, what); err != nil {
		return c, fault.Wrap(fault.Unavailable, "card_unavailable", "The card company does not answer. Try again, or pay from your wallet.", err)
	}
	c.State, c.Look = payment.Open, s.cfg.Now().Add(lookEvery)
	return c, s.store.Do(ctx, func(tx Tx) error { return tx.ChangeCheckout(ctx, c) })
}

// checkout is the order's open checkout, or a new one.
func (s *Service) checkout(ctx context.Context, o shop.Order) (payment.Checkout, error) {
	now := s.cfg.Now()
	var c payment.Checkout
	stale := "" // a session of another amount, that nobody is to pay
	err := s.store.Do(ctx, func(tx Tx) error {
		stale = ""
		open, found, err := tx.OpenCheckout(ctx, o.ID)
		if err != nil {
			return err
		}
		if same := found && open.Amount == o.AmountDue; same && open.State == payment.Open && now.Before(open.Expires) || same && open.State == payment.Opening && open.Expires.Sub(now) > shortest {
			c = open
			return nil
		}
		if found { // nobody can pay there any more; the provider's word comes by itself
			if open.State = payment.Expired; open.Session == "" {
				open.Look = time.Time{}
			}
			if open.Amount != o.AmountDue {
				stale = open.Session
			}
			if err := tx.ChangeCheckout(ctx, open); err != nil {
				return err
			}
		}
		c = payment.Checkout{ID: ident.New("chk", now), Order: o.ID, Account: o.Account, Amount: o.AmountDue, State: payment.Opening,
			Expires: now.Add(SessionFor).Truncate(time.Second), Created: now}
		if o.Extended && o.HeldUntil.Before(c.Expires) {
			if o.HeldUntil.Sub(now) < shortest {
				return fault.New(fault.Conflict, "hold_short", "The number is kept for you until %s, which is too short for another card payment. Pay from your wallet, or order it again.", o.HeldUntil.UTC().Format("15:04 UTC"))
			}
			c.Expires = o.HeldUntil.Truncate(time.Second)
		}
		fresh, err := tx.InsertCheckout(ctx, c)
		if err == nil && !fresh { // another tab was quicker
			c, _, err = tx.OpenCheckout(ctx, o.ID)
		}
		return err
	})
	if err == nil && stale != "" {
		err = s.cfg.Gateway.Expire(ctx, stale)
	}
	return c, err
}

// bank gives a reference for an order, always the same, and keeps the number
// for five banking days from the first time.
func (s *Service) bank(ctx context.Context, by member.Actor, id string) (shop.Order, *Way, error) {
	o, err := s.shop.Payable(ctx, by, id)
	if err != nil {
		return o, nil, err
	}
	if !s.accounts.Verified(ctx, o.Account) {
		return o, nil, fault.New(fault.Forbidden, "unverified", "Confirm your e-mail address first: a transfer takes days, and the number is kept for confirmed members only.")
	}
	t, err := s.reference(ctx, id)
	if err != nil {
		return o, nil, err
	}
	if o, err = s.shop.Start(ctx, by, id, payment.BankTransfer, payment.BankingDays(t.Created, BankDays)); err != nil {
		return o, nil, err
	}
	return o, s.transferWay(o, t), nil
}

// reference is what is written on transfers for an order or a wallet, always
// the same.
func (s *Service) reference(ctx context.Context, of string) (t Transfer, err error) {
	err = s.store.Do(ctx, func(tx Tx) error {
		for range 20 { // two random numbers may be equal
			var found bool
			var err error
			if t, found, err = tx.Transfer(ctx, of); err != nil || found {
				return err
			}
			if _, err := tx.InsertTransfer(ctx, Transfer{Reference: payment.NewReference(random()), Order: of, Created: s.cfg.Now()}); err != nil {
				return err
			}
		}
		return errors.New("no free reference for a transfer was found")
	})
	return t, err
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

func (s *Service) transferWay(o shop.Order, t Transfer) *Way {
	return &Way{Method: payment.BankTransfer, Bank: s.cfg.Bank, Reference: t.Reference, Expires: o.HeldUntil}
}

// Way is how the buyer of an order that awaits payment goes on with what he
// began; nil if he began nothing.
func (s *Service) Way(ctx context.Context, o shop.Order) (*Way, error) {
	if o.State != shop.AwaitingPayment {
		return nil, nil //nolint:nilnil // no way
	}
	var w *Way
	err := s.store.Do(ctx, func(tx Tx) error {
		w = nil
		if o.Method == string(payment.Card) {
			c, found, err := tx.OpenCheckout(ctx, o.ID)
			if found && c.State == payment.Open && s.cfg.Now().Before(c.Expires) {
				w = &Way{Method: payment.Card, URL: c.URL, Expires: c.Expires}
			}
			return err
		}
		if o.Method == string(payment.BankTransfer) && s.cfg.Bank != nil {
			t, found, err := tx.Transfer(ctx, o.ID)
			if found {
				w = s.transferWay(o, t)
			}
			return err
		}
		return nil
	})
	return w, err
}

// take stores money that came, with the message that told of it, and works on it.
func (s *Service) take(ctx context.Context, in payment.Incoming, also func(Tx) error) error {
	in.State, in.Received = payment.New, s.cfg.Now()
	err := s.store.Do(ctx, func(tx Tx) error {
		fresh, err := tx.InsertIncoming(ctx, in)
		if err != nil {
			return err
		}
		if fresh {
			if err := tx.Enqueue(ctx, topicReceive, in.ID); err != nil {
				return err
			}
		}
		return also(tx)
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return s.receive(ctx, in.ID)
}

// receive goes through what is left to do with money: into the book, then to
// its order.
func (s *Service) receive(ctx context.Context, id string) error {
	in, err := s.incoming(ctx, id)
	if err != nil {
		return err
	}
	if in.State == payment.New || in.State == payment.Unmatched && in.Account != "" {
		if in, err = s.enter(ctx, in); err != nil {
			return err
		}
	}
	if in.State == payment.Booked {
		if err := s.settle(ctx, in); err != nil {
			return err
		}
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, topicReceive, id) })
}

func (s *Service) incoming(ctx context.Context, id string) (payment.Incoming, error) {
	var in payment.Incoming
	err := s.store.Do(ctx, func(tx Tx) error {
		var found bool
		var err error
		if in, found, err = tx.Incoming(ctx, id); err == nil && !found {
			return fault.New(fault.Unknown, "payment_unknown", "There is no payment %s.", id)
		}
		return err
	})
	return in, err
}

// enter books money: to its owner's wallet, or to what is nobody's.
func (s *Service) enter(ctx context.Context, in payment.Incoming) (payment.Incoming, error) {
	next, to := payment.Booked, ledger.WalletID(in.Account, in.Amount.Currency)
	if in.Account == "" {
		next, to = payment.Unmatched, ledger.UnmatchedAccount(in.Amount.Currency)
	} else if err := s.book.OpenWallet(ctx, in.Account, money.Amount{Currency: in.Amount.Currency}); err != nil {
		return in, err
	}
	t := ledger.Transfer{Key: "in:" + in.ID, Kind: "deposit", Ref: refOf(in), Memo: memoOf(in),
		From: ledger.ClearingAccount(string(in.Method), in.Amount.Currency), To: to, Amount: in.Amount}
	if in.State == payment.Unmatched { // the operator said whose it is
		t.Key, t.From = "assign:"+in.ID, ledger.UnmatchedAccount(in.Amount.Currency)
	}
	if err := s.book.Transfer(ctx, t); err != nil {
		return in, fmt.Errorf("book the payment %s: %w", in.ID, err)
	}
	return s.advance(ctx, in.ID, in.State, func(x *payment.Incoming) { x.State = next })
}

// advance changes money that stands where it was thought to stand; if another
// worker moved it on, that is as good.
func (s *Service) advance(ctx context.Context, id string, from payment.IncomingState, change func(*payment.Incoming)) (payment.Incoming, error) {
	var in payment.Incoming
	err := s.store.Do(ctx, func(tx Tx) error {
		var err error
		if in, _, err = tx.Incoming(ctx, id); err != nil || in.State != from {
			return err
		}
		change(&in)
		return tx.ChangeIncoming(ctx, in)
	})
	return in, err
}

func refOf(in payment.Incoming) string {
	if order := in.Sale(); order != "" {
		return order
	}
	return in.ID
}

func memoOf(in payment.Incoming) string {
	if in.Method == payment.Card {
		return "Paid in by card"
	}
	return "Paid in by bank transfer"
}

// settle pays the order the money came for. What cannot pay it stays in the
// wallet, and both the order and its buyer are told.
func (s *Service) settle(ctx context.Context, in payment.Incoming) error {
	if _, ok := payment.TopUpOf(in.Order); ok {
		return s.added(ctx, in)
	}
	why := "It names no order."
	if in.Order != "" {
		var err error
		for range 5 { // the order may change at the same moment
			_, why, err = s.shop.Received(ctx, in.Order, shop.Funds{Key: in.ID, Method: in.Method, Amount: in.Amount})
			if err == nil || fault.ReasonOf(err).Code != "order_changed" {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("pay %s with %s: %w", in.Order, in.ID, err)
		}
	}
	if why == "" {
		_, err := s.advance(ctx, in.ID, payment.Booked, func(x *payment.Incoming) { x.State = payment.Used })
		return err
	}
	if in.Order != "" {
		text := fmt.Sprintf("%s came and is in the wallet. %s (%s)", in.Amount, why, in.ID)
		if err := s.shop.Note(ctx, in.Order, "payment_kept", text); err != nil {
			return err
		}
	}
	return s.store.Do(ctx, func(tx Tx) error {
		x, _, err := tx.Incoming(ctx, in.ID)
		if err != nil || x.State != payment.Booked {
			return err
		}
		x.State, x.Note = payment.Kept, why
		if err := tx.ChangeIncoming(ctx, x); err != nil {
			return err
		}
		return tx.Write(ctx, in.Account, "payment_kept", "payment_kept:"+in.ID,
			map[string]string{"amount": in.Amount.String(), "order": in.Order, "reason": why, "link": s.cfg.Link("/wallet")})
	})
}

// Resume finishes what a crash interrupted, and asks the provider about
// checkouts whose message may have been lost.
func (s *Service) Resume(ctx context.Context) error {
	var failures []error
	for topic, finish := range map[string]func(context.Context, string) error{topicReceive: s.receive, topicTaken: s.bookTaken, shop.TopicSendBack: s.sendBack, payment.TopicForget: s.forget} {
		ids, err := s.store.Tasks(ctx, topic, 1000)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := finish(ctx, id); err != nil {
				failures = append(failures, fmt.Errorf("%s %s: %w", topic, id, err))
			}
		}
	}
	if s.cfg.Gateway != nil {
		failures = append(failures, s.look(ctx), s.refill(ctx))
	}
	return errors.Join(failures...)
}
