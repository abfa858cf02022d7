package shop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Service is the shop.
type Service struct {
	store   Store
	book    Book
	fees    Fees
	base    Policy
	policy  atomic.Pointer[Policy]
	publish Publisher
	now     func() time.Time
}

// New opens the shop with what the policy says is for sale; Adopt changes it.
func New(store Store, book Money, policy Policy, publish Publisher, now func() time.Time) *Service {
	s := &Service{store: store, book: book, fees: book, base: policy, publish: publish, now: now}
	s.Adopt(policy.Countries, policy.Catalogue)
	return s
}

// Adopt sells by another catalogue from now on, in the countries that have a
// center.
func (s *Service) Adopt(countries []string, c Catalogue) {
	s.policy.Store(s.base.with(countries, c))
}

// rules is the policy of this moment. Whoever decides takes it once.
func (s *Service) rules() *Policy { return s.policy.Load() }

// Catalogue is what is for sale now.
func (s *Service) Catalogue() Catalogue { return s.rules().Catalogue }

// Form is the fields of an order.
func (s *Service) Form(kind numbering.Kind) form.Form {
	f := form.Form{Fields: []form.Field{
		{Name: "kind", Label: "Kind of number", Type: "choice", Required: true, Options: []string{"individual", "company"}},
		{Name: "country", Label: "Country", Type: "country", Required: true, Options: slices.Clone(s.rules().Countries)},
		{Name: "national", Label: "Number without the country code", Type: "tel", Required: true, Max: 15, Help: "Choose one from the search."},
	}}
	if kind == numbering.Company {
		f.Fields[2].Label, f.Fields[2].Help = "Root (the part before the #)", "It is the same in every country."
		f.Fields = append(f.Fields,
			form.Field{Name: "countries", Label: "Further countries", Type: "list", Options: slices.Clone(s.rules().Countries), Help: "Each gets an office."},
			form.Field{Name: "refuse", Label: "Refuse calls for other countries", Type: "choice", Options: []string{"false", "true"}, Help: "Else they go to the home office."})
	}
	return f
}

// Request asks for a number: it is approved and held, rejected with a reason,
// or goes to review. A refusal by policy is an order in state rejected, not an
// error.
func (s *Service) Request(ctx context.Context, by member.Actor, r Request) (Order, error) {
	if by.Account == "" {
		return Order{}, fault.New(fault.Unproven, "sign_in", "Sign in to order a number.")
	}
	if buyer := s.rules().Buyer; buyer != nil {
		if err := buyer(ctx, by.Account); err != nil {
			return Order{}, err
		}
	}
	o, err := s.order(by.Account, r)
	if err != nil {
		return Order{}, err
	}
	if err := s.rules().prove(ctx, &o); err != nil {
		return Order{}, err
	}
	return s.request(ctx, by, o)
}

// order reads a request's fields.
func (s *Service) order(account string, r Request) (Order, error) {
	var wrong []fault.Field
	rules := s.rules()
	iso, known := rules.Plans.Country(r.Country)
	if !known {
		wrong = append(wrong, fault.Field{Name: "country", Text: "Use the two-letter code of a country, as in KR."})
	}
	if r.Kind != numbering.Individual && r.Kind != numbering.Company {
		wrong = append(wrong, fault.Field{Name: "kind", Text: "Use individual or company."})
	}
	national := ""
	if typed, err := numbering.ParseTyped(r.National); err == nil && typed.Kind == numbering.Digits {
		national = typed.Text
	}
	if national == "" || len(national) > 15 {
		wrong = append(wrong, fault.Field{Name: "national", Text: "Use 1 to 15 digits, without the country code."})
	}
	var countries []string
	for _, c := range r.Countries {
		other, ok := rules.Plans.Country(c)
		if !ok || r.Kind != numbering.Company {
			wrong = append(wrong, fault.Field{Name: "countries", Text: "Only a company number has further countries, as two-letter codes."})
			break
		}
		if other != iso {
			countries = append(countries, other)
		}
	}
	if len(wrong) > 0 {
		return Order{}, fault.Fields(wrong...)
	}
	slices.Sort(countries)
	now := s.now()
	n := numbering.Number{Kind: r.Kind, CallingCode: rules.Plans.CallingCode(iso), National: national}
	price := rules.orderPrice(iso, n)
	return Order{ID: ident.New("ord", now), Account: account, Number: n, Country: iso, Countries: slices.Compact(countries), Refuse: r.Refuse,
		State: Requested, Class: price.Class, Setup: price.Setup.Micros, Yearly: price.Yearly.Micros, AmountDue: price.Today(), Created: now, Updated: now}, nil
}

