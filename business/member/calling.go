package member

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Forwarding is which calls of a number are forwarded (M2), and to which of its
// holder's own numbers, each as he would dial it: "+8225551234", a partner's number
// behind its prefix. He pays for those calls.
type Forwarding struct {
	Always      []string      `json:"always,omitempty"`
	Busy        []string      `json:"busy,omitempty"`
	NoAnswer    []string      `json:"no_answer,omitempty"`
	Unreachable []string      `json:"unreachable,omitempty"`
	After       time.Duration `json:"after,omitempty"` // how long it rings before NoAnswer; 0: as long as any call
}

// When a call that nobody answers may go on.
const (
	SoonestAfter = 5 * time.Second
	LatestAfter  = 60 * time.Second
)

// CallerID is what the calls of a number show.
type CallerID struct {
	Withhold bool   `json:"withhold,omitempty"` // nothing (RFC 3323), unless a call says otherwise
	Shows    string `json:"shows,omitempty"`    // to ordinary telephones: one of his rented telephone numbers, with +
}

// Forwarding is as its holder has chosen, as far as the numbers are still his.
// Until he chooses, calls he cannot be reached for go on to all of them.
func (m Membership) Forwarding() Forwarding {
	var own []string
	for _, o := range m.Own() {
		if o.Dial != "" && !slices.Contains(own, o.Dial) {
			own = append(own, o.Dial)
		}
	}
	if m.Forward == nil {
		return Forwarding{Unreachable: own}
	}
	still := func(list []string) (out []string) {
		for _, x := range list {
			if slices.Contains(own, x) {
				out = append(out, x)
			}
		}
		return out
	}
	f := *m.Forward
	f.Always, f.Busy, f.NoAnswer, f.Unreachable = still(f.Always), still(f.Busy), still(f.NoAnswer), still(f.Unreachable)
	return f
}

// InForce is the forwarding as calls follow it: to numbers that he has proved, or
// to any where unproved ones are called too (in dev). unproved are those that he
// chose and has not proved.
func (m Membership) InForce(anyNumber bool) (f Forwarding, unproved []string) {
	proved := map[string]bool{}
	for _, o := range m.Own() {
		proved[o.Dial] = proved[o.Dial] || o.Proved
	}
	f = m.Forwarding()
	for _, list := range []*[]string{&f.Always, &f.Busy, &f.NoAnswer, &f.Unreachable} {
		var used []string
		for _, to := range *list {
			if !proved[to] && !slices.Contains(unproved, to) {
				unproved = append(unproved, to)
			}
			if proved[to] || anyNumber {
				used = append(used, to)
			}
		}
		*list = used
	}
	return f, unproved
}

// Goes reports whether calls are sent on there in any case.
func (f Forwarding) Goes(to string) bool {
	return slices.Contains(f.Always, to) || slices.Contains(f.Busy, to) || slices.Contains(f.NoAnswer, to) || slices.Contains(f.Unreachable, to)
}

// None reports whether no call is sent on.
func (f Forwarding) None() bool {
	return len(f.Always)+len(f.Busy)+len(f.NoAnswer)+len(f.Unreachable) == 0
}

// wrongNumber refuses what was given as a telephone.
func wrongNumber(text string) error {
	return fault.Fields(fault.Field{Name: "number", Text: text})
}

// Telephone reads a telephone that calls could be sent on to, as it is dialled.
func (s *Service) Telephone(number string) (string, error) {
	dial := dialOf(number)
	if len(dial) < 2 || dial[0] != '+' {
		return "", wrongNumber("Write a telephone number with the + and the country code, as in +82 2 555 1234.")
	}
	if _, _, valid := s.cfg.Plans.SplitE164(dial[1:]); !valid {
		return "", wrongNumber("This is not a valid telephone number of its country. Check the digits.")
	}
	return dial, nil
}

