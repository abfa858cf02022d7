package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

func (h *house) dids() *did.Service {
	return did.New(h.db.TelephoneNumbers(), h.book, did.Config{
		Plans: h.policy.Plans, Currency: "USD", URL: "https://callisto.example", Members: h.members, Publish: h.roster, Now: h.clock.now,
		Carrier: func(id string) bool { return id == "seoul" }, Ours: func(e164 string) bool { _, ours := h.roster.Numbers.Twin(e164[1:]); return ours },
	})
}

const did1, did2 = "+8225550111", "+8225550112"

// stocked is a house with two telephone numbers in stock.
func stocked(t *testing.T, cfg store.Config) (*house, *did.Service) {
	t.Helper()
	h := build(t, cfg, newClock())
	s := h.dids()
	list := []did.Number{}
	for _, x := range s.ReadList("seoul", "number,area,setup,yearly\n+82 2 555 0111,Seoul,5,12.00\n+82 2 555 0112,Seoul,0,0\n") {
		if x.Fault != "" {
			t.Fatalf("row %d: %s", x.Row, x.Fault)
		}
		list = append(list, x.Number)
	}
	if err := s.Put(t.Context(), member.System(), "seoul", list); err != nil {
		t.Fatal(err)
	}
	return h, s
}

// lineOf is a person with a registered number.
func (h *house) lineOf(t *testing.T, name, national string) (member.Actor, member.Membership) {
	t.Helper()
	who := h.person(t, name)
	o := h.buy(t, who, shop.Request{Kind: numbering.Individual, Country: "KR", National: national})
	in := registration(o.ID)
	in.Offices = nil
	m, _, err := h.members.Register(context.Background(), who, in)
	if err != nil {
		t.Fatal(err)
	}
	return who, m
}

// brings is the world number a telephone number rings.
func (h *house) brings(e164 string) string {
	l, ok := h.roster.Line(e164[1:])
	if !ok || l.Number.Zero() {
		return ""
	}
	return l.Number.Canonical()
}

// TestATelephoneNumberIsRented: by one of a hundred who ask at once, who pays
// once; it rings him at once, also after a restart.
func TestATelephoneNumberIsRented(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, s := stocked(t, cfg)
		ann, annLine := h.lineOf(t, "ann", "7000001")
		bob, bobLine := h.lineOf(t, "bob", "7000002")
		before := h.wallet(t, ann).Micros + h.wallet(t, bob).Micros
		var wins atomic.Int32
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				who, line := ann, annLine
				if i%2 == 1 {
					who, line = bob, bobLine
				}
				n, err := s.Rent(context.Background(), who, line.ID, did1)
				if err == nil && n.State == did.Rented {
					wins.Add(1)
				} else if fault.KindOf(err) != fault.Conflict {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if paid := before - h.wallet(t, ann).Micros - h.wallet(t, bob).Micros; paid != 17_000_000 || wins.Load() == 0 {
			t.Errorf("%d was paid, and %d were told it is theirs", paid, wins.Load())
		}
		n, _, err := h.db.TelephoneNumbers().Number(ctx, did1)
		if err != nil || h.brings(did1) == "" || h.brings(did1) != n.For.Canonical() {
			t.Errorf("it rings %q: %+v %v", h.brings(did1), n, err)
		}
		if err := s.Remove(ctx, member.System(), did1); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a rented number is taken out of the stock: %v", err)
		}
		if err := s.Put(ctx, ann, "seoul", nil); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member fills the stock: %v", err)
		}
		h.booksAreRight(t)
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		if again := build(t, cfg, h.clock); again.brings(did1) != n.For.Canonical() {
			t.Errorf("after a restart it rings %q", again.brings(did1))
		}
	})
}