// request stores the order, judges it and claims its forms, in one
// transaction.
func (s *Service) request(ctx context.Context, by member.Actor, fresh Order) (Order, error) {
	if _, err := s.ExpireHolds(ctx); err != nil { // what expired this moment is free this moment
		return Order{}, err
	}
	if err := s.addTax(ctx, &fresh); err != nil {
		return Order{}, err
	}
	var o Order
	err := s.store.Do(ctx, func(tx Tx) error {
		o = fresh
		if err := s.mayHold(ctx, tx, by, o); err != nil {
			return err
		}
		if err := tx.InsertOrder(ctx, o); err != nil {
			return err
		}
		if err := s.event(ctx, tx, o, "requested", o.Number.Display(), by); err != nil {
			return err
		}
		v, err := s.rules().judge(ctx, tx, &o)
		if err != nil {
			return err
		}
		if v.state != Rejected {
			if v, err = s.claim(ctx, tx, &o, v); err != nil {
				return err
			}
		}
		o.State, o.Reason, o.OffIn = v.state, v.reason, v.off
		if o.HeldUntil = s.now().Add(v.keep()); v.state == Rejected {
			o.HeldUntil, o.AmountDue = time.Time{}, money.Amount{Currency: o.AmountDue.Currency}
		}
		return s.move(ctx, tx, &o, string(o.State), o.Reason.Text, member.System())
	})
	return o, err
}

// mayHold refuses one more number to who keeps many and pays for none, and
// one more request to who is refused again and again.
func (s *Service) mayHold(ctx context.Context, tx Tx, by member.Actor, o Order) error {
	if by.Role == member.Operator {
		return nil
	}
	held, err := tx.Held(ctx, o.Account)
	if err == nil && held >= MostHolds {
		return fault.New(fault.Limited, "too_many_holds", "%d numbers are kept for you and not paid, and no more can be. Pay for one of them or cancel it, then ask again.", held)
	}
	if err != nil {
		return err
	}
	for _, limit := range []struct {
		most  int
		since time.Duration
	}{{MostRefusedHour, time.Hour}, {MostRefusedDay, day}} {
		refused, err := tx.Refused(ctx, o.Account, s.now().Add(-limit.since))
		if err != nil {
			return err
		}
		if refused >= limit.most {
			return fault.New(fault.Limited, "too_many_refused", "%d of your requests were refused within %d hours, and no more are taken for now. Choose from the list, where every number is for sale, and ask again later.",
				refused, int(limit.since/time.Hour))
		}
	}
	return nil
}

// addTax puts the tax of the buyer's country on top of a price.
func (s *Service) addTax(ctx context.Context, o *Order) error {
	if s.rules().Taxes == nil || o.AmountDue.Zero() {
		return nil
	}
	var err error
	if o.Tax, err = s.rules().Taxes.TaxOn(ctx, o.Account, o.Number.Kind, o.AmountDue); err != nil {
		return fmt.Errorf("the tax of an order: %w", err)
	}
	o.AmountDue, err = o.AmountDue.Add(money.Amount{Currency: o.AmountDue.Currency, Micros: o.Tax.Micros})
	return err
}

