package shop

import (
	"context"
	"slices"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// SwitchOn gives a company an office in a further country: calls to its root
// with that country's code reach it. The root must be free of other readings
// there too (N2).
func (s *Service) SwitchOn(ctx context.Context, by member.Actor, id, country string) (Order, error) {
	return s.office(ctx, by, id, country, true)
}

// SwitchOff closes an office; its telephones end. The home office stays as
// long as the number does.
func (s *Service) SwitchOff(ctx context.Context, by member.Actor, id, country string) (Order, error) {
	return s.office(ctx, by, id, country, false)
}

func (s *Service) office(ctx context.Context, by member.Actor, id, country string, on bool) (Order, error) {
	o, err := s.mineSold(ctx, by, id)
	switch {
	case err != nil:
		return o, err
	case o.Number.Kind != numbering.Company:
		return o, fault.New(fault.Invalid, "not_a_company", "Only a company number has offices in several countries.")
	case o.Standing != InService:
		return o, fault.New(fault.Conflict, "not_in_service", "Only for a number in service, with its fee paid, can countries be switched on or off.")
	case country == o.Country:
		return o, fault.New(fault.Conflict, "home_office", "%s is the home office; it stays as long as the number does.", country)
	}
	if on {
		if err := s.mayOpen(by, o, country); err != nil {
			return o, err
		}
	}
	changed := false
	err = s.change(ctx, id, func(tx Tx, x *Order) error {
		if has := slices.Contains(x.Countries, country); has == on {
			return nil
		}
		code := "switched_on"
		if on {
			x.Countries = append(x.Countries, country)
			slices.Sort(x.Countries)
		} else {
			code = "switched_off"
			x.Countries = slices.DeleteFunc(x.Countries, func(c string) bool { return c == country })
			if err := tx.EndOffice(ctx, id, country, s.now()); err != nil {
				return err
			}
		}
		changed, o = true, *x
		return s.move(ctx, tx, &o, code, country, by)
	})
	if err != nil || !changed {
		return o, err
	}
	return o, s.publish.Office(ctx, o, country, on)
}

// mayOpen applies the policy's rules to one more country.
func (s *Service) mayOpen(by member.Actor, o Order, country string) error {
	rules := s.rules()
	if !slices.Contains(rules.Countries, country) || !rules.systems[country].Company {
		return fault.New(fault.Conflict, "system_closed", "Numbers of this kind are not sold in %s at present. Choose another country.", country)
	}
	there := Order{Number: o.Number, Country: country}
	if by.Role != member.Operator && len(rules.papersFor(&there)) > 0 {
		return fault.New(fault.Conflict, "papers", "A company shows papers before it is in %s, so you cannot switch it on by yourself. Write to the operator.", country)
	}
	if reason, _, refused := rules.Plans.Refuse(o.Number, numbering.Grounds{Countries: []string{country}, Proved: o.Proved}); refused {
		return fault.New(fault.Conflict, reason.Code, "%s", reason.Text)
	}
	return nil
}
