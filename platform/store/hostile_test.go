package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestNobodyHoardsHolds has one account ask for more numbers than it may keep,
// all at once.
func TestNobodyHoardsHolds(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		eve := h.person(t, "eve")
		var held, refused atomic.Int64
		var wg sync.WaitGroup
		first := make(chan string, shop.MostHolds+10)
		for i := range shop.MostHolds + 10 {
			wg.Go(func() {
				o, err := h.shop.Request(context.Background(), eve, kr(fmt.Sprintf("70084%02d", i)))
				switch {
				case err == nil && o.State == shop.Approved:
					held.Add(1)
					first <- o.ID
				case code(err) == "too_many_holds" && fault.KindOf(err) == fault.Limited:
					refused.Add(1)
				default:
					t.Errorf("%+v %v", o, err)
				}
			})
		}
		wg.Wait()
		if held.Load() != shop.MostHolds || refused.Load() != 10 {
			t.Errorf("%d held, %d refused", held.Load(), refused.Load())
		}
		if _, err := h.shop.Cancel(t.Context(), eve, <-first); err != nil {
			t.Fatal(err)
		}
		if o, err := h.shop.Request(t.Context(), eve, kr("7008777")); err != nil || o.State != shop.Approved {
			t.Errorf("after one was cancelled: %+v %v", o, err)
		}
		h.clock.add(shop.HoldFor)
		if o, err := h.shop.Request(t.Context(), eve, kr("7008778")); err != nil || o.State != shop.Approved {
			t.Errorf("after the holds were over: %+v %v", o, err)
		}
	})
}

// TestANumberOutOfServiceTakesNoTelephones: one added then would call with it.
func TestANumberOutOfServiceTakesNoTelephones(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		eve := h.person(t, "eve")
		used, fresh := h.buy(t, eve, kr("7002846")), h.buy(t, eve, kr("7002847"))
		m, _, err := h.members.Register(ctx, eve, registration(used.ID))
		if err != nil {
			t.Fatal(err)
		}
		try := func(why string) {
			t.Helper()
			if _, err := h.members.AddDevice(ctx, eve, m.ID, "Second", ""); code(err) != "not_in_service" {
				t.Errorf("%s: a telephone: %v", why, err)
			}
			if _, _, err := h.members.Register(ctx, eve, registration(fresh.ID)); code(err) != "not_in_service" {
				t.Errorf("%s: a registration: %v", why, err)
			}
			for _, user := range []string{"700284682-1", "700284682-2", "700284782-1"} {
				if _, ok := h.roster.Devices.Get(user); ok {
					t.Errorf("%s: %s may call", why, user)
				}
			}
		}
		for _, o := range []shop.Order{used, fresh} {
			if _, err := h.shop.Suspend(ctx, member.System(), o.ID, true, "A trademark dispute."); err != nil {
				t.Fatal(err)
			}
		}
		try("suspended")
		for _, o := range []shop.Order{used, fresh} {
			if _, err := h.shop.Suspend(ctx, member.System(), o.ID, false, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := h.shop.GiveUp(ctx, eve, o.ID); err != nil {
				t.Fatal(err)
			}
		}
		try("given up")
	})
}

