package bundle

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
)

const (
	// ahead is how long before its end a period is renewed, so that no call falls
	// between two.
	ahead = time.Hour
	// atOnce is how many are read at a time.
	atOnce = 200
	// told are percent at which the holder is told how much is used.
	toldMost, toldAll = 80, 100
)

// day is a day of UTC, counted from the year 1970.
func day(t time.Time) int64 { return t.Unix() / 86400 }

// Touched says that a call used something of an account's packages. It does not
// wait; what is lost in a rush or a crash Renew finds.
func (s *Service) Touched(account string) {
	select {
	case s.touched <- account:
	default:
	}
}

// Run tells members how much is used, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case account := <-s.touched:
			if err := s.look(ctx, account); err != nil && ctx.Err() == nil {
				s.cfg.Log.WarnContext(ctx, "packages cannot be looked at; it is tried again", "error", err)
			}
		}
	}
}

func (s *Service) look(ctx context.Context, account string) error {
	list, err := s.store.Allowances(ctx, account, MostLive*2)
	for i := range list {
		if a := &list[i]; a.news() > a.Told {
			err = errors.Join(err, s.see(ctx, a.ID))
		}
	}
	return err
}

// news is of which part of an allowance its holder is to have been told.
func (a *Allowance) news() int {
	switch {
	case a.Used >= a.Total:
		return toldAll
	case a.Used*100 >= a.Total*toldMost:
		return toldMost
	default:
		return 0
	}
}

// Renew sees to all periods: the next is paid for an hour before one ends, or the
// holder is told that it lapsed; what was earned is booked once a day and at the
// end. Several processes may do so at once.
func (s *Service) Renew(ctx context.Context) error {
	var err error
	now := s.cfg.Now()
	for after := ""; ; {
		list, lerr := s.store.Due(ctx, now.Add(ahead), day(now), after, atOnce)
		if lerr != nil {
			return errors.Join(err, lerr)
		}
		for _, id := range list {
			after = id
			if serr := s.see(ctx, id); serr != nil {
				err = errors.Join(err, fmt.Errorf("the package %s: %w", id, serr))
			}
		}
		if len(list) < atOnce {
			return err
		}
	}
}

// see does with one allowance what is due, in one transaction, with its row
// locked. A renewal that there is no money for is no reason to leave the rest.
func (s *Service) see(ctx context.Context, id string) error {
	a, found, err := s.store.Allowance(ctx, id)
	if err != nil || !found {
		return err
	}
	var t terms
	if a.renewing(s.cfg.Now()) {
		if t, err = s.maySell(ctx, a.Account, a.Package); err != nil {
			return err
		}
	}
	err = s.store.Do(ctx, func(tx Tx) error { return s.seeIn(ctx, tx, id, t) })
	if fault.KindOf(err) == fault.Unpaid {
		t.no = err
		err = s.store.Do(ctx, func(tx Tx) error { return s.seeIn(ctx, tx, id, t) })
	}
	return err
}

// renewing reports whether its next period is to be paid for.
func (a *Allowance) renewing(now time.Time) bool {
	return a.Renews && !a.Closed && !a.Ends.Add(-ahead).After(now)
}

func (s *Service) seeIn(ctx context.Context, tx Tx, id string, t terms) error {
	a, found, err := tx.LockAllowance(ctx, id)
	if err != nil || !found || a.Closed {
		return err
	}
	now := s.cfg.Now()
	over := !a.Ends.After(now)
	if a.renewing(now) {
		if !t.asked { // it came to be only now: the next look asks what holds for it
			return nil
		}
		if err := s.next(ctx, tx, &a, now, t); err != nil {
			return err
		}
	}
	if n := a.news(); n > a.Told {
		if a.Told = n; !a.Quiet && !over {
			if err := s.write(ctx, tx, &a, "package_"+strconv.Itoa(n)); err != nil {
				return err
			}
		}
	}
	if err := s.earn(ctx, tx, &a, now, over); err != nil {
		return err
	}
	a.Closed = over
	return tx.PutAllowance(ctx, a)
}

// next pays for the period after one that ends. If it is late, the next begins
// now: nobody pays for time in which he could not call.
func (s *Service) next(ctx context.Context, tx Tx, a *Allowance, now time.Time, t terms) error {
	p, _, err := tx.Package(ctx, a.Package)
	if err != nil {
		return err
	}
	over := !a.Ends.After(now)
	switch {
	case p.State == Ended:
		a.Renews = false
		return s.write(ctx, tx, a, "package_ended")
	case t.no != nil && over:
		a.Renews = false
		if fault.KindOf(t.no) == fault.Forbidden {
			return s.write(ctx, tx, a, "package_stopped")
		}
		return s.write(ctx, tx, a, "package_lapsed")
	case t.no != nil:
		return nil // there is an hour to add money
	}
	b := Allowance{
		ID: ident.New("alw", now), Purchase: a.Purchase, Period: a.Period + 1, Account: a.Account, Anchor: a.Anchor, Step: a.Step, Begins: a.Ends, Renews: true, Quiet: a.Quiet,
	}
	if now.Sub(a.Ends) > ahead {
		b.Anchor, b.Begins, b.Step = now.UTC(), now.UTC(), 0
	}
	a.Renews = false // its next period does
	_, err = s.sell(ctx, tx, p, t.tax, &b)
	return err
}

func (s *Service) write(ctx context.Context, tx Tx, a *Allowance, kind string) error {
	return tx.Tell(ctx, a.Account, kind, kind+":"+a.ID, map[string]string{
		"name": a.Name, "minutes": strconv.FormatInt(a.Left()/60, 10), "until": a.Ends.UTC().Format(time.DateOnly), "amount": a.Price().String(), "link": s.cfg.Link("/packages"),
	})
}

// earn books what was earned of the price since the last time: as much of it as
// was used of the seconds, and at the end the rest.
func (s *Service) earn(ctx context.Context, tx Tx, a *Allowance, now time.Time, over bool) error {
	today := day(now)
	if !over && a.Looked >= today {
		return nil
	}
	a.Looked = today
	share := a.Net.Micros
	if !over {
		share = Share(a.Net.Micros, a.Used, a.Total)
	}
	fresh := share - a.Earned
	if fresh <= 0 {
		return nil
	}
	c := a.Net.Currency
	amount := money.Amount{Currency: c, Micros: fresh}
	a.Earned = share
	_, err := s.book.PostIn(ctx, tx, ledger.Posting{
		Key: fmt.Sprintf("package-earned:%s:%d", a.ID, share), Kind: "earned", Ref: a.ID, Memo: "Earned of package " + a.Name, Entries: []ledger.Entry{
			{Account: ledger.DeferredAccount("packages", c), Amount: amount.Neg()}, {Account: ledger.PackageRevenueAccount(c), Amount: amount},
		},
	})
	return err
}

// Share is the part of an amount that goes with some of all seconds, rounded down.
func Share(micros, used, total int64) int64 {
	whole, rest := micros/total, micros%total // no product of the two is formed, which may be too large
	return whole*used + rest*used/total
}