// TestATelephoneNumberIsPaidYearByYear: renewed while the wallet holds enough,
// then kept for 30 days, then let go; its last renter may have it back for 90
// days, and after them anybody.
func TestATelephoneNumberIsPaidYearByYear(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, s := stocked(t, cfg)
		ann, line := h.lineOf(t, "ann", "7000001")
		bob, bobLine := h.lineOf(t, "bob", "7000002")
		if _, err := s.Rent(ctx, ann, line.ID, did1); err != nil {
			t.Fatal(err)
		}
		later := func(days int) {
			t.Helper()
			h.clock.add(time.Duration(days) * 24 * time.Hour)
			for range 2 { // the second time changes nothing
				if _, err := s.Renew(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		have := h.wallet(t, ann)
		later(340)
		later(26)
		if got := h.wallet(t, ann); have.Micros-got.Micros != 12_000_000 || h.brings(did1) == "" {
			t.Errorf("after a year %s of %s is left", got, have)
		}
		rest := h.wallet(t, ann)
		h.give(t, ann, money.Amount{Currency: "USD", Micros: 1_000_000 - rest.Micros}) // he spends it
		later(365)
		if n, _, _ := h.db.TelephoneNumbers().Number(ctx, did1); n.State != did.Late || h.brings(did1) == "" {
			t.Errorf("unpaid it is %+v", n)
		}
		later(31)
		if h.brings(did1) != "" {
			t.Error("it still rings")
		}
		kinds := ""
		for _, l := range h.mail(t) {
			kinds += l.Kind + " "
		}
		if strings.Count(kinds, "renewal_due") != 1 || strings.Count(kinds, "renewal_failed") != 1 || strings.Count(kinds, "number_quarantined") != 1 {
			t.Errorf("letters: %s", kinds)
		}
		if _, err := s.Rent(ctx, bob, bobLine.ID, did1); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another rents it while it rests: %v", err)
		}
		resting, _, err := h.db.TelephoneNumbers().Number(ctx, did1)
		if err != nil || resting.State != did.Resting || resting.Account != ann.Account {
			t.Errorf("it rests as %+v %v", resting, err)
		}
		if _, err := s.Rent(ctx, ann, line.ID, did1); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("its last renter has no money: %v", err)
		}
		if n, _, _ := h.db.TelephoneNumbers().Number(ctx, did1); n != resting {
			t.Errorf("it was not paid, and stands as %+v, not as %+v", n, resting)
		}
		if _, err := s.Rent(ctx, bob, bobLine.ID, did1); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another rents it after its last renter could not: %v", err)
		}
		back := resting // and a take-back that was interrupted
		back.State, back.Rental, back.Until, back.Told = did.Renting, "did_stopped", h.clock.now().UTC(), 90
		if moved, err := h.db.TelephoneNumbers().MoveNumber(ctx, resting, back, nil); err != nil || !moved {
			t.Fatal(moved, err)
		}
		later(1)
		if n, _, _ := h.db.TelephoneNumbers().Number(ctx, did1); n.State != did.Resting || n.Account != ann.Account || !n.Until.After(h.clock.now()) {
			t.Errorf("a take-back that was interrupted and not paid: %+v", n)
		}
		later(91)
		if _, err := s.Rent(ctx, bob, bobLine.ID, did1); err != nil || h.brings(did1) != bobLine.Number.Canonical() {
			t.Errorf("after its rest: %v", err)
		}
		h.booksAreRight(t)
	})
}

