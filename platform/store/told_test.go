package store_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/stripe/stripetest"
)

// TestWhatHappensIsTold: the states of an order, money in a wallet, an alert; each
// once, however often its cause is seen, and only to who wants it.
func TestWhatHappensIsTold(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		x := openRefilling(t, cfg, newClock())
		ann := x.filler(t, "ann", stripetest.Good)
		hooks := x.house.hooks(t, cfg.Dir, nil)
		all, _, err := hooks.Add(ctx, member.System(), "https://a.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		some, _, err := hooks.Add(ctx, member.System(), "https://b.example", []string{hook.Order("sold")})
		if err != nil {
			t.Fatal(err)
		}
		told := func(id string) (types []string, bodies []string) {
			t.Helper()
			list, _, err := hooks.Deliveries(ctx, member.System(), id, "", "", 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list {
				types, bodies = append(types, d.Type), append(bodies, d.Body)
			}
			return types, bodies
		}
		o := x.order(t, ann, "7002846")
		if _, _, err := x.cashier.Pay(ctx, ann, o.ID, payment.Wallet); err != nil {
			t.Fatal(err)
		}
		if _, err := x.shop.Refund(ctx, member.System(), o.ID, "please"); err != nil {
			t.Fatal(err)
		}
		types, bodies := told(all.ID)
		for _, state := range []string{"requested", "approved", "awaiting_payment", "paid", "sold", "refunded"} {
			if n := strings.Count(strings.Join(types, " ")+" ", hook.Order(state)+" "); n != 1 {
				t.Errorf("order.%s was told %d times: %v", state, n, types)
			}
		}
		var first struct{ ID, Number, State, Account_id string }
		if err := json.Unmarshal([]byte(bodies[slices.Index(types, hook.Order("sold"))]), &first); err != nil || first.ID != o.ID || first.State != "sold" || first.Account_id != ann.Account || first.Number != o.Number.Display() {
			t.Errorf("%+v %v", first, err)
		}
		if types, _ = told(some.ID); !slices.Equal(types, []string{hook.Order("sold")}) {
			t.Errorf("who wants sales alone is told %v", types)
		}
		x.below(t, ann, 100)
		x.leaves(t, ann, 1)
		x.turn(t)
		x.carryAll(t, 3)
		x.turn(t)
		types, bodies = told(all.ID)
		if n := strings.Count(strings.Join(types, " "), hook.ToppedUp); n != 1 || !strings.Contains(bodies[slices.Index(types, hook.ToppedUp)], `"automatic":true`) {
			t.Errorf("told %d times: %v", n, bodies)
		}
		a := guard.Alert{ID: "alr_1", Kind: guard.Wangiri, Subject: "+8821312", First: x.clock.now(), Last: x.clock.now(), Count: 20, State: guard.Raised, Changed: x.clock.now()}
		for _, a.ID = range []string{"alr_1", "alr_2"} {
			if _, err := x.db.Guard().Raise(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		types, bodies = told(all.ID)
		if n := slices.Index(types, hook.Alert); n < 0 || strings.Count(strings.Join(types, " "), hook.Alert) != 1 || !strings.Contains(bodies[n], `"subject":"+8821312"`) {
			t.Errorf("alerts: %v", types)
		}
	})
}

// TestInvoicesAreTold: a month's invoice when it is written, and once more when it
// is not paid in time, however often it is looked at.
func TestInvoicesAreTold(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		h.credit(t, ann, money.Of("USD", 100, 0))
		hooks := h.hooks(t, cfg.Dir, nil)
		all, _, err := hooks.Add(ctx, member.System(), "https://a.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		h.talks(t, ann, "+49 30 901820", 100*time.Minute+time.Second) // 60.01, of 50 that were there
		for _, day := range []time.Time{time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), time.Date(2026, 12, 19, 1, 0, 0, 0, time.UTC), time.Date(2026, 12, 19, 2, 0, 0, 0, time.UTC)} {
			h.at(day)
			h.turn(t)
		}
		list, _, err := hooks.Deliveries(ctx, member.System(), all.ID, "", "", 100)
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]string{}
		for _, d := range list {
			if strings.HasPrefix(d.Type, "invoice.") {
				if told[d.Type] != "" {
					t.Errorf("%s is told twice", d.Type)
				}
				told[d.Type] = d.Body
			}
		}
		for kind, state := range map[string]billing.State{hook.Invoiced: billing.Open, hook.Unpaid: billing.Overdue} {
			var x billing.Event
			if err := json.Unmarshal([]byte(told[kind]), &x); err != nil || x.Account != ann.Account || x.Month != "2026-11" || x.Asked != usd(10_010_000) || x.State != state {
				t.Errorf("%s: %q %v", kind, told[kind], err)
			}
		}
	})
}
