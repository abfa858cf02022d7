package shop

import (
	"context"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// Quote is what a request would cost and what would be answered to it, before
// anybody asks. It holds nothing.
type Quote struct {
	Item   StockItem
	Own    bool         // an existing kind of telephone number: only its holder can take it
	State  State        // Approved, InReview or Rejected
	Reason fault.Reason // of it; also the warnings of an approval
	Papers []Paper      // to be shown
}

// Quote tells what a request would cost and come to. Who is not signed in has
// proved nothing.
func (s *Service) Quote(ctx context.Context, by member.Actor, r Request) (Quote, error) {
	o, err := s.order(by.Account, r)
	if err != nil {
		return Quote{}, err
	}
	rules := s.rules()
	if by.Account != "" {
		if err := rules.prove(ctx, &o); err != nil {
			return Quote{}, err
		}
	}
	price := rules.orderPrice(o.Country, o.Number)
	q := Quote{Item: StockItem{Number: o.Number, Country: o.Country, Price: price}, Own: price.Class == Own, Papers: rules.papersFor(&o)}
	return q, s.store.Do(ctx, func(tx Tx) error {
		v, err := rules.judge(ctx, tx, &o)
		q.State, q.Reason = v.state, v.reason
		return err
	})
}
