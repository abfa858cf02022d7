package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestAQuoteSaysWhatAnOrderWouldCost asks before ordering: an own telephone
// has one price whatever its digits, and what cannot be had is told why.
func TestAQuoteSaysWhatAnOrderWouldCost(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		h.policy.Proved = func(_ context.Context, _, e164 string, _ numbering.Kind) (bool, error) {
			return e164 == "+8223161234", nil
		}
		h.policy.Review.Premium = true
		h.shop = shop.New(h.db.Shop(), h.book, h.policy, h.roster, h.clock.now)
		d, ann := desk(t, h), h.person(t, "ann")
		if err := d.Seed(ctx, h.policy.Catalogue); err != nil {
			t.Fatal(err)
		}
		if err := d.Load(ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			national, code, price string
			state                 shop.State
			own                   bool
		}{
			{"7002846", "", "5.00 USD", shop.Approved, false},
			{"7001234", "review", "25.00 USD", shop.InReview, false},        // premium
			{"23161234", "typed_form_off", "5.00 USD", shop.Approved, true}, // as easy, but his own: plain, and no review
			{"23151234", "proof_needed", "5.00 USD", shop.Rejected, true},   // the price is told before the proof
			{"112", "emergency", "", shop.Rejected, false},                  // not merely out of stock
			{"9999999", "not_in_stock", "", shop.Rejected, false},
			{"7000000", "reserved", "", shop.Rejected, false},
		} {
			q, err := h.shop.Quote(ctx, ann, kr(c.national))
			if err != nil || q.State != c.state || q.Reason.Code != c.code || q.Own != c.own || c.price != "" && q.Item.Price.Today().String() != c.price {
				t.Errorf("%s: %+v %v", c.national, q, err)
				continue
			}
			o, err := h.shop.Request(ctx, ann, kr(c.national))
			if err != nil || o.State != q.State || o.Reason != q.Reason || o.State != shop.Rejected && o.AmountDue.String() != c.price {
				t.Errorf("%s: the order says %+v %v", c.national, o, err)
			}
		}
		if q, err := h.shop.Quote(ctx, member.Actor{}, kr("23161234")); err != nil || q.Reason.Code != "proof_needed" {
			t.Errorf("who is not signed in has proved nothing: %+v %v", q, err)
		}
		if _, err := h.shop.Quote(ctx, ann, kr("none")); fault.KindOf(err) != fault.Invalid {
			t.Errorf("no digits: %v", err)
		}
		if err := d.SetPrice(ctx, member.System(), shop.PriceRule{Class: shop.Own, Setup: money.Micros, Yearly: 2 * money.Micros}); err != nil {
			t.Fatal(err)
		}
		if q, err := h.shop.Quote(ctx, ann, kr("23171234")); err != nil || q.Item.Price.Today().String() != "3.00 USD" {
			t.Errorf("by the operator's own rule: %+v %v", q, err)
		}
		if q, err := h.shop.Quote(ctx, ann, kr("7002847")); err != nil || q.Item.Price.Today().String() != "5.00 USD" {
			t.Errorf("others are not touched by it: %+v %v", q, err)
		}
	})
}

// TestNobodyAsksForever counts refusals: an hour and a day have their limits,
// and what may be had is asked for again afterwards.
func TestNobodyAsksForever(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		asked := 0
		for range 2 * shop.MostRefusedDay {
			if _, err := h.shop.Request(ctx, ann, kr("9999999")); err == nil {
				asked++
				continue
			} else if fault.KindOf(err) != fault.Limited || fault.ReasonOf(err).Code != "too_many_refused" {
				t.Fatal(err)
			}
			if asked == shop.MostRefusedDay {
				break
			}
			if asked%shop.MostRefusedHour != 0 {
				t.Fatalf("refused after %d", asked)
			}
			h.clock.add(time.Hour)
		}
		if asked != shop.MostRefusedDay {
			t.Errorf("%d were answered within a day", asked)
		}
		if _, err := h.shop.Request(ctx, ann, kr("7002846")); fault.KindOf(err) != fault.Limited {
			t.Errorf("at the limit: %v", err)
		}
		if o, err := h.shop.Request(ctx, bob, kr("7002846")); err != nil || o.State != shop.Approved {
			t.Errorf("somebody else: %+v %v", o, err)
		}
		h.clock.add(24 * time.Hour)
		if o, err := h.shop.Request(ctx, ann, kr("7002847")); err != nil || o.State != shop.Approved {
			t.Errorf("the next day: %+v %v", o, err)
		}
	})
}

// TestStepsOfAnOrderNameNobody gives a number on and erases who took it: no
// step of any order and no offer says who he was.
func TestStepsOfAnOrderNameNobody(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o, other := h.buy(t, ann, kr("7002846")), h.buy(t, ann, kr("7002847"))
		for range 2 {
			if _, err := h.shop.Offer(ctx, ann, o.ID, "bob@example.com"); err != nil {
				t.Fatal(err)
			}
			if x, err := h.shop.OfferOf(ctx, ann, o.ID); err != nil || x == nil || x.Email != "bob@example.com" {
				t.Errorf("the giver is not told to whom: %+v %v", x, err)
			}
			if err := h.shop.WithdrawOffer(ctx, ann, o.ID); err != nil {
				t.Fatal(err)
			}
		}
		if x, err := h.shop.OfferOf(ctx, ann, o.ID); err != nil || x != nil {
			t.Errorf("taken back: %+v %v", x, err)
		}
		if _, err := h.shop.OfferOf(ctx, bob, o.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger: %v", err)
		}
		if _, err := h.shop.Offer(ctx, ann, o.ID, "bob@example.com"); err != nil {
			t.Fatal(err)
		}
		mine, err := h.shop.Accept(ctx, bob, "bob@example.com", h.letterLink(t, "transfer_offered"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.Offer(ctx, ann, other.ID, "bob@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := h.members.Erase(ctx, bob, true); err != nil {
			t.Fatal(err)
		}
		if x, err := h.shop.OfferOf(ctx, ann, other.ID); err != nil || x != nil {
			t.Errorf("still offered to who is not there any more: %+v %v", x, err)
		}
		for _, id := range []string{o.ID, other.ID, mine.ID} {
			events, err := h.shop.Events(ctx, member.System(), id)
			if err != nil {
				t.Fatal(err)
			}
			if all := strings.ToLower(fmt.Sprintf("%+v", events)); strings.Contains(all, "bob") || strings.Contains(all, "example.com") {
				t.Errorf("the steps of %s: %s", id, all)
			}
		}
		for _, l := range h.mail(t) {
			if strings.Contains(l.To, "bob") {
				t.Errorf("a letter still waits for him: %+v", l)
			}
		}
	})
}
