package cashier

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
)

// Payments lists money that came, newest first, for the operator.
func (s *Service) Payments(ctx context.Context, by member.Actor, f Filter) ([]payment.Incoming, string, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, "", err
	}
	limit := min(max(f.Limit, 1), 200)
	f.Limit = limit + 1
	list, err := s.store.Incomings(ctx, f)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	return list, Cursor(list[limit-1]), nil
}

// Cursor is where the next page after a payment begins.
func Cursor(in payment.Incoming) string {
	return in.Received.UTC().Format(time.RFC3339Nano) + "," + in.ID
}

// Assign gives money that is nobody's to the order a person recognised, or to a
// member's wallet: exactly one of them is named.
func (s *Service) Assign(ctx context.Context, by member.Actor, id, account, order string) (payment.Incoming, error) {
	if err := by.OperatorOnly(); err != nil {
		return payment.Incoming{}, err
	}
	account, order = strings.TrimSpace(account), strings.TrimSpace(order)
	if (account == "") == (order == "") {
		return payment.Incoming{}, fault.New(fault.Invalid, "fields", "Name the order it was for, or the member whose it is.").
			WithFields(fault.Field{Name: "account", Text: "Write an account or an order, not both."})
	}
	if order != "" {
		o, err := s.shop.Order(ctx, by, order)
		if err != nil {
			return payment.Incoming{}, err
		}
		account = o.Account
	} else if a, err := s.accounts.Find(ctx, account); err != nil {
		return payment.Incoming{}, err
	} else {
		account = a.ID
	}
	err := s.store.Do(ctx, func(tx Tx) error {
		in, found, err := tx.Incoming(ctx, id)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.Unknown, "payment_unknown", "There is no payment %s.", id)
		case in.State != payment.Unmatched || in.Account != "":
			return fault.New(fault.Conflict, "payment_assigned", "This payment belongs to somebody already.")
		}
		in.Account, in.Order = account, order
		if err := tx.ChangeIncoming(ctx, in); err != nil {
			return err
		}
		return tx.Enqueue(ctx, topicReceive, id)
	})
	if err != nil {
		return payment.Incoming{}, err
	}
	if err := s.receive(ctx, id); err != nil {
		return payment.Incoming{}, err
	}
	return s.incoming(ctx, id)
}
