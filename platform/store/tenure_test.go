package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/seal"
	"github.com/callisto-tel/callisto/platform/store"
)

const day = 24 * time.Hour

// yearly is a house whose numbers cost 5.00 and 20.00 a year.
func yearly(t *testing.T, cfg store.Config) *house {
	t.Helper()
	h := build(t, cfg, newClock())
	c := h.policy.Catalogue
	c.Prices = []shop.PriceRule{{ID: "p", Setup: 5 * money.Micros, Yearly: 20 * money.Micros}}
	h.shop.Adopt(h.policy.Countries, c)
	return h
}

// later lets days go by, one at a time, as the clock of a house does.
func (h *house) later(t *testing.T, days int) {
	t.Helper()
	for range days {
		h.clock.add(day)
		if _, err := h.shop.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *house) rings(digits string) bool { _, ok := h.roster.Numbers.Typed(digits); return ok }

func TestANumberIsRenewedUntilTheMoneyEnds(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, kr("7002846")) // 25.00 of 50.00
		if _, _, err := h.members.Register(ctx, ann, registration(o.ID)); err != nil {
			t.Fatal(err)
		}
		state := func() shop.Order {
			t.Helper()
			o, err := h.shop.Order(ctx, ann, o.ID)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		h.later(t, 364)
		if got := h.steps(t, o.ID); len(got) != 10 || !slices.Equal(got[7:], []string{"renewal_due", "renewal_due", "renewal_due"}) {
			t.Errorf("%v", got)
		}
		h.later(t, 2)
		if o := state(); o.Standing != shop.InService || h.wallet(t, ann) != money.Of("USD", 5, 0) || !h.rings("700284682") {
			t.Errorf("%+v, wallet %s", o, h.wallet(t, ann))
		}
		office := h.office()
		if err := office.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		papers, _, err := office.Papers(ctx, ann, ann.Account, "", 10)
		if err != nil || len(papers) != 2 || papers[0].Period == "" || papers[0].Data.Total != money.Of("USD", 20, 0) || len(papers[0].Data.Lines) != 1 || papers[1].Period != "" {
			t.Errorf("invoices: %+v %v", papers, err)
		}
		h.later(t, 365) // 5.00 does not pay the next year
		if o := state(); o.Standing != shop.Grace || !h.rings("700284682") {
			t.Errorf("%+v", o)
		}
		h.later(t, 31)
		if o := state(); o.Standing != shop.Quarantined || h.rings("700284682") {
			t.Errorf("%+v", o)
		}
		if x, err := h.shop.Request(ctx, bob, kr("7002846")); err != nil || x.State != shop.Rejected || x.Reason.Code != "held" {
			t.Errorf("sold out of quarantine: %+v %v", x, err)
		}
		if _, err := h.shop.TakeBack(ctx, ann, o.ID); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("taken back for nothing: %v", err)
		}
		if err := h.book.OpenWallet(ctx, ann.Account, money.Of("USD", 50, 0)); err != nil {
			t.Fatal(err)
		}
		h.give(t, ann, money.Of("USD", 30, 0))
		back, err := h.shop.TakeBack(ctx, ann, o.ID)
		if err != nil || back.Standing != shop.InService || !h.rings("700284682") || h.wallet(t, ann) != money.Of("USD", 15, 0) {
			t.Errorf("%+v %v, wallet %s", back, err, h.wallet(t, ann))
		}
		if v, _ := h.roster.Numbers.Typed("700284682"); !v.Registered {
			t.Error("the registration did not come back")
		}
		if _, ok := h.roster.Devices.Get("700284682-1"); !ok {
			t.Error("the telephone did not come back")
		}
		if _, err := h.shop.GiveUp(ctx, bob, o.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger gave it up: %v", err)
		}
		if x, err := h.shop.GiveUp(ctx, ann, o.ID); err != nil || x.Standing != shop.Quarantined || h.rings("700284682") {
			t.Errorf("%+v %v", x, err)
		}
		h.later(t, 91)
		if o := state(); o.State != shop.Expired {
			t.Errorf("%+v", o)
		}
		if x, err := h.shop.Request(ctx, bob, kr("7002846")); err != nil || x.State != shop.Approved {
			t.Errorf("not free: %+v %v", x, err)
		}
		h.booksAreRight(t)
	})
}

