package store_test

import (
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestANumberIsKeptOutOfENUM while its holder says so, also after a restart; it
// publishes nothing by that.
func TestANumberIsKeptOutOfENUM(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, clock := t.Context(), newClock()
		h := build(t, cfg, clock)
		ann, line := h.lineOf(t, "ann", "7000001")
		unlisted := func(h *house) bool {
			x, ok := h.roster.Numbers.Typed(line.Number.Canonical())
			if !ok || !x.Registered {
				t.Errorf("the number is gone: %+v", x)
			}
			return x.Unlisted
		}
		s := publish.New(h.db.Published(), h.members, h.roster, clock.now)
		if unlisted(h) {
			t.Error("it is kept out though nobody asked for it")
		}
		if _, err := s.Set(ctx, ann, line.ID, publish.Card{Unlisted: true}); err != nil || !unlisted(h) {
			t.Errorf("kept out: %v", err)
		}
		if c, err := s.Mine(ctx, ann, line.ID); err != nil || !c.Unlisted || !c.Empty() {
			t.Errorf("%+v %v", c, err)
		}
		in := registration(line.Order)
		in.Offices, in.Name = nil, "Ann B."
		if m, err := h.members.ChangeMembership(ctx, ann, line.ID, in); err != nil || !m.Unlisted || !unlisted(h) {
			t.Errorf("after another change of the line: %+v %v", m, err)
		}
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		h = build(t, cfg, clock)
		if !unlisted(h) {
			t.Error("after a restart it is listed")
		}
		s = publish.New(h.db.Published(), h.members, h.roster, clock.now)
		if _, err := s.Set(ctx, ann, line.ID, publish.Card{Name: "Ann"}); err != nil || unlisted(h) {
			t.Errorf("listed again: %v", err)
		}
	})
}

// TestTheFormIsNoRelay: what strangers write goes to the confirmed address of the
// account, not to the one that a number was registered with, and to nobody while
// there is none.
func TestTheFormIsNoRelay(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, line := h.lineOf(t, "ann", "7000001")
		strict := h.strict()
		s := publish.New(h.db.Published(), strict, h.roster, h.clock.now)
		if _, err := s.Set(ctx, ann, line.ID, publish.Card{Name: "Ann", Form: true}); fault.KindOf(err) != fault.Invalid || len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "form" {
			t.Errorf("a form before the address is confirmed: %v", err)
		}
		if err := h.db.Published().SetCard(ctx, line.ID, publish.Card{Name: "Ann", Form: true}); err != nil { // from before
			t.Fatal(err)
		}
		m := publish.Message{From: "eve@example.org", Text: "Buy this", Source: "192.0.2.0/24"}
		if c, err := s.Of(ctx, line.ID); err != nil || c.Form || c.Name != "Ann" {
			t.Errorf("the page shows %+v %v", c, err)
		}
		if err := s.Write(ctx, line.ID, m); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a letter to an address that nobody confirmed: %v", err)
		}
		in := registration(line.Order)
		in.Offices, in.Email = nil, "victim@example.net"
		if _, err := h.members.ChangeMembership(ctx, ann, line.ID, in); err != nil {
			t.Fatal(err)
		}
		h.mail(t)
		if err := strict.Resend(ctx, ann); err != nil {
			t.Fatal(err)
		}
		if err := strict.Confirm(ctx, tokenOf(t, h.mail(t)[0])); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Set(ctx, ann, line.ID, publish.Card{Form: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(ctx, line.ID, m); err != nil {
			t.Fatal(err)
		}
		if list := h.mail(t); len(list) != 1 || list[0].To != "ann@example.com" || list[0].Kind != "message" {
			t.Errorf("letters: %+v", list)
		}
		if _, err := s.Of(ctx, "mem_none"); err != nil {
			t.Errorf("a number of nobody: %v", err)
		}
	})
}