// TestATelephoneNumberIsLetGo: by its renter alone; it does not ring
// the next holder of his world number, and what was interrupted is finished.
func TestATelephoneNumberIsLetGo(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, s := stocked(t, cfg)
		ann, line := h.lineOf(t, "ann", "7000001")
		bob, _ := h.lineOf(t, "bob", "7000002")
		if _, err := s.Rent(ctx, ann, line.ID, did2); err != nil {
			t.Fatal(err)
		}
		if !s.Rings(ctx, line, did2) {
			t.Error("it does not ring him")
		}
		if err := s.LetGo(ctx, bob, line.ID, did2); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		if err := s.LetGo(ctx, ann, line.ID, did2); err != nil || h.brings(did2) != "" || s.Rings(ctx, line, did2) {
			t.Errorf("let go: %v, it rings %q", err, h.brings(did2))
		}
		if _, err := s.Rent(ctx, ann, line.ID, did2); err != nil || h.brings(did2) == "" {
			t.Errorf("taken back: %v", err)
		}
		if _, err := h.shop.GiveUp(ctx, ann, line.Order); err != nil {
			t.Fatal(err)
		}
		if h.brings(did2) != "" {
			t.Error("it rings for a number that was given up")
		}
		was, _, err := h.db.TelephoneNumbers().Number(ctx, did1)
		if err != nil {
			t.Fatal(err)
		}
		now := was // a rent that stopped before it was paid
		now.State, now.Rental, now.Account, now.Membership, now.For, now.Until = did.Renting, "did_stopped", bob.Account, "mem_x", line.Number, h.clock.now()
		if moved, err := h.db.TelephoneNumbers().MoveNumber(ctx, was, now, nil); err != nil || !moved {
			t.Fatal(moved, err)
		}
		h.clock.add(2 * time.Minute)
		if _, err := s.Renew(ctx); err != nil {
			t.Fatal(err)
		}
		if n, _, _ := h.db.TelephoneNumbers().Number(ctx, did1); n.State != did.Rented {
			t.Errorf("what was interrupted is %+v", n)
		}
		h.booksAreRight(t)
	})
}

// tenth is a tax of 10 %.
type tenth struct{}

func (tenth) TaxOn(_ context.Context, _ string, _ numbering.Kind, net money.Amount) (shop.Tax, error) {
	return shop.Tax{Name: "VAT", Rate: 100_000, Micros: net.Micros / 10, Country: "KR"}, nil
}

// TestATelephoneNumberHasAnInvoiceEachYear: one for each price that was taken,
// with its tax, and a letter that says so.
func TestATelephoneNumberHasAnInvoiceEachYear(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, _ := stocked(t, cfg)
		s := did.New(h.db.TelephoneNumbers(), h.book, did.Config{
			Plans: h.policy.Plans, Currency: "USD", URL: "https://callisto.example", Taxes: tenth{}, Members: h.members, Publish: h.roster, Now: h.clock.now,
			Carrier: func(string) bool { return true }, Ours: func(string) bool { return false },
		})
		ann, line := h.lineOf(t, "ann", "7000001")
		office := h.office()
		papers := func() []paper.Paper {
			t.Helper()
			for range 2 { // the second time writes nothing
				if err := office.Resume(ctx); err != nil {
					t.Fatal(err)
				}
			}
			list, _, err := office.Papers(ctx, ann, ann.Account, "", 50)
			if err != nil {
				t.Fatal(err)
			}
			return slices.DeleteFunc(list, func(p paper.Paper) bool { return p.Data.Telephone == "" })
		}
		for _, e164 := range []string{did1, did2} { // the second is free
			if _, err := s.Rent(ctx, ann, line.ID, e164); err != nil {
				t.Fatal(err)
			}
		}
		h.mail(t)
		list := papers()
		if len(list) != 1 {
			t.Fatalf("invoices: %+v", list)
		}
		d := list[0].Data
		if d.Telephone != "+82 2 555 0111" || d.World != line.Number.Display() || d.Method != "wallet" || !d.Paid.Equal(h.clock.now()) || d.Buyer.Email != "ann@example.com" ||
			d.Net.Micros != 17_000_000 || d.Tax != (paper.Tax{Name: "VAT", Rate: 100_000, Amount: money.Amount{Currency: "USD", Micros: 1_700_000}}) || d.Total.Micros != 18_700_000 ||
			len(d.Lines) != 2 || d.Lines[0] != (paper.Line{What: "setup", Kind: "telephone", Amount: money.Of("USD", 5, 0)}) || d.Lines[1].Amount != money.Of("USD", 12, 0) {
			t.Errorf("%+v", d)
		}
		var told bool
		for _, l := range h.mail(t) {
			told = told || l.Kind == "rent_receipt" && l.Fields["paper"] == list[0].Number && l.Fields["number"] == d.Telephone && strings.HasSuffix(l.Fields["link"], "/invoices/"+list[0].Number)
		}
		if !told {
			t.Error("no letter says so")
		}
		if _, err := office.Paper(ctx, h.person(t, "bob"), list[0].Number); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		h.give(t, ann, money.Of("USD", 50, 0))
		h.clock.add(366 * 24 * time.Hour)
		for range 2 {
			if _, err := s.Renew(ctx); err != nil {
				t.Fatal(err)
			}
		}
		list = papers()
		if len(list) != 2 || list[0].Period == list[1].Period || list[0].Data.Total.Micros != 13_200_000 || len(list[0].Data.Lines) != 1 || list[0].Data.Lines[0].What != "yearly" {
			t.Errorf("after a year: %+v", list)
		}
		h.booksAreRight(t)
	})
}

