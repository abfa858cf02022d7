package store_test

import (
	"context"
	"testing"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestASuspensionOutlivesAProof plays two races: the operator suspends a number
// at the very moment at which a proof for it is looked at, between the reading
// of what is due and its doing.
func TestASuspensionOutlivesAProof(t *testing.T) {
	for name, c := range map[string]struct {
		silent bool // the number was silenced before, and its proof comes in that moment
		after  shop.Standing
		rings  bool // once the operator let it ring again, and a day later
	}{
		"the proof comes":   {true, shop.InService, true},
		"the proof is late": {false, shop.Unproved, false},
	} {
		t.Run(name, func(t *testing.T) {
			cluster.Each(t, func(t *testing.T, cfg store.Config) {
				ctx, boss := t.Context(), member.System()
				h := build(t, cfg, newClock())
				fresh, meanwhile := false, func() {}
				policy := h.policy
				policy.Proved = func(context.Context, string, string, numbering.Kind) (bool, error) { meanwhile(); return fresh, nil }
				h.shop = shop.New(h.db.Shop(), h.book, policy, h.roster, h.clock.now)
				ann := h.person(t, "ann")
				o := h.own(t, ann, "KR", "25551234")
				again := func() {
					t.Helper()
					if _, err := h.shop.ProveAgain(ctx); err != nil {
						t.Fatal(err)
					}
				}
				standing := func(want shop.Standing, rings bool) {
					t.Helper()
					if x, err := h.shop.Order(ctx, ann, o.ID); err != nil || x.Standing != want || h.rings("2555123482") != rings {
						t.Errorf("it is %q, rings %v; want %q, %v (%v)", x.Standing, h.rings("2555123482"), want, rings, err)
					}
				}
				h.clock.add((365 + 31) * day)
				if c.silent {
					again()
					standing(shop.Unproved, false)
					fresh = true
				} else {
					standing(shop.InService, true)
				}
				meanwhile = func() {
					meanwhile = func() {}
					if _, err := h.shop.Suspend(ctx, boss, o.ID, true, "Abuse."); err != nil {
						t.Error(err)
					}
				}
				again()
				standing(shop.Suspended, false)
				if _, err := h.shop.Suspend(ctx, boss, o.ID, false, ""); err != nil {
					t.Fatal(err)
				}
				h.clock.add(day)
				again()
				standing(c.after, c.rings)
			})
		})
	}
}