// claim takes every form of the number; if another order was quicker, it gives
// back what it took and rejects.
func (s *Service) claim(ctx context.Context, tx Tx, o *Order, v verdict) (verdict, error) {
	forms := numbering.Forms(o.Number)
	slices.Sort(forms) // one order for all, or two buyers could wait for each other
	for _, f := range forms {
		ok, err := tx.Claim(ctx, f, o.ID, o.Number)
		if err != nil {
			return v, err
		}
		if !ok {
			if err := tx.Unclaim(ctx, o.ID); err != nil {
				return v, err
			}
			return verdict{state: Rejected, reason: numbering.Held(o.Number)}, nil
		}
	}
	return v, nil
}

// event stores a step.
func (s *Service) event(ctx context.Context, tx Tx, o Order, code, text string, by member.Actor) error {
	return tx.AddEvent(ctx, Event{Order: o.ID, State: o.State, Code: code, Text: text, Actor: by.Account, At: s.now()})
}

// move writes a changed order and its event.
func (s *Service) move(ctx context.Context, tx Tx, o *Order, code, text string, by member.Actor) error {
	o.Updated = s.now()
	ok, err := tx.ChangeOrder(ctx, *o)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "order_changed", "The order was changed at the same moment. Look at it again.")
	}
	o.Version++
	return s.event(ctx, tx, *o, code, text, by)
}

// open reads an order its owner may change.
func (s *Service) open(ctx context.Context, tx Orders, by member.Actor, id string) (Order, error) {
	o, found, err := tx.Order(ctx, id)
	if err != nil {
		return Order{}, err
	}
	if !found || !by.May(o.Account) { // a stranger's order does not exist for others
		return Order{}, fault.New(fault.Unknown, "order_unknown", "There is no order %s.", id)
	}
	return o, nil
}

func (o Order) wrongState(wanted string) error {
	return fault.New(fault.Conflict, "order_state", "The order is %s; this needs one that is %s.", strings.ReplaceAll(string(o.State), "_", " "), wanted)
}

// Select is the buyer's final selection: the amount is due.
func (s *Service) Select(ctx context.Context, by member.Actor, id string) (Order, error) {
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if o, err = s.open(ctx, tx, by, id); err != nil {
			return err
		}
		switch {
		case o.State == AwaitingPayment:
			return nil // selected before: the same answer
		case o.State != Approved:
			return o.wrongState("approved")
		case !s.now().Before(o.HeldUntil):
			return holdOver(o)
		}
		if err := s.move(ctx, tx, &o, "selected", "", by); err != nil {
			return err
		}
		o.State = AwaitingPayment
		return s.move(ctx, tx, &o, "settlement_requested", o.AmountDue.String(), member.System())
	})
	return o, err
}

func holdOver(o Order) error {
	return fault.New(fault.Conflict, "hold_over", "%s was kept for you until %s. Order it again.", o.Number.Display(), o.HeldUntil.UTC().Format("15:04 UTC"))
}

// Cancel gives an unpaid order up and frees the number.
func (s *Service) Cancel(ctx context.Context, by member.Actor, id string) (Order, error) {
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if o, err = s.open(ctx, tx, by, id); err != nil {
			return err
		}
		if o.State == Cancelled {
			return nil
		}
		if o.State.Final() || o.State == Paid || o.Settling {
			return o.wrongState("not paid yet")
		}
		return s.release(ctx, tx, &o, Cancelled, "cancelled", "", by)
	})
	return o, err
}

// release ends an order that holds a number.
func (s *Service) release(ctx context.Context, tx Tx, o *Order, to State, code, text string, by member.Actor) error {
	o.State, o.HeldUntil = to, time.Time{}
	if err := tx.Unclaim(ctx, o.ID); err != nil {
		return err
	}
	return s.move(ctx, tx, o, code, text, by)
}

