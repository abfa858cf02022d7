package tariff

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Plans lists the plans beside Members.
func (s *Service) Plans(_ context.Context, by member.Actor) ([]Plan, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all.Plans), nil
}

// AddPlan makes a plan; its deck is imported like any other.
func (s *Service) AddPlan(ctx context.Context, by member.Actor, name string) (Plan, error) {
	if err := by.OperatorOnly(); err != nil {
		return Plan{}, err
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	p := Plan{ID: ident.New("pln", now), Name: strings.TrimSpace(name), Created: now}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.Name == "" || len(p.Name) > 100 || strings.ContainsFunc(p.Name, func(r rune) bool { return r < ' ' }):
		return p, bad("name", "Give the plan a name of at most 100 characters.")
	case slices.ContainsFunc(s.all.Plans, func(x Plan) bool { return strings.EqualFold(x.Name, p.Name) }) || strings.EqualFold(p.Name, Members):
		return p, bad("name", "There is a plan of this name.")
	}
	if err := s.desk.AddPlan(ctx, p); err != nil {
		return p, err
	}
	return p, s.load(ctx)
}

// Give gives an account a plan: its calls from now on are charged by it.
func (s *Service) Give(ctx context.Context, by member.Actor, account, plan string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if s.cfg.Account != nil {
		if err := s.cfg.Account(ctx, account); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if plan != Members && !slices.ContainsFunc(s.all.Plans, func(x Plan) bool { return x.ID == plan }) {
		return bad("plan", "There is no such plan.")
	}
	if s.now.PlanOf(account) == plan {
		return nil
	}
	if err := s.desk.GivePlan(ctx, Given{Account: account, Plan: plan, From: s.cfg.Now().UTC().Truncate(time.Microsecond), By: by.Name}); err != nil {
		return err
	}
	return s.load(ctx)
}

// PlanOf is the plan an account has.
func (s *Service) PlanOf(_ context.Context, by member.Actor, account string) (id, name string, err error) {
	if !by.May(account) {
		return "", "", fault.New(fault.Forbidden, "not_yours", "This is not yours.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id = s.now.PlanOf(account)
	return id, s.planName(id), nil
}

func (s *Service) planName(id string) string {
	for _, p := range s.all.Plans {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

// planAt is the plan an account had at an instant.
func (s *Service) planAt(account string, at time.Time) string {
	plan := Members
	for _, g := range s.all.Given {
		if g.Account == account && !g.From.After(at) {
			plan = g.Plan
		}
	}
	return plan
}

// Exchange lists what currencies are worth, the latest first.
func (s *Service) Exchange(_ context.Context, by member.Actor) ([]Exchanged, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.all.Rates)
	slices.Reverse(out)
	return out, nil
}

// SetExchange says what currencies are worth from an instant on. Of a time in which
// a rate held already, what is said counts from now on: what was priced and booked
// by that one stays. Before the first rate nothing was, and it counts from then.
func (s *Service) SetExchange(ctx context.Context, by member.Actor, list []Exchanged) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	if len(list) == 0 || len(list) > 1000 {
		return bad("rates", "Say between one and a thousand rates.")
	}
	list = slices.Clone(list)
	for i := range list {
		x := &list[i]
		x.Currency = money.Currency(strings.ToUpper(strings.TrimSpace(string(x.Currency))))
		if _, held := s.Decks().Exchange[x.Currency].At(x.From); x.From.Before(now) && (held || x.From.IsZero()) {
			x.From = now
		}
		x.From = x.From.UTC().Truncate(time.Microsecond)
		x.By, x.At = by.Name, now
		switch {
		case len(x.Currency) != 3 || strings.Trim(string(x.Currency), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
			return bad("currency", fmt.Sprintf("%q is no currency. Write its three letters, as in EUR.", x.Currency))
		case x.Currency == s.cfg.Currency:
			return bad("currency", fmt.Sprintf("%s is the currency of this house: it needs no rate.", x.Currency))
		case x.Rate <= 0 || x.Rate > money.MaxRate:
			return bad("rate", "A rate is above zero and at most a million.")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.desk.AddRates(ctx, list); err != nil {
		return err
	}
	return s.load(ctx)
}

// ReadExchange reads rates as CSV: currency, rate, and from when (a day, or
// nothing for now), one a line.
func ReadExchange(text string) ([]Exchanged, error) {
	text, err := plain(text)
	if err != nil {
		return nil, err
	}
	var out []Exchanged
	var wrong []fault.Field
	separator, n := table.Separator(text), 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" || n == 1 && strings.HasPrefix(strings.ToLower(strings.TrimLeft(line, "\" ")), "curr") {
			continue
		}
		x, ok := exchanged(line, separator)
		if !ok {
			if len(wrong) < mostWrong {
				wrong = append(wrong, fault.Field{Name: fmt.Sprintf("line %d", n), Text: "Write the currency, what one unit of it is worth here, and from when, as in EUR,1.0842,2027-01-31."})
			}
			continue
		}
		out = append(out, x)
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Invalid, "rates_file", "Some lines cannot be read; nothing was changed.").WithFields(wrong...)
	}
	return out, nil
}

func exchanged(line string, separator rune) (x Exchanged, ok bool) {
	if len(line) > 200 {
		return x, false
	}
	cells, err := table.Cells(line, separator)
	if err != nil || len(cells) < 2 || len(cells) > 3 {
		return x, false
	}
	x.Currency = money.Currency(cells[0])
	if x.Rate, err = money.ReadRate(cells[1]); err != nil {
		return x, false
	}
	if len(cells) == 3 && cells[2] != "" {
		if t, terr := time.Parse(time.RFC3339, cells[2]); terr == nil {
			x.From = t
			return x, true
		}
		d, known := day(cells[2])
		x.From = dayTime(d)
		return x, known
	}
	return x, true
}
