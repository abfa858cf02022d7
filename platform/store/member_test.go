package store_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

func registration(order string) member.Registration {
	return member.Registration{OrderID: order, ContactPSTN: "+82 10-1234-5678", OtherVoIP: []string{"+1 312 555 0199", "ann@voip.example"}, Name: "Ann Lee",
		Country: "KR", Languages: []string{"ko", "en-GB"}, Email: "Ann@Example.com", TimeZone: "Asia/Seoul"}
}

func TestAccounts(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		if h.wallet(t, ann) != money.Of("USD", 50, 0) {
			t.Error("no welcome credit")
		}
		_, err := h.members.SignUp(ctx, member.SignUp{Name: "Ann", Email: "ANN@example.com", Password: "another one"})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("the address twice: %v", err)
		}
		_, err = h.members.SignUp(ctx, member.SignUp{Email: "x", Password: "short", Country: "Atlantis", TimeZone: "Mars/Base"})
		if f, ok := errors.AsType[*fault.Error](err); !ok || len(f.Fields) != 5 {
			t.Errorf("fields: %+v", err)
		}
		_, _, unknown := h.members.SignIn(ctx, "nobody@example.com", "correct horse ann", member.Source{})
		_, _, wrong := h.members.SignIn(ctx, "ann@example.com", "wrong horse", member.Source{})
		if fault.KindOf(unknown) != fault.Unproven || unknown.Error() != wrong.Error() {
			t.Errorf("answers differ: %v, %v", unknown, wrong)
		}
		session, who, err := h.members.SignIn(ctx, " Ann@Example.com ", "correct horse ann", member.Source{})
		if err != nil || who.Account != ann.Account {
			t.Fatalf("%+v %v", who, err)
		}
		if who, err := h.members.Session(ctx, session.Token); err != nil || who.Account != ann.Account {
			t.Errorf("%+v %v", who, err)
		}
		h.clock.add(member.SessionLife)
		if _, err := h.members.Session(ctx, session.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("an old session: %v", err)
		}
		if session, _, err = h.members.SignIn(ctx, "ann@example.com", "correct horse ann", member.Source{}); err != nil {
			t.Fatal(err)
		}
		if err := h.members.SignOut(ctx, session.Token); err != nil {
			t.Error(err)
		}
		if _, err := h.members.Session(ctx, session.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("after signing out: %v", err)
		}
	})
}

