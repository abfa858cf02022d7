package store_test

import (
	"slices"
	"testing"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestWhatEndsIsTold: the sessions and keys that end, and no others, whatever ends
// them, for the telephones of their browsers end too.
func TestWhatEndsIsTold(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		var told []string
		h.roster.OnSignedOut(func(ids []string) { told = append(told, ids...) })
		ann := h.person(t, "ann")
		h.person(t, "ben")
		signIn := func(name string) (member.Session, member.Actor) {
			s, who, err := h.members.SignIn(ctx, name+"@example.com", "correct horse "+name, elsewhere)
			if err != nil {
				t.Fatal(err)
			}
			return s, who
		}
		expect := func(what string, err error, ids ...string) {
			t.Helper()
			slices.Sort(ids)
			slices.Sort(told)
			if err != nil || !slices.Equal(told, ids) {
				t.Errorf("%s: %v ended, %v were told, %v", what, ids, told, err)
			}
			told = nil
		}
		_, other := signIn("ben")
		first, _ := signIn("ann")
		second, _ := signIn("ann")
		third, here := signIn("ann")
		expect("signing in", nil)
		expect("signing out", h.members.SignOut(ctx, first.Token), first.ID)
		expect("signing out once more", h.members.SignOut(ctx, first.Token))
		expect("a session of somebody else", h.members.EndSession(ctx, here, other.Session))
		expect("one of his", h.members.EndSession(ctx, here, second.ID), second.ID)
		fourth, _ := signIn("ann")
		expect("all the others", h.members.EndOtherSessions(ctx, here), fourth.ID)
		fifth, _ := signIn("ann")
		expect("another password", h.members.ChangePassword(ctx, here, "correct horse ann", "battery staple ann", elsewhere), fifth.ID)
		_, k, err := h.members.NewAPIKey(ctx, here, ann.Account, "script")
		if err != nil {
			t.Fatal(err)
		}
		expect("a key", h.members.RevokeAPIKey(ctx, here, k.ID), k.ID)
		expect("a key once more", h.members.RevokeAPIKey(ctx, here, k.ID))
		_, err = h.members.Bar(ctx, member.System(), ann.Account, "does not pay")
		expect("who may sign in no more", err, third.ID)
		if _, _, err := h.members.SignIn(ctx, "ann@example.com", "battery staple ann", elsewhere); err == nil {
			t.Error("who is barred signs in")
		}
		_, err = h.members.Lift(ctx, member.System(), ann.Account, "")
		expect("nothing", err)
	})
}
