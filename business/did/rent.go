package did

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// RestFor is how long a number rests that was let go.
const RestFor = 90 * day

const (
	year     = 365 * 24 * time.Hour
	day      = 24 * time.Hour
	graceFor = 30 * day
	remind   = 30 // days before the fee is due
	dated    = "2 January 2006"
	// mostRented bounds how many telephone numbers ring one world number.
	mostRented = 20
	letGoTries = 5
	mostHeld   = 10_000 // by an account, for all its world numbers
	// stuckAfter is when a rent that was interrupted is taken up again.
	stuckAfter = time.Minute
)

// OnOffer are the numbers that can be rented now.
func (s *Service) OnOffer(ctx context.Context, country, after string, limit int) (out []Number, err error) {
	limit = min(max(limit, 1), 200)
	for {
		list, err := s.store.Numbers(ctx, Filter{Country: country, State: Free, After: after, Limit: limit})
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			if after = n.E164; s.brings(n.Carrier) && len(out) < limit {
				out = append(out, n)
			}
		}
		if len(out) == limit || len(list) < limit {
			return out, nil
		}
	}
}

// Of are those that ring a world number, and those of it that rest.
func (s *Service) Of(ctx context.Context, by member.Actor, membership string) ([]Number, error) {
	m, err := s.cfg.Members.Membership(ctx, by, membership)
	if err != nil {
		return nil, err
	}
	return s.store.Numbers(ctx, Filter{Account: m.Account, Membership: m.ID, Limit: 200})
}

// Held are all that an account rents, and those it had last that rest.
func (s *Service) Held(ctx context.Context, by member.Actor, account string) ([]Number, error) {
	if account == "" || !by.May(account) {
		return nil, fault.New(fault.Forbidden, "not_yours", "These telephone numbers are somebody else's.")
	}
	return s.store.Numbers(ctx, Filter{Account: account, Limit: mostHeld})
}

// Stocked reports whether a number is one that is rented out, in whatever state:
// whoever it rings now can hear a code there, and yet it is not his telephone.
func (s *Service) Stocked(ctx context.Context, e164 string) (bool, error) {
	_, found, err := s.store.Number(ctx, e164)
	return found, err
}

// Rings reports whether a telephone number rings a membership's number.
func (s *Service) Rings(ctx context.Context, m member.Membership, e164 string) bool {
	n, found, err := s.store.Number(ctx, e164)
	return err == nil && found && n.State.Rings() && n.Account == m.Account && n.Membership == m.ID
}

// ToRent is a number that Rent would give now.
func (s *Service) ToRent(ctx context.Context, by member.Actor, membership, e164 string) (Number, error) {
	m, err := s.cfg.Members.Membership(ctx, by, membership)
	if err != nil {
		return Number{}, err
	}
	n, his, err := s.rentable(ctx, m, e164)
	if his {
		return Number{}, fault.New(fault.Conflict, "telephone_number_yours", "%s is yours already.", numbering.Spaced(e164))
	}
	return n, err
}

// rentable is a number that a membership can rent now, or that is his already.
func (s *Service) rentable(ctx context.Context, m member.Membership, e164 string) (n Number, his bool, err error) {
	if err := s.cfg.Members.MayOrder(ctx, m.Account); err != nil {
		return Number{}, false, err
	}
	n, found, err := s.store.Number(ctx, e164)
	if err != nil {
		return Number{}, false, err
	}
	mine := n.Account == m.Account && n.Membership == m.ID
	switch {
	case !found:
		return Number{}, false, unknown(e164)
	case n.State.Rings() && mine:
		return n, true, nil
	case n.State == Renting && mine:
		return Number{}, false, paying(e164)
	case s.cfg.Ours(e164):
		return Number{}, false, taken(e164)
	case n.State == Free, n.State == Resting && (n.Account == m.Account || !s.cfg.Now().Before(n.Until)):
	default:
		return Number{}, false, taken(e164)
	}
	if !s.brings(n.Carrier) {
		return Number{}, false, fault.New(fault.Conflict, "telephone_number_unserved", "The carrier of %s brings no calls now. Choose another number.", numbering.Spaced(e164))
	}
	return n, false, s.room(ctx, m, mostRented-1)
}