// give credits a wallet.
func (h *house) give(t *testing.T, who member.Actor, a money.Amount) {
	t.Helper()
	if err := h.book.PayFee(t.Context(), "gift:"+h.clock.now().String(), ledger.Sale{Owner: who.Account, Order: "gift", Memo: "gift", Price: a.Neg()}); err != nil {
		t.Fatal(err)
	}
}

func TestASuspendedNumberIsSilentUntilItIsLetGo(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		ann := h.person(t, "ann")
		o := h.buy(t, ann, kr("7002846"))
		if _, err := h.shop.Suspend(ctx, ann, o.ID, true, "because"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the holder: %v", err)
		}
		if _, err := h.shop.Suspend(ctx, member.System(), o.ID, true, ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if x, err := h.shop.Suspend(ctx, member.System(), o.ID, true, "A trademark dispute."); err != nil || x.Standing != shop.Suspended || h.rings("700284682") {
			t.Errorf("%+v %v", x, err)
		}
		if _, err := h.shop.GiveUp(ctx, ann, o.ID); fault.ReasonOf(err).Code != "suspended" {
			t.Errorf("given up: %v", err)
		}
		if _, err := h.shop.Withdraw(ctx, ann, o.ID); fault.ReasonOf(err).Code != "suspended" {
			t.Errorf("withdrawn from, so that anybody may buy it: %v", err)
		}
		if until, err := h.shop.WithdrawUntil(ctx, ann, o.ID); err != nil || !until.IsZero() {
			t.Errorf("the page offers to withdraw: %v %v", until, err)
		}
		if _, err := h.shop.Offer(ctx, ann, o.ID, "bob@example.com"); fault.ReasonOf(err).Code != "not_in_service" {
			t.Errorf("given on: %v", err)
		}
		if x, err := h.shop.Suspend(ctx, member.System(), o.ID, false, ""); err != nil || x.Standing != shop.InService || !h.rings("700284682") {
			t.Errorf("%+v %v", x, err)
		}
		same(t, h.steps(t, o.ID)[7:], []string{"suspended", "resumed"})
	})
}

func TestANumberIsGivenOnOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := yearly(t, cfg)
		ann, bob, eve := h.person(t, "ann"), h.person(t, "bob"), h.person(t, "eve")
		o := h.buy(t, ann, kr("7002846"))
		if _, _, err := h.members.Register(ctx, ann, registration(o.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.Offer(ctx, eve, o.ID, "eve@example.com"); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger offered it: %v", err)
		}
		if _, err := h.shop.Offer(ctx, ann, o.ID, " Bob@Example.com "); err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.Offer(ctx, ann, o.ID, "eve@example.com"); fault.ReasonOf(err).Code != "offered" {
			t.Errorf("offered twice: %v", err)
		}
		token := h.letterLink(t, "transfer_offered")
		if _, _, err := h.shop.Offered(ctx, eve, "eve@example.com", token); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("another took it: %v", err)
		}
		var wg sync.WaitGroup
		won := make(chan shop.Order, 8)
		for range 8 {
			wg.Go(func() {
				x, err := h.shop.Accept(ctx, bob, "bob@example.com", token)
				if err == nil {
					won <- x
				} else if fault.KindOf(err) == fault.Internal {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("taken %d times", len(won))
		}
		mine := <-won
		if mine.State != shop.Sold || mine.Account != bob.Account || !mine.Until.Equal(o.Until) {
			t.Errorf("%+v", mine)
		}
		same(t, h.steps(t, mine.ID), []string{"requested", "approved", "selected", "settlement_requested", "paid", "sold"})
		if x, err := h.shop.Order(ctx, ann, o.ID); err != nil || x.State != shop.Cancelled {
			t.Errorf("%+v %v", x, err)
		}
		if v, ok := h.roster.Numbers.Typed("700284682"); !ok || v.Account != bob.Account || v.Registered {
			t.Errorf("%+v", v)
		}
		if _, ok := h.roster.Devices.Get("700284682-1"); ok {
			t.Error("the giver's telephone still registers")
		}
		if _, _, err := h.members.Register(ctx, bob, registration(mine.ID)); err != nil {
			t.Errorf("the new holder cannot register: %v", err)
		}
		if x, err := h.shop.Request(ctx, eve, kr("7002846")); err != nil || x.State != shop.Rejected {
			t.Errorf("sold twice: %+v %v", x, err)
		}
		if h.wallet(t, bob) != money.Of("USD", 50, 0) {
			t.Error("the taker paid")
		}
		h.booksAreRight(t)
	})
}