// AddNumber adds a telephone to the numbers of a membership, that calls may be
// sent on to it. Unless it is proved already, it still has to be.
func (s *Service) AddNumber(ctx context.Context, by Actor, id, number string) (Own, error) {
	dial, err := s.Telephone(number)
	if err != nil {
		return Own{}, err
	}
	is := func(o Own) bool { return o.Dial == dial }
	m, err := s.change(ctx, by, id, func(m *Membership) error {
		switch {
		case slices.ContainsFunc(m.Own(), is):
			return wrongNumber("This is one of the numbers listed here already.")
		case m.ContactPSTN == "":
			m.ContactPSTN = dial
		case len(m.OtherVoIP) >= mostOthers:
			return wrongNumber("Ten numbers are listed already. Remove one where it is said what we know of this number.")
		default:
			m.OtherVoIP = append(m.OtherVoIP, dial)
		}
		s.proveNumbers(ctx, m)
		return nil
	}, Tx.ChangeMembership)
	if err != nil {
		return Own{}, err
	}
	own := m.Own()
	return own[slices.IndexFunc(own, is)], nil
}

// SetForwarding says which calls are forwarded, and where.
func (s *Service) SetForwarding(ctx context.Context, by Actor, id string, f Forwarding) (Membership, error) {
	return s.change(ctx, by, id, func(m *Membership) error {
		var wrong []fault.Field
		for _, list := range []struct {
			name string
			of   *[]string
		}{{"always", &f.Always}, {"busy", &f.Busy}, {"no_answer", &f.NoAnswer}, {"unreachable", &f.Unreachable}} {
			*list.of = m.dialled(list.name, *list.of, &wrong)
		}
		if f.After != 0 && (f.After < SoonestAfter || f.After > LatestAfter) {
			wrong = append(wrong, fault.Field{Name: "after_seconds", Text: "Choose 5 to 60 seconds."})
		}
		if len(wrong) > 0 {
			return fault.Fields(wrong...)
		}
		m.Forward = &f
		return nil
	}, Tx.SetCalling)
}

// dialled reads numbers of a membership as their holder writes them.
func (m *Membership) dialled(field string, list []string, wrong *[]fault.Field) (out []string) {
	own := m.Own()
	for _, text := range list {
		dial := dialOf(text)
		if dial == "" || !slices.ContainsFunc(own, func(o Own) bool { return o.Dial == dial }) {
			*wrong = append(*wrong, fault.Field{Name: field, Text: fmt.Sprintf("%q is none of your other numbers. Add it to what we know of this number first.", text)})
		} else if !slices.Contains(out, dial) {
			out = append(out, dial)
		}
	}
	return out
}

// dialOf is a number as it is dialled; "" is none that a call can be sent to.
func dialOf(text string) string {
	typed, err := numbering.ParseTyped(text)
	switch {
	case err != nil:
		return ""
	case typed.Kind == numbering.Plus:
		return "+" + typed.Text
	case typed.Kind == numbering.Digits:
		return typed.Text
	default:
		return ""
	}
}

// SetCallerID says what the calls of a number show.
func (s *Service) SetCallerID(ctx context.Context, by Actor, id string, c CallerID) (Membership, error) {
	return s.change(ctx, by, id, func(m *Membership) error {
		if c.Shows != "" {
			if c.Shows = dialOf(c.Shows); c.Shows == "" || s.cfg.Rented == nil || !s.cfg.Rented(ctx, *m, c.Shows) {
				return fault.Fields(fault.Field{Name: "shows", Text: "Choose a telephone number that you rent for this number."})
			}
		}
		m.CallerID = c
		return nil
	}, Tx.SetCalling)
}

// change changes a membership, writes what was changed, and tells the centers.
func (s *Service) change(ctx context.Context, by Actor, id string, change func(*Membership) error, write func(Tx, context.Context, Membership) error) (Membership, error) {
	var m Membership
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if m, err = mine(ctx, tx, by, id); err != nil {
			return err
		}
		if err := change(&m); err != nil {
			return err
		}
		return write(tx, ctx, m)
	})
	if err != nil {
		return Membership{}, err
	}
	return m, s.told(ctx, m)
}

func (s *Service) told(ctx context.Context, m Membership) error {
	if err := s.publish.Registered(ctx, m); err != nil {
		return fmt.Errorf("tell the centers of the registration of %s: %w", m.Number, err)
	}
	return nil
}

// ProvedNow looks again at all the memberships of an account, one of whose
// telephones has just been proved.
func (s *Service) ProvedNow(ctx context.Context, account string) error {
	list, err := s.store.Memberships(ctx, account)
	if err != nil {
		return err
	}
	for _, m := range list {
		if _, err := s.NumbersProved(ctx, System(), m.ID); err != nil {
			return err
		}
	}
	return nil
}