// Rent gives a number to the first who asks, for a year, paid from his wallet.
func (s *Service) Rent(ctx context.Context, by member.Actor, membership, e164 string) (Number, error) {
	m, err := s.cfg.Members.Membership(ctx, by, membership)
	if err != nil {
		return Number{}, err
	}
	was, his, err := s.rentable(ctx, m, e164)
	if err != nil || his {
		return was, err // his already: the same answer, no second charge
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	n := was
	n.State, n.Rental, n.Account, n.Membership, n.For, n.Fee, n.Until, n.Told = Renting, ident.New("did", now), m.Account, m.ID, m.Number, was.Yearly, now, 0
	if was.State == Resting && now.Before(was.Until) {
		n.Told = int((was.Until.Sub(now) + day - 1) / day) // how long it would still rest, should this be interrupted
	}
	switch mine, err := s.store.MoveNumber(ctx, was, n, nil); {
	case err != nil:
		return Number{}, err
	case !mine:
		now, _, err := s.store.Number(ctx, e164)
		switch his := now.Account == m.Account && now.Membership == m.ID; {
		case err != nil:
			return Number{}, err
		case his && now.State.Rings():
			return now, nil // he asked twice
		case his && now.State == Renting:
			return Number{}, paying(e164)
		}
		return Number{}, taken(e164)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second) // money on its way arrives, though he hung up
	defer cancel()
	if err := s.room(ctx, m, mostRented); err != nil { // again, with this one: he may have asked for many at once
		_, merr := s.store.MoveNumber(ctx, n, was, nil)
		return Number{}, errors.Join(err, merr)
	}
	return s.settle(ctx, n, was)
}

// ringing counts the telephone numbers that ring a world number, or will in a
// moment.
func (s *Service) ringing(ctx context.Context, m member.Membership) (count int, err error) {
	for after := ""; ; {
		list, err := s.store.Numbers(ctx, Filter{Account: m.Account, Membership: m.ID, After: after, Limit: 200})
		if err != nil || len(list) == 0 {
			return count, err
		}
		for _, n := range list {
			if after = n.E164; n.State.Rings() || n.State == Renting {
				count++
			}
		}
	}
}

func paying(e164 string) error {
	return fault.New(fault.Conflict, "paying", "The price of %s is being taken. Look again in a moment.", numbering.Spaced(e164))
}

// room refuses a world number that has more telephone numbers than most.
func (s *Service) room(ctx context.Context, m member.Membership, most int) error {
	his, err := s.ringing(ctx, m)
	if err == nil && his > most {
		err = fault.New(fault.Limited, "too_many_telephone_numbers", "A world number has at most %d telephone numbers. Let one go first.", mostRented)
	}
	return err
}

func taken(e164 string) error {
	return fault.New(fault.Conflict, "telephone_number_taken", "%s was just taken by somebody else. Choose another.", numbering.Spaced(e164))
}

// freed is a number that nobody has.
func (n Number) freed() Number {
	return Number{E164: n.E164, Carrier: n.Carrier, Country: n.Country, Area: n.Area, Setup: n.Setup, Yearly: n.Yearly, State: Free, Rental: n.Rental, Added: n.Added}
}

// before is where a number stood whose rent was interrupted: free, or resting
// for him who takes it back.
func (n Number) before() Number {
	if n.Told == 0 {
		return n.freed()
	}
	was := n
	was.State, was.Until, was.Told = Resting, n.Until.Add(time.Duration(n.Told)*day), 0
	return was
}

// settle takes the price of a number that is being rented; one that is not paid
// stands as it was. It may run again.
func (s *Service) settle(ctx context.Context, n, was Number) (Number, error) {
	sale, tax, err := s.sale(ctx, n, n.Setup+n.Yearly, "Telephone number "+numbering.Spaced(n.E164))
	if err == nil && !sale.Price.Zero() {
		err = s.book.PayFromWallet(ctx, sale)
	}
	if err != nil {
		if fault.KindOf(err) != fault.Unpaid {
			return n, fmt.Errorf("book the price of %s: %w", n.E164, err)
		}
		if _, merr := s.store.MoveNumber(ctx, n, was, nil); merr != nil {
			return n, errors.Join(err, merr)
		}
		return n, err
	}
	next := n
	next.State, next.Until, next.Told = Rented, n.Until.Add(year), 0
	switch moved, err := s.paid(ctx, n, next, n.Setup, n.Yearly, tax); {
	case err != nil:
		return n, err
	case moved:
		return next, s.publish(ctx, next)
	}
	now, _, err := s.store.Number(ctx, n.E164) // somebody else settled it, or it was let go with its account
	if err == nil && (now.Rental != n.Rental || !now.State.Rings()) {
		err = fault.New(fault.Conflict, "telephone_number_let_go", "%s was let go while its price was taken.", numbering.Spaced(n.E164))
	}
	return now, err
}

// paid moves a number whose year was paid for.
func (s *Service) paid(ctx context.Context, n, next Number, setup, yearly int64, tax shop.Tax) (bool, error) {
	if setup+yearly == 0 {
		return s.store.MoveNumber(ctx, n, next, nil)
	}
	return s.store.PayNumber(ctx, n, next, Fee{
		Rental: n.Rental, E164: n.E164, Account: n.Account, For: n.For, From: n.Until, Currency: s.cfg.Currency, Setup: setup, Yearly: yearly, Tax: tax, Paid: s.cfg.Now(),
	})
}

func (s *Service) publish(ctx context.Context, n Number) error {
	if err := s.cfg.Publish.TelephoneNumber(ctx, n); err != nil {
		return fmt.Errorf("tell the centers of %s: %w", n.E164, err)
	}
	return nil
}

// Gross is a price with its tax, for whom it is.
func (s *Service) Gross(ctx context.Context, account string, kind numbering.Kind, micros int64) (money.Amount, error) {
	x, _, err := s.sale(ctx, Number{Account: account, For: numbering.Number{Kind: kind}}, micros, "")
	return x.Price, err
}

func (s *Service) sale(ctx context.Context, n Number, micros int64, memo string) (ledger.Sale, shop.Tax, error) {
	x := ledger.Sale{Owner: n.Account, Order: n.Rental, Memo: memo, Price: money.Amount{Currency: s.cfg.Currency, Micros: micros}}
	if s.cfg.Taxes == nil || micros == 0 {
		return x, shop.Tax{}, nil
	}
	t, err := s.cfg.Taxes.TaxOn(ctx, n.Account, n.For.Kind, x.Price)
	if err != nil {
		return x, t, fmt.Errorf("the tax on %s: %w", n.E164, err)
	}
	x.Price.Micros, x.Tax, x.Country = x.Price.Micros+t.Micros, t.Micros, t.Country
	return x, t, nil
}

// LetGo gives a number back. It rings no more at once.
func (s *Service) LetGo(ctx context.Context, by member.Actor, membership, e164 string) error {
	m, err := s.cfg.Members.Membership(ctx, by, membership)
	if err != nil {
		return err
	}
	for range letGoTries { // its fee may be taken, or its renter told of something, at the same moment
		n, found, err := s.store.Number(ctx, e164)
		switch {
		case err != nil:
			return err
		case !found || n.Account != m.Account || n.Membership != m.ID:
			return unknown(e164)
		case n.State == Resting:
			return nil
		case !n.State.Rings():
			return paying(e164)
		}
		if moved, err := s.rest(ctx, n, false); err != nil || moved {
			return err
		}
	}
	return fault.New(fault.Conflict, "telephone_number_busy", "%s is being changed at this moment. Let it go again in a moment.", numbering.Spaced(e164))
}

// LetAllGo gives back whatever an account rents, also what it was just about to:
// its price may have been taken already.
func (s *Service) LetAllGo(ctx context.Context, account string) error {
	for range letGoTries { // one that is being paid may change while it is let go
		list, err := s.Rented(ctx, account)
		for _, n := range list {
			if _, rerr := s.rest(ctx, n, false); rerr != nil {
				err = errors.Join(err, rerr)
			}
		}
		if err != nil || len(list) == 0 {
			return err
		}
	}
	return fmt.Errorf("telephone numbers of %s are rented while they are let go", account)
}

// Rented are the numbers that ring for an account, and those that will in a
// moment.
func (s *Service) Rented(ctx context.Context, account string) (out []Number, err error) {
	list, err := s.store.Numbers(ctx, Filter{Account: account, Limit: mostHeld})
	for _, n := range list {
		if n.State.Rings() || n.State == Renting {
			out = append(out, n)
		}
	}
	return out, err
}

// rest takes a number from its renter and keeps it from others for a while.
func (s *Service) rest(ctx context.Context, n Number, tell bool) (bool, error) {
	next := n
	next.State, next.Until, next.Told = Resting, s.cfg.Now().UTC().Truncate(time.Microsecond).Add(RestFor), 0
	var l *Letter
	if tell {
		l = s.letter(n, "number_quarantined", "rest:"+n.Rental, map[string]string{"date": next.Until.Format(dated)})
	}
	moved, err := s.store.MoveNumber(ctx, n, next, l)
	if err != nil || !moved {
		return false, err
	}
	return true, s.publish(ctx, next)
}

func (s *Service) letter(n Number, kind, key string, fields map[string]string) *Letter {
	fields["number"], fields["link"] = numbering.Spaced(n.E164), s.cfg.URL+"/lines/"+n.Membership+"/telephone"
	return &Letter{Kind: kind, Key: key, Fields: fields}
}

// Renew does what is due today: it goes on with rents that were interrupted,
// tells of fees that are due, takes them, and ends what was not paid. Calling
// it twice changes nothing.
func (s *Service) Renew(ctx context.Context) (done int, err error) {
	now := s.cfg.Now()
	for after := ""; ; {
		list, lerr := s.store.Numbers(ctx, Filter{Due: now.Add(remind * day), After: after, Limit: 200})
		if lerr != nil || len(list) == 0 {
			return done, errors.Join(err, lerr)
		}
		for _, n := range list {
			after = n.E164
			touched, rerr := s.renew(ctx, n, n.Until.Sub(now))
			if rerr != nil {
				err = errors.Join(err, fmt.Errorf("renew %s: %w", n.E164, rerr))
			}
			if touched {
				done++
			}
		}
	}
}

func (s *Service) renew(ctx context.Context, n Number, left time.Duration) (bool, error) {
	switch n.State {
	case Renting:
		if left > -stuckAfter {
			return false, nil
		}
		_, err := s.settle(ctx, n, n.before())
		if fault.KindOf(err) == fault.Unpaid {
			err = nil
		}
		return true, err
	case Rented:
		if left > 0 {
			return s.remind(ctx, n)
		}
		return s.collect(ctx, n)
	case Late:
		if left <= -graceFor {
			return s.rest(ctx, n, true)
		}
		if -int(left/day) > n.Told { // once a day
			return s.collect(ctx, n)
		}
	case Resting:
		if left <= 0 && !s.cfg.Ours(n.E164) {
			return s.store.MoveNumber(ctx, n, n.freed(), nil)
		}
	case Free:
	}
	return false, nil
}

// NextFee is what the next year costs: never more than the one before.
func (n Number) NextFee() int64 { return min(n.Fee, n.Yearly) }

func (s *Service) remind(ctx context.Context, n Number) (bool, error) {
	if n.Told != 0 || n.NextFee() == 0 {
		return false, nil
	}
	x, _, err := s.sale(ctx, n, n.NextFee(), "")
	if err != nil {
		return false, err
	}
	next := n
	next.Told = remind
	return s.store.MoveNumber(ctx, n, next, s.letter(n, "renewal_due", "due:"+n.Rental+":"+n.Until.Format(time.DateOnly), map[string]string{
		"date": n.Until.Format(dated), "amount": x.Price.String(),
	}))
}

// collect takes the fee of the next year. Whoever no longer has the world
// number it was rented for pays no more, and has it no longer either.
func (s *Service) collect(ctx context.Context, n Number) (bool, error) {
	m, err := s.cfg.Members.Membership(ctx, member.System(), n.Membership)
	if err != nil && fault.KindOf(err) != fault.Unknown {
		return false, err
	}
	if err != nil || m.Account != n.Account {
		return s.rest(ctx, n, true)
	}
	if !s.brings(n.Carrier) {
		return s.unserved(ctx, n)
	}
	x, tax, err := s.sale(ctx, n, n.NextFee(), "Telephone number "+numbering.Spaced(n.E164)+", from "+n.Until.Format(dated))
	if err != nil {
		return false, err
	}
	if !x.Price.Zero() {
		err = s.book.PayFee(ctx, "did:"+n.Rental+":"+n.Until.Format(time.DateOnly), x)
	}
	if err == nil {
		next := n
		next.State, next.Fee, next.Until, next.Told = Rented, n.NextFee(), n.Until.Add(year), 0
		return s.paid(ctx, n, next, 0, n.NextFee(), tax)
	}
	if fault.KindOf(err) != fault.Unpaid {
		return false, err
	}
	return s.late(ctx, n, s.letter(n, "renewal_failed", "unpaid:"+n.Rental+":"+n.Until.Format(time.DateOnly), map[string]string{
		"date": n.Until.Add(graceFor).Format(dated), "amount": x.Price.String(),
	}))
}

// unserved asks no fee for a number whose carrier brings no calls. Its renter
// keeps it for a while, should they come again.
func (s *Service) unserved(ctx context.Context, n Number) (bool, error) {
	return s.late(ctx, n, s.letter(n, "telephone_unserved", "unserved:"+n.Rental+":"+n.Until.Format(time.DateOnly), map[string]string{
		"date": n.Until.Add(graceFor).Format(dated),
	}))
}

// late is a number that is not renewed today. Each reason is told once.
func (s *Service) late(ctx context.Context, n Number, why *Letter) (bool, error) {
	next := n
	next.State, next.Told = Late, max(1, int(s.cfg.Now().Sub(n.Until)/day))
	return s.store.MoveNumber(ctx, n, next, why)
}
