package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestContactsAreTheirHoldersAlone: they are kept, changed and forgotten by whose
// they are and by nobody else, up to as many as an account may have.
func TestContactsAreTheirHoldersAlone(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		s := contact.New(h.db.Contacts(), plans(t), func(context.Context, string) (string, error) { return "KR", nil }, h.clock.now)
		ada, bob := h.person(t, "ada"), h.person(t, "bob")
		mum, err := s.Add(ctx, ada, " Mum ", "+49 30 901820")
		if err != nil || mum.Name != "Mum" {
			t.Fatalf("added %+v: %v", mum, err)
		}
		if _, err := s.Add(ctx, ada, "Bakery", "baker.example"); err != nil {
			t.Fatal(err)
		}
		long, err := s.Add(ctx, bob, strings.Repeat("엄", 100), "1") // letters are counted, not bytes
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(ctx, bob, long.ID); err != nil {
			t.Fatal(err)
		}
		for name, number := range map[string]string{"": "1", "x": "", strings.Repeat("x", 101): "1", "y": "1\x01"} {
			if _, err := s.Add(ctx, ada, name, number); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q %q: %v", name, number, err)
			}
		}
		for what, err := range map[string]error{"change": s.Change(ctx, bob, mum.ID, "Mine", "1"), "remove": s.Remove(ctx, bob, mum.ID)} {
			if fault.KindOf(err) != fault.Unknown {
				t.Errorf("another's: %s: %v", what, err)
			}
		}
		if err := s.Change(ctx, ada, mum.ID, "Zoe", "+49 30 901821"); err != nil {
			t.Fatal(err)
		}
		list, err := s.Of(ctx, ada)
		if err != nil || len(list) != 2 || list[0].Name != "Bakery" || list[1].Name != "Zoe" || list[1].Number != "+49 30 901821" || !list[1].Created.Equal(mum.Created) {
			t.Errorf("kept: %+v, %v", list, err)
		}
		if list, err := s.Of(ctx, bob); err != nil || len(list) != 0 {
			t.Errorf("bob sees %v, %v", list, err)
		}
		if ok, err := h.db.Contacts().AddContact(ctx, contact.Contact{ID: "con_x", Account: ada.Account, Name: "x", Number: "1", Created: h.clock.now()}, 2); err != nil || ok {
			t.Errorf("a third of two: %v, %v", ok, err)
		}
		if err := s.Remove(ctx, ada, mum.ID); err != nil {
			t.Error(err)
		}
		if list, _ := s.Of(ctx, ada); len(list) != 1 {
			t.Errorf("left: %v", list)
		}
	})
}
