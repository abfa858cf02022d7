package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/platform/store"
)

// strict is the member service as `callisto serve` has it.
func (h *house) strict() *member.Service {
	return member.New(h.db.Members(), h.book, h.roster, member.Config{Plans: h.policy.Plans, Realm: "test", Gift: money.Of("USD", 0, 0),
		Cost: member.Cost{Time: 1, Memory: 64}, Now: h.clock.now, MustConfirm: true})
}

// mail takes the letters that were posted since it was last asked.
func (h *house) mail(t testing.TB) []letter.Queued {
	t.Helper()
	list, err := h.db.Letters().Take(context.Background(), time.Now().Add(time.Hour), 100*365*24*time.Hour, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func tokenOf(t testing.TB, l letter.Queued) string {
	t.Helper()
	_, token, ok := strings.Cut(l.Fields["link"], "token=")
	if !ok {
		t.Fatalf("no link in %+v", l)
	}
	return token
}

var elsewhere = member.Source{Address: "198.51.100.7", Browser: "Mozilla/5.0"}

func TestAnAddressIsConfirmed(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		s := h.strict()
		up := member.SignUp{Name: "Ann", Email: "Ann@example.com", Password: "correct horse", Language: "ko", From: elsewhere}
		first, err := s.SignUp(ctx, up)
		if err != nil || first.ID != "" || first.Email != "ann@example.com" {
			t.Fatalf("%+v %v", first, err)
		}
		again, err := s.SignUp(ctx, up) // whose address is taken hears the same
		if err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("the answers differ: %+v %+v %v", first, again, err)
		}
		post := h.mail(t)
		if len(post) != 2 || post[0].Kind != "confirm_email" || post[1].Kind != "email_taken" || post[1].To != "ann@example.com" || post[0].Language != "ko" {
			t.Fatalf("letters: %+v", post)
		}
		_, who, err := s.SignIn(ctx, "ann@example.com", "correct horse", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.MayOrder(ctx, who.Account); fault.ReasonOf(err).Code != "confirm_first" || s.Verified(ctx, who.Account) {
			t.Errorf("ordering without a proved address: %v", err)
		}
		if err := s.Resend(ctx, who); err != nil {
			t.Fatal(err)
		}
		old, fresh := tokenOf(t, post[0]), tokenOf(t, h.mail(t)[0])
		if err := s.Confirm(ctx, old); fault.ReasonOf(err).Code != "link_over" {
			t.Errorf("a link that was replaced: %v", err)
		}
		var took atomic.Int64
		var all sync.WaitGroup
		for range 8 { // twice at once, and more
			all.Go(func() {
				switch err := s.Confirm(ctx, fresh); {
				case err == nil:
					took.Add(1)
				case fault.ReasonOf(err).Code != "link_over":
					t.Errorf("confirm: %v", err)
				}
			})
		}
		all.Wait()
		if took.Load() != 1 || !s.Verified(ctx, who.Account) || s.MayOrder(ctx, who.Account) != nil {
			t.Errorf("the link worked %d times", took.Load())
		}
		if err := s.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := h.book.Balance(ctx, ledger.WalletID(who.Account, "USD")); err != nil {
			t.Errorf("no wallet: %v", err)
		}
		for range 10 {
			err = s.Resend(ctx, who)
		}
		if err != nil || len(h.mail(t)) != 0 {
			t.Errorf("a confirmed address is written to again: %v", err)
		}
	})
}

func TestALinkIsOverInTime(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		link := tokenOf(t, h.mail(t)[0])
		h.clock.add(member.ConfirmLife)
		if err := h.members.Confirm(ctx, link); fault.ReasonOf(err).Code != "link_over" {
			t.Errorf("a link of yesterday: %v", err)
		}
		if err := h.members.Confirm(ctx, "nonsense"); fault.ReasonOf(err).Code != "link_over" {
			t.Errorf("nonsense: %v", err)
		}
		limited := 0
		for range 8 {
			if err := h.members.Resend(ctx, ann); fault.KindOf(err) == fault.Limited && err != nil {
				limited++
			} else if err != nil {
				t.Error(err)
			}
		}
		if limited != 3 || len(h.mail(t)) != 5 {
			t.Errorf("%d of 8 were refused", limited)
		}
	})
}