// Review decides an order in review.
func (s *Service) Review(ctx context.Context, by member.Actor, id string, approve bool, why string) (Order, error) {
	if by.Role != member.Operator {
		return Order{}, fault.New(fault.Forbidden, "operator_only", "Only the operator decides reviews.")
	}
	if !approve && why == "" {
		return Order{}, fault.New(fault.Invalid, "fields", "A rejection needs a reason that the buyer understands.").
			WithFields(fault.Field{Name: "reason", Text: "Write why."})
	}
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		if o, err = s.open(ctx, tx, by, id); err != nil {
			return err
		}
		if o.State != InReview {
			return o.wrongState("in review")
		}
		if !approve {
			o.Reason = fault.Reason{Code: "review_rejected", Text: why}
			if err := s.write(ctx, tx, o, "order_rejected", "rejected:"+o.ID, map[string]string{"reason": why}); err != nil {
				return err
			}
			return s.release(ctx, tx, &o, Rejected, "rejected", why, by)
		}
		if err := s.write(ctx, tx, o, "order_approved", "approved:"+o.ID, map[string]string{}); err != nil {
			return err
		}
		o.State, o.HeldUntil, o.Reason = Approved, s.now().Add(HoldFor), s.rules().warning(o.Number)
		return s.move(ctx, tx, &o, "approved", why, by)
	})
	return o, err
}

// Order returns one order.
func (s *Service) Order(ctx context.Context, by member.Actor, id string) (Order, error) {
	var o Order
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		o, err = s.open(ctx, tx, by, id)
		return err
	})
	return o, err
}

// Orders lists an account's orders, newest first ("" and an operator: all).
func (s *Service) Orders(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]Order, string, error) {
	if !by.May(account) {
		return nil, "", fault.New(fault.Forbidden, "not_yours", "These are the orders of somebody else.")
	}
	limit = min(max(limit, 1), 200)
	list, err := s.store.Orders(ctx, account, cursor, limit+1)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], list[limit-1].ID, nil
}

// Queue lists everybody's orders in a state, the oldest first: what waits
// longest is looked at first.
func (s *Service) Queue(ctx context.Context, by member.Actor, state State, cursor string, limit int) ([]Order, string, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), 200)
	list, err := s.store.OrdersIn(ctx, state, cursor, limit+1)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], list[limit-1].ID, nil
}

// Events lists the steps of an order.
func (s *Service) Events(ctx context.Context, by member.Actor, id string) ([]Event, error) {
	if _, err := s.Order(ctx, by, id); err != nil {
		return nil, err
	}
	return s.store.Events(ctx, id)
}

// ExpireHolds frees the numbers whose time is over and returns how many.
func (s *Service) ExpireHolds(ctx context.Context) (int, error) {
	freed := 0
	for {
		ids, err := s.store.Expired(ctx, s.now(), 100)
		if err != nil || len(ids) == 0 {
			return freed, err
		}
		for _, id := range ids {
			err := s.store.Do(ctx, func(tx Tx) error {
				o, found, err := tx.Order(ctx, id)
				if err != nil || !found || o.Settling || o.State.Final() || o.HeldUntil.IsZero() || s.now().Before(o.HeldUntil) {
					return err
				}
				return s.release(ctx, tx, &o, Expired, "expired", "The hold is over.", member.System())
			})
			if err != nil && fault.ReasonOf(err).Code != "order_changed" {
				return freed, err
			}
			freed++
		}
	}
}

// Resume finishes sales and refunds that a crash interrupted. Call it at start
// and now and then.
func (s *Service) Resume(ctx context.Context) error {
	var failures []error
	for topic, finish := range map[string]func(context.Context, string) (Order, error){
		topicPay:    func(ctx context.Context, id string) (Order, error) { return s.settle(ctx, member.System(), id) },
		topicRefund: func(ctx context.Context, id string) (Order, error) { return s.settleRefund(ctx, member.System(), id) },
	} {
		ids, err := s.store.Tasks(ctx, topic, 1000)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := finish(ctx, id); err != nil && fault.KindOf(err) != fault.Unpaid {
				failures = append(failures, fmt.Errorf("%s %s: %w", topic, id, err))
			}
		}
	}
	return errors.Join(failures...)
}
