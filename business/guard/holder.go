package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// View is what the holder of an account, and the operator, see of its limits.
type View struct {
	Account string
	Class   Class
	Set     Class  // by the operator; "" goes by itself
	Limits  Limits // those that hold
	Own     Limits
	Ceiling Limits // what the holder may set at most
	Special Limits // of the ceiling, what the operator set for this account
	Spent   Spent
	Opened  []Opening
	MayOpen bool // a new account may not
	Until   time.Time
	Why     string
	Suspect []string // ranges that are closed for a day
}

// Opening is what an account has opened.
type Opening struct {
	What   string // "+8816", "LV"
	Ranges []Range
}

// List is the closed destinations, as they are now.
func (s *Service) List() *List { return s.list.Load().value }

// Of reads the limits of an account.
func (s *Service) Of(ctx context.Context, by member.Actor, account string) (View, error) {
	if !by.May(account) {
		return View{}, fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	st, err := s.accounts.Standing(ctx, account)
	if err != nil {
		return View{}, err
	}
	now, p := s.cfg.Now(), &s.policy.Load().value
	v := View{Account: account, Class: st.class(p, now), Set: st.Class, Limits: st.limits(p, now), Own: st.Own, Ceiling: st.ceiling(p, now), Special: st.Ceiling}
	if v.MayOpen = v.Class != Newcomer; st.Until.After(now) {
		v.Until, v.Why = st.Until, st.Why
	}
	v.Suspect = s.suspects.list(now)
	slices.Sort(st.Opened)
	for _, what := range st.Opened {
		o := Opening{What: what}
		for _, r := range s.List().All {
			if r.opened([]string{what}) && !r.Never {
				o.Ranges = append(o.Ranges, r)
			}
		}
		v.Opened = append(v.Opened, o)
	}
	v.Spent, err = s.accounts.Spent(ctx, account, s.cfg.Currency, Day(now), FirstOfMonth(now))
	return v, err
}

// SetLimits has the holder of an account say what its calls may cost, up to what
// the operator allows. To allow more than before he proves that it is he.
func (s *Service) SetLimits(ctx context.Context, by member.Actor, l Limits) error {
	st, err := s.accounts.Standing(ctx, by.Account)
	if err != nil {
		return err
	}
	now, p := s.cfg.Now(), &s.policy.Load().value
	bad := l.check("")
	top := st.ceiling(p, now)
	for _, x := range []struct {
		name string
		over bool
	}{
		{"day", l.Day != nil && above(l.Day, top.Day)}, {"month", l.Month != nil && above(l.Month, top.Month)},
		{"minute", l.Minute != nil && above(l.Minute, top.Minute)}, {"calls", l.Calls != nil && above(l.Calls, top.Calls)},
	} {
		if x.over && !slices.ContainsFunc(bad, func(f fault.Field) bool { return f.Name == x.name }) {
			bad = append(bad, fault.Field{Name: x.name, Text: "This is more than this network allows your account. Ask its operator."})
		}
	}
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	if l.raises(st.Own) {
		if err := s.cfg.Fresh(by); err != nil {
			return err
		}
	}
	return s.saved(s.accounts.SaveOwn(ctx, by.Account, l, now))
}

// saved remembers what is kept of an account now.
func (s *Service) saved(a Account, err error) error {
	if err == nil {
		s.atOnce.Set(a.ID, a)
	}
	return err
}

// Open has the holder of an account open a closed destination: a range of the
// list as "+8816", or all of a country as "LV".
func (s *Service) Open(ctx context.Context, by member.Actor, what string) error {
	st, err := s.accounts.Standing(ctx, by.Account)
	if err != nil {
		return err
	}
	suspect := s.suspects.of(what, s.cfg.Now()) == what && what != ""
	found, can := suspect, suspect
	for _, r := range s.List().All {
		if r.Country == what && what != "" || "+"+r.Prefix == what {
			found, can = true, can || !r.Never
		}
	}
	switch {
	case !found:
		return fault.New(fault.Invalid, "not_closed", "%s is no destination of the list: name a prefix of it, as +8816, or a country, as LV.", what)
	case !can:
		return fault.New(fault.Forbidden, "never", "The operator of this network keeps this destination closed for everyone.")
	case st.class(&s.policy.Load().value, s.cfg.Now()) == Newcomer:
		return fault.New(fault.Forbidden, "destination_new", "A new account does not call numbers that begin with %s yet. They can be opened later, or by the operator of this network.", what)
	}
	if err := s.cfg.Fresh(by); err != nil {
		return err
	}
	return s.accounts.Open(ctx, by.Account, what, true, s.cfg.Now())
}

// Close closes what was opened.
func (s *Service) Close(ctx context.Context, by member.Actor, what string) error {
	return s.accounts.Open(ctx, by.Account, what, false, s.cfg.Now())
}

// SetAccount has the operator say what an account is, "" as it goes by itself,
// and what its holder may set at most; what is nil there goes by the class.
func (s *Service) SetAccount(ctx context.Context, by member.Actor, account string, c Class, top Limits) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	bad := top.check("")
	if c != "" && !c.valid() {
		bad = append(bad, fault.Field{Name: "class", Text: "Choose one of the classes."})
	}
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	if _, err := s.accounts.Standing(ctx, account); err != nil {
		return err
	}
	return s.saved(s.accounts.SaveCeiling(ctx, account, c, top, s.cfg.Now()))
}

// Resume lets an account call again before its time.
func (s *Service) Resume(ctx context.Context, by member.Actor, account string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	s.tempo.forget(account)
	return s.accounts.Stop(ctx, account, time.Time{}, "")
}

// Policy is what holds for each class, with the version that set it; 0 is what a
// house begins with.
func (s *Service) Policy() (Policy, Rule) {
	v := s.policy.Load()
	return v.value, v.rule
}

// SetPolicy changes what holds for each class.
func (s *Service) SetPolicy(ctx context.Context, by member.Actor, p Policy) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("the limits of calls: %w", err)
	}
	return s.put(ctx, by, rulePolicy, s.policy.Load().version, string(text))
}

// Ranges is the list of closed destinations with the version that set it.
func (s *Service) Ranges() (*List, Rule) {
	v := s.list.Load()
	return v.value, v.rule
}

// SetRanges replaces the list of closed destinations: the version that was seen
// must be the one there is.
func (s *Service) SetRanges(ctx context.Context, by member.Actor, list *List, seen int64) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	return s.put(ctx, by, ruleRanges, seen, list.CSV())
}

func (s *Service) put(ctx context.Context, by member.Actor, name string, seen int64, value string) error {
	ok, err := s.rules.PutRule(ctx, Rule{Name: name, Version: seen + 1, Value: value, By: by.Account, At: s.cfg.Now()})
	if err != nil {
		return err
	}
	if err := s.Refresh(ctx); err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "changed_meanwhile", "Somebody else changed this meanwhile. Look at it again, then make your change.")
	}
	return nil
}

// BlocksOf lists refused calls, the latest first: an account's, or for the operator
// everybody's. next is the cursor of the page after.
func (s *Service) BlocksOf(ctx context.Context, by member.Actor, f BlockFilter) (list []Block, next string, err error) {
	if f.Account == "" {
		err = by.OperatorOnly()
	} else if !by.May(f.Account) {
		err = fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	if err != nil {
		return nil, "", err
	}
	limit := min(max(f.Limit, 1), 200)
	f.Limit = limit + 1
	list, err = s.blocks.Blocks(ctx, f)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}