func TestAnotherAddress(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, _ := h.person(t, "ann"), h.person(t, "bob")
		h.mail(t)
		stale := ann
		stale.Proved = h.clock.now().Add(-member.FreshFor - time.Second)
		if err := h.members.MoveEmail(ctx, stale, "new@example.com"); fault.ReasonOf(err).Code != "prove_again" {
			t.Errorf("a browser left open: %v", err)
		}
		if err := h.members.MoveEmail(ctx, ann, "bob@example.com"); err != nil { // nothing is said of Bob
			t.Errorf("a taken address: %v", err)
		}
		if post := h.mail(t); len(post) != 1 || post[0].Kind != "email_taken" || post[0].To != "bob@example.com" {
			t.Errorf("letters: %+v", post)
		}
		if err := h.members.MoveEmail(ctx, ann, "New@example.com"); err != nil {
			t.Fatal(err)
		}
		post := h.mail(t)
		if len(post) != 1 || post[0].To != "new@example.com" {
			t.Fatalf("letters: %+v", post)
		}
		if a, _ := h.members.Account(ctx, ann, ann.Account); a.Email != "ann@example.com" {
			t.Error("changed before it was confirmed")
		}
		if err := h.members.Confirm(ctx, tokenOf(t, post[0])); err != nil {
			t.Fatal(err)
		}
		if a, _ := h.members.Account(ctx, ann, ann.Account); a.Email != "new@example.com" || a.Confirmed.IsZero() {
			t.Errorf("%+v", a)
		}
		if post := h.mail(t); len(post) != 1 || post[0].Kind != "email_changed" || post[0].To != "ann@example.com" {
			t.Errorf("the old address heard nothing: %+v", post)
		}
		if _, _, err := h.members.SignIn(ctx, "new@example.com", "correct horse ann", elsewhere); err != nil {
			t.Error(err)
		}
	})
}

func TestAForgottenPassword(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		h.person(t, "ann")
		h.mail(t)
		session, who, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"ann@example.com", "nobody@example.com"} {
			if err := h.members.Recover(ctx, email, elsewhere); err != nil {
				t.Errorf("%s: %v", email, err)
			}
		}
		if err := h.members.Recover(ctx, "no address", elsewhere); fault.KindOf(err) != fault.Invalid {
			t.Errorf("no address: %v", err)
		}
		for range 2 { // a second run finds nothing to do
			if err := h.members.Resume(ctx); err != nil {
				t.Fatal(err)
			}
		}
		post := h.mail(t)
		if len(post) != 1 || post[0].Kind != "reset_password" || post[0].To != "ann@example.com" {
			t.Fatalf("letters: %+v", post)
		}
		link := tokenOf(t, post[0])
		if err := h.members.Confirm(ctx, link); fault.ReasonOf(err).Code != "link_over" {
			t.Errorf("a link for another purpose: %v", err)
		}
		if err := h.members.ResetOpen(ctx, link); err != nil {
			t.Fatalf("the wrong use took the link: %v", err)
		}
		if err := h.members.Reset(ctx, link, "short"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a short password: %v", err)
		}
		var took atomic.Int64
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				if err := h.members.Reset(ctx, link, fmt.Sprintf("battery staple %d", i)); err == nil {
					took.Add(1)
				} else if fault.ReasonOf(err).Code != "link_over" {
					t.Errorf("reset: %v", err)
				}
			})
		}
		all.Wait()
		if took.Load() != 1 {
			t.Errorf("the link worked %d times", took.Load())
		}
		if _, err := h.members.Session(ctx, session.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("a session from before: %v", err)
		}
		if _, _, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere); fault.KindOf(err) != fault.Unproven {
			t.Errorf("the old password: %v", err)
		}
		if !h.members.Verified(ctx, who.Account) {
			t.Error("who reads the letters has the address")
		}
		if err := h.members.Recover(ctx, "ann@example.com", elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := h.members.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		late := tokenOf(t, h.mail(t)[0])
		h.clock.add(member.ResetLife)
		if err := h.members.Reset(ctx, late, "battery staple"); fault.ReasonOf(err).Code != "link_over" {
			t.Errorf("a link of an hour ago: %v", err)
		}
	})
}

func TestWrongPasswordsWaitButOnlyTheirs(t *testing.T) {
	h := build(t, cluster.SQLite(t), newClock())
	ctx := t.Context()
	h.person(t, "ann")
	for _, email := range []string{"ann@example.com", "nobody@example.com"} { // both alike
		for i := range 5 {
			if _, _, err := h.members.SignIn(ctx, email, "wrong", elsewhere); fault.KindOf(err) != fault.Unproven {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		_, _, err := h.members.SignIn(ctx, email, "correct horse ann", elsewhere)
		if fault.ReasonOf(err).Code != "locked" || !strings.Contains(err.Error(), "09:01:00") {
			t.Errorf("%s after five: %v", email, err)
		}
	}
	if _, _, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", member.Source{Address: "203.0.113.9"}); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	h.person(t, "bob")
	if _, _, err := h.members.SignIn(ctx, "bob@example.com", "correct horse bob", elsewhere); err != nil {
		t.Errorf("somebody else behind the same address: %v", err)
	}
	h.clock.add(time.Minute)
	if _, _, err := h.members.SignIn(ctx, "ann@example.com", "wrong", elsewhere); fault.KindOf(err) != fault.Unproven {
		t.Errorf("after a minute: %v", err)
	}
	h.clock.add(time.Minute)
	if _, _, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere); fault.ReasonOf(err).Code != "locked" {
		t.Errorf("the second wait is longer: %v", err)
	}
	h.clock.add(time.Minute)
	if _, _, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere); err != nil {
		t.Errorf("after it: %v", err)
	}
	limited := 0
	for i := range 25 {
		_, err := h.members.SignUp(ctx, member.SignUp{Name: "X", Email: fmt.Sprintf("x%d@example.com", i), Password: "correct horse", From: elsewhere})
		if fault.ReasonOf(err).Code == "too_many" {
			limited++
		}
	}
	if limited != 5 {
		t.Errorf("%d of 25 sign-ups from one source were refused", limited)
	}
}

