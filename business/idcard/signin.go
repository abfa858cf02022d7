package idcard

import (
	"context"
	"errors"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
)

// pace keeps somebody from asking without end.
func (s *Service) pace(network string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.askers.Take(network, s.cfg.Now()) {
		return fault.New(fault.Limited, "card_fast", "Too many sign-ins from here. Wait a minute, then try again.")
	}
	return nil
}

// Ask begins a sign-in: a text that the card has to sign within a minute.
func (s *Service) Ask(ctx context.Context, certificate string, from From) (nonce string, err error) {
	if err := s.pace(from.Network); err != nil {
		return "", err
	}
	now := s.cfg.Now()
	c, err := s.certified(certificate, now)
	if err != nil {
		return "", err
	}
	nonce = ident.Secret(24)
	return nonce, s.store.Do(ctx, func(tx Tx) error {
		return tx.Ask(ctx, ident.Hashed(nonce), c.Card, from.Origin, now, now.Add(questionFor))
	})
}

// Answer is what a terminal brings.
type Answer struct {
	Certificate string
	Nonce       string
	Signature   string // of Asked, base64url
	Watched     bool   // the terminal looks whether the card is still there
	Take        bool   // ends the sign-in of the same card elsewhere
	From        From
}

// Opened is a sign-in that began. Token is for the terminal alone.
type Opened struct {
	SignIn

	Token string
}

// SignIn checks the answer. Whatever it is, the question was asked once.
func (s *Service) SignIn(ctx context.Context, a Answer) (Opened, error) {
	now := s.cfg.Now()
	certificate, err := s.certified(a.Certificate, now)
	if err != nil {
		return Opened{}, err
	}
	if err := a.From.check(s.cfg.Countries()); err != nil {
		return Opened{}, err
	}
	if err := s.take(ctx, a.Nonce, certificate.Card, a.From.Origin); err != nil {
		return Opened{}, err
	}
	c, found, err := s.store.Card(ctx, certificate.Card)
	switch {
	case err != nil:
		return Opened{}, err
	case !found || c.State == Revoked:
		return Opened{}, fault.New(fault.Forbidden, "card_revoked", "This ID card was revoked. Order a new one on your page.")
	case c.Over(now):
		return Opened{}, over()
	case c.State != Written || c.Serial != certificate.Serial || c.Key != certificate.Key:
		return Opened{}, fault.New(fault.Forbidden, "card_rewritten", "This ID card was written anew since. Use the newer file.")
	case !signedBy(c.Algorithm, c.Key, a.Signature, Asked(a.From.Origin, c.ID, a.Nonce)):
		return Opened{}, fault.New(fault.Unproven, "card_refused", "The ID card was not accepted. Try again.")
	}
	return s.open(ctx, SignIn{Card: c.ID, Account: c.Account, Membership: c.Membership, Way: ByFile, Watched: a.Watched}, a.From, a.Take)
}

// take takes a question back that was put to a subject by pages of an origin.
func (s *Service) take(ctx context.Context, nonce, subject, origin string) error {
	ok := false
	err := s.store.Do(ctx, func(tx Tx) error {
		whom, where, found, err := tx.TakeQuestion(ctx, ident.Hashed(nonce), s.cfg.Now())
		ok = found && whom == subject && where == origin
		return err
	})
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "card_late", "That took too long, or was answered before. Try again.")
	}
	return err
}

// Line is a number at which somebody may sign in.
type Line struct {
	Membership string
	Number     string
	Name       string
}

// Proved begins a sign-in of who proved with a passkey that he has an account:
// the ticket is good for one of his numbers, once and for a minute.
func (s *Service) Proved(ctx context.Context, account, origin string) (ticket string, lines []Line, err error) {
	list, err := s.members.Memberships(ctx, member.System(), account)
	if err != nil {
		return "", nil, err
	}
	for i := range list {
		lines = append(lines, Line{list[i].ID, list[i].Number.Display(), list[i].Name})
	}
	if len(lines) == 0 {
		return "", nil, fault.New(fault.Conflict, "no_number", "You have no number yet. Buy one first, and register it.")
	}
	now := s.cfg.Now()
	ticket = ident.Secret(24)
	return ticket, lines, s.store.Do(ctx, func(tx Tx) error {
		return tx.Ask(ctx, ident.Hashed(ticket), account, origin, now, now.Add(questionFor))
	})
}