func TestDocumentsOfAReview(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		c := h.policy.Catalogue
		c.Papers = []shop.Paper{{ID: "reg", Country: "KR", Kind: numbering.Company, Name: "Extract from the register"}}
		h.shop.Adopt(h.policy.Countries, c)
		key, err := seal.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		files := shop.NewFiles(h.shop, h.db.Documents(key), h.clock.now)
		ann, eve, boss := h.person(t, "ann"), h.person(t, "eve"), member.System()
		o, err := h.shop.Request(ctx, ann, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550199"})
		if err != nil || o.State != shop.InReview || o.Reason.Code != "papers" {
			t.Fatalf("%+v %v", o, err)
		}
		paper := []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n")
		d, err := files.Add(ctx, ann, o.ID, "reg", `C:\scans\..\register "2026".pdf`, paper)
		if err != nil || d.Name != "register 2026.pdf" || d.Type != "application/pdf" || d.Paper != "reg" {
			t.Fatalf("%+v %v", d, err)
		}
		for name, body := range map[string][]byte{"cut short": paper[:20], "a program": []byte("MZ\x90\x00 and more"), "a page": []byte("<html><script>"), "nothing": nil,
			"too large": append(slices.Clone(paper), make([]byte, shop.MostDocument)...)} {
			if _, err := files.Add(ctx, ann, o.ID, "reg", "x.pdf", body); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := files.Add(ctx, eve, o.ID, "", "x.pdf", paper); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger added a document: %v", err)
		}
		if _, _, err := files.Open(ctx, eve, d.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger read it: %v", err)
		}
		if _, body, err := files.Open(ctx, boss, d.ID); err != nil || string(body) != string(paper) {
			t.Errorf("%q %v", body, err)
		}
		var wg sync.WaitGroup
		full := make(chan struct{}, 20)
		for range 20 { // ten is the most, also at once
			wg.Go(func() {
				if _, err := files.Add(ctx, ann, o.ID, "", "more.pdf", paper); fault.KindOf(err) == fault.Limited && err != nil {
					full <- struct{}{}
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if list, err := files.List(ctx, ann, o.ID); err != nil || len(list) != 10 || len(full) != 11 {
			t.Errorf("%d documents, %d refused, %v", len(list), len(full), err)
		}
		if err := errors.Join(files.Note(ctx, boss, o.ID, "Called them; genuine."), files.Ask(ctx, boss, o.ID, "Please add page two.")); err != nil {
			t.Error(err)
		}
		if _, err := files.Notes(ctx, ann, o.ID); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the buyer read the notes: %v", err)
		}
		if n, err := files.Notes(ctx, boss, o.ID); err != nil || len(n) != 1 {
			t.Errorf("%v %v", n, err)
		}
		if _, err := h.shop.Review(ctx, boss, o.ID, false, "Another company's name."); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Add(ctx, ann, o.ID, "", "late.pdf", paper); fault.KindOf(err) != fault.Conflict {
			t.Errorf("after the decision: %v", err)
		}
		h.clock.add(91 * day)
		if n, err := files.Sweep(ctx); err != nil || n != 10 {
			t.Errorf("%d removed, %v", n, err)
		}
	})
}

func TestACompanySwitchesCountriesOnOneByOne(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550199"})
		r := registration(o.ID)
		m, _, err := h.members.Register(ctx, ann, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.shop.SwitchOn(ctx, bob, o.ID, "US"); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger: %v", err)
		}
		if h.rings("5550199#1") {
			t.Error("an office that was not opened rings")
		}
		if x, err := h.shop.SwitchOn(ctx, ann, o.ID, "US"); err != nil || !slices.Equal(x.Countries, []string{"US"}) || !h.rings("5550199#1") {
			t.Errorf("%+v %v", x, err)
		}
		if v, _ := h.roster.Numbers.Typed("5550199#1"); !v.Registered {
			t.Error("the office is not registered")
		}
		if _, err := h.members.AddDevice(ctx, ann, m.ID, "Chicago", "US"); err != nil {
			t.Errorf("no telephone for the new office: %v", err)
		}
		if _, err := h.shop.SwitchOn(ctx, ann, o.ID, "FR"); fault.ReasonOf(err).Code != "system_closed" {
			t.Errorf("a country without a center: %v", err)
		}
		if _, err := h.shop.SwitchOff(ctx, ann, o.ID, "KR"); fault.ReasonOf(err).Code != "home_office" {
			t.Errorf("the home office: %v", err)
		}
		if x, err := h.shop.SwitchOff(ctx, ann, o.ID, "US"); err != nil || len(x.Countries) != 0 || h.rings("5550199#1") || !h.rings("5550199#82") {
			t.Errorf("%+v %v", x, err)
		}
		if c, _ := h.roster.Numbers.Root("5550199"); len(c.Offices) != 1 {
			t.Errorf("%+v", c)
		}
		devices, err := h.members.Devices(ctx, ann, m.ID)
		if err != nil || len(devices) != 2 {
			t.Fatalf("%+v %v", devices, err)
		}
		for _, d := range devices {
			if d.Revoked.IsZero() == (d.Name == "Chicago") {
				t.Errorf("%+v", d)
			}
		}
		same(t, h.steps(t, o.ID)[7:], []string{"switched_on", "switched_off"})
	})
}