// midway has something happen before each price is booked, and before each
// number changes.
type midway struct {
	did.Store
	did.Book

	paying func()
	moving func(now did.Number)
}

func (m midway) PayFromWallet(ctx context.Context, x ledger.Sale) error {
	m.paying()
	return m.Book.PayFromWallet(ctx, x)
}

func (m midway) MoveNumber(ctx context.Context, was, now did.Number, l *did.Letter) (bool, error) {
	m.moving(now)
	return m.Store.MoveNumber(ctx, was, now, l)
}

// TestWhatIsBeingRentedGoesWithItsAccount: wherever the rent is when the account
// closes, the number is not rented afterwards.
func TestWhatIsBeingRentedGoesWithItsAccount(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, s := stocked(t, cfg)
		state := func(e164 string) did.State {
			t.Helper()
			n, _, err := h.db.TelephoneNumbers().Number(ctx, e164)
			if err != nil {
				t.Fatal(err)
			}
			return n.State
		}
		erase := func(who member.Actor) {
			t.Helper()
			if err := h.db.Members().Do(ctx, func(tx member.Tx) error { return tx.EraseAccount(ctx, who.Account, h.clock.now()) }); err != nil {
				t.Error(err)
			}
		}
		halfway := func(m midway) *did.Service {
			return did.New(m, m, did.Config{
				Plans: h.policy.Plans, Currency: "USD", Members: h.members, Publish: h.roster, Now: h.clock.now,
				Carrier: func(string) bool { return true }, Ours: func(string) bool { return false },
			})
		}

		ann, line := h.lineOf(t, "ann", "7000001")
		was, _, err := h.db.TelephoneNumbers().Number(ctx, did1)
		if err != nil {
			t.Fatal(err)
		}
		stopped := was // a rent that stopped before it was paid
		stopped.State, stopped.Rental, stopped.Account, stopped.Membership, stopped.For, stopped.Until = did.Renting, "did_stopped", ann.Account, line.ID, line.Number, h.clock.now()
		if moved, err := h.db.TelephoneNumbers().MoveNumber(ctx, was, stopped, nil); err != nil || !moved {
			t.Fatal(moved, err)
		}
		if left, err := s.Rented(ctx, ann.Account); err != nil || len(left) != 1 {
			t.Errorf("what would be lost: %+v %v", left, err)
		}
		if err := s.LetAllGo(ctx, ann.Account); err != nil {
			t.Fatal(err)
		}
		h.clock.add(2 * time.Minute)
		if _, err := s.Renew(ctx); err != nil || state(did1) != did.Resting || h.brings(did1) != "" {
			t.Errorf("interrupted before it was paid: %v, %s, it rings %q", err, state(did1), h.brings(did1))
		}
		h.clock.add(91 * 24 * time.Hour)
		if _, err := s.Renew(ctx); err != nil || state(did1) != did.Free {
			t.Errorf("after its rest: %v, %s", err, state(did1))
		}

		bob, line := h.lineOf(t, "bob", "7000002")
		inTheMiddle := halfway(midway{Store: h.db.TelephoneNumbers(), Book: h.book, moving: func(did.Number) {}, paying: func() {
			if err := s.LetAllGo(ctx, bob.Account); err != nil {
				t.Error(err)
			}
		}})
		if _, err := inTheMiddle.Rent(ctx, bob, line.ID, did1); fault.KindOf(err) != fault.Conflict || state(did1) != did.Resting || h.brings(did1) != "" {
			t.Errorf("while it is paid: %v, %s, it rings %q", err, state(did1), h.brings(did1))
		}
		office := h.office()
		if err := office.Resume(ctx); err != nil {
			t.Error(err)
		}
		if list, _, err := office.Papers(ctx, bob, bob.Account, "", 10); err != nil || !slices.ContainsFunc(list, func(p paper.Paper) bool { return p.Data.Telephone == "+82 2 555 0111" }) {
			t.Errorf("what was paid has no invoice: %+v %v", list, err)
		}

		eve, line := h.lineOf(t, "eve", "7000003")
		atOnce := halfway(midway{Store: h.db.TelephoneNumbers(), Book: h.book, paying: func() {}, moving: func(now did.Number) {
			if now.State == did.Renting {
				erase(eve)
			}
		}})
		if _, err := atOnce.Rent(ctx, eve, line.ID, did2); fault.KindOf(err) != fault.Conflict || state(did2) != did.Free || h.brings(did2) != "" {
			t.Errorf("just before: %v, %s, it rings %q", err, state(did2), h.brings(did2))
		}

		kim, line := h.lineOf(t, "kim", "7000005")
		erased := halfway(midway{Store: h.db.TelephoneNumbers(), Book: h.book, paying: func() {}, moving: func(now did.Number) {
			if now.State == did.Rented {
				erase(kim)
			}
		}})
		if _, err := erased.Rent(ctx, kim, line.ID, did2); err == nil || state(did2) != did.Resting {
			t.Errorf("erased while it is paid: %v, %s", err, state(did2))
		}
		h.clock.add(91 * 24 * time.Hour)
		if _, err := s.Renew(ctx); err != nil || state(did2) != did.Free {
			t.Errorf("after its rest: %v, %s", err, state(did2))
		}

		lee, line := h.lineOf(t, "lee", "7000004")
		var once sync.Once
		late := halfway(midway{Store: h.db.TelephoneNumbers(), Book: h.book, paying: func() {}, moving: func(now did.Number) {
			if now.State == did.Resting { // it is paid meanwhile
				once.Do(func() {
					if _, err := s.Renew(ctx); err != nil {
						t.Error(err)
					}
				})
			}
		}})
		stopped.Account, stopped.Membership, stopped.For, stopped.E164, stopped.Until = lee.Account, line.ID, line.Number, did2, h.clock.now().Add(-2*time.Minute)
		was, _, err = h.db.TelephoneNumbers().Number(ctx, did2)
		if err != nil {
			t.Fatal(err)
		}
		if moved, err := h.db.TelephoneNumbers().MoveNumber(ctx, was, stopped, nil); err != nil || !moved {
			t.Fatal(moved, err)
		}
		if err := late.LetAllGo(ctx, lee.Account); err != nil || state(did2) != did.Resting || h.brings(did2) != "" {
			t.Errorf("paid while it is let go: %v, %s, it rings %q", err, state(did2), h.brings(did2))
		}
		h.booksAreRight(t)
	})
}

