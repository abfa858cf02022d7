package cashier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
)

// Cards keeps cards at the provider, and charges them without their holder.
type Cards interface {
	// Customer opens a customer for an account, once.
	Customer(ctx context.Context, account string) (string, error)
	// SaveCard opens a session in which a customer saves a card, once for each key.
	SaveCard(ctx context.Context, account, customer, key string) (session, url string, err error)
	Saved(ctx context.Context, session string) (payment.Setup, error)
	// Charge charges a card, once for each key of it. An error says that it is not
	// known whether it was charged.
	Charge(ctx context.Context, c payment.AutoCharge) (payment.Charged, error)
	// Charged finds what became of a charge, by its payment if that is known.
	Charged(ctx context.Context, c payment.AutoCharge) (payment.Charged, bool, error)
	// Forget forgets a card or a customer; what is not there is forgotten.
	Forget(ctx context.Context, id string) error
}

// AutoTx is wallets that are filled by themselves, in a transaction.
type AutoTx interface {
	Auto(ctx context.Context, account string) (payment.Auto, bool, error)
	PutAuto(ctx context.Context, a payment.Auto) error
	// Hindered tells that a card must not be charged now.
	Hindered(ctx context.Context, account string) (bool, error)
	Charge(ctx context.Context, id string) (payment.AutoCharge, bool, error)
	ChangeCharge(ctx context.Context, c payment.AutoCharge) error
	WaitingCharge(ctx context.Context, account string) (payment.AutoCharge, bool, error)
}

// Autos answers questions about them.
type Autos interface {
	AutoOf(ctx context.Context, account string, since time.Time) (payment.AutoView, error)
	// Setups lists accounts in which a card is being saved that is to be asked about.
	Setups(ctx context.Context, now time.Time, limit int) ([]string, error)
	// SetupOf is the account of such a session.
	SetupOf(ctx context.Context, session string) (string, bool, error)
	// DueCharges lists those that are to be asked for.
	DueCharges(ctx context.Context, now time.Time, limit int) ([]payment.AutoCharge, error)
}

const (
	setupFor = 25 * time.Hour // the provider ends a session after a day
	// mostRefused is how often a card is tried, and unsure how long the provider
	// surely remembers what it was asked under a key.
	mostRefused = 3
	unsure      = 20 * time.Hour
)

// againAfter is when a card is tried again that was refused, and askAfter when the
// provider is asked again that did not answer.
func againAfter(refused int) time.Duration {
	if refused <= 1 {
		return 10 * time.Minute
	}
	return 2 * time.Hour
}

func askAfter(asked int) time.Duration {
	return min(10*time.Second<<min(asked, 10), 30*time.Minute)
}

// Auto is how an account's wallet is filled by itself; staff may see everybody's.
func (s *Service) Auto(ctx context.Context, by member.Actor, account string) (payment.AutoView, error) {
	if !by.May(account) {
		return payment.AutoView{}, fault.New(fault.Forbidden, "not_yours", "This is the wallet of somebody else.")
	}
	v, err := s.store.AutoOf(ctx, account, payment.AutoMonth(s.cfg.Now()))
	v.Account, v.Possible = account, s.cfg.Gateway != nil
	c := s.cfg.Currency
	v.Rule.Below.Currency, v.Rule.Add.Currency, v.Rule.Most.Currency, v.Added.Currency = c, c, c, c
	return v, err
}

// SaveCard sends an actor to where he saves a card for charges he is not there for.
func (s *Service) SaveCard(ctx context.Context, by member.Actor) (url string, err error) {
	if by.Account == "" || by.Account == member.System().Account {
		return "", fault.New(fault.Forbidden, "not_yours", "Sign in to add money to your wallet.")
	}
	if err := s.Offer().Check(payment.Card); err != nil {
		return "", err
	}
	v, err := s.Auto(ctx, by, by.Account)
	if err != nil {
		return "", err
	}
	away := func(err error) error {
		return fault.Wrap(fault.Unavailable, "card_unavailable", "The card company does not answer. Try again later.", err)
	}
	if v.Customer == "" {
		if v.Customer, err = s.cfg.Gateway.Customer(ctx, by.Account); err != nil {
			return "", away(err)
		}
	}
	session, url, err := s.cfg.Gateway.SaveCard(ctx, by.Account, v.Customer, ident.New("set", s.cfg.Now()))
	if err != nil {
		return "", away(err)
	}
	if v.Setup != "" {
		_ = s.cfg.Gateway.Expire(ctx, v.Setup) // one is enough; if it stays open, it only leads nowhere
	}
	return url, s.changeAuto(ctx, by.Account, func(_ Tx, a *payment.Auto) error {
		a.Customer, a.Setup, a.Look = v.Customer, session, s.cfg.Now().Add(lookEvery)
		return nil
	})
}