func TestSessionsAndFreshness(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann, bob := h.person(t, "ann"), h.person(t, "bob")
		in := func() (member.Session, member.Actor) {
			t.Helper()
			s, who, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere)
			if err != nil {
				t.Fatal(err)
			}
			return s, who
		}
		a, who := in()
		b, _ := in()
		c, _ := in()
		list, err := h.members.Sessions(ctx, who, who.Account)
		if err != nil || len(list) != 3 || list[0].Source != "198.51.100.0/24" || list[0].Browser != "Mozilla/5.0" || list[0].Token != "" {
			t.Fatalf("%+v %v", list, err)
		}
		if _, err := h.members.Sessions(ctx, bob, ann.Account); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("somebody else's: %v", err)
		}
		if err := h.members.EndSession(ctx, bob, b.ID); err != nil {
			t.Error(err)
		}
		if _, err := h.members.Session(ctx, b.Token); err != nil {
			t.Error("somebody else ended the session")
		}
		if err := h.members.EndSession(ctx, who, b.ID); err != nil {
			t.Error(err)
		}
		if _, err := h.members.Session(ctx, b.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("an ended session: %v", err)
		}
		if err := h.members.EndOtherSessions(ctx, who); err != nil {
			t.Error(err)
		}
		if _, err := h.members.Session(ctx, c.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("an ended session: %v", err)
		}
		h.clock.add(member.FreshFor + time.Second)
		who, err = h.members.Session(ctx, a.Token)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.members.NewAPIKey(ctx, who, who.Account, "x"); fault.ReasonOf(err).Code != "prove_again" {
			t.Errorf("a key from a browser left open: %v", err)
		}
		if _, err := h.members.Prove(ctx, who, "wrong", elsewhere); fault.ReasonOf(err).Code != "password_wrong" {
			t.Errorf("a wrong password: %v", err)
		}
		if _, err := h.members.Prove(ctx, who, "correct horse ann", elsewhere); err != nil {
			t.Error(err)
		}
		if who, err = h.members.Session(ctx, a.Token); err != nil || h.members.Fresh(who) != nil {
			t.Errorf("the proof does not count: %v", err)
		}
		key, _, err := h.members.NewAPIKey(ctx, who, who.Account, "x")
		if err != nil {
			t.Fatal(err)
		}
		byKey, err := h.members.APIKey(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.members.NewAPIKey(ctx, byKey, who.Account, "y"); fault.ReasonOf(err).Code != "prove_again" {
			t.Errorf("a key makes keys: %v", err)
		}
		if keys, _ := h.members.APIKeys(ctx, who, who.Account); len(keys) != 1 || !keys[0].Used.Equal(h.clock.now()) {
			t.Errorf("%+v", keys)
		}
		d, _ := in()
		if err := h.members.ChangePassword(ctx, who, "wrong", "battery staple", elsewhere); fault.ReasonOf(err).Code != "password_wrong" {
			t.Errorf("%v", err)
		}
		if err := h.members.ChangePassword(ctx, who, "correct horse ann", "battery staple", elsewhere); err != nil {
			t.Fatal(err)
		}
		if _, err := h.members.Session(ctx, d.Token); fault.KindOf(err) != fault.Unproven {
			t.Errorf("another session after a change of password: %v", err)
		}
		if _, err := h.members.Session(ctx, a.Token); err != nil {
			t.Errorf("the own session after a change of password: %v", err)
		}
	})
}

func TestProfile(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		ann := h.person(t, "ann")
		want := member.Profile{Name: "Ann Lee", Country: "KR", Languages: []string{"ko", "en"}, TimeZone: "Asia/Seoul", Language: "ko",
			Business: member.Business{Company: "Lee & Co", TaxID: "KR 123", Address: "1 Main St\nSeoul"}}
		if _, err := h.members.ChangeProfile(ctx, ann, want); err != nil {
			t.Fatal(err)
		}
		a, err := h.members.Account(ctx, ann, ann.Account)
		got := member.Profile{Name: a.Name, Country: a.Country, Languages: a.Languages, TimeZone: a.TimeZone, Language: a.Language, Business: a.Business}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || a.Email != "ann@example.com" {
			t.Errorf("%+v %v", a, err)
		}
		_, err = h.members.ChangeProfile(ctx, ann, member.Profile{Name: " ", Country: "Mars", Languages: []string{"x"}, TimeZone: "Local", Language: "?",
			Business: member.Business{Company: strings.Repeat("x", 151), TaxID: "a\x00", Address: strings.Repeat("x\n", 9)}})
		if n := len(fieldsOf(err)); n != 8 {
			t.Errorf("%d wrong fields: %v", n, err)
		}
	})
}

func fieldsOf(err error) []fault.Field {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Fields
	}
	return nil
}
