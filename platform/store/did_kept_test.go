package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestANumberWhoseCarrierBringsNoCalls: it is neither offered nor rented, nobody
// pays for it, and its renter is told; should the carrier come back, all goes on.
func TestANumberWhoseCarrierBringsNoCalls(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, _ := stocked(t, cfg)
		ann, line := h.lineOf(t, "ann", "7000001")
		open := true
		s := did.New(h.db.TelephoneNumbers(), h.book, did.Config{
			Plans: h.policy.Plans, Currency: "USD", Members: h.members, Publish: h.roster, Now: h.clock.now,
			Carrier: func(string) bool { return true }, Brings: func(id string) bool { return open && id == "seoul" }, Ours: func(string) bool { return false },
		})
		if _, err := s.Rent(ctx, ann, line.ID, did1); err != nil {
			t.Fatal(err)
		}
		open = false
		if list, err := s.OnOffer(ctx, "", "", 10); err != nil || len(list) != 0 {
			t.Errorf("offered: %+v %v", list, err)
		}
		if _, err := s.Rent(ctx, ann, line.ID, did2); code(err) != "telephone_number_unserved" {
			t.Errorf("rented: %v", err)
		}
		have := h.wallet(t, ann)
		letters := func() (out string) { // since it was last asked
			for _, l := range h.mail(t) {
				if l.Kind == "telephone_unserved" || l.Kind == "renewal_failed" || l.Kind == "number_quarantined" {
					out += l.Kind + " "
				}
			}
			return out
		}
		later := func(days int) did.Number {
			t.Helper()
			h.clock.add(time.Duration(days) * 24 * time.Hour)
			if _, err := s.Renew(ctx); err != nil {
				t.Fatal(err)
			}
			n, _, err := h.db.TelephoneNumbers().Number(ctx, did1)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		later(366)
		if n, came := later(3), letters(); n.State != did.Late || h.wallet(t, ann) != have || came != "telephone_unserved " {
			t.Errorf("%+v, %s of %s is left, letters: %s", n, h.wallet(t, ann), have, came)
		}
		open = true
		if n := later(1); n.State != did.Rented || have.Micros-h.wallet(t, ann).Micros != 12_000_000 {
			t.Errorf("the carrier is back: %+v, %s of %s is left", n, h.wallet(t, ann), have)
		}
		if list, err := s.OnOffer(ctx, "", "", 1); err != nil || len(list) != 1 || list[0].E164 != did2 {
			t.Errorf("offered again: %+v %v", list, err)
		}
		open = false
		later(365)
		if n, came := later(31), letters(); n.State != did.Resting || came != "telephone_unserved number_quarantined " {
			t.Errorf("%+v, letters: %s", n, came)
		}
		h.booksAreRight(t)
	})
}

// meddling changes a number just before somebody lets it go.
type meddling struct {
	did.Store
	times int
}

func (m *meddling) MoveNumber(ctx context.Context, was, now did.Number, l *did.Letter) (bool, error) {
	if now.State == did.Resting && m.times > 0 {
		m.times--
		paid := was
		paid.Until = was.Until.Add(365 * 24 * time.Hour)
		if moved, err := m.Store.MoveNumber(ctx, was, paid, nil); err != nil || !moved {
			return moved, err
		}
	}
	return m.Store.MoveNumber(ctx, was, now, l)
}

// TestANumberIsLetGoWhileItIsPaid: it rings no more, or its renter hears that it
// still does.
func TestANumberIsLetGoWhileItIsPaid(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, _ := stocked(t, cfg)
		ann, line := h.lineOf(t, "ann", "7000001")
		m := &meddling{Store: h.db.TelephoneNumbers()}
		s := did.New(m, h.book, did.Config{
			Plans: h.policy.Plans, Currency: "USD", Members: h.members, Publish: h.roster, Now: h.clock.now,
			Carrier: func(string) bool { return true }, Ours: func(string) bool { return false },
		})
		if _, err := s.Rent(ctx, ann, line.ID, did1); err != nil {
			t.Fatal(err)
		}
		m.times = 1000
		if err := s.LetGo(ctx, ann, line.ID, did1); fault.KindOf(err) != fault.Conflict || h.brings(did1) == "" {
			t.Errorf("changed again and again: %v", err)
		}
		m.times = 1
		if err := s.LetGo(ctx, ann, line.ID, did1); err != nil || h.brings(did1) != "" {
			t.Errorf("changed once: %v, it rings %q", err, h.brings(did1))
		}
	})
}

// TestAWorldNumberHasSoManyTelephoneNumbers: twenty, and those that rest are not
// counted; who asks twice is not told that somebody else was quicker.
func TestAWorldNumberHasSoManyTelephoneNumbers(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h, s := stocked(t, cfg)
		ann, line := h.lineOf(t, "ann", "7000001")
		text := ""
		for i := range 25 {
			text += fmt.Sprintf("+82 2 555 02%02d,,0,0\n", i)
		}
		var list []did.Number
		for _, x := range s.ReadList("seoul", text) {
			list = append(list, x.Number)
		}
		if err := s.Put(ctx, member.System(), "seoul", list); err != nil {
			t.Fatal(err)
		}
		for i, n := range list[:22] {
			if _, err := s.Rent(ctx, ann, line.ID, n.E164); err != nil {
				t.Fatalf("number %d: %v", i+1, err)
			}
			if i < 2 {
				if err := s.LetGo(ctx, ann, line.ID, n.E164); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := s.Rent(ctx, ann, line.ID, list[22].E164); code(err) != "too_many_telephone_numbers" {
			t.Errorf("the 21st: %v", err)
		}
		if err := s.LetGo(ctx, ann, line.ID, list[5].E164); err != nil {
			t.Fatal(err)
		}
		was, _, err := h.db.TelephoneNumbers().Number(ctx, list[22].E164)
		if err != nil {
			t.Fatal(err)
		}
		now := was // his first click
		now.State, now.Rental, now.Account, now.Membership, now.For, now.Until = did.Renting, "did_first", ann.Account, line.ID, line.Number, h.clock.now()
		if moved, err := h.db.TelephoneNumbers().MoveNumber(ctx, was, now, nil); err != nil || !moved {
			t.Fatal(moved, err)
		}
		if _, err := s.Rent(ctx, ann, line.ID, list[22].E164); code(err) != "paying" {
			t.Errorf("his second click: %v", err)
		}
		if _, err := s.Rent(ctx, ann, line.ID, list[23].E164); code(err) != "too_many_telephone_numbers" {
			t.Errorf("what is being rented counts too: %v", err)
		}
	})
}
