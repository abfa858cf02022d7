package shop

import (
	"context"

	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/payment"
)

// Service is the shop.
type Service struct{}

// Search lists numbers for sale.
func (s *Service) Search(ctx context.Context, q Query) (Page, error) { return Page{}, nil }

// Form is the fields of an order.
func (s *Service) Form(kind numbering.Kind) form.Form { return form.Form{} }

// Request asks for a number: it is approved and held, rejected with a reason,
// or goes to review. A refusal by policy is an order in state rejected, not an
// error.
func (s *Service) Request(ctx context.Context, by member.Actor, r Request) (Order, error) {
	return Order{}, nil
}

// Select is the buyer's final selection: the amount is due.
func (s *Service) Select(ctx context.Context, by member.Actor, id string) (Order, error) {
	return Order{}, nil
}

// Pay settles an order; a wallet payment ends in state sold.
func (s *Service) Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (Order, error) {
	return Order{}, nil
}

// Cancel gives an unpaid order up and frees the number.
func (s *Service) Cancel(ctx context.Context, by member.Actor, id string) (Order, error) {
	return Order{}, nil
}

// Refund turns a sale back by a reversing posting and frees the number.
func (s *Service) Refund(ctx context.Context, by member.Actor, id, why string) (Order, error) {
	return Order{}, nil
}

// Review decides an order in review.
func (s *Service) Review(ctx context.Context, by member.Actor, id string, approve bool, why string) (Order, error) {
	return Order{}, nil
}

// Order returns one order.
func (s *Service) Order(ctx context.Context, by member.Actor, id string) (Order, error) {
	return Order{}, nil
}

// Orders lists an account's orders, newest first ("" and an operator: all).
func (s *Service) Orders(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]Order, string, error) {
	return nil, "", nil
}

// Events lists the steps of an order.
func (s *Service) Events(ctx context.Context, by member.Actor, id string) ([]Event, error) {
	return nil, nil
}

// ExpireHolds frees the numbers whose time is over.
func (s *Service) ExpireHolds(ctx context.Context) (int, error) { return 0, nil }

// Resume finishes sales that a crash interrupted. Call it at start and now and
// then.
func (s *Service) Resume(ctx context.Context) error { return nil }