// TestAKeyNeedsAProvedAddress: who opens an account with Ann's address has no
// way in left once she takes it by a new password.
func TestAKeyNeedsAProvedAddress(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		s := h.strict()
		if _, err := s.SignUp(ctx, member.SignUp{Name: "Not Ann", Email: "ann@example.com", Password: "correct horse", From: elsewhere}); err != nil {
			t.Fatal(err)
		}
		session, eve, err := s.SignIn(ctx, "ann@example.com", "correct horse", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.NewAPIKey(ctx, eve, eve.Account, "back door"); code(err) != "confirm_first" {
			t.Errorf("a key: %v", err)
		}
		if _, err := s.AddPasskey(ctx, eve, member.Passkey{Name: "back door", Credential: "x", Data: "{}"}); code(err) != "confirm_first" {
			t.Errorf("a passkey: %v", err)
		}
		h.mail(t)
		if err := s.Recover(ctx, "ann@example.com", elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := s.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Reset(ctx, tokenOf(t, h.mail(t)[0]), "hers alone"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Session(ctx, session.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("the session lives on: %v", err)
		}
		_, ann, err := s.SignIn(ctx, "ann@example.com", "hers alone", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.NewAPIKey(ctx, ann, ann.Account, "mine"); err != nil {
			t.Errorf("her own key: %v", err)
		}
	})
}

// TestOffersAreNoLettersToEverybody offers and takes back, again and again.
func TestOffersAreNoLettersToEverybody(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		eve := h.person(t, "eve")
		o := h.buy(t, eve, kr("7002846"))
		offer := func(i int) error {
			if _, err := h.shop.Offer(ctx, eve, o.ID, fmt.Sprintf("victim%d@example.com", i)); err != nil {
				return err
			}
			return h.shop.WithdrawOffer(ctx, eve, o.ID)
		}
		for i := range shop.MostOffers {
			if err := offer(i); err != nil {
				t.Fatal(err)
			}
		}
		if err := offer(99); code(err) != "too_many_offers" {
			t.Errorf("one more letter: %v", err)
		}
		h.clock.add(day)
		if err := offer(100); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

// TestATelephoneIsCalledForConfirmedMembersOnly: each call costs us.
func TestATelephoneIsCalledForConfirmedMembersOnly(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x := newProving(t, cfg)
		s := proof.New(x.db.Proofs(), proof.Config{Plans: plans(t), Carriers: x.board, Caller: x.board, Open: func(string) bool { return true }, Now: x.clock.now, May: x.strict().MayOrder})
		if _, err := s.Begin(t.Context(), x.minji, proof.Request{Number: "+8225551234", Purpose: proof.OwnPhone}); code(err) != "confirm_first" || len(x.board.calls) != 0 {
			t.Errorf("%v, %d calls", err, len(x.board.calls))
		}
	})
}

// TestANumberGivenOnRests: its taker paid nothing, and cannot have it sold to
// the next one at once.
func TestANumberGivenOnRests(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		ann, bob, eve := h.person(t, "ann"), h.person(t, "bob"), h.person(t, "eve")
		o := h.buy(t, ann, kr("7002846"))
		if _, err := h.shop.Offer(ctx, ann, o.ID, "bob@example.com"); err != nil {
			t.Fatal(err)
		}
		mine, err := h.shop.Accept(ctx, bob, "bob@example.com", h.letterLink(t, "transfer_offered"))
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]func() error{
			"the giver withdraws":  func() error { _, err := h.shop.Withdraw(ctx, ann, o.ID); return err },
			"the giver gives up":   func() error { _, err := h.shop.GiveUp(ctx, ann, o.ID); return err },
			"the giver takes back": func() error { _, err := h.shop.TakeBack(ctx, ann, o.ID); return err },
			"the operator refunds": func() error { _, err := h.shop.Refund(ctx, member.System(), o.ID, "asked"); return err },
			"the taker withdraws":  func() error { _, err := h.shop.Withdraw(ctx, bob, mine.ID); return err },
		} {
			if err := f(); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", name, err)
			}
		}
		if x, err := h.shop.GiveUp(ctx, bob, mine.ID); err != nil || x.Standing != shop.Quarantined {
			t.Errorf("%+v %v", x, err)
		}
		if x, err := h.shop.Request(ctx, eve, kr("7002846")); err != nil || x.State != shop.Rejected {
			t.Errorf("sold at once: %+v %v", x, err)
		}
		if a, b := h.wallet(t, ann), h.wallet(t, bob); a != money.Of("USD", 25, 0) || b != money.Of("USD", 50, 0) {
			t.Errorf("wallets %s and %s", a, b)
		}
		office := h.office()
		if p, err := office.ForOrder(ctx, ann, o.ID); err != nil || p.Data.Total != money.Of("USD", 25, 0) {
			t.Errorf("the giver's receipt: %+v %v", p, err)
		}
		if p, err := office.ForOrder(ctx, bob, mine.ID); code(err) != "no_receipt" {
			t.Errorf("a receipt of nothing: %+v %v", p, err)
		}
		h.booksAreRight(t)
	})
}