// TestUnknownUsersTakeAsLong: who has no account must not be found out by the
// clock. The cost here dwarfs everything else a sign-in does.
func TestUnknownUsersTakeAsLong(t *testing.T) {
	h := build(t, cluster.SQLite(t), newClock())
	slow := member.New(h.db.Members(), h.book, h.roster, member.Config{Plans: h.policy.Plans, Gift: money.Of("USD", 50, 0), Cost: member.Cost{Time: 20, Memory: 4096}, Now: h.clock.now})
	if _, err := slow.SignUp(t.Context(), member.SignUp{Name: "Ann", Email: "ann@example.com", Password: "correct horse"}); err != nil {
		t.Fatal(err)
	}
	fastest := func(email string) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			if _, _, err := slow.SignIn(t.Context(), email, "wrong horse", member.Source{}); fault.KindOf(err) != fault.Unproven {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	known, unknown, nonsense := fastest("ann@example.com"), fastest("nobody@example.com"), fastest("no address")
	for _, other := range []time.Duration{unknown, nonsense} {
		if other < known/2 || other > known*2 {
			t.Errorf("known %v, unknown %v, no address %v", known, unknown, nonsense)
		}
	}
}

func TestAPIKeys(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		if _, _, err := h.members.NewAPIKey(ctx, bob, ann.Account, "x"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a key for somebody else: %v", err)
		}
		key, k, err := h.members.NewAPIKey(ctx, ann, ann.Account, "script")
		if err != nil || !strings.HasPrefix(key, "ck_") || !strings.HasPrefix(key, k.Prefix) {
			t.Fatalf("%q %+v %v", key, k, err)
		}
		if who, err := h.members.APIKey(ctx, key); err != nil || who.Account != ann.Account {
			t.Errorf("%+v %v", who, err)
		}
		for _, bad := range []string{"", "ck_", key + "x", strings.ToUpper(key)} {
			if _, err := h.members.APIKey(ctx, bad); fault.KindOf(err) != fault.Unproven {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if err := h.members.RevokeAPIKey(ctx, bob, k.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's key: %v", err)
		}
		if err := h.members.RevokeAPIKey(ctx, ann, k.ID); err != nil {
			t.Error(err)
		}
		if _, err := h.members.APIKey(ctx, key); fault.KindOf(err) != fault.Unproven {
			t.Errorf("a revoked key: %v", err)
		}
		if list, err := h.members.APIKeys(ctx, ann, ann.Account); err != nil || len(list) != 1 || list[0].Revoked.IsZero() {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestRegistrationAndDevices(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, kr("7002846"))
		if x, _ := h.roster.Numbers.Typed("700284682"); x.Registered {
			t.Error("registered before the registration")
		}
		m, first, err := h.members.Register(ctx, ann, registration(o.ID))
		if err != nil {
			t.Fatal(err)
		}
		if m.ContactPSTN != "+821012345678" || m.Email != "ann@example.com" || first.Device.SIPUser != "700284682-1" {
			t.Errorf("%+v %+v", m, first)
		}
		if x, _ := h.roster.Numbers.Typed("700284682"); !x.Registered || x.Membership != m.ID {
			t.Error("the registration does not count at once")
		}
		c, ok := h.roster.Devices.Get("700284682-1")
		secret := []byte("700284682-1:test:" + first.Password)
		if !ok || c.MD5 != md5.Sum(secret) || c.SHA256 != sha256.Sum256(secret) || c.Home != "KR" {
			t.Errorf("credential %+v %v", c, ok)
		}
		if _, _, err := h.members.Register(ctx, ann, registration(o.ID)); fault.ReasonOf(err).Code != "registered" {
			t.Errorf("registered twice: %v", err)
		}
		second, err := h.members.AddDevice(ctx, ann, m.ID, "Kitchen", "")
		if err != nil || second.Device.SIPUser != "700284682-2" || second.Password == first.Password {
			t.Fatalf("%+v %v", second, err)
		}
		if _, err := h.members.AddDevice(ctx, bob, m.ID, "Mine", ""); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		if err := h.members.RevokeDevice(ctx, bob, second.Device.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else's: %v", err)
		}
		if err := h.members.RevokeDevice(ctx, ann, second.Device.ID); err != nil {
			t.Error(err)
		}
		if _, ok := h.roster.Devices.Get("700284682-2"); ok {
			t.Error("a revoked device may still register")
		}
		list, err := h.members.Devices(ctx, ann, m.ID)
		if err != nil || len(list) != 2 || list[1].Revoked.IsZero() {
			t.Errorf("%+v %v", list, err)
		}
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		h = build(t, cfg, h.clock) // a restart knows the same
		if got, _ := h.roster.Devices.Get("700284682-1"); got != c || h.roster.Devices.Len() != 1 {
			t.Errorf("after a restart: %+v", got)
		}
		if x, _ := h.roster.Numbers.Typed("700284682"); !x.Registered {
			t.Error("after a restart: not registered")
		}
		if got, err := h.members.Memberships(ctx, ann, ann.Account); err != nil || len(got) != 1 || !slices.Equal(got[0].Languages, m.Languages) {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestRegistrationNamesEveryWrongField(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		o := h.buy(t, ann, kr("7002846"))
		fields := func(who member.Actor, in member.Registration) (out []string) {
			t.Helper()
			_, _, err := h.members.Register(t.Context(), who, in)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid {
				t.Fatalf("no field fault: %v", err)
			}
			for _, x := range f.Fields {
				if x.Text == "" {
					t.Errorf("no text for %s", x.Name)
				}
				out = append(out, x.Name)
			}
			return out
		}
		same(t, fields(ann, member.Registration{OrderID: o.ID}), []string{"contact_pstn", "name", "country", "languages", "email", "time_zone"})
		same(t, fields(bob, registration(o.ID)), []string{"order_id"})
		in := registration(o.ID)
		in.ContactPSTN, in.OtherVoIP, in.Offices = "+1 555", []string{"*97"}, []member.Office{{Country: "KR"}}
		same(t, fields(ann, in), []string{"contact_pstn", "other_voip", "offices"})
		in = registration(o.ID)
		in.ContactPSTN, in.Identification = "", "KR-900101-1"
		if _, _, err := h.members.Register(t.Context(), ann, in); err != nil {
			t.Errorf("an identification number instead: %v", err)
		}
	})
}

func TestCompanyOffices(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		o := h.buy(t, ann, shop.Request{Kind: numbering.Company, Country: "KR", National: "5550100", Countries: []string{"US"}})
		in := registration(o.ID)
		in.Offices = []member.Office{{Country: "KR", City: "Seoul", Languages: []string{"ko"}}, {Country: "US", City: "Chicago", Languages: []string{"en", "es"}}}
		m, first, err := h.members.Register(ctx, ann, in)
		if err != nil || first.Device.SIPUser != "5550100-82-1" {
			t.Fatalf("%+v %v", first, err)
		}
		us, err := h.members.AddDevice(ctx, ann, m.ID, "Chicago desk", "US")
		if err != nil || us.Device.SIPUser != "5550100-1-2" {
			t.Fatalf("%+v %v", us, err)
		}
		if _, err := h.members.AddDevice(ctx, ann, m.ID, "Berlin desk", "DE"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a country not switched on: %v", err)
		}
		for _, office := range []string{"5550100#82", "5550100#1"} {
			if x, ok := h.roster.Numbers.Typed(office); !ok || !x.Registered {
				t.Errorf("%s: %+v %v", office, x, ok)
			}
		}
		if c, _ := h.roster.Devices.Get("5550100-1-2"); c.Home != "US" || c.Country != "US" {
			t.Errorf("%+v", c)
		}
		if c, ok := h.roster.Numbers.Root("5550100"); !ok || c.Home != "82" || fmt.Sprint(c.Offices) != "map[1:US 82:KR]" {
			t.Errorf("%+v %v", c, ok)
		}
		if _, err := h.shop.Refund(ctx, member.System(), o.ID, "closed"); err != nil {
			t.Fatal(err)
		}
		if _, ok := h.roster.Numbers.Typed("5550100#1"); ok || h.roster.Devices.Len() != 0 {
			t.Error("a refunded company still works")
		}
	})
}

// TestASignUpSurvivesACrash leaves a wallet unopened and resumes.
func TestASignUpSurvivesACrash(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		broke := member.New(h.db.Members(), noWallets{}, h.roster, member.Config{Plans: h.policy.Plans, Cost: member.Cost{Time: 1, Memory: 64}, Now: time.Now})
		if _, err := broke.SignUp(ctx, member.SignUp{Name: "Ann", Email: "ann@example.com", Password: "correct horse"}); !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		for range 2 {
			if err := h.members.Resume(ctx); err != nil {
				t.Fatal(err)
			}
		}
		_, who, err := h.members.SignIn(ctx, "ann@example.com", "correct horse", member.Source{})
		if err != nil || h.wallet(t, who) != money.Of("USD", 50, 0) {
			t.Errorf("%+v %v", who, err)
		}
		h.booksAreRight(t)
	})
}

type noWallets struct{ *ledger.Service }

func (noWallets) OpenWallet(_ context.Context, _ string, _ money.Amount) error {
	return errPower
}