// Enter signs in with a ticket.
func (s *Service) Enter(ctx context.Context, ticket, membership string, from From) (Opened, error) {
	if err := from.check(s.cfg.Countries()); err != nil {
		return Opened{}, err
	}
	m, err := s.members.Membership(ctx, member.System(), membership)
	if err != nil {
		return Opened{}, err
	}
	if err := s.take(ctx, ticket, m.Account, from.Origin); err != nil {
		return Opened{}, err
	}
	return s.open(ctx, SignIn{Account: m.Account, Membership: m.ID, Way: ByPasskey}, from, false)
}

// AtTelephone signs in who gave id and PIN on the keypad of a telephone that is
// registered with us, which then is his too.
func (s *Service) AtTelephone(ctx context.Context, membership string, from From) (Opened, error) {
	m, err := s.members.Membership(ctx, member.System(), membership)
	if err != nil {
		return Opened{}, err
	}
	return s.open(ctx, SignIn{Account: m.Account, Membership: m.ID, Way: ByTelephone}, from, false)
}

// LeaveTelephone signs out who has a device at a telephone.
func (s *Service) LeaveTelephone(ctx context.Context, device string) error {
	live, err := s.store.Live(ctx)
	if err != nil {
		return err
	}
	for i := range live {
		if live[i].Device == device {
			return s.end(ctx, live[i], HowSignedOut)
		}
	}
	return nil
}

// open lends the terminal a telephone of the number.
func (s *Service) open(ctx context.Context, in SignIn, from From, take bool) (out Opened, err error) {
	account, err := s.members.Account(ctx, member.System(), in.Account)
	if err != nil {
		return out, err
	}
	if err := account.MayCome(); err != nil {
		return out, err
	}
	if !account.Erased.IsZero() {
		return out, fault.New(fault.Unknown, "account_unknown", "There is no account %s.", account.ID)
	}
	if err := s.free(ctx, &in, take); err != nil {
		return out, err
	}
	choice, err := s.choice(ctx, in.Membership)
	if err != nil {
		return out, err
	}
	now := s.cfg.Now()
	in.ID, in.Began, in.Seen, in.Until = ident.New("sgn", now), now, now, now.Add(choice.Stay)
	in.Place, in.Address, in.Network, in.Browser = from.Place, from.Address, from.Network, from.Browser
	at := in.Place
	if from.Host != "" { // the telephone's own place
		at = ""
	}
	device, err := s.members.Lend(ctx, in.Membership, member.Loan{SignIn: in.ID, Name: loanName(in.Way), Place: at, Only: choice.Only, Host: from.Host})
	if err != nil {
		return out, err
	}
	in.Device = device.ID
	out = Opened{SignIn: in, Token: ident.Secret(24)}
	fresh := false
	err = s.store.Do(ctx, func(tx Tx) (err error) {
		fresh, err = tx.AddSignIn(ctx, in, ident.Hashed(out.Token))
		return err
	})
	if err == nil && !fresh { // the same card at the same moment elsewhere
		err = inUse(SignIn{})
	}
	if err != nil {
		return Opened{}, errors.Join(err, s.members.RevokeDevice(context.WithoutCancel(ctx), member.System(), device.ID))
	}
	return s.named(ctx, out)
}

// loanName is what a terminal is called among the telephones of its number.
func loanName(w Way) string {
	switch w {
	case ByPasskey:
		return member.PasskeyTerminal
	case ByTelephone:
		return member.KeypadTerminal
	default:
		return member.CardTerminal
	}
}

func (s *Service) named(ctx context.Context, o Opened) (Opened, error) {
	in, found, err := s.store.SignInBy(ctx, ident.Hashed(o.Token))
	if err == nil && found {
		o.SignIn = in
	}
	return o, err
}

func inUse(at SignIn) error {
	if at.ID == "" {
		return fault.New(fault.Conflict, "card_in_use", "This ID card is signed in at another terminal.")
	}
	return fault.New(fault.Conflict, "card_in_use", "This ID card is signed in at another terminal: %s, since %s.", at.Address, at.Began.UTC().Format("2006-01-02 15:04 UTC"))
}

// free sees to it that the card is signed in nowhere and the number not too often.
func (s *Service) free(ctx context.Context, in *SignIn, take bool) error {
	var at SignIn
	busy, n := false, 0
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if busy = false; in.Card != "" {
			if at, busy, err = tx.LiveOf(ctx, in.Card); err != nil {
				return err
			}
		}
		n, err = tx.CountLive(ctx, in.Membership)
		return err
	})
	switch {
	case err != nil:
		return err
	case busy && at.due(s.cfg.Now()) != "": // nobody is there any more
		return s.end(ctx, at, at.due(s.cfg.Now()))
	case busy && !take:
		return inUse(at)
	case busy:
		return s.end(ctx, at, HowElsewhere)
	case n >= MostSignIns:
		return fault.New(fault.Limited, "sign_ins_many", "This number is signed in at %d terminals. End one on your page first.", n)
	}
	return nil
}