// changeAuto changes how a wallet is filled.
func (s *Service) changeAuto(ctx context.Context, account string, change func(tx Tx, a *payment.Auto) error) error {
	return s.store.Do(ctx, func(tx Tx) error {
		a, _, err := tx.Auto(ctx, account)
		if err != nil {
			return err
		}
		a.Account, a.Changed = account, s.cfg.Now()
		if err := change(tx, &a); err != nil {
			return err
		}
		return tx.PutAuto(ctx, a)
	})
}

// LookCard asks the provider now whether the actor saved a card, for who comes back
// from there before its message does.
func (s *Service) LookCard(ctx context.Context, by member.Actor) error {
	return s.lookCard(ctx, by.Account, payment.Event{})
}

// lookCard takes the card that was saved, in place of the one before.
func (s *Service) lookCard(ctx context.Context, account string, e payment.Event) error {
	v, err := s.store.AutoOf(ctx, account, time.Time{})
	if err != nil || v.Setup == "" || s.cfg.Gateway == nil {
		return err
	}
	x, err := s.cfg.Gateway.Saved(ctx, v.Setup)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	return s.changeAuto(ctx, account, func(tx Tx, a *payment.Auto) error {
		if err := s.noted(ctx, tx, e); err != nil || a.Setup != v.Setup {
			return err
		}
		switch {
		case x.Done && x.Card.Method != "":
			if old := a.Card.Method; old != "" && old != x.Card.Method {
				if err := tx.Enqueue(ctx, payment.TopicForget, old); err != nil {
					return err
				}
			}
			a.Card, a.Setup, a.Look = x.Card, "", time.Time{}
		case x.Expired || now.Sub(v.Changed) > setupFor:
			a.Setup, a.Look = "", time.Time{}
		default: // ever more seldom
			a.Changed, a.Look = v.Changed, now.Add(min(max(lookEvery, now.Sub(v.Changed)), time.Hour))
		}
		return nil
	})
}

// SetAuto has an actor's wallet filled by itself from the card that he saved. He
// proves that it is he: from then on money is taken without him.
func (s *Service) SetAuto(ctx context.Context, by member.Actor, r payment.AutoRule) error {
	if err := s.Offer().Check(payment.Card); err != nil {
		return err
	}
	if err := r.Check(s.Range()); err != nil {
		return err
	}
	if v, err := s.Auto(ctx, by, by.Account); err != nil {
		return err
	} else if v.Card.Method == "" {
		return fault.New(fault.Conflict, "no_card", "Save a card first.")
	}
	if s.cfg.Fresh != nil {
		if err := s.cfg.Fresh(by); err != nil {
			return err
		}
	}
	err := s.changeAuto(ctx, by.Account, func(_ Tx, a *payment.Auto) error {
		if a.Card.Method == "" {
			return fault.New(fault.Conflict, "no_card", "Save a card first.")
		}
		a.Rule, a.On, a.Armed, a.Stopped = r, true, true, ""
		return nil
	})
	if err == nil && s.cfg.Wanted != nil {
		s.cfg.Wanted(by.Account)
	}
	return err
}

// StopAuto ends it; the card stays for another time.
func (s *Service) StopAuto(ctx context.Context, by member.Actor) error {
	return s.changeAuto(ctx, by.Account, func(tx Tx, a *payment.Auto) error {
		a.On, a.Stopped = false, ""
		return s.dropCharge(ctx, tx, by.Account)
	})
}

// RemoveCard ends it, and has the provider forget the card.
func (s *Service) RemoveCard(ctx context.Context, by member.Actor) error {
	return s.changeAuto(ctx, by.Account, func(tx Tx, a *payment.Auto) error {
		if a.Card.Method != "" {
			if err := tx.Enqueue(ctx, payment.TopicForget, a.Card.Method); err != nil {
				return err
			}
		}
		a.On, a.Stopped, a.Card, a.Setup, a.Look = false, "", payment.SavedCard{}, "", time.Time{}
		return s.dropCharge(ctx, tx, by.Account)
	})
}

