package shop

import (
	"context"
	"fmt"
	"slices"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Collision is a sold number whose typed form means something else to the
// telephones of a country.
type Collision struct {
	Order  Order
	Reason fault.Reason // shows the other reading
}

// mostCollisions bounds the list a person is shown.
const mostCollisions = 200

// Collisions lists sold numbers that telephones of a country would take for
// something else. Ask before a center opens there, or after the plan changed:
// the ordinary number will win, and the holders are told (N4).
func (s *Service) Collisions(ctx context.Context, by member.Actor, country string) ([]Collision, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	var out []Collision
	err := s.eachCollision(ctx, country, func(c Collision) error {
		if len(out) < mostCollisions {
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

func (s *Service) eachCollision(ctx context.Context, country string, f func(Collision) error) error {
	plans := s.rules().Plans
	for after := ""; ; {
		list, err := s.store.OrdersIn(ctx, Sold, after, 500)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, o := range list {
			after = o.ID
			if slices.Contains(o.OffIn, country) {
				continue
			}
			reason, _, collides := plans.Refuse(o.Number, numbering.Grounds{Countries: []string{country}})
			if !collides {
				continue
			}
			if err := f(Collision{o, reason}); err != nil {
				return err
			}
		}
	}
}

// Vet switches the typed form of every number that collides off in a country
// and tells the holders. No number is withdrawn.
func (s *Service) Vet(ctx context.Context, country string) (int, error) {
	n := 0
	err := s.eachCollision(ctx, country, func(c Collision) error {
		n++
		return s.switchTypedOff(ctx, c, country)
	})
	return n, err
}

func (s *Service) switchTypedOff(ctx context.Context, c Collision, country string) error {
	var o Order
	err := s.change(ctx, c.Order.ID, func(tx Tx, x *Order) error {
		if slices.Contains(x.OffIn, country) {
			return nil
		}
		x.OffIn = append(x.OffIn, country)
		o = *x
		if err := s.write(ctx, tx, o, "typed_form_off", fmt.Sprintf("typed_off:%s:%s", o.ID, country), map[string]string{
			"country": country, "plus": o.Number.Plus(), "reason": c.Reason.Text,
		}); err != nil {
			return err
		}
		return s.move(ctx, tx, &o, "typed_form_off", c.Reason.Text, member.System())
	})
	if err != nil || o.ID == "" || !o.Standing.Rings() {
		return err
	}
	return s.publish.Resumed(ctx, o)
}
