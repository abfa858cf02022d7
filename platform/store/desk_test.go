package store_test

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestStaffFindsPeople searches by parts of names, addresses and numbers, with
// letters that mean something to SQL, page by page.
func TestStaffFindsPeople(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		boss := member.System()
		ann := h.person(t, "ann")
		h.clock.add(time.Second)
		ben := h.person(t, "ben_50%")
		if _, err := h.members.ChangeProfile(ctx, ben, member.Profile{Name: "Émile Özil"}); err != nil {
			t.Fatal(err)
		}
		h.own(t, ann, "KR", "25355501")
		find := func(text string) (out []string) {
			t.Helper()
			list, _, err := h.members.Find(ctx, boss, text, "", 10)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			for _, a := range list {
				out = append(out, a.ID)
			}
			return out
		}
		for text, want := range map[string][]string{
			"": {ben.Account, ann.Account}, "ANN": {ann.Account}, "ann@example.com": {ann.Account}, "50%": {ben.Account}, "%": {ben.Account}, `\`: nil, "n_5": {ben.Account},
			"Émile": {ben.Account}, ann.Account: {ann.Account}, "+82 2-535-5501": {ann.Account}, "2535550182": {ann.Account}, "5355": {ann.Account}, "535 9": nil, "'": nil,
		} {
			same(t, find(text), want)
		}
		page, next, err := h.members.Find(ctx, boss, "", "", 1)
		if err != nil || len(page) != 1 || next == "" {
			t.Fatalf("%v %q %v", page, next, err)
		}
		if rest, end, err := h.members.Find(ctx, boss, "", next, 1); err != nil || len(rest) != 1 || rest[0].ID != ann.Account || end != "" {
			t.Errorf("the last page: %v %q %v", rest, end, err)
		}
		if _, _, err := h.members.Find(ctx, ann, "", "", 1); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member searches the others: %v", err)
		}
	})
}

// TestWhoIsKeptOutStaysOut: sessions, keys and passkeys open nothing until the
// operator lifts it, and what was done is written down.
func TestWhoIsKeptOutStaysOut(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		s, boss, ann := h.members, member.System(), h.person(t, "ann")
		x, _, err := s.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		key, _, err := s.NewAPIKey(ctx, ann, ann.Account, "key")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Bar(ctx, ann, ann.Account, "me"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member keeps people out: %v", err)
		}
		if _, err := s.Bar(ctx, boss, "acc_nobody", "why"); fault.KindOf(err) != fault.Unknown {
			t.Errorf("nobody is kept out: %v", err)
		}
		if a, err := s.Bar(ctx, boss, ann.Account, " A stolen card. "); err != nil || a.BarredWhy != "A stolen card." {
			t.Fatalf("%+v %v", a, err)
		}
		for what, err := range map[string]error{
			"password": second(s.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere)),
			"passkey":  second(s.SignInByPasskey(ctx, ann.Account, elsewhere)),
			"key":      first(s.APIKey(ctx, key)),
		} {
			if code(err) != "account_barred" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := s.Session(ctx, x.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("the session goes on: %v", err)
		}
		h.clock.add(time.Second)
		if _, err := s.Lift(ctx, boss, ann.Account, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.APIKey(ctx, key); err != nil {
			t.Errorf("the key after it was lifted: %v", err)
		}
		if _, err := s.Session(ctx, x.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("the session is back: %v", err)
		}
		list, err := s.Remarks(ctx, boss, ann.Account)
		if err != nil || len(list) != 2 || list[0].Code != member.Lifted || list[1].Text != "A stolen card." || list[1].Actor != boss.Account {
			t.Errorf("remarks: %+v %v", list, err)
		}
		if _, err := s.Remarks(ctx, ann, ann.Account); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member reads the remarks: %v", err)
		}
	})
}

func first[A any](_ A, err error) error          { return err }
func second[A, B any](_ A, _ B, err error) error { return err }
