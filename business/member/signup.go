package member

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/money"
)

// How long links work, and how often letters may be asked for.
const (
	ConfirmLife   = 24 * time.Hour
	ResetLife     = time.Hour
	signUpsAnHour = 20 // from one source: an office shares one
	lettersAnHour = 5  // to one address
)

// SignUp opens an account and its wallet. Where addresses must be confirmed,
// the answer is the same whether the address is taken or not: it says nothing
// but the address, and the rest is in the letter.
func (s *Service) SignUp(ctx context.Context, in SignUp) (Account, error) {
	email, wrong := s.checkSignUp(&in)
	if len(wrong) > 0 {
		return Account{}, fault.Fields(wrong...)
	}
	now := s.cfg.Now()
	if err := s.tooMany("sign-up "+in.From.Address, in.From, signUpsAnHour, now); err != nil {
		return Account{}, err
	}
	a := Account{ID: ident.New("acc", now), Email: email, Name: strings.TrimSpace(in.Name), Role: in.Role, Country: in.Country,
		Language: in.Language, TimeZone: in.TimeZone, Created: now}
	if a.Role == "" {
		a.Role = Customer
	}
	if in.Language != "" {
		a.Languages = []string{in.Language}
	}
	if in.Vouched {
		a.Confirmed = now
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return Account{}, err
	}
	silent := s.cfg.MustConfirm && !in.Vouched
	err = s.store.Do(ctx, func(tx Tx) error {
		fresh, err := tx.InsertAccount(ctx, a, hash)
		if err != nil {
			return err
		}
		if !fresh {
			return s.taken(ctx, tx, email, silent)
		}
		if !in.Vouched {
			if err := s.sendLink(ctx, tx, a, ConfirmLink, email); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, topicWallet, a.ID)
	})
	if err != nil {
		return Account{}, err
	}
	if silent { // the wallet is opened by Resume: opening it here would take the time that tells
		return Account{Email: email}, nil
	}
	gift := s.cfg.Gift
	if in.Gift != nil {
		gift = *in.Gift
	}
	return a, s.openWallet(ctx, a.ID, gift)
}

// taken answers a sign-up with an address that has an account. Its holder is
// told by letter: only he may know.
func (s *Service) taken(ctx context.Context, tx Tx, email string, silent bool) error {
	if !silent {
		return fault.New(fault.Conflict, "email_taken", "There is an account with this e-mail address already. Sign in instead, or use another address.").
			WithFields(fault.Field{Name: "email", Text: "There is an account with this address already."})
	}
	a, _, found, err := tx.AccountByEmail(ctx, email)
	if err != nil || !found || !s.asked.allow("letter "+a.ID, lettersAnHour, time.Hour, s.cfg.Now()) {
		return err
	}
	return tx.Post(ctx, letter.Letter{Key: "taken:" + ident.Secret(10), Account: a.ID, To: email, Language: a.Language, Kind: "email_taken",
		Fields: map[string]string{"link": s.cfg.Link("/forgot")}})
}

// sendLink posts a letter with a link that works once.
func (s *Service) sendLink(ctx context.Context, tx Tx, a Account, kind TokenKind, to string) error {
	token, now := ident.Secret(24), s.cfg.Now()
	t := Token{Kind: kind, Account: a.ID, Email: to, Expires: now.Add(ConfirmLife)}
	words, page := "confirm_email", "/confirm?token="
	if kind == ResetLink {
		words, page, t.Expires = "reset_password", "/reset?token=", now.Add(ResetLife)
	}
	if err := tx.DropTokens(ctx, a.ID, kind, now); err != nil { // only the newest works
		return err
	}
	hash := ident.Hashed(token)
	if err := tx.InsertToken(ctx, hash, t); err != nil {
		return err
	}
	return tx.Post(ctx, letter.Letter{Key: string(kind) + ":" + hash[:24], Account: a.ID, To: to, Language: a.Language, Kind: words,
		Fields: map[string]string{"link": s.cfg.Link(page + token)}})
}

// openWallet finishes a sign-up; Resume does it after a crash.
func (s *Service) openWallet(ctx context.Context, account string, gift money.Amount) error {
	if err := s.wallets.OpenWallet(ctx, account, gift); err != nil && fault.ReasonOf(err).Code != "key_reused" {
		return fmt.Errorf("open the wallet of %s: %w", account, err)
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Dequeue(ctx, topicWallet, account) })
}