// dropCharge keeps a card from being charged that waits for it. What the provider
// was asked for already comes into the wallet nevertheless.
func (s *Service) dropCharge(ctx context.Context, tx Tx, account string) error {
	c, found, err := tx.WaitingCharge(ctx, account)
	if err != nil || !found || c.Asked > 0 {
		return err
	}
	c.State = payment.ChargeDropped
	return tx.ChangeCharge(ctx, c)
}

// forget has the provider forget a card or a customer.
func (s *Service) forget(ctx context.Context, id string) error {
	if s.cfg.Gateway == nil {
		return nil // it is done when cards are set up again
	}
	if err := s.cfg.Gateway.Forget(ctx, id); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, payment.TopicForget, id) })
}

// refill asks about cards that are being saved, and for charges that are due.
func (s *Service) refill(ctx context.Context) error {
	now := s.cfg.Now()
	var failures []error
	setups, err := s.store.Setups(ctx, now, 20)
	if err != nil {
		return err
	}
	for _, account := range setups {
		if err := s.lookCard(ctx, account, payment.Event{}); err != nil {
			failures = append(failures, fmt.Errorf("ask about a card of %s: %w", account, err))
		}
	}
	due, err := s.store.DueCharges(ctx, now, 20)
	if err != nil {
		return err
	}
	for _, c := range due {
		if err := s.charge(ctx, c); err != nil {
			failures = append(failures, fmt.Errorf("charge a card for %s: %w", c.ID, err))
		}
	}
	return errors.Join(failures...)
}

// charge asks the provider for a charge that is due. That it is asked is kept
// before, so that nobody else asks at the same time, and what became of it is found
// out after a crash: the key is the same until there was an answer.
func (s *Service) charge(ctx context.Context, due payment.AutoCharge) error {
	c, must, err := s.claim(ctx, due)
	if err != nil || must == leave {
		return err
	}
	var out payment.Charged
	found := true
	if must == find || c.Payment != "" {
		out, found, err = s.cfg.Gateway.Charged(ctx, c)
	} else {
		out, err = s.cfg.Gateway.Charge(ctx, c)
	}
	switch {
	case err != nil:
		return err // again when it is due
	case !found && s.cfg.Now().Sub(c.Created) > unsure:
		return s.refused(ctx, c, payment.Charged{Refused: payment.AutoDeclined}, true)
	case !found: // it never came there, and must not be any more
		return s.store.Do(ctx, func(tx Tx) error { return s.putOff(ctx, tx, c) })
	case out.Paid:
		out.Charge = c.ID
		return s.refilled(ctx, out, payment.Event{})
	case out.Refused != "":
		return s.refused(ctx, c, out, false)
	default: // it takes a while
		return s.changeCharge(ctx, c.ID, func(x *payment.AutoCharge) { x.Payment = out.Payment })
	}
}

// errand is what to do about a charge that is due.
type errand int

const (
	leave errand = iota
	ask          // the provider for the money
	find         // what became of it, and no more: it must not be charged now
)

// claim takes a charge that is due, and puts it off meanwhile. Who was refused and
// has enough by now is not asked again.
func (s *Service) claim(ctx context.Context, due payment.AutoCharge) (c payment.AutoCharge, must errand, err error) {
	free, err := s.book.Available(ctx, ledger.WalletID(due.Account, due.Amount.Currency))
	if err != nil {
		return c, leave, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		must = leave
		now := s.cfg.Now()
		a, _, err := tx.Auto(ctx, due.Account) // first, as everywhere: it keeps others away from its charges
		if err != nil {
			return err
		}
		if c, _, err = tx.Charge(ctx, due.ID); err != nil || c.State != payment.ChargeWaiting || c.Due.After(now) {
			return err
		}
		hindered, err := tx.Hindered(ctx, c.Account)
		if err != nil {
			return err
		}
		enough := c.Refused > 0 && free.Micros >= a.Rule.Below.Micros
		may := a.On && a.Card.Method == c.Method && !hindered && !enough
		switch {
		case !may && c.Asked == 0:
			return s.putOff(ctx, tx, c)
		case !may, now.Sub(c.Created) > unsure && c.Asked > 0: // under this key it might be charged twice by now
			must = find
		default:
			must = ask
		}
		c.Asked++
		c.Due = now.Add(askAfter(c.Asked))
		return tx.ChangeCharge(ctx, c)
	})
	return c, must, err
}