func TestAnOwnTelephoneIsProvedAgainEachYear(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		fresh := false // a proof of the last day
		policy := h.policy
		policy.Proved = func(context.Context, string, string, numbering.Kind) (bool, error) { return fresh, nil }
		h.shop = shop.New(h.db.Shop(), h.book, policy, h.roster, h.clock.now)
		ann := h.person(t, "ann")
		o := h.own(t, ann, "KR", "25551234")
		days := func(n int) {
			t.Helper()
			for range n {
				h.clock.add(day)
				if _, err := h.shop.ProveAgain(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		days(364)
		same(t, h.steps(t, o.ID)[7:], []string{"prove_again", "prove_again", "prove_again"})
		fresh = true
		days(1)
		fresh = false
		if x, err := h.shop.Order(ctx, ann, o.ID); err != nil || x.ProveBy.Before(h.clock.now().Add(360*day)) || !h.rings("2555123482") {
			t.Errorf("%+v %v", x, err)
		}
		if _, err := h.shop.AskProof(ctx, ann, o.ID, "x"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%v", err)
		}
		if _, err := h.shop.AskProof(ctx, member.System(), o.ID, "Somebody else says it is his."); err != nil {
			t.Fatal(err)
		}
		h.letterLink(t, "prove_again")
		days(8)
		if x, err := h.shop.Order(ctx, ann, o.ID); err != nil || x.Standing != shop.Unproved || h.rings("2555123482") {
			t.Errorf("%+v %v", x, err)
		}
		fresh = true
		days(1)
		if x, err := h.shop.Order(ctx, ann, o.ID); err != nil || x.Standing != shop.InService || !h.rings("2555123482") {
			t.Errorf("%+v %v", x, err)
		}
	})
}
