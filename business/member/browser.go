package member

import (
	"context"
	"slices"

	"github.com/callisto-tel/callisto/business/numbering"
)

// BrowserPhone is the name of the device of all browsers of a number, until its
// holder gives it another.
const BrowserPhone = "Browser phone"

// BrowserDevice is the one device by which all browsers of a number ring and
// call, made when it is first asked for. country picks a company's office; "" is
// the home office.
func (s *Service) BrowserDevice(ctx context.Context, by Actor, membership, country string) (Credential, error) {
	find := func() (c Credential, found bool, err error) {
		err = s.store.View(ctx, func(tx Tx) error {
			m, err := mine(ctx, tx, by, membership)
			if err != nil {
				return err
			}
			if m.Account != by.Account { // what the desk may see it may not call with
				return notYours()
			}
			all, err := tx.Credentials(ctx, m.ID)
			if err != nil {
				return err
			}
			n := m.Number
			if country != "" && n.Kind == numbering.Company {
				n.CallingCode = s.cfg.Plans.CallingCode(country)
			}
			if i := slices.IndexFunc(all, func(c Credential) bool { return c.Kind == Browser && c.Number == n }); i >= 0 {
				c, found = all[i], true
			}
			return nil
		})
		return c, found, err
	}
	c, found, err := find()
	if err != nil || found {
		return c, err
	}
	_, made := s.addDevice(ctx, by, membership, country, Browser, BrowserPhone)
	// Of two that make it at once, one is refused by the database and finds
	// what the other made.
	if c, found, err = find(); err != nil || found {
		return c, err
	}
	return Credential{}, made
}