// TestPapersCannotBeGoneAround: neither by a number that somebody else bought
// nor by a company that grows into the country.
func TestPapersCannotBeGoneAround(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		ann := h.person(t, "ann")
		o := h.buy(t, ann, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550100"})
		c := h.shop.Catalogue()
		c.Papers = []shop.Paper{{ID: "reg", Country: "US", Kind: numbering.Company, Name: "Extract from the register"}}
		h.shop.Adopt(h.policy.Countries, c)
		if _, err := h.shop.SwitchOn(ctx, ann, o.ID, "US"); code(err) != "papers" {
			t.Errorf("switched on without papers: %v", err)
		}
		if _, err := h.shop.SwitchOn(ctx, ann, o.ID, "JP"); err != nil {
			t.Errorf("where none are asked for: %v", err)
		}
		if x, err := h.shop.SwitchOn(ctx, member.System(), o.ID, "US"); err != nil || len(x.Countries) != 2 {
			t.Errorf("the operator, who has seen them: %+v %v", x, err)
		}
		if _, err := h.shop.Offer(ctx, ann, o.ID, "bob@example.com"); code(err) != "papers" {
			t.Errorf("given on to whom nobody knows: %v", err)
		}
		if _, err := h.shop.Offer(ctx, member.System(), o.ID, "bob@example.com"); err != nil {
			t.Errorf("the operator, who knows: %v", err)
		}
	})
}

// late is news that comes after something else has happened.
type late struct {
	*roster.Roster
	before func()
}

func (l late) Device(ctx context.Context, c member.Credential) error {
	l.before()
	return l.Roster.Device(ctx, c)
}

func (l late) Registered(ctx context.Context, m member.Membership) error {
	l.before()
	return l.Roster.Registered(ctx, m)
}

// TestNoTelephoneStaysOnANumberGivenOn: the giver adds telephones while the
// taker accepts, so that news of them comes after the handover. They must
// neither call with the number nor push the taker's out.
func TestNoTelephoneStaysOnANumberGivenOn(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		eve, bob := h.person(t, "eve"), h.person(t, "bob")
		o := h.buy(t, eve, kr("7002846"))
		if _, err := h.shop.Offer(ctx, eve, o.ID, "bob@example.com"); err != nil {
			t.Fatal(err)
		}
		token := h.letterLink(t, "transfer_offered")
		var hers, his member.NewDevice
		over := sync.OnceFunc(func() {
			mine, err := h.shop.Accept(ctx, bob, "bob@example.com", token)
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := h.roster.Numbers.Typed("700284682"); v.Registered {
				t.Error("registered before he did")
			}
			if _, his, err = h.members.Register(ctx, bob, registration(mine.ID)); err != nil {
				t.Fatal(err)
			}
		})
		dir := center.NewDirectory(h.policy.Plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}})
		slow := member.New(h.db.Members(), h.book, late{h.roster, over}, member.Config{Plans: h.policy.Plans, Realm: "test", Cost: member.Cost{Time: 1, Memory: 64},
			Now: h.clock.now, Centers: func() *center.Directory { return dir }})
		m, hers, err := slow.Register(ctx, eve, registration(o.ID))
		if err != nil {
			t.Fatal(err)
		}
		c, ok := h.roster.Devices.Get(his.Device.SIPUser)
		if !ok || c.Account != bob.Account || c.Device != his.Device.ID {
			t.Errorf("the taker's telephone is %+v %v", c, ok)
		}
		if c, ok := h.roster.Devices.Get(hers.Device.SIPUser); ok && c.Account == eve.Account {
			t.Errorf("the giver still calls with it: %+v", c)
		}
		if v, _ := h.roster.Numbers.Typed("700284682"); v.Account != bob.Account || v.Membership == m.ID {
			t.Errorf("%+v", v)
		}
		gone := member.Credential{SIPUser: hers.Device.SIPUser, Device: hers.Device.ID, Account: eve.Account, Number: o.Number, Country: "KR", Revoked: true}
		if err := h.roster.Device(ctx, gone); err != nil {
			t.Fatal(err)
		}
		if _, ok := h.roster.Devices.Get(his.Device.SIPUser); !ok {
			t.Error("old news of the giver's telephone ended the taker's")
		}
	})
}

// TestTelephonesOfANumberAreCounted: one call rings them all.
func TestTelephonesOfANumberAreCounted(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		eve := h.person(t, "eve")
		m, first, err := h.members.Register(ctx, eve, registration(h.buy(t, eve, kr("7002846")).ID))
		if err != nil {
			t.Fatal(err)
		}
		for range member.MostDevices - 1 {
			if _, err := h.members.AddDevice(ctx, eve, m.ID, "another", ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.members.AddDevice(ctx, eve, m.ID, "one more", ""); code(err) != "too_many_devices" {
			t.Errorf("one more: %v", err)
		}
		if err := h.members.RevokeDevice(ctx, eve, first.Device.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.members.AddDevice(ctx, eve, m.ID, "in its place", ""); err != nil {
			t.Errorf("in place of another: %v", err)
		}
	})
}