// putOff drops a charge that must not be now; its wallet orders another when it may.
func (s *Service) putOff(ctx context.Context, tx Tx, c payment.AutoCharge) error {
	a, found, err := tx.Auto(ctx, c.Account)
	if err != nil {
		return err
	}
	x, waits, err := tx.Charge(ctx, c.ID)
	if err != nil || !waits || x.State != payment.ChargeWaiting {
		return err
	}
	x.State = payment.ChargeDropped
	if err := tx.ChangeCharge(ctx, x); err != nil || !found {
		return err
	}
	a.Armed = a.On
	return tx.PutAuto(ctx, a)
}

func (s *Service) changeCharge(ctx context.Context, id string, change func(c *payment.AutoCharge)) error {
	return s.store.Do(ctx, func(tx Tx) error {
		c, found, err := tx.Charge(ctx, id)
		if err != nil || !found || c.State != payment.ChargeWaiting {
			return err
		}
		change(&c)
		return tx.ChangeCharge(ctx, c)
	})
}

// refused ends a try. After three, and at once if another could not go otherwise,
// it is switched off, and its holder gets a letter with the way to pay by hand.
func (s *Service) refused(ctx context.Context, c payment.AutoCharge, out payment.Charged, last bool) error {
	return s.store.Do(ctx, func(tx Tx) error {
		a, has, err := tx.Auto(ctx, c.Account)
		if err != nil {
			return err
		}
		x, found, err := tx.Charge(ctx, c.ID)
		if err != nil || !found || x.State != payment.ChargeWaiting || x.Refused != c.Refused {
			return err
		}
		now := s.cfg.Now()
		x.Refused++
		x.Asked, x.Error, x.Payment, x.Due = 0, out.Text, "", now.Add(againAfter(x.Refused))
		if out.Refused == payment.AutoDeclined && x.Refused < mostRefused && !last {
			return tx.ChangeCharge(ctx, x)
		}
		x.State = payment.ChargeFailed
		if err := tx.ChangeCharge(ctx, x); err != nil || !has || !a.On {
			return err
		}
		a.On, a.Stopped, a.Changed = false, out.Refused, now
		if err := tx.PutAuto(ctx, a); err != nil {
			return err
		}
		kind := "auto_stopped"
		if out.Refused == payment.AutoConfirm {
			kind = "auto_confirm"
		}
		return tx.Write(ctx, c.Account, kind, kind+":"+c.ID, map[string]string{"amount": c.Amount.String(), "card": a.Card.Name(), "link": s.cfg.Link("/wallet")})
	})
}

// refilled takes the money of a charge: told by the provider in a message (e.ID is
// set), or because it was asked.
func (s *Service) refilled(ctx context.Context, x payment.Charged, e payment.Event) error {
	if x.Payment == "" || x.Amount.Micros <= 0 {
		return fault.New(fault.Invalid, "event", "The message of the card company names no payment.")
	}
	in := payment.Incoming{ID: payment.CardID(x.Payment), Method: payment.Card, Amount: x.Amount, Reference: x.Charge}
	err := s.store.Do(ctx, func(tx Tx) error {
		c, found, err := tx.Charge(ctx, x.Charge)
		if found {
			in.Account, in.Order = c.Account, payment.TopUp(c.Account)
		}
		return err
	})
	if err != nil {
		return err
	}
	if account, ok := payment.TopUpOf(x.Order); ok && in.Account == "" {
		if _, err := s.accounts.Find(ctx, account); err == nil {
			in.Account, in.Order = account, x.Order
		} else if fault.KindOf(err) != fault.Unknown {
			return err
		}
	}
	err = s.take(ctx, in, func(tx Tx) error {
		c, found, err := tx.Charge(ctx, x.Charge)
		if err != nil {
			return err
		}
		if found {
			c.State, c.Payment, c.Error = payment.ChargeDone, x.Payment, ""
			if err := tx.ChangeCharge(ctx, c); err != nil {
				return err
			}
		}
		return s.noted(ctx, tx, e)
	})
	if err == nil && s.cfg.Wanted != nil {
		s.cfg.Wanted(in.Account)
	}
	return err
}