// TestNoMoreTelephoneNumbersAtOnceThanOneByOne: a world number has twenty of them,
// free ones too, however many are asked for at once.
func TestNoMoreTelephoneNumbersAtOnceThanOneByOne(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h, s := stocked(t, cfg)
		who, m := h.lineOf(t, "minji", "7012345")
		text := ""
		for i := range 40 {
			text += fmt.Sprintf("+822555%04d,Seoul,0,0\n", 200+i)
		}
		list := []did.Number{}
		for _, x := range s.ReadList("seoul", text) {
			list = append(list, x.Number)
		}
		if err := s.Put(t.Context(), member.System(), "seoul", list); err != nil {
			t.Fatal(err)
		}
		held := func() int {
			all, err := s.Rented(t.Context(), who.Account)
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		var wg sync.WaitGroup
		for i := range list {
			wg.Go(func() {
				if _, err := s.Rent(t.Context(), who, m.ID, list[i].E164); err != nil && code(err) != "too_many_telephone_numbers" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := held(); n > 20 {
			t.Errorf("at once he has %d", n)
		}
		for i := range list {
			_, _ = s.Rent(t.Context(), who, m.ID, list[i].E164)
		}
		if n := held(); n != 20 {
			t.Errorf("one by one he has %d", n)
		}
		if free, err := s.OnOffer(t.Context(), "KR", "", 100); err != nil || len(free) != 22 {
			t.Errorf("%d are left: %v", len(free), err)
		}
	})
}

// TestAListOfTelephoneNumbersIsReadAsItStands: an empty cell stays one, so that
// no price slips into the place of another.
func TestAListOfTelephoneNumbersIsReadAsItStands(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		_, s := stocked(t, cfg)
		for list, want := range map[string]did.Number{
			"+8225550175,,5,60":                  {Setup: 5_000_000, Yearly: 60_000_000},
			"+8225550175;Seoul, Korea;5;60.50":   {Area: "Seoul, Korea", Setup: 5_000_000, Yearly: 60_500_000},
			"+8225550175;Seoul;5,50;1.200,00":    {Area: "Seoul", Setup: 5_500_000, Yearly: 1_200_000_000},
			"+8225550175\t\t0\t60\r\n":           {Yearly: 60_000_000},
			`+8225550175, "Seoul, Korea", 5, 60`: {Area: "Seoul, Korea", Setup: 5_000_000, Yearly: 60_000_000},
		} {
			want.E164, want.Carrier, want.Country = "+8225550175", "seoul", "KR"
			if got := s.ReadList("seoul", list); len(got) != 1 || got[0].Fault != "" || got[0].Number != want {
				t.Errorf("%q is read as %+v", list, got)
			}
		}
		for _, list := range []string{
			"+8225550175", "+8225550175,Seoul", "+8225550175,Seoul,5", "+8225550175,Seoul,5,", "+8225550175,Seoul,,60", "+8225550175,Seoul,5,60,7",
			"+8225550175;Seoul;5,500;60", "+8225550175;" + strings.Repeat("서", 61) + ";5;60", `+8225550175,"Seoul,5,60`, "+8225550174;;5;60\n+8225550175,Seoul,5,60",
		} {
			if got := s.ReadList("seoul", list); got[len(got)-1].Fault == "" {
				t.Errorf("%q is taken as %+v", list, got)
			}
		}
	})
}