// Resume opens the wallets of sign-ups that a crash interrupted, and sends the
// links that were asked for. Call it at start and now and then.
func (s *Service) Resume(ctx context.Context) error {
	ids, err := s.store.Tasks(ctx, topicWallet, 1000)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.openWallet(ctx, id, s.cfg.Gift); err != nil {
			return err
		}
	}
	emails, err := s.store.Tasks(ctx, topicRecover, 1000)
	for _, email := range emails {
		err = errors.Join(err, s.recover(ctx, email))
	}
	return err
}

// linkOver is said of a link that is unknown, used or too old: which of them is nobody's business.
func linkOver() error {
	return fault.New(fault.Conflict, "link_over", "This link does not work any more: each works once, and not for long. Ask for a new one.")
}

// Confirm takes the link of a letter: the address it was sent to is proved. A
// link for another address makes that one the account's, and tells the old.
func (s *Service) Confirm(ctx context.Context, token string) error {
	now := s.cfg.Now()
	return s.store.Do(ctx, func(tx Tx) error {
		t, found, err := tx.TakeToken(ctx, ident.Hashed(token), now)
		if err != nil {
			return err
		}
		if !found || t.Kind == ResetLink {
			return linkOver() // nothing is taken: the transaction is turned back
		}
		a, found, err := tx.Account(ctx, t.Account)
		if err != nil {
			return err
		}
		if !found || !a.Erased.IsZero() || t.Kind == ConfirmLink && a.Email != t.Email {
			return linkOver()
		}
		fresh, err := tx.SetEmail(ctx, a.ID, t.Email, now)
		if err != nil {
			return err
		}
		if !fresh {
			return fault.New(fault.Conflict, "email_taken", "Another account has this address by now. Use another one.")
		}
		if t.Kind == ConfirmLink {
			return nil
		}
		if err := tx.DropTokens(ctx, a.ID, "", now); err != nil { // links to the old address open nothing any more
			return err
		}
		return tx.Post(ctx, letter.Letter{Key: "moved:" + ident.Hashed(token)[:24], Account: a.ID, To: a.Email, Language: a.Language, Kind: "email_changed"})
	})
}

// Resend sends the link of the confirmation again.
func (s *Service) Resend(ctx context.Context, by Actor) error {
	a, err := s.Account(ctx, by, by.Account)
	if err != nil || !a.Confirmed.IsZero() {
		return err
	}
	if err := s.tooManyLetters(a.ID); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error { return s.sendLink(ctx, tx, a, ConfirmLink, a.Email) })
}

// MoveEmail asks the new address to confirm itself. Until it does, the old one stays.
func (s *Service) MoveEmail(ctx context.Context, by Actor, email string) error {
	clean, err := cleanEmail(email)
	if err != nil {
		return fault.Fields(fault.Field{Name: "email", Text: "Write an e-mail address, as in ann@example.com."})
	}
	if err := s.Fresh(by); err != nil {
		return err
	}
	a, err := s.Account(ctx, by, by.Account)
	if err != nil || a.Email == clean {
		return err
	}
	if err := s.tooManyLetters(a.ID); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error {
		if _, _, taken, err := tx.AccountByEmail(ctx, clean); err != nil || taken {
			return errors.Join(err, s.taken(ctx, tx, clean, true)) // the same answer: the letters differ
		}
		return s.sendLink(ctx, tx, a, MoveLink, clean)
	})
}

func (s *Service) tooManyLetters(account string) error {
	if s.asked.allow("letter "+account, lettersAnHour, time.Hour, s.cfg.Now()) {
		return nil
	}
	return fault.New(fault.Limited, "too_many_letters", "We have written several times already. Look into the spam folder, or try again in an hour.")
}

// Verified reports whether an account has proved its address.
func (s *Service) Verified(ctx context.Context, account string) bool {
	a, err := s.Account(ctx, System(), account)
	return err == nil && !a.Confirmed.IsZero()
}

// mayKeep says why an account may have no key and no passkey yet: whoever opens
// an account with another's address must not keep a way in when its holder
// takes the account by a new password.
func (s *Service) mayKeep(ctx context.Context, account string) error { return s.MayOrder(ctx, account) }

// MayOrder says why an account may not order, if so.
func (s *Service) MayOrder(ctx context.Context, account string) error {
	if !s.cfg.MustConfirm || s.Verified(ctx, account) {
		return nil
	}
	return fault.New(fault.Conflict, "confirm_first", "Confirm your e-mail address first: open the link in the letter we sent you, or have it sent again on your account's page.")
}
