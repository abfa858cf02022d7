package store_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"slices"
	"testing"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

func TestARegistrationIsChanged(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		proved := map[string]bool{}
		dir := center.NewDirectory(h.policy.Plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}, {ID: "US", Countries: []string{"US"}}})
		h.shop = shop.New(h.db.Shop(), h.book, h.policy, h.roster, h.clock.now)
		h.members = member.New(h.db.Members(), h.book, h.roster, member.Config{Plans: h.policy.Plans, Centers: func() *center.Directory { return dir }, Realm: "test",
			Gift: money.Of("USD", 50, 0), Cost: member.Cost{Time: 1, Memory: 64}, Now: h.clock.now,
			Proved: func(_ context.Context, account, e164 string, p member.Purpose) bool {
				return proved[account+e164+string(p)]
			}})
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550100", Countries: []string{"US"}})
		m, first, err := h.members.Register(ctx, ann, registration(o.ID))
		if err != nil {
			t.Fatal(err)
		}
		if own := m.Own(); len(own) != 3 || own[0].Proved || own[0].E164 != "+821012345678" || own[1].E164 != "+13125550199" || own[2].E164 != "" {
			t.Errorf("%+v", own)
		}
		proved[ann.Account+"+821012345678contact"], proved[bob.Account+"+13125550199other_voip"] = true, true
		if m, err = h.members.NumbersProved(ctx, ann, m.ID); err != nil || !slices.Equal(m.Proved, []string{"+821012345678"}) {
			t.Errorf("%v %v", m.Proved, err)
		}
		clear(proved) // a proof for an order is short; what was proved here stays
		in := registration(o.ID)
		in.Name, in.Languages, in.OtherVoIP = "Ann & Co", []string{"en"}, []string{"+1 312 555 0199"}
		in.Offices = []member.Office{{Country: "KR", City: "Busan", Languages: []string{"ko"}, TimeZone: "Asia/Seoul"}, {Country: "US", City: "Chicago", TimeZone: "America/Chicago"}}
		if _, err := h.members.ChangeMembership(ctx, bob, m.ID, in); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		changed, err := h.members.ChangeMembership(ctx, ann, m.ID, in)
		if err != nil || changed.Number != m.Number || !slices.Equal(changed.Proved, []string{"+821012345678"}) {
			t.Fatalf("%+v %v", changed, err)
		}
		if got, err := h.members.Membership(ctx, ann, m.ID); err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", changed) {
			t.Errorf("stored %+v\nwant   %+v (%v)", got, changed, err)
		}
		if c, _ := h.roster.Devices.Get(first.Device.SIPUser); c.Name != "Ann & Co" || c.Shown == "" {
			t.Errorf("telephones still show %+v", c)
		}
		for range 2 { // and whoever calls from an access number; news of the sale changes nothing
			if x, _ := h.roster.Numbers.Typed("5550100#1"); x.CallsAs != "Ann & Co" {
				t.Errorf("its calls from elsewhere still show %+v", x)
			}
			if err := h.roster.Sold(ctx, o); err != nil {
				t.Fatal(err)
			}
		}
		in.ContactPSTN = "+82 10-9999-8888" // another number is proved anew
		if changed, err = h.members.ChangeMembership(ctx, ann, m.ID, in); err != nil || len(changed.Proved) != 0 {
			t.Errorf("%+v %v", changed.Proved, err)
		}
		in.Name, in.Offices[1].TimeZone, in.Offices[0].Country = "", "Mars/Base", "DE"
		if _, err := h.members.ChangeMembership(ctx, ann, m.ID, in); len(fieldsOf(err)) != 3 {
			t.Errorf("%v", fieldsOf(err))
		}
	})
}

func TestATelephoneGetsAnotherPassword(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		var dropped []string
		dir := center.NewDirectory(h.policy.Plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}})
		h.roster = roster.New(h.policy.Plans, func() *center.Directory { return dir }, nil, func(c member.Credential) { dropped = append(dropped, c.Device) })
		h.shop = shop.New(h.db.Shop(), h.book, h.policy, h.roster, h.clock.now)
		h.members = member.New(h.db.Members(), h.book, h.roster, member.Config{Plans: h.policy.Plans, Centers: func() *center.Directory { return dir }, Realm: "test",
			Gift: money.Of("USD", 50, 0), Cost: member.Cost{Time: 1, Memory: 64}, Now: h.clock.now})
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, kr("7002846"))
		_, first, err := h.members.Register(ctx, ann, registration(o.ID))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.members.NewPassword(ctx, bob, first.Device.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		fresh, err := h.members.NewPassword(ctx, ann, first.Device.ID)
		if err != nil || fresh.Password == first.Password || fresh.Device.SIPUser != first.Device.SIPUser {
			t.Fatalf("%+v %v", fresh, err)
		}
		want := md5.Sum([]byte(first.Device.SIPUser + ":test:" + fresh.Password))
		if c, ok := h.roster.Devices.Get(first.Device.SIPUser); !ok || c.MD5 != want || c.Home != "KR" {
			t.Errorf("%+v %v", c, ok)
		}
		if !slices.Equal(dropped, []string{first.Device.ID}) {
			t.Errorf("registrations with the old password stay: %v", dropped)
		}
		if err := h.members.RenameDevice(ctx, bob, first.Device.ID, "Mine"); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		if err := h.members.RenameDevice(ctx, ann, first.Device.ID, " Kitchen "); err != nil {
			t.Error(err)
		}
		if list, _ := h.members.Devices(ctx, ann, first.Device.Membership); len(list) != 1 || list[0].Name != "Kitchen" || list[0].Country != "KR" {
			t.Errorf("%+v", list)
		}
		if err := h.members.SetSound(ctx, bob, first.Device.ID, member.SoundSRTP); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		if err := h.members.SetSound(ctx, ann, first.Device.ID, "zrtp"); len(fieldsOf(err)) != 1 {
			t.Errorf("a protection that there is not: %v", err)
		}
		if err := h.members.SetSound(ctx, ann, first.Device.ID, member.SoundDTLS); err != nil {
			t.Error(err)
		}
		if list, _ := h.members.Devices(ctx, ann, first.Device.Membership); len(list) != 1 || list[0].Sound != member.SoundDTLS {
			t.Errorf("%+v", list)
		}
		if c, ok := h.roster.Devices.Get(first.Device.SIPUser); !ok || c.Sound != member.SoundDTLS || c.MD5 != want {
			t.Errorf("the centers know %+v", c)
		}
		if err := h.members.RevokeDevice(ctx, ann, first.Device.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.members.SetSound(ctx, ann, first.Device.ID, member.SoundPlain); fault.ReasonOf(err).Code != "device_revoked" {
			t.Errorf("a revoked one: %v", err)
		}
		if _, err := h.members.NewPassword(ctx, ann, first.Device.ID); fault.ReasonOf(err).Code != "device_revoked" {
			t.Errorf("a revoked one: %v", err)
		}
		if _, ok := h.roster.Devices.Get(first.Device.SIPUser); ok {
			t.Error("a revoked telephone is back")
		}
	})
}