// TestATelephoneNumberThatWasSoldIsNotFreed: a number is either rented out or
// its holder's own.
func TestATelephoneNumberThatWasSoldIsNotFreed(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, _ := stocked(t, cfg)
		ann, line := h.lineOf(t, "ann", "7000001")
		sold := ""
		s := did.New(h.db.TelephoneNumbers(), h.book, did.Config{
			Plans: h.policy.Plans, Currency: "USD", Members: h.members, Publish: h.roster, Now: h.clock.now,
			Carrier: func(string) bool { return true }, Ours: func(e164 string) bool { return e164 == sold },
		})
		if _, err := s.Rent(ctx, ann, line.ID, did1); err != nil {
			t.Fatal(err)
		}
		if there, err := s.Stocked(ctx, did1); err != nil || !there {
			t.Errorf("stocked: %v %v", there, err)
		}
		if there, err := s.Stocked(ctx, "+8225550199"); err != nil || there {
			t.Errorf("another is stocked: %v %v", there, err)
		}
		if err := s.LetGo(ctx, ann, line.ID, did1); err != nil {
			t.Fatal(err)
		}
		sold = did1
		h.clock.add(91 * 24 * time.Hour)
		if _, err := s.Renew(ctx); err != nil {
			t.Fatal(err)
		}
		if n, _, _ := h.db.TelephoneNumbers().Number(ctx, did1); n.State != did.Resting {
			t.Errorf("a number that was sold is %s", n.State)
		}
		if _, err := s.Rent(ctx, ann, line.ID, did1); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a number that was sold is rented: %v", err)
		}
	})
}