// end ends a sign-in: its telephone is revoked everywhere at once.
func (s *Service) end(ctx context.Context, in SignIn, how string) error {
	ctx = context.WithoutCancel(ctx)
	first := false
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		first, err = tx.EndSignIn(ctx, in.ID, how, s.cfg.Now())
		return err
	})
	if err != nil || !first {
		return err
	}
	return s.members.RevokeDevice(ctx, member.System(), in.Device)
}

// endOf ends the sign-in of a card, if it has one.
func (s *Service) endOf(ctx context.Context, card, how string) error {
	var in SignIn
	found := false
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		in, found, err = tx.LiveOf(ctx, card)
		return err
	})
	if err != nil || !found {
		return err
	}
	return s.end(ctx, in, how)
}

// Nobody says that no card is signed in at a terminal.
func Nobody() error { return fault.New(fault.Unproven, "card_none", "Nobody is signed in here.") }

// At is the sign-in of a terminal, by its token. One that is over is told with
// how it ended.
func (s *Service) At(ctx context.Context, token string) (SignIn, error) {
	in, found, err := s.store.SignInBy(ctx, ident.Hashed(token))
	if err == nil && !found {
		err = Nobody()
	}
	if err == nil && in.Live() {
		if how := in.due(s.cfg.Now()); how != "" {
			in.Ended, in.How, err = s.cfg.Now(), how, s.end(ctx, in, how)
		}
	}
	return in, err
}

// Seen notes that a terminal is there. Where the card is watched, it is so too.
func (s *Service) Seen(ctx context.Context, token string) (SignIn, error) {
	in, err := s.At(ctx, token)
	if err != nil || !in.Live() {
		return in, err
	}
	now := s.cfg.Now()
	if !in.Watched && now.Sub(in.Seen) < silentOther/4 {
		return in, nil
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		_, err := tx.Touch(ctx, in.ID, now)
		return err
	})
	return in, err
}

// Leave ends a sign-in from its own terminal.
func (s *Service) Leave(ctx context.Context, token string, removed bool) error {
	in, err := s.At(ctx, token)
	if err != nil || !in.Live() {
		return err
	}
	how := HowSignedOut
	if removed {
		how = HowRemoved
	}
	return s.end(ctx, in, how)
}

// SignIns lists those of an account, the newest first.
func (s *Service) SignIns(ctx context.Context, by member.Actor, account, cursor string, limit int) (list []SignIn, next string, err error) {
	if account == "" || !by.May(account) {
		return nil, "", fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	limit = min(max(limit, 1), 200)
	list, err = s.store.SignInsOf(ctx, account, cursor, limit+1)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// Guests lists who else is signed in at telephones of the actor's.
func (s *Service) Guests(ctx context.Context, by member.Actor) ([]SignIn, error) {
	if by.Account == "" {
		return nil, nil
	}
	return s.store.LiveAt(ctx, by.Account)
}

// End ends a sign-in from afar, or whose telephone it is at does; "" is all of the
// actor's account.
func (s *Service) End(ctx context.Context, by member.Actor, id string) error {
	live, err := s.store.Live(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for i := range live {
		in := live[i]
		if id == "" && in.Account == by.Account || id == in.ID && by.May(in.Account) {
			failures = append(failures, s.end(ctx, in, HowAfar))
		} else if id == in.ID && in.Lender != "" && in.Lender == by.Account {
			failures = append(failures, s.end(ctx, in, HowHost))
		}
	}
	return errors.Join(failures...)
}

// Sweep ends what is over, and takes back what was lent to no sign-in that
// lasts: a process may have died between the two.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.cfg.Now()
	live, err := s.store.Live(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for i := range live {
		if how := live[i].due(now); how != "" {
			failures = append(failures, s.end(ctx, live[i], how))
		}
	}
	left, err := s.store.LeftOver(ctx, now.Add(-time.Minute))
	failures = append(failures, err)
	for _, device := range left {
		failures = append(failures, s.members.RevokeDevice(ctx, member.System(), device))
	}
	return errors.Join(failures...)
}
