package member

import (
	"context"
	"errors"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// Estate is what an account owns in other rooms of the house.
type Estate interface {
	// Left tells what would be lost.
	Left(ctx context.Context, account string) (Left, error)
	// GiveUp lets go of all of it. Doing it again changes nothing.
	GiveUp(ctx context.Context, by Actor) error
}

// Left is money and numbers of an account.
type Left struct {
	Money   money.Amount
	Numbers []string // as people write them
}

// Empty reports that nothing would be lost.
func (l Left) Empty() bool { return l.Money.Micros <= 0 && len(l.Numbers) == 0 }

// Left tells what an account would lose by being erased.
func (s *Service) Left(ctx context.Context, by Actor) (Left, error) {
	if s.cfg.Estate == nil {
		return Left{}, nil
	}
	return s.cfg.Estate.Left(ctx, by.Account)
}

// Erase ends an account and forgets whose it was: name, addresses, password,
// sessions, keys, telephones, letters, documents. What the books and the law
// need stays under the account's bare id. It cannot be undone.
func (s *Service) Erase(ctx context.Context, by Actor, giveUp bool) error {
	if err := s.Fresh(by); err != nil {
		return err
	}
	if by.Role == Operator {
		return fault.New(fault.Conflict, "operator_stays", "An operator's account is not erased this way: it would leave the house without its keeper.")
	}
	left, err := s.Left(ctx, by)
	if err != nil {
		return err
	}
	if left.Money.Micros < 0 {
		return fault.New(fault.Conflict, "debt", "You owe %s. Pay it into your wallet first, then the account can be erased.", left.Money.Neg().String())
	}
	if !left.Empty() {
		if !giveUp {
			return fault.New(fault.Conflict, "something_left", "You still have %s and these numbers: %s. Confirm that you give them up, or use them first.",
				left.Money.String(), orNone(left.Numbers))
		}
		if err := s.cfg.Estate.GiveUp(ctx, by); err != nil {
			return err
		}
	}
	keys, err := s.store.APIKeys(ctx, by.Account)
	if err != nil {
		return err
	}
	var gone []Credential
	err = s.ending(ctx, func(tx Tx) (ended []string, err error) {
		if gone, err = tx.AccountCredentials(ctx, by.Account); err != nil {
			return nil, err
		}
		if ended, err = tx.EndSessions(ctx, by.Account, "", ""); err != nil {
			return nil, err
		}
		for _, k := range keys {
			ended = append(ended, k.ID)
		}
		return ended, tx.EraseAccount(ctx, by.Account, s.cfg.Now())
	})
	if err != nil {
		return err
	}
	for _, c := range gone {
		c.Revoked = true
		err = errors.Join(err, s.publish.Device(ctx, c))
	}
	return err
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, ", ")
}
